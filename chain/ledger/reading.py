"""Read one job's ledger from a chain.

Nothing comes from this process's memory: whoever knows the addresses and the job's number
reads the same ledger from any node of that chain.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from eth_utils.address import to_checksum_address

from fedmerit.chain.ledger import decoding
from fedmerit.chain.ledger.ledger import Event, Ledger, SignedReport
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.chain.settlement.receipt import Step, merged
from fedmerit.errors import ChainError, ChainMoved, NodeError, NodeRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from web3.types import LogReceipt

    from fedmerit.chain.node.node import Node
    from fedmerit.chain.node.transaction import Mined
    from fedmerit.chain.settlement.deployment import Contracts
    from fedmerit.chain.settlement.receipt import Deployment

_ARBITER: Final = "CommitteeArbiter"
#: Which step of a settlement an event belongs to.
_STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "JobOpened": "open",
        "Funded": "fund",
        "Staked": "stake",
        "Joined": "join",
        "RegistrationClosed": "close",
        "UpdatesCommitted": "commit",
        "DrawBegun": "bind",
        "Committed": "bind",
        "Revealed": "reveal",
        "Expelled": "draw",
        "SeedDrawn": "draw",
        "DrawSpoiled": "draw",
        "ReportPosted": "report",
        "ReportFinalised": "finalise",
        "Claimed": "claim",
        "ExitBegun": "release",
        "Unstaked": "release",
        "Refunded": "refund",
        "FaultProven": "dispute",
        "Challenged": "dispute",
        "Ruled": "dispute",
        "Settled": "dispute",
    }
)


def read_ledger(
    node: Node, addresses: Mapping[str, str], job: int, *, first_block: int = 0
) -> Ledger:
    """Read everything that happened in *job*, and what everyone holds now.

    Args:
        node: The chain.
        addresses: Address of each contract, by its name.
        job: The job's number.
        first_block: A block before the contracts existed; saves searching on long chains.

    Raises:
        Reverted: There is no such job.
        ChainError: An address is missing, or no contract answers there.
        NodeError: The node does not show all of it, or shows what cannot be read.

    """
    try:
        with node.translated():
            return _ledger(node, addresses, job, first_block)
    except ChainMoved as error:  # all that was looked up is what it has just shown a log of
        words = f"it shows logs of transactions, and not the transactions: {error}"
        hint = "It may keep no old transactions, or be catching up: name another node."
        raise NodeRefused(node.url, words=words, hint=hint) from error


def _ledger(node: Node, addresses: Mapping[str, str], job: int, first_block: int) -> Ledger:
    contracts = contracts_at(node, addresses)
    terms = contracts.registry.terms(job)
    sponsor = contracts.registry.sponsor(job)
    everywhere = {name: str(to_checksum_address(at)) for name, at in addresses.items()}
    events, transactions = _history(node, everywhere, job, first_block)
    if node.remote and not any(event.name == "JobOpened" for event in events):
        words = f"it knows job {job}, and shows no log of its opening from block {first_block} on"
        hint = "It may keep no old logs, or the search may begin too late: name another node."
        raise NodeRefused(node.url, words=words, hint=hint)
    return Ledger(
        chain_id=node.chain_id,
        job=job,
        addresses=everywhere,
        sponsor=sponsor,
        members=tuple(e.arguments["account"] for e in events if e.name == "Joined"),
        committee=terms.committee,
        threshold=terms.threshold,
        events=events,
        transactions=transactions,
        reports=tuple(_reports(contracts, events)),
        **_money(contracts, job, (sponsor, terms.coordinator), events),
    )


def as_of(node: Node, ledger: Ledger, block: int) -> Ledger | None:
    """Give *ledger* as it was right after *block*: what had happened, and what everyone held.

    Returns:
        None if the node does not keep what accounts held then.

    Raises:
        NodeError: The node does not answer, or not as nodes do.
    """
    contracts = contracts_at(node, ledger.addresses)
    events = tuple(event for event in ledger.events if event.block <= block)
    with node.translated():
        coordinator = contracts.registry.terms(ledger.job).coordinator
        try:
            with node.looking_back(block):
                money = _money(contracts, ledger.job, (ledger.sponsor, coordinator), events)
        except NodeRefused:
            return None
        except NodeError:
            raise
        except ChainError:  # a node that prunes may show contracts as not there yet
            return None
    return replace(
        ledger,
        events=events,
        transactions=tuple(step for step in ledger.transactions if step.block <= block),
        reports=tuple(_reports(contracts, events)),
        **money,
    )


def _money(
    contracts: Contracts, job: int, offices: tuple[str, str], events: Iterable[Event]
) -> dict[str, Any]:
    """Give a ledger's fields that say who holds what, as the contracts answer them."""
    vault, stakes = contracts.vault, contracts.stakes
    members = tuple(e.arguments["account"] for e in events if e.name == "Joined")
    holders = (*offices, *members, vault.address, stakes.address)
    return {
        "root": _hex(vault.root(job)),
        "funded": vault.funded(job),
        "allocated": vault.allocated(job),
        "paid": vault.paid(job),
        "refunded": vault.refunded(job),
        "reserve": vault.reserve(job),
        "claimed": tuple(vault.claimed(job, index) for index in range(len(members))),
        "staked": tuple(stakes.stake_of(job, member).amount for member in members),
        "burned": stakes.burned(job),
        "balances": {holder: contracts.token.balance_of(holder) for holder in holders},
    }


