"""Encrypted regression, set as a scenario asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.federation.vertical.exposures import told_by_gradients
from fedmerit.federation.vertical.partygame import joint_scores
from fedmerit.federation.vertical.regression.parts import show_parts
from fedmerit.federation.vertical.regression.regression import (
    Regression,
    check_batches,
    train_regression,
)
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.regression.stability import check_rate
from fedmerit.kinds.vertical.privacy import noise_settings
from fedmerit.kinds.vertical.processes import train_processes
from fedmerit.kinds.vertical.protocols import Trained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.federation.wire.processes import ProcessRun
    from fedmerit.kinds.vertical.models import Parameters
    from fedmerit.scenario.columns import Vertical
    from fedmerit.scenario.model import Scenario


class Learner:
    """A :class:`fedmerit.kinds.vertical.protocols.Learner`.

    Attributes:
        settings: How it trains.
    """

    def __init__(self, scenario: Scenario, asked: Vertical, *, quantity: bool) -> None:
        self._asked = asked
        self._repeats = scenario.valuation.repeats
        self.settings = RegressionSettings(
            kind="linear" if quantity else "logistic",
            sigmoid=asked.sigmoid,
            coordinator=asked.coordinator,
            epochs=asked.epochs,
            batch_size=asked.batch_size,
            learning_rate=asked.learning_rate,
            l2=asked.l2,
            whiten=asked.whiten,
            tolerance=asked.tolerance,
            column_bits=asked.column_bits,
            gradient_noise=noise_settings(asked.gradient_privacy),
            key_bits=asked.key_bits,
        )

    def check(self, task: VerticalTask) -> None:
        """Refuse batches that do not go with the task, and steps that it cannot be trained in."""
        check_batches(task, self.settings)
        check_rate(task, self.settings)

    def learn(self, task: VerticalTask, *, seed: int, folder: Path | None) -> Trained:
        """Train, and have the parts of the scores shown where the scenario says so."""
        if self._asked.processes and folder is not None:
            found = _joined(task, train_processes(task, self.settings, folder, seed=seed))
        else:
            found = train_regression(task, self.settings, seed=seed, folder=folder)
        transcripts = {"training": found.transcript}
        embeddings: dict[str, Embeddings] = {}
        if self._asked.reveal_scores:
            told = told_by_gradients(task, self.settings, repeats=self._repeats)
            shown = show_parts(task, found.weights, told)
            transcripts["parts"] = shown.transcript
            embeddings = dict(shown.results[task.label_holder])
        return Trained(
            scores=found.scores,
            parameters={name: {"weights": own} for name, own in found.weights.items()},
            epochs=found.epochs,
            embeddings=embeddings,
            transcripts=transcripts,
        )

    def nudged(self, number: int) -> None:
        """Give nothing: a regression has no kinks, so a rounding stays one."""
        del number

    def scores(
        self, task: VerticalTask, parameters: Parameters, *, seed: int
    ) -> Callable[[Matrix], Matrix]:
        """Put the parties' weights together; *seed* decides nothing of them."""
        del seed
        weights = {name: own["weights"].astype(np.float64) for name, own in parameters.items()}
        return joint_scores(task, weights)


def _joined(task: VerticalTask, run: ProcessRun) -> Regression:
    """Gather what the processes left."""
    weights = {name: run.arrays[name]["weights"].astype(np.float64) for name in task.participants}
    scores = run.arrays[task.label_holder]["scores"].astype(np.float64)
    return Regression(weights, run.epochs, scores, run.transcript, {})
