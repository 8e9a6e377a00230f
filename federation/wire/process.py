"""One party as a process of its own, whatever it does.

It says its port on standard output, hears everyone's addresses on standard input, both as one
line of JSON, and leaves its result in its folder. It ends when its standard input does: whoever
started it is gone then, and may start it again.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from threading import Thread
from typing import TYPE_CHECKING

from fedmerit.errors import FedmeritError
from fedmerit.federation.wire.folders import forget_result, write_outcome, write_result
from fedmerit.federation.wire.sockets import Meeting, listen, meet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from fedmerit.federation.wire.channel import Channel


@dataclass(frozen=True, slots=True)
class Result:
    """What a party's program came to.

    Attributes:
        arrays: Its own arrays, by name.
        epochs: How many epochs it took, 0 if it counts none.

    """

    arrays: Mapping[str, NDArray[np.generic]]
    epochs: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What a party shall do, and with whom.

    Attributes:
        name: The party.
        session: What all parties must agree on, hashed.
        certificates: Everyone's, PEM.
        program: What it does, on a channel to all others.

    """

    name: str
    session: str
    certificates: Mapping[str, str]
    program: Callable[[Channel], Result]


def run_part(folder: Path, read: Callable[[Path], Part]) -> int:
    """Take part, and give the exit status: 0 done, 2 something to put right.

    Args:
        folder: The party's own; its certificate and its key lie there.
        read: What makes a part of the folder.

    """
    forget_result(folder)
    try:
        _take_part(folder, read(folder))
    except FedmeritError as error:
        write_outcome(
            folder, {"error": type(error).__name__, "message": str(error), "hint": error.hint}
        )
        return 2
    return 0


def _take_part(folder: Path, part: Part) -> None:
    """Meet the others, play the party's part, and write what came out."""
    listener = listen()
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - the protocol
    addresses = {
        peer: (str(host), int(port))
        for peer, (host, port) in json.loads(sys.stdin.readline()).items()
        if peer != part.name
    }
    Thread(target=_end_with_its_starter, daemon=True).start()
    meeting = Meeting(
        name=part.name,
        session=part.session,
        folder=folder,
        certificates={name: pem for name, pem in part.certificates.items() if name != part.name},
    )
    channel = meet(meeting, listener, addresses)
    result = part.program(channel)
    outcome = {
        "epochs": result.epochs,
        "sent": [asdict(entry) for entry in channel.sent],
        "received": [asdict(entry) for entry in channel.received],
    }
    write_result(folder, result.arrays, outcome)


def _end_with_its_starter() -> None:
    # Two processes in one folder would mix what they say. The descriptor is read and not the
    # stream, whose lock an interpreter that ends would wait for.
    while os.read(0, 1):
        pass
    os._exit(1)
