"""Addresses of an OCI registry: what kind of registry they are of, and how lists show them.

Nothing here touches the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from registrykit.forms import Problem
from registrykit.oci.addresses import Address
from registrykit.oci.entered import read

# They answer to requests for the list of repositories with an error, or with nothing.
_NO_LIST = {"ghcr.io": "ghcr.io", "registry-1.docker.io": "Docker Hub"}

_KNOWN = re.compile(
    r"ghcr\.io|quay\.io|([a-z0-9-]+\.)?docker\.io|public\.ecr\.aws|registry\.gitlab\.com"
    r"|registry\.k8s\.io|([a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev"
    r"|[a-z0-9-]+\.azurecr\.io|[a-z0-9-]+\.jfrog\.io"
    r"|[0-9]{12}\.dkr[.-]ecr[a-z0-9.-]*\.(amazonaws\.com(\.cn)?|on\.aws)"
)
_WORDS = frozenset({"registry", "oci", "harbor", "zot", "docker", "artifactory", "images"})
_VENDOR = re.compile(r"registry[a-z0-9-]*\.spectrocloud\.com")
_PORTS = frozenset({5000, 30003})


def missing_list(address: Address, repositories: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem where a host that shows no list is to be listed."""
    name = _NO_LIST.get(address.origin.host)
    if name and not any(path.strip() for path in repositories):
        yield Problem(
            "repositories",
            f"{name} shows no list of its repositories.",
            "Enter the paths of those that you want to see, such as acme/charts/nginx, or switch "
            "synchronization off.",
        )


def without_list(endpoint: str) -> str:
    """Return a note on a host that shows no list of its repositories; empty for all others."""
    address, _ = read(endpoint)
    name = _NO_LIST.get(address.origin.host) if address else ""
    if not name:
        return ""
    return (
        f"{name} shows no list of its repositories. Enter the paths of those that you want to see, "
        "then switch synchronization on."
    )


def shown(address: Address, names: Sequence[str]) -> str:
    """Return where the registry is read: at the one name, else the address as it is."""
    if len(names) != 1 or not names[0]:
        return address.shown
    return f"{Address(address.root).shown}/{names[0]}"


def likelihood(text: str) -> float:
    """Return how much a text looks like the address of an OCI registry, 0.0 to 1.0."""
    address, _ = read(text)
    if address is None:
        return 0.0
    host, path = address.origin.host, text.strip().rstrip("/").lower()
    if path.startswith(("oci://", "docker://")):
        return 1.0
    if path.endswith("/v2") or "/api/docker/" in path or _KNOWN.fullmatch(host):
        return 0.95
    if _VENDOR.fullmatch(host) or re.search(r"/v1(/_catalog)?$", path):
        return 0.05
    if _WORDS & set(re.split(r"[^a-z0-9]+", host)) or address.origin.port in _PORTS:
        return 0.6
    return 0.25
