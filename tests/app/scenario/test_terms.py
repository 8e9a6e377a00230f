"""What a job's terms fix before the seed is drawn, and what another seed would bring."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from eth_utils.crypto import keccak

from fedmerit.chain.proofs.committed import Form
from fedmerit.incentives.methods import SHAPLEY, value
from fedmerit.scenario.reading import parse
from fedmerit.scenario.terms import largest_error, promise_of, rules_of, stake_of
from fedmerit.shuffles import permutation

BUDGET = 1_000 * 10**18
UNDRAWN = {"commit_window": 0, "reveal_window": 0, "stake": 0}


def scenario(**changes):
    fields = {"name": "small", "data": {"source": "digits"}, "reward": {"budget": BUDGET}}
    return parse({**fields, **changes}, origin="test")


def valued(method, most, **changes):
    return scenario(valuation={"method": method, "max_coalitions": most}, **changes)


@pytest.mark.parametrize(
    ("given", "n", "expected"),
    [
        (valued("auto", 64), 6, (Form.EXACT, 0)),
        (valued("auto", 63), 6, (Form.TABLE, 0)),
        (valued("kernel-shap", 64), 6, (Form.EXACT, 0)),
        (valued("banzhaf", 64), 6, (Form.TABLE, 0)),
        (valued("permutation", 40), 6, (Form.ORDERS, 7)),
        (valued("permutation", 40, settlement=UNDRAWN), 6, (Form.TABLE, 0)),
        (valued("antithetic", 40), 6, (Form.TABLE, 0)),
        (valued("exact", 2**17), 16, (Form.EXACT, 0)),
        (valued("exact", 2**17), 17, (Form.TABLE, 0)),
        (valued("permutation", 10_000), 256, (Form.ORDERS, 39)),
        (valued("permutation", 10_000), 257, (Form.TABLE, 0)),
    ],
)
def test_the_form_follows_from_scenario_and_members_alone(given, n, expected):
    assert promise_of(given, n) == expected


def test_a_valuation_that_stops_by_what_it_finds_fixes_no_number_of_orders():
    settings = {"method": "permutation", "max_coalitions": 40, "interval_width": 0.01}

    assert promise_of(scenario(valuation=settings), 6) == (Form.TABLE, 0)


class Sizes:
    """Worths that no two orders of the members share."""

    participants = tuple("abcdef")

    def worth(self, coalitions):
        return np.asarray((coalitions @ [1.0, 2, 3, 4, 5, 6]) ** 0.5)


@pytest.mark.parametrize("seed", [0, 1, 2**255 + 1, 2**256 - 1])
@pytest.mark.parametrize("most", [12, 17, 40, 63])
def test_as_many_orders_as_the_terms_fix_are_drawn_whatever_the_seed(seed, most):
    orders = promise_of(valued("permutation", most), 6).orders

    found = value(Sizes(), method="permutation", budget=most, seed=seed, orders=orders)

    assert found.orders == orders == (most - 2) // 5
    assert found.evaluations <= most


@pytest.mark.parametrize("method", SHAPLEY)
def test_whatever_is_promised_as_exact_asks_for_every_coalition(method):
    assert value(Sizes(), method=method, budget=64, seed=3).evaluations == 64


def pays_over_seeds(orders, n, seeds, steps):
    """Give what *n* members are paid by each seed, in proportion to their values."""
    pays = np.zeros((seeds, n))
    for number in range(seeds):
        seed = keccak(bytes([number % 256, number // 256]))
        for index in range(orders):
            for place, member in enumerate(permutation(seed, index, n)):
                pays[number, member] += steps(member, place)
        pays[number] *= BUDGET / pays[number].sum()
    return pays


@pytest.mark.parametrize(
    ("n", "orders", "steps"),
    [
        # Whoever comes first brings everything: no game spreads two members' shares more.
        (2, 9, lambda _, place: float(place == 0)),
        (5, 16, lambda _, place: float(place == 0)),
        (5, 40, lambda member, place: float(place == 0) if member else 0.2),
        (8, 25, lambda member, place: (member + 1) / (1 + place) ** 2),
    ],
)
def test_another_seed_never_brings_as_much_as_the_stake_that_it_costs(n, orders, steps):
    """Attack: a puppet withholds where its master's pay came out low, and loses its stake."""
    given = valued("permutation", 2 + orders * (n - 1))
    if promise_of(given, n).form is Form.EXACT:  # two members: asked for by orders all the same
        stake = 3 * BUDGET // (2 * int(orders**0.5))
    else:
        stake = stake_of(given, n)

    pays = pays_over_seeds(orders, n, 400, steps)

    shortfalls = pays.mean(axis=0) - pays
    assert pays.std(axis=0).max() <= stake / 3 * 1.1
    assert (shortfalls > stake).mean() < 1 / 400


def test_the_stake_is_three_of_the_largest_standard_errors_and_a_hundredth_at_least():
    by_orders, exact = valued("permutation", 2 + 100 * 9), valued("auto", 64)

    assert largest_error(by_orders, 10) == BUDGET // 20  # 1 / (2 * 10), of the budget
    assert stake_of(by_orders, 10) == 3 * BUDGET // 20
    assert largest_error(exact, 6) == 0
    assert stake_of(exact, 6) == BUDGET // 100
    assert stake_of(valued("permutation", 12), 6) <= BUDGET
    assert stake_of(scenario(settlement=UNDRAWN), 6) == 0
    assert stake_of(scenario(settlement={"stake": 7}), 6) == 7
    assert Fraction(stake_of(valued("surrogate", 902), 10), BUDGET) == Fraction(3, 20)


def test_the_rules_are_those_that_value_and_pay():
    plain = scenario()

    assert rules_of(plain) == rules_of(scenario(seed=9, settlement={"stake": 5}))
    for other in (valued("banzhaf", 64), scenario(reward={"budget": BUDGET - 1})):
        assert rules_of(other) != rules_of(plain)


def test_no_price_can_be_read_out_of_the_rules():
    """Attack: a digest on the chain that has everybody's offer in it is opened by guessing."""
    rules = [
        rules_of(scenario(members=[{"name": "a", "offer": {"cost": cost}}])) for cost in (1, 2)
    ]

    assert rules[0] == rules[1] == rules_of(scenario())
