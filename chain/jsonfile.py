"""The JSON form of this room's values: strict on reading, exact on money.

JSON numbers stop being exact at 2^53 in most readers, so amounts travel as decimal strings. A
value has one text only, with its keys sorted: what says the same in other bytes is refused.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

from eth_utils.address import is_checksum_address
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
)
from pydantic import ValidationError as Malformed

from fedmerit.canonical import canonical
from fedmerit.errors import ChainError
from fedmerit.untrusted import check_json

T = TypeVar("T")

#: For ``pydantic.with_config``: an unknown key or a number in quotes is refused.
STRICT: Final = ConfigDict(extra="forbid", strict=True)


def _digits(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _signed(value: object) -> object:
    negative = isinstance(value, str) and value.startswith("-")
    found = _digits(value[1:] if isinstance(value, str) and negative else value)
    return -found if negative and isinstance(found, int) else found


def _checksummed(value: str) -> str:
    if not is_checksum_address(value):
        raise ValueError(f"{value} is not in the upper and lower case of its checksum")
    return value


#: Base units or wei, never negative; a decimal string in JSON.
Amount = Annotated[int, BeforeValidator(_digits), PlainSerializer(str), Field(ge=0)]
#: Any integer; a decimal string in JSON.
Signed = Annotated[int, BeforeValidator(_signed), PlainSerializer(str)]
#: 32 bytes, hex.
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
#: Any bytes but none, hex.
Bytes = Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})+$")]
#: 20 bytes, hex, in the one case that EIP-55 gives it.
Address = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$"), AfterValidator(_checksummed)]
#: Unix seconds, block numbers, gas: far below 2^53.
Count = Annotated[int, Field(ge=0, lt=2**53)]


def dump(value: object) -> str:
    """Write *value*, a dataclass of these fields, as its one text of JSON."""
    return canonical(TypeAdapter(type(value)).dump_python(value, mode="json")).decode()


def load(kind: type[T], text: str) -> T:
    """Read what :func:`dump` wrote.

    Raises:
        ChainError: It is not a *kind*, or not the text that we write of it; the message says
            where, and why.

    """
    try:
        check_json(text.encode())
    except ValueError as error:
        raise ChainError(
            f"not a {kind.__name__.lower()}: {error}",
            hint="The file was altered, or is of another version.",
        ) from error
    try:
        found = TypeAdapter(kind).validate_json(text)
    except Malformed as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the top"
        raise ChainError(
            f"not a {kind.__name__.lower()}: {first['msg']} (at {where})",
            hint="The file was altered, or is of another version.",
        ) from error
    if dump(found) != text:
        raise ChainError(
            f"not a {kind.__name__.lower()} in its canonical form: others might read it otherwise",
            hint="The file was altered, or is of another version.",
        )
    return found
