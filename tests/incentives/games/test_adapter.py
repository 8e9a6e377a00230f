"""Our games are games of shapiq, where it is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.incentives.games.adapter import to_shapiq
from fedmerit.incentives.methods.exact import exact


class Pairing:
    """Each adds something, and the first two something more together."""

    participants = ("ada", "bob", "cyd", "dan")

    def __init__(self):
        self.asked = []

    def worth(self, coalitions, /):
        self.asked.extend(tuple(row) for row in coalitions.tolist())
        own = coalitions @ np.array([0.1, 0.2, 0.3, 0.4])
        return 0.3 + own + 0.5 * (coalitions[:, 0] & coalitions[:, 1])


def test_without_shapiq_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "shapiq", None)

    with pytest.raises(GameError, match="shapiq") as caught:
        to_shapiq(Pairing())

    assert "pip install 'fedmerit[shapiq]'" in caught.value.hint


def test_interactions_come_out_and_nothing_is_asked_twice():
    shapiq = pytest.importorskip("shapiq", reason="the extra shapiq is not installed")
    game = Pairing()
    adapted = to_shapiq(game)

    computer = shapiq.ExactComputer(adapted)
    pairs = computer("k-SII", order=2)
    values = computer("SV", order=1)

    assert pairs[(0, 1)] == pytest.approx(0.5)
    assert pairs[(1, 2)] == pytest.approx(0.0, abs=1e-12)
    truth = exact(Pairing(), budget=16, seed=0).values
    assert [values[(i,)] for i in range(4)] == pytest.approx(truth.tolist())
    assert len(game.asked) == len(set(game.asked)) == 16


def test_approximators_take_it():
    shapiq = pytest.importorskip("shapiq", reason="the extra shapiq is not installed")

    found = shapiq.KernelSHAP(n=4, random_state=0).approximate(budget=16, game=to_shapiq(Pairing()))

    truth = exact(Pairing(), budget=16, seed=0).values
    assert [found[(i,)] for i in range(4)] == pytest.approx(truth.tolist(), abs=1e-4)


def test_players_keep_their_names_and_nobody_is_worth_zero():
    pytest.importorskip("shapiq", reason="the extra shapiq is not installed")

    adapted = to_shapiq(Pairing())

    assert list(adapted.player_name_lookup) == ["ada", "bob", "cyd", "dan"]
    assert adapted(np.zeros((1, 4), dtype=bool)).tolist() == [0.0]
    assert adapted(np.ones((1, 4), dtype=bool)) == pytest.approx([1.5])
