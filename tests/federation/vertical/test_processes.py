"""Parties as processes of their own: the same numbers, and no harm from strangers or the dead."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from subprocess import PIPE
from threading import Event, Thread

import numpy as np
import pytest

from fedmerit.errors import ChannelError, PartyLost
from fedmerit.federation import ModelSpec
from fedmerit.federation.privacy.noise import NoiseSettings
from fedmerit.federation.vertical.checkpoints import FolderCheckpoints
from fedmerit.federation.vertical.folders import PARTY, prepare
from fedmerit.federation.vertical.process import run_folders
from fedmerit.federation.vertical.regression.regression import train_regression
from fedmerit.federation.vertical.regression.settings import RegressionSettings
from fedmerit.federation.vertical.split.settings import SplitSettings
from fedmerit.federation.vertical.split.split import train_split
from fedmerit.federation.wire import messages, sockets
from fedmerit.federation.wire.folders import OUTCOME
from fedmerit.federation.wire.identity import fingerprint, new_identity
from fedmerit.federation.wire.sockets import Meeting, listen, meet

QUICK = RegressionSettings(epochs=2, batch_size=16, learning_rate=0.3, tolerance=0, key_bits=512)


def test_regression_in_processes_gives_the_same_bits(make_task, tmp_path):
    made = make_task(1, 2, 2)
    settings = replace(QUICK, coordinator="third party")
    here = train_regression(made, settings, seed=3)

    remote = run_folders(prepare(made, settings, tmp_path, seed=3))

    assert set(remote.arrays) == {*made.participants, "third party"}
    for name, weights in here.weights.items():
        assert np.array_equal(remote.arrays[name]["weights"], weights)
    assert np.array_equal(remote.arrays["shop"]["scores"], here.scores)
    assert remote.transcript.rounds == here.transcript.rounds
    assert len(remote.transcript.entries) == len(here.transcript.entries)


def test_split_learning_in_processes_gives_the_same_bits(make_task, tmp_path):
    made = make_task(1, 2)
    noisy = NoiseSettings(clip=1.0, noise=0.5, micro_batch=2)
    settings = SplitSettings(
        bottom=ModelSpec(kind="mlp", hidden=(3,)), epochs=2, batch_size=16, labels=noisy
    )
    here = train_split(made, settings, seed=3, secret=7)

    remote = run_folders(
        prepare(made, settings, tmp_path, seed=3, secrets=dict.fromkeys(made.participants, 7))
    )

    assert np.array_equal(remote.arrays["shop"]["(scores)"], here.scores)
    assert np.array_equal(remote.arrays["bank"]["0.weight"], here.bottoms["bank"]["0.weight"])


def test_a_killed_party_is_named_and_the_training_goes_on_where_it_was(make_task, tmp_path):
    made = make_task(1, 2)
    settings = replace(QUICK, epochs=6)
    folders = prepare(made, settings, tmp_path, seed=3)

    def kill_after_an_epoch(processes):
        saves = FolderCheckpoints(folders["bank"] / "saves")
        while not saves.last() and processes["bank"].poll() is None:
            Event().wait(0.01)
        processes["bank"].kill()

    with pytest.raises(
        PartyLost, match="'bank' is lost: its process was ended by signal 9"
    ) as lost:
        run_folders(folders, on_start=kill_after_an_epoch)
    assert "continue after the last epoch" in lost.value.hint
    saved = min(FolderCheckpoints(folders[name] / "saves").last() for name in folders)
    assert saved >= 1

    remote = run_folders(folders)

    here = train_regression(made, settings, seed=3)
    assert remote.epochs == 6
    for name, weights in here.weights.items():
        assert np.array_equal(remote.arrays[name]["weights"], weights)
    opened = [e for e in remote.transcript.entries if e.kind == "opened" and e.receiver == "shop"]
    assert len(opened) == 3 * (6 - saved)


def test_a_party_ends_when_whoever_started_it_is_gone(make_task, tmp_path):
    folder = prepare(make_task(1, 2), QUICK, tmp_path, seed=3)["bank"]
    module = "fedmerit.federation.vertical.process"
    party = subprocess.Popen(
        [sys.executable, "-m", module, str(folder)], stdin=PIPE, stdout=PIPE, text=True
    )
    port = json.loads(party.stdout.readline())["port"]
    party.stdin.write(json.dumps({"shop": ["127.0.0.1", port]}) + "\n")  # who will never call

    party.stdin.close()

    assert party.wait(timeout=30) == 1
    party.stdout.close()
    assert not (folder / OUTCOME).exists()


def test_parties_with_other_settings_do_not_meet(make_task, tmp_path):
    folders = prepare(make_task(1, 2), QUICK, tmp_path, seed=3)
    path = folders["bank"] / PARTY
    said = json.loads(path.read_text("utf-8"))
    said["settings"]["epochs"] = 5
    path.write_text(json.dumps(said), "utf-8")

    with pytest.raises(ChannelError, match="in session"):
        run_folders(folders)


# Two parties' ends of a connection, in threads of this process


@pytest.fixture
def pair(tmp_path):
    """Give a function that makes a party's meeting, and the listener of the one that is called."""
    identities = {name: new_identity(name) for name in ("ada", "bob", "eve")}

    def meeting(name, peer, identity=None, **changes):
        folder = tmp_path / f"{name}-{identity or name}"
        folder.mkdir(exist_ok=True)
        (folder / "certificate.pem").write_text(identities[identity or name].certificate)
        (folder / "key.pem").write_bytes(identities[identity or name].key)
        given = {
            "name": name,
            "session": "0x1",
            "folder": folder,
            "certificates": {peer: identities[peer].certificate},
            "seconds": 5,
        }
        return Meeting(**{**given, **changes})

    with listen() as listener:
        yield meeting, listener, identities


