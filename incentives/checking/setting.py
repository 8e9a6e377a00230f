"""A consortium as it truly is, from which rounds are made and altered.

What is true (worths, costs, rows) is kept apart from what a round is told, so that a member
can be made to lie, to join twice, to bring nothing or to change places with another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import lru_cache
from string import ascii_lowercase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fedmerit.coalitions import codes_of
from fedmerit.incentives.mechanisms.properties import Need
from fedmerit.incentives.methods.enumeration import shapley_of_table
from fedmerit.incentives.offers import NOTHING_YET, Bid, History
from fedmerit.incentives.payments import Estimate, RoundInput
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.offers import Parameter

#: Base units that one unit of worth is worth; so much more than 1 that rounding is small.
UNIT: Final = 10**6
#: Of more members than these, worths are not told: there are too many.
SHOWN: Final = 6


class ListedGame:
    """A game given by its worths in the order of coalitions' codes."""

    def __init__(self, participants: tuple[str, ...], worths: NDArray[np.float64]) -> None:
        self.participants = participants
        self._worths = worths

    def worth(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Look the rows up, shape ``(rows,)``."""
        return np.asarray(self._worths[codes_of(coalitions)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Setting:
    """The truth about a consortium, and the budget of its round.

    Attributes:
        worths: What each coalition is worth, whole numbers, shape ``(2**n,)``; bit *i* of an
            index says whether member *i* is in.
        rows: Rows of each.
        half_widths: Half of the width of each value's interval, in billionths.
        budget: Base units.
        bids: What each offers at its true cost.
        stakes: Base units of each.
        updates: What each sends to training, shape ``(n, parameters)``.
        reports: What each truly sees of each task.
        history: Of earlier rounds.
        parameters: The mechanism's settings.
        times: What each value is multiplied by on record, to count it in a smaller unit.
        believed: Whether costs and values are drawn as the mechanism believes.
    """

    worths: NDArray[np.float64]
    rows: tuple[int, ...]
    half_widths: tuple[int, ...]
    budget: int
    bids: tuple[Bid | None, ...]
    stakes: tuple[int, ...]
    updates: NDArray[np.float64]
    reports: tuple[tuple[int, ...], ...] = ()
    history: History = NOTHING_YET
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    times: int = 1
    believed: bool = True

    @property
    def n(self) -> int:
        """How many members there are."""
        return len(self.rows)

    @property
    def harmless(self) -> bool:
        """Whether nobody's data do harm to any coalition."""
        codes = np.arange(len(self.worths))
        grows = (self.worths[codes | 1 << i] >= self.worths for i in range(self.n))
        return all(bool(never_less.all()) for never_less in grows)

    @property
    def monotone(self) -> bool:
        """Whether nobody's data do harm anywhere, and everyone's are worth something."""
        return self.harmless and bool(self.worths[-1] > 0)

    def round(self, **told: Any) -> RoundInput:  # noqa: ANN401 - fields of RoundInput
        """Give the round in which everybody tells the truth, but for what is *told*."""
        names = tuple(ascii_lowercase[: self.n])
        honest: dict[str, Any] = {
            "participants": names,
            "contributions": _contributions(self.worths.tobytes(), self.half_widths, self.times),
            "rows": self.rows,
            "budget": self.budget,
            "bids": self.bids,
            "stakes": self.stakes,
            "game": ListedGame(names, self.worths),
            "reports": self.reports,
            "updates": self.updates,
            "history": self.history,
            "parameters": self.parameters,
        }
        return RoundInput(**honest | told)

    def regrouped(self, origins: Sequence[int], worths: NDArray[np.float64]) -> Setting:
        """Give the setting whose members are copies of these, with these worths."""
        past = {
            part.name: tuple(amounts[i] for i in origins)
            if (amounts := getattr(self.history, part.name))
            else ()
            for part in fields(History)
        }
        return replace(
            self,
            worths=worths,
            rows=tuple(self.rows[i] for i in origins),
            half_widths=tuple(self.half_widths[i] for i in origins),
            bids=tuple(self.bids[i] for i in origins),
            stakes=tuple(self.stakes[i] for i in origins),
            updates=self.updates[list(origins)],
            reports=tuple(self.reports[i] for i in origins) if self.reports else (),
            history=History(**past),
        )

    def describe(self, needs: Iterable[Need]) -> str:
        """Say what a mechanism with these needs is told, in one line."""
        needs, told = frozenset(needs), [f"budget {self.budget}"]
        if needs & {Need.GAME, Need.CONTRIBUTIONS}:
            named = (
                {}
                if self.n > SHOWN
                else {
                    "".join(
                        ascii_lowercase[i] for i in range(self.n) if code >> i & 1
                    ): f"{worth:g}"
                    for code, worth in enumerate(self.worths.tolist())
                    if code
                }
            )
            told.append("worths " + " ".join(f"{who}={worth}" for who, worth in named.items()))
        if Need.BIDS in needs:
            told.append("bids " + ", ".join(map(_shown, self.bids)))
        if needs & {Need.ROWS, Need.BIDS}:
            told.append(f"rows {self.rows}")
        if Need.STAKES in needs:
            told.append(f"stakes {self.stakes}")
        if self.parameters:
            told.append(" ".join(f"{name}={value}" for name, value in self.parameters.items()))
        return "; ".join(told)


@lru_cache(maxsize=64)  # a setting's round is told in many ways, one after the other
def _contributions(worths: bytes, half_widths: tuple[int, ...], times: int) -> tuple[Estimate, ...]:
    values = shapley_of_table(np.frombuffer(worths))
    return tuple(
        Estimate(round(Fraction(value) * NANO) * times, half_width * times)
        for value, half_width in zip(values.tolist(), half_widths, strict=True)
    )


def _shown(bid: Bid | None) -> str:
    return "none" if bid is None else f"{bid.cost} for {bid.capacity} (quality {bid.quality})"
