"""Whatever lies in a bundle's directory is bound, checked, or named as bound by nothing."""

from __future__ import annotations

import json
import os
import re
import socket

import numpy as np
import pytest
from forging import forge, reseal, rewrite

import fedmerit
from fedmerit import auditing
from fedmerit.auditing.catalogue import CHECKS
from fedmerit.auditing.files import check_files, check_unbound
from fedmerit.auditing.page import check_report, tables_in
from fedmerit.bundle.directory import (
    COALITIONS,
    MANIFEST,
    PROGRESS,
    REPORT,
    ROUNDS,
    SCENARIO,
    SEAL,
    Snapshot,
)
from fedmerit.bundle.encoding import ENCODING
from fedmerit.bundle.schemas import (
    ACCEPTED,
    BIDS,
    DEPLOYMENT,
    DRAWN,
    FEDERATION,
    GRADIENTS,
    LEDGER,
    OUTCOME,
    RECEIPT,
    RUN,
    TIMINGS,
    TRAINING,
    TRANSCRIPT,
    VALUATION,
    FederationDocument,
    OutcomeDocument,
)
from fedmerit.canonical import canonical
from fedmerit.chain import Deployment, Drawn, Ledger, Receipt, Transcript
from fedmerit.errors import AuditImpossible, BundleError, ChainError
from fedmerit.kinds.horizontal.auditing import check_numbers
from fedmerit.stages.report import report


def differences(checks):
    return {check.name: check.detail for check in checks if check.status == "differs"}


def put(path):
    path.parent.mkdir(exist_ok=True)
    path.write_text("psst")


def listens(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("extra.json", put),
        (".hidden", put),
        (".report.html.part", put),
        ("training/.0001.json.part", put),
        ("settlement/more.json", put),
        ("settlement/.cache/x", put),
        ("training/0099.json", put),
        ("deep/er", put),
        ("pipe", os.mkfifo),
        ("settlement/pipe", os.mkfifo),
        ("empty", os.mkdir),
        ("link", lambda path: path.symlink_to("/etc/passwd")),
        ("settlement/loop", lambda path: path.symlink_to("..")),
        ("broken", lambda path: path.symlink_to("nowhere")),
        ("twin.json", lambda path: path.symlink_to(path.parent / "run.json")),
    ],
)
@pytest.mark.parametrize("sealed", [False, True])
def test_what_was_added_is_named_although_the_lists_were_written_anew(copy, name, make, sealed):
    (copy.path / name).parent.mkdir(exist_ok=True)
    make(copy.path / name)
    if sealed:
        listed = copy.listed(MANIFEST)
        copy.write(MANIFEST, canonical(listed))
        copy.write_seal()

    said = " ".join(differences(check_files(copy)).values())

    assert name in said


@pytest.mark.parametrize("name", [ACCEPTED, BIDS, ROUNDS])
def test_a_file_that_the_scenario_asks_nothing_of_is_named_although_all_was_listed_anew(copy, name):
    put(copy.path / name)
    reseal(copy)

    assert f"{name} is no file of such a run" in differences(check_files(copy))["directory"]


def test_an_encoding_that_was_taken_away_is_named(copy):
    (copy.path / ENCODING).unlink()
    reseal(copy)

    said = {check.id: check for check in check_numbers(copy)}

    assert said["encoding"].status == "skipped"
    assert ENCODING in said["encoding"].detail


def test_a_socket_is_named(copy, monkeypatch):
    monkeypatch.chdir(copy.path)  # a socket's path is short
    listens("heard")

    assert "heard is no plain file" in differences(check_files(copy))["directory"]


def test_a_link_in_place_of_a_file_is_found_although_its_content_is_the_same(copy, tmp_path):
    (copy.path / "run.json").rename(tmp_path / "elsewhere.json")
    (copy.path / "run.json").symlink_to(tmp_path / "elsewhere.json")

    assert "run.json is a link" in differences(check_files(copy))["directory"]


@pytest.mark.parametrize(
    ("name", "change", "check"),
    [
        (PROGRESS, lambda said: said.update(failed="settle: the coordinator fled"), "progress"),
        (PROGRESS, lambda said: said["done"].pop(), "progress"),
        (TIMINGS, lambda said: said.update(started=said["started"] - 86_400), "start"),
        (TIMINGS, lambda said: said["milliseconds"].pop("draw"), "start"),
    ],
)
def test_a_lie_about_stages_or_the_start_is_found_although_it_was_resealed(
    copy, name, change, check
):
    forge(copy, name, change)

    assert check in differences(check_unbound(copy))


