"""Read who a certificate is for, who signed it and how long it holds, from its DER bytes.

Python's `ssl` tells this only of certificates that it has verified; people want to read it of the
others most. Only what is shown is read (RFC 5280, section 4.1); nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

_COMMON_NAME = bytes.fromhex("550403")
_ORGANIZATION = bytes.fromhex("55040a")
_ALTERNATIVE_NAMES = bytes.fromhex("551d11")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is shown of a certificate; times are in UTC, `names` are hosts and addresses."""

    subject: str
    issuer: str
    self_signed: bool
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()

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
        )
    except (IndexError, ValueError):
        return None


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
