"""A run that somebody else made, as files: valued as our own, audited, and what a forger tries."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from forging import forge, reseal
from safetensors.numpy import load_file, save_file

import fedmerit
from fedmerit.auditing.spots import check_spots
from fedmerit.auditing.verdict import Spots
from fedmerit.bundle.directory import COALITIONS, ROUNDS, Bundle
from fedmerit.bundle.schemas import (
    FEDERATION,
    TRAINING,
    VALUATION,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.bundle.training import read_rounds, round_files
from fedmerit.commands.summary import key_figures, member_rows
from fedmerit.commands.value import value as value_command
from fedmerit.errors import AuditImpossible, BundleError, ScenarioError
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.kinds.parts import scoring_part, simulation_part
from fedmerit.kinds.recorded.document import RECORDED
from fedmerit.kinds.recorded.retraining import check_retraining
from fedmerit.kinds.recorded.valuing import value as value_again
from fedmerit.kinds.recorded.wiring import check
from fedmerit.preview import previewed
from fedmerit.scenario.reading import load, parse

MERIT = """
name = "theirs"
[recorded]
deltas = {deltas}
[settlement]
commit_window = 0
reveal_window = 0
stake = 0
"""
WEIGHTS = {"Ada": 40, "Bo": 40, "Cy": 20}


def write_by_hand(folder, *, rounds=2):
    """Write a run with NumPy, JSON and safetensors alone: nothing of ours is called."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(160, 3))
    labels = (rows @ [1.0, -2.0, 0.5] > 0).astype(int)
    model = {"weight": np.zeros((2, 3), np.float32), "bias": np.zeros(2, np.float32)}
    for number in range(1, rounds + 1):
        place = folder / "rounds" / f"{number:04}"
        (place / "updates").mkdir(parents=True)
        save_file(model, place / "global.safetensors")
        sent = {}
        for member, name in enumerate(WEIGHTS):
            part = slice(30 * member, 30 * member + 30)
            own = 1 - labels[part] if name == "Cy" else labels[part]
            sent[name] = one_step(model, rows[part], own)
            save_file(sent[name], place / "updates" / f"{name}.safetensors")
        (place / "weights.json").write_text(json.dumps(WEIGHTS), "utf-8")
        model = {
            key: sum(WEIGHTS[n] / 100 * sent[n][key] for n in sent).astype(np.float32)
            for key in model
        }
    save_file(model, folder / "final.safetensors")
    lines = ["a,b,c,label"]
    lines += [
        ",".join(map(repr, [*map(float, x), int(y)]))
        for x, y in zip(rows[90:], labels[90:], strict=True)
    ]
    (folder / "validation.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "merit.toml").write_text(MERIT.format(deltas="false"), "utf-8")
    (folder / "model.toml").write_text('kind = "logistic"\n', "utf-8")
    return folder


def one_step(model, rows, labels):
    scores = rows @ model["weight"].T + model["bias"]
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    chances[np.arange(len(labels)), labels] -= 1
    return {
        "weight": (model["weight"] - chances.T @ rows / len(labels)).astype(np.float32),
        "bias": (model["bias"] - chances.mean(axis=0)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_by_hand(tmp_path_factory.mktemp("theirs"))


@pytest.fixture
def bad(directory, tmp_path):
    """Give a copy of the run to spoil."""
    return shutil.copytree(directory, tmp_path / "bad")


@pytest.fixture(scope="module")
def bundle(directory, tmp_path_factory):
    return fedmerit.run(directory, tmp_path_factory.mktemp("recorded") / "b")


@pytest.fixture
def copy(bundle, tmp_path):
    return Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))


def differing(found):
    return {each.name for each in found if each.status == "differs"}


def refusal(directory):
    with previewed(load(directory)):
        pytest.fail("it was valued")


def refused(directory, *said):
    """See that a directory is refused before work, in these words."""
    with pytest.raises(fedmerit.errors.FedmeritError) as told:
        refusal(directory)
    for words in said:
        assert words in str(told.value), str(told.value)
    assert told.value.hint


# Valued, settled, audited


def test_a_directory_written_by_hand_is_valued_paid_and_audited(bundle):
    verdict = fedmerit.audit(bundle, retrain=True, spot_checks=3)

    assert verdict.passed, verdict
    done = {each.name for each in verdict.checks if each.status == "ok"}
    assert {"recorded files", "averaging", "updates of the files", "spot checks"} <= done
    assert bundle.payments["Ada"] > 0
    assert bundle.payments["Cy"] == 0
    outcome = json.loads(bundle.read("outcome.json"))
    assert sum(map(int, outcome["payments"])) + int(outcome["reserve"]) == int(outcome["budget"])


def test_what_the_files_cannot_say_is_said(bundle):
    figures = key_figures(bundle)
    report = bundle.text("report.html")

    assert "not known" in figures["Accuracy"]
    assert "could have chosen" in figures["Reading"]
    assert "Not known" in report
    assert "no member signed" in report
    assert "70 validation rows" in report
    assert bundle.document(TRAINING, TrainingDocument).delta_ppm is None
    assert "Behaviour" not in member_rows(bundle)[0]


def test_a_flipped_byte_of_the_bundle_is_named(copy):
    path = copy.path / round_files(2)[0]
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)

    told = " ".join(check.detail for check in fedmerit.audit(copy).differences)

    assert round_files(2)[0] in told


