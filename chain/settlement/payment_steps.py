"""The steps of one settlement period, from a signed report to claims that were read back.

Every step asks the chain first and does only what is missing, so each may be taken again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.chain.clients import Claim
from fedmerit.chain.proofs.committed import Roots
from fedmerit.chain.proofs.signing import Domain, Report, sign_report
from fedmerit.chain.proofs.tree import SumTree, round_history
from fedmerit.chain.settlement.preparation import Preparation, differs
from fedmerit.chain.settlement.receipt import Receipt
from fedmerit.errors import ChainError, SeedChanged

if TYPE_CHECKING:
    from fedmerit.chain.clients.reports import Posted
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.proofs.committed import Commitment
    from fedmerit.chain.settlement.journal import Journal
    from fedmerit.chain.settlement.opening import Site
    from fedmerit.chain.settlement.request import SettlementRequest


#: Claims in one transaction: at most about 100,000 gas each, so a third of a block of 30 million.
_A_BATCH: Final = 100


class Settlement(Preparation):
    """All steps of one settlement after its job is open, to take one at a time.

    Args:
        site: The request, its people and its job, as
            :func:`~fedmerit.chain.settlement.opening.establish` gives them.
        journal: Keeps what is sent.

    """

    def __init__(self, site: Site[SettlementRequest], journal: Journal) -> None:
        super().__init__(site, journal)
        self._site = site
        self._request = site.order
        self._cached: Roots | None = None  # over a table of thousands
        self._tree = SumTree(site.job, site.accounts, site.order.payments)

    def agree(self) -> None:
        """See that the members were valued by the chain's seed: another one's report is a lie.

        Raises:
            SeedChanged: They were not; the chain may have lost a draw, and drawn again.

        """
        found = self._contracts.rounds.seed(self._job, self._request.period)
        seed = self._request.seed
        if seed not in {None, found}:
            raise SeedChanged(self._job, valued_by=seed or b"", drawn=found)

    def report(self) -> None:
        """Post the report with the committee's signatures."""
        reports, job = self._contracts.reports, self._job
        if reports.final_round(job) >= self._request.period or reports.pending(job):
            return self._journal.begin("report", 0)
        self._check_uncancelled()
        self._journal.begin("report", 1)
        report = self.statement
        domain = Domain(chain_id=self._site.node.chain_id, reports=reports.address)
        signatures = sign_report(report, self._signers(), domain)
        accounts, payments = self._site.accounts, self._request.payments
        signer = self._site.cast.coordinator
        return self._journal.record(
            reports.post_list(report, accounts, payments, signatures, signer=signer)
        )

    def _check_uncancelled(self) -> None:
        """See that this report was not proven false: nobody signs that again, and loses again."""
        posted = [one.evidence for one in self._posted(self._request.period)]
        if self._request.evidence in posted:
            raise ChainError(
                f"this report of period {self._request.period} was proven false and cancelled, and "
                "its signers are slashed",
                hint="Audit the evidence, and settle what is true: signers whose stake was taken "
                "put it down again first (Stakes.put).",
            )

    def _signers(self) -> list[Signer]:
        """Give the committee, less those who have lost their stake: their word is not taken."""
        seats = self._site.committee
        signers = [s for s in seats if not self._request.stake or self._staked(s)]
        if len(signers) < self._request.threshold:
            raise ChainError(
                f"{len(signers)} of {len(seats)} committee members still have their stake, "
                f"and {self._request.threshold} must sign",
                hint="No report can be posted: the sponsor has its budget back at the job's end.",
            )
        return signers

    @property
    def statement(self) -> Report:
        """The report that the committee signs."""
        valued = self._request.valuation
        roots = Roots(0, *(bytes(32),) * 3) if valued is None else self._roots(valued)
        return Report(
            job=self._job,
            round=self._request.period,
            attempt=self._contracts.reports.attempt(self._job),
            prev_root=self._before(),
            root=self._tree.root.hash,
            total=self._tree.root.sum,
            updates_root=round_history(self._request.update_roots),
            evidence=self._request.evidence,
            permutations=roots.permutations,
            table_root=roots.table,
            steps_root=roots.steps,
            values_root=roots.values,
        )

    def _before(self) -> bytes:
        """Give the root of the period before this one; zeros before the first."""
        return next((one.root for one in self._posted(self._request.period - 1)), bytes(32))

    def finalise(self) -> None:
        """Wait until nobody can challenge the report any more, and make it final."""
        self._check_posted()  # before it is final: afterwards nobody can object
        pending = self._contracts.reports.pending(self._job)
        self._journal.begin("finalise", int(pending is not None))
        if pending is None:
            return
        self._site.node.wait_until(pending.deadline)
        signer = self._site.cast.coordinator
        self._journal.record(self._contracts.reports.finalise(self._job, signer=signer))

    def claim(self) -> None:
        """Claim every participant's amount: each with its own key, or the coordinator for all."""
        vault, job, payout = self._contracts.vault, self._job, self._request.payout
        owed = [
            (claim, member)
            for member, claim in zip(self._site.cast.members, self.claims(), strict=True)
            if claim.amount > 0 and vault.claimed(job, claim.index) < claim.amount
        ]
        if payout == "claim":
            self._journal.begin("claim", len(owed))
            for mined in vault.claim_each(job, owed):
                self._journal.record(mined)
            return
        batches = [
            [claim for claim, _ in owed[first : first + _A_BATCH]]
            for first in range(0, len(owed), _A_BATCH)
        ]
        self._journal.begin("claim", len(batches))
        send = vault.push if payout == "push" else vault.claim_many
        signer = self._site.cast.coordinator
        for batch in batches:
            self._journal.record(send(job, batch, signer=signer))

    def release(self) -> None:
        """Let every member ask for what is left of its stake, wait, and take it."""
        stakes, job = self._contracts.stakes, self._job
        held = {m: stakes.stake_of(job, m.address) for m in self._cast.members}
        staying = [m for m, stake in held.items() if stake.amount and not stake.released_at]
        taking = [m for m, stake in held.items() if stake.amount]
        self._journal.begin("release", len(staying) + len(taking))
        for mined in stakes.exit_each(job, staying):
            self._journal.record(mined)
        if taking:
            times = (stakes.stake_of(job, member.address).released_at for member in taking)
            self._site.node.wait_until(max(times))
        for mined in stakes.withdraw_each(job, taking):
            self._journal.record(mined)

    def claims(self) -> tuple[Claim, ...]:
        """Give everyone's claim, with the path that proves it."""
        rows = zip(self._site.accounts, self._request.payments, strict=True)
        return tuple(
            Claim(index, account, amount, self._tree.proof(index))
            for index, (account, amount) in enumerate(rows)
        )

    def check(self, *, paid: bool = True) -> Receipt:
        """Read everything back, and compare it with what was sent; *paid* if all is claimed.

        Raises:
            ChainMoved: It lost a transaction of ours, so there is something to do again.
            ChainError: The chain holds something else; the message says what.

        """
        self._journal.begin("check", 1)
        self._journal.confirm(self._site.node)
        site, request, vault, job = self._site, self._request, self._contracts.vault, self._job
        self._check_posted()
        self._same("final period", request.period, self._contracts.reports.final_round)
        self._same("root", self._tree.root.hash, vault.root)
        self._same("allocated total", sum(request.payments), vault.allocated)
        self._same("reserve", request.reserve, self._reserve)
        claimed = {name: vault.claimed(job, i) for i, name in enumerate(request.participants)}
        if paid:
            self._same("paid total", sum(request.payments), vault.paid)
            sent = dict(zip(request.participants, request.payments, strict=True))
            if claimed != sent:
                raise differs("payments", sent, claimed)
        self._journal.advance()
        return Receipt(
            chain_id=site.node.chain_id,
            addresses=site.deployment.addresses,
            block=site.deployment.block,
            job=job,
            accounts=dict(zip(request.participants, site.accounts, strict=True)),
            sponsor=site.cast.sponsor.address,
            coordinator=site.cast.coordinator.address,
            root=f"0x{self._tree.root.hash.hex()}",
            total=vault.allocated(job),
            reserve=self._reserve(job),
            paid=claimed,
            stakes=self._returned(),
            transactions=tuple(self._journal.steps),
        )

    def _returned(self) -> dict[str, int]:
        first = self._site.deployment.block
        found = self._contracts.stakes.returned(self._job, first_block=first)
        rows = zip(self._request.participants, self._site.accounts, strict=True)
        return {name: found.get(account, 0) for name, account in rows}

    def _roots(self, valued: Commitment) -> Roots:
        if self._cached is None:
            self._cached = valued.roots(self._job, self._request.period)
        return self._cached

    def _reserve(self, job: int) -> int:
        """Give what is left of the budget, refunded or not; gifts of others do not count."""
        vault = self._contracts.vault
        gifts = max(vault.funded(job) - self._request.funds, 0)
        return vault.reserve(job) + vault.refunded(job) - gifts

    def _check_posted(self) -> None:
        ours = self.statement
        sent = (ours.round, ours.root, ours.total, ours.evidence)
        posted = self._posted(self._request.period)
        if posted[-1:] != (sent,):  # any before it were cancelled, or it would not be there
            raise differs("posted report", sent, posted)

    def _posted(self, period: int) -> tuple[Posted, ...]:
        first = self._site.deployment.block
        every = self._contracts.reports.posted(self._job, first_block=first)
        return tuple(one for one in every if one.round == period)
