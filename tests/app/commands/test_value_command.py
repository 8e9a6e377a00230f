"""``fedmerit value``: an answer in seconds, and nothing left behind."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from fedmerit.bundle.schemas import VALUATION, ValuationDocument
from fedmerit.commands import app as cli


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for console in (cli.out, cli.err):
        monkeypatch.setattr(console, "width", 100)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fedmerit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture
def wards(tmp_path):
    rng = np.random.default_rng(0)
    age, ward = rng.normal(50, 10, 240), rng.choice(["north", "south", "west"], 240)
    ill = np.where(age + rng.normal(0, 5, 240) > 50, "ill", "well")
    lines = [f"{w},{a:.1f},{i}" for w, a, i in zip(ward, age, ill, strict=True)]
    path = tmp_path / "the wards.csv"
    path.write_text("\n".join(["ward,age,result", *lines]) + "\n", encoding="utf-8")
    return path


def test_a_table_is_valued_and_nothing_is_written(here, wards, tmp_path):
    status, out, err = here("value", wards, "--label", "result", "--by", "ward", "--seed", 3)

    assert status == 0
    for ward in ("north", "south", "west"):
        assert ward in out
    assert "paid" in out
    assert "tokens" in out
    assert "Manifest" not in out
    settle = f"fedmerit init my-scenario.toml --data '{wards}' --label result --by ward"
    assert settle in err
    left = {path.name for path in tmp_path.rglob("*") if "torchinductor" not in str(path)}
    assert left == {"the wards.csv", "temporary"}


def test_the_line_that_it_ends_with_writes_the_scenario_that_was_valued(here, wards):
    here("init", "mine.toml", "--data", wards, "--label", "result", "--by", "ward")

    one = json.loads(here("value", "mine", "--output", "json")[1])
    other = json.loads(
        here("value", wards, "--label", "result", "--by", "ward", "--output", "json")[1]
    )

    assert one["members"] == other["members"]


def test_where_no_chance_enters_the_values_they_are_those_that_a_run_settles(here, hospital_bundle):
    status, out, _ = here("run", "hospitals", "--until", "value", "--output", "json")

    assert status == 0
    said = hospital_bundle.document(VALUATION, ValuationDocument)
    assert tuple(member["value"] for member in json.loads(out)["members"]) == said.values


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("value", "hospitals", "--by", "x"), "--by is about a table, and 'hospitals'"),
        (("value", "wards", "--by", "x"), "--by is about a table"),
        (("value", "nowhere.csv"), "nowhere.csv"),
        (("run", "--until", "value", "--dir", "d"), "--until value settles nothing"),
        (("init", "--label", "y"), "no table is given"),
    ],
)
def test_what_does_not_go_together_is_refused(here, arguments, said):
    status, _, err = here(*arguments)

    assert status == 2
    assert said in err
    assert "hint:" in err


def test_a_column_that_is_not_there_is_refused_with_the_nearest_name(here, wards):
    status, _, err = here("value", wards, "--by", "wart")

    assert status == 2
    assert "no column 'wart'" in err
    assert "Did you mean 'ward'?" in err
    assert not list((Path.cwd() / "temporary").glob("fedmerit-*"))


# A table of worths

WORTHS = "ada,bob,cyd,worth\n" + "".join(
    f"{a},{b},{c},{0.3 * a + 0.1 * b + 0.2 * a * b}\n"
    for a in (0, 1)
    for b in (0, 1)
    for c in (0, 1)
)


def test_a_table_of_worths_is_valued_and_paid_with_no_model(here, tmp_path):
    path = tmp_path / "worths.csv"
    path.write_text(WORTHS, "utf-8")

    status, out, _ = here("value", "--worths", path, "--output", "json")
    found = json.loads(out)

    assert status == 0
    assert [m["value"] for m in found["members"]] == [400_000_000, 200_000_000, 0]
    assert [m["half_width"] for m in found["members"]] == [None] * 3
    payments = [int(m["payment"]) for m in found["members"]]
    assert payments[0] == pytest.approx(2 * payments[1])
    assert payments[2] == 0
    assert sum(payments) + int(found["reserve"]) == int(found["budget"])
    _, out, _ = here("value", "--worths", path)
    assert "ada" in out
    assert "none: how sure a worth is" in out


def test_several_columns_of_worths_give_intervals(here, tmp_path):
    path = tmp_path / "worths.csv"
    path.write_text("ada,bob,worth1,worth2\n0,0,0,0\n1,0,1,1.2\n0,1,.4,.6\n1,1,1.6,2\n", "utf-8")

    _, out, _ = here("value", "--worths", path, "--output", "json")

    assert all(m["half_width"] > 0 for m in json.loads(out)["members"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WORTHS.replace("1,1,1,", "#,1,1,"), "either in"),
        (WORTHS.rpartition("1,1,1,")[0], "has no"),
        (WORTHS.replace("0.3", "nan"), "finite"),
        ("ada,bob\n1,0\n", "participants, then worths"),
        ("", "no coalitions"),
    ],
)
def test_a_table_that_is_none_of_worths_is_refused(here, tmp_path, text, said):
    path = tmp_path / "worths.csv"
    path.write_text(text, "utf-8")

    status, _, err = here("value", "--worths", path)

    assert status == 2
    assert said in err


def test_worths_go_with_no_model(here, tmp_path):
    status, _, err = here("value", "hospitals", "--worths", tmp_path / "worths.csv")
    assert (status, "no source, columns or code" in err) == (2, True)
    status, _, err = here("value")
    assert (status, "nothing is named" in err) == (2, True)
