"""Runs side by side are the runs that would have been trained one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fedmerit.errors import TrainingError
from fedmerit.federation import Honest, ModelSpec, ParallelRuns, RoundGame, StaleRider, train


@pytest.fixture
def courses(ragged, quick):
    """Columns 0 to 2 are the members, 3 to 5 are the same as riders."""
    riders = [replace(member, behaviour=StaleRider()) for member in ragged.members]
    columns = [*ragged.members, *riders]
    return ParallelRuns(ragged, ModelSpec(), quick, seed=3, columns=columns)


def run(courses, *rounds):
    legs, leg = [], courses.start
    for columns in rounds:
        [leg] = courses.step([(leg, columns)])
        legs.append(leg)
    return legs


def test_everybody_in_every_round_is_the_run_itself(courses, ragged, quick):
    record = train(ragged, ModelSpec(), quick, seed=3)

    legs = run(courses, (0, 1, 2), (0, 1, 2), (0, 1, 2))

    assert np.array_equal(legs[-1].after, record.final)
    assert legs[-1].metrics == record.metrics[-1]
    for leg, round_ in zip(legs, record.rounds, strict=True):
        assert np.array_equal(leg.updates, round_.updates)


def test_a_run_does_not_depend_on_which_others_are_trained_beside_it(courses):
    alone = run(courses, (0, 1), (0, 2))

    beside = courses.step([(courses.start, (0, 1)), (courses.start, (0, 4, 5))])
    beside = courses.step([(beside[0], (0, 2)), (beside[1], (1,))])

    assert np.array_equal(alone[-1].after, beside[0].after)


def test_runs_that_are_alike_are_one(courses):
    one, other, third = courses.step([(courses.start, c) for c in ((0, 1), (0, 1), (0, 4))])

    assert one is other
    assert third is not one


def test_a_rider_sends_the_last_move_and_a_member_may_change_from_round_to_round(courses):
    first, second = run(courses, (0, 1, 2), (0, 2, 4))

    assert second.parts == ("ada", "cyd", "bob")
    move = first.after - first.before
    assert np.array_equal(second.updates[2], move)


def test_nobody_leaves_the_model_as_it_is(courses):
    first, second = run(courses, (0, 1, 2), ())

    assert np.array_equal(second.after, first.after)
    assert second.parts == ()


def test_two_ways_of_one_name_cannot_take_part_at_once(courses):
    with pytest.raises(TrainingError, match="two columns of one name"):
        courses.step([(courses.start, (0, 3))])


def test_runs_at_different_rounds_cannot_go_on_together(courses):
    [leg] = run(courses, (0, 1))

    with pytest.raises(TrainingError, match=r"rounds \[0, 1\]"):
        courses.step([(leg, (0,)), (courses.start, (0,))])


def test_a_legs_game_is_the_recorded_rounds_with_zeros_for_the_absent(courses, ragged, quick):
    record = train(ragged, ModelSpec(), quick, seed=3)
    legs = run(courses, (0, 1, 2), (0, 1, 2))
    coalitions = np.array([[True, False, True], [False, True, False], [True, True, True]])

    expected = RoundGame(record, 2, ragged).worth(coalitions)

    assert np.array_equal(courses.game(legs[1]).worth(coalitions), expected)
    [absent] = run(courses, (0, 2))
    game = courses.game(absent, ("ada", "bob", "cyd"))
    assert game.worth(np.array([[False, True, False]]))[0] == 0


def test_a_whole_runs_game_shows_who_was_there(courses):
    legs = run(courses, (0, 1, 2), (0, 2))

    game = courses.run_game(legs, ("ada", "bob", "cyd"))

    assert game.present.tolist() == [[True] * 3, [True, False, True]]
    assert not game.updates[1, 1].any()


def test_whoever_sent_exactly_nothing_is_idle(ragged, quick):
    rider = replace(ragged.members[1], behaviour=StaleRider())  # nothing has moved yet
    courses = ParallelRuns(ragged, ModelSpec(), quick, seed=3, columns=[ragged.members[0], rider])

    [leg] = courses.step([(courses.start, (0, 1))])

    assert leg.idle == ("bob",)
    assert ragged.members[0].behaviour == Honest()
