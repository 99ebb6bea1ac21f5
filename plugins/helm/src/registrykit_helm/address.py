"""Addresses of a Helm repository: as users write them, as lists show them, as charts have them.

Nothing here touches the network.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from registrykit.artifacts import Artifact, Command, Version
from registrykit.errors import BadAnswer, BadConfig
from registrykit.oci import Reference, read_reference
from registrykit.problems import host_trouble, secret_names
from registrykit.urls import Url, beneath, normalize, parse

INDEX = "index.yaml"

# Servers that speak the OCI protocol and no other.
_OCI_HOST = re.compile(
    r"ghcr\.io|quay\.io|(registry-1\.)?docker\.io|public\.ecr\.aws|.+\.azurecr\.io"
    r"|.+\.dkr\.ecr[.-].+\.amazonaws\.com"
)
_HELM_WORDS = frozenset({"chart", "charts", "helm", "chartrepo", "chartmuseum"})

_CHART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Trouble = tuple[str, str]
"""What is wrong with an address, and what to do about it."""


def troubles(endpoint: str) -> Iterator[Trouble]:
    """Yield what is wrong with an endpoint."""
    text = endpoint.strip()
    if text.lower().startswith("oci://"):
        yield (
            "This is the address of an OCI registry, not of a Helm repository.",
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
    if names := secret_names(url.query):
        yield (
            f"The URL seems to contain a secret: {', '.join(names)}.",
            "Remove it from the URL, which lists and logs show, and enter it as password or token.",
        )
    if "#" in text:
        yield "The URL has a part after #, which no server ever receives.", "Remove that part."


def normal(endpoint: str) -> str:
    """Return the one spelling of an endpoint; a text that is no URL comes back as it is.

    Without `index.yaml` and without a slash at the end; a query is kept.
    """
    try:
        url = parse(normalize(endpoint))
    except BadConfig:
        return endpoint.strip()
    folder = url.path.rstrip("/").removesuffix(f"/{INDEX}").rstrip("/")
    return f"{url.origin}{folder}" + (f"?{url.query}" if url.query else "")


def index_url(endpoint: str) -> str:
    """Return where the index is; raises BadConfig where the endpoint is no URL."""
    return beneath(normal(endpoint), INDEX)


def chart_url(endpoint: str, reference: str) -> Url | None:
    """Return where an archive is that the index names, or None if it is not on a web server.

    A reference that is relative to the index keeps the query of the endpoint, as it does in Helm.
    """
    if not reference.strip():
        return None
    try:
        return parse(beneath(normal(endpoint), reference))
    except BadAnswer:
        return None


def in_oci(reference: str) -> Reference | None:
    """Return what an archive's address refers to in an OCI registry, or None if it does not."""
    if not reference.strip().lower().startswith("oci://"):
        return None
    try:
        return read_reference(reference)
    except BadConfig:
        return None


def likelihood(text: str) -> float:
    """Return how much a text looks like the URL of a Helm repository, 0.0 to 1.0."""
    if any(True for _ in troubles(text)):
        return 0.0
    url = parse(normalize(text))
    path = url.path.rstrip("/")
    if path.endswith(f"/{INDEX}"):
        return 1.0
    if path.endswith("/v2") or _OCI_HOST.fullmatch(url.origin.host):
        return 0.05
    if _HELM_WORDS & set(re.split(r"[^a-z0-9]+", f"{url.origin.host}{path}".lower())):
        return 0.8
    if url.origin.host.endswith((".github.io", ".gitlab.io")):
        return 0.7
    return 0.3


def commands(
    endpoint: str, username: str, artifact: Artifact, version: Version
) -> Iterator[Command]:
    """Yield how Helm itself gets a version; nothing for a name that Helm would take otherwise."""
    if not _CHART_NAME.fullmatch(artifact.path) or version.version.startswith("-"):
        return
    options = ["--repo", normal(endpoint), "--version", version.version]
    if username:
        options += ["--username", username]
    yield Command("Pull with Helm", shlex.join(["helm", "pull", artifact.path, *options]))
    release = artifact.path.replace("_", "-").replace(".", "-").lower()
    install = ["helm", "install", release, artifact.path, *options]
    yield Command("Install with Helm", shlex.join(install))
