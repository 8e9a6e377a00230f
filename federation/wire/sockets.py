"""Channels between processes: TLS 1.3 on TCP, both ends with certificates known beforehand.

Of two parties, the one whose name sorts later calls the other. A frame is eight bytes of
length and a message; a length beyond what is accepted is refused before a byte of it is read.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, Self

from fedmerit.errors import ChannelError, FedmeritError, PartyLost
from fedmerit.federation.wire.channel import Channel
from fedmerit.federation.wire.identity import fingerprint
from fedmerit.federation.wire.messages import MOST_BYTES, Message, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LENGTH: Final = 8
_HELLO_BYTES: Final = 4096
_GREETING_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.05
#: Callers that have not yet said who they are.
AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Who meets.

    Attributes:
        name: This party.
        session: What the parties agreed to do, hashed; parties of other sessions are refused.
        folder: Where ``certificate.pem`` and ``key.pem`` lie.
        certificates: Each peer's, PEM.
        seconds: How long to wait for all peers.
        most_bytes: The longest message to accept.

    """

    name: str
    session: str
    folder: Path
    certificates: Mapping[str, str]
    seconds: float = 60.0
    most_bytes: int = MOST_BYTES


class Wire(Channel):
    """A channel on one TLS connection per peer, each read by a thread of its own."""

    def __init__(self, meeting: Meeting, connections: Mapping[str, ssl.SSLSocket]) -> None:
        peers = tuple(sorted(connections))
        super().__init__(meeting.name, peers, most_bytes=meeting.most_bytes)
        self._connections = connections
        self._arrived: dict[str, SimpleQueue[bytes | FedmeritError]] = {
            peer: SimpleQueue() for peer in peers
        }
        for peer in peers:
            Thread(target=self._read, args=(peer,), daemon=True).start()

    def close(self) -> None:
        """Hang up on everyone."""
        for connection in self._connections.values():
            _hang_up(connection)  # closing alone would not end a read, here or there

    def _put(self, to: str, data: bytes) -> None:
        try:
            self._connections[to].sendall(len(data).to_bytes(_LENGTH, "big") + data)
        except OSError as error:
            raise PartyLost(to, why=str(error)) from error

    def _take(self, source: str) -> bytes:
        found = self._arrived[source].get()
        if isinstance(found, FedmeritError):
            self._arrived[source].put(found)  # whoever asks again hears the same
            raise found
        return found

    def _read(self, peer: str) -> None:
        # Reading ahead keeps two parties that send to one another from waiting for ever.
        try:
            while True:
                frame = _frame(self._connections[peer], self.most_bytes, peer)
                self._arrived[peer].put(frame)
        except FedmeritError as error:
            self._arrived[peer].put(error)
        except OSError as error:
            self._arrived[peer].put(PartyLost(peer, why=str(error)))


class Reception:
    """Lets expected peers in, each caller in a thread of its own, and never more than a few.

    Where more call at once, whoever has waited longest without saying who it is, is hung up on:
    idle callers keep nobody out. A flood of callers can.

    Args:
        meeting: Who meets.
        listener: This party's own port.
        expected: Who is to call.

    """

    def __init__(self, meeting: Meeting, listener: socket.socket, expected: Iterable[str]) -> None:
        self._meeting = meeting
        self._listener = listener
        self._expected = {fingerprint(meeting.certificates[peer]): peer for peer in expected}
        self._strangers: dict[ssl.SSLSocket, None] = {}
        self._lock = Lock()
        self._open = True
        self._arrived: SimpleQueue[tuple[str, ssl.SSLSocket] | Exception] = SimpleQueue()
        self._thread = Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        if self._expected:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        if self._expected:
            self._thread.join()
        with self._lock:
            for stranger in self._strangers:
                _hang_up(stranger)

    def wait(self, deadline: float) -> dict[str, ssl.SSLSocket]:
        """Give every expected peer's connection.

        Raises:
            PartyLost: One did not come in time.
            ChannelError: One speaks another version or is in another session.
        """
        connections: dict[str, ssl.SSLSocket] = {}
        refused = "nobody called"
        while missing := set(self._expected.values()) - set(connections):
            try:
                arrived = self._arrived.get(timeout=max(0.0, deadline - monotonic()))
            except Empty as error:
                raise PartyLost(min(missing), why=f"it did not come; {refused}") from error
            if isinstance(arrived, FedmeritError):
                raise arrived
            if isinstance(arrived, Exception):
                refused = f"someone was refused: {arrived}"
            elif arrived[0] not in connections:
                connections[arrived[0]] = arrived[1]
        return connections

    def _accept(self) -> None:
        accepted = [self._meeting.certificates[peer] for peer in self._expected.values()]
        context = _context(ssl.PROTOCOL_TLS_SERVER, self._meeting, accepted)
        self._listener.settimeout(_LOOK_SECONDS)
        while self._open:
            with suppress(OSError):  # nobody called, or whoever did is gone again
                raw, _ = self._listener.accept()
                raw.settimeout(_GREETING_SECONDS)
                stranger = context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                with self._lock:
                    if len(self._strangers) >= AT_ONCE:
                        oldest = next(iter(self._strangers))
                        del self._strangers[oldest]
                        _hang_up(oldest)
                    self._strangers[stranger] = None
                Thread(target=self._receive, args=(stranger,), daemon=True).start()

    def _receive(self, stranger: ssl.SSLSocket) -> None:
        try:
            peer = self._recognise(stranger)
            _greet(stranger, self._meeting, peer)
            _check(decode(_frame(stranger, _HELLO_BYTES, peer)), self._meeting, peer)
            with self._lock:
                self._strangers.pop(stranger, None)
            stranger.settimeout(None)
            self._arrived.put((peer, stranger))
        except (OSError, ValueError, FedmeritError) as error:
            self._arrived.put(error)
            with self._lock:
                self._strangers.pop(stranger, None)
            _hang_up(stranger)

    def _recognise(self, stranger: ssl.SSLSocket) -> str:
        """Say who it is by its pinned certificate; OSError for anybody else, who may try again."""
        stranger.do_handshake()
        shown = stranger.getpeercert(binary_form=True) or b""
        if (peer := self._expected.get(sha256(shown).hexdigest())) is None:
            raise ConnectionRefusedError("its certificate is not pinned")
        return peer


