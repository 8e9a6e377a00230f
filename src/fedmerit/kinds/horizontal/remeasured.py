"""Checks of what is measured on the kept rounds, or trained anew: gains, gradients, games.

Where a worth is an accuracy of recorded rounds, float order changes nothing but ties: rows on which
two classes score alike to the sixth digit. Those are looked for, and nothing else may be off. Other
metrics that jump are measured again on models that are moved by a rounding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.auditing.floats import LEANING, MEAN, Judged, by_row, judged, nudges
from fedmerit.auditing.money import slack, weighed
from fedmerit.auditing.numbers import differing
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import COALITIONS, ROUNDS
from fedmerit.bundle.rounds import recorded_cells
from fedmerit.bundle.training import recorded_gradients
from fedmerit.federation import RetrainingGame, RunGame
from fedmerit.incentives.methods import reads_rounds
from fedmerit.kinds.horizontal.valuing import curve, game_of, played
from fedmerit.streams import generator
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from fedmerit.auditing.floats import Apart
    from fedmerit.bundle.directory import Bundle
    from fedmerit.bundle.schemas import CurvePoint
    from fedmerit.federation import TrainingRecord
    from fedmerit.incentives import RepeatedGame
    from fedmerit.kinds.horizontal.wiring import Consortium

#: By how much a gradient's entry may be off, where the largest is 1 or less.
_GRADIENT: Final = 1e-6
#: Two classes tie where their scores differ by less, where the largest is 1 or less.
_TIE: Final = 1e-6
#: Metrics that a rounding moves by a rounding.
_SMOOTH: Final = frozenset({"loss", "squared-error"})
#: Coalitions that are trained again from moved parameters, at most.
_SAMPLE: Final = 256


def check_measured(
    bundle: Bundle,
    consortium: Consortium,
    kept: TrainingRecord,
    run: RunGame,
    gradients: NDArray[np.float32],
) -> Iterator[Check]:
    """Measure every recorded coalition, every gradient and every round's game again."""
    yield _gains(bundle, consortium, kept)
    if reads_rounds(bundle.scenario.valuation.method):
        yield _gains_of_rounds(bundle, consortium, kept)
    yield _gradients(bundle, kept, gradients)
    yield _curve(bundle, consortium, kept, run)


def _gains(bundle: Bundle, consortium: Consortium, kept: TrainingRecord) -> Check:
    stored = bundle.tensors(COALITIONS)
    coalitions = stored["coalitions"].astype(np.bool_)
    again = Remeasured(bundle, consortium, kept)
    found = again.judged(coalitions, stored["gains_micro"])
    names = [n for n, inside in zip(kept.participants, found.worst, strict=True) if inside]
    owners = np.array_equal(stored["owners"], consortium.federation.validation_owners)
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    if found.of.holds and owners:
        rows = len(stored["owners"])
        by = slack(found.of.mean, found.of.spread, rows, said.confidence_ppm, said.repeats)
        return weighed(bundle, again.name, found.of, by, f"{len(coalitions)} coalitions")
    return Check(
        again.name,
        "differs",
        f"gains in {COALITIONS}, most of all of {{{', '.join(names)}}}: {found.of.why}"
        if owners
        else f"{COALITIONS} gives validation rows to other owners",
    )


def _gains_of_rounds(bundle: Bundle, consortium: Consortium, kept: TrainingRecord) -> Check:
    stored = recorded_cells(bundle)
    coalitions = stored["coalitions"].astype(np.bool_)
    again = Remeasured(bundle, consortium, kept, stored["rounds"])
    if not len(coalitions):
        return Check(again.name, "ok", "no round has an update that was accepted")
    found = again.judged(coalitions, stored["gains_micro"])
    if not found.of.holds:
        number = int(stored["rounds"][found.row])
        return Check(
            again.name,
            "differs",
            f"gains in {ROUNDS}, most of all in round {number}: {found.of.why}",
        )
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    rounds, rows = len(kept.rounds), stored["gains_micro"].shape[1]
    # A value is a sum over the rounds, each of which may be off.
    by = slack(rounds * found.of.mean, rounds * found.of.spread, rows, said.confidence_ppm)
    return weighed(bundle, again.name, found.of, by, f"{len(coalitions)} coalitions of rounds")


def judged_cells(
    bundle: Bundle, consortium: Consortium, kept: TrainingRecord, places: NDArray[np.int64]
) -> Judged:
    """Measure the coalitions of rounds at *places* of their table again, and judge them."""
    stored = recorded_cells(bundle)
    again = Remeasured(bundle, consortium, kept, stored["rounds"][places])
    inside = stored["coalitions"][places].astype(np.bool_)
    return again.judged(inside, stored["gains_micro"][places]).of


