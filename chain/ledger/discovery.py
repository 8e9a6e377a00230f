"""Find jobs on a chain, and the contracts that a job is kept by, from their events.

A job's number alone is not enough: every registry counts from 1. What names a job is its
registry and its number; the other contracts are wired to that registry, and say so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fedmerit.chain.clients import Arbiter, Registry
from fedmerit.chain.ledger.decoding import contract_of, event
from fedmerit.contracts import artifact, names
from fedmerit.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fedmerit.chain.node.node import Node


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
    """Give the jobs opened since *first_block*: all, or those of a number or a registry."""
    return tuple(
        found
        for found in _opened(node, job, first_block)
        if registry is None or found.registry.lower() == registry.lower()
    )


def _opened(node: Node, job: int | None, first_block: int) -> Iterator[OpenedJob]:
    for log in node.logs(None, job, first_block):
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

    Raises:
        ChainError: Nothing has happened in the job yet that would say where they are.

    """
    seen: dict[str, set[bytes]] = defaultdict(set)
    for log in node.logs(None, opened.job, opened.block):
        seen[log["address"]].add(bytes(log["topics"][0]))
    found = {Registry.NAME: opened.registry, "CreditToken": str(opened.terms["token"])}
    for address, topics_seen in seen.items():
        name = contract_of(topics_seen)
        wired = _wired(node, name, address) if name else {}
        if name and wired.get(Registry.NAME) == opened.registry:
            found |= {name: address} | wired
    # What has not spoken yet is known to those that have.
    for name, address in list(found.items()):
        found |= _wired(node, name, address)
    found[Arbiter.NAME] = str(opened.terms["safeguards"]["arbiter"])  # pluggable: wired to none
    if lacking := [name for name in names() if name not in found]:
        raise ChainError(
            f"job {opened.job} of the registry {opened.registry} has no {', '.join(lacking)} yet",
            hint="Look again once the job is funded, or name the bundle.",
        )
    return found


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
