"""Every party in its own process, started and awaited here; they share nothing but sockets."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedmerit.errors import ChannelError, Diverged, FedmeritError, PartyLost
from fedmerit.federation.wire.folders import read_result
from fedmerit.federation.wire.transcript import Entry, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ProcessRun:
    """What processes left.

    Attributes:
        arrays: Each party's own arrays, by name.
        epochs: How many epochs training took.
        transcript: What was said.

    """

    arrays: Mapping[str, Mapping[str, NDArray[np.generic]]]
    epochs: int
    transcript: Transcript


def run_processes(
    module: str,
    folders: Mapping[str, Path],
    *,
    on_start: Callable[[Mapping[str, subprocess.Popen[str]]], None] | None = None,
) -> ProcessRun:
    """Run each party's folder in a process; run it again to go on after one that died.

    Args:
        module: What to run as ``python -m MODULE FOLDER``; see :mod:`wire.process`.
        folders: Each party's folder, by name.
        on_start: Told of the processes once all run.

    Raises:
        PartyLost: A process was killed.
        FedmeritError: What a party found to put right.

    """
    processes = {name: _start(module, folder) for name, folder in folders.items()}
    try:
        _introduce(processes)
        if on_start is not None:
            on_start(processes)
        for process in processes.values():
            process.wait()
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
            _hang_up(process)
    _raise_first(processes, folders)
    results = {name: read_result(folder) for name, folder in folders.items()}
    notes = {name: outcome for name, (_, outcome) in results.items()}
    transcript = Transcript.join(
        *({name: _entries(n[side]) for name, n in notes.items()} for side in ("sent", "received"))
    )
    return ProcessRun(
        arrays={name: arrays for name, (arrays, _) in results.items()},
        epochs=max(int(outcome["epochs"]) for outcome in notes.values()),
        transcript=transcript,
    )


def _start(module: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", module, str(folder)]
    # The module is ours and the folder is one argument: nothing in it is run.
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _introduce(processes: Mapping[str, subprocess.Popen[str]]) -> None:
    """Tell every process where the others listen; one that is dead already is left out."""
    lines = {
        name: process.stdout.readline() for name, process in processes.items() if process.stdout
    }
    addresses = {
        name: ("127.0.0.1", json.loads(line)["port"]) for name, line in lines.items() if line
    }
    for name, process in processes.items():
        # One that died since has its cause told when all have ended.
        with suppress(BrokenPipeError):
            if name in addresses and process.stdin:
                process.stdin.write(json.dumps(addresses) + "\n")
                process.stdin.flush()


def _hang_up(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()


def _raise_first(
    processes: Mapping[str, subprocess.Popen[str]], folders: Mapping[str, Path]
) -> None:
    """Raise the cause of a failure rather than what it led to."""
    errors: list[FedmeritError] = []
    for name, process in processes.items():
        if process.returncode < 0:
            raise PartyLost(name, why=f"its process was ended by signal {-process.returncode}")
        if process.returncode:
            errors.append(_error(name, folders[name]))
    if errors:
        raise next((error for error in errors if not isinstance(error, PartyLost)), errors[0])


def _error(name: str, folder: Path) -> FedmeritError:
    try:
        _, outcome = read_result(folder)
    except ChannelError:
        return PartyLost(name, why="it failed without a word; see its standard error")
    if outcome.get("error") == PartyLost.__name__:
        return PartyLost(name, why=f"it ended: {outcome['message']}")
    kind = Diverged if outcome.get("error") == Diverged.__name__ else ChannelError
    return kind(f"{name}: {outcome.get('message')}", hint=str(outcome.get("hint")))


def _entries(rows: list[dict[str, Any]]) -> list[Entry]:
    return [Entry(**row) for row in rows]
