"""Scores read off the updates themselves, without measuring a single coalition.

Gradient alignment is what round-wise Shapley values become when the steps are short: it
sees a member that sends nothing of its own, and not one that sends more than it should.
CGSV needs no validation rows at all, so it takes the majority for the truth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.game import Game, UpdatesGame, check_participants
from fedmerit.incentives.methods.traits import Reads, valuation_method
from fedmerit.incentives.valuation import conclude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.valuation import Valuation

#: How much of a member's CGSV share a round leaves as it was; the paper's own setting.
_MEMORY: Final = 0.95


@valuation_method("gradient-alignment", reads=Reads.UPDATES, at_once=True)
def gradient_alignment(game: Game, *, budget: int, seed: int) -> Valuation:
    """First-order Shapley values: how far each update goes down the validation loss.

    A round's game with fixed weights is, to first order, a sum over its members of
    ``weight * <update, -gradient>``, which then is each one's Shapley value.

    The values draw nothing and so have no sampling error. The gradient comes as a mean over
    validation rows, so what other rows would have given is not known: no error is stated, and
    no chance that one is worth more than another.

    Source: Koh and Liang (2017); Wang et al. (2024), for single training steps.
    Assumes: That the loss is linear along the steps; blind to steps that are too long.
    Cost: No evaluations, whatever the *budget*; one gradient a round.
    Choose it: As a second opinion, above all on who sends nothing of its own.

    Raises:
        GameError: The game shows no updates, or they do not fit together.
    """
    played = require_updates(game, "gradient-alignment")
    values = (played.weights * descents(played)).sum(axis=0)
    return _without_errors(game, values, "gradient-alignment", seed, budget)


@valuation_method("cgsv", reads=Reads.UPDATES, at_once=True)
def cgsv(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shares by the cosine of each update with everyone's.

    Each round adds up the normalised updates by the shares so far, and moves each share 5%
    of the way to the cosine of the member's update with that sum. Shares start equal, stay
    at 0 or more and add up to 1; a round moves them among those who took part. Who never did,
    or was always refused, has none; if nobody ever did, nobody has any. Draws nothing; no
    error is stated.

    Source: Xu et al. (2021).
    Assumes: That the majority is right: whoever disagrees with it scores low.
    Cost: No evaluations, whatever the *budget*, and no validation rows.
    Choose it: Where nobody can or may measure a model.

    Raises:
        GameError: The game shows no updates, or they do not fit together.
    """
    played = require_updates(game, "cgsv")
    n = len(game.participants)
    shares = np.full(n, 1 / n)
    for updates, present in zip(played.updates, played.present, strict=True):
        directions = unit(updates[present])
        summed = (shares[present, None] * directions).sum(axis=0)
        moved = _MEMORY * shares[present] + (1 - _MEMORY) * cosines(directions, summed)
        moved = moved.clip(min=0.0)
        if moved.any():
            shares[present] = moved * (shares[present].sum() / moved.sum())
    shares[~played.present.any(axis=0)] = 0.0
    return _without_errors(game, shares / (shares.sum() or 1.0), "cgsv", seed, budget)


def descents(game: UpdatesGame) -> NDArray[np.float64]:
    """Give how far each update goes down the validation loss, to first order, unweighted.

    Returns:
        ``<update, -gradient>`` in the loss's unit, shape ``(rounds, n)``; 0 where absent.
    """
    # A sum a round, and no BLAS: little memory, and the same bits at any thread count.
    return np.array(
        [
            -(updates.astype(np.float64) * gradient).sum(axis=1)
            for updates, gradient in zip(game.updates, game.gradients, strict=True)
        ]
    )


def cosines(rows: NDArray[np.floating], direction: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the cosine of each row with one direction, or with a row each.

    Args:
        rows: Shape ``(n, parameters)``.
        direction: Shape ``(parameters,)`` or ``(n, parameters)``.

    Returns:
        Shape ``(n,)``; 0 where either is zero.
    """
    return np.asarray((unit(rows) * unit(direction)).sum(axis=-1))


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scale vectors, along the last axis, to length 1; zeros stay zeros."""
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=0.0).astype(np.float64)
    scaled = vectors / np.where(largest > 0, largest, 1.0)  # so that no square under- or overflows
    lengths = np.sqrt((scaled**2).sum(axis=-1, keepdims=True))
    return np.asarray(scaled / np.where(lengths > 0, lengths, 1.0))


def require_updates(game: Game, method: str) -> UpdatesGame:
    """Give *game* as one that shows its updates.

    Raises:
        GameError: It shows none, their shapes do not fit together, or one is not finite.
    """
    check_participants(game.participants)
    if not isinstance(game, UpdatesGame):
        raise GameError(
            f"{method} reads updates, and a {type(game).__name__} shows none",
            hint="Give it the game of a training run's rounds, or use a method that asks for "
            "coalitions.",
        )
    rounds, n, parameters = game.updates.shape
    wanted = {"weights": (rounds, n), "present": (rounds, n), "gradients": (rounds, parameters)}
    for name, shape in wanted.items():
        actual = getattr(game, name).shape
        if actual != shape or n != len(game.participants):
            raise GameError(
                f"{name} of shape {actual} do not fit {len(game.participants)} participants "
                f"and updates of shape {game.updates.shape}"
            )
    for name in ("updates", "gradients", "weights"):
        if not np.isfinite(getattr(game, name)).all():
            raise GameError(
                f"{name} hold numbers that are not finite, which {method} cannot compare",
                hint="Refuse such updates when they come in; a refused one counts as 0.",
            )
    return game


def _without_errors(
    game: Game, values: NDArray[np.float64], method: str, seed: int, _budget: int
) -> Valuation:
    """Conclude with no errors: even a game that can show validation rows was not asked."""
    concluded = conclude(game, values[:, None], method=method, evaluations=0, seed=seed)
    return replace(concluded, columns=None, errors="unstated")
