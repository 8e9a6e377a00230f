"""Linear and logistic regression on columns of several parties, under Paillier.

The federated weights are those of :func:`plain_regression` but for fixed-point rounding: what
is encrypted, masked and decrypted on the way cancels exactly. Two forms of the field: a third
party that holds the key and never data (Hardy et al., 2017; Yang et al., 2019), and none, where
the label holder coordinates and the first other party decrypts masked numbers in its stead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Literal

import numpy as np

from fedmerit.errors import TrainingError
from fedmerit.federation.protection.paillier import KEY_BITS
from fedmerit.federation.vertical.regression.roles import (
    decide,
    hold_labels,
    join_in,
    refuse_small_batches,
)
from fedmerit.federation.vertical.regression.whitening import coordinates
from fedmerit.federation.vertical.task import batches, intercept, settled
from fedmerit.federation.wire.channel import Channel, play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.federation.vertical.regression.roles import Trained
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.federation.wire.messages import Message
    from fedmerit.federation.wire.transcript import Transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionSettings:
    """Mini-batch gradient descent, one step a batch."""

    kind: Literal["logistic", "linear"] = "logistic"
    """What is predicted: a probability or a number."""
    sigmoid: Literal["taylor", "exact"] = "taylor"
    """Logistic loss by its second-order Taylor expansion at 0, or exact by masked exponentials."""
    coordinator: Literal["third party", "label holder"] = "label holder"
    """Who decrypts: a third party without data, or nobody but the parties themselves."""
    epochs: int = 10
    """Passes over the rows, at most."""
    batch_size: int = 256
    """Rows in one step."""
    learning_rate: float = 0.1
    """Step size."""
    l2: float = 0.0
    """What the loss adds of half the squared norm of the weights; the intercept is left out."""
    whiten: bool = False
    """Whether each party makes its own columns uncorrelated first; weights are then of those in
    ``l2`` and ``tolerance``."""
    tolerance: float = 1e-3
    """Training ends once an epoch moves no party's weights by this share of their norm."""
    key_bits: int = KEY_BITS
    """Length of Paillier's modulus; below 2,048 for tests only."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 < self.learning_rate < inf or not 0 <= self.l2 < inf or not self.tolerance >= 0:
            raise TrainingError(
                f"learning_rate={self.learning_rate}, l2={self.l2}, tolerance={self.tolerance}",
                hint="The first must be above 0, the others at least 0.",
            )


#: The third party's name.
THIRD_PARTY = "third party"


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """A trained federation.

    Attributes:
        weights: Each party's own, one per column; the label holder's last is the intercept.
        epochs: How many it took.
        scores: Linear predictor on the validation rows, which the label holder alone learns,
            shape ``(validation rows,)``.
        transcript: What was said.
        recorded: Every message by receiver, if recorded.

    """

    weights: Mapping[str, Matrix]
    epochs: int
    scores: Matrix
    transcript: Transcript
    recorded: Mapping[str, list[tuple[str, Message]]]


def train_regression(
    task: VerticalTask, settings: RegressionSettings, *, seed: int, record: bool = False
) -> Regression:
    """Train a regression under encryption, every party in a thread of this process.

    Args:
        task: Whose columns, whose labels.
        settings: How.
        seed: The scenario's seed; it picks the batches, and no secret.
        record: Whether to keep every message.

    Raises:
        TrainingError: A number left the range that can be encrypted.

    """
    played = play(programs(task, settings, seed=seed), record=record)
    weights = {name: played.results[name].weights for name in task.participants}
    holder = played.results[task.label_holder]
    return Regression(weights, holder.epochs, holder.scores, played.transcript, played.recorded)


def programs(
    task: VerticalTask, settings: RegressionSettings, *, seed: int
) -> dict[str, Callable[[Channel], Trained]]:
    """Give each party's program, with nothing but its own columns in it."""
    names = task.participants
    found: dict[str, Callable[[Channel], Trained]] = {
        names[0]: partial(
            hold_labels,
            columns=task.parties[0],
            labels=task.labels,
            parties=names,
            settings=settings,
            seed=seed,
        )
    }
    for columns in task.parties[1:]:
        found[columns.party] = partial(
            join_in, columns=columns, parties=names, settings=settings, seed=seed
        )
    if settings.coordinator == "third party":
        found[THIRD_PARTY] = partial(
            decide, rows=len(task.labels), parties=names, settings=settings
        )
    return found


