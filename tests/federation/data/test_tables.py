"""A table is read as it is, or refused with its rows and columns named."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from fedmerit.errors import DataError
from fedmerit.federation import BUILTIN, load_builtin, read_table
from fedmerit.federation.data.columns import Choice


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "age": [30, 41, 52, 63],
            "smoker": [True, False, True, False],
            "town": ["north", "south", "north", "south"],
            "clinic": ["a", "a", "b", "b"],
            "ill": ["no", "yes", "no", "yes"],
        }
    )


@pytest.fixture
def saved(tmp_path):
    def save(frame, name="table.csv"):
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        return path

    return save


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        read_table(path, **{"label": "ill", "participant": "clinic", **options})
    assert caught.value.hint
    return f"{caught.value} | {caught.value.hint}"


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.parquet"])
def test_a_table_reads_alike_from_every_format(frame, saved, name):
    table = read_table(saved(frame, name), label="ill", participant="clinic")

    assert table.classes == ("no", "yes")
    assert table.labels.tolist() == [0, 1, 0, 1]
    assert table.participants == ("a", "b")
    assert table.owners.tolist() == [0, 0, 1, 1]
    assert list(table.features) == ["age", "smoker", "town"]
    assert table.features["smoker"].tolist() == ["True", "False", "True", "False"]


def test_a_positive_label_is_told_from_all_others(frame, saved):
    frame["ill"] = [3, 1, 2, 3]

    table = read_table(saved(frame), label="ill", participant="clinic", positive="3")

    assert table.classes == ("not 3", "3")
    assert table.labels.tolist() == [1, 0, 0, 1]


def test_numeric_classes_are_in_numeric_order(frame, saved):
    frame["ill"] = [10, 9, 10, 9]

    assert read_table(saved(frame), label="ill").classes == ("9", "10")


def test_heart_disease_is_four_hospitals_with_their_missing_cells():
    table = load_builtin("heart-disease")

    assert table.participants == ("Cleveland", "Hungary", "Switzerland", "VA Long Beach")
    assert np.bincount(table.owners).tolist() == [304, 293, 123, 200]
    assert table.classes == ("not disease", "disease")
    assert table.features["ca"].isna().sum() == 611
    assert not {"id", "num", "dataset"} & set(table.features)


def test_digits_are_pixels_between_zero_and_one():
    table = load_builtin("digits")

    assert table.features.shape == (1797, 64)
    assert table.features.to_numpy().min() == 0
    assert table.features.to_numpy().max() == 1
    assert table.classes == tuple("0123456789")


def test_an_unknown_shipped_table_is_refused_with_the_nearest():
    with pytest.raises(DataError) as caught:
        load_builtin("digit")

    assert "'digits'" in caught.value.hint


def test_the_mapping_of_shipped_tables_is_read_only():
    with pytest.raises(TypeError):
        BUILTIN["mine"] = BUILTIN["digits"]


def test_a_missing_file_is_named(tmp_path):
    assert "nothing.csv" in refusal(tmp_path / "nothing.csv")


def test_an_unknown_format_is_refused(tmp_path):
    assert ".parquet" in refusal(tmp_path / "table.xlsx")


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", ""), ("b.csv", "age,ill\n"), ("c.parquet", "x"), ("d.csv.gz", "x")]
)
def test_a_file_that_is_no_table_is_refused(tmp_path, name, text):
    (tmp_path / name).write_text(text)

    assert name in refusal(tmp_path / name)


def test_an_absent_label_column_is_refused_with_the_nearest(frame, saved):
    assert "Did you mean 'ill'" in refusal(saved(frame), label="il")


def test_an_absent_participant_column_is_refused_with_the_nearest(frame, saved):
    assert "Did you mean 'clinic'" in refusal(saved(frame), participant="clinics")


@pytest.mark.parametrize("cell", ["", "?", "nan", "inf", "-inf", "n/a", "12,5"])
def test_a_cell_that_is_no_number_is_refused_with_its_row_and_column(saved, frame, cell):
    frame["age"] = ["30", "41", cell, "63"]

    message = refusal(saved(frame))

    assert "column 'age': row 3" in message
    assert "impute" in message


def test_every_faulty_column_is_named_and_many_rows_are_counted(saved):
    ages = [f"{k}" for k in range(20)] + ["x"] * 9
    frame = pd.DataFrame({"age": ages, "bmi": [*range(28), np.nan], "ill": [0, 1] * 14 + [0]})

    message = refusal(saved(frame), participant=None)

    assert "column 'age': rows 21, 22, 23, 24, 25 and 4 more" in message
    assert "column 'bmi': row 29" in message


def test_an_empty_category_is_refused_with_its_row(frame, saved):
    frame["town"] = ["north", None, "north", "south"]

    assert "column 'town': row 2" in refusal(saved(frame))


def test_imputing_keeps_unusable_cells_as_missing(frame, saved):
    frame["age"] = ["30", "?", "inf", "63"]
    frame["town"] = ["north", None, "north", "south"]

    features = read_table(saved(frame), label="ill", missing="impute").features

    assert features["age"].isna().tolist() == [False, True, True, False]
    assert features["town"].tolist() == ["north", None, "north", "south"]


def test_an_unlabelled_row_is_refused_even_where_others_are_imputed(frame, saved):
    frame["ill"] = ["no", "yes", None, "yes"]

    assert "row 3" in refusal(saved(frame), missing="impute")


def test_a_row_that_is_nobodys_is_refused(frame, saved):
    frame["clinic"] = ["a", None, "b", None]

    assert "rows 2, 4" in refusal(saved(frame))


def test_a_single_participant_is_no_federation(frame, saved):
    frame["clinic"] = "a"

    assert "names only 'a'" in refusal(saved(frame))


def test_a_participant_without_a_row_is_named(frame, saved):
    frame["clinic"] = pd.Categorical(frame["clinic"], categories=["a", "b", "c"])

    assert "participants without rows: c" in refusal(saved(frame, "table.parquet"))


def test_a_constant_label_is_refused(frame, saved):
    frame["ill"] = "no"

    assert "every row of the label column 'ill' is 'no'" in refusal(saved(frame))


def test_a_positive_label_that_nobody_has_is_refused_with_the_nearest(frame, saved):
    assert "Did you mean 'yes'" in refusal(saved(frame), positive="yess")


def test_a_label_with_fractions_is_no_class(frame, saved):
    frame["ill"] = [0.0, 1.0, 0.5, float("inf")]

    assert "rows 3, 4" in refusal(saved(frame))


def test_a_table_of_labels_alone_is_refused(frame, saved):
    assert "no columns besides" in refusal(saved(frame[["ill", "clinic"]]))


def test_a_column_of_dates_is_left_out_by_its_name_and_days_where_that_is_asked(frame, saved):
    frame["seen"] = pd.date_range("2026-01-01", periods=4)
    path = saved(frame, "table.parquet")

    table = read_table(path, label="ill", participant="clinic")

    assert "seen" not in table.features
    assert any("'seen' (holds dates)" in note for note in table.notes)
    days = read_table(path, label="ill", participant="clinic", choice=Choice(dates="days"))
    assert days.features["seen (days)"].tolist() == [20454, 20455, 20456, 20457]


def test_a_column_of_objects_is_refused_by_its_name(frame, saved):
    frame["seen"] = [{"a": 1}] * 4

    assert "column 'seen' holds dict" in refusal(saved(frame, "table.parquet"))


def test_an_identifier_is_no_category_even_where_it_is_asked_for(saved):
    frame = pd.DataFrame({"name": [f"p{k}" for k in range(150)], "ill": [0, 1] * 75})

    message = refusal(saved(frame), participant=None, choice=Choice(columns=("name",)))

    assert "150 different values" in message


def test_text_of_many_values_that_repeat_is_refused_with_the_line_that_drops_it(saved):
    frame = pd.DataFrame({"said": [f"p{k % 120}" for k in range(150)], "ill": [0, 1] * 75})

    message = refusal(saved(frame), participant=None)

    assert "120 different values" in message
    assert 'ignore = ["said"]' in message


def test_an_unknown_way_to_treat_missing_cells_is_refused(frame, saved):
    assert "'impute'" in refusal(saved(frame), missing="imput")


def test_importing_the_room_loads_no_torch():
    code = "import sys, fedmerit.federation; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