def test_a_flipped_byte_of_the_files_is_named(bundle, bad, copy):
    path = bad / "rounds/0002/updates/Bo.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    moved(copy, bad)

    [check] = [c for c in check_retraining(copy) if c.name == "updates of the files"]

    assert check.status == "differs"
    assert "round 2" in check.detail
    assert bundle.path != copy.path


def moved(bundle, directory):
    """Let the files of a run lie in *directory*."""
    theirs = bundle.scenario.recorded.directory
    text = bundle.text("scenario.toml").replace(theirs, str(directory))
    bundle.write("scenario.toml", text.encode())
    reseal(bundle)


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        (RECORDED, lambda said: said["weights"][0].update(Ada=80), "recorded files"),
        (RECORDED, lambda said: said["weights"].pop(), "recorded files"),
        (TRAINING, lambda said: said.update(pooled_accuracy_ppm=9), "recorded files"),
        (TRAINING, lambda said: said.update(stop_reason="converged"), "recorded files"),
        (
            FEDERATION,
            lambda said: said["members"][0].update(declared_rows=99),
            "recorded files",
        ),
        (FEDERATION, lambda said: said["members"][0].update(behaviour="honest"), "members"),
    ],
)
def test_what_does_not_go_together_is_found_without_the_files(copy, name, change, found):
    forge(copy, name, change)

    assert found in differing(fedmerit.audit(copy).checks)


def test_updates_changed_in_favour_of_one_are_found_without_the_files(copy):
    name = round_files(1)[0]
    arrays = {key: array.copy() for key, array in copy.tensors(name).items()}
    arrays["updates"][2] *= -1
    copy.write_tensors(name, arrays)
    reseal(copy)

    assert {"updates", "averaging"} <= differing(fedmerit.audit(copy).checks)


def test_gains_that_a_forger_raised_are_found_with_the_files(copy):
    arrays = dict(copy.tensors(COALITIONS))
    raised = 20 * arrays["coalitions"][:, :1].astype(np.int64)
    arrays["gains_micro"] = arrays["gains_micro"] + raised
    copy.write_tensors(COALITIONS, arrays)
    reseal(copy)

    assert "recomputed coalitions" in differing(check_retraining(copy))


def test_metrics_that_a_forger_raised_are_found_with_the_files(copy):
    forge(copy, TRAINING, lambda said: said["rounds"][0].update(accuracy_ppm=999_999))

    assert "recomputed metrics" in differing(check_retraining(copy))


def test_an_audit_without_the_files_says_what_it_lacks(copy, tmp_path):
    moved(copy, tmp_path / "gone")

    assert "updates" not in differing(fedmerit.audit(copy).checks)
    with pytest.raises(AuditImpossible, match="without the run's files"):
        list(check_retraining(copy))


def test_other_validation_rows_are_found_and_nothing_is_measured_on_them(bad, copy):
    text = (bad / "validation.csv").read_text("utf-8")
    (bad / "validation.csv").write_text(text.replace(",1\n", ",0\n", 1), "utf-8")
    moved(copy, bad)

    assert differing(check_retraining(copy)) == {"data and members"}
    told = fedmerit.audit(copy, spot_checks=2)
    assert "data of the spot checks" in differing(told.checks)


