"""Where an OCI registry is: what people type as its endpoint, and references into it.

read_address("ghcr.io/acme/charts")        root https://ghcr.io, base acme/charts
read_address("https://h/artifactory/api/docker/key")   root with that path, no base
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from registrykit.errors import BadConfig, RegistryError
from registrykit.oci.names import is_digest, is_tag, repository_path
from registrykit.urls import Origin, Url, address_of, has_scheme, parse

_NAMED = re.compile(r"(?:oci|docker)://", re.I)
# Docker Hub is spoken of by one name and answers under another.
_HUB = "registry-1.docker.io"
_OTHER_NAMES = {"docker.io": _HUB, "index.docker.io": _HUB, "www.docker.io": _HUB}
# Where these registries check user names and passwords, as everybody knows.
_TOKEN_SERVERS = {_HUB: "https://auth.docker.io", "registry.gitlab.com": "https://gitlab.com"}
# JFrog Artifactory: the API of one repository key lies under this path.
_JFROG = re.compile(r"(.*/api/docker/[^/]+)(?:/v2(?=/|$))?(?:/(.*))?")
_VERSION = re.compile(r"(.*?)/v2/*")


@dataclass(frozen=True, slots=True)
class Address:
    """One registry: its API lies at `root` + `/v2/`; `base` is the path of repositories.

    `root` is a URL without a slash at its end. `base` is what an endpoint such as
    `ghcr.io/acme` names besides the host, and is empty for most.
    """

    root: str
    base: str = ""

    @property
    def origin(self) -> Origin:
        return Origin.of(self.root)

    @property
    def origins(self) -> frozenset[Origin]:
        """Where credentials may go: the registry, and its token server where that is well known."""
        own = self.origin
        server = _TOKEN_SERVERS.get(own.host) if own.scheme == "https" else None
        return frozenset({own, Origin.of(server)} if server else {own})

    @property
    def api(self) -> str:
        """The URL that says whether a registry is there."""
        return f"{self.root}/v2/"

    @property
    def shown(self) -> str:
        """The address as people write it, the same however it was spelled."""
        if self.base:
            return f"{self.root}/{self.base}"
        path = parse(self.root).path
        return self.root if path == "/" or _JFROG.fullmatch(path) else f"{self.root}/v2"

    def url(self, path: str) -> str:
        """Return the URL of a path below the API's root, such as `_catalog`."""
        return f"{self.root}/v2/{path}"

    def repository(self, *parts: str) -> str:
        """Return the name of a repository below `base`; raise `BadConfig` if it cannot be one."""
        return repository_path(self.base, *parts)


@dataclass(frozen=True, slots=True)
class Reference:
    """One version in a registry; `tag` or `digest` may be empty, or both."""

    address: Address
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def wanted(self) -> str:
        """What to ask the registry for: the digest if there is one."""
        return self.digest or self.tag


def read_address(endpoint: str, suffix: str = "") -> Address:
    """Return the address that an endpoint names; raise `BadConfig` if it names none.

    The scheme may be left out or be `oci://`: it is https then, and http on this computer. A path
    belongs to the repositories, unless `/v2` stands at its end, it is one of JFrog's, or there is
    an endpoint `suffix`: then it leads to the API.
    """
    url = _read_url(endpoint)
    path = url.path.rstrip("/")
    if suffix.strip().strip("/"):
        path = f"{path}/{suffix.strip().strip('/')}"
        return Address(_root(url, _without_version(path)))
    if found := _JFROG.fullmatch(path):
        return Address(_root(url, found[1]), _base(found[2] or "", endpoint))
    if found := _VERSION.fullmatch(path):
        return Address(_root(url, found[1]))
    return Address(_root(url, ""), _base(path, endpoint))


def read_reference(text: str, error: type[RegistryError] = BadConfig) -> Reference:
    """Return what `oci://host/path/name:tag` or `…/name@sha256:…` refers to, or raise `error`."""
    place, at, digest = text.strip().partition("@")
    place, tag = _split_tag(place)
    url = _read_url(place, error)
    repository = url.path.strip("/")
    found = _JFROG.fullmatch(f"/{repository}")
    root, name = (found[1], found[2] or "") if found else ("", repository)
    name = repository_path(name, error=error)
    if not name or (at and not is_digest(digest)) or (tag and not is_tag(tag)):
        raise error(
            f"{place[:200]} does not refer to anything in an OCI registry.",
            cause="The path, the tag or the digest is missing or not valid.",
            remedy="Write it as oci://host/path/name:tag.",
            code="bad-reference",
        )
    return Reference(Address(_root(url, root)), name, tag, digest)


def is_loopback(host: str) -> bool:
    """Say whether `host` is this computer."""
    address = address_of(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _read_url(text: str, error: type[RegistryError] = BadConfig) -> Url:
    text = _NAMED.sub("", text.strip(), count=1)
    if "#" in text or "?" in text:
        raise error(
            "The endpoint contains a question mark or a number sign.",
            cause="What follows one of them is not part of a registry's address.",
            remedy="Enter the endpoint without it; a token belongs into the field for it.",
            code="bad-endpoint",
        )
    if not has_scheme(text):
        secure = parse(f"https://{text}", error)
        url = parse(f"http://{text}", error) if is_loopback(secure.origin.host) else secure
    else:
        url = parse(text, error)
    host = _OTHER_NAMES.get(url.origin.host)
    return replace(url, origin=Origin("https", host, 443)) if host else url


def _split_tag(place: str) -> tuple[str, str]:
    """Split a tag off; a colon before the last slash belongs to the scheme or the port."""
    if "://" not in place:
        place = f"oci://{place}"
    before, _, tag = place.rpartition(":")
    if not tag or "/" in tag or "/" not in before.partition("://")[2]:
        return place, ""
    return before, tag


def _without_version(path: str) -> str:
    found = _VERSION.fullmatch(path)
    return found[1] if found else path


def _root(url: Url, path: str) -> str:
    return str(parse(f"{url.origin}{path}")).rstrip("/")


def _base(path: str, endpoint: str) -> str:
    try:
        return repository_path(path)
    except BadConfig as error:
        raise BadConfig(
            f"The endpoint {endpoint.strip()[:200]} has a path that no repository can have.",
            cause=error.cause,
            remedy="If the registry's API lies under this path, end the endpoint with /v2; "
            "else leave the path out.",
            code="bad-endpoint",
        ) from None
