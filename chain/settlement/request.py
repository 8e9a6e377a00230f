"""What a settlement is asked to do: the terms that open a job, the request that settles a period.

Amounts are integers of base units throughout; participants stand in one order everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from fedmerit.chain.keys import OFFICES
from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.proofs.tree import MAXIMUM_AMOUNT
from fedmerit.errors import ChainError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedmerit.chain.proofs.committed import Commitment

#: As many members as a coalition's bits can tell apart on chain, in a word of 256.
MAXIMUM_DRAWN: Final = 256
#: As many as the contracts take on a committee.
MAXIMUM_COMMITTEE: Final = 256
#: Members whose exact values a contract computes.
MAXIMUM_EXACT: Final = 16
_WORD: Final = len(bytes(32))
#: Each member claims for itself; the coordinator claims for all, many in one transaction; or it
#: pushes, and whoever's account refuses is credited while the others are paid.
Payout = Literal["claim", "batch", "push"]
_WINDOWS: Final = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTerms:
    """What is laid down before anyone is valued: who takes part, on which terms.

    Attributes:
        participants: Names, in index order; the same on the chain.
        budget: Base units that the sponsor puts in for each settlement period.
        update_roots: 32 bytes a training round, from round 1 of the job on.
        committee: Participants that sign the report.
        threshold: How many of their signatures the contract asks for.
        challenge_window: Seconds between a report and its finality.
        commit_window: Seconds in which members commit to their updates; 0 draws no seed.
        reveal_window: Seconds in which they reveal what they committed to.
        stake: Base units that every member puts down, and loses if it withholds its secret
            or signs what is proven false.
        updates: 32 bytes a participant: the digest of all its updates; none without a draw.
        silent: Participants that commit and do not reveal.
        period: The settlement period, from 1: those before it are final in the same job.
        form: In which form every report commits to its valuation; a job that draws fixes one.
        permutations: In how many joining orders of the seed, for :attr:`Form.ORDERS`; else 0.
        rules: 32 bytes: digest of what the members are valued and paid by; zeros name nothing.

    Raises:
        ChainError: It cannot be settled; the message says what does not fit.

    """

    participants: tuple[str, ...]
    budget: int
    update_roots: tuple[bytes, ...]
    committee: tuple[str, ...]
    threshold: int
    challenge_window: int
    commit_window: int = 0
    reveal_window: int = 0
    stake: int = 0
    updates: tuple[bytes, ...] = ()
    silent: frozenset[str] = frozenset()
    period: int = 1
    form: Form = Form.OPEN
    permutations: int = 0
    rules: bytes = bytes(_WORD)

    def __post_init__(self) -> None:
        self._check_people()
        self._check_form()
        self._check_committee()
        self._check_windows()
        if not 0 < self.budget <= MAXIMUM_AMOUNT:
            raise ChainError(
                f"a budget of {self.budget} base units; contracts take 1 to 2^128 - 1",
                hint="Choose another budget, or a token with fewer decimals.",
            )
        if self.period < 1:
            raise ChainError(f"settlement periods count from 1, and this is period {self.period}")
        if any(len(word) != _WORD for word in (*self.update_roots, *self.updates, self.rules)):
            raise ChainError("update roots and digests must be 32 bytes each")

    @property
    def draws(self) -> bool:
        """Whether the members draw a seed."""
        return self.commit_window > 0

    @property
    def ruling_window(self) -> int:
        """Seconds that the arbiter has to rule on a challenge."""
        return max(self.challenge_window, 1)

    @property
    def unbonding(self) -> int:
        """Seconds from asking for a stake to taking it: longer than all else can take."""
        windows = self.challenge_window, self.ruling_window, self.commit_window, self.reveal_window
        return sum(windows) + 1 if self.stake else 0

    @property
    def funds(self) -> int:
        """Base units that the sponsor puts in up to the end of this period."""
        return self.budget * self.period

    def may_be_behind(self, evidence: Iterable[bytes]) -> bool:
        """Say whether a job whose reports name *evidence* may be this agreement's."""
        return len(tuple(evidence)) == self.period - 1

    def _check_people(self) -> None:
        if not self.participants or len(set(self.participants)) != len(self.participants):
            raise ChainError(f"participants must be distinct names, got {self.participants}")
        for office in set(OFFICES) & set(self.participants):
            raise ChainError(
                f"a participant is called {office!r}, which is a role of its own",
                hint="Rename the participant.",
            )
        for name in (*self.committee, *sorted(self.silent)):
            if name not in self.participants:
                raise ChainError(
                    f"{name!r} is on the committee, or silent, and no participant",
                    hint=suggestion(name, self.participants),
                )
        if len(set(self.committee)) != len(self.committee):
            raise ChainError(f"the committee names somebody twice: {self.committee}")
        if not 1 <= self.threshold <= len(self.committee):
            raise ChainError(
                f"{self.threshold} of {len(self.committee)} committee members cannot sign",
                hint=f"Set the threshold between 1 and {len(self.committee)}.",
            )

    def _check_form(self) -> None:
        """See that the contracts take the form: nobody may choose it once the seed is known."""
        if self.draws and self.form is Form.OPEN:
            raise ChainError(
                "a job that draws a seed leaves open what it is for: whoever signs could choose "
                "how the members are valued once the seed is known",
                hint="Set form to TABLE, EXACT or ORDERS, the last with its number of orders.",
            )
        orders = self.form is Form.ORDERS
        if orders != (0 < self.permutations < _WINDOWS) or (orders and not self.draws):
            raise ChainError(
                f"the form {self.form.name} with {self.permutations} joining orders and "
                f"{'a' if self.draws else 'no'} draw",
                hint="Joining orders need a draw and their number; other forms have none.",
            )
        if self.form is not Form.OPEN and len(self.participants) > MAXIMUM_DRAWN:
            raise ChainError(
                f"{len(self.participants)} participants; a report names the coalitions that were "
                f"measured by one bit a participant, and contracts keep {MAXIMUM_DRAWN}",
                hint=f"Have {MAXIMUM_DRAWN} participants or fewer: small ones can be one together, "
                "under one name in the table.",
            )
        most = {Form.EXACT: MAXIMUM_EXACT, Form.ORDERS: MAXIMUM_DRAWN}.get(self.form)
        if most is not None and len(self.participants) > most:
            raise ChainError(
                f"{len(self.participants)} participants in the form {self.form.name}, in which "
                f"the chain follows the values of {most} at most",
                hint="Choose the form TABLE: the audit alone follows the values then.",
            )

    def _check_committee(self) -> None:
        if len(self.committee) > MAXIMUM_COMMITTEE:
            raise ChainError(
                f"a committee of {len(self.committee)}; contracts take {MAXIMUM_COMMITTEE} at most",
                hint=f"Name {MAXIMUM_COMMITTEE} or fewer: settlement.committee in a scenario.",
            )

    def _check_windows(self) -> None:
        if not 0 <= self.challenge_window < _WINDOWS:
            raise ChainError(
                f"a challenge window of {self.challenge_window} seconds; contracts take less "
                "than 2^32",
                hint="Choose a window that somebody will wait for, such as 86400: a day.",
            )
        if (self.commit_window > 0) != (self.reveal_window > 0) or self.commit_window < 0:
            raise ChainError(
                f"windows of {self.commit_window} seconds to commit and {self.reveal_window} to "
                "reveal are half a draw",
                hint="Give both windows, or 0 for both to draw no seed.",
            )
        if not 0 <= self.stake <= MAXIMUM_AMOUNT or (self.draws and not self.stake):
            raise ChainError(
                f"a draw with a stake of {self.stake} base units: withholding would cost nothing",
                hint="Ask for a stake of 1 base unit or more, or draw no seed.",
            )
        if self.unbonding >= _WINDOWS:
            raise ChainError(
                f"windows of {self.unbonding} seconds together; contracts take less than 2^32",
                hint="Choose a shorter challenge window.",
            )
        if self.draws and not len(self.updates) == len(self.participants) <= MAXIMUM_DRAWN:
            raise ChainError(
                f"{len(self.updates)} update digests of {len(self.participants)} participants "
                f"to draw by; at most {MAXIMUM_DRAWN} can",
                hint="Draw no seed: set both windows and the stake to 0.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRequest(JobTerms):
    """One settlement period, ready to be settled.

    Attributes:
        payments: Base units of each participant, cumulative over the job.
        evidence: 32 bytes: the digest of the evidence's manifest.
        valuation: The integers that the report commits to; None commits to none, which a
            job that draws does not take.
        seed: 32 bytes that the members were valued by; None takes whatever the chain drew.
        payout: How the members come to their money.

    """

    payments: tuple[int, ...]
    evidence: bytes
    valuation: Commitment | None = None
    seed: bytes | None = None
    payout: Payout = "claim"

    def __post_init__(self) -> None:
        JobTerms.__post_init__(self)
        if len(self.evidence) != _WORD:
            raise ChainError("the evidence digest must be 32 bytes")
        if self.seed is not None and len(self.seed) != _WORD:
            raise ChainError("the seed must be 32 bytes")
        if self.evidence == bytes(_WORD):
            raise ChainError("the evidence digest is all zeros: nothing would be bound to the pay")
        self._check_payments()
        self._check_valuation()

    @property
    def reserve(self) -> int:
        """Base units of all budgets so far that nobody is paid."""
        return self.funds - sum(self.payments)

    def may_be_behind(self, evidence: Iterable[bytes]) -> bool:
        """Say whether a job whose reports name *evidence* may be this order's."""
        named = tuple(evidence)
        ours = all(one == self.evidence for one in named[self.period - 1 :])
        return ours and len(named) >= self.period - 1

    def _check_valuation(self) -> None:
        valued = self.valuation
        found = (None, 0) if valued is None else (valued.form, valued.permutations)
        if self.form is not Form.OPEN and found != (self.form, self.permutations):
            raise ChainError(
                f"the terms fix {self.form.name} with {self.permutations} joining orders, and the "
                f"valuation is {found[0].name if found[0] else 'none'} with {found[1]}",
                hint="Value the members in the form that the job was opened with.",
            )

    def _check_payments(self) -> None:
        if len(self.payments) != len(self.participants):
            raise ChainError(
                f"{len(self.payments)} payments for {len(self.participants)} participants"
            )
        for name, amount in zip(self.participants, self.payments, strict=True):
            if not 0 <= amount <= MAXIMUM_AMOUNT:
                raise ChainError(
                    f"{name!r} is to be paid {amount} base units; contracts take 0 to 2^128 - 1",
                    hint="Choose a smaller budget, or a token with fewer decimals.",
                )
        if self.reserve < 0:
            raise ChainError(
                f"payments of {sum(self.payments)} base units pass the budget of {self.funds}"
            )
