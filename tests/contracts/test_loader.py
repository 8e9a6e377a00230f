"""Loading a compiled contract, and what is said when there is none."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

import fedmerit.contracts
from fedmerit.contracts import artifact, names
from fedmerit.errors import ContractsError


@pytest.fixture
def installed_in(tmp_path, monkeypatch):
    """Give a folder that the loader takes for the installed room."""
    monkeypatch.setattr(fedmerit.contracts, "files", lambda _: tmp_path)
    forget()
    yield tmp_path
    monkeypatch.undo()
    forget()


def forget():
    artifact.cache_clear()
    fedmerit.contracts._contracts.cache_clear()


def test_the_contracts_are_named_in_order():
    assert names() == (
        "CommitteeArbiter",
        "CreditToken",
        "Disputes",
        "JobVault",
        "Registry",
        "Reports",
        "Rounds",
        "Stakes",
    )


@pytest.mark.parametrize("name", names())
def test_an_artifact_has_what_a_deployment_needs(name):
    loaded = artifact(name)

    assert loaded.name == name
    assert loaded.bytecode.startswith("0x")
    assert {entry["type"] for entry in loaded.abi} >= {"function", "event", "error"}


def test_an_artifact_is_loaded_once_and_frozen():
    assert artifact("Registry") is artifact("Registry")
    with pytest.raises(dataclasses.FrozenInstanceError):
        artifact("Registry").name = "another"


def test_a_misspelt_contract_gets_the_nearest_name():
    with pytest.raises(ContractsError, match="'Registy'") as caught:
        artifact("Registy")

    assert caught.value.hint == "Did you mean 'Registry'?"


def test_a_name_like_none_of_them_gets_them_all():
    with pytest.raises(ContractsError) as caught:
        artifact("Oracle of Delphi")

    assert "CreditToken, Disputes, JobVault, Registry, Reports, Rounds, Stakes" in caught.value.hint


@pytest.mark.usefixtures("installed_in")
def test_missing_artifacts_say_how_to_get_them():
    with pytest.raises(ContractsError, match="missing") as caught:
        names()

    assert "hardhat-free-scripts/compile.py" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_damaged_artifacts_say_how_to_get_whole_ones(installed_in, text):
    (installed_in / "artifacts.json").write_text(text, encoding="utf-8")

    with pytest.raises(ContractsError, match="damaged") as caught:
        artifact("Registry")

    assert "hardhat-free-scripts/compile.py" in caught.value.hint


def test_loading_imports_neither_a_compiler_nor_a_chain():
    heavy = {"solcx", "web3", "eth", "torch", "numpy", "eth_utils"}
    code = f"import sys, fedmerit.contracts as c; c.names(); print({heavy!r} & set(sys.modules))"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "set()"
