"""The list of mutants that change nothing is about the contracts as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
EQUIVALENT = json.loads((CONTRACTS / "equivalent-mutants.json").read_text("utf-8"))
FLIPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "lt(": "gt("}
ENTRY = re.compile(
    r"(?P<file>\w+\.sol): (?:`(?P<of>[^`]+)` to `(?P<into>[^`]+)` in `(?P<line>[^`]+)`"
    r"|delete `(?P<deleted>[^`]+)`)(?: \((?P<nth>\d+)\))?"
)


def fault_of(entry, sources):
    """Say what is wrong with an entry; nothing if there is such a mutant."""
    found = ENTRY.fullmatch(entry)
    if not found:
        return "it is not written as make mutants names a mutant"
    text = re.sub(r"\s+", " ", sources.get(found["file"], ""))
    if found["deleted"]:
        return "" if found["deleted"] in text else "nothing like it is deleted"
    places = text.count(found["line"]) * f" {found['line']} ".count(f" {found['of']} ")
    if int(found["nth"] or 1) > places:
        return f"the contract has {places} such places"
    return "" if FLIPPED.get(found["of"]) == found["into"] else "nothing is changed so"


@pytest.fixture(scope="module")
def sources():
    return {path.name: path.read_text("utf-8") for path in (CONTRACTS / "src").glob("*.sol")}


@pytest.mark.parametrize("entry", EQUIVALENT)
def test_every_mutant_that_is_said_to_change_nothing_is_one_of_these_contracts(entry, sources):
    assert not fault_of(entry, sources)
    assert EQUIVALENT[entry].strip()


def test_an_entry_about_what_is_not_there_any_more_is_found(sources):
    entry = next(iter(EQUIVALENT))
    for stale in (
        entry.replace("seat < committee.length", "place < committee.length"),
        entry.replace("Disputes.sol", "Dispute.sol"),
        f"{entry} (2)",
        entry.replace("to `<=`", "to `>`"),
        "Disputes.sol: delete `if (never) revert Never();`",
        "Disputes.sol: all of it",
    ):
        assert stale != entry
        assert fault_of(stale, sources)
