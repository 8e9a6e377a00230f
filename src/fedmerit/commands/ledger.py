"""Read what a chain says of one job, or which jobs it holds: ``fedmerit ledger``.

Everything is read from a chain: the node's, or the one that a bundle's transactions build
again. Of the bundle itself only the addresses and the participants' names are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import ACCOUNTS, DEPLOYMENT, TRANSCRIPT, AccountsDocument
from fedmerit.chain import Deployment, Transcript, connect, read_ledger, replay
from fedmerit.chain.ledger.discovery import contracts_of, opened_jobs
from fedmerit.commands.statement import JobList, Statement
from fedmerit.errors import BundleError, ChainError
from fedmerit.untrusted import argument

if TYPE_CHECKING:
    from pathlib import Path

    from fedmerit.chain import Node


def read(
    bundle: Path | None = None,
    *,
    rpc: str | None = None,
    job: int | None = None,
    registry: str | None = None,
    first_block: int = 0,
) -> Statement | JobList:
    """Read the job of *bundle*, a job of the node at *rpc*, or the list of its jobs.

    Args:
        bundle: The directory of a run that has begun to settle.
        rpc: Address of the node; the bundle's own transactions are replayed if None.
        job: The job's number, where no bundle says it; all are listed if None.
        registry: Address of the registry that numbers it, where several have one.
        first_block: Search the node from here on.

    Raises:
        BundleError: Nothing of it is on a chain yet, or its chain is a node and none is given.
        ChainError: Too much or too little is named, there is no such job, the transactions
            do not replay, or the node does not answer.
    """
    if bundle is not None:
        if job is not None:
            raise ChainError(
                f"the bundle {bundle} says itself which job it is of, and job {job} is asked for",
                hint="Leave out one of the two.",
            )
        return _of_bundle(Bundle.open(bundle), rpc)
    if rpc is None:
        raise ChainError(
            "neither a bundle nor a node is named, so there is no ledger to read",
            hint="fedmerit ledger BUNDLE, or fedmerit ledger --rpc URL --job ID",
        )
    if not 1 <= (1 if job is None else job) < 2**256 or not 0 <= first_block < 2**63:
        raise ChainError(
            f"no chain has a job {job} from block {first_block} on"
            if job is not None
            else f"no chain has a block {first_block}",
            hint="Jobs are numbered from 1, and blocks from 0.",
        )
    node = connect(rpc)
    if job is not None:
        return _at_node(node, job, registry, first_block)
    found = opened_jobs(node, registry=registry, first_block=first_block)
    return JobList(chain_id=node.chain_id, jobs=found, first_block=first_block)


def _of_bundle(bundle: Bundle, rpc: str | None) -> Statement:
    there = _deployment(bundle)
    node = _chain(bundle, there, rpc)
    if there.job is None:
        raise BundleError(
            f"the settlement of {bundle.path} has opened no job yet",
            hint=f"Continue it: fedmerit run --resume {argument(bundle.path)}",
        )
    accounts = bundle.document(ACCOUNTS, AccountsDocument)
    names = {account: name for name, account in accounts.participants.items()}
    names |= {accounts.sponsor: "sponsor", accounts.coordinator: "coordinator"}
    ledger = read_ledger(node, there.addresses, there.job, first_block=there.block)
    return Statement(ledger=ledger, names=names)


def _deployment(bundle: Bundle) -> Deployment:
    if not (bundle.path / DEPLOYMENT).is_file():
        raise BundleError(
            f"the run in {bundle.path} has not begun to settle",
            hint=f"Continue it: fedmerit run --resume {argument(bundle.path)}",
        )
    return Deployment.from_json(bundle.text(DEPLOYMENT))


def _chain(bundle: Bundle, there: Deployment, rpc: str | None) -> Node:
    if rpc is not None:
        return connect(rpc, chain_id=there.chain_id)
    if not (bundle.path / TRANSCRIPT).is_file():
        raise BundleError(
            f"{bundle.path} is on chain {there.chain_id}, and holds no transactions to replay",
            hint=f"Name the node: fedmerit ledger {argument(bundle.path)} --rpc URL. "
            f"If it is on no node, "
            f"the run died: fedmerit run --resume {argument(bundle.path)}",
        )
    return replay(Transcript.from_json(bundle.text(TRANSCRIPT)))


def _at_node(node: Node, job: int, registry: str | None, first_block: int) -> Statement:
    found = opened_jobs(node, job=job, registry=registry, first_block=first_block)
    if not found:
        raise ChainError(
            f"no job {job} was opened on {node.url} since block {first_block}",
            hint="List the jobs there: fedmerit ledger --rpc URL",
        )
    if len(found) > 1:
        raise ChainError(
            f"{len(found)} registries have a job {job}: {', '.join(o.registry for o in found)}",
            hint="Name one with --registry ADDRESS.",
        )
    addresses = contracts_of(node, found[0])
    ledger = read_ledger(node, addresses, job, first_block=found[0].block)
    return Statement(ledger=ledger, names={})
