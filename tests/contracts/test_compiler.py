"""Which compiler is used, and that it is the pinned one on every route."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from fedmerit.contracts import compiler
from fedmerit.errors import ContractsError

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "+commit.00000000"

posix = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-in compiler is a shell script"
)
packaged = pytest.mark.skipif(
    not (compiler.MODULES / "solc").is_dir() and os.environ.get("CI") != "true",
    reason="no npm compiler: 'npm ci' installs it (CI fails without one)",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Give the folder that py-solc-x installs to: an empty one of this test's own."""
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(tmp_path))
    monkeypatch.delenv("FEDMERIT_SOLC", raising=False)
    return tmp_path


@pytest.fixture
def offline(monkeypatch):
    def refuse(version):
        raise ConnectionError(f"nothing serves solc {version} here")

    monkeypatch.setattr(compiler, "install_solc", refuse)


def stand_in(path: Path, version: str) -> Path:
    """Write an executable that says it is solc *version*."""
    path.write_text(f"#!/bin/sh\necho 'Version: {version}{COMMIT}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@posix
def test_the_compiler_named_in_the_environment_comes_first(folder, monkeypatch):
    stand_in(folder / f"solc-v{compiler.VERSION}", compiler.VERSION)
    named = stand_in(folder / "mine", compiler.VERSION)
    monkeypatch.setenv("FEDMERIT_SOLC", str(named))

    assert compiler.compiler() == named


@posix
def test_a_named_compiler_of_another_version_is_refused(folder, monkeypatch):
    named = stand_in(folder / "mine", "0.8.30")
    monkeypatch.setenv("FEDMERIT_SOLC", str(named))

    with pytest.raises(ContractsError, match=r"is solc 0\.8\.30") as caught:
        compiler.compiler()

    assert compiler.VERSION in caught.value.hint


@posix
@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n"])
def test_a_named_file_that_is_no_compiler_is_refused(folder, monkeypatch, text):
    named = folder / "mine"
    named.write_text(text, encoding="utf-8")
    named.chmod(0o755)
    monkeypatch.setenv("FEDMERIT_SOLC", str(named))

    with pytest.raises(ContractsError, match="is no Solidity compiler"):
        compiler.compiler()


def test_a_named_file_that_is_not_there_is_refused(folder, monkeypatch):
    monkeypatch.setenv("FEDMERIT_SOLC", str(folder / "nowhere"))

    with pytest.raises(ContractsError, match="nowhere"):
        compiler.compiler()


@posix
@pytest.mark.usefixtures("offline")
def test_an_installed_compiler_is_used_without_installing_one(folder):
    installed = stand_in(folder / f"solc-v{compiler.VERSION}", compiler.VERSION)

    assert compiler.compiler() == installed


@posix
@pytest.mark.usefixtures("offline")
def test_an_installed_compiler_must_be_what_its_name_says(folder):
    stand_in(folder / f"solc-v{compiler.VERSION}", "0.8.36")

    with pytest.raises(ContractsError, match=r"is solc 0\.8\.36"):
        compiler.compiler()


@packaged
@pytest.mark.node
@pytest.mark.usefixtures("folder", "offline")
def test_where_none_can_be_installed_the_npm_package_compiles():
    assert compiler.compiler() == compiler.ROOM / "solc.mjs"


@pytest.mark.usefixtures("offline")
def test_without_any_compiler_the_hint_says_how_to_get_one(folder, monkeypatch):
    monkeypatch.setattr(compiler, "MODULES", folder)

    with pytest.raises(ContractsError, match="nothing serves solc") as caught:
        compiler.compiler()

    assert "npm ci" in caught.value.hint


@packaged
@pytest.mark.node
@pytest.mark.usefixtures("folder", "offline")
def test_sources_that_do_not_compile_are_shown_with_the_compilers_words(monkeypatch):
    broken = {
        "contracts/src/Broken.sol": "pragma solidity 0.8.37; contract Broken { uint256 x = y; }"
    }
    monkeypatch.setattr(compiler, "sources", lambda: broken)

    with pytest.raises(ContractsError, match="Undeclared identifier"):
        compiler.compiled()
