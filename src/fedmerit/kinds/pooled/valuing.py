"""The value stage on pooled rows: the estimator is fitted to every coalition's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import FEDERATION, VALUATION, FederationDocument
from fedmerit.bundle.training import coalition_arrays
from fedmerit.bundle.valuation import Measured, valuation_document
from fedmerit.federation.pooled.game import PooledGame
from fedmerit.incentives import CachedGame
from fedmerit.kinds.pooled.wiring import assemble
from fedmerit.stages.committing import write_commitment
from fedmerit.stages.draw import seed_of

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.kinds.pooled.wiring import Pool
    from fedmerit.progress import Advance


def value(bundle: Bundle, advance: Advance) -> None:
    """Measure coalitions and value the members."""
    scenario = bundle.scenario
    pool, seed = assemble(scenario), seed_of(bundle)
    game = CachedGame(game_of(pool, scenario.seed, advance=advance))
    owners = pool.federation.validation_owners
    members = bundle.document(FEDERATION, FederationDocument)
    measured = Measured(game=game, owners=owners)
    document = valuation_document(measured, scenario, members, seed)
    bundle.write_tensors(COALITIONS, coalition_arrays(game.table(), owners))
    bundle.write_document(VALUATION, document)
    write_commitment(bundle)


def game_of(pool: Pool, seed: int, *, nudge: int = 0, advance: Advance | None = None) -> PooledGame:
    """Give the game that the members are valued by."""
    return PooledGame(pool.federation, pool.estimator, seed=seed, nudge=nudge, progress=advance)
