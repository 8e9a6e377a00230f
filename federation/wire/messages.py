"""The bytes of a message between two parties: a small format of our own, which executes nothing.

A message is a kind, a depth and named fields. A field is an integer of any length, bytes, text,
an array, or a list of whole numbers of one width (ciphertexts). Every length is checked before
anything is allocated, and each value has one encoding: bytes that would encode to others again
are refused. msgpack, the usual choice, stops at integers of 64 bits, and writes one value in
several ways.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from fedmerit.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The protocol's version: parties that speak another are refused.
VERSION: Final = 1
#: The longest message that is accepted unless one says otherwise, in bytes.
MOST_BYTES: Final = 2**28

#: Whole numbers from 0, all below ``2 ** (8 * width)`` with one width in the message.
Numbers = list[int]
#: What a field may hold.
Value = int | bytes | str | NDArray[np.generic] | Numbers

_MAGIC: Final = b"FMV" + bytes([VERSION])
_HEAD: Final = struct.Struct(">4sIBB")
_DEPTH_AT: Final = len(_MAGIC)
_DEPTH_BYTES: Final = 4
_FIELD: Final = struct.Struct(">BcQ")
_COUNT: Final = struct.Struct(">IQ")
_DTYPES: Final = ("|b1", "|u1", "<i8", "<f4", "<f8")
_MOST_AXES: Final = 4
#: Whole numbers in one field: four million.
_MOST_NUMBERS: Final = 2**22
#: Bytes of a number that numpy reads.
_WORD: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One message, as its receiver reads it.

    Attributes:
        kind: What it is, say ``"gradient"``.
        depth: 1 more than the deepest message that its sender had received.
        fields: Its content.

    """

    kind: str
    depth: int
    fields: Mapping[str, Value]

    def integer(self, name: str) -> int:
        """Give a field that must be an integer."""
        value = self._field(name)
        if not isinstance(value, int):
            raise self._wrong(name, "an integer")
        return value

    def text(self, name: str) -> str:
        """Give a field that must be text."""
        value = self._field(name)
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def octets(self, name: str, *, count: int | None = None) -> bytes:
        """Give a field that must be bytes, *count* of them unless it is None."""
        value = self._field(name)
        if not isinstance(value, bytes) or (count is not None and len(value) != count):
            raise self._wrong(name, f"{'' if count is None else count} bytes")
        return value

    def numbers(self, name: str, *, count: int | None = None) -> Numbers:
        """Give a field that must be whole numbers, *count* of them unless it is None."""
        value = self._field(name)
        if not isinstance(value, list) or (count is not None and len(value) != count):
            raise self._wrong(name, f"{'' if count is None else count} whole numbers")
        return value

    def array(self, name: str, dtype: str, shape: tuple[int | None, ...]) -> NDArray[np.generic]:
        """Give a field that must be an array; None in *shape* is any length."""
        value = self._field(name)
        fits = (
            isinstance(value, np.ndarray)
            and value.dtype == np.dtype(dtype)
            and value.ndim == len(shape)
            and all(want in (None, have) for want, have in zip(shape, value.shape, strict=True))
        )
        if not fits:
            raise self._wrong(name, f"an array of {dtype}, shape {shape}")
        return np.asarray(value)

    def _field(self, name: str) -> Value:
        if name not in self.fields:
            raise ChannelError(f"a message {self.kind!r} has no field {name!r}")
        return self.fields[name]

    def _wrong(self, name: str, wanted: str) -> ChannelError:
        return ChannelError(f"field {name!r} of a message {self.kind!r} is not {wanted.strip()}")


def encode(message: Message) -> bytes:
    """Give the one byte string of a message.

    Raises:
        ChannelError: A field holds what no message may hold.
    """
    kind = message.kind.encode()
    parts = [_HEAD.pack(_MAGIC, message.depth, len(kind), len(message.fields)), kind]
    for name, value in sorted(message.fields.items()):
        tag, payload = _payload(name, value)
        key = name.encode()
        parts += [_FIELD.pack(len(key), tag, len(payload)), key, payload]
    return b"".join(parts)


