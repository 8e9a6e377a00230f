"""The demo token that local chains pay in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from fedmerit.chain.clients.base import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fedmerit.chain.keys import Signer
    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined


class CreditToken(Client):
    """The ``CreditToken`` contract: an ERC-20 whose owner mints."""

    NAME: ClassVar[str] = "CreditToken"

    @classmethod
    def deploy(cls, node: Node, signer: Signer) -> tuple[Self, Mined]:
        """Deploy a token that *signer* owns."""
        return cls._deploy(node, signer, signer.address)

    def mint(self, account: str, amount: int, *, signer: Signer) -> Mined:
        """Make *amount* base units for *account*; the owner only."""
        return self._send(signer, "mint", account, amount)

    def approve(self, spender: str, amount: int, *, signer: Signer) -> Mined:
        """Let *spender* take up to *amount* base units of *signer*."""
        return self._send(signer, "approve", spender, amount)

    def mint_each(self, amounts: Iterable[tuple[str, int]], *, signer: Signer) -> Iterator[Mined]:
        """Make so many base units for each account; the owner only."""
        mint = self._functions.mint
        return self._node.send_each((mint(account, n), signer) for account, n in amounts)

    def approve_each(self, spender: str, amount: int, signers: Iterable[Signer]) -> Iterator[Mined]:
        """Let *spender* take up to *amount* base units of each of *signers*."""
        approve = self._functions.approve
        return self._node.send_each((approve(spender, amount), signer) for signer in signers)

    def transfer(self, account: str, amount: int, *, signer: Signer) -> Mined:
        """Send *amount* base units to *account*."""
        return self._send(signer, "transfer", account, amount)

    def balance_of(self, account: str) -> int:
        """Base units that *account* holds."""
        return int(self._ask("balanceOf", account))

    def allowance(self, owner: str, spender: str) -> int:
        """Base units of *owner* that *spender* may still take."""
        return int(self._ask("allowance", owner, spender))

    def total_supply(self) -> int:
        """Base units that exist."""
        return int(self._ask("totalSupply"))
