"""The terms that a job is opened on, as they follow from what was agreed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fedmerit.chain.clients import Safeguards, Terms
from fedmerit.chain.proofs.tree import AllowList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedmerit.chain.keys import Signer, Signers
    from fedmerit.chain.settlement.deployment import Contracts
    from fedmerit.chain.settlement.request import JobTerms

#: Seconds from a job's opening to its end, on top of all its windows, twice.
JOB_SECONDS: Final = 30 * 24 * 3600
#: A challenger puts down this part of the budget: enough to deter, little enough to afford.
BOND_DIVISOR: Final = 100


def terms_of(
    agreed: JobTerms, cast: Signers, committee: Iterable[Signer], contracts: Contracts, *, now: int
) -> Terms:
    """Give the terms of a job that is opened at *now*, in Unix seconds of its chain."""
    windows = agreed.commit_window + agreed.reveal_window + agreed.challenge_window
    seats = (signer.address for signer in committee)
    return Terms(
        coordinator=cast.coordinator.address,
        token=contracts.token.address,
        round_budget=agreed.budget,
        challenge_window=agreed.challenge_window,
        ends_at=now + 2 * windows + JOB_SECONDS,
        threshold=agreed.threshold,
        form=agreed.form,
        permutations=agreed.permutations,
        rules=agreed.rules,
        allow_root=AllowList(member.address for member in cast.members).root,
        committee=tuple(sorted(seats, key=lambda address: int(address, 16))),
        safeguards=safeguards_of(agreed, contracts.arbiter.address),
    )


def safeguards_of(agreed: JobTerms, arbiter: str) -> Safeguards:
    """Give the windows, stakes and bond that *agreed* asks a job for; *arbiter* rules on it."""
    return Safeguards(
        commit_window=agreed.commit_window,
        reveal_window=agreed.reveal_window,
        ruling_window=agreed.ruling_window,
        unbonding=agreed.unbonding,
        stake=agreed.stake,
        slash=agreed.stake,
        bond=bond_of(agreed.budget),
        arbiter=arbiter,
    )


def bond_of(budget: int) -> int:
    """Give the base units that a challenger of a job with this *budget* puts down."""
    return max(budget // BOND_DIVISOR, 1)


def alike(first: Terms, second: Terms) -> bool:
    """Say whether two jobs' terms agree in all but the end, which moves with the clock."""
    return replace(first, ends_at=0) == replace(second, ends_at=0)
