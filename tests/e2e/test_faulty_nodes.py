"""A run and its audit through nodes as public ones are: they end well, or say what is wrong."""

from __future__ import annotations

import json
import re
import sys
from threading import Event

import pytest
from eth_account import Account
from faulty_proxy import (
    Reply,
    drops,
    few_logs,
    limited,
    logs_of,
    long_extra_data,
    named_logs,
    pages,
    proxied,
    refusal,
    slow,
    statuses,
)

import fedmerit
from fedmerit.chain import connect
from fedmerit.chain.node import dispatch, node, provider
from fedmerit.commands import app as cli
from fedmerit.errors import AuditImpossible, ChainError, NodeError, UnfitChain
from fedmerit.pipeline import ChainChoice
from fedmerit.scenario.reading import parse

pytestmark = pytest.mark.node

TABLE = {
    "name": "tiny",
    "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 3}},
    "training": {"rounds": 1, "local_epochs": 1},
}
SCENARIO = parse(TABLE, origin="test")
#: Real windows, which a chain that is not local has to wait out.
WINDOWS = {"commit_window": 6, "reveal_window": 6, "challenge_window": 1}
ROLES = ("sponsor", "coordinator", "member-1", "member-2", "member-3")
#: Anvil's account 0, here as an account that somebody filled.
FUNDED = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

