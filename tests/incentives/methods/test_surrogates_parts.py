"""The parts of surrogates against brute force: slopes, closed forms, tree values."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor
from threadpoolctl import threadpool_limits

from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.surrogates import (
    functional,
    kernels,
    process,
    regression_adjusted,
)
from fedmerit.incentives.methods.surrogates import trees as of_trees
from fedmerit.incentives.methods.surrogates.adjusted import adjusted
from fedmerit.incentives.methods.surrogates.checking import unseen
from fedmerit.incentives.methods.surrogates.design import leverage, stream
from fedmerit.incentives.methods.surrogates.dividends import dividends
from fedmerit.incentives.methods.surrogates.kernels import CURVE, NOISE, PRIORS, SHARES, compare
from fedmerit.incentives.methods.surrogates.regression import regression
from fedmerit.incentives.methods.surrogates.teams import teams
from fedmerit.incentives.methods.surrogates.trees import tree_values
from fedmerit.incentives.methods.surrogates.trends import nothing, peak, saturation, threshold

N = 7
EVERY = every_coalition(N)[1:].astype(np.float64)


@pytest.fixture(autouse=True)
def one_thread():
    """As the methods themselves do."""
    with threadpool_limits(1):
        yield


def hypers(rng, n=N):
    return np.concatenate([PRIORS[:, 0] + rng.normal(0, 0.2, len(PRIORS)), rng.normal(0, 0.3, n)])


def gains(rng):
    weights = rng.gamma(2, 0.2, N)
    return 1 - np.exp(-(EVERY @ weights)) + 0.1 * rng.normal(size=len(EVERY))


def test_the_leverage_of_all_coalitions_gives_the_shapley_value():
    class Table:
        participants = tuple(map(str, range(N)))

        def worth(self, coalitions, /):
            return np.where(coalitions.any(axis=1), coalitions @ (np.arange(N) ** 2.0) ** 0.5, 0)

    worths = Table().worth(EVERY > 0)

    assert leverage(EVERY).T @ worths == pytest.approx(exact(Table(), budget=128, seed=0).values)


def test_slopes_of_the_misfit_are_its_differences():
    rng = np.random.default_rng(0)
    seen = EVERY[::-1][:40]
    aims, theta = rng.normal(size=40), hypers(rng)
    theta[NOISE] = -2  # less noise, and differences are rounding

    _, slope = process._misfit(theta, seen, aims)

    for k in range(len(theta)):
        step = np.zeros_like(theta)
        step[k] = 1e-5
        above, below = (process._misfit(theta + s * step, seen, aims)[0] for s in (1, -1))
        assert slope[k] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-5)


def test_integrated_values_of_a_process_are_those_of_its_table(monkeypatch):
    theta = hypers(np.random.default_rng(1))
    theta[[SHARES, CURVE]] = -400
    theta[4] = 0.05
    fitted = process.condition(theta, EVERY[::-1][:30], 1.0)

    tabulated = functional.covaried(fitted), functional.spread(fitted)
    monkeypatch.setattr(functional, "TABULATED", N - 1)
    integrated = functional.covaried(fitted), functional.spread(fitted)

    for one, other in zip(integrated, tabulated, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12)


def test_a_process_that_has_seen_everything_answers_exactly():
    rng = np.random.default_rng(2)
    seen = EVERY[::-1]
    worths = gains(rng)[::-1]

    answer = functional.operator(process.fit(seen, worths))

    assert answer.weights @ worths == pytest.approx(leverage(seen).T @ worths, abs=1e-6)


def test_kernels_are_covariances():
    between = compare(hypers(np.random.default_rng(3)), EVERY, EVERY)

    for kernel in (between.shares, between.sets, between.curve, between.total):
        assert kernel == pytest.approx(kernel.T)
        assert np.linalg.eigvalsh(kernel).min() > -1e-9


@pytest.mark.parametrize("make", [nothing, peak, saturation, threshold, dividends, teams])
def test_values_of_a_trend_are_those_of_its_table(make):
    rng = np.random.default_rng(4)
    worths = gains(rng)

    trend = make(EVERY[::-1], worths[::-1])

    assert trend.values() == pytest.approx(leverage(EVERY).T @ trend.predict(EVERY), abs=1e-3)


def test_values_of_trees_are_those_of_their_table():
    rng = np.random.default_rng(5)
    model = GradientBoostingRegressor(n_estimators=30, max_depth=4, random_state=0)
    model.fit(EVERY, gains(rng))

    worths = model.predict(EVERY) - model.predict(np.zeros((1, N)))

    assert tree_values(model, N) == pytest.approx(leverage(EVERY).T @ worths, abs=1e-7)


def test_a_regression_on_all_coalitions_is_exact_and_has_no_error():
    worths = gains(np.random.default_rng(6))[::-1]

    fitted = regression(EVERY[::-1])

    assert fitted.weights @ worths == pytest.approx(leverage(EVERY[::-1]).T @ worths)
    assert fitted.covariance(worths) == pytest.approx(0)


@pytest.mark.parametrize("n", [5, 12, 13, 30])
def test_the_stream_repeats_nothing_and_pairs_many_participants(n):
    drawn = stream(n, count=30, seed=0)

    assert len(np.unique(drawn, axis=0)) == len(drawn) == 30
    if n > 12:
        rest = {row.tobytes() for row in drawn[2 + 2 * n :]}
        assert rest <= {row.tobytes() for row in ~stream(n, count=31, seed=0)}


def test_few_teams_among_many_participants_are_found_exactly():
    rng = np.random.default_rng(7)
    n, sizes = 20, rng.integers(1, 5, 25)
    members = rng.permuted(np.arange(n) < sizes[:, None], axis=1).astype(float)
    earned = rng.normal(size=25)
    seen = stream(n, count=800, seed=0)[1:].astype(float)

    trend = teams(seen, (seen @ members.T >= sizes) @ earned)

    assert trend.values() == pytest.approx((earned / sizes) @ members, abs=1e-6)


def test_an_adjusted_fit_counts_what_is_known_as_it_is():
    worths = gains(np.random.default_rng(4))
    down = np.r_[len(EVERY) - 1, : len(EVERY) - 1]

    values, covariance, _ = adjusted((nothing, peak), EVERY[down], worths[down, None])

    assert values[:, 0] == pytest.approx(leverage(EVERY).T @ worths, abs=1e-12)
    assert covariance == pytest.approx(0, abs=1e-20)


def test_adjusted_trees_count_what_is_known_as_it_is(monkeypatch):
    monkeypatch.setattr(of_trees, "TABULATED", 0)  # as with more members than can be tabulated
    table = np.append(0.0, gains(np.random.default_rng(4)))

    class Table:
        participants = tuple(map(str, range(N)))

        def worth(self, coalitions, /):
            return table[coalitions @ (1 << np.arange(N))]

    found = regression_adjusted(Table(), budget=2**N - 1, seed=0)

    # One coalition is left: it moves nobody by more than its own share of what it is missed by.
    truth = leverage(EVERY).T @ table[1:]
    assert np.abs(found.values - truth).max() < np.abs(leverage(EVERY)[:-1]).max() * 0.2


def test_kernels_that_are_off_need_not_be_computed(monkeypatch):
    rng = np.random.default_rng(6)
    seen, theta, pull = EVERY[rng.permutation(127)[:30]], hypers(rng), rng.normal(size=(30, 30))
    pull = pull + pull.T
    theta[[SHARES, CURVE]] = kernels.OFF

    def both():
        at = compare(theta, seen, seen)
        return at.total, kernels.slopes(theta, seen, at, pull)

    quick = both()
    monkeypatch.setattr(kernels, "sets_alone", lambda _: False)
    whole = both()

    assert np.array_equal(quick[0], whole[0])
    assert quick[1] == pytest.approx(whole[1], rel=1e-12)


def test_what_few_teams_meet_by_chance_is_no_sign_that_they_are_the_game():
    rng = np.random.default_rng([3, 2])
    weights = rng.integers(1, 6, N).astype(float)
    some = np.r_[len(EVERY) - 1, rng.permutation(len(EVERY) - 1)[:50]]
    vote = (EVERY[some] @ weights > weights.sum() / 2).astype(float)
    sums = EVERY[some] @ weights + 2 * EVERY[some][:, :3].prod(axis=1)

    of_vote, of_teams = (
        unseen(dividends, process.fit(EVERY[some], given - given), given) for given in (vote, sums)
    )

    assert of_vote.square > 0.01
    assert of_vote.error > 0.01
    assert (of_vote.jumps, of_teams.jumps) == (True, False)
    assert of_teams.error == 0
