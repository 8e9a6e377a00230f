"""Why a fitted estimator is not taken along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from fedmerit.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fedmerit.bundle.directory import Bundle


def portable(bundle: Bundle, *, allowed: str | None = None) -> NoReturn:  # noqa: ARG001 - as others take it
    """Refuse: an estimator's own form is a pickle.

    Raises:
        BundleError: Always.
    """
    raise BundleError(
        f"{bundle.path} keeps no fitted {bundle.scenario.model.estimator}: its own form is a "
        "pickle, which runs code when it is opened",
        hint="Whoever has the pooled rows fits it again; encoding.json says how rows become "
        "features.",
    )


def read(tensors: Mapping[str, NDArray[Any]], metadata: str) -> NoReturn:  # noqa: ARG001 - as above
    """Refuse likewise: no such file is written.

    Raises:
        BundleError: Always.
    """
    raise BundleError("no file holds a fitted estimator")
