"""Bits that a regression's opened gradients tell, whoever puts together what they saw.

A gradient is a sum over a batch: of one's columns times residuals, and a residual is a label and
everybody's scores. Take all that is opened to anybody, in the run and in all coalitions that are
trained again, and all columns. Weights begin at values that are known, so the first step's scores
are, so of its gradients nothing is left but columns times labels; so the weights are known that
it leads to, and so on. All of it comes to sums of labels, weighted by columns, and no more.

Of another's columns it is the same, if the weights of their owner are known: sums of them,
weighted by the columns of the rest.

A row that is cut to a norm is cut by more in a coalition without the label holder, whose first
party has the intercept beside its columns: its sums are then others, and are counted besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.federation.privacy.bits import sums_told
from fedmerit.federation.privacy.releases import trainings
from fedmerit.federation.vertical.entropies import are_coins, independent, rate_of
from fedmerit.federation.vertical.regression.party import SCORE_BITS
from fedmerit.federation.vertical.regression.whitening import whitened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.federation.vertical.regression.settings import RegressionSettings
    from fedmerit.federation.vertical.task import Columns, Matrix, VerticalTask

#: Standard deviation of a party's scores, at most, for what noise hides of them.
SCORE_SPREAD: Final = 4.0


class Opened:
    """What a regression opens, of a task: counted for settings that differ in all but ``whiten``.

    Args:
        task: Whose columns, whose labels.
        whiten: Whether parties make their columns uncorrelated first.
        repeats: How often every coalition is trained, each time in other batches.

    """

    def __init__(self, task: VerticalTask, *, whiten: bool, repeats: int = 1) -> None:
        self.task = task
        self._rows = [
            (whitened(columns)[0] if whiten else columns).training for columns in task.parties
        ]
        self._rows[0] = np.column_stack([self._rows[0], np.ones(len(task.labels))])
        self._repeats = repeats
        self._runs = trainings(len(task.parties), repeats)

    def of_labels(self, settings: RegressionSettings) -> float:
        """Bound the bits that all opened gradients together tell of all labels."""
        labels = self.task.labels
        if are_coins(labels):
            variance = rate_of(labels) * (1 - rate_of(labels))
        else:
            variance = float(labels.var()) * 4.0**SCORE_BITS
        return self._of_sums(self._spread(settings), variance, settings)

    def of_columns(self, settings: RegressionSettings, owner: Columns) -> float:
        """Bound the bits that all others' gradients together tell of an owner's columns.

        Of two bounds the lower: all sums of its columns that the others' columns weigh; and all
        numbers that were opened to the others.
        """
        spread, rows = self._spread(settings, but=owner), len(self.task.labels)
        cut = settings.gradient_noise.clip is not None
        sums = sum(
            self._of_sums(spread, _steps(column, cut=cut), settings, noised=False)
            for column in owner.training[:, independent(owner.training)].T
        )
        if cut and owner is not self.task.parties[0]:
            sums *= 2  # its rows are cut otherwise where it leads
        batches = _batches(settings, rows)
        again = settings.epochs * batches * self._runs
        noise = _noise(settings)
        # A residual is a quarter of a score, in units of a label; without noise it is read to a
        # score's last place.
        unit = (SCORE_SPREAD / 4) ** 2 if noise else SCORE_SPREAD**2 * 4.0**SCORE_BITS
        numbers = again * sums_told(spread / np.sqrt(batches), unit, noise=noise)
        return min(float(sums), numbers)

    def _of_sums(
        self, spread: Matrix, variance: float, settings: RegressionSettings, *, noised: bool = True
    ) -> float:
        """Bound what the sums of all epochs and coalitions tell.

        In full batches, and in every coalition, they are of the same rows: without noise, the
        same numbers. Of more batches, none tells more than all would if each had the same share
        of the rows' spread, since the bits are concave in it; and every repeat has its own.
        """
        batches = _batches(settings, len(self.task.labels))
        noise = _noise(settings) if noised else 0.0
        if batches == 1:
            epochs, again = 1, settings.epochs * self._runs
        else:
            epochs, again = settings.epochs * self._repeats, trainings(len(self.task.parties))
        part = spread * np.sqrt((again if noise else 1) / batches)
        return epochs * batches * sums_told(part, variance, noise=noise)

    def _blocks(self, settings: RegressionSettings, place: int, *, alone: bool) -> Iterator[Matrix]:
        """Give what a party multiplies residuals by, in coalitions that it leads and in others.

        With noise each by the root of its share of the trainings that the party is in; *alone*
        says whether those without the label holder are counted.
        """
        rows = self._rows[place]
        used = settings.used(rows)
        if not place or not alone or settings.gradient_noise.clip is None:
            yield used  # the intercept, where nothing is cut, tells the same in every coalition
            return
        led = settings.used(np.column_stack([rows, np.ones(len(rows))]))
        if not _noise(settings):
            yield from (used, led)
            return
        share = (self._repeats << (len(self.task.parties) - 1 - place)) / self._runs
        yield from (used * np.sqrt(1 - share), led * np.sqrt(share))

    def _spread(self, settings: RegressionSettings, *, but: Columns | None = None) -> Matrix:
        """Give the singular values of the whole numbers that parties multiply residuals by."""
        used = [
            block
            for place, columns in enumerate(self.task.parties)
            if columns is not but
            for block in self._blocks(settings, place, alone=but is not self.task.parties[0])
        ]
        whole = np.rint(np.column_stack(used) * 2.0**settings.column_bits)
        return np.asarray(np.linalg.svd(np.linalg.qr(whole, mode="r"), compute_uv=False))


def _steps(column: Matrix, *, cut: bool) -> float:
    """Give a column's variance in units of its least step: in scores, it is not rounded itself.

    What has two levels has more of them once rows are *cut* to a norm.
    """
    if len(np.unique(column)) == 2 and not cut:  # noqa: PLR2004 - a level, or not
        rate = float((column == column.max()).mean())
        return rate * (1 - rate)
    return float(column.var()) * 4.0**SCORE_BITS


def _batches(settings: RegressionSettings, rows: int) -> int:
    return -(-rows // settings.batch_size)


def _noise(settings: RegressionSettings) -> float:
    """Give the noise's standard deviation in units of a label times a column's last place."""
    noise = settings.gradient_noise
    return noise.noise * (noise.clip or 0.0) * 2.0**settings.column_bits
