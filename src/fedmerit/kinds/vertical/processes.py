"""Training with every owner in a process of its own, on this machine.

What the owners hold and save lies in a folder of the bundle until all are done, so that a run
whose party died goes on after the last epoch that everyone had. Then it is removed: the bundle
is published, and their columns and keys are not.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.federation.vertical.folders import prepare
from fedmerit.federation.vertical.process import run_folders
from fedmerit.federation.vertical.regression.regression import Regression

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.task import VerticalTask

#: Where the owners' folders are, while they train.
PARTIES: Final = "parties"


def train_processes(
    task: VerticalTask, settings: RegressionSettings, root: Path, *, seed: int
) -> Regression:
    """Train a regression, every party in a process, and meet over TLS.

    Raises:
        PartyLost: A process died; once more, it goes on.
        FedmeritError: What a party found to put right.
    """
    root.mkdir(mode=0o700, exist_ok=True)
    run = run_folders(prepare(task, settings, root, seed=seed))
    shutil.rmtree(root)
    weights = {name: run.arrays[name]["weights"].astype(np.float64) for name in task.participants}
    scores = run.arrays[task.label_holder]["scores"].astype(np.float64)
    return Regression(weights, run.epochs, scores, run.transcript, {})
