"""Owners of columns go through the same pipeline: aligned, trained, valued, paid and audited."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from threading import Event
from unittest.mock import Mock

import numpy as np
import pytest
from forging import forge, reseal
from sklearn.linear_model import LogisticRegression

import fedmerit
from fedmerit import pipeline
from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.directory import COALITIONS, Bundle
from fedmerit.bundle.schemas import (
    ACCEPTED,
    FEDERATION,
    LEDGER,
    OUTCOME,
    TRAINING,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.chain import Ledger
from fedmerit.coalitions import every_coalition
from fedmerit.commands.summary import key_figures, member_rows
from fedmerit.errors import BundleError, FedmeritError, PartyLost, ScenarioError, TrainingError
from fedmerit.federation.vertical import partygame
from fedmerit.federation.vertical.checkpoints import FolderCheckpoints
from fedmerit.federation.vertical.exposures import check_exposures
from fedmerit.federation.vertical.partygame import PartyGame
from fedmerit.federation.vertical.regression.regression import plain_regression
from fedmerit.federation.vertical.tables import area_under_curve
from fedmerit.federation.vertical.yardstick import joined_scores
from fedmerit.federation.wire import channel
from fedmerit.kinds.vertical import processes, valuing
from fedmerit.kinds.vertical.auditing import check_numbers
from fedmerit.kinds.vertical.models import models_folder, read_models
from fedmerit.kinds.vertical.rehearsal import rehearse
from fedmerit.kinds.vertical.split import learner
from fedmerit.kinds.vertical.tables import read_table
from fedmerit.kinds.vertical.valuing import retrained_gains
from fedmerit.kinds.vertical.wiring import assemble, task_of
from fedmerit.scenario.reading import load, parse
from fedmerit.stages.noise import check_noise
from fedmerit.stages.report import report
from fedmerit.stages.reward import reward
from fedmerit.stages.train import train
from fedmerit.stages.value import value
from fedmerit.streams import repeat_seed
from fedmerit.units import MICRO

PLATFORM = {
    "name": "platform",
    "columns": ["contact", "campaign", "poutcome"],
    "label": "y",
    "positive": "yes",
    "coverage": 0.95,
}
BANK = {"name": "bank", "columns": ["age", "balance", "housing"], "coverage": 0.9}
BROKER = {"name": "broker", "noise": 2}


def small(owners=(BROKER, PLATFORM, BANK), **changes):
    """Give a scenario that trains in a moment: its keys are far too short to hide anything."""
    asked = {
        "epochs": 1,
        "batch_size": 4096,
        "key_bits": 512,
        "column_bits": 3,  # as few as leave a label's tenth of a bit untold without noise
        "reveal_scores": True,
        "owners": list(owners),
    }
    section = {**asked, **changes.pop("vertical", {})}
    scenario = {
        "name": "small",
        "data": {"source": "bank-marketing", "missing": "impute", "validation_share": 0.45},
        "reward": {"mechanism": "confident", "budget": 1000},
        "vertical": section,
    }
    return parse({**scenario, **changes}, origin="test")


def split(**changes):
    asked = {"protocol": "split", "reveal_scores": False, "epochs": 2, "width": 2}
    asked["column_bits"] = 20
    model = {"kind": "mlp", "hidden": [3]}
    return small(vertical={**asked, **changes}, model=model)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return fedmerit.run(small(), tmp_path_factory.mktemp("vertical") / "b")


@pytest.fixture(scope="module")
def noised(tmp_path_factory):
    asked = split(
        label_privacy={"clip": 0.3, "noise_multiplier": 16.0},
        feature_privacy={"clip": 1.0, "noise_multiplier": 6.0},
        embeddings="encrypted",
    )
    folder = tmp_path_factory.mktemp("vertical") / "noised"
    return fedmerit.run(asked, folder, accept_unmeasured_noise=True)


@pytest.fixture
def copy(bundle, tmp_path):
    shutil.copytree(bundle.path, tmp_path / "copy")
    return Bundle(tmp_path / "copy")


def models(bundle):
    """Give every owner's own weights, which lie beside the bundle, by file."""
    return {path.name: path.read_bytes() for path in models_folder(bundle).iterdir()}


def differing(bundle, *, retrain=False):
    return {check.name for check in fedmerit.audit(bundle, retrain=retrain).differences}


def test_a_run_is_valued_paid_settled_and_holds_when_all_is_done_again(bundle):
    verdict = fedmerit.audit(bundle, retrain=True)

    assert verdict.passed
    made = {check.name for check in verdict.checks if check.status == "ok"}
    assert {
        "messages",
        "privacy",
        "other games",
        "retrained metrics",
        "retrained coalitions",
    } <= made
    outcome = bundle.document(OUTCOME, OutcomeDocument)
    assert sum(outcome.payments) + outcome.reserve == 1000


