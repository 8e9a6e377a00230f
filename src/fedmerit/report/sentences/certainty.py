"""Sentences on how sure the values are, and on which members complete each other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.bundle.intervals import left_out, sources
from fedmerit.bundle.schemas import VALUATION
from fedmerit.incentives.methods import reads_rounds
from fedmerit.report.readings import pairs, steps
from fedmerit.report.sentences.wording import strong, value_of
from fedmerit.report.units import chance, count, decimals_for, listed, milli, number, percent, unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.bundle.schemas import InteractionsDocument, ValuationDocument
    from fedmerit.report.findings import Findings
    from fedmerit.report.readings import Pair

_MOST: Final = 4
_FOUND: Final[Mapping[str, str]] = MappingProxyType(
    {
        "analytic": "computed from how much the independent draws of groups differ (analytic)",
        "bootstrap": "found by drawing again, many times, from the groups drawn (bootstrap)",
        "cross-fit": "found on groups that the fitted model of the game had not seen (cross-fit)",
    }
)


def trusting(findings: Findings, *, paired: bool) -> list[Markup]:
    """Say why this method, what its intervals hold, how it came to rest, and who is above whom.

    Args:
        findings: Of the bundle.
        paired: Whether the page shows every pair's probability.
    """
    valuation = findings.valuation
    return [
        Markup(" ").join([_chosen(findings), _errors(findings), _converged(findings)]),
        Markup(" ").join([_ranked(valuation), *_pairs(valuation, paired=paired)]),
    ]


def _chosen(findings: Findings) -> Markup:
    valuation = findings.valuation
    if valuation.reason and reads_rounds(valuation.method):
        return Markup("The method, <em>{}</em>, is the one that the scenario asks for; {}.").format(
            valuation.method, valuation.reason
        )
    if valuation.reason:
        return Markup("The method, <em>{}</em>, was chosen automatically: {}.").format(
            valuation.method, valuation.reason
        )
    return Markup("The method, <em>{}</em>, is the one that the scenario asks for.").format(
        valuation.method
    )


def _errors(findings: Findings) -> Markup:
    """Say which errors the intervals hold."""
    valuation = findings.valuation
    said = _drawn_errors(findings)
    if valuation.repeats == 1:
        return said
    trained = sources(valuation, findings.scenario)[-1]
    error = max(trained.errors or (0,))
    return said + Markup(
        " They hold {} as well: every group was trained {} times, with other initial weights and "
        "batches each time, those of the run among them, and the values are means over that. By "
        "itself it leaves an error of up to {} {} (s.e.)."
    ).format(trained.name, valuation.repeats, value_of(valuation, error), unit(valuation).short)


def leaving_out(findings: Findings) -> Markup:
    """Say which sources the intervals leave out that people are paid by; nothing if none."""
    names = left_out(findings.valuation, findings.scenario)
    if not names:
        return Markup()
    level = percent(findings.valuation.confidence_ppm, 0)
    why = (
        "every group was trained once, and valuation.repeats would have it trained again"
        if findings.valuation.game == "retraining"
        else "what was recorded is of one training"
    )
    return Markup(
        "The {} intervals on this page <strong>leave out {}</strong>: {}. Another seed may move "
        "the values by more than they say."
    ).format(level, listed(names, len(names)), why)


def _drawn_errors(findings: Findings) -> Markup:
    valuation = findings.valuation
    rows = count(findings.validation_rows, "validation row")
    level = percent(valuation.confidence_ppm, 0)
    if valuation.errors == "none":
        return Markup(
            "It draws nothing at random, so its {} intervals (Student's t) hold one error: that "
            "the groups were measured on these {} and not on others."
        ).format(level, rows)
    return Markup(
        "Its {} intervals (Student's t) hold two errors: that some groups were drawn and not "
        "others, {}, and that they were measured on these {} and not on others."
    ).format(level, _FOUND[valuation.errors], rows)


def _converged(findings: Findings) -> Markup:
    valuation, width = findings.valuation, findings.scenario.valuation.interval_width
    if len(valuation.trace) < 2:  # noqa: PLR2004 - a curve needs two points
        return Markup("It asks for all it needs at once, so there is nothing to converge.")
    before, last = valuation.trace[-2:]
    moved = max(abs(a - b) for a, b in zip(before.values, last.values, strict=True))
    said = Markup(
        "The estimate was looked at {} times on the way; from {} groups to {} the values moved by "
        "at most {} {}."
    ).format(
        len(valuation.trace),
        f"{before.evaluations:,}",
        f"{last.evaluations:,}",
        value_of(valuation, moved),
        unit(valuation).short,
    )
    if width is not None and 2 * max(valuation.half_widths) <= round(width * 10**9):
        said += Markup(" There it stopped, with every interval as narrow as the scenario asks for.")
    return said


def _ranked(valuation: ValuationDocument) -> Markup:
    """Say which steps of the order nobody should act on."""
    found = steps(valuation)
    level = percent(valuation.confidence_ppm, 0)
    doubtful = [step for step in found if not step.certain]
    if not found:
        return Markup("There is nobody to rank it against.")
    if not doubtful:
        return Markup(
            "People act on ranks, and here they may: each member outranks the next with a "
            "probability of {} or more."
        ).format(level)
    names = valuation.participants
    said = [
        f"{names[step.upper]} above {names[step.lower]} ({chance(step.ppm)})" for step in doubtful
    ]
    return Markup(
        "People act on ranks, so mind which of them are sure. Of {} in the order below, {} at "
        "{}: {}."
    ).format(
        count(len(found), "step"),
        _how_many(len(doubtful), of=len(found)),
        level,
        listed(said, _MOST),
    )


def _how_many(doubtful: int, *, of: int) -> str:
    if doubtful == of:
        return "none is certain" if of > 1 else "it is not certain"
    return "one is not certain" if doubtful == 1 else f"{doubtful} are not certain"


def _pairs(valuation: ValuationDocument, *, paired: bool) -> list[Markup]:
    """Say where the probability of every pair is to be found."""
    if len(valuation.participants) == 1:
        return []
    if paired:
        return [
            Markup(
                "The grid has every pair: blue is certain, the more orange the nearer to tossing a "
                "coin."
            )
        ]
    return [Markup("<code>{}</code> has the probability for every pair.").format(VALUATION)]


def completing(valuation: ValuationDocument, found: InteractionsDocument) -> list[Markup]:
    """Say which pairs complete each other and which stand in for each other."""
    ordered = pairs(valuation, found)
    said = [
        Markup(
            "The grid shows what two members add together that neither adds alone, on average "
            "over the groups of the others (Shapley interaction; Grabisch and Roubens, 1999). "
            "Below zero one can partly stand in for the other. Above zero they complete each "
            "other, or one makes up for harm that the other does."
        )
    ]
    if ordered[0].value < 0:
        said.append(_extreme("stand in for each other most", ordered[0], valuation))
    if ordered[-1].value > 0:
        said.append(_extreme("complete each other most", ordered[-1], valuation))
    unclear = sum(not pair.clear for pair in ordered)
    if unclear:
        said.append(
            Markup("Of {}, {} cannot be told from nothing at {}.").format(
                count(len(ordered), "pair"), unclear, percent(valuation.confidence_ppm, 0)
            )
        )
    return [Markup(" ").join(said)]


def not_completing(valuation: ValuationDocument) -> Markup:
    """Say why there are no interactions to show."""
    n = len(valuation.participants)
    if n == 1:
        return Markup("There is one member only, and so no pair that could complete each other.")
    if reads_rounds(valuation.method):
        return Markup(
            "Which members complete each other and which stand in for each other is not shown: "
            "the groups were measured in each round, and not over the whole run."
        )
    return Markup(
        "Which members complete each other and which stand in for each other is not shown: for "
        "that, each of the 2<sup>{}</sup> possible groups would have to be measured, and {} were."
    ).format(n, f"{valuation.evaluations:,}")


def _extreme(what: str, pair: Pair, valuation: ValuationDocument) -> Markup:
    decimals = decimals_for([milli(pair.value)])
    return Markup("{} {}, by {} ± {} (s.e.) {}.").format(
        strong(pair.names),
        what,
        number(milli(pair.value), decimals, sign=True),
        number(milli(pair.error), decimals),
        unit(valuation).short,
    )
