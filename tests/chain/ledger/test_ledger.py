"""The ledger holds what happened, and its checks notice when it does not add up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedmerit.chain.clients.arbiter import REJECTED
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.checks import check_ledger
from fedmerit.chain.ledger.ledger import Ledger
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.signing import Domain, report_signers, sign_ruling
from fedmerit.chain.proofs.tree import round_history
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.chain.settlement.settlement import settle
from fedmerit.chain.settlement.terms import bond_of
from fedmerit.errors import ChainError, Reverted


@pytest.fixture
def ledger(settled) -> Ledger:
    done = settled.receipt
    return read_ledger(settled.node, done.addresses, done.job, first_block=done.block)


def test_the_ledger_tells_the_settlement_in_order(node, make_order, keys):
    order = make_order()
    done = settle(node, order, keys)

    ledger = read_ledger(node, done.addresses, done.job, first_block=done.block)

    steps = [step.step for step in ledger.transactions]
    assert steps == [
        *("open", "fund", "join", "join", "join", "close"),
        *("commit", "commit", "report", "finalise", "claim", "claim"),
    ]
    sent = {t.hash: t for t in done.transactions}
    assert [sent[t.hash] for t in ledger.transactions] == list(ledger.transactions)
    assert [event.timestamp for event in ledger.events] == sorted(
        e.timestamp for e in ledger.events
    )
    assert list(ledger.members) == list(done.accounts.values())
    assert all(check.holds for check in check_ledger(ledger))


def test_claims_are_events_with_plain_arguments(settled, ledger):
    claims = [event for event in ledger.events if event.name == "Claimed"]

    assert [claim.arguments for claim in claims] == [
        {
            "job": 1,
            "index": index,
            "account": settled.receipt.accounts[settled.order.participants[index]],
            "amount": settled.order.payments[index],
        }
        for index in range(2)
    ]
    opened = ledger.events[0].arguments["terms"]
    assert opened["roundBudget"] == settled.order.budget
    assert opened["allowRoot"].startswith("0x")


def test_balances_add_up_to_the_budget(settled, ledger):
    assert sum(ledger.balances.values()) == settled.order.budget
    assert ledger.reserve == ledger.balances[ledger.addresses["JobVault"]]


def test_the_posted_report_carries_signatures_that_anyone_can_recover(settled, ledger):
    report = ledger.reports[0]
    domain = Domain(chain_id=ledger.chain_id, reports=ledger.addresses["Reports"])

    signers = report_signers(
        report.statement, [bytes.fromhex(s[2:]) for s in report.signatures], domain
    )

    assert tuple(signers) == ledger.committee
    assert report.statement.evidence == settled.order.evidence
    assert report.statement.updates_root == round_history(settled.order.update_roots)


def test_a_ledger_survives_json_with_every_digit(ledger):
    text = ledger.to_json()

    assert Ledger.from_json(text) == ledger
    assert f'"amount": "{ledger.claimed[0]}"' in text


def _with_report(ledger, **changes):
    return replace(ledger, reports=(replace(ledger.reports[0], **changes),))


@pytest.mark.parametrize(
    ("alter", "broken"),
    [
        (lambda g: _with_report(g, amounts=(1, *g.reports[0].amounts[1:])), "root and total"),
        (lambda g: _with_report(g, accounts=g.reports[0].accounts[::-1]), "every member"),
        (lambda g: _with_report(g, evidence="0x" + "ab" * 32), "committee signed"),
        (lambda g: _with_report(g, updates_root="0x" + "ab" * 32), "committed updates"),
        (lambda g: _with_report(g, signatures=g.reports[0].signatures[:1]), "committee signed"),
        (lambda g: replace(g, funded=g.funded + 1), "the sponsor put in"),
        (lambda g: replace(g, reserve=g.reserve - 1), "the sponsor put in"),
        (lambda g: replace(g, claimed=(0, *g.claimed[1:])), "was paid"),
        (lambda g: replace(g, events=g.events[:-1]), "was paid"),
        (lambda g: replace(g, root="0x" + "ab" * 32), "root and total"),
        (lambda g: replace(g, reports=()), "a report was posted"),
    ],
)
def test_whatever_does_not_add_up_fails_its_check(ledger, alter, broken):
    failed = [check.name for check in check_ledger(alter(ledger)) if not check.holds]

    assert any(broken in name for name in failed)


def test_a_job_that_is_not_there_is_named(settled):
    with pytest.raises(Reverted, match=r"UnknownJob\(2\)"):
        read_ledger(settled.node, settled.receipt.addresses, 2)


def test_a_missing_address_is_named(settled):
    with pytest.raises(ChainError, match="no JobVault"):
        read_ledger(
            settled.node,
            {k: v for k, v in settled.receipt.addresses.items() if k != "JobVault"},
            1,
        )


def test_a_ruling_is_told_in_the_job_that_it_is_about(make_order, keys):
    node, there = connect(started=1_700_000_000), []
    first = settle(node, make_order(), keys, on_deployed=there.append)
    order = make_order(evidence=bytes([7]) * 32)

    def dispute(step, *_):
        contracts, known = contracts_at(node, there[-1].addresses), there[-1]
        if step != "finalise" or contracts.disputes.challenges():
            return
        token, stakes, bond = contracts.token, contracts.stakes, bond_of(order.budget)
        token.mint(FAUCET.address, bond, signer=keys.signer("sponsor"))
        token.approve(stakes.address, bond, signer=FAUCET)
        report = read_ledger(node, known.addresses, known.job).reports[0]
        about = (tuple(report.statement.fields().values()), report.seats)
        contracts.disputes.dispute("challenge", *about, 7, 0, 1, signer=FAUCET)
        signers = [keys.signer(name) for name in order.committee]
        where = {"chain_id": node.chain_id, "arbiter": contracts.arbiter.address}
        asked = contracts.disputes.challenge_of(1)
        signed = sign_ruling(1, asked, REJECTED, signers, **where)
        contracts.arbiter.rule(1, REJECTED, signed, signer=FAUCET)
        contracts.disputes.settle(report.statement, report.seats, 1, signer=FAUCET)

    again = replace(there[-1], job=None)
    second = settle(node, order, keys, deployment=again, on_deployed=there.append, on_step=dispute)

    told = [read_ledger(node, one.addresses, one.job).events for one in (first, second)]
    names = [[event.name for event in events] for events in told]
    assert "Ruled" not in names[0]
    asked, ruled, settled = (names[1].index(n) for n in ("Challenged", "Ruled", "Settled"))
    assert asked < ruled < settled
    assert {"Bonded", "BondForfeited"} <= set(names[1])
