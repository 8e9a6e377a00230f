"""Whole runs on a quantity, by members' rows and by the sponsor's; and what is checked of them."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from forging import forge, rewrite
from sklearn.metrics import r2_score, roc_auc_score, root_mean_squared_error

import fedmerit
from fedmerit.bundle.directory import COALITIONS, SCENARIO, Bundle
from fedmerit.bundle.schemas import (
    FEDERATION,
    MODEL,
    TRAINING,
    FederationDocument,
    TrainingDocument,
)
from fedmerit.commands.summary import key_figures
from fedmerit.errors import ScenarioError
from fedmerit.federation import network
from fedmerit.kinds.horizontal.auditing import check_numbers
from fedmerit.kinds.horizontal.scoring import portable
from fedmerit.kinds.horizontal.simulation import assemble as for_simulation
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.kinds.saved import read_model
from fedmerit.scenario.reading import load
from fedmerit.scenario.starter import write_starter


def table(rows):
    rng = np.random.default_rng(3)
    size, rooms, age = rng.normal(size=(3, rows)).round(4)
    price = 250_000 + 40_000 * size + 15_000 * rooms + 20_000 * rng.normal(size=rows)
    store = np.array(["north", "south", "west"])[np.arange(rows) % 3]
    return pd.DataFrame(
        {"store": store, "size": size, "rooms": rooms, "age": age, "price": price.round()}
    )


def run(folder, *, change=lambda text: text):
    text = write_starter(folder / "s.toml", folder / "homes.csv").read_text()
    text = text.replace("rounds = 15", "rounds = 4")
    (folder / "s.toml").write_text(change(text))
    return fedmerit.run(folder / "s.toml", folder / "b")


@pytest.fixture(scope="session")
def homes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("homes")
    table(150).to_csv(folder / "homes.csv", index=False)
    return run(folder)


@pytest.fixture(scope="session")
def sponsored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sponsored")
    table(200)[:150].to_csv(folder / "homes.csv", index=False)
    table(200)[150:].to_csv(folder / "test.csv", index=False)

    def change(text):
        given = f'[data]\nvalidation = "{folder / "test.csv"}"\n'
        asked = 'game = "rounds"\nmetric = "squared-error"'
        return text.replace("[data]\n", given).replace('game = "retraining"', asked)

    return run(folder, change=change)


def copied(bundle, tmp_path):
    return Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))


def predicted(bundle):
    """Give the labels and the recorded model's predictions of the validation rows, in its unit."""
    consortium = assemble(bundle.scenario)
    made, scale = consortium.federation, consortium.federation.quantity
    built = network(made, consortium.model, seed=bundle.scenario.seed, device="cpu")
    final = torch.from_numpy(bundle.tensors(MODEL)["parameters"])[None]
    scores = built.logits(final, torch.from_numpy(made.validation_features))[0, :, 0].numpy()
    found = (scale.mean + scale.deviation * y for y in (made.validation_labels, scores))
    return tuple(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["homes", "sponsored"])
def test_a_quantity_goes_from_init_to_a_passed_audit(name, request):
    bundle = request.getfixturevalue(name)
    training = bundle.document(TRAINING, TrainingDocument)
    labels, found = predicted(bundle)
    last = training.rounds[-1]

    assert fedmerit.audit(bundle, retrain=True).passed
    assert last.r_squared_ppm == pytest.approx(1e6 * r2_score(labels, found), abs=5)
    deviation = float(bundle.document(FEDERATION, FederationDocument).quantity.deviation)
    off = root_mean_squared_error(labels, found)
    assert last.rmse_micro / 1e6 * deviation == pytest.approx(off, rel=1e-4)
    assert last.r_squared_ppm > 600_000
    assert training.pooled_r_squared_ppm - last.r_squared_ppm == training.delta_ppm
    outcome = json.loads(bundle.text("outcome.json"))
    paid = sum(map(int, outcome["payments"])) + int(outcome["reserve"])
    assert paid == bundle.scenario.reward.budget


@pytest.mark.slow
def test_no_file_of_a_quantity_tells_of_accuracy_classes_or_areas(homes):
    said = json.loads(homes.text(TRAINING))
    report = re.sub(r"(?s)<(script|style).*?</\1>", "", homes.text("report.html"))

    assert not [key for key in (*said, *said["rounds"][0]) if "accuracy" in key or "area" in key]
    assert "base_rate_ppm" not in said
    for word in ("Accuracy", "right predictions", "AUC", "0 classes"):
        assert word not in report
    for word in ("R²", "RMSE", "predicts the quantity <em>price</em>", "rows it went from"):
        assert word in report
    assert "R²" in key_figures(homes)
    assert "Accuracy" not in key_figures(homes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change"),
    [
        (TRAINING, lambda said: said["rounds"][-1].update(r_squared_ppm=990_000)),
        (TRAINING, lambda said: said.update(pooled_rmse_micro=said["pooled_rmse_micro"] + 9)),
        (TRAINING, lambda said: said["rounds"][-1].update(accuracy_ppm=900_000)),
        (FEDERATION, lambda said: said["quantity"].update(deviation="1")),
        (FEDERATION, lambda said: said.pop("quantity")),
    ],
)
def test_a_lie_about_how_good_predictions_are_is_found_by_training_again(
    homes, tmp_path, name, change
):
    copy = copied(homes, tmp_path)
    forge(copy, name, change)

    verdict = fedmerit.audit(copy, retrain=True)

    wrong = {check.name for check in verdict.checks if check.status == "differs"}
    assert wrong & {"retrained metrics", "data and members"}


