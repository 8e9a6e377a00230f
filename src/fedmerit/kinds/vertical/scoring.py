"""The model of a run whose members own columns: a part for each owner, and nobody's whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from fedmerit.errors import BundleError
from fedmerit.kinds.vertical.models import models_folder
from fedmerit.kinds.vertical.portable import PartModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle


def portable(bundle: Bundle, *, allowed: str | None = None) -> NoReturn:  # noqa: ARG001 - as others take it
    """Refuse: each owner has its own part of the weights.

    Raises:
        BundleError: Always.
    """
    raise BundleError(
        f"the model of {bundle.path} is in parts, one of each owner, and in nobody's hands whole",
        hint=f"Each owner scores its own rows by its own file in {models_folder(bundle)}: fedmerit "
        "predict OWNER.safetensors ROWS.csv.",
    )


def read(tensors: Mapping[str, NDArray[Any]], metadata: str) -> PartModel:
    """Take an owner's part out of its file's tensors and metadata."""
    return PartModel.read(tensors, metadata)
