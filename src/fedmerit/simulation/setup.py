"""From a scenario and the settings of a simulation to what all of its runs share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import ScenarioError
from fedmerit.federation import ParallelRuns
from fedmerit.federation.horizontal.sampling import sampled
from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.participation import STRATEGIES
from fedmerit.kinds.parts import simulation_part
from fedmerit.simulation.economy import Economy, plan
from fedmerit.simulation.evaluators import Panel
from fedmerit.simulation.judging import Judge
from fedmerit.simulation.mechanism_run import MechanismRun
from fedmerit.simulation.players import Players
from fedmerit.simulation.results import Person
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.scenario.model import Scenario
    from fedmerit.simulation.deviating import Deviation
    from fedmerit.simulation.settings import Simulation


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What all runs of a simulation share.

    Attributes:
        settings: The simulation's.
        consortium: The scenario's members and rows.
        players: Everybody, and every way to take part.
        runs: What trains.
        economy: Money.
        panel: The evaluators.
        seed: The scenario's.
        choices: The strategy of each member, by its key.
    """

    settings: Simulation
    consortium: Consortium
    players: Players
    runs: ParallelRuns
    economy: Economy
    panel: Panel
    seed: int
    choices: Mapping[str, str]

    def arm(self, mechanism: str, deviation: Deviation | None = None) -> MechanismRun:
        """Give a run that has not begun, in which one member may deviate."""
        chosen = MECHANISMS[mechanism]
        asked = Need.BIDS in chosen.needs
        strategies = {
            name: STRATEGIES[choice](asked=asked) for name, choice in self.choices.items()
        }
        entrants = self.players.entrants
        if deviation is not None:
            entrants = deviation.entrants(self.players)
            played = deviation.strategy(asked=asked)
            strategies |= dict.fromkeys(deviation.members, played)
        return MechanismRun(
            mechanism=chosen,
            entrants=entrants,
            strategies=strategies,
            settings=self.settings,
            economy=self.economy,
            runs=self.runs,
            panel=self.panel,
            seed=self.seed,
            last_round=self.runs.start,
        )

    def judge(self) -> Judge:
        """Give what values rounds."""
        federation = self.consortium.federation
        return Judge(
            self.runs,
            federation.validation_owners,
            evaluators=len(federation.members),
            coalitions=self.settings.coalitions,
            seed=self.seed,
        )

    def called(self, names: Sequence[str], number: int) -> NDArray[np.bool_]:
        """Pick a round's members, as the scenario's training does."""
        settings = self.consortium.settings
        return sampled(
            names,
            settings.participation,
            round_=number,
            seed=self.seed,
            full_round=settings.full_round,
        )

    def people(self, behaviours: Mapping[str, str]) -> tuple[Person, ...]:
        """Say who takes part, and what each is like."""
        return tuple(
            Person(
                name=entrant.name,
                behaviour=behaviours.get(entrant.name, "honest"),
                strategy=self.choices[entrant.name],
                lies=entrant.name in self.panel.liars,
                rows=entrant.rows,
                cost=entrant.cost,
            )
            for entrant in self.players.entrants
        )


def set_up(scenario: Scenario, settings: Simulation) -> Setup:
    """Make everything ready, and find out what the money is to be.

    Raises:
        FedmeritError: The scenario cannot be run, or a mechanism not be simulated.
    """
    if scenario.reward.budget < settings.rounds:
        raise ScenarioError(
            f"reward.budget is {scenario.reward.budget}, which leaves nothing for each of "
            f"{settings.rounds} rounds",
            hint=f"Set reward.budget to {settings.rounds} or more, or take fewer rounds.",
        )
    consortium = simulation_part(scenario).assemble(scenario)
    federation, seed = consortium.federation, scenario.seed
    settings.check_size(len(federation.members))
    budget = scenario.reward.budget // settings.rounds
    players = Players(federation, misbehaving(scenario), settings, budget=budget, seed=seed)
    runs = ParallelRuns(
        federation, consortium.model, consortium.settings, seed=seed, columns=players.columns
    )
    brought = np.bincount(federation.validation_owners, minlength=len(federation.members))
    able = tuple(bool(rows) for rows in brought)
    evaluators = [name for name, sees in zip(players.names, able, strict=True) if sees]
    panel = Panel(
        names=players.names,
        able=able,
        liars=frozenset(_some(evaluators, settings.lying, seed, "liars")),
        settings=settings,
        seed=seed,
    )
    return Setup(
        settings=settings,
        consortium=consortium,
        players=players,
        runs=runs,
        economy=plan(runs, players, settings, budget),
        panel=panel,
        seed=seed,
        choices=_choices(players, settings, seed),
    )


def misbehaving(scenario: Scenario) -> dict[str, str]:
    """Give what members do that do not do what was agreed, by name; copies among them."""
    return {
        member.name: "copy" if member.copy_of else member.behaviour
        for member in scenario.members
        if member.behaviour != "honest" or member.copy_of
    }


def _choices(players: Players, settings: Simulation, seed: int) -> dict[str, str]:
    """Draw who chooses how, among honest members that are not seen to deviate."""
    free = [n for n in players.names if n not in players.guilty and n not in players.deviators]
    chosen = dict.fromkeys(players.names, "honest")
    chosen |= dict.fromkeys(_some(free, settings.misreporting, seed, "misreporting"), "misreport")
    rest = [name for name in free if chosen[name] == "honest"]
    return chosen | dict.fromkeys(
        _some(rest, settings.responding, seed, "responding"), "best-response"
    )


def _some(names: Sequence[str], share: float, seed: int, purpose: str) -> list[str]:
    """Draw a share of *names*, to the nearest whole number."""
    order = generator(seed, "simulation", purpose).permutation(len(names))
    return [names[i] for i in order[: round(share * len(names))]]
