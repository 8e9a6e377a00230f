"""What scoring new rows gives, and what a model that is taken along can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from fedmerit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

#: The entry of a file's metadata that is ours.
METADATA: Final = "fedmerit"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """What a model says of rows.

    Attributes:
        frame: The rows as they stand in their file.
        columns: What it says, by title: arrays of shape ``(rows,)``.
        notes: What was recognised, filled in and not used on reading.

    """

    frame: pd.DataFrame
    columns: Mapping[str, NDArray[Any]]
    notes: tuple[str, ...] = ()


class PortableModel(Protocol):
    """A trained model that is taken along."""

    def saved(self) -> bytes:
        """Give its file, safetensors."""

    def score(
        self, path: Path, *, allowed: str | None = None, parts: tuple[Path, ...] = ()
    ) -> Scores:
        """Score the rows of a file, running no code that *allowed* does not name.

        Args:
            path: The file.
            allowed: The import path of a module whose code may be run.
            parts: Files of others' parts, where the model is one of several owners'.
        """


def require_allowed(code: str, allowed: str | None) -> None:
    """Refuse to run a module that whoever scores has not named.

    Args:
        code: ``package.module:Class``, or the name of a model of ours.
        allowed: What may be run.

    Raises:
        BundleError: It is another.
    """
    if ":" in code and code != allowed:
        raise BundleError(
            f"this model runs code that its file names: {code!r}",
            hint=f"Read that code first; then allow it by its name: --allow-model {code}",
        )