def test_the_label_holder_comes_first_and_all_its_rows_measure(bundle):
    said = bundle.document(joint.VERTICAL, joint.VerticalDocument)
    valuation = bundle.document(VALUATION, ValuationDocument)

    assert said.label_holder == valuation.participants[0] == "platform"
    assert [owner.table_rows for owner in said.owners] == [4295, 4521, 4069]
    assert 0 < said.common < 4069
    assert all(not any(row[1:]) for row in valuation.by_owner)


def test_noise_is_worth_no_more_than_its_interval_and_is_paid_nothing(bundle):
    valuation = bundle.document(VALUATION, ValuationDocument)
    place = valuation.participants.index("broker")

    assert valuation.values[place] <= valuation.half_widths[place]
    assert bundle.document(OUTCOME, OutcomeDocument).payments[place] == 0


def paid(bundle):
    """Give what was decided, without its intervals, which are drawn by the run's seed."""
    return {**json.loads(bundle.text(OUTCOME)), "intervals": None}


def test_a_run_that_died_goes_on_and_gives_the_same_numbers_under_other_keys(
    bundle, tmp_path, monkeypatch
):
    def die(*_, **__):
        raise RuntimeError("the power went out")

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "value", die)
        with pytest.raises(RuntimeError):
            fedmerit.run(small(), tmp_path / "died")

    resumed = fedmerit.resume(tmp_path / "died")

    assert fedmerit.audit(resumed).passed
    for name in ("opinions.json", "commitment.json", joint.RETRAINED):
        assert resumed.read(name) == bundle.read(name), name
    assert paid(resumed) == paid(bundle)
    assert models(resumed) == models(bundle)
    # The seed is drawn over what was said; exact values draw nothing from it.
    said, before = (each.document(VALUATION, ValuationDocument) for each in (resumed, bundle))
    assert said.seed != before.seed
    assert said.model_copy(update={"seed": before.seed}) == before
    assert resumed.read(joint.MESSAGES) != bundle.read(joint.MESSAGES)


@pytest.mark.slow
def test_a_run_whose_partys_process_was_killed_goes_on_and_pays_as_in_one_process(
    bundle, tmp_path, monkeypatch
):
    def kill(processes):
        processes["bank"].kill()

    asked = small(vertical={"processes": True})
    with monkeypatch.context() as deadly:
        deadly.setattr(processes, "run_folders", partial(processes.run_folders, on_start=kill))
        with pytest.raises(PartyLost, match="'bank' is lost: its process was ended by signal 9"):
            fedmerit.run(asked, tmp_path / "b")
    assert not any(name.startswith("settlement/") for name in Bundle(tmp_path / "b").names())

    resumed = fedmerit.resume(tmp_path / "b")

    for name in (joint.RETRAINED, joint.EMBEDDED, "commitment.json"):
        assert resumed.read(name) == bundle.read(name), name
    assert paid(resumed) == paid(bundle)
    assert models(resumed) == models(bundle)
    checks = {check.name: check.status for check in fedmerit.audit(resumed).checks}
    assert checks["every member was paid its amount, once"] == checks["messages"] == "ok"
    assert not (resumed.path / processes.PARTIES).exists()  # its columns and keys are not published


def figures(bundle):
    """Give what a training came to."""
    said = bundle.document(TRAINING, TrainingDocument)
    return [(r.log_likelihood_micro, r.accuracy_ppm) for r in said.rounds]


def noisy(**changes):
    return split(
        label_privacy={"clip": 0.3, "noise_multiplier": 18.0},
        feature_privacy={"clip": 1.0, "noise_multiplier": 8.0},
        epochs=3,
        **changes,
    )


