"""One run, end to end: train, draw, value, reward, settle, report.

Each stage reads what it needs from the bundle and writes what it found there, nothing is
handed on in memory. A run that died is therefore continued by doing the missing stages.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import perf_counter, time
from typing import TYPE_CHECKING, Final, Protocol

from fedmerit.bundle.directory import STAGES, next_free
from fedmerit.bundle.folder import alone_in
from fedmerit.bundle.results import Results
from fedmerit.bundle.schemas import TIMINGS, TimingsDocument
from fedmerit.errors import BundleError, Diverged, SeedChanged
from fedmerit.scenario.model import Scenario
from fedmerit.scenario.reading import load, reseeded
from fedmerit.stages.chains import EMBEDDED, ChainChoice
from fedmerit.stages.check import check
from fedmerit.stages.draw import draw
from fedmerit.stages.noise import (
    OPTION,
    check_noise,
    is_accepted,
    keep_acceptance,
    leaves_noise_out,
)
from fedmerit.stages.report import report
from fedmerit.stages.reward import reward
from fedmerit.stages.settle import settle
from fedmerit.stages.train import train
from fedmerit.stages.value import value
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from collections.abc import Collection

    from fedmerit.bundle.directory import Stage

__all__ = ["EMBEDDED", "ChainChoice", "Progress", "resume", "run", "write_report"]


class Progress(Protocol):
    """Whoever wants to see how far a run is."""

    def stage(self, name: Stage) -> None:
        """Called when *name* begins."""

    def advance(self, done: int, total: int) -> None:
        """Called after *done* of the stage's *total* steps."""


class Silent:
    """A progress that nobody watches."""

    def stage(self, name: Stage) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""


SILENT: Final = Silent()


def run(
    scenario: Scenario | str | Path = "hospitals",
    directory: Path | str | None = None,
    *,
    seed: int | None = None,
    chain: ChainChoice = EMBEDDED,
    progress: Progress = SILENT,
    accept_unmeasured_noise: bool = False,
    allow_code: Collection[str] = (),
) -> Results:
    """Run one scenario from training to the report.

    Args:
        scenario: A shipped scenario's name, a .toml file, a directory with a ``merit.toml`` and
            the run that somebody else made, or a scenario.
        directory: The new directory for the evidence; the first free
            ``bundles/<scenario>-<number>`` if None.
        seed: Run under this seed instead of the scenario's.
        chain: Where to settle; in process by default.
        progress: Whoever wants to see how far the run is.
        accept_unmeasured_noise: Pay by intervals that leave protective noise out; the bundle
            says so.
        allow_code: Import paths of the model and the metric whose code may be run, where a
            directory names any.

    Returns:
        The finished bundle.

    Raises:
        FedmeritError: Something to put right; the bundle, if it was begun, says how far
            the run got, and :func:`resume` continues it.
    """
    asked = scenario if isinstance(scenario, Scenario) else load(scenario, allow_code=allow_code)
    if seed is not None:
        asked = reseeded(asked, seed)
    check(asked, chain, accept_unmeasured_noise=accept_unmeasured_noise)
    target = Path(directory) if directory else next_free(Path("bundles"), asked.name)
    bundle = Results.make(target)
    with alone_in(bundle.path):
        bundle.begin(asked)
        bundle.write_document(TIMINGS, TimingsDocument(started=int(time()), milliseconds={}))
        if leaves_noise_out(asked):
            keep_acceptance(bundle)
        return _to_the_end(bundle, chain, progress)


def resume(
    directory: Path | str,
    *,
    chain: ChainChoice = EMBEDDED,
    progress: Progress = SILENT,
    accept_unmeasured_noise: bool = False,
) -> Results:
    """Continue a run that died, from the first stage that is not complete.

    Args:
        directory: The bundle's.
        chain: Where the run settles.
        progress: Whoever wants to see how far it is.
        accept_unmeasured_noise: As for :func:`run`, of a run that nobody accepted it of.

    Raises:
        BundleError: There is no bundle there, its run is complete, or another process is at it.
        ScenarioError: Its intervals leave protective noise out, and nobody accepted that.
    """
    bundle = Results.open(directory)
    with alone_in(bundle.path):
        if bundle.sealed:
            raise BundleError(
                f"the run in {bundle.path} is complete",
                hint=f"Start another, or check this: fedmerit audit {argument(bundle.path)}",
            )
        bundle.require_names()
        accepted = accept_unmeasured_noise or is_accepted(bundle)
        check_noise(bundle.scenario, accepted=accepted)
        chain.check_again(bundle)
        if leaves_noise_out(bundle.scenario) and "reward" not in bundle.progress.done:
            keep_acceptance(bundle)
        return _to_the_end(bundle, chain, progress)


def write_report(directory: Path | str) -> Path:
    """Write a settled bundle's report again, seal it, and give the report's path."""
    bundle = Results.open(directory)
    with alone_in(bundle.path):
        if "settle" not in bundle.progress.done:
            raise BundleError(
                f"the run in {directory} has not settled, so there is nothing to report",
                hint=f"Continue it: fedmerit run --resume {argument(directory)}",
            )
        bundle.require_names()
        written = report(bundle)
        bundle.tidy()
        bundle.write_seal()
    return written


def _to_the_end(bundle: Results, chain: ChainChoice, progress: Progress) -> Results:
    bundle.tidy()
    done = bundle.progress.done
    if done != STAGES[: len(done)]:
        raise BundleError(
            f"{bundle.path} says that it did {', '.join(done)}, which is no beginning of a run",
            hint="The bundle was altered; start another run.",
        )
    for stage in STAGES[len(done) :]:
        began = perf_counter()
        try:
            progress.stage(stage)
            _do(stage, bundle, chain, progress)
        except BaseException as error:
            # The reason matters more than a second failure to write it down.
            with suppress(BundleError):
                if isinstance(error, SeedChanged):  # what followed from the other is void
                    bundle.undo("draw")
                bundle.fail(stage, f"{type(error).__name__}: {error}")
            if isinstance(error, Diverged):  # it would again
                raise
            accepted = f" {OPTION}" if is_accepted(bundle) else ""
            again = f"fedmerit run --resume {argument(bundle.path)}{accepted}{chain.options}"
            error.add_note(again)
            raise
        _note_time(bundle, stage, perf_counter() - began)
        bundle.finish(stage)
    bundle.write_seal()
    return bundle


def _do(stage: Stage, bundle: Results, chain: ChainChoice, progress: Progress) -> None:
    match stage:
        case "train":
            train(bundle, progress.advance)
        case "draw":
            draw(bundle, chain, progress.advance)
        case "value":
            value(bundle, progress.advance)
        case "reward":
            reward(bundle)
        case "settle":
            settle(bundle, chain, progress.advance)
        case "report":
            report(bundle)


def _note_time(bundle: Results, stage: Stage, seconds: float) -> None:
    timings = bundle.document(TIMINGS, TimingsDocument)
    spent = {**timings.milliseconds, stage: round(seconds * 1000)}
    bundle.write_document(TIMINGS, timings.model_copy(update={"milliseconds": spent}))
