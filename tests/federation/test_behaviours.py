"""Behaviours act on rows, then on updates."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.errors import TrainingError
from fedmerit.federation import BEHAVIOURS, Faulty, FreeRider, LabelFlip
from fedmerit.federation.behaviours import Exchange

EXCHANGE = Exchange(torch.ones(2, 3), torch.ones(2, 3), np.random.default_rng(0))


def rows(count, classes):
    return np.zeros((count, 2), dtype=np.float32), np.arange(count) % classes


@given(count=st.integers(1, 60), classes=st.integers(2, 6), share=st.floats(0, 1))
def test_label_flip_changes_the_stated_share_and_stays_among_the_classes(count, classes, share):
    features, labels = rows(count, classes)

    _, flipped = LabelFlip(share).prepare((features, labels), classes, np.random.default_rng(1))

    assert (flipped != labels).sum() == round(share * count)
    assert set(flipped) <= set(range(classes))


def test_label_flip_leaves_the_callers_labels_alone():
    features, labels = rows(10, 2)
    before = labels.copy()

    LabelFlip(1.0).prepare((features, labels), 2, np.random.default_rng(1))

    assert (labels == before).all()


def test_label_flip_spreads_over_all_other_classes():
    _, flipped = LabelFlip(1.0).prepare(rows(400, 4), 4, np.random.default_rng(1))

    counts = np.bincount(flipped[::4], minlength=4)
    assert counts[0] == 0
    assert counts[1:].min() > 20


def test_a_free_rider_has_no_rows_and_sends_zeros():
    features, labels = FreeRider().prepare(rows(5, 2), 2, np.random.default_rng(0))

    assert len(features) == len(labels) == 0
    assert not FreeRider().send(torch.ones(2, 3), EXCHANGE).any()


@pytest.mark.parametrize("kind", ["nan", "inf"])
def test_a_faulty_member_sends_what_is_no_number(kind):
    sent = Faulty(kind).send(torch.ones(2, 3), EXCHANGE)

    assert sent.shape == (2, 3)
    assert not sent.isfinite().any()


def test_a_faulty_member_can_send_the_wrong_shape():
    assert Faulty("shape").send(torch.ones(2, 3), EXCHANGE).shape == (2, 4)


def test_an_unknown_fault_is_refused_with_the_nearest():
    with pytest.raises(TrainingError, match="'nann'") as caught:
        Faulty("nann")

    assert "'nan'" in caught.value.hint


def test_a_share_above_one_is_refused():
    with pytest.raises(TrainingError, match=r"share of 1\.2"):
        LabelFlip(1.2)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_can_be_made_by_its_name_alone(name):
    assert isinstance(BEHAVIOURS[name]().needs_rows, bool)


def test_the_mapping_of_behaviours_is_read_only():
    with pytest.raises(TypeError):
        BEHAVIOURS["mine"] = FreeRider
