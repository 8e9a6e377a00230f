"""The chain that an audited bundle was settled on, and what it holds of the bundle's job."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import MANIFEST, SEAL
from fedmerit.chain import Deployment, Receipt, Transcript, connect, read_ledger, replay
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.errors import AuditImpossible, ChainError
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Ledger, Node
    from fedmerit.chain.node.transaction import Mined


class Seen(NamedTuple):
    """A transaction on the chain: what became of it, what it sent, and where to."""

    mined: Mined
    data: bytes
    to: str


class Site:
    """The chain that a bundle was settled on, read when it is first asked for.

    Attributes:
        bundle: The bundle.
        rpc: Where its chain is; None replays the bundle's own transactions.
    """

    def __init__(self, bundle: Bundle, rpc: str | None) -> None:
        self.bundle = bundle
        self.rpc = rpc
        self._seen: dict[str, Seen] = {}

    @cached_property
    def node(self) -> Node:
        """The chain."""
        return chain_of(self.bundle, self.rpc)

    @cached_property
    def ledger(self) -> Ledger:
        """What it holds of the bundle's job."""
        # A finished bundle is held to its receipt; of one whose report waits there is none yet.
        there = receipt_of(self.bundle) if self.bundle.sealed else deployment_of(self.bundle)
        return read_ledger(self.node, there.addresses, there.job or 0, first_block=there.block)

    def seen(self, transaction: str) -> Seen:
        """Look a transaction up, once; raises ChainError where the chain holds none such."""
        if transaction not in self._seen:
            mined, data = self.node.look_up(transaction)
            with self.node.translated():
                to = str(self.node.transaction(transaction).get("to") or "")
            self._seen[transaction] = Seen(mined, data, to)
        return self._seen[transaction]

    def require_waiting(self) -> None:
        """See that a bundle which is not sealed has a report that can still be disputed.

        Raises:
            AuditImpossible: It has none: its run did not get that far, or stopped after.
        """
        there = deployment_of(self.bundle)
        reports = contracts_at(self.node, there.addresses).reports
        if not there.job or reports.pending(there.job) is None:
            raise unfinished(self.bundle)


def chain_of(bundle: Bundle, rpc: str | None) -> Node:
    """Give the chain that the bundle was settled on: *rpc*'s, or its replay.

    Raises:
        AuditImpossible: The bundle was settled on a node, and none is given; or the one given
            lags behind.
        ChainError: The transactions do not replay, or the node is not there.
    """
    if rpc is not None:
        told = receipt_of(bundle) if bundle.sealed else deployment_of(bundle)
        node = connect(rpc, chain_id=told.chain_id)
        _check_height(node, told)
        return node
    if not (bundle.path / evidence.TRANSCRIPT).is_file():
        raise AuditImpossible(
            f"{bundle.path} was settled on a node, and holds no transactions to replay",
            hint=f"Name the node: fedmerit audit {argument(bundle.path)} --rpc URL",
        )
    try:
        return replay(Transcript.from_json(bundle.text(evidence.TRANSCRIPT)))
    except ChainError as error:
        raise ChainError(f"{evidence.TRANSCRIPT}: {error}") from error


def _check_height(node: Node, told: Receipt | Deployment) -> None:
    """See that *node* has got as far as the chain was: one that lags behind shows too little."""
    steps = told.transactions if isinstance(told, Receipt) else ()
    last, height = max((told.block, *(step.block for step in steps))), node.height()
    if height < last:
        raise AuditImpossible(
            f"the node at {node.url} is at block {height}, and the bundle tells of block {last}",
            hint="Wait until the node has caught up, or name another one.",
        )


def receipt_of(bundle: Bundle) -> Receipt:
    """Read the receipt."""
    try:
        return Receipt.from_json(bundle.text(evidence.RECEIPT))
    except ChainError as error:
        raise ChainError(f"{evidence.RECEIPT}: {error}") from error


def deployment_of(bundle: Bundle) -> Deployment:
    """Read where the contracts are, and the job.

    Raises:
        AuditImpossible: The run is on no chain yet, or has decided nothing.
    """
    if not all((bundle.path / name).is_file() for name in (evidence.DEPLOYMENT, MANIFEST)):
        raise unfinished(bundle)
    try:
        return Deployment.from_json(bundle.text(evidence.DEPLOYMENT))
    except ChainError as error:
        raise ChainError(f"{evidence.DEPLOYMENT}: {error}") from error


def unfinished(bundle: Bundle) -> AuditImpossible:
    """Make the error for a bundle whose run has not got far enough to be audited."""
    return AuditImpossible(
        f"{bundle.path} has no {SEAL}: the run did not finish, and no report of it waits",
        hint=f"Finish it: fedmerit run --resume {argument(bundle.path)}",
    )