def test_files_that_change_while_a_run_goes_on_stop_it(bad, copy):
    (bad / "rounds/0002/updates/Cy.safetensors").unlink()
    weights = {name: rows for name, rows in WEIGHTS.items() if name != "Cy"}
    (bad / "rounds/0002/weights.json").write_text(json.dumps({**weights, "Ada": 41}), "utf-8")
    moved(copy, bad)

    with pytest.raises(fedmerit.errors.DataError, match="is not what it was"):
        value_again(copy, lambda *_: None)


@pytest.mark.parametrize("method", ["fedsv"])
def test_methods_that_value_each_round_are_audited_too(bad, tmp_path, method):
    with (bad / "merit.toml").open("a", encoding="utf-8") as file:
        file.write(f"[valuation]\nmethod = {method!r}\n")

    bundle = fedmerit.run(bad, tmp_path / "b")
    verdict = fedmerit.audit(bundle, retrain=True)

    assert verdict.passed, verdict
    assert "coalitions of rounds" in check_spots(bundle, None, Spots(1000, 5))[0].detail
    cells = bundle.tensors(ROUNDS)
    bundle.write_tensors(ROUNDS, {**cells, "gains_micro": cells["gains_micro"] + np.int32(9000)})
    assert check_spots(bundle, None, Spots(1000, 5))[0].status == "differs"


# As our own


@pytest.mark.parametrize("deltas", [True, False], ids=["deltas", "models"])
def test_a_recording_of_our_own_run_gives_the_values_of_our_own_rounds(tmp_path, deltas):
    ours = parse(
        {
            "name": "ours",
            "data": {
                "source": "digits",
                "validation_share": 0.2,
                "partition": {"recipe": "dirichlet", "participants": 4},
            },
            "training": {"rounds": 3, "local_epochs": 1, "participation": 0.75},
            "valuation": {"game": "rounds"},
        },
        origin="test",
    )
    federation = assemble(ours).federation
    theirs = tmp_path / "theirs"
    with previewed(ours) as run:
        expected = run.document(VALUATION, ValuationDocument)
        for round_ in read_rounds(run):
            accepted = dict(zip(federation.participants, round_.weights > 0, strict=True))
            start = np.zeros_like(round_.global_before) if deltas else round_.global_before
            sent = zip(federation.participants, start + round_.updates, strict=True)
            fedmerit.record(
                theirs,
                round_.number,
                as_layers(round_.global_before),
                ((name, as_layers(model)) for name, model in sent if accepted[name]),
                {m.name: m.declared_rows for m in federation.members if accepted[m.name]},
                after=as_layers(run.tensors("training/model.safetensors")["parameters"]),
            )
    rows = {"features": federation.validation_features, "labels": federation.validation_labels}
    save_file(rows, theirs / "validation.safetensors")
    (theirs / "merit.toml").write_text(MERIT.format(deltas=str(deltas).lower()), "utf-8")
    (theirs / "model.toml").write_text('kind = "logistic"', "utf-8")

    with previewed(load(theirs)) as run:
        found = run.document(VALUATION, ValuationDocument)

    assert found.participants == expected.participants
    assert any(abs(value) > 10**6 for value in expected.values)
    allowed = 0 if deltas else 1000  # billionths
    assert np.abs(np.subtract(found.values, expected.values)).max() <= allowed
    assert np.abs(np.subtract(found.worth, expected.worth)).max() <= allowed


def as_layers(vector):
    weight = vector[: 64 * 10].reshape(10, 64)
    return {"weight": weight, "bias": vector[64 * 10 :]}


# Recording


def test_a_recorded_round_is_read_as_it_was_given_from_tensors_and_in_order(tmp_path):
    layer = torch.nn.Linear(3, 2)
    counter = {"seen": torch.tensor(3)}
    before = {**layer.state_dict(), **counter}
    fedmerit.record(tmp_path, 1, before, {"Ada": before}, {"Ada": 3})
    fedmerit.record(tmp_path, 2, [np.zeros(2)], {"Ada": [np.ones(2)]}, {"Ada": 3})

    first = load_file(tmp_path / "rounds/0001/updates/Ada.safetensors")
    second = load_file(tmp_path / "rounds/0002/updates/Ada.safetensors")
    assert set(first) == {"weight", "bias"}
    assert np.array_equal(first["weight"], layer.weight.detach().numpy())
    assert second["0"].dtype == np.float32
    assert second["0"].tolist() == [1, 1]


