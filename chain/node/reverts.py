"""One place where a node's troubles become this package's errors.

A contract's own error becomes :class:`~fedmerit.errors.Reverted`, with its name and arguments
looked up over the ABIs of all contracts.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import (
    abi_to_signature,
    function_signature_to_4byte_selector,
    get_abi_input_types,
)
from eth_utils.exceptions import ValidationError
from web3.exceptions import (
    BadFunctionCallOutput,
    BlockNotFound,
    ContractLogicError,
    TransactionNotFound,
    Web3RPCError,
)

from fedmerit.chain.node.answers import printable
from fedmerit.contracts import artifact, names
from fedmerit.errors import (
    BadAnswer,
    ChainError,
    ChainMoved,
    FedmeritError,
    NodeRefused,
    Reverted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eth_typing import ABIError

#: What a person can do about the errors that a person can cause.
HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AlreadyJoined": "This account is a member already: give each participant its own key.",
        "AlreadyPending": "Finalise the report that waits, once its challenge window is over.",
        "BudgetOutOfRange": "Choose a budget of 1 to 2^128 - 1 base units.",
        "EndsTooSoon": "Choose a later end, or a shorter challenge window.",
        "ERC20InsufficientAllowance": "Approve the vault for the amount first.",
        "ERC20InsufficientBalance": "The sponsor has too little of the token: mint or buy more.",
        "InexactTransfer": "Pay in a token that takes no fee on transfers.",
        "InvalidProof": "The amount or the index is not that of the final report.",
        "JobNotOver": "The reserve is refunded only after the job's end.",
        "JobOver": "The job has ended; open a new one.",
        "NoTokenAt": "Deploy the token first, or check its address.",
        "NotAllowed": "This account was not on the list that the job was opened with.",
        "NotCoordinator": "Sign with the coordinator's key.",
        "NotInCommittee": "Sign with the keys of the committee that the job was opened with.",
        "NotMember": "Let the participant join before registration is closed.",
        "NotSponsor": "Sign with the sponsor's key.",
        "NothingToClaim": "The participant has been paid already, or is owed nothing.",
        "OutOfOrder": "Commit the rounds one by one; another process may have done so already.",
        "OverBudget": "Pay no more in one period than the job's terms allow.",
        "OwnableUnauthorizedAccount": "Only the token's owner mints: sign with the sponsor's key.",
        "RegistrationOpen": "Close the registration first.",
        "RegistrationOver": "Registration is closed; open a new job for other participants.",
        "StillChallengeable": "Wait until the challenge window is over.",
        "TooFewSignatures": "Gather more signatures of the committee.",
        "Underfunded": "Put the whole budget into the vault first.",
        "UnknownJob": "Check the job's number, and that this is the chain it was opened on.",
        "WrongMembers": "List every member, in the order in which they joined.",
        "WrongUpdates": "Sign a report about the update roots that were committed.",
    }
)


@contextmanager
def translated(url: str, *, remote: bool = True) -> Iterator[None]:
    """Turn whatever a node at *url* raises into a :class:`~fedmerit.errors.ChainError`.

    Of a *remote* node that is everything: what cannot be read in its answers ends in any
    exception of web3, of the decoders below it, or of Python itself.
    """
    try:
        yield
    except FedmeritError:
        raise
    except ContractLogicError as error:
        raise reverted(error) from error
    except (TransactionNotFound, BlockNotFound) as error:
        raise ChainMoved(f"{url} does not hold any more what it held: {error}") from error
    except BadFunctionCallOutput as error:
        raise ChainError(
            f"a contract did not answer: {printable(error)}",
            hint="Check that the addresses are those of this chain.",
        ) from error
    except ValidationError as error:
        raise ChainError(f"{url} refused: {node_words(error)}") from error
    except Web3RPCError as error:
        raise NodeRefused(url, words=node_words(error), code=_code(error)) from error
    except Exception as error:
        if not remote:
            raise
        told = f"what cannot be read ({type(error).__name__}: {printable(error)})"
        raise BadAnswer(url, answer=told) from error


def reverted(error: ContractLogicError) -> Reverted:
    """Name the custom error behind web3's exception."""
    data = _revert_data(error)
    name, arguments = _decoded(data)
    if not name:
        return Reverted("unnamed error", (node_words(error),))
    return Reverted(name, arguments, hint=HINTS.get(name, ""))


def _decoded(data: bytes) -> tuple[str, tuple[object, ...]]:
    entry = _errors().get(data[:4])
    if entry is None:
        return "", ()
    try:
        values = decode(get_abi_input_types(entry), data[4:])
    except DecodingError:
        return entry["name"], ()
    return entry["name"], tuple(_plain(value) for value in values)


def _plain(value: object) -> object:
    return f"0x{value.hex()}" if isinstance(value, bytes) else value


@cache
def _errors() -> dict[bytes, ABIError]:
    """Give every error of every contract by its selector, and Solidity's own two."""
    found: list[ABIError] = [
        {"type": "error", "name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
        {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
    ]
    for name in names():
        found += [cast("ABIError", e) for e in artifact(name).abi if e["type"] == "error"]
    return {function_signature_to_4byte_selector(abi_to_signature(e)): e for e in found}


def _revert_data(error: ContractLogicError) -> bytes:
    """Give the bytes a call reverted with; empty where the node sent none."""
    with suppress(ValueError):
        return bytes.fromhex(str(error.data).removeprefix("0x"))
    return b""


def node_words(error: Exception) -> str:
    """Give a node's own words, without what web3 wraps them in."""
    message = _told(error).get("message")
    return printable(message or error).removeprefix("execution reverted: ")


def _code(error: Exception) -> int:
    code = _told(error).get("code")
    return code if isinstance(code, int) else 0


def _told(error: Exception) -> Mapping[str, object]:
    """Give the error object of a node's answer; nothing if it sent none."""
    response = error.rpc_response if isinstance(error, Web3RPCError) else None
    detail = response.get("error") if response else None
    return cast("Mapping[str, object]", detail) if isinstance(detail, dict) else {}
