"""A left join keeps all of the label holder's people, and tells the others of nobody but theirs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from fedmerit.errors import ChannelError, DataError
from fedmerit.federation.vertical.alignment import curve, leftjoin
from fedmerit.federation.vertical.alignment.alignment import lead
from fedmerit.federation.vertical.alignment.identifiers import normalised
from fedmerit.federation.vertical.alignment.leftjoin import (
    UNKNOWN,
    join_to,
    lead_join,
    left_join,
    left_join_in_the_clear,
)
from fedmerit.federation.wire.channel import play
from fedmerit.federation.wire.messages import encode

KEY = bytes(range(32))
SETS = st.sets(st.integers(0, 30), min_size=1, max_size=20)


@settings(max_examples=20, deadline=None)
@given(st.lists(SETS, min_size=2, max_size=3), st.randoms(use_true_random=False))
def test_every_party_has_its_row_about_each_of_the_label_holders_people(sets, random):
    keys = {}
    for number, known in enumerate(sets):
        rows = sorted(known)
        random.shuffle(rows)
        keys[f"party {number}"] = rows
    if any(not sets[0] & other for other in sets[1:]):
        with pytest.raises(DataError, match="no identifier is known"):
            left_join(keys, label_holder="party 0", key=KEY)
        return

    rows = left_join(keys, label_holder="party 0", key=KEY).rows

    people = [keys["party 0"][row] for row in rows["party 0"]]
    assert sorted(people) == sorted(sets[0])
    for name, known in zip(keys, sets, strict=True):
        for person, row in zip(people, rows[name].tolist(), strict=True):
            assert row == UNKNOWN if person not in known else keys[name][row] == person
    clear = left_join_in_the_clear(keys, label_holder="party 0", key=KEY)
    assert all(np.array_equal(rows[name], clear[name]) for name in keys)


@pytest.fixture(scope="module")
def joined():
    keys = {
        "shop": [f"customer {k}" for k in range(60)],
        "bank": [f"customer {k}" for k in range(30, 90)],
        "club": [f"customer {k}" for k in range(50, 70)],
    }
    own = {name: normalised(given, name) for name, given in keys.items()}
    programs = {name: partial(join_to, leader="shop", identifiers=own[name]) for name in keys}
    programs["shop"] = partial(lead_join, identifiers=own["shop"], key=KEY)
    return own, play(programs, record=True)


def test_no_identifier_and_no_point_of_one_is_ever_sent(joined):
    own, played = joined
    for receiver in own:
        received = b"".join(encode(message) for _, message in played.recorded[receiver])
        for identifier in {i for ids in own.values() for i in ids}:
            assert identifier not in received
            assert curve.hashed(identifier).format() not in received


def test_a_party_hears_from_the_label_holder_alone_and_of_its_own_people_alone(joined):
    _, played = joined
    for name, common in (("bank", 30), ("club", 10)):
        assert {source for source, _ in played.recorded[name]} == {"shop"}
        kinds = [message.kind for _, message in played.recorded[name]]
        assert kinds in (["key", "blinded", "common", "places"], ["blinded", "common", "places"])
        places = played.recorded[name][-1][1]
        assert places.array("known", "|b1", (60,)).sum() == common


def test_places_do_not_tell_a_party_whether_a_name_it_tries_is_a_customers():
    # Were the order by a hash that all can compute, a name between two neighbours would be nobody.
    shop = normalised([f"customer {k}" for k in range(400)], "shop")
    bank = shop[::2]

    def told(key):
        programs = {
            "shop": partial(lead_join, identifiers=shop, key=key),
            "bank": partial(join_to, leader="shop", identifiers=bank),
        }
        rows = play(programs).results["bank"]
        place = np.empty(len(bank))
        place[rows[rows != UNKNOWN]] = np.flatnonzero(rows != UNKNOWN)
        return place

    guessed = leftjoin._order(shop, bytes(32))
    ranks = np.argsort(guessed)[::2]

    assert abs(spearmanr(told(bytes(32)), ranks).statistic) > 0.99  # who knows the key
    assert abs(spearmanr(told(KEY), ranks).statistic) < 0.2


@pytest.mark.parametrize(
    ("known", "turns"),
    [
        (np.ones(3, dtype=bool), np.array([0, 1])),
        (np.array([True, False, True]), np.array([1, 1])),
        (np.array([True, False, True]), np.array([0, 2])),
    ],
)
def test_places_that_are_none_are_refused(known, turns):
    own = normalised([1, 2], "bank")

    def shop(channel):
        lead(channel, identifiers=own, learns="everyone")
        channel.send("bank", "places", known=known, turns=turns.astype("<i8"))

    with pytest.raises(ChannelError, match="shop told bank other places"):
        play({"shop": shop, "bank": partial(join_to, leader="shop", identifiers=own)})
