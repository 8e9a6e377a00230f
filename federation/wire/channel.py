"""What a party talks through: every message becomes bytes, is counted, and can be recorded.

A protocol is written once, as one function per party that sends and receives. In one process
each runs in a thread of its own; :mod:`fedmerit.federation.wire.processes` gives each its
own process. Waiting for a message that never comes ends when its sender does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from fedmerit.errors import ChannelError, PartyLost
from fedmerit.federation.wire.messages import MOST_BYTES, Message, Value, decode, encode
from fedmerit.federation.wire.transcript import Entry, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fedmerit.federation.wire.journal import Journal

Result = TypeVar("Result")

_NO_MORE: Final = b""


class Channel(ABC):
    """One party's way to all others.

    Args:
        name: The party's own name.
        peers: Everyone else.
        record: Whether to keep what it receives, for tests and for the curious.
        most_bytes: The longest message to accept.

    Attributes:
        sent: An entry for each message sent.
        received: An entry for each message received.
        recorded: ``(sender, message)`` of all that was received, if *record*.
        journal: Holds what is received against what was, where a party goes on after a break.

    """

    def __init__(
        self,
        name: str,
        peers: tuple[str, ...],
        *,
        record: bool = False,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.name = name
        self.peers = peers
        self.sent: list[Entry] = []
        self.received: list[Entry] = []
        self.recorded: list[tuple[str, Message]] = []
        self.journal: Journal | None = None
        self.most_bytes = most_bytes
        self._record = record
        self._depth = 0
        self._numbers: defaultdict[tuple[str, str], int] = defaultdict(int)

    def send(self, to: str, kind: str, /, **fields: Value) -> None:
        """Send a message to one peer.

        Raises:
            PartyLost: The peer is gone.
            ChannelError: There is no such peer, or the message is too long.
        """
        self._known(to)
        data = encode(Message(kind, self._depth + 1, fields))
        if len(data) > self.most_bytes:
            raise ChannelError(
                f"a message {kind!r} of {len(data)} bytes is longer than {self.most_bytes}",
                hint="Use smaller batches, or raise most_bytes for every party.",
            )
        self.sent.append(self._entry(self.name, to, kind, self._depth + 1, data))
        self._put(to, data)

    def receive(self, source: str, kind: str, /) -> Message:
        """Wait for the next message of one peer.

        Raises:
            PartyLost: The peer is gone.
            ChannelError: What came is no message, or not of this kind, or not what came before
                a break.
        """
        self._known(source)
        data = self._take(source)
        message = decode(data)
        self.received.append(self._entry(source, self.name, message.kind, message.depth, data))
        if message.kind != kind:
            raise ChannelError(
                f"{self.name} expected {kind!r} from {source}, and got {message.kind!r}",
                hint="All parties must run the same protocol with the same settings.",
            )
        if self.journal is not None:
            self.journal.note(source, data)
        self._depth = max(self._depth, message.depth)
        if self._record:
            self.recorded.append((source, message))
        return message

    def _known(self, peer: str) -> None:
        if peer not in self.peers:
            raise ChannelError(f"{self.name} has no peer {peer!r}, only {', '.join(self.peers)}")

    def _entry(self, sender: str, receiver: str, kind: str, depth: int, data: bytes) -> Entry:
        self._numbers[sender, receiver] += 1
        number = self._numbers[sender, receiver]
        return Entry.of((sender, receiver), number, kind, depth, data)

    @abstractmethod
    def _put(self, to: str, data: bytes) -> None:
        """Hand bytes over."""

    @abstractmethod
    def _take(self, source: str) -> bytes:
        """Wait for bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Played(Generic[Result]):
    """A protocol that ran to its end.

    Attributes:
        results: What each party's program gave.
        transcript: What was said.
        recorded: What each party received, if it was recorded.

    """

    results: Mapping[str, Result]
    transcript: Transcript
    recorded: Mapping[str, list[tuple[str, Message]]]


def play(
    programs: Mapping[str, Callable[[Channel], Result]],
    *,
    record: bool = False,
    most_bytes: int = MOST_BYTES,
) -> Played[Result]:
    """Run every party's program in one process, each in a thread.

    Args:
        programs: What each party does, by its name.
        record: Whether to keep every message.
        most_bytes: The longest message that is accepted.

    Raises:
        Exception: Whatever the first program to fail raised; the others end with it.

    """
    names = tuple(programs)
    wires: dict[tuple[str, str], SimpleQueue[bytes]] = {
        (a, b): SimpleQueue() for a in names for b in names if a != b
    }
    channels = {
        name: _Local(name, tuple(n for n in names if n != name), wires, record, most_bytes)
        for name in names
    }
    failures: list[Exception] = []

    def run(name: str) -> Result | None:
        try:
            return programs[name](channels[name])
        except Exception as error:  # noqa: BLE001 - raised again below, by the one who waits
            failures.append(error)
            return None
        finally:
            channels[name].close()

    with ThreadPoolExecutor(len(names)) as pool:
        found = dict(zip(names, pool.map(run, names), strict=True))
    if failures:
        raise next((e for e in failures if not isinstance(e, PartyLost)), failures[0])
    return Played(
        results=found,  # type: ignore[arg-type]  # nobody failed, so nobody gave None for it
        transcript=join(channels.values()),
        recorded={name: channel.recorded for name, channel in channels.items()},
    )


def join(channels: Iterable[Channel]) -> Transcript:
    """Join the records of all parties' channels into one transcript."""
    ends = list(channels)
    return Transcript.join({c.name: c.sent for c in ends}, {c.name: c.received for c in ends})


class _Local(Channel):
    """Queues of bytes between threads."""

    def __init__(
        self,
        name: str,
        peers: tuple[str, ...],
        wires: Mapping[tuple[str, str], SimpleQueue[bytes]],
        record: bool,
        most_bytes: int,
    ) -> None:
        super().__init__(name, peers, record=record, most_bytes=most_bytes)
        self._wires = wires

    def close(self) -> None:
        """Tell every peer that nothing more will come."""
        for peer in self.peers:
            self._wires[self.name, peer].put(_NO_MORE)

    def _put(self, to: str, data: bytes) -> None:
        self._wires[self.name, to].put(data)

    def _take(self, source: str) -> bytes:
        data = self._wires[source, self.name].get()
        if data == _NO_MORE:
            raise PartyLost(source, why=f"it ended while {self.name} waited for it")
        return data
