"""What an audit says: one check a line, and a sentence at the end."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from fedmerit.auditing.answers import REHEARSAL, answers
from fedmerit.auditing.catalogue import identifier
from fedmerit.errors import AuditImpossible
from fedmerit.notebooks import html_table
from fedmerit.report.units import exact_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fedmerit.auditing.answers import Answer
    from fedmerit.auditing.faults import Fault

Status = Literal["ok", "differs", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was held against another.

    Attributes:
        name: What was checked.
        status: Whether it held; ``skipped`` if it was not or cannot be made.
        detail: What was compared, or where the difference is.
    """

    name: str
    status: Status
    detail: str

    @property
    def id(self) -> str:
        """What programs know the check by, whatever its name becomes."""
        return identifier(self.name)


@dataclass(frozen=True, slots=True)
class Spots:
    """Which coalitions are measured again.

    Attributes:
        count: How many.
        seed: What draws them; drawn at random itself if none is given, so that nobody can
            have known which they would be.

    Raises:
        AuditImpossible: Either is less than 0.
    """

    count: int
    seed: int = field(default_factory=lambda: secrets.randbits(64))

    def __post_init__(self) -> None:
        if self.count < 0:
            raise AuditImpossible(
                f"spot_checks is {self.count}: so many coalitions cannot be measured again",
                hint="Ask for 1 or more, or for 0 to measure none.",
            )
        if self.seed < 0:
            raise AuditImpossible(
                f"spot_seed is {self.seed}, and nothing is drawn by a number below 0",
                hint="Name the seed that 'fedmerit audit' printed, or none.",
            )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of an audit.

    Attributes:
        bundle: The directory that was audited.
        checks: Everything that was checked, in order.
        faults: What can be proven to the contracts, numbered from 1 in this order.
        spots: The spot checks that were made; None without any.
        proof: What the chain proves if nothing differs from it.
    """

    bundle: str
    checks: tuple[Check, ...]
    faults: tuple[Fault, ...] = ()
    spots: Spots | None = None
    proof: str = REHEARSAL

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What an auditor came for, in three answers and one on the data."""
        return answers(self.checks, self.proof)

    @property
    def differences(self) -> tuple[Check, ...]:
        """The checks that found a difference."""
        return tuple(check for check in self.checks if check.status == "differs")

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

    def _repr_html_(self) -> str:
        """Show the verdict in a notebook."""
        answered = html_table(self.sentence, ("question", "answer", "why"), self.answers)
        rows = [(check.name, check.status, check.detail) for check in self.checks]
        return answered + html_table("All checks", ("check", "status", "detail"), rows)

    def as_json(self) -> dict[str, object]:
        """Give the verdict as plain values."""
        return {
            "bundle": self.bundle,
            "passed": self.passed,
            "verdict": self.sentence,
            "answers": [answer._asdict() for answer in self.answers],
            "checks": [
                {
                    "id": check.id,
                    "name": check.name,
                    "status": check.status,
                    "detail": check.detail,
                }
                for check in self.checks
            ],
            "spot_seed": None if self.spots is None else str(self.spots.seed),
            "faults": [fault.as_json(number) for number, fault in enumerate(self.faults, start=1)],
        }


def amounts_differing(
    names: Sequence[str], said: Sequence[int], found: Sequence[int], *, by: str
) -> str:
    """Say by member and in tokens where two lists of payments differ; '' if nowhere.

    Args:
        names: Of the members.
        said: What the file says, base units.
        found: What it should say.
        by: Who says so, with its verb: ``the chain paid``.
    """
    if not len(names) == len(said) == len(found):
        return f"{len(said)} payments of {len(names)} members, and {by} {len(found)}"
    apart = [
        f"{name}: the file says {exact_tokens(one)}, {by} {exact_tokens(other)}"
        for name, one, other in zip(names, said, found, strict=True)
        if one != other
    ]
    return "; ".join(apart) + (" (in tokens)" if apart else "")


def compared(name: str, *, holds: bool, same: str, different: str) -> Check:
    """Make the check of one comparison."""
    return Check(name, "ok", same) if holds else Check(name, "differs", different)
