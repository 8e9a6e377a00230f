"""Checks of what was sent: the transactions that a bundle tells of, one by one.

What bears an event of the job is in the ledger, and has to be told just so. The rest is gas
money, deployments and tokens minted or approved: that has to be on the chain as told, and of
nobody else. A replayed chain holds nothing besides, so there the lists have to be complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fedmerit.auditing.site import receipt_of
from fedmerit.auditing.verdict import Check, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.chain import Transcript
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.shipped import other_code
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.errors import ChainError, ChainMoved, NodeError, NodeRefused
from fedmerit.stages.draw import drawn_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.auditing.site import Site
    from fedmerit.chain import Ledger, Step

#: One of these ends the draw stage.
_LAST: Final = frozenset({"close", "commit", "draw"})
#: What a settled job cannot be sent any more, so that whatever there is has to be told.
_FINAL: Final = frozenset({"report", "finalise", "claim"})
_SETTLING: Final = _FINAL | {"release"}
#: What ends a member's stake. Anybody may put one down again, and take it back, at any time.
_RELEASING: Final = frozenset({"ExitBegun", "Unstaked"})


def check_sent(site: Site) -> Iterator[Check]:
    """Hold the transactions of the draw and, once there is one, of the receipt to the chain."""
    ledger, sealed = site.ledger.transactions, site.bundle.sealed
    report = next((at for at, one in enumerate(ledger) if one.step == "report"), len(ledger))
    ends = [at for at, one in enumerate(ledger[:report], start=1) if one.step in _LAST]
    until = [one.hash for one in ledger[: max(ends, default=0)]]
    everything = _replayed(site)
    drawn = drawn_of(site.bundle).transactions
    due = everything[: everything.index(until[-1]) + 1] if until and everything else until
    yield _told(site, "draw transactions", evidence.DRAWN, drawn, due)
    if sealed:
        receipt = receipt_of(site.bundle).transactions
        due = everything or [*until, *_settling(site.ledger)]
        yield _told(site, "transactions", evidence.RECEIPT, receipt, due)


def _replayed(site: Site) -> list[str]:
    """Give the hashes of all that a replayed chain holds; nothing of one that others use."""
    if site.rpc is not None:
        return []
    return list(Transcript.from_json(site.bundle.text(evidence.TRANSCRIPT)).hashes)


def _settling(ledger: Ledger) -> list[str]:
    """Give the hashes of all that settled the job, each member's first release among it."""
    first: dict[tuple[str, str], str] = {}
    for event in ledger.events:
        account = str(event.arguments.get("account"))
        if event.name in _RELEASING and account in ledger.members:
            first.setdefault((event.name, account), event.transaction)
    released = set(first.values())
    return [one.hash for one in ledger.transactions if one.step in _FINAL or one.hash in released]


def _told(site: Site, name: str, file: str, said: tuple[Step, ...], due: list[str]) -> Check:
    """Hold the steps that *file* tells against the chain, which has to hold those *due*."""
    later = _SETTLING if file == evidence.DRAWN else frozenset[str]()
    hashes = [step.hash for step in said]
    extra = set(hashes) - set(due) if site.rpc is None else set[str]()
    found = {step.hash: step for step in site.ledger.transactions}
    wrong = {
        step.hash
        for step in said
        if step.hash in extra
        or hashes.count(step.hash) > 1
        or step.step in later
        or not (found[step.hash] == step if step.hash in found else _besides(site, step))
    }
    lacking = [one for one in dict.fromkeys(due) if one not in hashes]
    blocks = [step.block for step in said]
    ordered = blocks == sorted(blocks)  # within a block, those of several senders have none
    return compared(
        name,
        holds=not wrong and not lacking and ordered,
        same=f"{len(said)} as {file} tells them",
        different=f"{file} and the chain differ in {', '.join(sorted(wrong)) or 'none it tells'}"
        + (f"; it leaves out {', '.join(lacking)}" if lacking else "")
        + ("" if ordered else "; they are not in the order of the chain"),
    )


def _besides(site: Site, said: Step) -> bool:
    """Say whether the chain holds *said*, which bears no event of the job, just as it is told."""
    try:
        mined, data, to = site.seen(said.hash)
    except NodeError:
        raise  # it says nothing of the bundle
    except ChainMoved as error:
        if _is_listed(site, said):
            words = f"it lists transaction {said.hash} in block {said.block}, and does not show it"
            hint = "It may keep no old transactions: name another node."
            raise NodeRefused(site.node.url, words=words, hint=hint) from error
        return False
    except ChainError:
        return False
    bound = site.bundle.document(evidence.ACCOUNTS, evidence.AccountsDocument)
    cast = {bound.sponsor, bound.coordinator, *bound.participants.values()}
    if mined.contract:
        kinds = {"deploy"}
    elif data:
        kinds = {"fund", "stake"} if to == site.ledger.addresses["CreditToken"] else set[str]()
    else:
        kinds = {"gas"} if to in cast else set[str]()
    told = (said.sender, said.block, said.timestamp, said.gas)
    holds = told == (mined.sender, mined.block, mined.timestamp, mined.gas)
    return holds and said.step in kinds and mined.sender in cast | {FAUCET.address}


def _is_listed(site: Site, said: Step) -> bool:
    """Say whether the block that *said* names has it; one that is not shown may."""
    try:
        return site.node.lists(said.block, said.hash)
    except ChainMoved:
        return said.block <= site.node.height()


def check_code(site: Site) -> Check:
    """Check that the contracts run our code and know one another, whoever created them."""
    contracts = contracts_at(site.node, site.ledger.addresses)
    try:
        contracts.check()
        other, strange = other_code(site.node, contracts), ""
    except NodeError:
        raise
    except ChainError as error:
        other, strange = (), str(error)
    return compared(
        "contract code",
        holds=not other and not strange,
        same=f"{len(contracts)} contracts run the code shipped with this version",
        different=strange or f"{', '.join(other)} run other code than this version ships",
    )
