"""The npm compiler behind native solc's command line."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from fedmerit.contracts import compiler

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        not (compiler.MODULES / "solc").is_dir() and os.environ.get("CI") != "true",
        reason="no npm compiler: 'npm ci' installs it (CI fails without one)",
    ),
]


def solc(*arguments, stdin=""):
    command = ["node", str(compiler.ROOM / "solc.mjs"), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def request(imported):
    content = f'pragma solidity 0.8.37; import "{imported}"; contract A is B {{}}'
    selection = {"*": {"*": ["abi"]}}
    return json.dumps(
        {
            "language": "Solidity",
            "sources": {"A.sol": {"content": content}},
            "settings": {"outputSelection": selection},
        }
    )


def messages(ran):
    return [error["message"] for error in json.loads(ran.stdout).get("errors", [])]


@pytest.fixture
def tree(tmp_path):
    for folder in ("base", "included", "outside"):
        (tmp_path / folder).mkdir()
        text = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37; contract B {}"
        (tmp_path / folder / f"{folder}.sol").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_version_line_is_that_of_native_solc():
    ran = solc("--version")

    assert f"Version: {compiler.VERSION}+commit." in ran.stdout


@pytest.mark.parametrize("imported", ["base.sol", "included.sol"])
def test_imports_are_found_under_the_base_and_the_included_folders(tree, imported):
    paths = ["--base-path", tree / "base", "--include-path", tree / "included"]

    ran = solc("--standard-json", *map(str, paths), stdin=request(imported))

    assert "A" in json.loads(ran.stdout)["contracts"]["A.sol"]


def test_an_import_from_outside_the_allowed_paths_is_refused(tree):
    imported = tree / "outside" / "outside.sol"

    ran = solc("--standard-json", "--base-path", str(tree / "base"), stdin=request(imported))

    assert any("outside the allowed paths" in message for message in messages(ran))


def test_the_same_import_is_read_once_its_folder_is_allowed(tree):
    imported = tree / "outside" / "outside.sol"
    paths = ["--base-path", tree / "base", "--allow-paths", tree / "outside"]

    ran = solc("--standard-json", *map(str, paths), stdin=request(imported))

    assert "A" in json.loads(ran.stdout)["contracts"]["A.sol"]


def test_an_allowed_folder_may_be_a_link(tree):
    (tree / "link").symlink_to(tree / "outside")
    imported = tree / "link" / "outside.sol"
    paths = ["--base-path", tree / "base", "--allow-paths", tree / "link"]

    ran = solc("--standard-json", *map(str, paths), stdin=request(imported))

    assert "A" in json.loads(ran.stdout)["contracts"]["A.sol"]


def test_an_import_that_is_nowhere_is_named(tree):
    ran = solc("--standard-json", "--base-path", str(tree / "base"), stdin=request("gone.sol"))

    assert any("gone.sol" in message for message in messages(ran))


def test_an_option_it_does_not_know_ends_with_status_1():
    ran = solc("--optimize")

    assert ran.returncode == 1
    assert "unrecognised option '--optimize'" in ran.stderr
