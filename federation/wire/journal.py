"""What a party heard, by digest, so that a stretch which is played again is the one it was.

Whoever goes on after a break draws in a stretch what it drew there before. Were it then asked
other questions, its answers would be under the same noise, and their difference would be told
without any. So what it hears must be what it heard.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from fedmerit.errors import ChannelError
from fedmerit.federation.wire.messages import content

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIX: Final = ".heard"


class Journal:
    """A folder with a file for each stretch, a line for each message in it.

    A line is written before its message is acted upon. It is not forced to the disk: a machine
    that loses its power may lose the last ones.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Path | None = None
        self._before: dict[str, list[str]] = {}

    def begin(self, stretch: str) -> None:
        """Begin a stretch, again or for the first time."""
        self._file = self._path / f"{stretch}{_SUFFIX}"
        self._before = {}
        for source, said in self._lines(self._file):
            self._before.setdefault(source, []).append(said)

    def rest(self) -> None:
        """Take no notice of what follows, until a stretch begins."""
        self._file = None

    def note(self, source: str, data: bytes) -> None:
        """Write down a message, or find it as it was.

        Raises:
            ChannelError: Before the break something else came in its place.
        """
        if self._file is None:
            return
        said = sha256(content(data)).hexdigest()
        if known := self._before.get(source):
            if known.pop(0) != said:
                raise ChannelError(
                    f"{source} says something else than before the break: answers to both would "
                    f"tell more than was agreed on",
                    hint="Remove what every party saved to begin again: that is another run, "
                    "whose epsilon comes on top.",
                )
            return
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps([source, said]) + "\n")

    def forget(self, stretch: str) -> None:
        """Remove a stretch that nobody can begin again."""
        (self._path / f"{stretch}{_SUFFIX}").unlink(missing_ok=True)

    @staticmethod
    def _lines(file: Path) -> list[tuple[str, str]]:
        """Read a stretch; what was cut off in the middle of a line was not acted upon."""
        if not file.is_file():
            return []
        whole = file.read_bytes().rpartition(b"\n")
        if whole[2]:
            file.write_bytes(whole[0] + whole[1])
        return [(source, said) for source, said in map(json.loads, whole[0].splitlines())]
