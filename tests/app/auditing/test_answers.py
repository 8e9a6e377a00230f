"""What an auditor is told first, and in which words."""

from __future__ import annotations

import ast
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from forging import forge, rename

import fedmerit
from fedmerit.auditing.answers import _AGAINST_CHAIN, _AGAINST_DATA, REHEARSAL, answers
from fedmerit.auditing.catalogue import CHECKS
from fedmerit.auditing.verdict import Check, amounts_differing
from fedmerit.auditing.written import page, require_free
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import OUTCOME
from fedmerit.errors import AuditImpossible

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def copy(hospital_bundle, tmp_path):
    return Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "copy"))


def told(verdict):
    return {answer.question: answer.answer for answer in verdict.answers}


def test_every_check_that_an_answer_is_made_of_exists():
    assert {known.id for known in CHECKS.values()} >= _AGAINST_CHAIN | _AGAINST_DATA
    assert not _AGAINST_CHAIN & _AGAINST_DATA


def test_an_honest_rehearsal_proves_no_date_and_no_signer(hospital_bundle):
    verdict = fedmerit.audit(hospital_bundle)

    assert told(verdict) == {
        "the payments follow from the evidence": "yes",
        "the evidence is what the chain holds": "yes",
        "the chain proves": REHEARSAL,
        "the evidence follows from the data": "not looked at",
    }


def test_a_forged_payment_is_answered_with_no_and_said_by_member_in_tokens(copy):
    forge(copy, OUTCOME, lambda document: _pay(document, 1, 303 * 10**18))

    verdict = fedmerit.audit(copy)
    details = {check.id: check.detail for check in verdict.differences}

    assert told(verdict)["the payments follow from the evidence"] == "no"
    assert told(verdict)["the chain proves"] == "nothing of this"
    assert "Hungary: the file says 303, the chain paid 293.904" in details["money"]
    assert "Hungary: the file says 303, proportional pays 293.904" in details["payments"]


def _pay(document, place, amount):
    document["payments"][place] = document["steps"][place]["payment"] = str(amount)


def test_a_forged_reason_or_interval_alone_is_found(copy):
    forge(copy, OUTCOME, lambda document: document["steps"][4].update(reason="harmful"))

    (check,) = (check for check in fedmerit.audit(copy).differences if check.id == "payments")

    assert "the payments are these, and why and how sure they are is not" in check.detail


def test_a_check_that_was_not_made_answers_nothing():
    skipped = Check("retraining", "skipped", "")

    assert [answer.answer for answer in answers([skipped], "x")] == [
        "not looked at",
        "not looked at",
        "x",
        "not looked at",
    ]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("recomputed coalitions of rounds", 3),
        ("deployment", 1),
        ("form of the valuation", 1),
        ("retrained coalitions", 3),
        ("payments", 0),
    ],
)
def test_what_differs_is_answered_where_it_belongs(name, place):
    found = answers([Check(name, "differs", "")], REHEARSAL)

    assert [at for at, answer in enumerate(found) if answer.answer == "no"] == [place]


def test_a_few_coalitions_that_hold_are_no_yes_for_all_of_the_evidence():
    spots = [Check("spot checks", "ok", "")]

    assert answers(spots, "x")[3].answer == "as far as looked at"
    assert answers([*spots, Check("retrained coalitions", "ok", "")], "x")[3].answer == "yes"


def names_in(folder):
    """Give the name of every check that the code makes, where it is written out."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "")
            if called in {"Check", "compared"} and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_every_check_that_is_made_is_known():
    package = Path(fedmerit.__file__).parent
    made = {name for folder in ("auditing", "kinds") for name in names_in(package / folder)}

    assert len(made) > 40
    assert made <= CHECKS.keys()


def test_lists_of_another_length_are_not_compared_member_by_member():
    assert "2 payments of 1 members" in amounts_differing(["a"], [1, 2], [1], by="it paid")
    assert amounts_differing(["a"], [1], [1], by="it paid") == ""


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.seen = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, attrs))


def test_the_page_of_a_verdict_opens_offline_and_runs_no_name(copy):
    rename(copy, "Hungary", HOSTILE)

    html = page(fedmerit.audit(copy))

    tags = Tags(html).seen
    assert not [
        tag for tag, attrs in tags if tag in {"script", "img", "link"} or "src" in dict(attrs)
    ]
    assert "default-src 'none'" in html
    assert REHEARSAL in html or "nothing of this" in html


def test_nothing_is_checked_before_it_is_clear_that_the_page_can_be_written(tmp_path):
    (tmp_path / "there.html").write_text("mine")

    with pytest.raises(AuditImpossible, match="exists already"):
        require_free(tmp_path / "there.html")
    with pytest.raises(AuditImpossible, match="is no folder"):
        require_free(tmp_path / "nowhere" / "page.html")


# -- a table that lies elsewhere


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Give a bundle of a table of one's own, and the table; it no longer lies where it was."""
    folder = tmp_path_factory.mktemp("own")
    rows = [
        f"{'ab'[i % 2]},{i % 7},{i * 37 % 11},{'yes' if i % 7 > 3 else 'no'}" for i in range(80)
    ]
    table = folder / "rows.csv"
    table.write_text("\n".join(["site,x,z,label", *rows]) + "\n", encoding="utf-8")
    scenario = folder / "own.toml"
    scenario.write_text(
        f'name = "own"\n[data]\nsource = "{table}"\nlabel = "label"\nparticipant = "site"\n'
        "[training]\nrounds = 1\nlocal_epochs = 1\n"
    )
    bundle = fedmerit.run(scenario, folder / "bundle")
    return bundle, table.rename(folder / "moved.csv")


def test_a_run_is_trained_again_on_a_table_that_lies_elsewhere(own):
    bundle, moved = own

    verdict = fedmerit.audit(bundle, retrain=True, data=moved)

    assert verdict.passed
    assert told(verdict)["the evidence follows from the data"] == "yes"


def test_another_table_is_found_to_be_another(own, tmp_path):
    bundle, moved = own
    other = tmp_path / "other.csv"
    other.write_text(moved.read_text().replace("a,0,0,no", "a,0,0,yes", 1))

    assert (
        told(fedmerit.audit(bundle, retrain=True, data=other))["the evidence follows from the data"]
        == "no"
    )


def test_a_table_that_nothing_would_read_or_that_is_not_there_is_refused(own):
    bundle, moved = own

    with pytest.raises(AuditImpossible, match="nothing is trained or measured again"):
        fedmerit.audit(bundle, data=moved)
    with pytest.raises(AuditImpossible, match="is no file"):
        fedmerit.audit(bundle, retrain=True, data=moved.with_name("gone.csv"))


def test_the_answers_stand_in_the_json_too(hospital_bundle):
    document = fedmerit.audit(hospital_bundle).as_json()

    assert [answer["answer"] for answer in document["answers"]][:2] == ["yes", "yes"]
    assert json.dumps(document)
