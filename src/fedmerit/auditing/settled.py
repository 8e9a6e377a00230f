"""Checks of what the chain holds: what was signed, recorded and paid."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from fedmerit.auditing.sent import check_code, check_sent
from fedmerit.auditing.site import deployment_of, receipt_of
from fedmerit.auditing.terms import check_form, check_terms, opened_on
from fedmerit.auditing.verdict import Check, amounts_differing, compared
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle.directory import MANIFEST
from fedmerit.chain import Ledger, as_of, check_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fedmerit.auditing.site import Site
    from fedmerit.bundle.directory import Bundle
    from fedmerit.chain import Deployment, Receipt


def check_settlement(site: Site) -> Iterator[Check]:
    """Check the bundle against the chain that it was settled on."""
    bundle, ledger = site.bundle, site.ledger
    receipt = receipt_of(bundle)
    where = "the replayed transactions" if site.rpc is None else f"chain {ledger.chain_id}"
    yield from _ledger(site, ledger, where)
    yield _receipt(bundle, receipt, ledger)
    yield from check_sent(site)
    yield check_code(site)
    yield from _checked(ledger, final=True)
    if ledger.reports:
        yield from _reported(bundle, ledger)
        yield _payments(bundle, ledger)
    yield check_terms(bundle, ledger)
    yield check_form(ledger)


def check_waiting(site: Site) -> Iterator[Check]:
    """Check the bundle against a report that waits: nobody is paid by it yet."""
    yield from check_sent(site)
    yield check_code(site)
    yield from _checked(site.ledger, final=False)
    yield from _reported(site.bundle, site.ledger)
    yield check_terms(site.bundle, site.ledger)
    yield check_form(site.ledger)
    waits = "the report waits: what is paid, the receipt and the seal are still to come"
    yield Check("payment", "skipped", waits)


def _checked(ledger: Ledger, *, final: bool) -> Iterator[Check]:
    for check in check_ledger(ledger, final=final):  # its own story, before ours is held against it
        yield Check(check.name, "ok" if check.holds else "differs", check.detail)


def _reported(bundle: Bundle, ledger: Ledger) -> Iterator[Check]:
    yield _evidence(bundle, ledger)
    yield _committee(bundle, ledger)
    yield _updates(bundle, ledger)


def _ledger(site: Site, ledger: Ledger, where: str) -> Iterator[Check]:
    """Hold the stored ledger against the chain's; a live one may have gone on since.

    It has to go as far as the receipt does.
    """
    stored, due, told_of = Ledger.from_json(site.bundle.text(evidence.LEDGER)), ledger, 0
    there = {step.hash for step in ledger.transactions}
    told = {step.hash for step in stored.transactions}
    left_out = {step.hash for step in receipt_of(site.bundle).transactions} & there - told
    kept = True
    if site.rpc is not None:
        told_of = max((one.block for one in ledger.transactions if one.hash in told), default=0)
        then = as_of(site.node, ledger, told_of)
        kept, due = then is not None, then or _at_the_time(stored, ledger)
    yield compared(
        "ledger",
        holds=stored == due and not left_out,
        same=f"{len(stored.events)} events, as {where} tell them",
        different=f"{evidence.LEDGER} is not what {where} tell",
    )
    if not kept:
        yield Check(
            "past balances",
            "skipped",
            f"not looked at: the node keeps no state of block {told_of}, so what accounts held "
            f"and had at stake then, and what was burned, is as {evidence.LEDGER} says",
        )


def _at_the_time(stored: Ledger, ledger: Ledger) -> Ledger:
    """Give the *ledger* of a settled job when it had as many transactions as *stored* has.

    Balances and stakes then are taken from *stored*: this node does not tell them any more.
    """
    transactions = ledger.transactions[: len(stored.transactions)]
    told = {step.hash for step in transactions}
    events = tuple(event for event in ledger.events if event.transaction in told)
    funded, refunded = (
        sum(int(event.arguments["amount"]) for event in events if event.name == name)
        for name in ("Funded", "Refunded")
    )
    return replace(
        ledger,
        funded=funded,
        refunded=refunded,
        reserve=funded - refunded - ledger.allocated,
        staked=stored.staked,
        burned=stored.burned,
        balances=stored.balances,
        events=events,
        transactions=transactions,
    )


def _receipt(bundle: Bundle, receipt: Receipt, ledger: Ledger) -> Check:
    """Hold the receipt against the chain, and against the names that the manifest binds."""
    bound = bundle.document(evidence.ACCOUNTS, evidence.AccountsDocument)
    names = bundle.document(evidence.FEDERATION, evidence.FederationDocument).names
    wrong = [
        name
        for name, said, found in (
            ("chain_id", receipt.chain_id, ledger.chain_id),
            ("accounts", receipt.accounts, bound.participants),
            ("members", tuple(bound.participants[name] for name in names), ledger.members),
            ("sponsor", {receipt.sponsor, bound.sponsor}, {ledger.sponsor}),
            (
                "coordinator",
                {receipt.coordinator, bound.coordinator},
                {opened_on(ledger)["coordinator"]},
            ),
            ("root", receipt.root, ledger.root),
            ("total", receipt.total, ledger.allocated),
            ("reserve", receipt.reserve, _reserve(bundle, ledger)),
            ("stakes", receipt.stakes, dict(zip(names, _returned(ledger, receipt), strict=True))),
            ("paid", receipt.paid, dict(zip(names, ledger.claimed, strict=True))),
            ("deployment", _place(deployment_of(bundle)), _place(receipt)),
        )
        if said != found
    ]
    return compared(
        "receipt",
        holds=not wrong,
        same=f"job {receipt.job} at Reports {receipt.addresses['Reports']}",
        different=f"{evidence.RECEIPT} or {evidence.DEPLOYMENT} and the chain "
        f"differ in {', '.join(wrong)}",
    )


def _reserve(bundle: Bundle, ledger: Ledger) -> int:
    """Give what is left of the budget, refunded or not; gifts of others do not count."""
    gifts = max(ledger.funded - bundle.scenario.reward.budget, 0)
    return ledger.reserve + ledger.refunded - gifts


def _returned(ledger: Ledger, receipt: Receipt) -> tuple[int, ...]:
    """Give what every member took back of its stake, in index order, as long as was told of."""
    taken, last = Counter[str](), max((step.block for step in receipt.transactions), default=0)
    for event in ledger.events:
        if event.name == "Unstaked" and event.block <= last:
            taken[str(event.arguments["account"])] += int(event.arguments["amount"])
    return tuple(taken[member] for member in ledger.members)


def check_place(bundle: Bundle) -> Check:
    """Check that a finished bundle's receipt is of the job that its deployment names."""
    return compared(
        "deployment",
        holds=_place(deployment_of(bundle)) == _place(receipt_of(bundle)),
        same=f"{evidence.RECEIPT} is of the contracts and the job in {evidence.DEPLOYMENT}",
        different=f"{evidence.RECEIPT} is of other contracts or another job than "
        f"{evidence.DEPLOYMENT}",
    )


