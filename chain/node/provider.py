"""JSON-RPC over HTTP with the patience that public nodes ask for.

A request that was dropped, or that a gateway could not pass on, is made again; one that came
too often is made later. Doing so is safe: whatever asks changes nothing, and the same signed
transaction given twice is mined once. What moves a local chain's clock is not asked twice.
"""

from __future__ import annotations

import logging
import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError
from web3 import HTTPProvider

from fedmerit.chain.node import answers
from fedmerit.chain.node.secrets import Secrets
from fedmerit.errors import BadAnswer, NodeError, TooSlow, Unreachable, WrongChain

if TYPE_CHECKING:
    from web3.types import RPCEndpoint, RPCResponse

    from fedmerit.chain.node.address import Address

log = logging.getLogger(__name__)

#: How long a connection and an answer may take. A search for logs that takes longer is split.
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
#: How long a request that failed is made again, and one that was refused as too frequent.
FAULT_SECONDS: Final = 10.0
LIMIT_SECONDS: Final = 180.0
#: The same before the node has answered once: a wrong address is told soon.
FIRST_SECONDS: Final = 2.0
FIRST_PAUSE_SECONDS: Final = 0.1
LAST_PAUSE_SECONDS: Final = 30.0
#: More than any answer of a node that we ask for.
MAX_ANSWER_BYTES: Final = 2**28
#: What may be asked twice.
_REPEATABLE: Final = ("eth_", "net_", "web3_", "anvil_get")


class PatientProvider(HTTPProvider):
    """A connection that asks again.

    Args:
        address: Where the node is.

    Attributes:
        chain_id: The chain it has to be of after a connection was lost; None before it is known.

    """

    def __init__(self, address: Address) -> None:
        super().__init__(address.full, exception_retry_configuration=None)
        self.chain_id: int | None = None
        self._address = address
        self._secrets = Secrets(address.full)
        self._session = requests.Session()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:  # noqa: ANN401 - web3's
        """Ask the node.

        Raises:
            NodeError: It gave no answer that can be used.
            WrongChain: A node of another chain is there now.

        """
        began, pause, checked = time.monotonic(), FIRST_PAUSE_SECONDS, False
        while True:
            try:
                return self._asked(method, params)
            except NodeError as error:
                waited = time.monotonic() - began
                pause = max(getattr(error, "retry_after", 0), pause)
                if not method.startswith(_REPEATABLE) or waited + pause > self._patience(error):
                    raise
                log.log(
                    logging.INFO if pause > 1 else logging.DEBUG,
                    "%s: asking again in %.1f seconds",
                    error,
                    pause,
                )
                time.sleep(pause)
                pause = min(2 * pause, LAST_PAUSE_SECONDS)
                checked = checked or self._same_chain(error)

    def _patience(self, error: NodeError) -> float:
        """Give for how many seconds what ended in *error* is asked again."""
        if not error.passing:
            return 0
        if isinstance(error, answers.TooMany):
            return LIMIT_SECONDS if self.chain_id is not None else FIRST_SECONDS * 5
        if self.chain_id is not None:
            # Once more for what is slow: it may be a search, which is split where it stays so.
            return ANSWER_SECONDS + 1 if isinstance(error, TooSlow) else FAULT_SECONDS
        return FIRST_SECONDS if isinstance(error, BadAnswer | answers.Dropped) else 0

    def _same_chain(self, error: NodeError) -> bool:
        """See that a node which was gone came back as one of the same chain, if it is back.

        Raises:
            WrongChain: It came back as another.

        """
        if self.chain_id is None or not isinstance(error, Unreachable):
            return False
        try:
            found = int(str(self._asked("eth_chainId", [])["result"]), 16)
        except (NodeError, ValueError, KeyError):
            return False  # the request itself says so next
        if found != self.chain_id:
            raise WrongChain(expected=self.chain_id, found=found)
        return True

    def _asked(self, method: RPCEndpoint | str, params: Any) -> RPCResponse:  # noqa: ANN401
        data = self.encode_rpc_request(method, params)  # type: ignore[arg-type] # a name
        url = self._address.shown
        try:
            response, body = self._posted(data)
        except (requests.exceptions.ReadTimeout, ReadTimeoutError, Empty):
            raise _too_slow(url) from None
        except (requests.RequestException, HTTPError, ValueError, OSError) as error:
            # Not chained: the texts of these quote the address, and its key.
            raise answers.unanswered(url, error) from None
        return answers.parsed(url, method, response, body, self._secrets)

    def _posted(self, data: bytes) -> tuple[requests.Response, bytes]:
        """Send *data*, and give what comes back; raises Empty if that takes too long.

        Sockets limit the time between two bytes alone. So another thread waits for them, which
        is left to itself if they come one by one: status, headers and body alike.
        """
        done: SimpleQueue[tuple[requests.Response, bytes] | Exception] = SimpleQueue()
        session = self._session

        def exchange() -> None:
            try:
                done.put(self._exchanged(session, data))
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                done.put(error)

        Thread(target=exchange, daemon=True).start()
        try:
            found = done.get(timeout=CONNECT_SECONDS + ANSWER_SECONDS)
        except BaseException:  # an interrupt, too, leaves the thread with its session
            self._session = requests.Session()
            raise
        if isinstance(found, Exception):
            raise found
        return found

    def _exchanged(self, session: requests.Session, data: bytes) -> tuple[requests.Response, bytes]:
        deadline = time.monotonic() + ANSWER_SECONDS
        with session.post(
            self._address.full,
            data=data,
            headers=self.get_request_headers(),
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            stream=True,
        ) as response:
            return response, _read(response, deadline, self._address.shown)


def _read(response: requests.Response, deadline: float, url: str) -> bytes:
    """Give the body, as it comes: who waits for a whole part of it never looks at the clock."""
    parts, size = [], 0
    while part := response.raw.read1(2**16, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise BadAnswer(url, answer=f"with more than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > deadline:
            raise _too_slow(url)
    return b"".join(parts)


def _too_slow(url: str) -> TooSlow:
    return TooSlow(url, why=f"no answer within {ANSWER_SECONDS:g} seconds")
