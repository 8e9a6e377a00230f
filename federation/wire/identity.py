"""A party's certificate: self-signed, made by the party, and known to its peers by fingerprint."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_VALID: Final = timedelta(days=365)
_CLOCKS: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a party shows, and what it keeps.

    Attributes:
        certificate: PEM, for everyone.
        key: PEM, for nobody else; it is never shown.

    """

    certificate: str
    key: bytes

    def __repr__(self) -> str:
        return f"Identity({fingerprint(self.certificate)})"


def new_identity(name: str) -> Identity:
    """Make a key on P-256 and sign its certificate with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS)
        .not_valid_after(now + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def fingerprint(certificate: str) -> str:
    """Give the SHA-256 of a certificate in PEM, 64 hex digits."""
    return sha256(PEM_cert_to_DER_cert(certificate)).hexdigest()
