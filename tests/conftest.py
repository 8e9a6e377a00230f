from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import fedmerit
from fedmerit.chain import connect
from fedmerit.errors import Unreachable

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
def _running(*options: str, port: int | None = None) -> Iterator[str]:
    port = port or _free_port()
    command = [ANVIL, "--port", str(port), "--silent", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(url: str, process: subprocess.Popen) -> None:
    for _ in range(100):
        try:
            connect(url)
        except Unreachable:
            assert process.poll() is None, "Anvil ended before it answered"
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Anvil does not answer at {url}")
