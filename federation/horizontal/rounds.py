"""One FedAvg round of any number of global models: sample, train, receive, average.

The weights are the declared rows of those whose updates are accepted (McMahan et al., 2017,
normalise over the sampled clients). Averaging adds members in order, element by element, in
float64: any machine that repeats it from the record gets the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from fedmerit.federation.behaviours import ClientContext
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.federation.horizontal.engine import Engine

#: Size of one parameter on the wire.
FLOAT_BYTES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What came in, and what counts of it.

    Attributes:
        updates: Shape ``(models, members, parameters)``; 0 where nothing was accepted.
        weights: FedAvg weights, shape ``(models, members)``; 0 likewise.
        excluded: Why updates of a member were not accepted, by its name.
        bytes_up: Size of all that the members sent.

    """

    updates: Tensor
    weights: Tensor
    excluded: dict[str, str]
    bytes_up: int


def sampled(
    names: Sequence[str], participation: float, *, round_: int, seed: int
) -> NDArray[np.bool_]:
    """Pick a round's members: everyone draws a number, and the lowest take part.

    So nobody's draw depends on who else there is. Shape ``(members,)``.
    """
    draws = [generator(seed, "training", "sampling", name, round_).random() for name in names]
    chosen = np.zeros(len(names), dtype=np.bool_)
    chosen[np.argsort(draws)[: max(1, round(participation * len(names)))]] = True
    return chosen


def exchange(
    engine: Engine, models: Tensor, previous: Tensor, taking_part: Tensor, round_: int
) -> Received:
    """Let members train the global models, and take in what they send.

    Args:
        engine: Trains.
        models: Global models, shape ``(models, parameters)``.
        previous: The same of the round before.
        taking_part: Who takes part in which, shape ``(models, members)``.
        round_: The round's number, from 1.

    """
    updates = engine.updates(models, taking_part, round_)
    accepted = torch.zeros_like(taking_part)
    excluded: dict[str, str] = {}
    bytes_up = 0
    for index, member in enumerate(engine.members):
        chosen = taking_part[:, index].nonzero().squeeze(1)
        if not len(chosen):
            continue
        stream = generator(engine.seed, "behaviours", "send", member.name, round_)
        known = ClientContext(models[chosen], previous[chosen], stream)
        sent = member.behaviour.send(updates[chosen, index], known)
        bytes_up += FLOAT_BYTES * sent.numel()
        fit, fault = _inspect(sent, updates.shape[2])
        accepted[chosen, index] = fit
        if fit.all():
            updates[chosen, index] = sent
        else:
            updates[chosen, index] = sent.where(fit[:, None], 0) if fit.any() else 0
        if fault:
            excluded[member.name] = fault
    return Received(updates, _weights(engine, accepted), excluded, bytes_up)


def _inspect(sent: Tensor, parameters: int) -> tuple[Tensor, str]:
    """Say which of the sent updates can be averaged, and why one cannot."""
    if sent.shape[1] != parameters:
        unfit = torch.zeros(len(sent), dtype=torch.bool, device=sent.device)
        values = f"sent {sent.shape[1]} values for {parameters} parameters"
        return unfit, values if sent.shape[1] else "did not answer"
    fit = sent.sum(dim=1).isfinite()
    if fit.all():
        return fit, ""
    finite = sent.isfinite()  # finite values may well have an infinite sum
    fit = finite.all(dim=1)
    if fit.all():
        return fit, ""
    first = int(fit.long().argmin())
    return fit, f"{int((~finite[first]).sum())} of {parameters} values were NaN or infinite"


def _weights(engine: Engine, accepted: Tensor) -> Tensor:
    """Give each accepted member its share of the declared rows; nobody gets 0 / 0."""
    declared = [member.declared_rows for member in engine.members]
    rows = accepted * torch.tensor(declared, dtype=torch.float64, device=accepted.device)
    return rows / rows.sum(dim=1, keepdim=True).clamp(min=1)


def average(models: Tensor, updates: Tensor, weights: Tensor) -> Tensor:
    """Add the weighted updates to the global models, shape ``(models, parameters)``."""
    total = models.double()
    for index in range(updates.shape[1]):
        total += weights[:, index, None] * updates[:, index]
    return total.float()
