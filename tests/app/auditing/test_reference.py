"""eth-tester, asked for a second opinion on an embedded chain."""

from __future__ import annotations

import json
import shutil

import fedmerit
from fedmerit.auditing.reference import check_blocks
from fedmerit.bundle.directory import Bundle
from fedmerit.bundle.schemas import TRANSCRIPT


def status(bundle):
    (check,) = check_blocks(bundle)
    return check.status, check.detail


def test_eth_tester_makes_the_blocks_of_an_honest_run(hospital_bundle):
    verdict = fedmerit.audit(hospital_bundle, eth_tester=True)

    (check,) = (check for check in verdict.checks if check.id == "eth-tester")
    assert check.status == "ok"
    assert "same 92 blocks" in check.detail
    assert verdict.passed


def test_a_block_that_was_not_made_so_is_named_by_eth_tester_too(hospital_bundle, tmp_path):
    copy = Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "copy"))
    text = copy.read(TRANSCRIPT).decode()
    block = json.loads(text)["entries"][40]["block"]
    copy.write(TRANSCRIPT, text.replace(block, "0x" + "11" * 32).encode())

    assert status(copy) == ("differs", f"{TRANSCRIPT}: eth-tester makes another block of entry 40")


def test_what_was_settled_on_a_node_has_nothing_to_replay(hospital_bundle, tmp_path):
    copy = Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "copy"))
    (copy.path / TRANSCRIPT).unlink()

    assert status(copy)[0] == "skipped"
