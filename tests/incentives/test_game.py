"""Games answer what they are asked, and whoever breaks the contract is told how."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.errors import GameError
from fedmerit.incentives import MeasuredGame, TableGame
from fedmerit.incentives.game import ask, check_participants

NAMES = ("ada", "bob", "cyd")
ALL_AND_NONE = np.array([[True] * 3, [False] * 3])


class Answering:
    """A game that gives one answer, whatever it is asked."""

    participants = NAMES

    def __init__(self, answer):
        self.answer = answer

    def worth(self, coalitions, /):
        del coalitions
        return self.answer


class AnsweringByRow(Answering):
    def worth_by_row(self, coalitions, /):
        del coalitions
        return self.answer


def test_a_table_looks_coalitions_up_whatever_the_order_of_its_keys():
    game = TableGame(NAMES, {frozenset({"cyd", "ada"}): 5.0, frozenset({"bob"}): 2.0})

    worths = game.worth(np.array([[True, False, True], [False, True, False], [True] * 3]))

    assert worths.tolist() == [5.0, 2.0, 0.0]


def test_a_table_with_an_unknown_member_names_it():
    with pytest.raises(GameError, match="dan"):
        TableGame(NAMES, {frozenset({"ada", "dan"}): 1.0})


def test_a_table_with_a_worth_that_is_not_finite_is_refused():
    with pytest.raises(GameError, match="not finite"):
        TableGame(NAMES, {frozenset({"ada"}): float("nan")})


def test_a_table_of_too_many_participants_says_what_to_write_instead():
    with pytest.raises(GameError, match="25") as caught:
        TableGame(tuple(map(str, range(25))), {})

    assert "class" in caught.value.hint


@pytest.mark.parametrize(
    ("names", "said"),
    [((), "none"), (("ada", "bob", "ada"), "ada"), (("ada", 2), "2")],
    ids=["nobody", "repeated", "not text"],
)
def test_participants_must_be_unique_names(names, said):
    with pytest.raises(GameError, match=said):
        check_participants(names)


def test_only_a_game_with_rows_is_measured():
    assert isinstance(AnsweringByRow(None), MeasuredGame)
    assert not isinstance(Answering(None), MeasuredGame)


def test_asking_gives_one_column_or_one_per_validation_row():
    plain = ask(Answering(np.array([1, 2])), ALL_AND_NONE)
    measured = ask(AnsweringByRow(np.ones((2, 7), dtype=np.float32)), ALL_AND_NONE)

    assert plain.tolist() == [[1.0], [2.0]]
    assert measured.shape == (2, 7)
    assert measured.dtype == plain.dtype == np.float64


@pytest.mark.parametrize(
    ("game", "said"),
    [
        (Answering(np.ones(3)), r"2 coalitions.*\(3,\)"),
        (Answering(np.ones((2, 1))), r"\(2, 1\)"),
        (Answering(1.0), r"shape \(\)"),
        (Answering(np.ones(2) * 1j), "complex"),
        (Answering(np.array(["a", "b"])), "real numbers"),
        (Answering(np.array([1.0, np.nan])), r"1 of 2.*\{\}"),
        (Answering(np.array([np.inf, 1.0])), r"\{ada, bob, cyd\}"),
        (AnsweringByRow(np.ones(2)), r"validation rows"),
        (AnsweringByRow(np.ones((2, 0))), r"\(2, 0\)"),
        (AnsweringByRow(np.ones((3, 4))), r"\(3, 4\)"),
        (AnsweringByRow(np.array([[1.0, 1.0], [1.0, -np.inf]])), "not finite"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_refused_with_what_it_was(game, said):
    with pytest.raises(GameError, match=said):
        ask(game, ALL_AND_NONE)
