"""Values and payments as the bundle's documents say them.

The audit goes through here too: what a stage wrote and what the audit expects are made by
the same function from the same evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fedmerit.bundle import COALITIONS
from fedmerit.errors import BundleError
from fedmerit.evidence import (
    MICRO,
    CurvePoint,
    OutcomeDocument,
    PayoutStep,
    ValuationDocument,
    micro,
    nano,
)
from fedmerit.incentives import (
    Estimate,
    RecordedGame,
    RoundInput,
    baselines,
    explain,
    reward,
    value,
)
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.bundle import Bundle
    from fedmerit.evidence import FederationDocument
    from fedmerit.incentives import Game, Valuation
    from fedmerit.scenario import Scenario


def coalition_arrays(
    table: tuple[NDArray[np.bool_], NDArray[np.float64]], owners: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Give the coalition table as it is stored.

    Args:
        table: Coalitions ``(m, n)``, and their gains in nats ``(m, validation rows)``.
        owners: Index of the member that brought each validation row.
    """
    coalitions, gains = table
    return {
        "coalitions": coalitions.astype(np.uint8),
        "gains_micro": np.rint(gains * MICRO).astype(np.int64),
        "owners": owners.astype(np.int64),
    }


def recorded_game(
    bundle: Bundle, participants: tuple[str, ...]
) -> tuple[RecordedGame, NDArray[np.int64]]:
    """Read the coalition table back as a game, with the owners of its validation rows."""
    arrays = bundle.tensors(COALITIONS)
    if set(arrays) != {"coalitions", "gains_micro", "owners"}:
        raise BundleError(f"{COALITIONS} holds {', '.join(sorted(arrays))}")
    coalitions, gains = arrays["coalitions"].astype(np.bool_), arrays["gains_micro"] / MICRO
    owners: NDArray[np.int64] = arrays["owners"]
    if owners.shape != gains.shape[1:]:
        raise BundleError(f"{COALITIONS}: {owners.shape} owners of gains {gains.shape}")
    return RecordedGame(participants, coalitions, gains), owners


def _valued(game: Game, scenario: Scenario) -> tuple[Valuation, Valuation]:
    """Value the members as *scenario* asks, and by leave-one-out beside it."""
    asked = scenario.valuation
    seed = derived_seed(scenario.seed, "valuation")
    main = value(game, method=asked.method, budget=asked.budget, seed=seed)
    alone = value(game, method="leave-one-out", budget=len(game.participants) + 2, seed=seed)
    return main, alone


def valuation_document(
    game: Game,
    owners: NDArray[np.int64],
    scenario: Scenario,
    federation: FederationDocument,
    curve: Sequence[CurvePoint],
) -> ValuationDocument:
    """Value the members of *game*, and say so.

    Args:
        game: Measured on validation rows.
        owners: Index of the member that brought each validation row.
        scenario: Says by which method, with which budget and seed.
        federation: Who takes part with how many rows.
        curve: Values of each round's game.
    """
    main, alone = _valued(game, scenario)
    everyone = np.ones((1, len(game.participants)), dtype=np.bool_)
    worth = float(game.worth(everyone)[0])
    shares = baselines(worth, [member.declared_rows for member in federation.members])
    return ValuationDocument(
        participants=main.participants,
        method=main.method,
        seed=main.seed,
        budget=scenario.valuation.budget,
        evaluations=main.evaluations,
        confidence_ppm=micro(scenario.valuation.confidence),
        worth=nano([worth])[0],
        values=nano(main.values),
        standard_errors=nano(main.standard_errors),
        sampling_errors=nano(main.sampling_errors),
        validation_errors=nano(main.validation_errors),
        leave_one_out=nano(alone.values),
        data_size=nano(shares["data-size"]),
        equal=nano(shares["equal"]),
        by_owner=_by_owner(main, owners),
        curve=tuple(curve),
    )


def curve_point(number: int, valuation: Valuation) -> CurvePoint:
    """Say what one round's game came to."""
    return CurvePoint(
        round=number,
        values=nano(valuation.values),
        standard_errors=nano(valuation.standard_errors),
    )


def _by_owner(valuation: Valuation, owners: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Split each value into what each member's validation rows add to it."""
    rows = valuation.row_values
    if rows is None:
        raise BundleError("the valued game shows no validation rows")
    n = len(valuation.participants)
    sums = np.stack([rows[:, owners == owner].sum(axis=1) for owner in range(n)], axis=1)
    return tuple(nano(split) for split in sums / rows.shape[1])


def outcome_document(
    scenario: Scenario,
    federation: FederationDocument,
    valuation: ValuationDocument,
    idle: tuple[str, ...],
) -> OutcomeDocument:
    """Run the scenario's mechanism on the recorded integers, and say what it pays."""
    round_ = RoundInput(
        participants=valuation.participants,
        contributions=tuple(map(Estimate, valuation.values, valuation.standard_errors)),
        rows=tuple(member.declared_rows for member in federation.members),
        budget=scenario.reward.budget,
        barred=frozenset(idle),
        confidence_ppm=valuation.confidence_ppm,
    )
    outcome = reward(round_, mechanism=scenario.reward.mechanism)
    return OutcomeDocument(
        mechanism=scenario.reward.mechanism,
        budget=outcome.budget,
        participants=outcome.participants,
        payments=outcome.payments,
        slashes=outcome.slashes,
        reserve=outcome.reserve,
        barred=idle,
        steps=tuple(
            PayoutStep(
                name=step.participant,
                value=step.value,
                counted=step.counted,
                barred=step.barred,
                share_ppm=step.payment_ppm,
                payment=step.payment,
            )
            for step in explain(round_, outcome)
        ),
    )
