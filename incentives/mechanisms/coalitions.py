"""A game's worths as one table of whole numbers, which every division of it reads.

Bit *i* of an index says whether participant *i* is in, and nobody is worth 0. Worths are read
to twelve decimal digits of the largest gain and then divided exactly, so that the last bits of
a float, which differ between platforms and orders of addition, are never a value.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb, floor, log10
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from fedmerit.coalitions import every_coalition
from fedmerit.errors import RewardError
from fedmerit.incentives.game import ask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.payments import RoundInput

    #: Worths of all coalitions in a unit of the table's, ``(2**n,)``.
    Worths = NDArray[np.int64]

MAX_MEMBERS: Final = 20
#: Digits of the largest gain that count, and of the largest worth, of which floats hold 16.
_DIGITS: Final = 12
_DIGITS_OF_WORTH: Final = 14
#: Below this, powers of ten are no longer whole floats' distance apart; scaled up first.
_TINY: Final = 1e-200


class Table(NamedTuple):
    """Worths beyond nobody's.

    Attributes:
        worths: Whole multiples of *unit*, ``(2**n,)``.
        unit: A power of ten, in the game's unit.
    """

    worths: Worths
    unit: Fraction


def table(round_: RoundInput) -> Table:
    """Ask the round's game for every coalition.

    Raises:
        RewardError: There are more than 20 participants.
        GameError: The game breaks its contract, as with worths that are NaN.
    """
    n = len(round_.participants)
    if round_.game is None or n > MAX_MEMBERS:
        raise RewardError(
            f"{n} participants have 2**{n} coalitions, and dividing a game looks at each",
            hint=f"Value at most {MAX_MEMBERS} groups of members, or pay by estimated values.",
        )
    return read(ask(round_.game, every_coalition(n)).mean(axis=1))


def read(worths: NDArray[np.float64]) -> Table:
    """Read worths of all coalitions, nobody's first, to the digits that count."""
    gains = worths - worths[0]
    power = 1.0 if np.abs(worths).max() > _TINY else 1e200
    largest, highest = float(np.abs(gains * power).max()), float(np.abs(worths * power).max())
    if not largest:
        return Table(np.zeros(len(worths), dtype=np.int64), Fraction(1))
    digits = min(_DIGITS - floor(log10(largest)), _DIGITS_OF_WORTH - floor(log10(highest)))
    unit = Fraction(10) ** -digits / (10**200 if power > 1 else 1)
    return Table(np.rint(gains * power * 10.0**digits).astype(np.int64), unit)


def members(worths: Worths | NDArray[np.float64]) -> int:
    """Give how many participants a table is of."""
    return len(worths).bit_length() - 1


def gains_by_size(worths: Worths) -> list[list[int]]:
    """Give, for each member, what it adds to all coalitions of the others, summed by their size.

    Args:
        worths: Whole numbers below 10**13, so that no sum overflows.
    """
    n = members(worths)
    order, starts = _by_size(n)
    sums = []
    for member in range(n):
        split = worths.reshape(-1, 2, 2**member)
        gains = (split[:, 1] - split[:, 0]).reshape(-1)
        sums.append(np.add.reduceat(gains[order], starts).tolist())
    return sums


def shapley_shares(worths: Worths) -> list[Fraction]:
    """Give Shapley values, exactly: the mean gain over sizes, then over coalitions of a size."""
    n = members(worths)
    counts = [n * comb(n - 1, size) for size in range(n)]
    return [
        sum((Fraction(gain, count) for gain, count in zip(gains, counts, strict=True)), Fraction(0))
        for gains in gains_by_size(worths)
    ]


@lru_cache(maxsize=MAX_MEMBERS)
def _by_size(n: int) -> tuple[NDArray[np.int64], list[int]]:
    """Give codes of coalitions of the others in order of size, and where each size starts."""
    sizes = np.bitwise_count(np.arange(2 ** (n - 1)))
    starts = np.cumsum([0, *(comb(n - 1, size) for size in range(n - 1))]).tolist()
    return np.argsort(sizes, kind="stable"), starts
