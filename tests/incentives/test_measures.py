"""Figures on how money is spread, as the worked cases have them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from fedmerit.errors import RewardError
from fedmerit.incentives.detection import auroc
from fedmerit.incentives.measures import (
    gini,
    jain,
    leaves_after,
    mean_of,
    mean_ranks,
    price_of_anarchy,
    rank_correlation,
    willing,
)

CASES = Path(__file__).parent / "mechanisms" / "cases.json"
with_cases = pytest.mark.skipif(
    not CASES.exists(), reason="the shared worked cases are not beside this checkout"
)


def expected(number):
    return json.loads(CASES.read_text("utf-8"))[number]["expected"]


@with_cases
def test_figures_are_as_known():
    known = expected("C39")

    assert gini([1, 2, 3, 4]) == pytest.approx(known["gini"], abs=1e-12)
    assert jain([1, 2, 3, 4]) == pytest.approx(known["jain"], abs=1e-12)
    assert willing([1, -0.5, 0, 2]) == known["ir_rate"]
    assert auroc(np.array([0.9, 0.8, 0.1]), np.array([True, True, False])).value == known["auc"]


@with_cases
def test_members_leave_as_known():
    known = expected("C41")
    lost, kept = (1, -0.5, -0.75, -1, 2), (0.2, 0.1, 0, 0.3)

    assert leaves_after(lost) == known["leaves_after_round_index"]
    assert leaves_after(kept) == known["second_client_leaves"]
    staying = [leaves_after(each[:3]) is None for each in (lost, kept)]
    assert sum(staying) / 2 == known["retention_after_3_rounds"]


def test_an_average_of_exactly_nothing_is_not_below_it():
    assert leaves_after([1, -0.5]) is None
    assert leaves_after([0.0, 0.0]) is None


@pytest.mark.parametrize("amounts", [(), (0, 0), (3, -1)])
@pytest.mark.parametrize("figure", [gini, jain])
def test_no_figure_is_made_of_nothing_or_of_debts(figure, amounts):
    with pytest.raises(RewardError, match="must not be negative"):
        figure(amounts)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_one_who_has_all_is_as_uneven_as_it_gets(n):
    amounts = [0] * (n - 1) + [3]

    assert gini(amounts) == pytest.approx((n - 1) / n)
    assert jain(amounts) == pytest.approx(1 / n)
    assert gini([5] * n) == 0
    assert jain([5] * n) == 1


def test_the_interval_of_a_mean_is_students():
    found = mean_of([1.0, 2.0, 3.0, 4.0])

    assert found.value == 2.5
    assert (found.low, found.high) == pytest.approx((0.4457397, 4.5542603))
    assert mean_of([2.0, 2.0]).low == 2.0


def test_one_sample_says_nothing_of_the_next_and_none_says_nothing_at_all():
    assert mean_of([3.0]).low == float("-inf")
    with pytest.raises(RewardError, match="nothing to take the mean of"):
        mean_of([])


@given(st.lists(st.integers(-4, 4), max_size=30))
def test_mean_ranks_are_scipys(values):
    assert np.array_equal(mean_ranks(np.array(values, dtype=float)), rankdata(values))


def test_rank_correlation_is_of_ranks_with_ties_halved_and_of_whole_wei():
    assert rank_correlation([1, 2, 3], [10**25, 10**30, 10**31]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 1, 2], [1, 2, 2]) == pytest.approx(0.5)
    assert rank_correlation([1, 2, 3], [7, 7, 7]) is None


def test_the_price_of_anarchy_has_no_meaning_where_nothing_was_reached():
    assert price_of_anarchy(6.0, 4.0) == 1.5
    assert price_of_anarchy(6.0, 0.0) is None
    assert price_of_anarchy(6.0, -1.0) is None
