"""GTG-Shapley: a run valued from few joining orders, cut short where little is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.games.rounds import Spent
from fedmerit.incentives.methods.runs.fedsv import fedsv, pooled_degrees
from fedmerit.incentives.methods.traits import Concept, Reads, valuation_method
from fedmerit.incentives.spreads import of_mean, unseen
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation

#: Orders of one round in one request; which are drawn does not depend on it.
_AT_ONCE: Final = 64


@valuation_method("gtg", concept=Concept.ROUNDS, reads=Reads.ROUNDS)
def gtg(
    game: Game, *, budget: int, seed: int, between: float = 0.01, within: float = 0.01
) -> Valuation:
    """Shapley values of each round from guided joining orders, added up over the rounds.

    In a round's orders everyone present comes first equally often (guided sampling). A round
    in which everyone adds too little is left out whole, and an order stops where what is
    left to add is too little; both are shares of what the best round adds. That is biased,
    and errors say nothing of it: who makes and who spoils a round that is left out both get
    nothing for it. Errors count on everyone coming first equally often, so that intervals
    hold what they say from the order on in which everyone has; before, they come out too
    narrow. Where *budget* covers all coalitions of those present, the values are exact.

    Source: Liu, Chen, Yang, Yu and Cui (2022).
    Assumes: Worths that saturate, and rounds that gain little because nothing happened.
    Cost: At most m - 1 evaluations an order of m present, two for each round's ends.
    Choose it: To compare with what others report; antithetic orders are unbiased.

    Args:
        game: What to value.
        budget: Distinct pairs of round and coalition.
        seed: Of the orders.
        between: Share of the best round's gain, below which a round is left out.
        within: The same for the rest of an order; 0 cuts nothing that matters.

    Raises:
        BudgetTooSmall: *budget* does not cover two orders in each round.
        GameError: The game has no rounds, or breaks its contract.
    """
    spent = Spent(game, "gtg")
    if budget >= spent.whole:
        return replace(fedsv(game, budget=budget, seed=seed), method="gtg")
    gains = spent.open("gtg", budget, orders=2)
    best = float(np.abs(gains).max())
    live = [
        _Round(spent, at, budget=budget, seed=seed, cut=within * best)
        for at in spent.live
        if abs(gains[at]) >= between * best
    ]
    for round_ in live:
        round_.draw(2)
    going = live
    while going:
        going = [round_ for round_ in going if round_.go_on(len(going))]
    spent.ask_again(budget)
    n = len(game.participants)
    values, covariance = np.zeros((n, 1)), np.zeros((n, n))
    of_rounds = []
    for round_ in live:
        values = values + round_.total / len(round_.means)
        drawn = round_.covariance()
        covariance += drawn
        of_rounds.append((float(drawn.trace()), len(round_.means) - 1.0))
    return conclude(
        spent.rounds[0],
        values,
        method="gtg",
        evaluations=spent.evaluations,
        seed=seed,
        covariance=covariance,
        degrees=pooled_degrees(of_rounds),
        errors="analytic",
        scale=spent.largest,
    )


class _Round:
    """One round's orders so far.

    Attributes:
        total: Sum over orders of what each member added, shape ``(n, columns)``.
        means: What each added in each order, means over columns, each ``(n,)``.
    """

    def __init__(self, spent: Spent, at: int, *, budget: int, seed: int, cut: float) -> None:
        self.means: list[NDArray[np.float64]] = []
        self._spent, self._at, self._budget, self._cut = spent, at, budget, cut
        self._here = np.flatnonzero(spent.present[at])
        self._rng = generator(seed, "valuation", "gtg", at)
        self._first: list[int] = []
        self._fronts: list[int] = []
        ends = np.array([[False], [True]]) & spent.present[at]
        self._nobody, everyone = spent.lookup(at, ends)
        self._everyone = everyone.mean()
        self.total = np.zeros((spent.present.shape[1], len(everyone)))

    def go_on(self, rounds: int) -> bool:
        """Draw what an even share of what is left of the budget covers; say if any."""
        left = self._budget - self._spent.evaluations
        alone = len(self._here) == 1  # then every order is the same
        orders = min(_AT_ONCE, (2 if alone else self._budget) - len(self.means))
        if self._spent.dearest(self._at, orders) > left // rounds:
            orders = max(1, left // rounds // (len(self._here) - 1))
        if orders <= 0 or self._spent.dearest(self._at, orders) > left:
            return False
        self.draw(orders)
        return True

    def draw(self, count: int) -> None:
        """Draw *count* orders, and ask for their steps until little is left to add."""
        orders = np.array([self._order() for _ in range(count)])
        grown = np.zeros((count, len(self.total)), dtype=np.bool_)
        before = np.repeat(self._nobody[None], count, axis=0)
        added = np.zeros((count, *self.total.shape))
        going = np.arange(count)
        for joining in orders.T:
            left = np.abs(self._everyone - before[going].mean(axis=1))
            going = going[left >= self._cut]
            if not len(going):
                break
            who = joining[going]
            grown[going, who] = True
            now = self._spent.lookup(self._at, grown[going])
            added[going, who] = now - before[going]
            before[going] = now
        self.total += added.sum(axis=0)
        self.means.extend(added.mean(axis=2))

    def covariance(self) -> NDArray[np.float64]:
        """Give the covariance of the mean over orders, ``(n, n)``.

        Once everyone has come first, what one adds in front is apart from what it adds behind:
        how often it is in front is chance only in the last, unfinished turn.
        """
        draws, m = np.array(self.means), len(self._here)
        few = np.diag(unseen(draws, scale=self._spent.range)) if m > 1 else 0.0
        front = np.array(self._fronts)[:, None] == np.arange(draws.shape[1])
        orders, often = len(draws), front.sum(axis=0)
        if orders <= m or m == 1:
            return of_mean(draws) + few
        ahead = (draws * front).sum(axis=0) / np.maximum(often, 1)
        behind = (draws * ~front).sum(axis=0) / (orders - often)
        within = draws - np.where(front, ahead, behind)
        unfinished = (orders % m) / m
        correlation = np.full((len(often), len(often)), -1 / (m - 1))
        np.fill_diagonal(correlation, 1.0)
        gaps = ahead - behind
        chance = unfinished * (1 - unfinished) * correlation * np.outer(gaps, gaps)
        products = [(within[:, [i]] * within).sum(axis=0) for i in range(len(often))]
        return np.asarray(products) / (orders * (orders - 2)) + chance / orders**2 + few

    def _order(self) -> NDArray[np.intp]:
        if not self._first:
            self._first = self._rng.permutation(self._here).tolist()
        first = self._first.pop()
        self._fronts.append(first)
        return np.append(first, self._rng.permutation(self._here[self._here != first]))
