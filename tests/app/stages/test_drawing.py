"""The draw of a run: what is valued by its seed, and what an audit says of a forged one."""

from __future__ import annotations

import pytest
from forging import forge

import fedmerit
from fedmerit.bundle.schemas import DRAWN, VALUATION, ValuationDocument
from fedmerit.chain.settlement.request import MAXIMUM_EXACT
from fedmerit.errors import ChainError, ScenarioError
from fedmerit.incentives import METHODS
from fedmerit.report.findings import read
from fedmerit.report.sentences.draw import drawing
from fedmerit.scenario.reading import parse
from fedmerit.stages.committing import commitment_of, shapley_integers, utilities_of
from fedmerit.stages.draw import drawn_of, seed_of
from fedmerit.streams import derived_seed

NOT_DRAWN = {"commit_window": 0, "reveal_window": 0, "stake": 0}


def small(**changes):
    scenario = {
        "name": "small",
        "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 4}},
        "training": {"rounds": 2, "local_epochs": 1},
    }
    return parse({**scenario, **changes}, origin="test")


def found(bundle):
    return {check.name for check in fedmerit.audit(bundle).differences}


def test_the_members_are_valued_by_the_seed_that_they_drew(hospital_bundle):
    drawn = drawn_of(hospital_bundle)

    valuation = hospital_bundle.document(VALUATION, ValuationDocument)
    assert valuation.seed == drawn.seed
    assert set(drawn.revealed) == set(valuation.participants)
    assert not drawn.slashed


def test_another_seed_of_the_valuation_is_found(copy):
    forge(copy, VALUATION, lambda said: said.update(seed=f"0x{7:064x}"))

    assert "valuation seed" in found(copy)


def test_a_draw_that_is_told_otherwise_is_found(copy):
    forge(copy, DRAWN, lambda said: said["slashed"].update(Hungary="5"))

    # Whoever is said to have withheld is not paid, so the payments are others as well.
    assert found(copy) == {"slashes", "report", "payments", "provable faults"}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("draws", lambda said: said.update(draws=7)),
        ("chain_id", lambda said: said.update(chain_id=5)),
        ("job", lambda said: said.update(job=9)),
        ("revealed", lambda said: said["revealed"].update(Nobody=said["seed"])),
        ("revealed", lambda said: said["revealed"].popitem()),
    ],
)
def test_what_the_bundle_says_of_the_draw_is_held_against_the_chain(field, change, copy):
    forge(copy, DRAWN, change)

    details = {check.name: check.detail for check in fedmerit.audit(copy).differences}
    assert details["draw"].endswith(f"differ in {field}")


def test_a_seed_that_one_member_drew_alone_is_not_called_unforeseeable(copy):
    both = "".join(map(str, drawing(read(copy))))
    forge(copy, DRAWN, lambda said: said.update(revealed=dict(list(said["revealed"].items())[:1])))
    alone = "".join(map(str, drawing(read(copy))))

    assert "nobody could foresee it" in both
    assert "nobody could foresee it" not in alone
    assert "this member alone drew it" in alone


@pytest.mark.slow
def test_without_a_draw_the_scenarios_seed_is_valued_by(tmp_path):
    bundle = fedmerit.run(small(settlement=NOT_DRAWN), tmp_path / "b")

    assert not int(drawn_of(bundle).seed, 16)
    assert seed_of(bundle) == derived_seed(0, "valuation")
    assert fedmerit.audit(bundle).passed
    assert "no draw" in bundle.read("report.html").decode()

    forge(bundle, VALUATION, lambda said: said.update(seed=f"0x{12345:064x}"))

    assert "valuation seed" in found(bundle)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param("antithetic", marks=pytest.mark.slow),
        *(pytest.param(name, marks=pytest.mark.long) for name in ("tmc", "owen", "kernel-shap")),
        pytest.param("banzhaf", marks=pytest.mark.long),
    ],
)
def test_what_the_chain_cannot_follow_is_committed_as_a_table_alone(method, tmp_path):
    data = {"source": "digits", "partition": {"recipe": "iid", "participants": 6}}

    bundle = fedmerit.run(
        small(data=data, valuation={"method": method, "max_coalitions": 40}), tmp_path / "b"
    )

    valued = commitment_of(bundle)
    assert (valued.permutations, valued.values) == (0, ())
    assert dict(zip(valued.coalitions, valued.utilities, strict=True)) == utilities_of(bundle)
    verdict = fedmerit.audit(bundle)
    assert verdict.passed, verdict.differences


def test_exact_integers_are_the_values_times_the_number_of_orders(hospital_bundle):
    valuation = hospital_bundle.document(VALUATION, ValuationDocument)
    rows = hospital_bundle.tensors("coalitions.safetensors")["gains_micro"].shape[1]

    whole = shapley_integers(utilities_of(hospital_bundle), 6)

    assert len(valuation.values) <= MAXIMUM_EXACT
    for integer, nano in zip(whole, valuation.values, strict=True):
        assert integer * 1000 / 720 / rows == pytest.approx(nano, abs=1)


def test_orders_of_one_seed_are_the_same_whatever_is_asked_of_the_game():
    class Sizes:
        participants = tuple("abcdef")

        def worth(self, coalitions):
            return (coalitions @ [1.0, 2, 3, 4, 5, 6]) ** 0.5

    few, many = (METHODS["permutation"](Sizes(), budget=n, seed=2**255 + 1) for n in (20, 40))

    assert 2 <= few.orders < many.orders
    assert METHODS["antithetic"](Sizes(), budget=40, seed=1).orders == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"commit_window": 0}, "reveal_window"),
        ({"stake": 0}, "needs a 'stake'"),
        ({"commit_window": -1}, "commit_window"),
        ({"reveal_window": 1.5}, "reveal_window"),
        ({"stake": 2**128}, "stake"),
    ],
)
def test_half_a_draw_is_no_scenario(asked, said):
    with pytest.raises(ScenarioError, match=said):
        small(settlement=asked)


def test_more_members_than_a_table_on_chain_can_name_are_refused_before_they_train(tmp_path):
    data = {"source": "digits", "partition": {"recipe": "iid", "participants": 257}}

    with pytest.raises(ChainError, match="contracts keep 256") as caught:
        fedmerit.run(small(data=data), tmp_path / "b")

    assert "Have 256 participants or fewer" in caught.value.hint


@pytest.mark.parametrize("window", ["commit_window", "reveal_window"])
def test_windows_that_honest_members_would_miss_are_refused_before_they_train(tmp_path, window):
    with pytest.raises(ChainError, match="lose its stake for nothing") as caught:
        fedmerit.run(small(settlement={window: 7}), tmp_path / "b")

    assert "to 8 or more" in caught.value.hint
    assert not (tmp_path / "b").exists()
