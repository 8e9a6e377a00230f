"""One party of a vertical federation: ``python -m fedmerit.federation.vertical.process FOLDER``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fedmerit.federation.vertical.checkpoints import FolderCheckpoints
from fedmerit.federation.vertical.folders import Brief
from fedmerit.federation.vertical.regression.roles import (
    run_feature_party,
    run_key_holder,
    run_label_holder,
)
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.wire.process import Part, Result, run_part
from fedmerit.federation.wire.processes import run_processes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from fedmerit.federation.vertical.regression.roles import Trained
    from fedmerit.federation.vertical.split.roles import Bottom
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.wire.channel import Channel
    from fedmerit.federation.wire.processes import ProcessRun

MODULE: Final = "fedmerit.federation.vertical.process"


def run_folders(
    folders: Mapping[str, Path],
    *,
    on_start: Callable[[Mapping[str, subprocess.Popen[str]]], None] | None = None,
) -> ProcessRun:
    """Run each party's folder in a process, as :func:`run_processes` does."""
    return run_processes(MODULE, folders, on_start=on_start)


def read_part(folder: Path) -> Part:
    """Give the part that a folder asks for."""
    brief = Brief(folder)
    store = FolderCheckpoints(folder / "saves")
    if isinstance(brief.settings, RegressionSettings):
        program = _regression(brief, brief.settings, store)
    else:
        program = _split(brief, brief.settings, store)
    return Part(brief.name, brief.session, brief.certificates, program)


def _regression(
    brief: Brief, settings: RegressionSettings, store: FolderCheckpoints
) -> Callable[[Channel], Result]:
    if brief.name not in brief.parties:
        role: Callable[..., Trained] = partial(run_key_holder, rows=brief.rows)
    else:
        columns, labels = brief.columns()
        leads = brief.name == brief.parties[0]
        of_kind = partial(run_label_holder, labels=labels) if leads else run_feature_party
        role = partial(of_kind, columns=columns, seed=brief.seed)

    def program(channel: Channel) -> Result:
        trained = role(channel, sums=brief.sums, settings=settings, checkpoints=store)
        return Result({"weights": trained.weights, "scores": trained.scores}, trained.epochs)

    return program


def _split(
    brief: Brief, settings: SplitSettings, store: FolderCheckpoints
) -> Callable[[Channel], Result]:
    # torch takes seconds to import, which regression does not need.
    from fedmerit.federation.batched.threads import single_thread  # noqa: PLC0415
    from fedmerit.federation.vertical.split.roles import (  # noqa: PLC0415
        arrays_of,
        hold_top,
        train_bottom,
    )
    from fedmerit.federation.vertical.split.split import draws_of  # noqa: PLC0415

    columns, labels = brief.columns()
    leads = brief.name == brief.parties[0]
    role: Callable[..., Bottom] = partial(hold_top, labels=labels) if leads else train_bottom

    @single_thread()
    def program(channel: Channel) -> Result:
        bottom = role(
            channel,
            columns=columns,
            parties=brief.parties,
            settings=settings,
            seed=brief.seed,
            draws=draws_of(brief.secret, brief.name),
            checkpoints=store,
        )
        return Result(arrays_of(bottom), settings.epochs)

    return program


if __name__ == "__main__":
    sys.exit(run_part(Path(sys.argv[1]), read_part))
