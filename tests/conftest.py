from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import fedmerit

if TYPE_CHECKING:
    from collections.abc import Iterator

ANVIL = Path(__file__).parents[1] / "node_modules" / ".bin" / "anvil"

# One example at a time is fast; a machine that is busy for a second must not fail a property.
settings.register_profile("fedmerit", deadline=None, derandomize=True)
settings.load_profile("fedmerit")


@pytest.fixture(scope="session")
def hospital_bundle(tmp_path_factory):
    """Give the finished bundle of the default scenario; tests copy what they alter."""
    return fedmerit.run("hospitals", tmp_path_factory.mktemp("bundles") / "hospitals")


@pytest.fixture(scope="session")
def start_anvil():
    """Give a context manager that runs Anvil, on a free port if none is named, and its address."""
    if not ANVIL.exists():
        reason = f"{ANVIL} is missing: run 'npm ci'"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return _running


@contextmanager
def _running(*options: str, port: int = 0) -> Iterator[str]:
    # A port of Anvil's own choice: one that was free a moment ago may be another test's by now.
    command = [ANVIL, "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = _address(process)
        # It tells of every request; nobody who listened would bring it to a stop.
        Thread(target=process.stdout.read, daemon=True).start()
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(10)


def _address(process: subprocess.Popen) -> str:
    """Read where Anvil listens, which is the last that it says before it mines."""
    for line in process.stdout:
        if line.startswith("Listening on "):
            return line.split()[-1]
    pytest.fail("Anvil ended before it listened")
