"""Why the model of a recorded run is not taken along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from fedmerit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle


def portable(bundle: Bundle, *, allowed: str | None = None) -> NoReturn:  # noqa: ARG001 - as others take it
    """Refuse: nobody said how rows become the model's inputs.

    Raises:
        BundleError: Always.
    """
    raise BundleError(
        f"{bundle.path} does not know how rows become the inputs of its model, which was trained "
        "elsewhere",
        hint="Score rows where it was trained; its parameters are in training/model.safetensors.",
    )


def read(tensors: Mapping[str, NDArray[Any]], metadata: str) -> NoReturn:  # noqa: ARG001 - as above
    """Refuse likewise: no such file is written.

    Raises:
        BundleError: Always.
    """
    raise BundleError("no file holds the model of a recorded run")
