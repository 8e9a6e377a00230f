"""The coalition game of pooled rows: what an estimator learns from the rows of a coalition.

This is data valuation by coalition and not federated averaging: every coalition's rows are put in
one place, and the estimator is fitted to them afresh.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from joblib import Parallel, delayed

from fedmerit.errors import GameError, TrainingError
from fedmerit.federation.pooled.estimators import EstimatorSpec, chances
from fedmerit.streams import generator
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.federation.data.consortium import Federation
    from fedmerit.progress import Advance

#: Processes at most, and coalitions for which another one is worth its start.
MAX_WORKERS: Final = 8
_EACH: Final = 8
#: Half a unit in the last place of 1 in float32.
_ROUNDING: Final = 2.0**-24


class PooledGame:
    """What each coalition's rows, in one place, teach an estimator.

    A coalition without rows gives every class the same probability. All estimators draw by the
    same state, so coalitions differ in their rows alone.

    Args:
        federation: Whose rows.
        spec: What to fit.
        seed: The run's seed.
        workers: Processes; as many as there are cores, and :data:`MAX_WORKERS` at most, if None.
            The numbers do not depend on it.
        nudge: Moves every training feature by a rounding, drawn by this seed; 0 moves none.
        progress: Told of every coalition.

    """

    def __init__(
        self,
        federation: Federation,
        spec: EstimatorSpec,
        *,
        seed: int,
        workers: int | None = None,
        nudge: int = 0,
        progress: Advance | None = None,
    ) -> None:
        self.participants = federation.participants
        self.resolution = 1 / MICRO
        self._federation = federation
        self._spec = spec
        self._seed = seed
        self._workers = workers
        self._progress = progress
        sizes = [len(member.labels) for member in federation.members]
        self._owners = np.repeat(np.arange(len(sizes)), sizes)
        self._features = np.concatenate([member.features for member in federation.members])
        self._labels = np.concatenate([member.labels for member in federation.members])
        if nudge:
            noise = generator(nudge, "nudge").uniform(-_ROUNDING, _ROUNDING, self._features.shape)
            self._features = (self._features * (1 + noise)).astype(np.float32)

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain in log-likelihood, in nats, ``(rows,)``."""
        return np.asarray(self.worth_by_row(coalitions).mean(axis=1))

    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain on each validation row, ``(rows, validation rows)``."""
        labels = self._federation.validation_labels
        uniform = -np.log(len(self._federation.classes))
        gains = np.zeros((len(coalitions), len(labels)))
        for index, found in enumerate(self.chances(coalitions)):
            likely = np.log(found[np.arange(len(labels)), labels])
            gains[index] = np.rint((likely - uniform) * MICRO) / MICRO
        gains[~coalitions.any(axis=1)] = 0.0
        return gains

    def chances(self, coalitions: NDArray[np.bool_], /) -> Iterator[NDArray[np.float64]]:
        """Give each coalition's probabilities of classes, ``(validation rows, classes)``, in turn.

        Raises:
            TrainingError: The estimator cannot be fitted to a coalition's rows; names it.
        """
        if coalitions.ndim != 2 or coalitions.shape[1] != len(self.participants):  # noqa: PLR2004
            raise GameError(
                f"coalitions of shape {coalitions.shape} do not fit "
                f"{len(self.participants)} participants",
                hint="Give one row per coalition, one column per participant.",
            )
        workers = min(self._workers or _cores(), max(1, len(coalitions) // _EACH))
        jobs = (delayed(_chances)(**self._job(coalition)) for coalition in coalitions)
        run = Parallel(n_jobs=workers, return_as="generator", batch_size=1)
        for done, found in enumerate(run(jobs), start=1):
            if isinstance(found, str):
                inside = coalitions[done - 1]
                names = [n for n, is_in in zip(self.participants, inside, strict=True) if is_in]
                raise TrainingError(
                    f"the rows of {', '.join(names)}: {found}",
                    hint="The estimator has to learn from any coalition's rows: see "
                    "[model.arguments].",
                )
            if self._progress is not None:
                self._progress(done, len(coalitions))
            yield found

    def _job(self, coalition: NDArray[np.bool_]) -> dict[str, Any]:
        federation = self._federation
        return {
            "spec": self._spec,
            "features": self._features,
            "labels": self._labels,
            "inside": coalition[self._owners],
            "rows": federation.validation_features,
            "classes": len(federation.classes),
            "seed": self._seed,
        }


def _chances(
    *,
    spec: EstimatorSpec,
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    inside: NDArray[np.bool_],
    rows: NDArray[np.float32],
    classes: int,
    seed: int,
) -> NDArray[np.float64] | str:
    """Give one coalition's probabilities, or what is wrong; runs in a process of its own."""
    training = features[inside], labels[inside]
    try:
        return chances(spec, training, rows, classes=classes, seed=seed)
    except TrainingError as error:  # an error with a hint does not pass between processes
        return str(error)


def _cores() -> int:
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # where there is no such call
        cores = os.cpu_count() or 1
    return min(MAX_WORKERS, cores)
