"""An OCI registry on loopback: what it holds, how it asks to sign in, and how it lists.

    with OciSite() as site:
        site.push_image("acme/nginx", "1.0.0", layers=[Layer(b"…", "application/gzip")])
        with reading(site) as registry:
            registry.tags("acme/nginx")

It reads only: content is pushed by calling it. What is asked for and not there is answered as the
distribution-spec says; `spoil` makes it worse.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from registrykit.cancel import CancelToken
from registrykit.http import Http, Limits
from registrykit.oci.addresses import read_address
from registrykit.oci.limits import OciLimits
from registrykit.oci.media import OCI_MANIFEST
from registrykit.oci.registry import Registry
from registrykit.oci.sign_in import Renewable
from registrykit.testing.answers import Answer, Request
from registrykit.testing.pushing import Layer, Pushes, encoded
from registrykit.testing.servers import Names, Site
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic, Credentials, Tls

__all__ = ["Layer", "Manners", "OciSite", "reading"]

JSON = "application/json"


@dataclass
class Manners:
    """How a registry behaves; all of it can be changed while it serves.

    `catalog` is the status of its list of repositories. A larger page than `largest_page` is
    refused with 400. `challenge` spells WWW-Authenticate for a scope and a reason, which is
    `missing` or a verdict on the token. Blobs are at `storage`, if there is one, by redirect.
    """

    catalog: int = 200
    page_size: int = 100
    largest_page: int = 1000
    absolute_links: bool = False
    link_prefix: str | None = None
    etags: bool = True
    digests: bool = True
    head: int = 200
    open_root: bool = False
    challenge: Callable[[str, str], str] | None = None
    storage: Site | None = None


@dataclass
class _Repository:
    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)


class OciSite(Site, Pushes):
    """A registry on 127.0.0.1; below `prefix`, as behind another server.

    `sign_in` asks for a user name and a password, `tokens` for tokens of that server. Those of one
    that is not started are given here, at `/token`.
    """

    def __init__(
        self,
        *,
        sign_in: Basic | None = None,
        tokens: TokenServer | None = None,
        prefix: str = "",
        manners: Manners | None = None,
        tls: ssl.SSLContext | tuple[str | Path, str | Path] | None = None,
    ) -> None:
        super().__init__(tls=tls)
        self.account = sign_in
        self.tokens = tokens
        self.prefix = prefix.rstrip("/")
        self.manners = manners or Manners()
        self._repositories: dict[str, _Repository] = {}
        self._held = threading.RLock()

    @property
    def endpoint(self) -> str:
        return self.url + self.prefix

    # The content

    def push_blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = _digest(content)
        with self._held:
            self._of(repository).blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def push(
        self,
        repository: str,
        tag: str,
        manifest: Mapping[str, Any] | bytes,
        media_type: str = OCI_MANIFEST,
    ) -> str:
        content = encoded(manifest)
        digest = _digest(content)
        with self._held:
            held = self._of(repository)
            held.manifests[digest] = (content, media_type)
            if tag:
                held.tags[tag] = digest
        return digest

    def pushed(self, repository: str, digest: str) -> tuple[bytes, str]:
        with self._held:
            return self._of(repository).manifests[digest]

    def delete(self, repository: str, tag: str = "") -> None:
        """Take a tag away, or with none the whole repository."""
        with self._held:
            if tag:
                del self._repositories[repository].tags[tag]
            else:
                del self._repositories[repository]

    def asked(self, part: str, status: int = 0) -> list[str]:
        """Return the paths with `part` that were asked for, with `status` unless it is 0."""
        return [one.path for one in self.log if part in one.path and status in (0, one.status)]

    def _of(self, repository: str) -> _Repository:
        return self._repositories.setdefault(repository, _Repository())

    # The protocol

    def _find(self, request: Request) -> Answer:
        begins = f"{self.prefix}/v2/"
        if self.tokens is not None and not self.tokens.is_started and request.path == "/token":
            return self.tokens.answer(request)
        if request.method not in ("GET", "HEAD"):
            return _error(405, "UNSUPPORTED", "this registry is read only")
        with self._lock:
            replaced = request.path in self._routes
        if not request.path.startswith(begins):
            return super()._find(request)
        path = request.path.removeprefix(begins)
        name, kind, reference = _parts(path)
        if refusal := self._refused(request, _scope(path, name)):
            return refusal
        if replaced:
            return super()._find(request)
        if not path:
            return Answer(200, b"{}", {"Content-Type": JSON, **_VERSION})
        with self._held:
            if path == "_catalog":
                return self._catalog(request)
            held = self._repositories.get(name)
            if held is None:
                return _error(404, "NAME_UNKNOWN", "repository name not known to registry")
            if kind == "tags":
                return self._page(request, {"name": name}, "tags", held.tags)
            if kind == "manifests":
                return self._manifest(request, held, reference)
            return self._blob(held, reference)

    def _catalog(self, request: Request) -> Answer:
        status = self.manners.catalog
        if status != 200:
            return _error(status, "DENIED", "the catalog is not for everybody")
        return self._page(request, {}, "repositories", self._repositories)

    def _page(
        self, request: Request, more: dict[str, str], key: str, names: Iterable[str]
    ) -> Answer:
        manners, query = self.manners, parse_qs(request.query)
        asked = query.get("n", [""])[0]
        if asked and int(asked) > manners.largest_page:
            return _error(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
        size = min(int(asked or manners.page_size), manners.page_size)
        last = query.get("last", [""])[0]
        left = [name for name in sorted(names) if name > last]
        headers = {"Content-Type": JSON, **_VERSION}
        if len(left) > size:
            path = request.path
            if manners.link_prefix is not None:
                path = manners.link_prefix + path.removeprefix(self.prefix)
            link = f"{path}?n={size}&last={quote(left[size - 1], safe='')}"
            link = self.url + link if manners.absolute_links else link
            headers["Link"] = f'<{link}>; rel="next"'
        return Answer(200, json.dumps({**more, key: left[:size]}).encode(), headers)

    def _manifest(self, request: Request, held: _Repository, reference: str) -> Answer:
        digest = held.tags.get(reference, reference)
        content, media_type = held.manifests.get(digest, (b"", ""))
        accepted = request.headers.get("accept", "")
        if not media_type or not (media_type in accepted or "*/*" in accepted):
            return _error(404, "MANIFEST_UNKNOWN", f"manifest unknown: {reference}")
        manners = self.manners
        if request.method == "HEAD" and manners.head != 200:
            return Answer(manners.head)
        headers = {"Content-Type": media_type, **_VERSION}
        if manners.digests:
            headers["Docker-Content-Digest"] = digest
        if manners.etags:
            headers["ETag"] = f'"{digest}"'
            if request.headers.get("if-none-match") == f'"{digest}"':
                return Answer(304, headers=headers)
        return Answer(200, content, headers)

    def _blob(self, held: _Repository, digest: str) -> Answer:
        content = held.blobs.get(digest)
        if content is None:
            return _error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        storage = self.manners.storage
        if storage is not None:
            storage.put(f"/{digest}", content, etag="")
            return Answer(307, headers={"Location": f"{storage.url}/{digest}?signature=s3cret"})
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        return Answer(200, content, headers)

    # The sign-in

    def _refused(self, request: Request, scope: str) -> Answer | None:
        authorization = request.headers.get("authorization", "")
        if self.manners.open_root and not scope:
            return None
        reason = "missing"
        if self.tokens is not None:
            kind, _, token = authorization.partition(" ")
            if kind == "Bearer":
                reason = self.tokens.judge(token, scope)
            if reason == "good":
                return None
        elif self.account is not None:
            pair = f"{self.account.username}:{self.account.password}".encode()
            if authorization == "Basic " + base64.b64encode(pair).decode():
                return None
        else:
            return None
        headers = {"Content-Type": JSON, **_VERSION}
        if challenge := (self.manners.challenge or self._challenge)(scope, reason):
            headers["WWW-Authenticate"] = challenge
        body = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
        return Answer(401, json.dumps(body).encode(), headers)

    def _challenge(self, scope: str, reason: str) -> str:
        if self.tokens is None:
            return 'Basic realm="registry"'
        realm = self.tokens.realm if self.tokens.is_started else f"{self.url}/token"
        told = f'Bearer realm="{realm}",service="{self.tokens.service}"'
        told += f',scope="{scope}"' if scope else ""
        return told if reason == "missing" else f'{told},error="{reason}"'


@contextmanager
def reading(
    site: OciSite,
    credentials: Credentials | None = None,
    *,
    source: Renewable | None = None,
    name: str = "",
    others: Mapping[str, Site] | None = None,
    approved: Iterable[str] = (),
    via: Site | None = None,
    limits: OciLimits | None = None,
    tls: Tls | None = None,
    cancel: CancelToken | None = None,
) -> Iterator[Registry]:
    """Give a client for `site`; as `name`, beside `others` by their names, where those matter.

    `approved` are hosts that the user approved, and `via` is a token server that was. It does not
    wait between two tokens, and repeats nothing.
    """
    address = read_address(name or site.endpoint)
    hosts = {*approved, via.origin.authority} if via is not None else {*approved}
    with Http(
        origins=address.origins,
        credentials=credentials,
        approved=frozenset(hosts),
        connect=Names({address.origin.host: site, **(others or {})}) if name else None,
        limits=Limits(backoff=0.01, tries=1),
        tls=tls,
        cancel=cancel,
    ) as http:
        yield Registry(http, address, source, limits=limits or OciLimits(token_apart=0.05))


_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


def _parts(path: str) -> tuple[str, str, str]:
    """Split `<name>/manifests/<reference>` and its like."""
    for kind in ("manifests", "blobs", "tags"):
        name, found, reference = path.rpartition(f"/{kind}/")
        if found:
            return name, kind, reference
    return "", "", path


def _scope(path: str, name: str) -> str:
    if path == "_catalog":
        return "registry:catalog:*"
    return f"repository:{name}:pull" if name else ""


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _error(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Answer(status, body, {"Content-Type": JSON, **_VERSION})
