"""Money: what the model is worth, what work costs, and the best that could be had of both."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

from fedmerit.errors import ScenarioError
from fedmerit.incentives.participation import QUARTERS, Market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.federation import ParallelRuns
    from fedmerit.simulation.players import Entrant, Players
    from fedmerit.simulation.settings import Simulation

#: Points of quality of an average member.
POINTS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Economy:
    """What the rounds of a simulation are worth and cost.

    Attributes:
        budget: Base units of each round.
        equal: An equal share of it.
        worth: Base units that a round brings in for each nat by which its model is better than
            the untrained one; a model as good as everybody's brings in the budget.
        benefit: Part of that which is the members'.
        outside: Base units that each has elsewhere a round.
        stake: Base units that each puts down.
        slash: Base units that an evaluator loses that is taken for a liar.
        market: What mechanisms are fitted to.
        best: Welfare of the best line-up that was tried, all rounds together, base units.
        best_names: Who takes part in it.
        untrained: Log-likelihood of the untrained model, nats.
        everyone: Log-likelihood after all rounds of everybody, nats.
    """

    budget: int
    equal: int
    worth: float
    benefit: float
    outside: int
    stake: int
    slash: int
    market: Market
    best: float
    best_names: tuple[str, ...]
    untrained: float
    everyone: float

    def income(self, log_likelihood: float) -> float:
        """Give what a model brings in a round, base units."""
        return self.worth * (log_likelihood - self.untrained)


def plan(runs: ParallelRuns, players: Players, settings: Simulation, budget: int) -> Economy:
    """Train every line-up that a planner would think of, and see what is the best of them.

    The line-ups are: the cheapest members by cost of a row, from the first alone to everybody
    that does what was agreed, and simply everybody. All stay, and work in full.

    Raises:
        ScenarioError: Everybody together trains to nothing.
    """
    honest = sorted(
        (entrant for entrant in players.entrants if entrant.name not in players.guilty),
        key=lambda entrant: entrant.cost / entrant.rows,
    )
    line_ups = [players.entrants, *(honest[: k + 1] for k in range(len(honest)))]
    columns = [tuple(sorted(e.columns[QUARTERS] for e in line_up)) for line_up in line_ups]
    untrained = runs.start.metrics.log_likelihood
    run_rounds, gains = [runs.start] * len(line_ups), [0.0] * len(line_ups)
    for _ in range(settings.rounds):
        run_rounds = runs.step(list(zip(run_rounds, columns, strict=True)))
        gains = [
            gained + run_round.metrics.log_likelihood - untrained
            for gained, run_round in zip(gains, run_rounds, strict=True)
        ]
    everyone = run_rounds[0].metrics.log_likelihood
    if everyone <= untrained:
        raise ScenarioError(
            f"everybody together trains from {untrained:.4f} to {everyone:.4f} nats a row",
            hint="Lower the learning rate, or simulate more rounds: there is nothing to pay for.",
        )
    worth = budget / (everyone - untrained)
    costs = [settings.rounds * sum(entrant.cost for entrant in line_up) for line_up in line_ups]
    welfare = [worth * gained - cost for gained, cost in zip(gains, costs, strict=True)]
    best = welfare.index(max(welfare))
    equal = budget // len(players.entrants)
    market = Market(
        budget=budget,
        rows=tuple(entrant.rows for entrant in players.entrants),
        costs=tuple(entrant.claim for entrant in players.entrants),
        points=POINTS,
        gain=(everyone - untrained) / settings.rounds,
        root=_root(line_ups[1:], [worth * gained / settings.rounds for gained in gains[1:]]),
        benefit=settings.benefit / len(players.entrants),
    )
    return Economy(
        budget=budget,
        equal=equal,
        worth=worth,
        benefit=settings.benefit,
        outside=int(equal * settings.outside),
        stake=int(equal * settings.stake),
        slash=int(equal * settings.slash),
        market=market,
        best=welfare[best],
        best_names=tuple(entrant.name for entrant in line_ups[best]),
        untrained=untrained,
        everyone=everyone,
    )


def _root(line_ups: Sequence[Sequence[Entrant]], incomes: Sequence[float]) -> float:
    """Fit incomes of a round by the root of rows, by least squares; at least 0."""
    roots = [sqrt(sum(entrant.rows for entrant in line_up)) for line_up in line_ups]
    products = (root * income for root, income in zip(roots, incomes, strict=True))
    squares = sum(root**2 for root in roots)
    return max(0.0, sum(products) / squares) if squares else 0.0
