"""What strangers wrote: read within bounds, and shown so that it can do nothing to a terminal.

A bundle, a scenario and a message may come from anybody. What reads JSON or TOML goes through
here before a parser that recurses, or that takes the last of two equal keys; what prints goes
through :func:`harmless`.
"""

from __future__ import annotations

import json
import re
import tomllib
from itertools import accumulate
from shlex import quote
from typing import Any, Final
from unicodedata import category

#: The longest JSON document that is read, in bytes.
MOST_JSON: Final = 2**28
#: The longest TOML document, in characters.
MOST_TOML: Final = 2**18
#: Lists and tables inside one another; ours nest six deep at most.
MOST_DEPTH: Final = 32
#: Digits of a number; those of 2**256 are 78.
MOST_DIGITS: Final = 200

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_DIGITS: Final = re.compile(rb"[0-9]{%d}" % (MOST_DIGITS + 1))
#: A key of more parts than may nest: Python's parser takes the square of their number.
_DOTTED: Final = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MOST_DEPTH}}}"""
)

#: Characters that show nothing and yet count as letters or marks (Unicode's default ignorables).
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def check_json(content: bytes) -> None:
    """See that JSON says each thing once, and is neither too long nor too deep.

    Raises:
        ValueError: It is not JSON, a key is there twice, or the document is out of bounds.
    """
    if len(content) > MOST_JSON:
        raise ValueError(f"{len(content):,} bytes are more than {MOST_JSON:,}")
    bare = _STRING.sub(b"", content)
    if _DIGITS.search(bare):
        raise ValueError(f"a number has more than {MOST_DIGITS} digits")
    steps = (1 if bracket in b"[{" else -1 for bracket in _BRACKET.findall(bare))
    if max(accumulate(steps), default=0) > MOST_DEPTH:
        raise ValueError(f"it nests deeper than {MOST_DEPTH}")
    json.loads(content.decode(), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> None:
    keys: set[str] = set()
    for key, _ in pairs:
        if key in keys:
            raise ValueError(f"the key {key!r} is there twice")
        keys.add(key)


def read_toml(text: str) -> dict[str, Any]:
    """Read TOML that is neither too long nor too deep.

    Raises:
        ValueError: It is, or it is not TOML.
    """
    if len(text) > MOST_TOML:
        raise ValueError(f"{len(text):,} characters are more than {MOST_TOML:,}")
    if _DOTTED.search(text):
        raise ValueError(f"a key has more than {MOST_DEPTH} parts")
    try:
        found = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"it nests deeper than {MOST_DEPTH}") from None
    level: list[Any] = [found]
    for _ in range(MOST_DEPTH):
        level = [part for whole in level for part in _parts(whole)]
    if level:
        raise ValueError(f"it nests deeper than {MOST_DEPTH}")
    return found


def _parts(whole: object) -> list[Any]:
    if isinstance(whole, dict):
        return list(whole.values())
    return whole if isinstance(whole, list) else []


def printable(name: str) -> bool:
    """Say whether a name is text that a person can read: no control or invisible characters."""
    return bool(name.strip()) and name.isprintable() and not _INVISIBLE.search(name)


def encodable(name: str) -> bool:
    """Say whether a name can be written down as UTF-8: file names may be any bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def harmless(text: str, *, keep: str = "") -> str:
    """Write out every character that a terminal might obey, or that nobody sees.

    Escape sequences and titles begin with a control character, and bidirectional controls are
    invisible: both come out as JSON would escape them, and JSON stays JSON.

    Args:
        text: Anything.
        keep: What is let through all the same, say a newline.
    """
    if text.isprintable():
        return text
    return "".join(
        character if _shown(character) or character in keep else json.dumps(character)[1:-1]
        for character in text
    )


def _shown(character: str) -> bool:
    return character.isprintable() or category(character) == "Zs"  # spaces of other widths


def argument(path: object) -> str:
    """Give *path* as one argument of a command that a person copies into a shell."""
    return quote(str(path))
