"""One FedAvg round of any number of global models: sample, train, send, collect.

The weights are the declared rows of those whose updates are accepted (McMahan et al., 2017,
normalise over the sampled clients). Averaging adds members in order, element by element, in
float64: any machine that repeats it from the record gets the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from fedmerit.federation.behaviours import ClientContext
from fedmerit.federation.horizontal.record import NO_ANSWER
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.federation.data.consortium import Member
    from fedmerit.federation.horizontal.engine import Engine

#: Size of one parameter on the wire.
FLOAT_BYTES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """What members send, before the server has looked at it.

    Attributes:
        updates: Shape ``(models, members, parameters)``.
        present: Where an update of the model's size was sent, shape ``(models, members)``.
        wrong_size: How many values a member sent instead of the model's, by its name.
        bytes_up: Size of all that was sent.

    """

    updates: Tensor
    present: Tensor
    wrong_size: dict[str, int]
    bytes_up: int


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """What the server makes of what was sent; here a member's update is last seen alone.

    Attributes:
        after: The next global models, shape ``(models, parameters)``.
        updates: Every member's update, since plain averaging hides none; shape ``(models,
            members, parameters)``, 0 where nothing was accepted.
        weights: FedAvg weights, shape ``(models, members)``; 0 likewise.
        excluded: Why updates of a member were not accepted, by its name.

    """

    after: Tensor
    updates: Tensor
    weights: Tensor
    excluded: dict[str, str]


def local_updates(
    engine: Engine, models: Tensor, previous: Tensor, taking_part: Tensor, round_: int
) -> Sent:
    """Let members train the global models, and send what their behaviour makes of it.

    Args:
        engine: Trains.
        models: Global models, shape ``(models, parameters)``.
        previous: The same of the round before.
        taking_part: Who takes part in which, shape ``(models, members)``.
        round_: The round's number, from 1.

    """
    updates = engine.updates(models, taking_part, round_)
    present = taking_part.clone()
    wrong_size: dict[str, int] = {}
    bytes_up = 0
    for index, member in enumerate(engine.members):
        chosen = taking_part[:, index].nonzero().squeeze(1)
        if not len(chosen):
            continue
        stream = generator(engine.seed, "behaviours", "send", member.name, round_)
        context = ClientContext(models[chosen], previous[chosen], stream)
        sent = member.behaviour.send(updates[chosen, index], context)
        bytes_up += FLOAT_BYTES * sent.numel()
        if sent.shape[1] == updates.shape[2]:
            updates[chosen, index] = sent
        else:
            wrong_size[member.name] = sent.shape[1]
            updates[chosen, index], present[chosen, index] = 0, False
    return Sent(updates, present, wrong_size, bytes_up)


def collect(members: Sequence[Member], models: Tensor, sent: Sent) -> Collected:
    """Inspect what was sent, weigh it by declared rows, and average what can be used.

    Args:
        members: Who sent, in the order of *sent*.
        models: The global models that they were sent, shape ``(models, parameters)``.
        sent: What came in; its updates are emptied where they cannot be used.

    """
    parameters = models.shape[1]
    accepted = sent.present.clone()
    excluded: dict[str, str] = {}
    for index, member in enumerate(members):
        if member.name in sent.wrong_size:
            values = sent.wrong_size[member.name]
            many = f"sent {values} values for {parameters} parameters"
            excluded[member.name] = many if values else NO_ANSWER
            continue
        chosen = sent.present[:, index].nonzero().squeeze(1)
        if not len(chosen):
            continue
        updates = sent.updates[chosen, index]
        usable, fault = _inspect(updates)
        if fault:
            accepted[chosen, index] = usable
            sent.updates[chosen, index] = updates.where(usable[:, None], 0)
            excluded[member.name] = fault
    weights = _weights(members, accepted)
    after = average(models, sent.updates, weights)
    return Collected(after, sent.updates, weights, excluded)


def _inspect(updates: Tensor) -> tuple[Tensor, str]:
    """Say which of a member's updates can be averaged, and why one cannot."""
    usable = updates.sum(dim=1).isfinite()
    if usable.all():
        return usable, ""
    finite = updates.isfinite()  # finite values may well have an infinite sum
    usable = finite.all(dim=1)
    if usable.all():
        return usable, ""
    first = int(usable.long().argmin())
    bad = int((~finite[first]).sum())
    return usable, f"{bad} of {updates.shape[1]} values were NaN or infinite"


def _weights(members: Sequence[Member], accepted: Tensor) -> Tensor:
    """Give each accepted member its share of the declared rows; nobody gets 0 / 0."""
    declared = [member.declared_rows for member in members]
    rows = accepted * torch.tensor(declared, dtype=torch.float64, device=accepted.device)
    return rows / rows.sum(dim=1, keepdim=True).clamp(min=1)


def average(models: Tensor, updates: Tensor, weights: Tensor) -> Tensor:
    """Add the weighted updates to the global models, shape ``(models, parameters)``."""
    total = models.double()
    for index in range(updates.shape[1]):
        total += weights[:, index, None] * updates[:, index]
    return total.float()