def test_updates_are_written_one_by_one(tmp_path):
    names = [f"m{number:04}" for number in range(1000)]
    part = tmp_path / "rounds" / ".0001.part" / "updates"

    def sent():
        for place, name in enumerate(names):
            if place % 250 == 0:
                assert len(list(part.iterdir())) == place  # all before it are on disk
            yield name, [np.full(2, float(place))]

    fedmerit.record(tmp_path, 1, [np.zeros(2)], sent(), dict.fromkeys(names, 1))

    assert len(list((tmp_path / "rounds/0001/updates").iterdir())) == len(names)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"round": 0}, "no number of a round"),
        ({"weights": {"../x": 1}}, "looks like a path"),
        ({"weights": {"Ada": -1}}, "is not between 1 and"),
        ({"weights": {"Ada": 10**12}}, "is not between 1 and"),
        ({"weights": {"Ada": 0.5}}, "no whole number"),
        ({"weights": {"Ada": 1, "ada": 1}}, "alike"),
        ({"weights": {"Ada": 1, "Bo": 1}}, "no update of Bo"),
        ({"weights": {}}, "nobody"),
        ({"updates": {"Bo": [np.zeros(2)]}}, "has no weight"),
        ({"updates": [("Ada", [np.zeros(2)]), ("Ada", [np.ones(2)])]}, "came twice"),
        ({"updates": {"Ada": [np.zeros(3)]}}, "not shaped as the global model"),
        ({"updates": {"Ada": [np.array([1.0, np.nan])]}}, "not finite"),
        ({"before": [np.array([object()])]}, "no arrays of numbers"),
    ],
)
def test_what_is_no_round_is_refused_and_nothing_of_it_stays(tmp_path, changes, said):
    given = {"round": 1, "before": [np.zeros(2)], "updates": {"Ada": [np.ones(2)]}}

    with pytest.raises(fedmerit.errors.DataError, match=said):
        fedmerit.record(tmp_path / "run", **{**given, "weights": {"Ada": 1}, **changes})

    assert not list((tmp_path / "run").rglob("*.safetensors"))


def test_a_round_is_written_once(tmp_path):
    fedmerit.record(tmp_path, 1, [np.zeros(2)], {"Ada": [np.ones(2)]}, {"Ada": 1})

    with pytest.raises(fedmerit.errors.DataError, match="there already"):
        fedmerit.record(tmp_path, 1, [np.ones(2)], {"Ada": [np.ones(2)]}, {"Ada": 1})


def test_a_check_holds_no_more_than_a_few_models_at_once(tmp_path):
    inputs, members = 4000, 100
    model = {"weight": np.zeros((2, inputs), np.float32), "bias": np.zeros(2, np.float32)}
    names = [f"m{number}" for number in range(members)]
    fedmerit.record(tmp_path, 1, model, ((n, model) for n in names), dict.fromkeys(names, 1))
    rows = {"features": np.eye(4, inputs, dtype=np.float32), "labels": np.arange(4) % 2}
    save_file(rows, tmp_path / "validation.safetensors")
    (tmp_path / "merit.toml").write_text(MERIT.format(deltas="false"), "utf-8")
    (tmp_path / "model.toml").write_text('kind = "logistic"', "utf-8")
    scenario = load(tmp_path)
    check(scenario)  # what is imported and built once is not counted

    tracemalloc.start()
    try:
        check(scenario)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < members * 4 * 2 * inputs / 2  # bytes of half of the updates


# Bad directories


def spoil(path, **changes):
    arrays = load_file(path)
    arrays.update(changes)
    save_file({key: array for key, array in arrays.items() if array is not None}, path)


def weigh(directory, number=1, **changes):
    path = directory / f"rounds/{number:04}/weights.json"
    path.write_text(json.dumps({**WEIGHTS, **changes}), "utf-8")


def test_a_missing_round_is_named(bad):
    (bad / "rounds/0001").rename(bad / "rounds/0003")

    refused(bad, "round 1 is missing of 3")


