"""A lie in a report, and the transaction that proves it to the contracts.

D1 and D2 the chain checks by itself. D3 asks the job's arbiter, for a bond.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fedmerit.chain.settlement.drawing import PERIOD

if TYPE_CHECKING:
    from fedmerit.chain import Ledger, SignedReport

#: Entries of a list that a person reads.
_FEW: Final = 6
#: ``IDisputes.Fault``, as far as an arbiter rules on it.
UTILITY: Final = 6
PAYMENT: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A lie in a report, and what proves it.

    Attributes:
        kind: ``D1`` or ``D2``, which the chain checks, or ``D3``, for its arbiter.
        detail: What is wrong.
        report: Which of the job's posted reports it is in, from 0.
        function: Of the Disputes contract.
        arguments: What it is called with, after the report and its seats.
        earlier: What it is called with before, call by call, where one transaction is too small.
        spotted: Whether a spot check found it: it takes the same check to find it again.
    """

    kind: str
    detail: str
    report: int
    function: str
    arguments: tuple[Any, ...]
    earlier: tuple[tuple[Any, ...], ...] = ()
    spotted: bool = False

    def calls(self, report: SignedReport) -> list[tuple[Any, ...]]:
        """Give all arguments of each transaction, in order; *report* is the one they are about."""
        about = (tuple(report.statement.fields().values()), report.seats)
        return [(*about, *arguments) for arguments in (*self.earlier, self.arguments)]

    def written(self) -> str:
        """Give the arguments for reading: a list of more than a few entries is only counted."""
        return ", ".join(_short(argument) for argument in self.arguments)

    def as_json(self, number: int) -> dict[str, object]:
        """Give the fault as plain values, under its number."""
        return {
            "number": number,
            "kind": self.kind,
            "detail": self.detail,
            "spotted": self.spotted,
            "contract": "Disputes",
            "function": self.function,
            "arguments": plain(self.arguments),
            "earlier": plain(self.earlier),
        }


def valued_report(ledger: Ledger) -> int | None:
    """Give the place of the report that a bundle is about: the last of the first period."""
    found = [place for place, report in enumerate(ledger.reports) if report.round == PERIOD]
    return found[-1] if found else None


def utility_fault(
    ledger: Ledger, coalition: int, claim: int, detail: str, *, spotted: bool = False
) -> Fault:
    """Make the fault of a utility that was measured otherwise."""
    return Fault(
        kind="D3",
        detail=detail,
        report=valued_report(ledger) or 0,
        function="challenge",
        arguments=(UTILITY, coalition, claim),
        spotted=spotted,
    )


def _short(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()[:8]}..."
    if isinstance(value, tuple | list):
        shown = ", ".join(map(_short, value)) if len(value) <= _FEW else f"{len(value)} entries"
        return f"({shown})"
    return str(value)


def plain(value: object) -> object:
    """Give contract arguments in a form that JSON holds exactly."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)