FAULTS = {
    "every 41st dropped": (drops(41),),
    "every 7th dropped": (drops(7),),
    "429": (statuses(9, 429, Retry_After="0"),),
    "502": (statuses(9, 502, b"<html>Bad Gateway</html>"),),
    "-32005 inside 200": (limited(9),),
    "HTML": (pages(9),),
    "1,000 blocks": (logs_of(1000),),
    "10 blocks": (logs_of(10),),
    "few logs": (few_logs(4),),
    "an address": (named_logs(),),
    "long extra data": (long_extra_data(),),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(provider, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
def anvil(start_anvil):
    with start_anvil() as url:
        yield url


@pytest.fixture(scope="module")
def on_anvil(start_anvil, tmp_path_factory):
    """Give an address and the bundle of a run that settled there, to be audited."""
    with start_anvil() as url:
        yield (
            url,
            fedmerit.run(
                SCENARIO, tmp_path_factory.mktemp("runs") / "b", chain=ChainChoice(rpc=url)
            ),
        )


@pytest.fixture
def typed(monkeypatch, capsys):
    """Give what runs the command in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fedmerit", *map(str, arguments)])
        monkeypatch.setattr(cli.err, "width", 300)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, capsys.readouterr()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_run_and_its_audit_come_through(anvil, tmp_path, faults):
    with proxied(anvil, *faults) as url:
        bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=url))
        verdict = fedmerit.audit(bundle, rpc=url)

    assert verdict.passed, verdict.differences
    direct = fedmerit.audit(bundle, rpc=anvil)
    assert direct.passed, direct.differences


@pytest.mark.slow
def test_so_they_do_where_some_answers_come_too_late(anvil, tmp_path, monkeypatch):
    monkeypatch.setattr(provider, "ANSWER_SECONDS", 3.0)
    until = Event()
    with proxied(anvil, slow(50, until)) as url:
        bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=url))
        verdict = fedmerit.audit(bundle, rpc=url)
        until.set()

    assert verdict.passed, verdict.differences


#: What a node may do from some request on, for good.
BROKEN = {
    "dropped": drops(1),
    "forbidden": statuses(1, 403),
    "rate limit": limited(1),
    "pruned": lambda _n, request, _a: refusal(request, -32000, "missing trie node 1f (path )"),
    "no header": lambda _n, request, _a: refusal(request, -32000, "header not found"),
    "an internal error": lambda _n, request, _a: refusal(request, -32603, "internal error"),
    "a word": statuses(1, 200, b'{"jsonrpc": "2.0", "id": 1, "result": "0xzz"}'),
    "an object": statuses(1, 200, b'{"jsonrpc": "2.0", "id": 1, "result": {}}'),
    "a list": statuses(1, 200, b'{"jsonrpc": "2.0", "id": 1, "result": [[], 7]}'),
}


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_an_audit_through_a_node_that_breaks_never_says_that_there_is_a_difference(
    on_anvil, fault, monkeypatch
):
    for name in ("FAULT_SECONDS", "LIMIT_SECONDS"):
        monkeypatch.setattr(provider, name, 0.0)
    monkeypatch.setattr("fedmerit.chain.node.spans._PAUSES", ())
    anvil, bundle = on_anvil

    for begin in (2, 3, 5, 9, 20, 60, 120):

        def later(number, request, ask, begin=begin):
            return fault(number, request, ask) if number >= begin else None

        with proxied(anvil, later) as url, pytest.raises(NodeError):
            fedmerit.audit(bundle, rpc=url)


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("eth_getLogs", []),
        ("eth_getTransactionReceipt", None),
        ("eth_getTransactionByHash", None),
    ],
)
def test_a_node_that_keeps_nothing_old_is_not_taken_for_a_difference(on_anvil, method, result):
    anvil, bundle = on_anvil

    def forget(_number, request, _ask):
        if request["method"] != method:
            return None
        answer = {"jsonrpc": "2.0", "id": request["id"], "result": result}
        return Reply(json.dumps(answer).encode())

    with proxied(anvil, forget) as url, pytest.raises(NodeError) as caught:
        fedmerit.audit(bundle, rpc=url)

    assert "name another node" in caught.value.hint


def test_a_node_that_lags_behind_is_not_taken_for_a_difference(on_anvil):
    anvil, bundle = on_anvil

    def lag(_number, request, _ask):
        if request["method"] != "eth_blockNumber":
            return None
        answer = {"jsonrpc": "2.0", "id": request["id"], "result": "0x3"}
        return Reply(json.dumps(answer).encode())

    with proxied(anvil, lag) as url, pytest.raises(AuditImpossible, match="at block 3") as caught:
        fedmerit.audit(bundle, rpc=url)

    assert "caught up" in caught.value.hint


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_the_command_ends_with_2_where_a_node_fails_and_with_3_where_we_do(
    on_anvil, typed, debug, monkeypatch
):
    anvil, bundle = on_anvil
    with proxied(anvil, statuses(1, 403)) as url:
        failed, shown = typed("audit", bundle.path, "--rpc", f"{url}/secret", *debug)
    monkeypatch.setattr("fedmerit.auditing.audit", lambda *_, **__: 1 / 0)
    broken, told = typed("audit", bundle.path, *debug)

    assert (failed, broken) == (2, 3)
    assert "HTTP 403 Forbidden" in shown.err
    assert "secret" not in shown.err or debug
    assert "ZeroDivisionError" in told.err
    assert "a fault of fedmerit's own" in told.err


def test_a_run_that_stops_says_how_it_is_gone_on_with(anvil, tmp_path, typed, monkeypatch):
    (tmp_path / "tiny.toml").write_text(SCENARIO.to_toml())
    monkeypatch.setattr(provider, "FAULT_SECONDS", 0.0)
    monkeypatch.setattr("fedmerit.chain.settlement.settlement.PATIENCE_SECONDS", 0)
    directory = tmp_path / "my run"
    sent = []

    def die(_number, request, _ask):
        sent.append(request["method"])
        return Reply(dropped=True) if "eth_sendRawTransaction" in sent[:-1] else None

    with proxied(anvil, die) as url:
        status, shown = typed(
            "run", tmp_path / "tiny.toml", "--dir", directory, "--rpc", url, "--chain-id", 31337
        )
        again = f"next: fedmerit run --resume '{directory}' --rpc {url} --chain-id 31337"
        assert status == 2
        assert again in shown.err
    resumed, _ = typed("run", "--resume", directory, "--rpc", anvil, "--chain-id", 31337)
    assert resumed == 0


def test_the_options_of_a_choice_name_it_again_without_a_key(tmp_path):
    told = ChainChoice(rpc="https://u:p@h.example/v3/key?k=1", env_keys=True, chain_id=5).options
    bare = ChainChoice(rpc="http://[::1]:8545/", keystore=tmp_path / "my keys").options

    assert told == " --rpc https://h.example/... --chain-id 5 --env-keys"
    assert bare == f" --rpc 'http://[::1]:8545/' --keystore '{tmp_path}/my keys'"
    assert ChainChoice().options == ""


def keystore(directory, sponsor=FUNDED):
    directory.mkdir()
    keys = {role: Account.create().key for role in ROLES} | {"sponsor": sponsor}
    for role, key in keys.items():
        locked = Account.encrypt(key, "sesame", kdf="pbkdf2", iterations=1)
        (directory / f"{role}.json").write_text(json.dumps(locked))
    return directory


@pytest.mark.slow
@pytest.mark.parametrize("hardfork", ["cancun", "osaka"])
def test_a_run_on_polygons_chain_id_with_real_keys_and_blocks_every_second(
    start_anvil, tmp_path, monkeypatch, hardfork
):
    monkeypatch.setattr(node, "POLL_SECONDS", 0.2)
    monkeypatch.setenv("FEDMERIT_KEYSTORE_PASSWORD", "sesame")
    scenario = parse({**TABLE, "settlement": WINDOWS}, origin="test")
    options = ("--chain-id", "137", "--block-time", "1", "--hardfork", hardfork)
    with start_anvil(*options) as anvil, proxied(anvil, drops(41), long_extra_data()) as url:
        chain = ChainChoice(rpc=url, chain_id=137, keystore=keystore(tmp_path / "keys"))
        bundle = fedmerit.run(scenario, tmp_path / "b", chain=chain)
        verdict = fedmerit.audit(bundle, rpc=url)

    assert verdict.passed, verdict.differences


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        (("--chain-id", "137"), ChainError, "development key"),
        (("--hardfork", "shanghai"), UnfitChain, "older than Cancun"),
        (("--gas-limit", "3000000"), UnfitChain, "3,000,000 gas"),
    ],
)
def test_what_no_settlement_can_be_made_on_is_refused_before_anything_is_trained(
    start_anvil, tmp_path, options, kind, words
):
    with start_anvil(*options) as url, pytest.raises(kind, match=words) as caught:
        fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=url))

    assert not (tmp_path / "b").exists()
    assert "wei" not in f"{caught.value} {caught.value.hint}"


def test_a_sponsor_without_ether_is_told_so_before_anything_is_trained(
    start_anvil, tmp_path, monkeypatch
):
    monkeypatch.setenv("FEDMERIT_KEYSTORE_PASSWORD", "sesame")
    keys = keystore(tmp_path / "keys", sponsor="0x" + "77" * 32)
    with (
        start_anvil("--chain-id", "137") as url,
        pytest.raises(ChainError, match="holds 0 wei") as caught,
    ):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=url, keystore=keys))

    assert "Send" in caught.value.hint
    assert not (tmp_path / "b").exists()


def test_a_chain_that_mines_nothing_is_waited_for_as_documented_and_gone_on_with(
    start_anvil, tmp_path, typed, monkeypatch
):
    (tmp_path / "tiny.toml").write_text(SCENARIO.to_toml())
    monkeypatch.setattr(dispatch, "STUCK_SECONDS", 0.3)
    monkeypatch.setattr(dispatch, "RECEIPT_SECONDS", 1.0)
    directory = tmp_path / "b"
    with start_anvil("--no-mining") as url:
        status, shown = typed("run", tmp_path / "tiny.toml", "--dir", directory, "--rpc", url)
        told = " ".join(shown.err.split())
        assert status == 2
        assert "node: waiting for transaction 0x" in told
        assert re.search(r"was not mined in \d seconds, in which the chain made 0 blocks", told)
        assert f"next: fedmerit run --resume {directory} --rpc {url}" in told

        connect(url)._request("evm_setAutomine", True)  # noqa: FBT003 - a parameter of Anvil's
        resumed, _ = typed("run", "--resume", directory, "--rpc", url)
    assert resumed == 0


def test_a_resumed_run_is_refused_on_another_chain_before_it_goes_on(
    start_anvil, anvil, tmp_path, monkeypatch
):
    class Stopped(Exception):
        pass

    def stop(*_arguments, **_options):
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr("fedmerit.stages.draw.draw_on_chain", stop)
        with pytest.raises(Stopped):
            fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil))
    began = []
    monkeypatch.setattr("fedmerit.pipeline._to_the_end", lambda *_: began.append(1))

    with start_anvil("--chain-id", "137") as url, pytest.raises(ChainError, match="development"):
        fedmerit.resume(tmp_path / "b", chain=ChainChoice(rpc=url))

    assert not began
