"""The benchmarks' closed forms are what enumeration gives."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest

from fedmerit.incentives import value

ROOT = Path(__file__).parents[2]


def by_path(name):
    spec = spec_from_file_location(f"benchmark_{name}", ROOT / "benchmarks" / f"{name}.py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


FAMILIES = by_path("families").FAMILIES
ANSWERS = by_path("known_answers")
#: The saturating game's noise belongs to its coalitions, and not to its closed form: 1% of the
#: worth of everyone leaves 3e-4 or so.
WITHIN = {"unanimity": 1e-20, "airport": 1e-20, "voting": 1e-20, "saturating": 1e-3}


def test_every_family_is_checked():
    assert set(FAMILIES) == set(WITHIN)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(5))
def test_a_closed_form_is_what_all_coalitions_give(family, seed):
    game = FAMILIES[family](8, np.random.default_rng(seed))

    exact = value(game, method="exact", budget=2**8, seed=0).values

    error = ((game.truth - exact) ** 2).mean() / (game.truth**2).mean()
    assert error < WITHIN[family]


@pytest.mark.parametrize("family", FAMILIES)
def test_truth_shares_out_the_worth_of_everyone_at_fifty_participants(family):
    game = FAMILIES[family](50, np.random.default_rng(3))

    everyone = float(game.worth(np.ones((1, 50), dtype=np.bool_))[0])

    assert game.truth.sum() == pytest.approx(everyone, abs=0.02)  # twice the noise


@pytest.mark.parametrize("family", FAMILIES)
def test_a_coalition_asked_for_twice_answers_the_same(family):
    rng = np.random.default_rng(5)
    game = FAMILIES[family](10, rng)
    coalitions = rng.random((40, 10)) < 0.5

    assert np.array_equal(game.worth(coalitions), game.worth(coalitions))


@pytest.mark.slow  # five trainings of 150 passes: that models here are as good as elsewhere
@pytest.mark.parametrize("name", ANSWERS.TABLES)
def test_the_pooled_model_is_within_two_hundredths_of_scikit_learns(name):
    made = ANSWERS.dealt(name)

    assert ANSWERS.pooled(made) == pytest.approx(ANSWERS.theirs(made), abs=0.02)
