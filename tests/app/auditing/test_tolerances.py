"""What is meant for rounding cannot be used up on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from forging import rewrite

from fedmerit.auditing.floats import FLOOR, MEAN, SPREAD, Apart, Judged, by_row, judged
from fedmerit.auditing.metrics import metrics_differing as metrics
from fedmerit.auditing.money import most_moved, slack, weighed
from fedmerit.bundle.directory import COALITIONS
from fedmerit.bundle.schemas import (
    FEDERATION,
    TRAINING,
    VALUATION,
    FederationDocument,
    ValuationDocument,
)
from fedmerit.bundle.training import read_rounds, recorded_gradients
from fedmerit.bundle.valuation import Measured, Updates, valuation_document
from fedmerit.federation import ModelSpec, RetrainingGame, train
from fedmerit.incentives import RecordedGame
from fedmerit.kinds.horizontal.remeasured import Remeasured
from fedmerit.kinds.horizontal.retraining import (
    _PARAMETER,
    _apart,
    _untrained,
    check_retraining,
    consortium_of,
    recorded_run,
)
from fedmerit.kinds.vertical.retraining import _SPREAD, spread_apart
from fedmerit.kinds.vertical.tables import Summary
from fedmerit.stages.draw import seed_of
from fedmerit.stages.reward import decided
from fedmerit.units import MICRO


@pytest.fixture(scope="module")
def consortium(hospital_bundle):
    return consortium_of(hospital_bundle)


@pytest.fixture(scope="module")
def kept(hospital_bundle, consortium):
    return recorded_run(hospital_bundle, consortium)


@pytest.fixture(scope="module")
def again(hospital_bundle, consortium, kept):
    return Remeasured(hospital_bundle, consortium, kept)


@pytest.fixture
def table(hospital_bundle):
    arrays = hospital_bundle.tensors(COALITIONS)
    return arrays["coalitions"].astype(bool), arrays["gains_micro"].copy()


def bent(gains, coalitions, member, amount, share=1.0):
    """Add so many millionths to a share of the rows of every coalition with a member."""
    gains[np.ix_(coalitions[:, member], np.arange(round(share * gains.shape[1])))] += amount
    return gains


@pytest.mark.parametrize("member", range(6))
def test_a_table_bent_by_less_than_a_thousandth_of_a_nat_a_row_is_found(again, table, member):
    coalitions, gains = table

    found = again.judged(coalitions, bent(gains, coalitions, member, 990)).of

    assert not found.holds
    assert (found.outside == coalitions[:, member]).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_table_bent_by_less_than_a_millionth_is_found_by_its_signs(again, table, sign):
    coalitions, gains = table
    gains = bent(gains, coalitions, 2, sign, share=0.9)

    found = again.judged(coalitions, gains).of

    assert np.abs(gains - table[1]).mean(axis=1).max() <= MEAN * MICRO
    assert not found.outside.any()
    assert not found.holds
    assert "leans to one side" in found.why


def test_rows_bent_about_their_means_are_found(again, table):
    coalitions, gains = table
    half = gains.shape[1] // 2
    gains[:, :half] += 900
    gains[:, -half:] -= 900

    found = again.judged(coalitions, gains).of

    assert not found.holds
    assert np.abs((gains - table[1]).mean(axis=1)).max() == 0


def test_the_recorded_table_holds_to_the_last_millionth(again, table):
    found = again.judged(*table).of

    assert found.holds
    assert "0.0e+00" in found.why


def test_roundings_to_either_side_hold(table):
    coalitions, gains = table
    gains += np.random.default_rng(0).integers(-1, 2, gains.shape)
    off = by_row((gains - table[1]) / MICRO, coalitions)

    assert judged(Apart(means=off.means / 10, spreads=off.spreads, groups=off.groups)).holds


def bends(coalitions, trials=40):
    """Give what may be added to coalitions' means: in a member's favour, and at random."""
    rng = np.random.default_rng(1)
    for member in range(coalitions.shape[1]):
        yield np.where(coalitions[:, member], 1.0, -1.0)
    for _ in range(trials):
        yield rng.choice([-1.0, 1.0], len(coalitions))


@pytest.mark.parametrize("mechanism", ["proportional", "confident"])
def test_no_bend_within_the_tolerance_moves_more_than_is_said(
    hospital_bundle, table, mechanism, monkeypatch
):
    scenario = hospital_bundle.scenario
    reward = scenario.reward.model_copy(update={"mechanism": mechanism})
    asked = scenario.model_copy(update={"reward": reward})
    monkeypatch.setattr(type(hospital_bundle), "scenario", asked)
    coalitions, gains = table
    said = hospital_bundle.document(VALUATION, ValuationDocument)
    members = hospital_bundle.document(FEDERATION, FederationDocument)
    paid = decided(hospital_bundle).payments
    measured = Measured(
        game=None,
        owners=hospital_bundle.tensors(COALITIONS)["owners"],
        updates=Updates(read_rounds(hospital_bundle), recorded_gradients(hospital_bundle)),
        curve=said.curve,
    )

    most = most_moved(hospital_bundle, slack(MEAN, SPREAD, gains.shape[1], said.confidence_ppm))

    moved = 0
    for bend in bends(coalitions, 6):
        rows = gains / MICRO + MEAN * bend[:, None] * coalitions.any(axis=1)[:, None]
        game = RecordedGame(members.names, coalitions, rows)
        found = valuation_document(
            replace(measured, game=game), asked, members, seed_of(hospital_bundle)
        )
        payments = decided(hospital_bundle, found).payments
        moved = max(moved, *(abs(a - b) for a, b in zip(payments, paid, strict=True)))
    assert 0 < moved <= most < sum(paid) // 1000


def test_an_audit_says_how_many_base_units_its_tolerance_can_move(hospital_bundle):
    checks = {check.name: check for check in check_retraining(hospital_bundle)}

    said = checks["retrained coalitions"].detail
    assert all(check.status == "ok" for check in checks.values())
    assert "base units at most" in said
    assert int(said.split("moves ")[1].split()[0].replace(",", "")) < 10**21 // 10**4


def test_where_roundings_alone_move_a_good_part_of_the_budget_nothing_is_shown(hospital_bundle):
    chaos = Judged(holds=True, outside=np.zeros(1, dtype=bool), mean=1e-3, spread=1e-3, why="so")
    calm = replace(chaos, mean=MEAN, spread=SPREAD)

    said = [
        weighed(
            hospital_bundle, "retrained coalitions", found, slack(found.mean, 0, 275, 950_000), ""
        )
        for found in (chaos, calm)
    ]

    assert [check.status for check in said] == ["skipped", "ok"]
    assert "whether anybody altered it cannot be told here" in said[0].detail


def test_updates_bent_down_the_loss_by_a_thousandth_are_found(hospital_bundle, kept):
    gradients = recorded_gradients(hospital_bundle)
    for size in (1e-3, 1e-5):
        rounds = tuple(
            replace(
                r,
                updates=r.updates
                - (size * np.sign(gradient) * (r.weights > 0)[:, None]).astype(np.float32),
            )
            for r, gradient in zip(kept.rounds, gradients, strict=True)
        )
        apart = _apart(kept, replace(kept, rounds=rounds), gradients)

        assert not judged(apart, spread=_PARAMETER).holds


def test_an_update_bent_a_little_in_every_round_leans(hospital_bundle, kept):
    gradients = recorded_gradients(hospital_bundle)
    apart = _apart(kept, kept, gradients)
    means = apart.means.copy()
    means[:-1].reshape(len(gradients), -1)[:, 0] = 5 * FLOOR

    assert not judged(Apart(means=means, spreads=apart.spreads, groups=apart.groups)).holds


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("pooled_accuracy_ppm", lambda said: said.update(pooled_accuracy_ppm=999)),
        ("accuracy_ppm", lambda said: said["rounds"][-1].update(accuracy_ppm=745_455 + 900)),
        ("log_likelihood", lambda said: said.update(initial_log_likelihood_micro=-693_147 + 900)),
        ("by_owner_micro", lambda said: said["by_owner_micro"]["Hungary"].__setitem__(3, -900)),
        ("stop_reason", lambda said: said.update(stop_reason="converged")),
        # all rows tie in the untrained model, and each is as right or wrong on every machine
        ("initial_accuracy_ppm", lambda said: said.update(initial_accuracy_ppm=500_000)),
    ],
)
def test_a_metric_bent_within_the_old_tolerance_is_found(copy, field, change):
    rewrite(copy, TRAINING, change)

    found = {check.name: check for check in check_retraining(copy)}["retrained metrics"]

    assert found.status == "differs"
    assert field in found.detail


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("features[0]", lambda said: said["features"].__setitem__(0, "shoe size")),
        ("classes[1]", lambda said: said["classes"].__setitem__(1, "cured")),
        ("members[1].rows", lambda said: said["members"][1].update(rows=206)),
        ("members[1].declared_rows", lambda said: said["members"][1].update(declared_rows=206)),
    ],
)
def test_a_lie_about_features_classes_or_rows_is_found_with_the_data(copy, field, change):
    rewrite(copy, FEDERATION, change)

    first = next(check_retraining(copy))

    assert first.status == "differs"
    assert field in first.detail


def test_what_a_rounding_turns_into_more_is_explained_by_roundings_alone():
    coalitions = np.random.default_rng(0).random((64, 6)) < 0.5
    quiet = np.zeros(64)

    def off(**at):
        means = quiet.copy()
        for place, size in at.items():
            means[int(place[1:])] = size
        return Apart(means=means, spreads=np.abs(means), groups=coalitions.T)

    kinked = off(_3=2e-4)
    assert not judged(kinked).holds
    assert not judged(kinked, lambda _: off()).holds
    once = iter([off(), off(_7=3e-4), off(), off()])
    assert judged(kinked, lambda _: next(once)).holds
    assert not judged(off(_3=9e-4), lambda _: off(_7=3e-4)).holds
    many = off(**{f"_{place}": 1e-4 for place in range(0, 64, 4)})
    assert not judged(many, lambda _: off(_7=3e-4)).holds


def test_numbers_that_are_none_are_no_agreement():
    apart = Apart(
        means=np.array([np.nan]), spreads=np.array([np.nan]), groups=np.ones((1, 1), dtype=bool)
    )

    assert not judged(apart).holds


def test_a_nudged_model_is_another_by_a_rounding_and_no_more(consortium, kept, table):
    coalitions, _ = table
    spec = replace(consortium.model, nudge=1)
    again = train(consortium.federation, spec, consortium.settings, seed=0)
    off = np.abs(again.final - kept.final).max()
    game = RetrainingGame(
        consortium.federation, spec, consortium.settings, rounds=len(kept.rounds), seed=0
    )

    assert 0 < off < _PARAMETER
    assert game.worth(coalitions[:1])[0] == 0
    assert ModelSpec().nudge == 0


def test_a_metric_that_moves_as_far_for_a_rounding_is_explained():
    said = {"log_likelihood_micro": 100, "accuracy_ppm": 500, "rounds": 3}
    found = {**said, "log_likelihood_micro": 110}

    assert metrics(said, said, lambda: iter(())) == []
    assert metrics(said, found, lambda: iter(()))
    assert metrics(said, found, lambda: iter([{**found, "log_likelihood_micro": 116}])) == []
    assert metrics(said, {**said, "rounds": 4}, lambda: iter([{**said, "rounds": 5}]))


def test_ties_explain_no_accuracy_of_a_model_that_was_not_trained(kept):
    idle = replace(kept, rounds=kept.rounds[:3])
    start = idle.rounds[0].global_before
    still = [replace(round_, global_before=start) for round_ in idle.rounds[:2]]
    idle = replace(idle, rounds=(*still, idle.rounds[2]))
    found = {"initial_accuracy_ppm": 500, "rounds": ({"accuracy_ppm": 500}, {"accuracy_ppm": 500})}
    said = {"initial_accuracy_ppm": 700, "rounds": ({"accuracy_ppm": 700}, {"accuracy_ppm": 700})}

    wrong = metrics(said, found, lambda: iter([said]), _untrained(idle))

    assert [place.partition(" ")[0] for place in wrong] == [
        "initial_accuracy_ppm",
        "rounds[0].accuracy_ppm",
    ]


def test_a_spread_bent_by_a_hundredth_is_found_in_sums_over_rows():
    values = np.diag([4_000_000, 9_000_000])
    ours = Summary(
        np.arange(4), np.full(2, 10**6), np.full(2, 10**6), values, np.full((2, 2), 10**6)
    )
    for name in ("given_nano", "mandatory_nano", "values_nano", "pairs_nano"):
        theirs = replace(ours, **{name: (getattr(ours, name) * 0.99).astype(np.int64)})

        assert spread_apart(theirs, ours) > _SPREAD
    assert spread_apart(ours, ours) == 0
