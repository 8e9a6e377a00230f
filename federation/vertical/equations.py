"""The equation counter: what a party's messages come to as linear equations in others' secrets.

In encrypted regression a party sees sums over batches: of its own columns times residuals. The
residuals change from step to step, and each is a row's label and everybody's scores; so whatever
secret of the rows one asks for, and however often they train, a party sees it along the directions
that its columns and the batches span and along no other. Their number, the rank, is what it could
solve for if it knew all the rest: of its run and of every coalition's, which have the same
columns and batches.

In split learning each number that goes over is about one row. Noise makes an equation a part of
one: as much as it explains of what it is about, by the mechanism's own bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from fedmerit.errors import TrainingError
from fedmerit.federation.privacy.accountant import DELTA
from fedmerit.federation.privacy.releases import trainings
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.regression.whitening import whitened
from fedmerit.federation.vertical.task import batches, log_odds
from fedmerit.streams import repeat_seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask

#: A party may have so many independent equations for each unknown.
SHARE: Final = 0.1
#: Nobody may guess a label more often than the more frequent one is right, and this.
MARGIN: Final = 0.03
#: What is seen of the labels.
LABELS: Final = "labels"

#: A direction whose new part is shorter than this share of it depends on those before.
_DEPENDENT: Final = 1e-7
#: Numbers in the directions that are held at once; beyond, each is taken for a new one.
_HELD: Final = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What one party sees of one secret.

    Attributes:
        party: Who sees.
        secret: Of what: ``labels``, or ``scores of ...`` or ``features of ...``.
        equations: Independent ones, over a run and all coalitions that are trained again.
        unknowns: Numbers in the secret.
        guess: How often labels can be guessed, in [0, 1]; 0 where no labels are seen.
        agreed: Whether it is what the parties train for: the predictions. It is not refused.

    """

    party: str
    secret: str
    equations: int
    unknowns: int
    guess: float = 0.0
    agreed: bool = False

    @property
    def share(self) -> float:
        """Equations for each unknown."""
        return self.equations / self.unknowns


def exposures(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    *,
    seed: int,
    show_parts: bool = False,
    repeats: int = 1,
) -> tuple[Exposure, ...]:
    """Count what every party sees.

    Args:
        task: Whose columns, whose labels.
        settings: How they train.
        seed: The scenario's seed, which picks the batches.
        show_parts: Whether parts of scores are shown after a regression.
        repeats: How often every coalition is trained, each time in other batches.

    """
    if isinstance(settings, RegressionSettings):
        seeds = tuple(repeat_seed(seed, number) for number in range(repeats))
        seen = [_gradients(task, columns, settings, seeds, repeats) for columns in task.parties]
        return (*seen, *_scores(task, show_parts=show_parts, repeats=repeats))
    return tuple(_split(task, settings, repeats))


def refused(exposure: Exposure, labels: Matrix) -> bool:
    """Say whether a party sees more than it may."""
    rate = float(labels.mean())
    bound = max(rate, 1 - rate) + MARGIN if exposure.guess else 1.0
    return not exposure.agreed and (exposure.share > SHARE or exposure.guess > bound)


def check_exposures(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    *,
    seed: int,
    show_parts: bool = False,
    repeats: int = 1,
) -> tuple[Exposure, ...]:
    """Count what every party sees, and refuse what tells too much.

    Raises:
        TrainingError: With settings that would do.
    """
    counted = exposures(task, settings, seed=seed, show_parts=show_parts, repeats=repeats)
    for exposure in counted:
        if refused(exposure, task.labels):
            guessed = f", and guess {exposure.guess:.0%} of them" if exposure.guess else ""
            raise TrainingError(
                f"{exposure.party} would see {exposure.equations:,} independent equations in "
                f"{exposure.unknowns:,} unknown {exposure.secret}{guessed}",
                hint=_advice(task, settings, exposure, repeats),
            )
    return counted


def guessing(leverage: Matrix | float, rate: float) -> float:
    """Give how often the best guess of a label is right.

    Args:
        leverage: How much of a row's label is seen, in [0, 1]: of equations, the diagonal of the
            projection on their span; mean over rows.
        rate: Share of the labels that are 1.

    """
    seen = np.clip(np.asarray(leverage, dtype=np.float64), 1e-12, 1 - 1e-12)
    apart = np.sqrt(seen / ((1 - seen) * rate * (1 - rate)))
    odds = log_odds(rate) / apart
    right = rate * ndtr(apart / 2 + odds) + (1 - rate) * ndtr(apart / 2 - odds)
    return float(right.mean())


