"""A party's own folder: who it is to others, and what it leaves: JSON and safetensors only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from safetensors.numpy import load_file, save_file

from fedmerit.errors import ChannelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.wire.identity import Identity

CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"
RESULT: Final = "result.safetensors"
OUTCOME: Final = "outcome.json"


def write_identity(folder: Path, identity: Identity) -> None:
    """Make a party's folder, with its certificate and its key in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CERTIFICATE).write_text(identity.certificate, "utf-8")
    key = folder / KEY
    key.touch(mode=0o600)
    key.write_bytes(identity.key)


def write_result(
    folder: Path, arrays: Mapping[str, NDArray[np.generic]], outcome: Mapping[str, object]
) -> None:
    """Leave a party's arrays, and how it ended."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(contiguous, folder / RESULT)
    write_outcome(folder, outcome)


def write_outcome(folder: Path, outcome: Mapping[str, object]) -> None:
    """Leave how a party ended."""
    (folder / OUTCOME).write_text(json.dumps(outcome), "utf-8")


def forget_result(folder: Path) -> None:
    """Remove what an earlier process left."""
    for name in (OUTCOME, RESULT):
        (folder / name).unlink(missing_ok=True)


def read_result(folder: Path) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
    """Read what a party left: its arrays, and how it ended.

    Raises:
        ChannelError: It left nothing.
    """
    if not (folder / OUTCOME).is_file():
        raise ChannelError(f"{folder.name} left no result")
    outcome: dict[str, Any] = json.loads((folder / OUTCOME).read_text("utf-8"))
    arrays = load_file(folder / RESULT) if (folder / RESULT).is_file() else {}
    return arrays, outcome
