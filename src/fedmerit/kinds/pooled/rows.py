"""What the chain is told of pooled rows: a digest of each member's, and their root."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fedmerit.canonical import digest
from fedmerit.chain import update_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.federation.data.consortium import Member

#: Why a member without rows is paid nothing.
NO_ROWS: Final = "it brought no rows"


def row_digest(member: Member) -> str:
    """Give the Keccak-256 of a member's training rows as the estimator is fitted to them, hex."""
    shape = f"{member.features.shape}".encode()
    return digest(
        shape + member.features.astype("<f4").tobytes() + member.labels.astype("<i8").tobytes()
    )


def bound(digests: Sequence[str]) -> dict[str, Any]:
    """Give what the chain is told of the members' rows."""
    return {
        "update_digests": tuple(digests),
        "update_root": "0x" + update_root([bytes.fromhex(each[2:]) for each in digests]).hex(),
    }
