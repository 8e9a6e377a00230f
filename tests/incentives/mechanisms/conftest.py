from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fedmerit.incentives import Estimate, RoundInput
from fedmerit.incentives.offers import Bid

CASES = Path(__file__).with_name("cases.json")


@pytest.fixture(scope="session")
def case():
    """Give a worked case by its number: its inputs, expected values and tolerance."""
    cases = json.loads(CASES.read_text("utf-8"))
    return cases.__getitem__


@pytest.fixture(scope="session")
def near():
    """Compare numbers with a case's, written as numbers or fractions, to its tolerance."""

    def approximately(expected, tolerance=1e-9):
        if isinstance(expected, dict):
            found = {key: float(Fraction(each)) for key, each in expected.items()}
        elif isinstance(expected, list):
            found = [float(Fraction(each)) for each in expected]
        else:
            found = float(Fraction(expected))
        return pytest.approx(found, abs=tolerance, rel=tolerance)

    return approximately


@pytest.fixture(scope="session")
def market():
    """Give a round of bids; members are a, b, c, ..."""

    def made(costs, budget, *, capacities=None, qualities=None, **more):
        n = len(costs)
        capacities, qualities = capacities or [1] * n, qualities or [1] * n
        bids = tuple(
            None if cost is None else Bid(cost=cost, capacity=capacity, quality=quality)
            for cost, capacity, quality in zip(costs, capacities, qualities, strict=True)
        )
        return RoundInput(
            participants=tuple(map(chr, range(97, 97 + n))),
            contributions=(Estimate(0, 0),) * n,
            rows=tuple(capacities),
            budget=budget,
            bids=bids,
            **more,
        )

    return made


@pytest.fixture(scope="session")
def of_game():
    """Give a round of a game, from its table of worths; bit i of an index says if i is in."""

    def made(worths, budget, **more):
        n = len(worths).bit_length() - 1
        names = tuple(map(chr, range(97, 97 + n)))
        return RoundInput(
            participants=names,
            contributions=(Estimate(0, 0),) * n,
            rows=(1,) * n,
            budget=budget,
            game=Listed(names, worths),
            **more,
        )

    return made


class Listed:
    """A game given by its worths in the order of codes."""

    def __init__(self, participants, worths):
        self.participants = participants
        self._worths = np.asarray(worths, float)

    def worth(self, coalitions, /):
        return self._worths[coalitions @ (1 << np.arange(len(self.participants)))]
