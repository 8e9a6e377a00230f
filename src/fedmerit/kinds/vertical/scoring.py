"""Why a vertical run's model is in no one's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from fedmerit.errors import BundleError
from fedmerit.kinds.vertical.models import models_folder

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
        hint=f"Each owner's weights are in {models_folder(bundle)}, for its own columns alone; "
        "scoring new people from these parts is not there yet.",
    )


def read(tensors: Mapping[str, NDArray[Any]], metadata: str) -> NoReturn:  # noqa: ARG001 - as above
    """Refuse likewise: no such file is written.

    Raises:
        BundleError: Always.
    """
    raise BundleError("no file holds a vertical run's whole model")
