"""Charts that lay mechanisms side by side: over rounds, in money, by deviation and by member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.report.colours import ACCENT, IDLE, MUTED
from fedmerit.report.theme import (
    across,
    blank,
    by_member,
    down,
    grid,
    label,
    looks,
    marks,
    room_for_numbers,
    short_label,
)
from fedmerit.report.units import number
from fedmerit.simulation.deviating import DEVIATIONS
from fedmerit.simulation.figures import totals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import plotly.graph_objects as go

    from fedmerit.simulation.results import Comparison, Run

_CHROME: Final = 110
_ROW: Final = 40
#: Rows of a table of members may be lower: there are many.
_MEMBER: Final = 30
_TICKS: Final = 8


def accuracy(comparison: Comparison) -> go.Figure:
    """Draw how good each mechanism's model was after each round."""
    return _over_rounds(
        comparison,
        "per cent of validation rows",
        lambda run: [100 * period.accuracy for period in run.periods],
    )


def present(comparison: Comparison) -> go.Figure:
    """Draw how many members were still there after each round."""
    everyone = len(comparison.people)
    return _over_rounds(
        comparison,
        "members",
        lambda run: [
            everyone - sum(left <= period.number for left in run.exits.values())
            for period in run.periods
        ],
    )


def welfare(comparison: Comparison) -> go.Figure:
    """Draw what came of each mechanism beside the planner's best line-up."""
    whole = comparison.economy.budget * comparison.settings.rounds
    reached = [100 * run.figures.welfare / whole for run in comparison.runs]
    best = 100 * comparison.economy.best / whole
    figure = blank(height=_CHROME + _ROW * len(reached), x_title="per cent of all budgets")
    figure.add_bar(
        orientation="h",
        x=reached,
        y=list(range(len(reached))),
        marker=marks(_names(comparison)),
        text=[number(each, 0) for each in reached],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{x:.3g}<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        name="the planner's best line-up",
        mode="lines",
        x=[best, best],
        y=[-0.5, len(reached) - 0.5],
        line={"color": MUTED, "width": 2, "dash": "dash"},
        hovertemplate=f"the best line-up: {best:.3g}<extra></extra>",
    )
    by_member(figure, _names(comparison))
    room_for_numbers(figure, 3)
    return figure


def spent(comparison: Comparison) -> go.Figure:
    """Draw which part of the budgets members got, and which part was not."""
    runs = comparison.runs
    whole = comparison.economy.budget * comparison.settings.rounds
    parts = {
        "paid to members": ([100 * run.figures.paid / whole for run in runs], ACCENT),
        "unspent": ([100 * max(0, run.figures.surplus) / whole for run in runs], IDLE),
    }
    figure = blank(height=_CHROME + _ROW * len(runs), x_title="per cent of all budgets")
    for name, (lengths, colour) in parts.items():
        figure.add_bar(
            name=name,
            orientation="h",
            x=lengths,
            y=list(range(len(runs))),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"{name}: %{{x:.3g}}<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    by_member(figure, _names(comparison))
    return figure


def deviations(comparison: Comparison) -> go.Figure:
    """Draw what each deviation brings under each mechanism, cool where it pays."""
    kinds = kinds_of(comparison)
    found = {run.mechanism: {a.kind: a.gain for a in run.advantages} for run in comparison.runs}
    cells = [
        [100 * of[kind].value if kind in of else None for kind in kinds] for of in found.values()
    ]
    figure = blank(height=_CHROME + _ROW * len(found))
    grid(
        figure,
        [
            [None if cell is None else max(-100.0, min(100.0, cell)) for cell in row]
            for row in cells
        ],
        written=[
            ["" if cell is None else number(cell, 0, sign=True) for cell in row] for row in cells
        ],
        said=[[f"{label(name)}<br>{DEVIATIONS[kind]}" for kind in kinds] for name in found],
    )
    across(figure, [kind.replace("-", " ") for kind in kinds])
    by_member(figure, _names(comparison))
    return figure


def paid(comparison: Comparison) -> go.Figure:
    """Draw each member's part of all pay under each mechanism, beside what it contributed."""
    names = [person.name for person in comparison.people]
    columns = [contributed(comparison), *(shares(run, names) for run in comparison.runs)]
    cells = [[column[name] for column in columns] for name in names]
    titles = ["contributed", *map(short_label, _names(comparison))]
    figure = blank(height=_CHROME + _MEMBER * len(names))
    grid(
        figure,
        [[None if cell is None else 100 * cell for cell in row] for row in cells],
        written=[["" if cell is None else number(100 * cell, 1) for cell in row] for row in cells],
        said=[[f"{label(name)}<br>{title}" for title in titles] for name in names],
    )
    across(figure, titles)
    figure.update_xaxes(tickangle=-40)
    guilty = {p.name: p.behaviour for p in comparison.people if p.behaviour != "honest"}
    down(
        figure,
        [f"{label(name)} ({guilty[name]})" if name in guilty else label(name) for name in names],
    )
    return figure


def kinds_of(comparison: Comparison) -> list[str]:
    """Give the deviations that were tried, in their order."""
    tried = {advantage.kind for run in comparison.runs for advantage in run.advantages}
    return [kind for kind in DEVIATIONS if kind in tried]


def shares(run: Run, names: Sequence[str]) -> dict[str, float | None]:
    """Give each one's part of all pay; None where nobody was paid."""
    amounts = totals(names, [period.payments for period in run.periods])
    whole = sum(amounts.values())
    return {name: amount / whole if whole else None for name, amount in amounts.items()}


def contributed(comparison: Comparison) -> dict[str, float | None]:
    """Give each one's part of what was contributed under the first mechanism.

    Who did harm has a negative part.
    """
    names = [person.name for person in comparison.people]
    values = totals(names, [period.values for period in comparison.runs[0].periods])
    whole = sum(values.values())
    return {name: value / whole if whole > 0 else None for name, value in values.items()}


def _over_rounds(
    comparison: Comparison, y_title: str, of: Callable[[Run], list[float] | list[int]]
) -> go.Figure:
    figure = blank(height=360, x_title="round", y_title=y_title)
    names = _names(comparison)
    for run, look in zip(comparison.runs, looks(names), strict=True):
        figure.add_scatter(
            name=short_label(run.mechanism),
            mode="lines+markers",
            x=[period.number for period in run.periods],
            y=of(run),
            line={"color": look.colour, "width": 2},
            marker={"color": look.colour, "symbol": look.symbol, "size": 6},
            hovertemplate=f"{label(run.mechanism)}, round %{{x}}: %{{y:.4g}}<extra></extra>",
        )
    rounds = comparison.settings.rounds
    figure.update_xaxes(
        dtick=max(1, -(-rounds // _TICKS)), tickangle=0, range=[0.5, rounds + 0.5], zeroline=False
    )
    figure.update_yaxes(zeroline=False)
    return figure


def _names(comparison: Comparison) -> tuple[str, ...]:
    return tuple(run.mechanism for run in comparison.runs)
