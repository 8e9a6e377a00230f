"""Take out of a node's answer what the address of the request may hold: its access keys.

Nodes, and the gateways before them, repeat a request's path or user in what they say is wrong.
All of the address but scheme, host and port counts as a secret. What is looked for is each part
as it was written, without its %XX, and as HTTP's basic authentication writes user and password;
a node that writes a key in any other way still gets it shown.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, unquote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What stands for a secret.
HIDDEN: Final = "***"
#: A shorter part is a secret only as a word of its own: "v2", or "a", is part of many words.
_SHORT: Final = 4
#: What may be a field's name, or data in hexadecimal, is searched for long parts alone.
_LONG: Final = 17
_HEX: Final = re.compile("0x[0-9a-fA-F]*")
_FIELD: Final = re.compile("[a-zA-Z][a-zA-Z0-9]*")
#: All that JSON-RPC gives a meaning to; web3 prints an answer whole where it cannot read it.
_ENVELOPE: Final = ("jsonrpc", "id", "result", "error")
_ERROR: Final = ("code", "message", "data")


class Secrets:
    """What must not be shown of one address.

    Args:
        url: The address.

    """

    def __init__(self, url: str) -> None:
        parts = sorted(set(_parts(url)), key=len, reverse=True)  # the whole before its parts
        self._any = _pattern(parts)
        self._long = _pattern([part for part in parts if len(part) >= _LONG])

    def hide(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Give a JSON-RPC *answer* without them, and without fields of other names.

        Data in hexadecimal that is a result stays as it is: the chain's own is decoded from it.
        """
        kept: dict[str, Any] = {name: answer[name] for name in _ENVELOPE if name in answer}
        for name in kept.keys() - {"error"}:
            kept[name] = self._hidden(kept[name], result=True)
        error = kept.get("error")
        if isinstance(error, dict):
            kept["error"] = {name: self._hidden(error[name]) for name in _ERROR if name in error}
        elif error is not None:
            kept["error"] = self._hidden(error)
        return kept

    def _hidden(self, told: Any, *, result: bool = False) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(told, list):
            return [self._hidden(part, result=result) for part in told]
        if isinstance(told, dict):
            return {
                self._named(name, result=result): self._hidden(part, result=result)
                for name, part in told.items()
            }
        if not isinstance(told, str):
            return told
        if not _HEX.fullmatch(told):
            return _without(self._any, told)
        return told if result else _without(self._long, told)

    def _named(self, name: str, *, result: bool) -> str:
        """Give a field's name; in a result, a plain word may be one that is looked for there."""
        plain = result and _FIELD.fullmatch(name)
        return _without(self._long if plain else self._any, name)


def _parts(url: str) -> Iterator[str]:
    """Give every part of *url* after its scheme but host and port, as it may be repeated."""
    there = urlsplit(url)
    user, password = there.username or "", there.password or ""
    pairs = [half for pair in there.query.split("&") for half in pair.split("=", 1)]
    written = (user, password, *there.path.split("/"), there.query, *pairs, there.fragment)
    if user or password:
        for pair in (f"{user}:{password}", f"{unquote(user)}:{unquote(password)}"):
            yield b64encode(pair.encode()).decode()
    for part in filter(None, written):
        plain = (unquote(part, errors="replace"), unquote_plus(part, errors="replace"))
        yield from (part, *plain, quote(part), quote(plain[0], safe=""))


def _pattern(parts: Iterable[str]) -> re.Pattern[str] | None:
    sought = [
        re.escape(part) if len(part) >= _SHORT else rf"(?<!\w){re.escape(part)}(?!\w)"
        for part in parts
    ]
    return re.compile("|".join(sought), re.IGNORECASE) if sought else None


def _without(pattern: re.Pattern[str] | None, text: str) -> str:
    return pattern.sub(HIDDEN, text) if pattern else text
