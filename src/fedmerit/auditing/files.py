"""Checks of the bundle's files against the two lists of digests in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.directory import MANIFEST, SEAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle


def check_files(bundle: Bundle) -> Iterator[Check]:
    """Check that every file is listed, and every listed file is as it was.

    A bundle whose report waits has a manifest, and is sealed when its run ends.
    """
    for name in (SEAL, MANIFEST) if bundle.sealed else (MANIFEST,):
        yield _against(bundle, name)
    if bundle.sealed:
        yield _complete(SEAL, set(bundle.names()) - {SEAL}, set(bundle.listed(SEAL)))
    yield _complete(MANIFEST, set(bundle.evidence_names()), set(bundle.listed(MANIFEST)))


def _complete(name: str, present: set[str], listed: set[str]) -> Check:
    odd = sorted(present ^ listed)
    return compared(
        f"{name} is complete",
        holds=not odd,
        same=f"it lists all {len(present)} files that it has to",
        different=f"{', '.join(odd)}: listed in {name} and not there, or there and not listed",
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
