"""One small consortium, simulated once for many tests."""

from __future__ import annotations

import pytest

from fedmerit.scenario.model import Scenario
from fedmerit.simulation import Simulation, simulate

MECHANISMS = ("proportional", "equal", "fli", "signed-stakes", "second-score", "shapley")


def scenario(**changed):
    members = [
        {"name": "Idle", "behaviour": "free-rider"},
        {"name": "Copycat", "copy_of": "member-2"},
        {"name": "member-5", "behaviour": "label-flip", "flip_share": 1.0},
    ]
    return Scenario.model_validate(
        {
            "name": "small",
            "data": {
                "source": "digits",
                "validation_share": 0.2,
                "partition": {"participants": 6, "alpha": 1.0},
            },
            "members": members,
            "training": {"local_epochs": 1, "learning_rate": 0.1, "tolerance": 0.0},
            "reward": {"budget": 6 * 10**21},
        }
        | changed
    )


@pytest.fixture(scope="session")
def small():
    return scenario


@pytest.fixture(scope="session")
def compared():
    """Six mechanisms over five rounds, two members seen to deviate."""
    return simulate(scenario(), Simulation(mechanisms=MECHANISMS, rounds=5, deviators=2))
