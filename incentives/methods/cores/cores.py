"""Divisions that no coalition could complain of: the least core and the nucleolus.

Unlike a Shapley value these are not linear in the game. They are linear as long as the same
coalitions bind, though, so the values of each validation row are those that the binding
coalitions of the mean game give it: a first-order error, as of the delta method, which says
nothing about rows that would make other coalitions bind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import betaincinv

from fedmerit.errors import BudgetTooSmall, GameError
from fedmerit.incentives.game import (
    EnumerableGame,
    MeasuredGame,
    ask,
    ask_for_all,
    check_participants,
)
from fedmerit.incentives.methods.cores.equations import plug_in
from fedmerit.incentives.methods.cores.evenest import nearest_equal
from fedmerit.incentives.methods.cores.excesses import Family, settle, start
from fedmerit.incentives.methods.enumeration import every_coalition
from fedmerit.incentives.methods.traits import valuation_method
from fedmerit.incentives.spreads import of_mean
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.game import Coalitions, Game, RowWorths
    from fedmerit.incentives.valuation import Valuation

#: Coalitions in one request, which bounds memory.
_PORTION: Final = 2**14
#: Above so many participants, only the coalitions that bind are looked at row by row.
_ROW_BY_ROW_UP_TO: Final = 16
#: Samples of coalitions drawn again out of the sample, for the errors.
_RESAMPLES: Final = 20


@valuation_method("least-core", tabulates=True)
def least_core(game: Game, *, budget: int, seed: int) -> Valuation:
    """The division whose worst-treated coalition has the least to complain of.

    Shares add up to what everyone is worth beyond nobody, and the largest excess (what a
    coalition is worth less what its members get) is as small as it can be. Among such
    divisions this is the most even one, nearest to equal shares in squares; it is unique.
    Shares may be negative, and the largest excess too.

    Where the budget does not cover all coalitions, it buys those of one and of all but one,
    and the rest are drawn evenly from all. Then :func:`unheard` bounds the share of
    coalitions whose excess may be larger than the least one. Errors are from samples drawn
    again out of the sample, and say how much the shares move with it. Intervals may hold far
    less than they say: an extreme is estimated, not a mean, and a sample always misses it on
    the same side.

    Source: Maschler, Peleg and Shapley (1979); sampled as by Yan and Procaccia (2021).
    Assumes: That coalitions could leave and take their worth with them.
    Cost: 2**n evaluations for the exact one, at least 2 n + 2 for a sample.
    Choose it: Where members could walk out together; identical members get equal shares.

    Raises:
        BudgetTooSmall: *budget* is below ``2n + 2`` and ``2**n``.
        GameError: The game breaks its contract.
    """
    check_participants(game.participants)
    n = len(game.participants)
    needed = min(2**n, 2 * n + 2)
    if budget < needed:
        raise BudgetTooSmall("least-core", budget=budget, needed=needed, participants=n)
    if 2**n <= budget:
        return _whole(game, "least-core", seed)
    always = np.vstack([np.eye(n, dtype=np.bool_), ~np.eye(n, dtype=np.bool_)])
    rng = generator(seed, "valuation", "least-core")
    drawn = rng.integers(2, size=(budget - needed, n)).astype(np.bool_)
    members = _distinct(np.vstack([always, drawn]))
    everyone_last = np.vstack([np.zeros(n, dtype=np.bool_), members, np.ones(n, dtype=np.bool_)])
    worths = ask(game, everyone_last)
    by_column = _least_core(everyone_last, worths)
    draws, rng = [], generator(seed, "valuation", "least-core", "resamples")
    for _ in range(_RESAMPLES):
        again = drawn[rng.integers(len(drawn), size=len(drawn))] if len(drawn) else drawn
        chosen = set(_keys(np.vstack([everyone_last[[0, -1]], always, again])))
        is_chosen = np.array([key in chosen for key in _keys(everyone_last)])
        draws.append(_least_core(everyone_last[is_chosen], worths[is_chosen]).mean(axis=1))
    return conclude(
        game,
        by_column,
        method="least-core",
        evaluations=len(everyone_last),
        seed=seed,
        covariance=of_mean(np.array(draws)) * _RESAMPLES,
        degrees=_RESAMPLES - 1,
        errors="bootstrap",
    )


@valuation_method("nucleolus", at_once=True, tabulates=True)
def nucleolus(game: Game, *, budget: int, seed: int) -> Valuation:
    """The division that makes the largest excess smallest, then the second, and so on.

    Over all divisions of what everyone is worth beyond nobody that give each at least what
    they are worth alone; where there is no such division (the worths alone add up to more
    than everyone's, as with similar data), over all divisions (the prenucleolus). It lies
    in the core if there is one. Each stage is one linear program, and the coalitions that
    bind in all its answers are fixed by rank, so that there are fewer stages than
    participants.

    Source: Schmeidler (1969); stages as by Maschler, Peleg and Shapley (1979).
    Assumes: As the least core; all coalitions count.
    Cost: 2**n evaluations, and up to n - 1 linear programs; seconds at n = 18.
    Choose it: For one fair point of the core, up to 18 or 20 members.

    Raises:
        BudgetTooSmall: *budget* is below ``2**n``.
        GameError: The game breaks its contract.
    """
    check_participants(game.participants)
    n = len(game.participants)
    if 2**n > budget:
        raise BudgetTooSmall("nucleolus", budget=budget, needed=2**n, participants=n)
    return _whole(game, "nucleolus", seed)


def unheard(draws: int, participants: int, *, confidence: float = 0.95) -> float:
    """Bound the share of coalitions that a sampled least core may have failed to hear.

    With *confidence*, no larger a share of all coalitions has an excess above the one that
    :func:`least_core` made least, hence above that of the true least core (the scenario
    bound of Campi and Garatti, 2008, for as many unknowns as participants).

    Args:
        draws: Coalitions drawn evenly: the budget less ``2n + 2``.
        participants: How many there are.
        confidence: Over the draw of the coalitions.

    Raises:
        GameError: *draws* is negative, or *confidence* is not between 0 and 1.
    """
    if draws < 0 or not 0 < confidence < 1:
        raise GameError(f"no bound follows from draws={draws} and confidence={confidence}")
    if draws < participants:
        return 1.0
    # P(Binomial(draws, share) < participants) = 1 - confidence, solved for the share.
    return float(betaincinv(participants, draws - participants + 1, confidence))


def _whole(game: Game, method: str, seed: int) -> Valuation:
    """Value *game* by *method* from all its coalitions."""
    n = len(game.participants)
    members = every_coalition(n)
    solve = _least_core if method == "least-core" else _nucleolus
    if n > _ROW_BY_ROW_UP_TO and isinstance(game, EnumerableGame):
        by_column = solve(members, ask_for_all(game)[:, None], game)
    else:
        starts = range(0, 2**n, _PORTION)
        worths = np.vstack([ask(game, members[at : at + _PORTION]) for at in starts])
        by_column = solve(members, worths)
    return conclude(game, by_column, method=method, evaluations=2**n, seed=seed)


def _least_core(
    members: Coalitions, worths: RowWorths, game: Game | None = None
) -> NDArray[np.float64]:
    """Give the shares by column; *members* starts with nobody and ends with everyone."""
    family = _family(members, worths)
    fixed = start(family)
    if members.shape[1] > 1:
        excess = settle(family, fixed)
        shares = nearest_equal(family, fixed, excess)
    else:
        shares = fixed.solution()
    return _by_column(shares, members, worths, game)


def _nucleolus(
    members: Coalitions, worths: RowWorths, game: Game | None = None
) -> NDArray[np.float64]:
    family = _family(members, worths)
    n = members.shape[1]
    alone = family.worths[family.members.sum(axis=1) == 1]  # in the participants' order
    floors = alone if alone.sum() <= family.worths[-1] else None
    fixed = start(family)
    while fixed.rank < n:
        settle(family, fixed, floors)
    return _by_column(fixed.solution(), members, worths, game)


def _family(members: Coalitions, worths: RowWorths) -> Family:
    means = worths.mean(axis=1)
    return Family(members[1:], means[1:] - means[0])


def _by_column(
    shares: list[dict[int, float]], members: Coalitions, worths: RowWorths, game: Game | None
) -> NDArray[np.float64]:
    """Plug each column's worths in; those of *game*'s rows if *worths* has only means."""
    terms = sorted({term for share in shares for term in share})
    rows, nobody = worths[1:][terms], worths[0]
    values = _plugged(shares, terms, rows - nobody)
    if game is None or not isinstance(game, MeasuredGame):
        return values
    row_worths = ask(game, np.vstack([members[:1], members[1:][terms]]))
    by_row = _plugged(shares, terms, row_worths[1:] - row_worths[0])
    return np.asarray(by_row + (values - by_row.mean(axis=1, keepdims=True)))


def _plugged(
    shares: list[dict[int, float]], terms: list[int], rows: RowWorths
) -> NDArray[np.float64]:
    place = {term: at for at, term in enumerate(terms)}
    return np.array(
        [plug_in({place[term]: w for term, w in share.items()}, rows) for share in shares]
    )


def _distinct(members: Coalitions) -> Coalitions:
    """Drop repeats, nobody and everyone; keep the order."""
    first = {key: row for row, key in reversed(list(enumerate(_keys(members))))}
    distinct = members[sorted(first.values())]
    return distinct[distinct.any(axis=1) & ~distinct.all(axis=1)]


def _keys(members: Coalitions) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(members, axis=1)]
