"""The train stage on pooled rows: the members' rows are bound, and the estimator is fitted once.

The fitted estimator is not kept: its own form would be a pickle, which runs code when it is
opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.bundle.encoding import ENCODING, encoding_document
from fedmerit.bundle.schemas import (
    FEDERATION,
    RUN,
    TRAINING,
    RoundDocument,
    RunDocument,
    TrainingDocument,
    micro,
)
from fedmerit.bundle.training import base_rate
from fedmerit.federation.batched.whole import areas
from fedmerit.federation.pooled.game import PooledGame
from fedmerit.kinds.horizontal.wiring import federation_document
from fedmerit.kinds.pooled.rows import NO_ROWS, bound, row_digest
from fedmerit.kinds.pooled.wiring import assemble, everyone
from fedmerit.provenance import versions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import Federation
    from fedmerit.kinds.pooled.wiring import Pool
    from fedmerit.progress import Advance


def train(bundle: Bundle, advance: Advance) -> None:
    """Bind the members' rows, fit the estimator to all of them, and measure it."""
    scenario = bundle.scenario
    pool = assemble(scenario)
    bundle.write_document(
        RUN, RunDocument(scenario=scenario.name, seed=scenario.seed, versions=versions())
    )
    bundle.write_document(FEDERATION, federation_document(scenario, pool))
    bundle.write_document(ENCODING, encoding_document(pool.federation))
    bundle.write_document(TRAINING, training_of(pool, scenario.seed))
    advance(1, 1)


def training_of(pool: Pool, seed: int, nudge: int = 0) -> TrainingDocument:
    """Say what the estimator came to that is fitted to everybody's rows."""
    federation = pool.federation
    game = PooledGame(federation, pool.estimator, seed=seed, workers=1, nudge=nudge)
    [found] = game.chances(everyone(pool))
    uniform = np.full_like(found, 1 / len(federation.classes))
    before, after = _measured(federation, uniform), _measured(federation, found)
    return TrainingDocument(
        rounds=(
            RoundDocument(
                round=1,
                sampled=pool.participants,
                log_likelihood_micro=micro(after[0].mean()),
                accuracy_ppm=micro(after[1].mean()),
                area_ppm=_area(federation, found),
                **bound([row_digest(member) for member in federation.members]),
                excluded={m.name: NO_ROWS for m in federation.members if not len(m.labels)},
                bytes_up=sum(m.features.nbytes + m.labels.nbytes for m in federation.members),
                bytes_down=0,
            ),
        ),
        parameters=0,
        initial_log_likelihood_micro=micro(before[0].mean()),
        initial_accuracy_ppm=micro(before[1].mean()),
        initial_area_ppm=_area(federation, uniform),
        pooled_log_likelihood_micro=micro(after[0].mean()),
        pooled_accuracy_ppm=micro(after[1].mean()),
        pooled_area_ppm=_area(federation, found),
        base_rate_ppm=base_rate(federation.validation_labels),
        by_owner_micro={
            name: tuple(
                micro(likely[federation.validation_owners == owner].mean())
                for likely in (before[0], after[0])
            )
            for owner, name in enumerate(pool.participants)
            if owner in federation.validation_owners
        },
        stop_reason="rounds",
        idle=(),
    )


def _area(federation: Federation, chances: NDArray[np.float64]) -> int | None:
    """Give the area under the ROC curve in millionths, where there are two classes."""
    labels = federation.validation_labels
    if len(federation.classes) != 2 or len(np.unique(labels)) < 2:  # noqa: PLR2004 - of two
        return None
    return micro(float(areas(labels.astype(np.int64), chances[None, :, 1])[0]))


def _measured(
    federation: Federation, chances: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give log-likelihood and right answers on each validation row."""
    labels = federation.validation_labels
    likely = np.log(chances[np.arange(len(labels)), labels])
    return likely, (chances.argmax(axis=1) == labels).astype(np.float64)