class Found:
    """Recorded gains beside those measured again.

    Attributes:
        of: Whether float order explains how far they are apart.
        ours: The gains measured again, ``(m, rows)``.
        row: Of the coalition whose mean is off most.
        worst: That coalition, ``(n,)``.
    """

    def __init__(
        self, of: Judged, apart: Apart, ours: NDArray[np.float64], coalitions: NDArray[np.bool_]
    ) -> None:
        self.of = of
        self.ours = ours
        self.row = int(np.abs(apart.means).argmax())
        self.worst = coalitions[self.row]


class _Cells:
    """The games of a run's rounds, each asked for coalitions of its own.

    Args:
        run: The run.
        rounds: Each coalition's round, from 1, in the order in which they are asked for.
    """

    def __init__(self, run: RunGame, rounds: NDArray[np.int32]) -> None:
        self._run, self._rounds = run, rounds

    def worth_by_row(self, coalitions: NDArray[np.bool_], /) -> NDArray[np.float64]:
        """Give each coalition's gain in its round on each validation row."""
        numbers, places = np.unique(self._rounds, return_inverse=True)
        parts = [
            self._run.rounds[number - 1].worth_by_row(coalitions[places == at])
            for at, number in enumerate(numbers.tolist())
        ]
        gains = np.empty((len(coalitions), parts[0].shape[1]))
        for at, part in enumerate(parts):
            gains[places == at] = part
        return gains


