"""Models of a recorded run out of safetensors files: one flat float32 vector each."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from safetensors import SafetensorError, safe_open

from fedmerit.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

#: What a parameter may be stored as.
_FLOATS: Final = frozenset({"F16", "F32", "F64"})
#: Keys that one problem lists.
_LISTED: Final = 5


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a file of a model, or of a difference to one, has to hold.

    Attributes:
        shapes: Each parameter's shape by its key in the files, in the model's order.
    """

    shapes: Mapping[str, tuple[int, ...]]

    @property
    def count(self) -> int:
        """Numbers in all."""
        return sum(map(prod, self.shapes.values()))

    def read(self, path: Path) -> NDArray[np.float32]:
        """Read a file as one vector, ``(parameters,)``.

        Raises:
            DataError: It holds anything else, or what is no number.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                self._check(file)
                parts = [file.get_tensor(key) for key in self.shapes]
        except (SafetensorError, OSError, ValueError) as error:
            raise DataError(f"is no safetensors file: {error}", hint=_WRITE) from error
        with np.errstate(over="ignore"):
            vector = np.concatenate([part.astype(np.float32).reshape(-1) for part in parts])
        broken = int((~np.isfinite(vector)).sum())
        if broken:
            raise DataError(
                f"has {broken:,} of {len(vector):,} parameters that are no finite float32",
                hint="Leave out of a round what its server refused: the file and the weight.",
            )
        return vector

    def _check(self, file: Any) -> None:  # noqa: ANN401 - safetensors' handle has no type
        keys = set(file.keys())
        if keys != self.shapes.keys():
            missing, others = sorted(self.shapes.keys() - keys), sorted(keys - self.shapes.keys())
            said = [f"lacks {_listed(missing)}"] if missing else []
            said += [f"has {_listed(others)} besides"] if others else []
            raise DataError(
                " and ".join(said),
                hint="model.toml says what was trained, and [recorded] keys what the files call "
                f"its parameters, in this order: {_listed(list(self.shapes))}.",
            )
        for key, due in self.shapes.items():
            there = file.get_slice(key)
            shape, kind = tuple(there.get_shape()), there.get_dtype()
            if shape != due or kind not in _FLOATS:
                raise DataError(
                    f"has {key} as {kind} of shape {shape}, and the model's is of shape {due}",
                    hint="Store parameters as float16, float32 or float64, shaped as the model's.",
                )


_WRITE: Final = "Write it with safetensors, or by fedmerit.record."


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _LISTED:,} more" if len(keys) > _LISTED else ""
    return ", ".join(keys[:_LISTED]) + more