def test_what_nothing_binds_is_named(copy):
    forge(copy, TIMINGS, lambda said: said["milliseconds"].update(train=1))

    checks = list(check_unbound(copy))

    assert not differences(checks)
    [unbound] = [check for check in checks if check.status == "skipped"]
    assert "seal.json and timings.json are bound by nothing: how long each stage took" in (
        unbound.detail
    )


LIES = {
    "classes": (FEDERATION, lambda said: said["classes"].__setitem__(0, "cured")),
    "rows": (FEDERATION, lambda said: said["members"][1].update(rows=1)),
    "digest of the data": (FEDERATION, lambda said: said.update(data_digest=f"0x{1:064x}")),
    "which of them several have": (
        FEDERATION,
        lambda said: said.update(shared=[{"names": ["Hungary", "Switzerland"], "rows": 9}]),
    ),
    "the notes on them": (FEDERATION, lambda said: said.update(notes=["everybody consented"])),
    "how columns were read": (
        ENCODING,
        lambda said: said["columns"][0].update(percent=True, decimal=",", thousands="."),
    ),
    "base rates": (TRAINING, lambda said: said.update(base_rate_ppm=1)),
    "areas": (TRAINING, lambda said: said.update(pooled_area_ppm=999_999)),
    "accuracies, per round and pooled": (
        TRAINING,
        lambda said: said.update(pooled_accuracy_ppm=1) or said["rounds"][3].update(accuracy_ppm=1),
    ),
    "log-likelihoods": (TRAINING, lambda said: said.update(initial_log_likelihood_micro=-1)),
    "values per round": (
        VALUATION,
        lambda said: said["curve"][0]["standard_errors"].__setitem__(0, 5),
    ),
    "which versions": (RUN, lambda said: said["versions"].update(torch="9.9")),
}


@pytest.mark.parametrize("what", LIES)
def test_what_is_not_checked_without_the_data_is_named_in_the_verdict(copy, what):
    name, change = LIES[what]
    rewrite(copy, name, change)

    assert not differences(check_numbers(copy))  # so somebody has to say it
    assert what in auditing._ON_FAITH


def test_other_names_of_features_or_levels_are_named_where_two_files_tell_the_same(copy):
    """One file alone does not pass: the other tells what the model's inputs are."""
    for old, new in (("age", "shoe size"), ("Female", "Cured")):
        for name in (ENCODING, FEDERATION):
            text = copy.text(name).replace(f'"{old}"', f'"{new}"')
            copy.write(name, text.replace(f'={old}"', f'={new}"').encode())

            passes = not differences(check_numbers(copy))

            assert passes == (name == FEDERATION)
    assert "features" in auditing._ON_FAITH
    assert "levels" in auditing._ON_FAITH


def test_a_feature_under_another_name_is_found_by_the_columns_that_it_is_made_of(copy):
    rewrite(copy, FEDERATION, lambda said: said["features"].__setitem__(0, "shoe size"))

    assert "encoding" in differences(check_numbers(copy))


def test_values_of_a_round_that_do_not_go_with_the_suspicion_scores_are_found(copy):
    """Who changes both together has to be trained again to be found: the values are on faith."""
    rewrite(copy, VALUATION, lambda said: said["curve"][0]["values"].__setitem__(0, 5))

    assert differences(check_numbers(copy)).keys() == {"suspicion"}


@pytest.mark.parametrize("what", ["features", "classes"])
def test_more_or_fewer_features_or_classes_than_the_model_has_are_found(copy, what):
    rewrite(copy, FEDERATION, lambda said: said[what].append("one more"))

    found = {check.name: check.detail for check in check_numbers(copy) if check.status == "differs"}

    assert "features and classes" in found["updates"]


@pytest.mark.parametrize("why", ["converged", "", "rounds "])
def test_a_lie_about_why_training_ended_is_found(copy, why):
    rewrite(copy, TRAINING, lambda said: said.update(stop_reason=why))

    assert "end of training" in differences(check_numbers(copy))


@pytest.mark.parametrize("rounds", [14, 16])
def test_fewer_or_more_rounds_than_the_scenario_asks_for_are_found(copy, rounds):
    text = copy.text(SCENARIO)
    copy.write(SCENARIO, text.replace("\nrounds = 15\n", f"\nrounds = {rounds}\n").encode())
    assert copy.text(SCENARIO) != text

    assert "end of training" in differences(check_numbers(copy))


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["by_owner_micro"].pop("Hungary"),
        lambda said: said["by_owner_micro"]["Hungary"].pop(),
        lambda said: said["by_owner_micro"].update(nobody=said["by_owner_micro"]["Hungary"]),
    ],
)
def test_more_or_fewer_owners_of_validation_rows_are_found(copy, change):
    rewrite(copy, TRAINING, change)

    assert "updates" in differences(check_numbers(copy))


