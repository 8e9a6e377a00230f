"""Compiles the Solidity sources into the artifacts that the package ships.

Build time only: nothing here runs when contracts are deployed, and nothing else of the package
imports it (it needs py-solc-x, and the sources of a repository checkout).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, Final

from eth_utils.crypto import keccak
from solcx import compile_standard, get_installed_solc_versions, install_solc
from solcx.exceptions import DownloadError, SolcError, SolcInstallationError
from solcx.install import get_executable
from solcx.wrapper import get_solc_version

from fedmerit.errors import ContractsError

VERSION: Final = "0.8.37"
SHIPPED: Final = (
    "CommitteeArbiter",
    "CreditToken",
    "Disputes",
    "JobVault",
    "Registry",
    "Reports",
    "Rounds",
    "Stakes",
)

ROOM: Final = Path(__file__).resolve().parent
ARTIFACTS: Final = ROOM / "artifacts.json"
MODULES: Final = ROOM.parent / "node_modules"

# Without the metadata's digest, the bytecode depends on the sources and on nothing else.
SETTINGS: Final[dict[str, Any]] = {
    "evmVersion": "cancun",
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
}


def sources() -> dict[str, str]:
    """Give our own Solidity sources, by their path from the repository's root."""
    return {
        f"contracts/{path.relative_to(ROOM).as_posix()}": path.read_text(encoding="utf-8")
        for path in sorted((ROOM / "src").rglob("*.sol"))
    }


def digests(texts: dict[str, str]) -> dict[str, str]:
    """Give the Keccak-256 of each source, in hex."""
    return {name: f"0x{keccak(text=text).hex()}" for name, text in texts.items()}


def compiler() -> Path:
    """Find a compiler of exactly :data:`VERSION`.

    In this order: the path in ``FEDMERIT_SOLC``, what py-solc-x has installed, what it can
    install, the npm package behind ``contracts/solc.mjs``.

    Raises:
        ContractsError: There is none, or the one named is of another version.

    """
    if named := os.environ.get("FEDMERIT_SOLC"):
        return _checked(Path(named))
    if VERSION in map(str, get_installed_solc_versions()):
        return _checked(get_executable(VERSION))
    try:
        install_solc(VERSION)
    # Offline, behind a proxy, or on a platform without a binary: the npm package serves them all.
    except (OSError, ValueError, DownloadError, SolcInstallationError) as error:
        return _packaged(error)
    return _checked(get_executable(VERSION))


def compiled() -> dict[str, Any]:
    """Compile the sources, and give what ``artifacts.json`` holds.

    Raises:
        ContractsError: No compiler, or the sources do not compile.

    """
    texts = sources()
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in texts.items()},
        "settings": SETTINGS | {"outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}}},
    }
    try:
        answer = compile_standard(
            request, base_path=ROOM.parent, allow_paths=[MODULES], solc_binary=compiler()
        )
    except SolcError as error:
        raise ContractsError(f"the contracts do not compile: {error}") from error
    return {
        "compiler": VERSION,
        "settings": SETTINGS,
        "sources": digests(texts),
        "contracts": {name: _entry(answer, name) for name in SHIPPED},
    }


def _entry(answer: dict[str, Any], name: str) -> dict[str, Any]:
    built = answer["contracts"][f"contracts/src/{name}.sol"][name]
    return {"abi": built["abi"], "bytecode": f"0x{built['evm']['bytecode']['object']}"}


def render(artifacts: dict[str, Any]) -> str:
    """Write *artifacts* as the committed file has them."""
    return json.dumps(artifacts, indent=1, sort_keys=True) + "\n"


def _packaged(why: Exception) -> Path:
    if not (MODULES / "solc").is_dir():
        raise ContractsError(
            f"no Solidity compiler {VERSION}: py-solc-x could not install it ({why})",
            hint="Run 'npm ci', or set FEDMERIT_SOLC to a solc of that version.",
        )
    return _checked(ROOM / "solc.mjs")


def _checked(path: Path) -> Path:
    try:
        found = str(get_solc_version(path))
    except (OSError, CalledProcessError, SolcError) as error:
        raise ContractsError(
            f"{path} is no Solidity compiler: {error}",
            hint=f"Set FEDMERIT_SOLC to a solc {VERSION}, or unset it.",
        ) from error
    if found != VERSION:
        raise ContractsError(
            f"{path} is solc {found}, and the contracts are built with {VERSION}",
            hint=f"Set FEDMERIT_SOLC to a solc {VERSION}, or unset it.",
        )
    return path
