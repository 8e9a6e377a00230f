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


def require_allowed(bundle: Bundle, model: str | None, metric: str | None) -> None:
    """Refuse to run a model or a metric whose code is not ours and was not named by the auditor.

    Args:
        bundle: Whose scenario names them.
        model: The model that is allowed.
        metric: The metric that is.

    Raises:
        AuditImpossible: It is some module's that is not allowed.
    """
    try:
        scenario = bundle.scenario
    except FedmeritError:
        return  # nothing is trained by what cannot be read, and the checks say why
    kind = scenario.model.estimator or scenario.model.kind
    asked = {"model": kind, "metric": scenario.valuation.metric}
    allowed = {"model": model, "metric": metric}
    named = {what: path for what, path in asked.items() if ":" in path}
    if is_known(kind):
        named.pop("model", None)
    if any(allowed[what] != path for what, path in named.items()):
        options = " ".join(f"--allow-{what} {path}" for what, path in named.items())
        raise AuditImpossible(
            "to train this again runs code that the bundle names: "
            f"{', '.join(map(repr, named.values()))}",
            hint="Read that code first; then allow it by its name: "
            f"fedmerit audit {argument(bundle.path)} {options}",
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
