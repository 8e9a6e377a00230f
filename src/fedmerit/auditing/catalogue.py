"""Every check of an audit: its identifier, which stays, and the name that a person reads."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


_OTHER: Final = re.compile(r"[^a-z0-9]+")


class Known(NamedTuple):
    """What is known of a check before it is made.

    Attributes:
        id: Its identifier.
        says: What it holds against what.
    """

    id: str
    says: str


#: Every check by its name, in the order in which they are made.
CHECKS: Final[Mapping[str, Known]] = MappingProxyType(
    {
        name: Known(check, says)
        for name, check, says in (
            ("files against seal.json", "seal-digests", "files against the seal's digests"),
            ("files against manifest.json", "manifest-digests", "files against the manifest's"),
            ("seal.json is complete", "seal-complete", "the seal lists every file but itself"),
            ("manifest.json is complete", "manifest-complete", "the manifest lists all evidence"),
            ("directory", "directory", "nothing else lies there: no link, pipe or hidden file"),
            ("progress", "progress", "`progress.json` against the seal: every stage is done"),
            ("start", "start", "`timings.json` against the embedded chain's first second"),
            ("unbound files", "unbound", "names what nothing binds"),
            ("ledger", "ledger", "the stored ledger against the chain"),
            ("past balances", "past-balances", "names what a node does not keep of past blocks"),
            ("receipt", "receipt", "the receipt against the chain and the bound names"),
            ("draw transactions", "draw-sent", "the draw's transactions against the chain"),
            ("transactions", "sent", "the receipt's transactions against the chain"),
            ("contract code", "code", "the contracts' code against the code of this version"),
            ("a report was posted", "posted", "the chain holds a report"),
            ("the list names every member, in order", "named", "the report's list of members"),
            ("the list builds the settled root and total", "root", "amounts against the root"),
            ("payments and reserve are what the sponsor put in", "balance", "the job's money"),
            ("every member was paid its amount, once", "paid", "claims against amounts"),
            ("the report is about the committed updates", "committed", "the report's rounds"),
            ("stakes are where the events say", "stakes", "stakes against the chain's events"),
            ("enough of the committee signed", "signed", "the report's signatures"),
            ("evidence on chain", "evidence", "the manifest's digest against the report's"),
            ("committee", "committee", "the committee against the chain's"),
            ("update commitments", "rounds", "the rounds' roots against those committed"),
            ("money", "money", "the outcome against what the chain paid"),
            ("terms", "terms", "the job's terms against the scenario"),
            (
                "form of the valuation",
                "form-of-the-valuation",
                "whether the terms fix how values are committed to",
            ),
            ("deployment", "deployment", "the receipt's contracts against the deployment's"),
            ("payment", "payment", "names what is still to come of a report that waits"),
            ("draw", "draw", "who revealed, in which draw, against the chain"),
            ("commitments", "reveals", "reveals against what was committed to"),
            ("seed", "seed", "the seed against the reveals"),
            ("valuation seed", "valuation-seed", "the valuation's seed against the drawn one"),
            ("bound updates", "bound-updates", "kept updates and offers against the reveals"),
            ("slashes", "slashes", "who is said to have lost its stake against the chain"),
            ("committed integers", "integers", "the committed table against the recorded one"),
            ("committed roots", "roots", "the committed table's roots against the report's"),
            ("provable faults", "faults", "what of the report can be proven to be false"),
            ("opened bids", "opened-bids", "who made an offer against who revealed"),
            ("sealed bids", "sealed-bids", "offers against what was sealed"),
            ("offered rows", "offered-rows", "offers against declared rows"),
            ("test rows", "test-rows", "whose rows were measured on against the scenario"),
            ("members", "members", "behaviours, committee and rows against the scenario"),
            ("encoding", "encoding", "the model's inputs against the columns they are made of"),
            ("owners", "owners", "owners, columns and keys against the scenario"),
            ("messages", "messages", "messages against their roots"),
            ("privacy", "privacy", "every epsilon against the noise"),
            ("noise in the intervals", "noise", "noise against the intervals, or who accepted it"),
            ("updates", "updates", "kept updates against their digests"),
            ("bound rows", "bound-rows", "the root of pooled rows' digests against those"),
            ("sampling", "sampling", "who took part in each round against the seed's draw"),
            ("weights", "weights", "weights against declared rows"),
            ("averaging", "averaging", "each model against the average that led to it"),
            ("end of training", "end", "how many rounds there are, and why no more"),
            ("recorded files", "recorded-files", "what is kept of the files against the rounds"),
            ("zero updates", "idle", "who sent only zeros"),
            ("values", "values", "values, errors and ranks against the recorded coalitions"),
            ("suspicion", "suspicion", "suspicion scores and reasons against the kept updates"),
            ("other games", "other-games", "other values against the recorded coalitions"),
            ("payments", "payments", "payments against values, by the mechanism"),
            ("report", "report", "the report against one that is drawn again"),
            ("data of the spot checks", "spot-data", "the rows here against the bundle's digest"),
            ("spot checks", "spot-checks", "some coalitions, measured again"),
            ("data and members", "data", "members, rows, columns and classes against the data"),
            ("recomputed encoding", "encoded", "means, scales and levels, computed again"),
            ("data and owners", "joint-data", "owners and common rows against the data"),
            ("committed rows", "committed-rows", "each member's pooled rows against its digest"),
            ("retrained models", "models", "models and updates, trained again"),
            ("retrained metrics", "metrics", "accuracies and log-likelihoods, measured again"),
            ("updates of the files", "recorded-updates", "kept rounds against the run's files"),
            ("recomputed metrics", "recorded-metrics", "accuracies and so on, measured again"),
            ("retrained coalitions", "coalitions", "every coalition, trained again"),
            ("recomputed coalitions", "round-coalitions", "every coalition, measured again"),
            (
                "recomputed coalitions of rounds",
                "coalitions-of-rounds",
                "every round's coalitions, measured again in its own game",
            ),
            ("coalitions of embeddings", "embeddings", "every coalition of recorded embeddings"),
            ("recomputed gradients", "gradients", "gradients, computed again"),
            ("recomputed round games", "curve", "the values of rounds, computed again"),
            ("recomputed attributions", "attributions", "what shap says, computed again"),
            ("retraining", "retraining", "names what is taken on faith unless it is done again"),
            ("settlement", "settlement", "whether the settlement's files can be read at all"),
            ("valuation on chain", "commitment", "whether the commitment can be read at all"),
            ("bids", "bids", "whether the offers can be read at all"),
            ("numbers", "numbers", "whether the numbers' files can be read at all"),
            ("other files", "other-files", "whether the unbound files can be read at all"),
            (
                "blocks on eth-tester",
                "eth-tester",
                "with `--eth-tester`: the transactions sent to eth-tester, block by block",
            ),
        )
    }
)


def identifier(name: str) -> str:
    """Give the identifier of the check of this *name*; of another kind's checks, out of that."""
    known = CHECKS.get(name)
    return known.id if known else _OTHER.sub("-", name.lower()).strip("-")
