"""Sentences on what each participant is paid, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from fedmerit.incentives import MECHANISMS
from fedmerit.report.sentences.wording import strong, value_of
from fedmerit.report.units import count, exact_tokens, unit

if TYPE_CHECKING:
    from fedmerit.report.findings import Findings


def paying(findings: Findings) -> list[Markup]:
    """Say by which rule the budget was split, and what came of it."""
    outcome = findings.outcome
    rule = (MECHANISMS[outcome.mechanism].__doc__ or "").splitlines()[0].rstrip(".")
    paid = [step.name for step in outcome.steps if step.payment]
    unpaid = [step.name for step in outcome.steps if not step.payment]
    said = [
        Markup("The rule is <em>{}</em>: {}.").format(
            outcome.mechanism, rule[:1].lower() + rule[1:]
        ),
        Markup("Of {} tokens, {} go to {}, and {} in the reserve.").format(
            exact_tokens(outcome.budget),
            exact_tokens(sum(outcome.payments)),
            count(len(paid), "member"),
            f"{exact_tokens(outcome.reserve)} stay" if outcome.reserve else "nothing stays",
        ),
    ]
    if unpaid:
        said.append(
            Markup("{} {} paid nothing.").format(
                strong(unpaid), "is" if len(unpaid) == 1 else "are"
            )
        )
    unused = findings.training.never_accepted([step.name for step in outcome.steps])
    if len(unused) == len(outcome.steps):
        said.append(Markup("No update could be used in any round, so nobody contributed."))
    elif unused:
        said.append(Markup("No update of {} could be used.").format(strong(list(unused))))
    return [Markup(" ").join(said)]


def explaining(findings: Findings) -> list[Markup]:
    """Say how to read the waterfall."""
    valuation, outcome = findings.valuation, findings.outcome
    counted = sum(step.counted for step in outcome.steps)
    said = [
        Markup(
            "Read it from top to bottom. The first bar is what everyone together is worth. It is "
            "made of the members' values, which go right where a member helped and left where it "
            "did harm."
        )
    ]
    if any(value < 0 for value in valuation.values):
        said.append(Markup("Nobody has to pay for harm: negative values are set to nothing."))
    if aside := [step.name for step in outcome.steps if step.barred and step.value > 0]:
        said.append(Markup("The value of {} is set aside.").format(strong(aside)))
    said.append(
        Markup(
            "What is left counts, {} {}, and the last bar is the budget, cut by the payments."
        ).format(value_of(valuation, counted), unit(valuation).short)
    )
    said.append(_agreement(findings))
    return [Markup(" ").join(said)]


def _agreement(findings: Findings) -> Markup:
    """Say whether the last two bars are cut alike; to a millionth, as shares are recorded."""
    steps = findings.outcome.steps
    counted = sum(step.counted for step in steps)
    alike = counted and all(
        abs(step.share_ppm * counted - step.counted * 10**6) <= counted for step in steps
    )
    if alike:
        return Markup(
            "The two are cut in the same places: a share of what counts is a share of the budget."
        )
    return Markup(
        "The two are not cut in the same places, because the rule <em>{}</em> does not pay by "
        "the value alone."
    ).format(findings.outcome.mechanism)