def listen(host: str = "127.0.0.1") -> socket.socket:
    """Open a port for peers to call, any that is free."""
    return socket.create_server((host, 0))


def meet(
    meeting: Meeting, listener: socket.socket, addresses: Mapping[str, tuple[str, int]]
) -> Wire:
    """Connect with every peer.

    Args:
        meeting: Who meets.
        listener: This party's own port.
        addresses: Host and port of each peer.

    Raises:
        PartyLost: A peer did not come in time, or refused this party.
        ChannelError: A peer speaks another version or is in another session.

    """
    deadline = monotonic() + meeting.seconds
    later = [peer for peer in addresses if peer > meeting.name]
    with Reception(meeting, listener, later) as reception:
        connections = {
            peer: _call(meeting, peer, addresses[peer])
            for peer in sorted(p for p in addresses if p < meeting.name)
        }
        connections.update(reception.wait(deadline))
    return Wire(meeting, connections)


def _call(meeting: Meeting, peer: str, address: tuple[str, int]) -> ssl.SSLSocket:
    context = _context(ssl.PROTOCOL_TLS_CLIENT, meeting, [meeting.certificates[peer]])
    try:
        raw = socket.create_connection(address, timeout=_GREETING_SECONDS)
        connection = context.wrap_socket(raw)
        _greet(connection, meeting, peer)
        reply = decode(_frame(connection, _HELLO_BYTES, peer))
    except OSError as error:
        raise PartyLost(peer, why=f"it cannot be reached, or refuses us: {error}") from error
    _check(reply, meeting, peer)
    connection.settimeout(None)
    return connection


def _hang_up(connection: socket.socket) -> None:
    """End a connection, and whoever reads from it in another thread."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _greet(connection: ssl.SSLSocket, meeting: Meeting, peer: str) -> None:
    fields = {"from": meeting.name, "to": peer, "session": meeting.session}
    data = encode(Message("hello", 0, fields))
    connection.sendall(len(data).to_bytes(_LENGTH, "big") + data)


def _check(hello: Message, meeting: Meeting, peer: str) -> None:
    said = hello.kind, hello.text("from"), hello.text("to"), hello.text("session")
    if said != ("hello", peer, meeting.name, meeting.session):
        raise ChannelError(
            f"{peer} greeted as {said[1]!r} to {said[2]!r} in session {said[3][:18]}, "
            f"not in {meeting.session[:18]}",
            hint="All parties must have the same settings and the same list of parties.",
        )


def _context(side: int, meeting: Meeting, accepted: list[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the certificate itself is pinned
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata="".join(accepted))
    context.load_cert_chain(meeting.folder / "certificate.pem", meeting.folder / "key.pem")
    return context


def _frame(connection: ssl.SSLSocket, most: int, peer: str) -> bytes:
    length = int.from_bytes(_exactly(connection, _LENGTH, peer), "big")
    if length > most:
        raise ChannelError(
            f"{peer} announced a message of {length} bytes, more than the {most} accepted",
            hint="Use smaller batches, or raise most_bytes for every party.",
        )
    return _exactly(connection, length, peer)


def _exactly(connection: ssl.SSLSocket, length: int, peer: str) -> bytes:
    parts = []
    while length:
        part = connection.recv(min(length, 2**20))
        if not part:
            raise PartyLost(peer, why="it hung up")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
