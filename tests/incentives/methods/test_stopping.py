"""Rules that stop an estimate early."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.incentives import value
from fedmerit.incentives.methods.stopping import Elapsed, Narrow, Ranked, Settled


class Saturating:
    participants = tuple(f"p{i}" for i in range(12))

    def __init__(self, spread=1.0):
        self.gains = 0.2 + spread * np.linspace(0, 0.5, 12)

    def worth(self, coalitions, /):
        return 1 - np.exp(-(coalitions @ self.gains))


class Steps(Saturating):
    """Twelve that are far apart, of whom two pairs stand in for each other."""

    def worth(self, coalitions, /):
        own = coalitions @ np.arange(1.0, 13)
        return own - (coalitions[:, 3] & coalitions[:, 4]) - (coalitions[:, 0] & coalitions[:, 9])


def spent(rule, budget=3000, game=None):
    result = value(game or Saturating(), method="antithetic", budget=budget, seed=1, until=[rule])
    return result.evaluations, result


def test_a_wider_interval_is_reached_with_fewer_evaluations():
    wide, _ = spent(Narrow(0.05))
    narrow, result = spent(Narrow(0.02))

    assert wide < narrow < 2900
    low, high = result.interval().T
    assert (high - low).max() <= 0.02
    before = result.trace[-2]
    assert (2 * 1.96 * before.standard_errors).max() > 0.015  # it did not stop late


def test_ranks_that_are_far_apart_are_certain_early():
    early, result = spent(Ranked(0.9), game=Steps())

    order = np.argsort(-result.values)
    assert early < 2900
    assert (result.outranks()[order[:-1], order[1:]] >= 0.9).all()


def test_values_that_hardly_move_stop_the_estimate():
    spent_, result = spent(Settled(change=0.2, times=2))

    recent = np.array([point.values for point in result.trace[-3:]])
    moved = np.abs(np.diff(recent, axis=0)).max()
    assert spent_ < 2900
    assert moved <= 0.2 * np.abs(recent[-1]).mean()


def test_time_stops_at_the_first_look_once_it_is_over():
    _, result = spent(Elapsed(1e-9))

    assert len(result.trace) == 1


def test_a_rule_that_is_never_met_leaves_the_budget_as_the_limit():
    evaluations, _ = spent(Narrow(1e-9), budget=500)

    assert 450 < evaluations <= 500


def test_any_of_several_rules_stops():
    result = value(
        Saturating(),
        method="antithetic",
        budget=3000,
        seed=1,
        until=[Narrow(1e-9), Settled(change=0.5, times=1)],
    )

    assert result.evaluations < 1000


@pytest.mark.parametrize(
    "make",
    [lambda: Narrow(0), lambda: Settled(0), lambda: Elapsed(-1), lambda: Ranked(0.5)],
)
def test_a_rule_that_could_never_be_met_is_refused(make):
    with pytest.raises(GameError):
        make()
