"""Federations: data and their owners, behaviours, batched training, and the games it induces.

May import the ground.

Names are imported when first used, so that importing this package does not load torch.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fedmerit.federation.batched.measure import METRICS, Metrics, measure_rows, rehearse_metric
    from fedmerit.federation.behaviours import (
        BEHAVIOURS,
        Behaviour,
        DisguisedRider,
        DropOut,
        Faulty,
        FeatureNoise,
        FreeRider,
        Honest,
        LabelFlip,
        StaleRider,
        UnderEffort,
        UpdateNoise,
    )
    from fedmerit.federation.data.consortium import Federation, Member, federate
    from fedmerit.federation.data.holdings import Role
    from fedmerit.federation.data.partition import RECIPES, Partition
    from fedmerit.federation.data.tables import BUILTIN, Table, load_builtin, read_table
    from fedmerit.federation.games.parallel import ParallelRuns, RunRound
    from fedmerit.federation.games.retraining import RetrainingGame
    from fedmerit.federation.games.rounds import WEIGHTINGS, RoundGame
    from fedmerit.federation.games.run import GAMES, RunGame
    from fedmerit.federation.horizontal.record import Round, TrainingRecord, update_digests
    from fedmerit.federation.horizontal.settings import TrainingSettings
    from fedmerit.federation.horizontal.training import pooled_baseline, train
    from fedmerit.federation.models import MODELS, ModelSpec, network

__all__ = [
    "BEHAVIOURS",
    "BUILTIN",
    "GAMES",
    "METRICS",
    "MODELS",
    "RECIPES",
    "WEIGHTINGS",
    "Behaviour",
    "DisguisedRider",
    "DropOut",
    "Faulty",
    "FeatureNoise",
    "Federation",
    "FreeRider",
    "Honest",
    "LabelFlip",
    "Member",
    "Metrics",
    "ModelSpec",
    "ParallelRuns",
    "Partition",
    "RetrainingGame",
    "Role",
    "Round",
    "RoundGame",
    "RunGame",
    "RunRound",
    "StaleRider",
    "Table",
    "TrainingRecord",
    "TrainingSettings",
    "UnderEffort",
    "UpdateNoise",
    "federate",
    "load_builtin",
    "measure_rows",
    "network",
    "pooled_baseline",
    "read_table",
    "rehearse_metric",
    "train",
    "update_digests",
]

_MODULES: Final = MappingProxyType(
    {
        "behaviours": (
            "BEHAVIOURS",
            "Behaviour",
            "DisguisedRider",
            "DropOut",
            "Faulty",
            "FeatureNoise",
            "FreeRider",
            "Honest",
            "LabelFlip",
            "StaleRider",
            "UnderEffort",
            "UpdateNoise",
        ),
        "data.consortium": ("Federation", "Member", "federate"),
        "games.parallel": ("ParallelRuns", "RunRound"),
        "games.retraining": ("RetrainingGame",),
        "data.holdings": ("Role",),
        "batched.measure": ("METRICS", "Metrics", "measure_rows", "rehearse_metric"),
        "models": ("MODELS", "ModelSpec", "network"),
        "data.partition": ("RECIPES", "Partition"),
        "horizontal.record": ("Round", "TrainingRecord", "update_digests"),
        "games.rounds": ("WEIGHTINGS", "RoundGame"),
        "games.run": ("GAMES", "RunGame"),
        "horizontal.settings": ("TrainingSettings",),
        "data.tables": ("BUILTIN", "Table", "load_builtin", "read_table"),
        "horizontal.training": ("pooled_baseline", "train"),
    }
)
_HOMES: Final = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's names have any type
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
