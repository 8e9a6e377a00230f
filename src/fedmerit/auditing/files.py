"""Checks of everything that lies in the bundle's directory against the lists of digests in it.

The manifest is on the chain, and nothing in it can be changed. The seal is not: whoever can write
to the directory can write another. So what only the seal lists is held against the chain, drawn
again, or named as bound by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle.directory import (
    AFTERWARDS,
    MANIFEST,
    PROGRESS,
    REPORT,
    ROUNDS,
    SEAL,
    STAGES,
    Progress,
)
from fedmerit.bundle.folder import odd_in, parts_in
from fedmerit.bundle.schemas import (
    ACCEPTED,
    BIDS,
    DEPLOYMENT,
    DRAWN,
    LEDGER,
    RECEIPT,
    TIMINGS,
    TRANSCRIPT,
    TimingsDocument,
)
from fedmerit.chain import Transcript
from fedmerit.errors import FedmeritError
from fedmerit.incentives.methods import reads_rounds
from fedmerit.stages.noise import leaves_noise_out
from fedmerit.stages.offering import asks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle

#: What the settlement leaves, all of it held against the chain.
_SETTLEMENT: Final = frozenset({DEPLOYMENT, DRAWN, LEDGER, RECEIPT, TRANSCRIPT})


def check_files(bundle: Bundle) -> Iterator[Check]:
    """Check that every file is listed, and every listed file is as it was.

    A bundle whose report waits has a manifest, and is sealed when its run ends.
    """
    for name in (SEAL, MANIFEST) if bundle.sealed else (MANIFEST,):
        yield _against(bundle, name)
    if bundle.sealed:
        yield _complete(SEAL, set(bundle.names()) - {SEAL}, set(bundle.listed(SEAL)))
    yield _complete(MANIFEST, set(bundle.evidence_names()), set(bundle.listed(MANIFEST)))
    yield _nothing_else(bundle)


def check_unbound(bundle: Bundle) -> Iterator[Check]:
    """Check what the chain binds of the files that the manifest does not, and name the rest."""
    if not bundle.sealed:
        waits = f"{SEAL}, {REPORT} and what is to come are bound by nothing yet"
        yield Check("unbound files", "skipped", f"{waits}; nor is {PROGRESS}, or {TIMINGS}")
        return
    progress, due = bundle.progress, Progress(done=STAGES)
    yield compared(
        "progress",
        holds=progress == due,
        same="every stage of the run is complete",
        different=f"{PROGRESS} says {', '.join(progress.done) or 'nothing'} is done of a run that "
        f"is sealed{': ' + progress.failed if progress.failed else ''}",
    )
    timings = bundle.document(TIMINGS, TimingsDocument)
    embedded = (bundle.path / TRANSCRIPT).is_file()
    if embedded:
        genesis = Transcript.from_json(bundle.text(TRANSCRIPT)).genesis
        yield compared(
            "start",
            holds=timings.started == genesis and set(timings.milliseconds) == set(STAGES),
            same="the run started when its chain did",
            different=f"{TIMINGS} says that the run of {len(timings.milliseconds)} stages started "
            f"at {timings.started}, and its chain at {genesis}",
        )
    what = "how long each stage took" if embedded else "when the run started, how long it took"
    yield Check(
        "unbound files",
        "skipped",
        f"{SEAL} and {TIMINGS} are bound by nothing: {what} is as whoever sealed it says",
    )


def _complete(name: str, present: set[str], listed: set[str]) -> Check:
    odd = sorted(present ^ listed)
    return compared(
        f"{name} is complete",
        holds=not odd,
        same=f"it lists all {len(present)} files that it has to",
        different=f"{', '.join(odd)}: listed in {name} and not there, or there and not listed",
    )


def _nothing_else(bundle: Bundle) -> Check:
    """Check that nothing lies there but plain files of a bundle: no link is followed to see."""
    odd = [f"{name} is {kind}" for name, kind in odd_in(bundle.path).items()]
    if bundle.sealed:
        odd += [f"{name} is half written" for name in parts_in(bundle.path)]
    known = set(bundle.evidence_names()) | AFTERWARDS | _SETTLEMENT
    odd += [f"{name} is no file of a bundle" for name in bundle.names() if name not in known]
    odd += [f"{name} is no file of such a run" for name in _unasked(bundle)]
    return compared(
        "directory",
        holds=not odd,
        same=f"{len(bundle.names())} plain files and nothing else",
        different="; ".join(odd),
    )


def _unasked(bundle: Bundle) -> list[str]:
    """Name the files that the scenario asks nothing of: no other check would read them."""
    try:
        scenario = bundle.scenario
        due = {
            ACCEPTED: leaves_noise_out(scenario),
            BIDS: asks(scenario),
            ROUNDS: reads_rounds(scenario.valuation.method),
        }
    except (FedmeritError, KeyError):  # of a mechanism or a method that there is not
        return []  # and the checks of the settings say why
    return [name for name in bundle.names() if not due.get(name, True)]


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
