"""What people's files really hold is read as they mean it, said in a note, or refused."""

from __future__ import annotations

import gzip
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fedmerit.errors import DataError
from fedmerit.federation import read_table
from fedmerit.federation.data.columns import Choice, studied
from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.encoding import encode
from fedmerit.federation.data.files import read_sheet
from fedmerit.federation.data.proposal import check_proposal, propose

ROWS = 60


@pytest.fixture
def write(tmp_path):
    """Write a table of 60 rows with the given columns beside a site, a marker and an outcome."""

    def save(name="table.csv", *, separator=",", encoding="utf-8", header=None, **columns):
        rng = np.random.default_rng(0)
        marker = rng.normal(size=ROWS).round(2)
        table = {
            **columns,
            "marker": columns.get("marker", marker.astype(str).tolist()),
            "site": columns.get("site", ["n", "s"] * (ROWS // 2)),
            "outcome": columns.get("outcome", np.where(marker > 0, "ill", "well").tolist()),
        }
        quoted = [
            [f'"{cell}"' if separator in str(cell) else str(cell) for cell in row]
            for row in zip(*table.values(), strict=True)
        ]
        lines = [header or separator.join(table), *(separator.join(row) for row in quoted)]
        path = tmp_path / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return save


def read(path, **options):
    return read_table(path, **{"label": "outcome", "participant": "site", **options})


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return f"{caught.value} | {caught.value.hint}"


def said(table, *words):
    return any(all(word in note for word in words) for note in table.notes)


# 1. Names that look like numbers, or like nothing


@pytest.mark.parametrize(
    "names",
    [("1.1", "1.10", "2.1"), ("007", "07", "8"), ("NA", "ZA", "None"), ("1e3", "1000", "nan")],
)
def test_owners_keep_the_text_of_the_file_whatever_it_looks_like(write, names):
    table = read(write(site=list(names) * (ROWS // 3)))

    assert table.participants == names
    assert np.bincount(table.owners).tolist() == [ROWS // 3] * 3


def test_labels_keep_the_text_of_the_file(write):
    path = write(outcome=["1", "01", "1.0"] * (ROWS // 3))

    assert set(read(path).classes) == {"1", "01", "1.0"}


def test_a_level_called_none_is_a_level_and_is_said(write):
    table = read(write(drink=["None", "Some", "Daily"] * (ROWS // 3)))

    assert set(table.features["drink"]) == {"None", "Some", "Daily"}
    assert said(table, "'drink'", "'None'", 'missing_words = ["", "None"]')


def test_words_that_the_scenario_lists_are_missing(write):
    path = write(drink=["None", "Some", "Daily"] * (ROWS // 3))
    words = Dialect(missing_words=("", "None"))

    assert "column 'drink': rows 1, 4, 7" in refusal(path, dialect=words)
    assert read(path, dialect=words, missing="impute").features["drink"].isna().sum() == ROWS // 3


# 2. Spaces and letters


def test_spaces_make_no_members_and_no_classes(write):
    path = write(
        site=["A", "A ", " B", "B"] * (ROWS // 4), outcome=["gut", "gut ", "no", "no"] * (ROWS // 4)
    )

    table = read(path)

    assert table.participants == ("A", "B")
    assert table.classes == ("gut", "no")
    assert said(table, "45 cells", "'site', 'outcome'")


def test_spaces_in_categories_of_a_parquet_file_make_none_either(tmp_path):
    path = tmp_path / "t.parquet"
    sites = pd.Categorical(["A", "A ", "B", "B"], categories=["A", "A ", "B"])
    frame = pd.DataFrame({"site": sites, "x": [1.5, 2, 3, 4], "outcome": ["u", "v", "u", "v"]})
    frame.to_parquet(path)

    table = read(path)

    assert table.participants == ("A", "B")
    assert said(table, "1 cell ", "'site'")


@pytest.mark.parametrize("twins", [("1", "1.0"), ("1", "01"), ("-2,50", "-2.5")])
def test_names_that_may_be_one_number_are_two_and_that_is_said(write, twins):
    names = [*twins, "3", "4"] * (ROWS // 4)
    for column in ("outcome", "site"):
        path = write(separator=";", **{column: names})

        table = read(path)

        shown = " and ".join(map(repr, twins))
        assert said(table, column, shown, "may be one number")
        assert any(
            f"{column!r} tells {shown}" in each
            for each in propose(path, label="outcome", participant="site").notes
        )
    assert set(twins) <= set(table.participants)


def test_names_that_are_different_numbers_are_not_said_to_be_one(write):
    table = read(write(site=["1", "10", "1.5", "0x1", "1e0"] * (ROWS // 5)))

    assert not said(table, "one number")


def test_a_composed_and_a_decomposed_letter_are_one_name(write):
    assert read(write(site=["K\u00f6ln", "Ko\u0308ln", "Aue"] * (ROWS // 3))).participants == (
        "Köln",
        "Aue",
    )


def test_names_that_differ_in_case_alone_are_two_and_that_is_said(write):
    table = read(write(site=["North", "north"] * (ROWS // 2)))

    assert table.participants == ("North", "north")
    assert said(table, "'North' and 'north'", "case")


# 3. Columns that name rows


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (range(ROWS), "counts the rows"),
        (range(100_000, 100_000 + ROWS), "counts the rows"),
        (np.random.default_rng(1).permutation(ROWS) + 1, "fills half of their range"),
        ([f"P-{k:04d}" for k in range(ROWS)], "different in every row"),
    ],
)
def test_columns_that_name_rows_are_left_out_and_named_with_the_line_that_puts_them_back(
    write, column, why
):
    path = write(number=list(column), age=[f"{20 + k % 7}.5" for k in range(ROWS)])

    table = read(path)

    assert list(table.features) == ["age", "marker"]
    assert said(table, "'number'", why, 'columns = ["number", "age", "marker"]')
    back = read(path, choice=Choice(columns=("number", "age", "marker")))
    assert list(back.features) == ["number", "age", "marker"]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_row_names_that_r_writes_without_a_header_are_left_out(write, separator):
    header = separator.join(('"marker"', '"site"', '"outcome"'))
    path = write(separator=separator, header=header, rows=list(range(1, ROWS + 1)))

    table = read(path)

    assert list(table.features) == ["marker"]
    assert said(table, "'column 1'", "counts the rows")


def test_a_nameless_column_that_starts_again_in_each_part_is_left_out(write):
    header = ",marker,site,outcome"

    assert list(read(write(header=header, rows=[*range(40), *range(20)])).features) == ["marker"]


def test_an_identifier_with_gaps_is_known_by_its_name(write):
    numbers = np.random.default_rng(2).choice(10**7, ROWS, replace=False)

    assert said(read(write(mrn=numbers.tolist())), "'mrn'", "called so")


@pytest.mark.parametrize(
    "measure",
    [
        np.random.default_rng(3).choice(90_000, ROWS, replace=False) + 10_000,
        np.sort(np.random.default_rng(4).choice(90_000, ROWS, replace=False)),
        [k % 24 for k in range(ROWS)],
        [1 + k // 2 for k in range(ROWS)],
        [f"{k}.5" for k in range(ROWS)],
    ],
    ids=["income", "sorted income", "hour", "pairs", "fractions"],
)
def test_a_real_measure_is_never_left_out(write, measure):
    table = read(write(measure=list(measure)))

    assert list(table.features) == ["measure", "marker"]


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%y", "%d-%b-%Y"],
)
def test_dates_are_left_out_and_become_days_or_parts_where_that_is_asked(write, form):
    days = pd.date_range("2023-01-20", periods=ROWS)
    path = write(seen=days.strftime(form).tolist())

    assert said(read(path), "'seen'", "dates", 'dates = "days"')
    numbers = read(path, choice=Choice(dates="days")).features["seen (days)"]
    assert numbers.tolist() == [19377 + k for k in range(ROWS)]
    parts = read(path, choice=Choice(dates="parts")).features
    assert parts["seen (month)"].tolist() == days.month.tolist()
    assert parts["seen (weekday)"].tolist() == days.day_of_week.tolist()


def test_dates_whose_days_and_months_cannot_be_told_apart_are_refused_if_asked_for(write):
    path = write(seen=[f"0{1 + k % 9}/0{1 + k % 7}/2023" for k in range(ROWS)])

    assert "either order" in refusal(path, choice=Choice(dates="days"))


def test_columns_without_a_cell_are_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("site,x,outcome,note,\nn,1.5,ill,,\ns,2.5,well,,\n")

    table = read(path)

    assert list(table.features) == ["x"]
    assert said(table, "'note' (has no cell)", "'column 5'")


# 4. Local formats


PLAIN = [f"{k * 17 % 41 + 0.25:.2f}" for k in range(ROWS)]


@pytest.mark.parametrize(
    "form",
    [
        ("a.csv", ";", "cp1252", lambda n: n.replace(".", ","), "cp1252"),
        ("a.csv", ";", "utf-8-sig", lambda n: n.replace(".", ","), "decimal comma"),
        ("a.csv", ";", "utf-8", lambda n: n, "';'"),
        ("a.tsv", "\t", "utf-16", lambda n: n, "utf-16"),
        ("a.csv", "\t", "utf-16-le", lambda n: n, "tabs"),
        ("a.csv", "|", "utf-8", lambda n: n.replace(".", ","), "decimal comma"),
        ("a.csv", ",", "utf-8", lambda n: n.replace(".", ","), "decimal comma"),
    ],
)
def test_a_local_file_gives_the_numbers_of_the_plain_one(form, write):
    name, separator, code, local, note = form
    sites, ages = ["Köln", "Nürnberg"] * (ROWS // 2), [local(number) for number in PLAIN]

    table = read(write(name, separator=separator, encoding=code, age=ages, site=sites))

    plain = read(write("plain.csv", age=PLAIN, site=sites))
    assert table.features["age"].tolist() == plain.features["age"].tolist()
    assert table.participants == plain.participants == ("Köln", "Nürnberg")
    assert not plain.notes
    assert said(table, note)


@pytest.mark.parametrize(
    ("separator", "cells", "numbers"),
    [
        (",", ["1,234", "918"], [1234, 918]),
        (",", ["1,234.5", "918.25"], [1234.5, 918.25]),
        (";", ["1,234", "0,5"], [1.234, 0.5]),
        (";", ["1.234,5", "2,5"], [1234.5, 2.5]),
        (";", ["1 234,5", "2,5"], [1234.5, 2.5]),
        (",", ["1'234", "9.5"], [1234, 9.5]),
        (",", ["9.4%", "30 %"], [0.094, 0.3]),
        (",", ["\u22121.5", "+2"], [-1.5, 2]),
        (",", ["1e3", ".5"], [1000, 0.5]),
    ],
)
def test_numbers_are_read_as_they_are_written(write, separator, cells, numbers):
    table = read(write(separator=separator, dose=cells * (ROWS // 2)))

    assert table.features["dose"].tolist() == numbers * (ROWS // 2)


@pytest.mark.parametrize(
    ("dialect", "number"), [(Dialect(decimal=","), 1.234), (Dialect(thousands=","), 1234)]
)
def test_a_number_that_may_be_two_is_what_the_scenario_says(write, dialect, number):
    path = write(separator=";", dose=["1,234", "2,345"] * (ROWS // 2))

    assert read(path, dialect=dialect).features["dose"][0] == number
    assert said(read(path), "'dose'", "set another reading")


@pytest.mark.parametrize("missing", ["refuse", "impute"])
@pytest.mark.parametrize("cell", ["<0.1", "12,5", "1.2.3", "3 mg", "positive", "12-15"])
def test_a_cell_that_says_something_else_than_a_number_is_refused_and_never_filled_in(
    write, cell, missing
):
    path = write(crp=[cell, *PLAIN[1:]])

    message = refusal(path, missing=missing)

    assert f"column 'crp': row 1, such as {cell!r}" in message
    assert 'ignore = ["crp"]' in message


def test_a_column_of_which_most_is_below_a_limit_is_no_category(write):
    assert "'<0.1'" in refusal(write(crp=["<0.1"] * 40 + PLAIN[40:]), missing="impute")


@pytest.mark.parametrize("word", ["n/a", "NA", "?", "", "-", "NULL", "#N/A", "inf"])
def test_missing_words_among_numbers_are_refused_or_filled_in_with_a_note(write, word):
    path = write(crp=[word, word, *PLAIN[2:]])

    assert "column 'crp': rows 1, 2" in refusal(path)
    table = read(path, missing="impute")
    assert table.features["crp"].isna().sum() == 2
    assert said(table, "filled in", "2 in 'crp'")


def test_categories_that_look_like_numbers_are_said(write):
    assert said(read(write(band=["0-9", "10-19", "20+"] * (ROWS // 3))), "'band'", "categories")


# 5. Quantities


def test_more_than_20_numeric_labels_are_a_quantity_until_told_otherwise(write):
    path = write(outcome=[k % 21 for k in range(ROWS)])

    assert not read(path).classes
    assert read(path).labels.dtype == np.float64
    assert len(read(path, target="classes").classes) == 21
    assert read(path, positive="3").classes == ("not 3", "3")
    assert len(read(write(outcome=[k % 20 for k in range(ROWS)])).classes) == 20


def test_a_quantity_with_some_cells_below_a_limit_is_a_quantity(write):
    assert "a quantity" in refusal(write(outcome=["<1"] * 20 + [str(k) for k in range(40)]))


# 6. Which columns, and all problems at once


def test_columns_that_are_named_are_the_only_ones(write):
    path = write(age=PLAIN, dose=PLAIN)

    assert list(read(path, choice=Choice(columns=("dose",))).features) == ["dose"]
    assert list(read(path, choice=Choice(ignore=("dose",))).features) == ["age", "marker"]


def test_all_problems_of_a_table_are_in_one_message(write):
    path = write(
        rows=range(ROWS),
        id=[f"P{k}" for k in range(ROWS)],
        age=["n/a", *PLAIN[1:]],
        crp=["<1", *PLAIN[1:]],
        outcome=["", *["ill", "well"] * 29, "ill"],
    )

    message = refusal(path, participant="ward", choice=Choice(ignore=("agee",)))

    for part in (
        "no column 'ward'",
        "column 'outcome' has empty cells: row 1",
        "ignore names 'agee'",
        "column 'age': row 1",
        "column 'crp': row 1, such as '<1'",
        "'rows' (counts the rows)",
        "'id' (is different in every row)",
    ):
        assert part in message


def test_a_row_that_is_too_long_is_named_and_a_short_one_ends_empty(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("site,x,outcome\nn,1.5,ill\ns,2.5,well\nn,3.5,ill,7\n")
    assert "row 3 has 4 cells" in refusal(path)

    path.write_text("site,outcome,x\nn,ill,1.5\ns,well,2.5\nn,ill\n")
    assert "column 'x': row 3" in refusal(path)


def pairs(row, rows=4):
    """Write a row for each of two sites in turn."""
    return "".join(row.format(site="ns"[k % 2], k=k, ill=k // 2 % 2) for k in range(rows))


@pytest.mark.parametrize("first", ["{site}", "{k}"])
def test_a_separator_that_ends_every_row_shifts_no_header(tmp_path, first):
    path = tmp_path / "t.csv"
    site, code = ("site", "code") if first == "{site}" else ("code", "site")
    other = "{k}" if first == "{site}" else "{site}"
    path.write_text(f"{site},{code},age,outcome\n" + pairs(f"{first},{other},7.{{k}},{{ill}},\n"))

    table = read(path)

    assert table.participants == ("n", "s")
    assert table.features["age"].tolist() == [7.0, 7.1, 7.2, 7.3]
    assert table.labels.tolist() == [0, 0, 1, 1]
    assert said(table, "4 rows", "empty cells beyond the header", "row 1")


@pytest.mark.parametrize(
    ("header", "row", "number"),
    [
        ("site,age,outcome", "{site},7,3,{ill}\n", 1),  # first cells that repeat are no row names
        ("site,age,outcome", "{k},7,{site},{ill}\nn,7,1\n", 1),  # not in every row
        ("id,age,outcome", "{k},7,3,{ill}\n", 1),  # the first cells have a header
        ("age,site,outcome", "0.{k},{site},{ill},x\n", 1),  # measures, and a cell at the end
        ("age,site,outcome", '"0,{k}",{site},{ill},x\n', 1),
        ("age,site,outcome", "{k}{k}4{k},{site},{ill},x\n9,n,0,x\n", 1),
    ],
)
def test_rows_longer_than_the_header_are_refused_where_no_row_names_explain_it(
    tmp_path, header, row, number
):
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n{pairs(row)}")

    assert f"row {number} has 4 cells, and the header has 3" in refusal(path)


def test_one_cell_too_many_in_the_first_row_shifts_no_header(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("site,age,outcome\nn,7,3,0\n" + pairs("{site},7.{k},{ill}\n"))

    assert "row 1 has 4 cells" in refusal(path)


def test_row_names_without_a_header_are_said(write):
    table = read(write(header="marker,site,outcome", rows=range(ROWS)))

    assert said(table, "one cell more than its header", "row names")


@pytest.mark.parametrize("missing", ["refuse", "impute"])
@pytest.mark.parametrize("cell", ["1e400", "-1e999", "9" * 400, "1e400%"])
def test_a_number_beyond_all_floats_is_refused_with_its_cell(write, cell, missing):
    end = cell[-1] if cell.endswith("%") else ""
    path = write(crp=[cell, *(f"{number}{end}" for number in PLAIN[1:])])

    assert f"column 'crp': row 1, such as {cell!r}" in refusal(path, missing=missing)


@pytest.mark.parametrize("sign", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_sign_that_ends_no_line_of_csv_ends_no_record(tmp_path, sign):
    path = tmp_path / "t.csv"
    text = "site,age,outcome,word\n" + pairs("{site},7.{k},{ill},a" + sign + "b\n")
    path.write_text(text + "n,7,1\n")  # a short row, so that no fast reader takes it

    assert read(path, missing="impute").features["word"].tolist() == [f"a{sign}b"] * 4 + [None]


QUOTED = "site,age,word,outcome\n"


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ('{site},7,"open,{ill}\n' + "{site},8,b,{ill}\n" * 2, 1),  # never closed
        ('{site},7,"open,{ill}\n{site},8,"b",{ill}\n', 1),  # closed by the next quote
        ('{site},7,"b",{ill}\n"{site},8,b,{ill}\n{site},9",9,b,{ill}\n', 2),  # rows as one name
        ('{site},7,"b\n{site},8,b,{ill}\n{site},8,b",{ill}\n', 1),  # well formed
        ('{site},7,"b"c,{ill}\n', 1),
    ],
)
def test_a_quote_that_swallows_rows_is_refused_with_its_row(tmp_path, rows, number):
    path = tmp_path / "t.csv"
    path.write_text(QUOTED + pairs(rows))

    assert f"row {number} has a quoted cell" in refusal(path)


def test_a_cell_that_might_be_a_swallowed_row_is_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(QUOTED + pairs('{site},7.{k},"a\n{site},8,b,",{ill}\n'))

    assert said(read(path), "4 cells", "as many separators as a row", "row 1")


@pytest.mark.parametrize("word", ['"a, ""b""\nc"', 'a 5" pipe', '""', '"a\r\nb"'])
def test_quotes_and_line_breaks_that_belong_to_a_cell_are_read(tmp_path, word):
    path = tmp_path / "t.csv"
    path.write_bytes((QUOTED + pairs("{site},7.{k}," + word + ",{ill}\n", 8)).encode())

    table = read(path, choice=Choice(ignore=("word",)))

    assert table.features["age"].tolist() == [7 + k / 10 for k in range(8)]
    assert not said(table, "separators")


def test_headers_that_appear_twice_are_told_apart(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("site,x,x,outcome\nn,1.5,1,ill\ns,2.5,3,well\n")

    table = read(path)

    assert list(table.features) == ["x", "x (2)"]
    assert said(table, "twice", "'x (2)'")


def test_many_equal_headers_are_told_apart_listed_in_few_words_and_let_go_of(tmp_path):
    path, count = tmp_path / "t.csv", 150
    rows = [["x"] * count, *([f"{row}.5"] * count for row in range(3))]
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    frame = read_sheet(path).frame

    names = [column.name for column in studied(frame)]

    assert names == ["x", *(f"x ({number})" for number in range(2, count + 1))]
    assert frame.columns.empty
    with pytest.raises(DataError, match=f"and {count - 10:,} more") as caught:
        check_proposal(propose(path), path.name)
    assert len(str(caught.value)) < 1000


def test_a_made_header_never_takes_the_name_of_a_written_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("site,,column 2,x,x,x (2),outcome\nn,9,1.5,2,3,4,ill\ns,8,2.5,3,4,6,well\n")

    features = read(path).features

    assert list(features) == ["column 2 (2)", "column 2", "x", "x (3)", "x (2)"]
    assert features["column 2"].tolist() == [1.5, 2.5]
    assert features["x (2)"].tolist() == [4, 6]


DAYS = [f"{1 + k % 28:02}.{1 + k % 12:02}.2020" for k in range(ROWS)]


@pytest.mark.parametrize("literal", ["seen (days)", "seen (weekday)"])
@pytest.mark.parametrize("first", [True, False])
def test_a_column_called_like_a_part_of_dates_is_refused_beside_them(write, literal, first):
    both = {"seen": DAYS, literal: np.linspace(0.5, 9, ROWS).tolist()}
    path = write(**(both if first else dict(reversed(both.items()))))
    dates = "days" if "days" in literal else "parts"

    message = refusal(path, choice=Choice(dates=dates))

    assert f"would be called {literal!r}" in message
    assert "Rename one" in message
    assert literal in read(path, choice=Choice(dates=dates, ignore=("seen",))).features


def test_dates_that_are_left_out_are_not_asked_of_new_rows_for_a_column_called_like_them(write):
    path = write(**{"seen": DAYS, "seen (days)": np.linspace(0.5, 9, ROWS).tolist()})

    alone = read(path)
    dates = read(path, choice=Choice(dates="days", ignore=("seen (days)",)))

    assert [form.name for form in alone.forms] == ["seen (days)", "marker"]
    assert [form.name for form in dates.forms] == ["seen", "marker"]


@pytest.mark.parametrize(
    ("beginning", "end"),
    [("sep=;\n", ""), ('"sep=;"\r\n', ""), ("SEP=;;;;\n", ""), ("", ";;;\n;;;\n"), ("", "\n\n")],
    ids=["sep", "quoted", "padded", "blank", "empty"],
)
def test_what_spreadsheets_put_around_a_table_is_no_part_of_it(tmp_path, beginning, end):
    path = tmp_path / "t.csv"
    path.write_text(f"{beginning}site;x;y;outcome\nn;1,5;1;ill\ns;2,5;3;well\n{end}")

    table = read(path)

    assert table.features["x"].tolist() == [1.5, 2.5]
    assert said(table, "first line", "says what parts cells") == ("=" in beginning)


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize(
    "title",
    [
        "Wards, in March",
        "Wards{0}{0}{0}",
        '"Wards"\n\nby hand',
        "Wards{0}{0}{0}\n{0}{0}{0}",
        "sep={0}\nWards",
    ],
)
def test_titles_above_the_header_are_refused_with_the_line_that_seems_to_be_it(
    tmp_path, separator, title
):
    path = tmp_path / "t.csv"
    table = [
        ["site", "x", "y", "z", "outcome"],
        *([s, "1.5", "2", "3", o] for s, o in ["ni", "sw"] * 6),
    ]
    lines = "\n".join(map(separator.join, table))
    path.write_text(f"{title.format(separator)}\n{lines}\n")

    message = refusal(path)

    assert "first line" in message
    assert "Wards" in message
    assert f"begins {separator.join(table[0])!r}" in message


@pytest.mark.parametrize("separator", ";|\t")
def test_lists_in_cells_make_no_title_of_a_header(tmp_path, separator):
    path = tmp_path / "t.csv"
    lists = [separator.join(f"{k}{j}" for j in range(4)) for k in range(3)]
    rows = [f"{s},{lists[k]},{o}" for k in range(3) for s, o in ["ni", "sw"]]
    path.write_text("\n".join(["site,x,outcome", *rows]) + "\n")

    assert list(read(path, dialect=Dialect(separator=",")).features) == ["x"]
    assert list(read(path).features) == ["x"]


def test_a_header_beside_wide_or_empty_rows_is_no_title(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("site,x,,outcome\nn,1.5,1,ill,,,,,\ns,2.5,3,well,,,,,\n")

    assert list(read(path).features) == ["x", "column 3"]


@pytest.mark.parametrize(
    ("dialect", "message"),
    [
        ({"encoding": "klingon"}, "no encoding is called 'klingon'"),
        ({"encoding": "ascii"}, "cannot be read as ascii"),
        ({"separator": "::"}, "not one character"),
        ({"decimal": ",", "thousands": ","}, "both ','"),
    ],
)
def test_a_dialect_that_cannot_be_is_refused(write, dialect, message):
    with pytest.raises(DataError, match=message):
        read(write(site=["Köln", "Aue"] * (ROWS // 2)), dialect=Dialect(**dialect))


# 7. Files that are broken, or unusual


@pytest.mark.parametrize("harm", [lambda b: b[:-20], lambda b: b[:40] + b"\xff" * 40 + b[80:]])
def test_a_compressed_file_that_is_broken_is_refused(write, harm):
    path = write()
    packed = path.with_name("t.csv.gz")
    packed.write_bytes(harm(gzip.compress(path.read_bytes())))

    assert "t.csv.gz cannot be read" in refusal(packed)


def test_a_parquet_type_that_pandas_has_not_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"site": ["n", "s"], "x": [1, 2], "outcome": ["u", "v"]}), path)
    path.write_bytes(path.read_bytes().replace(b"PAR1", b"PARE"))  # says that it is encrypted

    assert "t.parquet cannot be read" in refusal(path)


def test_what_arrow_cannot_do_is_refused(tmp_path, monkeypatch):
    def unable(_path):
        raise pa.ArrowNotImplementedError("no such encoding")

    path = tmp_path / "t.parquet"
    path.touch()
    monkeypatch.setattr(pd, "read_parquet", unable)

    assert "t.parquet cannot be read: no such encoding" in refusal(path)


@pytest.mark.parametrize("taken", ["dose", "x"])
def test_an_index_with_a_name_is_a_column(tmp_path, taken):
    path = tmp_path / "t.parquet"
    index = pd.Index([4.5, 2.5, 9.5, 1.5], name="dose")
    frame = pd.DataFrame({"site": list("nsns"), "x": [1.5, 3, 2, 5], "outcome": list("uvvu")})
    frame.set_index(index).rename(columns={"x": taken}).to_parquet(path)

    table = read(path)

    assert table.features["dose"].tolist() == index.tolist()
    assert table.features["dose (2)" if taken == "dose" else "x"].tolist() == [1.5, 3, 2, 5]
    assert said(table, "index", "'dose'")


@pytest.mark.parametrize("name", ["X.CSV", "x.Csv.GZ", "x.TSV"])
def test_a_files_ending_may_be_in_capitals(write, name):
    separator = "\t" if "TSV" in name else ","
    path = write("plain.csv" if "GZ" in name else name, separator=separator)
    if "GZ" in name:
        packed = path.with_name(name)
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path = packed

    assert read(path).participants == ("n", "s")


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y"])
def test_dates_that_stand_for_never_are_numbers_like_others(write, form):
    days = [date(9999, 12, 31), date(2020, 1, 1), date(1700, 1, 1), date(1970, 1, 2)]
    path = write(seen=[day.strftime(form) for day in days] * (ROWS // 4))

    numbers = read(path, choice=Choice(dates="days")).features["seen (days)"]

    assert numbers.tolist() == [(day - date(1970, 1, 1)).days for day in days] * (ROWS // 4)


CLOCKS = ["14:55", "14:55:30", "0:00", "23:59:59.5"]
SECONDS = [53700, 53730, 0, 86399.5]


@pytest.mark.parametrize(
    "form",
    ["%d/%m/%Y {}", "%m/%d/%Y {}", "%d.%m.%YT{}", "%Y/%m/%d {}", "%d-%m-%Y {}", "%Y-%m-%d {}"],
)
def test_times_of_day_are_kept_in_days_and_said_where_parts_leave_them_out(write, form):
    clocks = ["00" + each[1:] if each[0] == "0" else each for each in CLOCKS]
    days = [date(9999, 12, 31) if k == 4 else date(2020, 3, 13 + k % 9) for k in range(ROWS)]
    written = [d.strftime(form).format(clocks[k % 4]) for k, d in enumerate(days)]
    path = write(seen=written)

    table = read(path, choice=Choice(dates="days"))
    parts = read(path, choice=Choice(dates="parts"))

    whole = [(day - date(1970, 1, 1)).days for day in days]
    exact = [day + SECONDS[k % 4] / 86400 for k, day in enumerate(whole)]
    assert table.features["seen (days)"].tolist() == pytest.approx(exact, abs=1e-8, rel=0)
    assert said(parts, "times of day in column 'seen'", 'dates = "days"')
    assert not said(table, "times of day")


def test_a_time_that_no_clock_shows_is_no_date(write):
    path = write(seen=[f"{1 + k % 28}/3/2020 {24 + k % 3}:00" for k in range(ROWS)])

    assert "seen (days)" not in read(path, choice=Choice(dates="days")).features


# 8. Scales


@pytest.mark.parametrize("exponent", [300, 200, -200, -300])
@pytest.mark.filterwarnings("error")
def test_columns_of_any_scale_keep_their_effect(exponent):
    values = np.random.default_rng(0).normal(3, 2, ROWS)
    rows = [np.arange(30), np.arange(30, 50)]

    scaled, _ = encode(pd.DataFrame({"x": values * 10.0**exponent}), rows, standardise=True)

    plain, _ = encode(pd.DataFrame({"x": values}), rows, standardise=True)
    assert np.allclose(scaled, plain, atol=1e-6)


# 9. NumPy in messages


@pytest.mark.parametrize("names", [[1.0], [1], [True], ["a"], [np.float32(1.5)]])
def test_no_message_shows_how_numpy_writes_a_number(tmp_path, names):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"site": names * 8, "x": np.arange(8) / 3, "outcome": names * 8}).to_parquet(path)

    message = refusal(path)

    assert "names only" in message
    assert "every row of the label column" in message
    assert "np." not in message
