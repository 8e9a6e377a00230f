"""Evaluators: members whose validation rows judge everybody, some of which lie about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.participation import reported
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.simulation.judging import Judgement
    from fedmerit.simulation.settings import Simulation


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Who evaluates, who lies, and how often anybody looks.

    Attributes:
        names: Of the evaluators' members, in the order of a judgement's columns.
        able: Whether each has validation rows.
        liars: Names of those that lie; together they are a ring.
        settings: How they lie, and how they are audited.
        seed: The scenario's.
    """

    names: tuple[str, ...]
    able: tuple[bool, ...]
    liars: frozenset[str]
    settings: Simulation
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hearing:
    """What evaluators said in one round, after the audits.

    Attributes:
        said: What each adds to each value, ``(names, evaluators)``, nats.
        reports: Of each present member, whether each one's update did good: 1 or 0; who has no
            rows says 1 of everybody.
        caught: Names taken for liars, rightly or not.
    """

    said: NDArray[np.float64]
    reports: tuple[tuple[int, ...], ...]
    caught: tuple[str, ...]


def heard(panel: Panel, judgement: Judgement, names: tuple[str, ...], *, number: int) -> Hearing:
    """Ask the evaluators that are present; rows of those that left are read as they are.

    Args:
        panel: The evaluators.
        judgement: What their rows showed.
        names: Who is present.
        number: The round's, which picks the draws.
    """
    shown = judgement.of(names)
    lying = [i for i, name in enumerate(panel.names) if name in panel.liars and name in names]
    ring = np.array([name in panel.liars for name in names])
    said = reported(
        shown,
        dict.fromkeys(lying, ring),
        lie=panel.settings.lie,
        streams={i: _stream(panel, "lie", panel.names[i], number) for i in lying},
    )
    caught = []
    for i, name in enumerate(panel.names):
        if name in names and panel.able[i] and _caught(panel, name, number, lies=i in lying):
            caught.append(name)
            said[:, i] = shown[:, i]
    return Hearing(said=said, reports=_reports(panel, said, names), caught=tuple(caught))


def _caught(panel: Panel, name: str, number: int, *, lies: bool) -> bool:
    settings = panel.settings
    if not settings.audit:
        return False
    looked, found = _stream(panel, "audit", name, number).random(2)
    chance = settings.detection if lies else settings.false_alarm
    return bool(looked < settings.audit and found < chance)


def _reports(
    panel: Panel, said: NDArray[np.float64], names: tuple[str, ...]
) -> tuple[tuple[int, ...], ...]:
    """Give who says what of whom; the sign alone, as a sum of money would tell too much."""
    columns = {name: i for i, name in enumerate(panel.names) if panel.able[i]}
    return tuple(
        tuple((said[:, columns[name]] > 0).astype(int).tolist())
        if name in columns
        else (1,) * len(names)
        for name in names
    )


def _stream(panel: Panel, purpose: str, name: str, number: int) -> np.random.Generator:
    return generator(panel.seed, "simulation", purpose, name, number)
