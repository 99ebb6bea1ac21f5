"""Certificates for tests: a throw-away authority, or a fixed pair of PEM files."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from registrykit.http.tls import load_key_pair

if TYPE_CHECKING:
    import trustme


@dataclass(frozen=True)
class KeyPair:
    """A certificate (with its chain) and its private key, as PEM texts."""

    certificate: str
    key: str = field(repr=False)

    @classmethod
    def load(cls, certificate: str | Path, key: str | Path) -> KeyPair:
        """Read a fixed pair from files."""
        return cls(Path(certificate).read_text("ascii"), Path(key).read_text("ascii"))

    def server_context(self, *, client_ca: str = "") -> ssl.SSLContext:
        """Return the context for a `Site`; with `client_ca` clients need a certificate of it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        load_key_pair(context, self.certificate, self.key)
        if client_ca:
            context.load_verify_locations(cadata=client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Authority:
    """A certificate authority that nobody trusts unless told to; needs the package `trustme`."""

    def __init__(self, ca: trustme.CA | None = None) -> None:
        import trustme

        self._ca = ca or trustme.CA()

    def below(self) -> Authority:
        """Return an authority in the middle, whose certificate this one signed."""
        return Authority(self._ca.create_child_ca())

    @property
    def certificate(self) -> str:
        """The certificate to trust, as PEM text."""
        return self._ca.cert_pem.bytes().decode("ascii")

    def issue(
        self,
        *names: str,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> KeyPair:
        """Return a certificate for host names or addresses; by default it is valid now."""
        leaf = self._ca.issue_cert(*names, not_before=not_before, not_after=not_after)
        chain = "".join(pem.bytes().decode("ascii") for pem in leaf.cert_chain_pems)
        return KeyPair(chain, leaf.private_key_pem.bytes().decode("ascii"))

    def expired(self, *names: str) -> KeyPair:
        """Return a certificate that ran out yesterday."""
        now = datetime.now(UTC)
        return self.issue(
            *names, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1)
        )

    def not_yet_valid(self, *names: str) -> KeyPair:
        """Return a certificate that begins to hold tomorrow."""
        now = datetime.now(UTC)
        return self.issue(
            *names, not_before=now + timedelta(days=1), not_after=now + timedelta(days=30)
        )


def self_signed(*names: str) -> KeyPair:
    """Return a certificate that no authority signed; needs the package `cryptography`."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(
        certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"), pem.decode("ascii")
    )
