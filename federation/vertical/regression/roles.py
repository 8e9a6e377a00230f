"""The parts that parties play in encrypted regression, each a function of its channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.csprng import NoiseStream
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
    lead_on,
    lead_start,
)
from fedmerit.federation.vertical.regression import sigmoid
from fedmerit.federation.vertical.regression.party import MOST, SCORE_BITS, Party, Scale
from fedmerit.federation.vertical.regression.steps import decide_and_learn, lead_batch, send_forward
from fedmerit.federation.vertical.regression.whitening import whitened
from fedmerit.federation.vertical.task import Columns, batches, intercept, settled

if TYPE_CHECKING:
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
    parties: tuple[str, ...],
    settings: RegressionSettings,
    seed: int,
    checkpoints: CheckpointStore | None = None,
) -> Trained:
    """Play the label holder: it makes the residuals and says when to stop."""
    checkpoints = checkpoints or NoCheckpoints()
    columns, back = _prepared(columns, settings)
    rows = np.column_stack([columns.training, np.ones(len(columns.training))])
    refuse_small_batches(columns.party, rows, settings)
    me = Party(channel, rows, settings, parties, decays=len(columns.names))
    me.weights[-1] = intercept(labels, settings)
    own = None if me.owner not in parties else generate(settings.key_bits)
    if own is not None:
        publish(channel, own.public)
    key = me.key_of(me.owner)
    if me.exact:
        sigmoid.check_room(key, len(parties))
    epoch = lead_start(channel, checkpoints, me.others)
    me.weights = _continued(me.weights, checkpoints, epoch)
    going = True
    while going and epoch < settings.epochs:
        before = me.weights
        epoch += 1
        for batch in batches(len(rows), settings.batch_size, seed=seed, epoch=epoch):
            lead_batch(me, key, own, labels[batch], batch)
        checkpoints.save(epoch, {"weights": me.weights})
        still = settled(me.weights, before, settings.tolerance)
        going = lead_on(channel, me.others, settled=still, more=epoch < settings.epochs)
    held_out = np.column_stack([columns.held_out, np.ones(len(columns.held_out))])
    scores = _summed(me, held_out)
    return Trained(np.append(back @ me.weights[:-1], me.weights[-1]), epoch, scores)


def run_feature_party(
    channel: Channel,
    *,
    columns: Columns,
    parties: tuple[str, ...],
    settings: RegressionSettings,
    seed: int,
    checkpoints: CheckpointStore | None = None,
) -> Trained:
    """Play a party with columns and no labels."""
    checkpoints = checkpoints or NoCheckpoints()
    leader = parties[0]
    columns, back = _prepared(columns, settings)
    refuse_small_batches(columns.party, columns.training, settings)
    me = Party(channel, columns.training, settings, parties, decays=len(columns.names))
    decides = me.owner == channel.name
    own = generate(settings.key_bits) if decides else None
    if own is not None:
        publish(channel, own.public)
    theirs = {owner: me.key_of(owner) for owner in _owners(me, parties)}
    masks = agree_on_masks(channel, me.others)
    epoch = follow_start(channel, checkpoints, leader)
    me.weights = _continued(me.weights, checkpoints, epoch)
    going = epoch < settings.epochs
    while going:
        before = me.weights
        epoch += 1
        for batch in batches(len(columns.training), settings.batch_size, seed=seed, epoch=epoch):
            send_forward(me, theirs, own, batch, parties)
            if own is not None:
                decide_and_learn(me, own, theirs[leader], batch, parties)
            else:
                numbers = channel.receive(leader, "residuals").numbers("numbers", count=len(batch))
                residuals = theirs[me.owner].received_all(numbers)
                me.step(me.ask(me.owner, theirs[me.owner], residuals, batch), batch)
        checkpoints.save(epoch, {"weights": me.weights})
        going = follow_on(channel, leader, settled=settled(me.weights, before, settings.tolerance))
    scores = trained(
        columns.held_out @ me.weights,
        fraction=SCORE_BITS,
        bound=MOST,
        what="linear predictors",
    )
    channel.send(leader, "scores", scores=masked(scores, channel.name, masks, b"scores"))
    return Trained(back @ me.weights, epoch, np.empty(0))


def run_key_holder(
    channel: Channel, *, rows: int, parties: tuple[str, ...], settings: RegressionSettings
) -> Trained:
    """Play the third party: it makes the key, opens masked numbers, and never sees data."""
    key = generate(settings.key_bits)
    publish(channel, key.public)
    scale, stream = Scale.of(settings, len(parties)), NoiseStream()
    epoch = channel.receive(parties[0], "continue").integer("epoch")
    going = epoch < settings.epochs
    while going:
        epoch += 1
        for batch in np.array_split(np.arange(rows), -(-rows // settings.batch_size)):
            if settings.kind == "logistic" and settings.sigmoid == "exact":
                sigmoid.divide(channel, parties[0], key, parties=len(parties))
            for party in parties:
                noise = scale.noise(settings, len(batch), stream)
                open_for(channel, party, key, noise=noise if noise.scale else None)
        going = bool(channel.receive(parties[0], "go on").integer("going"))
    return Trained(np.empty(0), epoch, np.empty(0))


def _prepared(columns: Columns, settings: RegressionSettings) -> tuple[Columns, Matrix]:
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


def _continued(weights: Matrix, checkpoints: CheckpointStore, epoch: int) -> Matrix:
    return np.asarray(checkpoints.load(epoch)["weights"], dtype=np.float64) if epoch else weights
