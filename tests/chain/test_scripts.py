"""The scripts, run one after another as a person would run them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from shutil import copy

import pytest

from fedmerit.canonical import canonical
from fedmerit.chain.keys import FAUCET
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.transaction import Transfer

SCRIPTS = Path(__file__).parents[2] / "hardhat-free-scripts"
NOBODY = "0x" + "11" * 20
TOUR = ("deploy", "fund", "settle", "claim", "audit")


def run(script, *arguments, cwd):
    command = [sys.executable, SCRIPTS / f"{script}.py", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory) -> Path:
    """What deploy.py leaves; every test goes on from a copy of it."""
    directory = tmp_path_factory.mktemp("deployed")
    done = run("deploy", cwd=directory)
    assert done.returncode == 0, done.stderr
    assert "Next: fund.py" in done.stdout
    return directory / "settlement.json"


@pytest.fixture
def state(deployed, tmp_path) -> Path:
    return Path(copy(deployed, tmp_path))


def test_the_tour_settles_on_the_embedded_chain_and_passes_its_audit(state):
    for script in TOUR[1:]:
        done = run(script, cwd=state.parent)
        assert done.returncode == 0, done.stderr

    assert done.stdout.count("ok ") == 7


@pytest.mark.slow
@pytest.mark.node
def test_the_tour_settles_on_a_node(tmp_path, anvil):
    for script in TOUR:
        done = run(script, "--rpc", anvil, "--state", "here.json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr

    assert done.stdout.count("ok ") == 7
    forgot = run("audit", "--state", "here.json", cwd=tmp_path)
    assert forgot.returncode == 2
    assert "--rpc" in forgot.stderr


def test_a_step_out_of_turn_says_which_comes_first(tmp_path):
    done = run("claim", cwd=tmp_path)

    assert done.returncode == 2
    assert "Run deploy.py first" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_claim_before_a_report_is_final_is_refused(state):
    done = run("claim", cwd=state.parent)

    assert done.returncode == 2
    assert "InvalidProof" in done.stderr


def test_an_altered_state_file_is_refused_and_left_alone(state):
    content = json.loads(state.read_text())
    content["transcript"]["entries"][3]["timestamp"] += 1
    state.write_bytes(canonical(content))

    done = run("fund", cwd=state.parent)

    assert done.returncode == 2
    assert "transcript entry 3" in done.stderr
    assert json.loads(state.read_text()) == content


@contextmanager
def local_chain(*options):
    """Run the script until it listens, give the address it prints, and press Ctrl-C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, SCRIPTS / "local_chain.py", "--port", str(port), *options]
    process = subprocess.Popen(
        command,
        env={**os.environ, "ANVIL_IP_ADDR": "0.0.0.0"},  # noqa: S104 - it must not be listened to
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        lines = iter(process.stdout.readline, "")
        url = next(line.split()[-1] for line in lines if line.startswith("RPC URL"))
        assert f"Listening on {url.partition('//')[2]}\n" in lines
        yield url
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10)


@pytest.mark.node
def test_a_local_chain_starts_for_this_machine_alone_and_forgets(anvil):
    """The fixture only says that Anvil is there."""
    assert anvil
    with local_chain() as url:
        connect(url).send(Transfer(NOBODY, 1), FAUCET)
    with local_chain() as url:
        assert connect(url).height() == 0


@pytest.mark.node
def test_a_local_chain_that_persists_goes_on_where_it_stopped(anvil, tmp_path):
    assert anvil
    persist = ("--persist", tmp_path / "chain.json")
    with local_chain(*persist) as url:
        sent = connect(url).send(Transfer(NOBODY, 7), FAUCET)
    with local_chain(*persist) as url:
        node = connect(url)
        assert node.balance(NOBODY) == 7
        assert node.look_up(sent.hash)[0] == sent
        assert node.send(Transfer(NOBODY, 1), FAUCET).block == sent.block + 1


def test_without_anvil_the_local_chain_says_how_to_get_it(tmp_path):
    script = tmp_path / "hardhat-free-scripts" / "local_chain.py"
    script.parent.mkdir()
    script.write_text((SCRIPTS / "local_chain.py").read_text())

    done = subprocess.run(
        [sys.executable, script],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "npm ci" in done.stderr
