"""What a bundle keeps of every coalition's gains: means, and the spread that errors need.

Never a gain on a row: an owner that knows its own columns knows what its own model says of a
row, and whether that gained there is the row's label. Sums over rows are few numbers about many
labels; :func:`least_rows` says how many rows they need to be few.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import floor
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.bundle.training import whole
from fedmerit.coalitions import every_coalition
from fedmerit.errors import BundleError, ScenarioError
from fedmerit.incentives import AUTO, RecordedGame
from fedmerit.incentives import value as value_game
from fedmerit.incentives.methods import SHAPLEY
from fedmerit.incentives.methods.interactions import interactions
from fedmerit.units import MICRO, NANO

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle
    from fedmerit.federation.vertical.task import Matrix

#: Validation rows for each number that is published about them. Whoever knew every score of
#: every coalition would have one linear equation in the labels for each, and explain a tenth
#: of their variance at most: asin(sqrt(1/10)) / pi = 10% more labels than by guessing.
ROWS_A_NUMBER: Final = 10
#: Three models' log-likelihoods and accuracies, and three areas.
_QUALITIES: Final = 9


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What is published of one game: sums over all validation rows.

    Attributes:
        worths_micro: Mean gain of each coalition with the labels given, ``(2**n,)``, millionths.
        given_nano: Variance over rows of each party's Shapley value with the labels given,
            ``(n,)``, in billionths of a squared nat.
        mandatory_nano: The same, where the label holder has to be in a coalition.
        values_nano: Covariance over rows of the values by the method and the reading of labels
            that are paid, ``(n, n)``.
        pairs_nano: Variance over rows of each pair's interaction, ``(n, n)``, by that reading.
        repeats_micro: The mean gains in each repeat of the training, ``(repeats, 2**n)``, of
            which *worths_micro* are the means; None of one training.
    """

    worths_micro: NDArray[np.int64]
    given_nano: NDArray[np.int64]
    mandatory_nano: NDArray[np.int64]
    values_nano: NDArray[np.int64]
    pairs_nano: NDArray[np.int64]
    repeats_micro: NDArray[np.int64] | None = None

    @property
    def by_repeat_micro(self) -> NDArray[np.int64]:
        """Mean gains of each repeat, ``(repeats, 2**n)``, be it the only one."""
        return self.worths_micro[None] if self.repeats_micro is None else self.repeats_micro


def least_rows(players: int, games: int, repeats: int = 1) -> int:
    """Give how many validation rows *games* games of so many parties may be published about.

    Of the first of them, the mean gains of as many *repeats* are.
    """
    coalitions = (1 << players) - 1
    numbers = games * (coalitions + 2 * players + players * players)
    numbers += (repeats - 1) * coalitions
    return ROWS_A_NUMBER * (numbers + _QUALITIES)


def least_people(rows: int, share: float) -> int:
    """Give how many common people leave *rows* for validation, if *share* of them is held out."""
    people = max(1, floor((rows - 1) / share))
    while round(share * people) < rows:
        people += 1
    return people


def check_rows(
    players: int,
    games: int,
    rows: int,
    *,
    share: float,
    common: int,
    told: tuple[str, ...] = (),
    repeats: int = 1,
) -> None:
    """Refuse to publish so much about so few rows that it would tell their labels.

    Args:
        players: How many parties there are.
        games: How many games are published.
        rows: Validation rows.
        share: Of the common people, that is held out for validation.
        common: How many people are known to all.
        told: What to tell parties besides.
        repeats: Of the first game's training.

    Raises:
        ScenarioError: There are too few validation rows.
    """
    if rows < (least := least_rows(players, games, repeats)):
        message = (
            f"{rows} validation rows are too few for what a bundle tells of {players} parties: "
            f"below {least} it would tell too much of single labels. At validation_share = "
            f"{share}, {least_people(least, share):,} common people would do, and there are "
            f"{common:,}"
        )
        raise ScenarioError(
            "; ".join((message, *told)),
            hint="Bring more common people, raise data.validation_share, join parties, lower "
            "valuation.repeats, or leave reveal_scores out.",
        )


def summarise(gains: Matrix, method: str, label_holder: str) -> Summary:
    """Sum up gains by row, so that no row is left in them.

    Args:
        gains: Of every coalition with the labels given, ``(2**n, validation rows)``; of several
            repeats of the training, ``(repeats, 2**n, validation rows)``.
        method: What the parties are valued by: of one that samples, the spread is that of the
            values that it approaches.
        label_holder: The reading of labels that is paid.
    """
    repeats = None
    if gains.ndim > 2:  # noqa: PLR2004 - coalitions by rows
        repeats = np.rint(gains.mean(axis=2) * MICRO).astype(np.int64)
        gains = gains.mean(axis=0)
    names = tuple(map(str, range(len(gains).bit_length() - 1)))
    given, mandatory = (_by_row(names, gains, reading) for reading in ("given", "mandatory"))
    paid = given if label_holder == "given" else mandatory
    limit = "exact" if method in {AUTO, *SHAPLEY} else method
    errors = interactions(paid, budget=len(gains), seed=0).standard_errors
    return Summary(
        np.rint(gains.mean(axis=1) * MICRO).astype(np.int64),
        _nano(_covariance(given, "exact").diagonal()),
        _nano(_covariance(mandatory, "exact").diagonal()),
        _nano(_covariance(paid, limit)),
        _nano(errors**2 * gains.shape[1]),
        repeats,
    )


