"""The page, the file and the command of a comparison."""

from __future__ import annotations

import json
import re

import pytest

from fedmerit.commands.app import app
from fedmerit.errors import BundleError, ScenarioError
from fedmerit.simulation.document import as_json
from fedmerit.simulation.page import charts, render, tables

SMALL = """
name = "tiny"
[data]
source = "digits"
validation_share = 0.2
[data.partition]
participants = 4
alpha = 1.0
[[members]]
name = "<b>Idle</b>"
behaviour = "free-rider"
[training]
local_epochs = 1
"""


@pytest.fixture(scope="module")
def page(compared):
    return render(compared)


def test_the_page_is_the_same_bytes_for_the_same_comparison(compared, page):
    assert render(compared) == page


def test_every_chart_has_its_numbers_in_a_table_below_it(compared, page):
    drawn = re.findall(r'data-chart="([\w-]+)"', page)

    assert drawn == [
        "chart-accuracy",
        "chart-present",
        "chart-welfare",
        "chart-spent",
        "chart-deviations",
        "chart-paid",
    ]
    for table in (tables.rounds, tables.money, tables.deviations, tables.pay, tables.people):
        assert table(compared).rows[-1][0] in page


def test_nothing_of_a_members_name_can_run(page):
    assert "Copycat" in page
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    assert "script-src 'sha256-" in page


def test_figures_stand_in_the_table_as_they_were_found(compared):
    run = compared.runs[0]
    row = dict(zip(tables.COLUMNS, tables.side_by_side(compared).rows[0][1:], strict=True))

    assert row["Accuracy"] == f"{100 * run.figures.accuracy:.1f}"
    assert row["Rank correlation"] == f"{run.figures.rank_correlation:.2f}"


def test_shares_of_pay_add_up_to_all_of_it(compared):
    names = [person.name for person in compared.people]

    for run in compared.runs:
        assert sum(charts.shares(run, names).values()) == pytest.approx(1)
    assert sum(charts.contributed(compared).values()) == pytest.approx(1)
    assert charts.contributed(compared)["member-5"] < 0


def test_the_file_has_everything_and_amounts_to_the_last_unit(compared):
    found = json.loads(json.dumps(as_json(compared)))

    first, run = found["runs"][0], compared.runs[0]
    paid = first["periods"][0]["payments"]
    assert {name: int(amount) for name, amount in paid.items()} == run.periods[0].payments
    assert int(first["figures"]["paid"]) == run.figures.paid
    assert first["advantages"]["copy"]["gain"]["value"] == pytest.approx(
        {each.kind: each for each in run.advantages}["copy"].gain.value, abs=1e-9
    )
    assert found["settings"]["rounds"] == 5


def test_the_command_writes_both_files_and_never_into_a_directory_in_use(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SMALL)
    asked = ["simulate", "tiny.toml", "--mechanisms", "equal, shapley", "--rounds", "2"]

    app([*asked, "--deviators", "0", "--output", "json"], result_action="return_value")

    printed = json.loads(capsys.readouterr().out)
    written = tmp_path / "simulations" / "tiny-1"
    assert json.loads((written / "simulation.json").read_text("utf-8")) == printed
    assert [run["mechanism"] for run in printed["runs"]] == ["equal", "shapley"]
    html = (written / "simulation.html").read_text("utf-8")
    assert "<b>Idle</b>" not in html
    assert "&lt;b&gt;Idle&lt;/b&gt;" in html
    with pytest.raises(BundleError, match="is not empty"):
        app([*asked, "--dir", str(written)], result_action="return_value")


def test_a_simulation_that_fails_leaves_no_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(
        SMALL.replace("[training]", "[training]\nlearning_rate = 1e4")
    )
    asked = ["simulate", "tiny.toml", "--mechanisms", "equal", "--rounds", "1"]

    for more in ([], ["--dir", "some/where"]):
        with pytest.raises(ScenarioError, match="everybody together trains from"):
            app([*asked, *more], result_action="return_value")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny.toml"]


def test_the_command_shows_a_row_a_mechanism(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(SMALL)

    app(
        ["simulate", "tiny.toml", "--mechanisms", "equal,fli", "--rounds", "2", "--deviators", "1"],
        result_action="return_value",
    )

    shown = capsys.readouterr()
    assert re.search(r"equal .*\+\d+ (copy|split)", shown.out)
    assert "simulation.html" in shown.out
    assert "fedmerit check equal" in shown.err
