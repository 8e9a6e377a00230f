"""Signatures name their signer, and no other statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fedmerit.chain.proofs.signing import Domain, Report, report_signers, sign_report
from fedmerit.errors import ChainError

DOMAIN = Domain(chain_id=31337, reports="0x" + "11" * 20)
REPORT = Report(
    job=1,
    round=1,
    prev_root=bytes(32),
    root=b"\x01" * 32,
    total=10**24,
    updates_root=b"\x02" * 32,
    evidence=b"\x03" * 32,
)


def test_signatures_ascend_by_address_and_name_their_signers(keys):
    committee = [keys.signer(name) for name in ("a", "b", "c", "d")]

    signers = report_signers(REPORT, sign_report(REPORT, committee, DOMAIN), DOMAIN)

    assert signers == sorted((s.address for s in committee), key=lambda address: int(address, 16))


@pytest.mark.parametrize(
    "other",
    [
        (replace(REPORT, total=REPORT.total + 1), DOMAIN),
        (replace(REPORT, attempt=1), DOMAIN),
        (replace(REPORT, evidence=b"\x04" * 32), DOMAIN),
        (REPORT, replace(DOMAIN, chain_id=1)),
        (REPORT, replace(DOMAIN, reports="0x" + "22" * 20)),
    ],
)
def test_a_signature_is_of_nothing_else(keys, other):
    signer = keys.signer("a")

    signatures = sign_report(REPORT, [signer], DOMAIN)

    assert report_signers(other[0], signatures, other[1]) != [signer.address]


@pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"\xff" * 65, b"\x01" * 66])
def test_a_malformed_signature_is_named_by_its_place(keys, signature):
    good = sign_report(REPORT, [keys.signer("a")], DOMAIN)

    with pytest.raises(ChainError, match="signature 1"):
        report_signers(REPORT, [*good, signature], DOMAIN)


def test_the_digest_is_pinned():
    """Any change of the struct, the domain or their order voids every signature ever made."""
    assert (
        REPORT.digest(DOMAIN).hex()
        == "2897d13c468221187288da42f75777563906b1abfd22ffa1899b3b97e5b8fc9d"
    )
