"""The coalition games that a training run induces.

Both measure the gain in log-likelihood on the pooled validation rows, row by row, so that a
value's standard error follows in closed form.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.errors import GameError
from fedmerit.federation.engine import Engine
from fedmerit.federation.measure import Judge
from fedmerit.federation.models import network
from fedmerit.federation.rounds import FLOAT_BYTES, average, exchange, sampled
from fedmerit.federation.threads import single_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from fedmerit.federation.consortium import Federation
    from fedmerit.federation.models import ModelSpec
    from fedmerit.federation.record import TrainingRecord
    from fedmerit.federation.settings import TrainingSettings

    #: Told how many of how many coalitions are done.
    Progress = Callable[[int, int], None]

#: Memory that one batch of coalitions may take for its updates, in bytes.
MEMORY_BYTES: Final = 2**28
#: Vectors a coalition needs beside its members' updates: models, float64 sums, one copy sent.
_SPARE_VECTORS: Final = 12


class RetrainingGame:
    """What each coalition's own model would have been worth, by training it.

    Every coalition starts from the run's initial model; its members draw the batches they
    drew in the run, and the rounds sample the members they sampled. So the coalition of
    everyone is the run itself.

    Args:
        federation: Whose rows.
        model: What to train.
        settings: The run's settings; its convergence check does not apply.
        rounds: Rounds that the run took, and each coalition takes.
        seed: The run's seed.
        memory_bytes: Bound on the updates that are held at once.
        progress: Told of every round.

    """

    def __init__(
        self,
        federation: Federation,
        model: ModelSpec,
        settings: TrainingSettings,
        *,
        rounds: int,
        seed: int,
        memory_bytes: int = MEMORY_BYTES,
        progress: Progress | None = None,
    ) -> None:
        self.participants = federation.participants
        self._engine = Engine(federation, model, settings, seed=seed)
        self._judge = Judge(federation, self._engine.network)
        self._rounds = rounds
        self._progress = progress
        parameters = self._engine.network.initial.numel()
        each = FLOAT_BYTES * parameters * (len(self.participants) + _SPARE_VECTORS)
        self._at_once = max(1, memory_bytes // each)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain over the untrained model, in nats, ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    @single_thread()
    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain on each validation row, ``(rows, validation rows)``."""
        gains = self._judge.gains(self.models(coalitions), self._engine.network.initial)
        gains[~coalitions.any(axis=1)] = 0.0
        return gains

    @single_thread()
    def models(self, coalitions: NDArray[np.bool_], /) -> Tensor:
        """Train each coalition's model, ``(rows, parameters)``."""
        _check(coalitions, self.participants)
        trained = []
        for start in range(0, max(1, len(coalitions)), self._at_once):
            part = coalitions[start : start + self._at_once]
            trained.append(self._train(part, done=start, total=len(coalitions)))
        return torch.cat(trained)

    def _train(self, coalitions: NDArray[np.bool_], *, done: int, total: int) -> Tensor:
        engine = self._engine
        inside = torch.from_numpy(coalitions).to(engine.settings.device)
        models = engine.network.initial.expand(len(inside), -1)
        previous = models
        for number in range(1, self._rounds + 1):
            chosen = sampled(
                self.participants,
                engine.settings.participation,
                round_=number,
                seed=engine.seed,
            )
            taking_part = inside & torch.from_numpy(chosen).to(inside.device)
            received = exchange(engine, models, previous, taking_part, number)
            previous, models = models, average(models, received.updates, received.weights)
            if self._progress is not None:
                self._progress(done + len(inside) * number // self._rounds, total)
        return models


class RoundGame:
    """What each coalition's updates were worth in one recorded round.

    The weights are the round's own, whoever is in: an absent member adds a zero update.
    Renormalising them over the coalition, as many papers do, stretches the updates that are
    left, and takes the sizes of the values further from retraining.

    Args:
        record: The run.
        round_: The round's number, from 1.
        federation: The run's federation.

    """

    def __init__(self, record: TrainingRecord, round_: int, federation: Federation) -> None:
        if not 1 <= round_ <= len(record.rounds):
            raise GameError(
                f"the run has no round {round_}", hint=f"Choose from 1 to {len(record.rounds)}."
            )
        recorded = record.rounds[round_ - 1]
        device = record.settings.device
        self.participants = record.participants
        self._before = torch.from_numpy(recorded.global_before).to(device)
        self._steps = torch.from_numpy(recorded.weights[:, None] * recorded.updates).to(device)
        built = network(federation, record.model, seed=record.seed, device=device)
        self._judge = Judge(federation, built)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain over the round's first model, in nats, ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    @single_thread()
    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain on each validation row, ``(rows, validation rows)``."""
        _check(coalitions, self.participants)
        inside = torch.from_numpy(coalitions).to(self._steps)
        models = (self._before.double() + inside @ self._steps).float()
        gains = self._judge.gains(models, self._before)
        gains[~coalitions.any(axis=1)] = 0.0
        return gains


#: The games that training induces, by what is asked of a coalition.
GAMES: Final = MappingProxyType({"retraining": RetrainingGame, "round": RoundGame})


def _check(coalitions: NDArray[np.bool_], participants: tuple[str, ...]) -> None:
    if coalitions.ndim != 2 or coalitions.shape[1] != len(participants):  # noqa: PLR2004 - a table
        raise GameError(
            f"coalitions of shape {coalitions.shape} do not fit {len(participants)} participants",
            hint="Give one row per coalition, one column per participant.",
        )
