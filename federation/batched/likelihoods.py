"""Log-likelihoods of very many models on 16 rows, as numba compiles it.

With many small models, torch's softmax and what follows it take as long as the models do.
"""

from __future__ import annotations

from math import factorial, log
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from fedmerit.federation.batched.vectors import (
    BITS,
    INDEX,
    ROWS,
    VECTOR,
    arrays,
    multiply_add,
    spread,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Taylor's series of the exponential and of the inverse hyperbolic tangent, highest power first;
#: between the powers of 2 next to a number, what follows is below float32's rounding.
_EXPONENTIAL: Final = tuple(1 / factorial(k) for k in range(7, -1, -1))
_TANGENT: Final = tuple(1 / k for k in range(11, 0, -2))
#: The logarithm of 2 in two parts, of which whole multiples of the first are exact.
_LOG_2: Final = (0.693359375, log(2) - 0.693359375)
#: Added to a small number, this leaves it whole, in the lowest bits.
_WHOLE: Final = 1.5 * 2**23
#: Below this a power of e is no normal float32, and nothing beside 1.
_LEAST: Final = -87.0
#: The bits of the square root of one half.
_ROOT_HALF: Final = 0x3F3504F3
#: Bits of a float32 below its exponent, and what is added to that.
_FRACTION, _BIAS = 23, 127


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def gain(  # noqa: PLR0917 - numba takes no keywords here
    scores: NDArray[np.float32],
    labels: NDArray[np.int64],
    before: NDArray[np.float64],
    most: float,
    unit: float,
    gains: NDArray[np.float64],
) -> None:
    """Give by how much the right class's log-likelihood under softmax has risen, on 16 rows.

    Args:
        scores: Shape ``(models, classes, 16)``.
        labels: The right classes, ``(rows,)``, of up to 16 rows.
        before: What the log-likelihoods were, ``(rows,)``.
        most: Gains are kept within this; a log-likelihood that is not finite is twice as bad.
        unit: Gains are whole multiples of one part in so many.
        gains: Gets the result, ``(models, rows)``.

    """
    highest, rest = np.empty(ROWS, dtype=np.float32), np.empty(ROWS, dtype=np.float32)
    count, risen = len(labels), np.empty(ROWS)
    for k in range(len(gains)):
        _normalise(scores[k], highest, rest)
        for row in range(count):
            risen[row] = scores[k, labels[row], row] - highest[row]
        for row in range(count):
            likely = risen[row] - rest[row]
            likely = likely - before[row] if abs(likely) < np.inf else -2 * most - before[row]
            likely = most if likely > most else likely  # noqa: FURB136 - in vectors
            likely = -most if likely < -most else likely  # noqa: FURB136
            risen[row] = np.rint(likely * unit) / unit
        for row in range(count):
            gains[k, row] = risen[row]


@intrinsic  # type: ignore[untyped-decorator]
def _normalise(_: Any, scores: Any, highest: Any, rest: Any) -> Any:
    """Give the two parts of the logarithm of the summed exponentials of scores, ``(16,)`` each.

    They are the highest of the scores, ``(classes, 16)``, and the logarithm of what is left of
    the sum without it: no number where any score is none, or infinite.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        scores, highest, rest = arrays(context, builder, signature, values)
        most = cgutils.alloca_once_value(builder, scores.load(INDEX(0)))
        total = cgutils.alloca_once_value(builder, spread(builder, 0.0))
        with cgutils.for_range(builder, scores.length) as loop:
            highest_so_far, other = builder.load(most), scores.load(loop.index)
            higher = builder.fcmp_ordered(">", other, highest_so_far)
            builder.store(builder.select(higher, other, highest_so_far), most)
        with cgutils.for_range(builder, scores.length) as loop:
            less = builder.fsub(scores.load(loop.index), builder.load(most))
            builder.store(builder.fadd(builder.load(total), _exponential(builder, less)), total)
        highest.store(builder.load(most), INDEX(0))
        rest.store(_logarithm(builder, builder.load(total)), INDEX(0))
        return context.get_dummy_value()

    return types.void(scores, highest, rest), build


def _exponential(builder: Any, power: Any) -> Any:
    """Give e to a *power* of at most 0, and no number for what is none."""
    least, whole = spread(builder, _LEAST), spread(builder, _WHOLE)
    power = builder.select(builder.fcmp_ordered("<", power, least), least, power)
    shifted = multiply_add(builder, power, spread(builder, 1 / log(2)), whole)
    twos, rest = builder.fsub(shifted, whole), power
    for part in _LOG_2:
        rest = multiply_add(builder, twos, spread(builder, -part), rest)
    series = _series(builder, _EXPONENTIAL, rest)
    exponent = builder.add(builder.bitcast(shifted, BITS), BITS([_BIAS] * ROWS))
    scale = builder.bitcast(builder.shl(exponent, BITS([_FRACTION] * ROWS)), VECTOR)
    return builder.fmul(series, scale)


def _logarithm(builder: Any, number: Any) -> Any:
    """Give the natural logarithm of a positive *number*, and no number for what is none."""
    bits = builder.bitcast(number, BITS)
    above = builder.sub(bits, BITS([_ROOT_HALF] * ROWS))
    exponent = builder.ashr(above, BITS([_FRACTION] * ROWS))
    near = builder.bitcast(
        builder.sub(bits, builder.shl(exponent, BITS([_FRACTION] * ROWS))), VECTOR
    )
    one = spread(builder, 1.0)
    ratio = builder.fdiv(builder.fsub(near, one), builder.fadd(near, one))
    series = _series(builder, _TANGENT, builder.fmul(ratio, ratio))
    # Nothing, or no number if the number is none.
    result = builder.fsub(number, number)
    result = multiply_add(builder, builder.fadd(ratio, ratio), series, result)
    twos = builder.sitofp(exponent, VECTOR)
    return multiply_add(builder, twos, spread(builder, log(2)), result)


def _series(builder: Any, factors: tuple[float, ...], number: Any) -> Any:
    """Add up factors times powers of a *number*, the highest first."""
    total = spread(builder, factors[0])
    for factor in factors[1:]:
        total = multiply_add(builder, total, number, spread(builder, factor))
    return total
