"""The repositories that Helm itself knows: `helm repo add` writes them to its repositories.yaml.

The file is looked for where Helm looks (its environment variables, then the folder that the
operating system has for configurations). What of it would be stored in the open holds no login:
a login that stands in a URL is taken out of it. Those on web servers and those in OCI registries
are for different types of registry, which both ask here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import unquote

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere, read_file
from registrykit.errors import BadAnswer
from registrykit.formats.entries import plain_text, printable
from registrykit.formats.yaml import Limits, read_yaml
from registrykit.problems import LONGEST_PEM, without_secrets

FILE = "repositories.yaml"
LARGEST = 1024 * 1024

_LOGIN = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*://)?)([^/?#]*)@(.*)", re.DOTALL)
_CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
_LINE = re.compile(r"(?i)\bline (\d+)")
_TROUBLES = {
    "yaml-key": "a key stands twice or is not text",
    "yaml-reference": "it uses YAML references (& * <<), which are not read here",
    "yaml-tag": "it uses YAML tags (!), which are not read here",
}


class _NotTaken(Exception):
    """Why a file that Helm uses is not taken over, as a clause."""


def repositories(
    environ: Mapping[str, str], platform: str = sys.platform, *, oci: bool = False
) -> Iterator[KnownElsewhere]:
    """Yield the repositories in Helm's file; nothing where Helm was never used.

    With `oci` those whose URL begins with `oci://`; without it all others, and what is to be said
    of the file.
    """
    for known in _known(environ, platform):
        endpoint = str(known.values.get("endpoint", ""))
        if endpoint.lower().startswith("oci://") == oci:
            yield known


def _known(environ: Mapping[str, str], platform: str) -> Iterator[KnownElsewhere]:
    path = place(environ, platform)
    if not path:
        return
    shown = shown_path(path, environ.get("HOME", ""))
    try:
        content = read_file(path, LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield _on_the_file(shown, f"The file cannot be read: {error.strerror}.")
        return
    try:
        found = read_yaml(content, what="the file", limits=Limits(size=LARGEST))
    except BadAnswer as error:
        yield _on_the_file(shown, f"The file cannot be read: {_trouble(error)}.")
        return
    entries = found.get("repositories") if isinstance(found, dict) else found
    if entries is None:
        return
    if not (isinstance(found, dict) and isinstance(entries, list)):
        yield _on_the_file(shown, "The file does not hold a list of repositories.")
        return
    for number, entry in enumerate(entries[: MOST_KNOWN - 1], start=1):
        yield _repository(shown, number, entry, platform)
    if len(entries) >= MOST_KNOWN:
        yield _on_the_file(shown, f"Only the first {MOST_KNOWN - 1} repositories are listed.")


def place(
    environ: Mapping[str, str],
    platform: str,
    *,
    file: str = FILE,
    variable: str = "HELM_REPOSITORY_CONFIG",
) -> str:
    """Return where Helm keeps a file of its configuration, or nothing if that cannot be known.

    `variable` names a whole path that comes before all others.
    """
    if named := environ.get(variable):
        return named
    paths = PureWindowsPath if platform == "win32" else PurePosixPath
    if own := environ.get("HELM_CONFIG_HOME"):
        return str(paths(own, file))
    folder, home = environ.get("XDG_CONFIG_HOME"), environ.get("HOME")
    if not folder and platform == "win32":
        folder = environ.get("APPDATA")
    elif not folder and home:
        folder = f"{home}/Library/Preferences" if platform == "darwin" else f"{home}/.config"
    return str(paths(folder, "helm", file)) if folder else ""


def _repository(file: str, number: int, entry: Any, platform: str) -> KnownElsewhere:
    if not isinstance(entry, dict):
        note = "The entry is not a repository: it has no name and no URL."
        return KnownElsewhere("Helm", file, f"entry {number}", notes=(note,))
    # Helm reads the keys in whatever case they are written.
    given = {key.lower(): value for key, value in reversed(entry.items())}
    name = printable(plain_text(given.get("name")).strip()) or f"entry {number}"
    url = plain_text(given.get("url")).strip()
    if not url:
        return KnownElsewhere("Helm", file, name, notes=("It has no URL.",))
    found = _Found(given, platform)
    found.take_endpoint(url)
    found.take_login()
    found.take_certificates()
    return KnownElsewhere("Helm", file, name, found.values, found.secrets, tuple(found.notes))


class _Found:
    """One repository on its way from Helm's keys to the fields of the form."""

    def __init__(self, given: Mapping[str, Any], platform: str) -> None:
        self._given = given
        self._absolute = PureWindowsPath if platform == "win32" else PurePosixPath
        self._login = ("", "")
        self.values: dict[str, Any] = {}
        self.secrets: dict[str, str] = {}
        self.notes: list[str] = []

    def take_endpoint(self, url: str) -> None:
        if match := _LOGIN.fullmatch(url):
            username, _, password = match[2].partition(":")
            if username and password:
                self._login = (unquote(username), unquote(password))
            elif match[2]:
                self.notes.append(
                    "What stands before @ in its URL was left out, because it may be a token. "
                    "If it is one, enter it in the field for it."
                )
            url = match[1] + match[3]
        url, secret = without_secrets(url)
        if secret:
            self.notes.append(
                f"Its URL held what seems to be a secret, which was left out: {', '.join(secret)}."
            )
        self.values["endpoint"] = url

    def take_login(self) -> None:
        username, password = self._text("username"), self._text("password")
        if not (username and password):
            # As Helm does it: one without the other counts for nothing.
            if username:
                self.notes.append(
                    "Helm has a user name without a password and does not sign in with it, so it "
                    "was left out."
                )
            elif password:
                self.notes.append(
                    "Helm has a password without a user name and does not sign in with it, so it "
                    "was left out."
                )
            username, password = self._login
        if username:
            self.values |= {"auth": "basic", "username": username}
            self.secrets["password"] = password
        if username and self._given.get("pass_credentials_all") is True:
            self.notes.append(
                "Helm sends its login to every host that the repository names "
                "(pass_credentials_all). Here it goes to the repository's own host only."
            )

    def take_certificates(self) -> None:
        if self._given.get("insecure_skip_tls_verify") is True:
            self.values["insecure_skip_verify"] = True
        if path := self._text("cafile"):
            try:
                self.values["ca_certificate"] = self._certificates(path)
            except _NotTaken as why:
                self.notes.append(f"The CA certificate was not taken over: {why}.")
        certificate, key = self._text("certfile"), self._text("keyfile")
        if not (certificate and key):
            if certificate or key:
                missing = "key" if certificate else "certificate"
                self.notes.append(
                    f"The client certificate was not taken over: Helm has no {missing} for it."
                )
            return
        try:
            pair = self._certificates(certificate), self._key(key)
        except _NotTaken as why:
            self.notes.append(f"The client certificate was not taken over: {why}.")
            return
        self.values["client_certificate"], self.secrets["client_key"] = pair

    def _text(self, key: str) -> str:
        return plain_text(self._given.get(key))

    def _certificates(self, path: str) -> str:
        """Return the certificates in a file, and nothing else: it may hold a key as well."""
        blocks = [block for label, block in self._blocks(path) if label in _CERTIFICATES]
        if not blocks:
            raise _NotTaken(f"{printable(path)} holds no certificate in PEM form")
        return "".join(blocks)

    def _key(self, path: str) -> str:
        blocks = [block for label, block in self._blocks(path) if label.endswith("PRIVATE KEY")]
        if not blocks:
            raise _NotTaken(f"{printable(path)} holds no private key in PEM form")
        return blocks[0]

    def _blocks(self, path: str) -> Iterator[tuple[str, str]]:
        if not self._absolute(path).is_absolute():
            raise _NotTaken(
                f"{printable(path)} is named relative to the folder in which Helm is started"
            )
        try:
            content = read_file(path, LONGEST_PEM)
        except OSError as error:
            raise _NotTaken(f"{printable(path)} cannot be read ({error.strerror})") from None
        return pem_blocks(content.decode("utf-8", "replace"))


def pem_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield label and text of each whole PEM block, one line for a line."""
    label, lines = "", list[str]()
    for line in map(str.strip, text.splitlines()):
        if line.startswith("-----BEGIN ") and line.endswith("-----"):
            label, lines = line[11:-5], []
        lines.append(line)
        if label and line == f"-----END {label}-----":
            yield label, "\n".join(lines) + "\n"
            label = ""


def _on_the_file(file: str, note: str) -> KnownElsewhere:
    return KnownElsewhere("Helm", file, notes=(note,))


def _trouble(error: BadAnswer) -> str:
    """Say what is wrong with the file without a word of it, which may be part of a password."""
    what = _TROUBLES.get(error.code, "it is not valid YAML")
    line = _LINE.search(error.cause)
    return f"{what} (line {line[1]})" if line else what


def shown_path(path: str, home: str) -> str:
    """Return the path as its owner would write it."""
    if home and path.startswith(home.rstrip("/") + "/"):
        path = "~" + path[len(home.rstrip("/")) :]
    return printable(path)
