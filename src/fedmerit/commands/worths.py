"""``fedmerit value --worths``: a table of coalitions and worths, valued with no model at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from fedmerit.commands.terminal import out, print_json, shown

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.incentives import Estimate, Outcome, Valuation

#: Tokens of 18 decimals that are divided, as a scenario does that says no budget.
_BUDGET: Final = 1000 * 10**18
#: Coalitions that may be asked, as in a scenario that says no number.
_ASKED: Final = 4096
_CONFIDENCE: Final = 0.95
_RULE: Final = "proportional"


def value_worths(path: Path, *, seed: int, output: str) -> None:
    """Value the participants of a coalition table, divide a budget, and show both.

    Args:
        path: The table; see :func:`fedmerit.incentives.games.tables.read_table`.
        seed: What a sampling method draws from.
        output: ``table`` or ``json``.

    Raises:
        FedmeritError: The table is none, or lacks a coalition that the method asks for.
    """
    from fedmerit.incentives import (  # noqa: PLC0415 - imports scipy
        RoundInput,
        estimates,
        reward,
        value,
    )
    from fedmerit.incentives.games.tables import read_table  # noqa: PLC0415 - as above

    game = read_table(path)
    found = value(game, method="auto", budget=_ASKED, seed=seed)
    certain = estimates(found, confidence=_CONFIDENCE)
    outcome = reward(
        RoundInput(
            participants=found.participants,
            contributions=certain,
            rows=(1,) * len(certain),  # nobody says any, and this rule asks for none
            budget=_BUDGET,
        ),
        mechanism=_RULE,
    )
    measured = hasattr(game, "worth_by_row")
    if output == "json":
        print_json(_as_json(found, certain, outcome, measured=measured))
    else:
        _show(found, certain, outcome, measured=measured)


def _as_json(
    found: Valuation, certain: tuple[Estimate, ...], outcome: Outcome, *, measured: bool
) -> dict[str, object]:
    return {
        "method": found.method,
        "evaluations": found.evaluations,
        "mechanism": _RULE,
        "budget": str(outcome.budget),
        "reserve": str(outcome.reserve),
        "members": [
            {
                "name": name,
                "value": each.value,
                "half_width": each.half_width if measured else None,
                "payment": str(payment),
            }
            for name, each, payment in zip(
                found.participants, certain, outcome.payments, strict=True
            )
        ],
    }


def _show(
    found: Valuation, certain: tuple[Estimate, ...], outcome: Outcome, *, measured: bool
) -> None:
    from fedmerit.report.units import adding_up, exact_tokens  # noqa: PLC0415 - imports plotly
    from fedmerit.units import NANO  # noqa: PLC0415 - beside it

    table = Table(title="What these worths would pay; nothing is settled", title_justify="left")
    for column in ("Member", "Tokens", "Value"):
        table.add_column(column, justify="left" if column == "Member" else "right", overflow="fold")
    tokens = adding_up(outcome.payments)
    for place in sorted(range(len(tokens)), key=lambda at: -outcome.payments[at]):
        each = certain[place]
        half = f" ± {each.half_width / NANO:.6g}" if measured else ""
        table.add_row(
            shown(found.participants[place]), tokens[place], f"{each.value / NANO:.6g}{half}"
        )
    out.print(table)
    out.print(f"[bold]Valued by[/]  {found.method}, {found.evaluations:,} coalitions of the table")
    out.print(
        "[bold]Intervals[/]  "
        + (
            "hold the spread of the columns of worths"
            if measured
            else "none: how sure a worth is, one column of worths does not say"
        ),
        soft_wrap=True,
    )
    out.print(
        f"[bold]Money[/]  {_RULE}: {exact_tokens(sum(outcome.payments))} paid + "
        f"{exact_tokens(outcome.reserve)} in reserve = {exact_tokens(outcome.budget)} tokens",
        soft_wrap=True,
    )