class Remeasured:
    """The game of a run, to be measured again here.

    Args:
        bundle: Whose.
        consortium: Its federation, from the data that are here.
        kept: Its run.
        rounds: Of each coalition to be measured, where each is of one round alone.
    """

    def __init__(
        self,
        bundle: Bundle,
        consortium: Consortium,
        kept: TrainingRecord,
        rounds: NDArray[np.int32] | None = None,
    ) -> None:
        self._bundle, self._consortium, self._kept = bundle, consortium, kept
        self._repeats = bundle.document(evidence.VALUATION, evidence.ValuationDocument).repeats
        self._rounds = rounds
        self._game = self._asked(game_of(kept, consortium, bundle.scenario, self._repeats))

    @property
    def name(self) -> str:
        """What the check is called."""
        if self._rounds is not None:
            return "recomputed coalitions of rounds"
        return f"{'retrained' if self._trained else 'recomputed'} coalitions"

    @property
    def _trained(self) -> bool:
        return not isinstance(self._game, RunGame)

    def _asked(
        self, game: RetrainingGame | RunGame | RepeatedGame
    ) -> RetrainingGame | RunGame | RepeatedGame | _Cells:
        if self._rounds is None or not isinstance(game, RunGame):
            return game
        return _Cells(game, self._rounds)

    def judged(self, coalitions: NDArray[np.bool_], gains_micro: NDArray[np.int64]) -> Found:
        """Measure *coalitions* again, and hold the recorded gains against that.

        Row by row: the rows' spread is what the standard errors, and so cautious pay, rest on.
        """
        ours = self._game.worth_by_row(coalitions)
        off = gains_micro / MICRO - ours
        apart = by_row(off, coalitions)
        metric, trained = self._bundle.scenario.valuation.metric, self._trained
        if metric == "accuracy" and not trained:
            return Found(self._by_ties(coalitions, off, apart), apart, ours, coalitions)
        if metric in _SMOOTH and not trained:
            return Found(judged(apart), apart, ours, coalitions)
        some = np.random.default_rng(0).permutation(len(coalitions))[:_SAMPLE]

        def nudged(number: int) -> Apart:
            model = replace(self._consortium.model, nudge=number)
            moved = replace(self._consortium, model=model)
            kept = self._kept if trained else nudged_run(self._kept, number)
            game = self._asked(game_of(kept, moved, self._bundle.scenario, self._repeats))
            if self._rounds is None:
                again = game.worth_by_row(coalitions[some])
            else:  # each coalition has its own round's game
                again = game.worth_by_row(coalitions)[some]
            return by_row(again - ours[some], coalitions[some])

        return Found(judged(apart, nudged), apart, ours, coalitions)

    def _by_ties(
        self, coalitions: NDArray[np.bool_], off: NDArray[np.float64], apart: Apart
    ) -> Judged:
        """Say whether every hit that is off is one of two classes that all but tie."""
        tied = self._ties(coalitions) if off.any() else np.zeros_like(off)
        outside = np.asarray((np.abs(off) > tied + MEAN).any(axis=1))
        leans = apart.leaning < LEANING
        counted = int((off != 0).sum())
        return Judged(
            holds=not (outside.any() or leans),
            outside=outside,
            mean=float(tied.mean(axis=1).max(initial=0.0)),
            spread=float(np.sqrt((tied**2).mean(axis=1)).max(initial=0.0)),
            why=f"{counted} answers are off, {int(outside.sum())} coalitions' without a tie"
            + (", and to one side" if leans else ""),
        )

    def _ties(self, coalitions: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Give by how much float order may change a gain, ``(m, rows)``."""
        weights = self._bundle.scenario.valuation.weights
        most, least = (
            self._asked(
                RunGame(self._kept, self._consortium.federation, weights=weights, metric=metric)
            ).worth_by_row(coalitions)
            for metric in (_hit(_TIE), _hit(-_TIE))
        )
        return np.abs(most - least)


def _hit(favour: float) -> Callable[[Tensor, Tensor], Tensor]:
    """Give accuracy where the right class is favoured by so much.

    Scores that are equal to the last bit, as an untrained model's may be, are no rounding's work.
    """

    def metric(logits: Tensor, labels: Tensor) -> Tensor:
        right = labels.expand(len(logits), -1).unsqueeze(2)
        own = logits.gather(2, right).squeeze(2)
        others = logits.scatter(2, right, -float("inf")).amax(dim=2)
        scale = logits.abs().amax(dim=2).clamp(min=1.0)
        as_it_is = logits.argmax(dim=2) == labels
        favoured = own + favour * scale >= others
        return (favoured.where(own != others, as_it_is) & own.isfinite()).double()

    return metric


def _gradients(bundle: Bundle, kept: TrainingRecord, found: NDArray[np.float32]) -> Check:
    """Hold the gradients against those found again, and what alignment makes of them."""
    said = recorded_gradients(bundle)
    if said.shape != found.shape:
        detail = f"{evidence.GRADIENTS} has shape {said.shape}, found were {found.shape}"
        return Check("recomputed gradients", "differs", detail)
    off = said.astype(np.float64) - found
    apart = float(np.abs(off).max(initial=0.0))
    allowed = _GRADIENT * max(1.0, float(np.abs(found).max(initial=0.0)))
    weighed = [r.weights[:, None] * r.updates.astype(np.float64) for r in kept.rounds]
    leads = max((float(np.abs(w @ o).max()) for w, o in zip(weighed, off, strict=True)), default=0)
    return compared(
        "recomputed gradients",
        holds=apart <= allowed and leads <= MEAN,
        same=f"of the validation loss in {len(found)} rounds, at most {apart:.1e} apart "
        f"(allowed: {allowed:.1e}, and {MEAN} nats of a member's alignment)",
        different=f"{evidence.GRADIENTS} is {apart:.1e} off what the kept models give, and an "
        f"alignment {leads:.1e} nats",
    )


def nudged_run(kept: TrainingRecord, number: int) -> TrainingRecord:
    """Give a run whose rounds' first models are moved by roundings, drawn by *number*."""
    stream = generator(number, "nudge")
    rounds = []
    for each in kept.rounds:
        before = each.global_before
        noise = stream.uniform(-1, 1, before.shape) * np.spacing(np.maximum(np.abs(before), 1)) / 2
        moved = (before + noise).astype(np.float32)
        rounds.append(replace(each, global_before=moved))
    return replace(kept, rounds=tuple(rounds))


def _apart_by_nudges(
    bundle: Bundle, consortium: Consortium, kept: TrainingRecord, found: list[CurvePoint]
) -> int:
    """Give by how much roundings of the models move what the rounds' games come to, billionths."""
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    most = 0
    for number in nudges():
        run = played(nudged_run(kept, number), consortium, bundle.scenario)
        for ours, theirs in zip(
            found, curve(run, bundle.scenario, int(said.seed, 16)), strict=True
        ):
            pairs = (
                *zip(ours.values, theirs.values, strict=True),
                *zip(ours.standard_errors, theirs.standard_errors, strict=True),
            )
            most = max(most, *(abs(one - other) for one, other in pairs))
    return most


def _curve(bundle: Bundle, consortium: Consortium, kept: TrainingRecord, run: RunGame) -> Check:
    said = bundle.document(evidence.VALUATION, evidence.ValuationDocument)
    found = curve(run, bundle.scenario, int(said.seed, 16))
    row = 1 / len(consortium.federation.validation_labels)
    metric = bundle.scenario.valuation.metric
    allowed = round((row if metric == "accuracy" else 2 * MEAN) * NANO)  # one row may tie
    if metric not in {"accuracy", *_SMOOTH} and said.curve != tuple(found):
        allowed = max(allowed, 2 * _apart_by_nudges(bundle, consortium, kept, found))
    wrong = differing(
        tuple(point.model_dump() for point in said.curve),
        tuple(point.model_dump() for point in found),
        lambda place: 0 if place.endswith(".round") else allowed,
    )
    return compared(
        "recomputed round games",
        holds=not wrong,
        same=f"the values of {len(said.curve)} rounds, to {allowed} billionths",
        different=f"{evidence.VALUATION}: curve{', curve'.join(wrong[:3])}",
    )
