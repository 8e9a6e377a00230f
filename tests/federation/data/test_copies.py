"""Rows that several members hold are counted, and kept on one side of the split where asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.federation.data.consortium import federate
from fedmerit.federation.data.copies import contents, shared_rows
from fedmerit.federation.data.proposal import propose
from fedmerit.federation.data.tables import Table
from fedmerit.federation.games.retraining import RetrainingGame
from fedmerit.federation.horizontal.settings import TrainingSettings
from fedmerit.federation.models import ModelSpec
from fedmerit.incentives import value


def table(cells, labels, owners):
    names = tuple(f"m{k}" for k in range(max(owners) + 1))
    return Table(
        name="t",
        features=pd.DataFrame(cells).rename(columns=str),
        labels=np.array(labels),
        classes=("no", "yes"),
        participants=names,
        owners=np.array(owners),
        standardise=False,
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, -0.0, 1.0, float("nan")]),
            st.sampled_from(["a", "b", None]),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_rows_have_one_number_where_their_cells_and_labels_are_the_same(rows):
    frame = pd.DataFrame({"x": [row[0] for row in rows], "t": [row[1] for row in rows]})
    found = contents(frame, np.array([row[2] for row in rows]))

    keys = ["nan" if x != x else x + 0.0 for x, _, _ in rows]  # noqa: PLR0124 - not a number
    whole = [(key, *row[1:]) for key, row in zip(keys, rows, strict=True)]
    assert all(
        (found[i] == found[j]) == (whole[i] == whole[j]) for i in range(len(rows)) for j in range(i)
    )


def twins(rows=60, others=60, seed=3):
    """Two members with identical rows, and a third with others."""
    draw = np.random.default_rng(seed)
    x, y = draw.normal(size=(rows, 6)), draw.normal(size=(others, 6))
    cells = np.concatenate([x, x, y])
    labels = (
        cells[:, 0] + draw.normal(size=len(x)).repeat(1)[np.r_[:rows, :rows, :others]] > 0
    ) * 1
    return table(cells, labels.tolist(), [0] * rows + [1] * rows + [2] * others)


@pytest.fixture(scope="module")
def twin_table():
    return twins()


def pools(federation):
    found = []
    for index, member in enumerate(federation.members):
        own = federation.validation_features[federation.validation_owners == index]
        found.append((set(map(bytes, member.features)), set(map(bytes, own))))
    return found


def test_a_copy_of_a_validation_row_is_trained_on_by_nobody_where_it_is_split_by_content(
    twin_table,
):
    by_row = federate(twin_table, seed=0)
    by_content = federate(twin_table, seed=0, split="content")

    def leaks(federation):
        return [
            len(validation & training)
            for i, (_, validation) in enumerate(pools(federation))
            for j, (training, _) in enumerate(pools(federation))
            if i != j
        ]

    assert sum(leaks(by_row)) > 0
    assert sum(leaks(by_content)) == 0
    for federation in (by_row, by_content):
        sizes = np.bincount(federation.validation_owners)
        assert sizes == pytest.approx(0.3 * 60, abs=2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=20, max_size=60),
)
def test_no_row_is_on_both_sides_however_rows_repeat(seed, dealt):
    cells = [[float(cell)] for cell, _ in dealt] + [[50.0], [51.0]] * 6
    labels = [cell % 2 for cell, _ in dealt] + [0, 1] * 6
    owners = [owner for _, owner in dealt] + [0, 0, 1, 1, 2, 2] * 2
    try:
        federation = federate(table(cells, labels, owners), seed=seed, split="content")
    except Exception as error:  # noqa: BLE001 - all that may be wrong is said to be
        assert "class" in str(error) or "validation" in str(error)  # noqa: PT017 - as above
        return
    training = set().union(*(part for part, _ in pools(federation)))
    validation = set().union(*(part for _, part in pools(federation)))

    assert not training & validation


def test_members_are_told_how_many_of_their_rows_others_hold(twin_table):
    [said] = federate(twin_table, seed=0).notes
    [kept] = federate(twin_table, seed=0, split="content").notes
    of, held = contents(twin_table.features, twin_table.labels), np.arange(180)

    assert "60 of 60 of m0, 60 of 60 of m1" in said
    assert "data.split = 'content'" in said
    assert "nobody trains on a copy" in kept
    assert shared_rows(of, {"a": held[:60], "b": held[60:120], "c": held[120:]}) == {
        "a": 60,
        "b": 60,
        "c": 0,
    }


def test_without_copies_nothing_is_said_and_nothing_is_drawn_otherwise():
    draw = np.random.default_rng(0)
    apart = table(draw.normal(size=(40, 3)), [0, 1] * 20, [0] * 20 + [1] * 20)
    plain, by_content = federate(apart, seed=5), federate(apart, seed=5, split="content")

    assert plain.notes == ()
    assert np.array_equal(plain.validation_features, by_content.validation_features)


def test_twins_are_valued_nearer_to_one_another_where_copies_stay_together(twin_table):
    """What is left is the order of their batches."""

    def apart(split):
        federation = federate(twin_table, seed=0, split=split)
        training = TrainingSettings(rounds=5, local_epochs=10, batch_size=60, learning_rate=0.5)
        game = RetrainingGame(federation, ModelSpec(), training, rounds=5, seed=0)
        found = value(game, method="exact", budget=8, seed=0)
        first, second, _ = found.values  # noqa: PD011 - a Valuation's
        return abs(first - second) / abs(first + second) * 2

    assert apart("content") < 0.02 < apart("rows")


def test_inspecting_a_file_tells_how_many_rows_several_participants_hold(tmp_path):
    lines = [f"{k},{k % 7},{k % 2}" for k in range(30)]
    rows = [f"a,{line}" for line in lines] + [f"b,{line}" for line in lines[:12]]
    rows += [f"b,{k},9,1" for k in range(100, 110)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["hospital,x,z,outcome", *rows]), "utf-8")

    assert any("12 of 30 of a, 12 of 22 of b" in note for note in propose(path).notes)
