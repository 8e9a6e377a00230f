"""Draw docs/images/mechanisms/: one picture for each family, from what its mechanisms do.

Run this after a change to a mechanism; a test compares.

    python docs/pictures.py
"""  # noqa: INP001 - a script beside the pages, not a package

from __future__ import annotations

import sys
from itertools import accumulate, pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from drawing import COLOURS, Picture

from fedmerit.incentives import MECHANISMS, NANO, Estimate, RoundInput, TableGame
from fedmerit.incentives.mechanisms.goods import accuracy, alone, good_total, shaped_units
from fedmerit.incentives.mechanisms.menus import best_menu, logarithmic
from fedmerit.incentives.mechanisms.models import rho_rewards
from fedmerit.incentives.mechanisms.tullock import contest_efforts
from fedmerit.incentives.offers import Bid, History
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fedmerit.incentives import Game, Outcome

HERE: Final = Path(__file__).parent / "images" / "mechanisms"
BLUE, ORANGE, GREEN, PURPLE, RED, _, _, GREY, *_ = COLOURS
UNIT: Final = 10**6


def sharing() -> Picture:
    """Draw what two members with the same data and a third are paid by each rule."""
    worths = {"a": 6.0, "b": 6.0, "ab": 6.0, "c": 3.0, "ac": 9.0, "bc": 9.0, "abc": 9.0}
    rules = ("individual", "labour-union", "fair-value", "shapley", "banzhaf")
    picture = Picture(
        "What twins a and b and a member c are paid by five rules",
        across=(-0.6, 4.6),
        up=(0, 100),
        labels=("", "per cent of the budget"),
    )
    picture.ticks(dict(enumerate(rules)), _per_cent())
    for colour, name in zip((BLUE, ORANGE, GREEN), "abc", strict=True):
        picture.key(colour, f"{name}, twin" if name in "ab" else name)
    for place, rule in enumerate(rules):
        paid = [100 * each / (9 * UNIT) for each in _paid(rule, _game("abc", worths), 9 * UNIT)]
        edges = list(accumulate(paid, initial=0.0))
        for (low, high), colour in zip(pairwise(edges), (BLUE, ORANGE, GREEN), strict=True):
            picture.bar(place, low, high, colour)
    return picture


def core() -> Picture:
    """Draw all divisions among three as a triangle, the core in it, and four points."""
    worths = {"a": 0.0, "ab": 8.0, "ac": 6.0, "bc": 2.0, "abc": 9.0}
    game = _game("abc", worths)
    picture = Picture("The core of a game of three, and who is in it", across=(0, 2), up=(0, 1.05))
    corners = [(0.6, 0.05), (1.6, 0.05), (1.1, 0.98)]

    def placed(paid: Sequence[float]) -> tuple[float, float]:
        parts = [each / sum(paid) for each in paid]
        return tuple(  # type: ignore[return-value]
            sum(part * corner[axis] for part, corner in zip(parts, corners, strict=True))
            for axis in (0, 1)
        )

    picture.line([*corners, corners[0]], GREY)
    # b has at most 9 - v(ac), c at most 9 - v(ab), and a at most 9 - v(bc).
    picture.area([placed(p) for p in ((7, 2, 0), (7, 1, 1), (5, 3, 1), (6, 3, 0))], BLUE)
    for (x, y), said in zip(corners, ("all to a", "all to b", "all to c"), strict=True):
        picture.say(x, y - 0.06 if y < 1 / 2 else y + 0.03, said)
    for rule, colour in (
        ("shapley", RED),
        ("nucleolus", BLUE),
        ("least-core", GREEN),
        ("individual", PURPLE),
    ):
        paid = _paid(rule, game, 9 * UNIT)
        if any(paid):
            picture.key(colour, rule)
            picture.dot(*placed(paid), colour)
    return picture


