"""A cache asks once and counts right; a recorded table gives back what was seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fedmerit.errors import GameError
from fedmerit.incentives import CachedGame, MeasuredGame, RecordedGame, TableGame
from fedmerit.incentives.game import RoundsGame, UpdatesGame

NAMES = tuple("abcdefghij")  # ten, so that a coalition takes more than one byte
ROWS = 5


class Counting:
    """A plain game that remembers every coalition it was asked for."""

    participants = NAMES

    def __init__(self):
        self.calls = []

    def worth(self, coalitions, /):
        self.calls.append([tuple(row) for row in coalitions.tolist()])
        return coalitions @ np.arange(1.0, 11.0) ** 2

    @property
    def asked(self):
        return [coalition for call in self.calls for coalition in call]


class Measured(Counting):
    """The same, measured on five validation rows."""

    def worth_by_row(self, coalitions, /):
        return super().worth(coalitions)[:, None] + np.arange(ROWS)

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


class Shrinking(Measured):
    """One that loses a validation row with every call."""

    def worth_by_row(self, coalitions, /):
        rows = super().worth_by_row(coalitions)
        return rows[:, len(self.calls) :]


requests = st.lists(arrays(bool, st.tuples(st.integers(0, 20), st.just(10))), max_size=5)


@given(requests=requests, batch=st.none() | st.integers(1, 7))
def test_each_distinct_coalition_is_asked_once_and_counted(requests, batch):
    inner = Counting()
    cached = CachedGame(inner, batch=batch)

    for coalitions in requests:
        assert cached.worth(coalitions).tolist() == Counting().worth(coalitions).tolist()

    distinct = {tuple(row) for coalitions in requests for row in coalitions.tolist()}
    assert set(inner.asked) == distinct
    assert len(inner.asked) == len(distinct) == cached.evaluations


def test_all_that_a_request_misses_goes_in_one_call():
    inner = Counting()
    cached = CachedGame(inner)
    eye = np.eye(10, dtype=bool)

    cached.worth(eye[:3])
    cached.worth(np.vstack([eye, eye]))

    assert [len(call) for call in inner.calls] == [3, 7]


def test_a_batch_bounds_every_call():
    inner = Counting()

    CachedGame(inner, batch=4).worth(np.eye(10, dtype=bool))

    assert [len(call) for call in inner.calls] == [4, 4, 2]


def test_a_cache_is_measured_exactly_if_its_game_is():
    assert isinstance(CachedGame(Measured()), MeasuredGame)
    assert not isinstance(CachedGame(Counting()), MeasuredGame)


def test_a_cache_shows_the_validation_rows_of_a_measured_game():
    cached = CachedGame(Measured())
    eye = np.eye(10, dtype=bool)

    assert cached.worth_by_row(eye).tolist() == Measured().worth_by_row(eye).tolist()
    assert cached.worth(eye).tolist() == Measured().worth(eye).tolist()


def test_a_cache_keeps_its_own_copy_of_an_answer():
    buffer = np.zeros(1)

    class Reusing(Counting):
        def worth(self, coalitions, /):
            buffer[:] = coalitions.sum()
            return buffer

    cached = CachedGame(Reusing())
    first = cached.worth(np.ones((1, 10), dtype=bool))
    cached.worth(np.zeros((1, 10), dtype=bool))

    assert cached.worth(np.ones((1, 10), dtype=bool)) == first == 10


def test_the_table_lists_what_was_asked_in_first_asked_order():
    cached = CachedGame(Counting())
    eye = np.eye(10, dtype=bool)
    cached.worth(eye[[3, 1, 3]])
    cached.worth(eye[[0, 1]])

    coalitions, rows = cached.table()

    assert coalitions.tolist() == eye[[3, 1, 0]].tolist()
    assert rows.tolist() == [[16.0], [4.0], [1.0]]


def test_an_unused_cache_has_an_empty_table():
    coalitions, rows = CachedGame(Counting()).table()

    assert coalitions.shape == (0, 10)
    assert rows.shape == (0, 1)


@given(coalitions=arrays(bool, st.tuples(st.integers(1, 40), st.just(10))))
def test_a_recorded_table_answers_as_the_game_did(coalitions):
    cached = CachedGame(Measured())
    seen = cached.worth(coalitions)

    recorded = RecordedGame(NAMES, *cached.table())

    assert recorded.worth(coalitions).tolist() == seen.tolist()
    assert recorded.worth_by_row(coalitions).tolist() == cached.worth_by_row(coalitions).tolist()


def test_a_coalition_that_was_never_recorded_is_named():
    cached = CachedGame(Measured())
    cached.worth(np.eye(10, dtype=bool))
    recorded = RecordedGame(NAMES, *cached.table())

    with pytest.raises(GameError, match=r"no \{a, b\}") as caught:
        recorded.worth(np.array([[True] * 2 + [False] * 8]))

    assert "seed" in caught.value.hint


@pytest.mark.parametrize(
    ("coalitions", "rows", "said"),
    [
        (np.ones((2, 10), dtype=bool), np.ones((2, 3)), "repeats 1"),
        (np.eye(10, dtype=bool), np.ones((9, 3)), r"10 coalitions.*\(9, 3\)"),
        (np.eye(10, dtype=bool), np.ones(10), r"\(10,\)"),
        (np.eye(10, dtype=bool), np.ones((10, 0)), r"\(10, 0\)"),
        (np.eye(10, dtype=bool), np.full((10, 3), np.nan), "not finite"),
        (np.eye(9, dtype=bool), np.ones((9, 3)), r"\(9, 9\)"),
        (np.eye(10), np.ones((10, 3)), "float64"),
    ],
)
def test_a_damaged_table_is_refused(coalitions, rows, said):
    with pytest.raises(GameError, match=said):
        RecordedGame(NAMES, coalitions, rows)


@pytest.mark.parametrize("shape", [(10,), (2, 9), (1, 2, 10)])
def test_a_request_of_the_wrong_shape_is_refused(shape):
    with pytest.raises(GameError, match="shape"):
        CachedGame(Counting()).worth(np.ones(shape, dtype=bool))


def test_a_game_must_keep_its_validation_rows():
    cached = CachedGame(Shrinking())
    cached.worth(np.eye(10, dtype=bool)[:1])

    with pytest.raises(GameError, match="3 validation rows now and had 4"):
        cached.worth(np.eye(10, dtype=bool)[1:])


def test_a_batch_of_nothing_is_refused():
    with pytest.raises(GameError, match="0"):
        CachedGame(Counting(), batch=0)


def test_a_cache_refuses_names_that_repeat():
    class Twins(Counting):
        participants = ("ada", "ada")

    with pytest.raises(GameError, match="ada"):
        CachedGame(Twins())


class Shows:
    """A game that shows rounds and updates, and takes note if a gradient is asked for."""

    participants = ("ada", "bob")
    present = np.array([[True, False], [True, True]])
    weights = present / present.sum(axis=1, keepdims=True)
    updates = np.arange(12.0).reshape(2, 2, 3)
    resolution = 1e-6

    def __init__(self):
        self.asked_for_gradients = 0
        self.rounds = [TableGame(self.participants, {frozenset({"ada"}): float(k)}) for k in (1, 2)]

    @property
    def gradients(self):
        self.asked_for_gradients += 1
        return np.ones((2, 3))

    def worth(self, coalitions, /):
        return sum(round_.worth(coalitions) for round_ in self.rounds)


def test_a_cache_shows_what_its_game_shows():
    game = Shows()
    cached = CachedGame(CachedGame(game))

    assert game.asked_for_gradients == 0  # they take long
    assert isinstance(cached, RoundsGame)
    assert isinstance(cached, UpdatesGame)
    assert not isinstance(cached, MeasuredGame)
    assert cached.resolution == 1e-6
    assert not cached.refused.any()
    both = np.ones((3, 2), dtype=bool)
    assert [round_.worth(both).tolist() for round_ in cached.rounds] == [[0] * 3] * 2
    assert [round_.evaluations for round_ in cached.rounds] == [1, 1]
    assert cached.evaluations == 0


def test_a_cache_shows_no_more_than_its_game_does():
    plain = CachedGame(TableGame(("ada",), {}))

    assert type(plain) is CachedGame
    assert not isinstance(plain, RoundsGame | UpdatesGame | MeasuredGame)
