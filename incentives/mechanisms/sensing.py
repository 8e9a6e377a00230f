"""MSensing: buying data whose worth overlaps, one best offer at a time.

The buyer's worth is a game: what the data of any coalition are worth together. It must be
submodular (who is added to more adds less), as coverage is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fedmerit.incentives.game import ask
from fedmerit.incentives.mechanisms.edge import pay
from fedmerit.incentives.mechanisms.market import at_least, entered, spread, whole_work
from fedmerit.incentives.mechanisms.promises import Claim, Model, Need, brought, mechanism
from fedmerit.units import NANO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fedmerit.incentives.game import Game
    from fedmerit.incentives.payments import Outcome, RoundInput

#: Members still to be looked at, and what each would add, in billionths of base units.
_Step = tuple[int, dict[int, int]]


def greedy(
    game: Game, bids: Mapping[int, int], worth: int, beside: int | None = None
) -> list[_Step]:
    """Take the member that adds most beyond its bid, as long as it adds more than nothing.

    Args:
        game: The buyer's worth.
        bids: Base units asked, by position.
        worth: Base units that a unit of the game's worth is worth.
        beside: One whose gain is told at each step too, and who is never taken.

    Returns:
        Each step: who was best, and what each would have added then. The last step's best
        adds nothing beyond its bid, unless everybody was taken.
    """
    held: list[int] = []
    steps: list[_Step] = []
    while rest := [i for i in bids if i not in held]:
        asked = rest if beside is None else [*rest, beside]
        adds = dict(zip(asked, _gains(game, held, asked, worth), strict=True))
        best = max(rest, key=lambda i: adds[i] - bids[i] * NANO)
        steps.append((best, adds))
        if adds[best] <= bids[best] * NANO:
            break
        held.append(best)
    return steps


def sensing_prices(game: Game, bids: Mapping[int, int], worth: int) -> dict[int, Fraction]:
    """Give what each winner is paid, in order of winning: its critical bid.

    For each, the others are bought without it; at each step it could have taken the place
    of the best, up to the ask at which it would have added as much.
    """
    taken = [best for best, adds in greedy(game, bids, worth) if adds[best] > bids[best] * NANO]
    prices = {}
    for one in taken:
        others = {i: bid for i, bid in bids.items() if i != one}
        steps = greedy(game, others, worth, beside=one)
        highest, stopped = 0, False
        for best, adds in steps:
            beyond = adds[best] - others[best] * NANO
            highest = max(highest, min(adds[one] - beyond, adds[one]))
            stopped = beyond <= 0
        if not stopped:  # everybody else was taken, and it would still add this much
            highest = max(highest, _gains(game, list(others), [one], worth)[0])
        prices[one] = Fraction(highest, NANO)
    return prices


@mechanism(
    claims=(Claim.DSIC, Claim.IR, Claim.WBB, Claim.SYM, Claim.MONO, Claim.SCALE),
    needs=(Need.BIDS, Need.GAME),
    model=Model(money=frozenset({"worth"})),
)
def msensing(round_: RoundInput, /, *, worth: int = 10**6) -> Outcome:
    """Buy from whoever adds most beyond its ask, and pay the highest ask that would have won.

    The buyer never pays more than what it gets is worth to it. Truthful for submodular
    worths only; where members complement one another the prices are not critical.

    Args:
        round_: The round; its game is the buyer's worth.
        worth: Base units that a unit of the game's worth is worth to the buyer.

    Source: Yang, Xue, Fang and Tang (2012).
    Cost: n worths a step, for everybody and again for each winner.
    """
    at_least(1, worth=worth)
    game = brought(round_.game, Need.GAME, mechanism="msensing")
    asks = {i: bid.cost for i, bid in entered(round_).items()}
    prices = sensing_prices(game, asks, worth)
    return pay(round_, spread(round_, dict(prices)), work=whole_work(round_, prices))


def _gains(game: Game, held: Sequence[int], candidates: Sequence[int], worth: int) -> list[int]:
    """Give what each candidate adds to those *held*, in whole billionths of base units."""
    coalitions = np.zeros((len(candidates) + 1, len(game.participants)), dtype=np.bool_)
    coalitions[:, list(held)] = True
    coalitions[1:][np.arange(len(candidates)), list(candidates)] = True
    worths = ask(game, coalitions).mean(axis=1)
    return [round(Fraction(gain) * NANO) * worth for gain in (worths[1:] - worths[0]).tolist()]
