"""The games of recorded rounds: what updates were worth, with nothing trained again."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.coalitions import coalitions_of
from fedmerit.errors import GameError, suggestion
from fedmerit.federation.batched.evaluation import evaluation
from fedmerit.federation.batched.layered import Layered
from fedmerit.federation.batched.measure import MICRO, Gains, log_likelihood, metric_of
from fedmerit.federation.batched.whole import Own, Whole
from fedmerit.federation.games.enumerated import every_log_likelihood
from fedmerit.federation.models import network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from fedmerit.federation.batched.measure import Metric
    from fedmerit.federation.batched.protocols import Evaluation
    from fedmerit.federation.data.consortium import Federation
    from fedmerit.federation.horizontal.record import TrainingRecord
    from fedmerit.federation.models import Network

    #: Gives what multiplies the sum of each coalition's weighted updates, ``(coalitions,)``,
    #: from who is in, ``(coalitions, members)``, and the round's weights, ``(members,)``.
    Weighting = Callable[[NDArray[np.bool_], NDArray[np.float64]], NDArray[np.float64]]

#: Memory that a game may keep between questions, in bytes.
MEMORY_BYTES: Final = 2**29
#: Gains that one portion of a long question may take, in floats.
_GAINS: Final = 2**23


def fixed(inside: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: ARG001 - a Weighting
    """Leave the weights as they were: an absent member adds a zero update."""
    return np.ones(len(inside))


def renormalised(inside: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make the weights of those who are in add up to 1."""
    total = (inside * weights).sum(axis=1)
    return np.asarray(1 / np.where(total > 0, total, 1.0))


#: What updates weigh in a coalition, by name.
WEIGHTINGS: Final[Mapping[str, Weighting]] = MappingProxyType(
    {"fixed": fixed, "renormalised": renormalised}
)


