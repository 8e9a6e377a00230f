"""A trend of few teams among many participants, found by looking at what is left.

Of thirteen participants on there are too many teams to look at all. A team earns in the
coalitions that hold it, so that its parts seem to earn there too: the best teams of one size
lead to those of the next. Most that are found wrongly are dropped when the right ones are in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from fedmerit.incentives.methods.surrogates.dividends import complete, of_teams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fedmerit.incentives.methods.surrogates.trends import Trend

    Floats = NDArray[np.float64]

#: Coalitions that the search looks at.
_LOOKED_AT: Final = 5000
#: Teams of one size that lead to the next, the largest size, and the teams tried in one go.
_BEAM: Final = 60
_LARGEST: Final = 6
_TRIED: Final = 80
_ROUNDS: Final = 30
#: Share of what is left that a round must explain, or it is the last.
_WORTHWHILE: Final = 0.03
#: Most teams, for each coalition.
_TEAMS_EACH: Final = 0.25
#: Squared t statistic that a team needs to stay.
_STAYS: Final = 4.0
#: Fewest coalitions that a team is judged by.
_FEWEST: Final = 4.0
#: Stop where what is left of the gains' square is rounding.
_EXPLAINED: Final = 1e-20
_RIDGE: Final = 1e-10


def teams(inside: Floats, gains: Floats) -> Trend:
    """Fit members' and teams' dividends, in rounds that add teams and drop idle ones."""
    few = slice(_LOOKED_AT)
    chosen = _searched(inside[few], gains[few])
    amounts, *_ = _solved(complete(inside, chosen), gains)
    return of_teams(chosen, amounts)


def _searched(inside: Floats, gains: Floats) -> Floats:
    """Give the teams that were found, shape ``(teams, n)``, members alone first."""
    m, n = inside.shape
    chosen = np.eye(n)
    # What pairs there are would look large by chance, if nothing but noise were left.
    chance = 2 * np.log(n * (n - 1) / 2)
    before = np.inf
    for _ in range(_ROUNDS):
        amounts, rest, spread = _solved(complete(inside, chosen), gains)
        noise = rest @ rest / max(m - len(chosen), 1)
        stays = (amounts**2 > _STAYS * noise * spread) | (chosen.sum(axis=1) == 1)
        chosen = chosen[stays]
        if not stays.all():
            rest = _solved(complete(inside, chosen), gains)[1]
        left = float(rest @ rest)
        if left <= _EXPLAINED * (gains @ gains) or len(chosen) > _TEAMS_EACH * m:
            break
        if left > (1 - _WORTHWHILE) * before:
            break
        before = left
        better = _promising(inside, rest, chosen=chosen, least=chance * noise)
        if not len(better):
            break
        chosen = np.vstack([chosen, better])
    return chosen


def _solved(columns: Floats, gains: Floats) -> tuple[Floats, Floats, Floats]:
    """Give the least squares' amounts, what they leave, and each amount's relative variance."""
    gram = columns.T @ columns + _RIDGE * len(gains) * np.eye(columns.shape[1])
    inverse = np.linalg.inv(gram)
    amounts = inverse @ (columns.T @ gains)
    return amounts, gains - columns @ amounts, np.asarray(inverse.diagonal(), dtype=np.float64)


def _promising(inside: Floats, rest: Floats, *, chosen: Floats, least: float) -> Floats:
    """Give the teams that explain most of *rest*, beyond *least*, shape ``(few, n)``."""
    n = inside.shape[1]
    have = {row.tobytes() for row in chosen}
    ends, scores = np.zeros((1, n)), []
    for _ in range(min(_LARGEST, n)):
        explained = _explained(inside, rest, ends)
        ranked = np.argsort(-explained, axis=None, kind="stable")[: 4 * _BEAM]
        larger: dict[bytes, Floats] = {}
        for place in ranked:
            of, member = divmod(int(place), n)
            team = ends[of].copy()
            team[member] = 1.0
            key = team.tobytes()
            if explained[of, member] <= 0 or key in larger:
                continue
            larger[key] = team
            if key not in have and explained[of, member] > least:
                scores.append((explained[of, member], team))
            if len(larger) == _BEAM:
                break
        if not larger:
            break
        ends = np.array(list(larger.values()))
    scores.sort(key=lambda scored: -scored[0])
    return np.array([team for _, team in scores[:_TRIED]]).reshape(-1, n)


def _explained(inside: Floats, rest: Floats, ends: Floats) -> Floats:
    """Give how much of *rest* each team explains with one member more, ``(teams, n)``."""
    m = len(inside)
    columns = complete(inside, ends)
    often, earned = columns.T @ inside, columns.T @ (rest[:, None] * inside)
    spread = often * (1 - often / m)
    apart = (earned - often * rest.mean()) ** 2
    possible = (spread >= _FEWEST) & (ends == 0)
    explained: Floats = np.zeros(apart.shape)
    explained[possible] = apart[possible] / spread[possible]
    return explained
