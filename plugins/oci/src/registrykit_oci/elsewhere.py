"""The registries that other tools have a sign-in for: Docker, Podman, and Helm.

All three write one form of file, in which user name and password are packed as base64, unless a
program of its own keeps them: that is named, and never started. Helm's list of repositories may
lead to OCI registries as well.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import msgspec

from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere, read_file
from registrykit.formats.entries import printable
from registrykit.helm_repositories import place, repositories, shown_path
from registrykit.oci.ecr import ecr_host
from registrykit_oci import address

LARGEST = 1024 * 1024

_SERVER = re.compile(
    r"(?P<scheme>https?://)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?"
    r"(?:/v[12])?(?P<path>(?:/[a-z0-9._-]+)*)/*"
)
# Docker Hub goes by the address of its API of 2014; its application keeps tokens beside it.
_HUB = re.compile(r"(?:https://)?index\.docker\.io/v1/*")
_HUBS_TOKENS = re.compile(r"(?:https://)?index\.docker\.io/v1/(?:access|refresh)-token/*")
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def registries(
    environ: Mapping[str, str], platform: str = sys.platform
) -> Iterator[KnownElsewhere]:
    """Yield what the tools know; nothing for a tool that was never used."""
    found = chain(
        *(_logins(tool, path, environ) for tool, path in files(environ, platform)),
        _helm_repositories(environ, platform),
    )
    return islice(found, MOST_KNOWN)


def files(environ: Mapping[str, str], platform: str) -> Iterator[tuple[str, str]]:
    """Yield the tools and where each would keep its sign-ins."""
    paths = PureWindowsPath if platform == "win32" else PurePosixPath
    home = environ.get("USERPROFILE" if platform == "win32" else "HOME", "")
    if folder := environ.get("DOCKER_CONFIG") or (home and str(paths(home, ".docker"))):
        yield "Docker", str(paths(folder, "config.json"))
    if named := environ.get("REGISTRY_AUTH_FILE"):
        yield "Podman", named
    elif (run := environ.get("XDG_RUNTIME_DIR")) and platform.startswith("linux"):
        yield "Podman", str(paths(run, "containers", "auth.json"))
    elif home:
        yield "Podman", str(paths(home, ".config", "containers", "auth.json"))
    if path := place(
        environ, platform, file="registry/config.json", variable="HELM_REGISTRY_CONFIG"
    ):
        yield "Helm", path


def _helm_repositories(environ: Mapping[str, str], platform: str) -> Iterator[KnownElsewhere]:
    for known in repositories(environ, platform, oci=True):
        values, notes = {**known.values, "provider_type": "helm"}, known.notes
        if note := address.without_list(str(values["endpoint"])):
            values["synchronization"], notes = False, (*notes, note)
        yield msgspec.structs.replace(known, values=values, notes=notes)


def _logins(tool: str, path: str, environ: Mapping[str, str]) -> Iterator[KnownElsewhere]:
    shown = shown_path(path, environ.get("HOME", ""))

    def on_the_file(note: str) -> KnownElsewhere:
        return KnownElsewhere(tool, shown, notes=(note,))

    try:
        found = msgspec.json.decode(read_file(path, LARGEST))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield on_the_file(f"The file cannot be read: {error.strerror}.")
        return
    except (msgspec.DecodeError, ValueError, RecursionError):
        # Not a word of the file, which may be part of a password.
        yield on_the_file("The file cannot be read: it is not JSON.")
        return
    if not isinstance(found, dict):
        yield on_the_file("The file does not hold a map.")
        return
    servers, programs = _map(found.get("auths")), _map(found.get("credHelpers"))
    for server in dict.fromkeys([*servers, *programs]):
        if _HUBS_TOKENS.fullmatch(server):
            continue
        program = programs.get(server) or found.get("credsStore")
        yield _registry(tool, shown, server, _map(servers.get(server)), program)


def _registry(
    tool: str, file: str, server: str, entry: Mapping[str, Any], program: Any
) -> KnownElsewhere:
    match = _SERVER.fullmatch(server)
    if match is None:
        # It may hold a login: it is not repeated.
        note = "One of its servers is not a host with a port, and was left out."
        return KnownElsewhere(tool, file, notes=(note,))
    name = "docker.io" if _HUB.fullmatch(server) else f"{match['host']}{match['port'] or ''}"
    path = "" if name == "docker.io" else match["path"]
    scheme = "http://" if match["scheme"] == "http://" else ""
    values: dict[str, Any] = {"endpoint": f"{scheme}{name}{path}"}
    secrets: dict[str, str] = {}
    notes: list[str] = []
    username, password = _login(entry)
    if username:
        values |= {"auth": "basic", "username": username}
        secrets["password"] = password
        if ecr_host(name):
            notes.append("This password runs out after twelve hours: enter AWS keys instead.")
    elif program:
        called = f"docker-credential-{program}"
        known = isinstance(program, str) and _PROGRAM.fullmatch(program)
        notes.append(
            f"Its password is kept by {called if known else 'another program'}, which is not "
            "started. Enter the sign-in after it was taken over."
        )
    elif entry:
        notes.append("Its sign-in is a token or cannot be read, and was left out.")
    if note := address.without_list(name):
        values["synchronization"] = False
        notes.append(note)
    return KnownElsewhere(tool, file, printable(f"{name}{path}"), values, secrets, tuple(notes))


def _login(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return user name and password, both empty where there is none that could be sent."""
    if entry.get("identitytoken") or entry.get("registrytoken"):
        return "", ""
    username, password = entry.get("username"), entry.get("password")
    if isinstance(packed := entry.get("auth"), str) and packed:
        try:
            username, _, password = base64.b64decode(packed, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return "", ""
    if not (isinstance(username, str) and isinstance(password, str)):
        return "", ""
    password = password.rstrip("\0")
    return (username, password) if username.isprintable() and username and password else ("", "")


def _map(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
