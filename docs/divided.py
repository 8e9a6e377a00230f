"""Pictures of mechanisms that divide what was measured."""  # noqa: INP001 - beside the pages

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np
from drawing import Picture
from staged import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    UNIT,
    paid_by,
    per_cent,
    round_of,
    table_game,
)

from fedmerit.incentives import MECHANISMS, NANO, Estimate
from fedmerit.incentives.mechanisms.models import rho_rewards
from fedmerit.incentives.offers import Bid, History
from fedmerit.streams import generator

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    picture.ticks(dict(enumerate(rules)), per_cent())
    for colour, name in zip((BLUE, ORANGE, GREEN), "abc", strict=True):
        picture.key(colour, f"{name}, twin" if name in "ab" else name)
    for place, rule in enumerate(rules):
        paid = [
            100 * each / (9 * UNIT) for each in paid_by(rule, table_game("abc", worths), 9 * UNIT)
        ]
        edges = list(accumulate(paid, initial=0.0))
        for (low, high), colour in zip(pairwise(edges), (BLUE, ORANGE, GREEN), strict=True):
            picture.bar(place, low, high, colour)
    return picture


def core() -> Picture:
    """Draw all divisions among three as a triangle, the core in it, and four points."""
    worths = {"a": 0.0, "ab": 8.0, "ac": 6.0, "bc": 2.0, "abc": 9.0}
    game = table_game("abc", worths)
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
        paid = paid_by(rule, game, 9 * UNIT)
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
        round_ = round_of(
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


def models() -> Picture:
    """Draw how good a model each receives by what it contributes, for four rho."""
    values = np.linspace(0, 1, 41)
    picture = Picture(
        "The model received by the value contributed, for four values of rho",
        across=(0, 1),
        up=(0, 108),
        labels=("Shapley value, the largest is 1", "per cent of the joint model's worth"),
    )
    picture.ticks({i / 4: f"{i / 4:g}" for i in range(5)}, per_cent())
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
    picture.ticks({i / 4: f"{i / 4:g}" for i in range(5)}, per_cent())
    points: dict[str, list[tuple[float, float]]] = {"truthful": [], "the opposite": []}
    for liars in range(21):
        said = np.where(np.arange(20)[:, None] < liars, 1 - signals, signals)
        round_ = round_of(
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
            round_ = round_of("ab", UNIT, contributions=estimates, stakes=(UNIT // 2, UNIT // 2))
            outcome = MECHANISMS[name](round_)
            ends.append(100 * (outcome.payments[0] - outcome.slashes[0]) / UNIT)
        # Above 0 the first and the last are the same.
        picture.line(list(zip(values, ends, strict=True)), colour, dashed=name == "proportional")
        picture.key(colour, name)
    return picture
