"""A coalition table comes back from its file as it went in, or says what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fedmerit.errors import GameError
from fedmerit.incentives import CachedGame, MeasuredGame, TableGame, value
from fedmerit.incentives.games.tables import RecordedWorths, read_table, write_table
from fedmerit.incentives.methods.enumeration import every_coalition

NAMES = ("ada", "bob, the second", "cyd")


class Measured:
    participants = NAMES

    def __init__(self, rows):
        self._rows = rows

    def worth_by_row(self, coalitions, /):
        return self._rows[coalitions @ (1 << np.arange(3))]

    def worth(self, coalitions, /):
        return self.worth_by_row(coalitions).mean(axis=1)


def written(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@given(rows=arrays(float, (8, 2), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_every_bit_of_a_measured_game_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "table.csv"

    write_table(path, Measured(rows))
    back = read_table(path)

    assert back.participants == NAMES
    assert isinstance(back, MeasuredGame)
    assert back.worth_by_row(every_coalition(3)).tolist() == rows.tolist()


def test_a_plain_game_comes_back_plain_with_finite_errors(tmp_path):
    game = TableGame(("a", "b"), {frozenset("a"): 0.1, frozenset("ab"): 0.7})

    write_table(tmp_path / "table.csv", game)
    back = read_table(tmp_path / "table.csv")

    assert isinstance(back, RecordedWorths)
    assert not isinstance(back, MeasuredGame)
    found = value(back, method="exact", budget=4, seed=0)
    assert found.values == pytest.approx([0.4, 0.3])
    assert found.standard_errors.tolist() == [0.0, 0.0]


def test_a_cache_writes_what_it_was_asked_and_the_file_names_what_it_was_not(tmp_path):
    cached = CachedGame(TableGame(("ada", "bob"), {frozenset({"ada"}): 1.0}))
    cached.worth(np.array([[True, False], [True, True]]))

    write_table(tmp_path / "table.csv", cached)
    back = read_table(tmp_path / "table.csv")

    assert back.worth(np.array([[True, True], [True, False]])).tolist() == [0.0, 1.0]
    with pytest.raises(GameError, match=r"no \{\}"):
        value(back, method="exact", budget=4, seed=0)


def test_the_form_is_as_it_is_documented(tmp_path):
    path = written(tmp_path / "t.csv", "ada, bob,worth", "0,0,0.5", "1,0, 0.61", "", "1,1,7e-1")

    back = read_table(path)

    assert back.participants == ("ada", "bob")
    rows = np.array([[False, False], [True, False], [True, True]])
    assert back.worth(rows).tolist() == [0.5, 0.61, 0.7]


def test_a_coalition_may_be_given_twice_alike(tmp_path):
    path = written(tmp_path / "t.csv", "ada,worth", "0,0.5", "1,2", "1,2.0")

    assert read_table(path).worth(np.array([[True]])).tolist() == [2.0]


@pytest.mark.parametrize(
    ("lines", "said", "hint"),
    [
        (["ada,worth"], "no coalitions", "header"),
        (["ada,bob", "0,1"], "header must be", "worth1"),
        (["worth", "1"], "header must be", "worth1"),
        (["worth,ada", "1,0"], "header must be", "worth1"),
        (["ada,worth,bob", "1,2,0"], "header must be", "worth1"),
        (["ada,,worth", "1,0,2"], "name is empty", ""),
        (["ada,ada,worth", "1,0,2"], "repeat", "Rename"),
        (["ada,worth", "1,2,3"], "line 2: 3 cells under a header of 2", ""),
        (["ada,worth", "0,0", "yes,2"], "line 3: ada .* 'yes'", "worth"),
        (["ada,worth", "2,1"], "line 2: ada .* '2'", "worth"),
        (["ada,worth", "1,much"], "'much' is not a number", ""),
        (["ada,worth", "1,nan"], "finite, and is 'nan'", "Leave"),
        (["ada,worth", "1,inf"], "finite, and is 'inf'", "Leave"),
        (["ada,worth", "1,1", "0,0", "1,2"], "line 4: .* line 2 .* noisy", "Average"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, lines, said, hint):
    path = written(tmp_path / "t.csv", *lines)

    with pytest.raises(GameError, match=said) as caught:
        read_table(path)

    assert hint in caught.value.hint


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(GameError, match=r"missing\.csv"):
        read_table(tmp_path / "missing.csv")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GameError, match="cannot be read"):
        read_table(tmp_path / "t.csv")


def test_names_that_would_read_as_worths_are_not_written(tmp_path):
    with pytest.raises(GameError, match="worth2"):
        write_table(tmp_path / "t.csv", TableGame(("ada", "worth2"), {}))

    assert not (tmp_path / "t.csv").exists()


def test_a_game_too_large_to_write_out_says_what_to_do(tmp_path):
    class Large:
        participants = tuple(map(str, range(21)))

        def worth(self, coalitions, /):
            return coalitions.sum(axis=1)

    with pytest.raises(GameError, match="21") as caught:
        write_table(tmp_path / "t.csv", Large())

    assert "CachedGame" in caught.value.hint
