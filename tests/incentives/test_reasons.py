from __future__ import annotations

import re

import numpy as np
import pytest

from fedmerit.errors import RewardError
from fedmerit.incentives import MECHANISMS, Estimate, RoundInput, reward
from fedmerit.incentives.checking.samplers import sampler_of
from fedmerit.incentives.reasons import WHY, PayPart, Reason, explanations

HOW_MANY = 40


def explained(values, *, mechanism, half_widths=None, budget=1000, ineligible=()):
    names = tuple("abcdefgh"[: len(values)])
    widths = half_widths or [0] * len(values)
    round_ = RoundInput(
        participants=names,
        contributions=tuple(map(Estimate, values, widths)),
        rows=(10,) * len(values),
        budget=budget,
        ineligible=frozenset(ineligible),
    )
    outcome = reward(round_, mechanism=mechanism)
    why = dict(ineligible) if isinstance(ineligible, dict) else {}
    return explanations(round_, outcome, mechanism=mechanism, ineligible=why)


@pytest.mark.parametrize("name", MECHANISMS)
def test_the_parts_of_every_payment_of_every_mechanism_add_up_to_the_base_unit(name):
    rule, tried = MECHANISMS[name], 0
    draw = sampler_of(rule)
    for seed in range(HOW_MANY):
        setting = draw(np.random.default_rng(seed))
        out = ("a",) if setting.n > 1 and seed % 3 == 0 else ()
        round_ = setting.round(ineligible=frozenset(out))
        try:
            outcome = reward(round_, mechanism=name)
        except RewardError:
            continue
        tried += 1
        found = explanations(round_, outcome, mechanism=name)
        for explanation, payment in zip(found, outcome.payments, strict=True):
            assert sum(part.amount for part in explanation.parts) == payment
            assert all(part.amount and part.label for part in explanation.parts)
            assert (explanation.reason is Reason.PAID) == bool(payment)
    assert tried > HOW_MANY // 4


def test_who_is_paid_by_its_low_end_loses_half_its_interval_and_never_more_than_all():
    sure, unsure, _ = explained([600, 400, 0], half_widths=[100, 500, 0], mechanism="confident")

    assert sure.parts == (
        PayPart("its value, at one price for all", 600),
        PayPart("less half the width of its interval", -100),
    )
    assert unsure.reason is Reason.UNCERTAIN
    assert unsure.parts == (
        PayPart("its value, at one price for all", 400),
        PayPart("less half the width of its interval", -500),
        PayPart("below zero counts as nothing", 100),
    )


def test_harm_is_undone_and_said():
    _, harmful, nothing = explained([500, -250, 0], mechanism="proportional")

    assert harmful == (
        Reason.HARMFUL,
        (
            PayPart("its value, at one price for all", -500),
            PayPart("below zero counts as nothing", 500),
        ),
    )
    assert nothing == (Reason.WORTHLESS, ())


def test_who_is_left_out_is_told_why():
    _, idle = explained([500, 250], mechanism="proportional", ineligible={"b": Reason.ZERO_UPDATES})

    assert idle.reason is Reason.ZERO_UPDATES
    assert [part.label for part in idle.parts][
        -1
    ] == "left out: it sent only zeros, the model as it came"


def test_a_share_below_one_base_unit_is_said_to_be_rounded_away():
    big, small = explained([10**9, 1], mechanism="proportional", budget=10)

    assert big.reason is Reason.PAID
    assert small.reason is Reason.ROUNDED_AWAY


def test_an_outcome_of_another_round_is_refused():
    names, rows = ("a",), (1,)
    round_ = RoundInput(participants=names, contributions=(Estimate(1, 0),), rows=rows, budget=10)
    other = RoundInput(participants=names, contributions=(Estimate(1, 0),), rows=rows, budget=11)
    outcome = reward(other, mechanism="equal")

    with pytest.raises(RewardError, match=re.escape("pays ('a',) out of 11")):
        explanations(round_, outcome, mechanism="equal")


def test_every_reason_has_its_words():
    assert set(WHY) == set(Reason)
