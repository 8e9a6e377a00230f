"""Encoding learns from training rows alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedmerit.federation.data.encoding import encode


def test_numbers_are_standardised_by_all_members_training_rows_together():
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"x": rng.normal(5, 3, 50), "y": rng.normal(1e9, 1, 50)})
    training = [np.arange(10), np.arange(10, 40)]

    matrix, names = encode(features, training, standardise=True)

    assert names == ("x", "y")
    assert matrix.dtype == np.float32
    assert matrix[:40].mean(axis=0) == pytest.approx([0, 0], abs=1e-5)
    assert matrix[:40].std(axis=0) == pytest.approx([1, 1], abs=1e-5)


def test_a_row_that_is_not_trained_on_moves_no_other_row():
    features = pd.DataFrame({"x": [1.0, 2, 3, 4], "c": pd.Series(["a", "b", "a", "b"])})
    other = pd.DataFrame({"x": [1.0, 2, 3, 999], "c": pd.Series(["a", "b", "a", "new"])})
    training = [np.array([0, 1]), np.array([2])]

    first, names = encode(features, training, standardise=True)
    second, same = encode(other, training, standardise=True)

    assert names == same
    assert (first[:3] == second[:3]).all()
    assert second[3, 1:].tolist() == [0, 0]


def test_missing_cells_become_zeros_and_a_column_that_says_so():
    features = pd.DataFrame(
        {"x": [1.0, np.nan, 3.0], "c": pd.Series(["a", None, "b"], dtype=object)}
    )

    matrix, names = encode(features, [np.arange(3)], standardise=True)

    assert names == ("x", "x missing", "c=a", "c=b", "c missing")
    assert matrix[1].tolist() == [0, 1, 0, 0, 1]


def test_a_column_missing_from_all_training_rows_is_still_finite():
    features = pd.DataFrame({"x": [np.nan, np.nan, 7.0]})

    matrix, _ = encode(features, [np.arange(2)], standardise=True)

    assert np.isfinite(matrix).all()


def test_a_constant_column_is_zero():
    matrix, _ = encode(pd.DataFrame({"x": [4.0, 4.0]}), [np.arange(2)], standardise=True)

    assert matrix.tolist() == [[0], [0]]


def test_columns_can_be_left_as_they_are():
    matrix, _ = encode(pd.DataFrame({"x": [0.25, 0.75]}), [np.arange(2)], standardise=False)

    assert matrix.tolist() == [[0.25], [0.75]]


def test_names_that_are_made_up_never_take_the_place_of_the_tables_own():
    missing = [1.0, np.nan, 3.0]
    features = pd.DataFrame(
        {
            "a": missing,
            "a missing": [5.0, 6.0, 7.0],
            "b": pd.Series(["x", "c=y", "x"]),
            "b=c": pd.Series(["y", "z", "y"]),
            "b=x": [7.0, 8.0, 9.0],
        }
    )

    matrix, names = encode(features, [np.arange(3)], standardise=False)

    assert names == (
        *("a", "a missing (2)", "a missing"),
        *("b=c=y", "b=x (2)", "b=c=y (2)", "b=c=z", "b=x"),
    )
    assert matrix[:, names.index("a missing")].tolist() == [5, 6, 7]
    assert matrix[:, names.index("a missing (2)")].tolist() == [0, 1, 0]
    assert matrix[:, names.index("b=x")].tolist() == [7, 8, 9]
    assert matrix[:, names.index("b=c=y")].tolist() == [0, 1, 0]
    assert matrix[:, names.index("b=c=y (2)")].tolist() == [1, 0, 1]
