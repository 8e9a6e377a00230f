"""A trained model is taken along: it scores as it did, and whoever forges its file is refused."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from forging import forge, reseal, rewrite
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import fedmerit
from fedmerit.bundle.directory import MANIFEST, SCENARIO, Bundle
from fedmerit.bundle.encoding import ENCODING
from fedmerit.bundle.schemas import FEDERATION, MODEL
from fedmerit.errors import BundleError, DataError
from fedmerit.federation.batched.measure import measure_rows
from fedmerit.federation.data.newrows import read_rows
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.kinds.parts import scoring_part
from fedmerit.kinds.saved import read_model
from fedmerit.kinds.scores import METADATA
from fedmerit.scenario.reading import parse

TABLE = {
    "name": "own",
    "data": {"source": "", "label": "sick", "participant": "site", "dates": "parts"},
    "training": {"rounds": 2, "local_epochs": 1},
    "valuation": {"game": "rounds"},
    "settlement": {"commit_window": 0, "reveal_window": 0, "stake": 0},
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Give a table of every kind of column, as a file of semicolons and decimal commas."""
    rng = np.random.default_rng(5)
    age, count = rng.normal(60, 9, 120), 120
    frame = pd.DataFrame(
        {
            "age": [f"{v:.1f}".replace(".", ",") for v in age],
            "ward": rng.choice(["north", "south", "NA"], count),
            "smokes": rng.choice([True, False], count),
            "seen": [f"{1 + k % 28:02}.{1 + k % 12:02}.{1960 + k % 60}" for k in range(count)],
            "site": ["a", "b", "c"] * 40,
            "sick": np.where(age + rng.normal(0, 3, count) > 60, "ill", "well"),
        }
    )
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.to_csv(path, index=False, sep=";")
    return path


@pytest.fixture(scope="module", params=["logistic", "mlp"])
def trained(rows, tmp_path_factory, request):
    asked = {**TABLE, "data": {**TABLE["data"], "source": str(rows)}}
    asked["model"] = {"kind": request.param}
    return fedmerit.run(parse(asked, origin="test"), tmp_path_factory.mktemp("own") / "b")


def model_of(bundle, **more):
    return scoring_part(bundle.scenario).portable(bundle, **more)


def test_scores_are_those_of_the_run_on_the_rows_that_it_measured(trained, rows):
    consortium = assemble(trained.scenario)
    federation = consortium.federation
    final = trained.tensors(MODEL)["parameters"]
    likely, _ = measure_rows(federation, consortium.model, final[None], seed=0)

    scores = model_of(trained).score(rows)

    matrix = federation.encoding.apply(read(rows, federation))
    chances = np.stack([scores.columns[f"probability {c}"] for c in federation.classes], axis=1)
    for row, label, said in zip(
        federation.validation_features, federation.validation_labels, likely[0], strict=True
    ):
        place = int(np.flatnonzero((matrix == row).all(axis=1))[0])
        assert np.log(chances[place, label]) == pytest.approx(said, abs=1e-5)


def read(rows, federation):
    return read_rows(rows, federation.forms).features


def test_the_file_scores_as_the_bundle_does(trained, rows, tmp_path):
    model = model_of(trained)
    (tmp_path / "m.safetensors").write_bytes(model.saved())

    ours, theirs = model.score(rows), read_model(tmp_path / "m.safetensors").score(rows)

    for title, values in ours.columns.items():
        assert (theirs.columns[title] == values).all()


def test_whoever_has_torch_alone_can_use_the_file(trained, rows, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(model_of(trained).saved())
    with safe_open(path, framework="pt") as file:
        said = json.loads(file.metadata()[METADATA])
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    frame = pd.read_csv(rows, sep=";", decimal=",", keep_default_na=False)
    inputs = []
    for feature in said["rows"]["features"]:
        if feature["levels"] is not None:
            inputs += [frame[feature["name"]].astype(str) == level for level in feature["levels"]]
            continue
        name, _, part = feature["name"].partition(" (")
        cells = frame[name]
        if part:
            moments = pd.to_datetime(cells, format=said["rows"]["columns"][3]["date"]).dt
            cells = getattr(moments, {"weekday": "day_of_week"}.get(part[:-1], part[:-1]))
        inputs.append((cells - float(feature["mean"])) / float(feature["scale"]))
    x = torch.tensor(np.stack(inputs, axis=1).astype(np.float32))
    layers = sorted(name for name in state if name.endswith("weight"))
    for name in layers:
        x = x if name == layers[0] else x.relu()
        x = torch.nn.functional.linear(x, state[name], state[name.replace("weight", "bias")])
    ours = model_of(trained).score(rows).columns[f"probability {said['classes'][1]}"]

    assert x.softmax(1)[:, 1].numpy() == pytest.approx(ours, abs=1e-6)


@pytest.mark.parametrize("name", [SCENARIO, FEDERATION, ENCODING, MODEL])
def test_a_file_that_the_manifest_does_not_list_scores_nobody(copy, name):
    content = copy.read(name)
    # A byte in the last third: text stays text, and numbers numbers.
    changed = {
        SCENARIO: content.replace(b"seed = 0", b"seed = 1"),
        MODEL: content[:-1] + bytes([content[-1] ^ 1]),
    }.get(name, content.replace(b"1", b"2", 1))
    assert changed != content
    copy.write(name, changed)

    with pytest.raises(BundleError, match=MANIFEST):
        model_of(copy)


def test_inputs_that_their_columns_do_not_give_are_found_by_any_audit(copy):
    def swap(document):
        document["features"].reverse()

    forge(copy, ENCODING, swap)

    differing = {check.name for check in fedmerit.audit(copy).checks if check.status == "differs"}
    assert "encoding" in differing
    with pytest.raises(BundleError, match="does not give the features"):
        model_of(copy)


@pytest.mark.slow  # trains every coalition again, to say that the rest still holds
@pytest.mark.parametrize("field", ["mean", "scale"])
def test_statistics_of_other_rows_are_found_by_training_again(copy, field):
    def move(document):
        document["features"][0][field] = repr(float(document["features"][0][field]) * 1.001)

    forge(copy, ENCODING, move)

    checks = fedmerit.audit(copy, retrain=True).checks
    [again] = [check for check in checks if check.name == "recomputed encoding"]
    assert (again.status, "age" in again.detail) == ("differs", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("scale", "0.0"), ("scale", "-1.0"), ("mean", "nan"), ("mean", "inf"), ("scale", "x")],
)
def test_numbers_that_no_training_gives_are_refused(copy, field, value):
    def alter(document):
        document["features"][0][field] = value

    rewrite(copy, ENCODING, alter)
    reseal(copy)

    with pytest.raises(BundleError, match=ENCODING):
        model_of(copy)