def instalments() -> Picture:
    """Draw what FLI still owes two members, one of which came late."""
    picture = Picture(
        "What is owed to two members over rounds under FLI",
        across=(0, 20),
        up=(0, 2),
        labels=("round", "units still owed"),
    )
    picture.ticks({i: str(i) for i in range(0, 21, 5)}, {i / 2: f"{i / 2:g}" for i in range(5)})
    owed: list[list[float]] = [[0.0, 0.0]]
    working = (range(1, 7), range(5, 11))
    history = History()
    for number in range(1, 21):
        # Each has a cost of 1 for six rounds, the second from the fifth on; 1.2 come in.
        costs = [int(number in each) for each in working]
        round_ = _round(
            ("early", "late"),
            12 * UNIT // 10,
            bids=tuple(Bid(cost=cost * UNIT) for cost in costs),
            history=history,
        )
        history = MECHANISMS["fli"](round_).history
        owed.append([float(each) / UNIT for each in history.regrets])
    for member, colour in enumerate((BLUE, ORANGE)):
        picture.line([(i, each[member]) for i, each in enumerate(owed)], colour)
        picture.key(colour, ("works in rounds 1 to 6", "works in rounds 5 to 10")[member])
    return picture


def groves() -> Picture:
    """Draw what a member ends with by what it asks, under Groves payments and instalments."""
    picture = Picture(
        "What a member ends with, by what it asks",
        across=(0.2, 3),
        up=(0, 110),
        labels=("ask, in multiples of its cost", "per cent of the most it can have"),
    )
    picture.ticks({1: "1, the truth", 2: "2", 3: "3"}, _per_cent())
    asks = [k / 20 for k in range(4, 61)]
    for name, colour in (("pvcg", BLUE), ("fli", ORANGE)):
        ends = [_ends(name, ask) for ask in asks]
        points = [(ask, 100 * end / max(ends)) for ask, end in zip(asks, ends, strict=True)]
        picture.line([point for point in points if point[1] >= 0], colour)
        picture.key(colour, name)
    picture.line([(1, 0), (1, 104)], GREY, width=1.5, dashed=True)
    return picture


def auctions() -> Picture:
    """Draw asks, whom a uniform price buys, and at what price."""
    asks = (8, 3, 6, 4, 10, 7)
    bids = tuple(Bid(cost=ask * UNIT) for ask in asks)
    round_ = _round("abcdef", 30 * UNIT, bids=bids, parameters={"winners": 3})
    paid = MECHANISMS["uniform-price"](round_).payments
    price = max(paid) / UNIT
    picture = Picture(
        "Six asks, the three that a uniform price buys, and the price",
        across=(-0.6, 5.6),
        up=(0, 11),
        labels=("members, the cheapest first", "units"),
    )
    order = sorted(range(6), key=asks.__getitem__)
    picture.ticks(
        {i: "abcdef"[who] for i, who in enumerate(order)}, {i: str(i) for i in range(0, 11, 2)}
    )
    for place, who in enumerate(order):
        picture.bar(place, 0, asks[who], BLUE if paid[who] else GREY)
        if paid[who]:
            picture.bar(place, asks[who], price, GREEN)
    picture.line([(-0.6, price), (5.6, price)], RED, dashed=True)
    for colour, said in (
        (BLUE, "bought: the ask"),
        (GREEN, "and its gain"),
        (GREY, "not bought"),
        (RED, "price: the first losing ask"),
    ):
        picture.key(colour, said)
    return picture


def menus() -> Picture:
    """Draw a menu of three contracts, and what each type makes of them."""
    costs, odds = (9, 6, 2), (3, 3, 4)
    menu = best_menu(costs, odds, logarithmic(80))
    most = max(menu.work) * 1.15
    picture = Picture(
        "Three contracts, and lines along which each type is indifferent",
        across=(0, most),
        up=(0, 140),
        labels=("units of work", "reward"),
    )
    picture.ticks(
        {i: str(i) for i in range(0, int(most) + 1, 10)}, {i: str(i) for i in range(0, 141, 20)}
    )
    for cost, work, reward, colour in zip(
        costs, menu.work, menu.rewards, (RED, ORANGE, BLUE), strict=True
    ):
        start = reward - cost * work
        end = min(most, (140 - start) / cost)
        picture.line([(0, start), (end, start + cost * end)], colour, width=1.5, dashed=True)
    for work, reward, colour in zip(menu.work, menu.rewards, (RED, ORANGE, BLUE), strict=True):
        picture.dot(work, reward, colour)
    for cost, colour in zip(costs, (RED, ORANGE, BLUE), strict=True):
        picture.key(colour, f"costs {cost} a unit")
    return picture


