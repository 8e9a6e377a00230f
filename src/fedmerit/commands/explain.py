"""``fedmerit explain``: why one member is paid what it is, step by step."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import TYPE_CHECKING, Literal

from rich.table import Table

from fedmerit.commands.terminal import out, print_json, shown, suggest
from fedmerit.errors import BundleError, suggestion
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import OutcomeDocument, PayoutStep


def explain(
    bundle: Path, member: str | None = None, *, output: Literal["table", "json"] = "table"
) -> int:
    """Say why a member is paid what it is: steps that add up to its payment.

    Args:
        bundle: The directory that 'fedmerit run' wrote.
        member: Its name; everybody if absent.
        output: Form of the result on standard output.
    """
    from fedmerit.bundle.directory import Bundle  # noqa: PLC0415 - imports pydantic
    from fedmerit.bundle.schemas import OUTCOME, OutcomeDocument  # noqa: PLC0415 - imports pydantic

    outcome = Bundle.open(bundle).document(OUTCOME, OutcomeDocument)
    if member is not None and member not in outcome.participants:
        raise BundleError(
            f"nobody in {bundle} is called {member!r}",
            hint=suggestion(member, outcome.participants),
        )
    places = [i for i, name in enumerate(outcome.participants) if member in {None, name}]
    if output == "json":
        print_json([_as_json(outcome, place) for place in places])
    else:
        for place in sorted(places, key=lambda place: -outcome.payments[place]):
            _show(outcome, place)
    suggest(f"fedmerit audit {argument(bundle)}", "to check it")
    return 0


def _show(outcome: OutcomeDocument, place: int) -> None:
    from fedmerit.report.answer import pay_interval  # noqa: PLC0415 - with the report
    from fedmerit.report.units import exact_tokens  # noqa: PLC0415 - with the report

    step = outcome.steps[place]
    table = Table("Step", title=_title(step), title_justify="left")
    table.add_column("Tokens", justify="right")
    for part in step.parts:
        table.add_row(shown(part.label), exact_tokens(part.amount))
    table.add_section()
    table.add_row("is paid", exact_tokens(step.payment))
    out.print(table)
    if outcome.intervals is not None:
        found = pay_interval(outcome, place)
        out.print(
            f"Had the values come out otherwise, within their errors: {found} tokens in most of "
            f"{outcome.intervals.draws:,} draws.",
            soft_wrap=True,
        )


def _title(step: PayoutStep) -> str:
    from fedmerit.incentives.reasons import WHY, Reason  # noqa: PLC0415 - imports SciPy

    why = WHY[Reason(step.reason)]
    return f"{shown(step.name)}: {why if step.payment else f'paid nothing, {why}'}"


def _as_json(outcome: OutcomeDocument, place: int) -> dict[str, object]:
    from fedmerit.commands.summary import interval  # noqa: PLC0415 - imports plotly

    step = outcome.steps[place]
    return {
        "name": step.name,
        "mechanism": outcome.mechanism,
        "payment": str(step.payment),
        "payment_interval": interval(outcome, place),
        "reason": step.reason,
        "parts": [{"label": part.label, "amount": str(part.amount)} for part in step.parts],
    }
