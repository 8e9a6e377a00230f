"""Local SGD of many (model, member) pairs at once.

A pair is a global model and a member that trains it on its own rows. The real run has one
model and every member; a retrained game has one model per coalition and the members in it.
Both go through here, so a coalition of everyone is trained just as the run was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from fedmerit.federation.models import network
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.consortium import Federation, Member
    from fedmerit.federation.models import ModelSpec
    from fedmerit.federation.settings import TrainingSettings

#: Floats of parameters and batches that one step touches; measured: caches hold about so many.
_STEP_FLOATS: Final = 2**21


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """One round's batches of every member.

    Attributes:
        rows: Row numbers in the engine's pooled rows, shape ``(members, steps, batch)``.
        sizes: How many of a batch's rows count, shape ``(members, steps)``; the rest pads.
        steps: Steps each member takes, shape ``(members,)``.

    """

    rows: Tensor
    sizes: Tensor
    steps: Tensor


class Engine:
    """Trains members' models.

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
        features = np.concatenate([member.features for member in self.members])
        labels = np.concatenate([member.labels for member in self.members])
        self._features = torch.from_numpy(features).to(settings.device)
        self._labels = torch.from_numpy(labels).to(settings.device)
        sizes = [len(member.labels) for member in self.members]
        self._offsets = np.cumsum([0, *sizes[:-1]])
        floats = self.network.initial.numel() + settings.batch_size * features.shape[1]
        self._pairs_at_once = max(1, _STEP_FLOATS // floats)

    def updates(self, models: Tensor, taking_part: Tensor, round_: int) -> Tensor:
        """Train each model by each member that takes part in it.

        Args:
            models: Global models, shape ``(models, parameters)``.
            taking_part: Who trains which, shape ``(models, members)``.
            round_: The round's number; picks the batches, which depend on nothing else.

        Returns:
            What each member changed, shape ``(models, members, parameters)``; 0 where it
            does not take part.

        """
        batches = self._batches(round_)
        model, member = taking_part.nonzero(as_tuple=True)
        # Longest first: the members that are out of batches are then always at the end.
        order = torch.argsort(batches.steps[member], descending=True, stable=True)
        changed = models.new_zeros((*taking_part.shape, models.shape[1]))
        for pairs in torch.split(order, self._pairs_at_once):
            of, by = model[pairs], member[pairs]
            start = models[of]
            changed[of, by] = self._descend(start.clone(), by, batches) - start
        return changed

    def draw(self, member: Member, round_: int) -> Sequence[NDArray[np.int64]]:
        """Shuffle a member's rows once an epoch, and cut them into batches.

        Returns:
            One array of its row numbers per step; what a member draws is its own affair.

        """
        rows = len(member.labels)
        if not rows:
            return []
        stream = generator(self.seed, "training", "batches", member.name, round_)
        cuts = range(self.settings.batch_size, rows, self.settings.batch_size)
        epochs = (stream.permutation(rows) for _ in range(self.settings.local_epochs))
        return [batch for epoch in epochs for batch in np.split(epoch, cuts)]

    def _descend(self, models: Tensor, members: Tensor, batches: Batches) -> Tensor:
        """Take every SGD step of a round, in place. Members come longest first."""
        velocity = torch.zeros_like(models)
        steps = batches.steps[members].tolist()
        counted = torch.arange(batches.rows.shape[2], device=models.device)
        for step in range(steps[0] if steps else 0):
            active = sum(step < last for last in steps)
            still = members[:active]
            rows = batches.rows[still, step]
            size = batches.sizes[still, step].unsqueeze(1)
            weights = (counted < size).to(models.dtype) / size
            gradients = self.network.gradients(
                models[:active], self._features[rows], self._labels[rows], weights
            )
            velocity[:active].mul_(self.settings.momentum).add_(gradients)
            models[:active].sub_(velocity[:active], alpha=self.settings.learning_rate)
        return models

    def _batches(self, round_: int) -> Batches:
        drawn = [self.draw(member, round_) for member in self.members]
        steps = [len(batches) for batches in drawn]
        shape = (len(drawn), max(1, *steps), self.settings.batch_size)
        rows = np.zeros(shape, dtype=np.int64)
        sizes = np.ones(shape[:2], dtype=np.int64)
        for index, batches in enumerate(drawn):
            for step, batch in enumerate(batches):
                rows[index, step] = self._offsets[index] + batch[0]  # pads with a row of its own
                rows[index, step, : len(batch)] = self._offsets[index] + batch
                sizes[index, step] = len(batch)
        device = self.settings.device
        return Batches(
            torch.from_numpy(rows).to(device),
            torch.from_numpy(sizes).to(device),
            torch.tensor(steps, device=device),
        )
