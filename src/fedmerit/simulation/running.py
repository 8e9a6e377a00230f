"""All runs of a simulation side by side, a round at a time: what is alike is done once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fedmerit.incentives import MECHANISMS
from fedmerit.simulation.deviating import DEVIATIONS, Deviation, possible
from fedmerit.simulation.figures import advantage, figures
from fedmerit.simulation.results import Advantage, Comparison, Run
from fedmerit.simulation.setup import misbehaving, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fedmerit.federation import RunRound
    from fedmerit.scenario.model import Scenario
    from fedmerit.simulation.mechanism_run import MechanismRun
    from fedmerit.simulation.settings import Simulation
    from fedmerit.simulation.setup import Setup

    #: Runs in which one member deviates.
    Others = Mapping[Deviation, MechanismRun]


class Advance(Protocol):
    """Told how many of how many rounds are done."""

    def __call__(self, done: int, total: int, /) -> None:
        """Show it."""


def simulate(
    scenario: Scenario, settings: Simulation, *, advance: Advance | None = None
) -> Comparison:
    """Run one federation under several mechanisms.

    Every run has the same members, rows, draws and costs. Where two went alike so far they are
    trained and valued once, so what differs between mechanisms is what they pay for and whom
    they lose.

    Args:
        scenario: Who takes part, with what; its reward's budget is paid over all rounds.
        settings: Under which mechanisms, and what members are like.
        advance: Told of every round.

    Raises:
        FedmeritError: The scenario cannot be run, or a mechanism not be simulated.
    """
    setup = set_up(scenario, settings)
    main = {name: setup.arm(name) for name in settings.mechanisms}
    others: dict[str, Others] = {
        name: {
            deviation: setup.arm(name, deviation)
            for deviation in possible(MECHANISMS[name], setup.players)
        }
        for name in main
    }
    arms = [*main.values(), *(arm for each in others.values() for arm in each.values())]
    run_rounds: dict[str, list[RunRound]] = {name: [] for name in main}

    def keep() -> None:
        for name, arm in main.items():
            run_rounds[name].append(arm.last_round)

    trained = _run(setup, arms, keep, advance)
    return Comparison(
        scenario=scenario.name,
        description=scenario.description,
        seed=scenario.seed,
        settings=settings,
        economy=setup.economy,
        people=setup.people(misbehaving(scenario)),
        runs=tuple(
            _summed(setup, arm, run_rounds[name], others[name]) for name, arm in main.items()
        ),
        trained=(trained, len(arms) * settings.rounds),
    )


def _run(
    setup: Setup,
    arms: Sequence[MechanismRun],
    each_round: Callable[[], None],
    advance: Advance | None,
) -> int:
    """Take all runs to their end; give how many distinct rounds were trained."""
    judge, trained, rounds = setup.judge(), 0, setup.settings.rounds
    for number in range(1, rounds + 1):
        run_rounds = setup.runs.step([(arm.last_round, arm.plan(setup.called)) for arm in arms])
        for arm, run_round, judgement in zip(arms, run_rounds, judge.each(run_rounds), strict=True):
            arm.settle(run_round, judgement)
        trained += len(set(map(id, run_rounds)))
        each_round()
        if advance is not None:
            advance(number, rounds)
    return trained


def _summed(setup: Setup, arm: MechanismRun, run_rounds: Sequence[RunRound], others: Others) -> Run:
    """Sum a mechanism's run up."""
    return Run(
        mechanism=arm.mechanism.name,
        periods=tuple(arm.periods),
        exits=dict(arm.exits),
        figures=figures(arm, run_rounds, setup.runs, setup.players),
        advantages=tuple(_advantages(arm, others)),
    )


def _advantages(honest: MechanismRun, others: Others) -> list[Advantage]:
    """Compare each kind of deviation with honesty, in the order of the kinds."""
    kinds = {
        kind: {name: arm for d, arm in others.items() if d.kind == kind for name in d.members}
        for kind in DEVIATIONS
    }
    return [advantage(kind, honest, arms) for kind, arms in kinds.items() if arms]
