"""Pictures of mechanisms that buy work, and of efforts to reward."""  # noqa: INP001 - beside the pages

from __future__ import annotations

from drawing import Picture
from staged import BLUE, GREEN, GREY, ORANGE, RED, UNIT, per_cent, round_of

from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.mechanisms.goods import accuracy, alone, good_total, shaped_units
from fedmerit.incentives.mechanisms.menus import best_menu, logarithmic
from fedmerit.incentives.mechanisms.tullock import contest_efforts
from fedmerit.incentives.offers import Bid


def groves() -> Picture:
    """Draw what a member ends with by what it asks, under Groves payments and instalments."""
    picture = Picture(
        "What a member ends with, by what it asks",
        across=(0.2, 3),
        up=(0, 110),
        labels=("ask, in multiples of its cost", "per cent of the most it can have"),
    )
    picture.ticks({1: "1, the truth", 2: "2", 3: "3"}, per_cent())
    asks = [k / 20 for k in range(4, 61)]
    for name, colour in (("pvcg", BLUE), ("fli", ORANGE)):
        ends = [_ends(name, ask) for ask in asks]
        points = [(ask, 100 * end / max(ends)) for ask, end in zip(asks, ends, strict=True)]
        picture.line([point for point in points if point[1] >= 0], colour)
        picture.key(colour, name)
    picture.line([(1, 0), (1, 104)], GREY, width=1.5, dashed=True)
    return picture


def _ends(name: str, ask: float) -> float:
    """Give what the first of three ends with: pay less the cost of what is bought of it."""
    cost = 25 * UNIT
    bids = (
        Bid(cost=round(ask * cost), capacity=25),
        Bid(cost=30 * UNIT, capacity=25),
        Bid(cost=50 * UNIT, capacity=25),
    )
    parameters = {"alpha": 16 * UNIT} if name == "pvcg" else {}
    round_ = round_of("abc", 300 * UNIT if name == "pvcg" else 90 * UNIT, bids=bids)
    round_ = round_of("abc", round_.budget, bids=bids, parameters=parameters)
    outcome = MECHANISMS[name](round_)
    bought = float(outcome.work[0]) / 25 if outcome.work else 1.0
    return outcome.payments[0] - cost * bought


def auctions() -> Picture:
    """Draw asks, whom a uniform price buys, and at what price."""
    asks = (8, 3, 6, 4, 10, 7)
    bids = tuple(Bid(cost=ask * UNIT) for ask in asks)
    round_ = round_of("abcdef", 30 * UNIT, bids=bids, parameters={"winners": 3})
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
    round_ = round_of("abc", 12 * UNIT, bids=bids)
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