@pytest.mark.slow
@pytest.mark.parametrize("apart", [False, True])
def test_networks_whose_training_broke_off_go_on_and_come_to_the_same_numbers(
    apart, tmp_path, monkeypatch
):
    def stop(*_, **__):
        raise PartyLost("bank", why="the power went out")

    def taking(end, source):
        found = take(end, source)
        if end.name == "bank" and FolderCheckpoints(whose("b")).last() == 2:
            stop()
        return found

    def kill(processes):
        while FolderCheckpoints(whose("b")).last() < 1 and processes["bank"].poll() is None:
            Event().wait(0.01)
        processes["bank"].kill()

    def whose(run, name="bank"):
        return tmp_path / run / processes.PARTIES / name / "saves"

    monkeypatch.setattr(pipeline, "value", stop)
    with pytest.raises(PartyLost):
        fedmerit.run(noisy(), tmp_path / "a", accept_unmeasured_noise=True)  # trained to its end
    with monkeypatch.context() as broken:  # the other one has the same keys
        broken.setattr(learner, "train_processes" if apart else "train_split", stop)
        with pytest.raises(PartyLost):
            fedmerit.run(noisy(processes=apart), tmp_path / "b", accept_unmeasured_noise=True)
    for name in ("bank", "platform", "broker"):
        whose("b", name).mkdir(parents=True)
        shutil.copy(whose("a", name) / "secret.key", whose("b", name))
    take = channel._Local._take
    with monkeypatch.context() as broken:
        broken.setattr(channel._Local, "_take", taking)
        broken.setattr(processes, "run_folders", partial(processes.run_folders, on_start=kill))
        with pytest.raises(PartyLost, match="'bank' is lost"):
            fedmerit.resume(tmp_path / "b")
    assert Bundle(tmp_path / "b").progress.done == ()
    with pytest.raises(PartyLost, match="the power went out"):
        fedmerit.resume(tmp_path / "b")

    whole, resumed = (Bundle(tmp_path / name) for name in ("a", "b"))
    assert figures(resumed) == figures(whole)
    assert models(resumed) == models(whole)
    assert resumed.tensors(joint.EMBEDDED).keys() == whole.tensors(joint.EMBEDDED).keys()
    for name, array in whole.tensors(joint.EMBEDDED).items():
        assert np.array_equal(resumed.tensors(joint.EMBEDDED)[name], array)


@pytest.mark.slow
def test_coalitions_that_are_trained_again_after_a_break_have_the_same_noise(
    noised, tmp_path, monkeypatch
):
    copy = Bundle(tmp_path / "copy")
    shutil.copytree(noised.path, copy.path)
    shutil.copytree(models_folder(noised), models_folder(copy))
    before = copy.read(joint.RETRAINED)
    seen = []

    def die(*_, **__):
        seen.append(copy.read(joint.RETRAINED))
        raise RuntimeError("the power went out")

    monkeypatch.setattr(valuing, "attributed", die)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            valuing.value(copy, lambda *_: None)

    assert seen[0] == seen[1] != before
    assert not {processes.PARTIES, processes.COALITION_NOISE} & {
        path.name for path in noised.path.iterdir()
    }


def test_the_chain_holds_the_root_over_all_messages(bundle):
    [training] = bundle.document(TRAINING, TrainingDocument).rounds
    said = bundle.document(joint.VERTICAL, joint.VerticalDocument)
    ledger = Ledger.from_json(bundle.text(LEDGER))

    [committed] = [event for event in ledger.events if event.name == "UpdatesCommitted"]
    assert str(committed.arguments["updatesRoot"]) == training.update_root
    assert len(set(training.update_digests)) == 3  # one for each owner's own record
    assert [each.name for each in said.protocols] == ["alignment", "training", "parts"]


def test_a_message_that_is_altered_is_found_against_the_chain(copy):
    def shorten(document):
        document["protocols"]["training"][3]["size"] -= 1

    forge(copy, joint.MESSAGES, shorten)

    assert {"messages", "evidence on chain"} <= differing(copy)


@pytest.mark.parametrize(
    ("name", "key", "check"),
    [
        (joint.VERTICAL, "common", "owners"),
        (joint.VERTICAL, "key_bits", "owners"),
        (joint.VERTICAL, "label_epsilon_micro", "privacy"),
        (VALUATION, "worth", "values"),
    ],
)
def test_a_number_that_is_altered_is_found(name, key, check, copy):
    forge(copy, name, lambda document: document.update({key: (document[key] or 0) + 7}))

    assert check in differing(copy)


def test_another_games_value_that_is_altered_is_found(copy):
    def raise_one(document):
        document["games"][3]["values"][2] += 1000

    forge(copy, joint.OPINIONS, raise_one)

    assert "other games" in differing(copy)


def test_an_area_an_attribution_or_a_spread_that_is_altered_is_found_by_training_again(copy):
    forge(copy, joint.VERTICAL, lambda document: document.update(area_ppm=990_000))
    stored = dict(copy.tensors(joint.RETRAINED))
    stored["values_nano"] = stored["values_nano"] // 4  # intervals half as wide
    copy.write_tensors(joint.RETRAINED, stored)
    forge(copy, joint.OPINIONS, lambda document: document.update(by_owner_nano=[0, 0, 7]))

    found = differing(copy, retrain=True)

    assert {"retrained metrics", "recomputed attributions", "retrained coalitions"} <= found
    assert "values" in found


def arrays_of(bundle):
    """Give every array of a bundle, by its file and its name."""
    files = [name for name in bundle.names() if name.endswith(".safetensors")]
    return {(file, name): a for file in files for name, a in bundle.tensors(file).items()}


