"""Local SGD of many (model, member) pairs at once.

A pair is a global model and a member that trains it on its own rows. The real run has one
model and every member; a retrained game has one model per coalition and the members in it.
Both go through here, so a coalition of everyone is trained just as the run was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from fedmerit.federation.batched.threads import single_thread
from fedmerit.federation.horizontal.descent import PADDING, Step, descent
from fedmerit.federation.models import network
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.data.consortium import Federation, Member
    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.models import ModelSpec

#: Floats of parameters and batches that one step touches; measured: caches hold about so many.
_STEP_FLOATS: Final = 2**21
#: From so many models on that train on a member's rows, they make up a group of their own.
_GROUP: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """One round's batches of every member.

    Attributes:
        rows: Row numbers in the engine's pooled rows, shape ``(members, steps, batch)``.
        weights: What each row counts, same shape; 0 where it pads.
        steps: Steps each member takes.

    """

    rows: Tensor
    weights: Tensor
    steps: NDArray[np.int64]


class Engine:
    """Trains members' models; several threads may share one.

    Args:
        federation: Whose rows.
        spec: What is trained.
        settings: How.
        seed: The scenario's seed.

    """

    def __init__(
        self, federation: Federation, spec: ModelSpec, settings: TrainingSettings, *, seed: int
    ) -> None:
        self.members = federation.members
        self.settings = settings
        self.seed = seed
        self.network = network(federation, spec, seed=seed, device=settings.device)
        self._descent = descent(self.network)
        features = np.concatenate([member.features for member in self.members])
        labels = np.concatenate([member.labels for member in self.members])
        self._features = self._descent.ready(torch.from_numpy(features).to(settings.device))
        self._labels = torch.from_numpy(labels).to(settings.device)
        sizes = [len(member.labels) for member in self.members]
        self._offsets = np.cumsum([0, *sizes[:-1]])
        self._batch = settings.batch_size + -settings.batch_size % PADDING
        floats = self.network.initial.numel() + self._batch * self._features.shape[1]
        self._pairs_at_once = max(1, _STEP_FLOATS // floats)
        self._batches = lru_cache(maxsize=1)(self._drawn)

    @single_thread()
    def updates(self, models: Tensor, taking_part: Tensor, round_: int) -> Tensor:
        """Train each model by each member that takes part in it.

        Models that are equal to the last bit are trained once.

        Args:
            models: Global models, shape ``(models, parameters)``.
            taking_part: Who trains which, shape ``(models, members)``.
            round_: The round's number; picks the batches, which depend on nothing else.

        Returns:
            What each member changed, shape ``(models, members, parameters)``; 0 where it
            does not take part.

        """
        batches = self._batches(round_)
        model, member = taking_part.cpu().numpy().nonzero()
        pairs = _distinct(models)[model] * len(self.members) + member
        _, first, like = np.unique(pairs, return_index=True, return_inverse=True)
        changed = models.new_zeros((*taking_part.shape, models.shape[1]))
        for by, of in self._groups(model[first], member[first], batches.steps):
            start = models[of]
            ended = self._descent.descend(start, self._steps(by, batches), self.settings)
            changed[of, by[:, None]] = ended.sub_(start)
        again = np.flatnonzero(first[like] != np.arange(len(pairs)))
        changed[model[again], member[again]] = changed[model[first[like[again]]], member[again]]
        return changed

    def draw(self, member: Member, round_: int) -> Sequence[NDArray[np.int64]]:
        """Shuffle a member's rows once an epoch, and cut them into batches.

        Returns:
            One array of its row numbers per step that it takes; what a member draws is its
            own affair.

        """
        rows = len(member.labels)
        if not rows:
            return []
        stream = generator(self.seed, "training", "batches", member.name, round_)
        cuts = range(self.settings.batch_size, rows, self.settings.batch_size)
        epochs = (stream.permutation(rows) for _ in range(self.settings.local_epochs))
        batches = [batch for epoch in epochs for batch in np.split(epoch, cuts)]
        return batches[: member.behaviour.steps(len(batches))]

    def _groups(
        self, model: NDArray[np.int64], member: NDArray[np.int64], steps: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Cut pairs into what is trained together.

        Yields:
            Members, shape ``(groups,)``, those with the most steps first, and the models that
            each of them trains, shape ``(groups, models)``.

        """
        counts = np.bincount(member, minlength=len(steps))
        for index in np.flatnonzero((counts >= _GROUP) & (steps > 0)):
            own = model[member == index]
            for part in np.array_split(own, -(-len(own) // self._pairs_at_once)):
                yield np.array([index]), part[None]
        few = np.flatnonzero((counts < _GROUP)[member] & (steps > 0)[member])
        few = few[np.argsort(-steps[member[few]], kind="stable")]
        for start in range(0, len(few), self._pairs_at_once):
            part = few[start : start + self._pairs_at_once]
            yield member[part], model[part, None]

    def _steps(self, members: NDArray[np.int64], batches: Batches) -> Iterator[Step]:
        """Go through the members' batches; those with the most come first."""
        rows, weights = batches.rows[members], batches.weights[members]
        labels, steps = self._labels[rows], batches.steps[members]
        for step in range(steps[0]):
            still = slice(np.count_nonzero(steps > step))
            features = self._features[rows[still, step]]
            yield Step(features, labels[still, step], weights[still, step])

    def _drawn(self, round_: int) -> Batches:
        drawn = [self.draw(member, round_) for member in self.members]
        steps = [len(batches) for batches in drawn]
        shape = (len(drawn), max(1, *steps), self._batch)
        rows = np.zeros(shape, dtype=np.int64)
        weights = np.zeros(shape, dtype=np.float32)
        for index, batches in enumerate(drawn):
            for step, batch in enumerate(batches):
                rows[index, step] = self._offsets[index] + batch[0]  # pads with a row of its own
                rows[index, step, : len(batch)] = self._offsets[index] + batch
                weights[index, step, : len(batch)] = 1 / len(batch)
        device = self.settings.device
        return Batches(
            torch.from_numpy(rows).to(device), torch.from_numpy(weights).to(device), np.array(steps)
        )


def _distinct(models: Tensor) -> NDArray[np.int64]:
    """Number the models, equal ones alike."""
    numbers: dict[bytes, int] = {}
    rows = models.cpu().numpy()
    return np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], dtype=int)
