from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from forging import rename

from fedmerit.bundle.directory import REPORT, SEAL, Bundle
from fedmerit.bundle.schemas import (
    LEDGER,
    OUTCOME,
    TRAINING,
    VALUATION,
    CheckpointDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.canonical import canonical
from fedmerit.errors import BundleError
from fedmerit.report import render, write
from fedmerit.report.units import exact_tokens

HOSTILE = "</script><script>alert('1')</script>&amp;<img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """What a browser would make of the report, as far as these tests ask."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.scripts, self._inside = [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, _tag):
        self._inside = ""

    def handle_data(self, data):
        (self.scripts if self._inside == "script" else self.text).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def html(hospital_bundle):
    return render(hospital_bundle)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


@pytest.fixture
def copy(hospital_bundle, tmp_path):
    shutil.copytree(hospital_bundle.path, tmp_path / "copy")
    return Bundle(tmp_path / "copy")


def change(bundle, name, kind, **update):
    document = bundle.document(name, kind)
    bundle.write_document(name, document.model_copy(update=update))


# -- the same bytes


def test_a_bundle_is_drawn_to_the_same_bytes_every_time(hospital_bundle, html):
    assert render(hospital_bundle) == html


def test_the_report_in_a_finished_bundle_is_what_its_files_look_like(hospital_bundle, html):
    assert hospital_bundle.read(REPORT).decode() == html


def test_a_report_can_be_written_again_after_the_seal_and_the_old_report_are_gone(copy, html):
    (copy.path / SEAL).unlink()
    (copy.path / REPORT).unlink()

    assert write(copy).read_text("utf-8") == html


def test_how_long_the_stages_took_is_not_part_of_the_report(copy, html):
    timings = json.loads(copy.read("timings.json"))
    copy.write("timings.json", canonical({**timings, "milliseconds": {"train": 1}}))

    assert render(copy) == html


def test_a_bundle_that_has_not_settled_is_refused_by_the_missing_file(copy):
    (copy.path / LEDGER).unlink()

    with pytest.raises(BundleError, match=r"ledger\.json"):
        render(copy)


def test_a_ledger_of_another_form_is_refused(copy):
    copy.write(LEDGER, b"{}\n")

    with pytest.raises(BundleError, match="settlement"):
        render(copy)


# -- one file, for everyone


def test_the_page_fetches_nothing(page):
    for tag in ("script", "img", "link", "iframe", "source"):
        assert not any("src" in attributes or "href" in attributes for attributes in page.all(tag))


def test_the_page_allows_its_own_scripts_only(html):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]

    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/=]+' 'sha256-[\w+/=]+';", policy)


def test_every_chart_has_a_name_a_description_and_a_table(page, html):
    charts = [each for each in page.all("div") if each.get("class") == "chart"]

    assert len(charts) == 13
    assert all(each["role"] == "img" and each["aria-label"] for each in charts)
    for section in re.findall(r"<section.*?</section>", html, re.DOTALL):
        assert "<table>" in section


def test_headings_descend_by_one_and_tables_have_captions(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]

    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    assert len(page.all("caption")) == len(page.all("table"))


def test_links_of_the_contents_lead_somewhere(page):
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}

    targets = [attributes["href"] for attributes in page.all("a")]
    assert len(targets) == 14
    assert {target.removeprefix("#") for target in targets} <= ids


# -- what it says


def test_the_page_says_who_is_paid_what_to_the_last_unit(page, hospital_bundle):
    outcome = hospital_bundle.document(OUTCOME, OutcomeDocument)

    for amount in (*outcome.payments, outcome.reserve, outcome.budget):
        assert exact_tokens(amount) in page.words
        assert f"{amount:,}" in page.words


def test_the_page_names_the_manifest_that_the_chain_recorded(page, hospital_bundle):
    assert hospital_bundle.digest in page.words


def test_the_free_rider_is_named_with_its_value_its_share_and_the_reason(page, hospital_bundle):
    value = hospital_bundle.document(VALUATION, ValuationDocument).values[4]

    assert "Free-rider is named as a free-rider and is paid nothing" in page.words
    assert value > 0
    assert f"above zero: {value / 10**6:.1f} ±" in page.words
    assert "damps the step of a harmful member, here Mislabelled clinic" in page.words


def test_a_free_rider_of_no_value_gets_no_explanation_of_one(copy):
    valuation = copy.document(VALUATION, ValuationDocument)
    values = (*valuation.values[:4], -5_000_000, valuation.values[5])
    change(copy, VALUATION, ValuationDocument, values=values)

    words = Page(render(copy)).words

    assert "Its value, \u22125.0 ±" in words
    assert "damps" not in words


def test_without_free_riders_nobody_is_called_one(copy):
    change(copy, TRAINING, TrainingDocument, idle=())

    assert "is named as a free-rider" not in Page(render(copy)).words


def test_every_value_stands_there_with_its_interval(page, hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)

    for value, half in zip(valuation.values, valuation.half_widths, strict=True):
        sign = "\u2212" if value < 0 else ""
        assert f"{sign}{abs(value) / 10**6:.2f} ± {half / 10**6:.2f}" in page.words


def test_an_exact_valuation_says_why_it_was_chosen_and_that_nothing_converges(page):
    assert "was chosen automatically: all 64 coalitions" in page.words
    assert "hold one error: that the groups were measured on these 275" in page.words
    assert "there is nothing to converge" in page.words