def test_all_problems_are_said_at_once(bad):
    update = "rounds/0001/updates/{}.safetensors"
    spoil(bad / update.format("Ada"), weight=np.zeros((3, 2), np.float32))
    spoil(bad / update.format("Bo"), bias=None, other=np.zeros(2, np.float32))
    spoil(bad / update.format("Cy"), bias=np.array([np.nan, 0], np.float32))
    spoil(bad / "rounds/0002/global.safetensors", bias=np.zeros(2, np.int64))

    refused(
        bad,
        "4 problems",
        "Ada.safetensors has weight as F32 of shape (3, 2), and the model's is of shape (2, 3)",
        "Bo.safetensors lacks bias and has other besides",
        "Cy.safetensors has 1 of 8 parameters that are no finite float32",
        "0002/global.safetensors has bias as I64",
    )


@pytest.mark.parametrize("weight", [-1, 0, 10**12, 0.5, True, "160", None])
def test_a_weight_that_is_none_is_named(bad, weight):
    weigh(bad, 2, Bo=weight)

    refused(bad, "round 2: the weight of Bo")


@pytest.mark.parametrize("name", ["../../Ada", "/etc/passwd", "..", "a/b", "C:\\x", "a\u202eb", ""])
def test_a_name_that_tries_to_be_a_path_or_hides_is_refused(bad, name):
    weigh(bad, **{name: 3})

    refused(bad, "round 1: the name", repr(name))


def test_names_that_differ_in_capitals_alone_are_refused(bad):
    weigh(bad, ADA=40)
    shutil.copy(
        bad / "rounds/0001/updates/Ada.safetensors", bad / "rounds/0001/updates/ADA.safetensors"
    )

    refused(bad, "'ADA' and 'Ada' differ in capitals")


def test_a_name_that_is_weighed_twice_is_refused(bad):
    (bad / "rounds/0001/weights.json").write_text('{"Ada": 1, "Ada": 99, "Bo": 1, "Cy": 1}')

    refused(bad, "the key 'Ada' is there twice")


def test_updates_without_weights_and_weights_without_updates_are_named(bad):
    (bad / "rounds/0002/updates/Cy.safetensors").rename(bad / "rounds/0002/updates/Di.safetensors")

    refused(bad, "round 2 weighs Cy, of whom there is no update", "round 2 has updates of Di")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("rounds/0002/global.safetensors", "the model after round 1 is 0.25 off the weighted mean"),
        ("final.safetensors", "the model after round 2 is"),
    ],
)
def test_a_model_that_does_not_follow_from_the_updates_is_refused_with_the_round(bad, where, said):
    arrays = load_file(bad / where)
    spoil(bad / where, bias=arrays["bias"] + np.float32(0.25))

    refused(bad, said, "1e-05 is allowed")


def test_models_that_are_taken_for_differences_are_refused(bad):
    (bad / "merit.toml").write_text(MERIT.format(deltas="true"), "utf-8")

    refused(bad, "off the weighted mean")


def test_too_many_members_are_refused_with_their_number(bad):
    many = {f"m{number}": 1 for number in range(10**5)}
    (bad / "rounds/0001/weights.json").write_text(json.dumps(many), "utf-8")

    refused(bad, "round 1 has 100,000 members, and 10,000 are the most")


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("rounds/0001/updates/Di.pkl", b"\x80\x04."),
        ("rounds/0001/updates/Di.npz", b"PK"),
        ("rounds/0001/run.py", b"raise SystemExit"),
        ("rounds/notes.txt", b"x"),
    ],
)
def test_what_is_no_file_of_a_run_is_named_and_not_opened(bad, file, content):
    (bad / file).write_bytes(content)

    refused(bad, file.rpartition("/")[2])


@pytest.mark.parametrize(
    ("linked", "said"),
    [
        ("rounds", "holds no folder 'rounds'"),
        ("rounds/0001", "rounds holds 0001, which is no round"),
        ("rounds/0001/updates", "round 1 has no folder updates"),
        ("rounds/0001/updates/Ada.safetensors", "updates holds Ada.safetensors, no plain file"),
        ("rounds/0001/global.safetensors", "round 1 has no plain file global.safetensors"),
        ("rounds/0001/weights.json", "round 1 has no plain file weights.json"),
        ("final.safetensors", "final.safetensors is no plain file"),
        ("validation.csv", "0 files of validation rows"),
    ],
)
def test_a_link_is_refused(bad, directory, linked, said):
    path = bad / linked
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(directory / linked)

    refused(bad, said)


