"""What Python shows of a run."""

from __future__ import annotations

import shutil

import pytest
from forging import rename

import fedmerit
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.results import Results
from fedmerit.bundle.schemas import OUTCOME, VALUATION, OutcomeDocument, ValuationDocument
from fedmerit.incentives import Outcome, TableGame, value

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def results(hospital_bundle):
    return Results.open(hospital_bundle.path)


def test_payments_and_values_are_those_of_the_documents(results):
    outcome = results.document(OUTCOME, OutcomeDocument)
    valuation = results.document(VALUATION, ValuationDocument)

    assert list(results.payments.values()) == list(outcome.payments)
    assert [round(value * 10**9) for value in results.values.values()] == list(valuation.values)


def test_the_table_is_sorted_by_pay_and_holds_the_interval_and_the_reason(results):
    table = results.table()

    assert list(table["payment"]) == sorted(results.payments.values(), reverse=True)
    assert table.loc["Free-rider", "reason"] == "zero-updates"
    assert ((table["low"] <= table["tokens"]) & (table["tokens"] <= table["high"])).all()
    assert table["payment"].sum() == results.scenario.reward.budget


def test_a_notebook_shows_hostile_names_and_runs_none(results, tmp_path):
    copy = Bundle(shutil.copytree(results.path, tmp_path / "copy"))
    rename(copy, "Hungary", HOSTILE)

    for shown in (
        Results.open(copy.path)._repr_html_(),
        value(TableGame((HOSTILE, "b"), {frozenset({"b"}): 1.0}), budget=4, seed=0)._repr_html_(),
        Outcome(
            participants=(HOSTILE,), budget=1, payments=(1,), slashes=(0,), reserve=0
        )._repr_html_(),
    ):
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown


def test_an_unfinished_run_shows_nothing_yet(results, tmp_path):
    copy = shutil.copytree(results.path, tmp_path / "copy")
    (copy / OUTCOME).unlink()

    assert Results.open(copy)._repr_html_() is None


def test_a_verdict_shows_its_checks(results):
    shown = fedmerit.audit(results)._repr_html_()

    assert shown.startswith("<table><caption>The bundle holds")
    assert shown.count("<tr>") > 40
