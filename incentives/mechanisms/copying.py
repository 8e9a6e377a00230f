"""Shapley values that copies cannot raise, for which something must stay in the till.

Paying out everything and giving nothing for copies cannot both be had where names are free
(Agarwal, Dahleh and Sarkar, 2019, proposition 5.1): two members with the same data are as good
as one member's two names, and the one must be paid as much as both.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.mechanisms.coalitions import shapley_shares, table
from fedmerit.incentives.mechanisms.market import positive
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    brought,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import exact, pay
from fedmerit.incentives.methods.runs.alignment import cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.payments import Outcome, RoundInput


def similarities(updates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give how alike each two members' updates are, 0 to 1, ``(n, n)``.

    The cosine, where it is positive; the same update is alike even if it is zero.
    """
    alike = np.array([cosines(updates, row) for row in updates]).clip(0.0, 1.0)
    same = (updates[:, None] == updates).all(axis=2)
    return np.asarray(np.where(same, 1.0, alike))


def robust_values(
    values: NDArray[np.float64], alike: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """Discount each value by how many others are like the member.

    With *penalty* of ln 2 or more, a member with c copies gets in all at most
    ``(c + 1) exp(-penalty c) <= 1`` of what it had.

    Args:
        values: Shapley values, ``(n,)``.
        alike: Similarities, ``(n, n)``.
        penalty: The discount's exponent for one other that is the same.
    """
    others = alike.sum(axis=1) - alike.diagonal()
    return np.asarray(values * np.exp(-penalty * others))


@mechanism(
    claims=(
        Property.WBB,
        Property.SYM,
        Property.NULL,
        Claim(Property.ADD, (Condition.HARMLESS,)),
        Claim(Property.REPLICATION, (Condition.HARMLESS, Condition.ALIKE)),
        Property.SCALE,
    ),
    needs=(Need.GAME, Need.UPDATES),
    model=Model(precision=Fraction(1, 10**11)),
)
def robust_shapley(round_: RoundInput, /, *, penalty: Fraction = Fraction(1)) -> Outcome:
    """Pay Shapley values, discounted by how like others' the member's updates are.

    Copies that send alike gain nothing; honest members with similar data lose by it, and what
    they lose stays in the reserve. A copy that sends another update, the opposite one even, is
    not known for one; nor are parts of one's data under two names.

    Args:
        round_: The round; similarity is that of its updates.
        penalty: Exponent for one other that is the same; ln 2 or more defies copies.

    Source: Agarwal, Dahleh and Sarkar (2019), algorithm 3.
    Cost: 2**n worths; up to 20 members.
    """
    positive(penalty=penalty)
    worths = table(round_).worths
    everyone = int(worths[-1])
    updates = brought(round_.updates, Need.UPDATES, mechanism="robust-shapley")
    alike = similarities(np.asarray(updates, dtype=np.float64))
    discounts = robust_values(np.ones(len(alike)), alike, float(penalty)).tolist()
    values = [
        Fraction(0) if name in round_.ineligible else max(Fraction(0), value * exact(discount, 1))
        for name, value, discount in zip(
            round_.participants, shapley_shares(worths), discounts, strict=True
        )
    ]
    if everyone <= 0:
        return pay(round_, [Fraction(0)] * len(values))
    most = max(Fraction(everyone), sum(values))  # more than everyone only where data do harm
    return pay(round_, [value * round_.budget / most for value in values])
