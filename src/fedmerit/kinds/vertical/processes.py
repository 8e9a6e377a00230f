"""Training with every owner in a process of its own, on this machine.

What the owners hold and save lies in a folder of the bundle until the stage after has begun, so
that a run whose party died goes on after the last epoch that everyone had. Then it is removed: the
bundle is published, and their columns and keys are not.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from fedmerit.federation.vertical.folders import prepare
from fedmerit.federation.vertical.process import run_folders

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import VerticalTask
    from fedmerit.federation.wire.processes import ProcessRun

#: Where the owners' folders are, while they train.
PARTIES: Final = "parties"
#: Where the key of coalitions' noise is, while they train.
COALITION_NOISE: Final = "coalition-noise"


def train_processes(
    task: VerticalTask, settings: RegressionSettings | SplitSettings, root: Path, *, seed: int
) -> ProcessRun:
    """Train with every party in a process, and let them meet over TLS.

    Raises:
        PartyLost: A process died; once more, it goes on.
        FedmeritError: What a party found to put right.
    """
    return run_folders(prepare(task, settings, root, seed=seed))


def private_folder(bundle: Bundle, name: str) -> Path:
    """Make a folder of the bundle that nobody else may read."""
    folder = bundle.path / name
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def forget(bundle: Bundle, name: str) -> None:
    """Remove such a folder, once what it is for is done and written down."""
    shutil.rmtree(bundle.path / name, ignore_errors=True)