def lengths(value):
    """Give the length of every list in a JSON document."""
    if isinstance(value, list):
        yield len(value)
    inside = value.values() if isinstance(value, dict) else value
    for each in inside if isinstance(value, dict | list) else ():
        yield from lengths(each)


def test_no_file_of_the_bundle_has_anything_of_a_single_row(bundle):
    [label_holder, *_] = bundle.document(FEDERATION, FederationDocument).members
    people = bundle.document(joint.VERTICAL, joint.VerticalDocument).common
    counts = {label_holder.rows, label_holder.validation_rows, people, 200}  # which shap explains

    arrays = arrays_of(bundle)
    assert {file for file, _ in arrays} == {COALITIONS, joint.RETRAINED, joint.EMBEDDED}
    assert not counts & {axis for a in arrays.values() for axis in a.shape}
    # Of both games, sums by coalition and owner.
    sizes = {file: sum(a.size for (f, _), a in arrays.items() if f == file) for file, _ in arrays}
    assert sizes[COALITIONS] == 8 * 3 + 8 + 1
    assert sizes[joint.RETRAINED] == sizes[joint.EMBEDDED] == 8 + 3 + 3 + 9 + 9
    documents = [n for n in bundle.names() if n.endswith(".json")]
    assert not counts & {n for name in documents for n in lengths(json.loads(bundle.read(name)))}


def test_weights_are_their_owners_alone_beside_the_bundle(bundle):
    said = bundle.document(joint.VERTICAL, joint.VerticalDocument)
    found = read_models(bundle, tuple(owner.name for owner in said.owners))

    sizes = {owner.name: len(owner.inputs) for owner in said.owners}
    sizes["platform"] += 1  # the intercept
    assert {name: own["weights"].size for name, own in found.items()} == sizes
    kept = b"".join(bundle.read(name) for name in bundle.names())
    assert not any(w.tobytes() in kept for own in found.values() for w in own["weights"])


def test_the_bank_reads_labels_off_gains_by_row_and_off_the_bundle_no_more_than_by_guessing(bundle):
    scenario = bundle.scenario
    federation = assemble(scenario)
    task = task_of(federation, scenario)
    bank = np.array([[False, True, False]])  # platform, bank, broker
    labels = task.held_out_labels.astype(bool)
    zeros = replace(task, held_out_labels=np.zeros(len(labels)))
    ones = replace(task, held_out_labels=np.ones(len(labels)))

    def gains(of):
        return PartyGame(of, federation.settings, seed=scenario.seed).worth_by_row(bank)[0]

    by_row, if_zero, if_one = gains(task), gains(zeros), gains(ones)

    # What the bundle had: the bank knows its own columns, and its model's score of each row.
    assert np.array_equal(np.abs(by_row - if_one) < np.abs(by_row - if_zero), labels)
    # What it has: one sum over all rows, so one equation beside the rate of labels.
    mean = bundle.tensors(joint.RETRAINED)["worths_micro"][2] / MICRO
    assert mean == pytest.approx(by_row.mean(), abs=1e-6)
    slopes, rate = if_one - if_zero, task.labels.mean()
    side = len(labels) * mean - (if_zero + rate * slopes).sum()
    likely = rate + slopes * side / (slopes @ slopes)
    found = area_under_curve(task.held_out_labels, likely)
    by_its_own_scores = area_under_curve(task.held_out_labels, slopes)
    assert found <= max(by_its_own_scores, 1 - by_its_own_scores) + 0.01


def test_spot_checks_measure_coalitions_of_parties_again(bundle, copy):
    assert fedmerit.audit(bundle, spot_checks=8).passed
    for name, array in ((joint.RETRAINED, "worths_micro"), (COALITIONS, "gains_micro")):
        stored = dict(copy.tensors(name))
        stored[array] = stored[array] + 20_000
        stored[array][0] = 0
        copy.write_tensors(name, stored)
    reseal(copy)

    verdict = fedmerit.audit(copy, spot_checks=8)

    assert "spot checks" in {check.name for check in verdict.differences}


@pytest.mark.parametrize(
    ("array", "place", "said"),
    [
        ("worths_micro", 0, "nobody gains"),
        ("pairs_nano", (0, 1), "not symmetric"),
        ("given_nano", 1, "a variance is"),
    ],
)
def test_sums_that_no_game_has_are_found_without_training_again(array, place, said, copy):
    stored = {name: kept.copy() for name, kept in copy.tensors(joint.RETRAINED).items()}
    stored[array][place] = -7
    copy.write_tensors(joint.RETRAINED, stored)
    forge(copy, VALUATION, lambda _: None)

    [numbers] = [check for check in fedmerit.audit(copy).differences if check.name == "numbers"]

    assert said in numbers.detail


