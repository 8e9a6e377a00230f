"""A round's SGD steps of many models at once, in groups that train on the same rows.

The package's own models are chains of linear layers with ReLU between them, and their
gradients are written out here: the first layer of a whole group is one matrix product, and
its gradient another. Any other module goes through ``torch.func``, correct if slower.

What a model ends as must not depend on how many others are in its group. Matrix libraries
add up alike whatever the number of models, if only every row of every matrix starts on a
vector's boundary: hence the padding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Protocol, Self

import torch
from torch import Tensor

from fedmerit.federation.losses import is_quantity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.models import Network

#: Hidden widths, columns and batches are whole multiples of this, so that every row of every
#: matrix starts on a vector's boundary: a library may add up otherwise from anywhere else.
PADDING: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One batch of each group that has one left; those that have none come last.

    Attributes:
        rows: Features, shape ``(groups, batch, columns)``, the columns as :meth:`Descent.ready`
            makes them.
        labels: Classes, or a quantity as float32, shape ``(groups, batch)``.
        weights: What each row counts, shape ``(groups, batch)``; 0 for padding.

    """

    rows: Tensor
    labels: Tensor
    weights: Tensor


class Descent(Protocol):
    """Takes SGD steps."""

    def ready(self, features: Tensor) -> Tensor:
        """Give rows as steps want them, from features of shape ``(rows, columns)``."""

    def descend(self, models: Tensor, steps: Iterable[Step], settings: TrainingSettings) -> Tensor:
        """Give what models of shape ``(groups, models, parameters)`` are after all steps."""


def descent(network: Network) -> Descent:
    """Choose the fastest descent that fits the network."""
    return Chained(network.widths) if network.widths else Mapped(network)


