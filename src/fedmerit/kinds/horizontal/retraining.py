"""Checks by doing it all again: the training, every coalition, every round's game.

The training is done afresh. Coalitions that are worth what their updates did, and gradients,
are measured on the kept rounds, which the training is held against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedmerit.auditing.numbers import differing
from fedmerit.auditing.tolerances import GAIN_TOLERANCE, MODEL_TOLERANCE, ties_of
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.training import read_rounds, recorded_gradients
from fedmerit.errors import AuditImpossible, DataError
from fedmerit.federation import RetrainingGame, train
from fedmerit.kinds.horizontal.training import kept_run, training_of
from fedmerit.kinds.horizontal.valuing import curve, game_of, gradients, played
from fedmerit.kinds.horizontal.wiring import assemble, federation_document
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation import RunGame, TrainingRecord
    from fedmerit.incentives.game import MeasuredGame
    from fedmerit.kinds.horizontal.wiring import Consortium


def _consortium_of(bundle: Bundle) -> Consortium:
    """Assemble the federation again, from the data that are here.

    Raises:
        AuditImpossible: They are not.
    """
    try:
        return assemble(bundle.scenario)
    except DataError as error:
        raise AuditImpossible(
            f"cannot retrain without the data: {error}",
            hint="Put the table where scenario.toml says, or audit without training again.",
        ) from error


def check_retraining(bundle: Bundle) -> Iterator[Check]:
    """Train the run and every recorded coalition again, and compare.

    Raises:
        AuditImpossible: The data are not here.
    """
    consortium = _consortium_of(bundle)
    said = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    found = federation_document(bundle.scenario, consortium)
    wrong = differing(said.model_dump(), found.model_dump(), 0)
    yield compared(
        "data and members",
        holds=not wrong,
        same=f"who takes part with what; the rows hash to {found.data_digest}",
        different=f"{evidence.FEDERATION}: {', '.join(wrong)}",
    )
    if said.data_digest != found.data_digest:
        return
    seed = bundle.scenario.seed
    record = train(consortium.federation, consortium.model, consortium.settings, seed=seed)
    yield _models(bundle, record)
    yield _metrics(bundle, consortium, record)
    kept = kept_run(bundle, consortium)
    yield _gains(bundle, consortium, kept)
    run = played(kept, consortium, bundle.scenario)
    yield _gradients(bundle, gradients(run))
    yield _curve(bundle, run)


def measured_again(bundle: Bundle) -> tuple[str, Callable[[], MeasuredGame]]:
    """Assemble again: give the digest of the rows, and what measures coalitions on them.

    Raises:
        AuditImpossible: The data are not here.
    """
    consortium, scenario = _consortium_of(bundle), bundle.scenario
    digest = federation_document(scenario, consortium).data_digest
    return digest, lambda: game_of(kept_run(bundle, consortium), consortium, scenario)


def _models(bundle: Bundle, record: TrainingRecord) -> Check:
    kept = read_rounds(bundle)
    worst = 0.0
    for ours, theirs in zip(record.rounds, kept, strict=False):
        scale = max(1.0, float(np.abs(theirs.global_before).max()))
        apart = max(
            float(np.abs(ours.global_before - theirs.global_before).max()),
            float(np.abs(ours.updates - theirs.updates).max()),
        )
        worst = max(worst, apart / scale)
    return compared(
        "retrained models",
        holds=len(kept) == len(record.rounds) and worst <= MODEL_TOLERANCE,
        same=f"{len(kept)} rounds, at most {worst:.1e} apart (tolerance {MODEL_TOLERANCE})",
        different=f"{len(record.rounds)} rounds against {len(kept)} kept, {worst:.1e} apart",
    )


def _metrics(bundle: Bundle, consortium: Consortium, record: TrainingRecord) -> Check:
    said = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    found = training_of(record, consortium)
    # Digests of floats trained elsewhere differ; the metrics agree to a rounding.
    digests = {"update_digests", "update_root"}
    wrong = differing(
        said.model_dump(exclude={"rounds": {"__all__": digests}}),
        found.model_dump(exclude={"rounds": {"__all__": digests}}),
        round(GAIN_TOLERANCE * MICRO),
    )
    return compared(
        "retrained metrics",
        holds=not wrong,
        same=f"accuracy and log-likelihood of {len(said.rounds)} rounds, and of pooled training",
        different=f"{evidence.TRAINING}: {', '.join(wrong[:5])}",
    )


def _gains(bundle: Bundle, consortium: Consortium, kept: TrainingRecord) -> Check:
    stored = bundle.tensors(COALITIONS)
    game = game_of(kept, consortium, bundle.scenario)
    # Row by row: the rows' spread is what the standard errors, and so cautious pay, rest on.
    ours = game.worth_by_row(stored["coalitions"].astype(np.bool_))
    off = np.abs(ours - stored["gains_micro"] / MICRO)
    apart = off.max(axis=1)
    worst = int(apart.argmax())
    ties = ties_of(bundle, off)
    alike = (off > GAIN_TOLERANCE).sum() <= ties and off.max() <= max(GAIN_TOLERANCE, ties > 0)
    owners = np.array_equal(stored["owners"], consortium.federation.validation_owners)
    names = [
        n
        for n, inside in zip(game.participants, stored["coalitions"][worst], strict=True)
        if inside
    ]
    return compared(
        f"{'retrained' if isinstance(game, RetrainingGame) else 'recomputed'} coalitions",
        holds=bool(alike) and owners,
        same=f"{len(ours)} coalitions, on every validation row at most {apart[worst]:.1e} "
        f"apart (tolerance {GAIN_TOLERANCE})",
        different=f"a gain of {{{', '.join(names)}}} in {COALITIONS} is {apart[worst]:.1e} off"
        if owners
        else f"{COALITIONS} gives validation rows to other owners",
    )


def _gradients(bundle: Bundle, found: NDArray[np.float32]) -> Check:
    said = recorded_gradients(bundle)
    alike = said.shape == found.shape
    apart = float(np.abs(said - found).max()) if alike else np.inf
    tolerance = MODEL_TOLERANCE * max(1.0, float(np.abs(found).max()))
    return compared(
        "recomputed gradients",
        holds=apart <= tolerance,
        same=f"of the validation loss in {len(found)} rounds, at most {apart:.1e} apart "
        f"(tolerance {tolerance:.1e})",
        different=f"{evidence.GRADIENTS} is {apart:.1e} off what the kept models give",
    )


def _curve(bundle: Bundle, run: RunGame) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    found = curve(run, bundle.scenario, int(said.seed, 16))
    wrong = differing(
        tuple(point.model_dump() for point in said.curve),
        tuple(point.model_dump() for point in found),
        round(GAIN_TOLERANCE * NANO),
    )
    return compared(
        "recomputed round games",
        holds=not wrong,
        same=f"the values of {len(said.curve)} rounds",
        different=f"{evidence.VALUATION}: curve{', curve'.join(wrong[:3])}",
    )
