"""What parties' messages tell of another's secrets, counted in bits before anything is trained.

The rule: all that is opened, put together by whomever it may be, has too few bits for any guess
of a label to be right more often than the more frequent label is, and 3 points; and for more than
a tenth of the labels' bits, or of the bits in anybody's columns.

It counts what is opened to parties in the course of the protocol. Who holds the key under which
others' numbers exist can open them with the help of one who has them: that is said, and not
counted (:mod:`~fedmerit.federation.vertical.collusion`).
"""

from __future__ import annotations

from math import ceil, log2
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from fedmerit.errors import TrainingError
from fedmerit.federation.privacy.bits import (
    MARGIN,
    SHARE,
    entropy,
    entropy_of,
    least_error,
    most_bits,
)
from fedmerit.federation.privacy.releases import trainings
from fedmerit.federation.vertical import advice
from fedmerit.federation.vertical.collusion import colluding
from fedmerit.federation.vertical.entropies import are_coins, bits_of_columns, dimensions, rate_of
from fedmerit.federation.vertical.exposure import LABELS, SCORE, Exposure, together
from fedmerit.federation.vertical.opened import Opened
from fedmerit.federation.vertical.regression.parts import shown_bits
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.task import log_odds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask


def exposures(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    *,
    show_parts: bool = False,
    repeats: int = 1,
) -> tuple[Exposure, ...]:
    """Count what is seen.

    Args:
        task: Whose columns, whose labels.
        settings: How they train.
        show_parts: Whether parts of scores are shown after a regression.
        repeats: How often every coalition is trained, each time in other batches.

    """
    if not isinstance(settings, RegressionSettings):
        return (*_split(task, settings, repeats), *colluding(task, settings))
    opened = Opened(task, whiten=settings.whiten, repeats=repeats)
    gradients = tuple(_gradients(opened, settings))
    return (
        *gradients,
        _predictions(task, repeats),
        *(_parts(task, _shares(task, gradients)) if show_parts else ()),
        *colluding(task, settings),
    )


def told_by_gradients(
    task: VerticalTask, settings: RegressionSettings, *, repeats: int = 1
) -> dict[str, float]:
    """Give, by party, which share of its columns' bits a regression's gradients tell at most."""
    opened = Opened(task, whiten=settings.whiten, repeats=repeats)
    return _shares(task, _gradients(opened, settings))


def refused(exposure: Exposure, labels: Matrix, *, before: float = 0.0) -> bool:
    """Say whether more is seen than may be, if so large a share was seen *before*."""
    rate = rate_of(labels)
    bound = max(rate, 1 - rate) + MARGIN if exposure.guess else 1.0
    counts = not exposure.agreed and not exposure.colluding
    return counts and (before + exposure.share > SHARE or exposure.guess > bound)


def check_exposures(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    *,
    show_parts: bool = False,
    repeats: int = 1,
) -> tuple[Exposure, ...]:
    """Count what is seen, and refuse what tells too much.

    Raises:
        TrainingError: With settings that would do.
    """
    counted = exposures(task, settings, show_parts=show_parts, repeats=repeats)
    found = next(_refusals(task, counted), None)
    if found is None:
        return counted
    exposure, before = found
    beside = f", beside {before:.1%} of them by gradients" if before else ""
    guessed = f", and could guess {exposure.guess:.0%} of them" if exposure.guess else ""
    raise TrainingError(
        f"{exposure.party} would be told {exposure.bits:,} of the {exposure.of:,} bits in "
        f"the {exposure.secret}, by {exposure.by}{beside}{guessed}",
        hint=_advice(task, settings, exposure, repeats=repeats, show_parts=show_parts),
    )


def _refusals(task: VerticalTask, counted: Iterable[Exposure]) -> Iterator[tuple[Exposure, float]]:
    """Give what tells too much, with the share of the same secret that was told before it."""
    told: dict[str, float] = {}
    for exposure in counted:
        before = told.get(exposure.secret, 0.0)
        if refused(exposure, task.labels, before=before):
            yield exposure, before
        if not exposure.agreed and not exposure.colluding:
            told[exposure.secret] = before + exposure.share


def guessing(mu: float, rate: float) -> float:
    """Give how often the best guess of a label is right.

    Args:
        mu: How far apart a mechanism leaves its two values, in standard deviations.
        rate: Share of the labels that are 1.

    """
    apart = min(max(mu, 1e-6), 1e6)
    odds = log_odds(rate) / apart
    return float(rate * ndtr(apart / 2 + odds) + (1 - rate) * ndtr(apart / 2 - odds))


def _gradients(opened: Opened, settings: RegressionSettings) -> Iterator[Exposure]:
    """Count the gradients of a regression."""
    task = opened.task
    holder, rows = task.parties[0], len(task.labels)
    told = opened.of_labels(settings)
    if are_coins(task.labels):  # be it as a quantity
        yield _label_exposure(task, "gradients", told)
    else:
        yield _exposure(
            _rest(task, holder), LABELS, "gradients", told, rows * entropy_of(task.labels[:, None])
        )
    for columns in task.parties:
        if columns.names:
            secret = f"features of {columns.party}"
            told = opened.of_columns(settings, columns)
            of = rows * bits_of_columns(columns)
            yield _exposure(_rest(task, columns), secret, "gradients", told, of)


