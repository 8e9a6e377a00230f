"""Members that join late or leave early: no part in other rounds, and no value of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.coalitions import every_coalition
from fedmerit.federation import (
    ModelSpec,
    RetrainingGame,
    RoundGame,
    RunGame,
    TrainingSettings,
    federate,
    load_builtin,
    train,
)
from fedmerit.federation.data.holdings import Role
from fedmerit.federation.data.partition import Partition
from fedmerit.federation.horizontal.sampling import present, sampled
from fedmerit.incentives import value

NAMES = ("a", "b", "c", "d", "e")
SPANS = st.lists(
    st.integers(1, 6).flatmap(
        lambda first: st.tuples(st.just(first), st.none() | st.integers(first, 8))
    ),
    min_size=5,
    max_size=5,
)


def federation(**spans):
    roles = [
        Role(name=f"member-{name[1:]}", from_round=first, until_round=last)
        for name, (first, last) in spans.items()
    ]
    partition = Partition(recipe="iid", participants=3)
    return federate(load_builtin("digits"), seed=3, partition=partition, roles=roles)


def asked(**more):
    return TrainingSettings(rounds=4, local_epochs=1, tolerance=0.0, **more)


def run(made, **more):
    return train(made, ModelSpec(), asked(**more), seed=3)


@given(spans=SPANS, share=st.floats(0.1, 1.0), round_=st.integers(1, 8))
def test_nobody_is_drawn_for_a_round_that_it_is_not_there_in(spans, share, round_):
    there = present(spans, round_)

    drawn = sampled(NAMES, share, round_=round_, seed=0, there=there)

    assert not (drawn & ~there).any()
    expected = min(there.sum(), max(1, round(share * there.sum())))
    assert drawn.sum() == expected


@given(share=st.floats(0.1, 1.0), round_=st.integers(1, 8))
def test_who_is_always_there_is_drawn_as_without_any_spans(share, round_):
    there = present([(1, None)] * 5, round_)

    drawn = sampled(NAMES, share, round_=round_, seed=0, there=there)

    assert (drawn == sampled(NAMES, share, round_=round_, seed=0)).all()


def test_a_round_has_the_updates_of_those_that_are_there_and_of_nobody_else():
    record = run(federation(m2=(3, None), m3=(1, 2)))

    weighs = np.array([round_.weights > 0 for round_ in record.rounds])
    assert weighs.tolist() == [[True, False, True]] * 2 + [[True, True, False]] * 2
    for round_, there in zip(record.rounds, weighs, strict=True):
        assert not round_.updates[~there].any()
        assert round_.updates[there].any(axis=1).all()


@settings(max_examples=5)
@given(
    first=st.integers(1, 4),
    length=st.integers(0, 3),
    weights=st.sampled_from(["fixed", "renormalised"]),
)
def test_a_member_is_worth_nothing_in_rounds_that_it_is_not_there_in(first, length, weights):
    made = federation(m2=(first, first + length))
    record = run(made)

    for number in range(1, 5):
        game = RoundGame(record, number, made, weights=weights)
        found = value(game, method="exact", budget=8, seed=0)
        there = first <= number <= first + length
        assert (found.values[1] == 0.0) is not there
        assert found.values.sum() == pytest.approx(game.worth(np.ones((1, 3), np.bool_))[0])


def test_a_members_value_in_the_run_is_that_of_its_rounds():
    made = federation(m2=(3, None))
    record = run(made)

    whole = value(RunGame(record, made), method="exact", budget=8, seed=0).values
    later = [value(RoundGame(record, n, made), method="exact", budget=8, seed=0) for n in (3, 4)]

    assert whole[1] == pytest.approx(sum(found.values[1] for found in later), abs=1e-5)


def test_a_coalition_is_trained_again_with_its_members_in_their_rounds_alone():
    made = federation(m2=(3, None), m3=(1, 2))
    record = run(made)
    game = RetrainingGame(made, ModelSpec(), asked(), rounds=4, seed=3)
    every = every_coalition(3)

    models = game.models(every).numpy()

    assert models[-1] == pytest.approx(record.final, abs=1e-6)  # everyone is the run itself
    for place in range(3):
        alone = train(replace(made, members=(made.members[place],)), ModelSpec(), asked(), seed=3)
        assert models[1 << place] == pytest.approx(alone.final, abs=1e-6)
    assert game.worth(every)[0] == 0.0


def test_a_run_does_not_end_before_the_last_has_joined():
    made = federation(m2=(4, None))
    still = TrainingSettings(rounds=8, local_epochs=1, tolerance=0.9, patience=1)

    record = train(made, ModelSpec(), still, seed=3)

    assert (len(record.rounds), record.stop) == (4, "converged")
    assert record.rounds[-1].weights[1] > 0
    early = train(federation(), ModelSpec(), still, seed=3)
    assert len(early.rounds) < 4


def test_an_interrupted_run_goes_on_to_the_same_end():
    made = federation(m2=(3, None), m3=(1, 2))
    whole = run(made, participation=0.7)

    resumed = train(made, ModelSpec(), asked(participation=0.7), seed=3, so_far=whole.rounds[:2])

    assert (resumed.final == whole.final).all()