def all_transactions(node: Node, there: Deployment, known: Sequence[Step]) -> tuple[Step, ...]:
    """Give *known* transactions of a job, and whatever else the chain shows of it, by block.

    What bears no event of the job is not shown: deployments, gas money, approvals.
    """
    hashes = {step.hash for step in known}
    found = _history(node, there.addresses, there.job or 0, there.block, skip=hashes)
    return merged(known, found[1])


def _history(
    node: Node,
    addresses: Mapping[str, str],
    job: int,
    first_block: int,
    *,
    skip: Collection[str] = (),
) -> tuple[tuple[Event, ...], tuple[Step, ...]]:
    """Give the job's events, and the transactions they come from, both in order."""
    sources = {address: name for name, address in addresses.items()}
    logs = _logs(node, sources, job, first_block)
    ordered = sorted(logs, key=lambda log: (log["blockNumber"], log["logIndex"]))
    hashes = dict.fromkeys(log["transactionHash"].to_0x_hex() for log in ordered)

    events: list[Event] = []
    transactions: list[Step] = []
    for transaction in hashes:
        if transaction in skip:
            continue
        receipt = node.receipt(transaction)
        mined = node.mined(receipt)
        # The token's transfers carry no job: they count by the transaction they are in.
        found = [_event(sources, log, mined) for log in receipt["logs"]]
        own_events = [event for event in found if event and event.arguments.get("job", job) == job]
        events += own_events
        transactions.append(_step(mined, own_events))
    return tuple(events), tuple(transactions)


def _logs(node: Node, sources: Mapping[str, str], job: int, first_block: int) -> list[LogReceipt]:
    """Give the logs of *job*; an arbiter's are known by the number of the challenge alone."""
    arbiters = [address for address, name in sources.items() if name == _ARBITER]
    found = node.logs([one for one in sources if one not in arbiters], job, first_block)
    events = (decoding.event(sources[log["address"]], log) for log in found)
    asked = [event[1]["challenge"] for event in events if event and event[0] == "Challenged"]
    return found + [log for one in asked for log in node.logs(arbiters, one, first_block)]


def _event(sources: Mapping[str, str], log: LogReceipt, mined: Mined) -> Event | None:
    contract = sources.get(log["address"])
    decoded = decoding.event(contract, log) if contract else None
    if contract is None or decoded is None:
        return None
    return Event(
        block=mined.block,
        timestamp=mined.timestamp,
        transaction=mined.hash,
        contract=contract,
        name=decoded[0],
        arguments=decoded[1],
    )


def _step(mined: Mined, events: Iterable[Event]) -> Step:
    return Step(
        step=next((_STEPS[event.name] for event in events if event.name in _STEPS), "other"),
        hash=mined.hash,
        sender=mined.sender,
        block=mined.block,
        timestamp=mined.timestamp,
        gas=mined.gas,
    )


def _reports(contracts: Contracts, events: Iterable[Event]) -> Iterable[SignedReport]:
    for event in events:
        if event.name != "ReportPosted":
            continue
        sent = contracts.reports.posting(event.transaction)
        if sent is None:
            continue
        report = sent["report"]
        yield SignedReport(
            job=int(report["job"]),
            round=int(report["round"]),
            attempt=int(report["attempt"]),
            prev_root=_hex(report["prevRoot"]),
            root=_hex(report["root"]),
            total=int(report["total"]),
            updates_root=_hex(report["updatesRoot"]),
            evidence=_hex(report["evidence"]),
            permutations=int(report["permutations"]),
            table_root=_hex(report["tableRoot"]),
            steps_root=_hex(report["stepsRoot"]),
            values_root=_hex(report["valuesRoot"]),
            seats=int(event.arguments["seats"]),
            accounts=tuple(sent["accounts"]),
            amounts=tuple(map(int, sent["cumulative"])),
            signatures=tuple(map(_hex, sent["signatures"])),
        )


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
