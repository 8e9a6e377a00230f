"""The compiled contracts, as the chain room deploys them.

May import the ground.

Compiled at build time and shipped as package data: nothing here needs a compiler.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from fedmerit.errors import ContractsError, suggestion

_REBUILD = "Reinstall fedmerit; in a checkout, run 'python hardhat-free-scripts/compile.py'."


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract.

    Attributes:
        name: The contract's name.
        abi: Its interface, one entry a function, event or error.
        bytecode: What a deployment sends before the constructor's arguments, 0x-prefixed hex.

    """

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: str


def names() -> tuple[str, ...]:
    """Name the contracts that :func:`artifact` gives, in alphabetical order."""
    return tuple(sorted(_contracts()))


@cache
def artifact(name: str) -> Artifact:
    """Give the compiled contract called *name*.

    Raises:
        ContractsError: There is no such contract, or the artifacts are missing or damaged.

    """
    contracts = _contracts()
    if name not in contracts:
        raise ContractsError(f"no contract is called {name!r}", hint=suggestion(name, contracts))
    built = contracts[name]
    return Artifact(name, tuple(built["abi"]), built["bytecode"])


@cache
def _contracts() -> dict[str, dict[str, Any]]:
    try:
        text = files("fedmerit.contracts").joinpath("artifacts.json").read_text(encoding="utf-8")
        contracts: dict[str, dict[str, Any]] = json.loads(text)["contracts"]
    except FileNotFoundError as error:
        raise ContractsError("the compiled contracts are missing", hint=_REBUILD) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ContractsError(
            f"the compiled contracts are damaged: {error}", hint=_REBUILD
        ) from error
    return contracts
