"""Every recipe deals out every row once, and leaves nobody without."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.errors import DataError
from fedmerit.federation import RECIPES, Partition


@pytest.mark.parametrize("recipe", RECIPES)
@given(
    shape=st.tuples(st.integers(2, 8), st.integers(8, 40), st.integers(2, 5)),
    alpha=st.floats(0.5, 10),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40, deadline=None)
def test_a_recipe_gives_every_row_to_one_member_and_every_member_two_rows(
    recipe, shape, alpha, seed
):
    members, each, classes = shape
    labels = np.arange(members * each) % classes
    partition = Partition(recipe=recipe, participants=members, alpha=alpha)

    owners = partition.deal(labels, seed=seed)

    assert owners.shape == labels.shape
    assert set(owners) == set(range(members))
    assert np.bincount(owners).min() >= 2


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_deals_alike_under_one_seed_and_otherwise_under_another(recipe):
    labels = np.arange(200) % 3
    partition = Partition(recipe=recipe, participants=4)

    first, again, other = (partition.deal(labels, seed=seed) for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


def test_iid_members_are_of_one_size():
    owners = Partition(recipe="iid", participants=4).deal(np.arange(41) % 2, seed=0)

    assert sorted(np.bincount(owners)) == [10, 10, 10, 11]


def test_dirichlet_skews_labels_and_quantity_skews_sizes():
    labels = np.arange(2000) % 4

    skewed = Partition(recipe="dirichlet", participants=4, alpha=0.1).deal(labels, seed=0)
    sized = Partition(recipe="quantity", participants=4, alpha=0.1).deal(labels, seed=0)

    shares = np.stack([np.bincount(labels[skewed == m], minlength=4) for m in range(4)])
    assert (shares.max(axis=1) / shares.sum(axis=1)).mean() > 0.6
    assert np.bincount(sized).max() > 3 * np.bincount(sized).min()


def test_too_few_rows_are_refused_with_the_number_that_works():
    with pytest.raises(DataError, match="9 rows are too few for 5") as caught:
        Partition(recipe="iid", participants=5).deal(np.arange(9) % 2, seed=0)

    assert "4 participants" in caught.value.hint


def test_a_hopeless_dirichlet_draw_says_what_to_change():
    with pytest.raises(DataError, match="always left one of 20 members") as caught:
        Partition(participants=20, alpha=0.01).deal(np.arange(60) % 2, seed=0)

    assert "alpha" in caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"recipe": "dirichlt"}, "'dirichlt'"),
        ({"participants": 1}, "1 participants"),
        ({"alpha": 0.0}, "alpha must be above 0"),
        ({"alpha": float("nan")}, "alpha must be above 0"),
    ],
)
def test_a_partition_that_cannot_be_is_refused(wrong, message):
    with pytest.raises(DataError, match=message) as caught:
        Partition(**wrong)

    assert caught.value.hint
