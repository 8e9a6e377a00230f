"""Who contributed what to a jointly trained model, what to pay, and how to check it.

A few lines do a whole run::

    import fedmerit
    bundle = fedmerit.run("hospitals")
    print(bundle.table())
    print(fedmerit.audit(bundle).sentence)

They are imported when first used: they bring torch and web3 with them. Of a run that trains
elsewhere, ``fedmerit.record`` writes down each round, for ``fedmerit value DIRECTORY``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fedmerit.auditing import audit
    from fedmerit.kinds.recorded.recording import record
    from fedmerit.pipeline import resume, run

__all__ = ["audit", "record", "resume", "run"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a function or a room
    from importlib import import_module  # noqa: PLC0415 - only where something is missing

    if name in {"run", "resume"}:
        return getattr(import_module("fedmerit.pipeline"), name)
    if name == "record":
        return import_module("fedmerit.kinds.recorded.recording").record
    if name == "audit":
        return import_module("fedmerit.auditing").audit
    if name in {"chain", "contracts", "federation", "incentives"}:
        return import_module(f"fedmerit.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