def contests() -> Picture:
    """Draw one member's payoff by its effort, while the others keep to the announced ones."""
    bids = tuple(Bid(cost=cost * UNIT, capacity=1) for cost in (2, 3, 4))
    round_ = _round("abc", 12 * UNIT, bids=bids)
    tullock = MECHANISMS["tullock"]
    efforts = contest_efforts([2.0, 3.0, 4.0], 12.0)
    tries = [k / 40 for k in range(121)]
    picture = Picture(
        "Payoffs by effort around the announced efforts of a contest",
        across=(0, 3),
        up=(-1, 5.5),
        labels=("effort", "gain, while the others keep to theirs"),
    )
    picture.ticks({i: str(i) for i in range(4)}, {i: str(i) for i in range(-1, 6)})
    for who, (name, colour) in enumerate(zip("abc", (BLUE, ORANGE, GREEN), strict=True)):

        def payoff(effort: float, who: int = who) -> float:
            changed = [*efforts[:who], effort, *efforts[who + 1 :]]
            return tullock.payoff(round_, changed, who) / UNIT

        picture.line([(e, payoff(e)) for e in tries if payoff(e) > -1], colour)
        picture.dot(efforts[who], payoff(efforts[who]), colour)
        picture.key(colour, f"{name}, cost {(2, 3, 4)[who]}")
    return picture


def goods() -> Picture:
    """Draw how much data comes together by the number of members: alone, at best, shaped."""
    members = range(1, 21)
    cost, half = 0.004, 4.0
    # Of a good whose worth goes by the root, in units of what one would bring alone.
    alone_ = good_total(1.0, 1.0)
    picture = Picture(
        "Units together by the number of members",
        across=(1, 20),
        up=(0, 45),
        labels=("members", "units, in what one alone would bring"),
    )
    picture.ticks({i: str(i) for i in (1, 5, 10, 15, 20)}, {i: str(i) for i in range(0, 45, 10)})
    own = alone(cost, half)
    totals = [sum(shaped_units([cost] * n, half=half, edge=0.01)) / own for n in members]
    for said, colour, heights in (
        ("public good: free riding", RED, [good_total(1.0, 1.0) / alone_ for _ in members]),
        ("accuracy shaping", BLUE, totals),
        ("everybody its own", GREY, [float(n) for n in members]),
    ):
        picture.key(colour, said)
        picture.line([(n, h) for n, h in zip(members, heights, strict=True)], colour)
    assert 0 < accuracy(own, half) < 1  # noqa: S101 - the scale of the picture
    return picture


def models() -> Picture:
    """Draw how good a model each receives by what it contributes, for four rho."""
    values = np.linspace(0, 1, 41)
    picture = Picture(
        "The model received by the value contributed, for four values of rho",
        across=(0, 1),
        up=(0, 108),
        labels=("Shapley value, the largest is 1", "per cent of the joint model's worth"),
    )
    picture.ticks({i / 4: f"{i / 4:g}" for i in range(5)}, _per_cent())
    for rho, colour in ((1.0, BLUE), (0.5, GREEN), (0.2, ORANGE), (0.0, RED)):
        rewards = 100 * rho_rewards(values, 1.0, rho)
        picture.line(list(zip(values.tolist(), rewards.tolist(), strict=True))[1:], colour)
        picture.key(colour, f"rho {rho:g}")
    return picture


