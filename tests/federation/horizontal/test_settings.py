"""Settings that cannot train are refused where they are made."""

from __future__ import annotations

import pytest

from fedmerit.errors import TrainingError
from fedmerit.federation import TrainingSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": 0},
        {"rounds": 1.5},
        {"local_epochs": 0},
        {"batch_size": -1},
        {"patience": 0},
        {"participation": 0.0},
        {"participation": 1.1},
        {"learning_rate": 0.0},
        {"learning_rate": float("inf")},
        {"learning_rate": float("nan")},
        {"momentum": 1.0},
        {"momentum": -0.1},
        {"tolerance": -1e-3},
        {"device": "gpu"},
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(wrong):
    (name,) = wrong

    with pytest.raises(TrainingError, match=name) as caught:
        TrainingSettings(**wrong)

    assert caught.value.hint
