"""Run the real command, and die (SIGKILL) when a step of its settlement has got so far.

The embedded chain is inside the process: nobody outside can tell when to kill it.

    python dies_at.py STEP DONE ARGUMENTS...
"""

from __future__ import annotations

import os
import signal
import sys

from fedmerit.chain.settlement.journal import Journal
from fedmerit.commands import app as cli


def die_at(step: str, done: int) -> None:
    """Make the process kill itself when *done* transactions of *step* are mined."""
    begin, record = Journal.begin, Journal.record
    name, count = "", 0

    def check() -> None:
        if (name, count) == (step, done):
            os.kill(os.getpid(), signal.SIGKILL)

    def begins(self, begun, total):
        nonlocal name, count
        name, count = begun, 0
        check()
        begin(self, begun, total)

    def records(self, mined):
        nonlocal count
        count += 1
        check()
        record(self, mined)

    Journal.begin, Journal.record = begins, records


if __name__ == "__main__":
    die_at(sys.argv[1], int(sys.argv[2]))
    del sys.argv[1:3]
    cli.main()
