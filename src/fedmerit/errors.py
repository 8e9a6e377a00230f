"""Every error this package raises on purpose.

The tree::

    FedmeritError
    ├── ScenarioError          a scenario file says something we cannot run
    ├── DataError              a table cannot be learned from as it is
    ├── TrainingError          a federation cannot train, or trained to nothing
    ├── ChannelError           a party said what the protocol does not allow
    │   └── PartyLost          a party is gone, or cannot be reached
    ├── GameError              a coalition game broke its contract
    │   └── BudgetTooSmall     too few evaluations for this method
    ├── RewardError            a mechanism was given amounts it cannot split
    │   ├── MissingInput       the round lacks what this mechanism decides by
    │   ├── BidError           an offer that nobody can make
    │   └── Deficit            the mechanism owes more than the budget
    │       └── Underfunded    it might, whatever is bid
    ├── ChainError             the chain refused, or holds what we did not send
    │   ├── NodeError          the node did not do its part, and nothing is known of the chain
    │   │   ├── Unreachable        no node answers
    │   │   │   └── TooSlow        a node does, and not in time
    │   │   ├── BadAnswer          what answers is no node, or not one that answers us
    │   │   ├── NodeRefused        the node refuses what it is asked
    │   │   ├── SearchCutShort     the node does not show the logs of some blocks
    │   │   └── BadAddress         --rpc is no address of a node
    │   ├── WrongChain         the node is of another chain
    │   ├── UnfitChain         the chain cannot run our contracts
    │   ├── InsufficientFunds  an account holds less ether than it has to send
    │   ├── NotMined           a transaction waits longer than we do
    │   ├── NoBlocks           the chain stands still
    │   ├── ChainMoved         what the chain said a moment ago no longer holds
    │   ├── SeedChanged        the chain holds another seed than the members were valued by
    │   └── Reverted           a contract call reverted with one of its errors
    ├── ContractsError         the compiled contracts are missing or stale
    └── BundleError            an evidence directory is unusable
        └── AuditImpossible    nothing there to audit

Catch :class:`FedmeritError` at a program's edge, a leaf where you can act on it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable


class FedmeritError(Exception):
    """Something the caller can put right.

    ``str(error)`` says what is wrong, with the values that made it wrong;
    :attr:`hint` says what to do about it, and is empty only where nothing helps.
    """

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.hint


class ScenarioError(FedmeritError):
    """A scenario file says something we cannot run."""


class DataError(FedmeritError):
    """A table cannot be learned from as it is."""


class TrainingError(FedmeritError):
    """A federation cannot train, or trained to nothing."""


class Diverged(TrainingError):
    """Steps were too large: done again as it was, the training would end the same way."""

    hint = "Lower the learning rate and start another run: to resume this one would not help."


class ChannelError(FedmeritError):
    """A party said what the protocol does not allow."""


class PartyLost(ChannelError):
    """A party is gone, or cannot be reached."""

    hint = "Start the parties again: they continue after the last epoch that all have saved."

    def __init__(self, party: str, *, why: str) -> None:
        super().__init__(f"the party {party!r} is lost: {why}")
        self.party = party


class GameError(FedmeritError):
    """A coalition game broke its contract."""


class BudgetTooSmall(GameError):
    """The method cannot value these participants with so few evaluations."""

    def __init__(self, method: str, *, budget: int, needed: int, participants: int) -> None:
        super().__init__(
            f"{budget} evaluations cannot value {participants} participants: "
            f"{method} needs {needed}.",
            hint=f"Pass budget={needed} or more (valuation.max_coalitions in a scenario), "
            "or choose another method.",
        )
        self.budget = budget
        self.needed = needed


class RewardError(FedmeritError):
    """A mechanism was given amounts it cannot split."""


class MissingInput(RewardError):
    """The round lacks what this mechanism decides by."""

    def __init__(self, mechanism: str, *, missing: Iterable[str]) -> None:
        self.missing = tuple(sorted(missing))
        super().__init__(
            f"{mechanism} needs {', '.join(self.missing)}, which this round does not hold",
            hint="Pass it to RoundInput, or choose a mechanism that does without.",
        )


class BidError(RewardError):
    """An offer that nobody can make, or that its member cannot keep."""


class Deficit(RewardError):
    """The mechanism owes more than the budget holds."""

    def __init__(self, *, owed: int, budget: int) -> None:
        super().__init__(
            f"the mechanism owes {owed} base units, and the budget is {budget}",
            hint=f"Fund it with {owed} or more; paying less would break what it promises.",
        )
        self.owed = owed
        self.budget = budget


class Underfunded(Deficit):
    """The mechanism might owe more than the budget holds, and does not wait for bids to see."""

    def __init__(self, *, owed: int, budget: int) -> None:
        RewardError.__init__(
            self,
            f"the mechanism may owe up to {owed} base units, and the budget is {budget}",
            hint=f"Fund it with {owed} or more; what is not owed stays in the reserve.",
        )
        self.owed = owed
        self.budget = budget


class ChainError(FedmeritError):
    """The chain refused, or what it holds is not what we sent."""


class NodeError(ChainError):
    """The node did not do its part: nothing is known of the chain.

    Attributes:
        passing: Whether the same request may be answered a little later.
    """

    passing = False


class Unreachable(NodeError):
    """No node answers at this address."""

    passing = True

    def __init__(self, url: str, *, why: str, hint: str = "") -> None:
        super().__init__(
            f"no Ethereum node answers at {url}: {why}",
            hint=hint or "Start the node, or check its address.",
        )
        self.url = url


class TooSlow(Unreachable):
    """A node was connected to, and did not answer in time."""

    def __init__(self, url: str, *, why: str) -> None:
        hint = "It may be busy, or be catching up: try again later, or name another node."
        ChainError.__init__(self, f"the node at {url} is too slow: {why}", hint=hint)
        self.url = url


class BadAddress(NodeError):
    """What was given as a node's address is none; it is not quoted, since it may hold a key."""

    def __init__(self, why: str, *, hint: str = "") -> None:
        super().__init__(
            f"no node can be reached at this --rpc: {why}",
            hint=hint or "Write it as http://HOST:PORT or https://HOST/PATH.",
        )


