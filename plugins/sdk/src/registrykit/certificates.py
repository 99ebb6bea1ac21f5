"""Certificates as people see them: whom one is for, who signed it, how long it holds.

Python's `ssl` tells this only of certificates that it has verified; people want to read it of the
others most. Only what is shown is read (RFC 5280, section 4.1); nothing is decided by it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from registrykit.errors import BadConfig

if TYPE_CHECKING:
    import ssl

_LARGEST_PEM = 1024 * 1024

_COMMON_NAME = bytes.fromhex("550403")
_ORGANIZATION = bytes.fromhex("55040a")
_ALTERNATIVE_NAMES = bytes.fromhex("551d11")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is shown of a certificate; times are in UTC, `names` are hosts and addresses.

    `sha256` is the fingerprint as other tools show it: upper-case hexadecimal pairs and colons.
    """

    subject: str
    issuer: str
    self_signed: bool
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()
    sha256: str = ""

    def days_left(self, now: datetime) -> int:
        return (self.not_after - now).days

    def described(self) -> str:
        """Say on one line whom it is for, who signed it, and until when it holds."""
        subject = ", ".join(self.names[:3]) or self.subject or "nobody"
        issuer = "itself" if self.self_signed else self.issuer or "nobody"
        return (
            f"Certificate for {subject}, signed by {issuer}, valid until {self.not_after:%Y-%m-%d}."
        )


def read(der: bytes) -> Certificate | None:
    """Return what the certificate says, or None if it cannot be read."""
    try:
        fields = _fields(_fields(_fields(der)[0][1])[0][1])
        if fields[0][0] == 0xA0:  # the version, left out in version 1
            fields = fields[1:]
        _, _, issuer, validity, subject = fields[:5]
        begins, ends = _fields(validity[1])[:2]
        names: tuple[str, ...] = ()
        for tag, content in fields[6:]:
            if tag == 0xA3:
                names = _host_names(content)
        return Certificate(
            _name(subject[1]),
            _name(issuer[1]),
            subject == issuer,
            _time(*begins),
            _time(*ends),
            names,
            _fingerprint(der),
        )
    except (IndexError, ValueError):
        return None


def presented(pem: str) -> Certificate | None:
    """Return what the first certificate of a PEM text says, or None if it cannot be read."""
    import ssl

    begin, end = ssl.PEM_HEADER, ssl.PEM_FOOTER
    start = pem.find(begin)
    stop = pem.find(end, start)
    if start < 0 or stop < 0:
        return None
    try:
        return read(ssl.PEM_cert_to_DER_cert(pem[start : stop + len(end)]))
    except ValueError:
        return None


def check_ca(pem: str) -> None:
    """Raise BadConfig unless the PEM text holds certificates that a server's can be judged by."""
    import ssl

    load_ca(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem)


def load_ca(context: ssl.SSLContext, pem: str) -> None:
    """Let `context` trust the certificates of a PEM text; raises BadConfig if it cannot be used."""
    import ssl

    cause = ""
    if len(pem) > _LARGEST_PEM:
        cause = "It is larger than a bundle of CA certificates can be."
    elif "PRIVATE KEY-----" in pem:
        cause = "It contains a private key, which belongs nowhere but on the server."
    elif ssl.PEM_HEADER not in pem:
        cause = "It does not contain a certificate in PEM form (BEGIN CERTIFICATE)."
    else:
        try:
            context.load_verify_locations(cadata=pem)
        except (ssl.SSLError, ValueError):
            cause = "It is damaged."
        else:
            # A certificate that was given by hand is trusted itself, whether a root or not.
            context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
            return
    raise BadConfig(
        "The CA certificate cannot be used.",
        cause=cause,
        remedy="Give the CA certificate as PEM text.",
        code="bad-ca-certificate",
    )


def _fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).digest().hex(":").upper()


def _fields(data: bytes) -> list[tuple[int, bytes]]:
    """Split a run of DER values into (tag, content)."""
    fields, at = [], 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("cut short")
        fields.append((tag, data[at : at + length]))
        at += length
    return fields


def _name(content: bytes) -> str:
    """Return the common name, else the organization."""
    found: dict[bytes, str] = {}
    for _, relative in _fields(content):
        for _, pair in _fields(relative):
            (_, kind), (tag, value) = _fields(pair)[:2]
            text = value.decode("utf-16-be" if tag == 0x1E else "utf-8", "replace")
            found.setdefault(kind, "".join(c for c in text if c.isprintable())[:100])
    return found.get(_COMMON_NAME) or found.get(_ORGANIZATION, "")


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == 0x17:  # two digits for the year: 1950 to 2049
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _host_names(content: bytes) -> tuple[str, ...]:
    for _, extension in _fields(_fields(content)[0][1]):
        parts = _fields(extension)
        if parts[0][1] == _ALTERNATIVE_NAMES:
            names = _fields(_fields(parts[-1][1])[0][1])
            return tuple(
                name.decode("ascii", "replace") if tag == 0x82 else str(ip_address(name))
                for tag, name in names
                if tag in (0x82, 0x87)
            )
    return ()
