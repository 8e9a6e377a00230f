"""From a run's periods to its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.detection import auroc, suspicion
from fedmerit.incentives.measures import (
    gini,
    jain,
    mean_of,
    price_of_anarchy,
    rank_correlation,
    willing,
)
from fedmerit.incentives.participation.blocking import worst_excess
from fedmerit.simulation.results import Advantage, Figures
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.federation import ParallelRuns, RunGame, RunRound
    from fedmerit.incentives.detection import AUROC
    from fedmerit.simulation.mechanism_run import MechanismRun
    from fedmerit.simulation.players import Players


def figures(
    arm: MechanismRun, run_rounds: Sequence[RunRound], runs: ParallelRuns, players: Players
) -> Figures:
    """Sum a run up.

    Args:
        arm: The run.
        run_rounds: All of them, from the first round on.
        runs: That trained them.
        players: Everybody.
    """
    economy, periods = arm.economy, arm.periods
    paid = totals(players.names, [period.payments for period in periods])
    values = totals(players.names, [period.values for period in periods])
    amounts = list(paid.values())
    spent = sum(cost for period in periods for cost in period.costs.values())
    welfare = (
        sum(economy.income(run_round.metrics.log_likelihood) for run_round in run_rounds) - spent
    )
    game = runs.run_game(run_rounds, players.names)
    pot = economy.budget * len(run_rounds)
    stream = generator(arm.seed, "simulation", "blocking")
    found = worst_excess(game, [amount / pot for amount in amounts], stream)
    utilities = [each for period in periods for each in period.utilities.values()]
    return Figures(
        accuracy=run_rounds[-1].metrics.accuracy or 0.0,  # a simulation is of classes
        log_likelihood=run_rounds[-1].metrics.log_likelihood,
        welfare=welfare,
        price_of_anarchy=price_of_anarchy(economy.best, welfare),
        paid=int(sum(amounts)),
        surplus=sum(period.surplus for period in periods),
        gini=gini(amounts) if any(amounts) else None,
        jain=jain(amounts) if any(amounts) else None,
        willing=willing(utilities),
        retained=1 - len(arm.exits) / len(players.names),
        exit=sum(arm.exits.values()) / len(arm.exits) if arm.exits else None,
        rank_correlation=rank_correlation(list(values.values()), amounts),
        core_violation=max(0.0, found[0]) if found else None,
        blocking=found[1] if found and found[0] > 0 else (),
        detection=_detected(arm, game, players),
    )


def advantage(kind: str, honest: MechanismRun, others: Mapping[str, MechanismRun]) -> Advantage:
    """Compare what deviators got with what they had got by honesty, by name of the deviator."""
    rounds, equal = honest.last_round.number, max(1, honest.economy.equal)
    each = {
        name: (utility_of(arm, name) - utility_of(honest, name)) / (rounds * equal)
        for name, arm in others.items()
    }
    return Advantage(kind=kind, gain=mean_of(list(each.values())), each=each)


def utility_of(arm: MechanismRun, owner: str) -> float:
    """Give what an owner got in all, beyond what it has elsewhere, base units."""
    return sum(
        period.utilities[owner] - arm.economy.outside
        for period in arm.periods
        if owner in period.utilities
    )


def totals(names: Sequence[str], rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Add up rounds by name, 0 for the absent."""
    return {name: sum(round_.get(name, 0) for round_ in rounds) for name in names}


def _detected(arm: MechanismRun, game: RunGame, players: Players) -> AUROC | None:
    guilty = np.array([name in players.guilty for name in players.names])
    if guilty.all() or not guilty.any():
        return None
    values = np.zeros((len(game.rounds), len(players.names)))
    for row, period in zip(values, arm.periods, strict=False):  # none once nobody is left
        row[:] = [period.values.get(name, 0.0) for name in players.names]
    return auroc(suspicion(game, values).scores, guilty)
