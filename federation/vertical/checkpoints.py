"""What a party saves after each epoch, so that a training that broke off can go on.

Parties can be one epoch apart when one of them dies: so the last two epochs are kept, and all
parties continue after the last that everyone has.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from fedmerit import csprng
from fedmerit.errors import ChannelError
from fedmerit.federation.wire.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.wire.channel import Channel

    #: A party's own model, by name.
    State = Mapping[str, NDArray[np.generic]]

_KEPT: Final = 2
_BEGIN_AGAIN: Final = (
    "Remove what every party saved to begin again: that is another run, whose epsilon comes on top."
)


class CheckpointStore(Protocol):
    """Where a party keeps what it needs to go on after a break."""

    def last(self) -> int:
        """Give the last epoch that was saved, 0 if none was."""

    def load(self, epoch: int) -> State:
        """Give what was saved after an epoch."""

    def save(self, epoch: int, state: State) -> None:
        """Save after an epoch."""

    def secret(self) -> bytes | None:
        """Give the key of all that the party draws to hide something; None for a new one."""

    def journal(self) -> Journal | None:
        """Give what holds messages against those before a break; None if nothing is kept."""


class NoCheckpoints:
    """Keeps nothing: a training that breaks off begins again, under other keys and noise."""

    def last(self) -> int:
        """Give 0."""
        return 0

    def load(self, epoch: int) -> State:
        """Refuse: there is nothing."""
        raise ChannelError(f"epoch {epoch} was never saved here")

    def save(self, epoch: int, state: State) -> None:
        """Forget."""

    def secret(self) -> None:
        """Give none."""

    def journal(self) -> None:
        """Give none."""


class FolderCheckpoints:
    """Keeps the last two epochs in a folder, as safetensors, and what makes them repeatable.

    The key of the party's draws lies beside them, for nobody else to read. Whoever has the folder
    can take off all that hides what the party sent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def last(self) -> int:
        """Give the last epoch that was saved, 0 if none was."""
        return max(self._epochs(), default=0)

    def load(self, epoch: int) -> State:
        """Give what was saved after an epoch.

        Raises:
            ChannelError: Nothing was.
        """
        if epoch not in self._epochs():
            raise ChannelError(f"{self._path} holds no epoch {epoch}", hint=_BEGIN_AGAIN)
        found: State = load_file(self._file(epoch))
        return found

    def save(self, epoch: int, state: State) -> None:
        """Save after an epoch, whole or not at all, and drop what is too old to be needed."""
        part = self._path / "part"
        save_file({name: np.ascontiguousarray(array) for name, array in state.items()}, part)
        part.replace(self._file(epoch))
        for old in sorted(self._epochs())[:-_KEPT]:
            self._file(old).unlink()
            for stretch in (stretch_of(old), decision_after(old)):
                self.journal().forget(stretch)

    def secret(self) -> bytes:
        """Give the key that the first call has drawn."""
        file = self._path / "secret.key"
        if not file.is_file():
            part = self._path / "secret.part"
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            with part.open("wb") as new:
                new.write(csprng.token(csprng.KEY_BYTES))
                new.flush()
                os.fsync(new.fileno())  # what it hides may be sent before a disk would have it
            part.replace(file)
        return file.read_bytes()

    def journal(self) -> Journal:
        """Give the journal beside the epochs."""
        return Journal(self._path)

    def _epochs(self) -> list[int]:
        return [int(file.stem) for file in self._path.glob("*.safetensors")]

    def _file(self, epoch: int) -> Path:
        return self._path / f"{epoch:06}.safetensors"


def store_of(folder: Path | None, name: str) -> CheckpointStore:
    """Give a party's own place below a folder of all; without one, it keeps nothing."""
    if folder is None:
        return NoCheckpoints()
    return FolderCheckpoints(folder / name.replace(" ", "-") / "saves")


def stretch_of(epoch: int) -> str:
    """Name the stretch of an epoch."""
    return f"epoch {epoch}"


def decision_after(epoch: int) -> str:
    """Name the stretch in which all hear whether an epoch was the last."""
    return f"after epoch {epoch}"


def lead_start(channel: Channel, checkpoints: CheckpointStore) -> int:
    """Say after which epoch all continue: the last that everyone has saved.

    Raises:
        ChannelError: It is one that this party does not go back to.
    """
    epochs = [channel.receive(peer, "saved").integer("epoch") for peer in channel.peers]
    start = min([checkpoints.last(), *epochs])
    _refuse_far_back(channel.name, checkpoints, start)
    for peer in channel.peers:
        channel.send(peer, "continue", epoch=start)
    return start


def follow_start(channel: Channel, checkpoints: CheckpointStore, leader: str) -> int:
    """Say what was saved, and hear after which epoch all continue.

    Raises:
        ChannelError: It is one that this party does not go back to.
    """
    channel.send(leader, "saved", epoch=checkpoints.last())
    start = channel.receive(leader, "continue").integer("epoch")
    _refuse_far_back(channel.name, checkpoints, start)
    return start


def lead_on(channel: Channel, others: tuple[str, ...], *, settled: bool, more: bool) -> bool:
    """Hear which of the *others* stand still, and say whether everyone goes on."""
    still = [channel.receive(peer, "settled").integer("settled") for peer in others]
    going = more and not (settled and all(still))
    for peer in channel.peers:
        channel.send(peer, "go on", going=int(going))
    return going


def follow_on(channel: Channel, leader: str, *, settled: bool, more: bool) -> bool:
    """Say whether this party stands still, and hear whether everyone goes on.

    Raises:
        ChannelError: They are to, and more was not agreed on.
    """
    channel.send(leader, "settled", settled=int(settled))
    return hear_on(channel, leader, more=more)


def hear_on(channel: Channel, leader: str, *, more: bool) -> bool:
    """Hear whether everyone goes on.

    Raises:
        ChannelError: They are to, and more was not agreed on.
    """
    going = bool(channel.receive(leader, "go on").integer("going"))
    if going and not more:
        raise ChannelError(
            f"{leader} wants to go on after the last epoch that was agreed on",
            hint="Each further epoch would tell it more. Go on without that party.",
        )
    return going


def _refuse_far_back(name: str, checkpoints: CheckpointStore, start: int) -> None:
    """Refuse to play epochs again of which it is forgotten what was heard in them."""
    last = checkpoints.last()
    if not max(0, last + 1 - _KEPT) <= start <= last:
        raise ChannelError(
            f"{name} has saved {last} epochs, and all are to continue after epoch {start}",
            hint=_BEGIN_AGAIN,
        )
