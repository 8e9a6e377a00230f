"""Our games as games of shapiq, for its interactions and its plots."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from fedmerit.errors import GameError
from fedmerit.incentives.games.cache import CachedGame

if TYPE_CHECKING:
    from fedmerit.incentives.game import Coalitions, Game, Worths


def to_shapiq(game: Game) -> Any:  # noqa: ANN401 - its type is of a package that may be missing
    """Make *game* a ``shapiq.Game``, with what nobody is worth as its zero.

    Each distinct coalition is asked for once, however often shapiq comes back to it, and
    that of nobody at once. Any approximator or computer of shapiq takes what comes out::

        shapiq.ExactComputer(to_shapiq(game))("k-SII", order=2)

    Source: Muschalik et al. (2024), the package.

    Raises:
        GameError: shapiq is not installed, or the game breaks its contract.
    """
    try:
        shapiq = import_module("shapiq")
    except ImportError as error:
        raise GameError(
            f"games of shapiq need the package shapiq, which cannot be imported: {error}",
            hint="pip install 'fedmerit[shapiq]' (Python 3.12 or later)",
        ) from error
    cached = CachedGame(game)
    n = len(cached.participants)
    nobody = float(cached.worth(np.zeros((1, n), dtype=np.bool_))[0])

    def value_function(_: object, coalitions: Coalitions) -> Worths:
        return cached.worth(np.atleast_2d(coalitions).astype(np.bool_))

    adapted = type("FedmeritGame", (shapiq.Game,), {"value_function": value_function})
    return adapted(
        n_players=n,
        normalize=True,
        normalization_value=nobody,
        player_names=list(cached.participants),
    )
