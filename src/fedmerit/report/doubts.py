"""Tables of how sure the values are: their order, the way there, and pairs of members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report.readings import order, pairs, steps
from fedmerit.report.tables import NONE, Table, intervals
from fedmerit.report.units import chance, decimals_for, milli, percent, unit, with_error

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import InteractionsDocument, ValuationDocument


def ranks(valuation: ValuationDocument) -> Table:
    """Tabulate the order of the values, and how sure each step of it is."""
    read = intervals(valuation, decimals_for(map(milli, valuation.values)))
    wanted = percent(valuation.confidence_ppm, 0)
    below = [
        (
            valuation.participants[step.lower],
            chance(step.ppm),
            "yes" if step.certain else "no",
        )
        for step in steps(valuation)
    ]
    return Table(
        caption="The order of the values, and the probability that each step of it is right",
        columns=(
            "Member",
            "Place",
            f"Value ± {wanted} interval",
            "Above",
            "Probability",
            f"Certain at {wanted}",
        ),
        rows=tuple(
            (valuation.participants[member], str(place), read[member], *step)
            for place, (member, step) in enumerate(
                zip(order(valuation), [*below, (NONE,) * 3], strict=True), start=1
            )
        ),
        prose=frozenset({3, 5}),
        shown=True,
    )


def outranking(valuation: ValuationDocument) -> Table:
    """Tabulate how probable it is that each member is above each other, in their order."""
    places = order(valuation)
    return Table(
        caption="How probable it is that the row's member is above the column's, for every pair",
        columns=("Member", *(valuation.participants[place] for place in places)),
        rows=tuple(
            (
                valuation.participants[i],
                *(NONE if i == j else chance(valuation.outranks_ppm[i][j]) for j in places),
            )
            for i in places
        ),
    )


def convergence(valuation: ValuationDocument) -> Table:
    """Tabulate where the estimate stood on the way."""
    decimals = decimals_for(milli(value) for each in valuation.trace for value in each.values)
    return Table(
        caption=f"Estimates ± one standard error on the way, in {unit(valuation).long}",
        columns=("Groups measured", *valuation.participants),
        rows=tuple(
            (
                f"{point.evaluations:,}",
                *(
                    with_error(milli(value), milli(error), decimals)
                    for value, error in zip(point.values, point.standard_errors, strict=True)
                ),
            )
            for point in valuation.trace
        ),
    )


def interactions(valuation: ValuationDocument, found: InteractionsDocument) -> Table:
    """Tabulate every pair, from those who stand in for each other to those who complete."""
    listed = pairs(valuation, found)
    decimals = decimals_for(milli(pair.value) for pair in listed)
    return Table(
        caption=f"Interactions of pairs ± one standard error, in {unit(valuation).long}",
        columns=("Pair", "Interaction", "Reading"),
        rows=tuple(
            (
                " and ".join(pair.names),
                with_error(milli(pair.value), milli(pair.error), decimals),
                _reading(pair.value, clear=pair.clear),
            )
            for pair in listed
        ),
        prose=frozenset({2}),
    )


def _reading(value: int, *, clear: bool) -> str:
    if not clear:
        return "cannot be told from nothing"
    return "complete each other" if value > 0 else "stand in for each other"
