"""The draw stage: open the job, bind the members to updates and offers, and draw the seed.

It comes before the valuation, so that nobody can have picked the seed that others are valued
by; and after the training, so that nobody can train again to suit it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fedmerit.bundle.schemas import (
    ACCOUNTS,
    DEPLOYMENT,
    DRAWN,
    FEDERATION,
    TRAINING,
    AccountsDocument,
    FederationDocument,
    TrainingDocument,
)
from fedmerit.canonical import digest
from fedmerit.chain import STEPS, Deployment, Drawn, JobTerms
from fedmerit.chain import draw as draw_on_chain
from fedmerit.chain.ledger.reading import all_transactions
from fedmerit.errors import ChainError
from fedmerit.scenario.terms import promise_of, rules_of, stake_of
from fedmerit.stages.chains import deployment_of, keep_chain, node_of
from fedmerit.stages.offering import sealed, write_bids
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Keyring
    from fedmerit.progress import Advance
    from fedmerit.scenario.model import Scenario
    from fedmerit.stages.chains import ChainChoice
    from fedmerit.stages.parts import Together

_STEPS: Final = tuple(STEPS)
#: What a member is bound to while nothing is trained.
_NOTHING: Final = bytes(32)
#: Blocks of a second each that a member's transactions may take in either window of a draw.
_BLOCKS_A_MEMBER: Final = 2


def check_agreement(scenario: Scenario, together: Together, chain: ChainChoice) -> None:
    """Find out before the training what would stop the settlement after it.

    Raises:
        ChainError: Names, amounts or times that no settlement takes, a node or keys that none
            can be made with; or too few of the committee would have a stake left to sign with.
    """
    names = together.participants
    agreed_on = terms(scenario, len(names))
    job_terms = JobTerms(
        **agreed_on,
        participants=names,
        update_roots=(),
        committee=together.committee,
        threshold=together.threshold,
        updates=(_NOTHING,) * len(names),
    )
    if scenario.settlement.commit_window:
        _check_windows(scenario, len(names))
        _check_signers(together, silent=agreed_on["silent"])
    chain.check(scenario, job_terms)


def _check_windows(scenario: Scenario, members: int) -> None:
    """Refuse windows in which not everybody's transaction finds a block of its own."""
    asked = scenario.settlement
    least = _BLOCKS_A_MEMBER * members
    if min(asked.commit_window, asked.reveal_window) < least:
        raise ChainError(
            f"{members} members commit in {asked.commit_window} seconds and reveal in "
            f"{asked.reveal_window}: who comes too late would lose its stake for nothing",
            hint=f"Set settlement.commit_window and settlement.reveal_window to {least} or more, "
            "and to more on a chain whose blocks take longer than a second.",
        )


def _check_signers(together: Together, *, silent: frozenset[str]) -> None:
    left = [name for name in together.committee if name not in silent]
    if len(left) < together.threshold:
        raise ChainError(
            f"{together.threshold} of the committee must sign, and {len(left)} of its "
            f"{len(together.committee)} members show their secret: the others lose the stake that "
            "their word is taken for",
            hint="Set settlement.threshold or settlement.committee so that enough can sign, or "
            "let more members reveal.",
        )


def draw(bundle: Bundle, chain: ChainChoice, advance: Advance) -> None:
    """Open the job with everybody's stake in it, and draw the valuation's seed."""
    keys = chain.keys(bundle.scenario)
    bundle.write_document(ACCOUNTS, _accounts(bundle, keys))
    (bundle.path / DRAWN).unlink(missing_ok=True)  # what did not end is drawn again
    node = node_of(bundle, chain)
    drawn = draw_on_chain(
        node,
        JobTerms(**agreed(bundle)),
        keys,
        deployment=deployment_of(bundle, node),
        on_deployed=lambda found: bundle.write(DEPLOYMENT, found.to_json().encode()),
        on_step=lambda step, *_: advance(_STEPS.index(step) + 1, len(_STEPS)),
    )
    # Of a draw that was resumed, the chain alone knows the beginning.
    there = Deployment.from_json(bundle.text(DEPLOYMENT))
    whole = all_transactions(node, there, drawn.transactions)
    bundle.write(DRAWN, replace(drawn, transactions=whole).to_json().encode())
    members = bundle.document(FEDERATION, FederationDocument)
    write_bids(bundle, members.declared_rows, drawn.revealed)
    keep_chain(bundle, node)


def drawn_of(bundle: Bundle) -> Drawn:
    """Read what the draw came to."""
    try:
        return Drawn.from_json(bundle.text(DRAWN))
    except ChainError as error:
        raise ChainError(f"{DRAWN}: {error}") from error


def seed_of(bundle: Bundle) -> int:
    """Give the seed that the members of *bundle* are valued by: the chain's, if it drew one."""
    drawn = int(drawn_of(bundle).seed, 16)
    return drawn or derived_seed(bundle.scenario.seed, "valuation")


def bound_of(bundle: Bundle) -> tuple[bytes, ...]:
    """Give what each member binds itself to: its updates, and its offer if it is asked."""
    members = bundle.document(FEDERATION, FederationDocument)
    training = bundle.document(TRAINING, TrainingDocument)
    updates = update_digests_of(training, len(members.names))
    return sealed(bundle.scenario, members.declared_rows, updates)


def update_digests_of(training: TrainingDocument, members: int) -> tuple[bytes, ...]:
    """Give of each member the digest of all its rounds' update digests."""
    rounds = [[bytes.fromhex(d[2:]) for d in r.update_digests] for r in training.rounds]
    return tuple(
        bytes.fromhex(digest(b"".join(round_[place] for round_ in rounds))[2:])
        for place in range(members)
    )


def terms(scenario: Scenario, n: int) -> dict[str, Any]:
    """Give what a scenario of *n* members alone says of the agreement."""
    asked, promise = scenario.settlement, promise_of(scenario, n)
    return {
        "budget": scenario.reward.budget,
        "challenge_window": asked.challenge_window,
        "commit_window": asked.commit_window,
        "reveal_window": asked.reveal_window,
        "stake": stake_of(scenario, n),
        "form": promise.form,
        "permutations": promise.orders,
        "rules": rules_of(scenario),
        "silent": frozenset(m.name for m in scenario.members if not m.reveals),
    }


def agreed(bundle: Bundle) -> dict[str, Any]:
    """Give the fields of the agreement that the bundle's job is opened on."""
    members = bundle.document(FEDERATION, FederationDocument)
    training = bundle.document(TRAINING, TrainingDocument)
    return {
        **terms(bundle.scenario, len(members.names)),
        "participants": members.names,
        "update_roots": tuple(bytes.fromhex(r.update_root[2:]) for r in training.rounds),
        "committee": members.committee,
        "threshold": members.threshold,
        "updates": bound_of(bundle),
    }


def _accounts(bundle: Bundle, keys: Keyring) -> AccountsDocument:
    names = bundle.document(FEDERATION, FederationDocument).names
    return AccountsDocument(
        sponsor=keys.signer("sponsor").address,
        coordinator=keys.signer("coordinator").address,
        participants={name: keys.signer(name).address for name in names},
    )
