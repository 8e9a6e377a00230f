"""What commands say of nodes: how one is named again, and what is waited for."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fedmerit.commands.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.commands.terminal import Terminal


def at(rpc: str | None) -> str:
    """Give the option that names the node at *rpc* again, without what may be a key in it."""
    from fedmerit.stages.chains import ChainChoice  # noqa: PLC0415 - imports web3

    return "" if rpc is None else ChainChoice(rpc=rpc).options


class _Lines(logging.Handler):
    def __init__(self, console: Terminal) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(f"[dim]node:[/] {shown(record.getMessage())}", soft_wrap=True)


@contextmanager
def narrated(console: Terminal) -> Iterator[None]:
    """Say on *console* what a node is waited for, for as long as this lasts."""
    log, lines = logging.getLogger("fedmerit.chain"), _Lines(console)
    before = log.level
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(lines)
        log.setLevel(before)
