"""Find jobs on a chain, and the contracts that a job is kept by, from their events.

A job's number alone is not enough: every registry counts from 1. What names a job is its
registry and its number; the other contracts are wired to that registry, and say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eth_utils.address import is_address

from fedmerit.chain.clients import Arbiter, CreditToken, Registry
from fedmerit.chain.ledger.decoding import event
from fedmerit.chain.node.answers import printable
from fedmerit.contracts import artifact, names
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedmerit.chain.node.node import Node


#: Contracts count in so many numbers.
_NUMBERS: Final = 2**256


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedJob:
    """A job, as the event that opened it tells it.

    Attributes:
        registry: Address of the registry that numbers it.
        job: Its number there.
        sponsor: Who opened it.
        block: Number of the block it was opened in.
        terms: What the sponsor laid down, by name.

    """

    registry: str
    job: int
    sponsor: str
    block: int
    terms: Mapping[str, Any]


def opened_jobs(
    node: Node, *, job: int | None = None, registry: str | None = None, first_block: int = 0
) -> tuple[OpenedJob, ...]:
    """Give the jobs opened since *first_block*: all, or those of a number or a registry.

    Raises:
        SearchCutShort: The node does not show all blocks' logs, or only those of contracts that
            are named, and *registry* is None.
        ChainError: *registry* is no address.

    """
    if registry is not None and not is_address(registry):
        raise ChainError(
            f"{printable(registry)!r} is no address of a registry",
            hint="Give 0x and 40 hexadecimal digits; 'fedmerit ledger --rpc URL' lists them.",
        )
    if first_block < 0 or not 0 <= (job or 0) < _NUMBERS:
        raise ChainError(
            f"no job {job} can be searched for from block {first_block} on",
            hint="Jobs count from 1, and blocks from 0.",
        )
    with node.translated():
        return tuple(_opened(node, job, registry, first_block))


def _opened(
    node: Node, job: int | None, registry: str | None, first_block: int
) -> Iterator[OpenedJob]:
    for log in node.logs(None if registry is None else [registry], job, first_block):
        decoded = event(Registry.NAME, log)
        if decoded and decoded[0] == "JobOpened":
            arguments = decoded[1]
            yield OpenedJob(
                registry=log["address"],
                job=arguments["job"],
                sponsor=arguments["sponsor"],
                block=int(log["blockNumber"]),
                terms=arguments["terms"],
            )


def contracts_of(node: Node, opened: OpenedJob) -> dict[str, str]:
    """Give the address of each contract that keeps *opened*, by its name.

    They are asked one after the other, beginning with the registry: each was built with others.

    Raises:
        ChainError: What opened the job is no registry of ours, or it knows too few others.

    """
    addresses = {
        Registry.NAME: opened.registry,
        CreditToken.NAME: str(opened.terms["token"]),
        Arbiter.NAME: str(opened.terms["safeguards"]["arbiter"]),  # pluggable: wired to none
    }
    unasked = [Registry.NAME]
    while unasked:
        name = unasked.pop()
        wired = _wired(node, name, addresses[name])
        unasked += [other for other in wired if other not in addresses]
        addresses = wired | addresses
    if lacking := [name for name in names() if name not in addresses]:
        raise ChainError(
            f"the registry {opened.registry} of job {opened.job} knows no {', '.join(lacking)}",
            hint="It is not of this version: read it with the one that opened the job.",
        )
    return addresses


def _wired(node: Node, name: str, address: str) -> dict[str, str]:
    """Give the contracts that the one called *name* was built with, by their names."""
    functions = node.contract(name, address).functions
    return {other: str(node.call(functions[getter]())) for getter, other in _getters(name).items()}


def _getters(name: str) -> dict[str, str]:
    """Map the views that give another contract's address to that contract: ``VAULT``, ..."""
    found = {}
    for entry in artifact(name).abi:
        called = entry.get("name", "") if entry["type"] == "function" else ""
        if called.isupper() and [o["type"] for o in entry["outputs"]] == ["address"]:
            for other in names():
                if other.upper().endswith(called):
                    found[called] = other
    return found