def test_a_verdict_names_what_it_takes_on_faith(hospital_bundle):
    verdict = fedmerit.audit(hospital_bundle)

    skipped = {check.id: check.detail for check in verdict.checks if check.status == "skipped"}
    assert skipped["retraining"] == auditing._ON_FAITH
    assert "timings.json" in skipped["unbound"]


def twice(content):
    """Say the first key of a JSON object twice, the lie first or last."""
    text = content.decode()
    key, value = re.search(r'"([^"]+)":\s*("[^"]*"|[\d-]+|\[|\{)', text).groups()
    first = text.index("{") + 1
    closed = {"[": "[]", "{": "{}"}.get(value, value)
    return f'{text[:first]}"{key}": {closed}, {text[first:]}'.encode()


@pytest.mark.parametrize(
    "name",
    [FEDERATION, OUTCOME, PROGRESS, RUN, TIMINGS, TRAINING, VALUATION, "training/0001.json"],
)
def test_a_key_that_is_there_twice_is_refused(copy, name):
    copy.write(name, twice(copy.read(name)))

    with pytest.raises(BundleError, match="is there twice"):
        copy.document(name, FederationDocument)


@pytest.mark.parametrize(
    ("name", "kind"), [(LEDGER, Ledger), (RECEIPT, Receipt), (TRANSCRIPT, Transcript)]
)
def test_a_key_that_is_there_twice_is_refused_in_what_the_chain_left(copy, name, kind):
    with pytest.raises(ChainError, match="is there twice"):
        kind.from_json(twice(copy.read(name)).decode())


def test_a_deep_key_that_is_there_twice_is_refused(copy):
    text = copy.text(OUTCOME)
    copy.write(OUTCOME, text.replace('"barred": false', '"barred": true, "barred": false').encode())

    with pytest.raises(BundleError, match="the key 'barred' is there twice"):
        copy.document(OUTCOME, FederationDocument)


@pytest.mark.parametrize("name", [MANIFEST, SEAL])
def test_a_list_of_digests_that_says_one_twice_is_damaged(copy, name):
    copy.write(name, twice(copy.read(name)))

    with pytest.raises(AuditImpossible, match="is damaged"):
        copy.listed(name)


@pytest.mark.parametrize(
    "read_otherwise",
    [
        lambda text: text.replace('"threshold": 3', '"threshold": "3"'),
        lambda text: text.replace('"threshold": 3', '"threshold": 3.0'),
        lambda text: text.replace('"rows": 0', '"rows": false'),
        lambda text: text.replace("Hungary", "\\u0048ungary", 1),
        lambda text: "\ufeff" + text,
        lambda text: text + " ",
        lambda text: text.replace('"threshold": 3', '"threshold": 3e0'),
    ],
)
def test_a_document_that_others_might_read_otherwise_is_refused(copy, read_otherwise):
    text = copy.text(FEDERATION)
    assert read_otherwise(text) != text
    copy.write(FEDERATION, read_otherwise(text).encode())

    with pytest.raises(BundleError, match=r"canonical form|cannot be read as JSON|not of its form"):
        copy.document(FEDERATION, FederationDocument)


def without_what_came_later(document):
    return {key: value for key, value in document.items() if key not in {"notes", "shared"}}


@pytest.mark.parametrize(
    "older",
    [without_what_came_later, lambda document: {**document, "gone": 1}],
    ids=["fewer fields", "another field"],
)
@pytest.mark.parametrize("named", ["0.0.7", None, ["0.0.7"], "7" * 99, "0\u202e7"])
def test_a_document_of_another_version_is_refused_and_both_reasons_are_named(copy, older, named):
    copy.write(FEDERATION, canonical(older(json.loads(copy.text(FEDERATION)))))
    run = json.loads(copy.text("run.json"))
    run["versions"]["fedmerit"] = named
    copy.write("run.json", canonical(run))

    with pytest.raises(BundleError, match=r"canonical form|not of its form") as caught:
        copy.document(FEDERATION, FederationDocument)

    assert "altered or damaged, or another version" in caught.value.hint
    assert ("names fedmerit 0.0.7," in caught.value.hint) == (named == "0.0.7")
    assert len(caught.value.hint) < 300


