"""The first screen: who gets how much, how sure that is, and why, in one row a member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.reasons import WHY, Reason
from fedmerit.report.readings import order, steps
from fedmerit.report.units import (
    adding_up,
    decimals_for,
    exact_tokens,
    in_words,
    milli,
    percent,
    short_tokens,
    unit,
    with_error,
)

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import OutcomeDocument, ValuationDocument
    from fedmerit.report.findings import Findings

#: Of the bar of a value, in pixels.
_WIDTH: Final = 120
_MIDDLE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One member.

    Attributes:
        place: In the documents' order, which colours follow.
        name: Its name.
        tokens: What it is paid; all of them add up as they are shown.
        share: Of the budget.
        interval: Between what its pay lies; a dash where that is not known.
        value_share: Its value as a part of what everyone together is worth.
        value: The same in its unit, with its interval.
        bar: The value drawn, with its interval.
        why: One line.
    """

    place: int
    name: str
    tokens: str
    share: str
    interval: str
    value_share: str
    value: str
    bar: Markup
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader came for.

    Attributes:
        sentence: All of it in short.
        confidence: Of the intervals.
        rows: The members, sorted by pay.
        notes: What the rows cannot say, in a sentence each.
    """

    sentence: str
    confidence: str
    rows: tuple[AnswerRow, ...]
    notes: tuple[str, ...]


def answer(findings: Findings) -> Answer:
    """Give the answer of a settled bundle."""
    valuation, outcome = findings.valuation, findings.outcome
    by_value = order(valuation)
    by_pay = sorted(by_value, key=lambda place: -outcome.payments[place])
    shown = adding_up([*outcome.payments, outcome.reserve])
    return Answer(
        sentence=sentence(valuation, outcome),
        confidence=percent(valuation.confidence_ppm, 0),
        rows=tuple(_row(findings, place, shown[place]) for place in by_pay),
        notes=tuple(_notes(findings)),
    )


def sentence(valuation: ValuationDocument, outcome: OutcomeDocument) -> str:
    """Say how many are paid, and whether it is certain who of them contributed more."""
    n, paid = len(outcome.steps), {i for i, amount in enumerate(outcome.payments) if amount}
    if not paid:
        return f"Nobody is paid: all {exact_tokens(outcome.budget)} tokens stay in the reserve."
    who = "All" if len(paid) == n else in_words(len(paid)).capitalize()
    of = "" if len(paid) == n else f" of {in_words(n)}"
    many = f"{who}{of} {'is' if len(paid) == 1 else 'are'} paid"
    if n == 1:
        many = "The one member is paid"
    if len(paid) == 1:
        return f"{many}."
    among = [step for step in steps(valuation) if step.upper in paid and step.lower in paid]
    doubtful = sum(not step.certain for step in among)
    if valuation.errors == "unstated":
        rest = "how sure the order among them is, this method does not say"
    elif not doubtful:
        rest = "who of them contributed more is certain"
    elif doubtful == len(among):
        rest = "who of them contributed more is not certain"
    else:
        rest = "who of them contributed more is certain only in part"
    return f"{many}; {rest}."


def why(findings: Findings, place: int) -> str:
    """Say in one line why a member is paid what it is."""
    valuation, step = findings.valuation, findings.outcome.steps[place]
    offers = findings.bids.offers if findings.bids else ()
    asks = [short_tokens(offer.cost) for offer in offers if offer.name == step.name]
    asked = f"asked {asks[0]}" if asks else ""
    reason = Reason(step.reason)
    unclear = valuation.errors != "unstated" and abs(step.value) <= valuation.half_widths[place]
    if reason is Reason.NOT_BOUGHT and asked:
        return f"{asked}: not bought"
    if reason is Reason.HARMFUL and unclear:
        return "whether it helps cannot be told from chance"
    if reason is not Reason.PAID:
        return WHY[reason]
    if asked:
        return f"{asked}: bought, at the rule's price"
    if unclear:
        return "helps, but not clearly: that could be chance"
    return "helps the model" if step.value > 0 else "paid whatever its value"


def _row(findings: Findings, place: int, tokens: str) -> AnswerRow:
    valuation, outcome = findings.valuation, findings.outcome
    value, half = valuation.values[place], valuation.half_widths[place]
    decimals = decimals_for(map(milli, valuation.values))
    return AnswerRow(
        place=place,
        name=outcome.participants[place],
        tokens=tokens,
        share=percent(outcome.steps[place].share_ppm),
        interval=pay_interval(outcome, place),
        value_share=percent(round(value * 10**6 / valuation.worth), 0)
        if valuation.worth > 0
        else "–",  # noqa: RUF001 - a dash, as print has it
        value=f"{with_error(milli(value), milli(half), decimals)} {unit(valuation).short}",
        bar=_bar(valuation, place),
        why=why(findings, place),
    )


def pay_interval(outcome: OutcomeDocument, place: int) -> str:
    """Write between what a payment lies, in tokens; a dash where that is not known."""
    found, step = outcome.intervals, outcome.steps[place]
    if found is None or step.barred:  # whoever is left out is, whatever chance does
        return "–"  # noqa: RUF001 - a dash
    low, high = found.lows[place], found.highs[place]
    if low == high:
        return short_tokens(low)
    return f"{_rounded(low)} to {_rounded(high)}"


def _rounded(base_units: int) -> str:
    """Write tokens without digits that an interval has no use for."""
    whole = base_units // 10**18
    return f"{whole:,}" if whole >= 10 or not base_units else short_tokens(base_units)  # noqa: PLR2004 - two digits


def _notes(findings: Findings) -> list[str]:
    outcome = findings.outcome
    rule = (MECHANISMS[outcome.mechanism].__doc__ or "").splitlines()[0]
    said = [f"The rule, {outcome.mechanism}: {rule}"]
    if any(outcome.payments) and outcome.reserve:
        *_, kept = adding_up([*outcome.payments, outcome.reserve])
        said.append(
            f"Of the budget of {exact_tokens(outcome.budget)} tokens, {kept} stay in the reserve."
        )
    if outcome.intervals is None:
        said.append(
            f"How sure the payments are is not known: {outcome.mechanism} looks at more than "
            "values, or refuses values that might have been."
        )
    return said


def _bar(valuation: ValuationDocument, place: int) -> Markup:
    """Draw a value from zero, and its interval, on the scale that all members share."""
    pairs = list(zip(valuation.values, valuation.half_widths, strict=True))
    low = min(0, *(value - half for value, half in pairs))
    high = max(0, *(value + half for value, half in pairs))

    def at(nano: int) -> str:
        return f"{(nano - low) * _WIDTH / (high - low or 1):.1f}"

    value, half = pairs[place]
    left, right = sorted((0, value))
    return Markup(
        '<svg class="bar" viewBox="0 0 {w} 16" width="{w}" height="16" aria-hidden="true">'
        '<rect x="{x}" y="3" width="{wide}" height="10"/>'
        '<path d="M{zero} 0V16" class="zero"/>'
        '<path d="M{low} {y}H{high}M{low} 5V11M{high} 5V11" class="whisker"/></svg>'
    ).format(
        w=_WIDTH,
        x=at(left),
        wide=f"{(right - left) * _WIDTH / (high - low or 1):.1f}",
        zero=at(0),
        low=at(value - half),
        high=at(value + half),
        y=_MIDDLE,
    )
