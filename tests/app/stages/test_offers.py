"""Offers of a run: sealed in the draw, opened in time, decided by, and held to the chain."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace

import pytest
import tomli_w
from forging import forge

import fedmerit
from fedmerit.auditing.drawn import check_draw
from fedmerit.auditing.offered import check_bids
from fedmerit.bundle.directory import SCENARIO, Bundle
from fedmerit.bundle.schemas import (
    BIDS,
    DRAWN,
    LEDGER,
    OUTCOME,
    TRAINING,
    BidsDocument,
    OutcomeDocument,
    TrainingDocument,
)
from fedmerit.chain import Ledger
from fedmerit.chain.proofs.sealing import SealedBid
from fedmerit.commands.summary import as_json, member_rows
from fedmerit.errors import BidError, ChainError, RewardError, ScenarioError, Underfunded
from fedmerit.incentives import MECHANISMS, SETTLED
from fedmerit.incentives.mechanisms import UNSETTLED, Need
from fedmerit.scenario.reading import load, parse
from fedmerit.stages.chains import EMBEDDED
from fedmerit.stages.check import check
from fedmerit.stages.draw import drawn_of, update_digests_of
from fedmerit.stages.offering import check_offers
from fedmerit.stages.report import report
from fedmerit.stages.reward import decided, decided_with_intervals, reward

#: What members' parts cost them; the last one never opens its offer.
COSTS = {"member-1": 300, "member-2": 100, "member-3": 120, "member-4": 1}
ROWS = {"member-1": 90, "member-2": 90, "member-3": 90, "member-4": 90}


def market(**changes):
    """Give a scenario of four owners of digits, of whom the third overstates its costs."""
    members = [{"name": name, "offer": {"cost": cost}} for name, cost in COSTS.items()]
    members[2]["offer"]["ask_multiplier"] = 1.5
    members[3]["reveals"] = False
    scenario = {
        "name": "market",
        "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 4}},
        "members": members,
        "training": {"rounds": 1, "local_epochs": 1, "learning_rate": 0.5},
        "reward": {"mechanism": "uniform-price", "budget": 1000},
    }
    return parse({**scenario, **changes}, origin="test")


def offers(**changed):
    """Give the members of :func:`market` with other offers; None for none."""
    stated = {name: {"cost": cost} for name, cost in COSTS.items()} | changed
    return [{"name": n, **({"offer": each} if each else {})} for n, each in stated.items()]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return fedmerit.run(market(), tmp_path_factory.mktemp("market") / "bundle")


@pytest.fixture
def copy(bundle, tmp_path):
    return Bundle(shutil.copytree(bundle.path, tmp_path / "copy"))


def rewrite(bundle, change):
    """Alter the scenario of a bundle."""
    scenario = tomllib.loads(bundle.text(SCENARIO))
    change(scenario)
    bundle.write(SCENARIO, tomli_w.dumps(scenario).encode())


def found(bundle):
    return {check.name for check in fedmerit.audit(bundle).differences}


def differing(bundle):
    """Give what the audit's checks of offers alone find."""
    return {check.name: check.detail for check in check_bids(bundle) if check.status != "ok"}


def asks(place, cost):
    return lambda document: document["offers"][place].update(cost=str(cost))


def test_the_cheapest_are_bought_at_the_first_losing_ask_of_those_that_opened(bundle):
    outcome = bundle.document(OUTCOME, OutcomeDocument)

    # 100 and 1.5 * 120 win, 300 loses; the 1 that was never opened does not count.
    assert outcome.payments == (0, 300, 300, 0)
    assert outcome.bought_ppm == (0, 10**6, 10**6, 0)
    assert outcome.reserve == 400
    assert fedmerit.audit(bundle).passed


def test_who_keeps_its_offer_sealed_is_out_and_loses_its_stake(bundle):
    opened = [offer.name for offer in bundle.document(BIDS, BidsDocument).offers]

    assert opened == ["member-1", "member-2", "member-3"]
    assert set(drawn_of(bundle).slashed) == {"member-4"}
    assert drawn_of(bundle).draws == 2


