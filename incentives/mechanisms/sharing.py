"""Sharing a profit by what members add to it: alone, on joining, on leaving, on average.

Budgets are meant to be what everyone together is worth; a smaller one is cut alike. Values
below 0 count as 0, so where data do harm the shares of the rest shrink to fit.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.mechanisms.coalitions import (
    gains_by_size,
    members,
    shapley_shares,
    table,
)
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import divide, pay

if TYPE_CHECKING:
    from fedmerit.incentives.mechanisms.coalitions import Worths
    from fedmerit.incentives.payments import Outcome, RoundInput

_DIVIDES: Final = (Property.WBB, Property.SCALE, Property.NULL)
_HARMLESS: Final = (Condition.HARMLESS,)
_LINEAR: Final = (Claim(Property.ADD, _HARMLESS), Claim(Property.MONO, _HARMLESS))
#: Copies of less than all that one has can gain: two of three that any two stand for, say.
_COMPLETE: Final = (Condition.HARMLESS, Condition.COMPLETE)


def alone_of_table(worths: Worths) -> list[int]:
    """Give what each is worth alone."""
    return [int(worths[1 << member]) for member in range(members(worths))]


def joining_of_table(worths: Worths) -> list[int]:
    """Give what each adds on joining in the order of participants."""
    return [int(gain) for gain in np.diff(worths[(1 << np.arange(members(worths) + 1)) - 1])]


def leaving_of_table(worths: Worths) -> list[int]:
    """Give what everyone loses if one leaves: leave-one-out."""
    everyone = len(worths) - 1
    return [
        int(worths[everyone] - worths[everyone ^ 1 << member]) for member in range(members(worths))
    ]


def banzhaf_of_table(worths: Worths) -> list[Fraction]:
    """Give raw Banzhaf values: the mean gain over all coalitions of the others."""
    return [Fraction(sum(gains), len(worths) // 2) for gains in gains_by_size(worths)]


def most_of_banzhaf(n: int) -> Fraction:
    """Give the most that *n* raw Banzhaf values add up to, in worths of everyone.

    In a monotone game; it is reached where any majority is worth as much as everyone.
    """
    return Fraction(n * comb(n - 1, (n - 1) // 2), 2 ** (n - 1))


@mechanism(claims=(*_DIVIDES, Property.SYM, Property.MONO), needs=(Need.GAME,))
def individual(round_: RoundInput, /) -> Outcome:
    """Pay by what each is worth alone.

    Promises nothing about what members add to one another: two with the same data are
    both paid for it, and whoever is of use only together with others gets nothing.

    Source: Gollapudi, Kollias, Panigrahi and Pliatsika (2017); Yu et al. (2020).
    Cost: n + 1 worths.
    """
    return divide(round_, alone_of_table(table(round_).worths))


@mechanism(
    claims=(*_DIVIDES, *_LINEAR, Property.SBB),
    needs=(Need.GAME,),
    model=Model(by_arrival=True),
)
def labour_union(round_: RoundInput, /) -> Outcome:
    """Pay each what it added on joining, first come first served.

    Promises that early members are not worse off for those that follow. Fails whoever
    joins late with the same data: it gets nothing, and an order somebody chose is a price.

    Source: Gollapudi, Kollias, Panigrahi and Pliatsika (2017); Yu et al. (2020).
    Cost: n + 1 worths.
    """
    return divide(round_, joining_of_table(table(round_).worths))


@mechanism(
    claims=(
        *_DIVIDES,
        Property.SYM,
        Claim(Property.MONO, _HARMLESS),
        Property.REPLICATION,
    ),
    needs=(Need.GAME,),
)
def fair_value(round_: RoundInput, /) -> Outcome:
    """Pay by what everyone would lose if the member left.

    Fails members with the same data: neither is missed, so neither is paid, even where
    together they carry everything.

    Source: Gollapudi, Kollias, Panigrahi and Pliatsika (2017); Yu et al. (2020).
    Cost: n + 1 worths.
    """
    return divide(round_, leaving_of_table(table(round_).worths))


@mechanism(claims=(*_DIVIDES, *_LINEAR, Property.SYM, Property.SBB), needs=(Need.GAME,))
def shapley(round_: RoundInput, /) -> Outcome:
    """Pay by Shapley values, exactly.

    The only division that is efficient, symmetric and additive and pays nulls nothing.
    Fails against copies: the copies of one of two twins are together paid k / (k + 1)
    where one was paid 1 / 2. Not in the core unless the game is convex.

    Source: Shapley (1953).
    Cost: 2**n worths; up to 20 members.
    """
    return divide(round_, shapley_shares(table(round_).worths))


@mechanism(
    claims=(*_DIVIDES, *_LINEAR, Property.SYM, Claim(Property.REPLICATION, _COMPLETE)),
    needs=(Need.GAME,),
)
def banzhaf(round_: RoundInput, /) -> Outcome:
    """Pay by raw Banzhaf values, scaled by the most that they can add up to.

    Raw values may add up to more than everyone's worth, or to less: dividing by their sum
    would undo what they are good for, that k copies together are worth k / 2**(k-1) times
    one. So each is divided by a bound that depends on n alone, and the reserve has the rest.
    Fails as a payout: at n = 10 as much as 59% stays in the reserve.

    Source: Banzhaf (1965); Han et al. (2021) on copies.
    Cost: 2**n worths; up to 20 members.
    """
    worths = table(round_).worths
    everyone = int(worths[-1])
    raw = [
        Fraction(0) if name in round_.ineligible else max(Fraction(0), value)
        for name, value in zip(round_.participants, banzhaf_of_table(worths), strict=True)
    ]
    if everyone <= 0:
        return pay(round_, [Fraction(0)] * len(raw))
    # Above the bound only where data do harm; then all are cut alike.
    most = max(most_of_banzhaf(len(raw)) * everyone, sum(raw))
    return pay(round_, [value * round_.budget / most for value in raw])