@pytest.mark.slow
def test_all_rows_that_were_measured_on_are_the_sponsors(sponsored):
    members = sponsored.document(FEDERATION, FederationDocument)

    assert members.sponsor_rows == 50
    assert {member.validation_rows for member in members.members} == {0}
    assert sum(member.rows for member in members.members) == 150
    assert members.committee == members.names
    assert not sponsored.document(TRAINING, TrainingDocument).by_owner_micro
    assert "sponsor's own 50 test rows" in key_figures(sponsored)["Measured"]
    report = sponsored.text("report.html")
    assert "50 rows of the sponsor" in report
    assert "Whose rows decide" not in report
    assert "per mille of the label&#39;s variance" in report


def owned(bundle, owner):
    arrays = bundle.tensors(COALITIONS)
    owners = arrays["owners"].copy()
    owners[0] = owner
    bundle.write_tensors(COALITIONS, {**arrays, "owners": owners})


@pytest.mark.slow
@pytest.mark.parametrize("owner", [0, 2, 4, -1])
def test_a_test_row_that_is_given_to_a_member_is_found(sponsored, tmp_path, owner):
    copy = copied(sponsored, tmp_path)
    owned(copy, owner)

    found = {check.name for check in check_numbers(copy) if check.status == "differs"}

    assert "test rows" in found


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda copy: owned(copy, 3),
        lambda copy: rewrite(copy, FEDERATION, lambda said: said.update(sponsor_rows=5)),
        lambda copy: copy.write(
            SCENARIO,
            copy.text(SCENARIO).replace('validation = ""', 'validation = "their.csv"').encode(),
        ),
    ],
)
def test_members_rows_that_are_said_to_be_the_sponsors_are_found(homes, tmp_path, change):
    copy = copied(homes, tmp_path)
    change(copy)

    found = {check.name for check in check_numbers(copy) if check.status == "differs"}

    assert "test rows" in found


def test_a_simulation_refuses_what_it_cannot_show(tmp_path):
    table(60).to_csv(tmp_path / "homes.csv", index=False)
    scenario = load(write_starter(tmp_path / "s.toml", tmp_path / "homes.csv"))
    data = scenario.data.model_copy(update={"validation": "test.csv"})

    with pytest.raises(ScenarioError, match="the label is a quantity"):
        for_simulation(scenario)
    with pytest.raises(ScenarioError, match="names a test table"):
        for_simulation(scenario.model_copy(update={"data": data}))


def test_accuracy_has_the_base_rate_and_the_area_beside_it(hospital_bundle):
    training = hospital_bundle.document(TRAINING, TrainingDocument)
    consortium = assemble(hospital_bundle.scenario)
    made = consortium.federation
    built = network(made, consortium.model, seed=hospital_bundle.scenario.seed, device="cpu")
    final = torch.from_numpy(hospital_bundle.tensors(MODEL)["parameters"])[None]
    logits = built.logits(final, torch.from_numpy(made.validation_features))[0].numpy()
    area = roc_auc_score(made.validation_labels, logits[:, 1] - logits[:, 0])

    assert training.rounds[-1].area_ppm == pytest.approx(1e6 * area, abs=1)
    often = np.bincount(made.validation_labels).max() / len(made.validation_labels)
    assert training.base_rate_ppm == round(1e6 * often)
    for place in (hospital_bundle.text("report.html"), key_figures(hospital_bundle)["Accuracy"]):
        assert f"{often:.1%}" in place
        assert "AUC" in place


@pytest.mark.slow
def test_new_rows_are_predicted_in_the_quantitys_own_unit(homes, tmp_path):
    model = portable(homes)
    path = tmp_path / "model.safetensors"
    path.write_bytes(model.saved())
    table(150).drop(columns=["price", "store"]).to_csv(tmp_path / "new.csv", index=False)

    scores = read_model(path).score(tmp_path / "new.csv")

    [(title, found)] = scores.columns.items()
    assert title == "prediction"
    assert r2_score(table(150)["price"], found) > 0.6
    final = homes.tensors(MODEL)["parameters"]
    made = assemble(homes.scenario).federation
    said = made.validation_features @ final[:-1] + final[-1]
    scale = made.quantity
    assert set(np.round(scale.mean + scale.deviation * said, -1)) <= set(np.round(found, -1))
