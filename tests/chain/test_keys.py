"""Keys are found by role, and shown to nobody."""

from __future__ import annotations

import json

import pytest
from eth_account import Account

from fedmerit.chain.keys import FAUCET, PASSWORD_VARIABLE, Keyring, Signers
from fedmerit.errors import ChainError

KEY = "0x" + "5a" * 32
ADDRESS = Account.from_key(KEY).address


def store(directory, name, key=KEY):
    # The cheapest key derivation there is: the format is tested, not scrypt.
    locked = Account.encrypt(key, "open sesame", kdf="pbkdf2", iterations=1)
    (directory / f"{name}.json").write_text(json.dumps(locked))


def test_development_keys_are_the_same_for_the_same_scenario_only():
    first, same = Keyring.development("hospitals", 0), Keyring.development("hospitals", 0)
    others = [Keyring.development("hospitals", 1), Keyring.development("digits", 0)]

    assert first.signer("bergen").address == same.signer("bergen").address
    addresses = {keys.signer("bergen").address for keys in (first, *others)}
    assert len(addresses | {first.signer("sponsor").address}) == 4


def test_a_keystore_unlocks_each_role_from_its_own_file(tmp_path):
    store(tmp_path, "sponsor")
    store(tmp_path, "St-Mary-s", key="0x" + "5b" * 32)
    keys = Keyring.keystore(tmp_path, {PASSWORD_VARIABLE: "open sesame"})

    assert keys.signer("sponsor").address == ADDRESS
    assert keys.signer("St. Mary's").address == Account.from_key("0x" + "5b" * 32).address
    assert not keys.signer("sponsor").development


def test_a_missing_key_file_is_named_with_its_role(tmp_path):
    with pytest.raises(ChainError, match=r"St\. Mary's.*St-Mary-s\.json") as caught:
        Keyring.keystore(tmp_path, {}).signer("St. Mary's")

    assert "secret storage" in caught.value.hint


def test_a_keystore_without_a_password_says_which_variable_to_set(tmp_path):
    store(tmp_path, "sponsor")

    with pytest.raises(ChainError, match=PASSWORD_VARIABLE):
        Keyring.keystore(tmp_path, {}).signer("sponsor")


@pytest.mark.parametrize("content", ["{}", "not json", '{"version": 3}', "[]"])
def test_a_damaged_key_file_is_named(tmp_path, content):
    (tmp_path / "sponsor.json").write_text(content)

    with pytest.raises(ChainError, match="'sponsor'"):
        Keyring.keystore(tmp_path, {PASSWORD_VARIABLE: "x"}).signer("sponsor")


def test_a_wrong_password_is_refused_and_not_repeated(tmp_path):
    store(tmp_path, "sponsor")

    with pytest.raises(ChainError, match="cannot be unlocked") as caught:
        Keyring.keystore(tmp_path, {PASSWORD_VARIABLE: "guess"}).signer("sponsor")

    assert "guess" not in str(caught.value)


@pytest.mark.parametrize("password", ["open-\udcff-sesame", "\ud800sesame"])
def test_no_part_of_a_password_that_is_no_unicode_is_shown(tmp_path, password):
    store(tmp_path, "sponsor")

    with pytest.raises(ChainError, match="cannot be unlocked") as caught:
        Keyring.keystore(tmp_path, {PASSWORD_VARIABLE: password}).signer("sponsor")

    shown = repr(f"{caught.value} {caught.value.hint} {caught.value.__cause__}")
    shown = shown.replace(str(tmp_path), "")  # where a worker's folder has a part of the word
    assert not [part for part in ("udcff", "ud800", "sesame", "open-") if part in shown]


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32])
def test_a_file_that_holds_no_key_of_the_curve_is_named(tmp_path, monkeypatch, key):
    store(tmp_path, "sponsor")
    monkeypatch.setattr(Account, "decrypt", lambda *_: key)  # eth-account writes no such file

    with pytest.raises(ChainError, match="cannot be unlocked"):
        Keyring.keystore(tmp_path, {PASSWORD_VARIABLE: "open sesame"}).signer("sponsor")


def test_environment_keys_are_found_by_the_role_in_capitals():
    keys = Keyring.environment({"FEDMERIT_KEY_ST_MARY_S": KEY})

    assert keys.signer("St. Mary's").address == ADDRESS


@pytest.mark.parametrize("text", ["0x1234", "5a" * 33, "zz" * 32, "0x" + "00" * 32])
def test_what_is_no_key_is_refused_without_quoting_it(text):
    with pytest.raises(ChainError, match="FEDMERIT_KEY_SPONSOR does not hold") as caught:
        Keyring.environment({"FEDMERIT_KEY_SPONSOR": text}).signer("sponsor")

    assert text not in str(caught.value) + caught.value.hint
    assert caught.value.__cause__ is None


def test_no_form_of_a_signer_shows_its_key():
    keys = Keyring.environment({"FEDMERIT_KEY_SPONSOR": KEY})
    signer = keys.signer("sponsor")

    shown = f"{signer!r} {signer} {keys!r} {keys} {Signers(signer, signer, (signer,))!r}"
    assert "5a5a" not in shown.lower()


def test_two_roles_on_one_account_are_named():
    both = {"FEDMERIT_KEY_SPONSOR": KEY, "FEDMERIT_KEY_COORDINATOR": KEY}

    with pytest.raises(ChainError, match="'sponsor' and 'coordinator' share"):
        Signers.of(Keyring.environment(both), ())


def test_the_faucet_is_the_account_that_local_nodes_publish():
    assert FAUCET.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert FAUCET.development
