from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

import fedmerit
from fedmerit.bundle.directory import SEAL, Bundle

if TYPE_CHECKING:
    from collections.abc import Iterator

ANVIL = Path(__file__).parents[1] / "node_modules" / ".bin" / "anvil"

# One example at a time is fast; a machine that is busy for a second must not fail a property.
settings.register_profile("fedmerit", deadline=None, derandomize=True)
settings.load_profile("fedmerit")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, worker_id):
    """Give what makes a bundle in the first worker that asks; tests copy what they alter."""
    # All workers' folders lie side by side in one that is new every time pytest is run.
    own = tmp_path_factory.getbasetemp()
    folder = own if worker_id == "master" else own.parent

    def made(name, run):
        path = folder / "made-once" / name
        path.parent.mkdir(exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if not (path / SEAL).is_file():
                run(path)
        return Bundle.open(path)

    return made


@pytest.fixture(scope="session")
def hospital_bundle(made_once):
    """Give the finished bundle of the default scenario; tests copy what they alter."""
    return made_once("hospitals", partial(fedmerit.run, "hospitals"))


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
