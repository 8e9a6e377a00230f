from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.coalitions import coalitions_of, code_of, codes_of, every_coalition


@given(st.lists(st.booleans(), min_size=1, max_size=62))
def test_a_coalition_is_its_code_and_back(inside):
    row = np.array([inside])

    assert codes_of(row).tolist() == [code_of(inside)]
    assert coalitions_of(codes_of(row), len(inside)).tolist() == row.tolist()


@given(st.lists(st.booleans(), min_size=63, max_size=200))
def test_a_code_holds_more_members_than_a_machines_integer(inside):
    assert [bit == "1" for bit in reversed(f"{code_of(inside):0{len(inside)}b}")] == inside


@given(st.integers(0, 8))
def test_every_coalition_comes_once_in_the_order_of_codes(members):
    rows = every_coalition(members)

    assert rows.shape == (2**members, members)
    assert codes_of(rows).tolist() == list(range(2**members))


def test_bit_i_is_member_i():
    assert coalitions_of(range(1, 3), 3).tolist() == [[True, False, False], [False, True, False]]
