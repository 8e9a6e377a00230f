"""Parties learn whom they have in common, in one order, and nothing else."""

from __future__ import annotations

from functools import partial

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import ChannelError, DataError
from fedmerit.federation.vertical.alignment import curve
from fedmerit.federation.vertical.alignment.alignment import align, follow, lead
from fedmerit.federation.vertical.alignment.identifiers import normalised
from fedmerit.federation.vertical.alignment.oblivious import build, look_up
from fedmerit.federation.wire.channel import play

SETS = st.sets(st.integers(0, 30), min_size=1, max_size=20)


@settings(max_examples=25)
@given(st.lists(SETS, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_parties_agree_on_whom_all_know_and_on_the_order(sets, random):
    keys = {}
    for number, known in enumerate(sets):
        rows = sorted(known)
        random.shuffle(rows)
        keys[f"party {number}"] = rows
    common = set.intersection(*sets)

    if not common:
        with pytest.raises(DataError, match="no identifier"):
            align(keys, label_holder="party 0")
        return
    rows = align(keys, label_holder="party 0").rows

    people = [[keys[name][row] for row in rows[name]] for name in keys]
    assert set(people[0]) == common
    assert all(other == people[0] for other in people)


def test_the_order_follows_the_people_and_nobodys_rows():
    keys = list(range(50))
    one = align({"a": keys, "b": keys}, label_holder="a").rows["a"]
    other = align({"a": keys[::-1], "b": keys}, label_holder="b").rows["a"]

    assert [keys[row] for row in one] == [keys[::-1][row] for row in other]
    assert not np.array_equal(one, np.arange(50))


def test_keys_that_are_written_in_other_ways_are_the_same():
    bank = ["  Ada  LOVELACE", 7, ("Zürich", 12), "straße"]
    shop = ["STRASSE", ("Zu\u0308rich", "12"), "7", "ada lovelace"]

    rows = align({"bank": bank, "shop": shop}, label_holder="bank").rows

    assert sorted(zip(rows["bank"].tolist(), rows["shop"].tolist(), strict=True)) == [
        (0, 3),
        (1, 2),
        (2, 1),
        (3, 0),
    ]


def test_a_compound_key_is_not_its_parts_run_together():
    with pytest.raises(DataError, match="no identifier"):
        align({"a": [("x", "yz")], "b": [("xy", "z")]}, label_holder="a")


def test_only_the_label_holder_learns_if_so_agreed():
    rows = align({"a": [1, 2], "b": [2, 3]}, label_holder="a", learns="label holder").rows

    assert rows["a"].tolist() == [1]
    assert rows["b"] is None


def test_parties_that_agreed_on_different_things_stop():
    programs = {
        "a": partial(lead, identifiers=normalised([1], "a"), learns="everyone"),
        "b": partial(follow, leader="a", identifiers=normalised([1], "b"), learns="label holder"),
    }

    with pytest.raises(ChannelError, match="agreed that label holder"):
        play(programs)


@pytest.mark.parametrize("missing", [None, float("nan"), "  ", (1, None), ()])
def test_missing_keys_are_refused_with_their_rows(missing):
    with pytest.raises(DataError, match="shop has no key in rows 2, 4"):
        align({"bank": [1], "shop": [1, missing, 3, missing]}, label_holder="bank")


def test_repeated_keys_are_refused_with_their_rows():
    with pytest.raises(DataError, match=r"bank has a key that another row has too in rows 1, 3"):
        align({"bank": ["Ada", "Bob", " ada"], "shop": ["ada"]}, label_holder="bank")


@pytest.mark.parametrize("key", [1.5, True, b"x", [1]])
def test_what_is_no_key_is_refused_with_its_row(key):
    with pytest.raises(DataError, match="row 2 of bank"):
        align({"bank": [1, key], "shop": [1]}, label_holder="bank")


def test_one_party_has_nobody_to_align_with():
    with pytest.raises(DataError, match="cannot be aligned"):
        align({"bank": [1]}, label_holder="bank")


def test_bytes_that_are_no_point_are_refused():
    with pytest.raises(ChannelError, match="no whole number"):
        curve.from_bytes(b"\x02" * 34)


FIELD = 2**256 - 2**32 - 977


def off_the_curve():
    """Give an x-coordinate of no point: its y would be no square (a point of the twist)."""
    return next(x for x in range(1, 99) if pow(x**3 + 7, (FIELD - 1) // 2, FIELD) != 1)


@pytest.mark.parametrize(
    ("prefix", "x"),
    [
        (2, off_the_curve()),
        (2, FIELD + 1),  # which would be the point of x = 1 once more
        (0, 0),  # infinity
        (2, 0),
        (4, 1),
        (6, 1),
        (5, 1),
    ],
)
def test_only_points_of_the_curve_in_their_one_encoding_are_taken(prefix, x):
    # The group's order is a prime: a point of the curve has no part in a smaller subgroup.
    good = curve.to_bytes([curve.hashed(b"ada")])

    with pytest.raises(ChannelError, match="not a point"):
        curve.from_bytes(good + bytes([prefix]) + x.to_bytes(32, "big"))


def test_a_small_subgroup_is_not_there_to_be_sent():
    assert gmpy2.is_prime(curve.ORDER, 40)
    with pytest.raises(ValueError, match="must be greater than 0"):
        curve.multiplied([curve.hashed(b"ada")], curve.ORDER)  # which would be infinity


def test_a_row_that_is_named_twice_and_a_short_key_are_refused():
    def twice(channel):
        channel.receive("bank", "key")
        blinded = curve.to_bytes([curve.hashed(b"ada")])
        channel.send("bank", "blinded", points=blinded, learns="everyone")
        channel.receive("bank", "answered")
        channel.send("bank", "common", tags=np.zeros((2, 16), dtype=np.uint8))

    bank = partial(follow, leader="shop", identifiers=[b"ada"], learns="everyone")
    with pytest.raises(ChannelError, match="named a row of bank twice"):
        play({"shop": twice, "bank": bank})

    def short(channel):
        channel.send("shop", "key", key=b"short")

    shop = partial(lead, identifiers=[b"ada"], learns="everyone")
    with pytest.raises(ChannelError, match=r"'key' .* is not 32 bytes"):
        play({"shop": shop, "bank": short})


def test_multiplying_commutes_and_can_be_undone():
    point = curve.hashed(b"ada")
    a, b = 12345, curve.ORDER - 98765

    [ab], [ba] = (curve.multiplied(curve.multiplied([point], x), y) for x, y in [(a, b), (b, a)])
    [back] = curve.multiplied(
        curve.multiplied([ab], pow(a, -1, curve.ORDER)), pow(b, -1, curve.ORDER)
    )

    assert ab.format() == ba.format() != point.format() == back.format()


@pytest.mark.parametrize("count", [0, 1, 2, 50, 3000])
def test_a_store_gives_every_key_its_value_and_others_noise(count):
    keys = [f"key {k}".encode() for k in range(count)]
    values = np.random.default_rng(0).integers(0, 256, (count, 16)).astype(np.uint8)

    seed, table = build(keys, values)

    assert np.array_equal(look_up(seed, table, keys), values)
    others = look_up(seed, table, [f"other {k}".encode() for k in range(500)])
    assert abs(np.unpackbits(others).mean() - 0.5) < 0.02
    assert abs(np.unpackbits(table).mean() - 0.5) < 0.05


def test_a_store_of_no_form_is_refused():
    with pytest.raises(ChannelError, match="no table has 4 cells"):
        look_up(b"s" * 16, np.zeros((4, 16), dtype=np.uint8), [b"x"])
