"""What a mechanism may promise, what it decides by, and the object that says so.

A mechanism stays a plain function; :func:`mechanism` puts its claims beside it, where the
checker and the docs find them. Its settings are the function's keyword-only arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import update_wrapper
from inspect import signature
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fedmerit.errors import MissingInput, RewardError, suggestion
from fedmerit.incentives.mechanisms.serving import put_back, reordered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fedmerit.incentives.offers import Bid, Parameter
    from fedmerit.incentives.payments import Outcome, RoundInput

Held = TypeVar("Held")


class Property(StrEnum):
    """A property that a mechanism may promise; :data:`MEANING` says what each one is."""

    CONSERVATION = "conservation"
    DSIC = "dsic"
    BNIC = "bnic"
    NASH = "nash"
    IR = "ir"
    WBB = "weak-balance"
    SBB = "full-payout"
    EFF = "efficiency"
    SYM = "symmetry"
    NULL = "null-member"
    ADD = "additivity"
    CORE = "core"
    REPLICATION = "replication-proof"
    SYBIL = "sybil-proof"
    MONO = "monotonicity"
    SCALE = "scale"


#: What each property says, for people.
MEANING: Final[Mapping[Property, str]] = MappingProxyType(
    {
        Property.CONSERVATION: "Payments and reserve are the budget and slashes, in whole units; "
        "nobody is to do more than it offers.",
        Property.DSIC: "Whatever the others do, nobody gains by asking for another price, staying "
        "away or, where parts can be sold, holding some back (dominant-strategy incentive "
        "compatible).",
        Property.BNIC: "Nobody gains on average by lying, if the others are honest and drawn as "
        "the mechanism believes (Bayes-Nash incentive compatible).",
        Property.NASH: "Nobody gains by other efforts than those announced, if the others keep to "
        "theirs (Nash equilibrium).",
        Property.IR: "Who is honest never ends below 0: pay covers slashes and the cost of "
        "the work (individually rational).",
        Property.WBB: "It never owes more than the budget, or than the income of what it buys.",
        Property.SBB: "The whole budget is paid out wherever anybody is worth anything.",
        Property.EFF: "What is bought makes the sum of everybody's gains as large as it can be.",
        Property.SYM: "Names and their order change nothing, but for whom ties are drawn.",
        Property.NULL: "Who adds nothing to any coalition is paid nothing.",
        Property.ADD: "Two games settled together pay what they pay one by one.",
        Property.CORE: "No coalition is worth more alone than its members are paid, wherever there "
        "is a division of which that is true.",
        Property.REPLICATION: "Nobody gains by joining several times with copies of the same data, "
        "but for less than a base unit a name.",
        Property.SYBIL: "Nobody gains by joining under several names, with copies or with parts, "
        "but for less than a base unit a name.",
        Property.MONO: "Who becomes worth more, or asks for less, does not end with less.",
        Property.SCALE: "Counting in other units changes nothing.",
    }
)


class Condition(StrEnum):
    """What a claim may be bound to; :data:`WHERE` says what each one is."""

    HARMLESS = "harmless"
    RIVALS = "rivals"
    BELIEVED = "believed"
    SUBMODULAR = "submodular"
    COUNTED_ONCE = "counted-once"
    COMPLETE = "complete-copies"
    ALIKE = "alike"
    UNTIED = "untied"


#: When each condition holds, for people.
WHERE: Final[Mapping[Condition, str]] = MappingProxyType(
    {
        Condition.HARMLESS: "nobody's data do harm to any coalition",
        Condition.RIVALS: "two or more take part",
        Condition.BELIEVED: "costs and values are drawn as the mechanism believes",
        Condition.SUBMODULAR: "whoever is added to more adds no more",
        Condition.COUNTED_ONCE: "rows that copies share are counted once, shared out among them",
        Condition.COMPLETE: "each copy is of all that its owner has",
        Condition.ALIKE: "copies send the same updates",
        Condition.UNTIED: "no two offers score alike",
    }
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise, and where it is made.

    Attributes:
        property: What is promised.
        domain: All that has to hold for it; nothing, if it is promised everywhere.
    """

    property: Property
    domain: tuple[Condition, ...] = ()


class Need(StrEnum):
    """What a mechanism decides by; each but the first two is a field that may be absent."""

    CONTRIBUTIONS = "contributions"
    ROWS = "rows"
    GAME = "game"
    BIDS = "bids"
    STAKES = "stakes"
    REPORTS = "reports"
    UPDATES = "updates"
    HISTORY = "history"


