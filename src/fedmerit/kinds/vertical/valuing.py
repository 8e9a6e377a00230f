"""The value stage of a vertical run: every coalition by two games, and two readings of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import VALUATION
from fedmerit.coalitions import every_coalition
from fedmerit.federation.vertical.checkpoints import FolderCheckpoints
from fedmerit.federation.vertical.partygame import EmbeddingGame, PartyGame
from fedmerit.kinds.vertical.alternative_values import (
    alternative_values,
    coalition_table,
    paid_game,
    valuation_of,
)
from fedmerit.kinds.vertical.explaining import attributed, plots, used
from fedmerit.kinds.vertical.models import read_models
from fedmerit.kinds.vertical.privacy import is_noised
from fedmerit.kinds.vertical.processes import COALITION_NOISE, PARTIES, forget, private_folder
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.kinds.vertical.tables import write_table
from fedmerit.kinds.vertical.wiring import assemble, task_of
from fedmerit.stages.committing import write_commitment
from fedmerit.stages.draw import seed_of
from fedmerit.streams import repeat_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.split.cut import Embeddings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask
    from fedmerit.kinds.vertical.wiring import VerticalFederation
    from fedmerit.progress import Advance
    from fedmerit.scenario.model import Scenario


def value(bundle: Bundle, advance: Advance) -> None:
    """Train every coalition, value the parties by it, and gather other opinions."""
    forget(bundle, PARTIES)  # the training is done
    scenario = bundle.scenario
    federation = assemble(scenario)
    task = task_of(federation, scenario)
    secret = _secret(bundle)
    gains = retrained_gains(federation, task, scenario, advance, secret=secret)
    write_table(bundle, joint.RETRAINED, gains)
    game = paid_game(bundle)
    bundle.write_document(VALUATION, valuation_of(bundle, game, seed_of(bundle)))
    bundle.write_tensors(COALITIONS, coalition_table(game))
    write_commitment(bundle)
    models = read_models(bundle, task.participants)
    found = attributed(models, federation, task, seed=scenario.seed)
    for name, picture in plots(found).items():
        bundle.write(name, picture)
    bundle.write_document(
        joint.OPINIONS,
        joint.OpinionsDocument(
            participants=task.participants, games=alternative_values(bundle), **used(found, task)
        ),
    )
    forget(bundle, COALITION_NOISE)


def _secret(bundle: Bundle) -> int | None:
    """Give the secret of coalitions' noise: the same where the stage broke off before."""
    if not is_noised(vertical_of(bundle.scenario)):
        return None
    kept = FolderCheckpoints(private_folder(bundle, COALITION_NOISE))
    return int.from_bytes(kept.secret(), "big")


def retrained_gains(
    federation: VerticalFederation,
    task: VerticalTask,
    scenario: Scenario,
    advance: Advance | None = None,
    *,
    secret: int | None = None,
) -> Matrix:
    """Train every coalition, and give its gains, ``(coalitions, validation rows)``.

    Of several repeats, ``(repeats, coalitions, validation rows)``. A repeat has initial networks
    and batches of its own, the same for all coalitions, so that what they do to all cancels in
    what a party adds; repeat 0 has the run's. Noise that protects somebody is new in every
    training: of two that shared one, the difference would show what it hides.
    """
    every, repeats = every_coalition(len(task.participants)), scenario.valuation.repeats
    gains: list[Matrix] = []
    for number in range(repeats):
        own = None if secret is None else secret * repeats + number
        seed = repeat_seed(scenario.seed, number)
        game = PartyGame(task, federation.settings, seed=seed, secret=own)
        for coalition in every:
            gains.append(game.worth_by_row(coalition[None])[0])
            if advance is not None:
                advance(len(gains), repeats * len(every))
    stacked = np.stack(gains)
    return stacked if repeats == 1 else stacked.reshape(repeats, len(every), -1)


def embedded_gains(task: VerticalTask, embeddings: Mapping[str, Embeddings]) -> Matrix:
    """Measure every coalition on what the label holder saw, ``(coalitions, validation rows)``."""
    game = EmbeddingGame(task, embeddings)
    return game.worth_by_row(every_coalition(len(task.participants)))
