"""Addresses of nodes: which can be used, and what of one may be shown.

Providers put access keys into user names, paths and queries. So an error or a log shows the
scheme, the host and the port, and nothing of an address that cannot be read.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from fedmerit.errors import BadAddress

_SOCKETS = {"ws", "wss"}


class Address(NamedTuple):
    """A node's address.

    Attributes:
        full: All of it, which may hold secrets.
        shown: The part without any.

    """

    full: str
    shown: str

    @property
    def told(self) -> str:
        """The address as a command names it: cut short where it may hold a secret."""
        whole = self.full.rstrip("/") == self.shown
        return self.full if whole else f"{self.shown}/..."

    @classmethod
    def of(cls, rpc: str) -> Address:
        """Read *rpc*.

        Raises:
            BadAddress: It is no address of a node over HTTP; the message quotes nothing of it.

        """
        if any(not character.isprintable() or character.isspace() for character in rpc):
            raise BadAddress("it has spaces or control characters in it")
        try:
            parts = urlsplit(rpc)
            host, port = parts.hostname, parts.port
        except ValueError:  # its text quotes the address
            raise BadAddress(
                "its host or port cannot be read",
                hint="Write special characters of a password as %XX, and IPv6 hosts in [brackets].",
            ) from None
        _check_scheme(parts)
        if not host:
            raise BadAddress("it names no host")
        host = f"[{host}]" if ":" in host else host
        return cls(rpc, f"{parts.scheme}://{host}" + (f":{port}" if port else ""))


def _check_scheme(parts: SplitResult) -> None:
    if parts.scheme in _SOCKETS:
        raise BadAddress(
            "it is a WebSocket's, not an http(s) address",
            hint="Nodes that listen on ws:// listen on http:// too: name that address.",
        )
    if parts.scheme not in {"http", "https"}:
        raise BadAddress(
            "it is not an http(s) address",
            hint="Write it as http://HOST:PORT; IPC sockets are not supported.",
        )
