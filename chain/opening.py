"""The beginning of a settlement: gas money, contracts, and the job on its terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from fedmerit.chain.clients import Terms
from fedmerit.chain.deployment import Contracts
from fedmerit.chain.gas import top_ups
from fedmerit.chain.keys import Cast
from fedmerit.chain.order import Deployment
from fedmerit.chain.transaction import Transfer
from fedmerit.chain.tree import AllowList
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.chain.journal import Journal
    from fedmerit.chain.keys import Keyring, Signer
    from fedmerit.chain.node import Node
    from fedmerit.chain.order import Order

#: Seconds from a job's opening to its end, on top of two challenge windows.
JOB_SECONDS: Final = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An open job: everything that its steps work with.

    Attributes:
        node: The chain.
        order: What is settled.
        cast: Who signs.
        committee: Who signs the report.
        contracts: The contracts.
        deployment: Where they are, and the job's number.

    """

    node: Node
    order: Order
    cast: Cast
    committee: tuple[Signer, ...]
    contracts: Contracts
    deployment: Deployment

    @property
    def job(self) -> int:
        """The job's number."""
        return self.deployment.job or 0

    @property
    def accounts(self) -> tuple[str, ...]:
        """The participants' addresses, in index order."""
        return tuple(member.address for member in self.cast.members)


class Opening:
    """Brings a job about, step by step.

    Args:
        node: The chain.
        order: What will be settled.
        keys: Who signs.
        journal: Keeps what is sent.

    """

    def __init__(self, node: Node, order: Order, keys: Keyring, journal: Journal) -> None:
        self._node = node
        self._order = order
        self._cast = Cast.of(keys, order.participants)
        self._committee = tuple(keys.signer(name) for name in order.committee)
        self._journal = journal

    def fuel(self, *, deployed: bool) -> None:
        """Give everyone the ether that their transactions will cost."""
        rounds = len(self._order.update_roots)
        payer, lacking = top_ups(self._node, self._cast, rounds=rounds, deployed=deployed)
        self._journal.begin("gas", len(lacking))
        for address, wei in lacking.items():
            self._journal.record(self._node.send(Transfer(address, wei), payer))

    def deploy(self, known: Deployment | None) -> tuple[Contracts, Deployment]:
        """Deploy the contracts, or take up those of *known*."""
        if known is not None:
            self._journal.begin("deploy", 0)
            return Contracts.attach(self._node, known), known
        block = self._node.height()
        self._journal.begin("deploy", len(Contracts._fields))
        contracts = Contracts.deploy(self._node, self._cast.sponsor, self._journal.record)
        return contracts, Deployment(
            chain_id=self._node.chain_id, addresses=contracts.addresses, block=block
        )

    def open(self, contracts: Contracts, known: Deployment) -> Site:
        """Open the job, or find the one that an earlier attempt opened."""
        terms = self._terms(contracts)
        job = self._find(contracts, known, terms)
        self._journal.begin("open", int(job is None))
        if job is None:
            job, mined = contracts.registry.open(terms, signer=self._cast.sponsor)
            self._journal.record(mined)
        return Site(
            node=self._node,
            order=self._order,
            cast=self._cast,
            committee=self._committee,
            contracts=contracts,
            deployment=replace(known, job=job),
        )

    def _terms(self, contracts: Contracts) -> Terms:
        window = self._order.challenge_window
        accounts = (member.address for member in self._cast.members)
        seats = (signer.address for signer in self._committee)
        return Terms(
            coordinator=self._cast.coordinator.address,
            token=contracts.token.address,
            round_budget=self._order.budget,
            challenge_window=window,
            ends_at=self._node.now() + 2 * window + JOB_SECONDS,
            threshold=self._order.threshold,
            allow_root=AllowList(accounts).root,
            committee=tuple(sorted(seats, key=lambda address: int(address, 16))),
        )

    def _find(self, contracts: Contracts, known: Deployment, terms: Terms) -> int | None:
        """Give the job of this order, if an earlier attempt opened it.

        An attempt can die between opening the job and writing its number down; then the
        job is the sponsor's only one on these terms with no report, or with ours.
        """
        sponsor = self._cast.sponsor.address
        if known.job is not None:
            found = contracts.registry.terms(known.job)
            if contracts.registry.sponsor(known.job) == sponsor and _alike(found, terms):
                return known.job
            raise ChainError(
                f"job {known.job} was opened by another sponsor or on other terms",
                hint="Resume with the scenario that it was opened for, or settle afresh.",
            )
        for job in contracts.registry.opened_by(sponsor, first_block=known.block):
            posted = contracts.reports.posted(job, first_block=known.block)
            ours = all(report.evidence == self._order.evidence for report in posted)
            if ours and _alike(contracts.registry.terms(job), terms):
                return job
        return None


def _alike(first: Terms, second: Terms) -> bool:
    """Say whether two jobs' terms agree in all but the end, which moves with the clock."""
    return replace(first, ends_at=0) == replace(second, ends_at=0)


def establish(
    node: Node,
    order: Order,
    keys: Keyring,
    *,
    journal: Journal,
    deployment: Deployment | None = None,
    on_deployed: Callable[[Deployment], None] = lambda _: None,
) -> Site:
    """Hand out gas money, deploy the contracts and open the job; what is there is kept.

    Args:
        node: The chain.
        order: What will be settled.
        keys: Who signs.
        journal: Keeps what is sent.
        deployment: Where an earlier attempt got to.
        on_deployed: Called when the contracts are deployed, and again when the job is open.

    Raises:
        ChainError: A key or gas money is missing, or the earlier attempt had other terms.

    """
    opening = Opening(node, order, keys, journal)
    opening.fuel(deployed=deployment is not None)
    contracts, known = opening.deploy(deployment)
    on_deployed(known)
    site = opening.open(contracts, known)
    on_deployed(site.deployment)
    return site
