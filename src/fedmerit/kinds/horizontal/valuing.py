"""The value stage of a run whose members own rows: every coalition's model or updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit import federation as federated
from fedmerit.bundle.directory import COALITIONS, ROUNDS
from fedmerit.bundle.rounds import cell_arrays
from fedmerit.bundle.schemas import FEDERATION, GRADIENTS, VALUATION, FederationDocument
from fedmerit.bundle.training import coalition_arrays
from fedmerit.bundle.valuation import Measured, Updates, curve_point, valuation_document
from fedmerit.incentives import CachedGame, RepeatedGame
from fedmerit.incentives import value as value_game
from fedmerit.incentives.games.rounds import SummedGame
from fedmerit.incentives.methods import reads_rounds
from fedmerit.incentives.methods.repeating import is_split, plan_repeats
from fedmerit.kinds.horizontal.training import kept_run
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.stages.committing import write_commitment
from fedmerit.stages.draw import seed_of
from fedmerit.streams import derived_seed, repeat_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import CurvePoint
    from fedmerit.federation import TrainingRecord
    from fedmerit.incentives import Game
    from fedmerit.kinds.horizontal.wiring import Consortium
    from fedmerit.progress import Advance
    from fedmerit.scenario.model import Scenario

#: Coalitions per member that a round's values may take at least; they cost next to nothing.
_LEAST_OF_A_ROUND: Final = 10


def value(bundle: Bundle, advance: Advance) -> None:
    """Measure coalitions, value the members, and value each round beside it."""
    consortium = assemble(bundle.scenario)
    value_run(bundle, consortium, kept_run(bundle, consortium), advance)


def value_run(
    bundle: Bundle, consortium: Consortium, record: TrainingRecord, advance: Advance
) -> None:
    """Do so with the members and the run that are at hand."""
    scenario, seed = bundle.scenario, seed_of(bundle)
    run = played(record, consortium, scenario)
    game = CachedGame(_repeated(record, consortium, scenario, seed, advance))
    updates = Updates(record.rounds, gradients(run))
    rounds = [
        CachedGame(round_) for round_ in run.rounds if reads_rounds(scenario.valuation.method)
    ]
    measured = Measured(
        game=game,
        owners=consortium.federation.validation_owners,
        updates=updates,
        curve=curve(run, scenario, seed),
        rounds=SummedGame(rounds, run.present) if rounds else None,
    )
    members = bundle.document(FEDERATION, FederationDocument)
    document = valuation_document(measured, scenario, members, seed)
    bundle.write_tensors(COALITIONS, coalition_arrays(game.table(), measured.owners))
    if rounds:
        bundle.write_tensors(ROUNDS, cell_arrays(rounds, len(measured.owners)))
    bundle.write_tensors(GRADIENTS, {"gradients": updates.gradients})
    bundle.write_document(VALUATION, document)
    write_commitment(bundle)


def game_of(
    record: TrainingRecord,
    consortium: Consortium,
    scenario: Scenario,
    repeats: int,
    advance: Advance | None = None,
) -> federated.RetrainingGame | federated.RunGame | RepeatedGame:
    """Give the game that the members are valued by, of so many repeats of the training."""
    if scenario.valuation.game == "rounds":
        return played(record, consortium, scenario)
    games = [
        _retraining(record, consortium, scenario, number, _part_of(advance, number, repeats))
        for number in range(repeats)
    ]
    return RepeatedGame(games) if repeats > 1 else games[0]


def _retraining(
    record: TrainingRecord,
    consortium: Consortium,
    scenario: Scenario,
    number: int,
    advance: Advance | None,
) -> federated.RetrainingGame:
    """Give one repeat: its initial weights, batches, samples of members and noise are its own.

    They are alike for all of its coalitions, so what they do to all of them cancels in what a
    member adds. Repeat 0 is the run itself. All have the rows, and as many rounds, that it had.
    """
    return federated.RetrainingGame(
        consortium.federation,
        consortium.model,
        consortium.settings,
        rounds=len(record.rounds),
        seed=repeat_seed(scenario.seed, number),
        progress=advance,
        metric=scenario.valuation.metric,
    )


def _repeated(
    record: TrainingRecord,
    consortium: Consortium,
    scenario: Scenario,
    seed: int,
    advance: Advance,
) -> Game:
    """Give the game of as many repeats as the scenario asks for, or a pilot of them."""
    asked, n = scenario.valuation, len(consortium.participants)
    if not is_split(asked.method, n, repeats=asked.repeats, budget=asked.max_coalitions):
        return game_of(record, consortium, scenario, asked.repeats, advance)
    games = [  # what the pilot asks for is not trained twice
        CachedGame(_retraining(record, consortium, scenario, number, advance))
        for number in range(asked.repeats)
    ]
    plan = plan_repeats(
        RepeatedGame(games), method=asked.method, budget=asked.max_coalitions, seed=seed
    )
    games += [
        CachedGame(_retraining(record, consortium, scenario, number, advance))
        for number in range(asked.repeats, plan.repeats)
    ]
    return RepeatedGame(games)


def _part_of(advance: Advance | None, number: int, repeats: int) -> Advance | None:
    """Give a repeat its part of the way."""
    if advance is None or repeats == 1:
        return advance

    def on(done: int, total: int) -> None:
        advance(number * total + done, repeats * total)

    return on


def played(record: TrainingRecord, consortium: Consortium, scenario: Scenario) -> federated.RunGame:
    """Give the game of the rounds that took place."""
    asked = scenario.valuation
    return federated.RunGame(
        record, consortium.federation, weights=asked.weights, metric=asked.metric
    )


def gradients(run: federated.RunGame) -> NDArray[np.float32]:
    """Give the validation loss's gradient at each round's model, ``(rounds, parameters)``.

    Where a model has diverged so far that it has none, the gradient is 0.
    """
    return np.nan_to_num(run.gradients, nan=0.0, posinf=0.0, neginf=0.0)


def curve(run: federated.RunGame, scenario: Scenario, seed: int) -> list[CurvePoint]:
    """Value every round's own game: exactly where the budget allows it, or by joining orders."""
    n = len(run.participants)
    budget = max(scenario.valuation.max_coalitions, _LEAST_OF_A_ROUND * n)
    return [
        curve_point(
            number,
            value_game(
                round_,
                method="exact" if 2**n <= budget else "antithetic",
                budget=budget,
                seed=derived_seed(seed, "valuation", "round", number),
            ),
        )
        for number, round_ in enumerate(run.rounds, start=1)
    ]
