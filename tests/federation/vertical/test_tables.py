"""Shipped and own tables become aligned tasks, and the federated model is as good as the joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from fedmerit.errors import DataError
from fedmerit.federation.data.files import read_file
from fedmerit.federation.vertical.alignment.alignment import align, align_in_the_clear
from fedmerit.federation.vertical.regression.regression import (
    joined,
    plain_regression,
    train_regression,
)
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.shipped import WIDE, Part, deal
from fedmerit.federation.vertical.tables import (
    area_under_curve,
    assemble,
    holding,
)

PARTS = (
    Part(
        party="platform",
        columns=("contact", "day", "month", "campaign", "pdays", "previous", "poutcome"),
        coverage=0.9,
        label="y",
        positive="yes",
    ),
    Part(
        party="bank",
        columns=("age", "job", "marital", "education", "default", "balance", "housing", "loan"),
        coverage=0.9,
    ),
    Part(party="broker", noise=6, coverage=0.9),
)


@pytest.fixture(scope="module")
def aligned():
    holdings = deal(WIDE["bank-marketing"](), PARTS, seed=0)
    keys = {held.party: held.keys for held in holdings}
    return holdings, align(keys, label_holder="platform").rows


@pytest.fixture(scope="module")
def bank(aligned):
    return assemble(*aligned, name="bank", seed=0)


def test_a_table_is_dealt_out_to_owners_who_share_some_customers(aligned, bank):
    holdings, _ = aligned

    assert bank.participants == ("platform", "bank", "broker")
    assert [len(held.keys) for held in holdings] == [4069, 4069, 4069]
    assert len(bank.labels) + len(bank.held_out_labels) == 3308
    held = [set(held.features) for held in holdings]
    assert not held[0] & held[1]
    assert "duration" not in held[0] | held[1]
    assert {"age", "balance"} <= held[1]


def test_aligned_rows_are_about_the_same_customers(aligned):
    holdings, rows = aligned

    numbers = [np.array(held.keys)[rows[held.party]].tolist() for held in holdings]

    assert numbers[0] == numbers[1] == numbers[2]
    assert set(numbers[0]) == set.intersection(*(set(held.keys) for held in holdings))


def test_aligning_in_the_clear_finds_the_rows_that_the_protocol_finds(aligned):
    holdings, rows = aligned

    clear = align_in_the_clear({held.party: held.keys for held in holdings})

    assert all(np.array_equal(clear[name], own) for name, own in rows.items())


def test_whom_an_owner_knows_depends_on_nobody_else(aligned):
    [alone] = deal(WIDE["bank-marketing"](), PARTS[1:2], seed=0)

    assert alone.keys == aligned[0][1].keys
    assert deal(WIDE["bank-marketing"](), PARTS[1:2], seed=1)[0].keys != alone.keys


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((Part(party="a", columns=("ag",)),), "a is to hold 'ag'"),
        ((Part(party="a", columns=("age",)), Part(party="b", columns=("age",))), "b and a"),
    ],
)
def test_columns_that_are_not_there_or_twice_are_refused(parts, message):
    with pytest.raises(DataError, match=message):
        deal(WIDE["bank-marketing"](), parts, seed=0)


def test_encrypted_training_on_the_bank_gives_the_twins_model(bank):
    # Keys of 512 bits keep this short; longer ones change no weight.
    settings = RegressionSettings(learning_rate=0.3, epochs=1, key_bits=512)

    found = train_regression(bank, settings, seed=0)

    weights, scores = plain_regression(bank, settings, seed=0)
    assert all(np.abs(found.weights[name] - own).max() < 1e-4 for name, own in weights.items())
    difference = area_under_curve(bank.held_out_labels, found.scores) - area_under_curve(
        bank.held_out_labels, scores
    )
    assert abs(difference) < 1e-3


def test_the_model_of_the_protocol_is_as_good_as_the_joined_tables(bank):
    settings = RegressionSettings(learning_rate=0.3, epochs=20, tolerance=0)
    taylor, exact = (
        area_under_curve(
            bank.held_out_labels, plain_regression(bank, replace(settings, sigmoid=kind), seed=0)[1]
        )
        for kind in ("taylor", "exact")
    )
    rows, held_out = (
        joined([getattr(columns, part) for columns in bank.parties])
        for part in ("training", "held_out")
    )

    fitted = LogisticRegression(C=1000, max_iter=2000).fit(rows, bank.labels)

    pooled = area_under_curve(bank.held_out_labels, held_out @ fitted.coef_[0])
    assert pooled > 0.7
    assert abs(taylor - pooled) < 0.005
    assert abs(exact - pooled) < 0.005


def test_adult_is_shipped_at_full_size():
    part = Part(party="a", columns=("hours", "workclass"), label="income", positive=">50K")

    [held] = deal(WIDE["adult"](), [part], seed=0)

    assert len(held.keys) == 32_561
    assert held.classes == ("not >50K", ">50K")
    assert 0.24 < held.labels.mean() < 0.25


def test_two_files_with_key_columns_make_a_task():
    shop = pd.DataFrame(
        {"name": list("abcdefgh"), "no": range(8), "spent": np.arange(8.0), "buys": ["y", "n"] * 4}
    )
    bank = pd.DataFrame({"who": list("hgfedcba"), "nr": range(7, -1, -1), "age": np.arange(8.0)})
    holdings = [
        holding(bank, party="bank", key=["who", "nr"]),
        holding(shop, party="shop", key=["name", "no"], label="buys", positive="y"),
    ]
    rows = align({held.party: held.keys for held in holdings}, label_holder="shop").rows

    made = assemble(holdings, rows, name="ours", seed=1, validation_share=0.5)

    assert made.participants == ("shop", "bank")
    assert np.allclose(made.parties[0].training, -made.parties[1].training)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda t: holding(t, party="a", key=["nobody"]), "no column 'nobody'"),
        (lambda t: holding(t, party="a", key=["k"], label="three"), "has 3 classes"),
    ],
)
def test_tables_without_what_is_needed_are_refused(make, message):
    table = pd.DataFrame({"k": [1, 2, 3], "three": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]})

    with pytest.raises(DataError, match=message):
        make(table)


def test_whole_numbers_beside_an_empty_key_are_keys_and_the_row_is_named():
    table = pd.DataFrame({"k": [1, None, 3], "x": [1.0, 2.0, 3.0]})
    held = holding(table, party="shop", key=["k"])

    with pytest.raises(DataError, match="shop has no key in row 2"):
        align({"shop": held.keys, "bank": [1]}, label_holder="bank")


def test_exactly_one_owner_must_have_labels():
    table = pd.DataFrame({"k": [1, 2], "x": [1.0, 2.0]})
    holdings = [holding(table, party=name, key=["k"]) for name in "ab"]

    with pytest.raises(DataError, match="0 of 2 owners have labels"):
        assemble(holdings, {"a": np.arange(2), "b": np.arange(2)}, name="x", seed=0)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_integer_keys_that_a_file_writes_as_fractions_meet_their_integer_twins(tmp_path, ending):
    frame = pd.DataFrame({"id": [20.0, 7.0, 31.0], "branch": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]})
    path = tmp_path / f"bank.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    whole = pd.DataFrame({"id": [31, 20, 8], "branch": ["C", "a ", "b"], "y": [0, 1, 1]})

    bank = holding(read_file(path), party="bank", key=["id", "branch"])
    shop = holding(whole, party="shop", key=["id", "branch"], label="y")

    rows = align_in_the_clear({"shop": shop.keys, "bank": bank.keys})
    common = zip(rows["shop"].tolist(), rows["bank"].tolist(), strict=True)
    assert set(common) == {(0, 2), (1, 0)}


@pytest.mark.parametrize(
    "cells",
    [["20.0", "7.5", "8.0", "9.25"], [20.0, 7.5, 8.0, 2.0**60], [20.0, 7.5, 8.0, 2.0**53 + 1]],
)
def test_keys_that_are_fractions_are_refused_with_their_rows(cells):
    frame = pd.DataFrame({"id": cells, "x": [1.0, 2.0, 3.0, 4.0]})

    with pytest.raises(DataError, match=r"'id' of bank holds fractions, .* in rows 2, 4"):
        holding(frame, party="bank", key=["id"])


def test_texts_among_which_some_look_like_fractions_stay_texts():
    frame = pd.DataFrame({"id": ["1.0", "1.0.1", "007.0"], "x": [1.0, 2.0, 3.0]})

    assert holding(frame, party="bank", key=["id"]).keys == ("1.0", "1.0.1", "007.0")
