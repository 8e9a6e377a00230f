"""Split learning, set as a scenario asks."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from fedmerit.errors import ScenarioError
from fedmerit.federation.models import ModelSpec
from fedmerit.federation.vertical.split.jointmodel import joint_network
from fedmerit.federation.vertical.split.roles import bottom_of
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import check_networks, train_split
from fedmerit.kinds.vertical.privacy import noise_settings
from fedmerit.kinds.vertical.processes import train_processes
from fedmerit.kinds.vertical.protocols import Trained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        if quantity:
            raise ScenarioError(
                "split learning tells two classes apart, and the label is a quantity",
                hint='Set protocol = "regression", or target = "classes" for its owner.',
            )
        chosen = scenario.model
        self.settings = SplitSettings(
            bottom=ModelSpec(kind=chosen.kind, hidden=chosen.hidden, arguments=chosen.arguments),
            width=asked.width,
            epochs=asked.epochs,
            batch_size=asked.batch_size,
            learning_rate=asked.learning_rate,
            labels=noise_settings(asked.label_privacy),
            features=noise_settings(asked.feature_privacy),
            forward=asked.embeddings,
            key_bits=asked.key_bits,
        )

    def check(self, task: VerticalTask) -> None:
        """Refuse networks that cannot be built for the task."""
        check_networks(task, self.settings)

    def learn(self, task: VerticalTask, *, seed: int, folder: Path | None) -> Trained:
        """Train the owners' networks, and the label holder's that goes on from them."""
        if self._asked.processes and folder is not None:
            return _joined(task, train_processes(task, self.settings, folder, seed=seed))
        found = train_split(task, self.settings, seed=seed, folder=folder)
        return Trained(
            scores=found.scores,
            parameters=found.bottoms,
            epochs=self.settings.epochs,
            embeddings=found.embeddings,
            transcripts={"training": found.transcript},
        )

    def nudged(self, number: int) -> Learner:
        """Give the same from initial parameters moved by a rounding: networks have kinks."""
        moved = copy(self)
        moved.settings = replace(
            self.settings,
            bottom=replace(self.settings.bottom, nudge=number),
            top=replace(self.settings.top, nudge=number),
        )
        return moved

    def scores(
        self, task: VerticalTask, parameters: Parameters, *, seed: int
    ) -> Callable[[Matrix], Matrix]:
        """Put the parties' networks together."""
        return joint_network(task, self.settings, parameters, seed=seed)


def _joined(task: VerticalTask, run: ProcessRun) -> Trained:
    """Gather what the processes left."""
    results = {name: bottom_of(run.arrays[name]) for name in task.participants}
    holder = results[task.label_holder]
    return Trained(
        scores=holder.scores,
        parameters={name: result.parameters for name, result in results.items()},
        epochs=run.epochs,
        embeddings=holder.embeddings,
        transcripts={"training": run.transcript},
    )
