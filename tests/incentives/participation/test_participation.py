"""Who stays, who learns, who lies: exact small cases, and the thresholds of audits."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, Estimate, RoundInput, TableGame
from fedmerit.incentives.measures import leaves_after
from fedmerit.incentives.mechanisms.audits import least_slash
from fedmerit.incentives.mechanisms.menus import best_menu, logarithmic
from fedmerit.incentives.offers import Bid
from fedmerit.incentives.participation import (
    HONEST,
    LIES,
    SIMULATED,
    STRATEGIES,
    UNSIMULATED,
    Action,
    Market,
    Patience,
    Responder,
    Standing,
    buys,
    provided,
    reported,
    retained,
)
from fedmerit.incentives.participation.blocking import worst_excess
from fedmerit.incentives.participation.provision import fraction_of

TRIES = (Action(), Action(effort=2), Action(effort=0))


def stream(seed=0):
    return np.random.default_rng(seed)


@given(st.lists(st.floats(-5, 5), max_size=12), st.floats(0, 0.9))
def test_with_patience_for_one_round_a_member_leaves_as_the_measure_says(utilities, memory):
    patience, standing, left = Patience(memory=memory, rounds=1), Standing(), None
    for number, utility in enumerate(utilities):
        standing = standing.after(utility, patience)
        if left is None and standing.leaves(patience):
            left = number

    assert left == leaves_after(utilities, memory=memory)


def test_patience_counts_rounds_in_a_row_and_forgives():
    patience = Patience(memory=0.0, rounds=2)

    standing = Standing()
    for utility in (-1, 1, -1):
        standing = standing.after(utility, patience)

    assert not standing.leaves(patience)
    assert standing.after(-1, patience).leaves(patience)


def test_an_average_of_exactly_nothing_keeps_a_member():
    assert not Standing().after(0.0, Patience(rounds=1)).leaves(Patience(rounds=1))


@pytest.mark.parametrize("given_", [{"memory": 1.0}, {"memory": -0.1}, {"rounds": 0}])
def test_patience_without_end_or_beginning_is_refused(given_):
    with pytest.raises(RewardError, match="patience"):
        Patience(**given_)


def test_who_is_retained_falls_at_each_exit():
    assert retained([None, 2, 3, None], 4) == [1.0, 1.0, 0.75, 0.5, 0.5]


def played(payoffs, rounds):
    responder, draws, chosen = Responder.of(TRIES), stream(), []
    for number in range(rounds):
        action = responder.choose(draws)
        responder = responder.learn(action, payoffs(number)[action.effort])
        chosen.append(action)
    return chosen


def test_a_responder_tries_everything_once_and_settles_on_what_pays():
    chosen = played(lambda _: {4: 1.0, 2: 3.0, 0: 2.0}, 200)

    assert chosen[:3] == list(TRIES)
    assert np.mean([action.effort == 2 for action in chosen[100:]]) > 0.85


def test_a_responder_notices_when_what_paid_no_longer_does():
    chosen = played(lambda n: {4: 1.0, 2: 0.0, 0: 5.0 if n < 50 else -5.0}, 300)

    assert np.mean([action.effort == 0 for action in chosen[10:50]]) > 0.7
    assert np.mean([action.effort == 4 for action in chosen[150:]]) > 0.8


def test_a_responder_with_nothing_to_choose_is_refused():
    for actions in ([], [HONEST, HONEST]):
        with pytest.raises(RewardError, match="different actions"):
            Responder.of(actions)


def test_only_where_a_price_is_asked_does_a_best_response_try_one():
    asked, not_asked = (STRATEGIES["best-response"](asked=a) for a in (True, False))

    assert {action.ask for action in not_asked.actions} == {1}
    assert Fraction(3, 2) in {action.ask for action in asked.actions}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_says_what_it_is_and_can_be_played(name):
    strategy = STRATEGIES[name](asked=True)

    action = strategy.choose(stream())

    assert STRATEGIES[name].__doc__
    assert strategy.learn(action, 1.0).choose(stream()).effort in range(5)


@pytest.mark.parametrize("wrong", [{"effort": 5}, {"effort": -1}, {"ask": Fraction(-1)}])
def test_an_action_beyond_the_work_is_refused(wrong):
    with pytest.raises(RewardError, match="quarters"):
        Action(**wrong)


JUDGED = np.array([[1.0, 2.0], [3.0, -2.0], [0.5, 4.0]])


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_moves_value_and_neither_makes_nor_loses_any(lie):
    ring = np.array([True, False, False])

    said = reported(JUDGED, {0: ring}, lie=lie, streams={0: stream(4)})

    assert said[:, 0].sum() == pytest.approx(JUDGED[:, 0].sum())
    assert (said[:, 1] == JUDGED[:, 1]).all()
    assert (JUDGED == [[1.0, 2.0], [3.0, -2.0], [0.5, 4.0]]).all()


def test_praise_takes_half_of_what_outsiders_are_credited_with():
    ring = np.array([True, False, True])

    said = reported(JUDGED, {1: ring}, lie="praise", streams={1: stream()})

    assert said[:, 1].tolist() == [2.0, -2.0, 4.0]  # the outsider did harm: nothing to take
    said = reported(JUDGED, {0: ring}, lie="praise", streams={0: stream()})
    assert said[:, 0].tolist() == [1.75, 1.5, 1.25]


def test_an_unknown_lie_is_refused_with_the_nearest():
    with pytest.raises(RewardError, match="'prays'") as caught:
        reported(JUDGED, {}, lie="prays", streams={})

    assert "praise" in caught.value.hint


def evaluated(reports):
    names = tuple(f"e{i}" for i in range(len(reports)))
    round_ = RoundInput(
        participants=names,
        contributions=(Estimate(0, 0),) * len(names),
        rows=(1,) * len(names),
        budget=10**9,
        reports=tuple(map(tuple, reports)),
    )
    return np.array(MECHANISMS["peer-prediction"](round_).payments)


@pytest.mark.parametrize("lie", ["shuffled", "turned"])
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_peer_prediction_pays_lying_evaluators_less_while_they_are_few(lie, share):
    draws, liars = stream(1), round(share * 10)
    truth = draws.normal(size=20)
    shown = truth[:, None] + draws.normal(scale=0.5, size=(20, 10))
    nobody = np.zeros(20, dtype=np.bool_)

    said = reported(
        shown,
        dict.fromkeys(range(liars), nobody),
        lie=lie,
        streams={i: stream(i) for i in range(liars)},
    )

    paid = evaluated((said > 0).T.astype(int).tolist())
    assert paid[:liars].max() < paid[liars:].min()


def test_where_most_evaluators_turn_their_answers_the_truth_is_what_is_not_paid():
    signals = (stream(2).random(40) < 0.5).astype(int)
    reports = [*[1 - signals] * 7, *[signals] * 3]

    paid = evaluated([each.tolist() for each in reports])

    assert paid[:7].min() > paid[7:].max()


@pytest.mark.parametrize("clawed_back", [False, True])
@pytest.mark.parametrize(("audit", "detection"), [(0.2, 0.9), (0.5, 1.0), (1.0, 0.4)])
def test_lying_pays_just_below_the_slash_that_deters_and_not_just_above(
    audit, detection, clawed_back
):
    gain, draws = 100.0, stream(3)
    found = (draws.random(200_000) < audit) & (draws.random(200_000) < detection)
    least = least_slash(gain, audit=audit, detection=detection, clawed_back=clawed_back)

    def surplus(slash):
        kept = np.where(found & clawed_back, 0.0, gain)
        return float((kept - found * slash).mean())

    assert surplus(0.95 * least - 2) > 0 > surplus(1.05 * least + 2)


def test_the_coalition_that_misses_most_is_found_by_looking_at_all():
    table = {frozenset("ab"): 8.0, frozenset("abc"): 10.0}
    game = TableGame(("a", "b", "c"), {**table, frozenset("a"): 1.0})

    excess, names = worst_excess(game, (0.3, 0.3, 0.4), stream())

    assert names == ("a", "b")
    assert excess == pytest.approx(0.2)


class Sum:
    def __init__(self, values):
        self.participants = tuple(f"m{i}" for i in range(len(values)))
        self._values = np.asarray(values)

    def worth(self, coalitions, /):
        return coalitions @ self._values


def test_with_many_members_the_search_finds_what_an_additive_game_hides():
    values = stream(6).uniform(0, 1, 16)
    shares = stream(7).dirichlet(np.ones(16))

    excess, names = worst_excess(Sum(values), shares, stream())

    missed = values / values.sum() - shares
    assert excess == pytest.approx(missed.clip(min=0).sum())
    assert names == tuple(f"m{i}" for i in np.flatnonzero(missed > 0))


def test_where_everybody_is_worth_nothing_there_is_no_core_to_miss():
    assert worst_excess(Sum([1.0, -2.0]), (0.5, 0.5), stream()) is None


MARKET = Market(
    budget=10**21,
    rows=(40, 60, 80, 100),
    costs=(10**20, 12 * 10**19, 15 * 10**19, 18 * 10**19),
    points=1000,
    gain=0.05,
    root=10**21 / 280**0.5,
    benefit=0.9,
)


@pytest.mark.parametrize("name", [name for name in SIMULATED if buys(SIMULATED[name])])
def test_a_market_that_is_provided_for_buys_something_within_the_budget(name):
    mechanism = SIMULATED[name]
    names = ("a", "b", "c", "d")
    expected = Sum([0.05 * rows / 280 for rows in MARKET.rows])
    expected.participants = names
    bids = tuple(
        Bid(cost=cost, capacity=rows, quality=round(1000 * rows / 70))
        for cost, rows in zip(MARKET.costs, MARKET.rows, strict=True)
    )

    outcome = mechanism(
        RoundInput(
            participants=names,
            contributions=(Estimate(0, 0),) * 4,
            rows=MARKET.rows,
            budget=MARKET.budget,
            bids=bids,
            game=expected,
            parameters=provided(mechanism, MARKET),
        )
    )

    assert any(outcome.work)
    assert name == "public-good" or 0 < sum(outcome.payments) <= MARKET.budget


def test_what_is_bought_is_counted_in_quarters_rounded_up_and_what_is_chosen_is_not():
    def parts(name):
        units = map(Fraction, (0, 1, 25, 26, 100, 130))
        return [fraction_of(SIMULATED[name], each, 100, 4) for each in units]

    assert parts("uniform-price") == [0, 1, 1, 2, 4, 4]
    assert parts("public-good") == [0, 0, 1, 1, 4, 4]  # nobody has to do more


def test_a_menu_is_made_for_the_classes_of_cost_that_there_are():
    menu = provided(SIMULATED["contract"], MARKET)

    # A row costs 2.5, 2, 1.875 and 1.8 quintillions; three classes by their dearest.
    assert [cost / 10**18 for cost in menu["types"]] == [2.5, 2.0, 1.875]
    assert menu["odds"] == (1, 1, 2)
    alike = replace(MARKET, costs=(10**20,) * 4, rows=(50,) * 4)
    assert len(provided(SIMULATED["contract"], alike)["types"]) == 1


def test_every_mechanism_is_simulated_or_says_in_a_sentence_why_not():
    assert SIMULATED.keys() | UNSIMULATED.keys() == MECHANISMS.keys()
    assert not SIMULATED.keys() & UNSIMULATED.keys()
    assert all(reason.startswith("it ") for reason in UNSIMULATED.values())


@pytest.mark.parametrize("part", [1, 10, 100])
def test_a_menu_for_cheap_work_asks_nobody_for_more_than_a_typical_member_has(part):
    cheap = replace(MARKET, costs=tuple(cost // part for cost in MARKET.costs))

    asked = provided(MECHANISMS["contract"], cheap)

    menu = best_menu(asked["types"], asked["odds"], logarithmic(asked["alpha"]))
    assert 0 < max(menu.work) < 70.01
