"""Values and payments as the bundle's documents say them.

The audit goes through here too: what a stage wrote and what the audit expects are made by
the same function from the same evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedmerit.bundle.schemas import (
    CheckpointDocument,
    CurvePoint,
    InteractionsDocument,
    OutcomeDocument,
    PayoutStep,
    PayPartDocument,
    ValuationDocument,
    micro,
    nano,
)
from fedmerit.bundle.suspicions import SuspicionDocument, suspicion_document
from fedmerit.errors import BundleError
from fedmerit.incentives import (
    METHODS,
    baselines,
    estimates,
    explain,
    value,
)
from fedmerit.incentives.games.repeats import LeadingRepeats
from fedmerit.incentives.methods import reads_rounds
from fedmerit.incentives.methods.interactions import interactions
from fedmerit.incentives.methods.repeating import plan_repeats
from fedmerit.incentives.methods.stopping import Narrow
from fedmerit.incentives.pay_intervals import correlations
from fedmerit.incentives.reasons import explanations
from fedmerit.scenario.terms import orders_of
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fedmerit.bundle.schemas import FederationDocument
    from fedmerit.federation import Round
    from fedmerit.incentives import Game, Outcome, RoundInput, Valuation
    from fedmerit.incentives.game import RoundsGame
    from fedmerit.incentives.methods.repeating import RepeatPlan
    from fedmerit.incentives.reasons import Reason
    from fedmerit.scenario.model import Scenario


@dataclass(frozen=True, slots=True, eq=False)
class Updates:
    """The updates of a run, and where they led from.

    Attributes:
        rounds: The run.
        gradients: Of the validation loss at each round's model, ``(rounds, parameters)``.
    """

    rounds: tuple[Round, ...]
    gradients: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What values are computed from: of a run as it is made, or as a bundle keeps it.

    Attributes:
        game: The members' game, measured on validation rows, in every repeat of the training.
        owners: Index of the member that brought each validation row.
        updates: What members sent; None where nobody's updates were recorded.
        curve: Values of each round's game.
        rounds: The game again with its rounds, for a method that values those.
    """

    game: Game
    owners: NDArray[np.int64]
    updates: Updates | None = None
    curve: Sequence[CurvePoint] = ()
    rounds: RoundsGame | None = None


class _RecordedUpdates:
    """A game that shows the updates it came of, for methods that read those."""

    def __init__(self, game: Game, recorded: Updates) -> None:
        self.participants = game.participants
        self.updates = np.stack([round_.updates for round_ in recorded.rounds])
        self.weights = np.stack([round_.weights for round_ in recorded.rounds])
        self.present = self.weights > 0
        self.refused = np.stack([one.refused(game.participants) for one in recorded.rounds])
        self.gradients = recorded.gradients
        self.worth = game.worth


class _Valued(NamedTuple):
    """The members valued as asked, and by simpler methods to hold that against."""

    main: Valuation
    without: Valuation
    alone: Valuation
    aligned: Valuation | None


def _valued(measured: Measured, scenario: Scenario, seed: int) -> _Valued:
    asked, game = scenario.valuation, measured.game
    plan = plan_of(game, scenario, seed)
    narrow = asked.interval_width
    rules = (Narrow(narrow, asked.confidence),) if narrow is not None else ()
    beside = len(game.participants) + 2  # and one to ask again for
    return _Valued(
        main=_planned(
            value(
                measured.rounds or game,
                method=plan.method,
                budget=plan.coalitions,
                seed=seed,
                until=rules,
                orders=orders_of(scenario, len(game.participants)),
            ),
            plan,
        ),
        without=value(game, method="leave-one-out", budget=beside, seed=seed),
        alone=value(game, method="individual", budget=beside, seed=seed),
        aligned=None
        if measured.updates is None
        else METHODS["gradient-alignment"](
            _RecordedUpdates(game, measured.updates), budget=0, seed=seed
        ),
    )


def plan_of(game: Game, scenario: Scenario, seed: int) -> RepeatPlan:
    """Say how the repeats of *game* are valued, by the first of them as the scenario asks for.

    Raises:
        BundleError: It has another number of repeats than that.
    """
    asked, held = scenario.valuation, int(getattr(game, "repeats", 1))
    pilot = LeadingRepeats(game, min(asked.repeats, held)) if held > 1 else game
    plan = plan_repeats(pilot, method=asked.method, budget=asked.max_coalitions, seed=seed)
    if asked.repeats > held or plan.repeats != held:
        raise BundleError(
            f"the recorded game has {held} repeats, and valuation.repeats = {asked.repeats} "
            f"comes to {max(plan.repeats, asked.repeats)}"
        )
    return plan


def _planned(valuation: Valuation, plan: RepeatPlan) -> Valuation:
    return replace(valuation, reason=plan.reason) if plan.reason else valuation


