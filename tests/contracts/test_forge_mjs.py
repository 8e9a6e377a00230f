"""The launcher that tells whether forge's tests passed."""

from __future__ import annotations

import os
import subprocess

import pytest

from fedmerit.contracts import compiler

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        not (compiler.MODULES / "@foundry-rs").is_dir() and os.environ.get("CI") != "true",
        reason="no forge: 'npm ci' installs it (CI fails without one)",
    ),
]

FAILING = """
pragma solidity 0.8.37;
contract FailingTest { function test_Fails() external pure { revert("on purpose"); } }
"""


def forge(*arguments):
    command = ["node", str(compiler.ROOM / "forge.mjs"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_failing_test_fails_the_command(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "Failing.t.sol").write_text(FAILING, encoding="utf-8")

    ran = forge("test", "--root", tmp_path, "--use", compiler.ROOM / "solc.mjs")

    assert "on purpose" in ran.stdout
    assert ran.returncode == 1


def test_a_command_that_succeeds_ends_with_0():
    ran = forge("--version")

    assert "forge" in ran.stdout
    assert ran.returncode == 0
