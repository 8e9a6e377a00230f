"""`fedmerit init --data` makes a scenario that runs at once, of tables as people have them."""

from __future__ import annotations

import json
import os
import tomllib

import numpy as np
import pytest
from people import TABLES, plain, write

import fedmerit
from fedmerit.bundle.schemas import FEDERATION, TRAINING, FederationDocument, TrainingDocument
from fedmerit.commands.summary import as_json, key_figures
from fedmerit.errors import DataError, ScenarioError
from fedmerit.federation.data.proposal import propose
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.scenario.reading import load
from fedmerit.scenario.starter import write_starter

RUNS = [name for name, (_, runs) in TABLES.items() if runs]


@pytest.mark.parametrize("name", RUNS)
def test_a_proposed_scenario_makes_a_federation_with_nothing_edited(tmp_path, name):
    scenario = load(write_starter(tmp_path / "mine.toml", write(tmp_path, name)))

    federation = assemble(scenario).federation

    dealt = name == "nobody.csv"
    assert len(federation.participants) == (4 if dealt else 3)
    classes = {"three-classes.csv": 3, "quantity.csv": 0}
    assert len(federation.classes) == classes.get(name, 2)
    assert (federation.quantity is not None) == (name == "quantity.csv")
    assert sum(len(member.labels) for member in federation.members) > 80
    learned = {
        feature.split("=")[0].removesuffix(" missing") for feature in federation.feature_names
    }
    assert {"age", "marker"} <= {feature.replace("Alter", "age").lower() for feature in learned}
    assert not learned & {"mrn", "admitted", "id", "seen", "said", "column 1"}


@pytest.mark.parametrize("which", ["scenario", "table"])
def test_a_file_whose_name_is_no_text_ends_in_our_error(tmp_path, which):
    odd = tmp_path / os.fsdecode(b"ba\xffd")
    data = write(tmp_path, RUNS[0])
    paths = (odd, data) if which == "scenario" else (tmp_path / "mine.toml", data.rename(odd))

    with pytest.raises(ScenarioError, match="not UTF-8"):
        write_starter(*paths)

    assert not paths[0].exists()


def test_few_tables_do_not_run_and_those_say_why(tmp_path):
    assert len(RUNS) >= 22
    frame = plain()[["ward"]].assign(said=[f"remark {k}" for k in range(len(plain()))])
    frame.to_csv(tmp_path / "said.csv", index=False)
    with pytest.raises(
        DataError, match=r"no column of said\.csv holds 2 to 20 classes, or a quantity"
    ) as caught:
        write_starter(tmp_path / "mine.toml", tmp_path / "said.csv")

    assert "'said'" in str(caught.value)
    assert not (tmp_path / "mine.toml").exists()


def test_a_proposed_scenario_is_short_and_names_every_column(tmp_path):
    text = write_starter(tmp_path / "mine.toml", write(tmp_path, "several.csv")).read_text()

    settings = [line for line in text.splitlines() if line and not line.startswith(("#", "["))]
    assert len(settings) <= 15
    for name, role in (("id", "left out"), ("seen", "left out"), ("ward", "participant")):
        assert any(name in line and role in line for line in text.splitlines())
    given = tomllib.loads(text)["data"]
    assert given == {
        "source": "several.csv",
        "label": "outcome",
        "positive": "ill",
        "participant": "ward",
        "missing": "impute",
    }


def test_the_full_starter_shows_every_setting_of_ones_own_table(tmp_path):
    path = write_starter(tmp_path / "mine.toml", write(tmp_path, "nobody.csv"), full=True)

    text = path.read_text()
    assert 'label = "outcome"' in text
    assert load(path).data.partition is not None
    for setting in ("local_epochs", "thousands", "threshold"):
        assert f"# {setting} =" in text


