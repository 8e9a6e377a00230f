"""What a check found of a property, and the worst case that shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms.properties import Condition, Mechanism, Need, Property

Status = Literal["held", "violated", "never tried", "not claimed"]

#: Millionths that a model's quality may be rounded by.
_PPM: Final = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to break a property.

    Attributes:
        gain: How far it went, in base units (or millionths of model quality); 0 or less if
            the property stands.
        says: What was done and what came of it.
        allowed: How much of it rounding explains.
        outside: Conditions that what was done does not keep, beside those of the setting.
        setting: Where it was tried; None for many.
    """

    gain: Fraction | float
    says: str
    allowed: Fraction | float
    outside: frozenset[Condition] = frozenset()
    setting: Setting | None = None

    @property
    def broke(self) -> bool:
        """Whether more was gained than rounding explains."""
        return self.gain > self.allowed

    @property
    def beyond(self) -> float:
        """What was gained beyond rounding, as a part of the budget."""
        return float((self.gain - self.allowed) / (self.setting.budget if self.setting else 1))

    def witness(self, needs: Iterable[Need]) -> str:
        """Say what was done, what came of it, and what a mechanism with these needs was told."""
        return f"{self.says} [{self.setting.describe(needs)}]" if self.setting else self.says


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyResult:
    """What was found of one property of one mechanism.

    Attributes:
        claim: The property.
        domain: The conditions under which it is claimed.
        status: Whether the mechanism claims it, and whether the claim held.
        gain: The largest gain found beyond what rounding explains, in base units or, of
            models, millionths of quality; None where the property was not tried.
        witness: How it came about; empty without a gain.
        outside: The worst case found where a condition does not hold; empty without one.
        trials: Tries within the domain.
    """

    claim: Property
    domain: tuple[Condition, ...]
    status: Status
    gain: float | None
    witness: str
    outside: str
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of one mechanism.

    Attributes:
        mechanism: Its name.
        results: One for each property there is.
    """

    mechanism: str
    results: tuple[PropertyResult, ...]

    @property
    def held(self) -> bool:
        """Whether every claim was tried and held."""
        return not self.violated and not self.never_tried

    @property
    def violated(self) -> tuple[Property, ...]:
        """Claims that a case was found against."""
        return tuple(result.claim for result in self.results if result.status == "violated")

    @property
    def never_tried(self) -> tuple[Property, ...]:
        """Claims that no setting could try: for want of settings, or since nothing can."""
        return tuple(result.claim for result in self.results if result.status == "never tried")

    def of(self, claim: Property) -> PropertyResult:
        """Give what was found of *claim*."""
        return next(result for result in self.results if result.claim == claim)


def merged(first: Verdict, second: Verdict) -> Verdict:
    """Put together what was found of one mechanism at two times: the worst, and all trials."""
    return Verdict(
        mechanism=first.mechanism,
        results=tuple(map(_worse, first.results, second.results)),
    )


def _worse(first: PropertyResult, second: PropertyResult) -> PropertyResult:
    worse = max(first, second, key=lambda result: result.gain or 0.0)
    statuses: set[Status] = {first.status, second.status}
    order: tuple[Status, ...] = ("violated", "held", "never tried", "not claimed")
    return replace(
        worse,
        status=next(status for status in order if status in statuses),
        gain=None if first.gain is None and second.gain is None else worse.gain or 0.0,
        outside=first.outside or second.outside,
        trials=first.trials + second.trials,
    )


def money(
    setting: Setting,
    mechanism: Mechanism,
    gain: Fraction | float,
    says: str,
    *,
    units: int,
    part: Fraction | float = 0,
    outside: frozenset[Condition] = frozenset(),
) -> Attempt:
    """Make an attempt whose gain is in base units.

    Args:
        setting: Where.
        mechanism: That was tried.
        gain: In base units.
        says: What was done and what came of it.
        units: Roundings to whole units that it went through; each is of less than one unit, or
            of less than the mechanism's :meth:`~Model.rounding`.
        part: Of the budget, that rounding of floats explains beside.
        outside: Conditions that were not kept.
    """
    roundings = units * mechanism.model.rounding(setting.n)
    allowed = roundings + (mechanism.model.precision + part) * setting.budget
    return Attempt(gain, says, allowed, outside, setting)


def quality(
    setting: Setting,
    gain: Fraction | float,
    says: str,
    *,
    outside: frozenset[Condition] = frozenset(),
) -> Attempt:
    """Make an attempt whose gain is in millionths of a model's quality."""
    return Attempt(gain, says, _PPM, outside, setting)


def whole(amount: Fraction | float) -> str:
    """Show an amount to the unit."""
    return f"{float(amount):.0f}"
