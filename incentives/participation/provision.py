"""What a mechanism is given besides the round: settings that fit the market it is put into.

A mechanism's defaults are of a small market in small units. Here are the rules by which the
settings that are money, or counts of members, follow a market; the others keep their defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isqrt
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.incentives.mechanisms import MECHANISMS, Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from fedmerit.incentives.mechanisms import Mechanism
    from fedmerit.incentives.offers import Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is known of everybody before the first round.

    Attributes:
        budget: Base units a round.
        rows: Of each member that has any.
        costs: What a round's work costs each of them, in base units.
        points: Points of quality that a member has on average.
        gain: What a round gains if everybody takes part, in the metric's unit, on average.
    """

    budget: int
    rows: tuple[int, ...]
    costs: tuple[int, ...]
    points: int
    gain: float

    @property
    def winners(self) -> int:
        """Half of the members: as many as auctions of whole offers buy."""
        return max(1, len(self.rows) // 2)

    @property
    def unit_costs(self) -> list[int]:
        """What a row costs each, rounded up, rising."""
        return sorted(-(-cost // rows) for cost, rows in zip(self.costs, self.rows, strict=True))


def _income(market: Market) -> dict[str, Parameter]:
    """Value everybody's rows at the budget."""
    return {"alpha": max(1, market.budget // (isqrt(sum(market.rows)) or 1))}


def _returned(market: Market) -> dict[str, Parameter]:
    # A member may cost a half more than it says it expects: the belief has room for that.
    return _income(market) | {
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
    """Value everybody's gain at the budget."""
    return {"worth": max(1, int(market.budget / market.gain))} if market.gain > 0 else {}


_PROVISION: Final[Mapping[str, Callable[[Market], dict[str, Parameter]]]] = MappingProxyType(
    {
        "pvcg": _income,
        "fvcg": _returned,
        "uniform-price": _lots,
        "reputation-price": _lots,
        "second-score": _scored,
        "first-score": _shaded,
        "vcg": _valued,
        "msensing": _valued,
        "fli": _valued,
    }
)

#: Those whose members sell what is no training, whose costs are not in proportion to it, or who
#: may promise more of it than they have rows for.
_ELSEWHERE: Final = frozenset(
    {
        "contract",
        "cremer-mclean",
        "posted-price",
        "local-accuracy",
        "cycle-market",
        "public-good",
        "accuracy-shaping",
    }
)

#: Mechanisms that a federation can be run under, with costs in proportion to the work.
SIMULATED: Final[Mapping[str, Mechanism]] = MappingProxyType(
    {name: each for name, each in MECHANISMS.items() if name not in _ELSEWHERE}
)


def provided(mechanism: Mechanism, market: Market) -> dict[str, Parameter]:
    """Give the settings with which *mechanism* fits *market*."""
    provision = _PROVISION.get(mechanism.name)
    return provision(market) if provision else {}


def buys(mechanism: Mechanism) -> bool:
    """Say whether it chooses by offers who is to work, before anybody does."""
    return Need.BIDS in mechanism.needs and Need.CONTRIBUTIONS not in mechanism.needs


def fraction_of(work: Fraction, capacity: int, parts: int) -> int:
    """Give the part of an offer that is bought, in *parts* of it, rounded up."""
    return min(parts, ceil(parts * work / capacity))
