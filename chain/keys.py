"""Who signs for which role, and where their keys come from.

A role is ``"sponsor"``, ``"coordinator"`` or a participant's name. A key is never part of a
``repr``, a message or a file that this package writes. File and variable names are made
from a role by replacing every run of other characters than letters, digits and ``_``:
``St. Mary's`` is signed for by ``St-Mary-s.json``, or by ``FEDMERIT_KEY_ST_MARY_S``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from eth_account import Account
from eth_utils.crypto import keccak

from fedmerit.chain.recursion import bound
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from eth_account.messages import SignableMessage
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from web3.types import TxParams

bound()  # eth-account raised it

#: Roles of their own; participants may not take these names.
OFFICES: Final = ("sponsor", "coordinator")
#: The variable that unlocks every file of a keystore directory.
PASSWORD_VARIABLE: Final = "FEDMERIT_KEYSTORE_PASSWORD"  # noqa: S105 - a variable's name


@dataclass(frozen=True, slots=True)
class Signer:
    """One account that can sign.

    Attributes:
        role: Whom it signs for.
        development: Whether everyone knows its key.

    """

    role: str
    _account: LocalAccount = field(repr=False)
    development: bool = False

    @property
    def address(self) -> ChecksumAddress:
        """The account's address."""
        return self._account.address

    def sign(self, message: SignableMessage) -> bytes:
        """Sign an EIP-191 message; 65 bytes."""
        return bytes(self._account.sign_message(message).signature)

    def sign_transaction(self, transaction: TxParams) -> bytes:
        """Sign *transaction*; the raw bytes that a node takes."""
        # eth-account's own dictionary type is narrower than what it accepts.
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)  # type: ignore[arg-type]


def _faucet() -> Signer:
    # Account 0 of the mnemonic that Anvil and Hardhat publish, and start with money in.
    published = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    return Signer("faucet", Account.from_key(published), development=True)


#: The account that holds the money of a local chain. Its key is public: never fund it elsewhere.
FAUCET: Final = _faucet()


class Keyring:
    """Finds the signer of each role, in one of three places.

    Build one with :meth:`development`, :meth:`keystore` or :meth:`environment`.
    """

    def __init__(self, source: str, find: Callable[[str], Signer]) -> None:
        self._source = source
        self._find = find
        self._found: dict[str, Signer] = {}  # a keystore file takes a second to unlock

    def __repr__(self) -> str:
        return f"<Keyring of {self._source}>"

    def signer(self, role: str) -> Signer:
        """Give the signer of *role*.

        Raises:
            ChainError: There is no key for it, or it cannot be unlocked.

        """
        if role not in self._found:
            self._found[role] = self._find(role)
        return self._found[role]

    @classmethod
    def development(cls, name: str, seed: int) -> Keyring:
        """Derive keys from a scenario's *name* and *seed*: for local chains only.

        Anyone can derive the same keys, so :meth:`fedmerit.chain.node.node.Node.send` refuses
        them anywhere else.
        """

        def find(role: str) -> Signer:
            path = ("fedmerit development key", name, str(seed), role)
            # Length-prefixed, so that no two paths run into the same bytes.
            material = b"".join(f"{len(part)}:{part}".encode() for part in path)
            return Signer(role, Account.from_key(keccak(material)), development=True)

        return cls("development keys", find)

    @classmethod
    def keystore(cls, directory: Path, environ: Mapping[str, str] = os.environ) -> Keyring:
        """Read web3 secret storage files: ``sponsor.json``, ``coordinator.json``, ...

        Args:
            directory: Where the files are, one a role.
            environ: Where ``FEDMERIT_KEYSTORE_PASSWORD`` is looked up.

        """

        def find(role: str) -> Signer:
            path = directory / f"{_slug(role, '-')}.json"
            return Signer(role, _unlocked(role, path, environ.get(PASSWORD_VARIABLE)))

        return cls(str(directory), find)

    @classmethod
    def environment(cls, environ: Mapping[str, str] = os.environ) -> Keyring:
        """Read hexadecimal keys from ``FEDMERIT_KEY_SPONSOR``, ``..._COORDINATOR``, ..."""

        def find(role: str) -> Signer:
            variable = f"FEDMERIT_KEY_{_slug(role, '_').upper()}"
            return Signer(role, _parsed(role, variable, environ.get(variable)))

        return cls("the environment", find)


class Signers(NamedTuple):
    """The signers of one job: sponsor, coordinator and participants, in order."""

    sponsor: Signer
    coordinator: Signer
    members: tuple[Signer, ...]

    @classmethod
    def of(cls, keys: Keyring, participants: tuple[str, ...]) -> Signers:
        """Gather everyone's signer.

        Raises:
            ChainError: A key is missing, or two roles share one account.

        """
        roles = (*OFFICES, *participants)
        sponsor, coordinator, *members = everyone = tuple(map(keys.signer, roles))
        owner: dict[str, str] = {}
        for signer in everyone:
            if owner.setdefault(signer.address, signer.role) != signer.role:
                raise ChainError(
                    f"{owner[signer.address]!r} and {signer.role!r} share the account "
                    f"{signer.address}",
                    hint="Give each role a key of its own; names that differ only in "
                    "punctuation share a key file.",
                )
        return cls(sponsor, coordinator, tuple(members))


def _slug(role: str, joint: str) -> str:
    return re.sub(r"\W+", joint, role)


def _unlocked(role: str, path: Path, password: str | None) -> LocalAccount:
    if not path.is_file():
        raise ChainError(
            f"no key for {role!r}: {path} is not there",
            hint=f"Put the web3 secret storage file (JSON, version 3) of {role!r} there.",
        )
    if password is None:
        raise ChainError(
            f"the key of {role!r} is locked and {PASSWORD_VARIABLE} is not set",
            hint=f"Export the keystore's password as {PASSWORD_VARIABLE}.",
        )
    try:
        key = Account.decrypt(path.read_text(encoding="utf-8"), password)
        account: LocalAccount = Account.from_key(key)
    except Exception as error:  # noqa: BLE001 - a damaged file ends in any exception at all
        # Never its text: of a password that is not Unicode it quotes a part.
        raise ChainError(
            f"the key of {role!r} in {path} cannot be unlocked ({type(error).__name__})",
            hint=f"Check {PASSWORD_VARIABLE}, and that the file is web3 secret storage.",
        ) from None
    return account


def _parsed(role: str, variable: str, text: str | None) -> LocalAccount:
    hint = f"Export its private key, 64 hexadecimal digits, as {variable}."
    if not text:
        raise ChainError(f"no key for {role!r}: {variable} is not set", hint=hint)
    try:
        account: LocalAccount = Account.from_key(text.strip())
    except Exception:  # noqa: BLE001 - whatever it was, its message may quote the key
        raise ChainError(f"{variable} does not hold a private key", hint=hint) from None
    return account
