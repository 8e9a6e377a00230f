"""What a mechanism is given besides the round: settings that fit the market it is put into.

A mechanism's defaults are of a small market in small units. Here are the rules by which the
settings that are money, or counts of members, follow a market; the others keep their defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isqrt, log1p
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.mechanisms import MECHANISMS, Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import Parameter


#: Classes of cost that a menu is made for, at most.
_CLASSES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is known of everybody before the first round.

    Attributes:
        budget: Base units a round.
        rows: Of each member that has any.
        costs: What a round's work costs each of them, in base units.
        points: Points of quality that a member has on average.
        gain: What a round gains if everybody takes part, in the metric's unit, on average.
        root: Base units that a round brings in for one row, and for more by the root of their
            number, as was measured.
        benefit: Part of what a round brings in that is one member's.
    """

    budget: int
    rows: tuple[int, ...]
    costs: tuple[int, ...]
    points: int
    gain: float
    root: float
    benefit: float

    @property
    def winners(self) -> int:
        """Half of the members: as many as auctions of whole offers buy."""
        return max(1, len(self.rows) // 2)

    @property
    def unit_costs(self) -> list[int]:
        """What a row costs each, rounded up, rising; at least 1, which beliefs have to be."""
        pairs = zip(self.costs, self.rows, strict=True)
        return sorted(max(1, -(-cost // rows)) for cost, rows in pairs)


def _income(market: Market) -> dict[str, Parameter]:
    """Value everybody's rows at the budget."""
    return {"alpha": max(1, isqrt(market.budget**2 // sum(market.rows)))}


def _returned(market: Market) -> dict[str, Parameter]:
    # A member may cost a half more than it says it expects: the belief has room for that. And
    # as much as the income may be handed back.
    return {
        "alpha": max(1, isqrt((market.budget // 2) ** 2 // sum(market.rows))),
        "largest": max(market.rows),
        "dearest": max(1, 3 * market.unit_costs[-1] // 2),
    }


def _lots(market: Market) -> dict[str, Parameter]:
    return {"winners": market.winners}


def _scored(market: Market) -> dict[str, Parameter]:
    """Value an average member's quality at an equal share of the budget."""
    return _lots(market) | {"worth": max(1, market.budget // (market.points * market.winners))}


def _shaded(market: Market) -> dict[str, Parameter]:
    return _scored(market) | {"span": max(1, market.budget // market.winners)}


def _valued(market: Market) -> dict[str, Parameter]:
    """Value everybody's gain at the budget, to nine digits: gains are added up in floats."""
    most = market.budget * (1 - 1e-9)
    return {"worth": max(1, int(most / market.gain))} if market.gain > 0 else {}


def _menu(market: Market) -> dict[str, Parameter]:
    """Believe in up to three classes of cost, and value everybody's rows at the budget.

    Or at less, where work is so cheap that the cheapest would be asked for more than a typical
    member has: nobody may be offered that, and nobody would work.
    """
    costs, n = market.unit_costs, len(market.rows)
    classes = sorted({costs[-(-n * k // _CLASSES) - 1] for k in range(1, _CLASSES + 1)})
    below = [sum(cost <= most for cost in costs) for most in classes]
    odds = [now - before for before, now in pairwise([0, *below])]
    typical = sum(market.rows) / n
    return {
        "alpha": max(1, int(min(market.budget / (n * log1p(typical)), classes[0] * (1 + typical)))),
        "types": tuple(reversed(classes)),
        "odds": tuple(reversed(odds)),
    }


def _a_row(market: Market) -> dict[str, Parameter]:
    """Value everybody's rows at the budget, one like another."""
    return {"worth": max(1, market.budget // sum(market.rows))}


def _enjoyed(market: Market) -> dict[str, Parameter]:
    """Let the model be worth to a member what its part of the measured income is."""
    return {"benefit": max(1, int(market.benefit * market.root))}


_PROVISION: Final[Mapping[str, Callable[[Market], dict[str, Parameter]]]] = MappingProxyType(
    {
        "pvcg": _income,
        "fvcg": _returned,
        "uniform-price": _lots,
        "pay-as-bid": _lots,
        "reputation-price": _lots,
        "second-score": _scored,
        "first-score": _shaded,
        "vcg": _valued,
        "msensing": _valued,
        "fli": _valued,
        "contract": _menu,
        "posted-price": _a_row,
        "public-good": _enjoyed,
    }
)

#: Why each mechanism that a federation cannot be run under cannot, by name.
UNSIMULATED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "data-market": "it sells a model to buyers, and members of a federation sell work",
        "cremer-mclean": "it sells one model to two buyers whose values are alike, and members "
        "of a federation sell work",
        "local-accuracy": "it pays for how exactly each solves its own problem, and a round's "
        "number of steps is fixed and its exactness not measured",
        "cycle-market": "it pays for cycles a second, and a simulation has no clock",
        "accuracy-shaping": "it shapes models by a curve of accuracy that is known before anybody "
        "trains, and a federation's is not",
    }
)

#: Mechanisms that a federation can be run under, with costs in proportion to the work.
SIMULATED: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {name: rule for name, rule in MECHANISMS.items() if name not in UNSIMULATED}
)

#: Those for which work has to get dearer the more there is of it.
RISING: Final = frozenset({"posted-price"})

#: Those whose members choose their work by themselves: it is not rounded up.
_CHOSEN: Final = frozenset({"contract", "posted-price", "public-good"})


def provided(mechanism: Mechanism, market: Market) -> dict[str, Parameter]:
    """Give the settings with which *mechanism* fits *market*."""
    provision = _PROVISION.get(mechanism.name)
    return provision(market) if provision else {}


def buys(mechanism: Mechanism) -> bool:
    """Say whether it chooses by offers who is to work, before anybody does."""
    return Need.BIDS in mechanism.needs and Need.CONTRIBUTIONS not in mechanism.needs


def fraction_of(mechanism: Mechanism, work: Fraction, capacity: int, parts: int) -> int:
    """Give the part of an offer that is trained, in *parts* of it.

    What is bought is delivered, so it is rounded up; what members choose to do, to the nearest.
    """
    rounded = round if mechanism.name in _CHOSEN else ceil
    return min(parts, rounded(parts * work / capacity))
