"""A matrix of ways in which a registry points elsewhere, and what arrives there.

Every server records what it was asked. A password or token may arrive at the registry itself, and
the password at a token server that the user approved; anything else is a leak.
"""

from __future__ import annotations

import base64
import itertools
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pytest

from registrykit.errors import RegistryError
from registrykit.http import Basic, Tls
from registrykit.oci import Image, Registry
from registrykit.oci.media import OCI_MANIFEST
from registrykit.testing import faults
from registrykit.testing.oci import OciSite, reading
from registrykit.testing.servers import Answer, Request, Site
from registrykit.testing.tls import Authority
from registrykit.testing.tokens import TokenServer

PASSWORD = "c4nary-password"
ACCOUNT = Basic("ann", PASSWORD)
PACKED = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
CONTENT = b"content"

WAYS = (
    "realm",
    "realm redirects",
    "root redirects",
    "catalog redirects",
    "tags redirect",
    "manifest redirects",
    "blob redirects",
    "link",
    "descriptor names a url",
)
TARGETS = {
    "same place": "{scheme}://registry.test",
    "other port": "{scheme}://registry.test:8443",
    "other scheme": "{other}://registry.test",
    "other host": "{scheme}://evil.test",
    "other host and scheme": "{other}://evil.test",
    "name that begins alike": "{scheme}://registry.test.evil.test",
    "name that ends alike": "{scheme}://evilregistry.test",
    "user name that looks like it": "{scheme}://registry.test@evil.test",
}
APPROVED = ("realm", "realm redirects", "manifest redirects", "link")
CELLS = [
    (scheme, way, towards, approved)
    for scheme, way, towards in itertools.product(("http", "https"), WAYS, TARGETS)
    for approved in ((False, True) if way in APPROVED and "host" in towards else (False,))
]


class Place(NamedTuple):
    """One place that was asked, and what arrived there."""

    name: str
    passwords: int
    tokens: int
    asked: int


class Spy(Site):
    """Takes whatever it gets, and answers what would make it look right."""

    def _find(self, request: Request) -> Answer:
        if request.path.endswith("/token"):
            return Answer(body=b'{"token":"from-elsewhere"}')
        if "tags" in request.path:
            return Answer(body=b'{"tags":["1.0"]}')
        if "catalog" in request.path:
            return Answer(body=b'{"repositories":["acme/a"]}')
        return Answer(body=CONTENT)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def context(authority: Authority) -> ssl.SSLContext:
    names = ("registry.test", "evil.test", "registry.test.evil.test", "evilregistry.test")
    return authority.issue(*names).server_context()


@pytest.fixture(scope="module")
def spies(context: ssl.SSLContext) -> Iterator[dict[str, Spy]]:
    with Spy() as plain, Spy(tls=context) as secure:
        yield {"http": plain, "https": secure}


@contextmanager
def registry_that_points(
    scheme: str, way: str, target: str, context: ssl.SSLContext, *, by_token: bool
) -> Iterator[tuple[OciSite, TokenServer]]:
    """Give a registry that asks to sign in, and points to `target` in one way."""
    # Not started: it answers through the registry, as many token servers do.
    tokens = TokenServer({"ann": PASSWORD})
    site = OciSite(
        sign_in=ACCOUNT,
        tokens=tokens if by_token else None,
        tls=context if scheme == "https" else None,
    )
    own = f"{scheme}://registry.test"
    realm = f"{target}/token" if way == "realm" else f"{own}/token"
    site.put("/token", tokens._find)
    if by_token:
        site.manners.challenge = lambda scope, reason: f'Bearer realm="{realm}",scope="{scope}"'
    descriptor = site.push_blob("acme/a", CONTENT, "a/b")
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor,
        "layers": [descriptor],
    }
    if way == "descriptor names a url":
        manifest["layers"] = [{**descriptor, "urls": [f"{target}/blob"]}]
    site.push("acme/a", "1.0", manifest)
    path = {
        "realm redirects": "/token",
        "root redirects": "/v2/",
        "catalog redirects": "/v2/_catalog",
        "tags redirect": "/v2/acme/a/tags/list",
        "manifest redirects": "/v2/acme/a/manifests/1.0",
        "blob redirects": f"/v2/acme/a/blobs/{descriptor['digest']}",
    }.get(way, "")
    if path:
        site.spoil(path, faults.redirect(f"{target}/elsewhere{path}", 307))
    if way == "link":
        link = {"Link": f'<{target}/v2/_catalog?last=a>; rel="next"'}
        names = b'{"repositories":["acme/a"]}'
        site.put(
            "/v2/_catalog",
            lambda request: Answer(200, names, {} if request.query.startswith("last") else link),
        )
    with site:
        yield site, tokens


