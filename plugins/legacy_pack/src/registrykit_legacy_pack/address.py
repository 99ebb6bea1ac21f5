"""Addresses of a legacy pack registry: as users write them, and as its own tool wants them.

Nothing here touches the network.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from registrykit.artifacts import Artifact, Command, Version
from registrykit.errors import BadConfig
from registrykit.problems import host_trouble
from registrykit.urls import normalize, parse

_API = re.compile(r"(?:/v1(?:/_catalog)?|/health)?/*$")
_VENDOR = re.compile(r"registry[a-z0-9-]*\.spectrocloud\.com")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")

Trouble = tuple[str, str]
"""What is wrong with an address, and what to do about it."""


def troubles(endpoint: str) -> Iterator[Trouble]:
    """Yield what is wrong with an endpoint."""
    text = endpoint.strip()
    if text.lower().startswith("oci://"):
        yield (
            "This is the address of an OCI registry, not of a legacy pack registry.",
            "Add it as an OCI registry.",
        )
        return
    try:
        url = parse(normalize(text))
    except BadConfig as error:
        yield str(error), error.remedy
        return
    if trouble := host_trouble(url.origin.host):
        yield trouble
    if url.query or "#" in text:
        yield (
            "The URL has a part after ? or #, which a pack registry has no use for.",
            "Remove that part.",
        )


def root(endpoint: str) -> str:
    """Return the one spelling of an endpoint, without the path of the API and a slash at the end.

    A text that is no URL comes back as it is.
    """
    try:
        url = parse(normalize(endpoint))
    except BadConfig:
        return endpoint.strip()
    return f"{url.origin}{_API.sub('', url.path.rstrip('/'), count=1)}"


def likelihood(text: str) -> float:
    """Return how much a text looks like the URL of a legacy pack registry, 0.0 to 1.0."""
    if any(True for _ in troubles(text)):
        return 0.0
    url = parse(normalize(text))
    if _VENDOR.fullmatch(url.origin.host):
        return 0.95
    if re.search(r"/v1(/_catalog)?/*$", url.path):
        return 0.6
    return 0.4 if "pack" in url.origin.host else 0.1


def commands(endpoint: str, artifact: Artifact, version: Version) -> Iterator[Command]:
    """Yield how the vendor's tool gets a version; it knows servers by host and port alone."""
    url = parse(root(endpoint))
    if (
        url.path != "/"
        or not _NAME.fullmatch(artifact.path)
        or not _TAG.fullmatch(version.wire_tag)
    ):
        return
    pull = ["spectro", "pack", "pull", f"{artifact.path}:{version.wire_tag}", "."]
    server = ["--registry-server", url.origin.authority]
    yield Command("Pull with the Spectro CLI", shlex.join([*pull, *server]))
