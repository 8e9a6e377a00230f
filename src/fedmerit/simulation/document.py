"""A comparison as plain values, for files and other programs."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fedmerit.simulation.results import Comparison

#: Decimals of what is no amount; more would differ between machines.
_DECIMALS: Final = 9


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Give everything of a comparison as plain values.

    Whole numbers are base units where the field says so, and text as soon as they are too long
    for other readers of JSON; an end of an interval that is open is null.
    """
    found = asdict(comparison)
    found["runs"] = [_run(run) for run in found["runs"]]
    return {name: _plain(each) for name, each in found.items()}


def _run(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "advantages": {each.pop("kind"): each for each in run["advantages"]}}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of a comparison
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if not isfinite(value):
        return None
    return round(float(value), _DECIMALS) if abs(value) < 2**53 else str(round(value))
