"""What an audit says of the terms that a job was opened on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedmerit.auditing.terms import check_form, check_terms
from fedmerit.bundle.schemas import LEDGER
from fedmerit.chain import Ledger


@pytest.fixture
def opened(hospital_bundle):
    """Give the bundle's ledger, as if its job had been opened on other terms."""
    ledger = Ledger.from_json(hospital_bundle.text(LEDGER))

    def on(**changes):
        events = [
            replace(
                event, arguments={**event.arguments, "terms": event.arguments["terms"] | changes}
            )
            if event.name == "JobOpened"
            else event
            for event in ledger.events
        ]
        return replace(ledger, events=tuple(events))

    return on


def test_a_job_that_leaves_its_form_open_is_named(opened):
    check = check_form(opened(form=0))

    assert check.status == "differs"
    assert "leave it open" in check.detail


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"form": 1}, "follows no value"),
        ({"form": 2}, "exact values"),
        ({"form": 3, "permutations": 40}, "40 joining orders"),
    ],
)
def test_what_the_terms_fix_is_said(terms, said, opened):
    check = check_form(opened(**terms))

    assert check.status == "ok"
    assert said in check.detail


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ({"form": 1}, "form (1, not 2)"),
        ({"permutations": 9}, "permutations (9, not 0)"),
        ({"rules": f"0x{7:064x}"}, "rules (0x"),
    ],
)
def test_terms_that_the_scenario_does_not_give_are_found(terms, named, opened, hospital_bundle):
    assert check_terms(hospital_bundle, opened()).status == "ok"

    check = check_terms(hospital_bundle, opened(**terms))

    assert check.status == "differs"
    assert named in check.detail
