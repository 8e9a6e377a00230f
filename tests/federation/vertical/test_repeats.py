"""Several rows about one person are summed up by their owner, and nobody learns how many."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import DataError
from fedmerit.federation.vertical.alignment.alignment import align
from fedmerit.federation.vertical.repeats import one_row_each
from fedmerit.federation.vertical.tables import holding

VISITS = pd.DataFrame(
    {
        "client": ["ada ", "bob", "Ada", "bob", "cyd", "ADA"],
        "spent": ["10", "5", "20", "", "7", "60"],
        "shop": ["north", "south", "south", "south", "", "north"],
    }
)


def test_rows_of_one_key_however_written_become_one():
    keys, found = one_row_each(
        VISITS["client"].tolist(),
        VISITS.assign(spent=[10.0, 5.0, 20.0, np.nan, 7.0, 60.0])[["spent", "shop"]],
        ("mean", "sum", "min", "max", "last", "count"),
        "bank",
    )

    assert keys == ("ada ", "bob", "cyd")
    assert found["spent (mean)"].tolist() == [30, 5, 7]
    assert found["spent (sum)"].tolist() == [90, 5, 7]
    assert found["spent (min)"].tolist() == [10, 5, 7]
    assert found["spent (max)"].tolist() == [60, 5, 7]
    assert found["spent (last)"].tolist() == [60, 5, 7]
    assert found["rows"].tolist() == [3, 2, 1]
    assert found["shop"].tolist()[:2] == ["north", "south"]


@pytest.mark.parametrize("literal", ["rows", "spent (sum)"])
def test_a_column_called_like_a_sum_is_refused_and_never_replaced(literal):
    features = pd.DataFrame({"spent": [1.0, 2.0], literal: pd.Series(["north", "south"])})

    for each in (features, features[features.columns[::-1]]):
        with pytest.raises(DataError, match="would be called"):
            one_row_each(["ada", "ada"], each, ("sum", "count"), "bank")


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(-9, 9))), min_size=1))
def test_sums_are_those_of_each_persons_own_cells(rows):
    own = defaultdict(list)
    for key, cell in rows:
        own[key].append(cell)
    cells = [np.nan if cell is None else float(cell) for _, cell in rows]

    keys, found = one_row_each(
        [key for key, _ in rows], pd.DataFrame({"x": cells}), ("sum", "mean", "count"), "bank"
    )

    assert list(keys) == list(own)  # in the order of first rows
    for place, key in enumerate(keys):
        known = [cell for cell in own[key] if cell is not None]
        assert found["rows"][place] == len(own[key])
        if known:
            assert found["x (sum)"][place] == sum(known)
            assert found["x (mean)"][place] == pytest.approx(np.mean(known))
        else:  # nothing is known of this person: that is missing, and not 0
            assert np.isnan(found["x (sum)"][place])
            assert np.isnan(found["x (mean)"][place])


def test_without_a_setting_repeated_keys_are_refused_and_labels_are_never_summed_up():
    held = holding(VISITS.drop(columns="shop"), party="bank", key=["client"])
    with pytest.raises(DataError, match="a key that another row has too in") as refused:
        align({"shop": ["ada", "bob"], "bank": held.keys}, label_holder="shop")
    assert "may 'aggregate' rows of one key" in refused.value.hint

    with pytest.raises(DataError, match="labels, and they cannot be summed up"):
        holding(
            VISITS.replace({"spent": {"": "6"}, "shop": {"": "west"}}),
            party="shop",
            key=["client"],
            label="shop",
            positive="north",
            aggregate=["mean"],
        )
    with pytest.raises(DataError, match="no key in"):
        one_row_each(["a", None], pd.DataFrame({"x": [1.0, 2.0]}), ("mean",), "bank")


def test_an_alignment_does_not_tell_how_many_rows_a_person_has():
    once = VISITS.iloc[[0, 1, 4]]
    sizes = []
    for table in (once, VISITS):
        held = holding(table, party="bank", key=["client"], aggregate=["mean", "count"])
        found = align({"shop": ["ada", "bob", "dan"], "bank": held.keys}, label_holder="shop")
        sizes.append([(e.kind, e.size) for e in found.transcript.entries])
        assert [held.keys[row] for row in found.rows["bank"]] in (["ada ", "bob"], ["bob", "ada "])

    assert sizes[0] == sizes[1]


def test_what_was_summed_up_is_said():
    held = holding(VISITS, party="bank", key=["client"], aggregate=["mean", "count"])

    assert list(held.features.columns) == ["spent (mean)", "shop", "rows"]
    assert "bank: 6 rows are about 3 people, and are summed up for each" in held.notes
