"""What a training run leaves behind.

A record holds every update, so that anyone can average again, value again and pay again.
Where a member was not sampled or not accepted, its row of zeros weighs 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from eth_utils.crypto import keccak

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.batched.measure import Metrics
    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.models import ModelSpec

#: Why a run ended: the model stood still, or its rounds were used up.
Stop = Literal["converged", "rounds"]
#: Why a member is excluded that sent nothing at all.
NO_ANSWER: Final = "did not answer"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Round:
    """One federated round.

    Attributes:
        number: From 1.
        global_before: The model sent out, float32, shape ``(parameters,)``.
        updates: What came back, float32, shape ``(participants, parameters)``.
        weights: What each update weighed, float64, shape ``(participants,)``; they add to 1,
            or to 0 if nobody was accepted.
        excluded: Sampled members whose updates could not be used, with the reason.
        bytes_up: Bytes that the members sent.
        bytes_down: Bytes that the members were sent.
        seconds: Wall time.

    """

    number: int
    global_before: NDArray[np.float32]
    updates: NDArray[np.float32]
    weights: NDArray[np.float64]
    excluded: Mapping[str, str]
    bytes_up: int
    bytes_down: int
    seconds: float

    def refused(self, participants: Sequence[str]) -> NDArray[np.bool_]:
        """Say whose update was sent and not accepted, ``(participants,)``; silence is neither."""
        reasons = (self.excluded.get(name, NO_ANSWER) for name in participants)
        return np.array([reason != NO_ANSWER for reason in reasons])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRecord:
    """A whole run.

    Attributes:
        participants: Names, in the order of every array's rows.
        model: What was trained.
        settings: How.
        seed: The seed that reproduces this object bit for bit, times aside.
        rounds: Every round, in order.
        final: The trained model, float32, shape ``(parameters,)``.
        stop: Why training ended.
        metrics: On the validation rows: untrained, then after each round.
        idle: Members whose every accepted update was exactly zero.

    """

    participants: tuple[str, ...]
    model: ModelSpec
    settings: TrainingSettings
    seed: int
    rounds: tuple[Round, ...]
    final: NDArray[np.float32]
    stop: Stop
    metrics: tuple[Metrics, ...]
    idle: tuple[str, ...]

    def excluded(self) -> dict[str, dict[int, str]]:
        """Give, by member, the rounds in which its update was excluded, and why."""
        by_member: dict[str, dict[int, str]] = {}
        for round_ in self.rounds:
            for name, reason in round_.excluded.items():
                by_member.setdefault(name, {})[round_.number] = reason
        return by_member


def update_digests(round_: Round) -> tuple[bytes, ...]:
    """Give the Keccak-256 of each participant's update, as little-endian float32."""
    return tuple(keccak(update.astype("<f4").tobytes()) for update in round_.updates)


def zero_update_members(
    participants: tuple[str, ...], rounds: tuple[Round, ...]
) -> tuple[str, ...]:
    """Name the members that were accepted at least once, and never with anything but zeros."""
    accepted = np.zeros(len(participants), dtype=np.bool_)
    moved = np.zeros(len(participants), dtype=np.bool_)
    for round_ in rounds:
        accepted |= round_.weights > 0
        moved |= round_.updates.any(axis=1)
    return tuple(name for name, idle in zip(participants, accepted & ~moved, strict=True) if idle)
