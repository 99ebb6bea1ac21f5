"""Addresses of an OCI registry: as users write them, as lists show them, what can be wrong.

Nothing here touches the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from registrykit.artifacts import lies_under
from registrykit.errors import BadConfig
from registrykit.forms import Problem
from registrykit.oci.addresses import Address, read_address
from registrykit.oci.content.source import ARCHIVE
from registrykit.oci.names import repository_path
from registrykit.urls import address_of, is_link_local

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
_JFROG = re.compile(r"(.*/)?artifactory(/api(/docker)?)?")


def read(endpoint: str, suffix: str = "") -> tuple[Address | None, Problem | None]:
    """Return the address that was entered, or what is wrong with it; one of them is None."""
    try:
        address = read_address(endpoint)
    except BadConfig as error:
        return None, Problem("endpoint", f"{error} {error.cause}".strip(), error.remedy)
    host = address_of(address.origin.host)
    if host is not None and (is_link_local(host) or host.is_unspecified):
        return None, Problem(
            "endpoint",
            f"The address {address.origin.host} is not that of a registry.",
            "Enter the name of the server. Addresses of this kind hand out the passwords of cloud "
            "machines, so they are never read.",
        )
    if address.base.endswith(("index.yaml", "index.yml")):
        return None, Problem(
            "endpoint",
            "This is the index of a Helm repository, not an OCI registry.",
            "Add it as a Helm repository.",
        )
    if suffix.strip():
        try:
            return read_address(endpoint, suffix), None
        except BadConfig as error:
            return None, Problem("endpoint_suffix", f"{error} {error.cause}", error.remedy)
    if _JFROG.fullmatch(address.base):
        return None, Problem(
            "endpoint",
            "The path of JFrog Artifactory is not complete.",
            f"Enter {address.origin}/artifactory/api/docker/KEY, with the key of the repository.",
        )
    return address, None


def path_problems(field: str, paths: Sequence[str], host: str) -> Iterator[Problem]:
    """Yield what is wrong with the first of the paths that cannot be one; `host` may be empty."""
    for path in paths:
        text = re.sub(r"^[a-z]+://", "", path.strip(), flags=re.I)
        if text != path.strip() or (host and lies_under(text.lower(), host)):
            yield Problem(
                field,
                f"{_shown(path)} begins with the address of a registry.",
                "Enter the path alone, without the host before it.",
            )
            return
        try:
            repository_path(path)
        except BadConfig as error:
            yield Problem(field, f"{error} {error.cause}", error.remedy)
            return


def overlaps(provider: str, paths: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem where something would be read twice."""
    try:
        found = [repository_path(path) for path in paths if path.strip()]
    except BadConfig:
        return
    places = [f"{path}/{ARCHIVE}" if provider == "pack" else path for path in found]
    for number, place in enumerate(places):
        for other, earlier in enumerate(places[:number]):
            if place == earlier:
                message = f"{_shown(found[number])} stands here twice."
            elif lies_under(place, earlier):
                message = f"{_shown(found[number])} lies under {_shown(found[other])}."
            elif lies_under(earlier, place):
                message = f"{_shown(found[other])} lies under {_shown(found[number])}."
            else:
                continue
            yield Problem(
                "base_content_path",
                f"{message} What is there would be read twice.",
                "Leave one of them out.",
            )
            return


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


def _shown(text: str, longest: int = 80) -> str:
    text = "".join(sign if sign.isprintable() else "?" for sign in text.strip())
    return text if len(text) <= longest else text[: longest - 1] + "…"
