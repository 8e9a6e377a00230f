"""From a comparison to one HTML file; the same comparison always gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.provenance import versions
from fedmerit.report.headline import KeyFigure
from fedmerit.report.layout import Chart, Section
from fedmerit.report.page import page
from fedmerit.report.units import count, exact_tokens, listed, number
from fedmerit.simulation.page import charts, tables

if TYPE_CHECKING:
    from fedmerit.simulation.results import Comparison, Run

#: Pixels that a column of a grid needs for its numbers.
_COLUMN: Final = 62
_NAMES: Final = 190
_MOST: Final = 3


def render(comparison: Comparison) -> str:
    """Give the whole page, as HTML."""
    return page(
        title=f"{comparison.scenario}, {count(len(comparison.runs), 'mechanism')}",
        eyebrow=f"fedmerit simulation · {count(comparison.settings.rounds, 'round')} · "
        f"seed {comparison.seed}",
        lead=comparison.description,
        figures=_strip(comparison),
        sections=[_compared(comparison), *_sections(comparison)],
        members=tuple(run.mechanism for run in comparison.runs),
        written=f"Written by fedmerit {versions()['fedmerit']}.",
    )


def _strip(comparison: Comparison) -> list[KeyFigure]:
    runs = comparison.runs
    whole = comparison.economy.budget * comparison.settings.rounds
    everyone = len(comparison.people)
    best = max(runs, key=lambda run: run.figures.welfare)
    keen = max(runs, key=lambda run: run.figures.retained)
    right = max(runs, key=lambda run: run.figures.accuracy)
    figures = [
        KeyFigure(
            "Most welfare",
            f"{tables.percent(best.figures.welfare / whole, 0)}%",
            best.mechanism,
            "of all budgets; a planner reached "
            f"{tables.percent(comparison.economy.best / whole, 0)}%",
        ),
        KeyFigure(
            "Best model",
            f"{tables.percent(right.figures.accuracy)}%",
            right.mechanism,
            "accuracy after the last round",
        ),
        KeyFigure(
            "Most members kept",
            f"{round(keen.figures.retained * everyone)} of {everyone}",
            keen.mechanism,
            "after the last round",
        ),
    ]
    if any(run.advantages for run in runs):
        soft, hard = max(runs, key=_softest), min(runs, key=_softest)
        figures += [_played("Easiest to play", soft), _played("Hardest to play", hard)]
    done, of = comparison.trained
    figures.append(
        KeyFigure(
            "Rounds trained",
            f"{done:,}",
            f"of {of:,}",
            "runs that went alike were trained once",
        )
    )
    return figures


def _softest(run: Run) -> float:
    return max(advantage.gain.value for advantage in run.advantages)


def _played(label: str, run: Run) -> KeyFigure:
    worst = max(run.advantages, key=lambda advantage: advantage.gain.value)
    gain = number(100 * worst.gain.value, 0, sign=True)
    note = f"of an equal share, by {worst.kind.replace('-', ' ')}"
    return KeyFigure(label, f"{gain}%", run.mechanism, note)


def _compared(comparison: Comparison) -> Section:
    settings, economy = comparison.settings, comparison.economy
    return Section(
        id="compared",
        title="Side by side",
        text=[
            Markup(  # noqa: S704 - numbers and our own words
                f"The same {len(comparison.people)} members, rows, draws and costs under "
                f"{count(len(comparison.runs), 'mechanism')}, for "
                f"{count(settings.rounds, 'round')} of {exact_tokens(economy.budget)} tokens. "
                f"All work of a round costs {tables.percent(settings.cost, 0)}% of its budget"
                f"{', half of it a quarter of that' if settings.rising else ''}. A "
                "member leaves when its moving average of pay and benefit, less slashes and costs, "
                f"stays below what it has elsewhere for {count(settings.patience.rounds, 'round')}."
            ),
            Markup(
                "Welfare is what the models bring in, round by round, less what the work cost; a "
                "model as good as everybody's brings in the budget. The price of anarchy is the "
                "welfare of the best line-up that a planner tried, over this one. Detection is the "
                "area under the ROC curve of suspicion, for those that do not do what was agreed."
            ),
        ],
        tables=(tables.side_by_side(comparison),),
    )


def _sections(comparison: Comparison) -> list[Section]:
    found = [_course(comparison), _money(comparison), _paid(comparison), _people(comparison)]
    if charts.kinds_of(comparison):
        found.insert(2, _deviating(comparison))
    return found


def _course(comparison: Comparison) -> Section:
    gone = [run.mechanism for run in comparison.runs if run.exits]
    said = f"Members left under {listed(gone, _MOST)}." if gone else "Nobody left."
    return Section(
        id="course",
        title="How the model and the consortium went on",
        text=[Markup(said)],  # noqa: S704 - names of our own mechanisms
        charts=(
            Chart(
                id="chart-accuracy",
                title="Accuracy of the joint model",
                alt="A line a mechanism over the rounds: the joint model's accuracy.",
                figure=charts.accuracy(comparison),
                by_member=True,
            ),
            Chart(
                id="chart-present",
                title="Members that are still there",
                alt="A line a mechanism over the rounds: how many members are still there.",
                figure=charts.present(comparison),
                by_member=True,
            ),
        ),
        tables=(tables.rounds(comparison),),
    )


def _money(comparison: Comparison) -> Section:
    names = comparison.economy.best_names
    return Section(
        id="money",
        title="What it came to",
        text=[
            Markup("The best line-up that a planner tried is of {}: {}.").format(
                count(len(names), "member"), listed(names, _MOST)
            )
        ],
        charts=(
            Chart(
                id="chart-welfare",
                title="Welfare",
                alt="A bar a mechanism, and a line where the best line-up lies.",
                figure=charts.welfare(comparison),
            ),
            Chart(
                id="chart-spent",
                title="Where the budgets went",
                alt="A bar a mechanism: what was paid to members, and what was not.",
                figure=charts.spent(comparison),
            ),
        ),
        tables=(tables.money(comparison),),
    )


def _deviating(comparison: Comparison) -> Section:
    settings = comparison.settings
    columns = len(charts.kinds_of(comparison))
    ring = " In a ring they do so together." if "bid-ring" in charts.kinds_of(comparison) else ""
    return Section(
        id="deviating",
        title="What deviating alone would bring",
        text=[
            Markup(  # noqa: S704 - numbers and our own words
                f"{count(settings.deviators, 'honest member')} did something else for the whole "
                "run, one at a time, under the same seed, while everybody else was as before. "
                f"Cool is a gain: the mechanism invites it.{ring}"
            )
        ],
        charts=(
            Chart(
                id="chart-deviations",
                title="Gain a round, per cent of an equal share of the budget",
                alt="A grid of mechanisms and deviations: what each deviation brings.",
                figure=charts.deviations(comparison),
                least_width=_NAMES + 90 * columns,
                wide=True,
            ),
        ),
        tables=(tables.deviations(comparison),),
    )


def _paid(comparison: Comparison) -> Section:
    return Section(
        id="paid",
        title="Who was paid",
        text=[
            Markup(
                "Each one's part of all pay, beside its part of what was contributed under the "
                "first mechanism; who did harm has a negative part."
            )
        ],
        charts=(
            Chart(
                id="chart-paid",
                title="Per cent of all pay",
                alt="A grid of members and mechanisms: each one's part of all pay.",
                figure=charts.paid(comparison),
                least_width=_NAMES + _COLUMN * (len(comparison.runs) + 1),
                wide=True,
            ),
        ),
        tables=(tables.pay(comparison),),
    )


def _people(comparison: Comparison) -> Section:
    return Section(
        id="members",
        title="Members",
        text=[Markup("Who took part, and who left when.")],
        tables=(tables.people(comparison),),
    )