def read_what_there_is(registry: Registry) -> None:
    """Ask for everything, whatever fails."""
    names = ["acme/a"]
    with suppress(RegistryError):
        registry.probe()
    with suppress(RegistryError):
        names = list(registry.catalog()) or names
    with suppress(RegistryError):
        registry.tags(names[0])
    with suppress(RegistryError):
        registry.digest(names[0], "1.0")
    with suppress(RegistryError):
        document = registry.manifest(names[0], "1.0").document
        assert isinstance(document, Image)
        assert registry.read_blob(names[0], document.layers[0]) == CONTENT
        with registry.blob(names[0], document.layers[0]) as blob:
            assert b"".join(blob) == CONTENT


def arrived(sites: dict[str, Site]) -> dict[str, Place]:
    places = {}
    for name, site in sites.items():
        whole = [f"{one.path} {dict(one.headers)}" for one in site.log]
        places[name] = Place(
            name,
            sum(PACKED in text or PASSWORD in text for text in whole),
            sum("Bearer" in text for text in whole),
            len(whole),
        )
    return places


@pytest.mark.parametrize(("scheme", "way", "towards", "approved"), CELLS)
def test_where_passwords_and_tokens_arrive(
    scheme: str,
    way: str,
    towards: str,
    approved: bool,
    authority: Authority,
    context: ssl.SSLContext,
    spies: dict[str, Spy],
) -> None:
    other = "http" if scheme == "https" else "https"
    target = TARGETS[towards].format(scheme=scheme, other=other)
    same, userinfo = towards == "same place", "@" in target
    hosts = ("registry.test", "evil.test", "registry.test.evil.test", "evilregistry.test")
    others: dict[str, Site] = {"registry.test:8443": spies[scheme]}
    for host in hosts:
        others |= {f"{host}:80": spies["http"], f"{host}:443": spies["https"]}
    for by_token in (True,) if way.startswith("realm") else (False, True):
        for spy in spies.values():
            spy.forget()
        with registry_that_points(scheme, way, target, context, by_token=by_token) as (site, _):
            port = 80 if scheme == "http" else 443
            with reading(
                site,
                ACCOUNT,
                name=f"{scheme}://registry.test",
                others={**others, f"registry.test:{port}": site},
                approved={target.partition("://")[2]} if approved and not userinfo else set(),
                tls=Tls(authority.certificate),
            ) as registry:
                read_what_there_is(registry)
            places = arrived({"registry": site, **spies})
        spied = [places["http"], places["https"]]
        if way not in ("realm", "realm redirects", "root redirects"):
            assert places["registry"].passwords > 0
            assert places["registry"].tokens > 0 or not by_token
        # A token never leaves the registry.
        assert sum(place.tokens for place in spied) == 0
        # A password does for a token server that was approved, and that is not less protected.
        may = way == "realm" and approved and not same and not userinfo
        may = may and not (scheme == "https" and target.startswith("http:"))
        given = sum(place.passwords for place in spied)
        assert (given > 0) == may, (given, places)
        if same and way == "realm":
            assert places["registry"].passwords > 0
        # Nobody is asked at all where that was not agreed to.
        if way in ("link", "descriptor names a url") or userinfo:
            assert sum(place.asked for place in spied) == 0
        if way == "realm" and not approved:
            assert sum(place.asked for place in spied) == 0
        if scheme == "https" and target.startswith("http:"):
            assert places["http"].asked == 0
        if way == "blob redirects" and not (userinfo or target.startswith(f"{other}:")):
            assert sum(place.asked for place in spied) == (0 if same else 2)


def test_the_matrix_is_large_enough() -> None:
    assert len(CELLS) >= 20
