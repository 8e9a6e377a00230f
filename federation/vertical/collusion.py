"""What two parties open together that nobody was meant to open."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from fedmerit.federation.privacy.bits import entropy_of
from fedmerit.federation.vertical.entropies import bits_of_columns, dimensions
from fedmerit.federation.vertical.exposure import LABELS, SCORE, Exposure, together
from fedmerit.federation.vertical.regression.settings import THIRD_PARTY, RegressionSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import VerticalTask


def colluding(
    task: VerticalTask, settings: RegressionSettings | SplitSettings
) -> Iterator[Exposure]:
    """Say what each pair of parties opens that can open what is not counted."""
    if isinstance(settings, RegressionSettings):
        yield from _with_the_key(task, settings)
        yield from _predictions(task)
    else:
        yield from _embeddings(task, settings)


def _with_the_key(task: VerticalTask, settings: RegressionSettings) -> Iterator[Exposure]:
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


def _predictions(task: VerticalTask) -> Iterator[Exposure]:
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
            bits=ceil(min(of, held_out * models * SCORE)),
            of=ceil(of),
            colluding=True,
        )


def _embeddings(task: VerticalTask, settings: SplitSettings) -> Iterator[Exposure]:
    """Say the same of embeddings that are added up under a key of the first other party."""
    leader, first, *readers = task.parties
    if settings.forward == "encrypted":
        for columns in readers:
            pair, of = together([first.party, leader.party]), bits_of_columns(columns)
            secret = f"features of {columns.party}"
            yield _colluded(pair, secret, "its embeddings", len(task.labels) * of)


def _colluded(pair: str, secret: str, by: str, of: float) -> Exposure:
    return Exposure(party=pair, secret=secret, by=by, bits=ceil(of), of=ceil(of), colluding=True)
