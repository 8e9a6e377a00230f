"""What was said, by digest: who sent whom how many bytes, and one root over it all.

The order is by sender, receiver and number, never by time, so that the root does not depend on
which of two messages overtook the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from fedmerit.canonical import canonical, digest
from fedmerit.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One message.

    Attributes:
        sender: Who sent it.
        receiver: Whom.
        number: From 1, for each pair of sender and receiver.
        kind: The message's kind.
        size: Its bytes.
        depth: Length of the longest chain of messages that ends with it.
        digest: Keccak-256 of its bytes, ``0x`` and 64 hex digits.

    """

    sender: str
    receiver: str
    number: int
    kind: str
    size: int
    depth: int
    digest: str

    @classmethod
    def of(cls, way: tuple[str, str], number: int, kind: str, depth: int, data: bytes) -> Entry:
        """Give the entry of a message's bytes; *way* is its sender and its receiver."""
        shown = "0x" + keccak(data).hex()
        return cls(*way, number, kind, len(data), depth, shown)


@dataclass(frozen=True, slots=True)
class Transcript:
    """Every message of a protocol, in canonical order."""

    entries: tuple[Entry, ...]

    @classmethod
    def join(
        cls, sent: Mapping[str, Iterable[Entry]], received: Mapping[str, Iterable[Entry]]
    ) -> Transcript:
        """Join what each party says it sent and received.

        Raises:
            ChannelError: Two parties remember a message differently.
        """
        all_sent = sorted(entry for entries in sent.values() for entry in entries)
        all_received = sorted(entry for entries in received.values() for entry in entries)
        if all_sent != all_received:
            odd = min(set(all_sent) ^ set(all_received))
            raise ChannelError(
                f"{odd.sender} and {odd.receiver} remember message {odd.number}, {odd.kind!r}, "
                f"differently",
                hint="One of them altered it, or never read it. Keep both records.",
            )
        return cls(tuple(all_sent))

    @property
    def root(self) -> str:
        """Keccak-256 of all entries in canonical JSON, ``0x`` and 64 hex digits."""
        return digest(canonical(self.rows()))

    @property
    def rounds(self) -> int:
        """Length of the longest chain of messages, each waiting for the one before."""
        return max((entry.depth for entry in self.entries), default=0)

    def rows(self) -> list[dict[str, str | int]]:
        """Give the entries for a JSON file."""
        return [asdict(entry) for entry in self.entries]

    def bytes_sent(self) -> dict[str, int]:
        """Give the bytes that each party sent."""
        totals: Counter[str] = Counter()
        for entry in self.entries:
            totals[entry.sender] += entry.size
        return dict(sorted(totals.items()))
