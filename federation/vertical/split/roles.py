"""The parts that parties play in split learning, each a function of its channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from fedmerit.errors import ChannelError
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.vertical.checkpoints import (
    CheckpointStore,
    NoCheckpoints,
    follow_on,
    follow_start,
    lead_on,
    lead_start,
)
from fedmerit.federation.vertical.replay import Replay
from fedmerit.federation.vertical.split.cut import Embeddings, Gather, Send
from fedmerit.federation.vertical.split.halves import (
    Half,
    built,
    continued,
    protected,
    states,
    tensor,
)
from fedmerit.federation.vertical.task import Columns, batches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.csprng import NoiseStream
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix
    from fedmerit.federation.wire.channel import Channel


_SCORES: Final = "(scores)"
_SEEN: Final = "(training) "
_UNSEEN: Final = "(held out) "


@dataclass(frozen=True, slots=True, eq=False)
class Bottom:
    """What a party has in the end.

    Attributes:
        parameters: Its own network's, by name; the label holder's are the top's, and those of
            its own columns' network with ``own.`` before their names.
        scores: Log-odds on the validation rows, for the label holder alone; else empty.
        embeddings: What the label holder saw last, by party; for others empty.

    """

    parameters: Mapping[str, NDArray[np.generic]]
    scores: Matrix
    embeddings: Mapping[str, Embeddings]


def arrays_of(bottom: Bottom) -> dict[str, NDArray[np.generic]]:
    """Give all that a party has as arrays by name; no parameter's name begins with a bracket."""
    seen = {f"{_SEEN}{name}": pair[0] for name, pair in bottom.embeddings.items()}
    unseen = {f"{_UNSEEN}{name}": pair[1] for name, pair in bottom.embeddings.items()}
    return {**bottom.parameters, _SCORES: bottom.scores, **seen, **unseen}


def bottom_of(arrays: Mapping[str, NDArray[np.generic]]) -> Bottom:
    """Read :func:`arrays_of` back."""
    embeddings = {
        name.removeprefix(_SEEN): (
            np.asarray(array, dtype=np.float32),
            np.asarray(arrays[_UNSEEN + name.removeprefix(_SEEN)], dtype=np.float32),
        )
        for name, array in arrays.items()
        if name.startswith(_SEEN)
    }
    own = {name: array for name, array in arrays.items() if not name.startswith("(")}
    return Bottom(own, np.asarray(arrays[_SCORES], dtype=np.float64), embeddings)


def hold_top(
    channel: Channel,
    *,
    columns: Columns,
    labels: Matrix,
    parties: tuple[str, ...],
    settings: SplitSettings,
    seed: int,
    draws: NoiseStream | None = None,
    checkpoints: CheckpointStore | None = None,
) -> Bottom:
    """Play the label holder: train the top network, and send gradients back."""
    checkpoints = checkpoints or NoCheckpoints()
    replay = Replay(channel, checkpoints, draws)
    others = parties[1:]
    encrypted = settings.forward == "encrypted"
    parts = len(parties) if columns.names else len(others)
    inputs = settings.width if encrypted else settings.width * parts
    stream = replay.draws
    top = Half(built(settings, "top", inputs, seed), settings.labels, settings, stream)
    own = None
    if columns.names:
        made = built(settings, channel.name, len(columns.names), seed)
        # Its gradients have the labels' protection already.
        own = Half(made, NoiseSettings(), settings, stream)
    gather = Gather(channel, others, settings, own, stream)
    classes = torch.from_numpy(labels.astype(np.int64))
    training, held_out = (tensor(rows) for rows in (columns.training, columns.held_out))
    replay.between()
    epoch = lead_start(channel, checkpoints)
    continued([top, own], checkpoints, epoch)
    while epoch < settings.epochs:
        epoch += 1
        replay.epoch(epoch)
        for batch in batches(len(labels), settings.batch_size, seed=seed, epoch=epoch):
            rows = torch.from_numpy(batch)
            inputs_ = gather(training[rows])
            cut = top.step(inputs_, classes[rows])
            cut = protected(settings.labels, cut, stream)
            gather.scatter(cut, training[rows])
        checkpoints.save(epoch, states([top, own]))
        replay.decision(epoch)
        lead_on(channel, others, settled=False, more=epoch < settings.epochs)
    replay.end(epoch)
    seen = gather(training)
    unseen = gather(held_out)
    logits = top(unseen).double().numpy()
    return Bottom(
        parameters={
            **top.parameters(),
            **{f"own.{name}": values for name, values in (own.parameters() if own else {}).items()},
        },
        scores=logits[:, 1] - logits[:, 0],
        embeddings=gather.by_party(seen, unseen, channel.name),
    )


def train_bottom(
    channel: Channel,
    *,
    columns: Columns,
    parties: tuple[str, ...],
    settings: SplitSettings,
    seed: int,
    draws: NoiseStream | None = None,
    checkpoints: CheckpointStore | None = None,
) -> Bottom:
    """Play a party with columns and no labels: send embeddings, and learn by gradients."""
    checkpoints = checkpoints or NoCheckpoints()
    replay = Replay(channel, checkpoints, draws)
    leader = parties[0]
    stream = replay.draws
    module = built(settings, channel.name, len(columns.names), seed)
    bottom = Half(module, settings.features, settings, stream)
    send = Send(channel, parties, settings, stream)
    training, held_out = (tensor(rows) for rows in (columns.training, columns.held_out))
    replay.between()
    epoch = follow_start(channel, checkpoints, leader)
    continued([bottom], checkpoints, epoch)
    going = epoch < settings.epochs
    while going:
        epoch += 1
        replay.epoch(epoch)
        drawn = batches(len(training), settings.batch_size, seed=seed, epoch=epoch)
        for number, batch in enumerate(drawn):
            rows = training[torch.from_numpy(batch)]
            send(protected(settings.features, bottom(rows), stream), ("epoch", epoch, number))
            shape = (len(rows), settings.width)
            cut = channel.receive(leader, "gradients").array("rows", "<f4", shape)
            bottom.step(rows, tensor(cut))
        checkpoints.save(epoch, states([bottom]))
        replay.decision(epoch)
        going, more = follow_on(channel, leader, settled=False, more=True), epoch < settings.epochs
        if going != more:  # embeddings of the end are counted once
            raise ChannelError(
                f"{leader} ends or goes on after {epoch} epochs, and {settings.epochs} "
                f"were agreed on",
                hint="All parties must train for as many epochs as agreed.",
            )
    replay.end(epoch)
    for number, rows in enumerate((training, held_out)):
        send(protected(settings.features, bottom(rows), stream), ("end", epoch, number))
    return Bottom(bottom.parameters(), np.empty(0), {})
