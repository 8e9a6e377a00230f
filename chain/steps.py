"""The steps of one settlement, from a funded vault to claims that were read back.

Every step asks the chain first and does only what is missing, so each may be taken again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.chain.clients import Claim
from fedmerit.chain.order import Receipt
from fedmerit.chain.signing import Domain, Report, sign_report
from fedmerit.chain.tree import AllowList, SumTree, members_digest, round_history
from fedmerit.errors import ChainError, ChainMoved

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.chain.journal import Journal
    from fedmerit.chain.opening import Site

#: The settlement period that is settled: the first, which covers the whole training.
PERIOD: Final = 1


class Settlement:
    """The steps of one settlement after its job is open, to take one at a time.

    Args:
        site: The order, its people and its job, as :func:`~fedmerit.chain.opening.establish`
            gives them.
        journal: Keeps what is sent.

    """

    def __init__(self, site: Site, journal: Journal) -> None:
        self._site = site
        self._contracts = site.contracts
        self._order = site.order
        self._job = site.job
        self._journal = journal
        self._tree = SumTree(site.job, site.accounts, site.order.payments)

    def fund(self) -> None:
        """Mint what the sponsor lacks, and put the budget into the vault."""
        token, vault = self._contracts.token, self._contracts.vault
        sponsor = self._site.cast.sponsor
        missing = self._order.budget - vault.funded(self._job)
        if missing <= 0:
            return self._journal.begin("fund", 0)
        short = missing - token.balance_of(sponsor.address)
        unapproved = token.allowance(sponsor.address, vault.address) < missing
        self._journal.begin("fund", (short > 0) + unapproved + 1)
        if short > 0:
            self._journal.record(token.mint(sponsor.address, short, signer=sponsor))
        if unapproved:
            self._journal.record(token.approve(vault.address, missing, signer=sponsor))
        return self._journal.record(vault.fund(self._job, missing, signer=sponsor))

    def join(self) -> None:
        """Let every participant join, each with its own key, in index order."""
        registry = self._contracts.registry
        allowed = AllowList(self._site.accounts)
        joined = registry.member_count(self._job)
        self._journal.begin("join", max(len(self._site.accounts) - joined, 0))
        for index, member in enumerate(self._site.cast.members[joined:], start=joined):
            # Its place is its index for good: not after a member whose block was replaced.
            if (count := registry.member_count(self._job)) != index:
                raise ChainMoved(f"{count} members have joined, and {index} had a moment ago")
            proof = allowed.proof(member.address)
            self._journal.record(registry.join(self._job, proof, signer=member))
        self._same("members", members_digest(self._site.accounts), registry.members_digest)

    def close(self) -> None:
        """End registration, as the coordinator."""
        missing = not self._contracts.registry.closed(self._job)
        self._journal.begin("close", int(missing))
        if missing:
            signer = self._site.cast.coordinator
            self._journal.record(self._contracts.registry.close(self._job, signer=signer))

    def commit(self) -> None:
        """Commit the update root of every training round that is not committed yet."""
        rounds, roots = self._contracts.rounds, self._order.update_roots
        done = rounds.committed(self._job)
        self._same("update history", round_history(roots[:done]), rounds.history)
        self._journal.begin("commit", max(len(roots) - done, 0))
        signer = self._site.cast.coordinator
        for mined in rounds.commit_each(self._job, done + 1, roots[done:], signer=signer):
            self._journal.record(mined)
        self._same("update history", round_history(roots), rounds.history)

    def report(self) -> None:
        """Post the report with the committee's signatures."""
        reports, job = self._contracts.reports, self._job
        if reports.final_round(job) or reports.pending(job):
            return self._journal.begin("report", 0)
        self._journal.begin("report", 1)
        report = self.statement
        domain = Domain(chain_id=self._site.node.chain_id, reports=reports.address)
        signatures = sign_report(report, self._site.committee, domain)
        accounts, payments = self._site.accounts, self._order.payments
        signer = self._site.cast.coordinator
        return self._journal.record(
            reports.post_list(report, accounts, payments, signatures, signer=signer)
        )

    @property
    def statement(self) -> Report:
        """The report that the committee signs."""
        return Report(
            job=self._job,
            round=PERIOD,
            prev_root=bytes(32),
            root=self._tree.root.hash,
            total=self._tree.root.sum,
            updates_root=round_history(self._order.update_roots),
            evidence=self._order.evidence,
        )

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
        """Let every participant with an amount claim it, each with its own key."""
        vault, job = self._contracts.vault, self._job
        owed = [
            (claim, member)
            for member, claim in zip(self._site.cast.members, self.claims(), strict=True)
            if claim.amount > 0 and vault.claimed(job, claim.index) < claim.amount
        ]
        self._journal.begin("claim", len(owed))
        for mined in vault.claim_each(job, owed):
            self._journal.record(mined)

    def claims(self) -> tuple[Claim, ...]:
        """Give everyone's claim, with the path that proves it."""
        rows = zip(self._site.accounts, self._order.payments, strict=True)
        return tuple(
            Claim(index, account, amount, self._tree.proof(index))
            for index, (account, amount) in enumerate(rows)
        )

    def check(self) -> Receipt:
        """Read everything back, and compare it with what was sent.

        Raises:
            ChainMoved: It lost a transaction of ours, so there is something to do again.
            ChainError: The chain holds something else; the message says what.

        """
        self._journal.begin("check", 1)
        self._journal.confirm(self._site.node)
        site, order, vault, job = self._site, self._order, self._contracts.vault, self._job
        self._check_posted()
        self._same("final period", PERIOD, self._contracts.reports.final_round)
        self._same("root", self._tree.root.hash, vault.root)
        self._same("allocated total", sum(order.payments), vault.allocated)
        self._same("paid total", sum(order.payments), vault.paid)
        self._same("reserve", order.reserve, self._reserve)
        paid = {name: vault.claimed(job, i) for i, name in enumerate(order.participants)}
        sent = dict(zip(order.participants, order.payments, strict=True))
        if paid != sent:
            raise _differs("payments", sent, paid)
        self._journal.advance()
        return Receipt(
            chain_id=site.node.chain_id,
            addresses=site.deployment.addresses,
            block=site.deployment.block,
            job=job,
            accounts=dict(zip(order.participants, site.accounts, strict=True)),
            sponsor=site.cast.sponsor.address,
            coordinator=site.cast.coordinator.address,
            root=f"0x{self._tree.root.hash.hex()}",
            total=vault.allocated(job),
            reserve=self._reserve(job),
            paid=paid,
            transactions=tuple(self._journal.steps),
        )

    def _reserve(self, job: int) -> int:
        """Give what is left of the budget, refunded or not; gifts of others do not count."""
        vault = self._contracts.vault
        gifts = max(vault.funded(job) - self._order.budget, 0)
        return vault.reserve(job) + vault.refunded(job) - gifts

    def _check_posted(self) -> None:
        ours = self.statement
        sent = (ours.round, ours.root, ours.total, ours.evidence)
        posted = self._contracts.reports.posted(self._job, first_block=self._site.deployment.block)
        if posted != (sent,):
            raise _differs("posted report", sent, posted)

    def _same(self, what: str, sent: object, ask: Callable[[int], object]) -> None:
        if (found := ask(self._job)) != sent:
            raise _differs(what, sent, found)


def _differs(what: str, sent: object, found: object) -> ChainError:
    return ChainError(
        f"{what}: sent {_shown(sent)}, but the chain holds {_shown(found)}",
        hint="Stop here and keep both: this job was touched by another order.",
    )


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return str(value)
