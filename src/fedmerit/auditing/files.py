"""Checks of the bundle's files against the two lists of digests in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import MANIFEST, SEAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle import Bundle


def check_files(bundle: Bundle) -> Iterator[Check]:
    """Check that every file is listed, and every listed file is as it was."""
    for name in (SEAL, MANIFEST):
        yield _against(bundle, name)
    unlisted = set(bundle.names()) - set(bundle.listed(SEAL)) - {SEAL}
    yield compared(
        "no file was added",
        holds=not unlisted,
        same=f"{len(bundle.names())} files, all of them listed",
        different=f"{', '.join(sorted(unlisted))} not listed in {SEAL}",
    )


def _against(bundle: Bundle, name: str) -> Check:
    listed = bundle.listed(name)
    present = set(bundle.names())
    missing = sorted(set(listed) - present)
    found = bundle.digests(sorted(set(listed) & present))
    altered = [file for file, value in found.items() if value != listed[file]]
    faults = [f"{file} is missing" for file in missing]
    faults += [f"{file} is not the file that {name} lists" for file in altered]
    return compared(
        f"files against {name}",
        holds=not faults,
        same=f"{len(listed)} digests agree",
        different="; ".join(faults),
    )