def check_batches(task: VerticalTask, settings: RegressionSettings) -> None:
    """Find out before the training whether batches tell a party too much.

    Raises:
        TrainingError: They do.
    """
    refuse_small_batches(task.label_holder, joined([task.parties[0].training]), settings)
    for columns in task.parties[1:]:
        refuse_small_batches(columns.party, columns.training, settings)


def plain_regression(
    task: VerticalTask, settings: RegressionSettings, *, seed: int
) -> tuple[dict[str, Matrix], Matrix]:
    """Train the same regression in the clear, on all columns in one place.

    Returns:
        Weights by party, and the linear predictor on the validation rows.

    """
    training = joined([columns.training for columns in task.parties])
    held_out = joined([columns.held_out for columns in task.parties])
    sizes = [len(columns.names) for columns in task.parties]
    weights = descend(training, task.labels, settings, seed=seed, owners=sizes)
    parts = np.split(weights[1:], np.cumsum(sizes)[:-1])
    parts[0] = np.append(parts[0], weights[0])
    return dict(zip(task.participants, parts, strict=True)), held_out @ weights


def descend(
    rows: Matrix,
    labels: Matrix,
    settings: RegressionSettings,
    *,
    seed: int,
    owners: list[int] | None = None,
) -> Matrix:
    """Train weights in the clear; the first column is the intercept's.

    Args:
        rows: Shape ``(rows, columns)``.
        labels: Shape ``(rows,)``.
        settings: How.
        seed: Picks the batches.
        owners: How many columns each party has, for the convergence check; None for one party.

    """
    sizes = owners or [rows.shape[1] - 1]
    if settings.whiten:
        return _whitened(rows, labels, settings, seed=seed, owners=sizes)
    weights = np.zeros(rows.shape[1])
    weights[0] = intercept(labels, settings)
    decay = np.append(0.0, np.full(len(weights) - 1, settings.l2))
    cuts = 1 + np.cumsum(sizes)[:-1]
    for epoch in range(1, settings.epochs + 1):
        before = weights
        for batch in batches(len(rows), settings.batch_size, seed=seed, epoch=epoch):
            off = residuals(rows[batch] @ weights, labels[batch], settings)
            gradient = rows[batch].T @ off / len(batch) + decay * weights
            weights = weights - settings.learning_rate * gradient
        parts = zip(np.split(weights, cuts), np.split(before, cuts), strict=True)
        if all(settled(after, earlier, settings.tolerance) for after, earlier in parts):
            break
    return weights


def _whitened(
    rows: Matrix, labels: Matrix, settings: RegressionSettings, *, seed: int, owners: list[int]
) -> Matrix:
    """Train in the owners' own coordinates, and give the weights of their columns."""
    own = np.split(rows[:, 1:], np.cumsum(owners)[:-1], axis=1)
    back = [coordinates(part) for part in own]
    parts = [part @ matrix for part, matrix in zip(own, back, strict=True)]
    sizes = [matrix.shape[1] for matrix in back]
    plain = replace(settings, whiten=False)
    found = descend(joined(parts), labels, plain, seed=seed, owners=sizes)
    split = np.split(found[1:], np.cumsum(sizes)[:-1])
    turned = [matrix @ weights for matrix, weights in zip(back, split, strict=True)]
    return np.concatenate([found[:1], *turned])


def residuals(scores: Matrix, labels: Matrix, settings: RegressionSettings) -> Matrix:
    """Give the loss's derivative in each row's linear predictor, shape ``(rows,)``."""
    if settings.kind == "linear":
        return scores - labels
    if settings.sigmoid == "taylor":
        return 0.5 + 0.25 * scores - labels
    return 1 / (1 + np.exp(-scores)) - labels


def joined(parts: list[Matrix]) -> Matrix:
    """Put columns side by side, ones before them."""
    return np.column_stack([np.ones(len(parts[0])), *parts])