@pytest.mark.parametrize("content", [b"", b"[]", b'{"versions": 7}', b"[" * 100_000, b"\xff"])
def test_a_hint_about_versions_bears_any_file_in_place_of_the_one_that_names_them(copy, content):
    copy.write(FEDERATION, copy.read(FEDERATION) + b" ")
    copy.write("run.json", content)

    with pytest.raises(BundleError, match="canonical form") as caught:
        copy.document(FEDERATION, FederationDocument)

    assert "another version" in caught.value.hint


LEFT_BY_THE_CHAIN = {
    DEPLOYMENT: Deployment,
    DRAWN: Drawn,
    LEDGER: Ledger,
    RECEIPT: Receipt,
    TRANSCRIPT: Transcript,
}


def turned(text):
    """Say the same with every object's keys in the opposite order."""
    return json.dumps(
        json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs))),
        indent=1,
        ensure_ascii=False,
    )


@pytest.mark.parametrize("name", LEFT_BY_THE_CHAIN)
@pytest.mark.parametrize(
    "otherwise",
    [
        lambda text: text + " ",
        lambda text: text.replace("{", "{ ", 1),
        lambda text: text.rstrip("\n"),
        lambda text: json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n",
        lambda text: turned(text) + "\n",
        lambda text: text.replace('"chain_id"', '"chain\\u005fid"', 1),
        lambda text: re.sub(r'("chain_id": \d+)', r"\1.0", text, count=1),
        lambda text: re.sub(r'("chain_id": \d+)', r"\1e0", text, count=1),
        lambda text: re.sub(r'"(?=\d+")', '"0', text, count=1),
        lambda text: re.sub(r'(?<=")0x[0-9a-fA-F]{40}(?=")', lambda at: at[0].lower(), text),
        lambda text: re.sub(r"0x[0-9a-f]{64}", lambda at: "0x" + at[0][2:].upper(), text),
    ],
)
def test_the_same_in_other_bytes_is_refused_of_what_the_chain_left(copy, name, otherwise):
    text = copy.text(name)
    if otherwise(text) == text:
        pytest.skip("nothing of that kind is in this file")
    kind = LEFT_BY_THE_CHAIN[name]
    assert kind.from_json(text).to_json() == text

    with pytest.raises(ChainError, match=r"canonical form|not a"):
        kind.from_json(otherwise(text))


def test_an_audit_finds_other_bytes_below_settlement_although_they_were_resealed(copy):
    for name in LEFT_BY_THE_CHAIN:
        copy.write(name, copy.read(name).replace(b"\n ", b"\n\t"))
    reseal(copy)

    verdict = fedmerit.audit(copy)

    assert "canonical form" in " ".join(differences(verdict.checks).values())


def test_money_in_the_digits_of_another_script_is_refused(copy):
    text = copy.text(OUTCOME)
    copy.write(OUTCOME, text.replace('"reserve": "0"', '"reserve": "\u0660"').encode())

    with pytest.raises(BundleError, match="canonical form"):
        copy.document(OUTCOME, OutcomeDocument)


def test_folders_without_end_are_named_and_not_followed(copy):
    (copy.path / "/".join(["x"] * 900)).mkdir(parents=True)

    assert "x/x is a folder in 8 others" in differences(check_files(copy))["directory"]


def test_a_name_that_is_no_text_is_named(copy):
    (copy.path / os.fsdecode(b"bad\xff\x1b[2J")).write_text("psst")

    assert "bad" in " ".join(differences(check_files(copy)).values())


def test_a_scenario_that_cannot_be_read_is_a_difference_whatever_is_asked(copy):
    copy.write(SCENARIO, b"name = 'x'")
    reseal(copy)

    verdict = fedmerit.audit(copy, retrain=True)

    assert {"numbers", "retraining"} <= differences(verdict.checks).keys()


def test_what_turns_the_direction_of_text_is_written_out_in_the_report(copy):
    claim(copy, **{"\u202eevil": "1\u2066\x1b"})

    page = copy.text(REPORT)

    assert not {"\u202e", "\u2066", "\x1b"} & set(
        re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    )
    assert r"\u202eevil" in page


@pytest.mark.parametrize(
    ("name", "array", "kind"),
    [
        ("training/0003.safetensors", "updates", np.float64),
        ("training/0003.safetensors", "weights", np.float32),
        (GRADIENTS, "gradients", np.float64),
        (COALITIONS, "coalitions", np.int64),
        (COALITIONS, "owners", np.int32),
        (COALITIONS, "gains_micro", np.uint64),
    ],
)
def test_an_array_of_another_type_is_no_evidence(copy, name, array, kind):
    arrays = copy.tensors(name)
    copy.write_tensors(name, {**arrays, array: arrays[array].astype(kind)})

    with pytest.raises(BundleError, match=r"holds .*, and has to hold"):
        list(check_numbers(copy))


