"""The chart of what the settlement cost in gas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.chain import STEPS
from fedmerit.report.colours import ACCENT
from fedmerit.report.theme import blank, by_member, room_for_numbers
from fedmerit.report.units import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    import plotly.graph_objects as go

    from fedmerit.chain import Step

_ROW: Final = 38
_CHROME: Final = 90


def gas(transactions: Iterable[Step]) -> go.Figure:
    """Draw the gas of each step of a settlement, its transactions taken together."""
    spent = gas_by_step(transactions)
    figure = blank(height=_CHROME + _ROW * len(spent), x_title="gas")
    totals = [total for _, total in spent.values()]
    figure.add_bar(
        orientation="h",
        y=list(range(len(spent))),
        x=totals,
        width=0.56,
        marker={"color": ACCENT},
        text=[f"{total:,}" for total in totals],
        textposition="outside",
        cliponaxis=False,
        hovertext=[
            f"{STEPS.get(step, step)}: {count(number, 'transaction')}, {total:,} gas"
            for step, (number, total) in spent.items()
        ],
        hoverinfo="text",
    )
    by_member(figure, [STEPS.get(step, step) for step in spent])
    figure.update_xaxes(range=[0, max(totals, default=1)], nticks=3, tickangle=0)
    room_for_numbers(figure, len(f"{max(totals, default=1):,}"))
    return figure


def gas_by_step(transactions: Iterable[Step]) -> dict[str, tuple[int, int]]:
    """Give, by step in order, how many transactions it took and their gas."""
    spent: dict[str, tuple[int, int]] = {}
    for sent in transactions:
        number, total = spent.get(sent.step, (0, 0))
        spent[sent.step] = (number + 1, total + sent.gas)
    return spent
