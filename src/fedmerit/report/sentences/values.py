"""Sentences on what each participant is worth, and on whose rows that was measured."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.incentives import METHODS
from fedmerit.incentives.methods import SHAPLEY, reads_rounds
from fedmerit.report.figures.comparison import beyond
from fedmerit.report.figures.contributions import evaluators_of, readings, readings_by_name
from fedmerit.report.readings import baselines, order, uncertain
from fedmerit.report.sentences.wording import harmful, strong, value_of
from fedmerit.report.units import count, listed, number, percent, unit
from fedmerit.units import NANO

if TYPE_CHECKING:
    from fedmerit.bundle.schemas import ValuationDocument
    from fedmerit.report.findings import Findings

#: A smaller share of all positive values is called small.
_SMALL: Final = 0.1
_MOST: Final = 8
#: Of more members the number of groups is not written out.
_COUNTABLE: Final = 24


def valuing(findings: Findings) -> list[Markup]:
    """Say how the values were found, what they say, and what to hold them against."""
    valuation = findings.valuation
    return [_method(findings), _unit(valuation), _finding(valuation), _comparing(valuation)]


def _method(findings: Findings) -> Markup:
    valuation = findings.valuation
    if valuation.method in SHAPLEY:
        what = Markup(
            "A member's value is what it adds to the group that was there before it, on average "
            "over all orders of joining (Shapley, 1953)."
        )
    else:
        summary = (METHODS[valuation.method].__doc__ or "").splitlines()[0].rstrip(".")
        what = Markup("A member's value here is by <em>{}</em>: {}.").format(
            valuation.method, summary[:1].lower() + summary[1:]
        )
    return Markup(" ").join([what, _measuring(findings), _adding_up(valuation)])


def _measuring(findings: Findings) -> Markup:
    """Say which groups were measured, and how."""
    valuation, n = findings.valuation, len(findings.valuation.participants)
    groups = f"possible group{'' if n == 1 else 's'} of members (coalitions)"
    if reads_rounds(valuation.method):
        return Markup(
            "To find it, the updates that the members sent were averaged again, {}, for {} pairs "
            "of a round and a group of those who took part in it, and each average was measured "
            "on {}. Nothing was trained again."
        ).format(
            weighing(findings.scenario.valuation.weights),
            f"{valuation.evaluations:,}",
            count(findings.validation_rows, "validation row"),
        )
    which = (
        f"each of the {valuation.evaluations:,} {groups}"
        if n <= _COUNTABLE and valuation.evaluations == 2**n
        else f"{valuation.evaluations:,} of the {_groups(n)} {groups}"
    )
    rows = count(findings.validation_rows, "validation row")
    if valuation.game == "retraining":
        return Markup("To find it, the model was trained again for {} and measured on {}.").format(
            which, rows
        )
    if valuation.game == "embeddings":
        return Markup(
            "To find it, the label holder fitted a model on what it had seen of the members of {} "
            "and measured it on {}. Nothing was trained again."
        ).format(which, rows)
    return Markup(
        "To find it, the updates that the members sent were averaged again for {}, round by "
        "round and {}, and each average was measured on {}. Nothing was trained again."
    ).format(which, weighing(findings.scenario.valuation.weights), rows)


def weighing(weights: str) -> str:
    """Say what members weigh when others are absent."""
    if weights == "fixed":
        return "with everyone's weight as it was"
    return "with the weights of those who are in made to add up to one"


def _adding_up(valuation: ValuationDocument) -> Markup:
    total, worth = sum(valuation.values), value_of(valuation, valuation.worth)
    if abs(total - valuation.worth) <= len(valuation.values):
        return Markup(
            "The values add up to what everyone together is worth: <strong>{} {}</strong>."
        ).format(worth, unit(valuation).long)
    return Markup(
        "These values need not add up to what everyone is worth, {} {}: they come to {}."
    ).format(worth, unit(valuation).long, value_of(valuation, total))


def _groups(n: int) -> str:
    return f"{2**n:,}" if n <= _COUNTABLE else f"2^{n}"


def _unit(valuation: ValuationDocument) -> Markup:
    if valuation.metric == "accuracy":
        return Markup("One per mille is one more right answer in a thousand validation rows.")
    if valuation.metric == "squared-error":
        return Markup(
            "One per mille is a mean squared error that is smaller by a thousandth of the label's "
            "variance over the training rows."
        )
    if valuation.metric != "loss":
        return Markup(
            "The metric is {}, which is no mean over rows: what is said of single rows, and the "
            "intervals, are by the jackknife, from what leaving out each row changes."
        ).format(valuation.metric)
    return Markup(
        "A milli-nat is a thousandth of a nat, the unit of log-likelihood: with 10 milli-nats "
        "more, the model gives what is right a probability that is about 1% higher."
    )


def _comparing(valuation: ValuationDocument) -> Markup:
    """Say what the marks below the bars are."""
    said = Markup(
        "In the second chart the dot is the value with its interval, and the marks below it are "
        "what simpler answers would give; nobody is paid by them: what everyone would lose without "
        "the member (leave-one-out), what it is worth alone, and everyone's worth split by "
        "declared rows or evenly."
    )
    if beyond(valuation):
        said += Markup(" A mark with a number beside it lies further out than there is room for.")
    if not valuation.alignment:
        return said
    if "gradient alignment" not in baselines(valuation):
        return said + Markup(
            " A second opinion, how far each one's recorded updates went down the validation "
            "loss, comes to nothing in sum and is not drawn."
        )
    said += Markup(
        " Gradient alignment is a second opinion: how far each one's recorded updates went down "
        "the validation loss, scaled to the same total."
    )
    scores = zip(valuation.participants, valuation.alignment, strict=True)
    if against := [name for name, score in scores if score < 0]:
        said += Markup(" By it, the updates of {} pointed the wrong way.").format(strong(against))
    return said


def _finding(valuation: ValuationDocument) -> Markup:
    """Say who is first, who does harm, and what cannot be told from nothing."""
    best, reading = readings_by_name(valuation)[order(valuation)[0]]
    said = [
        Markup("{} contributed most, {} {}.").format(strong([best]), reading, unit(valuation).short)
    ]
    if names := harmful(valuation):
        said.append(
            Markup("The model is better without {}: a negative value.").format(strong(names))
        )
    if names := uncertain(valuation):
        said.append(
            Markup(
                "On these validation rows the contribution of {} cannot be told from nothing: the "
                "{} interval includes zero."
            ).format(strong(names), percent(valuation.confidence_ppm, 0))
        )
    return Markup(" ").join(said)


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
        return said + Markup(" Its value, {} {}, is not above zero.").format(
            reading, unit(valuation).long
        )
    share = value / sum(max(0, each) for each in valuation.values)
    names = harmful(valuation)
    return said + Markup(
        " Its value is {size}above zero: {reading} {unit}, {share} of all positive values, with an "
        "interval that {clear}. This is no contribution of its own. An unchanged copy of the model "
        "pulls the average back to where it was, and so damps the step of a harmful member{whom}."
    ).format(
        size="small but " if share < _SMALL else "",
        reading=reading,
        unit=unit(valuation).long,
        share=percent(round(share * 10**6)),
        clear="includes zero" if name in uncertain(valuation) else "is clear of zero",
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


def gained(valuation: ValuationDocument) -> str:
    """Say what the gain of everyone together does to the right answers."""
    mean = f", on average over {valuation.repeats} trainings" if valuation.repeats > 1 else ""
    if valuation.metric == "accuracy":
        return "more right answers" if valuation.worth >= 0 else "fewer right answers"
    if valuation.metric != "loss":
        return "better than the untrained model" if valuation.worth >= 0 else "worse than untrained"
    change = exp(valuation.worth / NANO) - 1
    how = "more" if change >= 0 else "less"
    return f"what is right held {number(abs(change) * 100, 0)}% {how} likely{mean}"