def test_what_stands_in_a_strangers_table_cannot_break_out_of_the_scenario(tmp_path):
    frame = plain().rename(columns={"age": 'a"\nseed = 5\n[data]\n#\x7f', "outcome": "out\ncome"})
    frame["out\ncome"] = frame["out\ncome"].replace("ill", 'il"l\n[members]\x00')
    frame.to_csv(tmp_path / "t.csv", index=False)

    scenario = load(write_starter(tmp_path / "mine.toml", tmp_path / "t.csv"))

    assert scenario.seed == 0
    assert scenario.data.label == "out\ncome"
    assert scenario.members == ()
    assert len(assemble(scenario).federation.participants) == 3


def test_columns_are_shown_with_role_and_reason_and_nothing_is_written(tmp_path, capsys):
    from fedmerit.commands.inspect import inspect  # noqa: PLC0415 - beside what it prints

    path = write(tmp_path, "below-detection.csv")

    inspect(path, output="json")

    shown = json.loads(capsys.readouterr().out)
    roles = {column["name"]: column["role"] for column in shown["columns"]}
    assert roles == {
        "crp": "ignored",
        "ward": "participant",
        "age": "feature",
        "marker": "feature",
        "outcome": "label",
    }
    assert "'<0.1'" in shown["columns"][0]["why"]
    inspect(path)
    assert "ward" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["heart_disease_uci.csv", "bank_marketing_uci.csv.gz"])
def test_shipped_files_are_understood_as_anybodys(name):
    from importlib.resources import as_file, files  # noqa: PLC0415 - for this alone

    with as_file(files("fedmerit.federation.data").joinpath("datasets", name)) as path:
        proposal = propose(path)

    heart = name.startswith("heart")
    assert proposal.label == ("num" if heart else "y")
    assert proposal.participant == ("dataset" if heart else None)
    assert {c.name for c in proposal.columns if c.role == "left out"} == {"id"}


def run_once(tmp_path, name):
    path = write_starter(tmp_path / "mine.toml", write(tmp_path, name))
    return fedmerit.run(path, tmp_path / "b")


def test_a_proposed_scenario_runs_and_its_notes_reach_summary_and_report(tmp_path):
    bundle = run_once(tmp_path, "german.csv")

    notes = bundle.document(FEDERATION, FederationDocument).notes
    assert any("cp1252" in note for note in notes)
    assert any("decimal comma" in note for note in notes)
    report = (bundle.path / "report.html").read_text()
    for note in notes:
        assert note in key_figures(bundle)["Reading"]
        assert note.replace("'", "&#39;") in report
    assert as_json(bundle)["notes"] == list(notes)
    training = bundle.document(TRAINING, TrainingDocument)
    assert training.rounds[-1].accuracy_ppm > 750_000


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNS if name != "german.csv"])
def test_every_proposed_scenario_runs(tmp_path, name):
    training = run_once(tmp_path, name).document(TRAINING, TrainingDocument)

    if name == "quantity.csv":  # which counts on, whatever the features are
        assert training.rounds[-1].accuracy_ppm is None
        assert -300_000 < training.rounds[-1].r_squared_ppm < 300_000
        return
    # Of three classes the labels are drawn; of the others both features say who is ill.
    assert training.rounds[-1].accuracy_ppm > (250_000 if name == "three-classes.csv" else 750_000)


@pytest.mark.slow
def test_a_row_number_that_is_left_out_predicts_nothing(tmp_path):
    rng = np.random.default_rng(5)
    frame = plain()[["ward", "age"]].assign(arm=np.repeat(["drug", "placebo"], 60))
    frame["age"] = rng.normal(60, 10, len(frame)).round(1)
    frame.to_csv(tmp_path / "t.csv", index=True)

    bundle = fedmerit.run(write_starter(tmp_path / "m.toml", tmp_path / "t.csv"), tmp_path / "b")

    assert bundle.document(TRAINING, TrainingDocument).rounds[-1].accuracy_ppm < 700_000