@pytest.fixture
def saved(hospital_bundle, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(model_of(hospital_bundle).saved())
    return path


def altered(path, change=lambda _: None, drop=None):
    tensors = load_file(path)
    with safe_open(path, framework="np") as file:
        said = json.loads(file.metadata()[METADATA])
    change(said)
    tensors.pop(drop, None)
    save_file(tensors, path, {METADATA: json.dumps(said)})
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "nobody's"},
        {"form": 2},
        {"inputs": ["age"]},
        {"classes": 3},
        {"more": 1},
    ],
)
def test_a_file_of_another_form_is_refused(saved, change):
    with pytest.raises(BundleError):
        read_model(altered(saved, lambda said: said.update(change)))


@pytest.mark.parametrize("content", [b"", b"\x00" * 64, b"GIF89a", b"{}"])
def test_what_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)

    with pytest.raises(BundleError, match="cannot be read as a model"):
        read_model(path)


def test_tensors_without_our_metadata_are_refused(tmp_path):
    save_file({"weight": np.zeros((2, 2), np.float32)}, tmp_path / "m.safetensors")

    with pytest.raises(BundleError, match="no model that fedmerit wrote"):
        read_model(tmp_path / "m.safetensors")


def test_tensors_of_another_model_are_refused(saved, rows):
    model = read_model(altered(saved, drop="bias"))

    with pytest.raises((BundleError, DataError)):
        model.score(rows)


EVIL = """
from pathlib import Path
from torch import nn
Path({mark!r}).touch()
class Net(nn.Linear):
    def __init__(self, in_features, classes):
        super().__init__(in_features, classes)
"""


def test_widths_that_would_take_all_memory_are_refused_before_anything_is_made(saved, rows, copy):
    altered(saved, lambda said: said.update(model="mlp", hidden=[10**10]))
    text = copy.text(SCENARIO).replace('kind = "logistic"', 'kind = "mlp"')
    copy.write(
        SCENARIO, text.replace("hidden = [\n    24,", "hidden = [\n    10000000000,").encode()
    )
    reseal(copy)
    assert copy.scenario.model.hidden == (10**10,)

    with pytest.raises(BundleError, match="parameters, and its mlp"):
        read_model(saved).score(rows)
    with pytest.raises(BundleError, match="parameters, and its mlp"):
        model_of(copy)


def test_classes_of_one_name_would_hide_a_score_and_are_refused(saved):
    altered(saved, lambda said: said.update(classes=["ill", "ill"]))

    with pytest.raises(BundleError, match="classes are not different"):
        read_model(saved)


@pytest.fixture
def evil(tmp_path, monkeypatch):
    (tmp_path / "evil.py").write_text(EVIL.format(mark=str(tmp_path / "ran")))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "evil", raising=False)
    yield tmp_path / "ran"
    sys.modules.pop("evil", None)


@pytest.mark.parametrize("allowed", [None, "other:Net", "logistic"])
def test_code_that_a_bundle_names_is_not_run_unless_it_is_allowed_by_name(copy, evil, allowed):
    text = copy.text(SCENARIO).replace('kind = "logistic"', 'kind = "evil:Net"')
    copy.write(SCENARIO, text.encode())
    reseal(copy)

    with pytest.raises(BundleError, match="evil:Net") as refused:
        model_of(copy, allowed=allowed)
    assert not evil.exists()
    assert "--allow-model evil:Net" in refused.value.hint

    model_of(copy, allowed="evil:Net")
    assert evil.exists()


@pytest.mark.parametrize("allowed", [None, "other:Net", "logistic"])
def test_code_that_a_file_names_is_not_run_unless_it_is_allowed_by_name(saved, rows, evil, allowed):
    model = read_model(altered(saved, lambda said: said.update(model="evil:Net")))

    with pytest.raises(BundleError, match="evil:Net"):
        model.score(rows, allowed=allowed)
    assert not evil.exists()


def test_a_run_without_an_encoding_says_why_its_model_stays(hospital_bundle, tmp_path):
    bundle = Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "b"))
    (bundle.path / ENCODING).unlink()

    with pytest.raises(BundleError, match=r"no encoding\.json"):
        model_of(bundle)
