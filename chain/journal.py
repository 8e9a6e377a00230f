"""What a settlement has sent so far, and who is told about it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fedmerit.chain.order import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fedmerit.chain.transaction import Mined

    #: Called with the step, how many of its transactions are done, and of how many.
    OnStep = Callable[[str, int, int], None]

#: The steps, in order, and what a person would call them.
STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gas": "Handing out gas money",
        "deploy": "Deploying the contracts",
        "open": "Opening the job",
        "fund": "Funding the vault",
        "join": "Registering the participants",
        "close": "Closing the registration",
        "commit": "Committing the update roots",
        "report": "Posting the signed report",
        "finalise": "Finalising the report",
        "claim": "Claiming the payments",
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

    Attributes:
        steps: What was sent, in order.

    """

    def __init__(self, on_step: OnStep = ignore) -> None:
        self.steps: list[Step] = []
        self._on_step = on_step
        self._name = ""
        self._done = self._total = 0

    def begin(self, name: str, total: int) -> None:
        """Begin the step called *name*, of *total* transactions."""
        self._name, self._done, self._total = name, 0, total
        self._on_step(name, 0, total)

    def record(self, mined: Mined) -> None:
        """Keep a transaction of the step that was begun."""
        self.steps.append(
            Step(
                step=self._name,
                hash=mined.hash,
                sender=mined.sender,
                block=mined.block,
                timestamp=mined.timestamp,
                gas=mined.gas,
            )
        )
        self.advance()

    def advance(self) -> None:
        """Count one more thing done."""
        self._done += 1
        self._on_step(self._name, self._done, self._total)
