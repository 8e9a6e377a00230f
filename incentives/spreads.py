"""How far a mean of independent draws may be off, where few draws may all happen to agree.

Draws of a member that matters rarely, as in a vote or in the accuracy on few rows, mostly
agree, and then show no spread. That says little: of what comes with chance 3 / k, one in twenty
samples of k draws has none (the rule of three). Such a member's error is therefore no less than
that of a mean that is off by 3 / k of a jump at two errors, a jump being as far as draws go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Differences below this share of the numbers they are of are rounding.
ROUNDING: Final = 1e-10
#: Joining orders agree on a member where they differ by less than this share of the largest
#: range of any member's.
ALIKE: Final = 0.01
#: Half of the 3 in the rule of three, since 95% intervals are two errors wide on each side.
_JUMPS: Final = 1.5
#: With so many draws that differ from most others, their spread tells.
_TELLING: Final = 5
#: A member whose draws are alike in more than this share is one whose draws tie.
_TIED: Final = 0.3


def spread(draws: Floats, *, scale: float | None = None, alike: float = ALIKE) -> Floats:
    """Give the covariance of the mean of independent *draws*, shape ``(draws, n)``.

    Without BLAS, whose sums depend on the machine's thread count. Its diagonal is that of
    :func:`variances`.
    """
    return np.asarray(of_mean(draws) + np.diag(unseen(draws, scale=scale, alike=alike)))


def of_mean(draws: Floats) -> Floats:
    """Give the covariance of the mean as the spread of *draws* shows it, and no more."""
    count, n = draws.shape
    deviations = draws - draws.mean(axis=0)
    products = [(deviations[:, [i]] * deviations).sum(axis=0) for i in range(n)]
    return np.asarray(np.asarray(products) / (count * (count - 1)))


def variances(draws: Floats, *, scale: float | None = None, alike: float = ALIKE) -> Floats:
    """Give the variance of the mean of independent *draws*, shape ``(n,)``.

    It holds what draws that agree cannot show, by the rule of three (Hanley and Lippman-Hand,
    1983): the square of 1.5 jumps, over the square of how many draws there are.

    Args:
        draws: Two or more, of each member, shape ``(draws, n)``.
        scale: How far a draw may jump if nobody's draws vary and all are 0; where they are
            not, as far as they are from 0. None if nobody's vary for a reason.
        alike: Draws agree that differ by less than this share of the largest range.
    """
    shown = draws.var(axis=0, ddof=1) / len(draws)
    return np.asarray(shown + unseen(draws, scale=scale, alike=alike))


def unseen(draws: Floats, *, scale: float | None = None, alike: float = ALIKE) -> Floats:
    """Give the part of :func:`variances` that draws are too few to show, shape ``(n,)``."""
    count = len(draws)
    largest = float(np.abs(draws).max())
    ranges = draws.max(axis=0) - draws.min(axis=0)
    slack = max(alike * float(ranges.max()), ROUNDING * largest)
    agree = _most_alike(draws, slack)
    differ = count - agree
    tied = agree - 1 >= _TIED * (count - 1)
    jump = float(ranges[tied].max(initial=0.0))
    if jump <= ROUNDING * largest:
        jump = (largest or scale) if tied.all() and scale is not None else 0.0
    few = (differ < _TELLING) & (differ < count / 2)
    return np.where(few, (_JUMPS * jump / count) ** 2, 0.0)


def _most_alike(draws: Floats, slack: float) -> NDArray[np.int64]:
    """Give how many of each member's draws lie within *slack* of one another at most, ``(n,)``."""
    ordered = np.sort(draws, axis=0)
    places = np.arange(len(draws))
    return np.array(
        [(np.searchsorted(of_one, of_one + slack, "right") - places).max() for of_one in ordered.T]
    )
