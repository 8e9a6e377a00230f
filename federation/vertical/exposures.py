"""What parties' messages tell of another's secrets, counted in bits before anything is trained.

The rule: all that is opened, put together by whomever it may be, has too few bits for any guess
of a label to be right more often than the more frequent label is, and 3 points; and for more than
a tenth of the labels' bits, or of the bits in anybody's columns.

It counts what is opened to parties in the course of the protocol. Who holds the key under which
others' numbers exist can open them with the help of one who has them: that is said, and not
counted (:attr:`Exposure.colluding`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log2
from typing import TYPE_CHECKING, Final

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
from fedmerit.federation.vertical.entropies import bits_of_columns, dimensions
from fedmerit.federation.vertical.opened import SCORE_SPREAD, Opened
from fedmerit.federation.vertical.regression.parts import shown_bits
from fedmerit.federation.vertical.regression.party import SCORE_BITS
from fedmerit.federation.vertical.regression.settings import THIRD_PARTY, RegressionSettings
from fedmerit.federation.vertical.task import log_odds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask

#: What is seen of the labels.
LABELS: Final = "labels"
#: Bits of one score, among scores that spread by :data:`SCORE_SPREAD`.
_SCORE: Final = SCORE_BITS + log2(SCORE_SPREAD) + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What is seen of one secret.

    Attributes:
        party: Who sees it, alone or together.
        secret: Of what: ``labels`` or ``features of ...``.
        by: By what it is seen.
        bits: Told at most, over a run and all coalitions that are trained again.
        of: Bits of the secret.
        guess: How often labels can be guessed, in [0, 1]; 0 where no labels are seen.
        agreed: Whether it is what the parties train for: the predictions. It is not refused.
        colluding: Whether it takes a party that opens what was not meant for it. It is not
            refused: no setting hinders it.

    """

    party: str
    secret: str
    by: str
    bits: int
    of: int
    guess: float = 0.0
    agreed: bool = False
    colluding: bool = False

    @property
    def share(self) -> float:
        """Bits told for each bit there is."""
        return self.bits / self.of if self.of else inf


def exposures(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    *,
    show_parts: bool = False,
) -> tuple[Exposure, ...]:
    """Count what is seen.

    Args:
        task: Whose columns, whose labels.
        settings: How they train.
        show_parts: Whether parts of scores are shown after a regression.

    """
    if not isinstance(settings, RegressionSettings):
        return (*_split(task, settings), *_colluding_split(task, settings))
    return (
        *_gradients(Opened(task, whiten=settings.whiten), settings),
        *_scores(task, show_parts=show_parts),
        *_colluding(task, settings),
        *_colluding_predictions(task),
    )


def refused(exposure: Exposure, labels: Matrix) -> bool:
    """Say whether more is seen than may be."""
    rate = float(labels.mean())
    bound = max(rate, 1 - rate) + MARGIN if exposure.guess else 1.0
    counts = not exposure.agreed and not exposure.colluding
    return counts and (exposure.share > SHARE or exposure.guess > bound)


def check_exposures(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    *,
    show_parts: bool = False,
) -> tuple[Exposure, ...]:
    """Count what is seen, and refuse what tells too much.

    Raises:
        TrainingError: With settings that would do.
    """
    counted = exposures(task, settings, show_parts=show_parts)
    for exposure in counted:
        if refused(exposure, task.labels):
            guessed = f", and could guess {exposure.guess:.0%} of them" if exposure.guess else ""
            raise TrainingError(
                f"{exposure.party} would be told {exposure.bits:,} of the {exposure.of:,} bits in "
                f"the {exposure.secret}, by {exposure.by}{guessed}",
                hint=_advice(task, settings, exposure),
            )
    return counted


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
    if settings.kind == "linear":
        yield _exposure(
            _rest(task, holder), LABELS, "gradients", told, rows * entropy_of(task.labels[:, None])
        )
    else:
        yield _label_exposure(task, "gradients", told)
    for columns in task.parties:
        if columns.names:
            secret = f"features of {columns.party}"
            told = opened.of_columns(settings, columns)
            of = rows * bits_of_columns(columns)
            yield _exposure(_rest(task, columns), secret, "gradients", told, of)


def _label_exposure(task: VerticalTask, by: str, told: float) -> Exposure:
    rate, rows = float(task.labels.mean()), len(task.labels)
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


