"""A settling process that is killed at any instant, and resumed, leaves what a whole one leaves.

Each is a process of the real command. On Anvil it talks through a gate, which kills it at
a request drawn by a seed: before the node hears of it, or after, when the answer is lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Lock, Thread
from urllib.request import Request, urlopen

import pytest

import fedmerit
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import DEPLOYMENT, DRAWN, LEDGER, RECEIPT, TRANSCRIPT
from fedmerit.chain import STEPS, Keyring, Ledger, connect, read_ledger
from fedmerit.chain.keys import FAUCET
from fedmerit.pipeline import Silent
from fedmerit.scenario.reading import parse

SCENARIO = parse(
    {
        "name": "tiny",
        "data": {"source": "digits", "partition": {"recipe": "iid", "participants": 3}},
        "training": {"rounds": 2, "local_epochs": 1},
    },
    origin="test",
)
ROLES = ("sponsor", "coordinator", "member-1", "member-2", "member-3")
INSTANTS = 50
#: How many of them 'make slow' takes; 'make kill' takes the others.
FEW = 2
#: Steps of the embedded chain, each as it begins and after its first transaction, and those
#: that 'make slow' takes.
STAGES = [(step, done) for step in STEPS for done in (0, 1) if (step, done) != ("check", 1)]
SOME = (("draw", 1), ("report", 1))


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Path:
    """A bundle that is trained and on no chain yet; copied for each process."""

    class Enough(Exception): ...

    class StopsBefore(Silent):
        def stage(self, name):
            if name == "draw":
                raise Enough

    path = tmp_path_factory.mktemp("ready") / "bundle"
    with pytest.raises(Enough):
        fedmerit.run(SCENARIO, path, progress=StopsBefore())
    return path


def command(bundle, *options):
    return [sys.executable, "-m", "fedmerit.commands.app", *resume(bundle, *options)]


def resume(bundle, *options):
    return ["run", "--resume", str(bundle), "--output", "json", *options]


def finished(words) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@dataclass
class Gate:
    """What stands between a settling process and its node."""

    node: str
    asked: list[str] = field(default_factory=list)
    die_at: int = -1
    after: bool = False
    victim: subprocess.Popen | None = None
    _lock: Lock = field(default_factory=Lock)

    def pass_on(self, body: bytes) -> bytes | None:
        """Give the node's answer; None if the process died over it."""
        with self._lock:  # one request after the other: an instant has one place
            number = len(self.asked)
            self.asked.append("send" if b"eth_sendRawTransaction" in body else "")
            dies = number == self.die_at
            if dies and not self.after:
                return self._kill()
            asked = Request(self.node, body, {"Content-Type": "application/json"})  # noqa: S310
            with urlopen(asked) as response:  # noqa: S310 - our own Anvil
                answer = response.read()
            return self._kill() if dies else answer

    def _kill(self) -> None:
        os.kill(self.victim.pid, signal.SIGKILL)


@contextmanager
def gate(node):
    """Listen before *node*; give the gate and its address."""
    here = Gate(node)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            answer = here.pass_on(self.rfile.read(int(self.headers["Content-Length"])))
            if answer is not None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield here, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def everything(url, bundle) -> dict[str, object]:
    """Say what the chain holds for *bundle*, and how much each account sent."""
    node = connect(url)
    there = fedmerit.chain.Deployment.from_json(Bundle(bundle).text(DEPLOYMENT))
    ledger = read_ledger(node, there.addresses, there.job)
    signers = [Keyring.development(SCENARIO.name, SCENARIO.seed).signer(r) for r in ROLES]
    return {
        "ledger": [
            *(there.job, ledger.addresses, ledger.members, ledger.root, ledger.balances),
            *(ledger.funded, ledger.allocated, ledger.paid, ledger.reserve, ledger.claimed),
        ],
        "events": [(event.name, event.arguments.get("amount")) for event in ledger.events],
        "sent": {signer.role: node.nonce(signer.address) for signer in (*signers, FAUCET)},
    }


@dataclass
class Whole:
    left: dict[str, object]
    asked: list[str]


@pytest.fixture(scope="module")
def whole(ready, start_anvil, tmp_path_factory) -> Whole:
    """What a settlement on Anvil leaves that nobody killed, and what it asked for."""
    bundle = shutil.copytree(ready, tmp_path_factory.mktemp("whole") / "b")
    with start_anvil() as url, gate(url) as (here, front):
        finished(command(bundle, "--rpc", front))
        return Whole(everything(url, bundle), here.asked)


