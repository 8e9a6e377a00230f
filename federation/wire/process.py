"""One party as a process of its own: ``python -m fedmerit.federation.wire.process FOLDER``.

It says its port on standard output, hears everyone's addresses on standard input, both as one
line of JSON, and leaves its result in its folder. Exit status: 0 done, 2 something to put right.
It ends when its standard input does: whoever started it is gone then, and may start it again.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save_file

from fedmerit.errors import FedmeritError
from fedmerit.federation.vertical.regression.regression import RegressionSettings
from fedmerit.federation.vertical.regression.roles import Trained, decide, hold_labels, join_in
from fedmerit.federation.vertical.saves import Folder
from fedmerit.federation.wire import folders
from fedmerit.federation.wire.sockets import Meeting, listen, meet

if TYPE_CHECKING:
    from collections.abc import Callable

    from fedmerit.federation.vertical.split.roles import Bottom
    from fedmerit.federation.vertical.split.split import SplitSettings
    from fedmerit.federation.wire.channel import Channel


def main() -> int:
    """Take part."""
    folder = Path(sys.argv[1])
    for left in (folders.OUTCOME, folders.RESULT):
        (folder / left).unlink(missing_ok=True)
    try:
        take_part(folder)
    except FedmeritError as error:
        said = {"error": type(error).__name__, "message": str(error), "hint": error.hint}
        (folder / folders.OUTCOME).write_text(json.dumps(said), "utf-8")
        return 2
    return 0


def take_part(folder: Path) -> None:
    """Meet the others, play the party's part, and write what came out."""
    brief = folders.Brief(folder)
    listener = listen()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - the protocol
    addresses = {
        peer: (str(host), int(port))
        for peer, (host, port) in json.loads(sys.stdin.readline()).items()
        if peer != brief.name
    }
    Thread(target=_end_with_its_starter, daemon=True).start()
    meeting = Meeting(
        name=brief.name,
        session=brief.session,
        folder=folder,
        certificates={peer: brief.certificates[peer] for peer in brief.peers},
    )
    channel = meet(meeting, listener, addresses)
    result = program(brief, folder)(channel)
    save_file(_arrays(result), folder / folders.RESULT)
    notes: dict[str, Any] = {
        "epochs": getattr(result, "epochs", 0),
        "sent": [asdict(entry) for entry in channel.sent],
        "received": [asdict(entry) for entry in channel.received],
    }
    (folder / folders.OUTCOME).write_text(json.dumps(notes), "utf-8")


def _end_with_its_starter() -> None:
    # Two processes in one folder would mix what they say. The descriptor is read and not the
    # stream, whose lock an interpreter that ends would wait for.
    while os.read(0, 1):
        pass
    os._exit(1)


def program(brief: folders.Brief, folder: Path) -> Callable[[Channel], Trained | Bottom]:
    """Give the part that a folder asks for."""
    if isinstance(brief.settings, RegressionSettings) and brief.name not in brief.parties:
        return partial(decide, rows=brief.rows, parties=brief.parties, settings=brief.settings)
    columns, labels = brief.columns()
    saves = Folder(folder / "saves")
    if not isinstance(brief.settings, RegressionSettings):
        return _half(brief, brief.settings, saves)
    leads = brief.name == brief.parties[0]
    part = partial(hold_labels, labels=labels) if leads else join_in
    return partial(
        part,
        columns=columns,
        parties=brief.parties,
        settings=brief.settings,
        seed=brief.seed,
        saves=saves,
    )


def _half(
    brief: folders.Brief, settings: SplitSettings, saves: Folder
) -> Callable[[Channel], Bottom]:
    # torch takes seconds to import, which regression does not need.
    from fedmerit.federation.batched.threads import single_thread  # noqa: PLC0415
    from fedmerit.federation.vertical.split.roles import hold_top, train_bottom  # noqa: PLC0415

    columns, labels = brief.columns()
    leads = brief.name == brief.parties[0]
    half = partial(hold_top, labels=labels) if leads else train_bottom
    return single_thread()(
        partial(
            half,
            columns=columns,
            parties=brief.parties,
            settings=settings,
            seed=brief.seed,
            secret=brief.secret,
            saves=saves,
        )
    )


def _arrays(result: Trained | Bottom) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(result, Trained):
        found = {"weights": result.weights, "scores": result.scores}
    else:
        found = {**result.parameters, "(scores)": result.scores}
    return {name: np.ascontiguousarray(array) for name, array in found.items()}


if __name__ == "__main__":
    sys.exit(main())
