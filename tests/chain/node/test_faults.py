"""A node that does what public ones do to requests is asked again, or said to be what it is."""

from __future__ import annotations

import logging
from contextlib import suppress
from itertools import count, pairwise
from threading import Event
from time import monotonic

import pytest
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
    trickling,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedmerit.chain.clients import CreditToken
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.ledger.discovery import contracts_of, opened_jobs
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node import provider, spans
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.transaction import Transfer
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import (
    BadAddress,
    BadAnswer,
    ChainError,
    FedmeritError,
    NodeRefused,
    SearchCutShort,
    TooSlow,
    Unreachable,
    WrongChain,
)

NOBODY = "0x" + "11" * 20
CHAIN = {"eth_chainId": "0x7a69", "eth_blockNumber": "0x7", "eth_getBalance": "0x5"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Wait for hundredths of what people wait for."""
    monkeypatch.setattr(provider, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(provider, "FAULT_SECONDS", 0.5)
    monkeypatch.setattr(provider, "LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(provider, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(spans, "_PAUSES", (0.001, 0.002))


def canned(request):
    """Answer as a node of seven blocks that nothing happens on."""
    return CHAIN.get(request["method"])


def from_now_on(fault):
    """Leave the first request alone, by which a node is found."""
    return lambda number, request, ask: fault(number, request, ask) if number > 1 else None


MIXED = (
    drops(7),
    statuses(11, 502, b"<html>Bad Gateway</html>"),
    statuses(13, 429, Retry_After="0"),
    limited(17),
    pages(19),
    long_extra_data(),
)


@pytest.mark.node
def test_a_settlement_through_a_node_that_fails_in_six_ways_sends_nothing_twice(
    anvil, make_order, keys
):
    order = make_order()
    with proxied(anvil, *MIXED) as url:
        receipt = settle(connect(url), order, keys)

    node = connect(anvil)
    token = CreditToken(node, receipt.addresses["CreditToken"])
    assert [token.balance_of(a) for a in receipt.accounts.values()] == list(order.payments)
    assert token.total_supply() == order.budget
    assert {step.step for step in receipt.transactions} >= {"deploy", "report", "claim"}
    hashes = [step.hash for step in receipt.transactions]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.node
@pytest.mark.parametrize("words", ["header not found", "unknown block"])
def test_a_node_that_is_a_block_behind_now_and_then_is_settled_through(
    anvil, make_order, keys, words
):
    behind, calls = [], count(1)

    def lag(number, request, _ask):
        if request["method"] == "eth_call" and next(calls) % 10 == 0 and len(behind) < 4:
            behind.append(number)
            return refusal(request, -32000, words)
        return None

    order = make_order(2, 1)
    with proxied(anvil, lag) as url:
        receipt = settle(connect(url), order, keys)

    assert list(receipt.paid.values()) == list(order.payments)
    assert behind


@pytest.mark.node
@pytest.mark.parametrize(
    "faults",
    [
        MIXED,
        (logs_of(10),),
        (logs_of(1),),
        (few_logs(3), named_logs()),
        (logs_of(10), few_logs(2), long_extra_data(), drops(3)),
    ],
)
def test_a_ledger_read_through_such_a_node_is_the_one_read_without(anvil, settled_there, faults):
    done = settled_there.receipt
    with proxied(anvil, *faults) as url:
        node = connect(url)
        ledger = read_ledger(node, done.addresses, done.job, first_block=done.block)
        (opened,) = opened_jobs(
            node,
            job=done.job,
            registry=done.addresses["Registry"],
            first_block=done.block,
        )
        assert contracts_of(node, opened) == done.addresses

    assert ledger == read_ledger(
        settled_there.node, done.addresses, done.job, first_block=done.block
    )


def test_a_range_that_is_refused_is_halved_and_grows_again():
    asked = []

    def node(request):
        if request["method"] == "eth_getLogs":
            asked.append(int(request["params"][0]["toBlock"], 16))
            return []
        return {**CHAIN, "eth_blockNumber": hex(50_000)}[request["method"]]

    refuses = [True]

    def narrow_at_first(number, request, ask):
        return logs_of(2_500)(number, request, ask) if refuses[0] and len(asked) < 3 else None

    with proxied(node, narrow_at_first) as url:
        assert connect(url).logs(None, None, 0) == []

    widths = [after - before for before, after in pairwise(asked)]
    assert widths[0] == 2_500
    assert max(widths) == 2 * 2_500
    assert asked[-1] == 50_000
    assert sum(widths) == 50_000 - asked[0]


@pytest.mark.parametrize(
    ("fault", "words", "hint"),
    [
        (named_logs(), "specify an address", "--registry"),
        (logs_of(0), "at most 0 blocks", "keeps and shows"),
        (few_logs(-1), "more than -1 results", "keeps and shows"),
    ],
)
def test_a_search_that_cannot_be_completed_says_what_it_has_searched(fault, words, hint):
    def later(number, request, ask):
        wide = request["method"] == "eth_getLogs" and int(request["params"][0]["toBlock"], 16) > 4
        return fault(number, request, ask) if wide else None

    with proxied(lambda r: [] if r["method"] == "eth_getLogs" else canned(r), later) as url:
        node = connect(url)

        with pytest.raises(SearchCutShort, match=words) as caught:
            node.logs(None, None, 1)

    assert "blocks 1 to 4 were searched" in str(caught.value)
    assert (caught.value.first, caught.value.block) == (1, 5)
    assert hint in caught.value.hint


def test_a_block_that_is_refused_as_too_much_is_asked_for_again():
    refused = []

    def busy(_number, request, _ask):
        if request["method"] != "eth_getLogs" or len(refused) >= 2:
            return None
        refused.append(request)
        return refusal(request, -32005, "limit exceeded")

    with proxied(lambda r: [] if r["method"] == "eth_getLogs" else canned(r), busy) as url:
        assert connect(url).logs(None, None, 7) == []
    assert len(refused) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (drops(1), Unreachable, "the connection is dropped"),
        (statuses(1, 401), BadAnswer, "HTTP 401 Unauthorized"),
        (statuses(1, 403), BadAnswer, "HTTP 403 Forbidden"),
        (statuses(1, 404, b"<html>"), BadAnswer, "HTTP 404 Not Found"),
        (statuses(1, 429), BadAnswer, "HTTP 429 Too Many Requests"),
        (statuses(1, 502), BadAnswer, "HTTP 502 Bad Gateway"),
        (statuses(1, 504), TooSlow, "HTTP 504 Gateway Timeout"),
        (statuses(1, 299), BadAnswer, "HTTP 299"),
        (pages(1), BadAnswer, "HTML"),
        (limited(1), BadAnswer, "rate limit"),
        (limited(1, 429, "Your app has exceeded its throughput"), BadAnswer, "throughput"),
        (statuses(1, 200, b"[]"), BadAnswer, "no JSON-RPC"),
        (statuses(1, 200, b"{}"), BadAnswer, "no JSON-RPC"),
        (statuses(1, 200, b"\xff\xfe"), BadAnswer, "no JSON-RPC"),
        (statuses(1, 200, b"[" * 100_000), BadAnswer, "no JSON-RPC"),
        (statuses(1, 200, b'{"result": 1' + b"0" * 9_000 + b"}"), BadAnswer, "no JSON-RPC"),
        (statuses(1, 200, b'{"result": "0x1"}'), BadAnswer, "cannot be read"),
        (statuses(1, 200, b'{"jsonrpc": "2.0", "id": 0, "result": "0xzz"}'), BadAnswer, "read"),
        (statuses(1, 200, b'{"jsonrpc": "2.0", "id": 0, "result": null}'), BadAnswer, "read"),
        (statuses(1, 200, b'{"jsonrpc": "2.0", "id": 0, "error": "no"}'), BadAnswer, "read"),
        (
            lambda _n, request, _a: refusal(request, -32601, "the method does not exist"),
            NodeRefused,
            "the method does not exist",
        ),
    ],
)
def test_whatever_answers_at_first_is_named_soon_and_without_a_key(fault, kind, words):
    with proxied(canned, fault) as url:
        began = monotonic()
        with pytest.raises(kind, match=words) as caught:
            connect(f"{url}/v3/secret-key?more=secret")

    assert monotonic() - began < 10
    assert caught.value.hint or kind is NodeRefused
    assert "secret" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_a_node_that_is_too_slow_is_refused_after_one_wait(monkeypatch):
    monkeypatch.setattr(provider, "ANSWER_SECONDS", 0.3)
    until, asked = Event(), []

    def sleepy(number, request, ask):
        asked.append(request)
        return slow(1, until)(number, request, ask)

    with proxied(canned, sleepy) as url:
        with pytest.raises(TooSlow, match=r"no answer within 0\.3 seconds"):
            connect(url)
        until.set()

    assert len(asked) == 1


LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("before", "drop"),
    [(LENGTH, b" "), (CHUNKED, b"0"), (CHUNKED, b"1\r\n \r\n"), (b"HTTP/1.1 200 OK\r\nX: ", b"a")],
    ids=["body", "length of a chunk", "chunks", "headers"],
)
def test_an_answer_that_trickles_in_is_too_slow_too(monkeypatch, before, drop):
    monkeypatch.setattr(provider, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(provider, "CONNECT_SECONDS", 0.3)
    began = monotonic()

    with trickling(before, drop) as url, pytest.raises(TooSlow, match=r"within 0\.3 seconds"):
        connect(url)

    assert monotonic() - began < 5


def test_an_answer_without_end_is_cut_off(monkeypatch):
    monkeypatch.setattr(provider, "MAX_ANSWER_BYTES", 1000)

    with (
        proxied(canned, statuses(1, 200, b" " * 5000)) as url,
        pytest.raises(BadAnswer, match="more than 1000 bytes"),
    ):
        connect(url)


@pytest.mark.parametrize(
    "fault",
    [
        drops(2),
        statuses(2, 503),
        statuses(2, 429, Retry_After="0"),
        limited(2),
        limited(2, -32029, "too many"),
        pages(2),
    ],
)
def test_a_request_that_fails_now_and_then_is_made_again(fault):
    with proxied(canned, fault) as url:
        node = connect(url)

        assert [node.balance(NOBODY) for _ in range(20)] == [5] * 20


def test_a_slow_answer_is_asked_for_once_more(monkeypatch):
    monkeypatch.setattr(provider, "ANSWER_SECONDS", 0.3)
    until = Event()

    with proxied(canned, slow(2, until)) as url:
        node = connect(url)
        assert node.balance(NOBODY) == 5
        until.set()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (drops(1), Unreachable),
        (statuses(1, 502), BadAnswer),
        (limited(1), BadAnswer),
        (pages(1), BadAnswer),
    ],
)
def test_a_node_that_only_fails_is_given_up_on(fault, kind):
    with proxied(canned, from_now_on(fault)) as url:
        node = connect(url)
        with pytest.raises(kind):
            node.balance(NOBODY)


def test_a_limit_that_asks_for_more_than_we_wait_is_said_at_once():
    began = monotonic()
    with proxied(canned, from_now_on(statuses(1, 429, Retry_After="3600"))) as url:
        node = connect(url)
        with pytest.raises(BadAnswer, match="429") as caught:
            node.balance(NOBODY)

    assert monotonic() - began < 10
    assert "limit" in caught.value.hint


def test_a_limit_is_waited_out_and_the_wait_is_told(monkeypatch, caplog):
    monkeypatch.setattr(provider, "LIMIT_SECONDS", 5.0)
    caplog.set_level(logging.INFO, "fedmerit.chain")
    refused = []

    def busy(number, _request, _ask):
        if number > 1 and not refused:
            refused.append(number)
            return Reply(b"", 429, {"Retry-After": "2"})
        return None

    with proxied(canned, busy) as url:
        node = connect(url)
        assert node.balance(NOBODY) == 5

    assert "asking again in 2.0 seconds" in caplog.text


def test_a_node_of_another_chain_that_comes_back_in_its_place_is_not_read_from():
    chains = iter(["0x7a69", "0x1", "0x1"])

    def node(request):
        return next(chains) if request["method"] == "eth_chainId" else canned(request)

    def drop_second(number, _request, _ask):
        return Reply(dropped=True) if number == 2 else None

    with proxied(node, drop_second) as url:
        ours = connect(url)
        with pytest.raises(WrongChain, match="chain 1, not of chain 31337"):
            ours.balance(NOBODY)


@pytest.mark.node
def test_a_transaction_whose_answer_is_lost_is_sent_once(anvil):
    before = connect(anvil).balance(NOBODY)
    lost = []

    def lose(_number, request, ask):
        if request["method"] != "eth_sendRawTransaction" or lost:
            return None
        lost.append(ask())
        return Reply(dropped=True)

    with proxied(anvil, lose) as url:
        mined = connect(url).send(Transfer(NOBODY, 7), FAUCET)

    assert lost[0]["result"] == mined.hash
    assert connect(anvil).balance(NOBODY) == before + 7


@pytest.mark.node
@pytest.mark.parametrize("method", ["evm_increaseTime", "evm_mine"])
@pytest.mark.parametrize("heard", [True, False])
def test_a_clock_whose_move_is_lost_is_moved_by_what_is_missing(anvil, method, heard):
    lost = []

    def lose(_number, request, ask):
        if request["method"] != method or lost:
            return None
        lost.append(request)
        if heard:
            ask()
        return Reply(dropped=True)

    with proxied(anvil, lose) as url:
        node = connect(url)
        due = node.now() + 100_000
        node.wait_until(due)

        assert due <= node.now() <= due + 60
    assert lost


@pytest.mark.parametrize(
    "url",
    [
        "http://user:pa/ss@host:8545",
        "http://user:pa ss@host",
        "http://[::1",
        "http://host:99999",
        "http://host:secret",
        "http://\x1b[2J",
        "https://",
        "wss://user:secret@host",
        "/home/me/geth.ipc",
        "http://" + "a" * 300 + ".example",
        "http://.secret..",
        "http://u:secret@" + "a" * 64,
        "http://ex\u00adample\u3002",
        "http://\ud800",
    ],
)
def test_what_is_no_address_is_refused_and_nothing_of_it_is_quoted(url):
    with pytest.raises(ChainError) as caught:
        connect(url)

    shown = f"{caught.value} {caught.value.hint}"
    assert isinstance(caught.value, BadAddress | Unreachable)
    assert not [part for part in ("secret", "pa", "ss@", "me/", "\x1b") if part in shown.split()]
    assert "secret" not in shown


WORDS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**300), 2**300),
    st.text(max_size=8),
    st.from_regex(r"\A0x[0-9a-f]{0,66}\Z"),
)
FIELDS = st.sampled_from(
    (
        *("timestamp", "number", "blockNumber", "gasUsed", "gasLimit", "from", "to", "input"),
        *("transactionHash", "baseFeePerGas", "logs", "topics", "data", "address", "value"),
    )
)
ANSWERS = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=9),
    max_leaves=12,
)
HASH = "0x" + "ab" * 32
READS = (
    lambda node: node.balance(NOBODY),
    lambda node: node.has_code(NOBODY),
    lambda node: node.mined(node.receipt(HASH)),
    lambda node: node.look_up(HASH),
    lambda node: node.transaction(HASH),
    lambda node: node.lists(3, HASH),
    lambda node: node.now(),
    lambda node: node.height(),
    lambda node: node.fees(),
    lambda node: node.waiting(NOBODY, 0),
    lambda node: node.mines_at_once,
    lambda node: CreditToken(node, NOBODY).balance_of(NOBODY),
    lambda node: CreditToken(node, NOBODY).total_supply(),
    lambda node: opened_jobs(node, first_block=7),
)


@pytest.fixture(scope="module")
def lying():
    """Give a node whose every answer but its chain is what is put into a list, and the list."""
    answer = [None]

    def node(request):
        named = {"eth_chainId": "0x7a69", "eth_blockNumber": "0x7"}
        return named.get(request["method"], answer[0])

    with proxied(node) as url:
        yield connect(url), answer


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=ANSWERS)
def test_whatever_a_node_answers_ends_in_a_value_or_in_an_error_of_ours(lying, told):
    node, answer = lying
    answer[0] = told
    node.__dict__.pop("mines_at_once", None)  # asked once, otherwise

    for read in READS:
        with suppress(FedmeritError):
            read(node)
