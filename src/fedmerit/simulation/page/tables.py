"""Tables of a comparison: everything that its charts show, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.report.tables import NONE, Table
from fedmerit.report.units import number, short_tokens
from fedmerit.simulation.figures import totals
from fedmerit.simulation.page.charts import contributed, kinds_of, shares

if TYPE_CHECKING:
    from fedmerit.simulation.results import Comparison, Figures

#: What a row of figures says.
COLUMNS = (
    "Accuracy",
    "Welfare",
    "Price of anarchy",
    "Paid",
    "Unspent",
    "Stayed",
    "Mean exit",
    "Did not lose",
    "Gini",
    "Jain",
    "Rank correlation",
    "Core violation",
    "Detection",
)


def side_by_side(comparison: Comparison) -> Table:
    """Tabulate every mechanism's figures."""
    whole = comparison.economy.budget * comparison.settings.rounds
    return Table(
        caption="Shares are per cent; welfare, pay and what is unspent are of all budgets, members "
        "of all, and the core violation of all pay",
        columns=("Mechanism", *COLUMNS),
        rows=tuple((run.mechanism, *written(run.figures, whole)) for run in comparison.runs),
        by_member=True,
        shown=True,
    )


def brief(comparison: Comparison) -> Table:
    """Tabulate the figures that matter most, narrow enough for a terminal."""
    whole = comparison.economy.budget * comparison.settings.rounds
    rows = []
    for run in comparison.runs:
        found = run.figures
        gains = {each.kind: each.gain.value for each in run.advantages}
        worst = max(gains, key=gains.__getitem__, default=None)
        rows.append(
            (
                run.mechanism,
                percent(found.accuracy),
                percent(found.welfare / whole, 0),
                percent(found.paid / whole, 0),
                percent(found.retained, 0),
                decimal(found.gini),
                decimal(found.rank_correlation),
                NONE if worst is None else f"{number(100 * gains[worst], 0, sign=True)} {worst}",
            )
        )
    return Table(
        caption="Per cent; welfare and pay of all budgets, gains of an equal share of one",
        columns=(
            "Mechanism",
            "Right",
            "Welfare",
            "Paid",
            "Stayed",
            "Gini",
            "Rank",
            "Largest gain alone",
        ),
        rows=tuple(rows),
    )


def written(found: Figures, whole: int) -> tuple[str, ...]:
    """Write figures in the order of :data:`COLUMNS`.

    Args:
        found: The figures.
        whole: All budgets together, base units.
    """
    return (
        percent(found.accuracy),
        percent(found.welfare / whole),
        decimal(found.price_of_anarchy),
        percent(found.paid / whole),
        percent(found.surplus / whole),
        percent(found.retained, 0),
        NONE if found.exit is None else number(found.exit, 1),
        percent(found.willing),
        decimal(found.gini),
        decimal(found.jain),
        decimal(found.rank_correlation),
        NONE if found.core_violation is None else percent(found.core_violation),
        NONE if found.detection is None else decimal(found.detection.value),
    )


def deviations(comparison: Comparison) -> Table:
    """Tabulate what deviations bring, with intervals over the members that were seen to."""
    kinds = kinds_of(comparison)
    rows = []
    for run in comparison.runs:
        gains = {advantage.kind: advantage.gain for advantage in run.advantages}
        cells = (
            f"{number(100 * gains[kind].value, 0, sign=True)} "
            f"[{number(100 * gains[kind].low, 0)}, {number(100 * gains[kind].high, 0)}]"
            if kind in gains
            else NONE
            for kind in kinds
        )
        rows.append((run.mechanism, *cells))
    return Table(
        caption="Gain of who deviates alone, per cent of an equal share of the budget, "
        "with 95% intervals",
        columns=("Mechanism", *(kind.replace("-", " ") for kind in kinds)),
        rows=tuple(rows),
        by_member=True,
    )


def rounds(comparison: Comparison) -> Table:
    """Tabulate how good each model was, and how many members were still there, by round."""
    everyone = len(comparison.people)
    numbers = range(1, comparison.settings.rounds + 1)
    by_number = [
        ({period.number: period for period in run.periods}, run.exits) for run in comparison.runs
    ]
    return Table(
        caption="Accuracy in per cent, and members after the round",
        columns=("Round", *(run.mechanism for run in comparison.runs)),
        rows=tuple(
            (
                str(number_),
                *(
                    f"{percent(periods[number_].accuracy)} · "
                    f"{everyone - sum(left <= number_ for left in exits.values())}"
                    if number_ in periods
                    else NONE
                    for periods, exits in by_number
                ),
            )
            for number_ in numbers
        ),
    )


def pay(comparison: Comparison) -> Table:
    """Tabulate each one's part of all pay under each mechanism."""
    names = [person.name for person in comparison.people]
    columns = [contributed(comparison), *(shares(run, names) for run in comparison.runs)]
    cells = [[column[name] for column in columns] for name in names]
    return Table(
        caption="Per cent of what was contributed under the first mechanism, and of all pay",
        columns=("Member", "Contributed", *(run.mechanism for run in comparison.runs)),
        rows=tuple(
            (name, *(NONE if cell is None else percent(cell) for cell in row))
            for name, row in zip(names, cells, strict=True)
        ),
    )


def people(comparison: Comparison) -> Table:
    """Tabulate who took part, and when each left under which mechanism."""
    return Table(
        caption="Costs are tokens a round; then the round after which each left",
        columns=(
            "Member",
            "Does",
            "Chooses",
            "Rows",
            "Cost",
            *(run.mechanism for run in comparison.runs),
        ),
        rows=tuple(
            (
                person.name,
                person.behaviour + (", lies" if person.lies else ""),
                person.strategy,
                f"{person.rows:,}",
                short_tokens(person.cost),
                *(str(run.exits.get(person.name, NONE)) for run in comparison.runs),
            )
            for person in comparison.people
        ),
        prose=frozenset({1, 2}),
        shown=True,
    )


def money(comparison: Comparison) -> Table:
    """Tabulate what members got and gave, in tokens."""
    names = [person.name for person in comparison.people]
    rows = []
    for run in comparison.runs:
        costs = totals(names, [period.costs for period in run.periods])
        slashed = totals(names, [period.slashes for period in run.periods])
        rows.append(
            (
                run.mechanism,
                short_tokens(run.figures.paid),
                tokens(run.figures.surplus),
                short_tokens(int(sum(costs.values()))),
                short_tokens(int(sum(slashed.values()))),
                tokens(int(run.figures.welfare)),
            )
        )
    return Table(
        caption="Tokens of 18 decimals, all rounds together",
        columns=("Mechanism", "Paid", "Unspent", "Work", "Slashed", "Welfare"),
        rows=tuple(rows),
        by_member=True,
    )


def percent(part: float, decimals: int = 1) -> str:
    """Write a part of 1 as per cent, without the sign that the column's caption has."""
    return number(100 * part, decimals)


def decimal(value: float | None) -> str:
    """Write a number with two decimals, or a dash."""
    return NONE if value is None else number(value, 2)


def tokens(base_units: int) -> str:
    """Write an amount that may be negative in tokens."""
    return ("−" if base_units < 0 else "") + short_tokens(abs(base_units))  # noqa: RUF001 - a minus sign