def instant(number, asked):
    """Draw where process *number* dies; every second one at a transaction."""
    rng = Random(f"instant {number}")  # noqa: S311 - which instants is no secret
    sends = [place for place, what in enumerate(asked) if what == "send"]
    place = rng.choice(sends) if number % 2 else rng.randrange(len(asked))
    return place, rng.random() < 0.5


@pytest.mark.node
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(n, marks=pytest.mark.slow if n < FEW else pytest.mark.kill)
        for n in range(INSTANTS)
    ],
)
def test_killed_at_an_instant_on_anvil_and_resumed_everybody_is_paid_once(
    ready, whole, start_anvil, tmp_path, number
):
    bundle = shutil.copytree(ready, tmp_path / "b")
    place, after = instant(number, whole.asked)
    with start_anvil() as url:
        with gate(url) as (here, front):
            here.die_at, here.after = place, after
            words = command(bundle, "--rpc", front)
            here.victim = subprocess.Popen(words, stderr=subprocess.DEVNULL)
            assert here.victim.wait() == -signal.SIGKILL

        finished(command(bundle, "--rpc", url))

        assert everything(url, bundle) == whole.left
        if number < FEW:
            assert fedmerit.audit(bundle, rpc=url).passed


@pytest.mark.node
@pytest.mark.kill
@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again_it_still_ends(ready, whole, start_anvil, tmp_path, seed):
    """Each life is long enough to look around and to send something, and hardly longer."""
    bundle = shutil.copytree(ready, tmp_path / "b")
    rng, lives = Random(f"lives {seed}"), 0  # noqa: S311 - as above
    few = len(whole.asked) // 6
    with start_anvil() as url:
        status = None
        while status != 0:
            with gate(url) as (here, front):
                here.die_at, here.after = rng.randrange(few, 3 * few), rng.random() < 0.5
                here.victim = subprocess.Popen(
                    command(bundle, "--rpc", front), stderr=subprocess.DEVNULL
                )
                status = here.victim.wait()
            lives += 1
            assert status in {0, -signal.SIGKILL}
            assert lives < 30

        assert lives > 2
        assert everything(url, bundle) == whole.left


@pytest.mark.node
@pytest.mark.kill
@pytest.mark.parametrize("number", range(4))
def test_killed_while_blocks_take_their_time(ready, whole, start_anvil, tmp_path, number):
    """Here a transaction waits for its block, and so do many at once."""
    bundle = shutil.copytree(ready, tmp_path / "b")
    place, _ = instant(2 * number + 1, whole.asked)
    with start_anvil("--block-time", "1") as url:
        with gate(url) as (here, front):
            here.die_at, here.after = place, True
            words = command(bundle, "--rpc", front)
            here.victim = subprocess.Popen(words, stderr=subprocess.DEVNULL)
            assert here.victim.wait() == -signal.SIGKILL

        finished(command(bundle, "--rpc", url))

        left = everything(url, bundle)
        assert left["sent"] == whole.left["sent"]
        assert left["ledger"] == whole.left["ledger"]


@pytest.fixture(scope="module")
def embedded(ready, tmp_path_factory) -> Bundle:
    """What a settlement on the embedded chain leaves that nobody killed."""
    bundle = shutil.copytree(ready, tmp_path_factory.mktemp("embedded") / "b")
    finished(command(bundle))
    return Bundle(bundle)


@pytest.mark.parametrize(
    ("step", "done"),
    [
        pytest.param(*at, marks=pytest.mark.slow if at in SOME else pytest.mark.kill)
        for at in STAGES
    ],
)
def test_killed_at_a_step_of_the_embedded_chain_it_leaves_the_same_files(
    ready, embedded, tmp_path, step, done
):
    bundle = shutil.copytree(ready, tmp_path / "b")
    dies = [sys.executable, Path(__file__).with_name("dies_at.py"), step, str(done)]

    killed = subprocess.run([*dies, *resume(bundle)], stderr=subprocess.DEVNULL, check=False)
    finished(command(bundle))

    assert killed.returncode == -signal.SIGKILL
    for name in (DEPLOYMENT, DRAWN, RECEIPT, LEDGER, TRANSCRIPT):
        assert Bundle(bundle).read(name) == embedded.read(name)
    assert Ledger.from_json(embedded.text(LEDGER)).paid > 0
