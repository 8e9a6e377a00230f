"""What a settlement has sent so far, and who is told about it."""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.chain.settlement.receipt import Step
from fedmerit.errors import ChainMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined

    #: Called with the step, how many of its transactions are done, and of how many.
    OnStep = Callable[[str, int, int], None]

#: The steps, in order, and what a person would call them.
STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gas": "Handing out gas money",
        "deploy": "Deploying the contracts",
        "open": "Opening the job",
        "fund": "Funding the vault",
        "stake": "Putting the stakes down",
        "join": "Registering the participants",
        "close": "Closing the registration",
        "commit": "Committing the update roots",
        "bind": "Binding the members to their updates",
        "reveal": "Revealing what they were bound to",
        "draw": "Drawing the seed",
        "report": "Posting the signed report",
        "finalise": "Finalising the report",
        "claim": "Claiming the payments",
        "release": "Releasing the stakes",
        "check": "Reading the ledger back",
    }
)


def ignore(_step: str, _done: int, _total: int) -> None:
    """Tell nobody."""


class Journal:
    """Keeps the transactions, and reports progress after each.

    Args:
        on_step: Called when a step begins, with 0 done, and after each of its transactions.
            A step that the chain holds already has a total of 0.
        before: What an earlier part of the settlement sent.

    Attributes:
        steps: What was sent, in order.

    """

    def __init__(self, on_step: OnStep = ignore, before: Iterable[Step] = ()) -> None:
        self.steps: list[Step] = list(before)
        self._on_step = on_step
        self._name = ""
        self._done = self._total = 0

    def begin(self, name: str, total: int) -> None:
        """Begin the step called *name*, of *total* transactions."""
        self._name, self._done, self._total = name, 0, total
        self._on_step(name, 0, total)

    def record(self, mined: Mined) -> None:
        """Keep a transaction of the step that was begun."""
        self.steps.append(_step(self._name, mined))
        self.advance()

    def advance(self) -> None:
        """Count one more thing done."""
        self._done += 1
        self._on_step(self._name, self._done, self._total)

    def look_again(self, node: Node) -> bool:
        """Forget what *node* no longer holds, and say whether there was anything.

        Blocks that were replaced may hold the same transactions again, in other places.
        """
        before, held = self.steps, []
        for step in before:
            with suppress(ChainMoved):
                held.append(_step(step.step, node.mined(node.receipt(step.hash))))
        self.steps = held  # not before: a node that goes away in between has lost nothing
        return len(held) < len(before)

    def confirm(self, node: Node) -> None:
        """Return when all that was sent lies deep enough in the chain.

        Raises:
            ChainMoved: Something of it is not there any more.

        """
        if self.steps:
            node.await_burial(max(step.block for step in self.steps))
        if self.look_again(node):
            raise ChainMoved("blocks were replaced, and something that we sent is not in the chain")


def _step(name: str, mined: Mined) -> Step:
    return Step(
        step=name,
        hash=mined.hash,
        sender=mined.sender,
        block=mined.block,
        timestamp=mined.timestamp,
        gas=mined.gas,
    )