def _shares(task: VerticalTask, gradients: Iterable[Exposure]) -> dict[str, float]:
    by_secret = {seen.secret: seen.share for seen in gradients}
    return {name: by_secret.get(f"features of {name}", 0.0) for name in task.participants}


def _label_exposure(task: VerticalTask, by: str, told: float) -> Exposure:
    rate, rows = rate_of(task.labels), len(task.labels)
    of = rows * entropy(rate)
    told = min(told, of)
    return Exposure(
        party=_rest(task, task.parties[0]),
        secret=LABELS,
        by=by,
        bits=ceil(told),
        of=int(of),
        guess=1 - least_error(told / rows, rate),
    )


def _exposure(party: str, secret: str, by: str, told: float, of: float) -> Exposure:
    return Exposure(party=party, secret=secret, by=by, bits=ceil(min(told, of)), of=ceil(of))


def _predictions(task: VerticalTask, repeats: int) -> Exposure:
    """Count the scores that the label holder learns after a regression."""
    leader, *others = task.parties
    held_out = len(task.held_out_labels)
    # The run's scores, and those of every coalition that somebody else is in; of more scores
    # than there are columns, the rest follow from the others.
    models = min(sum(map(dimensions, others)), repeats * (2 ** len(task.parties) - 1))
    return Exposure(
        party=leader.party,
        secret="features of the others",  # noqa: S106 - what it is called
        by="predictions",
        bits=ceil(held_out * min(models * SCORE, sum(map(bits_of_columns, others)))),
        of=ceil(held_out * sum(map(bits_of_columns, others))),
        agreed=True,
    )


def _parts(task: VerticalTask, told: Mapping[str, float]) -> Iterator[Exposure]:
    """Count the parts of scores that the label holder is shown, of what gradients leave."""
    leader, *others = task.parties
    people = len(task.held_out_labels) + len(task.labels)
    for columns in others:
        of = people * bits_of_columns(columns)
        secret = f"features of {columns.party}"
        shown = shown_bits(columns, told[columns.party])
        yield _exposure(leader.party, secret, "parts of scores", shown, of)


def _split(task: VerticalTask, settings: SplitSettings, repeats: int) -> Iterator[Exposure]:
    """Count embeddings and gradients of split learning."""
    leader, *others = task.parties
    rows, rate = len(task.labels), float(task.labels.mean())
    runs = trainings(len(task.parties), repeats)
    # The bits of a Gaussian channel, of which the mechanism is no better a one for any label.
    mu = settings.labels.mu(settings.label_releases(runs))
    told = rows * log2(1 + mu * mu * rate * (1 - rate)) / 2
    of = rows * entropy(rate)
    yield Exposure(
        party=_rest(task, leader),
        secret=LABELS,
        by="gradients",
        bits=ceil(min(told, of)),
        of=int(of),
        guess=guessing(mu, rate),
    )
    # Each of so many messages and steps is no longer than 1, in units of the clip.
    mu = settings.features.mu(settings.feature_releases(runs))
    told = rows * mu * mu / 4 * log2(np.e) / 2
    for columns in others:
        of = rows * bits_of_columns(columns)
        yield _exposure(leader.party, f"features of {columns.party}", "embeddings", told, of)


def _rest(task: VerticalTask, but: Columns) -> str:
    return together([columns.party for columns in task.parties if columns is not but])


def _advice(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    exposure: Exposure,
    *,
    repeats: int,
    show_parts: bool,
) -> str:
    """Give settings that would do."""
    rate = float(task.labels.mean())
    if isinstance(settings, RegressionSettings):
        if exposure.by == "parts of scores" and refused(exposure, task.labels):
            return advice.of_parts()
        opened = Opened(task, whiten=settings.whiten, repeats=repeats)

        def does(changed: RegressionSettings) -> bool:
            gradients = tuple(_gradients(opened, changed))
            parts = _parts(task, _shares(task, gradients)) if show_parts else ()
            return next(_refusals(task, (*gradients, *parts)), None) is None

        return advice.of_regression(task, settings, does, repeats=repeats)
    if exposure.secret == LABELS:
        bits = most_bits(rate, share=SHARE, margin=1.0)

        def allowed(mu: float) -> bool:
            right = guessing(mu, rate) <= max(rate, 1 - rate) + MARGIN
            return right and log2(1 + mu * mu * rate * (1 - rate)) / 2 <= bits

        return advice.of_networks(task, settings, "labels", allowed, repeats=repeats)
    least = SHARE * min(bits_of_columns(columns) for columns in task.parties[1:])
    return advice.of_networks(
        task,
        settings,
        "features",
        lambda mu: mu * mu / 4 * log2(np.e) / 2 <= least,
        repeats=repeats,
    )