def _gradients(
    task: VerticalTask,
    columns: Columns,
    settings: RegressionSettings,
    seeds: tuple[int, ...],
    repeats: int,
) -> Exposure:
    """Count a party's gradients of a regression; without seeds, each as a new equation."""
    holds_labels = columns is task.parties[0]
    rows = _trained_on(task, columns, settings)
    leverage = (
        _leverage(rows, settings, seeds) if seeds else _at_most(rows, settings, repeats=repeats)
    )
    count = int(np.rint(leverage.sum()))
    if holds_labels:
        return Exposure(
            party=columns.party,
            secret="scores of the others",  # noqa: S106 - what it is called
            equations=count,
            unknowns=len(leverage),
        )
    if settings.kind == "linear":
        return Exposure(party=columns.party, secret=LABELS, equations=count, unknowns=len(leverage))
    rate = float(task.labels.mean())
    parties = len(task.parties)
    mu = settings.gradient_noise.mu(settings.releases(parties, trainings(parties, repeats)))
    seen = np.minimum(leverage, _of_noise(mu, rate * (1 - rate)))
    return Exposure(
        party=columns.party,
        secret=LABELS,
        equations=min(count, int(np.ceil(seen.sum()))),
        unknowns=len(leverage),
        guess=guessing(seen, rate),
    )


def _trained_on(task: VerticalTask, columns: Columns, settings: RegressionSettings) -> Matrix:
    rows = (whitened(columns)[0] if settings.whiten else columns).training
    if columns is not task.parties[0]:
        return rows
    return np.column_stack([rows, np.ones(len(rows))])


def _leverage(rows: Matrix, settings: RegressionSettings, seeds: tuple[int, ...]) -> Matrix:
    """Give how much of each row lies in what the gradients span, shape ``(rows,)``."""
    count, width = rows.shape
    most = int(SHARE * count) + width + 1
    if count * most > _HELD and settings.batch_size < count:
        return _at_most(rows, settings, repeats=len(seeds))
    span = np.empty((most + width, count))
    held = 0
    for batch in _batches(count, settings, seeds):
        seen = np.zeros((width, count))
        seen[:, batch] = rows[batch].T
        added = _new_directions(seen, span[:held])
        span[held : held + len(added)] = added
        held += len(added)
        if held >= most:
            break
    return np.asarray((span[:held] ** 2).sum(axis=0))