def test_a_member_is_in_a_coalition_once_or_not(copy):
    arrays = copy.tensors(COALITIONS)
    copy.write_tensors(COALITIONS, {**arrays, "coalitions": arrays["coalitions"] * np.uint8(2)})

    with pytest.raises(BundleError, match="1 or 0"):
        list(check_numbers(copy))


@pytest.mark.parametrize("name", [RUN, DRAWN, VALUATION])
def test_a_document_that_nests_without_end_is_refused(copy, name):
    copy.write(name, b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")

    with pytest.raises(BundleError, match="nests deeper"):
        copy.document(name, FederationDocument)


def test_a_file_that_changes_while_it_is_audited_is_read_once(copy):
    snapshot = Snapshot.open(copy.path)
    before = snapshot.scenario
    list(check_files(snapshot))

    copy.write(SCENARIO, copy.text(SCENARIO).replace('kind = "logistic"', 'kind = "x:Y"').encode())

    assert snapshot.scenario == before
    assert not differences(check_files(snapshot))


def claim(bundle, **versions):
    """Say that other versions drew the report, which says so itself."""
    rewrite(bundle, RUN, lambda said: said["versions"].update(versions))
    report(bundle)


def status(bundle):
    return next(check_report(bundle))


@pytest.mark.parametrize("versions", [{}, {"plotly": "5.0"}, {"fedmerit": "0.2"}])
def test_an_edited_number_in_the_report_is_found_whatever_versions_are_claimed(copy, versions):
    claim(copy, **versions)
    page = copy.text(REPORT)
    said = re.search(r'<td class="number">([\d.]+)</td>', page)
    copy.write(REPORT, page.replace(said[0], said[0].replace(said[1], "12345.6"), 1).encode())

    assert status(copy).status == "differs"


@pytest.mark.parametrize(
    "edit",
    [
        lambda page: page.replace("</main>", "<p>Hungary was paid twice.</p></main>"),
        lambda page: page.replace('"y":[', '"y":[1,', 1),
        lambda page: page.replace("<h1>hospitals</h1>", "<h1>banks</h1>"),
    ],
)
def test_edited_words_and_charts_are_found_where_only_another_plotly_is_claimed(copy, edit):
    claim(copy, plotly="5.0")
    before = copy.text(REPORT)
    copy.write(REPORT, edit(before).encode())

    assert edit(before) != before
    assert status(copy).status == "differs"


def test_a_report_by_another_plotly_is_not_relied_on(copy):
    claim(copy, plotly="5.0")
    page = copy.text(REPORT)
    copy.write(REPORT, page.replace("<script>", "<script>/* older */", 1).encode())

    said = status(copy)

    assert said.status == "skipped"
    assert "its scripts are bound by nothing" in said.detail
    assert "to draw it anew: fedmerit report" in said.detail


def test_a_report_by_another_version_is_named_as_bound_by_nothing_but_its_tables(copy):
    claim(copy, fedmerit="0.2")
    copy.write(REPORT, copy.text(REPORT).replace("What each is paid", "Pay").encode())

    said = status(copy)

    assert said.status == "skipped"
    assert "its words and scripts are bound by nothing" in said.detail


def test_a_page_that_is_drawn_alike_here_holds_whatever_versions_are_claimed(copy):
    claim(copy, plotly="5.0", fedmerit="0.0.1")

    assert status(copy).status == "ok"


def test_every_table_of_the_page_is_read_back(hospital_bundle):
    page = hospital_bundle.text(REPORT)

    found = tables_in(page)

    assert len(found) == len(re.findall(r"<table[ >]", page))
    assert all(caption and rows for caption, rows in found)
    members = hospital_bundle.document(FEDERATION, FederationDocument).names
    assert any({row[0].strip() for row in rows} >= set(members) for _, rows in found)


def test_every_check_has_an_identifier_of_its_own(hospital_bundle):
    verdict = fedmerit.audit(hospital_bundle)

    ids = [check["id"] for check in verdict.as_json()["checks"]]
    assert len(set(ids)) == len(ids) == len(verdict.checks)
    assert len({known.id for known in CHECKS.values()}) == len(CHECKS)
    assert json.dumps(ids)


def test_the_seal_of_a_forger_changes_nothing_that_the_chain_binds(copy):
    reseal(copy)

    assert not differences(check_files(copy))
