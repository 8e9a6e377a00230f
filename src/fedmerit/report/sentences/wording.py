"""Pieces that several sentences are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.report.units import decimals_for, enough, milli, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.bundle.schemas import ValuationDocument

_MOST: Final = 5


def strong(names: Sequence[str]) -> Markup:
    """Write names in bold, as a list in a sentence, the sixth and later as a number."""
    written = enough(names, _MOST)
    *others, last = [Markup("<strong>{}</strong>").format(name) for name in written]
    return Markup(", ").join(others) + Markup(" and ") + last if others else last


def value_of(valuation: ValuationDocument, nano: int) -> str:
    """Write an amount of the metric with as many decimals as the values have."""
    return number(milli(nano), decimals_for(milli(value) for value in valuation.values))


def harmful(valuation: ValuationDocument) -> list[str]:
    """Name the participants whose value is negative."""
    pairs = zip(valuation.participants, valuation.values, strict=True)
    return [name for name, value in pairs if value < 0]
