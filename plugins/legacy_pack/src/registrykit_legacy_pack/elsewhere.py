"""The registries that the vendor's own tool knows: `spectro registry login` writes them down.

Its file `~/.spectro/config.json` holds, for each server (host and port), a user name and a password
packed as base64. CA certificates lie in `/etc/spectro/certs.d/<server>/ca.crt`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere, read_file
from registrykit.formats.entries import printable
from registrykit.problems import LONGEST_PEM

FILE = ".spectro/config.json"
CERTIFICATES = "/etc/spectro/certs.d"
LARGEST = 1024 * 1024
TOOL = "Spectro CLI"

_SERVER = re.compile(r"(?:https?://)?([A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?)/*")
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----"
)


def registries(
    environ: Mapping[str, str], certificates: str = CERTIFICATES
) -> Iterator[KnownElsewhere]:
    """Yield the registries in the tool's file; nothing where it was never used."""
    home = environ.get("HOME", "").rstrip("/")
    shown = f"~/{FILE}"
    if not home:
        return
    try:
        found = msgspec.json.decode(read_file(f"{home}/{FILE}", LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield KnownElsewhere(TOOL, shown, notes=(f"The file cannot be read: {error.strerror}.",))
        return
    except (msgspec.DecodeError, ValueError, RecursionError):
        # Not a word of the file, which may be part of a password.
        yield KnownElsewhere(TOOL, shown, notes=("The file cannot be read: it is not JSON.",))
        return
    servers = found.get("auths") if isinstance(found, dict) else found
    if servers is None:
        return
    if not (isinstance(found, dict) and isinstance(servers, dict)):
        yield KnownElsewhere(TOOL, shown, notes=("The file does not hold a map of servers.",))
        return
    for server, entry in list(servers.items())[: MOST_KNOWN - 1]:
        yield _registry(shown, server, entry, certificates)
    if len(servers) >= MOST_KNOWN:
        note = f"Only the first {MOST_KNOWN - 1} registries are listed."
        yield KnownElsewhere(TOOL, shown, notes=(note,))


def _registry(file: str, server: str, entry: Any, certificates: str) -> KnownElsewhere:
    match = _SERVER.fullmatch(server)
    if match is None:
        # It may hold a login: it is not repeated.
        note = "One of its servers is not a host with a port, and was left out."
        return KnownElsewhere(TOOL, file, notes=(note,))
    said: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    values: dict[str, Any] = {"endpoint": f"https://{match[1]}"}
    secrets: dict[str, str] = {}
    notes: list[str] = []
    username, password = _login(said.get("auth"))
    if username:
        values |= {"auth": "basic", "username": username}
        secrets["password"] = password
    else:
        values["auth"] = "none"
        if said.get("auth"):
            notes.append("Its login cannot be read and was left out.")
    if said.get("insecure") is True:
        values["insecure_skip_verify"] = True
        notes.append(
            "The tool accepts any certificate of this server, or none at all. If it has no "
            "encryption, begin the endpoint with http://."
        )
    else:
        _take_certificate(f"{certificates}/{match[1]}/ca.crt", values, notes)
    return KnownElsewhere(TOOL, file, match[1], values, secrets, tuple(notes))


def _login(packed: Any) -> tuple[str, str]:
    if not isinstance(packed, str):
        return "", ""
    try:
        pair = base64.b64decode(packed, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    username, _, password = pair.partition(":")
    return (username, password) if username.isprintable() and password else ("", "")


def _take_certificate(path: str, values: dict[str, Any], notes: list[str]) -> None:
    try:
        text = read_file(path, LONGEST_PEM).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        notes.append(f"{printable(path)} was not taken over: {error.strerror}.")
        return
    found = _CERTIFICATE.findall(text)
    if found:
        values["ca_certificate"] = "".join(f"{block}\n" for block in found)
    else:
        notes.append(f"{printable(path)} was not taken over: it holds no certificate.")
