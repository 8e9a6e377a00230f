"""The table of who gets how much, as a terminal shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from fedmerit.commands.summary import key_figures, member_rows
from fedmerit.commands.terminal import out, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fedmerit.bundle.directory import Bundle

#: Columns of a terminal that has room for all that is known of a member.
_WIDE: Final = 120
#: The most of them that a name's column is held open for.
_NAME: Final = 24


def show_members(bundle: Bundle, *, title: str) -> None:
    """Print what each member is paid, and the figures below it."""
    rows = member_rows(bundle, wide=out.width >= _WIDE)
    table = Table(title=shown(title), title_justify="left")
    for column in rows[0]:
        words = column in {"Member", "Behaviour", "Why"}
        # Nothing is cut: words that do not fit go on in the next line.
        table.add_column(
            column,
            justify="left" if words else "right",
            overflow="fold",
            no_wrap=not words,
            min_width=_longest(row[column] for row in rows) if column == "Member" else None,
        )
    for row in rows:
        table.add_row(*map(shown, row.values()))
    out.print(table)
    for name, figure in key_figures(bundle).items():
        out.print(f"[bold]{shown(name)}[/]  {shown(figure)}", soft_wrap=True)


def _longest(names: Iterable[str]) -> int:
    """Give the width in which no ordinary word of *names* is cut."""
    return min(_NAME, max(len(word) for name in names for word in (name.split() or [""])))
