"""What a check found: held, violated or not claimed, and the worst case that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from fedmerit.incentives.checking.setting import Setting
    from fedmerit.incentives.mechanisms import Mechanism, Property

Status = Literal["held", "violated", "not claimed"]

#: What rounding to whole base units may come to, and the part of a budget that rounding the
#: last bits of floats may.
_UNITS: Final = 4.0
_PART: Final = 2e-9
#: Millionths that a model's quality may be rounded by.
_PPM: Final = 3.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to break a property.

    Attributes:
        gain: How far it went, in base units (or millionths of model quality); 0 or less if
            the property stands.
        says: What was done and what came of it.
        allowed: How much of it rounding explains.
    """

    gain: float
    says: str
    allowed: float

    @property
    def broke(self) -> bool:
        """Whether more was gained than rounding explains."""
        return self.gain > self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyResult:
    """What was found of one property of one mechanism.

    Attributes:
        claim: The property.
        status: Whether the mechanism claims it, and whether the claim held.
        gain: The largest gain found beyond what rounding explains, in base units or, of
            models, millionths of quality; None where the property was not tried.
        witness: How it came about; empty without a gain.
        trials: Settings in which it was tried.
    """

    claim: Property
    status: Status
    gain: float | None
    witness: str
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
        """Whether every claim held."""
        return all(result.status != "violated" for result in self.results)

    def of(self, claim: Property) -> PropertyResult:
        """Give what was found of *claim*."""
        return next(result for result in self.results if result.claim == claim)


def money(setting: Setting, mechanism: Mechanism, gain: float, says: str) -> Attempt:
    """Make an attempt whose gain is in base units."""
    allowed = _UNITS + _PART * setting.budget
    return Attempt(gain, f"{says} [{setting.describe(mechanism.needs)}]", allowed)


def quality(setting: Setting, mechanism: Mechanism, gain: float, says: str) -> Attempt:
    """Make an attempt whose gain is in millionths of a model's quality."""
    return Attempt(gain, f"{says} [{setting.describe(mechanism.needs)}]", _PPM)


def worst(attempts: list[Attempt]) -> Attempt | None:
    """Give the attempt that gained most beyond what rounding explains; None of none."""
    return max(attempts, key=lambda attempt: attempt.gain - attempt.allowed, default=None)
