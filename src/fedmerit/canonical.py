"""The one byte string of a value, and its digest: what two parties hash and compare."""

from __future__ import annotations

import json

from eth_utils.crypto import keccak


def canonical(value: object) -> bytes:
    """Give the one byte string in which a bundle holds a JSON value.

    Raises:
        TypeError: There is a float in it; floats do not hash alike everywhere.
    """
    _refuse_floats(value)
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def digest(content: bytes) -> str:
    """Give the Keccak-256 of *content* as ``0x`` and 64 hex digits."""
    return "0x" + keccak(content).hex()


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        msg = f"{value} is a float, and floats never enter a hash"
        raise TypeError(msg)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _refuse_floats(part)
