"""The steps that make a job ready: money, stakes, members, and what was trained.

Every step asks the chain first and does only what is missing, so each may be taken again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.chain.proofs.tree import AllowList, members_digest, round_history
from fedmerit.errors import ChainError, ChainMoved

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.settlement.journal import Journal
    from fedmerit.chain.settlement.opening import Site
    from fedmerit.chain.settlement.request import JobTerms


class Preparation:
    """The steps from an open job to one that a seed can be drawn for, to take one at a time.

    Args:
        site: The agreement, its people and its job, as
            :func:`~fedmerit.chain.settlement.opening.establish` gives them.
        journal: Keeps what is sent.

    """

    def __init__(self, site: Site[JobTerms], journal: Journal) -> None:
        self._cast = site.cast
        self._contracts = site.contracts
        self._job = site.job
        self._journal = journal
        self._agreed = site.order
        self._accounts = site.accounts

    def follow(self) -> None:
        """See that the next draw and report are this period's, or that it is the last final one.

        Raises:
            ChainError: They are not.

        """
        last, ours = self._contracts.reports.final_round(self._job), self._agreed.period
        if last not in {ours - 1, ours}:
            raise ChainError(
                f"period {ours} of job {self._job} cannot be settled: the last final one is {last}",
                hint="Settle the periods one after the other, with one deployment.",
            )

    def fund(self) -> None:
        """Mint what the sponsor lacks, and put the budget into the vault."""
        token, vault = self._contracts.token, self._contracts.vault
        sponsor = self._cast.sponsor
        missing = self._agreed.funds - vault.funded(self._job)
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

    def stake(self) -> None:
        """Mint every member its stake, which it puts down; whoever has joined has done so."""
        token, stakes, asked = self._contracts.token, self._contracts.stakes, self._agreed.stake
        joined = self._contracts.registry.member_count(self._job) if asked else 0
        new = [m for m in self._cast.members[joined:] if asked and not self._staked(m)]
        short = {m.address: asked - token.balance_of(m.address) for m in new}
        short = {account: lacking for account, lacking in short.items() if lacking > 0}
        bare = [m for m in new if token.allowance(m.address, stakes.address) < asked]
        self._journal.begin("stake", len(short) + len(bare) + len(new))
        for mined in token.mint_each(short.items(), signer=self._cast.sponsor):
            self._journal.record(mined)
        for mined in token.approve_each(stakes.address, asked, bare):
            self._journal.record(mined)
        for mined in stakes.put_each(self._job, new):
            self._journal.record(mined)

    def join(self) -> None:
        """Let every participant join, each with its own key, in index order."""
        registry = self._contracts.registry
        allowed = AllowList(self._accounts)
        joined = registry.member_count(self._job)
        self._journal.begin("join", max(len(self._accounts) - joined, 0))
        for index, member in enumerate(self._cast.members[joined:], start=joined):
            # Its place is its index for good: not after a member whose block was replaced.
            if (count := registry.member_count(self._job)) != index:
                raise ChainMoved(f"{count} members have joined, and {index} had a moment ago")
            proof = allowed.proof(member.address)
            self._journal.record(registry.join(self._job, proof, signer=member))
        self._same("members", members_digest(self._accounts), registry.members_digest)

    def close(self) -> None:
        """End registration, as the coordinator."""
        missing = not self._contracts.registry.closed(self._job)
        self._journal.begin("close", int(missing))
        if missing:
            signer = self._cast.coordinator
            self._journal.record(self._contracts.registry.close(self._job, signer=signer))

    def commit(self) -> None:
        """Commit the update root of every training round that is not committed yet."""
        rounds, roots = self._contracts.rounds, self._agreed.update_roots
        done = rounds.committed(self._job)
        self._same("update history", round_history(roots[:done]), rounds.history)
        self._journal.begin("commit", max(len(roots) - done, 0))
        signer = self._cast.coordinator
        for mined in rounds.commit_each(self._job, done + 1, roots[done:], signer=signer):
            self._journal.record(mined)
        self._same("update history", round_history(roots), rounds.history)

    def _staked(self, member: Signer) -> bool:
        return self._contracts.stakes.active(self._job, member.address)

    def _same(self, what: str, sent: object, ask: Callable[[int], object]) -> None:
        if (found := ask(self._job)) != sent:
            raise differs(what, sent, found)


def differs(what: str, sent: object, found: object) -> ChainError:
    """Make the error for a chain that holds something else than was sent."""
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
