"""The sponsor's own test rows: read as the members' table is, and nobody's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedmerit.errors import DataError
from fedmerit.federation import federate, read_table
from fedmerit.federation.data.columns import Choice
from fedmerit.federation.data.sponsored import read_test_table

ROWS = 60


def frame(seed, rows=ROWS):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "clinic": np.array(["north", "south"])[np.arange(rows) % 2],
            "age": rng.normal(60, 8, rows).round(5),
            "arm": rng.choice(["drug", "placebo"], rows),
            "seen": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
            "outcome": rng.choice(["ill", "well", "dead"], rows),
        }
    )


@pytest.fixture
def made(tmp_path):
    def federation(test, *, own=None, label="outcome", dates=None):
        (frame(0) if own is None else own).to_csv(tmp_path / "own.csv", index=False)
        test.to_csv(tmp_path / "test.csv", index=False)
        table = read_table(
            tmp_path / "own.csv", label=label, participant="clinic", choice=Choice(dates=dates)
        )
        return federate(
            table,
            seed=0,
            test=read_test_table(tmp_path / "test.csv", table),
        )

    return federation


def test_members_train_on_all_their_rows_and_are_measured_on_the_sponsors_alone(made):
    test = frame(1, rows=40)
    found = made(test.drop(columns="clinic"))

    assert [len(member.labels) for member in found.members] == [30, 30]
    assert len(found.validation_labels) == 40
    assert (found.validation_owners == 2).all()
    assert [found.classes[label] for label in found.validation_labels] == test["outcome"].tolist()


def test_the_test_rows_move_no_statistic_of_the_encoding(made):
    one, other = made(frame(1)), made(frame(1).assign(age=1e6, arm="neither"))

    assert one.feature_names == other.feature_names == ("age", "arm=drug", "arm=placebo")
    for ours, theirs in zip(one.members, other.members, strict=True):
        assert np.array_equal(ours.features, theirs.features)


def test_columns_may_stand_in_another_order_and_more_may_be_there(made):
    test = frame(1)
    moved = test[test.columns[::-1]].assign(more=1.5)

    assert np.array_equal(made(moved).validation_features, made(test).validation_features)


def test_a_class_that_the_test_table_lacks_keeps_the_numbers_of_the_others(made):
    test = frame(1)
    test = test[test["outcome"] != "ill"]

    found = made(test)

    assert [found.classes[label] for label in found.validation_labels] == test["outcome"].tolist()


def test_parts_of_dates_are_found_in_the_column_they_come_from(made):
    found = made(frame(1), dates="parts")

    assert "seen (month)" in found.feature_names


def test_a_quantity_has_the_members_scale_however_few_numbers_the_test_table_holds(made):
    prices = np.random.default_rng(5).normal(100, 20, ROWS).round(2)
    own = frame(0).assign(outcome=prices)
    test = frame(1, rows=4).assign(outcome=[100.0, 100.0, 120.0, 80.0])

    found = made(test, own=own)

    expected = (test["outcome"] - prices.mean()) / prices.std()
    assert found.validation_labels == pytest.approx(expected.to_numpy(), abs=1e-5)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (frame(1).drop(columns="age"), r"the test table: test\.csv has no column 'age'"),
        (frame(1).drop(columns="outcome"), "has no column 'outcome'"),
        (frame(1).assign(age="old"), "cells of column 'age' that are no numbers|'age'"),
        (frame(1).assign(outcome=["ill", "cured"] * 30), "has the class 'cured', which"),
    ],
)
def test_a_test_table_that_does_not_fit_is_refused_with_what_is_wrong(made, test, message):
    with pytest.raises(DataError, match=message):
        made(test)


def test_test_rows_that_a_member_trains_on_are_counted(made):
    leaked = pd.concat([frame(1, rows=20), frame(0).iloc[3:8]])

    assert any(
        "5 of the 25 test rows are, to the model, members' training rows" in note
        for note in made(leaked).notes
    )
    assert not any("test rows are" in note for note in made(frame(1)).notes)
