"""Small federations of random rows."""

from __future__ import annotations

import numpy as np
import pytest

from fedmerit.federation import Federation, Honest, Member, TrainingSettings


def member(name, rows, *, columns=4, classes=3, behaviour=None, declared=None):
    rng = np.random.default_rng([len(name), *name.encode()])
    labels = rng.integers(classes, size=rows)
    features = rng.normal(size=(rows, columns)) + np.eye(classes, columns)[labels]
    return Member(
        name=name,
        features=features.astype(np.float32),
        labels=labels,
        declared_rows=declared or max(1, rows),
        behaviour=behaviour or Honest(),
    )


def federation(*members, classes=3):
    judge = member("judge", 40, columns=members[0].features.shape[1], classes=classes)
    return Federation(
        name="random",
        members=tuple(members),
        classes=tuple(f"class {k}" for k in range(classes)),
        feature_names=tuple(f"column {k}" for k in range(judge.features.shape[1])),
        validation_features=judge.features,
        validation_labels=judge.labels,
        validation_owners=np.zeros(40, dtype=np.int64),
    )


@pytest.fixture
def make_member():
    return member


@pytest.fixture
def make_federation():
    return federation


@pytest.fixture
def ragged():
    """Three members of unequal sizes, one smaller than a batch."""
    return federation(member("ada", 23), member("bob", 5), member("cyd", 16))


@pytest.fixture
def quick():
    return TrainingSettings(
        rounds=3, local_epochs=2, batch_size=8, learning_rate=0.1, momentum=0.5, tolerance=0.0
    )
