"""What is read out of a valuation, for the sentences and the tables alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from fedmerit.report.units import quantile

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import InteractionsDocument, ValuationDocument

#: The simpler answer that need be of no size like a value's.
ALONE: Final = "alone"


@dataclass(frozen=True, slots=True)
class Step:
    """From one participant to the next in the order of their values.

    Attributes:
        upper: Place of the one with the higher value, in the documents' order.
        lower: Place of the next.
        ppm: Probability that the upper one's true value is the higher.
        certain: Whether that reaches the scenario's confidence.
    """

    upper: int
    lower: int
    ppm: int
    certain: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """The interaction of two participants, in billionths.

    Attributes:
        names: The two.
        value: Above 0 they complete each other, below they stand in for each other.
        error: One standard error.
        clear: Whether the interval at the scenario's confidence leaves zero out.
    """

    names: tuple[str, str]
    value: int
    error: int
    clear: bool


def order(valuation: ValuationDocument) -> list[int]:
    """Give the participants' places, the highest value first."""
    return sorted(range(len(valuation.values)), key=lambda place: -valuation.values[place])


def steps(valuation: ValuationDocument) -> list[Step]:
    """Give each step down the order."""
    found = []
    for upper, lower in pairwise(order(valuation)):
        ppm = valuation.outranks_ppm[upper][lower]
        found.append(Step(upper, lower, ppm, ppm >= valuation.confidence_ppm))
    return found


def pairs(valuation: ValuationDocument, found: InteractionsDocument) -> list[Pair]:
    """Give every pair, from those who stand in for each other to those who complete."""
    reach = quantile(valuation.confidence_ppm)
    listed = [
        Pair(
            (valuation.participants[i], valuation.participants[j]),
            value := found.matrix[i][j],
            error := found.standard_errors[i][j],
            abs(value) > reach * error,
        )
        for i, j in combinations(range(len(valuation.participants)), 2)
    ]
    return sorted(listed, key=lambda pair: pair.value)


def uncertain(valuation: ValuationDocument) -> list[str]:
    """Name the participants whose interval includes zero."""
    everyone = zip(valuation.participants, valuation.values, valuation.half_widths, strict=True)
    return [name for name, value, half in everyone if abs(value) <= half]


def baselines(valuation: ValuationDocument) -> dict[str, tuple[int, ...]]:
    """Give what simpler answers say of each participant, by their titles, in billionths.

    Gradient alignment has a scale of its own, and is stretched to the same total; it is left
    out where that cannot be done.
    """
    simpler = {
        "leave-one-out": valuation.leave_one_out,
        ALONE: valuation.individual,
        "by declared rows": valuation.data_size,
        "equal shares": valuation.equal,
    }
    total = sum(valuation.alignment)
    if total > 0 and valuation.worth > 0:
        scaled = (score * valuation.worth // total for score in valuation.alignment)
        simpler["gradient alignment"] = tuple(scaled)
    return simpler
