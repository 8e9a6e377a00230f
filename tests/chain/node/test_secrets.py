"""What a node repeats of the address it was asked at is not shown: keys are in there."""

from __future__ import annotations

import json
from traceback import format_exception

import pytest
from faulty_proxy import Reply, proxied

from fedmerit.chain.node import provider
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.secrets import Secrets
from fedmerit.errors import ChainError

ADDRESS = "http://someone:PaSs%21word@h.example/err/SECRETKEY-7/?token=QUERYKEY&q=x%20y"
SECRETS = ("someone", "PaSs", "ssword", "SECRETKEY", "QUERYKEY", "x y", "x%20y")
REPEATED = (
    "/err/SECRETKEY-7/?token=QUERYKEY&q=x%20y",
    "secretkey-7 of someone with PaSs!word",
    "Basic c29tZW9uZTpQYVNzIXdvcmQ= is not known",
    "no q 'x y', no token QUERYKEY",
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(provider, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(provider, "FIRST_SECONDS", 0.01)


def answers(words):
    """Give every place of an answer in which a node may repeat *words*."""
    yield {"error": {"code": -32000, "message": words}}
    yield {"error": {"code": -32005, "message": f"{words}: rate limit"}}
    yield {"error": {"code": 3, "message": f"execution reverted: {words}", "data": "0x"}}
    yield {"error": {"code": -32000, "message": "no", "data": {"path": words, words: 1}}}
    yield {"error": {"message": None, words: words}}
    yield {"error": [words]}
    yield {"error": words}
    yield {"error": {"code": words, "message": words}}
    yield {"result": words}
    yield {"result": {"number": words}, words: words}
    yield {"id": words, "jsonrpc": words, "result": [words]}


def said(url, answer):
    """Give all that a traceback shows of what comes of *answer*."""

    def fault(_number, request, _ask):
        envelope = {"jsonrpc": "2.0", "id": request["id"]}
        return Reply(json.dumps(envelope | answer).encode())

    with proxied(lambda _: None, fault) as there, pytest.raises(ChainError) as caught:
        connect(url.replace("h.example", there.removeprefix("http://")))
    return "".join(format_exception(caught.value)).split("Traceback", 1)[1] + caught.value.hint


def told(error_text):
    """Leave out the source lines of a traceback."""
    return [line for line in error_text.splitlines() if line.startswith(("fedmerit.", "web3."))]


@pytest.mark.parametrize("words", REPEATED)
def test_no_part_of_an_address_is_shown_wherever_a_node_repeats_it(words):
    for answer in answers(words):
        shown = said(ADDRESS, answer)

        assert told(shown)
        assert not [secret for secret in SECRETS if secret.lower() in shown.lower()], answer
        assert "c29tZW9uZTpQYVNz" not in shown


def test_the_words_around_a_key_are_still_shown():
    answer = {"error": {"code": -32000, "message": "the key SECRETKEY-7 is over its quota"}}

    assert "refused: the key *** is over its quota" in said(ADDRESS, answer)


def test_a_short_part_is_hidden_as_a_word_and_leaves_other_words_alone():
    secrets = Secrets("http://h.example/v2/a")
    answer = {"error": {"code": -32000, "message": "a nonce at /v2/a that is v21 too low"}}

    assert secrets.hide(answer)["error"]["message"] == "*** nonce at /***/*** that is v21 too low"


def test_the_chains_own_data_stays_as_it_is():
    account = "0x" + "ab" * 20
    secrets = Secrets(f"http://h.example/{account}/hash/1")
    result = {"hash": account, "value": "0x1", "logs": [{"address": account}], "gasUsed": 1}

    assert secrets.hide({"result": result}) == {"result": result}


def test_an_address_without_a_secret_hides_nothing():
    answer = {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "http://h.example no"}}

    assert Secrets("http://h.example/").hide(answer) == answer
