"""Owners of columns score new people: each its own part, and the parts meet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from fedmerit.bundle.directory import Bundle
from fedmerit.errors import BundleError, DataError
from fedmerit.kinds.parts import scoring_part
from fedmerit.kinds.saved import read_model
from fedmerit.kinds.scores import METADATA
from fedmerit.kinds.vertical.models import models_folder
from fedmerit.kinds.vertical.protocols import learner_of
from fedmerit.kinds.vertical.scenario import vertical_of
from fedmerit.kinds.vertical.training import train
from fedmerit.kinds.vertical.wiring import assemble, task_of
from fedmerit.scenario.reading import parse

COUNT = 3000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give the files of a shop and a bank, who write whom a row is about in their own ways."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("parts")
    spent, age = rng.normal(size=(2, COUNT)).round(3)
    buys = np.where(spent + age + 0.5 * rng.normal(size=COUNT) > 0, "yes", "no")
    shop = pd.DataFrame({"customer": range(COUNT), "spent": spent, "buys": buys})
    bank = pd.DataFrame(
        {
            "client": [f" {k} " for k in range(COUNT)],
            "age": [f"{v:.3f}".replace(".", ",") for v in age],
            "region": rng.choice(["n", "s"], COUNT),
        }
    )
    shop.to_csv(folder / "shop.csv", index=False)
    bank.sample(frac=1, random_state=0).to_csv(folder / "bank.csv", index=False, sep=";")
    return folder


def asked(folder, **more):
    owners = [
        {
            "name": "shop",
            "source": str(folder / "shop.csv"),
            "key": ["customer"],
            "label": "buys",
            "positive": "yes",
        },
        {"name": "bank", "source": str(folder / "bank.csv"), "key": ["client"]},
    ]
    section = {"epochs": 1, "batch_size": 4096, "key_bits": 512, "learning_rate": 3.0}
    section["gradient_privacy"] = {"clip": 2.2, "noise_multiplier": 16.0}
    section |= {"whiten": True, "owners": owners, **more}
    return parse(
        {"name": "parts", "vertical": section, "data": {"validation_share": 0.5}}, origin="test"
    )


@pytest.fixture(scope="module")
def bundle(folder):
    bundle = Bundle.create(folder / "b", asked(folder))
    train(bundle, lambda *_: None)
    return bundle


@pytest.fixture(scope="module")
def part(bundle, folder):
    """Give the bank's part of its own file's rows, as it sends it to the shop."""
    path = folder / "part.csv"
    write(read_model(models_folder(bundle) / "bank.safetensors").score(folder / "bank.csv"), path)
    return path


def write(scores, path):
    frame = pd.DataFrame({"row": range(1, len(scores.frame) + 1), **scores.columns})
    frame.to_csv(path, index=False)


def model(bundle, owner):
    return read_model(models_folder(bundle) / f"{owner}.safetensors")


def test_the_sum_of_the_parts_is_the_score_of_the_run(bundle, folder, part):
    scenario = bundle.scenario
    federation = assemble(scenario)
    task = task_of(federation, scenario)
    weights = {
        name: load_file(models_folder(bundle) / f"{name}.safetensors") for name in ("shop", "bank")
    }
    scores = learner_of(scenario, vertical_of(scenario), quantity=False).scores(
        task, weights, seed=0
    )
    training = scores(np.column_stack([columns.training for columns in task.parties]))
    spent = dict(zip(task.parties[0].training[:, 0].tolist(), training.tolist(), strict=True))

    found = model(bundle, "shop").score(folder / "shop.csv", parts=(part,))

    shop = pd.read_csv(folder / "shop.csv")
    own = federation.holdings[0]
    encoded = task.parties[0].encoding.apply(own.features)[:, 0]
    seen = 0
    for row, chance in zip(encoded.tolist(), found.columns["probability yes"], strict=True):
        if list(encoded).count(row) == 1 and row in spent:
            assert chance == pytest.approx(1 / (1 + np.exp(-spent[row])), abs=1e-9)
            seen += 1
    assert seen > COUNT // 5
    right = (found.columns["prediction"] == "yes") == (shop["buys"] == "yes")
    assert right.mean() > 0.8


def test_whom_an_owner_does_not_know_stays_empty_and_is_said(bundle, folder, part, tmp_path):
    strangers = pd.read_csv(folder / "shop.csv").head(3).assign(customer=["1", "x", "2"])
    strangers.to_csv(tmp_path / "new.csv", index=False)

    found = model(bundle, "shop").score(tmp_path / "new.csv", parts=(part,))

    assert found.columns["prediction"][1] == found.columns["probability yes"][1] == ""
    assert found.columns["prediction"][0] in {"yes", "not yes"}
    assert any("bank gave no part for 1 rows" in note and "are 2" in note for note in found.notes)


@pytest.mark.parametrize("times", [0, 2])
def test_a_part_that_is_not_there_or_there_twice_is_refused(bundle, folder, part, times):
    with pytest.raises(DataError, match="one part of each of bank"):
        model(bundle, "shop").score(folder / "shop.csv", parts=(part,) * times)


def test_parts_meet_with_the_label_holder_alone(bundle, folder, part):
    with pytest.raises(DataError, match="parts meet with shop"):
        model(bundle, "bank").score(folder / "bank.csv", parts=(part,))


@pytest.fixture
def send(bundle, folder, part, tmp_path):
    """Give what has the shop score its rows by an altered part of the bank."""

    def sent(change):
        change(pd.read_csv(part)).to_csv(tmp_path / "part.csv", index=False)
        model(bundle, "shop").score(folder / "shop.csv", parts=(tmp_path / "part.csv",))

    return sent


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda frame: frame.rename(columns={"part of bank": "part of mallory"}), "one part of"),
        (lambda frame: frame.drop(columns="key 1"), "no part of a score"),
        (lambda frame: frame.assign(extra=1), "no part of a score"),
        (lambda frame: frame.assign(**{"part of bank": "inf"}), "no finite numbers"),
        (lambda frame: frame.assign(**{"part of bank": "many"}), "no finite numbers"),
        (lambda frame: frame.assign(**{"key 1": "7"}), "another row has too"),
    ],
    ids=["other-owner", "no-key", "more", "infinite", "words", "twice"],
)
def test_a_part_of_another_form_is_refused(send, change, said):
    with pytest.raises(DataError, match=said):
        send(change)


def test_rows_without_a_key_are_refused(bundle, tmp_path):
    (tmp_path / "new.csv").write_text("age;region\n1,5;n\n")

    with pytest.raises(DataError, match="no column 'client'"):
        model(bundle, "bank").score(tmp_path / "new.csv")


def test_the_bundle_itself_scores_nobody_and_tells_nothing_of_any_owners_part(bundle):
    with pytest.raises(BundleError, match="in nobody's hands whole"):
        scoring_part(bundle.scenario).portable(bundle)
    names = Bundle(bundle.path).names()
    assert not [name for name in names if "encoding" in name or "models" in name]


@pytest.mark.parametrize(
    "tensors",
    [
        {"weights": np.zeros(1)},
        {"weights": np.full(3, np.nan)},
        {},
        {"weights": np.zeros(3), "more": np.zeros(1)},
    ],
    ids=["few", "nan", "none", "more"],
)
def test_weights_that_are_not_the_owners_are_refused(bundle, tmp_path, tensors):
    path = models_folder(bundle) / "bank.safetensors"
    with safe_open(path, framework="np") as file:
        said = file.metadata()
    assert load_file(path)["weights"].shape == (3,)
    save_file(tensors, tmp_path / "m.safetensors", {METADATA: said[METADATA]})

    with pytest.raises(BundleError, match="the part of bank"):
        read_model(tmp_path / "m.safetensors")


def test_networks_of_split_learning_do_not_meet_yet(bundle, tmp_path):
    path = models_folder(bundle) / "bank.safetensors"
    with safe_open(path, framework="np") as file:
        said = file.metadata()[METADATA].replace('"adds_up":true', '"adds_up":false')
    save_file(load_file(path), tmp_path / "m.safetensors", {METADATA: said})

    with pytest.raises(BundleError, match="not there yet"):
        read_model(tmp_path / "m.safetensors")


@pytest.mark.parametrize("classes", ["[]", '["a","b","c"]'])
def test_a_sum_of_parts_tells_two_classes_apart_and_no_others(bundle, tmp_path, classes):
    path = models_folder(bundle) / "shop.safetensors"
    with safe_open(path, framework="np") as file:
        said = file.metadata()[METADATA].replace('["not yes","yes"]', classes)
    assert classes in said
    save_file(load_file(path), tmp_path / "m.safetensors", {METADATA: said})

    with pytest.raises(BundleError, match="tells two apart"):
        read_model(tmp_path / "m.safetensors")


def test_a_sum_of_parts_of_a_quantity_is_in_its_own_unit(bundle, folder, part, tmp_path):
    path = models_folder(bundle) / "shop.safetensors"
    with safe_open(path, framework="np") as file:
        said = file.metadata()[METADATA].replace('["not yes","yes"]', "[]")
    scale = '"quantity":{"name":"pays","mean":"500","deviation":"40"}'
    said = said.replace('"quantity":null', scale)
    save_file(load_file(path), tmp_path / "m.safetensors", {METADATA: said})
    classes = model(bundle, "shop").score(folder / "shop.csv", parts=(part,))
    chance = classes.columns["probability yes"].astype(float)

    found = read_model(tmp_path / "m.safetensors").score(folder / "shop.csv", parts=(part,))

    assert set(found.columns) == {"key 1", "prediction"}
    total = np.log(chance / (1 - chance))
    assert found.columns["prediction"].astype(float) == pytest.approx(500 + 40 * total, abs=1e-6)
