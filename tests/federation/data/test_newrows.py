"""Rows that come later are read as the training rows were, or refused with all that is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedmerit.errors import DataError
from fedmerit.federation.data.columns import Choice
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.encoding import fit
from fedmerit.federation.data.newrows import read_rows, unseen
from fedmerit.federation.data.tables import BUILTIN, read_table

ROWS = 30


def written(tmp_path, columns, *, name="rows.csv", separator=","):
    path = tmp_path / name
    pd.DataFrame(columns).to_csv(path, index=False, sep=separator)
    return path


def columns(**more):
    labels = ["yes", "no"] * (ROWS // 2)
    return {**more, "label": labels, "owner": ["a", "b", "c"] * (ROWS // 3)}


def trained(tmp_path, *, separator=",", dates=None, dialect=None, missing="refuse", **more):
    path = written(tmp_path, columns(**more), name="train.csv", separator=separator)
    return path, read_table(
        path,
        label="label",
        participant="owner",
        missing=missing,
        choice=Choice(dates=dates),
        dialect=dialect,
    )


STEPS = np.linspace(-1.5, 1500.25, ROWS)
DAYS = [f"{1 + k % 28:02}.{1 + k % 12:02}.{1960 + k}" for k in range(ROWS)]
DIALECTS = {
    "plain": {"x": STEPS},
    "comma": {"separator": ";", "x": [f"{v:.2f}".replace(".", ",") for v in STEPS]},
    "thousands": {"separator": "\t", "x": [f"{v * 1000:,.1f}" for v in STEPS]},
    "percent": {"x": [f"{v:.1f}%" for v in STEPS]},
    "dates": {"dates": "parts", "x": DAYS},
    "days": {"dates": "days", "x": DAYS},
    "categories": {"x": ["low", "high", "NA"] * (ROWS // 3)},
    "booleans": {"x": ["True", "False"] * (ROWS // 2)},
    "imputed": {"missing": "impute", "x": ["", *map(str, STEPS[1:])]},
    "words": {
        "missing": "impute",
        "dialect": Dialect(missing_words=("", "keine")),
        "x": ["low", "keine", "high"] * (ROWS // 3),
    },
}


@pytest.mark.parametrize("case", DIALECTS)
def test_a_file_read_as_new_rows_gives_the_features_it_was_trained_on(tmp_path, case):
    path, table = trained(tmp_path, **DIALECTS[case])
    impute = DIALECTS[case].get("missing") == "impute"

    rows = read_rows(path, table.forms, dialect=DIALECTS[case].get("dialect"), impute=impute)

    pd.testing.assert_frame_equal(rows.features, table.features)


@pytest.mark.parametrize("case", sorted(set(DIALECTS) - {"imputed", "words"}))
def test_one_row_alone_is_read_as_it_was_among_others(tmp_path, case):
    given = dict(DIALECTS[case])
    _, table = trained(tmp_path, **given)
    alone = {"x": list(given["x"])[7:8]}
    path = written(tmp_path, alone, separator=given.get("separator", ","))

    rows = read_rows(path, table.forms, dialect=Dialect(separator=given.get("separator")))

    expected = table.features.iloc[7:8].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows.features, expected)


@pytest.mark.parametrize("name", BUILTIN)
def test_shipped_tables_say_how_every_feature_is_read(name):
    table = BUILTIN[name]()

    assert [name for form in table.forms for name in form.features] == list(table.features)


def test_a_parquet_files_columns_may_come_as_text_and_the_other_way_round(tmp_path):
    frame = pd.DataFrame(
        columns(
            x=STEPS,
            flag=STEPS > 0,
            day=pd.date_range("2020-01-01", periods=ROWS, freq="31D"),
            c=pd.Categorical(["u", "v", "w"] * (ROWS // 3)),
        )
    )
    frame.to_parquet(tmp_path / "train.parquet")
    table = read_table(
        tmp_path / "train.parquet", label="label", participant="owner", choice=Choice(dates="days")
    )
    text = frame.assign(flag=frame["flag"].map({True: "TRUE", False: "false"}))
    text.to_csv(tmp_path / "new.csv", index=False)

    for file in ("train.parquet", "new.csv"):
        rows = read_rows(tmp_path / file, table.forms)

        pd.testing.assert_frame_equal(rows.features, table.features, check_dtype=False)


@pytest.mark.parametrize(
    ("case", "cell", "due"),
    [
        ("plain", "1,5", "a decimal point"),
        ("plain", "1,500", "a decimal point"),
        ("plain", "12%", "a decimal point"),
        ("comma", "1.5", "a decimal comma"),
        ("thousands", "1.500,5", "thousands grouped by ','"),
        ("percent", "0.12", "percent signs"),
        ("plain", "low", "a decimal point"),
        ("plain", "1e400", "a decimal point"),
        ("dates", "2026-13-09", "dates as %d.%m.%Y"),
    ],
)
def test_a_cell_of_another_form_is_refused_and_never_read_as_another_number(
    tmp_path, case, cell, due
):
    given = dict(DIALECTS[case])
    _, table = trained(tmp_path, **given)
    cells = [*list(given["x"])[:2], cell]
    path = written(tmp_path, {"x": cells, "y": cells}, separator=";")

    with pytest.raises(DataError, match=r"row 3.*") as refused:
        read_rows(path, table.forms, dialect=Dialect(separator=";"), impute=True)

    assert due in str(refused.value)
    assert repr(cell) in str(refused.value)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    _, table = trained(tmp_path, x=STEPS, weight=STEPS[::-1], c=["u", "v", "w"] * (ROWS // 3))
    path = written(tmp_path, {"wieght": [1.0, 2.0], "x": ["", "much"], "z": [1, 2]})

    with pytest.raises(DataError) as refused:
        read_rows(path, table.forms)

    said = str(refused.value)
    for problem in ("no column 'weight'", "no column 'c'", "'much' in row 2", "column 'x': row 1"):
        assert problem in said
    assert "'wieght'" in refused.value.hint


def test_a_missing_cell_is_filled_in_only_where_training_did(tmp_path):
    _, table = trained(tmp_path, x=STEPS)
    path = written(tmp_path, {"x": ["1", "n/a", "3"]})

    with pytest.raises(DataError, match="column 'x': row 2"):
        read_rows(path, table.forms)

    rows = read_rows(path, table.forms, impute=True)
    assert np.isnan(rows.features["x"][1])
    assert any("filled in" in note and "row 2" in note for note in rows.notes)


def test_a_level_that_no_training_row_had_is_no_level_and_is_said(tmp_path):
    _, table = trained(tmp_path, c=["u", "v", "w"] * (ROWS // 3))
    encoding = fit(table.features, [np.arange(ROWS)], standardise=True)
    path = written(tmp_path, {"c": ["u", "U", "v"]})
    rows = read_rows(path, table.forms)

    assert encoding.apply(rows.features).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]
    [note] = unseen(rows.features, encoding)
    assert "'U' in row 2" in note


def test_columns_that_are_not_learned_from_are_named_and_not_used(tmp_path):
    _, table = trained(tmp_path, x=STEPS)
    path = written(tmp_path, {"id": [5, 6], "x": [1.0, 2.0], "label": ["?", "?"]})

    rows = read_rows(path, table.forms)

    assert list(rows.features) == ["x"]
    assert "not used: columns 'id', 'label'" in rows.notes