def _scores(task: VerticalTask, *, show_parts: bool) -> Iterator[Exposure]:
    """Count the scores that the label holder learns after a regression."""
    leader, *others = task.parties
    held_out = len(task.held_out_labels)
    # The run's scores, and those of every coalition that somebody else is in; of more scores
    # than there are columns, the rest follow from the others.
    models = min(sum(map(dimensions, others)), 2 ** len(task.parties) - 1)
    yield Exposure(
        party=leader.party,
        secret="features of the others",  # noqa: S106 - what it is called
        by="predictions",
        bits=ceil(held_out * min(models * _SCORE, sum(map(bits_of_columns, others)))),
        of=ceil(held_out * sum(map(bits_of_columns, others))),
        agreed=True,
    )
    if not show_parts:
        return
    people = held_out + len(task.labels)
    for columns in others:
        of = people * bits_of_columns(columns)
        secret = f"features of {columns.party}"
        yield _exposure(leader.party, secret, "parts of scores", shown_bits(columns), of)


def _split(task: VerticalTask, settings: SplitSettings) -> Iterator[Exposure]:
    """Count embeddings and gradients of split learning."""
    leader, *others = task.parties
    rows, rate = len(task.labels), float(task.labels.mean())
    runs = trainings(len(task.parties))
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


def _colluding(task: VerticalTask, settings: RegressionSettings) -> Iterator[Exposure]:
    """Say what the holder of the key opens with the help of one other party."""
    leader, *others = task.parties
    rows, third = len(task.labels), settings.coordinator == "third party"
    holder = THIRD_PARTY if third else others[0].party
    readers = others if third else others[1:]
    if not readers:
        return
    labels = rows * (entropy_of(task.labels[:, None]))
    for columns in readers:
        pair = together([holder, columns.party])
        yield _colluded(pair, LABELS, "residuals", labels)
    for columns in readers:
        pair = together([holder, leader.party])
        of = rows * bits_of_columns(columns)
        yield _colluded(pair, f"features of {columns.party}", "its parts of all scores", of)


def _colluding_predictions(task: VerticalTask) -> Iterator[Exposure]:
    """Say whose scores are left over if the label holder takes another's from their sum."""
    leader, *others = task.parties
    if len(others) != 2:  # noqa: PLR2004 - of more, a sum of several is left
        return
    held_out = len(task.held_out_labels)
    for mine, left in zip(others, reversed(others), strict=True):
        of = held_out * bits_of_columns(left)
        models = min(dimensions(left), 2 ** len(task.parties) - 1)
        yield Exposure(
            party=together([leader.party, mine.party]),
            secret=f"features of {left.party}",
            by="its parts of predictions",
            bits=ceil(min(of, held_out * models * _SCORE)),
            of=ceil(of),
            colluding=True,
        )


def _colluding_split(task: VerticalTask, settings: SplitSettings) -> Iterator[Exposure]:
    """Say the same of embeddings that are added up under a key of the first other party."""
    leader, first, *readers = task.parties
    if settings.forward == "encrypted":
        for columns in readers:
            pair, of = together([first.party, leader.party]), bits_of_columns(columns)
            secret = f"features of {columns.party}"
            yield _colluded(pair, secret, "its embeddings", len(task.labels) * of)


def _colluded(pair: str, secret: str, by: str, of: float) -> Exposure:
    return Exposure(party=pair, secret=secret, by=by, bits=ceil(of), of=ceil(of), colluding=True)


def together(names: Sequence[str]) -> str:
    """Name several parties as one."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _rest(task: VerticalTask, but: Columns) -> str:
    return together([columns.party for columns in task.parties if columns is not but])


def _advice(
    task: VerticalTask, settings: RegressionSettings | SplitSettings, exposure: Exposure
) -> str:
    """Give settings that would do."""
    rate = float(task.labels.mean())
    if isinstance(settings, RegressionSettings):
        if exposure.by == "parts of scores":
            return advice.of_parts()
        opened = Opened(task, whiten=settings.whiten)

        def does(changed: RegressionSettings) -> bool:
            return not any(refused(one, task.labels) for one in _gradients(opened, changed))

        return advice.of_regression(task, settings, does)
    if exposure.secret == LABELS:
        bits = most_bits(rate, share=SHARE, margin=1.0)

        def allowed(mu: float) -> bool:
            right = guessing(mu, rate) <= max(rate, 1 - rate) + MARGIN
            return right and log2(1 + mu * mu * rate * (1 - rate)) / 2 <= bits

        return advice.of_networks(task, settings, "labels", allowed)
    least = SHARE * min(bits_of_columns(columns) for columns in task.parties[1:])
    return advice.of_networks(
        task, settings, "features", lambda mu: mu * mu / 4 * log2(np.e) / 2 <= least
    )
