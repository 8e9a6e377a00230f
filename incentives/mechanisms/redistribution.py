"""Handing a Groves surplus back: a term for each that only the others' reports decide.

The term is linear in the surpluses of smaller markets. Its weights solve a linear program over
drawn markets: hand back as much as possible, never more than is left, and nothing negative.
Outside the drawn markets the budget may be passed by a little; :func:`overdrawn` says how often.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import linprog

from fedmerit.incentives.mechanisms.groves import (
    accepted,
    groves_payments,
    income,
    root_dues,
    root_income,
    root_welfare,
    surplus,
    without,
)
from fedmerit.incentives.mechanisms.market import at_least, entered, refuse_short, spread
from fedmerit.incentives.mechanisms.properties import Model, Need, Property, mechanism
from fedmerit.incentives.mechanisms.rounding import Number, pay
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.payments import Outcome, RoundInput

    #: Supplies and unit costs of a market's members.
    Market = tuple[list[float], list[float]]

_DRAWN: Final = 200
#: Weights are rounded to one part in so many.
_FINEST: Final = 10**9


def features(
    supplies: Sequence[Number], unit_costs: Sequence[Number], alpha: Number
) -> list[Number]:
    """Say what the others could do without a member, as the term for it may know.

    Args:
        supplies: Of the others.
        unit_costs: Of the others.
        alpha: Of the income.

    Returns:
        Their surplus, and its mean and its least if one more were missing.
    """
    everyone = surplus(supplies, unit_costs, alpha)
    fewer = [
        surplus(without(supplies, i), without(unit_costs, i), alpha) for i in range(len(supplies))
    ]
    nothing = alpha * 0
    return [everyone, sum(fewer, start=nothing) / (len(fewer) or 1), min(fewer, default=nothing)]


def terms(
    market: tuple[Sequence[Number], Sequence[Number]], alpha: Number, weights: Sequence[Number]
) -> list[Number]:
    """Give what each is handed back, at least 0."""
    nothing = alpha * 0
    return [
        max(nothing, sum((w * x for w, x in zip(weights, row, strict=True)), start=nothing))
        for row in _features_of_each(market, alpha)
    ]


def left_over(market: Market, alpha: float) -> float:
    """Give the surplus that Groves payments leave to the buyer."""
    supplies, unit_costs = market
    taken = accepted(supplies, unit_costs, alpha)
    return income(alpha, taken) - sum(groves_payments(supplies, unit_costs, alpha))


def fitted(markets: Sequence[Market], alpha: float) -> NDArray[np.float64]:
    """Give the weights that hand back most over these markets, by linear program."""
    by_market: list[NDArray[np.float64]] = [
        np.array(_features_of_each(market, alpha)) for market in markets
    ]
    sums = np.array([rows.sum(axis=0) for rows in by_market])
    rows = np.vstack([sums, *(-few for few in by_market)])
    most = np.concatenate(
        [[left_over(market, alpha) for market in markets], np.zeros(len(rows) - len(sums))]
    )
    solution = linprog(-sums.sum(axis=0), A_ub=rows, b_ub=most, bounds=(-1, 1), method="highs")
    return np.asarray(solution.x)


def overdrawn(markets: Sequence[Market], alpha: float, weights: Sequence[float]) -> float:
    """Give the share of markets in which more is handed back than there is."""
    over = [
        sum(terms(market, alpha, weights)) > left_over(market, alpha) + 1e-9 for market in markets
    ]
    return float(np.mean(over))


def drawn_markets(
    n: int, count: int, *, largest: int, dearest: float, rng: np.random.Generator
) -> list[Market]:
    """Draw markets of *n*: whole supplies up to *largest*, unit costs up to *dearest*."""
    supplies = rng.integers(1, largest + 1, (count, n)).astype(float).tolist()
    unit_costs = rng.uniform(0, dearest, (count, n)).tolist()
    return list(zip(supplies, unit_costs, strict=True))


@mechanism(
    claims=(Property.DSIC, Property.EFF, Property.IR, Property.SYM, Property.MONO, Property.SCALE),
    needs=(Need.BIDS,),
    model=Model(
        money=frozenset({"alpha", "dearest", "grant"}),
        divisible=True,
        income=root_income,
        welfare=root_welfare,
    ),
)
def fvcg(
    round_: RoundInput,
    /,
    *,
    alpha: int = 10**6,
    largest: int = 12,
    dearest: int = 10**6,
    grant: int = 0,
) -> Outcome:
    """Buy and pay as pvcg does, and hand back what is left of the surplus, as far as it goes.

    What a member is handed back depends on the others' reports alone, so the truth stays a
    dominant strategy. Weak balance is what one gives up: it holds in the markets that the
    weights were fitted to, and nearly always in others. So that no market is refused for its
    bids, nobody is handed back more than an equal part of what the others' rows could bring in,
    and the budget has to cover that: at most twice the income from all rows.

    A grant pays each for what it offers, whether it is bought or not, which makes pay a row
    more alike. It grows with the member's own report; but rows are counted, so that nobody
    can offer more than it has, and to offer all of it stays best. It comes on top of what
    is handed back: with a grant the budget has to be larger than the income.

    Args:
        round_: The round; each offers its capacity at its cost.
        alpha: Base units of income for a model of one row.
        largest: The largest capacity expected.
        dearest: The highest unit cost expected.
        grant: Base units for each unit of capacity that is offered.

    Raises:
        Underfunded: The budget is below the income from all rows, what may be handed back
            and the grants.

    Source: Cong, Yu, Weng and Yiu (2020); a linear program in place of their network.
    Cost: n**2 sorts, and 200 n**2 once for each number of members.
    """
    at_least(1, alpha=alpha, largest=largest, dearest=dearest)
    at_least(0, grant=grant)
    most = _most_back(round_, alpha)
    refuse_short(round_, root_dues(round_, alpha=alpha) + sum(most) + grant * sum(round_.rows))
    bids, worth = entered(round_), Fraction(alpha)
    supplies = [Fraction(bid.capacity) for bid in bids.values()]
    unit_costs = [bid.unit_cost for bid in bids.values()]
    weights = _weights(len(bids), largest, dearest / alpha)
    back = terms((supplies, unit_costs), worth, weights)
    paid = groves_payments(supplies, unit_costs, worth)
    dues = [
        groves + min(term, most[i]) + grant * supply
        for i, groves, term, supply in zip(bids, paid, back, supplies, strict=True)
    ]
    taken = dict(zip(bids, accepted(supplies, unit_costs, worth), strict=True))
    work = tuple(taken.get(i, Fraction(0)) for i in range(len(round_.bids)))
    return pay(round_, spread(round_, dict(zip(bids, dues, strict=True))), work=work)


def _most_back(round_: RoundInput, alpha: int) -> list[Fraction]:
    """Give the most that each is handed back: an equal part of the income from the others' rows."""
    n, rows = len(round_.rows), [Fraction(count) for count in round_.rows]
    return [income(Fraction(alpha), without(rows, i)) / n for i in range(n)]


@lru_cache(maxsize=64)
def _weights(n: int, largest: int, dearest: float) -> tuple[Fraction, ...]:
    """Fit the weights for *n* members once; worths and costs are in units of alpha."""
    if n < 2:  # noqa: PLR2004 - a single member has no others to look at
        return (Fraction(0),) * 3
    rng = generator(0, "mechanisms", "redistribution", n)
    markets = drawn_markets(n, _DRAWN, largest=largest, dearest=dearest, rng=rng)
    # Rounded: the last bits of a linear program differ between platforms.
    return tuple(Fraction(round(w * _FINEST), _FINEST) for w in fitted(markets, 1.0).tolist())


def _features_of_each(
    market: tuple[Sequence[Number], Sequence[Number]], alpha: Number
) -> list[list[Number]]:
    supplies, unit_costs = market
    return [
        features(without(supplies, i), without(unit_costs, i), alpha) for i in range(len(supplies))
    ]
