"""What a simulation found, as values that can be written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.incentives.detection import AUROC
    from fedmerit.incentives.measures import Mean
    from fedmerit.simulation.economy import Economy
    from fedmerit.simulation.periods import Period
    from fedmerit.simulation.settings import Simulation


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who takes part.

    Attributes:
        name: Its name.
        behaviour: What the scenario has it do.
        strategy: How it chooses in each round.
        lies: Whether it lies as an evaluator.
        rows: It declares.
        cost: Of a round's full work, base units.
    """

    name: str
    behaviour: str
    strategy: str
    lies: bool
    rows: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advantage:
    """What a deviation brings who deviates alone, or together with its ring.

    Attributes:
        kind: Which deviation.
        gain: Utility with it less utility without, a round, in equal shares of the budget;
            the mean over the members that were seen to deviate, each with the same seed. Of a
            ring's members, who deviate in one run, the interval says less than it seems to.
        each: Of each of them, likewise.
    """

    kind: str
    gain: Mean
    each: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One mechanism's run in figures; None where a figure has no meaning.

    Attributes:
        accuracy: Of the last model, in [0, 1].
        log_likelihood: Of the last model, nats a row.
        welfare: What the models brought in less what work cost, base units.
        price_of_anarchy: The best line-up's welfare over this one.
        paid: Base units to members.
        surplus: Base units left of the budget; negative if more was owed than it held.
        gini: Of what each was paid in all.
        jain: Of the same.
        willing: Share of rounds of members in which they did not end below 0.
        retained: Share of members that are there at the end.
        exit: Mean round after which those left that did; None if nobody did.
        rank_correlation: Of contributions and pay, over all rounds (Spearman).
        core_violation: The largest part of all pay that a coalition misses to its part of the
            worth; 0 if none does.
        blocking: The members of that coalition.
        detection: How well suspicion tells those that do not do what was agreed.
    """

    accuracy: float
    log_likelihood: float
    welfare: float
    price_of_anarchy: float | None
    paid: int
    surplus: int
    gini: float | None
    jain: float | None
    willing: float
    retained: float
    exit: float | None
    rank_correlation: float | None
    core_violation: float | None
    blocking: tuple[str, ...]
    detection: AUROC | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One mechanism's run.

    Attributes:
        mechanism: That paid.
        periods: Round by round.
        exits: The round after which each left that did.
        figures: What it comes to.
        advantages: Of every deviation that there was room for.
    """

    mechanism: str
    periods: tuple[Period, ...]
    exits: Mapping[str, int]
    figures: Figures
    advantages: tuple[Advantage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A federation under several mechanisms.

    Attributes:
        scenario: Its name.
        description: What it says of itself.
        seed: The seed.
        settings: The simulation's.
        economy: Money.
        people: Who took part.
        runs: One a mechanism, in the order they were asked for.
        trained: Rounds of distinct runs that were trained and valued, of how many there were:
            what was alike was done once.
    """

    scenario: str
    description: str
    seed: int
    settings: Simulation
    economy: Economy
    people: tuple[Person, ...]
    runs: tuple[Run, ...]
    trained: tuple[int, int]
