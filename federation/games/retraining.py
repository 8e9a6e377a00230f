"""The coalition game of retraining: what coalitions would have trained without the others.

It measures the gain in log-likelihood, or in another metric, on the pooled validation rows, row by
row, so that a value's standard error follows in closed form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.errors import GameError
from fedmerit.federation.batched.measure import MICRO, ModelEvaluator, log_likelihood, metric_of
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.batched.tiles import share
from fedmerit.federation.horizontal.engine import Engine
from fedmerit.federation.horizontal.rounds import FLOAT_BYTES, collect, local_updates
from fedmerit.federation.horizontal.sampling import present, sampled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from fedmerit.federation.batched.measure import Metric
    from fedmerit.federation.data.consortium import Federation
    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.models import ModelSpec
    from fedmerit.progress import Advance

#: Memory that one batch of coalitions may take for its updates, in bytes.
MEMORY_BYTES: Final = 2**28
#: Parameters of the coalitions that a thread trains at once; measured: caches hold about so many.
_PART_FLOATS: Final = 2**19
#: Coalitions that a thread trains at once, at least and at most.
_PART: Final = (32, 256)
#: Parts that a smaller number of coalitions is cut into, so that threads have something to share.
_PARTS: Final = 4
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
        workers: Threads to share the coalitions out to; as many as torch has if None. The
            numbers do not depend on it.
        progress: Told of every round.
        metric: As for :class:`~fedmerit.federation.games.rounds.RoundGame`.

    Raises:
        GameError: There is no such metric, or it is not for such labels.

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
        workers: int | None = None,
        progress: Advance | None = None,
        metric: str | Metric = "loss",
    ) -> None:
        self.participants = federation.participants
        self.resolution = 1 / MICRO
        self._engine = Engine(federation, model, settings, seed=seed)
        self._evaluator = ModelEvaluator(federation, self._engine.network)
        self._metric = metric_of(metric, federation)
        self._rounds = rounds
        self._workers = workers
        self._progress = progress
        parameters = self._engine.network.initial.numel()
        each = FLOAT_BYTES * parameters * (len(self.participants) + _SPARE_VECTORS)
        self._at_once = max(1, memory_bytes // each)
        least, most = _PART
        self._part = min(most, max(least, _PART_FLOATS // parameters), self._at_once)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain over the untrained model, ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain on each validation row, ``(rows, validation rows)``."""
        initial = self._engine.network.initial
        gains = np.concatenate(
            [
                self._evaluator.gains(part, initial)
                if self._metric is log_likelihood
                else self._evaluator.gains_in(self._metric, part, initial)
                for part in self._trained(coalitions)
            ]
        )
        gains[~coalitions.any(axis=1)] = 0.0
        return gains

    def models(self, coalitions: NDArray[np.bool_], /) -> Tensor:
        """Train each coalition's model, ``(rows, parameters)``."""
        return torch.cat(list(self._trained(coalitions)))

    def _trained(self, coalitions: NDArray[np.bool_]) -> Iterator[Tensor]:
        """Give the models of as many coalitions as the memory holds, then of the next."""
        _check(coalitions, self.participants)
        workers = self._workers or torch.get_num_threads()
        for start in range(0, max(1, len(coalitions)), self._at_once):
            part = coalitions[start : start + self._at_once]
            with single_thread():
                models = self._train(part, workers, done=start, total=len(coalitions))
            yield models

    def _train(
        self, coalitions: NDArray[np.bool_], workers: int, *, done: int, total: int
    ) -> Tensor:
        engine = self._engine
        mask = torch.from_numpy(coalitions).to(engine.settings.device)
        models = engine.network.initial.expand(len(mask), -1)
        previous = models
        for number in range(1, self._rounds + 1):
            chosen = sampled(
                self.participants,
                engine.settings.participation,
                round_=number,
                seed=engine.seed,
                full_round=engine.settings.full_round,
                there=present([member.span for member in engine.members], number),
            )
            taking_part = mask & torch.from_numpy(chosen).to(mask.device)
            trained = self._round(models, previous, taking_part, number, workers)
            previous, models = models, trained
            if self._progress is not None:
                self._progress(done + len(mask) * number // self._rounds, total)
        return models

    def _round(
        self, models: Tensor, previous: Tensor, taking_part: Tensor, number: int, workers: int
    ) -> Tensor:
        """Train one round of every coalition, part by part."""
        engine = self._engine
        trained = torch.empty_like(models, memory_format=torch.contiguous_format)
        size = len(models)
        if engine.settings.device == "cpu":
            size = min(self._part, max(_PART[0], -(-size // _PARTS)))
        parts = [slice(k, k + size) for k in range(0, len(models), max(1, size))]

        def work(jobs: Iterator[int]) -> None:
            for job in jobs:
                part = parts[job]
                sent = local_updates(
                    engine, models[part], previous[part], taking_part[part], number
                )
                trained[part] = collect(engine.members, models[part], sent).after

        share(work, len(parts), min(workers, self._at_once // self._part))
        return trained


def _check(coalitions: NDArray[np.bool_], participants: tuple[str, ...]) -> None:
    if coalitions.ndim != 2 or coalitions.shape[1] != len(participants):  # noqa: PLR2004 - a table
        raise GameError(
            f"coalitions of shape {coalitions.shape} do not fit {len(participants)} participants",
            hint="Give one row per coalition, one column per participant.",
        )