def test_too_few_validation_rows_are_refused_before_a_bundle_is_begun(tmp_path):
    few = {"source": "bank-marketing", "missing": "impute", "validation_share": 0.1}

    with pytest.raises(ScenarioError, match="validation rows are too few for what a bundle tells"):
        fedmerit.run(small(data=few), tmp_path / "b")

    assert not (tmp_path / "b").exists()


def test_mandatory_labels_take_from_the_others_and_add_up_alike(bundle):
    said = bundle.document(joint.OPINIONS, joint.OpinionsDocument)
    given, mandatory = said.games[:2]

    assert [(each.game, each.label_holder) for each in said.games] == [
        ("retraining", "given"),
        ("retraining", "mandatory"),
        ("embeddings", "given"),
        ("embeddings", "mandatory"),
    ]
    assert given.worth == mandatory.worth
    assert mandatory.values != given.values
    assert given.values == bundle.document(VALUATION, ValuationDocument).values


def test_parties_can_be_paid_by_embeddings_with_the_label_holder_mandatory(copy):
    asked = {"game": "embeddings", "label_policy": "mandatory"}
    copy.write("scenario.toml", small(valuation=asked).to_toml().encode())
    train(copy, lambda *_: None)  # which keeps how the paid game's values spread
    value(copy, lambda *_: None)
    reward(copy)

    checks = list(check_numbers(copy))

    said = copy.document(joint.OPINIONS, joint.OpinionsDocument)
    assert copy.document(VALUATION, ValuationDocument).values == said.games[3].values
    assert all(check.status == "ok" for check in checks)
    report(copy)
    assert "had seen of the members" in copy.text("report.html")


def test_the_report_shows_columns_messages_and_shaps_pictures_and_calls_short_keys_out(bundle):
    page = bundle.text("report.html")

    assert page.count('<img class="picture" src="data:image/png;base64,') == 2
    assert "hides nothing" in page
    assert "Who holds which columns" in page
    assert "contact, campaign, poutcome; and the label" in page
    [training] = bundle.document(TRAINING, TrainingDocument).rounds
    assert training.update_root in page


def test_the_summary_says_area_bytes_and_every_games_values(bundle):
    figures, page = key_figures(bundle), bundle.text("report.html")

    said = bundle.document(joint.VERTICAL, joint.VerticalDocument)
    task = task_of(assemble(bundle.scenario), bundle.scenario)
    training, held_out = (
        np.column_stack([getattr(columns, part) for columns in task.parties])
        for part in ("training", "held_out")
    )
    fitted = LogisticRegression(C=1e6 / len(training), max_iter=2000).fit(training, task.labels)
    area = area_under_curve(task.held_out_labels, fitted.decision_function(held_out))
    assert said.logistic_area_ppm == pytest.approx(1e6 * area, abs=2)
    assert said.logistic_area_ppm != said.joined_area_ppm
    assert "the joined table's Taylor fit" in figures["AUC"]
    assert f"ordinary logistic regression on the joined table {area:.4f}" in figures["AUC"]
    assert f"ordinary logistic regression, whose area is <strong>{area:.4f}</strong>" in page
    assert "512 bits hide nothing" in figures["Rehearsal"]
    assert "By embeddings, labels mandatory" in figures
    assert member_rows(bundle)[0]["Columns"] == "3"


@pytest.mark.slow
def test_noise_is_stated_with_its_epsilon_and_cannot_be_drawn_again(noised):
    said = noised.document(joint.VERTICAL, joint.VerticalDocument)

    assert 0 < said.label_epsilon_micro < 10**7
    assert 0 < said.feature_epsilon_micro < 10**7
    assert not (noised.path / joint.EMBEDDED).is_file()  # all that was seen were sums
    assert "epsilon" in noised.text("report.html")
    verdict = fedmerit.audit(noised, retrain=True)
    assert verdict.passed
    skipped = next(check for check in verdict.checks if check.name == "retraining")
    assert skipped.status == "skipped"
    assert "cannot be drawn again" in skipped.detail


NOISED = {"label_privacy": {"clip": 0.3, "noise_multiplier": 16.5}}


@pytest.mark.parametrize(
    "noised",
    [
        split(**NOISED),
        split(feature_privacy={"clip": 1.0, "noise_multiplier": 6.0}),
        small(vertical={"gradient_privacy": {"clip": 1.0, "noise_multiplier": 2.0}}),
    ],
)
def test_nobody_pays_by_intervals_without_the_noise_unless_that_is_accepted(noised, tmp_path):
    with pytest.raises(ScenarioError, match="no interval holds what other noise") as refused:
        fedmerit.run(noised, tmp_path / "b")

    assert "--accept-unmeasured-noise" in refused.value.hint
    assert not (tmp_path / "b").exists()
    check_noise(noised, accepted=True)
    repeated = noised.valuation.model_copy(update={"repeats": 3})
    check_noise(noised.model_copy(update={"valuation": repeated}), accepted=False)