class Mapped:
    """Any module, by its automatic gradients."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def ready(self, features: Tensor) -> Tensor:
        """Change nothing."""
        return features

    def descend(self, models: Tensor, steps: Iterable[Step], settings: TrainingSettings) -> Tensor:
        """Give what the models are after all steps, as :class:`Descent` says."""
        network, each = self._network, models.shape[1]
        ended = models.flatten(0, 1).clone()
        velocity = torch.zeros_like(ended)
        for step in steps:
            active = slice(len(step.rows) * each)
            batch = (
                part.repeat_interleave(each, 0) for part in (step.rows, step.labels, step.weights)
            )
            statistics = None
            if len(network.running):
                gradients, statistics = network.training_gradients(ended[active], *batch)
            else:
                gradients = network.gradients(ended[active], *batch)
            velocity[active].mul_(settings.momentum).add_(gradients)
            ended[active].sub_(velocity[active], alpha=settings.learning_rate)
            if statistics is not None:
                ended[active].index_copy_(1, network.running, statistics)
        return ended.view(models.shape)


class Chained:
    """Linear layers with ReLU between them, and the loss's gradient by hand.

    A row's columns are followed by a 1, so that the first layer's biases are a column of its
    weights, and by zeros up to a multiple of :data:`PADDING`.

    Args:
        widths: Columns, the widths of the hidden layers, classes.

    """

    def __init__(self, widths: Sequence[int]) -> None:
        columns, *hidden, classes = widths
        self._columns = _whole(columns + 1)
        self._shapes = [(out, into) for into, out in pairwise(widths)]
        outs = [_whole(width) for width in (hidden or [classes])]
        self._padded = (self._columns, *outs, *([classes] if hidden else []))
        self._numbers = torch.arange(self._padded[-1])[:, None]

    def ready(self, features: Tensor) -> Tensor:
        """Append the 1 and the zeros."""
        wide = features.new_zeros((len(features), self._columns))
        wide[:, : features.shape[1]] = features
        wide[:, features.shape[1]] = 1
        return wide

    def descend(self, models: Tensor, steps: Iterable[Step], settings: TrainingSettings) -> Tensor:
        """Give what the models are after all steps, as :class:`Descent` says."""
        groups, each, _ = models.shape
        parameters = self._unpacked(models.flatten(0, 1))
        first = parameters[0].view(groups, -1, self._columns)
        moving = [_Moving.still(part, settings) for part in (first, *parameters[1:])]
        room: list[Tensor] = []
        for step in steps:
            active, batch = step.labels.shape
            if active < groups or not room:
                groups, pairs = active, active * each
                moving = [moving[0].of(groups), *(part.of(pairs) for part in moving[1:])]
                shapes = [(pairs, width, batch) for width in self._padded[1:]]
                room = room or [models.new_empty(shape) for shape in shapes * 2]
                room = [part[:pairs] for part in room]
            self._step(step, moving, room)
        return self._packed(parameters).view(models.shape)

    def _step(self, step: Step, moving: Sequence[_Moving], room: Sequence[Tensor]) -> None:
        """Go forward, and back; each layer moves once its weights are not needed any more."""
        values, slopes = room[: len(room) // 2], room[len(room) // 2 :]
        first, weights, biases = moving[0], moving[1::2], moving[2::2]
        groups, batch = step.labels.shape
        together = (groups, -1, batch)
        torch.bmm(first.values, step.rows.transpose(1, 2), out=values[0].view(together))
        for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            below = values[index].clamp_min_(0)
            torch.baddbmm(bias.values, weight.values, below, out=values[index + 1])
        self._slopes(step, values[-1], slopes[-1])
        for index in reversed(range(len(weights))):
            slope, below, out = slopes[index + 1], values[index], slopes[index]
            torch.bmm(weights[index].values.transpose(1, 2), slope, out=out)
            torch.ops.aten.threshold_backward.grad_input(out, below, 0, grad_input=out)
            weights[index].move_by_product(slope, below.transpose(1, 2))
            biases[index].move(slope.sum(2, keepdim=True))
        first.move_by_product(slopes[0].view(together), step.rows)

    def _slopes(self, step: Step, scores: Tensor, out: Tensor) -> None:
        """Give the loss's derivative by the scores: what is predicted less what is right.

        Of classes, those are probabilities; a quantity's score is its prediction.
        """
        if is_quantity(step.labels):
            out[:, 1:] = 0
            torch.sub(
                scores[:, 0].view(len(step.rows), -1, out.shape[2]),
                step.labels[:, None],
                out=out[:, 0].view(len(step.rows), -1, out.shape[2]),
            ).mul_(step.weights[:, None])
            return
        classes = self._shapes[-1][0]
        numbers = self._numbers.to(out.device)
        weights = step.weights[:, None, None, :]
        right = (step.labels[:, None, None, :] == numbers) * weights
        if classes < out.shape[1]:
            out[:, classes:] = 0
        torch.softmax(scores[:, :classes], 1, out=out[:, :classes])
        out.view(len(step.rows), -1, *out.shape[1:]).mul_(weights).sub_(right)

    def _unpacked(self, pairs: Tensor) -> list[Tensor]:
        """Give the first layer, biases and all, and each later one's weights and biases."""
        sizes = [size for out, into in self._shapes for size in (out * into, out)]
        flat = torch.split(pairs, sizes, dim=1)
        parts = []
        for index, (out, into) in enumerate(self._shapes):
            weights, biases = flat[2 * index].reshape(-1, out, into), flat[2 * index + 1]
            wide = pairs.new_zeros((len(pairs), self._padded[index + 1], self._padded[index]))
            wide[:, :out, :into] = weights
            parts.append(wide)
            if index == 0:
                wide[:, :out, into] = biases
            else:
                high = pairs.new_zeros((len(pairs), self._padded[index + 1], 1))
                high[:, :out, 0] = biases
                parts.append(high)
        return parts

    def _packed(self, parts: Sequence[Tensor]) -> Tensor:
        """Undo :meth:`_unpacked`."""
        first, *later = parts
        flat = []
        for index, (out, into) in enumerate(self._shapes):
            weights = first if index == 0 else later[2 * index - 2]
            biases = first[:, :out, into] if index == 0 else later[2 * index - 1][:, :out, 0]
            flat += [weights[:, :out, :into].flatten(1), biases]
        return torch.cat(flat, dim=1)


def _whole(width: int) -> int:
    """Round up to a multiple of :data:`PADDING`."""
    return width + -width % PADDING


@dataclass(frozen=True, slots=True, eq=False)
class _Moving:
    """A parameter of many models, and the velocity that momentum, if any, gives it."""

    values: Tensor
    velocity: Tensor | None
    settings: TrainingSettings

    @classmethod
    def still(cls, values: Tensor, settings: TrainingSettings) -> Self:
        """Start without velocity."""
        return cls(values, torch.zeros_like(values) if settings.momentum else None, settings)

    def of(self, models: int) -> Self:
        """Give what is the first models' of it, to move in place."""
        velocity = None if self.velocity is None else self.velocity[:models]
        return replace(self, values=self.values[:models], velocity=velocity)

    def move_by_product(self, left: Tensor, right: Tensor) -> None:
        """Step against the gradient ``left @ right``."""
        rate, momentum = self.settings.learning_rate, self.settings.momentum
        if self.velocity is None:
            self.values.baddbmm_(left, right, alpha=-rate)
        else:
            self.values.sub_(self.velocity.baddbmm_(left, right, beta=momentum), alpha=rate)

    def move(self, gradient: Tensor) -> None:
        """Step against the gradient."""
        if self.velocity is not None:
            gradient = self.velocity.mul_(self.settings.momentum).add_(gradient)
        self.values.sub_(gradient, alpha=self.settings.learning_rate)
