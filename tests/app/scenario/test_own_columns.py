"""Two files with a key column each make a vertical federation."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

import fedmerit
from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.schemas import (
    FEDERATION,
    OUTCOME,
    FederationDocument,
    OutcomeDocument,
)
from fedmerit.commands.summary import key_figures
from fedmerit.errors import BundleError, DataError, ScenarioError
from fedmerit.kinds.saved import read_model
from fedmerit.kinds.vertical.models import models_folder
from fedmerit.kinds.vertical.wiring import assemble, task_of
from fedmerit.scenario.reading import load, parse
from fedmerit.stages.noise import LEAST_REPEATS


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write a shop's and a bank's table, whose keys are written in two ways."""
    monkeypatch.chdir(tmp_path)
    write_tables(300)
    return tmp_path


def write_tables(people):
    rng = np.random.default_rng(0)
    spent, age = rng.normal(size=(2, people))
    buys = np.where(spent + age + rng.normal(size=people) > 0, "yes", "no")
    number = np.arange(people)
    shop = pd.DataFrame({"no": number, "spent": spent, "buys": buys})
    bank = pd.DataFrame({"customer": [f"{n} " for n in number[::-1]], "age": age[::-1]})
    shop[:-50].to_csv("shop.csv", index=False)
    bank[:-20].to_csv("bank.csv", index=False)


def own(batch_size=40, share=0.85, noise=None, **changes):
    shop = {"name": "shop", "source": "shop.csv", "key": ["no"], "label": "buys"}
    bank = {"name": "bank", "source": "bank.csv", "key": ["customer"], **changes}
    vertical = {"epochs": 2, "batch_size": batch_size, "key_bits": 512, "owners": [shop, bank]}
    vertical["gradient_privacy"] = noise or {}
    data = {"validation_share": share}  # by default, so many rows as two parties' sums take
    valuation = {"repeats": LEAST_REPEATS} if noise else {}
    asked = {"name": "own", "data": data, "vertical": vertical, "valuation": valuation}
    return parse(asked, origin="test")


def noised(**changes):
    """Say that noise hides labels: without, the bank would be told too much."""
    return own(batch_size=3000, share=0.5, noise={"clip": 2.0, "noise_multiplier": 30.0}, **changes)


@pytest.mark.slow
def test_two_files_with_a_key_column_make_a_federation(files):
    write_tables(3000)
    found = fedmerit.run(noised(), files / "b")

    said = found.document(joint.VERTICAL, joint.VerticalDocument)
    assert said.common == 2930
    assert said.area_ppm > 750_000
    assert [owner.columns for owner in said.owners] == [("spent",), ("age",)]
    assert min(found.document(OUTCOME, OutcomeDocument).payments) > 0
    assert fedmerit.audit(found, retrain=True).passed


@pytest.mark.slow
def test_an_owner_with_several_rows_a_person_sums_them_up(files):
    write_tables(3000)
    bank = pd.read_csv("bank.csv", dtype={"customer": str})
    # Each customer's visits: their mean is what the bank knew before, and they differ in number.
    visits = bank.loc[np.repeat(bank.index, 1 + np.arange(len(bank)) % 3)].reset_index(drop=True)
    visits["age"] += visits.groupby("customer").cumcount()
    visits.sample(frac=1, random_state=0).to_csv("bank.csv", index=False)
    with pytest.raises(DataError, match="a key that another row has too"):
        fedmerit.run(own(batch_size=3000), files / "a")

    found = fedmerit.run(noised(aggregate=["min", "count"]), files / "b")

    said = found.document(joint.VERTICAL, joint.VerticalDocument)
    assert said.common == 2930
    assert [owner.table_rows for owner in said.owners] == [2950, 2980]
    assert said.owners[1].columns == ("age (min)", "rows")
    assert said.area_ppm > 700_000
    assert any("5,959 rows are about 2,980 people" in note for note in notes_of(found))
    with pytest.raises(BundleError):  # its rows would have to be summed up first
        read_model(models_folder(found) / "bank.safetensors")
    assert fedmerit.audit(found, retrain=True).passed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"aggregate": ["mean", "mean"]}, "names something twice"),
        ({"aggregate": ["median"]}, "aggregate"),
        ({"aggregate": ["mean"], "label": "age"}, "sums up no labels"),
    ],
)
def test_what_cannot_be_summed_up_is_refused(changes, message):
    with pytest.raises(ScenarioError, match=message):
        own(**changes)


