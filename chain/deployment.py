"""The five contracts of a settlement, deployed and wired to one another.

The vault must know the reports contract and the reports contract the vault, both for good.
The vault is deployed first, with the address that the next contract of the same sender
will have; that it did get that address is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from web3.types import Nonce
from web3.utils import get_create_address

from fedmerit.chain.clients import CreditToken, JobVault, Registry, Reports, Rounds
from fedmerit.errors import ChainError, WrongChain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.chain.clients.base import Client
    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node import Node
    from fedmerit.chain.order import Deployment
    from fedmerit.chain.transaction import Mined


class Contracts(NamedTuple):
    """Clients of the five contracts."""

    token: CreditToken
    registry: Registry
    rounds: Rounds
    vault: JobVault
    reports: Reports

    @property
    def addresses(self) -> dict[str, str]:
        """Address of each contract, by its name."""
        return {client.NAME: client.address for client in self}

    @classmethod
    def deploy(cls, node: Node, signer: Signer, record: Callable[[Mined], None]) -> Contracts:
        """Deploy all five as *signer*, who owns the token; *record* sees each transaction.

        Raises:
            ChainError: Somebody else sent as *signer* meanwhile, so the wiring came out wrong.

        """
        token, mined = CreditToken.deploy(node, signer)
        record(mined)
        registry, mined = Registry.deploy(node, signer)
        record(mined)
        rounds, mined = Rounds.deploy(node, signer, registry=registry.address)
        record(mined)
        after_next = Nonce(node.nonce(signer.address) + 1)
        foreseen = get_create_address(signer.address, after_next)
        vault, mined = JobVault.deploy(node, signer, registry=registry.address, reports=foreseen)
        record(mined)
        reports, mined = Reports.deploy(
            node, signer, registry=registry.address, rounds=rounds.address, vault=vault.address
        )
        record(mined)
        contracts = cls(token, registry, rounds, vault, reports)
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
        wired: tuple[tuple[Client, str, Client], ...] = (
            (self.rounds, "REGISTRY", self.registry),
            (self.vault, "REGISTRY", self.registry),
            (self.vault, "REPORTS", self.reports),
            (self.reports, "REGISTRY", self.registry),
            (self.reports, "ROUNDS", self.rounds),
            (self.reports, "VAULT", self.vault),
        )
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
    kinds = (CreditToken, Registry, Rounds, JobVault, Reports)
    for kind in kinds:
        if kind.NAME not in addresses:
            raise ChainError(f"the addresses name no {kind.NAME}: {', '.join(addresses)}")
    token, registry, rounds, vault, reports = (kind.NAME for kind in kinds)
    return Contracts(
        CreditToken(node, addresses[token]),
        Registry(node, addresses[registry]),
        Rounds(node, addresses[rounds]),
        JobVault(node, addresses[vault]),
        Reports(node, addresses[reports]),
    )