def test_what_goes_on_needs_the_same_acceptance_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "check", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "train", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt) as stopped:
        fedmerit.run(split(**NOISED), tmp_path / "b", accept_unmeasured_noise=True)
    with pytest.raises(KeyboardInterrupt):
        fedmerit.resume(tmp_path / "b")
    (tmp_path / "b" / ACCEPTED).unlink()
    with pytest.raises(ScenarioError, match="no interval holds"):
        fedmerit.resume(tmp_path / "b")

    assert stopped.value.__notes__ == [
        f"fedmerit run --resume {tmp_path / 'b'} --accept-unmeasured-noise"
    ]


@pytest.mark.slow
def test_an_accepted_run_says_so_wherever_it_is_read(noised, tmp_path):
    def found(bundle):
        checks = fedmerit.audit(bundle).checks
        return next(check for check in checks if check.name == "noise in the intervals")

    assert found(noised).status == "skipped"
    assert "--accept-unmeasured-noise" in found(noised).detail
    assert "and protective noise" in key_figures(noised)["Intervals"]
    assert "and protective noise</strong>" in noised.text("report.html")
    hidden = Bundle(shutil.copytree(noised.path, tmp_path / "hidden"))
    (hidden.path / ACCEPTED).unlink()
    reseal(hidden)
    assert found(hidden).status == "differs"


def test_noise_is_new_in_every_coalition_of_every_repeat_and_initial_networks_are_not(monkeypatch):
    """Of two trainings under one noise, the difference of two messages would be without any."""
    seen = []

    def trained(task, _settings, *, seed, secret=None):
        seen.append((seed, secret))
        return Mock(scores=np.zeros(len(task.held_out_labels)))

    monkeypatch.setattr(partygame, "train_split", trained)
    asked = split(**NOISED)
    repeated = asked.valuation.model_copy(update={"repeats": 3})
    scenario = asked.model_copy(update={"valuation": repeated})
    federation = assemble(scenario)
    retrained_gains(federation, task_of(federation, scenario), scenario)

    assert {secret for _, secret in seen} == {None}  # the operating system's, each time
    assert {seed for seed, _ in seen} == {repeat_seed(0, number) for number in range(3)}


@pytest.mark.slow
def test_owners_of_columns_are_valued_by_every_repeat_and_all_of_it_is_found_again(tmp_path):
    asked = small(valuation={"repeats": 3}, vertical={"reveal_scores": False})
    bundle = fedmerit.run(asked, tmp_path / "b")
    kept = read_table(bundle, joint.RETRAINED, 3)
    said = bundle.document(VALUATION, ValuationDocument)

    assert kept.by_repeat_micro.shape == (3, 8)
    assert said.repeats == 3
    assert fedmerit.audit(bundle, retrain=True, spot_checks=3).passed
    arrays = bundle.tensors(joint.RETRAINED)
    arrays["repeats_micro"][1, 3] += 50
    arrays["repeats_micro"][2, 3] -= 50  # the mean stays
    bundle.write_tensors(joint.RETRAINED, arrays)
    reseal(bundle)
    assert "values" in differing(bundle)


def test_a_table_whose_means_are_not_those_of_its_repeats_is_of_no_game(copy):
    arrays = copy.tensors(joint.RETRAINED)
    worths = arrays["worths_micro"]
    arrays["repeats_micro"] = np.stack([worths, worths, worths])
    copy.write_tensors(joint.RETRAINED, arrays)
    assert len(read_table(copy, joint.RETRAINED, 3).by_repeat_micro) == 3
    arrays["repeats_micro"][2, 5] += 30
    copy.write_tensors(joint.RETRAINED, arrays)

    with pytest.raises(BundleError, match="not those of its repeats"):
        read_table(copy, joint.RETRAINED, 3)


def test_owners_of_columns_leave_auto_nothing_to_split(tmp_path):
    asked = small(valuation={"repeats": 3, "max_coalitions": 7})

    with pytest.raises(ScenarioError, match="train all 8 coalitions"):
        fedmerit.run(asked, tmp_path / "b")


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        (
            {},
            "broker and bank would be told .* bits in the labels, by gradients, and .* 100%",
            "label_privacy.noise_multiplier of",
        ),
        ({"embeddings": "encrypted"}, "the labels", "label_privacy.noise_multiplier of"),
        (
            {"label_privacy": {"clip": 0.3, "noise_multiplier": 16.5}},
            "platform would be told .* bits in the features of broker, by embeddings",
            "feature_privacy.noise_multiplier of",
        ),
    ],
)
def test_networks_whose_messages_tell_too_much_are_refused_before_a_bundle_is_begun(
    changes, message, hint, tmp_path
):
    with pytest.raises(TrainingError, match=message) as refused:
        fedmerit.run(split(**changes), tmp_path / "b", accept_unmeasured_noise=True)

    assert hint in refused.value.hint
    assert not (tmp_path / "b").exists()


