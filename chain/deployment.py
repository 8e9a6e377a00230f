"""The contracts of a settlement, deployed and wired to one another.

They must know one another, for good, and most are named before they are there. Each is told
the addresses that the next contracts of the same sender will have; that they did get these
addresses is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
from fedmerit.errors import ChainError, WrongChain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.chain.clients.base import Client
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node import Node
    from fedmerit.chain.order import Deployment
    from fedmerit.chain.transaction import Mined


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
    def deploy(cls, node: Node, signer: Signer, record: Callable[[Mined], None]) -> Contracts:
        """Deploy all as *signer*, who owns the token; *record* sees each transaction.

        Raises:
            ChainError: Somebody else sent as *signer* meanwhile, so the wiring came out wrong.

        """
        token, mined = CreditToken.deploy(node, signer)
        record(mined)
        nonce = node.nonce(signer.address)
        registry, stakes, rounds, vault, reports, disputes = (
            get_create_address(signer.address, Nonce(nonce + position)) for position in range(6)
        )
        wired: tuple[Callable[[], tuple[Client, Mined]], ...] = (
            lambda: Registry.deploy(node, signer, stakes=stakes),
            lambda: Stakes.deploy(
                node, signer, registry=registry, rounds=rounds, disputes=disputes
            ),
            lambda: Rounds.deploy(node, signer, registry=registry, reports=reports, stakes=stakes),
            lambda: JobVault.deploy(
                node, signer, registry=registry, reports=reports, guardian=signer.address
            ),
            lambda: Reports.deploy(
                node,
                signer,
                registry=registry,
                rounds=rounds,
                vault=vault,
                stakes=stakes,
                disputes=disputes,
            ),
            lambda: Disputes.deploy(
                node,
                signer,
                registry=registry,
                rounds=rounds,
                reports=reports,
                vault=vault,
                stakes=stakes,
            ),
            lambda: Arbiter.deploy(node, signer, registry=registry, disputes=disputes),
        )
        clients: list[Client] = [token]
        for deploy in wired:
            client, mined = deploy()
            record(mined)
            clients.append(client)
        contracts = contracts_at(node, {client.NAME: client.address for client in clients})
        contracts.check()
        return contracts

    @classmethod
    def attach(cls, node: Node, deployment: Deployment) -> Contracts:
        """Take up the contracts of *deployment*, and check that they are there and wired.

        Raises:
            WrongChain: They are on another chain.
            ChainError: One is missing, or they do not belong together.

        """
        if deployment.chain_id != node.chain_id:
            raise WrongChain(expected=deployment.chain_id, found=node.chain_id)
        contracts = contracts_at(node, deployment.addresses)
        for client in contracts:
            if not node.has_code(client.address):
                raise ChainError(
                    f"there is no contract at {client.address}, where {client.NAME} should be",
                    hint="A local chain forgets when it stops: settle afresh.",
                )
        contracts.check()
        return contracts

    def check(self) -> None:
        """Check that the contracts know one another; raises ChainError."""
        known = {
            "REGISTRY": self.registry,
            "ROUNDS": self.rounds,
            "VAULT": self.vault,
            "REPORTS": self.reports,
            "STAKES": self.stakes,
            "DISPUTES": self.disputes,
        }
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
