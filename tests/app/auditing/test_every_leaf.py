"""Whatever one thing is changed in a finished bundle is found, or named as taken on faith.

The forger here writes every list of digests anew, and redraws the report: neither the digest
that the chain records nor the page is asked. `make long` runs it.
"""

from __future__ import annotations

import json
import re

import pytest
from eth_utils.address import to_checksum_address
from safetensors.numpy import load, save

import fedmerit
from fedmerit import auditing
from fedmerit.auditing.site import Site
from fedmerit.bundle.directory import MANIFEST, REPORT, SEAL, Snapshot
from fedmerit.bundle.schemas import FEDERATION, RECEIPT, TIMINGS, TRANSCRIPT
from fedmerit.canonical import canonical

pytestmark = pytest.mark.long

#: What passes without the data, by the place, and the words that name it in the verdict.
ON_FAITH = {
    r"run\.json versions.*": "which versions ran",
    r"federation\.json (classes|features).*": "features, classes",
    r"federation\.json data_digest": "the digest of the data",
    r"federation\.json members\.\*\.rows": "with how many rows",
    r"training\.json .*(accuracy_ppm|log_likelihood_micro|by_owner_micro.*)": "log-likelihoods and "
    "accuracies, per round and pooled",
    r"valuation\.json curve.*": "the values per round",
    r"training\.json base_rate_ppm": "base rates",
    r"encoding\.json .*": "how columns were read and encoded",
    r"federation\.json notes.*": "the notes on them",
    r"federation\.json shared.*": "which of them several have",
    r"federation\.json quantity\.name": "what a quantity is called",
    r"training\.json .*area_ppm": "areas",
    r"training\.json .*(rmse_micro|r_squared_ppm)": "errors of quantities and their R²",
    r"timings\.json milliseconds.*": "how long each stage took",
}


@pytest.fixture(scope="module", params=["hospitals", "data-auction"])
def bundle(request, made_once):
    return made_once(request.param, lambda path: fedmerit.run(request.param, path))


def parts(value, at=()):
    """Give every place in a document and what is there."""
    yield at, value
    inner = list(enumerate(value)) if isinstance(value, list) else []
    for key, part in value.items() if isinstance(value, dict) else inner:
        yield from parts(part, (*at, key))


def other(value, step):
    """Give something else of the same form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + step
    if isinstance(value, list):
        return value[:-1] if value == value[::-1] else value[::-1]
    if isinstance(value, dict):
        return dict(list(value.items())[1:])
    return other_text(value, step) if value else 1


def other_text(text, step):
    """Give another number, or hex digits of the same length, or a longer word."""
    last = text[:-1] + ("1" if text[-1] == "0" else "0")
    if re.fullmatch(r"-?\d+", text):
        return str(int(text) + step)
    if re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        return to_checksum_address(last)
    return last if re.fullmatch(r"0x[0-9a-f]+", text) else f"{text}x"


def put(document, at, value):
    """Give the document with *value* at a place."""
    if not at:
        return value
    whole = json.loads(json.dumps(document))
    here = whole
    for key in at[:-1]:
        here = here[key]
    here[at[-1]] = value
    return whole


def changes(name, content, names):
    """Give one change of each kind of place in a JSON file: the place, and the bytes."""
    document, met = json.loads(content), set()
    step = 1 if name.startswith("settlement/") else 1_000
    for at, value in parts(document):
        kinds = ("*" if isinstance(key, int) or key in names else key for key in at)
        place = f"{name} {'.'.join(kinds)}".strip()
        if place not in met and value not in ([], {}):
            met.add(place)
            yield place, canonical(put(document, at, other(value, step)))


class Forger:
    """Alters one file of a bundle at a time, and asks everything of it that an audit does."""

    def __init__(self, bundle):
        self.path = bundle.path
        self.files = Snapshot.open(bundle.path)
        for name in self.files.names():
            self.files.read(name)
        self.site = Site(self.files, None)
        assert self.site.ledger

    def passes(self, name, content):
        """Say whether no check but that of the digest on the chain sees the difference."""
        forged = Snapshot(self.path)
        forged._known = {**self.files._known, name: content}
        site = Site(forged, None)
        if name != TRANSCRIPT:
            site.node = self.site.node
        if name not in (TRANSCRIPT, RECEIPT):
            site.ledger = self.site.ledger
        made = [
            lambda: auditing._findings("other files", lambda: auditing.check_unbound(forged)),
            lambda: auditing._findings("numbers", lambda: auditing._numbers(forged)),
            lambda: auditing._findings("bids", lambda: auditing.check_bids(forged)),
            lambda: auditing._on_chain(site, [], whole=False),
        ]
        for checks in reversed(made) if name.startswith("settlement/") else made:
            if any(check.status == "differs" and check.id != "evidence" for check in checks()):
                return False
        return True


def test_whatever_one_thing_is_changed_in_json_is_found_or_named(bundle):
    forger = Forger(bundle)
    names = {member["name"] for member in json.loads(bundle.read(FEDERATION))["members"]}
    verdict = fedmerit.audit(bundle)
    said = " ".join(check.detail for check in verdict.checks if check.status == "skipped")
    assert verdict.passed
    assert forger.passes(TIMINGS, bundle.read(TIMINGS))

    passed, tried = [], 0
    for name in forger.files.names():
        later_round = re.match(r"training/(?!0001)\d", name)
        if name.endswith(".json") and name not in (MANIFEST, SEAL) and not later_round:
            for place, content in changes(name, bundle.read(name), names):
                tried += 1
                if forger.passes(name, content):
                    passed.append(place)

    assert tried > 150
    unnamed = [
        place
        for place in passed
        if not any(re.fullmatch(kind, place) and words in said for kind, words in ON_FAITH.items())
    ]
    assert not unnamed
    assert REPORT not in passed


def test_whatever_number_is_changed_in_an_array_is_found(bundle):
    forger = Forger(bundle)
    passed = []
    for name in forger.files.names():
        if not name.endswith(".safetensors") or re.match(r"training/(?!0001|model)", name):
            continue
        arrays = load(bundle.read(name))
        for key, array in arrays.items():
            flat = array.copy().reshape(-1)
            at = flat.size // 2
            flat[at] = 1 - flat[at] if flat.dtype.kind == "u" else flat[at] + 1
            if forger.passes(name, save({**arrays, key: flat.reshape(array.shape)})):
                passed.append(f"{name} {key}")

    assert not passed
