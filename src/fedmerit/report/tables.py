"""Tables of values and payments, with units; money to the last base unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fedmerit.bundle.schemas import PayPartDocument
from fedmerit.bundle.suspicions import TO_LOOK_AT
from fedmerit.incentives.reasons import WHY, Reason
from fedmerit.report.figures.contributions import evaluators_of
from fedmerit.report.figures.payments import RESERVE
from fedmerit.report.readings import baselines
from fedmerit.report.units import (
    decimals_for,
    exact_tokens,
    milli,
    number,
    percent,
    unit,
    with_error,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fedmerit.bundle.schemas import OutcomeDocument, PayoutStep, ValuationDocument
    from fedmerit.bundle.suspicions import SuspicionDocument

NONE: Final = "–"  # noqa: RUF001 - a dash, as print has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, every cell already written out.

    Attributes:
        caption: What it shows, with the unit.
        columns: Titles; the first column names the row.
        rows: As many cells as there are columns.
        foot: A row of sums below a line, or none.
        by_member: Whether row *i* is participant *i*, whose colour it then carries.
        prose: Columns of words, by place, the first one aside; the others are numbers.
        shown: Whether it is not to be folded up below the charts.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[str, ...] = ()
    by_member: bool = False
    prose: frozenset[int] = frozenset()
    shown: bool = False


def contributions(valuation: ValuationDocument) -> Table:
    """Tabulate the values, their errors, and the simpler answers."""
    simpler = baselines(valuation)
    decimals = _decimals(valuation.values, *simpler.values())
    rows = zip(
        valuation.participants,
        intervals(valuation, decimals),
        _column(valuation.sampling_errors, decimals),
        _column(valuation.validation_errors, decimals),
        *((_column(valuation.training_errors, decimals),) if valuation.repeats > 1 else ()),
        *(_column(answers, decimals) for answers in simpler.values()),
        strict=True,
    )
    return Table(
        caption=f"Values in {unit(valuation).long}",
        columns=(
            "Member",
            f"Value ± {percent(valuation.confidence_ppm, 0)} interval",
            "s.e. of the method",
            "s.e. of the validation rows",
            *(("s.e. of the training",) if valuation.repeats > 1 else ()),
            *(title[:1].upper() + title[1:] for title in simpler),
        ),
        rows=tuple(rows),
        foot=(
            "Sum",
            number(milli(sum(valuation.values)), decimals),
            "",
            "",
            *(("",) if valuation.repeats > 1 else ()),
            *(number(milli(sum(answers)), decimals) for answers in simpler.values()),
        ),
        by_member=True,
    )


def intervals(valuation: ValuationDocument, decimals: int) -> list[str]:
    """Write each value with half the width of its interval."""
    pairs = zip(valuation.values, valuation.half_widths, strict=True)
    return [with_error(milli(value), milli(half), decimals) for value, half in pairs]


def payments(valuation: ValuationDocument, outcome: OutcomeDocument) -> Table:
    """Tabulate values and payments, exact in tokens and in base units."""
    decimals = _decimals(valuation.values)
    rows = [
        (
            name,
            number(milli(value), decimals),
            exact_tokens(paid),
            f"{paid:,}",
            _share(outcome, paid),
        )
        for name, value, paid in zip(
            outcome.participants, valuation.values, outcome.payments, strict=True
        )
    ]
    kept = outcome.reserve
    rows.append((RESERVE, NONE, exact_tokens(kept), f"{kept:,}", _share(outcome, kept)))
    budget = outcome.budget
    return Table(
        caption=f"Values in {unit(valuation).long}; payments in tokens of 18 decimals, exact",
        columns=("Member", "Value", "Payment, tokens", "Payment, base units", "Of the budget"),
        rows=tuple(rows),
        foot=("Budget", "", exact_tokens(budget), f"{budget:,}", _share(outcome, budget)),
        by_member=True,
    )


def payout(valuation: ValuationDocument, outcome: OutcomeDocument) -> Table:
    """Tabulate the way from each value to its payment."""
    decimals = _decimals([step.value for step in outcome.steps])
    counted = sum(step.counted for step in outcome.steps)
    rows = tuple(
        (
            step.name,
            number(milli(step.value), decimals, sign=True),
            _verdict(step),
            number(milli(step.counted), decimals),
            percent(round(step.counted * 10**6 / counted), 2) if counted else NONE,
            percent(step.share_ppm, 2),
            exact_tokens(step.payment),
        )
        for step in outcome.steps
    )
    paid = sum(step.payment for step in outcome.steps)
    return Table(
        caption=f"From value to payment; values in {unit(valuation).long}",
        columns=(
            "Member",
            "Value",
            "Therefore",
            "Counted",
            "Share of what counts",
            "Share of the budget",
            "Payment, tokens",
        ),
        rows=rows,
        foot=(
            "Sum",
            number(milli(sum(step.value for step in outcome.steps)), decimals, sign=True),
            "",
            number(milli(counted), decimals),
            "",
            percent(round(paid * 10**6 / outcome.budget), 2),
            exact_tokens(paid),
        ),
        by_member=True,
        prose=frozenset({2}),
    )


def parts(outcome: OutcomeDocument) -> Table:
    """Tabulate each payment step by step; the steps of a member add up to its payment."""
    rows = [
        (step.name if number == 0 else "", part.label, exact_tokens(part.amount))
        for step in sorted(outcome.steps, key=lambda step: -step.payment)
        for number, part in enumerate((*step.parts, _total(step)))
    ]
    return Table(
        caption="Each payment step by step, in tokens, exact",
        columns=("Member", "Step", "Tokens"),
        rows=tuple(rows),
        prose=frozenset({1}),
    )


def _total(step: PayoutStep) -> PayPartDocument:
    title = "is paid" if step.payment else f"is paid nothing: {_verdict(step)}"
    return PayPartDocument(label=title, amount=step.payment)


def round_values(valuation: ValuationDocument) -> Table:
    """Tabulate the values of every round."""
    numbers = [value for point in valuation.curve for value in point.values]
    decimals = _decimals(numbers)
    return Table(
        caption=f"Values of each round ± one standard error, in {unit(valuation).long}",
        columns=("Round", *valuation.participants),
        rows=tuple(
            (
                str(point.round),
                *(
                    with_error(milli(value), milli(error), decimals)
                    for value, error in zip(point.values, point.standard_errors, strict=True)
                ),
            )
            for point in valuation.curve
        ),
    )


def evaluators(valuation: ValuationDocument) -> Table:
    """Tabulate what each member's validation rows add to each value."""
    owners = evaluators_of(valuation)
    decimals = _decimals(valuation.values, *valuation.by_owner)
    rows = tuple(
        (name, *_column([of[owner] for owner in owners], decimals), number(milli(value), decimals))
        for name, of, value in zip(
            valuation.participants, valuation.by_owner, valuation.values, strict=True
        )
    )
    columns = [f"on {valuation.participants[owner]}'s rows" for owner in owners]
    return Table(
        caption=f"What each evaluator's validation rows add to a value, in {unit(valuation).short}",
        columns=("Value of", *columns, "Value"),
        rows=rows,
        by_member=True,
    )


def suspicion(valuation: ValuationDocument, found: SuspicionDocument) -> Table:
    """Tabulate how suspicious each member is, and for what."""
    return Table(
        caption="Scores in robust deviations from the median member; "
        f"{TO_LOOK_AT // 1000} or more is to be looked at",
        columns=("Member", "Score", "For what"),
        rows=tuple(
            (
                name,
                number(score / 1000, 1, sign=True),
                "; ".join(found.reasons(place)) or "nothing that stands out",
            )
            for place, (name, score) in enumerate(
                zip(valuation.participants, found.scores, strict=True)
            )
        ),
        by_member=True,
        prose=frozenset({2}),
        shown=True,
    )


def _column(numbers: Iterable[int], decimals: int) -> list[str]:
    return [number(milli(each), decimals) for each in numbers]


def _decimals(*columns: Sequence[int]) -> int:
    return decimals_for(milli(each) for column in columns for each in column)


def _share(outcome: OutcomeDocument, amount: int) -> str:
    return percent(round(amount * 10**6 / outcome.budget), 2)


def _verdict(step: PayoutStep) -> str:
    return WHY[Reason(step.reason)]