FEW_BITS = {**BANK, "columns": ["age", "housing"]}


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"batch_size": 128}, "bits in the labels, by gradients", "batch_size = 2127"),
        ({"column_bits": 20}, "bits in the labels, by gradients", "column_bits = 3"),
        ({"column_bits": 20}, "bits in the labels, by gradients", "gradient_privacy.noise_mult"),
        (
            {"owners": [PLATFORM, FEW_BITS], "column_bits": 0},
            "features of bank, by parts of scores",
            "Leave reveal_scores out",
        ),
    ],
)
def test_regressions_whose_messages_tell_too_much_are_refused_before_a_bundle_is_begun(
    changes, message, hint, tmp_path
):
    with pytest.raises(TrainingError, match=message) as raised:
        fedmerit.run(small(vertical=changes), tmp_path / "b")

    assert hint in raised.value.hint
    assert not (tmp_path / "b").exists()


def test_settings_that_a_refusal_names_would_do():
    with pytest.raises(TrainingError) as raised:
        rehearse(assemble(small(vertical={"column_bits": 20})), small(vertical={"column_bits": 20}))
    [noise, clip] = re.search(r"of ([\d.]+) clipping norms of ([\d.]+)", raised.value.hint).groups()
    named = {"clip": float(clip), "noise_multiplier": float(noise)}

    asked = small(vertical={"column_bits": 20, "gradient_privacy": named})

    rehearse(assemble(asked), asked)


def test_bits_are_counted_beside_epsilon_in_the_report_and_in_the_summary(bundle):
    said = bundle.document(joint.VERTICAL, joint.VerticalDocument)

    counted = {(seen.party, seen.secret, seen.by): seen for seen in said.exposures}
    assert set(counted) == {
        ("broker and bank", "labels", "gradients"),
        ("broker and bank", "features of platform", "gradients"),
        ("platform and bank", "features of broker", "gradients"),
        ("platform and broker", "features of bank", "gradients"),
        ("platform", "features of the others", "predictions"),
        ("platform", "features of broker", "parts of scores"),
        ("platform", "features of bank", "parts of scores"),
        ("broker and bank", "labels", "residuals"),
        ("broker and platform", "features of bank", "its parts of all scores"),
        ("platform and broker", "features of bank", "its parts of predictions"),
        ("platform and bank", "features of broker", "its parts of predictions"),
    }
    alone = [s for s in said.exposures if not s.agreed and not s.colluding]
    assert all(0 < 10 * s.bits <= s.of for s in alone)
    labels = counted["broker and bank", "labels", "gradients"]
    assert (
        f"broker and bank: {labels.bits:,} of {labels.of:,} in labels"
        in (key_figures(bundle)["Bits told"])
    )
    assert "broker and bank open labels, by residuals" in key_figures(bundle)["Colluding"]
    page = bundle.text("report.html")
    assert "What messages tell, in bits at most" in page
    assert "withstands no such pair" in page


#: What the how-to and the two shipped scenarios say: of the labels' bits, told of all.
@pytest.mark.parametrize(
    ("name", "told"), [("bank-and-campaign", (114, 1200)), ("risk-control", (64, 5032))]
)
def test_every_shipped_vertical_scenario_is_allowed_and_tells_what_the_how_to_says(name, told):
    scenario = load(name)
    task = task_of(assemble(scenario), scenario)
    settings = assemble(scenario).learner.settings

    seen = check_exposures(
        task,
        settings,
        show_parts=scenario.vertical.reveal_scores,
        repeats=scenario.valuation.repeats,
    )

    assert (seen[0].secret, seen[0].bits, seen[0].of) == ("labels", *told)
    assert f"{told[0]} of {told[1]:,} bits" in Path("docs/how-to/federate-columns.md").read_text()


def test_a_count_of_bits_that_is_altered_is_found_by_training_again(copy):
    forge(copy, joint.VERTICAL, lambda document: document["exposures"][0].update(bits=1))

    assert "retrained metrics" in differing(copy, retrain=True)


