"""Federations: data and their owners, behaviours, batched training, and the games it induces.

Names are imported when first used, so that importing this package does not load torch.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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
    from fedmerit.federation.consortium import Federation, Member, federate
    from fedmerit.federation.courses import Courses, Leg
    from fedmerit.federation.games import RetrainingGame
    from fedmerit.federation.holdings import Role
    from fedmerit.federation.measure import METRICS, Metrics, measure_rows
    from fedmerit.federation.models import MODELS, ModelSpec, network
    from fedmerit.federation.partition import RECIPES, Partition
    from fedmerit.federation.record import Round, TrainingRecord, update_digests
    from fedmerit.federation.roundgames import WEIGHTINGS, RoundGame
    from fedmerit.federation.rungame import GAMES, RunGame
    from fedmerit.federation.settings import TrainingSettings
    from fedmerit.federation.tables import BUILTIN, Table, load_builtin, read_table
    from fedmerit.federation.training import pooled_baseline, train

__all__ = [
    "BEHAVIOURS",
    "BUILTIN",
    "GAMES",
    "METRICS",
    "MODELS",
    "RECIPES",
    "WEIGHTINGS",
    "Behaviour",
    "Courses",
    "DisguisedRider",
    "DropOut",
    "Faulty",
    "FeatureNoise",
    "Federation",
    "FreeRider",
    "Honest",
    "LabelFlip",
    "Leg",
    "Member",
    "Metrics",
    "ModelSpec",
    "Partition",
    "RetrainingGame",
    "Role",
    "Round",
    "RoundGame",
    "RunGame",
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
        "consortium": ("Federation", "Member", "federate"),
        "courses": ("Courses", "Leg"),
        "games": ("RetrainingGame",),
        "holdings": ("Role",),
        "measure": ("METRICS", "Metrics", "measure_rows"),
        "models": ("MODELS", "ModelSpec", "network"),
        "partition": ("RECIPES", "Partition"),
        "record": ("Round", "TrainingRecord", "update_digests"),
        "roundgames": ("WEIGHTINGS", "RoundGame"),
        "rungame": ("GAMES", "RunGame"),
        "settings": ("TrainingSettings",),
        "tables": ("BUILTIN", "Table", "load_builtin", "read_table"),
        "training": ("pooled_baseline", "train"),
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