def _unpaid(bid: Bid, work: Fraction | float) -> Fraction | float:
    """Give what *work* costs whoever asks *bid* for all its capacity: the same a unit."""
    return bid.unit_cost * work


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The strategic side of a mechanism: what members and the buyer want of it.

    Each function also takes the mechanism's settings by keyword.

    Attributes:
        money: Settings that are in base units, which scale with the budget.
        divisible: Whether a part of an offer can be bought.
        sunk: Whether what is offered has been done, paid for or not.
        work_cost: Base units that work costs the member whose honest bid this is.
        benefit: Base units that what comes of the work is worth to a member, beside its pay.
        payoff: Base units that one member ends with, if everybody's efforts are these.
        welfare: Base units that everybody together gains if this work is done.
        income: Base units that come in if this work is done; None if it is the budget.
        precision: The part of the budget that a payment may be off by, beside less than a unit:
            0 where formulas are worked out exactly.
        merges: Whether it rounds so that no member gains a unit by several names: a payment is
            then less than n units from what is due, and of others less than one.
        pays_in_models: Whether members receive better and worse models, and no money.
        agreed_first: Whether a run settles it by agreeing on the work before anybody trains: a part
            of an offer is then that part of its local steps.
        by_arrival: Whether the order in which members are listed is that in which they came,
            and decides; else equals are served in the order that the round has drawn.
        by_member: Settings that have a number for each member, in their order.
        members: As many as it is tried with at most, for what it costs.
    """

    money: frozenset[str] = frozenset()
    divisible: bool = False
    sunk: bool = False
    work_cost: Callable[..., Fraction | float] = _unpaid
    benefit: Callable[..., float] | None = None
    payoff: Callable[..., float] | None = None
    welfare: Callable[..., float] | None = None
    income: Callable[..., float] | None = None
    precision: Fraction = Fraction(0)
    merges: bool = False
    pays_in_models: bool = False
    agreed_first: bool = False
    by_arrival: bool = False
    by_member: frozenset[str] = frozenset()
    members: int = 15

    def rounding(self, members: int) -> int:
        """Give the base units below which a payment is from what is due, beside *precision*."""
        return members if self.merges else 1


class Mechanism:
    """A reward mechanism: the round in, every base unit accounted for out.

    Attributes:
        function: What decides.
        claims: What it promises; money conservation is promised by all.
        domains: Where it promises each.
        needs: What the round must hold.
        model: What members and buyer want, for those who check it.
        defaults: Its settings.
    """

    def __init__(
        self,
        function: Callable[..., Outcome],
        *,
        claims: Iterable[Property | Claim],
        needs: Iterable[Need],
        model: Model,
    ) -> None:
        self.function = function
        made = [claim if isinstance(claim, Claim) else Claim(claim) for claim in claims]
        self.domains: Mapping[Property, frozenset[Condition]] = MappingProxyType(
            {Property.CONSERVATION: frozenset()}
            | {claim.property: frozenset(claim.domain) for claim in made}
        )
        self.claims = frozenset(self.domains)
        self.needs = frozenset(needs)
        self.model = model
        self.defaults: Mapping[str, Parameter] = MappingProxyType(
            {
                name: given.default
                for name, given in signature(function).parameters.items()
                if given.kind is given.KEYWORD_ONLY
            }
        )
        update_wrapper(self, function)

    def __call__(self, round_: RoundInput, /) -> Outcome:
        """Split the round's budget into payments, slashes and a reserve.

        Raises:
            MissingInput: The round lacks what this mechanism decides by.
            RewardError: A parameter is not one of its settings.
        """
        if missing := [need for need in self.needs if not _holds(round_, need)]:
            raise MissingInput(self.name, missing=missing)
        drawn = () if self.model.by_arrival else round_.order
        served = reordered(round_, drawn, by_member=self.model.by_member) if drawn else round_
        outcome = self.function(served, **self.settings(served))
        return put_back(outcome, drawn) if drawn else outcome

    @property
    def name(self) -> str:
        """The function's name, with dashes."""
        return self.function.__name__.replace("_", "-")

    @property
    def pays_by_rows(self) -> bool:
        """Whether rows are what it pays for: then those that several hold must count once."""
        return Need.ROWS in self.needs or self.model.divisible

    def settings(self, round_: RoundInput) -> dict[str, Any]:
        """Give the settings in force: the round's, and the defaults of those it leaves out."""
        for name in round_.parameters.keys() - self.defaults.keys():
            raise RewardError(
                f"{self.name} has no setting {name!r}",
                hint=suggestion(name, self.defaults) if self.defaults else "It has none at all.",
            )
        return dict(self.defaults) | dict(round_.parameters)

    def work_cost(self, round_: RoundInput, bid: Bid, work: Fraction | float) -> Fraction | float:
        """Give what *work* costs the member whose honest bid is *bid*, in base units."""
        if self.model.work_cost is _unpaid:
            return _unpaid(bid, work)
        return self.model.work_cost(bid, work, **self.settings(round_))

    def payoff(self, round_: RoundInput, efforts: Sequence[float], member: int) -> float:
        """Give what *member* ends with under these efforts, in base units."""
        if self.model.payoff is None:
            raise RewardError(f"{self.name} announces no efforts, so there is no payoff of them")
        return self.model.payoff(round_, efforts, member, **self.settings(round_))


def mechanism(
    *, claims: Iterable[Property | Claim] = (), needs: Iterable[Need], model: Model | None = None
) -> Callable[[Callable[..., Outcome]], Mechanism]:
    """Say what the function below promises and what it decides by."""
    return lambda function: Mechanism(function, claims=claims, needs=needs, model=model or Model())


def brought(held: Held | None, need: Need, *, mechanism: str) -> Held:
    """Give what the round holds of *need*; a mechanism that states its needs always finds it.

    Raises:
        MissingInput: The round holds none.
    """
    if held is None:
        raise MissingInput(mechanism, missing=[need])
    return held


def _holds(round_: RoundInput, need: Need) -> bool:
    """Say whether the round has what *need* names; an empty history is one of a first round."""
    if need in {Need.CONTRIBUTIONS, Need.ROWS, Need.HISTORY}:
        return True
    held = getattr(round_, need.value)
    return held is not None and len(held) > 0 if need is not Need.GAME else held is not None
