"""What an audit says: one check a line, and a sentence at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fedmerit.auditing.faults import Fault

Status = Literal["ok", "differs", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was held against another.

    Attributes:
        name: What was checked.
        status: Whether it held; ``skipped`` if it was not asked for.
        detail: What was compared, or where the difference is.
    """

    name: str
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of an audit.

    Attributes:
        bundle: The directory that was audited.
        checks: Everything that was checked, in order.
        faults: What can be proven to the contracts, numbered from 1 in this order.
    """

    bundle: str
    checks: tuple[Check, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def differences(self) -> tuple[Check, ...]:
        """The checks that found a difference."""
        return tuple(check for check in self.checks if check.status == "differs")

    @property
    def disputable(self) -> bool:
        """Whether 'fedmerit dispute' finds the first fault again; it makes no spot checks."""
        return bool(self.faults) and not self.faults[0].spotted

    @property
    def passed(self) -> bool:
        """Whether every check that was made held."""
        return not self.differences

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        made = [check for check in self.checks if check.status != "skipped"]
        if self.passed:
            skipped = len(self.checks) - len(made)
            rest = f"; {skipped} not made" if skipped else ""
            return f"The bundle holds: {len(made)} checks, no difference{rest}."
        first = self.differences[0]
        return (
            f"The bundle does not hold: {len(self.differences)} of {len(made)} checks differ, "
            f"first {first.name}."
        )

    def as_json(self) -> dict[str, object]:
        """Give the verdict as plain values."""
        return {
            "bundle": self.bundle,
            "passed": self.passed,
            "verdict": self.sentence,
            "checks": [
                {"name": check.name, "status": check.status, "detail": check.detail}
                for check in self.checks
            ],
            "faults": [fault.as_json(number) for number, fault in enumerate(self.faults, start=1)],
        }


def compared(name: str, *, holds: bool, same: str, different: str) -> Check:
    """Make the check of one comparison."""
    return Check(name, "ok", same) if holds else Check(name, "differs", different)
