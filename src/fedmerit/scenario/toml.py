"""Lines of TOML that whatever stands in a stranger's table cannot break out of."""

from __future__ import annotations

import json


def as_toml(value: object) -> str:
    """Write a scalar, a list or an empty object as TOML has it, which is as JSON but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def as_comment(text: str) -> str:
    """Write one line of comment; what cannot be printed becomes a space."""
    printed = "".join(letter if letter.isprintable() else " " for letter in text)
    return f"# {printed}".rstrip()
