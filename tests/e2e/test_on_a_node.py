"""A run that settles on a node that outlives it."""

from __future__ import annotations

import pytest

import fedmerit
import fedmerit.pipeline
from fedmerit.errors import AuditImpossible, WrongChain
from fedmerit.evidence import TRANSCRIPT
from fedmerit.pipeline import ChainChoice
from fedmerit.scenario import parse

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


def test_a_run_settles_on_a_node_and_is_audited_against_it(anvil, tmp_path):
    bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil, chain_id=31337))

    verdict = fedmerit.audit(bundle, rpc=anvil)

    assert verdict.passed, verdict.differences
    assert not (bundle.path / TRANSCRIPT).exists()


def test_without_the_node_such_a_bundle_asks_for_it(anvil, tmp_path):
    bundle = fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil))

    with pytest.raises(AuditImpossible) as caught:
        fedmerit.audit(bundle)

    assert "--rpc" in caught.value.hint


def test_the_same_evidence_has_the_same_manifest_on_any_chain(anvil, tmp_path):
    on_node = fedmerit.run(SCENARIO, tmp_path / "node", chain=ChainChoice(rpc=anvil))
    embedded = fedmerit.run(SCENARIO, tmp_path / "embedded")

    assert on_node.digest == embedded.digest


def test_a_settlement_that_died_is_resumed_on_the_node_and_pays_once(anvil, tmp_path):
    chain = ChainChoice(rpc=anvil)

    class PowerCut(Exception):
        pass

    class Dies(fedmerit.pipeline.Silent):
        def stage(self, name):
            self.now = name

        def advance(self, done, total):
            if self.now == "settle" and done == total - 2:
                raise PowerCut

    with pytest.raises(PowerCut):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=chain, progress=Dies())

    bundle = fedmerit.resume(tmp_path / "b", chain=chain)

    assert fedmerit.audit(bundle, rpc=anvil).passed


def test_a_node_of_another_chain_is_refused_before_anything_is_trained(anvil, tmp_path):
    with pytest.raises(WrongChain, match="31337"):
        fedmerit.run(SCENARIO, tmp_path / "b", chain=ChainChoice(rpc=anvil, chain_id=1))

    assert not (tmp_path / "b").exists()
