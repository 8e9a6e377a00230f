"""Metrics that are no means over rows: areas, F1, average precision, a user's function.

Each is given as one number a row whose mean over the rows is the metric itself, and whose spread
is the jackknife's (Quenouille, 1949; Tukey, 1958): with ``t`` the metric, ``t_i`` without row i and
``m`` the mean of those, row i has ``t + (rows - 1) (m - t_i)``. The standard error of their mean is
the jackknife's of the metric. Shapley values are linear, so a value's numbers by row are the
jackknife's of the value, and all that is done with rows is done with these.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import isfunction
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import torch

from fedmerit.errors import GameError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from fedmerit.federation.data.quantities import Quantity

    Floats = NDArray[np.float64]
    #: Turns labels of 0 and 1, shape ``(rows,)``, and one model's scores of class 1, likewise, into
    #: the metric, and into the metric without each of the rows, ``(rows,)``.
    Statistic = Callable[[NDArray[np.bool_], Floats], tuple[float, Floats]]


#: A metric of somebody's own is kept within this, so that no gain of it saturates.
_LARGEST: Final = 900.0


@dataclass(frozen=True, slots=True)
class Whole:
    """A metric of two classes that only all validation rows together have.

    Called as metrics of single rows are, with the logits of all rows.
    """

    statistic: Statistic

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the metric row by row, shape ``(models, rows)``, from ``(models, rows, 2)``."""
        margins = np.nan_to_num((logits[..., 1] - logits[..., 0]).double().cpu().numpy())
        positive = labels.cpu().numpy() == 1
        found = [pseudo_rows(*self.statistic(positive, each)) for each in margins]
        return torch.from_numpy(np.stack(found)).to(logits.device)


