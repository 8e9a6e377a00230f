"""A run that settles on a node that outlives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace

import pytest
from eth_account import Account
from faulty_proxy import proxied, refusal
from forging import forge, reseal

import fedmerit
import fedmerit.pipeline
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import (
    ACCOUNTS,
    COMMITMENT,
    LEDGER,
    OUTCOME,
    RECEIPT,
    TRANSCRIPT,
    VALUATION,
    AccountsDocument,
    ValuationDocument,
)
from fedmerit.chain import STEPS, Receipt, connect
from fedmerit.chain.keys import FAUCET, Keyring
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.errors import AuditImpossible, ChainError, SeedChanged, WrongChain
from fedmerit.pipeline import ChainChoice
from fedmerit.scenario.model import Member
from fedmerit.scenario.reading import parse
from fedmerit.scenario.terms import stake_of
from fedmerit.stages.committing import read_commitment
from fedmerit.stages.draw import drawn_of

pytestmark = pytest.mark.node

SCENARIO = parse(
    {
        "name": "tiny",
        "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 3}},
        "training": {"rounds": 2, "local_epochs": 1},
    },
    origin="test",
)


@pytest.fixture
def anvil(start_anvil):
    with start_anvil() as url:
        yield url


@pytest.fixture(scope="module")
def lasting(start_anvil):
    with start_anvil() as url:
        yield url


@pytest.fixture(scope="module")
def settled_there(lasting, tmp_path_factory):
    path = tmp_path_factory.mktemp("there") / "b"
    return fedmerit.run(SCENARIO, path, chain=ChainChoice(rpc=lasting))


def test_a_run_settles_on_a_node_and_is_audited_against_it(anvil, tmp_path):
    bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil, chain_id=31337))

    verdict = fedmerit.audit(bundle, rpc=anvil)

    assert verdict.passed, verdict.differences
    assert "on chain 31337, reported in block" in verdict.proof
    assert "signed by" in verdict.proof
    assert not (bundle.path / TRANSCRIPT).exists()


def forgets_states():
    """Keep the latest state alone, as a node that prunes does."""

    def fault(_number, request, _ask):
        if request["method"] != "eth_call" or request["params"][1] == "latest":
            return None
        return refusal(request, -32000, "missing trie node 1f3a (path )")

    return fault


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["balances"].update(dict.fromkeys(said["members"][:1], "1")),
        lambda said: said["staked"].__setitem__(1, "7"),
        lambda said: said.update(burned="3"),
    ],
)
def test_what_is_said_of_past_balances_is_looked_up_or_named_as_not_looked_at(
    change, lasting, settled_there
):
    bundle, untouched = settled_there, settled_there.read(LEDGER)
    forge(bundle, LEDGER, change)
    try:
        found = fedmerit.audit(bundle, rpc=lasting)
        with proxied(lasting, forgets_states()) as pruned:
            passed_over = fedmerit.audit(bundle, rpc=pruned)
    finally:
        bundle.write(LEDGER, untouched)
        reseal(bundle)

    assert "ledger" in {check.id for check in found.differences}
    assert {check.id for check in passed_over.differences} <= {"report"}  # it shows balances
    [said] = [check for check in passed_over.checks if check.id == "past-balances"]
    assert said.status == "skipped"
    assert said.detail.startswith("not looked at: the node keeps no state of block ")


def test_what_others_do_with_the_token_afterwards_changes_no_verdict(lasting, settled_there):
    node, receipt = connect(lasting), Receipt.from_json(settled_there.text(RECEIPT))
    token = contracts_at(node, receipt.addresses).token
    keys = Keyring.development(SCENARIO.name, SCENARIO.seed)
    token.mint(receipt.accounts["member-1"], 5, signer=keys.signer("sponsor"))

    verdict = fedmerit.audit(settled_there, rpc=lasting)

    assert verdict.passed, verdict.differences
    assert "past-balances" not in {check.id for check in verdict.checks}


def test_without_the_node_such_a_bundle_asks_for_it(anvil, tmp_path):
    bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil))

    with pytest.raises(AuditImpossible) as caught:
        fedmerit.audit(bundle)

    assert "--rpc" in caught.value.hint


@pytest.mark.slow
def test_another_chain_draws_another_seed_and_exact_values_do_not_care(anvil, tmp_path):
    on_node = fedmerit.run(SCENARIO, tmp_path / "node", chain=ChainChoice(rpc=anvil))
    embedded = fedmerit.run(SCENARIO, tmp_path / "embedded")

    assert drawn_of(on_node).seed != drawn_of(embedded).seed
    assert on_node.read(OUTCOME) == embedded.read(OUTCOME)


class PowerCut(Exception):
    pass


class Dies(fedmerit.pipeline.Silent):
    """A run that dies in a stage, as a step of the settlement begins or after it sent once."""

    def __init__(self, stage, step):
        self.dies, self.now = (stage, list(STEPS).index(step) + 1), ""

    def stage(self, name):
        self.now = name

    def advance(self, done, _total):
        if (self.now, done) == self.dies:
            raise PowerCut


@pytest.mark.parametrize(
    ("stage", "step"),
    [
        ("settle", "claim"),
        *(pytest.param("draw", step, marks=pytest.mark.slow) for step in ("join", "reveal")),
    ],
)
def test_a_run_that_died_on_the_node_is_resumed_there_and_pays_once(stage, step, anvil, tmp_path):
    chain = ChainChoice(rpc=anvil)
    with pytest.raises(PowerCut):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=chain, progress=Dies(stage, step))

    bundle = fedmerit.resume(tmp_path / "b", chain=chain)

    assert fedmerit.audit(bundle, rpc=anvil).passed


def test_a_run_whose_seed_one_chain_drew_is_not_settled_on_another(anvil, tmp_path):
    chain = ChainChoice(rpc=anvil)
    with pytest.raises(PowerCut):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=chain, progress=Dies("settle", "report"))

    with pytest.raises(ChainError, match="31337") as caught:
        fedmerit.resume(tmp_path / "b")

    assert "--rpc" in caught.value.hint


@pytest.mark.slow
def test_members_whose_seed_the_chain_lost_are_valued_again_on_resuming(anvil, tmp_path):
    chain, node = ChainChoice(rpc=anvil), connect(anvil)
    with pytest.raises(PowerCut):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=chain, progress=Dies("settle", "gas"))
    bundle = Bundle.open(tmp_path / "b")
    before = drawn_of(bundle)
    begun = next(step for step in before.transactions if step.step == "bind")
    node._request("anvil_rollback", node.height() - begun.block)
    node.advance(SCENARIO.settlement.commit_window)  # nobody committed in time: another draw

    with pytest.raises(SeedChanged) as caught:
        fedmerit.resume(bundle.path, chain=chain)
    assert bundle.progress.done == ("train",)
    assert "valued again" in caught.value.hint
    fedmerit.resume(bundle.path, chain=chain)

    after = drawn_of(bundle)
    assert (before.draws, after.draws) == (1, 2)
    assert before.seed != after.seed == bundle.document(VALUATION, ValuationDocument).seed
    verdict = fedmerit.audit(bundle, rpc=anvil)
    assert verdict.passed, verdict.differences


def test_whoever_keeps_its_secret_is_slashed_unpaid_and_named(anvil, tmp_path):
    silent = SCENARIO.model_copy(update={"members": (Member(name="member-2", reveals=False),)})

    bundle = fedmerit.run(silent, tmp_path / "b", chain=ChainChoice(rpc=anvil))

    drawn, receipt = drawn_of(bundle), Receipt.from_json(bundle.text(RECEIPT))
    stake = stake_of(silent, 3)
    assert (drawn.draws, drawn.slashed) == (2, {"member-2": stake})
    assert receipt.stakes == {"member-1": stake, "member-2": 0, "member-3": stake}
    assert receipt.paid["member-2"] == 0 < receipt.paid["member-1"]
    verdict = fedmerit.audit(bundle, rpc=anvil)
    assert verdict.passed, verdict.differences
    assert "member-2 kept a secret" in {c.name: c.detail for c in verdict.checks}["slashes"]
    assert "member-2" in bundle.read("report.html").decode()


@pytest.mark.slow
def test_a_lying_report_is_disputed_on_the_node_while_it_waits(anvil, tmp_path):
    chain = ChainChoice(rpc=anvil)
    with pytest.raises(PowerCut):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=chain, progress=Dies("settle", "gas"))
    bundle = Bundle.open(tmp_path / "b")
    said = read_commitment(bundle)
    lie = replace(said, values=(said.values[0] + 1, *said.values[1:]))
    bundle.write(COMMITMENT, lie.to_json().encode())
    with pytest.raises(PowerCut):
        fedmerit.resume(bundle.path, chain=chain, progress=Dies("settle", "finalise"))

    audited = command("audit", bundle.path, "--rpc", anvil)
    done = command("dispute", bundle.path, "--fault", 1, "--rpc", anvil, "--output", "json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["kind"], told["function"], told["cancelled"]) == ("D2", "proveShapley", True)
    assert audited.returncode == 1
    assert b"fault 1 (D2): member 0's value" in audited.stdout
    assert b"the report waits" in audited.stdout
    assert b"--fault 1 --rpc" in audited.stderr
    shown = command("ledger", "--rpc", anvil, "--job", 1, "--output", "json")
    names = {event["name"] for event in json.loads(shown.stdout)["events"]}
    assert {"SeedDrawn", "FaultProven", "ReportCancelled", "Slashed"} <= names


def test_a_keystores_keys_sign_and_none_of_them_gets_into_the_bundle(anvil, tmp_path, monkeypatch):
    roles = ["sponsor", "coordinator", "member-1", "member-2", "member-3"]
    secrets = {role: Account.create() for role in roles}
    (tmp_path / "keys").mkdir()
    for role, account in secrets.items():
        locked = Account.encrypt(account.key, "open sesame", kdf="pbkdf2", iterations=1000)
        (tmp_path / "keys" / f"{role}.json").write_text(json.dumps(locked))
    monkeypatch.setenv("FEDMERIT_KEYSTORE_PASSWORD", "open sesame")
    chain = ChainChoice(rpc=anvil, keystore=tmp_path / "keys")

    bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=chain)

    accounts = bundle.document(ACCOUNTS, AccountsDocument)
    assert accounts.sponsor == secrets["sponsor"].address
    assert list(accounts.participants.values()) == [secrets[r].address for r in roles[2:]]
    assert fedmerit.audit(bundle, rpc=anvil).passed
    everything = b"".join(bundle.read(name) for name in bundle.names())
    for account in secrets.values():
        assert account.key.hex().encode() not in everything


def command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fedmerit.commands.app", *map(str, arguments)],
        capture_output=True,
        env={**os.environ, **environment},
        check=False,
    )


def forms_of(key: bytes) -> list[bytes]:
    """Give every way in which a key may be written down."""
    digits = key.hex()
    written = [digits, digits.upper(), str(int(digits, 16)), b64encode(key).decode().rstrip("=")]
    return [key, *(form.encode() for form in written), repr(key).encode()[2:-1]]


@pytest.mark.slow
def test_keys_of_the_environment_sign_and_are_neither_printed_nor_kept(anvil, tmp_path):
    roles = ["sponsor", "coordinator", "member-1", "member-2", "member-3"]
    secrets = {role: Account.create() for role in roles}
    keys = {
        f"FEDMERIT_KEY_{role.upper().replace('-', '_')}": account.key.hex()
        for role, account in secrets.items()
    }
    (tmp_path / "tiny.toml").write_text(SCENARIO.to_toml())
    to = ("--rpc", anvil, "--env-keys")
    broken = {**keys, "FEDMERIT_KEY_MEMBER_3": keys["FEDMERIT_KEY_MEMBER_3"] + "5"}

    said = [
        command("--debug", "run", tmp_path / "tiny.toml", "--dir", tmp_path / "no", *to, **broken),
        command("run", tmp_path / "tiny.toml", "--dir", tmp_path / "b", *to, **keys),
        command("ledger", tmp_path / "b", "--rpc", anvil),
        command("ledger", tmp_path / "b", "--rpc", anvil, "--output", "json"),
        command("audit", tmp_path / "b", "--rpc", anvil),
        command("--debug", "run", "--resume", tmp_path / "b", *to, **keys),
    ]

    assert [done.returncode for done in said] == [2, 0, 0, 0, 0, 2]
    bundle = Bundle.open(tmp_path / "b")
    accounts = bundle.document(ACCOUNTS, AccountsDocument)
    assert accounts.sponsor == secrets["sponsor"].address
    kept = b"".join(bundle.read(name) for name in bundle.names())
    everything = kept + b"".join(done.stdout + done.stderr for done in said)
    assert accounts.sponsor.encode() in everything
    for account in secrets.values():
        assert not [form for form in forms_of(bytes(account.key)) if form in everything]


@pytest.mark.slow
def test_development_keys_are_not_kept_either(tmp_path):
    bundle = fedmerit.run(SCENARIO, tmp_path / "b")

    kept = b"".join(bundle.read(name) for name in bundle.names())
    ring = Keyring.development(SCENARIO.name, SCENARIO.seed)
    for signer in (FAUCET, *map(ring.signer, ("sponsor", "coordinator", "member-1"))):
        key = bytes(signer._account.key)
        assert not [form for form in forms_of(key) if form in kept]


def test_keys_from_two_places_are_refused(tmp_path):
    with pytest.raises(ChainError, match="from the environment") as caught:
        ChainChoice(keystore=tmp_path, env_keys=True)

    assert "not both" in caught.value.hint


def test_a_missing_key_is_found_out_before_anything_is_trained(anvil, tmp_path):
    (tmp_path / "keys").mkdir()

    with pytest.raises(ChainError, match="sponsor") as caught:
        fedmerit.run(
            SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil, keystore=tmp_path / "keys")
        )

    assert "sponsor" in caught.value.hint
    assert not (tmp_path / "b").exists()


def test_a_node_of_another_chain_is_refused_before_anything_is_trained(anvil, tmp_path):
    with pytest.raises(WrongChain, match="31337") as caught:
        fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil, chain_id=1))

    assert "node of chain 1 with --rpc" in caught.value.hint
    assert "pass --chain-id 31337" in caught.value.hint
    assert not (tmp_path / "b").exists()
