"""Small text files that people choose for a field: certificates, keys, tokens."""

from __future__ import annotations

from pathlib import Path

LARGEST = 1024 * 1024


class Unreadable(Exception):
    """The file cannot be taken; the message is for the person who chose it."""


def read_text(path: str) -> str:
    """Return the text of a file; a certificate in its binary form (DER) comes back as PEM.

    Raises Unreadable.
    """
    file = Path(path)
    try:
        # Of a device or a pipe nobody knows when it ends.
        if not file.is_file():
            raise Unreadable(f"{file.name} is not a file.")
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"{file.name} cannot be read: {error.strerror}.") from None
    if len(content) > LARGEST:
        raise Unreadable(f"{file.name} is larger than 1 MiB.")
    if content[:1] == b"\x30" and (pem := _pem_of(content)):
        return pem
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"{file.name} does not hold text.") from None


def _pem_of(der: bytes) -> str:
    import ssl

    from registrykit import certificates

    return ssl.DER_cert_to_PEM_cert(der) if certificates.read(der) else ""