@pytest.mark.parametrize("name", ["00001", "0000", "1", "0001x", "\u0661\u0661\u0661\u0661"])
def test_a_round_has_one_way_to_be_called(bad, name):
    shutil.copytree(bad / "rounds/0001", bad / "rounds" / name)

    refused(bad, f"rounds holds {name}, which is no round")


def test_a_file_whose_name_is_no_text_is_refused(bad):
    path = os.fsencode(bad / "rounds/0001/updates") + b"/\xff.safetensors"
    shutil.copy(bad / "rounds/0001/updates/Ada.safetensors", path)

    refused(bad, "no plain file NAME.safetensors")


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"\xff", b'{"a":' * 99, b"1" * 999])
def test_weights_that_are_no_json_of_names_are_refused(bad, content):
    (bad / "rounds/0001/weights.json").write_bytes(content)

    refused(bad, "round 1: weights.json")


def test_a_file_that_only_looks_like_tensors_is_named(bad):
    (bad / "rounds/0001/updates/Ada.safetensors").write_bytes(b"\x80\x04\x95pickled")

    refused(bad, "rounds/0001/updates/Ada.safetensors is no safetensors file")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b,c,class\n1,2,3,0\n", "no column 'label'"),
        ("a,b,c,label\n1,2,x,0\n1,2,3,1\n", "row 1, 'c' is no finite float32"),
        ("a,b,c,label\n1,2,3,yes\n", "'yes' is no whole number"),
        ("a,b,c,label\n1,2,3,0.5\n", "'0.5' is no whole number"),
        ("a,b,c,label\n1,2,3,-1\n", "'-1' is no whole number"),
        ("a,b,c,label\n1,2,3,1e300\n", "'1e300' is no whole number"),
        ("a,b,c,label\n1,2,3,2.0\n1,2,3,1\n", "the model's is of shape (3, 3)"),
        ("a,b,label\n1,2,0\n1,3,1\n", "the model's is of shape (2, 2)"),
        ("a,b,c,label\n", "no rows"),
    ],
)
def test_validation_rows_that_no_model_takes_are_refused(bad, content, said):
    (bad / "validation.csv").write_text(content, "utf-8")

    refused(bad, said)


def test_validation_rows_are_there_once(bad):
    shutil.copy(bad / "validation.csv", bad / "validation.tsv")
    refused(bad, "2 files of validation rows")
    (bad / "validation.csv").unlink()
    (bad / "validation.tsv").unlink()
    refused(bad, "0 files of validation rows")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("[valuation]\ngame = 'retraining'\n", "trains again"),
        ("[valuation]\nrepeats = 3\n", "trains again"),
        ("[training]\nrounds = 3\n", "trained elsewhere"),
        ("[data]\nsource = 'digits'\n", "brings its own rows"),
        ("[model]\nkind = 'mlp'\n", "both [model] and"),
        ("[[members]]\nname = 'Ada'\nbehaviour = 'stale-rider'\n", "trained elsewhere"),
        ("[[members]]\nname = 'Eve'\nreputation = 0.5\n", "Eve, of whom there is no update"),
        ("[vertical]\nowners = []\n", "one kind"),
    ],
)
def test_a_scenario_that_asks_for_more_than_the_files_hold_is_refused(bad, more, said):
    with (bad / "merit.toml").open("a", encoding="utf-8") as file:
        file.write(more)

    refused(bad, said)


def test_a_directory_without_its_two_papers_is_refused(bad):
    (bad / "model.toml").unlink()
    refused(bad, "needs a file model.toml")
    (bad / "merit.toml").unlink()
    refused(bad, "holds no merit.toml")


def test_classes_and_keys_are_taken_by_name(bad, directory):
    for path in bad.rglob("*.safetensors"):
        save_file({f"net.{key}": array for key, array in load_file(path).items()}, path)
    text = (bad / "validation.csv").read_text("utf-8")
    (bad / "validation.csv").write_text(text.replace(",0\n", ",no\n").replace(",1\n", ",yes\n"))
    merit = MERIT.format(deltas='false\nclasses = ["no", "yes"]\nkeys = ["net.weight", "net.bias"]')
    (bad / "merit.toml").write_text(merit, "utf-8")

    with previewed(load(bad)) as found, previewed(load(directory)) as expected:
        values = [each.document(VALUATION, ValuationDocument).values for each in (found, expected)]

    assert values[0] == values[1]
    (bad / "merit.toml").write_text(merit.replace(', "net.bias"', ""), "utf-8")
    refused(bad, "keys names 1 parameters, and the model has 2: weight, bias")