@dataclass(frozen=True, slots=True)
class Own:
    """A user's function of labels and scores, which is run once for each row that is left out.

    Attributes:
        name: Its import path.
        function: Takes the labels, shape ``(rows,)``, and of two classes the probability of the
            second, ``(rows,)``; of more the probabilities, ``(rows, classes)``; of a quantity the
            predictions in its own unit, as its labels are. Gives one number, of which more is
            better.
        quantity: The scale of labels that are a quantity.
    """

    name: str
    function: Callable[[NDArray[Any], Floats], float]
    quantity: Quantity | None

    @classmethod
    def imported(cls, name: str, quantity: Quantity | None) -> Self:
        """Import a function by its path, ``package.module:function``.

        Raises:
            GameError: There is no such function.
        """
        path, _, function = name.partition(":")
        try:
            found = getattr(import_module(path), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise GameError(
                f"the metric {name!r} cannot be imported: {error}",
                hint="Give 'package.module:function', and install the package or set PYTHONPATH.",
            ) from error
        if not isfunction(found):
            raise GameError(
                f"the metric {name!r} is no Python function",
                hint="Name a function that takes labels and scores and gives a number.",
            )
        return cls(name, found, quantity)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Give the metric row by row, as :class:`Whole` does.

        Raises:
            GameError: The function fails, or gives what is no number between -900 and 900.
        """
        truth, scores = labels.cpu().numpy(), self._scores(logits)
        found = [self._by_row(truth, each) for each in scores]
        return torch.from_numpy(np.stack(found)).to(logits.device)

    def _scores(self, logits: Tensor) -> Floats:
        scores = np.nan_to_num(logits.double().cpu().numpy())
        if self.quantity is not None:
            return np.asarray(scores[..., 0])
        scores = scores - scores.max(axis=2, keepdims=True)
        likely = np.exp(scores)
        likely /= likely.sum(axis=2, keepdims=True)
        return np.asarray(likely[..., 1] if likely.shape[2] == 2 else likely)  # noqa: PLR2004

    def _by_row(self, labels: NDArray[Any], scores: Floats) -> Floats:
        if self.quantity is not None:
            labels, scores = (
                self.quantity.mean + self.quantity.deviation * each.astype(np.float64)
                for each in (labels, scores)
            )
        rows = np.arange(len(labels))
        without = [self._asked(labels[rows != row], scores[rows != row]) for row in rows]
        return pseudo_rows(self._asked(labels, scores), np.array(without))

    def _asked(self, labels: NDArray[Any], scores: Floats) -> float:
        try:
            given = float(self.function(labels, scores))
        except Exception as error:
            raise GameError(
                f"the metric {self.name!r} failed on {len(labels)} validation rows: {error}",
                hint="It must do with any one row left out.",
            ) from error
        if not abs(given) <= _LARGEST:
            raise GameError(
                f"the metric {self.name!r} gave {given}, and has to give a number between "
                f"{-_LARGEST:g} and {_LARGEST:g}",
                hint="Divide it by what it is measured in.",
            )
        return given


def pseudo_rows(whole: float, without: Floats) -> Floats:
    """Give a metric row by row, shape ``(rows,)``: their mean is the metric itself.

    Args:
        whole: The metric of all rows.
        without: The metric without each row, shape ``(rows,)``.
    """
    return np.asarray(whole + (len(without) - 1) * (without.mean() - without))


def area(positive: NDArray[np.bool_], scores: Floats) -> tuple[float, Floats]:
    """Give the area under the ROC curve: how often a row of class 1 scores higher; ties count half.

    Raises:
        GameError: A class has fewer than two rows, so that none could be left out.
    """
    ones, zeros = _both(positive)
    above = _share_below(scores[ones], scores[zeros])
    below = 1 - _share_below(scores[zeros], scores[ones])
    whole = float(above.mean())
    without = np.empty(len(scores))
    without[ones] = (len(ones) * whole - above) / (len(ones) - 1)
    without[zeros] = (len(zeros) * whole - below) / (len(zeros) - 1)
    return whole, without


def f1(positive: NDArray[np.bool_], scores: Floats) -> tuple[float, Floats]:
    """Give twice the right answers "1" over those given and those due; 0 if there are none.

    A row is answered "1" where its score is above 0.

    Raises:
        GameError: As :func:`area`.
    """
    _both(positive)
    said = scores > 0
    both, either = said & positive, said.astype(np.int64) + positive
    right, counted = int(both.sum()), int(either.sum())
    left = counted - either
    return 2 * right / counted, 2 * (right - both) / np.where(left > 0, left, 1)


def average_precision(positive: NDArray[np.bool_], scores: Floats) -> tuple[float, Floats]:
    """Give the mean, over rows of class 1, of how many of those that score as high are of it.

    Raises:
        GameError: As :func:`area`.
    """
    ones, _ = _both(positive)
    at = scores[ones]
    count = len(scores) - np.searchsorted(np.sort(scores), at, side="left")
    right = len(ones) - np.searchsorted(np.sort(at), at, side="left")
    precision = right / count
    # What leaving out a row changes for every row of class 1 that scores no higher.
    fewer = np.maximum(count - 1, 1)
    without_one = (right - 1) / fewer - precision
    without_zero = right / fewer - precision
    order = np.argsort(at, kind="stable")
    places = np.searchsorted(at[order], scores, side="right")
    sums_one, sums_zero = (
        np.append(0.0, np.cumsum(change[order])) for change in (without_one, without_zero)
    )
    whole, n = float(precision.sum()), len(ones)
    without = np.where(positive, whole + sums_one[places], whole + sums_zero[places])
    # A row of class 1 that is left out is none of those that the mean is over; its own change
    # is among the sums, and goes with its precision.
    without[ones] -= precision + without_one
    return whole / n, without / np.where(positive, n - 1, n)


def areas(labels: NDArray[np.int64], scores: Floats) -> Floats:
    """Give many models' areas under the ROC curve, shape ``(models,)``, of scores by row.

    Not a number where only one class is there.
    """
    positive = labels == 1
    if positive.all() or not positive.any():
        return np.full(len(scores), np.nan)
    return np.array([_share_below(row[positive], row[~positive]).mean() for row in scores])


def _both(positive: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    ones, zeros = np.flatnonzero(positive), np.flatnonzero(~positive)
    if min(len(ones), len(zeros)) < 2:  # noqa: PLR2004 - one is left when one is left out
        raise GameError(
            f"{len(ones)} and {len(zeros)} validation rows of the two classes, and 2 are needed",
            hint="Bring more rows, or choose a metric that is a mean over rows.",
        )
    return ones, zeros


def _share_below(scores: Floats, others: Floats) -> Floats:
    """Give which share of *others* each score is above; ties count half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    return (below + np.searchsorted(ordered, scores, side="right")) / (2 * len(others))
