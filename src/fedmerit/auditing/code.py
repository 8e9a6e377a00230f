"""Whose code an audit may run: none that a bundle brings or names, unless the auditor names it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fedmerit.errors import AuditImpossible, FedmeritError
from fedmerit.scenario.estimators import is_known
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.bundle.directory import Bundle


def require_allowed(bundle: Bundle, allowed: str | None) -> None:
    """Refuse to train a model whose code is not ours and was not named by the auditor.

    Raises:
        AuditImpossible: It is some module's that *allowed* does not name.
    """
    try:
        model = bundle.scenario.model
    except FedmeritError:
        return  # nothing is trained by what cannot be read, and the checks say why
    kind = model.estimator or model.kind
    if ":" in kind and kind != allowed and not is_known(kind):
        raise AuditImpossible(
            f"to train this again runs code that the bundle names: {kind!r}",
            hint="Read that code first; then allow it by its name: "
            f"fedmerit audit {argument(bundle.path)} --allow-model {kind}",
        )


@contextmanager
def nothing_imported_from(folder: Path) -> Iterator[None]:
    """Take *folder*, and what is in it, off the path that modules are imported from."""
    inside, before = folder.resolve(), list(sys.path)
    sys.path[:] = [entry for entry in before if not Path(entry).resolve().is_relative_to(inside)]
    try:
        yield
    finally:
        sys.path[:] = before