class BadAnswer(NodeError):
    """What answers is no Ethereum node, or one that does not let us in."""

    def __init__(self, url: str, *, answer: str, hint: str = "", passing: bool = False) -> None:
        super().__init__(
            f"the server at {url} answers {answer}",
            hint=hint
            or "Check that --rpc is the address of an Ethereum node's JSON-RPC over HTTP.",
        )
        self.url = url
        self.passing = passing


#: How nodes say that they do not have a block yet.
_BEHIND: Final = ("header not found", "unknown block", "block not found")


class NodeRefused(NodeError):
    """The node answers, and refuses what it is asked.

    Attributes:
        code: Its JSON-RPC error code; 0 if it gave none.
    """

    def __init__(self, url: str, *, words: str, code: int = 0, hint: str = "") -> None:
        super().__init__(f"the node at {url} refused: {words}", hint=hint)
        self.url = url
        self.code = code
        # Where several nodes answer in turn, one may be a block behind.
        self.passing = any(phrase in words.lower() for phrase in _BEHIND)


class SearchCutShort(NodeError):
    """The node does not show the logs of some blocks, so a search for events is not complete."""

    def __init__(self, url: str, *, first: int, block: int, why: str, hint: str = "") -> None:
        seen = f"blocks {first} to {block - 1} were searched" if block > first else "none was"
        super().__init__(
            f"the node at {url} does not show the logs of block {block}, and {seen}: {why}",
            hint=hint or "Name a node that keeps and shows the logs of all blocks.",
        )
        self.first = first
        self.block = block


class WrongChain(ChainError):
    """The node is of another chain than the one the caller named."""

    def __init__(self, *, expected: int, found: int, hint: str = "") -> None:
        super().__init__(
            f"the node is of chain {found}, not of chain {expected}",
            hint=hint or f"Name a node of chain {expected} with --rpc.",
        )
        self.expected = expected
        self.found = found


class UnfitChain(ChainError):
    """The chain cannot run our contracts: its EVM is too old, or its blocks are too small."""


class InsufficientFunds(ChainError):
    """An account holds less ether than it would have to send; nothing was sent."""

    def __init__(self, role: str, account: str, *, held: int, needed: int) -> None:
        super().__init__(
            f"the account {account} of {role!r} holds {held} wei and may have to spend {needed}: "
            f"{needed - held} wei are missing",
            hint=f"Send {needed - held} wei or more to {account}, then run the same again.",
        )
        self.account = account
        self.held = held
        self.needed = needed


class NotMined(ChainError):
    """A transaction was sent, offered more for, and is still not in a block."""

    hint = "It may be mined yet: run the same again, and what was done by then is skipped."

    def __init__(
        self, role: str, transaction: str, *, nonce: int, seconds: float, blocks: int
    ) -> None:
        super().__init__(
            f"transaction {transaction}, number {nonce} of {role!r}, was not mined "
            f"in {seconds:.0f} seconds, in which the chain made {blocks} blocks"
        )
        self.transaction = transaction
        self.nonce = nonce


class NoBlocks(ChainError):
    """The chain stands still, and something can only happen in a block to come."""

    hint = (
        "If it mines only what it is sent, let it mine by the clock (anvil --block-time 1); then "
        "run the same again: what was done by then is skipped."
    )

    def __init__(self, url: str, *, height: int, seconds: float, what: str) -> None:
        super().__init__(
            f"the node at {url} has shown no block after {height} for {seconds:.0f} seconds, "
            f"and we wait for {what}"
        )
        self.height = height


class ChainMoved(ChainError):
    """What the chain said a moment ago no longer holds: look again, then go on.

    Blocks were replaced by others, or another process sent as one of our accounts.
    """

    hint = (
        "Let only one process at a time send as these accounts, then run the same again: "
        "what the chain holds is skipped."
    )


class SeedChanged(ChainError):
    """The chain holds another seed than the members were valued by.

    It may have lost a draw with its blocks, and drawn again.
    """

    hint = "Nothing was signed: resume the run, and the members are valued again by that seed."

    def __init__(self, job: int, *, valued_by: bytes, drawn: bytes) -> None:
        super().__init__(
            f"the members were valued by seed 0x{valued_by.hex()}, and job {job} drew "
            f"0x{drawn.hex()}: whoever signs that loses its stake"
        )
        self.job = job
        self.valued_by = valued_by
        self.drawn = drawn


class Reverted(ChainError):
    """A contract call reverted with one of its custom errors."""

    def __init__(self, error: str, arguments: tuple[object, ...] = (), *, hint: str = "") -> None:
        shown = ", ".join(map(str, arguments))
        super().__init__(f"the contract reverted with {error}({shown})", hint=hint)
        self.error = error
        self.arguments = arguments


class ContractsError(FedmeritError):
    """The compiled contracts are missing, or are not those of the sources."""


class BundleError(FedmeritError):
    """An evidence directory is unusable."""


class AuditImpossible(BundleError):
    """There is nothing here that an audit could hold against the chain."""


def suggestion(wrong: str, valid: Iterable[str]) -> str:
    """Give the hint for a name nobody knows: the nearest valid one, or all of them."""
    names = sorted(valid)
    near = get_close_matches(wrong, names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(names)}."
