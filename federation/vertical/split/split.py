"""Split learning: each party's own network ends in an embedding, the label holder's goes on.

Unprotected, gradients tell labels and embeddings tell features. Clipping and noise protect
either (:class:`NoiseSettings`), with an epsilon; encryption adds the embeddings up before the
label holder sees them, so that it learns their sum alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fedmerit.csprng import NoiseStream
from fedmerit.errors import TrainingError
from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.vertical.checkpoints import store_of
from fedmerit.federation.vertical.split.halves import built
from fedmerit.federation.vertical.split.roles import hold_top, train_bottom
from fedmerit.federation.wire.channel import Channel, play

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.split.roles import Bottom
    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.federation.wire.messages import Message
    from fedmerit.federation.wire.transcript import Transcript


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A trained federation.

    Attributes:
        scores: Log-odds of class 1 on the validation rows, shape ``(validation rows,)``.
        embeddings: Each party's after the last epoch, as the label holder saw them; none where
            they were encrypted.
        bottoms: Each party's own parameters, by name.
        epsilons: For labels and for features, at delta 1e-5; infinite where unprotected.
        transcript: What was said.
        recorded: Every message by receiver, if recorded.

    """

    scores: Matrix
    embeddings: Mapping[str, Embeddings]
    bottoms: Mapping[str, Mapping[str, NDArray[np.generic]]]
    epsilons: Mapping[str, float]
    transcript: Transcript
    recorded: Mapping[str, list[tuple[str, Message]]]


@single_thread()
def train_split(
    task: VerticalTask,
    settings: SplitSettings,
    *,
    seed: int,
    secret: int | None = None,
    record: bool = False,
    folder: Path | None = None,
) -> Split:
    """Train by split learning, every party in a thread of this process.

    Args:
        task: Whose columns, whose labels.
        settings: How.
        seed: The scenario's seed; it picks batches and initial networks.
        secret: Seeds the noise, which nobody may know who is to be protected from; None draws
            one from the operating system, and the numbers are then a run's own.
        record: Whether to keep every message.
        folder: Where parties keep what they need to go on after a break; without, nothing is.

    Raises:
        TrainingError: A network cannot be made, or the settings protect nothing.

    """
    parts = programs(task, settings, seed=seed, secret=secret, folder=folder)
    played = play(parts, record=record)
    holder = played.results[task.label_holder]
    return Split(
        scores=holder.scores,
        embeddings=holder.embeddings,
        bottoms={name: result.parameters for name, result in played.results.items()},
        epsilons={
            "labels": settings.labels.epsilon(settings.label_releases(), DELTA),
            "features": settings.features.epsilon(settings.feature_releases(), DELTA),
        },
        transcript=played.transcript,
        recorded=played.recorded,
    )


def check_networks(task: VerticalTask, settings: SplitSettings) -> None:
    """Find out before the training whether the networks can be made and the settings protect.

    Raises:
        TrainingError: They cannot, or do not.
    """
    programs(task, settings, seed=0)
    built(settings, "top", settings.width, 0)
    for columns in task.parties:
        if columns.names:
            built(settings, columns.party, len(columns.names), 0)


def programs(
    task: VerticalTask,
    settings: SplitSettings,
    *,
    seed: int,
    secret: int | None = None,
    folder: Path | None = None,
) -> dict[str, Callable[[Channel], Bottom]]:
    """Give each party's program, with nothing but its own columns in it.

    Raises:
        TrainingError: Encryption would hide nothing.
    """
    names = task.participants
    if settings.forward == "encrypted" and len(names) < 3:  # noqa: PLR2004 - itself and two
        raise TrainingError(
            f"the sum of one embedding tells {names[0]} that embedding",
            hint="Encrypt among three parties or more, or protect features by noise.",
        )
    hold = partial(hold_top, columns=task.parties[0], labels=task.labels)
    roles: dict[str, Callable[..., Bottom]] = {names[0]: hold}
    for columns in task.parties[1:]:
        roles[columns.party] = partial(train_bottom, columns=columns)
    return {
        name: partial(
            role,
            parties=names,
            settings=settings,
            seed=seed,
            draws=draws_of(secret, name),
            checkpoints=store_of(folder, name),
        )
        for name, role in roles.items()
    }


def draws_of(secret: int | None, name: str) -> NoiseStream | None:
    """Give a party's draws under a test's secret; without one, those of its own key."""
    return None if secret is None else NoiseStream.of_secret(secret, name)