def test_a_sampled_valuation_says_that_it_is_one(copy):
    said = copy.document(VALUATION, ValuationDocument)
    way = CheckpointDocument(evaluations=20, values=(0,) * 6, standard_errors=said.standard_errors)
    change(
        copy,
        VALUATION,
        ValuationDocument,
        method="antithetic",
        reason="",
        evaluations=40,
        errors="analytic",
        trace=(way, way.model_copy(update={"evaluations": 40, "values": said.values})),
        interactions=None,
    )

    html = render(copy)
    words = Page(html).words

    assert "40 of the 64 possible groups" in words
    assert "antithetic , is the one that the scenario asks for" in words
    assert "hold two errors: that some groups were drawn and not others" in words
    assert "looked at 2 times on the way; from 20 groups to 40 the values moved by at most" in words
    assert "is not shown: for that, each of the 2 6 possible groups" in words
    assert 'id="chart-convergence"' in html
    assert 'id="chart-interactions"' not in html


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("analytic", "the independent draws of groups differ"),
        ("bootstrap", "drawing again, many times"),
        ("cross-fit", "that the fitted model of the game had not seen"),
    ],
)
def test_how_the_errors_were_found_is_said(copy, kind, said):
    change(copy, VALUATION, ValuationDocument, errors=kind)

    assert said in Page(render(copy)).words


def test_steps_of_the_order_that_are_not_certain_are_named_with_their_probability(page):
    assert "Of 5 steps in the order below, 3 are not certain at 95%: Hungary above" in page.words
    assert re.search(r"Hungary above VA Long Beach \(\d\d\.\d%\)", page.words)


def test_an_order_of_which_no_step_is_certain_is_said_to_be_none(copy):
    tossed = tuple((600_000,) * 6 for _ in range(6))
    change(copy, VALUATION, ValuationDocument, outranks_ppm=tossed)

    assert "Of 5 steps in the order below, none is certain at 95%" in Page(render(copy)).words


def test_the_order_stands_open_and_every_pair_is_a_fold_away(html):
    (section,) = re.findall(r'<section aria-labelledby="sure">.*?</section>', html, re.DOTALL)
    before, _, after = section.partition("<details>")

    assert "<caption>The order of the values" in before
    assert "for every pair</summary>" in after


def test_the_best_member_is_named_with_its_interval(page):
    assert re.search(r"Hungary contributed most, \d+\.\d ± \d+\.\d milli-nats", page.words)


def test_an_order_that_is_certain_throughout_is_said_to_be(copy):
    sure = tuple((999_999,) * 6 for _ in range(6))
    change(copy, VALUATION, ValuationDocument, outranks_ppm=sure)

    words = Page(render(copy)).words

    assert "People act on ranks, and here they may" in words
    assert "over 99.9%" in words


def test_pairs_that_stand_in_for_each_other_and_that_complete_are_named(page):
    assert "Cleveland and Hungary stand in for each other most, by \u2212" in page.words
    assert "Mislabelled clinic complete each other most, by +" in page.words


def test_a_second_opinion_that_finds_updates_the_wrong_way_names_whose(page):
    assert "the updates of Mislabelled clinic pointed the wrong way" in page.words


def test_values_in_accuracy_are_written_per_mille(copy):
    change(copy, VALUATION, ValuationDocument, game="rounds", metric="accuracy")

    words = Page(render(copy)).words

    assert "Values in per mille of validation rows" in words
    assert "one more right answer in a thousand validation rows" in words
    assert "Nothing was trained again" in words
    assert "What each pair adds together, in per mille" in words


def test_leave_one_out_is_not_said_to_add_up(copy):
    said = copy.document(VALUATION, ValuationDocument)
    change(copy, VALUATION, ValuationDocument, method="leave-one-out", values=said.leave_one_out)

    words = Page(render(copy)).words

    assert "what everyone together would lose without each one" in words
    assert "need not add up" in words


def test_a_mechanism_that_pays_by_something_else_is_said_to(copy):
    budget = copy.document(OUTCOME, OutcomeDocument).budget
    shares = tuple(
        step.model_copy(update={"payment": budget // 8, "share_ppm": 125_000})
        for step in copy.document(OUTCOME, OutcomeDocument).steps
    )
    change(
        copy,
        OUTCOME,
        OutcomeDocument,
        mechanism="equal",
        payments=(budget // 8,) * 6,
        reserve=budget // 4,
        steps=shares,
    )

    words = Page(render(copy)).words

    assert "does not pay by the value alone" in words
    assert "and 250 stay in the reserve" in words


def test_nobody_of_value_makes_a_report_all_the_same(copy):
    valuation = copy.document(VALUATION, ValuationDocument)
    outcome = copy.document(OUTCOME, OutcomeDocument)
    change(copy, VALUATION, ValuationDocument, values=(-1,) * 6, worth=-6, curve=())
    steps = tuple(
        step.model_copy(update={"value": -1, "counted": 0, "payment": 0, "share_ppm": 0})
        for step in outcome.steps
    )
    change(copy, OUTCOME, OutcomeDocument, payments=(0,) * 6, reserve=outcome.budget, steps=steps)

    words = Page(render(copy)).words

    assert "Nobody is paid: all 1,000 tokens stay in the reserve." in words
    assert "Who helped when" not in words
    assert valuation.curve


# -- names that attack


def test_a_hostile_name_is_shown_and_breaks_out_of_nothing(copy, page):
    rename(copy, "Hungary", HOSTILE)

    attacked = Page(render(copy))

    assert " ".join(HOSTILE.split()) in attacked.words
    assert len(attacked.all("script")) == len(page.all("script"))
    assert attacked.all("img") == []
    assert not any(name.startswith("on") for _, attrs in attacked.tags for name in attrs)


def test_the_json_of_every_chart_survives_a_hostile_name(copy):
    rename(copy, "Hungary", HOSTILE)

    html = render(copy)

    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert len(found) == 14
    assert all(json.loads(each) for each in found)
    assert not any(character in each for each in found for character in "<>&\u2028\u2029")
