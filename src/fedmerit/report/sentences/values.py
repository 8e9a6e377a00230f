"""Sentences on what each participant is worth, and on whose rows that was measured."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.evidence import NANO
from fedmerit.report.figures.contributions import evaluators_of, readings
from fedmerit.report.sentences.wording import harmful, strong, value_of
from fedmerit.report.units import count, listed, number, percent, quantile

if TYPE_CHECKING:
    from fedmerit.evidence import ValuationDocument
    from fedmerit.report.findings import Findings

_UNIT: Final = "milli-nats per validation row"
#: A smaller share of all positive values is called small.
_SMALL: Final = 0.1
_MOST: Final = 8
#: Of more members the number of groups is not written out.
_COUNTABLE: Final = 24


def valuing(findings: Findings) -> list[Markup]:
    """Say how the values were found, and what they say."""
    return [_method(findings), _unit(), _finding(findings.valuation)]


def _method(findings: Findings) -> Markup:
    valuation, n = findings.valuation, len(findings.valuation.participants)
    worth = value_of(valuation, valuation.worth)
    if valuation.method == "leave-one-out":
        return Markup(
            "A member's value here is what everyone together would lose without it. These values "
            "need not add up to what everyone is worth, {worth} {unit}."
        ).format(worth=worth, unit=_UNIT)
    which = (
        f"each of the {valuation.evaluations:,} possible groups of members"
        if valuation.method == "exact"
        else f"{valuation.evaluations:,} random ones of the {_groups(n)} possible groups of members"
    )
    return Markup(
        "A member's value is what it adds to the group that was there before it, on average over "
        "all orders of joining (Shapley, 1953). To find it, the model was trained again for "
        "{which} and measured on {rows}. The values add up to what everyone together is worth: "
        "<strong>{worth} {unit}</strong>."
    ).format(
        which=which, rows=count(findings.validation_rows, "validation row"), worth=worth, unit=_UNIT
    )


def _groups(n: int) -> str:
    return f"{2**n:,}" if n <= _COUNTABLE else f"2^{n}"


def _unit() -> Markup:
    return Markup(
        "A milli-nat is a thousandth of a nat, the unit of log-likelihood: with 10 milli-nats "
        "more, the model gives the right answer a probability that is about 1% higher."
    )


def _finding(valuation: ValuationDocument) -> Markup:
    """Say who is first, who does harm, and what cannot be told from nothing."""
    best, most = max(
        zip(valuation.participants, valuation.values, strict=True), key=lambda pair: pair[1]
    )
    said = [Markup("{} contributed most, {}.").format(strong([best]), value_of(valuation, most))]
    if names := harmful(valuation):
        said.append(
            Markup("The model is better without {}: a negative value.").format(strong(names))
        )
    if names := _uncertain(valuation):
        said.append(
            Markup(
                "On these validation rows the contribution of {} cannot be told from nothing: the "
                "{} interval includes zero."
            ).format(strong(names), percent(valuation.confidence_ppm, 0))
        )
    return Markup(" ").join(said)


def _uncertain(valuation: ValuationDocument) -> list[str]:
    """Name the participants whose interval includes zero."""
    reach = quantile(valuation.confidence_ppm)
    everyone = zip(valuation.participants, valuation.values, valuation.standard_errors, strict=True)
    return [name for name, value, error in everyone if abs(value) <= reach * error]


def free_riders(findings: Findings) -> list[Markup]:
    """Say of each member whose every update was zero what it is, and why it has a value."""
    return [_free_rider(findings.valuation, name) for name in findings.training.idle]


def _free_rider(valuation: ValuationDocument, name: str) -> Markup:
    place = valuation.participants.index(name)
    value, reading = valuation.values[place], readings(valuation)[place]
    said = Markup(
        "{} is named as a free-rider and is paid nothing: every update it sent was zero, the "
        "model just as it had been sent to it."
    ).format(strong([name]))
    if value <= 0:
        return said + Markup(" Its value, {} {}, is not above zero.").format(reading, _UNIT)
    share = value / sum(max(0, each) for each in valuation.values)
    names = harmful(valuation)
    return said + Markup(
        " Its value is {size}above zero: {reading} {unit}, {share} of all positive values, with an "
        "interval that {clear}. This is no contribution of its own. An unchanged copy of the model "
        "pulls the average back to where it was, and so damps the step of a harmful member{whom}."
    ).format(
        size="small but " if share < _SMALL else "",
        reading=reading,
        unit=_UNIT,
        share=percent(round(share * 10**6)),
        clear="includes zero" if name in _uncertain(valuation) else "is clear of zero",
        whom=Markup(", here {}").format(strong(names)) if names else "",
    )


def judging(findings: Findings) -> list[Markup]:
    """Say whose validation rows the values were measured on."""
    valuation, total = findings.valuation, findings.validation_rows
    brought = {member.name: member.validation_rows for member in findings.federation.members}
    names = [valuation.participants[owner] for owner in evaluators_of(valuation)]
    shares = [
        f"{name} ({brought[name]:,}, {percent(round(brought[name] * 10**6 / total), 0)})"
        for name in names
    ]
    return [
        Markup(
            "A value is a mean over {} that {} pooled: {}. Who brings more rows has more say, and "
            "each column below says how much of every value shows on that member's own rows. Each "
            "line adds up to the value at its end."
        ).format(count(total, "validation row"), count(len(names), "member"), listed(shares, _MOST))
    ]


def odds(worth_nano: int) -> str:
    """Say in per cent what a gain in log-likelihood does to the right answer's probability."""
    change = exp(worth_nano / NANO) - 1
    how = "more" if change >= 0 else "less"
    return f"right answers held {number(abs(change) * 100, 0)}% {how} likely"
