"""Steps that would diverge are refused before the training, and those that do not are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fedmerit.errors import Diverged, TrainingError
from fedmerit.federation.vertical.regression.regression import plain_regression, train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.regression.stability import check_rate, largest_rate

FULL = RegressionSettings(batch_size=10**6, tolerance=0.0, key_bits=512)


def grown(task, settings, times):
    """Give how much larger weights are after twice as many epochs."""
    rate = times * largest_rate(task, settings)
    sizes = []
    for epochs in (600, 1200):
        asked = replace(settings, learning_rate=rate, epochs=epochs)
        weights, _ = plain_regression(task, asked, seed=0)
        sizes.append(max(float(np.abs(own).max()) for own in weights.values()))
    return sizes[1] / sizes[0]


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("kind", ["logistic", "linear"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_descent_diverges_above_the_bound_and_nowhere_below(make_task, whiten, kind, l2):
    task = make_task(2, 3)
    settings = replace(FULL, whiten=whiten, kind=kind, l2=l2)

    assert grown(task, settings, 1.05) > 1e6
    assert grown(task, settings, 0.98) == pytest.approx(1, abs=0.01)


def test_no_coalition_diverges_where_all_together_do_not(make_task):
    task = make_task(2, 3, 2)
    part = replace(task, parties=(task.parties[0], task.parties[2]))

    assert largest_rate(part, FULL) >= largest_rate(task, FULL)


def test_a_rate_above_the_bound_is_refused_with_one_that_does(make_task):
    task = make_task(2, 3)
    most = largest_rate(task, FULL)

    check_rate(task, replace(FULL, learning_rate=1.2 * most, epochs=2))  # twice 1.4 is bearable
    with pytest.raises(TrainingError, match="the training would diverge") as refused:
        check_rate(task, replace(FULL, learning_rate=1.2 * most, epochs=10))
    named = float(refused.value.hint.removeprefix("Set vertical.learning_rate to ").split()[0])
    check_rate(task, replace(FULL, learning_rate=named))
    assert 0.8 * most < named < most


def test_of_the_exact_loss_no_bound_is_claimed_and_what_diverges_is_not_to_be_resumed(make_task):
    task = make_task(1, 1)
    assert largest_rate(task, replace(FULL, sigmoid="exact")) is None
    task.parties[1].training[:] *= 100

    with pytest.raises(Diverged, match=r"linear predictors reach .* beyond") as stopped:
        train_regression(task, replace(FULL, epochs=9, learning_rate=10.0), seed=0)
    assert "start another run" in stopped.value.hint
