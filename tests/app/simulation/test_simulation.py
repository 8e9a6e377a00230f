"""A real federation under several mechanisms: what differs is what they pay and whom they lose."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from fedmerit.errors import RewardError, ScenarioError
from fedmerit.federation import train
from fedmerit.incentives import MECHANISMS
from fedmerit.incentives.mechanisms import Need
from fedmerit.incentives.participation import QUARTERS, RISING, SIMULATED, Patience
from fedmerit.kinds.horizontal.wiring import assemble
from fedmerit.scenario.reading import load
from fedmerit.simulation import Simulation, simulate
from fedmerit.simulation.document import as_json
from fedmerit.simulation.players import Players


def runs_of(comparison):
    return {run.mechanism: run for run in comparison.runs}


def gains_of(run):
    return {advantage.kind: advantage for advantage in run.advantages}


def utility(run, name):
    return sum(period.utilities.get(name, 0) for period in run.periods)


def test_as_long_as_everybody_stays_it_is_the_scenarios_own_run(small, compared):
    consortium = assemble(small())
    record = train(consortium.federation, consortium.model, consortium.settings, seed=compared.seed)

    run = runs_of(compared)["equal"]

    first_exit = min(run.exits.values(), default=len(run.periods))
    assert first_exit > 1
    for period in run.periods[:first_exit]:
        assert period.log_likelihood == record.metrics[period.number].log_likelihood


def test_no_base_unit_appears_or_vanishes(compared):
    budget = compared.economy.budget
    for run in compared.runs:
        for period in run.periods:
            spent = sum(period.payments.values()) + period.surplus
            assert spent == budget + sum(period.slashes.values())
        assert run.figures.paid == sum(sum(p.payments.values()) for p in run.periods)


def test_who_leaves_is_paid_nothing_and_does_nothing_after_it(compared):
    left = [(run, name, number) for run in compared.runs for name, number in run.exits.items()]

    assert left
    for run, name, number in left:
        for period in run.periods:
            assert (name in period.utilities) == (period.number <= number)


def test_nobody_is_paid_for_a_round_in_which_nothing_came_of_it(compared):
    for run in compared.runs:
        assert all(period.payments.get("Idle", 0) == 0 for period in run.periods)


def test_equal_pay_invites_second_names_and_less_work(compared):
    gains = gains_of(runs_of(compared)["equal"])

    for kind in ("copy", "split"):
        assert gains[kind].gain.low > 0.5
    assert gains["half-effort"].gain.value > 0


def test_paying_by_value_lets_nobody_gain_by_halving_its_work_as_equal_pay_does(compared):
    runs = runs_of(compared)

    halved = {name: gains_of(run)["half-effort"].gain.value for name, run in runs.items()}

    assert halved["proportional"] < halved["equal"]
    assert halved["shapley"] == pytest.approx(halved["proportional"], abs=0.02)  # both exact here


def test_pay_by_value_follows_contributions_and_equal_pay_does_not(compared):
    runs = runs_of(compared)

    assert runs["proportional"].figures.rank_correlation > 0.9
    assert runs["proportional"].figures.gini > runs["equal"].figures.gini


def test_stakes_charge_those_that_do_harm(compared):
    run = runs_of(compared)["signed-stakes"]

    slashed = dict.fromkeys(run.periods[0].slashes, 0)
    for period in run.periods:
        for name, amount in period.slashes.items():
            slashed[name] += amount
    assert slashed["member-5"] > 0
    assert slashed["member-5"] <= compared.economy.stake
    assert max(slashed, key=slashed.get) == "member-5"


def test_only_mechanisms_that_ask_for_offers_see_a_misreport(compared):
    for run in compared.runs:
        asked = Need.BIDS in MECHANISMS[run.mechanism].needs
        assert ("misreport" in gains_of(run)) == ("bid-ring" in gains_of(run)) == asked


def test_a_ring_that_overstates_together_is_paid_more_by_who_believes_it(compared):
    gains = gains_of(runs_of(compared)["fli"])

    assert set(gains["bid-ring"].each) == set(gains["misreport"].each)
    assert len(gains["bid-ring"].each) == 2
    assert gains["misreport"].gain.value > 0  # costs are taken as stated
    assert 0 < gains["bid-ring"].gain.value < gains["misreport"].gain.value  # one pot


def test_what_is_alike_is_trained_once(compared):
    trained, asked = compared.trained

    assert trained < 0.8 * asked


def test_suspicion_tells_those_that_do_not_do_what_was_agreed(compared):
    found = runs_of(compared)["equal"].figures.detection

    assert found.value > 0.75  # whom the copy was taken from is suspected with it
    assert found.low < found.value <= found.high


def test_the_same_seed_gives_the_same_comparison_and_another_another(small):
    settings = Simulation(mechanisms=("equal", "second-score"), rounds=3, deviators=1)

    one, again = (json.dumps(as_json(simulate(small(), settings))) for _ in range(2))
    other = json.dumps(as_json(simulate(small(seed=1), settings)))

    assert one == again
    assert one != other


def test_a_mechanisms_run_does_not_depend_on_which_others_are_compared(small):
    settings = {"rounds": 3, "deviators": 1}

    alone = simulate(small(), Simulation(mechanisms=("fli",), **settings)).runs[0]
    beside = simulate(small(), Simulation(mechanisms=("equal", "fli"), **settings)).runs[1]

    assert alone == beside


def test_a_better_outside_option_makes_more_leave_sooner(small):
    def left(outside):
        settings = Simulation(
            mechanisms=("equal",),
            rounds=4,
            deviators=0,
            outside=outside,
            patience=Patience(memory=0.0, rounds=1),
        )
        return simulate(small(), settings).runs[0]

    assert len(left(0.0).exits) < len(left(2.0).exits) == 8
    assert left(2.0).figures.exit == 1
    assert left(2.0).figures.retained == 0
    assert len(left(2.0).periods) == 1


def test_members_that_look_for_what_pays_work_less_under_equal_pay(small):
    settings = Simulation(
        mechanisms=("equal", "shapley"), rounds=10, deviators=0, responding=1.0, cost=0.8
    )

    runs = runs_of(simulate(small(), settings))

    def work(run):
        honest = [f"member-{k}" for k in (1, 2, 3, 4, 6)]
        late = run.periods[5:]
        return np.mean([p.efforts[n] for p in late for n in honest if n in p.efforts])

    assert work(runs["equal"]) < work(runs["shapley"])


def test_bids_follow_costs_and_who_overstates_them_is_bought_less(small):
    def bought(share):
        settings = Simulation(
            mechanisms=("uniform-price",), rounds=2, deviators=0, misreporting=share
        )
        comparison = simulate(small(), settings)
        lying = {p.name for p in comparison.people if p.strategy == "misreport"}
        return comparison, lying

    comparison, _ = bought(0.0)
    claims = {p.name: p.cost for p in comparison.people if p.cost}
    first = comparison.runs[0].periods[0]
    chosen = [name for name in first.efforts if name in claims]
    passed = [name for name in claims if name not in first.efforts]
    assert max(claims[name] for name in chosen) < min(claims[name] for name in passed)
    _, lying = bought(0.5)
    assert len(lying) == 2  # of five honest members, rounded to even


def lied(small, **settings):
    asked = Simulation(
        mechanisms=("proportional",), rounds=4, deviators=0, lying=0.3, lie="praise", **settings
    )
    return simulate(small(), asked)


def gain_of_lying(small, **settings):
    """Give what the liars got beyond what the truth would have given, in equal shares a round."""
    honest = simulate(
        small(), Simulation(mechanisms=("proportional",), rounds=4, deviators=0, stake=100.0)
    )
    comparison = lied(small, stake=100.0, **settings)
    liars = [person.name for person in comparison.people if person.lies]
    gained = sum(
        utility(comparison.runs[0], name) - utility(honest.runs[0], name) for name in liars
    )
    return gained / len(liars) / 4 / comparison.economy.equal


def test_evaluators_that_praise_their_own_ring_gain_until_audits_slash_enough(small):
    unwatched = gain_of_lying(small)
    assert unwatched > 0.05

    # Every lie is found and put right: any slash deters.
    assert gain_of_lying(small, audit=1.0, slash=0.01) < 0
    # One in two is found: the slash must outweigh the gain of the other.
    assert gain_of_lying(small, audit=0.5, slash=unwatched / 20) > 0
    assert gain_of_lying(small, audit=0.5, slash=4 * unwatched) < 0


def test_false_alarms_cost_the_honest(small):
    settings = Simulation(
        mechanisms=("equal",), rounds=3, deviators=0, audit=1.0, false_alarm=0.5, slash=0.1
    )

    run = simulate(small(), settings).runs[0]

    assert any(amount for period in run.periods for amount in period.slashes.values())


@pytest.mark.parametrize("name", SIMULATED)
def test_every_mechanism_that_can_be_simulated_is_and_keeps_its_money(small, name):
    settings = Simulation(mechanisms=(name,), rounds=2, deviators=0, rising=name in RISING)

    comparison = simulate(small(), settings)

    run = comparison.runs[0]
    assert len(run.periods) == 2
    for period in run.periods:
        spent = sum(period.payments.values()) + period.surplus
        assert spent == comparison.economy.budget + sum(period.slashes.values())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mechanisms": ()}, "nothing to compare"),
        ({"mechanisms": ("equa",)}, "no mechanism is called 'equa'"),
        ({"mechanisms": ("cycle-market",)}, "'cycle-market': it pays for cycles a second"),
        ({"mechanisms": ("posted-price",)}, "gets dearer the more there is"),
        ({"mechanisms": ("equal",), "lie": "prays"}, "no lie is called 'prays'"),
        ({"mechanisms": ("equal",), "lying": 1.5}, "lying is a part of 1"),
        ({"mechanisms": ("equal",), "cost": float("nan")}, "cost must not be negative"),
        ({"mechanisms": ("equal",), "rounds": 0}, "rounds must be 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, said):
    with pytest.raises(RewardError, match=said):
        Simulation(**settings)


def test_a_game_of_too_many_members_is_refused_before_anything_is_trained(small):
    many = {"source": "digits", "partition": {"participants": 14}}

    with pytest.raises(RewardError, match=r"shapley look at all 2\*\*15") as caught:
        simulate(
            small(data=many, members=[{"name": "Idle", "behaviour": "free-rider"}]),
            Simulation(mechanisms=("equal", "shapley")),
        )

    assert "12 members" in caught.value.hint


def test_members_called_like_a_second_name_stop_nothing_and_change_nothing(small, compared):
    deviator = next(iter(gains_of(runs_of(compared)["equal"])["copy"].each))
    odd = [f"{deviator} again", f"{deviator}, part 1", f"{deviator} again again"]
    strangers = [{"name": name, "behaviour": "free-rider"} for name in odd]

    comparison = simulate(
        small(members=strangers), Simulation(mechanisms=("equal",), rounds=1, deviators=6)
    )

    gains = gains_of(comparison.runs[0])
    assert deviator in gains["copy"].each
    assert gains["copy"].each[deviator] > 0.5  # it was paid under both names
    assert {person.name for person in comparison.people} >= set(odd)


def test_without_a_mechanism_only_the_cheapest_works_and_nobody_is_paid(small):
    settings = Simulation(mechanisms=("public-good",), rounds=2, deviators=0, benefit=1.0)

    comparison = simulate(small(members=[]), settings)

    run, cheapest = comparison.runs[0], min(comparison.people, key=lambda p: p.cost / p.rows)
    assert run.figures.paid == 0
    for period in run.periods:
        assert {name for name, effort in period.efforts.items() if effort} == {cheapest.name}
        others = [u for name, u in period.utilities.items() if name != cheapest.name]
        assert min(others) > period.utilities[cheapest.name]


def test_at_a_posted_price_each_works_as_long_as_a_step_costs_less(small):
    settings = Simulation(mechanisms=("posted-price",), rounds=1, deviators=0, rising=True)

    comparison = simulate(small(members=[]), settings)

    [period] = comparison.runs[0].periods
    budget, rows = comparison.economy.budget, sum(p.rows for p in comparison.people)
    for person in comparison.people:
        # Half of a row's worth is paid; by then x of its rows cost 2 x / rows times the mean.
        best = budget / rows / 2 * person.rows / (2 * person.cost)
        assert period.efforts[person.name] == round(QUARTERS * min(1.0, best))
        cost = person.cost * min(1.0, best) ** 2  # of what it chose, not of the quarters trained
        assert period.costs[person.name] == pytest.approx(cost, rel=1e-9)
        assert period.payments[person.name] > period.costs[person.name]


def test_a_menu_gives_cheaper_members_more_work(small):
    settings = Simulation(mechanisms=("contract",), rounds=1, deviators=0)

    comparison = simulate(small(members=[]), settings)

    [period] = comparison.runs[0].periods
    by_cost = sorted(comparison.people, key=lambda person: person.cost / person.rows)
    efforts = [period.efforts.get(person.name, 0) for person in by_cost]
    assert max(efforts) == max(efforts[:2]) > 0
    # Work is done in quarters, so it is off what was agreed by an eighth at most.
    for person in comparison.people:
        assert period.payments[person.name] >= period.costs[person.name] - person.cost / 8 - 1


def test_a_federation_that_learns_nothing_is_refused(small):
    with pytest.raises(ScenarioError, match="everybody together trains from"):
        simulate(
            small(training={"learning_rate": 1e4, "tolerance": 0.0}),
            Simulation(mechanisms=("equal",), rounds=1),
        )


def test_owners_of_columns_are_refused_in_words():
    with pytest.raises(ScenarioError, match="bank-and-campaign is a federation of columns"):
        simulate(load("bank-and-campaign"), Simulation(mechanisms=("equal",), rounds=1))


def test_who_works_for_nothing_and_is_paid_nothing_stays(small):
    settings = Simulation(
        mechanisms=("confident", "uniform-price", "contract"),
        rounds=3,
        deviators=0,
        cost=0.0,
        benefit=0.0,
        patience=Patience(memory=0.0, rounds=1),
    )

    comparison = simulate(small(), settings)

    assert {person.cost for person in comparison.people} == {0}
    for run in comparison.runs:
        assert not run.exits
        assert all(not any(period.costs.values()) for period in run.periods)


def test_the_owner_of_one_row_cannot_split_it_and_nobody_splits_into_more_rows_than_it_has(small):
    federation = assemble(small()).federation
    first, *others = federation.members
    tiny = replace(first, features=first.features[:1], labels=first.labels[:1], declared_rows=1)
    settings = Simulation(mechanisms=("equal",), deviators=len(others) + 1)
    guilty = {member.name: "free-rider" for member in others if not len(member.labels)}
    players = Players(
        replace(federation, members=(tiny, *others)), guilty, settings, budget=10**6, seed=0
    )

    assert first.name in players.deviators
    for name in players.deviators:
        before = next(entrant for entrant in players.entrants if entrant.name == name)
        after = [entrant for entrant in players.split(name) if entrant.owner == name]
        assert len(after) == min(before.rows, 2)
        assert sum(entrant.rows for entrant in after) == before.rows
        assert sum(entrant.cost for entrant in after) == before.cost


def test_what_is_bought_costs_to_the_row_so_that_nobody_gains_by_rounding(small):
    settings = Simulation(mechanisms=("contract",), rounds=3, deviators=4, patience=Patience())

    comparison = simulate(small(), settings)

    run, equal = comparison.runs[0], comparison.economy.equal
    gain = gains_of(run)["misreport"]
    assert max(gain.each.values()) <= 3 / equal  # the menu pays truth best, but for whole units
    people = {person.name: person for person in comparison.people}
    parts = {
        Fraction(4 * period.costs[name], people[name].cost)
        for period in run.periods
        for name in period.efforts
        if people[name].cost
    }
    assert any(part.denominator > 1 for part in parts)  # not whole quarters
