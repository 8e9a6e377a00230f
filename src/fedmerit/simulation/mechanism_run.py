"""One run of the federation under one mechanism: who works, who is paid, who leaves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from fedmerit.incentives import NANO, Estimate, RoundInput
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.offers import History
from fedmerit.incentives.participation import QUARTERS, Standing, buys, provided
from fedmerit.incentives.participation.provision import fraction_of
from fedmerit.simulation.evaluators import heard
from fedmerit.simulation.inputs import Forecast, decide, forecast, kept, offer, spread
from fedmerit.simulation.judging import estimated
from fedmerit.simulation.periods import Period
from fedmerit.simulation.players import counted
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.federation import ParallelRuns, RunRound
    from fedmerit.incentives import Game, Outcome
    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import Bid
    from fedmerit.incentives.participation import Action, Strategy
    from fedmerit.simulation.economy import Economy
    from fedmerit.simulation.evaluators import Panel
    from fedmerit.simulation.judging import Judgement
    from fedmerit.simulation.players import Entrant
    from fedmerit.simulation.settings import Simulation

    #: Picks a round's members by their names and its number, ``(names,)``.
    Sampled = Callable[[Sequence[str], int], NDArray[np.bool_]]


@dataclass(slots=True, kw_only=True)
class MechanismRun:
    """A run under one mechanism, round by round: :meth:`plan`, train, then :meth:`settle`.

    Attributes:
        mechanism: That pays.
        entrants: Who is present.
        strategies: By owner.
        settings: The simulation's.
        economy: Money.
        runs: What trains.
        panel: The evaluators.
        seed: The scenario's.
        last_round: Where training stands.
        periods: What came of each round.
        exits: By owner, the round after which it left.
    """

    mechanism: Mechanism
    entrants: tuple[Entrant, ...]
    strategies: dict[str, Strategy]
    settings: Simulation
    economy: Economy
    runs: ParallelRuns
    panel: Panel
    seed: int
    last_round: RunRound
    periods: list[Period] = field(default_factory=list)
    exits: dict[str, int] = field(default_factory=dict)
    _standings: dict[str, Standing] = field(default_factory=dict)
    _stakes: dict[str, int] = field(default_factory=dict)
    _known: dict[str, float] = field(default_factory=dict)
    _history: History = field(default_factory=History)
    _actions: dict[str, Action] = field(default_factory=dict)
    _efforts: dict[str, int] = field(default_factory=dict)
    _worked: dict[str, Fraction] = field(default_factory=dict)
    _bought: Outcome | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of who is present."""
        return tuple(entrant.name for entrant in self.entrants)

    def plan(self, sampled: Sampled) -> tuple[int, ...]:
        """Let everybody choose, let the mechanism buy if it does, and say who trains.

        Args:
            sampled: Picks a round's members by their names and its number.

        Returns:
            Columns of the training.
        """
        number = self.last_round.number + 1
        if not self.entrants:
            return ()
        self._actions = {
            owner: self.strategies[owner].choose(
                generator(self.seed, "simulation", "choice", owner, number)
            )
            for owner in dict.fromkeys(entrant.owner for entrant in self.entrants)
        }
        asked = sampled(self.names, number)
        self._bought = None
        shares = [QUARTERS] * len(self.entrants)
        bought = [Fraction(1)] * len(self.entrants)
        if buys(self.mechanism):
            self._bought = decide(
                self.mechanism, self._round(dict.fromkeys(self.names, Estimate(0, 0)))
            )
            capacities = [max(1, entrant.rows) for entrant in self.entrants]
            bought = [
                work / capacity
                for work, capacity in zip(self._bought.work, capacities, strict=True)
            ]
            shares = [fraction_of(self.mechanism, part, 1, QUARTERS) for part in bought]
        self._efforts, self._worked, columns = {}, {}, []
        for entrant, part, share, called in zip(self.entrants, bought, shares, asked, strict=True):
            if not called or not share:
                continue
            done = self._actions[entrant.owner].effort
            effort = -(-share * done // QUARTERS)
            self._efforts[entrant.name] = effort
            # Quarters are what is trained; what was bought is paid for, and costs, to the row.
            self._worked[entrant.name] = part * done / QUARTERS
            columns.append(entrant.columns[effort])
        return tuple(sorted(columns))

    def settle(self, run_round: RunRound, judgement: Judgement) -> None:
        """Pay for a round that was trained, and see who stays."""
        self.last_round = run_round
        if not self.entrants:
            return
        hearing = heard(self.panel, judgement, self.names, number=run_round.number)
        said = dict(zip(self.names, estimated(self.names, hearing.said, judgement), strict=True))
        absent = frozenset(self.names) - {
            name
            for name, weight in zip(run_round.parts, run_round.weights, strict=True)
            if weight > 0
        }
        ineligible = absent | frozenset(run_round.idle)
        if self._bought is None:
            told = self._round(said, run_round)
            round_ = replace(told, ineligible=ineligible, reports=hearing.reports)
            outcome, unpaid = decide(self.mechanism, round_), frozenset[str]()
        else:  # it was decided before anybody worked: who then did not is paid nothing
            outcome, unpaid = self._bought, ineligible
        self._history = outcome.history
        payments = {
            name: 0 if name in unpaid else paid
            for name, paid in zip(self.names, outcome.payments, strict=True)
        }
        slashes = dict(zip(self.names, outcome.slashes, strict=True))
        for name in hearing.caught:
            slashes[name] += min(self.economy.slash, self._stake(name) - slashes[name])
        quality = outcome.quality_ppm or (10**6,) * len(self.names)
        self._book(run_round, judgement, payments, slashes, quality)
        for name, estimate in said.items():
            if name in run_round.parts:
                self._known[name] = estimate.value / NANO
        self._leave()

    def _book(
        self,
        run_round: RunRound,
        judgement: Judgement,
        payments: dict[str, int],
        slashes: dict[str, int],
        quality: Sequence[int],
    ) -> None:
        economy = self.economy
        income = economy.income(run_round.metrics.log_likelihood)
        owners = {entrant.owner for entrant in self.entrants}
        each = economy.benefit * max(0.0, income) / len(owners)
        costs, utilities = {}, dict.fromkeys(self._actions, 0.0)
        for entrant, best in zip(self.entrants, quality, strict=True):
            name, owner = entrant.name, entrant.owner
            self._stakes[name] = self._stake(name) - slashes[name]
            costs[name] = self._cost(self._whole(entrant), self._worked.get(name, Fraction(0)))
            utilities[owner] += payments[name] - slashes[name] - costs[name]
            # A second name brings no second model.
            utilities[owner] += each * best / 10**6 if name == self._first_name(owner) else 0.0
        self.periods.append(
            Period(
                number=run_round.number,
                efforts=dict(self._efforts),
                payments=payments,
                slashes=slashes,
                costs=costs,
                utilities=utilities,
                values=dict(
                    zip(self.names, judgement.of(self.names).sum(axis=1).tolist(), strict=True)
                ),
                log_likelihood=run_round.metrics.log_likelihood,
                accuracy=run_round.metrics.accuracy or 0.0,  # a simulation is of classes
                surplus=economy.budget + sum(slashes.values()) - sum(payments.values()),
                income=income,
            )
        )

    def _whole(self, entrant: Entrant) -> int:
        """Give what all of somebody's work costs its owner.

        A second name sends the first one's work again, for nothing; but where rows are bought, and
        those that both hold count once, each name is bought rows of its own and works for them.
        """
        bought = self._bought is not None and self.mechanism.pays_by_rows
        return entrant.claim if bought and entrant.content else entrant.cost

    def _cost(self, whole: int, part: Fraction) -> int:
        """Give what this part of the work costs of which all costs *whole*."""
        return int(whole * (part**2 if self.settings.rising else part))

    def _leave(self) -> None:
        """Let those go that have had enough, and the others learn."""
        period, patience = self.periods[-1], self.settings.patience
        for owner, utility in period.utilities.items():
            self.strategies[owner] = self.strategies[owner].learn(self._actions[owner], utility)
            standing = self._standings.get(owner, Standing())
            self._standings[owner] = standing.after(utility - self.economy.outside, patience)
            if self._standings[owner].leaves(patience):
                self.exits[owner] = period.number
        staying = [i for i, e in enumerate(self.entrants) if e.owner not in self.exits]
        self._history = kept(self._history, staying)
        self.entrants = tuple(self.entrants[i] for i in staying)

    def _round(self, said: Mapping[str, Estimate], run_round: RunRound | None = None) -> RoundInput:
        """Give what the mechanism may look at, as far as it asks for it."""
        needs = self.mechanism.needs
        return RoundInput(
            participants=self.names,
            contributions=tuple(said[name] for name in self.names),
            rows=self._rows(),
            budget=self.economy.budget,
            bids=self._bids() if Need.BIDS in needs else (),
            stakes=tuple(map(self._stake, self.names)) if Need.STAKES in needs else (),
            game=self._game(run_round) if Need.GAME in needs else None,
            updates=spread(run_round, self.names) if run_round and Need.UPDATES in needs else None,
            history=self._history,
            parameters=provided(self.mechanism, self.economy.market),
            order=tuple(
                generator(self.seed, "simulation", "ties", self.last_round.number)
                .permutation(len(self.entrants))
                .tolist()
            ),
        )

    def _bids(self) -> tuple[Bid, ...]:
        expected = self._expected()
        typical = sum(expected.values()) / len(expected)
        return tuple(
            offer(self.mechanism, e, rows, self._actions[e.owner].ask, (expected[e.name], typical))
            for e, rows in zip(self.entrants, self._rows(), strict=True)
        )

    def _rows(self) -> tuple[int, ...]:
        """Give everybody's rows as the mechanism counts them, at least 1 each."""
        if self.mechanism.pays_by_rows:
            return counted(self.entrants)
        return tuple(max(1, entrant.rows) for entrant in self.entrants)

    def _game(self, run_round: RunRound | None) -> Game:
        """Give the round's game, or before it what a buyer expects it to be."""
        if run_round is None:
            return Forecast(self._expected())
        return self.runs.game(run_round, self.names)

    def _expected(self) -> dict[str, float]:
        return forecast(self.entrants, self._known, self.economy.market.gain)

    def _stake(self, name: str) -> int:
        return self._stakes.get(name, self.economy.stake)

    def _first_name(self, owner: str) -> str:
        return next(entrant.name for entrant in self.entrants if entrant.owner == owner)
