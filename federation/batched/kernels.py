"""Very many models' first two layers on 16 rows, as numba compiles it.

Each number is added up in one order, whoever else is asked for. Compiling takes a second or two
on the first use; the result is kept on the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from fedmerit.federation.batched.vectors import INDEX, arrays, multiply_add, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]

#: Hidden units at a time; with those of the next model they fill half of 32 registers.
UNITS: Final = 8
#: Models whose weights are on their way.
_AHEAD: Final = 4


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def enter(  # noqa: PLR0917 - as _step
    products: Floats,
    sizes: Integers,
    lines: Integers,
    scale: Floats,
    weights: Floats,
    biases: Floats,
    first: int,
    table: Floats,
    active: Floats,
    scores: Floats,
) -> None:
    """Take models through a first layer, ReLU and their own second layer, on 16 rows.

    Args:
        products: What base and steps make of the rows, ``(blocks, 1 + steps, 8 * 16)``.
        sizes: Steps in each group, ``(groups,)``.
        lines: What each model adds up, ``(models, groups)``.
        scale: What multiplies that, ``(models,)``.
        weights: Of the second layer, ``(blocks, models, width, 8)``.
        biases: Likewise, ``(models, width, 1)``.
        first: The model to begin with.
        table: Room for sums of steps, ``(lines, 8 * 16)``.
        active: Room for one model's activations, ``(8 * 16,)``.
        scores: Gets the result for the models from *first* on, ``(models, width, 16)``.

    """
    last = first + len(scores) - 1
    scores[:] = biases[first : last + 1]
    for block in range(len(weights)):
        _tabulate(products[block], sizes, table)
        base, own, into = products[block, 0], weights[block, first, :0], scores[0, :0]
        _step(lines[first], scale[first], table, base, active, own, into)
        for k in range(len(scores)):
            after, own, into = min(first + k + 1, last), weights[block, first + k], scores[k]
            _step(lines[after], scale[after], table, base, active, own, into)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _tabulate(products: Floats, sizes: Integers, table: Floats) -> None:
    """Add up each group's steps for all of its subsets, as Subsets does for any device."""
    start, step = 0, 0
    for size in sizes:
        table[start] = 0
        for done in range(size):
            step += 1
            more = products[step]
            for line in range(start, start + (1 << done)):
                before, after = table[line], table[line + (1 << done)]
                for k in range(len(more)):
                    after[k] = before[k] + more[k]
        start += 1 << size


@intrinsic  # type: ignore[untyped-decorator]
def _step(  # noqa: PLR0917 - numba takes no keywords here
    _: Any, lines: Any, scale: Any, table: Any, base: Any, active: Any, weights: Any, scores: Any
) -> Any:
    """Multiply a model's activations into its scores, and make the next one's meanwhile.

    Takes the next one's lines ``(groups,)`` and scale, the table ``(lines, 8 * 16)``, base
    and activations ``(8 * 16,)``, weights ``(width, 8)`` and scores ``(width, 16)``. The next
    activations, ``max(0, base + scale * (the sum of the lines))``, take the place of the others.
    """

    def build(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        step = _Step(builder, *arrays(context, builder, signature, values))
        groups, width = step.lines.length, step.scores.length
        both = builder.select(builder.icmp_signed("<", groups, width), groups, width)
        with cgutils.for_range(builder, both) as loop:
            step.add_line(loop.index)
            step.multiply(loop.index)
        with cgutils.for_range_slice(builder, both, groups, INDEX(1)) as (group, _):
            step.add_line(group)
        with cgutils.for_range_slice(builder, both, width, INDEX(1)) as (unit, _):
            step.multiply(unit)
        step.activate()
        return context.get_dummy_value()

    return types.void(lines, scale, table, base, active, weights, scores), build


class _Step:
    """Writes down what one step does; its numbers are values in the code that it writes."""

    def __init__(self, builder: Any, *given: Any) -> None:
        self.lines, self._scale, self._table, self._base, self._active, *rest = given
        self._builder, (self._weights, self.scores) = builder, rest
        self._activations = [self._active.load(INDEX(k)) for k in range(UNITS)]
        nothing = spread(builder, 0.0)
        self._sums = [cgutils.alloca_once_value(builder, nothing) for _ in range(UNITS)]

    def add_line(self, group: Any) -> None:
        """Add a group's line of the table to the next model's sums."""
        builder, line = self._builder, self.lines.number(group)
        for k, place in enumerate(_eight(builder, line)):
            total = builder.fadd(builder.load(self._sums[k]), self._table.load(place))
            builder.store(total, self._sums[k])

    def multiply(self, unit: Any) -> None:
        """Add to the scores of the second layer's *unit* what the activations bring."""
        builder, score = self._builder, self.scores.load(unit)
        for k, place in enumerate(_eight(builder, unit)):
            weight = spread(builder, self._weights.number(place))
            score = multiply_add(builder, weight, self._activations[k], score)
        self.scores.store(score, unit)
        # Weights are met once in a pass over all models, and come from far away.
        ahead = builder.add(unit, builder.mul(self.scores.length, INDEX(_AHEAD)))
        self._weights.fetch(builder.mul(ahead, INDEX(UNITS)))

    def activate(self) -> None:
        """Put the next model's activations where this one's were."""
        builder, nothing = self._builder, spread(self._builder, 0.0)
        scale = spread(builder, self._scale)
        for k, total in enumerate(self._sums):
            base = self._base.load(INDEX(k))
            made = multiply_add(builder, scale, builder.load(total), base)
            # In this order what is not a number stays so.
            off = builder.fcmp_ordered(">", nothing, made)
            self._active.store(builder.select(off, nothing, made), INDEX(k))


def _eight(builder: Any, whole: Any) -> list[Any]:
    """Give the places of *whole*'s parts, where each has one for every hidden unit."""
    start = builder.mul(whole, INDEX(UNITS))
    return [builder.add(start, INDEX(k)) for k in range(UNITS)]
