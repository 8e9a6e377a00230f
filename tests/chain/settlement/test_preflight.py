"""What would stop a settlement on a node is said before anything is trained or paid for."""

from __future__ import annotations

import json

import pytest
from eth_account import Account
from faulty_proxy import drops, proxied, refusal

from fedmerit.chain.keys import PASSWORD_VARIABLE, Keyring, Signers
from fedmerit.chain.node.connection import connect
from fedmerit.chain.settlement.preflight import creation_gas, preflight
from fedmerit.chain.settlement.settlement import settle
from fedmerit.errors import ChainError, InsufficientFunds, NodeError, UnfitChain

NAMES = ("ada", "bergen")


def real_keys(directory) -> Keyring:
    directory.mkdir(exist_ok=True)
    for number, role in enumerate(("sponsor", "coordinator", *NAMES), start=1):
        locked = Account.encrypt(bytes([number]) * 32, "sesame", kdf="pbkdf2", iterations=1)
        (directory / f"{role}.json").write_text(json.dumps(locked))
    return Keyring.keystore(directory, {PASSWORD_VARIABLE: "sesame"})


def public(start_anvil, *options: str):
    return start_anvil("--chain-id", "137", *options)


def test_creating_a_contract_takes_no_more_than_is_reckoned_with(settled_here):
    (deployed,) = ([s for s in settled_here.receipt.transactions if s.step == "deploy"],)
    bounds = creation_gas()

    assert len(deployed) == len(bounds)
    contracts = {at.lower(): name for name, at in settled_here.receipt.addresses.items()}
    for step in deployed:
        at = settled_here.node.receipt(step.hash)["contractAddress"]
        assert step.gas <= bounds[contracts[at.lower()]] <= 1.5 * step.gas + 500_000


@pytest.mark.node
@pytest.mark.parametrize("hardfork", ["london", "shanghai"])
def test_an_evm_before_cancun_is_refused(start_anvil, keys, hardfork):
    with (
        start_anvil("--hardfork", hardfork) as url,
        pytest.raises(UnfitChain, match="older than Cancun") as caught,
    ):
        preflight(connect(url), Signers.of(keys, NAMES), rounds=1)

    assert "March 2024" in caught.value.hint


@pytest.mark.node
@pytest.mark.parametrize("hardfork", ["cancun", "osaka"])
def test_from_cancun_to_the_newest_evm_a_settlement_comes_through(
    start_anvil, keys, make_order, hardfork
):
    order = make_order(2, 1)
    with start_anvil("--hardfork", hardfork) as url:
        preflight(connect(url), Signers.of(keys, order.participants), rounds=1)
        receipt = settle(connect(url), order, keys)

    assert list(receipt.paid.values()) == list(order.payments)


@pytest.mark.node
def test_blocks_that_are_too_small_are_refused_with_what_is_needed(start_anvil, keys):
    with (
        start_anvil("--gas-limit", "3000000") as url,
        pytest.raises(UnfitChain, match="takes 3,000,000 gas, and creating"),
    ):
        preflight(connect(url), Signers.of(keys, NAMES), rounds=1)


@pytest.mark.node
def test_blocks_that_take_the_contracts_and_not_the_list_are_refused(start_anvil, keys):
    many = tuple(f"member {number}" for number in range(200))
    with (
        start_anvil("--gas-limit", "9000000") as url,
        pytest.raises(UnfitChain, match="a list of 200 members"),
    ):
        preflight(connect(url), Signers.of(keys, many), rounds=1)


@pytest.mark.node
def test_nobody_is_asked_for_coins_at_an_address_whose_key_anybody_can_derive(start_anvil, keys):
    addresses = [keys.signer(role).address for role in ("sponsor", "coordinator", *NAMES)]
    with public(start_anvil) as url:
        node = connect(url)

        with pytest.raises(ChainError, match="development key") as caught:
            preflight(node, Signers.of(keys, NAMES), rounds=1)

    shown = f"{caught.value} {caught.value.hint}"
    assert not [address for address in addresses if address in shown]
    assert "wei" not in shown
    assert not isinstance(caught.value, InsufficientFunds)


@pytest.mark.node
def test_neither_does_a_settlement_that_was_begun_without_asking_first(
    start_anvil, keys, make_order
):
    with public(start_anvil) as url, pytest.raises(ChainError, match="development key") as caught:
        settle(connect(url), make_order(), keys)

    assert not isinstance(caught.value, InsufficientFunds)


@pytest.mark.node
@pytest.mark.parametrize("options", [("--hardfork", "shanghai"), ("--gas-limit", "3000000")])
def test_what_money_does_not_help_is_said_before_money_is_asked_for(start_anvil, tmp_path, options):
    signers = Signers.of(real_keys(tmp_path / "keys"), NAMES)
    with public(start_anvil, *options) as url, pytest.raises(UnfitChain):
        preflight(connect(url), signers, rounds=1)


@pytest.mark.node
def test_a_sponsor_that_lacks_ether_is_told_how_much_and_then_it_is_enough(start_anvil, tmp_path):
    signers = Signers.of(real_keys(tmp_path / "keys"), NAMES)
    with public(start_anvil) as url:
        node = connect(url)
        with pytest.raises(InsufficientFunds) as caught:
            preflight(node, signers, rounds=3)
        lacking = caught.value.needed - caught.value.held

        node._request("anvil_setBalance", signers.sponsor.address, hex(lacking))
        preflight(node, signers, rounds=3)

    assert signers.sponsor.address in caught.value.hint


@pytest.mark.node
def test_a_node_that_runs_no_code_at_all_is_not_said_to_be_old(anvil, keys):
    def refuse(_number, request, _ask):
        return refusal(request, -32601, "no") if request["method"] == "eth_call" else None

    with proxied(anvil, refuse) as url:
        preflight(connect(url), Signers.of(keys, NAMES), rounds=1)


@pytest.mark.node
def test_a_node_that_goes_away_meanwhile_is_not_said_to_be_old(anvil, keys, monkeypatch):
    monkeypatch.setattr("fedmerit.chain.node.provider.FAULT_SECONDS", 0)

    def die(number, request, ask):
        return drops(1)(number, request, ask) if request["method"] == "eth_call" else None

    with proxied(anvil, die) as url, pytest.raises(NodeError):
        preflight(connect(url), Signers.of(keys, NAMES), rounds=1)
