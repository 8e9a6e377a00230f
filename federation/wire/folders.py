"""A party's own folder: what it needs to take part in another process, and what it leaves there.

Nothing of another party is in it but public certificates. JSON and safetensors only.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from safetensors.numpy import load_file, save_file

from fedmerit.canonical import digest
from fedmerit.errors import ChannelError, TrainingError
from fedmerit.federation.vertical.regression.regression import THIRD_PARTY, RegressionSettings
from fedmerit.federation.vertical.task import Columns
from fedmerit.federation.wire.identity import Identity, new_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from fedmerit.federation.vertical.split.split import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask

PARTY: Final = "party.json"
COLUMNS: Final = "columns.safetensors"
RESULT: Final = "result.safetensors"
OUTCOME: Final = "outcome.json"


def prepare(
    task: VerticalTask,
    settings: RegressionSettings | SplitSettings,
    root: Path,
    *,
    seed: int,
    secrets: Mapping[str, int] | None = None,
) -> dict[str, Path]:
    """Write a folder for each party, as if each had written its own.

    Args:
        task: Whose columns, whose labels.
        settings: How to train.
        root: Where the folders go.
        seed: The scenario's seed.
        secrets: Seeds of parties' noise, for tests; the operating system's without.

    Returns:
        Each party's folder, by name.

    """
    names = list(task.participants)
    if isinstance(settings, RegressionSettings) and settings.coordinator == "third party":
        names.append(THIRD_PARTY)
    identities = {name: new_identity(name) for name in names}
    agreed = {
        "protocol": "regression" if isinstance(settings, RegressionSettings) else "split",
        "parties": list(task.participants),
        "settings": asdict(settings),
        "seed": seed,
        "rows": len(task.labels),
        "certificates": {name: who.certificate for name, who in identities.items()},
    }
    found = {}
    for name in names:
        found[name] = root / name.replace(" ", "-")
        own = {"name": name, "secret": (secrets or {}).get(name)}
        _write(found[name], identities[name], {**agreed, **own})
    for columns in task.parties:
        arrays = {"training": columns.training, "held_out": columns.held_out}
        if columns.party == task.label_holder:
            arrays["labels"] = task.labels
        contiguous = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
        save_file(contiguous, found[columns.party] / COLUMNS)
    return found


def _write(folder: Path, identity: Identity, said: Mapping[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "certificate.pem").write_text(identity.certificate, "utf-8")
    key = folder / "key.pem"
    key.touch(mode=0o600)
    key.write_bytes(identity.key)
    (folder / PARTY).write_text(json.dumps(said, indent=1), "utf-8")


class Brief:
    """What a party's folder says it shall do.

    Attributes:
        name: The party.
        parties: All with columns, the label holder first.
        protocol: ``regression`` or ``split``.
        settings: How to train.
        seed: The scenario's seed.
        rows: Training rows.
        secret: Seed of its noise; None for the operating system's.
        certificates: Everyone's, PEM.
        session: What all parties must agree on, hashed.

    """

    def __init__(self, folder: Path) -> None:
        said: dict[str, Any] = json.loads((folder / PARTY).read_text("utf-8"))
        own = {"name", "secret"}
        agreed = {key: value for key, value in said.items() if key not in own}
        self.session = digest(json.dumps(agreed, sort_keys=True).encode())
        self.name: str = said["name"]
        self.parties: tuple[str, ...] = tuple(said["parties"])
        self.protocol: str = said["protocol"]
        self.seed: int = said["seed"]
        self.rows: int = said["rows"]
        self.secret: int | None = said["secret"]
        self.certificates: dict[str, str] = said["certificates"]
        self.settings = _settings(self.protocol, said["settings"])
        self._folder = folder

    @property
    def peers(self) -> tuple[str, ...]:
        """Everyone else."""
        return tuple(name for name in self.certificates if name != self.name)

    def columns(self) -> tuple[Columns, Matrix]:
        """Read the party's own columns, and its labels if it is the label holder."""
        arrays = load_file(self._folder / COLUMNS)
        width = arrays["training"].shape[1]
        columns = Columns(
            party=self.name,
            names=tuple(f"column {k}" for k in range(width)),
            training=arrays["training"],
            held_out=arrays["held_out"],
        )
        return columns, arrays.get("labels", np.empty(0))


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


def _settings(protocol: str, said: dict[str, Any]) -> RegressionSettings | SplitSettings:
    if protocol == "regression":
        return RegressionSettings(**said)
    if protocol != "split":
        raise TrainingError(f"no protocol is called {protocol!r}")
    # torch takes seconds to import, which regression does not need.
    from fedmerit.federation.models import ModelSpec  # noqa: PLC0415
    from fedmerit.federation.privacy.noise import Protection  # noqa: PLC0415
    from fedmerit.federation.vertical.split.split import SplitSettings  # noqa: PLC0415

    models = {
        part: ModelSpec(**{**said[part], "hidden": tuple(said[part]["hidden"])})
        for part in ("bottom", "top")
    }
    protections = {part: Protection(**said[part]) for part in ("labels", "features")}
    return SplitSettings(**{**said, **models, **protections})
