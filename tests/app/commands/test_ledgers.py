"""``fedmerit ledger`` tells what a chain holds, with a bundle or without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import fedmerit
from fedmerit.auditing import audit
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import DEPLOYMENT, LEDGER, OUTCOME, OutcomeDocument
from fedmerit.chain import Deployment, Keyring, SettlementRequest, connect, settle
from fedmerit.commands import ledger as ledgers
from fedmerit.errors import BundleError, ChainError, Unreachable, WrongChain
from fedmerit.pipeline import ChainChoice
from fedmerit.scenario.terms import stake_of

MEMBERS = ("ada", "bergen")
ORDER = SettlementRequest(
    participants=MEMBERS,
    payments=(3 * 10**18 + 1, 0),
    budget=4 * 10**18,
    update_roots=(b"\x01" * 32, b"\x02" * 32),
    evidence=b"\xe5" * 32,
    committee=MEMBERS,
    threshold=2,
    challenge_window=60,
)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fedmerit.commands.app", "ledger", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )


@pytest.fixture(scope="module")
def own(start_anvil):
    with start_anvil() as url:
        yield url


@pytest.fixture(scope="module")
def twice(own):
    """Two settlements on one chain, each with contracts of its own; both are job 1."""
    keys = Keyring.development("ledgers", 0)
    return [settle(connect(own), ORDER, keys) for _ in range(2)]


def test_a_bundles_ledger_is_read_from_its_own_transactions(hospital_bundle):
    found = ledgers.read(hospital_bundle.path)

    outcome = hospital_bundle.document(OUTCOME, OutcomeDocument)
    assert found.ledger.to_json() == hospital_bundle.text(LEDGER)
    shown = found.as_json()
    assert [p["name"] for p in shown["participants"]] == list(outcome.participants)
    assert [p["claimed"] for p in shown["participants"]] == list(map(str, outcome.payments))
    stake = stake_of(hospital_bundle.scenario, len(outcome.payments))
    held = [str(payment + stake) for payment in outcome.payments]
    assert [p["balance"] for p in shown["participants"]] == held
    assert shown["job"]["reserve"] == str(outcome.reserve)
    assert shown["gas"]["total"] == sum(t["gas"] for t in shown["transactions"])
    assert len(shown["events"]) == len(found.ledger.events)


def test_rounds_are_told_by_whatever_events_name_one(hospital_bundle):
    rounds = ledgers.read(hospital_bundle.path).as_json()["rounds"]

    kinds = {kind: [r for r in rounds if r["kind"] == kind] for kind in ("round", "trainingRound")}
    assert "Reports.ReportPosted" in kinds["round"][0]["events"]
    assert [r["number"] for r in kinds["trainingRound"]] == list(
        range(1, len(kinds["trainingRound"]) + 1)
    )


def test_the_command_shows_tables_and_ends_with_the_next_one(hospital_bundle):
    done = command(hospital_bundle.path)

    assert done.returncode == 0, done.stderr
    for word in ("Participants", "JobVault.Claimed", "Hungary", "Balances", "total", "Rounds"):
        assert word in done.stdout
    assert "next: fedmerit audit" in done.stderr


@pytest.mark.node
def test_a_job_is_read_from_a_node_that_knows_nothing_of_a_bundle(own, twice):
    registry = twice[1].addresses["Registry"]

    done = command("--rpc", own, "--job", 1, "--registry", registry, "--output", "json")

    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["contracts"] == twice[1].addresses
    assert [p["account"] for p in shown["participants"]] == list(twice[1].accounts.values())
    assert [p["claimed"] for p in shown["participants"]] == list(map(str, ORDER.payments))
    assert shown["participants"][0]["name"] is None
    assert shown["reports"][0]["evidence"] == "0x" + "e5" * 32
    assert "--job JOB" in done.stderr


@pytest.mark.node
def test_without_a_job_the_jobs_are_listed(own, twice):
    found = ledgers.read(rpc=own)

    assert [(job["job"], job["registry"]) for job in found.as_json()["jobs"]] == [
        (1, receipt.addresses["Registry"]) for receipt in twice
    ]
    ((title, rows),) = found.tables().items()
    assert title == "Jobs on chain 31337"
    assert [row["Budget (tokens)"] for row in rows] == ["4", "4"]


@pytest.mark.node
def test_a_number_that_two_registries_gave_asks_which(own, twice):
    with pytest.raises(ChainError, match="2 registries have a job 1") as caught:
        ledgers.read(rpc=own, job=1)

    assert twice[0].addresses["Registry"] in str(caught.value)
    assert "--registry" in caught.value.hint
    after = ledgers.read(rpc=own, job=1, first_block=twice[1].block)
    assert after.ledger.addresses == twice[1].addresses


@pytest.mark.node
def test_a_job_that_nobody_opened_is_named(own):
    with pytest.raises(ChainError, match="no job 77"):
        ledgers.read(rpc=own, job=77)


@pytest.mark.node
@pytest.mark.parametrize("read", [ledgers.read, audit], ids=["ledger", "audit"])
def test_a_bundle_of_another_chain_is_refused_with_an_option_that_there_is(
    own, hospital_bundle, read
):
    with pytest.raises(WrongChain) as caught:
        read(hospital_bundle.path, rpc=own)

    assert caught.value.hint == "Leave --rpc out: that is the embedded chain."
    assert read(hospital_bundle.path)  # what it says helps


@pytest.mark.node
def test_a_bundle_of_a_node_is_read_from_no_other(own, hospital_bundle, tmp_path):
    begun = Bundle.create(tmp_path / "b", hospital_bundle.scenario)
    there = Deployment.from_json(hospital_bundle.text(DEPLOYMENT))
    begun.write(DEPLOYMENT, replace(there, chain_id=5).to_json().encode())

    with pytest.raises(WrongChain) as caught:
        ledgers.read(begun.path, rpc=own)

    assert caught.value.hint == "Name a node of chain 5 with --rpc."


def test_a_bundle_that_has_not_settled_says_how_to_go_on(hospital_bundle, tmp_path):
    begun = Bundle.create(tmp_path / "b", hospital_bundle.scenario)

    with pytest.raises(BundleError, match="not begun to settle") as caught:
        ledgers.read(begun.path)

    assert "--resume" in caught.value.hint


def test_a_bundle_settled_on_a_node_asks_for_it(hospital_bundle, tmp_path):
    begun = Bundle.create(tmp_path / "b", hospital_bundle.scenario)
    there = Deployment.from_json(hospital_bundle.text(DEPLOYMENT))
    begun.write(DEPLOYMENT, there.to_json().encode())

    with pytest.raises(BundleError, match="no transactions to replay") as caught:
        ledgers.read(begun.path)

    assert "--rpc URL" in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "said"),
    [({}, "neither a bundle nor a node"), ({"bundle": "b", "job": 1}, "says itself which job")],
)
def test_too_little_or_too_much_is_refused(asked, said):
    with pytest.raises(ChainError, match=said):
        ledgers.read(**asked)


def test_where_no_node_answers_nothing_is_advised_that_does_not_fit_the_command(
    hospital_bundle, tmp_path
):
    nobody = "http://127.0.0.1:9"
    for attempt in (
        lambda: ledgers.read(rpc=nobody),
        lambda: ledgers.read(hospital_bundle.path, rpc=nobody),
        lambda: audit(hospital_bundle.path, rpc=nobody),
    ):
        with pytest.raises(Unreachable) as caught:
            attempt()
        assert caught.value.hint == "Start the node, or check its address."

    with pytest.raises(Unreachable) as caught:
        fedmerit.run("hospitals", tmp_path / "b", chain=ChainChoice(rpc=nobody))
    assert "Without --rpc the run settles on the embedded chain" in caught.value.hint


@pytest.mark.parametrize(
    "absurd",
    [{"job": 0}, {"job": -1}, {"job": 2**256}, {"first_block": -1}, {"first_block": 2**63}],
)
def test_a_job_or_block_that_no_chain_has_is_refused_before_a_node_is_asked(absurd):
    with pytest.raises(ChainError, match="no chain has a") as caught:
        ledgers.read(rpc="http://127.0.0.1:9", **absurd)

    assert caught.value.hint == "Jobs are numbered from 1, and blocks from 0."
