"""Sentences on the course of the run: training, settlement, and what nobody should read into it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.report.quality import area, of_quantity, rmse
from fedmerit.report.sentences.values import weighing
from fedmerit.report.sentences.wording import strong
from fedmerit.report.units import (
    count,
    duration,
    exact_tokens,
    listed,
    milli_of_micro,
    number,
    percent,
    points,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.bundle.schemas import TrainingDocument
    from fedmerit.report.findings import Findings

#: Why a training ended, by its reason.
_ENDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "converged": "Then it stood still, and the training ended.",
        "recorded": "Somebody else trained it, and the files end there.",
        "rounds": "That was as many as the scenario allows.",
    }
)
_MOST: Final = 8
_WORSE: Final = Markup(
    "<strong>The trained model fits the validation rows worse than the untrained one.</strong> The "
    "step size may be too large for these rows, or members do harm. Values and payments are of "
    "this model."
)


def learning(findings: Findings) -> list[Markup]:
    """Say how good the model was before, after, and in comparison."""
    training = findings.training
    last, quantity = training.rounds[-1], of_quantity(training)
    untrained, reached, _ = training.quality
    stopped = _ENDED.get(training.stop_reason, _ENDED["rounds"])
    traffic = sum(each.bytes_up + each.bytes_down for each in training.rounds)
    return [
        *([_WORSE] if training.is_worse_than_untrained else []),
        Markup(
            "The joint model of {parameters} learned for {rounds}. {stopped} On the validation "
            "rows it went from {before} to <strong>{after}</strong> {what}, and from "
            "{low} to {high} milli-nats of log-likelihood. {traffic} kB went over the wire."
        ).format(
            what="of the label's variance predicted (R²)" if quantity else "right predictions",
            parameters=count(training.parameters, "parameter"),
            rounds=count(len(training.rounds), "round"),
            stopped=stopped,
            before=percent(untrained),
            after=percent(reached),
            low=number(milli_of_micro(training.initial_log_likelihood_micro), 1),
            high=number(milli_of_micro(last.log_likelihood_micro), 1),
            traffic=f"{traffic // 1000:,}",
        ),
        _beside(findings),
        _yardstick(training),
        *([_own_rows(training.by_owner_micro)] if training.by_owner_micro else []),
    ]


def _yardstick(training: TrainingDocument) -> Markup:
    """Say what the same model learns from pooled rows, if anybody has them."""
    delta = training.delta_ppm
    if delta is None:
        return Markup(
            "What the same model would have learned from everybody's rows in one place is not "
            "known: nobody here has those rows."
        )
    return Markup(
        "The yardstick is the same model trained on everybody's rows in one place, which is "
        "what the members avoid: it {} {}. {}"
    ).format(
        "predicts, of the variance," if of_quantity(training) else "gets right",
        percent(training.quality[2]),
        pooling(delta),
    )


def _beside(findings: Findings) -> Markup:
    """Say what an accuracy or R squared has to be held against."""
    training, last = findings.training, findings.training.rounds[-1]
    if of_quantity(training):
        found = findings.federation.quantity
        return Markup(
            "Predictions of <em>{}</em> are off by {}, as the root of the mean square, in its own "
            "unit; the untrained model, which always says the mean of the training rows, by {}. "
            "The log-likelihood is that of a normal distribution as wide as the label itself."
        ).format(
            found.name if found else "the label",
            rmse(last.rmse_micro, found),
            rmse(training.initial_rmse_micro, found),
        )
    said = Markup("Always saying the most frequent class would be right on {} of these rows.")
    said = said.format(percent(training.base_rate_ppm or 0))
    if last.area_ppm is None:
        return said
    return said + Markup(
        " The area under the ROC curve (AUC), the chance that a row of the second class scores "
        "above one of the first, is {}; half would be guessing."
    ).format(area(last.area_ppm))


def _own_rows(curves: Mapping[str, Sequence[int]]) -> Markup:
    """Say whose own rows the joint model came to fit, and whose it did not."""
    worse = [name for name, curve in curves.items() if curve[-1] < curve[0]]
    if not worse:
        return Markup("It came to fit the validation rows of every member that brought some.")
    return Markup(
        "Its fit to the rows that {} brought is worse than the untrained model's: what the "
        "others' rows teach is not what these say."
    ).format(strong(worse))


def pooling(delta_ppm: int) -> str:
    """Say what was given up by not pooling the data."""
    if not delta_ppm:
        return "Not pooling the data costs nothing."
    if delta_ppm < 0:
        return f"The joint model is better by {points(-delta_ppm)}."
    return f"Not pooling the data costs {points(delta_ppm)}."


def helping(findings: Findings) -> list[Markup]:
    """Say what the curve of each round shows, and what it does not."""
    return [
        Markup(
            "Each round is a game of its own: what did each member's update of that round add, "
            "{} and an absent member adding nothing? Bars are one standard error over {}."
        ).format(
            weighing(findings.scenario.valuation.weights),
            count(findings.validation_rows, "validation row"),
        ),
        _of_the_run(findings.valuation.game),
    ]


def _of_the_run(game: str) -> Markup:
    if game == "rounds":
        return Markup(
            "These values are of the one training run that took place. The game that the values "
            "above are of is the sum of these games."
        )
    return Markup(
        "These values are of the one training run that took place; nobody is paid by them. They "
        "need not add up to the values above, for which the model was trained again without the "
        "absent members."
    )


def gathering(findings: Findings) -> list[Markup]:
    """Say who came together, to learn what."""
    members, classes = findings.federation.members, findings.federation.classes
    quantity = findings.federation.quantity
    what = (
        Markup("predicts the quantity <em>{}</em>").format(quantity.name)
        if quantity
        else f"tells {count(len(classes), 'class', 'classes')} apart"
    )
    return [
        Markup(
            "{} brought {} to train on{}. The model {} by {}. The "
            "committee that signs is {}; {} of its signatures are needed."
        ).format(
            count(len(members), "member"),
            count(sum(member.rows for member in members), "row"),
            _measured_on(findings),
            what,
            count(len(findings.federation.features), "column"),
            listed(findings.federation.committee, _MOST),
            findings.federation.threshold,
        )
    ]


_PAYOUTS: Final = MappingProxyType(
    {
        "claim": "claimed",
        "batch": "claimed for all by the coordinator, many in one transaction",
        "push": "pushed to all by the coordinator",
    }
)


def _measured_on(findings: Findings) -> Markup:
    """Say whose rows the models are measured on."""
    rows = count(findings.validation_rows, "row")
    if findings.federation.sponsor_rows is None:
        return Markup(" and {} to measure on").format(rows)
    return Markup(
        "; all models are measured on <strong>{} of the sponsor's own test table</strong>, which "
        "no member brought"
    ).format(rows)


def settling(findings: Findings) -> list[Markup]:
    """Say what happened on the chain."""
    ledger, steps = findings.ledger, findings.transactions
    signatures = max((len(report.signatures) for report in ledger.reports), default=0)
    return [
        Markup(
            "The payments were settled on {where}, in {transactions} and {gas} gas. The report "
            "bears {signatures} of a committee of {committee}, and lay open for {window} before "
            "it became final. The sponsor put {funded} tokens into the vault; {paid} were "
            "{claimed}, and {reserve} are left in reserve."
        ).format(
            where="the embedded chain, inside the program" if findings.embedded else "a live chain",
            transactions=count(len(steps), "transaction"),
            gas=f"{sum(step.gas for step in steps):,}",
            signatures=count(signatures, "signature"),
            committee=len(findings.federation.committee),
            window=duration(findings.scenario.settlement.challenge_window),
            funded=exact_tokens(ledger.funded),
            paid=exact_tokens(ledger.paid),
            claimed=_PAYOUTS[findings.scenario.settlement.payout],
            reserve=exact_tokens(ledger.reserve),
        )
    ]


def limits(findings: Findings) -> list[Markup]:
    """Say what nobody should read into the report."""
    said = [
        Markup(
            "<strong>What is not guaranteed.</strong> How well each group's model did on the "
            "validation rows is taken as the committee signed it. Only <code>fedmerit audit "
            "&lt;directory&gt; --retrain</code> {} again and compares."
        ).format(
            "trains every group's model"
            if findings.valuation.game == "retraining"
            else "trains the model and measures every group's updates"
        )
    ]
    if findings.embedded:
        said.append(
            Markup(
                "The embedded chain is a rehearsal: it runs the real contracts, and its transcript "
                "can be played again, but its only witness is the computer that ran it."
            )
        )
    said.append(
        Markup(
            "Intervals speak of other validation rows from the same members. They do not cover "
            "another seed of the training, nor data unlike those of these members."
        )
    )
    return said
