"""What a member does with its rows, and with the update it is asked for.

May import the ground.

A behaviour acts twice: on the data before training, and on finished updates, many at a
time (one row per model the member was sent). It never sees another member, so a member that
holds a copy of another's rows is no behaviour but a
:class:`~fedmerit.federation.data.holdings.Role`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.federation.behaviours.effort import DropOut, UnderEffort
from fedmerit.federation.behaviours.protocol import Behaviour, ClientContext, Honest
from fedmerit.federation.behaviours.riders import DisguisedRider, FreeRider, StaleRider
from fedmerit.federation.behaviours.rows import FeatureNoise, LabelFlip
from fedmerit.federation.behaviours.updates import Faulty, UpdateNoise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.federation.behaviours.protocol import Rows as Rows

__all__ = [
    "BEHAVIOURS",
    "Behaviour",
    "ClientContext",
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
]

#: Every behaviour, by the name scenarios use. Keyword arguments are the class's fields.
BEHAVIOURS: Final[Mapping[str, Callable[..., Behaviour]]] = MappingProxyType(
    {
        "honest": Honest,
        "free-rider": FreeRider,
        "stale-rider": StaleRider,
        "disguised-rider": DisguisedRider,
        "label-flip": LabelFlip,
        "feature-noise": FeatureNoise,
        "update-noise": UpdateNoise,
        "under-effort": UnderEffort,
        "drop-out": DropOut,
        "faulty": Faulty,
    }
)
