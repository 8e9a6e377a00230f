"""Trees: proofs verify, tampering shows, and Solidity builds the same ones."""

from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from fedmerit.chain.clients import Registry, Terms
from fedmerit.chain.keys import FAUCET, Keyring
from fedmerit.chain.node.connection import connect
from fedmerit.chain.node.transaction import Transfer
from fedmerit.chain.proofs.signing import Domain, Report
from fedmerit.chain.proofs.tree import (
    MAXIMUM_AMOUNT,
    AllowList,
    SumNode,
    SumTree,
    leaf,
    members_digest,
    update_root,
    verify,
)
from fedmerit.chain.settlement.deployment import Contracts, plan
from fedmerit.errors import ChainError, Reverted

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
amounts = st.integers(0, MAXIMUM_AMOUNT)
lists = st.lists(st.tuples(addresses, amounts), min_size=1, max_size=20)


@given(rows=lists, job=st.integers(1, 2**64))
def test_every_leaf_proves_itself_and_the_total(rows, job):
    accounts, cumulative = zip(*rows, strict=True)

    tree = SumTree(job, accounts, cumulative)

    assert tree.root.sum == sum(cumulative)
    for index, (account, amount) in enumerate(rows):
        assert verify(tree.root, leaf(job, index, account, amount), index, tree.proof(index))


@given(rows=lists, data=st.data())
def test_no_other_amount_index_or_job_proves_itself(rows, data):
    accounts, cumulative = zip(*rows, strict=True)
    tree = SumTree(1, accounts, cumulative)
    index = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw(amounts.filter(lambda amount: amount != cumulative[index]))
    account, proof = accounts[index], tree.proof(index)

    assert not verify(tree.root, leaf(1, index, account, other), index, proof)
    assert not verify(tree.root, leaf(2, index, account, cumulative[index]), index, proof)
    beyond = index + 2 ** len(proof)
    assert not verify(tree.root, leaf(1, beyond, account, cumulative[index]), beyond, proof)


@given(rows=lists.filter(lambda rows: len(rows) > 1), data=st.data())
def test_a_sibling_that_lies_about_its_sum_is_found_out(rows, data):
    accounts, cumulative = zip(*rows, strict=True)
    tree = SumTree(1, accounts, cumulative)
    index = data.draw(st.integers(0, len(rows) - 1))
    proof = list(tree.proof(index))
    level = data.draw(st.integers(0, len(proof) - 1))
    proof[level] = SumNode(proof[level].hash, proof[level].sum + data.draw(st.integers(1, 9)))

    assert not verify(tree.root, leaf(1, index, *rows[index]), index, proof)


def test_an_amount_beyond_128_bits_is_refused_with_a_hint():
    with pytest.raises(ChainError, match="does not fit") as caught:
        SumTree(1, ["0x" + "11" * 20], [MAXIMUM_AMOUNT + 1])

    assert "smaller budget" in caught.value.hint


@given(digests=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=9))
def test_an_update_root_changes_with_every_digest_and_its_place(digests):
    root = update_root(digests)

    for i, digest in enumerate(digests):
        assert update_root([*digests[:i], keccak(digest), *digests[i + 1 :]]) != root
    assert update_root([*digests, bytes(32)]) != root
    if digests[0] != digests[-1]:
        assert update_root(digests[::-1]) != root


def test_an_update_root_of_odd_digests_is_refused():
    with pytest.raises(ChainError, match="32 bytes each"):
        update_root([b"short"])


@given(accounts=st.lists(addresses, min_size=1, max_size=12, unique=True))
def test_every_allowed_account_has_a_proof_by_sorted_pairs(accounts):
    allowed = AllowList(accounts)

    for account in accounts:
        node = keccak(keccak(bytes(12) + bytes.fromhex(account[2:])))
        for sibling in allowed.proof(account):
            node = keccak(min(node, sibling) + max(node, sibling))
        assert node == allowed.root


def test_an_account_off_the_allow_list_has_no_proof():
    with pytest.raises(ChainError, match="not on the job's allow-list"):
        AllowList(["0x" + "11" * 20]).proof("0x" + "22" * 20)


@pytest.fixture(scope="module")
def stage():
    """Contracts on an embedded chain, and members with gas money."""
    node, people = connect(started=1_700_000_000), Keyring.development("trees", 0)
    members = [people.signer(f"member {i}") for i in range(7)]
    for signer in (people.signer("sponsor"), *members):
        node.send(Transfer(signer.address, 10**18), FAUCET)
    sponsor = people.signer("sponsor")
    contracts = Contracts.deploy(node, sponsor, plan(node, sponsor.address), lambda _: None)
    return node, people, members, contracts


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7])
def test_solidity_builds_the_same_tree(stage, size):
    _, people, members, contracts = stage
    joining, sponsor = members[:size], people.signer("sponsor")
    job = _closed_job(contracts.registry, sponsor, joining, contracts.token.address)
    accounts = [member.address for member in joining]
    cumulative = [keccak(bytes([i]))[0] << 3 * i for i in range(size)]
    wrong = Report(
        job=job,
        round=1,
        prev_root=bytes(32),
        root=b"\x01" * 32,
        total=0,
        updates_root=bytes(32),
        evidence=b"\x02" * 32,
    )

    with pytest.raises(Reverted) as caught:  # the contract says which root it built
        contracts.reports.post_list(wrong, accounts, cumulative, [], signer=sponsor)

    assert caught.value.error == "WrongRoot"
    assert caught.value.arguments[1] == f"0x{SumTree(job, accounts, cumulative).root.hash.hex()}"


def _closed_job(registry: Registry, sponsor, joining, token) -> int:
    allowed = AllowList(member.address for member in joining)
    terms = Terms(
        coordinator=sponsor.address,
        token=token,
        round_budget=10**18,
        challenge_window=60,
        ends_at=1_800_000_000,
        threshold=1,
        allow_root=allowed.root,
        committee=(sponsor.address,),
    )
    job, _ = registry.open(terms, signer=sponsor)
    for member in joining:
        registry.join(job, allowed.proof(member.address), signer=member)
    registry.close(job, signer=sponsor)
    assert registry.members_digest(job) == members_digest(m.address for m in joining)
    return job


@settings(max_examples=20)
@given(fields=st.tuples(*[st.binary(min_size=32, max_size=32)] * 4), numbers=st.data())
def test_solidity_hashes_a_report_to_the_same_digest(stage, fields, numbers):
    node, _, _, contracts = stage
    job, round_, total = (numbers.draw(st.integers(0, 2**256 - 1)) for _ in range(3))
    prev_root, root, updates_root, evidence = fields
    report = Report(
        job=job,
        round=round_,
        prev_root=prev_root,
        root=root,
        total=total,
        updates_root=updates_root,
        evidence=evidence,
    )

    domain = Domain(chain_id=node.chain_id, reports=contracts.reports.address)
    assert contracts.reports.hash_report(report) == report.digest(domain)