def _at_most(rows: Matrix, settings: RegressionSettings, *, repeats: int) -> Matrix:
    """Give what :func:`_leverage` is at most, on average."""
    count, width = rows.shape
    batches_ = -(-count // settings.batch_size)
    steps = batches_ * (settings.epochs * repeats if batches_ > 1 else 1)
    return np.full(count, min(1.0, steps * width / count))


def _batches(
    count: int, settings: RegressionSettings, seeds: tuple[int, ...]
) -> Iterator[NDArray[np.int64]]:
    if settings.batch_size >= count:  # in full batches every epoch has the same equations
        yield from batches(count, settings.batch_size, seed=seeds[0], epoch=1)
        return
    for seed in seeds:
        for epoch in range(1, 1 + settings.epochs):
            yield from batches(count, settings.batch_size, seed=seed, epoch=epoch)


def _new_directions(seen: Matrix, span: Matrix) -> Matrix:
    """Give an orthonormal basis of what *seen* adds to an orthonormal *span*."""
    lengths = np.linalg.norm(seen, axis=1, keepdims=True)
    unit = seen[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
    for _ in range(2):  # once leaves rounding in
        unit = unit - (unit @ span.T) @ span
    _, sizes, directions = np.linalg.svd(unit, full_matrices=False)
    return np.asarray(directions[sizes > _DEPENDENT])


def _scores(task: VerticalTask, *, show_parts: bool, repeats: int) -> Iterator[Exposure]:
    """Count the scores that the label holder learns after a regression."""
    leader, *others = task.parties
    held_out = len(task.held_out_labels)
    widths = sum(map(dimensions, others))
    # The run's scores, and those of every coalition that somebody else is in.
    models = min(widths, repeats * (2 ** len(task.parties) - 1))
    yield Exposure(
        party=leader.party,
        secret="features of the others",  # noqa: S106 - what it is called
        equations=held_out * models,
        unknowns=held_out * widths,
        agreed=True,
    )
    if not show_parts:
        return
    people = held_out + len(task.labels)
    for columns in others:
        yield Exposure(
            party=leader.party,
            secret=f"features of {columns.party}",
            equations=people,
            unknowns=people * dimensions(columns),
        )


def dimensions(columns: Columns) -> int:
    """Count a party's independent columns: levels of one question are one fewer."""
    centred = columns.training - columns.training.mean(axis=0)
    return int(np.linalg.matrix_rank(centred, tol=_DEPENDENT * np.sqrt(centred.size)))


def _split(task: VerticalTask, settings: SplitSettings, repeats: int) -> Iterator[Exposure]:
    """Count embeddings and gradients of split learning."""
    leader, *others = task.parties
    rows, rate = len(task.labels), float(task.labels.mean())
    runs = trainings(len(task.parties), repeats)
    # A mechanism tells two labels apart as equations do that have this much of them.
    told = _of_noise(settings.labels.mu(settings.label_releases(runs)), rate * (1 - rate))
    for columns in others:
        yield Exposure(
            party=columns.party,
            secret=LABELS,
            equations=int(np.ceil(rows * told)),
            unknowns=rows,
            guess=guessing(told, rate),
        )
    mu = settings.features.mu(settings.feature_releases(runs))
    # Of what was clipped to 1, mu**2 / 4 messages would explain as much as one without noise.
    sent = min(settings.width * (settings.epochs + 1) * runs, mu * mu / 4)
    for columns in others:
        width = dimensions(columns)
        yield Exposure(
            party=leader.party,
            secret=f"features of {columns.party}",
            equations=int(np.ceil(rows * min(sent, width))),
            unknowns=rows * width,
        )


def _of_noise(mu: float, variance: float) -> float:
    return 1.0 if mu == inf else mu * mu * variance / (1 + mu * mu * variance)


def _advice(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    exposure: Exposure,
    repeats: int,
) -> str:
    """Give settings that would do."""
    if exposure.secret.startswith("features"):
        if isinstance(settings, RegressionSettings):
            return (
                "Leave show_parts out: a part of the score is one number about "
                f"{exposure.unknowns // exposure.equations} columns, and there must be 10."
            )
        return _noise_advice(task, settings, "features", repeats)
    if not isinstance(settings, RegressionSettings):
        return _noise_advice(task, settings, "labels", repeats)
    return _regression_advice(task, settings, exposure, repeats)


def _regression_advice(
    task: VerticalTask, settings: RegressionSettings, exposure: Exposure, repeats: int
) -> str:
    """Give larger batches, fewer epochs or noise that would do."""

    def does(**changes: object) -> bool:
        changed = replace(settings, **changes)  # type: ignore[arg-type]  # its own fields
        counted = [_gradients(task, columns, changed, (), repeats) for columns in task.parties]
        return not any(refused(one, task.labels) for one in counted)

    rows = len(task.labels)
    sizes = [min(rows, settings.batch_size << step) for step in range(1, rows.bit_length() + 1)]
    larger = next((size for size in sizes if does(batch_size=size)), None)
    epochs = [settings.epochs >> step for step in range(1, settings.epochs.bit_length())]
    fewer = next((count for count in epochs if does(epochs=count)), None)
    options = [
        *([f"batch_size = {larger}"] if larger else []),
        *([f"epochs = {fewer}"] if fewer else []),
        *([] if exposure.secret != LABELS else _gradient_noise(task, settings, repeats)),
    ]
    return f"Use {', or '.join(options)}." if options else "Use more rows, or fewer columns."


def _noise_advice(task: VerticalTask, settings: SplitSettings, what: str, repeats: int) -> str:
    """Give the noise of split learning that would do."""
    runs = trainings(len(task.parties), repeats)
    if what == "labels":
        protection, releases = settings.labels, settings.label_releases(runs)
        most = _most_mu(float(task.labels.mean()))
    else:
        protection, releases = settings.features, settings.feature_releases(runs)
        most = 2 * sqrt(SHARE * min(dimensions(columns) for columns in task.parties[1:]))
    noise = ceil(20 * sqrt(releases) / most) / 10
    clipped = replace(protection, clip=protection.clip or 1.0, noise=noise)
    return (
        f"Use a {what[:-1]}_privacy.noise_multiplier of {noise:g} clipping norms (epsilon "
        f"{clipped.epsilon(releases, DELTA):.2f} for {releases} messages and steps, those of "
        f"coalitions that are trained again included), or fewer epochs."
    )


def _gradient_noise(task: VerticalTask, settings: RegressionSettings, repeats: int) -> list[str]:
    """Give the noise on opened gradients that would do, if the loss allows any."""
    if settings.kind == "linear" or settings.sigmoid == "exact":
        return []
    parties = len(task.parties)
    releases = settings.releases(parties, trainings(parties, repeats))
    noise = ceil(20 * sqrt(releases) / _most_mu(float(task.labels.mean()))) / 10
    clipped = replace(settings.gradient_noise, clip=settings.gradient_noise.clip or 1.0)
    epsilon = replace(clipped, noise=noise).epsilon(releases, DELTA)
    return [
        f"gradient_privacy.noise_multiplier of {noise:g} clipping norms (epsilon {epsilon:.2f})"
    ]


def _most_mu(rate: float) -> float:
    """Give how far apart noise may leave the two values of a label."""

    def excess(seen: float) -> float:
        return guessing(seen, rate) - max(rate, 1 - rate) - MARGIN

    most = SHARE if excess(SHARE) <= 0 else float(brentq(excess, 1e-9, SHARE))
    return sqrt(most / ((1 - most) * rate * (1 - rate)))
