"""The parts that parties play in encrypted regression, each a function of its channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import TrainingError
from fedmerit.federation.protection.masking import agree_on_masks, masked
from fedmerit.federation.protection.opening import open_for, publish
from fedmerit.federation.protection.packing import trained
from fedmerit.federation.protection.paillier import generate
from fedmerit.federation.vertical.checkpoints import (
    CheckpointStore,
    NoCheckpoints,
    follow_on,
    follow_start,
    hear_on,
    lead_on,
    lead_start,
)
from fedmerit.federation.vertical.regression import sigmoid
from fedmerit.federation.vertical.regression.party import MOST, SCORE_BITS, Party, Scale
from fedmerit.federation.vertical.regression.steps import follow_batch, lead_batch
from fedmerit.federation.vertical.regression.whitening import whitened
from fedmerit.federation.vertical.replay import Replay
from fedmerit.federation.vertical.task import Columns, batches, intercept, settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.task import Matrix
    from fedmerit.federation.wire.channel import Channel


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a party has in the end.

    Attributes:
        weights: Its own, one per column; the label holder's last is the intercept.
        epochs: Passes over the rows.
        scores: Linear predictor on the validation rows, for the label holder alone; else empty.

    """

    weights: Matrix
    epochs: int
    scores: Matrix


def run_label_holder(
    channel: Channel,
    *,
    columns: Columns,
    labels: Matrix,
    sums: Mapping[str, int],
    settings: RegressionSettings,
    seed: int,
    checkpoints: CheckpointStore | None = None,
) -> Trained:
    """Play the label holder: it makes the residuals and says when to stop.

    Args:
        channel: To all others.
        columns: Its own.
        labels: Of its rows.
        sums: How many sums each party may have opened in a batch, the label holder first.
        settings: How to train.
        seed: Picks the batches.
        checkpoints: What it needs to go on after a break.
    """
    checkpoints = checkpoints or NoCheckpoints()
    replay = Replay(channel, checkpoints)
    columns, back = prepared(columns, settings)
    rows = np.column_stack([columns.training, np.ones(len(columns.training))])
    refuse_small_batches(columns.party, rows, settings)
    me = Party(channel, rows, settings, sums, replay, decays=len(columns.names))
    me.weights[-1] = intercept(labels, settings)
    own = None if me.owner not in sums else generate(settings.key_bits, replay.draws)
    if own is not None:
        publish(channel, own.public)
    key = me.key_of(me.owner)
    if me.exact:
        sigmoid.check_room(key, len(sums))
    replay.between()
    epoch = lead_start(channel, checkpoints)
    still = _continued(me, checkpoints, epoch)
    while _leads_on(me, epoch, still=still):
        epoch += 1
        replay.epoch(epoch)
        before = me.weights
        for batch in batches(len(rows), settings.batch_size, seed=seed, epoch=epoch):
            lead_batch(me, key, own, labels[batch], batch)
        still = _saved(me, before, checkpoints, epoch)
    replay.end(epoch)
    held_out = np.column_stack([columns.held_out, np.ones(len(columns.held_out))])
    scores = _summed(me, held_out)
    return Trained(np.append(back @ me.weights[:-1], me.weights[-1]), epoch, scores)


def run_feature_party(
    channel: Channel,
    *,
    columns: Columns,
    sums: Mapping[str, int],
    settings: RegressionSettings,
    seed: int,
    checkpoints: CheckpointStore | None = None,
) -> Trained:
    """Play a party with columns and no labels; arguments as of :func:`run_label_holder`."""
    checkpoints = checkpoints or NoCheckpoints()
    replay = Replay(channel, checkpoints)
    leader = next(iter(sums))
    columns, back = prepared(columns, settings)
    refuse_small_batches(columns.party, columns.training, settings)
    me = Party(channel, columns.training, settings, sums, replay, decays=len(columns.names))
    own = generate(settings.key_bits, replay.draws) if me.owner == channel.name else None
    if own is not None:
        publish(channel, own.public)
    theirs = {owner: me.key_of(owner) for owner in _owners(me, tuple(sums))}
    masks = agree_on_masks(channel, me.others, replay.draws)
    replay.between()
    epoch = follow_start(channel, checkpoints, leader)
    still = _continued(me, checkpoints, epoch)
    while _follows_on(me, leader, epoch, still=still):
        epoch += 1
        replay.epoch(epoch)
        before = me.weights
        for batch in batches(len(columns.training), settings.batch_size, seed=seed, epoch=epoch):
            follow_batch(me, theirs, own, batch, tuple(sums))
        still = _saved(me, before, checkpoints, epoch)
    replay.end(epoch)
    scores = trained(
        columns.held_out @ me.weights,
        fraction=SCORE_BITS,
        bound=MOST,
        what="linear predictors",
    )
    purpose = f"scores {epoch}".encode()  # another model's would show the difference from these
    channel.send(leader, "scores", scores=masked(scores, channel.name, masks, purpose))
    return Trained(back @ me.weights, epoch, np.empty(0))


