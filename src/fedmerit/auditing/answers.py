"""What an auditor came for: three answers, made of all checks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from fedmerit.bundle.schemas import FEDERATION, FederationDocument
from fedmerit.errors import FedmeritError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedmerit.auditing.site import Site

#: What a chain in one process is good for.
REHEARSAL: Final = "a rehearsal in one process: it proves no date and no signer"
#: Checks of a few coalitions against the data.
_BY_SPOTS: Final = frozenset({"spot-data", "spot-checks"})
#: Checks of the evidence against the data, which are made by --retrain and by spot checks.
_AGAINST_DATA: Final = _BY_SPOTS | {
    *("data", "encoded", "joint-data", "committed-rows", "models", "metrics", "coalitions"),
    *("round-coalitions", "coalitions-of-rounds", "embeddings", "gradients", "curve"),
    *("attributions", "retraining", "recorded-updates", "recorded-metrics"),
}
#: Checks of files and of the chain; all others are of the evidence against itself.
_AGAINST_CHAIN: Final = frozenset(
    {
        *("seal-digests", "manifest-digests", "seal-complete", "manifest-complete", "directory"),
        *("progress", "start", "unbound", "other-files", "ledger", "past-balances", "receipt"),
        *("draw-sent", "sent", "code", "posted", "named", "root", "balance", "paid", "committed"),
        *("stakes", "signed", "evidence", "committee", "rounds", "money", "terms", "payment"),
        *("draw", "reveals", "seed", "bound-updates", "slashes", "integers", "roots"),
        *("settlement", "commitment", "opened-bids", "sealed-bids", "eth-tester"),
        *("deployment", "form-of-the-valuation"),
    }
)


class Made(Protocol):
    """A check as far as answers look at it."""

    @property
    def id(self) -> str:
        """What it is known by."""

    @property
    def name(self) -> str:
        """What was checked."""

    @property
    def status(self) -> str:
        """``ok``, ``differs`` or ``skipped``."""


class Answer(NamedTuple):
    """One of the three.

    Attributes:
        question: What is answered.
        answer: ``yes``, ``no``, ``not looked at``, or ``as far as looked at`` where spot checks
            alone were made; of the chain, what it proves.
        why: On what that rests.
    """

    question: str
    answer: str
    why: str


def answers(checks: Iterable[Made], proof: str) -> tuple[Answer, ...]:
    """Give the three answers.

    Args:
        checks: All that were made.
        proof: What the chain proves if nothing differs from it.
    """
    made = [check for check in checks if check.status != "skipped"]
    chain = [check for check in made if check.id in _AGAINST_CHAIN]
    data = [check for check in made if check.id in _AGAINST_DATA]
    own = [check for check in made if check.id not in _AGAINST_CHAIN | _AGAINST_DATA]
    apart = [check for check in chain if check.status == "differs"]
    return (
        _answer("the payments follow from the evidence", own),
        _answer("the evidence is what the chain holds", chain),
        Answer("the chain proves", "nothing of this" if apart else proof, ""),
        _of_data(data),
    )


def proof_of(site: Site) -> str:
    """Say what the chain of a bundle proves, if all of it holds."""
    if site.rpc is None:
        return REHEARSAL
    try:
        ledger = site.ledger
        report = ledger.reports[-1]
        posted = next(e for e in reversed(ledger.events) if e.name == "ReportPosted")
        names = site.bundle.document(FEDERATION, FederationDocument).committee
        signed = [name for i, name in enumerate(names) if report.seats >> i & 1]
    except (FedmeritError, IndexError, StopIteration):
        return "a job, and no report of it"
    when = datetime.fromtimestamp(posted.timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"job {ledger.job} on chain {ledger.chain_id}, reported in block {posted.block:,} "
        f"({when} by that chain's clock), signed by {', '.join(signed)}"
    )


def _of_data(checks: list[Made]) -> Answer:
    """Answer for the data; a few coalitions that hold say nothing of the others."""
    found = _answer("the evidence follows from the data", checks)
    if found.answer == "yes" and {check.id for check in checks} <= _BY_SPOTS:
        return found._replace(answer="as far as looked at", why="spot checks alone")
    return found


def _answer(question: str, checks: list[Made]) -> Answer:
    apart = [check for check in checks if check.status == "differs"]
    if apart:
        return Answer(question, "no", f"{len(apart)} of {len(checks)} checks: {apart[0].name}")
    if not checks:
        return Answer(question, "not looked at", "")
    return Answer(question, "yes", f"{len(checks)} checks")