# Nothing is executed


CODE = """
import pathlib, torch
pathlib.Path({mark!r}).touch()
class Net(torch.nn.Linear):
    def __init__(self, in_features, classes):
        super().__init__(in_features, classes)
"""


@pytest.fixture
def coded(bad, tmp_path, monkeypatch):
    (bad / "theirnet.py").write_text(CODE.format(mark=str(tmp_path / "ran")), "utf-8")
    (bad / "model.toml").write_text('kind = "theirnet:Net"', "utf-8")
    monkeypatch.syspath_prepend(bad)
    yield bad, tmp_path / "ran"
    sys.modules.pop("theirnet", None)


def test_code_of_a_directory_runs_only_where_it_is_allowed(coded):
    bad, ran = coded

    for given in (bad, bad / "merit.toml"):
        with pytest.raises(ScenarioError, match="runs code that its files name: 'theirnet:Net'"):
            load(given)
        with pytest.raises(ScenarioError, match="runs code"):
            load(given, allow_code=["othernet:Net"])
    with pytest.raises(ScenarioError, match="runs code"):
        fedmerit.run(bad, bad.parent / "b")
    assert not ran.exists()
    with previewed(load(bad, allow_code=["theirnet:Net"])) as run:
        assert run.document(VALUATION, ValuationDocument).participants == tuple(WEIGHTS)
    assert ran.exists()


def test_code_is_not_run_by_a_directory_of_our_own_kind_either(coded):
    bad, ran = coded
    (bad / "merit.toml").write_text(
        'name = "x"\n[data]\nsource = "digits"\n[model]\nkind = "theirnet:Net"\n', "utf-8"
    )

    with pytest.raises(ScenarioError, match="runs code"):
        load(bad)
    assert not ran.exists()


def test_the_command_values_a_directory_and_refuses_its_code(coded, capsys):
    bad, ran = coded
    (bad / "model.toml").write_text('kind = "logistic"', "utf-8")

    assert value_command(str(bad), output="json") == 0
    assert "Cy" in capsys.readouterr().out

    (bad / "model.toml").write_text('kind = "theirnet:Net"', "utf-8")
    command = [sys.executable, "-m", "fedmerit", "value", str(bad)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=bad)
    assert done.returncode == 2
    assert "--allow-code theirnet:Net" in done.stderr
    assert not ran.exists()


def test_a_metric_of_a_directory_runs_only_where_it_is_allowed_too(coded):
    bad, ran = coded
    (bad / "model.toml").write_text('kind = "logistic"', "utf-8")
    with (bad / "merit.toml").open("a", encoding="utf-8") as file:
        file.write('[valuation]\nmetric = "theirnet:Net"\n')

    for given in (bad, bad / "merit.toml"):
        with pytest.raises(ScenarioError, match="runs code that its files name: 'theirnet:Net'"):
            load(given)
    assert not ran.exists()


def test_settings_of_the_valuation_leave_the_game_of_rounds_in_place(bad):
    with (bad / "merit.toml").open("a", encoding="utf-8") as file:
        file.write('[valuation]\nmetric = "accuracy"\nconfidence = 0.9\n')

    with previewed(load(bad)) as run:
        found = run.document(VALUATION, ValuationDocument)
        assert (found.game, found.metric, found.confidence_ppm) == ("rounds", "accuracy", 900_000)


# What it is not


def test_it_enters_no_simulation_and_its_model_is_not_taken_along(bundle):
    with pytest.raises(ScenarioError, match="trained by somebody else"):
        simulation_part(bundle.scenario).assemble(bundle.scenario)
    with pytest.raises(BundleError, match="trained elsewhere"):
        scoring_part(bundle.scenario).portable(bundle)
    with pytest.raises(AuditImpossible, match="not made from one table"):
        fedmerit.audit(bundle, retrain=True, data="x.csv")
