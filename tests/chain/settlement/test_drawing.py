"""The seed that members draw: bound, revealed, expelled, and what it comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from fedmerit.chain.clients import Rounds
from fedmerit.chain.ledger.reading import read_ledger
from fedmerit.chain.node.connection import connect
from fedmerit.chain.proofs.committed import Form
from fedmerit.chain.proofs.tree import round_history
from fedmerit.chain.settlement.deployment import contracts_at
from fedmerit.chain.settlement.drawing import PERIOD, commitment, mixed_seed
from fedmerit.chain.settlement.settlement import draw, settle
from fedmerit.errors import ChainError, Reverted

STAKE = 10**18
DRAWN = {"commit_window": 600, "reveal_window": 600, "stake": STAKE, "form": Form.TABLE}


@pytest.fixture
def make_agreement(make_order, valued):
    """Give orders whose members draw, and whose valuation is one of two coalitions."""

    def made(**changes):
        drawn = {**DRAWN, "updates": tuple(keccak(bytes([i])) for i in range(3))}
        return make_order(**drawn, valuation=valued, **changes)

    return made


def test_the_seed_is_what_the_members_revealed(node, keys, make_agreement):
    order, deployments = make_agreement(), []

    drawn = draw(node, order, keys, on_deployed=deployments.append)

    contracts = contracts_at(node, deployments[-1].addresses)
    shown = contracts.rounds.revealed(drawn.job, 1, first_block=0)
    history = round_history(order.update_roots)
    assert f"0x{mixed_seed(drawn.job, PERIOD, 1, shown, history).hex()}" == drawn.seed
    assert drawn.draws == 1
    assert list(drawn.revealed.values()) == [f"0x{digest.hex()}" for digest in order.updates]
    assert not drawn.slashed


def test_a_job_that_was_drawn_is_settled_without_drawing_again(node, keys, make_agreement):
    order, deployments = make_agreement(), []
    drawn = draw(node, order, keys, on_deployed=deployments.append)

    receipt = settle(node, order, keys, deployment=deployments[-1], before=drawn.transactions)

    steps = [step.step for step in receipt.transactions]
    assert steps.count("draw") == 1
    assert steps.count("bind") == 1 + 3
    assert receipt.job == drawn.job
    assert set(receipt.stakes.values()) == {STAKE}
    ledger = read_ledger(node, receipt.addresses, receipt.job, first_block=receipt.block)
    assert ledger.staked == (0, 0, 0)
    assert ledger.reports[0].table_root == f"0x{order.valuation.roots(drawn.job, 1).table.hex()}"


def test_nothing_is_signed_where_the_chain_drew_another_seed_than_was_valued_by(
    node, keys, make_agreement
):
    order, deployments = make_agreement(), []
    drawn = draw(node, order, keys, on_deployed=deployments.append)
    contracts = contracts_at(node, deployments[-1].addresses)

    with pytest.raises(ChainError, match=f"and job {drawn.job} drew {drawn.seed}") as caught:
        settle(node, replace(order, seed=b"\7" * 32), keys, deployment=deployments[-1])

    assert "members are valued again" in caught.value.hint
    assert contracts.reports.pending(drawn.job) is None
    valued = replace(order, seed=bytes.fromhex(drawn.seed[2:]))
    assert settle(node, valued, keys, deployment=deployments[-1]).job == drawn.job


def test_whoever_keeps_its_secret_is_slashed_and_the_draw_repeated_without_it(
    node, keys, make_agreement
):
    order = make_agreement(silent=frozenset({"cleveland"}))

    deployments = []
    drawn = draw(node, order, keys, on_deployed=deployments.append)
    receipt = settle(node, order, keys, deployment=deployments[-1])

    assert drawn.draws == 2
    assert drawn.slashed == {"cleveland": STAKE}
    assert "cleveland" not in drawn.revealed
    assert receipt.stakes == {"Ada's clinic": STAKE, "bergen": STAKE, "cleveland": 0}
    ledger = read_ledger(node, receipt.addresses, receipt.job, first_block=receipt.block)
    assert ledger.burned == STAKE


@pytest.mark.parametrize("sends", ["bind_each", "reveal_each"])
def test_what_a_stranger_landed_first_is_not_sent_again(
    sends, node, keys, make_agreement, monkeypatch
):
    ours, landed = getattr(Rounds, sends), []

    def copied_first(self, job, calls):
        calls = list(calls)
        if not landed and len(calls) > 1:  # the second, so that one of ours is mined before
            landed.extend(ours(self, job, calls[1:2]))
        return ours(self, job, calls)

    monkeypatch.setattr(Rounds, sends, copied_first)

    drawn = draw(node, make_agreement(), keys)

    assert len(landed) == 1
    assert drawn.draws == 1
    assert len(drawn.revealed) == 3
    assert not drawn.slashed
    assert landed[0].hash not in {step.hash for step in drawn.transactions}


def test_whoever_ends_the_draw_before_us_only_saves_us_the_work(
    node, keys, make_agreement, monkeypatch
):
    ours, silent = {name: getattr(Rounds, name) for name in ("expel", "draw")}, {"cleveland"}
    for name, send in ours.items():

        def first(self, *arguments, signer, send=send):
            send(self, *arguments, signer=signer)
            return send(self, *arguments, signer=signer)

        monkeypatch.setattr(Rounds, name, first)

    drawn = draw(node, make_agreement(silent=frozenset(silent)), keys)

    assert drawn.draws == 2
    assert drawn.slashed == {"cleveland": STAKE}


def test_a_reveal_that_is_wrong_is_still_an_error(node, keys, make_agreement, monkeypatch):
    ours = Rounds.reveal_each

    def altered(self, job, calls):
        shown = [(what._replace(salt=b"\7" * 32), signer) for what, signer in calls]
        return ours(self, job, shown)

    monkeypatch.setattr(Rounds, "reveal_each", altered)

    with pytest.raises(Reverted, match="WrongReveal"):
        draw(node, make_agreement(), keys)


def test_where_everybody_keeps_silent_there_is_no_seed_and_an_error_says_so(keys, make_agreement):
    names = frozenset(make_agreement().participants)

    with pytest.raises(ChainError, match="nobody is left"):
        draw(connect(started=1_700_000_000), make_agreement(silent=names), keys)


def test_a_commitment_is_what_the_contract_takes(node, keys, make_agreement):
    deployments = []
    drawn = draw(node, make_agreement(), keys, on_deployed=deployments.append)
    rounds = contracts_at(node, deployments[-1].addresses).rounds
    shown = rounds.revealed(drawn.job, 1, first_block=0)[0]

    asked = rounds._ask("hashCommitment", drawn.job, PERIOD, 1, *shown)

    assert bytes(asked) == commitment(drawn.job, PERIOD, 1, shown)


@pytest.mark.parametrize(
    "changes",
    [
        {"commit_window": 0},
        {"reveal_window": 0},
        {"stake": 0},
        {"updates": ()},
        {"challenge_window": 2**31},
        {"silent": frozenset({"nobody"})},
        {"form": Form.OPEN},
    ],
)
def test_half_a_draw_is_refused(changes, make_agreement):
    with pytest.raises(ChainError):
        replace(make_agreement(), **changes)