def test_what_the_chain_was_shown_is_each_offer_sealed_with_its_members_updates(bundle):
    training = bundle.document(TRAINING, TrainingDocument)
    updates = update_digests_of(training, 4)

    for offer, digest in zip(bundle.document(BIDS, BidsDocument).offers, updates, strict=False):
        seal = SealedBid(cost=offer.cost, units=offer.units, updates=digest)
        assert drawn_of(bundle).revealed[offer.name] == f"0x{seal.digest.hex()}"
        assert drawn_of(bundle).revealed[offer.name] != f"0x{digest.hex()}"


def test_the_manifest_binds_the_offers(bundle):
    assert BIDS in bundle.listed("manifest.json")


def test_the_command_shows_what_each_asks(bundle):
    rows = {row["Member"]: row["Asks"] for row in member_rows(bundle)}
    members = {member["name"]: member["asked"] for member in as_json(bundle)["members"]}

    assert rows["member-4"] == "\u2013"
    assert members == {"member-1": "300", "member-2": "100", "member-3": "180", "member-4": None}


def test_the_report_shows_every_offer_and_whose_is_bought(bundle):
    page = bundle.read("report.html").decode()

    assert "What each asks (diamond) and is paid (bar)" in page
    for said in ("did not open its offer", "not bought", ">bought<", "100%"):
        assert said in page
    assert "member-2</strong> and <strong>member-3" in page


def test_an_offer_that_is_changed_after_the_fact_is_found(copy):
    forge(copy, BIDS, asks(0, 299))

    assert found(copy) >= {"sealed bids", "payments", "evidence on chain"}


def test_an_offer_that_was_opened_too_late_is_found(copy):
    late = {"name": "member-4", "cost": "1", "units": 9}
    forge(copy, BIDS, lambda document: document["offers"].append(late))

    assert differing(copy).keys() == {"opened bids"}
    # It withheld its secret: nothing is due.
    assert decided_with_intervals(copy) == copy.document(OUTCOME, OutcomeDocument)


def test_an_offer_that_is_left_out_is_found(copy):
    forge(copy, BIDS, lambda document: document["offers"].pop(1))

    assert differing(copy).keys() == {"opened bids"}


def test_offers_that_are_told_in_another_order_are_found(copy):
    forge(copy, BIDS, lambda document: document["offers"].reverse())

    assert "opened bids" in differing(copy)


def test_a_second_offer_of_somebody_is_found_although_only_the_last_counts(copy):
    forge(copy, BIDS, lambda document: document["offers"].insert(0, document["offers"][2]))

    assert differing(copy).keys() == {"opened bids"}


def test_an_offer_that_is_a_copy_of_anothers_is_found(copy):
    forge(copy, BIDS, asks(0, 100))
    assert "member-1 had sealed another offer" in differing(copy)["sealed bids"]

    stolen = drawn_of(copy).revealed["member-2"]
    forge(copy, DRAWN, lambda document: document["revealed"].update({"member-1": stolen}))
    assert "member-1 had sealed another offer" in differing(copy)["sealed bids"]


def test_an_offer_that_is_changed_everywhere_but_on_the_chain_is_found(copy):
    """As by a coordinator that has seen all offers, and settles with everybody's keys."""

    def cheaper(scenario):
        scenario["members"][0]["offer"]["cost"] = 10

    rewrite(copy, cheaper)
    forge(copy, BIDS, asks(0, 10))
    reward(copy)
    assert copy.document(OUTCOME, OutcomeDocument).payments == (180, 180, 0, 0)
    copy.write_manifest()
    report(copy)
    copy.write_seal()

    assert found(copy) >= {"bound updates", "sealed bids", "money"}


def test_another_offer_in_a_repeated_draw_after_the_first_were_opened_is_found(bundle):
    ledger = Ledger.from_json(bundle.text(LEDGER))
    assert drawn_of(bundle).draws == 2
    first = next(event for event in ledger.events if event.name == "Revealed")
    other = replace(first, arguments={**first.arguments, "updateDigest": f"0x{'11' * 32}"})
    events = tuple(other if event == first else event for event in ledger.events)

    checks = {c.name: c.status for c in check_draw(bundle, replace(ledger, events=events))}

    assert checks["bound updates"] == "differs"