def run_key_holder(
    channel: Channel,
    *,
    rows: int,
    sums: Mapping[str, int],
    settings: RegressionSettings,
    checkpoints: CheckpointStore | None = None,
) -> Trained:
    """Play the third party: it makes the key, opens masked numbers, and never sees data.

    Args:
        channel: To all others.
        rows: How many there are to train on.
        sums: How many sums each party may have opened in a batch, the label holder first.
        settings: How they train.
        checkpoints: What it needs to go on after a break.
    """
    checkpoints = checkpoints or NoCheckpoints()
    replay = Replay(channel, checkpoints)
    leader = next(iter(sums))
    key = generate(settings.key_bits, replay.draws)
    publish(channel, key.public)
    scale = Scale.of(settings, len(sums))
    replay.between()
    epoch = follow_start(channel, checkpoints, leader)
    more = epoch < settings.epochs
    while _hears_on(channel, leader, replay, epoch, more=more):
        epoch += 1
        replay.epoch(epoch)
        for batch in np.array_split(np.arange(rows), -(-rows // settings.batch_size)):
            if settings.kind == "logistic" and settings.sigmoid == "exact":
                sigmoid.divide(channel, leader, key, rows=len(batch), parties=len(sums))
            for party, count in sums.items():
                allowed = scale.allowance(settings, len(batch), count)
                open_for(channel, party, key, allowed, replay.draws)
        checkpoints.save(epoch, {})
        more = epoch < settings.epochs
    return Trained(np.empty(0), epoch, np.empty(0))


def sums_of(columns: Columns, settings: RegressionSettings, *, leads: bool) -> int:
    """Count the sums that a party has opened in a batch: one for each weight of its own."""
    return int(prepared(columns, settings)[0].training.shape[1]) + leads


def prepared(columns: Columns, settings: RegressionSettings) -> tuple[Columns, Matrix]:
    """Give columns as they are trained on, and what turns their weights into the columns' own."""
    return whitened(columns) if settings.whiten else (columns, np.eye(len(columns.names)))


def _summed(me: Party, held_out: Matrix) -> Matrix:
    """Add the masked scores of all parties to the label holder's own."""
    total = np.zeros(len(held_out), dtype=np.uint64)
    for party in me.others:
        scores = me.channel.receive(party, "scores").array("scores", "<i8", (len(held_out),))
        total += scores.astype(np.uint64)
    return held_out @ me.weights + total.astype(np.int64) / 2.0**SCORE_BITS


def refuse_small_batches(party: str, rows: Matrix, settings: RegressionSettings) -> None:
    """Refuse gradients that a party could solve for the residuals: for labels, or for scores.

    Raises:
        TrainingError: A batch has no more rows than the party has columns.
    """
    count, columns = rows.shape
    smallest = count // -(-count // settings.batch_size)
    if smallest <= columns:
        raise TrainingError(
            f"a gradient over {smallest} rows tells {party}, with its {columns} columns, the "
            f"residual of each",
            hint=f"Use batches of {4 * columns} rows or more.",
        )


def _owners(me: Party, parties: tuple[str, ...]) -> list[str]:
    """Say whose public keys a party without labels will get."""
    if me.owner not in parties:
        return [me.owner]
    return [owner for owner in (parties[0], me.owner) if owner != me.channel.name]


def _saved(me: Party, before: Matrix, checkpoints: CheckpointStore, epoch: int) -> bool:
    """Save after an epoch, and say whether the party's weights stood still in it."""
    still = settled(me.weights, before, me.settings.tolerance)
    checkpoints.save(epoch, {"weights": me.weights, "settled": np.array([still])})
    return still


def _continued(me: Party, checkpoints: CheckpointStore, epoch: int) -> bool:
    """Load what was saved after an epoch, and say whether the weights stood still in it."""
    if not epoch:
        return False
    state = checkpoints.load(epoch)
    me.weights = np.asarray(state["weights"], dtype=np.float64)
    return bool(state["settled"][0])


def _leads_on(me: Party, epoch: int, *, still: bool) -> bool:
    more = epoch < me.settings.epochs
    if not epoch:
        return more
    me.replay.decision(epoch)
    return lead_on(me.channel, me.others, settled=still, more=more)


def _follows_on(me: Party, leader: str, epoch: int, *, still: bool) -> bool:
    more = epoch < me.settings.epochs
    if not epoch:
        return more
    me.replay.decision(epoch)
    return follow_on(me.channel, leader, settled=still, more=more)


def _hears_on(channel: Channel, leader: str, replay: Replay, epoch: int, *, more: bool) -> bool:
    if not epoch:
        return more
    replay.decision(epoch)
    return hear_on(channel, leader, more=more)
