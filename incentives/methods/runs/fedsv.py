"""FedSV: a run valued as the sum of its rounds, each among those who were there."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.errors import BudgetTooSmall
from fedmerit.incentives.games.cache import CachedGame
from fedmerit.incentives.games.rounds import MappedGame, parts
from fedmerit.incentives.methods.sampling.permutation import antithetic
from fedmerit.incentives.methods.traits import Concept, Reads, valuation_method
from fedmerit.incentives.spreads import spread
from fedmerit.incentives.valuation import conclude
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.valuation import Valuation


@valuation_method("fedsv", concept=Concept.ROUNDS, reads=Reads.ROUNDS)
def fedsv(game: Game, *, budget: int, seed: int) -> Valuation:
    """Shapley values of each round among those present in it, added up.

    Rounds that fit an even share of the budget are valued exactly, the others from pairs of
    joining orders. Who is absent from a round gets nothing for it. Intervals hold what they
    say from ten pairs on, those of all rounds together.

    Source: Wang, Rausch, Zhang, Jia and Song (2020).
    Assumes: That being absent is worth 0, so that two with the same data differ by luck.
    Cost: 2**m for a round of m present, or at least 4 m - 2; added up over the rounds.
    Choose it: For a run in which members pay for each round they take part in.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs of orders in each round.
        GameError: The game has no rounds, or breaks its contract.
    """
    rounds, present = parts(game, "fedsv")
    n = len(game.participants)
    played = [
        (MappedGame(round_, np.eye(n, dtype=np.bool_)[here]), np.eye(n)[here])
        for round_, here in zip(rounds, present, strict=True)
        if here.any()
    ]
    return add_up("fedsv", rounds[0], played, budget=budget, seed=seed)


def add_up(
    method: str,
    round_: Game,
    played: Sequence[tuple[Game, NDArray[np.float64]]],
    *,
    budget: int,
    seed: int,
    vary: bool = False,
) -> Valuation:
    """Value one game a round, exactly or from joining orders, and add up.

    Args:
        method: The method's key.
        round_: Any round's game of all participants, which shows rows if all do.
        played: Each round's game, and what part of each of its players' values each
            participant gets, shape ``(players, n)``.
        budget: For all rounds together.
        seed: Each round draws from a stream of its own.
        vary: Whether the players of each round were drawn too. Errors are then from the
            spread over the rounds of what each gets beyond an even share, which takes in
            how much that differs between rounds for other reasons; one round shows no
            spread, and has infinite errors.

    Raises:
        BudgetTooSmall: *budget* does not cover two pairs of orders in each round.
    """
    n = len(round_.participants)
    if not played:
        nothing = conclude(round_, np.zeros((n, 1)), method=method, evaluations=0, seed=seed)
        return replace(nothing, columns=None)
    valuations = _valued(method, played, n, budget=budget, seed=seed)
    by_round = [
        np.einsum("pi,pc->ic", shares, one.values[:, None] if (c := one.columns) is None else c)
        for one, (_, shares) in zip(valuations, played, strict=True)
    ]
    if vary and len(played) > 1:
        means = np.array([columns.mean(axis=1) for columns in by_round])
        # What a round adds up to is known, and says nothing of the draw.
        here = np.array([shares.sum(axis=0) > 0 for _, shares in played])
        means -= here * (means.sum(axis=1) / here.sum(axis=1))[:, None]
        covariance, degrees = spread(means) * len(means) ** 2, len(means) - 1.0
    elif vary:
        covariance, degrees = np.diag(np.full(n, inf)), 1.0
    else:
        covariance, degrees = _drawn(valuations, [shares for _, shares in played], n)
    return conclude(
        round_,
        np.sum(by_round, axis=0),
        method=method,
        evaluations=sum(one.evaluations for one in valuations),
        seed=seed,
        covariance=covariance,
        degrees=degrees,
        errors="analytic" if vary or any(one.errors != "none" for one in valuations) else "none",
    )


def _valued(
    method: str,
    played: Sequence[tuple[Game, NDArray[np.float64]]],
    participants: int,
    *,
    budget: int,
    seed: int,
) -> list[Valuation]:
    """Value each round's game, and ask the last once more where the budget has room."""
    games = [round_ for round_, _ in played]
    sizes = [len(round_.participants) for round_ in games]
    least = [min(2**m, 4 * m - 2) for m in sizes]
    if budget < sum(least):
        raise BudgetTooSmall(method, budget=budget, needed=sum(least), participants=participants)
    last = [CachedGame(round_) for round_ in games[-1:]]
    valuations = [
        antithetic(round_, budget=part, seed=derived_seed(seed, "valuation", method, at))
        for at, (round_, part) in enumerate(
            zip([*games[:-1], *last], allot(budget, least, [2**m for m in sizes]), strict=True)
        )
    ]
    if last and sum(one.evaluations for one in valuations) < budget:
        last[0].ask_again()
    return valuations


def _drawn(
    valuations: Sequence[Valuation], shares: Sequence[NDArray[np.float64]], n: int
) -> tuple[NDArray[np.float64], float]:
    """Give the covariance of the sum of independent rounds, and its degrees of freedom."""
    covariance, of_rounds = np.zeros((n, n)), []
    for one, share in zip(valuations, shares, strict=True):
        half = np.einsum("pi,pq->iq", share, one.sampling_covariance)
        drawn = np.einsum("iq,qj->ij", half, share)
        covariance += drawn
        of_rounds.append((float(drawn.trace()), one.sampling_degrees))
    return covariance, pooled_degrees(of_rounds)


def allot(budget: int, least: Sequence[int], most: Sequence[int]) -> list[int]:
    """Split *budget* as evenly as the rounds' bounds allow; what one leaves, others get."""
    given = [0] * len(least)
    left, owed = budget, sum(least)
    for behind, at in enumerate(np.argsort(most, kind="stable").tolist()):
        owed -= least[at]
        even = min(left // (len(least) - behind), left - owed)
        given[at] = min(most[at], max(least[at], even))
        left -= given[at]
    return given


def pooled_degrees(of_rounds: Sequence[tuple[float, float]]) -> float:
    """Give the degrees of freedom of a sum of (variance, degrees) (Satterthwaite, 1946)."""
    total = sum(variance for variance, _ in of_rounds)
    parts_ = sum(variance**2 / degrees for variance, degrees in of_rounds)
    return total**2 / parts_ if parts_ > 0 else inf