class RoundGame:
    """What each coalition's updates were worth in one recorded round.

    By default the weights are the round's own, whoever is in. Many papers renormalise them
    over the coalition: FedSV (Wang et al., 2020), GTG (Liu et al., 2022), MR (Song et al.,
    2019). That stretches the updates that are left: measured against retraining on digits with
    ten members, it was further off than paying everyone the same, where fixed weights with the
    loss came closest. It is here so that those papers' methods can be repeated.

    Gains are whole millionths of the metric's unit, row by row, within 2,000 of zero. They do
    not depend on what else is asked for, nor on torch's number of threads.

    Args:
        record: The run.
        round_: The round's number, from 1.
        federation: The run's federation.
        weights: A key of :data:`WEIGHTINGS`.
        metric: A key of :data:`~fedmerit.federation.batched.measure.METRICS`, or a function
            like them, or the import path of one of your own.
        label: Count only the validation rows of this class; without it, all.
        memory_bytes: What may be kept between questions so that they are answered faster.
        built: The run's network, where it is at hand; building one is most of a short question.

    Raises:
        GameError: There is no such round, weighting, metric, or row of such a class.

    """

    def __init__(
        self,
        record: TrainingRecord,
        round_: int,
        federation: Federation,
        *,
        weights: str = "fixed",
        metric: str | Metric = "loss",
        label: str | None = None,
        memory_bytes: int = MEMORY_BYTES,
        built: Network | None = None,
    ) -> None:
        if not 1 <= round_ <= len(record.rounds):
            raise GameError(
                f"the run has no round {round_}", hint=f"Choose from 1 to {len(record.rounds)}."
            )
        if weights not in WEIGHTINGS:
            raise GameError(
                f"no weights are called {weights!r}", hint=suggestion(weights, WEIGHTINGS)
            )
        self.participants = record.participants
        self.resolution = 1 / MICRO
        self._record, self._federation = record, federation
        self._round = record.rounds[round_ - 1]
        self._weighting = WEIGHTINGS[weights]
        self._metric = metric_of(metric, federation)
        self._chosen = rows_of(federation, label)
        self._memory_bytes = memory_bytes
        self._built = built
        self._accepted = self._round.weights > 0

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's mean gain over the round's first model, ``(rows,)``."""
        _check(coalitions, self.participants)
        worths = np.empty(len(coalitions))
        portion = max(1, _GAINS // len(self._chosen))
        for start in range(0, len(coalitions), portion):
            part = slice(start, start + portion)
            worths[part] = self.worth_by_row(coalitions[part]).mean(axis=1)
        return worths

    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain on each validation row, ``(rows, validation rows)``."""
        _check(coalitions, self.participants)
        if self._accepted.all():
            return self._gains(coalitions)
        # Whoever was not accepted changes nothing; many coalitions differ in them alone.
        inside, where = _distinct(coalitions[:, self._accepted])
        return self._gains(inside)[where]

    def every_worth(self) -> NDArray[np.float64]:
        """Give all worths, shape ``(2**n,)``; bit *i* of the index says if *i* is in.

        A logistic model's log-likelihoods under fixed weights come out of products of
        matrices, as means whose rows were not rounded: they differ from :meth:`worth` by up
        to a millionth. Any other game is asked for its coalitions in portions.
        """
        worths = self._every_mean()
        if worths is None:
            worths = self._every_portion()
        if self._accepted.all():
            return worths
        index, bit = np.zeros(1, dtype=np.int64), 1
        for accepted in self._accepted:
            index = np.concatenate([index, index + bit if accepted else index])
            bit <<= int(accepted)
        return worths[index]

    @cached_property
    def _evaluation(self) -> Evaluation:
        record, device = self._record, self._record.settings.device
        weights, updates = (
            array[self._accepted] for array in (self._round.weights, self._round.updates)
        )
        return evaluation(
            lambda: (
                self._built
                or network(self._federation, record.model, seed=record.seed, device=device)
            ),
            base=torch.from_numpy(self._round.global_before).to(device),
            steps=torch.from_numpy(weights[:, None] * updates).to(device),
            rows=torch.from_numpy(self._federation.validation_features[self._chosen]).to(device),
            classes=self._federation.outputs,
            memory_bytes=self._memory_bytes,
            apart=not isinstance(self._metric, Whole | Own),
        )

    @cached_property
    def _labels(self) -> Tensor:
        labels = torch.from_numpy(self._federation.validation_labels[self._chosen])
        return labels.to(self._record.settings.device)

    @cached_property
    def _score(self) -> Gains:
        """Gains over the round's first model."""
        nobody = torch.zeros((1, int(self._accepted.sum())), dtype=torch.bool)
        once = torch.ones(1, dtype=torch.float64)
        over = Gains(self._metric, self._labels, torch.zeros_like(self._labels).double())
        before = self._evaluation.measure(nobody, once, over.scores)[0]
        return replace(over, before=before.to(self._labels.device))

    def _gains(self, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give each row's gain for coalitions of accepted members, shape ``(rows, accepted)``."""
        gains = self._evaluation.measure(
            torch.from_numpy(inside),
            torch.from_numpy(self._weighting(inside, self._round.weights[self._accepted])),
            self._score,
        )
        gains[~torch.from_numpy(inside.any(axis=1))] = 0.0
        return np.asarray(gains.numpy())

    def _every_mean(self) -> NDArray[np.float64] | None:
        """Give the worths of all coalitions of accepted members, if there is a fast way."""
        classes = self._federation.quantity is None
        if self._weighting is not fixed or self._metric is not log_likelihood or not classes:
            return None
        fast = self._evaluation
        parts = fast.logits() if isinstance(fast, Layered) else None
        means = None if parts is None else every_log_likelihood(parts, self._labels)
        return None if means is None else np.asarray((means - means[0]).numpy())

    def _every_portion(self) -> NDArray[np.float64]:
        """Ask for all coalitions of accepted members, a portion at a time."""
        n = int(self._accepted.sum())
        worths = np.empty(2**n)
        portion = max(1, _GAINS // len(self._chosen))
        for start in range(0, 2**n, portion):
            codes = np.arange(start, min(start + portion, 2**n))
            inside = coalitions_of(codes, n)
            worths[codes] = self._gains(inside).mean(axis=1)
        return worths


def rows_of(federation: Federation, label: str | None) -> NDArray[np.int64]:
    """Number the validation rows of a class, or all of them.

    Raises:
        GameError: There is no such class, or no validation row of it.
    """
    if label is None:
        return np.arange(len(federation.validation_labels))
    if label not in federation.classes:
        raise GameError(f"no class is called {label!r}", hint=suggestion(label, federation.classes))
    rows = np.flatnonzero(federation.validation_labels == federation.classes.index(label))
    if not len(rows):
        raise GameError(
            f"no validation row is of class {label!r}",
            hint="Raise validation_share, or ask for another class.",
        )
    return rows


def _distinct(inside: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Give the rows without repeats, and where among them each row is."""
    if not inside.size:
        return inside[:1], np.zeros(len(inside), dtype=np.int64)
    packed = np.ascontiguousarray(np.packbits(inside, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, where = np.unique(keys, return_index=True, return_inverse=True)
    return inside[first], where


def _check(coalitions: NDArray[np.bool_], participants: tuple[str, ...]) -> None:
    if coalitions.ndim != 2 or coalitions.shape[1] != len(participants):  # noqa: PLR2004 - a table
        raise GameError(
            f"coalitions of shape {coalitions.shape} do not fit {len(participants)} participants",
            hint="Give one row per coalition, one column per participant.",
        )
