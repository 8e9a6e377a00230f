"""A proxy between us and a node that does to requests what public nodes do.

A fault is a function of a request's number, the request, and what gets the node's answer. It
gives a reply of its own, or None to pass the request on.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from socket import SHUT_RDWR
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[], dict[str, Any]]


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    dropped: bool = False


def drops(every: int):
    """Drop every so-manieth connection: in turn before and after the node has heard it."""

    def fault(number: int, _request: dict, ask: Ask):
        if number % every:
            return None
        if number % (2 * every):
            ask()
        return Reply(dropped=True)

    return fault


def statuses(every: int, status: int, body: bytes = b"", **headers: str):
    """Answer every so-manieth request with an HTTP status."""

    def fault(number: int, _request: dict, _ask: Ask):
        return None if number % every else Reply(body, status, headers)

    return fault


def limited(every: int, code: int = -32005, words: str = "daily request rate limit exceeded"):
    """Refuse every so-manieth request inside an HTTP 200, as too frequent."""

    def fault(number: int, request: dict, _ask: Ask):
        return None if number % every else refusal(request, code, words)

    return fault


def pages(every: int):
    """Answer every so-manieth request with a page for people."""
    return statuses(every, 200, b"<!DOCTYPE html><title>Please stand by</title>")


def slow(every: int, until: Event):
    """Answer every so-manieth request only *until* nobody waits any more."""

    def fault(number: int, _request: dict, _ask: Ask):
        if number % every == 0:
            until.wait(30)
            return Reply(dropped=True)
        return None

    return fault


def logs_of(blocks: int):
    """Search so many blocks for logs at once, and no more."""

    def fault(_number: int, request: dict, _ask: Ask):
        if request["method"] != "eth_getLogs":
            return None
        (wanted,) = request["params"]
        asked = int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1
        words = f"Please limit the query to at most {blocks} blocks"
        return refusal(request, -32000, words) if asked > blocks else None

    return fault


def few_logs(most: int):
    """Refuse a search that finds more than so many logs, with the code of frequent requests."""

    def fault(_number: int, request: dict, ask: Ask):
        if request["method"] != "eth_getLogs" or len(ask().get("result", ())) <= most:
            return None
        return refusal(request, -32005, f"query returned more than {most} results")

    return fault


def named_logs():
    """Search for logs of named contracts only."""

    def fault(_number: int, request: dict, _ask: Ask):
        if request["method"] == "eth_getLogs" and not request["params"][0].get("address"):
            return refusal(request, -32602, "Please specify an address in your request")
        return None

    return fault


def long_extra_data():
    """Give every block a signature, as chains of known validators do."""

    def fault(_number: int, request: dict, ask: Ask):
        if not request["method"].startswith("eth_getBlockBy"):
            return None
        answer = ask()
        if answer.get("result"):
            answer["result"]["extraData"] = "0x" + "ab" * 97
        return Reply(json.dumps(answer).encode())

    return fault


def refusal(request: dict, code: int, words: str) -> Reply:
    error = {"code": code, "message": words}
    answer = {"jsonrpc": "2.0", "id": request["id"], "error": error}
    return Reply(json.dumps(answer).encode())


@contextmanager
def proxied(node: str | Callable[[dict], Any], *faults) -> Iterator[str]:
    """Stand between us and *node*: an address, or a function from a request to its result.

    Gives the proxy's address.
    """
    numbers = count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body together, or the next request waits for 40 ms

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request, number = json.loads(body), next(numbers)
            heard = []

            def ask() -> dict:
                if not heard:
                    heard.append(_answer(node, request, body))
                return json.loads(json.dumps(heard[0]))

            replies = (fault(number, request, ask) for fault in faults)
            reply = next((r for r in replies if r), None) or Reply(json.dumps(ask()).encode())
            self._send(reply)

        def _send(self, reply: Reply) -> None:
            if reply.dropped:
                self.close_connection = True
                self.connection.shutdown(SHUT_RDWR)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_):
            pass  # whom we drop does not say good-bye

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@contextmanager
def trickling(before: bytes, drop: bytes) -> Iterator[str]:
    """Answer every request with *before*, then one *drop* after another until nobody listens.

    Gives the address.
    """
    ended = Event()

    class Handler(StreamRequestHandler):
        def handle(self):
            self.request.recv(2**16)
            self.wfile.write(before)
            with suppress(OSError):
                while not ended.wait(0.02):
                    self.wfile.write(drop)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            ended.set()
            server.shutdown()


def _answer(node: str | Callable[[dict], Any], request: dict, body: bytes) -> dict:
    if not isinstance(node, str):
        return {"jsonrpc": "2.0", "id": request["id"], "result": node(request)}
    asked = Request(node, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - ours
    with urlopen(asked, timeout=60) as response:  # noqa: S310 - as above
        return json.loads(response.read())
