"""Which steps a regression cannot be trained in: above a bound, its weights grow for ever."""

from __future__ import annotations

from math import log10
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import TrainingError
from fedmerit.federation.vertical.regression.regression import joined
from fedmerit.federation.vertical.regression.whitening import whitened

if TYPE_CHECKING:
    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.task import VerticalTask

#: A power of ten.
_TENFOLD: Final = 1.0


def largest_rate(task: VerticalTask, settings: RegressionSettings) -> float | None:
    """Give the learning rate above which descent diverges on all columns together.

    The loss is a square, so a step of full batches multiplies what is left to learn along each
    direction of its curvature c by ``1 - rate * c``: above ``2 / c`` that grows (Polyak, 1963).
    Of smaller batches it is the mean that grows. A coalition has some of the columns, whose
    curvature is no larger.

    Returns:
        None where the loss is no square: of the exact logistic one, steps may be too large
        and yet stay bounded.
    """
    if settings.kind == "logistic" and settings.sigmoid == "exact":
        return None
    parties = [whitened(one)[0] if settings.whiten else one for one in task.parties]
    shortened = settings.gradient_noise.shortened
    leader = shortened(joined([parties[0].training]))
    rows = np.column_stack([leader, *(shortened(one.training) for one in parties[1:])])
    curvature = (1.0 if settings.kind == "linear" else 0.25) * rows.T @ rows / len(rows)
    decay = np.full(len(curvature), settings.l2)
    decay[0] = 0.0  # the intercept's
    return float(2 / np.linalg.eigvalsh(curvature + np.diag(decay))[-1])


def check_rate(task: VerticalTask, settings: RegressionSettings) -> None:
    """Refuse a learning rate with which the training would diverge before it ends.

    A few steps above the bound may still be worth it, since most is learned along other
    directions: refused is what would multiply the error along one of them tenfold.

    Raises:
        TrainingError: It would.
    """
    most = largest_rate(task, settings)
    if most is None or settings.learning_rate <= most:
        return
    steps = settings.epochs * -(-len(task.labels) // settings.batch_size)
    grown = steps * log10(2 * settings.learning_rate / most - 1)
    if grown > _TENFOLD:
        raise TrainingError(
            f"at learning_rate = {settings.learning_rate:g} the training would diverge: on these "
            f"columns every step above {most:.3g} overshoots by more than it corrects, and "
            f"{steps:,} of them would multiply what is wrong by 10^{grown:.1f}",
            hint=f"Set vertical.learning_rate to {0.9 * most:.2g} or less.",
        )
