"""What lies in a bundle's directory, whatever it is, and who works on it."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fedmerit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Ends the name of a file that is being written, which begins with a dot.
PART: Final = ".part"
#: Folders inside one another that are looked into; a bundle has one below its own.
_DEEPEST: Final = 8


def files_in(folder: Path) -> list[str]:
    """Name every plain file below *folder*, sorted, but for those that are half written."""
    return sorted(name for name, kind in _entries(folder) if kind == "" and not is_part(name))


def odd_in(folder: Path) -> dict[str, str]:
    """Name what else there is, and what it is: links, pipes, sockets, devices, empty folders."""
    found = {name: kind for name, kind in _entries(folder) if kind}
    return dict(sorted(found.items()))


def parts_in(folder: Path) -> list[str]:
    """Name the files that a process died in the middle of writing."""
    return sorted(name for name, kind in _entries(folder) if kind == "" and is_part(name))


def is_part(name: str) -> bool:
    """Say whether a file of this name is half written."""
    last = name.rpartition("/")[2]
    return last.startswith(".") and last.endswith(PART)


def _entries(folder: Path, before: str = "", deep: int = 0) -> Iterator[tuple[str, str]]:
    """Give every entry by its path, and what it is if not a plain file. No link is followed."""
    try:
        with os.scandir(folder) as there:
            entries = list(there)
    except OSError as error:
        yield before.rstrip("/") or ".", f"a folder that cannot be read ({error.strerror})"
        return
    if before and not entries:
        yield before.rstrip("/"), "an empty folder"
    for entry in entries:
        name = f"{before}{entry.name}"
        mode = entry.stat(follow_symlinks=False).st_mode
        if not stat.S_ISDIR(mode):
            yield name, _kind(mode)
        elif deep == _DEEPEST:
            yield name, f"a folder in {deep} others"
        else:
            yield from _entries(Path(entry.path), f"{name}/", deep + 1)


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISLNK(mode):
        return "a link"
    return "a pipe" if stat.S_ISFIFO(mode) else "no plain file"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Work on *folder* while no other process does; the operating system ends it with us.

    The folder itself is locked, so that nothing is left in it.

    Raises:
        BundleError: Somebody else works on it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BundleError(
                f"another process works on {folder}",
                hint="Wait until that run has ended, or stop it; then run the same again.",
            ) from error
        yield
    finally:
        os.close(handle)