def decode(data: bytes) -> Message:
    """Read a message.

    Raises:
        ChannelError: The bytes are of another version, or are no message.
    """
    if len(data) < _HEAD.size:
        raise ChannelError(f"a message of {len(data)} bytes is too short")
    magic, depth, length, count = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise ChannelError(
            f"a message begins with {magic!r}, not with {_MAGIC!r}",
            hint="All parties must run the same version of the protocol.",
        )
    reader = _Reader(data, _HEAD.size)
    try:
        kind = reader.take(length).decode()
        fields = dict(reader.field() for _ in range(count))
    except (ValueError, struct.error) as error:
        raise ChannelError(f"a message of {len(data)} bytes cannot be read: {error}") from error
    message = Message(kind, depth, MappingProxyType(fields))
    if encode(message) != data:
        raise ChannelError(f"a message {kind!r} is not in its one encoding")
    return message


def content(data: bytes) -> bytes:
    """Give a message's bytes without its depth, which depends on what was said before it."""
    return data[:_DEPTH_AT] + data[_DEPTH_AT + _DEPTH_BYTES :]


class _Reader:
    """Takes parts of a message from its front; ValueError past its end."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def take(self, length: int) -> bytes:
        if length > len(self._data) - self._at:
            raise ValueError("it ends too soon")
        self._at += length
        return self._data[self._at - length : self._at]

    def field(self) -> tuple[str, Value]:
        name, tag, length = _FIELD.unpack(self.take(_FIELD.size))
        key = self.take(name).decode()
        if tag not in _READERS:
            raise ValueError(f"field {key!r} has the unknown type {tag!r}")
        return key, _READERS[tag](self.take(length))


def _payload(name: str, value: Value) -> tuple[bytes, bytes]:
    if isinstance(value, int) and not isinstance(value, bool):
        return b"i", value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    if isinstance(value, bytes):
        return b"b", value
    if isinstance(value, str):
        return b"s", value.encode()
    if isinstance(value, np.ndarray):
        return b"a", _array_bytes(name, value)
    if isinstance(value, list):
        return b"n", _number_bytes(value)
    raise ChannelError(f"field {name!r} holds {type(value).__name__}, which no message may hold")


def _array_bytes(name: str, array: NDArray[np.generic]) -> bytes:
    kind = array.dtype.newbyteorder("<").str
    if kind not in _DTYPES or array.ndim > _MOST_AXES:
        raise ChannelError(f"field {name!r}: no message holds {array.ndim} axes of {array.dtype}")
    head = struct.pack(f">BB{array.ndim}Q", _DTYPES.index(kind), array.ndim, *array.shape)
    return head + np.ascontiguousarray(array, dtype=kind).tobytes()


def _array(payload: bytes) -> NDArray[np.generic]:
    code, axes = struct.unpack_from(">BB", payload)
    if code >= len(_DTYPES) or axes > _MOST_AXES:
        raise ValueError(f"an array of type {code} with {axes} axes")
    shape = struct.unpack_from(f">{axes}Q", payload, 2)
    dtype = np.dtype(_DTYPES[code])
    start = 2 + 8 * axes
    if prod(shape) * dtype.itemsize != len(payload) - start:
        raise ValueError(f"an array of shape {shape} in {len(payload) - start} bytes")
    return np.frombuffer(payload, dtype=dtype, offset=start).reshape(shape)


def _number_bytes(numbers: Numbers) -> bytes:
    width = max(numbers).bit_length() // 8 + 1 if numbers else 0
    head = _COUNT.pack(width, len(numbers))
    if width <= _WORD:  # a message may be full of small numbers
        words = np.array(numbers, dtype=">u8").view(np.uint8).reshape(-1, _WORD)
        return head + words[:, _WORD - width :].tobytes()
    return head + b"".join(n.to_bytes(width, "big") for n in numbers)


def _numbers(payload: bytes) -> Numbers:
    width, count = _COUNT.unpack_from(payload)
    body = payload[_COUNT.size :]
    if width * count != len(body) or (width == 0 and count > 0):
        raise ValueError(f"{count} numbers of {width} bytes in {len(body)} bytes")
    if count > _MOST_NUMBERS:
        raise ValueError(f"{count} numbers in one field")
    if width <= _WORD:
        words = np.zeros((count, _WORD), dtype=np.uint8)
        words[:, _WORD - width :] = np.frombuffer(body, dtype=np.uint8).reshape(count, width)
        return list(words.view(">u8").ravel().tolist())
    return [int.from_bytes(body[at : at + width], "big") for at in range(0, len(body), width)]


_READERS: Final[Mapping[bytes, Callable[[bytes], Value]]] = MappingProxyType(
    {
        b"i": lambda payload: int.from_bytes(payload, "big", signed=True),
        b"b": bytes,
        b"s": lambda payload: payload.decode(),
        b"a": _array,
        b"n": _numbers,
    }
)
