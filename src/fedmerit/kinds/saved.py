"""The file that a model is taken along in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from safetensors import SafetensorError, safe_open

from fedmerit.errors import BundleError
from fedmerit.kinds.scores import METADATA
from fedmerit.scenario.kinds import KINDS, Kind
from fedmerit.untrusted import check_json

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.kinds.parts import ScoringPart
    from fedmerit.kinds.scores import PortableModel


def read_model(path: Path) -> PortableModel:
    """Read a model's file; nothing of it is run.

    Raises:
        BundleError: It is none.
    """
    try:
        if not path.is_file():  # a pipe would never end
            raise BundleError(f"{path} is no file", hint="'fedmerit export' writes one.")
        with safe_open(path, framework="np") as file:
            said = (file.metadata() or {}).get(METADATA, "")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (OSError, SafetensorError, ValueError) as error:
        raise BundleError(
            f"{path} cannot be read as a model: {error}", hint="'fedmerit export' writes one."
        ) from error
    part = _part(said)
    if part is None:
        raise BundleError(
            f"{path} is no model that fedmerit wrote: its metadata do not say how rows are read",
            hint="'fedmerit export' writes one.",
        )
    return part.read(tensors, said)


def _part(said: str) -> ScoringPart | None:
    """Give what scores rows by a model whose metadata say *said*."""
    try:
        check_json(said.encode())
        found = json.loads(said)
    except ValueError:
        return None
    name = found.get("kind") if isinstance(found, dict) else None
    if not isinstance(name, str) or name not in KINDS:
        return None
    return cast("ScoringPart", Kind(name, KINDS[name]).part("scoring"))
