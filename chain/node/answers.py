"""What a server may answer over HTTP, and which error of ours each is.

Nothing here quotes a request's address, which may hold an access key, and what a node repeats of
it is taken out; what a server says is cut short, and stripped of what would move a terminal's
cursor.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from requests.exceptions import ConnectTimeout, SSLError
from urllib3.exceptions import NameResolutionError

from fedmerit.errors import BadAddress, BadAnswer, NodeError, TooSlow, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from requests import Response
    from web3.types import RPCResponse

    from fedmerit.chain.node.secrets import Secrets

#: How much of what a node says is passed on.
_MAX_WORDS: Final = 300
#: Statuses of servers between us and a node that could not pass a request on.
_GATEWAY: Final = frozenset({500, 502, 503, 520, 521, 522, 523})
#: Statuses of servers that waited for a node longer than they would.
_SLOW: Final = frozenset({408, 504, 524})
#: How nodes say that they are asked too often: by status, by code, or in words.
_LIMITED: Final = frozenset({-32005, -32007, -32029, -32090, 429})
_LIMIT_WORDS: Final = ("rate limit", "too many requests", "request rate", "per second")
#: Nodes use this code for a search that is too wide, too.
_WIDE: Final = -32005
_HINTS: Final = {
    401: "Check the access key in the address.",
    403: "Check the access key in the address, and that it may be used from here.",
    404: "Check the path of the address.",
}


class Dropped(Unreachable):
    """A connection was made, and ended without an answer."""


class TooMany(BadAnswer):
    """The node limits how often it is asked.

    Attributes:
        retry_after: Seconds that it asks us to wait; 0 if it does not say.
    """

    def __init__(self, url: str, *, answer: str, retry_after: float) -> None:
        hint = "Try again later, or use a node or an access key with a higher limit."
        super().__init__(url, answer=answer, hint=hint, passing=True)
        self.retry_after = retry_after


def parsed(url: str, method: str, response: Response, body: bytes, secrets: Secrets) -> RPCResponse:
    """Give the JSON-RPC answer in *body*, without the *secrets* of the request's address.

    Raises:
        BadAnswer: It is none, or says that *method* was asked for too often.
        TooSlow: A server in between did not wait for the node any longer.

    """
    status = response.status_code
    answer = _json(body)
    error = answer.get("error") if answer else None
    limited = isinstance(error, dict) and _limits(method, error)
    if answer is not None:
        answer = secrets.hide(answer)
        error = answer.get("error")
    if status == HTTPStatus.TOO_MANY_REQUESTS or limited:
        said = printable(error.get("message")) if isinstance(error, dict) else ""
        told = f"{_status(status)}: {said}" if said else _status(status)
        raise TooMany(url, answer=told, retry_after=_seconds(response.headers.get("Retry-After")))
    if answer is not None and (status == HTTPStatus.OK or error is not None):
        return cast("RPCResponse", answer)
    if status in _SLOW:
        raise TooSlow(url, why=_status(status))
    if status != HTTPStatus.OK:
        raise BadAnswer(
            url, answer=_status(status), hint=_HINTS.get(status, ""), passing=status in _GATEWAY
        )
    kind = "HTML" if body.lstrip()[:1] == b"<" else "what is no JSON-RPC"
    raise BadAnswer(url, answer=f"with {kind}", passing=True)


def unanswered(url: str, error: Exception) -> NodeError:
    """Make the error for a request that *error* ended before there was any answer."""
    if isinstance(error, ValueError):  # of requests, of urllib3, or of an encoding
        return BadAddress("its host cannot be read")
    if isinstance(error, SSLError):
        return BadAnswer(url, answer="with a certificate or a protocol that TLS does not accept")
    if isinstance(error, ConnectTimeout):
        return Unreachable(url, why="no connection is made in time")
    causes = tuple(_causes(error))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Unreachable(url, why="the connection is refused")
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return Unreachable(url, why="no such host is known")
    return Dropped(url, why="the connection is dropped")


def printable(text: object) -> str:
    """Give what a node said on one line, cut short, without control characters."""
    line = " ".join(str(text or "").split())
    clean = "".join(character if character.isprintable() else "?" for character in line)
    return clean if len(clean) <= _MAX_WORDS else f"{clean[:_MAX_WORDS]}..."


def _json(body: bytes) -> dict[str, Any] | None:
    """Read a JSON-RPC answer; None if it is none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    if not isinstance(answer, dict) or not {"result", "error"} & answer.keys():
        return None
    return answer


def _limits(method: str, error: dict[str, Any]) -> bool:
    words = str(error.get("message", "")).lower()
    if any(phrase in words for phrase in _LIMIT_WORDS):
        return True
    code = error.get("code")
    return code in _LIMITED and not (code == _WIDE and method == "eth_getLogs")


def _status(status: int) -> str:
    if status == HTTPStatus.OK:
        return "that it is asked too often"
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isascii() and header.isdigit() else 0.0


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give *error*, and whatever it was raised from or carries: urllib3 wraps in all three ways."""
    waiting, met = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or id(cause) in met:
            continue
        met.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
