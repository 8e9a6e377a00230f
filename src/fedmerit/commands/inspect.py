"""``fedmerit inspect``: what a table's columns are taken for, without writing anything."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations at run time
from typing import TYPE_CHECKING, Literal

from rich.table import Table

from fedmerit.commands.terminal import out, print_json, shown, suggest
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from fedmerit.federation.data.proposal import Proposal


def inspect(file: Path, *, output: Literal["table", "json"] = "table") -> int:
    """Show what a table's columns are taken for, and why.

    Args:
        file: A .csv, .csv.gz, .tsv or .parquet file.
        output: Form of the result on standard output.
    """
    from fedmerit.federation.data.proposal import propose  # noqa: PLC0415 - imports pandas

    proposal = propose(file)
    if output == "json":
        print_json(asdict(proposal))
    else:
        _show(proposal, file)
    suggest(f"fedmerit init --data {argument(file)}", "to learn from it")
    return 0


def _show(proposal: Proposal, file: Path) -> None:
    title = f"{file}: {proposal.rows:,} rows"
    table = Table(title=shown(title), title_justify="left")
    for column in ("Column", "Role", "What it is", "Different", "Missing", "Such as"):
        right = column in {"Different", "Missing"}
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for described in proposal.columns:
        cells = (
            described.name,
            described.role,
            described.why or described.kind,
            f"{described.levels:,}",
            f"{described.missing:,}",
            ", ".join(described.examples),
        )
        table.add_row(*map(shown, cells))
    out.print(table)
    for note in proposal.notes:
        out.print(f"note: {shown(note)}", soft_wrap=True)
    if proposal.label is None:
        out.print("note: no column holds classes or a quantity to predict", soft_wrap=True)
    if proposal.participant is None:
        out.print("note: no column says whose row it is: a recipe deals them out", soft_wrap=True)