def notes_of(bundle):
    return bundle.document(FEDERATION, FederationDocument).notes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.assign(customer=t["customer"].where(t.index != 4)),
            "bank has no key in row 5",
        ),
        (
            lambda t: t.assign(customer=t["customer"].replace("298 ", "299")),
            r"bank has a key that another row has too in rows 1, 2",
        ),
        (
            lambda t: t.assign(age=t["age"].where(t.index != 7)),
            r"table of bank: empty, infinite or non-numeric cells in column 'age': row 8",
        ),
        (lambda t: t.assign(customer=range(1000, 1280)), "no identifier is known to shop, bank"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_rows_before_anything_runs(
    change, message, files
):
    change(pd.read_csv("bank.csv", dtype={"customer": str})).to_csv("bank.csv", index=False)

    with pytest.raises(DataError, match=message):
        fedmerit.run(own(), files / "b")

    assert not (files / "b").exists()


def test_a_column_that_is_not_there_is_refused_with_the_nearest(files):
    with pytest.raises(DataError, match="bank has no column 'agee'") as caught:
        fedmerit.run(own(columns=["agee"]), files / "b")

    assert caught.value.hint == "Did you mean 'age'?"


def test_files_are_looked_for_beside_the_scenario_that_names_them(files):
    (files / "deep").mkdir()
    shutil.move("shop.csv", "deep/shop.csv")
    shutil.move("bank.csv", "deep/bank.csv")
    (files / "deep" / "mine.toml").write_text(own().to_toml())

    assert [o.source for o in load("deep/mine.toml").vertical.owners] == [
        "deep/shop.csv",
        "deep/bank.csv",
    ]


@pytest.mark.parametrize("columns", [["customer", "age"], ["age", "age"]])
def test_a_column_named_twice_is_refused(files, columns):
    with pytest.raises(DataError, match=r"bank names the column '.*' twice"):
        fedmerit.run(own(columns=columns), files / "b")


def test_keys_that_lost_their_zeros_are_told_to_their_owner_and_so_is_how_many_would_do(files):
    shop = pd.read_csv("shop.csv")
    shop.assign(no=[f"{n:04d}" for n in shop["no"]]).to_csv("shop.csv", index=False)
    bank = pd.read_csv("bank.csv", dtype={"customer": str})
    bank["customer"] = [f"{int(n):04d}" if int(n) < 150 else n.strip() for n in bank["customer"]]
    bank.to_csv("bank.csv", index=False)

    with pytest.raises(ScenarioError) as caught:
        fedmerit.run(own(), files / "b")

    message = str(caught.value)
    assert "110 validation rows are too few" in message
    assert "At validation_share = 0.85, 235 common people would do, and there are 130" in message
    assert "bank: 130 of its 280 keys are known to all" in message
    assert "'999'" in message
    assert not (files / "b").exists()


def test_every_owners_problems_are_in_one_message(files):
    bank, shop = pd.read_csv("bank.csv"), pd.read_csv("shop.csv")
    bank.assign(age=bank["age"].where(bank.index != 7)).to_csv("bank.csv", index=False)
    shop.assign(spent=shop["spent"].where(shop.index != 4)).to_csv("shop.csv", index=False)

    with pytest.raises(DataError) as caught:
        fedmerit.run(own(), files / "b")

    assert "table of shop" in str(caught.value)
    assert "table of bank" in str(caught.value)


@pytest.mark.slow
def test_a_left_join_trains_on_all_of_the_label_holders_people(files):
    write_tables(3000)
    bank = pd.read_csv("bank.csv")
    bank[300:].to_csv("bank.csv", index=False)  # the bank knows 2,680, all of whom the shop knows
    asked = noised()
    left = asked.model_copy(update={"vertical": asked.vertical.model_copy(update={"join": "left"})})

    found = fedmerit.run(left, files / "b")

    said = found.document(joint.VERTICAL, joint.VerticalDocument)
    assert said.common == 2950  # all of the shop's rows
    assert said.owners[1].inputs == ("age", "known to bank")
    [note] = [note for note in notes_of(found) if "are known to it" in note]
    assert note.startswith("bank: 2,680 of 2,950 people of shop are known to it")
    assert key_figures(found)["Aligned"] == "2,950 people are shop's, known to others or not"
    assert "All <strong>2,950 people</strong> of" in found.text("report.html")
    assert min(found.document(OUTCOME, OutcomeDocument).payments) > 0
    assert fedmerit.audit(found, retrain=True).passed
    assert fedmerit.audit(found).passed

    with pytest.raises(BundleError):  # which says nothing of whom it knows
        read_model(models_folder(found) / "bank.safetensors")

    # Of people whom the bank does not know, its columns are all alike.
    task = task_of(assemble(left), left)
    strangers = task.parties[1].training[:, -1] == 0
    assert strangers.sum() > 100
    assert not task.parties[1].training[strangers].any()


def test_an_owner_that_knows_nobody_of_a_left_join_is_refused_before_anything_runs(files):
    bank = pd.read_csv("bank.csv")
    bank.assign(customer=bank["customer"] + 5000).to_csv("bank.csv", index=False)
    asked = own()
    left = asked.model_copy(update={"vertical": asked.vertical.model_copy(update={"join": "left"})})

    with pytest.raises(DataError, match="bank knows none of the people"):
        fedmerit.run(left, files / "b")

    assert not (files / "b").exists()