def test_a_committee_that_keeps_too_many_offers_sealed_is_refused_before_the_training():
    silent = market(settlement={"committee": ["member-4", "member-1"], "threshold": 2})

    with pytest.raises(ChainError, match="1 of its 2 members show their secret"):
        check(silent, EMBEDDED)


def test_more_rows_than_are_declared_are_found(copy):
    forge(copy, BIDS, lambda document: document["offers"][0].update(units=10**6))

    assert differing(copy).keys() == {"offered rows", "sealed bids"}


SETTINGS = {
    "vcg": {"worth": 10**4},
    "msensing": {"worth": 10**4},
    "pvcg": {"alpha": 2},
    "fvcg": {"alpha": 1, "largest": 400, "dearest": 1},
    "fli": {"worth": 10**3},
    "first-score": {"worth": 1, "span": 400},
    "second-score": {"worth": 1},
    "contract": {"alpha": 100, "types": [3, 2, 1]},
    "posted-price": {"worth": 100},
}


@pytest.mark.parametrize("mechanism", SETTLED)
def test_every_mechanism_that_runs_can_settle_decides_on_what_a_run_records(mechanism, copy):
    def choose(scenario):
        scenario["reward"] = {
            "mechanism": mechanism,
            "budget": 10**6,
            "settings": SETTINGS.get(mechanism, {}),
        }

    rewrite(copy, choose)
    bids = Need.BIDS in MECHANISMS[mechanism].needs
    if bids:
        check_offers(copy.scenario, dict.fromkeys(COSTS, 360))

    outcome = decided(copy)

    assert sum(outcome.payments) + outcome.reserve == 10**6
    if bids:
        assert outcome.payments[3] == 0  # its offer was never opened
        assert len(outcome.bought_ppm) in {0, 4}
        assert all(0 <= part <= 10**6 for part in outcome.bought_ppm)


@pytest.mark.parametrize("mechanism", UNSETTLED)
def test_what_no_run_can_settle_is_refused_with_the_reason(mechanism):
    with pytest.raises(RewardError, match=f"no run can settle '{mechanism}': it ") as caught:
        check(market(reward={"mechanism": mechanism}), EMBEDDED)

    assert "proportional-share" in caught.value.hint


