"""What a vertical federation is held against: the joined table's model, and no model at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from fedmerit.federation.losses import DENSEST
from fedmerit.federation.vertical.regression.regression import joined
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.regression.whitening import whitened
from fedmerit.federation.vertical.tables import area_under_curve
from fedmerit.federation.vertical.task import Columns, intercept, log_odds

if TYPE_CHECKING:
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask

#: How strongly to regularise where it is not asked for: columns that others add up to need some.
_NEXT_TO_NONE: Final = 1e-6
_PATIENCE: Final = 2000
#: Log-odds beyond this are taken for it: no row may cost more than it nats.
_SATURATION: Final = 2000.0


@dataclass(frozen=True, slots=True)
class Measures:
    """How good scores are on the validation rows.

    Attributes:
        log_likelihood: Mean over rows, in nats.
        accuracy: Share of rows whose label is the more probable one; None of a quantity.
        area: Under the ROC curve; None likewise.
        rmse: Root of a quantity's mean squared error, in standard deviations of the label.
        r_squared: Share of the validation rows' variance that is predicted.

    """

    log_likelihood: float
    accuracy: float | None = None
    area: float | None = None
    rmse: float | None = None
    r_squared: float | None = None


def measured(labels: Matrix, scores: Matrix, *, quantity: bool = False) -> Measures:
    """Measure log-odds of class 1, shape ``(rows,)``, on labels of 0 and 1, or predictions."""
    if quantity:
        square = float(((scores - labels) ** 2).mean())
        spread = float(labels.var())
        return Measures(
            log_likelihood=DENSEST - square / 2,
            rmse=square**0.5,
            r_squared=1 - square / spread if spread else None,
        )
    bounded = scores.clip(-_SATURATION, _SATURATION)
    likelihood = -np.logaddexp(0, np.where(labels == 1, -bounded, bounded))
    return Measures(
        float(likelihood.mean()),
        float(((scores > 0) == (labels == 1)).mean()),
        area_under_curve(labels, scores),
    )


def untrained(task: VerticalTask, settings: RegressionSettings | SplitSettings) -> Matrix:
    """Give what the training labels alone say, for each validation row."""
    if isinstance(settings, RegressionSettings):
        constant = intercept(task.labels, settings)
    else:
        constant = log_odds(float(task.labels.mean()))
    return np.full(len(task.held_out_labels), constant)


def joined_scores(
    task: VerticalTask, settings: RegressionSettings | SplitSettings, *, seed: int
) -> Matrix:
    """Train on the joined table, which nobody has, and give scores of the validation rows.

    A regression has the same loss, approximate where the run's is, and is fitted to the end: what
    few epochs lose shows. A
    network is one that sees all columns, without noise.
    """
    parties = task.parties
    if isinstance(settings, RegressionSettings) and settings.whiten:
        parties = tuple(whitened(columns)[0] for columns in parties)
    training, held_out = (
        np.column_stack([getattr(columns, part) for columns in parties])
        for part in ("training", "held_out")
    )
    if not isinstance(settings, RegressionSettings):
        return _network(task, settings, training, held_out, seed=seed)
    if settings.kind == "linear" or settings.sigmoid == "taylor":
        penalty = max(settings.l2, _NEXT_TO_NONE)
        return _least_squares(training, task.labels, held_out, settings, penalty)
    return _logistic(training, task.labels, held_out, settings.l2)


def is_approximate(settings: RegressionSettings | SplitSettings) -> bool:
    """Say whether the loss of *settings* is the logistic one by its expansion at 0.

    The joined table's model is then fitted to the expansion, too, and is no ordinary logistic
    regression: :func:`ordinary_scores`.
    """
    if not isinstance(settings, RegressionSettings):
        return False
    return settings.kind == "logistic" and settings.sigmoid == "taylor"


def ordinary_scores(task: VerticalTask, settings: RegressionSettings | SplitSettings) -> Matrix:
    """Fit ordinary logistic regression to the joined table, as whoever had it would do."""
    training, held_out = (
        np.column_stack([getattr(columns, part) for columns in task.parties])
        for part in ("training", "held_out")
    )
    return _logistic(training, task.labels, held_out, getattr(settings, "l2", 0.0))


def _logistic(training: Matrix, labels: Matrix, held_out: Matrix, l2: float) -> Matrix:
    """Fit the logistic loss to its end."""
    penalty = max(l2, _NEXT_TO_NONE)
    fitted = LogisticRegression(C=1 / (penalty * len(training)), max_iter=_PATIENCE)
    return np.asarray(fitted.fit(training, labels).decision_function(held_out))


def _least_squares(
    training: Matrix, labels: Matrix, held_out: Matrix, settings: RegressionSettings, penalty: float
) -> Matrix:
    """Solve for where the derivative that descent follows is 0; the expansion is a square, too."""
    linear = settings.kind == "linear"
    targets, curvature = (labels, 1.0) if linear else (4 * labels - 2, 0.25)
    rows = joined([training])
    decay = np.diag(np.append(0.0, np.full(training.shape[1], penalty / curvature)))
    weights = np.linalg.solve(rows.T @ rows / len(rows) + decay, rows.T @ targets / len(rows))
    return np.asarray(joined([held_out]) @ weights)


def _network(
    task: VerticalTask, settings: SplitSettings, training: Matrix, held_out: Matrix, *, seed: int
) -> Matrix:
    # Only networks need torch, which takes seconds to load.
    from fedmerit.federation.vertical.split.split import train_split  # noqa: PLC0415

    names = tuple(f"{c.party}: {name}" for c in task.parties for name in c.names)
    everyone = Columns(party="joined table", names=names, training=training, held_out=held_out)
    nobody = replace(everyone, party="labels", names=())
    empty = replace(nobody, training=training[:, :0], held_out=held_out[:, :0])
    # Clipped as the run is: its rate of learning is for clipped gradients.
    noiseless = replace(
        settings,
        forward="plain",
        labels=replace(settings.labels, noise=0.0),
        features=replace(settings.features, noise=0.0),
        width=settings.width * len(task.parties),
    )
    return train_split(replace(task, parties=(empty, everyone)), noiseless, seed=seed).scores