def _place(found: Deployment | Receipt) -> tuple[object, ...]:
    return found.chain_id, found.addresses, found.job, found.block


def _evidence(bundle: Bundle, ledger: Ledger) -> Check:
    named = [report.evidence for report in ledger.reports]
    return compared(
        "evidence on chain",
        holds=named == [bundle.digest],
        same=f"the report names manifest {bundle.digest}",
        different=f"{MANIFEST} has {bundle.digest}, the chain names {', '.join(named)}",
    )


def _committee(bundle: Bundle, ledger: Ledger) -> Check:
    members = bundle.document(evidence.FEDERATION, evidence.FederationDocument)
    accounts = bundle.document(evidence.ACCOUNTS, evidence.AccountsDocument).participants
    ours = {accounts[name] for name in members.committee}
    return compared(
        "committee",
        holds=ours == set(ledger.committee) and members.threshold == ledger.threshold,
        same=f"{members.threshold} of {', '.join(members.committee)} must sign",
        different=f"{evidence.FEDERATION} asks for {members.threshold} of {sorted(ours)}, "
        f"the chain for {ledger.threshold} of {sorted(ledger.committee)}",
    )


def _updates(bundle: Bundle, ledger: Ledger) -> Check:
    training = bundle.document(evidence.TRAINING, evidence.TrainingDocument)
    ours = [round_.update_root for round_ in training.rounds]
    events = (event for event in ledger.events if event.name == "UpdatesCommitted")
    theirs = [str(event.arguments["updatesRoot"]) for event in events]
    pairs = enumerate(zip(ours, theirs, strict=False), start=1)
    different = [number for number, (one, two) in pairs if one != two]
    return compared(
        "update commitments",
        holds=ours == theirs,
        same=f"{len(ours)} rounds committed as they were trained",
        different=f"{len(theirs)} rounds on chain, {len(ours)} trained; differing: {different}",
    )


def _payments(bundle: Bundle, ledger: Ledger) -> Check:
    outcome = bundle.document(evidence.OUTCOME, evidence.OutcomeDocument)
    accounts = bundle.document(evidence.ACCOUNTS, evidence.AccountsDocument).participants
    reserve, budget = _reserve(bundle, ledger), bundle.scenario.reward.budget
    holds = (
        tuple(accounts[name] for name in outcome.participants) == ledger.members
        and outcome.payments == ledger.claimed
        and (outcome.reserve, outcome.budget) == (reserve, budget)
        and ledger.funded >= budget
    )
    paid = sum(ledger.claimed)
    return compared(
        "money",
        holds=holds,
        same=f"paid {paid} + reserve {reserve} = budget {outcome.budget}, to the last base unit",
        different=amounts_differing(
            outcome.participants, outcome.payments, ledger.claimed, by="the chain paid"
        )
        or f"the chain paid {ledger.claimed} + {reserve} of {ledger.funded}; "
        f"{evidence.OUTCOME} says {outcome.payments} + {outcome.reserve} of {outcome.budget}",
    )