@pytest.mark.parametrize(
    ("name", "seed", "given_up", "least"),
    [
        ("bank-and-campaign", 0, 0.02, 0.67),
        ("bank-and-campaign", 5, 0.02, 0.67),
        ("risk-control", 0, 0.02, 0.87),
    ],
)
def test_what_a_shipped_scenarios_noise_costs_is_a_hundredth_of_the_area_or_two(
    name, seed, given_up, least
):
    scenario = load(name).model_copy(update={"seed": seed})
    federation = assemble(scenario)
    task = task_of(federation, scenario)

    # Encryption changes no weight by more than rounding: the twin's scores are the run's. Noise
    # is new in every run, so this is what eight come to.
    found = [plain_regression(task, federation.settings, seed=seed)[1] for _ in range(8)]

    areas = [area_under_curve(task.held_out_labels, scores) for scores in found]
    joined = joined_scores(task, federation.settings, seed=seed)
    assert np.mean(areas) > area_under_curve(task.held_out_labels, joined) - given_up
    assert np.mean(areas) > least


def test_every_owner_of_risk_control_is_worth_more_than_its_interval_under_its_noise():
    scenario = load("risk-control")
    federation = assemble(scenario)
    task = task_of(federation, scenario)
    game = PartyGame(task, federation.settings, seed=0)
    every = every_coalition(3)
    gains = dict(zip(map(tuple, every.tolist()), game.worth_by_row(every), strict=True))

    for owner in range(3):
        added = np.zeros(gains[False, False, False].shape)
        for inside in product((False, True), repeat=2):
            without, with_ = (tuple(np.insert(inside, owner, own).tolist()) for own in (0, 1))
            added += (gains[with_] - gains[without]) / (6 if sum(inside) == 1 else 3)
        assert added.mean() > 3 * added.std() / len(added) ** 0.5


# What a scenario may not say


@pytest.mark.parametrize(
    ("section", "message", "hint"),
    [
        ({"protocal": "split"}, "vertical.protocal", "Did you mean 'protocol'?"),
        ({"protocol": "spilt"}, "'spilt'", "Did you mean 'split'?"),
        ({"owners": [PLATFORM, {**BANK, "colums": []}]}, "owners.1.colums", "'columns'"),
        ({"owners": [PLATFORM, {**BANK, "label": "loan"}]}, "exactly one owner", ""),
        ({"owners": [PLATFORM, {**BANK, "name": "platform"}]}, "two owners are called", ""),
        ({"owners": [PLATFORM, {**BANK, "name": "../bank"}]}, "leave out slashes", ""),
        ({"owners": [PLATFORM, {**BANK, "name": "Platform"}]}, "as another party's", ""),
        ({"owners": [PLATFORM, {**BANK, "name": "third party"}]}, "as another party's", ""),
        ({"owners": [PLATFORM, {**BANK, "key": ["id"]}]}, "'source' and 'key' go together", ""),
        ({"width": 8}, "'width' is for protocol = 'split'", ""),
        ({"protocol": "split"}, "'reveal_scores' is for protocol = 'regression'", ""),
    ],
)
def test_what_a_vertical_section_cannot_say_is_refused(section, message, hint):
    with pytest.raises(ScenarioError) as caught:
        small(vertical=section)

    assert message in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"members": [{"name": "a"}]}, "[[members]] is for owners of rows"),
        ({"training": {"rounds": 3}}, "[training] is for owners of rows"),
        ({"model": {"kind": "mlp"}}, "[model] is for split learning"),
        ({"data": {"source": "bank-marketing", "label": "y"}}, "data.label is for owners of rows"),
        ({"data": {}}, "data.source deals columns out"),
    ],
)
def test_sections_of_owners_of_rows_are_refused(changes, message):
    with pytest.raises(ScenarioError, match=r".") as caught:
        small(**changes)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"valuation": {"game": "rounds"}}, "is not for owners of columns"),
        ({"data": {"source": "bank-marketting", "missing": "impute"}}, "no shipped table"),
        ({"settlement": {"committee": ["shop"]}}, "'shop', who does not take part"),
        ({"vertical": {"batch_size": 4}}, "a gradient over"),
        ({"vertical": {"reveal_scores": False}, "valuation": {"game": "embeddings"}}, "embeddings"),
    ],
)
def test_what_cannot_run_is_refused_before_a_bundle_is_begun(changes, message, tmp_path):
    with pytest.raises(FedmeritError, match=message):
        fedmerit.run(small(**changes), tmp_path / "b")

    assert not (tmp_path / "b").exists()


def test_owners_of_rows_have_no_embeddings():
    asked = {"name": "rows", "data": {"source": "digits"}, "valuation": {"game": "embeddings"}}

    with pytest.raises(ScenarioError, match="is not for owners of rows"):
        fedmerit.run(parse(asked, origin="test"))
