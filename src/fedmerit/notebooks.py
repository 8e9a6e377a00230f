"""How results show themselves in a notebook: a plain table of HTML, every cell escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from fedmerit.untrusted import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a table as HTML; the first column names the row.

    Args:
        caption: Above it.
        columns: Titles.
        rows: A cell for each column.
    """
    head = "".join(f"<th>{_shown(column)}</th>" for column in columns)
    body = "".join(
        f"<tr><th>{_shown(first)}</th>{''.join(f'<td>{_shown(cell)}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f"<table><caption>{_shown(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _shown(value: object) -> str:
    return escape(harmless(str(value)))
