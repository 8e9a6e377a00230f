"""Vectors of 16 rows in code that numba compiles, for loops in which no compiler finds them.

A processor whose vectors are narrower takes several for one. Numba keeps what it has compiled
until the file changes that it was compiled from: whoever changes this one must also touch those
that use it.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils

#: Rows in a vector, as many floats as the widest holds.
ROWS: Final = 16

INDEX: Final = ir.IntType(64)
VECTOR: Final = ir.VectorType(ir.FloatType(), ROWS)
BITS: Final = ir.VectorType(ir.IntType(32), ROWS)
#: Vectors may start at any float.
_ALIGNED: Final = 4


class Array:
    """An array of the code that is written, by numbers and by vectors of :data:`ROWS` of them."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        array = context.make_array(kind)(context, builder, value)
        self._builder, self._start = builder, array.data
        self.length = builder.extract_value(array.shape, 0)

    def number(self, place: Any) -> Any:
        """Load the number at a place."""
        return self._builder.load(self._builder.gep(self._start, [place]))

    def load(self, place: Any) -> Any:
        """Load the vector at a place that is counted in vectors."""
        return self._builder.load(self._vector(place), align=_ALIGNED)

    def store(self, vector: Any, place: Any) -> None:
        """Store a vector at such a place."""
        self._builder.store(vector, self._vector(place), align=_ALIGNED)

    def fetch(self, place: Any) -> None:
        """Have the processor bring a number closer; a place past the end does no harm."""
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        takes = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = cgutils.get_or_insert_function(self._builder.module, takes, "llvm.prefetch.p0")
        there = self._builder.bitcast(self._builder.gep(self._start, [place]), byte)
        self._builder.call(prefetch, [there, number(0), number(0), number(1)])

    def _vector(self, place: Any) -> Any:
        vectors = self._builder.bitcast(self._start, VECTOR.as_pointer())
        return self._builder.gep(vectors, [place])


def arrays(context: Any, builder: Any, signature: Any, values: Any) -> list[Any]:
    """Wrap what are arrays among an intrinsic's values."""
    return [
        Array(context, builder, kind, value) if isinstance(kind, types.Array) else value
        for kind, value in zip(signature.args, values, strict=True)
    ]


def spread(builder: Any, number: Any) -> Any:
    """Give a vector that is one number throughout."""
    if isinstance(number, float):
        return VECTOR([number] * ROWS)
    index = ir.IntType(32)
    alone = builder.insert_element(VECTOR(ir.Undefined), number, index(0))
    return builder.shuffle_vector(alone, VECTOR(ir.Undefined), BITS([0] * ROWS))


def multiply_add(builder: Any, left: Any, right: Any, more: Any) -> Any:
    """Give left times right plus more, rounded once where the processor can."""
    product = builder.fmul(left, right, flags=("contract",))
    return builder.fadd(product, more, flags=("contract",))
