"""The artifacts that the package ships are those of the sources beside them."""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
from pathlib import Path

import pytest

from fedmerit.contracts import compiler

SCRIPT = Path(__file__).parents[2] / "hardhat-free-scripts" / "compile.py"

compiles = pytest.mark.skipif(
    not (compiler.MODULES / "solc").is_dir() and os.environ.get("CI") != "true",
    reason="no compiler: 'npm ci' installs it (CI fails without one)",
)


def shipped():
    return json.loads(compiler.ARTIFACTS.read_text(encoding="utf-8"))


def test_the_artifacts_name_exactly_these_sources():
    assert shipped()["sources"] == compiler.digests(compiler.sources())


def test_the_artifacts_are_of_the_pinned_compiler_and_settings():
    assert shipped()["compiler"] == compiler.VERSION
    assert shipped()["settings"] == compiler.SETTINGS


def test_package_json_pins_the_same_compiler():
    package = json.loads((compiler.ROOM.parent / "package.json").read_text(encoding="utf-8"))

    assert package["devDependencies"]["solc"] == compiler.VERSION


def test_forge_tests_what_is_shipped():
    foundry = (compiler.ROOM / "foundry.toml").read_text(encoding="utf-8")

    assert f'evm_version = "{compiler.SETTINGS["evmVersion"]}"' in foundry
    assert f"optimizer_runs = {compiler.SETTINGS['optimizer']['runs']}" in foundry


@pytest.mark.parametrize("name", compiler.SHIPPED)
def test_a_shipped_contract_can_be_deployed_as_it_is(name):
    built = shipped()["contracts"][name]

    assert re.fullmatch("0x([0-9a-f]{2})+", built["bytecode"])  # no library left to link
    assert any(entry["type"] == "function" for entry in built["abi"])


def test_the_lock_file_names_no_registry():
    lock = json.loads((compiler.ROOM.parent / "package-lock.json").read_text(encoding="utf-8"))

    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


@pytest.fixture(scope="module")
def fresh():
    return compiler.compiled()


@compiles
@pytest.mark.node
def test_the_sources_compile_to_the_artifacts_byte_for_byte(fresh):
    assert compiler.render(fresh) == compiler.ARTIFACTS.read_text(encoding="utf-8")


@compiles
@pytest.mark.node
def test_the_script_tells_stale_artifacts_from_fresh_ones(fresh, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compiler, "compiled", lambda: fresh)  # compiled for real, once
    monkeypatch.setattr(compiler, "ARTIFACTS", tmp_path / "artifacts.json")
    assert run_script(monkeypatch, "--check") == 1
    assert "run this without --check" in capsys.readouterr().out

    assert run_script(monkeypatch) == 0

    assert run_script(monkeypatch, "--check") == 0


def run_script(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    return ended.value.code
