"""The report as chromium shows it: offline, in both colour schemes, down to a phone's width."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from forging import rename

from fedmerit import report
from fedmerit.bundle.directory import REPORT, Bundle
from fedmerit.report.colours import DARK, PAGE, SURFACE
from fedmerit.scenario.model import Scenario
from fedmerit.simulation import Simulation, simulate
from fedmerit.simulation.page import render

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
SCRIPT = HERE / "report.mjs"
NEEDED = HERE.parents[1] / "node_modules" / "playwright-core"


def _chromium():
    """Give chromium's path; without it CI fails, and others skip."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    missing = [
        what
        for what, there in (
            ("chromium", found),
            ("node", shutil.which("node")),
            (f"{NEEDED.name} ('npm ci')", NEEDED.is_dir()),
        )
        if not there
    ]
    if missing:
        why = f"a browser test needs {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    return found


def visit(page, *wanted):
    command = ["node", SCRIPT, _chromium(), page, *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def visits(hospital_bundle):
    return visit(hospital_bundle.path / REPORT, "light:390", "light:1200", "dark:390", "dark:1200")


def rgb(colour):
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


def test_the_report_opens_offline_without_an_error_and_asks_for_nothing(visits):
    assert [(seen["scheme"], seen["width"]) for seen in visits] == [
        ("light", 390),
        ("light", 1200),
        ("dark", 390),
        ("dark", 1200),
    ]
    assert [problem for seen in visits for problem in seen["problems"]] == []


def test_every_chart_is_drawn_at_every_width(visits):
    for seen in visits:
        assert seen["first"]["charts"] == seen["first"]["drawn"] == 13


def test_the_answer_and_four_sections_stand_open_and_the_rest_is_folded_away(visits):
    for seen in visits:
        # Of 900 pixels each, before anything is opened.
        assert seen["screens"] < (12 if seen["width"] == 390 else 8)


def test_the_rows_of_the_first_screen_lie_neither_over_one_another_nor_off_the_screen(visits):
    assert [seen["cards"] for seen in visits] == [0, 0, 0, 0]


def test_nothing_is_wider_than_the_screen(visits):
    assert [seen["first"]["overflow"] for seen in visits] == [0, 0, 0, 0]


def test_page_and_charts_follow_the_readers_colour_scheme(visits):
    grounds = {"light": (PAGE, SURFACE), "dark": (DARK[PAGE], DARK[SURFACE])}

    for seen in visits:
        other = "dark" if seen["scheme"] == "light" else "light"
        for scheme, state in ((seen["scheme"], "first"), (other, "switched")):
            page, surface = grounds[scheme]
            assert seen[state]["page"] == rgb(page)
            assert seen[state]["grounds"] == [rgb(surface)]


def test_on_paper_charts_are_light_and_tables_open_and_afterwards_as_before(visits):
    for seen in visits:
        assert seen["printed"]["grounds"] == [rgb(SURFACE)]
        assert seen["printed"]["folded"] == 0
        assert seen["after"] == seen["first"]
        assert seen["first"]["folded"] > 0


def test_a_hostile_name_is_shown_in_the_charts_and_runs_nothing(hospital_bundle, tmp_path):
    hostile = "<img src=x onerror=hacked=1>"
    copy = Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "copy"))
    rename(copy, "Hungary", hostile)

    (seen,) = visit(report.write(copy), "light:1200")

    assert seen["problems"] == []
    assert not seen["first"]["hacked"]
    assert seen["first"]["ticks"][1].startswith("<img src=x")


def test_a_simulations_page_is_drawn_down_to_a_phone_and_runs_no_name(tmp_path):
    hostile = "<img src=x onerror=hacked=1>"
    scenario = Scenario.model_validate(
        {
            "name": "tiny",
            "data": {"source": "digits", "partition": {"participants": 4, "alpha": 1.0}},
            "members": [{"name": hostile, "behaviour": "free-rider"}],
            "training": {"local_epochs": 1},
        }
    )
    settings = Simulation(mechanisms=("equal", "second-score"), rounds=2, deviators=1)
    page = tmp_path / "simulation.html"
    page.write_text(render(simulate(scenario, settings)), encoding="utf-8")

    for seen in visit(page, "light:390", "dark:1200"):
        assert seen["problems"] == []
        assert not seen["first"]["hacked"]
        assert seen["first"]["charts"] == seen["first"]["drawn"] == 6
        assert seen["first"]["overflow"] == 0
        assert seen["printed"]["folded"] == 0
