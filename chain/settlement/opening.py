"""The beginning of a settlement: gas money, contracts, and the job on its terms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from fedmerit.chain.keys import FAUCET, Signers
from fedmerit.chain.node.funding import top_ups
from fedmerit.chain.node.transaction import Transfer
from fedmerit.chain.settlement.deployment import Contracts, missing, plan, planned
from fedmerit.chain.settlement.terms import alike, terms_of
from fedmerit.errors import ChainError, Reverted

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.chain.clients import Terms
    from fedmerit.chain.keys import Keyring, Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.settlement.journal import Journal
    from fedmerit.chain.settlement.receipt import Deployment
    from fedmerit.chain.settlement.request import JobTerms

#: An agreement, or the order that it became.
Agreed = TypeVar("Agreed", bound="JobTerms")
#: The same, where it is only read: a site of an order will do as one of an agreement.
Agreed_co = TypeVar("Agreed_co", bound="JobTerms", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site(Generic[Agreed_co]):
    """An open job: everything that its steps work with.

    Attributes:
        node: The chain.
        order: What is agreed or, later, settled.
        cast: Who signs.
        committee: Who signs the report.
        contracts: The contracts.
        deployment: Where they are, and the job's number.

    """

    node: Node
    order: Agreed_co
    cast: Signers
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


class Opening(Generic[Agreed]):
    """Brings a job about, step by step.

    Args:
        node: The chain.
        order: What will be settled.
        keys: Who signs.
        journal: Keeps what is sent.

    Attributes:
        sponsor: The address that deploys and opens.

    """

    def __init__(self, node: Node, order: Agreed, keys: Keyring, journal: Journal) -> None:
        self._node = node
        self._order = order
        self._cast = Signers.of(keys, order.participants)
        self.sponsor = self._cast.sponsor.address
        self._committee = tuple(keys.signer(name) for name in order.committee)
        self._journal = journal

    def await_pending(self) -> None:
        """Let what an earlier attempt sent be mined before anything is looked at."""
        cast = self._cast
        signers = (cast.sponsor, cast.coordinator, *cast.members)
        addresses = [signer.address for signer in signers]
        if self._node.development:
            addresses.append(FAUCET.address)
        self._node.await_pending(addresses)

    def fund_gas(self, *, deployed: bool) -> None:
        """Give everyone the ether that their transactions will cost."""
        rounds = len(self._order.update_roots)
        payer, lacking = top_ups(self._node, self._cast, rounds=rounds, deployed=deployed)
        self._journal.begin("gas", len(lacking))
        transfers = ((Transfer(address, wei), payer) for address, wei in lacking.items())
        for mined in self._node.send_each(transfers):
            self._journal.record(mined)

    def begun(self, known: Deployment | None) -> Deployment | None:
        """Give what an earlier attempt planned or deployed; None if that came to nothing.

        A plan comes to nothing if the sponsor sent something else between two deployments.
        No job can have been opened then, so nothing is lost but the gas.

        Raises:
            WrongChain: It is on another chain.

        """
        if known is None or known.job or not (lacking := missing(self._node, known)):
            return known
        first = planned(self._node, self.sponsor, known)
        done = len(known.addresses) - len(lacking)
        fails = first is not None and first + done != self._node.nonce(self.sponsor)
        return None if fails else known

    def deploy(self, known: Deployment) -> Contracts:
        """Deploy what is planned and not there yet."""
        lacking = missing(self._node, known)
        self._journal.begin("deploy", len(lacking))
        if not lacking or planned(self._node, self.sponsor, known) is None:
            return Contracts.attach(self._node, known)
        return Contracts.deploy(self._node, self._cast.sponsor, known, self._journal.record)

    def open(self, contracts: Contracts, known: Deployment) -> Site[Agreed]:
        """Open the job, or find the one that an earlier attempt opened."""
        terms = terms_of(self._order, self._cast, self._committee, contracts, now=self._node.now())
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

    def _find(self, contracts: Contracts, known: Deployment, terms: Terms) -> int | None:
        """Give the job of this order, if an earlier attempt opened it.

        An attempt can die between opening the job and writing its number down; then the
        job is the sponsor's only one on these terms with no report, or with ours.
        """
        sponsor = self.sponsor
        if known.job is not None and (found := _found(contracts, known.job)) is not None:
            if contracts.registry.sponsor(known.job) == sponsor and alike(found, terms):
                return known.job
            raise ChainError(
                f"job {known.job} was opened by another sponsor or on other terms",
                hint="Resume with the scenario that it was opened for, or settle afresh.",
            )
        for job in contracts.registry.opened_by(sponsor, first_block=known.block):
            posted = contracts.reports.posted(job, first_block=known.block)
            ours = self._order.may_be_behind(report.evidence for report in posted)
            if ours and alike(contracts.registry.terms(job), terms):
                return job
        return None


def _found(contracts: Contracts, job: int) -> Terms | None:
    """Give the terms of *job*; None if the block that opened it was replaced."""
    try:
        return contracts.registry.terms(job)
    except Reverted as error:
        if error.error == "UnknownJob":
            return None
        raise


def establish(
    node: Node,
    order: Agreed,
    keys: Keyring,
    *,
    journal: Journal,
    deployment: Deployment | None = None,
    on_deployed: Callable[[Deployment], None] = lambda _: None,
) -> Site[Agreed]:
    """Hand out gas money, deploy the contracts and open the job; what is there is kept.

    Args:
        node: The chain.
        order: What will be settled.
        keys: Who signs.
        journal: Keeps what is sent.
        deployment: Where an earlier attempt got to.
        on_deployed: Called when it is known where the contracts will be, before anything is
            deployed, and again when the job is open.

    Raises:
        ChainError: A key or gas money is missing, or the earlier attempt had other terms.

    """
    opening = Opening(node, order, keys, journal)
    opening.await_pending()
    known = opening.begun(deployment)
    opening.fund_gas(deployed=known is not None and not missing(node, known))
    known = known or plan(node, opening.sponsor)
    on_deployed(known)
    site = opening.open(opening.deploy(known), known)
    on_deployed(site.deployment)
    return site
