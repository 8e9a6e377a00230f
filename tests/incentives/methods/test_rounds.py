"""Round by round, who was there is valued for what they added there."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives import CachedGame, MeasuredGame, value
from fedmerit.incentives.game import RoundsGame
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods.exact import exact
from fedmerit.incentives.methods.runs.comfedsv import comfedsv
from fedmerit.incentives.methods.runs.fedsv import allot, fedsv
from fedmerit.incentives.methods.runs.groups import grouped
from fedmerit.incentives.methods.runs.gtg import gtg

every = pytest.mark.parametrize("method", [fedsv, gtg, comfedsv])


class Round:
    """One round, which remembers what it was asked."""

    def __init__(self, n, worth):
        self.participants = tuple(f"p{i}" for i in range(n))
        self._worth = worth
        self.asked = set()

    def worth(self, coalitions, /):
        self.asked |= {tuple(row) for row in coalitions.tolist()}
        return self._worth(coalitions)


class MeasuredRound(Round):
    def worth_by_row(self, coalitions, /):
        return self.worth(coalitions)[:, None] * np.array([0.5, 1.0, 1.5])


class Run:
    """The sum of some rounds."""

    def __init__(self, rounds, present):
        self.participants = rounds[0].participants
        self.rounds, self.present = rounds, present

    def worth(self, coalitions, /):
        return np.sum([round_.worth(coalitions) for round_ in self.rounds], axis=0)

    @property
    def spent(self):
        return sum(len(round_.asked) for round_ in self.rounds)


def saturating(present, seed=0, kind=Round):
    """Worths that saturate, each round with weights of its own."""
    rounds, n = present.shape
    weights = np.random.default_rng(seed).random((rounds, n))

    def of_round(own, here):
        return lambda inside: 1 - np.exp(-((inside & here) @ own))

    made = [kind(n, of_round(*pair)) for pair in zip(weights, present, strict=True)]
    return Run(made, present)


def sampled(rounds=5, n=6, seed=2):
    return np.random.default_rng(seed).random((rounds, n)) < 0.7


def alike(seed, *, full):
    """A run of few traits in which the first two have the same data, and its truth."""
    rng = np.random.default_rng(seed)
    n, rounds = 6, 8
    weights = rng.random(n)
    weights[1] = weights[0]
    fading, growing = np.exp(-0.3 * np.arange(rounds)), 0.3 * rng.random(rounds)
    present = np.array([rng.permutation(n) < 3 for _ in range(rounds)])
    present[0] |= full

    def of_round(at, here):
        def worth(inside):
            joint = (inside & here) @ weights
            return fading[at] * (1 - np.exp(-joint)) + growing[at] * joint**2

        return worth

    def run(here):
        return Run([Round(n, of_round(at, here[at])) for at in range(rounds)], here)

    everyone = np.ones_like(present)
    return run(present), exact(run(everyone), budget=64, seed=0).values


def test_a_run_is_a_game_of_rounds_and_a_round_is_not():
    run = saturating(sampled())

    assert isinstance(run, RoundsGame)
    assert not isinstance(run.rounds[0], RoundsGame)


def test_fedsv_is_the_sum_of_the_rounds_exact_values():
    run = saturating(sampled())

    found = fedsv(run, budget=1000, seed=0)

    by_round = [exact(round_, budget=64, seed=0).values for round_ in run.rounds]
    assert found.values == pytest.approx(np.sum(by_round, axis=0), abs=1e-12)
    assert found.errors == "none"
    assert found.evaluations == (2 ** run.present.sum(axis=1)).sum()


@pytest.mark.parametrize("method", [fedsv, gtg])
def test_who_was_never_there_gets_nothing(method):
    present = sampled()
    present[:, 3] = False
    present[2] = False

    found = method(saturating(present), budget=90, seed=1)

    assert found.values[3] == 0
    assert (found.values[present.any(axis=0)] > 0).all()


@every
@pytest.mark.parametrize("budget", [90, 100, 150, 400])
def test_the_budget_counts_coalitions_of_those_present_and_holds(method, budget):
    run = saturating(sampled())

    found = method(run, budget=budget, seed=0)

    assert run.spent == found.evaluations <= budget
    for round_, here in zip(run.rounds, run.present, strict=True):
        assert not (np.array(sorted(round_.asked)) & ~here).any()


@every
def test_the_budget_that_is_said_to_work_does(method):
    run = saturating(sampled())
    with pytest.raises(BudgetTooSmall) as caught:
        method(run, budget=1, seed=0)
    needed = caught.value.needed

    with pytest.raises(BudgetTooSmall):
        method(run, budget=needed - 1, seed=0)
    assert run.spent == 0

    assert method(run, budget=needed, seed=0).evaluations <= needed


@every
def test_the_same_seed_gives_the_same_numbers_and_another_gives_others(method):
    first, again, other = (
        method(saturating(sampled()), budget=90, seed=seed).values.tolist() for seed in (0, 0, 1)
    )

    assert first == again
    assert first != other


@every
def test_rows_of_the_rounds_become_rows_of_the_values(method):
    run = saturating(sampled(), kind=MeasuredRound)
    assert isinstance(run.rounds[0], MeasuredGame)

    found = method(run, budget=100, seed=0)

    assert found.row_values == pytest.approx(np.outer(found.values, [0.5, 1.0, 1.5]))


@pytest.mark.parametrize("name", ["fedsv", "gtg", "comfedsv"])
def test_a_game_without_rounds_is_refused_with_the_way_out(name):
    weights = np.linspace(0.1, 0.8, 6)
    game = Round(6, lambda inside: 1 - np.exp(-(inside @ weights)))

    with pytest.raises(
        GameError, match=f"{name} values the rounds of a run, and a Round"
    ) as caught:
        value(game, method=name, budget=64, seed=0)

    assert not game.asked
    assert "SummedGame" in caught.value.hint
    found = value(SummedGame([game]), method=name, budget=64, seed=0)
    assert found.values == pytest.approx(exact(game, budget=64, seed=0).values)


@pytest.mark.parametrize("kind", [Round, MeasuredRound])
@pytest.mark.parametrize("name", ["fedsv", "gtg", "comfedsv", "group-shapley"])
def test_a_cache_of_a_run_is_valued_by_its_rounds_as_the_run_is(name, kind):
    run = saturating(sampled(), kind=kind)
    cached = CachedGame(saturating(sampled(), kind=kind))

    ours, straight = (value(game, method=name, budget=90, seed=4) for game in (cached, run))

    assert ours.values.tolist() == straight.values.tolist()
    assert ours.standard_errors.tolist() == straight.standard_errors.tolist()
    assert sum(round_.evaluations for round_ in cached.rounds) == straight.evaluations == run.spent


@every
def test_a_run_of_which_every_update_was_refused_is_worth_nothing(method):
    nobody = np.zeros((3, 6), dtype=bool)
    run = saturating(nobody, kind=MeasuredRound)

    found = method(run, budget=50, seed=0)

    assert found.values.tolist() == [0.0] * 6
    assert found.standard_errors.tolist() == [0.0] * 6
    assert found.evaluations == run.spent == 0


@pytest.mark.slow
def test_gtg_meets_the_exact_values_as_it_cuts_less_and_spends_more():
    run = saturating(sampled(rounds=4, n=10))
    truth = exact(run, budget=1024, seed=0).values
    assert (2 ** run.present.sum(axis=1)).sum() > 450  # which would buy everything

    def off(budget, cut):
        runs = [
            gtg(saturating(run.present), budget=budget, seed=s, between=cut, within=cut)
            for s in range(10)
        ]
        return np.mean([((found.values - truth) ** 2).mean() for found in runs])

    assert off(450, 0) < off(150, 0) / 2
    assert off(450, 0) < off(450, 0.2) / 3
    assert off(450, 0) < 2e-3


def test_gtg_leaves_out_rounds_in_which_little_happened():
    run = saturating(np.ones((3, 5), dtype=bool))
    idle = Round(5, lambda inside: 0.001 * inside.any(axis=1))
    still = Run([*run.rounds, idle], np.ones((4, 5), dtype=bool))

    gtg(still, budget=100, seed=0)  # 128 would buy everything

    assert len(idle.asked) == 2


@pytest.mark.parametrize("full", [True, False])
def test_comfedsv_pays_the_same_data_alike_whatever_rounds_they_were_in(full):
    gaps, errors = [], []
    for seed in range(8):
        run, truth = alike(seed, full=full)
        drawn, completed = (m(run, budget=600, seed=0).values for m in (fedsv, comfedsv))
        gaps.append([abs(v[0] - v[1]) / truth[0] for v in (drawn, completed)])
        errors.append([((v - truth) ** 2).mean() / (truth**2).mean() for v in (drawn, completed)])

    assert np.median(gaps, axis=0)[1] < np.median(gaps, axis=0)[0] / 2
    assert np.median(errors, axis=0)[1] < np.median(errors, axis=0)[0] / 2


def test_comfedsv_completes_nothing_where_everyone_was_there():
    run = saturating(np.ones((3, 5), dtype=bool))

    found = comfedsv(run, budget=96, seed=0)

    everyone = np.array([[True] * 5])
    assert found.values.sum() == pytest.approx(run.worth(everyone)[0], abs=1e-12)
    assert found.values == pytest.approx(exact(run, budget=32, seed=0).values, abs=0.02)


def test_a_run_in_which_nothing_happened_is_worth_nothing():
    run = Run([Round(4, lambda inside: np.ones(len(inside)))] * 2, np.ones((2, 4), dtype=bool))

    for method in (fedsv, gtg, comfedsv):
        assert method(run, budget=100, seed=0).values.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("present", "said"),
    [(np.ones((2, 6), dtype=bool), r"\(5, 6\)"), (np.ones((5, 6)), "float64")],
)
def test_presence_that_does_not_fit_is_refused(present, said):
    run = saturating(sampled())
    run.present = present

    with pytest.raises(GameError, match=said):
        fedsv(run, budget=1000, seed=0)


def test_rounds_of_others_are_refused():
    run = saturating(sampled())
    run.rounds[2].participants = tuple("abcdef")

    with pytest.raises(GameError, match="round 2"):
        gtg(run, budget=1000, seed=0)


def test_rounds_must_agree_on_showing_rows():
    run = saturating(sampled())
    run.rounds[1] = MeasuredRound(6, lambda inside: inside.sum(axis=1))

    with pytest.raises(GameError, match="validation rows"):
        comfedsv(run, budget=1000, seed=0)


def test_what_small_rounds_leave_goes_to_the_large_ones():
    assert allot(100, [2, 6, 30], [2, 8, 1024]) == [2, 8, 90]
    assert allot(40, [2, 6, 30], [2, 8, 1024]) == [2, 8, 30]
    assert allot(5000, [2, 6, 30], [2, 8, 1024]) == [2, 8, 1024]


def test_what_was_drawn_says_so_even_where_the_draws_agree():
    additive = Round(8, lambda inside: inside.sum(axis=1))

    drawn, whole = (fedsv(SummedGame([additive]), budget=b, seed=0) for b in (100, 256))

    # Of pairs that all agree one more may differ, by as much as anybody is worth.
    pairs = drawn.sampling_degrees + 1
    assert drawn.standard_errors == pytest.approx(1.5 / pairs)
    assert not whole.standard_errors.any()
    assert (drawn.errors, whole.errors) == ("analytic", "none")


@pytest.mark.parametrize("method", [fedsv, gtg, comfedsv, grouped])
def test_a_run_goes_on_from_what_a_smaller_budget_asked_for(method):
    run = saturating(np.ones((3, 6), dtype=bool))
    once = saturating(np.ones((3, 6), dtype=bool))

    method(run, budget=90, seed=5)
    found = method(run, budget=180, seed=5)
    method(once, budget=180, seed=5)

    for round_, alone in zip(run.rounds, once.rounds, strict=True):
        assert round_.asked == alone.asked
    assert run.spent == found.evaluations