def valuation_document(
    measured: Measured, scenario: Scenario, federation: FederationDocument, seed: int
) -> ValuationDocument:
    """Value the members, and say so.

    Args:
        measured: What the values are computed from.
        scenario: Says by which method, with which budget.
        federation: Who takes part with how many rows.
        seed: What methods draw from, below 2**256.

    Raises:
        FedmeritError: The members cannot be valued so.
    """
    asked, game = scenario.valuation, measured.game
    found = _valued(measured, scenario, seed)
    main = found.main
    everyone = np.ones((1, len(game.participants)), dtype=np.bool_)
    worth = float(game.worth(everyone)[0])
    shares = baselines(worth, [member.declared_rows for member in federation.members])
    certain = estimates(main, confidence=asked.confidence)
    return ValuationDocument(
        participants=main.participants,
        game=asked.game,
        metric=asked.metric,
        method=main.method,
        reason=main.reason,
        seed=f"0x{main.seed:064x}",
        budget=asked.max_coalitions,
        evaluations=main.evaluations,
        orders=main.orders,
        confidence_ppm=micro(asked.confidence),
        worth=nano([worth])[0],
        values=tuple(estimate.value for estimate in certain),
        half_widths=tuple(estimate.half_width for estimate in certain),
        standard_errors=nano(main.standard_errors),
        sampling_errors=nano(main.sampling_errors),
        validation_errors=nano(main.validation_errors),
        repeats=main.repeats,
        training_errors=nano(main.training_errors) if main.repeats > 1 else (),
        errors=main.errors,
        outranks_ppm=tuple(tuple(map(micro, row.tolist())) for row in main.outranks()),
        correlations_ppm=correlations(main.covariance()),
        trace=_trace(main),
        leave_one_out=nano(found.without.values),
        individual=nano(found.alone.values),
        data_size=nano(shares["data-size"]),
        equal=nano(shares["equal"]),
        alignment=nano(found.aligned.values) if found.aligned else (),
        interactions=_interactions(game, main),
        by_owner=_by_owner(main, measured.owners),
        curve=tuple(measured.curve),
        suspicion=_suspicion(measured),
    )


def _suspicion(measured: Measured) -> SuspicionDocument | None:
    if measured.updates is None:
        return None
    game = _RecordedUpdates(measured.game, measured.updates)
    return suspicion_document(game, [point.values for point in measured.curve])


def curve_point(number: int, valuation: Valuation) -> CurvePoint:
    """Say what one round's game came to."""
    return CurvePoint(
        round=number,
        values=nano(valuation.values),
        standard_errors=nano(valuation.standard_errors),
    )


def _trace(valuation: Valuation) -> tuple[CheckpointDocument, ...]:
    return tuple(
        CheckpointDocument(
            evaluations=checkpoint.evaluations,
            values=nano(checkpoint.values),
            standard_errors=nano(checkpoint.standard_errors),
        )
        for checkpoint in valuation.trace
    )


def _interactions(game: Game, valuation: Valuation) -> InteractionsDocument | None:
    """Give the interactions of all pairs, if they cost no coalition that is not there."""
    n = len(valuation.participants)
    if n == 1 or valuation.evaluations < 2**n or reads_rounds(valuation.method):
        return None
    found = interactions(game, budget=2**n, seed=valuation.seed)
    return InteractionsDocument(
        matrix=tuple(map(nano, found.matrix)),
        standard_errors=tuple(map(nano, found.standard_errors)),
    )


def _by_owner(valuation: Valuation, owners: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Split each value into what each member's validation rows add to it."""
    rows, n = valuation.row_values, len(valuation.participants)
    if rows is None and not valuation.evaluations and not valuation.values.any():
        return ((0,) * n,) * n  # no update was accepted in any round: nothing was measured
    if rows is None:
        raise BundleError("the valued game shows no validation rows")
    sums = np.stack([rows[:, owners == owner].sum(axis=1) for owner in range(n)], axis=1)
    return tuple(nano(split) for split in sums / rows.shape[1])


def outcome_document(
    round_: RoundInput, outcome: Outcome, *, mechanism: str, ineligible: Mapping[str, Reason]
) -> OutcomeDocument:
    """Say what a mechanism pays for a round of recorded integers, and why.

    Args:
        round_: What it decided by.
        outcome: What it decided.
        mechanism: Its name.
        ineligible: Why members were left out beforehand.
    """
    why = explanations(round_, outcome, mechanism=mechanism, ineligible=ineligible)
    return OutcomeDocument(
        mechanism=mechanism,
        budget=outcome.budget,
        participants=outcome.participants,
        payments=outcome.payments,
        slashes=outcome.slashes,
        reserve=outcome.reserve,
        barred=tuple(name for name in round_.participants if name in round_.ineligible),
        bought_ppm=_bought(round_, outcome),
        steps=tuple(
            PayoutStep(
                name=step.participant,
                value=step.value,
                counted=step.counted,
                barred=step.ineligible,
                share_ppm=step.payment_ppm,
                payment=step.payment,
                reason=explanation.reason,
                parts=tuple(
                    PayPartDocument(label=part.label, amount=part.amount)
                    for part in explanation.parts
                ),
            )
            for step, explanation in zip(explain(round_, outcome), why, strict=True)
        ),
    )


def _bought(round_: RoundInput, outcome: Outcome) -> tuple[int, ...]:
    """Give which part of each offer is bought, in millionths; rounded down to whole ones."""
    bids = zip(round_.bids, outcome.work, strict=False)
    return tuple(int(work * MICRO / bid.capacity) if bid else 0 for bid, work in bids)
