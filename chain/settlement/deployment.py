"""The contracts of a settlement, deployed and wired to one another.

They must know one another, for good, and most are named before they are there. So all
addresses are foreseen: they follow from the deployer and its transactions' numbers.
Whoever writes the plan down first can die at any instant and still find what it deployed.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from eth_utils.address import to_checksum_address
from web3.types import Nonce
from web3.utils import get_create_address

from fedmerit.chain.clients import (
    Arbiter,
    CreditToken,
    Disputes,
    JobVault,
    Registry,
    Reports,
    Rounds,
    Stakes,
)
from fedmerit.chain.settlement.receipt import Deployment
from fedmerit.errors import ChainError, ChainMoved, WrongChain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.chain.clients.base import Client
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined

    #: Deploys one contract, which may be told where the others are or will be.
    Deploy = Callable[[Node, Signer, Mapping[str, str]], tuple[Client, Mined]]

#: The contracts in the order in which they are deployed.
_DEPLOY: Final[Mapping[str, Deploy]] = MappingProxyType(
    {
        CreditToken.NAME: lambda node, signer, _: CreditToken.deploy(node, signer),
        Registry.NAME: lambda node, signer, at: Registry.deploy(
            node, signer, stakes=at[Stakes.NAME]
        ),
        Stakes.NAME: lambda node, signer, at: Stakes.deploy(
            node,
            signer,
            registry=at[Registry.NAME],
            rounds=at[Rounds.NAME],
            disputes=at[Disputes.NAME],
        ),
        Rounds.NAME: lambda node, signer, at: Rounds.deploy(
            node,
            signer,
            registry=at[Registry.NAME],
            reports=at[Reports.NAME],
            stakes=at[Stakes.NAME],
        ),
        JobVault.NAME: lambda node, signer, at: JobVault.deploy(
            node,
            signer,
            registry=at[Registry.NAME],
            reports=at[Reports.NAME],
            guardian=signer.address,
        ),
        Reports.NAME: lambda node, signer, at: Reports.deploy(
            node,
            signer,
            registry=at[Registry.NAME],
            rounds=at[Rounds.NAME],
            vault=at[JobVault.NAME],
            stakes=at[Stakes.NAME],
            disputes=at[Disputes.NAME],
        ),
        Disputes.NAME: lambda node, signer, at: Disputes.deploy(
            node,
            signer,
            registry=at[Registry.NAME],
            rounds=at[Rounds.NAME],
            reports=at[Reports.NAME],
            vault=at[JobVault.NAME],
            stakes=at[Stakes.NAME],
        ),
        Arbiter.NAME: lambda node, signer, at: Arbiter.deploy(
            node, signer, registry=at[Registry.NAME], disputes=at[Disputes.NAME]
        ),
    }
)
#: How many transactions an account may have sent since it planned; only bounds a search.
_RECENT: Final = 10_000


def plan(node: Node, sponsor: str) -> Deployment:
    """Foresee where the contracts will be if *sponsor* deploys them next, and nothing else."""
    return Deployment(
        chain_id=node.chain_id,
        addresses=_foreseen(sponsor, node.nonce(sponsor)),
        block=node.height(),
    )


def missing(node: Node, deployment: Deployment) -> tuple[str, ...]:
    """Name the contracts of *deployment* that are not there, in deploying order.

    Raises:
        WrongChain: The node is of another chain.

    """
    if deployment.chain_id != node.chain_id:
        raise WrongChain(expected=deployment.chain_id, found=node.chain_id)
    addresses = contracts_at(node, deployment.addresses).addresses
    return tuple(name for name in _DEPLOY if not node.has_code(addresses[name]))


def planned(node: Node, sponsor: str, deployment: Deployment) -> int | None:
    """Give the number of the transaction that *sponsor* planned *deployment* to begin with.

    None if it never planned it.
    """
    following = node.nonce(sponsor)
    for first in range(following, max(following - _RECENT, -1), -1):
        if _foreseen(sponsor, first) == deployment.addresses:
            return first
    return None


def _foreseen(sponsor: str, first: int) -> dict[str, str]:
    sender, numbered = to_checksum_address(sponsor), enumerate(_DEPLOY, start=first)
    return {name: str(get_create_address(sender, Nonce(nonce))) for nonce, name in numbered}


class Contracts(NamedTuple):
    """Clients of the contracts."""

    token: CreditToken
    registry: Registry
    rounds: Rounds
    vault: JobVault
    reports: Reports
    stakes: Stakes
    disputes: Disputes
    arbiter: Arbiter

    @property
    def addresses(self) -> dict[str, str]:
        """Address of each contract, by its name."""
        return {client.NAME: client.address for client in self}

    @classmethod
    def deploy(
        cls, node: Node, signer: Signer, planned: Deployment, record: Callable[[Mined], None]
    ) -> Contracts:
        """Deploy, as *signer*, who owns the token, what is *planned* and not there yet.

        Args:
            node: The chain.
            signer: Who planned it.
            planned: What :func:`plan` gave.
            record: Sees each transaction.

        Raises:
            ChainMoved: *signer* sent something else meanwhile, so the plan fails.

        """
        for name in missing(node, planned):
            expected = planned.addresses[name]
            upcoming = get_create_address(signer.address, Nonce(node.nonce(signer.address)))
            if upcoming != expected:
                raise ChainMoved(f"{name} would be at {upcoming}, not at {expected} as planned")
            _, mined = _DEPLOY[name](node, signer, planned.addresses)
            record(mined)
        return cls.attach(node, planned)

    @classmethod
    def attach(cls, node: Node, deployment: Deployment) -> Contracts:
        """Take up the contracts of *deployment*, and check that they are there and wired.

        Raises:
            WrongChain: They are on another chain.
            ChainError: One is missing, or they do not belong together.

        """
        contracts = contracts_at(node, deployment.addresses)
        for name in missing(node, deployment):
            raise ChainError(
                f"there is no contract at {contracts.addresses[name]}, where {name} should be",
                hint="A local chain forgets when it stops: settle afresh.",
            )
        contracts.check()
        return contracts

    @property
    def known(self) -> dict[str, Client]:
        """Those that others were built with, by the getters' name."""
        return {
            "REGISTRY": self.registry,
            "ROUNDS": self.rounds,
            "VAULT": self.vault,
            "REPORTS": self.reports,
            "STAKES": self.stakes,
            "DISPUTES": self.disputes,
        }

    def check(self) -> None:
        """Check that the contracts know one another; raises ChainError."""
        known = self.known
        wired = [(client, name, known[name]) for client in self for name in client.WIRES]
        for client, getter, expected in wired:
            if (found := client.wired(getter)) != expected.address:
                raise ChainError(
                    f"{client.NAME}.{getter}() is {found}, not {expected.NAME} "
                    f"at {expected.address}",
                    hint="Deploy again, and let nobody else send as the sponsor meanwhile.",
                )


def contracts_at(node: Node, addresses: Mapping[str, str]) -> Contracts:
    """Give clients of the contracts at *addresses*, unchecked.

    Raises:
        ChainError: A contract's address is not among them.

    """
    kinds: tuple[type[Client], ...] = (
        CreditToken,
        Registry,
        Rounds,
        JobVault,
        Reports,
        Stakes,
        Disputes,
        Arbiter,
    )
    for kind in kinds:
        if kind.NAME not in addresses:
            raise ChainError(f"the addresses name no {kind.NAME}: {', '.join(addresses)}")
    return Contracts(
        CreditToken(node, addresses[CreditToken.NAME]),
        Registry(node, addresses[Registry.NAME]),
        Rounds(node, addresses[Rounds.NAME]),
        JobVault(node, addresses[JobVault.NAME]),
        Reports(node, addresses[Reports.NAME]),
        Stakes(node, addresses[Stakes.NAME]),
        Disputes(node, addresses[Disputes.NAME]),
        Arbiter(node, addresses[Arbiter.NAME]),
    )
