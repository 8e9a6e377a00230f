"""The how-to on kinds does what it says: its kind is a folder and a line, and runs to the audit."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from forging import reseal

import fedmerit
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import OUTCOME, VALUATION, OutcomeDocument, ValuationDocument
from fedmerit.bundle.training import read_rounds, round_files
from fedmerit.commands.summary import key_figures, member_rows
from fedmerit.errors import DataError, ScenarioError
from fedmerit.scenario import kinds
from fedmerit.scenario.catalogue import catalogue
from fedmerit.scenario.reading import load, parse
from fedmerit.scenario.starter import starter
from fedmerit.simulation.settings import Simulation
from fedmerit.simulation.setup import set_up

PAGE = Path(__file__).parents[3] / "docs/how-to/add-a-kind.md"
MODULE = re.compile(r"^```python[^\n]*\n# (arrays/\w+\.py)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: What this kind shares with owners of rows, whose run is the yardstick.
ROWS = {
    "name": "small",
    "data": {
        "source": "digits",
        "validation_share": 0.2,
        "partition": {"recipe": "iid", "participants": 3},
    },
    "training": {"rounds": 2, "local_epochs": 1, "learning_rate": 0.5},
    "valuation": {"game": "rounds"},
    "settlement": {"commit_window": 0, "reveal_window": 0, "stake": 0},
}


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """Add the page's kind: its modules, as they stand there, and its line in the mapping."""
    folder = tmp_path_factory.mktemp("added")
    (folder / "arrays").mkdir()
    for name, code in MODULE.findall(PAGE.read_text("utf-8")):
        (folder / name).write_text(code, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(kinds, "KINDS", {**kinds.KINDS, "arrays": "arrays"})
        yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "arrays"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Give a run whose members trained here: somebody else, to whom it may concern."""
    return fedmerit.run(parse(ROWS, origin="test"), tmp_path_factory.mktemp("trained") / "b")


@pytest.fixture(scope="module")
def updates(trained, added):
    path = added / "updates.npy"
    np.save(path, np.stack([round_.updates for round_ in read_rounds(trained)]))
    return path


@pytest.fixture(scope="module")
def bundle(updates, tmp_path_factory):
    return fedmerit.run(asked(updates), tmp_path_factory.mktemp("arrays") / "b")


def asked(updates, **changes):
    return parse({**ROWS, "arrays": {"updates": str(updates)}, **changes}, origin="test")


def test_the_page_has_a_module_for_each_room_that_asks(added):
    assert {path.stem for path in (added / "arrays").glob("*.py")} == set(kinds.ROOMS)


def test_a_section_makes_a_scenario_one_of_the_kind(updates, trained):
    assert kinds.kind_of(asked(updates)).name == "arrays"
    assert kinds.kind_of(trained.scenario).name == "horizontal"


def test_updates_from_arrays_are_valued_and_paid_as_where_they_were_trained(bundle, trained):
    ours, theirs = (b.document(VALUATION, ValuationDocument) for b in (bundle, trained))

    assert any(ours.values)
    assert ours == theirs
    paid = bundle.document(OUTCOME, OutcomeDocument)
    assert paid == trained.document(OUTCOME, OutcomeDocument)
    assert sum(paid.payments) + paid.reserve == paid.budget


def test_an_audit_passes_and_measures_again(bundle):
    verdict = fedmerit.audit(bundle, retrain=True, spot_checks=3)

    assert verdict.passed, verdict.sentence
    assert {"updates of the file", "spot checks"} <= {c.name for c in verdict.checks}
    assert [check.id for check in verdict.checks if check.status != "ok"] == ["unbound"]


def test_an_update_that_was_changed_afterwards_is_found_without_the_file(bundle, tmp_path):
    copy = Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))
    name = round_files(1)[0]
    arrays = {key: array.copy() for key, array in copy.tensors(name).items()}
    arrays["updates"][0] *= 2
    copy.write_tensors(name, arrays)
    reseal(copy)

    found = {check.name for check in fedmerit.audit(copy).differences}

    assert {"updates", "averaging"} <= found


def test_other_updates_in_the_file_are_found(bundle, updates, tmp_path):
    copy = Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))
    other = tmp_path / "other.npy"
    np.save(other, np.load(updates)[::-1])
    text = copy.text("scenario.toml").replace(str(updates), str(other))
    copy.write("scenario.toml", text.encode())
    reseal(copy)

    assert "updates of the file" in {c.name for c in fedmerit.audit(copy, retrain=True).differences}


def test_the_report_and_the_command_line_show_it(bundle):
    assert "How the model learned" in bundle.text("report.html")
    assert [row["Behaviour"] for row in member_rows(bundle)] == ["honest"] * 3
    assert "Accuracy" in key_figures(bundle)


def test_the_starter_shows_its_section_and_the_catalogue_takes_its_names(added):
    assert "# [arrays]\n" in starter(added / "x.toml", None)
    assert "Games" in catalogue()


def test_a_path_is_relative_to_the_scenario_that_names_it(updates, monkeypatch):
    scenario = updates.parent / "scenario.toml"
    scenario.write_text(asked("updates.npy").to_toml(), "utf-8")
    monkeypatch.chdir(updates.parent.parent)

    assert load(scenario).arrays.updates == f"{updates.parent.name}/updates.npy"


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize(
    ("array", "told"),
    [
        (
            np.zeros((2, 3, 7), np.float32),
            r"of shape \(2, 3, 7\), not finite float32 of \(2, 3, 650\)",
        ),
        (np.full((2, 3, 650), np.nan, np.float32), "not finite"),
        (np.zeros((2, 3, 650)), "holds float64"),
        (np.array([{}]), "holds no updates"),
    ],
    ids=["shape", "nan", "type", "pickle"],
)
def test_a_file_that_holds_no_such_updates_is_refused_before_anything_is_written(
    array, told, tmp_path
):
    np.save(tmp_path / "bad.npy", array)

    with pytest.raises(DataError, match=told):
        fedmerit.run(asked(tmp_path / "bad.npy"), tmp_path / "b")

    assert not (tmp_path / "b").exists()


def test_what_the_kind_cannot_do_is_refused(updates):
    with pytest.raises(ScenarioError, match="nobody can train them again"):
        asked(updates, valuation={"game": "retraining"})
    with pytest.raises(ScenarioError, match=r"there is no setting 'arrays\.update'"):
        asked(updates, arrays={"updates": "u.npy", "update": 1})
    with pytest.raises(ScenarioError, match="was trained by somebody else"):
        set_up(asked(updates), Simulation(mechanisms=("equal",), rounds=2))