def test_a_reputation_decides_between_asks(copy):
    def known(scenario):
        scenario["reward"] = {"mechanism": "reputation-price", "budget": 10**4}
        scenario["members"][1]["reputation"] = 0.25

    rewrite(copy, known)

    # Asks per reputation: 300, 400, 180: the second is now the dearest.
    assert decided(copy).payments == (400, 0, 400, 0)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"members": offers(**{"member-2": None})}, BidError, "member-2 make none"),
        (
            {"members": offers(**{"member-2": {"cost": 1, "units": 91}})},
            BidError,
            "offers the use of 91 rows and declares 90",
        ),
        (
            {"settlement": {"commit_window": 0, "reveal_window": 0, "stake": 0}},
            ScenarioError,
            "nothing seals them",
        ),
        ({"reward": {"mechanism": "equal"}}, ScenarioError, "asks for no offers"),
        (
            {"reward": {"mechanism": "uniform-price", "settings": {"winers": 2}}},
            RewardError,
            "no setting 'winers'",
        ),
        (
            {"reward": {"mechanism": "uniform-price", "settings": {"winners": 0}}},
            RewardError,
            "winners must be 1 or more",
        ),
        ({"reward": {"mechanism": "second-score"}}, RewardError, "needs to know worth"),
        (
            {"reward": {"mechanism": "pvcg", "settings": {"alpha": str(10**20)}}},
            Underfunded,
            "may owe up to",
        ),
        (
            {"reward": {"mechanism": "contract", "settings": {"alpha": 9, "types": [1, 2, 3]}}},
            RewardError,
            "falling costs",
        ),
        (
            {"reward": {"mechanism": "vcg"}, "valuation": {"max_coalitions": 15}},
            ScenarioError,
            r"all 2\*\*4 coalitions",
        ),
        (
            {"members": [{"name": "member-1", "reputation": 0.5, "offer": {"cost": 1}}]},
            ScenarioError,
            "looks at none",
        ),
    ],
)
def test_what_would_keep_the_mechanism_from_deciding_is_found_before_the_training(
    changes, error, said
):
    scenario = market(**changes)
    if "looks at none" in said:
        scenario = market(members=[*changes["members"], *offers()[1:]])

    with pytest.raises(error, match=said) as caught:
        check_offers(scenario, ROWS)

    assert caught.value.hint or "winners" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"members": offers(**{"member-1": {"cost": -1}})}, r"members.0.offer.cost: .*given -1"),
        ({"members": offers(**{"member-1": {"cost": 2**128}})}, "offer.cost"),
        ({"members": offers(**{"member-1": {"cost": float("nan")}})}, "offer.cost"),
        (
            {"members": offers(**{"member-1": {"cost": 1, "ask_multiplier": float("nan")}})},
            "offer.ask_multiplier",
        ),
        ({"members": offers(**{"member-1": {"cost": 1, "units": 0}})}, "offer.units"),
        ({"members": offers(**{"member-1": {"cots": 1}})}, "no setting 'members.0.offer.cots'"),
        ({"reward": {"budget": 0}}, "a budget is 1 to"),
        ({"reward": {"settings": {"worth": 0.5}}}, "a fraction in quotes"),
        ({"reward": {"settings": {"worth": float("nan")}}}, "a fraction in quotes"),
        ({"reward": {"settings": {"worth": "1/0"}}}, "a fraction in quotes"),
        ({"reward": {"settings": {"winners": True}}}, "a fraction in quotes"),
    ],
)
def test_offers_and_settings_that_cannot_be_are_refused_as_they_are_read(changes, said):
    with pytest.raises(ScenarioError, match=said) as caught:
        market(**changes)

    assert caught.value.hint


def test_fractions_and_large_numbers_survive_the_bundle():
    reward = {"settings": {"edge": "1/100", "worth": str(10**21), "types": [3, 2]}}
    scenario = market(reward={"mechanism": "uniform-price", **reward})
    again = parse(tomllib.loads(scenario.to_toml()), origin="again")

    assert again == scenario
    assert again.reward.parameters["worth"] == 10**21
    assert again.reward.parameters["edge"] * 100 == 1


@pytest.mark.parametrize(
    "mechanism", [name for name, each in SETTLED.items() if Need.BIDS in each.needs]
)
def test_a_single_bidder_is_no_error(mechanism, copy):
    def alone(scenario):
        scenario["reward"] = {
            "mechanism": mechanism,
            "budget": 10**6,
            "settings": SETTINGS.get(mechanism, {}),
        }

    rewrite(copy, alone)
    forge(copy, BIDS, lambda document: document.update(offers=document["offers"][1:2]))

    outcome = decided(copy)

    others = [paid for place, paid in enumerate(outcome.payments) if place != 1]
    assert mechanism == "fli" or not any(others)


def test_owners_of_columns_may_offer_too():
    scenario = load("bank-and-campaign").model_dump(mode="json", exclude_none=True)
    for owner, cost in zip(scenario["vertical"]["owners"], (5, 7, 9), strict=True):
        owner["offer"] = {"cost": cost}
    scenario["reward"]["mechanism"] = "uniform-price"
    del scenario["members"], scenario["training"]

    asked = parse(scenario, origin="test")
    check_offers(asked, {owner.name: 1000 for owner in asked.vertical.owners})

    assert [offer.asked for offer in asked.offers.values()] == [5, 7, 9]


def test_the_shipped_auction_buys_from_three_hospitals_and_not_from_the_rest():
    scenario = load("data-auction")

    check(scenario, EMBEDDED)
    assert scenario.offers["Switzerland"].asked == 90 * 10**18
    data = scenario.model_dump(mode="json", exclude_none=True)
    data["members"][0]["offer"]["units"] = 165
    with pytest.raises(BidError, match="declares 164"):
        check(parse(data, origin="test"), EMBEDDED)
