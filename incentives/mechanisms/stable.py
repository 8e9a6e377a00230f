"""Divisions that no coalition could do better without: the least core and the nucleolus."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.coalitions import codes_of
from fedmerit.incentives.mechanisms.coalitions import members, table
from fedmerit.incentives.mechanisms.properties import (
    Claim,
    Condition,
    Model,
    Need,
    Property,
    mechanism,
)
from fedmerit.incentives.mechanisms.rounding import divide
from fedmerit.incentives.methods import cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.payments import Outcome, RoundInput
    from fedmerit.incentives.valuation import Valuator

#: Linear programs are solved to one part in so many of the largest worth.
_FINEST: Final = 10**11
_PRECISION: Final = Fraction(1, 10**9)


class _Table:
    """A table of worths as a game."""

    def __init__(self, worths: NDArray[np.float64]) -> None:
        self.participants = tuple(map(str, range(members(worths))))
        self._worths = worths

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        return np.asarray(self._worths[codes_of(coalitions)])


def excesses_of_table(
    worths: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give what each coalition is worth beyond what its members get, ``(2**n,)``.

    The first is nobody's and the last everyone's.
    """
    given = np.zeros(1)
    for share in shares.tolist():
        given = np.concatenate([given, given + share])
    return np.asarray(worths - given)


@mechanism(
    claims=(
        Property.WBB,
        Property.SBB,
        Property.SYM,
        Claim(Property.CORE, (Condition.HARMLESS,)),
        Property.SCALE,
    ),
    needs=(Need.GAME,),
    model=Model(precision=_PRECISION, members=8),
)
def least_core(round_: RoundInput, /) -> Outcome:
    """Pay so that the coalition with most to complain of complains least.

    Of the divisions that do, the most even one. In the core where there is one; where
    there is none, no division is, and this one leaves the smallest claim open.
    Fails single members: a null may be paid, for evenness.

    Source: Maschler, Peleg and Shapley (1979); for data, Yan and Procaccia (2021).
    Cost: 2**n worths and a linear program; seconds at 18 members.
    """
    return _divided(round_, cores.least_core)


@mechanism(
    claims=(
        Property.WBB,
        Property.SBB,
        Property.SYM,
        Property.NULL,
        Claim(Property.CORE, (Condition.HARMLESS,)),
        Property.SCALE,
    ),
    needs=(Need.GAME,),
    model=Model(precision=_PRECISION, members=8),
)
def nucleolus(round_: RoundInput, /) -> Outcome:
    """Pay so that the largest complaint is smallest, then the second, and so on.

    One point of the core where there is one, and nulls get nothing. Fails as an incentive:
    a coalition that becomes worth more can leave a member of it with less.

    Source: Schmeidler (1969).
    Cost: 2**n worths and up to n - 1 linear programs; seconds at 18 members.
    """
    return _divided(round_, cores.nucleolus)


def _divided(round_: RoundInput, method: Valuator) -> Outcome:
    worths = table(round_).worths
    if not (worths > 0).any():
        return divide(round_, [Fraction(0)] * len(round_.participants))
    game = _Table(worths / np.abs(worths).max())
    shares = method(game, budget=len(worths), seed=0).values.tolist()
    return divide(round_, [Fraction(round(share * _FINEST)) for share in shares])
