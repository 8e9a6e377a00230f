"""What a party of a vertical federation needs to take part as a process: a folder of its own.

Nothing of another party is in it but public certificates. JSON and safetensors only.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from safetensors.numpy import load_file, save_file

from fedmerit.canonical import digest
from fedmerit.errors import TrainingError
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.vertical.regression.regression import opened_sums
from fedmerit.federation.vertical.regression.settings import THIRD_PARTY, RegressionSettings
from fedmerit.federation.vertical.task import Columns
from fedmerit.federation.wire.folders import write_identity
from fedmerit.federation.wire.identity import new_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fedmerit.federation.vertical.split.settings import SplitSettings
    from fedmerit.federation.vertical.task import Matrix, VerticalTask

PARTY: Final = "party.json"
COLUMNS: Final = "columns.safetensors"


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
        "sums": (opened_sums(task, settings) if isinstance(settings, RegressionSettings) else {}),
        "certificates": {name: who.certificate for name, who in identities.items()},
    }
    folders = {}
    for name in names:
        folders[name] = root / name.replace(" ", "-")
        own = {"name": name, "secret": (secrets or {}).get(name)}
        write_identity(folders[name], identities[name])
        (folders[name] / PARTY).write_text(json.dumps({**agreed, **own}, indent=1), "utf-8")
    for columns in task.parties:
        arrays = {"training": columns.training, "held_out": columns.held_out}
        if columns.party == task.label_holder:
            arrays["labels"] = task.labels
        contiguous = {key: np.ascontiguousarray(array) for key, array in arrays.items()}
        save_file(contiguous, folders[columns.party] / COLUMNS)
    return folders


class Brief:
    """What a party's folder says it shall do.

    Attributes:
        name: The party.
        parties: All with columns, the label holder first.
        protocol: ``regression`` or ``split``.
        settings: How to train.
        seed: The scenario's seed.
        rows: Training rows.
        sums: How many sums each party may have opened in a batch of a regression.
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
        self.sums: dict[str, int] = {
            party: said["sums"][party] for party in self.parties if said["sums"]
        }
        self.secret: int | None = said["secret"]
        self.certificates: dict[str, str] = said["certificates"]
        self.settings = _settings(self.protocol, said["settings"])
        self._folder = folder

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


def _settings(protocol: str, said: dict[str, Any]) -> RegressionSettings | SplitSettings:
    if protocol == "regression":
        noise = NoiseSettings(**said["gradient_noise"])
        return RegressionSettings(**{**said, "gradient_noise": noise})
    if protocol != "split":
        raise TrainingError(f"no protocol is called {protocol!r}")
    # torch takes seconds to import, which regression does not need.
    from fedmerit.federation.models import ModelSpec  # noqa: PLC0415
    from fedmerit.federation.vertical.split.settings import SplitSettings  # noqa: PLC0415

    models = {
        part: ModelSpec(**{**said[part], "hidden": tuple(said[part]["hidden"])})
        for part in ("bottom", "top")
    }
    protections = {part: NoiseSettings(**said[part]) for part in ("labels", "features")}
    return SplitSettings(**{**said, **models, **protections})
