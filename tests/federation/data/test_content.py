"""Rows that several hold are counted once, and nobody gains rows by copies of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.federation.data.content import content_of, counted_rows, shared_rows

#: Rows of a small world, so that members hold the same ones.
holdings = st.lists(st.integers(0, 5), max_size=8)


def content(rows):
    return content_of(np.array(rows, np.float32).reshape(-1, 1), np.array(rows, np.int64) % 2)


def counted(members):
    return counted_rows([len(rows) for rows in members], shared_rows(list(map(content, members))))


def test_a_copy_is_shared_and_what_is_beside_it_stays_its_owners():
    assert shared_rows([content([1, 2, 3]), content([9]), content([2, 3, 4])]) == {(0, 2): 2}
    assert counted([[1, 2, 3], [9], [2, 3, 4]]) == (2, 1, 2)


@given(members=st.lists(holdings, min_size=1, max_size=6))
def test_no_row_is_counted_more_than_once_nor_lost_but_for_parts_of_one(members):
    most = sum(max(rows.count(row) for rows in members) for row in range(6))

    found = sum(counted(members))

    assert most - len(members) < found <= most
    assert all(0 <= each <= len(rows) for each, rows in zip(counted(members), members, strict=True))


@given(members=st.lists(holdings, min_size=1, max_size=4), data=st.data())
def test_nobody_gains_rows_by_joining_again_with_any_of_its_own(members, data):
    mine = members[0]
    names = data.draw(
        st.lists(st.lists(st.sampled_from(mine)) if mine else st.just([]), max_size=4)
    )
    # A name that lists one row more often than its owner has it holds what nobody else does.
    names = [
        [row for row in set(rows) for _ in range(min(rows.count(row), mine.count(row)))]
        for rows in names
    ]

    after = counted([*members, *names])

    assert after[0] + sum(after[len(members) :]) <= len(mine)


@given(rows=holdings)
def test_without_anybody_else_repeats_of_a_row_stay_as_they_are(rows):
    assert counted([rows, [7], [8]]) == (len(rows), 1, 1)


def test_what_a_member_declares_beyond_what_it_holds_stays_as_declared():
    shared = shared_rows([content([1, 2]), content([1, 2]), content([])])

    assert counted_rows((2, 30, 12), shared) == (1, 29, 12)


def test_zeros_of_either_sign_are_alike_and_a_changed_cell_or_class_is_another_row():
    rows = np.array([[0.0, 1.0]], np.float32)
    same = content_of(np.array([[-0.0, 1.0]], np.float32), np.array([1]))

    assert content_of(rows, np.array([1])) == same
    assert content_of(rows, np.array([0])) != same
    assert content_of(np.nextafter(rows, np.float32(2)), np.array([1])) != same  # a limit: no copy


def test_rows_of_other_quantities_are_other_rows_however_near():
    features, quantities = np.zeros((2, 3), np.float32), np.array([0.25, 0.75], np.float32)

    assert sorted(content_of(features, quantities).values()) == [1, 1]


@pytest.mark.parametrize("times", [2, 3, 5])
def test_copies_of_all_rows_share_them_out_evenly(times):
    assert counted([[1, 2, 3, 4, 5, 6]] * times) == (6 // times,) * times