def write_table(bundle: Bundle, name: str, gains: Matrix) -> None:
    """Keep what may be told of the gains of every coalition, the labels given."""
    asked = bundle.scenario.valuation
    kept = asdict(summarise(gains, asked.method, asked.label_policy))
    bundle.write_tensors(name, {key: array for key, array in kept.items() if array is not None})


def read_table(bundle: Bundle, name: str, players: int) -> Summary:
    """Read what is kept of every coalition's gains.

    Raises:
        BundleError: It is not of its form, or no game has such sums.
    """
    arrays = bundle.tensors(name)
    shapes = {
        "worths_micro": (2**players,),
        **dict.fromkeys(("given_nano", "mandatory_nano"), (players,)),
        **dict.fromkeys(("values_nano", "pairs_nano"), (players, players)),
    }
    repeated = arrays.get("repeats_micro")
    if repeated is not None and len(repeated) > 1:
        shapes["repeats_micro"] = (len(repeated), 2**players)
    if {key: array.shape for key, array in arrays.items()} != shapes:
        raise BundleError(
            f"{name} holds {', '.join(f'{k} {a.shape}' for k, a in sorted(arrays.items()))}"
        )
    kept = Summary(**{key: whole(array, name).astype(np.int64) for key, array in arrays.items()})
    if wrong := _impossible(kept):
        raise BundleError(f"{name} is of no game: {wrong}")
    return kept


def _impossible(kept: Summary) -> str:
    """Say what no game's sums are; nothing if they may be some game's."""
    if nobody := int(kept.worths_micro[0]):
        return f"nobody gains {nobody} millionths of a nat"
    if int(np.abs(kept.by_repeat_micro[:, 0]).max()):
        return "nobody gains something in a repeat"
    if np.abs(kept.by_repeat_micro.mean(axis=0) - kept.worths_micro).max() > 1:  # both rounded
        return "its means are not those of its repeats"
    for name in ("values_nano", "pairs_nano"):
        matrix = getattr(kept, name)
        if (np.abs(matrix - matrix.T) > 1).any():  # each half was rounded by itself
            return f"{name} is not symmetric"
    variances = (kept.given_nano, kept.mandatory_nano, kept.pairs_nano, kept.values_nano.diagonal())
    least = min(int(each.min()) for each in variances)
    return f"a variance is {least} billionths of a squared nat" if least < 0 else ""


def party_game(
    participants: tuple[str, ...],
    kept: Summary,
    label_holder: str,
    covariance: Matrix,
    rows: int,
) -> RecordedGame:
    """Give a game with the kept means, whose values have *covariance* over its rows.

    It answers by row, as methods want it, but its rows are nobody's: any would do that spread
    so. What a party adds to a row over its mean is alike in all coalitions.

    Args:
        participants: The label holder first.
        kept: Of every coalition with the labels given.
        label_holder: ``given``, or ``mandatory``: a coalition without it is then worth nothing.
        covariance: Of the values of single rows, ``(n, n)``, in squared nats.
        rows: How many validation rows there were.

    Raises:
        BundleError: There were no more of them than parties.
    """
    if rows <= len(participants):
        raise BundleError(f"{rows} validation rows of {len(participants)} parties have no spread")
    coalitions = every_coalition(len(participants))
    off = coalitions @ _scattered(covariance, rows)
    means = _means(coalitions, kept, label_holder)
    by_row = np.hstack([one[:, None] + off for one in means.T])
    return RecordedGame(participants, coalitions, by_row, repeats=means.shape[1])


def mean_game(participants: tuple[str, ...], kept: Summary, label_holder: str) -> RecordedGame:
    """Give the game of the kept means alone: its one row, in each repeat, is the mean of all."""
    coalitions = every_coalition(len(participants))
    means = _means(coalitions, kept, label_holder)
    return RecordedGame(participants, coalitions, means, repeats=means.shape[1])


def _means(coalitions: NDArray[np.bool_], kept: Summary, label_holder: str) -> Matrix:
    """Give each coalition's mean gain in each repeat, ``(2**n, repeats)``."""
    worths = kept.by_repeat_micro.T / MICRO
    return np.where(_plays(coalitions, label_holder)[:, None], worths, 0.0)


def _covariance(game: RecordedGame, method: str) -> Matrix:
    """Give the covariance of the values of single rows, ``(n, n)``."""
    n = len(game.participants)
    found = value_game(game, method=method, budget=2**n, seed=0).row_values
    return np.zeros((n, n)) if found is None else np.cov(found)


def _nano(numbers: Matrix) -> NDArray[np.int64]:
    return np.rint(numbers * NANO).astype(np.int64)


def _by_row(names: tuple[str, ...], gains: Matrix, label_holder: str) -> RecordedGame:
    coalitions = every_coalition(len(names))
    plays = _plays(coalitions, label_holder)
    return RecordedGame(names, coalitions, np.where(plays[:, None], gains, 0.0))


def _plays(coalitions: NDArray[np.bool_], label_holder: str) -> NDArray[np.bool_]:
    return np.asarray(coalitions[:, 0] | (label_holder == "given"))


def _scattered(covariance: Matrix, rows: int) -> Matrix:
    """Give numbers whose mean over *rows* is 0 and whose covariance is *covariance*.

    Returns:
        Shape ``(n, rows)``, out of cosines, which are orthogonal and no draw.
    """
    n = len(covariance)
    scales, directions = np.linalg.eigh(covariance)
    place = (np.arange(rows) + 0.5) / rows
    waves = np.sqrt(2 * (rows - 1) / rows) * np.cos(np.pi * np.outer(np.arange(1, n + 1), place))
    return np.asarray(directions * np.sqrt(scales.clip(min=0.0)) @ waves)