def evaluators() -> Picture:
    """Draw what peer prediction pays evaluators, by how many turn their answers round."""
    rng = generator(0, "docs", "pictures", "evaluators")
    truth = rng.random(400) < 1 / 2
    signals = np.where(rng.random((20, 400)) < 4 / 5, truth, ~truth).astype(int)
    picture = Picture(
        "What peer prediction pays the truthful and those that say the opposite",
        across=(0, 1),
        up=(0, 100),
        labels=("share of evaluators that say the opposite", "per cent of what is within reach"),
    )
    picture.ticks({i / 4: f"{i / 4:g}" for i in range(5)}, _per_cent())
    points: dict[str, list[tuple[float, float]]] = {"truthful": [], "the opposite": []}
    for liars in range(21):
        said = np.where(np.arange(20)[:, None] < liars, 1 - signals, signals)
        round_ = _round(
            tuple(f"e{i}" for i in range(20)), 20 * UNIT, reports=tuple(map(tuple, said.tolist()))
        )
        paid = np.array(MECHANISMS["peer-prediction"](round_).payments) / UNIT * 100
        if liars:
            points["the opposite"].append((liars / 20, float(paid[:liars].mean())))
        if liars < len(said):
            points["truthful"].append((liars / 20, float(paid[liars:].mean())))
    for (said_, line), colour in zip(points.items(), (BLUE, RED), strict=True):
        picture.line(line, colour)
        picture.key(colour, said_)
    return picture


def standing() -> Picture:
    """Draw what a member is paid by what it is worth: clipped, cautious, or out of a stake."""
    picture = Picture(
        "Pay by value for three ways to treat harm and doubt",
        across=(-0.6, 1),
        up=(-60, 60),
        labels=("value, beside another member's 1", "per cent of the budget"),
    )
    picture.ticks(
        {-0.5: "-0.5", 0: "0", 0.5: "0.5", 1: "1"}, {i: str(i) for i in range(-60, 61, 20)}
    )
    values = [k / 50 for k in range(-30, 51)]
    for name, colour in (("signed-stakes", RED), ("confident", GREEN), ("proportional", BLUE)):
        ends = []
        for value in values:
            estimates = (Estimate(round(value * NANO), NANO // 5), Estimate(NANO, NANO // 5))
            round_ = _round("ab", UNIT, contributions=estimates, stakes=(UNIT // 2, UNIT // 2))
            outcome = MECHANISMS[name](round_)
            ends.append(100 * (outcome.payments[0] - outcome.slashes[0]) / UNIT)
        # Above 0 the first and the last are the same.
        picture.line(list(zip(values, ends, strict=True)), colour, dashed=name == "proportional")
        picture.key(colour, name)
    return picture


PICTURES: Final[Mapping[str, Callable[[], Picture]]] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            sharing,
            core,
            instalments,
            groves,
            auctions,
            menus,
            contests,
            goods,
            models,
            evaluators,
            standing,
        )
    }
)


def _per_cent() -> dict[float, str]:
    return {i: str(i) for i in range(0, 101, 25)}


def _game(names: str, worths: Mapping[str, float]) -> TableGame:
    return TableGame(tuple(names), {frozenset(who): worth for who, worth in worths.items()})


def _round(names: Sequence[str], budget: int, **more: Any) -> RoundInput:  # noqa: ANN401 - fields of RoundInput
    n = len(names)
    given = {"contributions": (Estimate(0, 0),) * n, "rows": (100,) * n} | more
    return RoundInput(participants=tuple(names), budget=budget, **given)


def _paid(rule: str, game: Game, budget: int) -> tuple[int, ...]:
    outcome: Outcome = MECHANISMS[rule](_round(game.participants, budget, game=game))
    return outcome.payments


def _ends(name: str, ask: float) -> float:
    """Give what the first of three ends with: pay less the cost of what is bought of it."""
    cost = 25 * UNIT
    bids = (
        Bid(cost=round(ask * cost), capacity=25),
        Bid(cost=30 * UNIT, capacity=25),
        Bid(cost=50 * UNIT, capacity=25),
    )
    parameters = {"alpha": 16 * UNIT} if name == "pvcg" else {}
    round_ = _round("abc", 300 * UNIT if name == "pvcg" else 90 * UNIT, bids=bids)
    round_ = _round("abc", round_.budget, bids=bids, parameters=parameters)
    outcome = MECHANISMS[name](round_)
    bought = float(outcome.work[0]) / 25 if outcome.work else 1.0
    return outcome.payments[0] - cost * bought


def main(where: Path) -> None:
    """Draw every picture into a directory."""
    where.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (where / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