def both(first, second):
    """Run two functions at once, and give what each gave or raised."""
    found = [None, None]

    def run(place, function):
        try:
            found[place] = function()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[place] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate((first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return found


def meets(meeting, listener, peer):
    return partial(meet, meeting, listener, {peer: ("127.0.0.1", listener.getsockname()[1])})


def test_messages_pass_between_sockets_and_a_hang_up_is_noticed(pair):
    meeting, listener, _ = pair
    ada, bob = both(
        meets(meeting("ada", "bob"), listener, "bob"), meets(meeting("bob", "ada"), listener, "ada")
    )

    bob.send("ada", "large", array=np.arange(300_000.0))
    assert ada.receive("bob", "large").array("array", "<f8", (300_000,))[-1] == 299_999
    bob.close()
    with pytest.raises(PartyLost, match="'bob' is lost"):
        ada.receive("bob", "more")


def test_a_wrong_certificate_is_refused_by_both_ends(pair):
    meeting, listener, _ = pair
    ada, eve = both(
        meets(meeting("ada", "bob", seconds=1), listener, "bob"),
        meets(meeting("bob", "ada", identity="eve"), listener, "ada"),
    )

    assert isinstance(ada, PartyLost)
    assert "someone was refused" in str(ada)
    assert isinstance(eve, ChannelError | PartyLost)

    bob_of_eve = meeting("bob", "ada", certificates={"ada": new_identity("ada").certificate})
    ada, bob = both(
        meets(meeting("ada", "bob", seconds=1), listener, "bob"), meets(bob_of_eve, listener, "ada")
    )
    assert isinstance(bob, PartyLost)
    assert "certificate" in str(bob).lower()
    assert isinstance(ada, PartyLost)


def test_a_stranger_does_not_keep_parties_from_meeting(pair):
    meeting, listener, _ = pair
    with socket.create_connection(listener.getsockname()) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        ada, bob = both(
            meets(meeting("ada", "bob"), listener, "bob"),
            meets(meeting("bob", "ada"), listener, "ada"),
        )

    assert ada.peers == ("bob",)
    assert bob.peers == ("ada",)


@pytest.mark.parametrize("count", [2, 3 * sockets.AT_ONCE])
def test_idle_strangers_do_not_keep_parties_from_meeting(pair, count):
    # Handled one after another, ten seconds each, two would be two too many.
    meeting, listener, _ = pair
    with ExitStack() as strangers:

        def bob_after_them():
            for _ in range(count):
                strangers.enter_context(socket.create_connection(listener.getsockname()))
            return meets(meeting("bob", "ada"), listener, "ada")()

        ada, bob = both(meets(meeting("ada", "bob"), listener, "bob"), bob_after_them)

    assert ada.peers == ("bob",)
    assert bob.peers == ("ada",)


def test_no_more_callers_are_heard_at_once_than_the_bound(pair):
    meeting, listener, _ = pair
    with ExitStack() as strangers, sockets.Reception(meeting("ada", "bob"), listener, ["bob"]) as r:
        callers = [
            strangers.enter_context(socket.create_connection(listener.getsockname()))
            for _ in range(sockets.AT_ONCE + 5)
        ]
        for caller in callers[:5]:  # whoever has waited longest is hung up on
            caller.settimeout(30)
            assert caller.recv(1) == b""
        assert len(r._strangers) <= sockets.AT_ONCE


def test_another_version_of_the_protocol_is_refused(pair, monkeypatch):
    meeting, listener, _ = pair
    encode = messages.encode
    monkeypatch.setattr(sockets, "encode", lambda m: b"FMV\x09" + encode(m)[4:])

    ada, bob = both(
        meets(meeting("ada", "bob", seconds=1), listener, "bob"),
        meets(meeting("bob", "ada"), listener, "ada"),
    )

    assert "begins with b'FMV\\t'" in str(ada)
    assert isinstance(bob, ChannelError)


def test_another_session_is_refused(pair):
    meeting, listener, _ = pair
    ada, bob = both(
        meets(meeting("ada", "bob", seconds=1), listener, "bob"),
        meets(meeting("bob", "ada", session="0x2"), listener, "ada"),
    )

    assert "in session 0x2" in str(ada)
    assert "in session 0x1" in str(bob)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ((2**40).to_bytes(8, "big"), "announced a message of 1099511627776 bytes"),
        ((5).to_bytes(8, "big") + b"hello", "is too short"),
        ((30).to_bytes(8, "big") + b"FMV\x01" + 26 * b"\xff", "cannot be read"),
    ],
)
def test_oversized_and_malformed_frames_are_refused(pair, sent, message):
    meeting, listener, _ = pair
    ada, bob = both(
        meets(meeting("ada", "bob"), listener, "bob"), meets(meeting("bob", "ada"), listener, "ada")
    )

    bob._connections["ada"].sendall(sent)

    with pytest.raises(ChannelError, match=message):
        ada.receive("bob", "anything")


def test_waiting_for_nobody_ends(pair):
    meeting, listener, _ = pair
    with pytest.raises(PartyLost, match="'bob' is lost: it did not come; nobody called"):
        meets(meeting("ada", "bob", seconds=0.1), listener, "bob")()


def test_a_fingerprint_is_the_certificates_hash_and_a_key_is_never_shown():
    who = new_identity("ada")

    assert len(fingerprint(who.certificate)) == 64
    assert repr(who) == f"Identity({fingerprint(who.certificate)})"
    assert ssl.PEM_cert_to_DER_cert(who.certificate) not in who.key
