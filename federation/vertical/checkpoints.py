"""What a party saves after each epoch, so that a training that broke off can go on.

Parties can be one epoch apart when one of them dies: so the last two epochs are kept, and all
parties continue after the last that everyone has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from fedmerit.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.wire.channel import Channel

    #: A party's own model, by name.
    State = Mapping[str, NDArray[np.generic]]

_KEPT: Final = 2


class CheckpointStore(Protocol):
    """Where a party keeps its model between epochs."""

    def last(self) -> int:
        """Give the last epoch that was saved, 0 if none was."""

    def has(self, epoch: int, /) -> bool:
        """Say whether an epoch was saved; 0 is the start."""

    def load(self, epoch: int) -> State:
        """Give what was saved after an epoch."""

    def save(self, epoch: int, state: State) -> None:
        """Save after an epoch."""


class NoCheckpoints:
    """Keeps nothing: a training that breaks off begins again."""

    def last(self) -> int:
        """Give 0."""
        return 0

    def has(self, _epoch: int) -> bool:
        """Say no."""
        return False

    def load(self, epoch: int) -> State:
        """Refuse: there is nothing."""
        raise ChannelError(f"epoch {epoch} was never saved here")

    def save(self, epoch: int, state: State) -> None:
        """Forget."""


class FolderCheckpoints:
    """Keeps the last two epochs in a folder, as safetensors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(parents=True, exist_ok=True)

    def last(self) -> int:
        """Give the last epoch that was saved, 0 if none was."""
        return max(self._epochs(), default=0)

    def has(self, epoch: int) -> bool:
        """Say whether an epoch is still kept."""
        return epoch in self._epochs()

    def load(self, epoch: int) -> State:
        """Give what was saved after an epoch.

        Raises:
            ChannelError: Nothing was.
        """
        if not self.has(epoch):
            raise ChannelError(
                f"{self._path} holds no epoch {epoch}",
                hint="Remove the saved epochs of every party to begin again.",
            )
        found: State = load_file(self._file(epoch))
        return found

    def save(self, epoch: int, state: State) -> None:
        """Save after an epoch, whole or not at all, and drop what is too old to be needed."""
        part = self._path / "part"
        save_file({name: np.ascontiguousarray(array) for name, array in state.items()}, part)
        part.replace(self._file(epoch))
        for old in sorted(self._epochs())[:-_KEPT]:
            self._file(old).unlink()

    def _epochs(self) -> list[int]:
        return [int(file.stem) for file in self._path.glob("*.safetensors")]

    def _file(self, epoch: int) -> Path:
        return self._path / f"{epoch:06}.safetensors"


def lead_start(channel: Channel, checkpoints: CheckpointStore, others: tuple[str, ...]) -> int:
    """Say after which epoch all continue: the last that everyone has saved."""
    epochs = [channel.receive(peer, "saved").integer("epoch") for peer in others]
    start = min([checkpoints.last(), *epochs])
    for peer in channel.peers:
        channel.send(peer, "continue", epoch=start)
    return start


def follow_start(channel: Channel, checkpoints: CheckpointStore, leader: str) -> int:
    """Say what was saved, and hear after which epoch all continue."""
    channel.send(leader, "saved", epoch=checkpoints.last())
    return channel.receive(leader, "continue").integer("epoch")


def lead_on(channel: Channel, others: tuple[str, ...], *, settled: bool, more: bool) -> bool:
    """Hear which of the *others* stand still, and say whether everyone goes on."""
    still = [channel.receive(peer, "settled").integer("settled") for peer in others]
    going = more and not (settled and all(still))
    for peer in channel.peers:
        channel.send(peer, "go on", going=int(going))
    return going


def follow_on(channel: Channel, leader: str, *, settled: bool) -> bool:
    """Say whether this party stands still, and hear whether everyone goes on."""
    channel.send(leader, "settled", settled=int(settled))
    return bool(channel.receive(leader, "go on").integer("going"))
