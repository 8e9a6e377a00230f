"""Linear and logistic regression on columns of several parties, under Paillier.

The federated weights are those of :func:`plain_regression` but for fixed-point rounding: what
is encrypted, masked and decrypted on the way cancels exactly. Two forms of the field: a third
party that holds the key and never data (Hardy et al., 2017; Yang et al., 2019), and none, where
the label holder coordinates and the first other party decrypts masked numbers in its stead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.csprng import NoiseStream
from fedmerit.federation.privacy.noise import SCALE
from fedmerit.federation.vertical.checkpoints import store_of
from fedmerit.federation.vertical.regression.roles import (
    refuse_small_batches,
    run_feature_party,
    run_key_holder,
    run_label_holder,
    sums_of,
)
from fedmerit.federation.vertical.regression.settings import THIRD_PARTY, RegressionSettings
from fedmerit.federation.vertical.regression.whitening import coordinates
from fedmerit.federation.vertical.task import batches, intercept, settled
from fedmerit.federation.wire.channel import Channel, play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.regression.roles import Trained
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.federation.wire.messages import Message
    from fedmerit.federation.wire.transcript import Transcript


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
    task: VerticalTask,
    settings: RegressionSettings,
    *,
    seed: int,
    record: bool = False,
    folder: Path | None = None,
) -> Regression:
    """Train a regression under encryption, every party in a thread of this process.

    Args:
        task: Whose columns, whose labels.
        settings: How.
        seed: The scenario's seed; it picks the batches, and no secret.
        record: Whether to keep every message.
        folder: Where parties keep what they need to go on after a break; without, nothing is.

    Raises:
        TrainingError: A number left the range that can be encrypted.

    """
    played = play(programs(task, settings, seed=seed, folder=folder), record=record)
    weights = {name: played.results[name].weights for name in task.participants}
    holder = played.results[task.label_holder]
    return Regression(weights, holder.epochs, holder.scores, played.transcript, played.recorded)


def programs(
    task: VerticalTask, settings: RegressionSettings, *, seed: int, folder: Path | None = None
) -> dict[str, Callable[[Channel], Trained]]:
    """Give each party's program, with nothing but its own columns in it."""
    leader, *others = task.parties
    sums = opened_sums(task, settings)
    lead = partial(run_label_holder, columns=leader, labels=task.labels, seed=seed)
    roles: dict[str, Callable[..., Trained]] = {leader.party: lead}
    for columns in others:
        roles[columns.party] = partial(run_feature_party, columns=columns, seed=seed)
    if settings.coordinator == "third party":
        roles[THIRD_PARTY] = partial(run_key_holder, rows=len(task.labels))
    return {
        name: partial(role, sums=sums, settings=settings, checkpoints=store_of(folder, name))
        for name, role in roles.items()
    }


def opened_sums(task: VerticalTask, settings: RegressionSettings) -> dict[str, int]:
    """Count the sums that each party has opened in a batch, which all agree on beforehand."""
    return {
        columns.party: sums_of(columns, settings, leads=columns is task.parties[0])
        for columns in task.parties
    }


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
    stream: NoiseStream | None = None,
) -> Matrix:
    """Train weights in the clear; the first column is the intercept's.

    Args:
        rows: Shape ``(rows, columns)``.
        labels: Shape ``(rows,)``.
        settings: How.
        seed: Picks the batches.
        owners: How many columns each party has, for the convergence check; None for one party.
        stream: Where noise is drawn from; the operating system without.

    """
    sizes = owners or [rows.shape[1] - 1]
    if settings.whiten:
        return _whitened(rows, labels, settings, seed=seed, owners=sizes, stream=stream)
    cuts = 1 + np.cumsum(sizes)[:-1]
    rows = _used(rows, settings, cuts)
    stream = stream or NoiseStream()
    weights = np.zeros(rows.shape[1])
    weights[0] = intercept(labels, settings)
    decay = np.append(0.0, np.full(len(weights) - 1, settings.l2))
    for epoch in range(1, settings.epochs + 1):
        before = weights
        for batch in batches(len(rows), settings.batch_size, seed=seed, epoch=epoch):
            off = residuals(rows[batch] @ weights, labels[batch], settings)
            sums = rows[batch].T @ off + _noise(len(weights), settings, stream)
            gradient = sums / len(batch) + decay * weights
            weights = weights - settings.learning_rate * gradient
        parts = zip(np.split(weights, cuts), np.split(before, cuts), strict=True)
        if all(settled(after, earlier, settings.tolerance) for after, earlier in parts):
            break
    return weights


def _used(rows: Matrix, settings: RegressionSettings, cuts: NDArray[np.int64]) -> Matrix:
    """Give each party's part of a row as it uses it; the intercept goes with the first part."""
    return np.column_stack([settings.used(part) for part in np.split(rows, cuts, axis=1)])


def _noise(count: int, settings: RegressionSettings, stream: NoiseStream) -> Matrix | float:
    noise = settings.gradient_noise
    if not noise.noise:
        return 0.0
    unit = noise.noise * (noise.clip or 0.0) / SCALE
    return np.asarray(stream.discrete_gaussian(count, SCALE) * unit)


def _whitened(
    rows: Matrix,
    labels: Matrix,
    settings: RegressionSettings,
    *,
    seed: int,
    owners: list[int],
    stream: NoiseStream | None,
) -> Matrix:
    """Train in the owners' own coordinates, and give the weights of their columns."""
    own = np.split(rows[:, 1:], np.cumsum(owners)[:-1], axis=1)
    back = [coordinates(part) for part in own]
    parts = [part @ matrix for part, matrix in zip(own, back, strict=True)]
    sizes = [matrix.shape[1] for matrix in back]
    plain = replace(settings, whiten=False)
    found = descend(joined(parts), labels, plain, seed=seed, owners=sizes, stream=stream)
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
