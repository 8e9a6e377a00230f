"""What a job's terms say that follows from a scenario: form of valuation, stake and rules.

All of it is fixed before a seed is drawn. Whoever chose the number of joining orders after it
would choose among values; and a stake below what another seed can bring would be its price.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Final, NamedTuple

import tomli_w

from fedmerit.canonical import digest
from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.settlement.request import MAXIMUM_DRAWN, MAXIMUM_EXACT
from fedmerit.incentives.methods import AUTO, SHAPLEY, choice, reads_rounds
from fedmerit.incentives.methods.repeating import MOST_SPLIT, SPLIT_METHOD, is_split

if TYPE_CHECKING:
    from fedmerit.scenario.model import Scenario

#: A pay that another seed brings back by more than so many standard errors is rarer than one in
#: 700, where pays are about normal.
STANDARD_ERRORS: Final = 3
#: What every stake is of the budget at least: whoever signs a lie loses it, seed or none.
LEAST_STAKE_DIVISOR: Final = 100
#: Roots are taken of whole numbers that are so much larger, squared.
_PRECISION: Final = 10**6


class Promise(NamedTuple):
    """In which form every report of a job commits to its valuation.

    Attributes:
        form: The form.
        orders: Joining orders that the members are valued in; 0 unless :attr:`Form.ORDERS`.
    """

    form: Form
    orders: int = 0


def promise_of(scenario: Scenario, n: int) -> Promise:
    """Give the form that a scenario of *n* members is settled in, whatever its seed will be.

    A budget covers ``(max_coalitions - 2) // (n - 1)`` joining orders even if all their
    coalitions are new: so many are drawn, since how many more would fit depends on the seed.
    Where intervals that are narrow enough stop the valuation, no number is known before.
    """
    asked, drawn = scenario.valuation, scenario.settlement.commit_window > 0
    budget = asked.max_coalitions
    method = method_of(scenario, n)
    if asked.interval_width is not None and method != "exact":
        return Promise(Form.TABLE)
    if 2**n <= budget:
        exact = method in SHAPLEY and n <= MAXIMUM_EXACT
        return Promise(Form.EXACT if exact else Form.TABLE)
    orders = (budget - 2) // (n - 1)
    if method == "permutation" and drawn and n <= MAXIMUM_DRAWN and orders > 1:
        return Promise(Form.ORDERS, orders)
    return Promise(Form.TABLE)


def method_of(scenario: Scenario, n: int) -> str:
    """Give the method that *n* members are valued by, where the scenario leaves it open."""
    asked = scenario.valuation
    if _is_split(scenario, n):
        return SPLIT_METHOD
    return choice(n, asked.max_coalitions)[0] if asked.method == AUTO else asked.method


def _is_split(scenario: Scenario, n: int) -> bool:
    asked = scenario.valuation
    return is_split(asked.method, n, repeats=asked.repeats, budget=asked.max_coalitions)


def orders_of(scenario: Scenario, n: int) -> int | None:
    """Give in how many joining orders *n* members are valued, where the terms fix it."""
    return promise_of(scenario, n).orders or None


def stake_of(scenario: Scenario, n: int) -> int:
    """Give the base units that each of *n* members puts down.

    If the scenario names none: three times the largest standard error that a member's pay can
    have over seeds, and a hundredth of the budget at least. A share of the whole that lies
    between nothing and all of it in every joining order has a standard error of at most
    ``1 / (2 sqrt(m))`` over m of them. Exact values do not depend on the seed. Other methods are
    taken to err as joining orders of the same budget do, which is an assumption; where that is
    split between coalitions and repeats, of the fewest coalitions that a split leaves; those that
    value rounds, as joining orders of one round's even share of it. Repeats of the training do
    not depend on the drawn seed.
    """
    asked = scenario.settlement
    if asked.stake is not None:
        return asked.stake
    if not asked.commit_window:
        return 0
    budget, least = scenario.reward.budget, scenario.reward.budget // LEAST_STAKE_DIVISOR
    return min(max(STANDARD_ERRORS * largest_error(scenario, n), least, 1), budget)


def largest_error(scenario: Scenario, n: int) -> int:
    """Give the largest standard error of a pay over seeds, in base units; see :func:`stake_of`."""
    form, orders = promise_of(scenario, n)
    if form is Form.EXACT or n == 1:
        return 0
    budget = scenario.valuation.max_coalitions // (MOST_SPLIT if _is_split(scenario, n) else 1)
    if reads_rounds(scenario.valuation.method):
        budget //= scenario.training.rounds
    orders = orders or max((budget - 2) // (n - 1), 1)
    return -(-scenario.reward.budget * _PRECISION // (2 * isqrt(orders * _PRECISION**2)))


def rules_of(scenario: Scenario) -> bytes:
    """Give the Keccak-256 of the sections that say how members are valued and paid, 32 bytes.

    They are written as ``scenario.toml`` has them. What members offer is left out: a digest
    that anybody can compute would open a sealed offer to whoever tries all prices.
    """
    sections = scenario.model_dump(mode="json", exclude_none=True, include={"valuation", "reward"})
    return bytes.fromhex(digest(tomli_w.dumps(sections).encode())[2:])
