"""Lists of repositories and tags: all pages or an error, and never the wrong page."""

from __future__ import annotations

import json
import time

import pytest

from registrykit.cancel import CancelToken
from registrykit.errors import (
    BadAnswer,
    Cancelled,
    NotAllowed,
    NotFound,
    RegistryError,
    Unreachable,
)
from registrykit.oci import OciLimits
from registrykit.testing import faults
from registrykit.testing.oci import OciSite, reading
from registrykit.testing.servers import Answer, Request

NAMES = [f"acme/{letter}" for letter in "abcdefg"]


def filled(site: OciSite, names: list[str] | None = None) -> OciSite:
    for name in NAMES if names is None else names:
        site.push_image(name, "1.0")
    return site


def page(names: object, link: str = "", key: str = "repositories", **more: object) -> Answer:
    headers = {"Content-Type": "application/json"} | ({"Link": link} if link else {})
    return Answer(200, json.dumps({key: names, **more}).encode(), headers)


def fails(site: OciSite, limits: OciLimits | None = None) -> RegistryError:
    with reading(site, limits=limits) as registry, pytest.raises(RegistryError) as raised:
        registry.catalog()
    assert raised.value.remedy
    return raised.value


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("absolute", [False, True])
def test_pg_04_every_page_is_read_once(size: int, absolute: bool) -> None:
    with filled(OciSite()) as site, reading(site) as registry:
        site.manners.page_size, site.manners.absolute_links = size, absolute
        listing = registry.catalog()
        assert listing.names == tuple(NAMES)
        assert listing.pages == len(site.log) == -(-len(NAMES) // size)
        for tag in ("v1", "v3", "v2"):
            site.push_image("acme/a", tag)
        assert registry.tags("acme/a").names == ("1.0", "v1", "v2", "v3")


@pytest.mark.parametrize("link_prefix", [None, "", "/artifactory/api/docker/key"])
def test_pages_below_a_path_whatever_the_links_leave_out(link_prefix: str | None) -> None:
    with filled(OciSite(prefix="/artifactory/api/docker/key")) as site:
        site.manners.page_size, site.manners.link_prefix = 3, link_prefix
        with reading(site) as registry:
            assert registry.catalog().names == tuple(NAMES)
            assert registry.tags("acme/a").names == ("1.0",)
        assert all(one.path.startswith("/artifactory/api/docker/key/v2/") for one in site.log)


def test_a_list_below_a_path_and_no_longer_than_needed() -> None:
    with filled(OciSite(), ["acme", "acme/a", "acme/b/c", "acmes/x", "b/acme"]) as site:
        with reading(site) as registry:
            assert registry.catalog("acme").names == ("acme", "acme/a", "acme/b/c")
            assert registry.catalog("acme/b").names == ("acme/b/c",)
            assert registry.catalog("nothing").names == ()
        site.manners.page_size = 1
        site.forget()
        with reading(site) as registry:
            assert registry.catalog(enough=2).names == ("acme", "acme/a")
        assert len(site.log) == 2


def test_pg_01_a_page_that_leads_to_itself() -> None:
    with OciSite() as site:
        site.put("/v2/_catalog", page(["acme/a"], '</v2/_catalog?n=1000>; rel="next"'))
        assert fails(site).code == "endless-list"
        assert len(site.log) == 1


def test_pg_02_pages_without_an_end() -> None:
    with OciSite() as site:

        def endless(request: Request) -> Answer:
            at = len(site.log)
            return page([f"acme/{at}"], f'<?last={at}>; rel="next"')

        site.put("/v2/_catalog", endless)
        error = fails(site, OciLimits(pages=50))
        assert error.code == "endless-list"
        assert len(site.log) == 50
        assert fails(site, OciLimits(names=10)).code == "endless-list"
        assert fails(site, OciLimits(listing=0.05)).code == "endless-list"


def test_pg_02_pages_without_an_end_and_without_names() -> None:
    with OciSite() as site:
        site.put("/v2/_catalog", lambda request: page([], f'<?last={len(site.log)}>; rel="next"'))
        assert fails(site, OciLimits(empty_pages=20)).code == "endless-list"
        assert len(site.log) == 21


def test_pg_05_a_cursor_that_is_ignored() -> None:
    with OciSite() as site:
        site.put(
            "/v2/_catalog",
            lambda request: page(["acme/a", "acme/b"], f'<?last={len(site.log)}>; rel="next"'),
        )
        assert fails(site).code == "endless-list"
        assert len(site.log) == 2


def test_pg_06_pages_that_overlap() -> None:
    pages = {
        "n=1000": page(["a", "b", "c"], '<?last=c>; rel="next"'),
        "last=c": page(["c", "d"], '<?last=d>; rel="next"'),
        "last=d": page([], '<?last=e>; rel="next"'),
        "last=e": page(["a", "e"]),
    }
    with OciSite() as site:
        site.put("/v2/_catalog", lambda request: pages[request.query])
        with reading(site) as registry:
            assert registry.catalog().names == ("a", "b", "c", "d", "e")


def test_pg_07_half_a_list_is_no_list() -> None:
    with filled(OciSite()) as site:
        site.manners.page_size = 1

        def broken(request: Request) -> Answer:
            if request.query.endswith("last=acme%2Fd"):
                return Answer(500, b"no")
            return site._catalog(request)

        site.put("/v2/_catalog", broken)
        assert isinstance(fails(site), Unreachable)


@pytest.mark.parametrize("largest", [1000, 500, 100, 50, 0])
def test_pg_08_a_page_size_that_is_refused(largest: int) -> None:
    with filled(OciSite()) as site, reading(site) as registry:
        site.manners.largest_page = largest
        assert registry.catalog().names == tuple(NAMES)
        refusals = [one.path for one in site.log if one.status == 400]
        assert refusals == [f"/v2/_catalog?n={size}" for size in (1000, 100) if size > largest]
        # What was learnt once holds for the whole run.
        site.forget()
        assert registry.tags("acme/a").names == ("1.0",)
        assert len(site.log) == 1


@pytest.mark.parametrize(
    ("body", "names", "odd"),
    [
        (b'{"name":"acme/a","tags":null}', (), 0),
        (b'{"name":"acme/a"}', (), 0),
        (b"{}", (), 0),
        (b'{"name":"acme/a","tags":[]}', (), 0),
        (b'{"tags":["2","10","1","2"]}', ("2", "10", "1"), 0),
        (b'{"tags":["1",2,null,"","a+b",{"x":1},"..","ok"]}', ("1", "ok"), 6),
        (b'{"tags":["' + b"x" * 1_000_000 + b'","ok"]}', ("ok",), 1),
        ('{"tags":["é","ok"]}'.encode(), ("ok",), 1),
        (b'{"name":"acme/a","tags":["1"],"manifest":{},"child":[]}', ("1",), 0),
    ],
)
def test_pg_09_pg_10_pg_17_tags(body: bytes, names: tuple[str, ...], odd: int) -> None:
    with OciSite() as site, reading(site) as registry:
        site.put("/v2/acme/a/tags/list", Answer(200, body))
        listing = registry.tags("acme/a")
        assert (listing.names, listing.odd, len(listing.unusable)) == (names, odd, odd)
        assert all(len(shown) <= 80 for shown in listing.unusable)


@pytest.mark.parametrize(
    "body",
    [
        b'{"tags":{"1":{}}}',
        b'{"tags":"1"}',
        b'{"tags":["1"],"nextToken":"x"}',
        b'{"imageTagDetails":[]}',
        b'["1"]',
        b"null",
        b"",
        b"{",
        b"[" * 100_000,
        b'{"tags":["1"]} trailing',
        b"<html></html>",
        b"\xff\xfe",
    ],
)
def test_pg_09_pg_16_what_is_no_list(body: bytes) -> None:
    with OciSite() as site, reading(site) as registry:
        site.put("/v2/acme/a/tags/list", Answer(200, body))
        with pytest.raises(BadAnswer) as raised:
            registry.tags("acme/a")
        assert raised.value.code == "bad-list"


def test_pg_10_very_many_tags() -> None:
    tags = [f"{n % 7}.{n}" for n in range(400_000)]
    body = json.dumps({"name": "acme/a", "tags": tags}).encode()
    with OciSite() as site, reading(site) as registry:
        site.put("/v2/acme/a/tags/list", Answer(200, body))
        began = time.monotonic()
        assert len(registry.tags("acme/a")) == len(tags)
        assert time.monotonic() - began < 24
        site.put("/v2/acme/a/tags/list", Answer(200, body * 2))
        with pytest.raises(BadAnswer) as raised:
            registry.tags("acme/a")
        assert raised.value.code == "too-large"


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("acme/a", True),
        ("key/acme/a", True),
        ("a", True),
        ("acme/b", False),
        ("xacme/a", False),
        ("", False),
        (7, False),
    ],
)
def test_pg_11_the_tags_of_another_repository(name: object, right: bool) -> None:
    with OciSite() as site, reading(site) as registry:
        site.put("/v2/acme/a/tags/list", page(["1"], key="tags", name=name))
        if right:
            assert registry.tags("acme/a").names == ("1",)
            return
        with pytest.raises(BadAnswer) as raised:
            registry.tags("acme/a")
        assert raised.value.code == "wrong-repository"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, NotAllowed, "catalog-not-allowed"),
        (403, NotAllowed, "catalog-not-allowed"),
        (404, NotFound, "no-catalog"),
        (405, NotFound, "no-catalog"),
        (501, NotFound, "no-catalog"),
        (400, BadAnswer, "unexpected-status"),
        (500, Unreachable, "server-error"),
    ],
)
def test_pg_12_registries_without_a_list(status: int, kind: type[RegistryError], code: str) -> None:
    from registrykit.testing.tokens import TokenServer

    with TokenServer() as tokens, filled(OciSite(tokens=tokens)) as site:
        site.manners.catalog = status
        with reading(site, via=tokens) as registry:
            if status == 401:
                tokens.may = lambda user, scope: scope.startswith("repository")
            with pytest.raises(kind) as raised:
                registry.catalog()
            assert raised.value.code == code
            assert registry.tags("acme/a").names == ("1.0",)
        if code.endswith(("catalog", "allowed")):
            assert "paths" in raised.value.remedy


ODD_NAMES = ["../x", "A/b", "a/../b", "%2e%2e/x", "a" * 300, "a b", "a\r\nX: y", "", "a//b", "é", 5]


def test_pg_13_names_that_break_the_grammar_get_into_no_url() -> None:
    with filled(OciSite()) as site, reading(site) as registry:
        site.put("/v2/_catalog", page([*ODD_NAMES, "acme/a"]))
        listing = registry.catalog()
        assert listing.names == ("acme/a",)
        assert listing.odd == len(ODD_NAMES)
        assert all(shown.isprintable() for shown in listing.unusable)
        site.forget()
        for name in [name for name in ODD_NAMES if isinstance(name, str)]:
            for ask in (registry.tags, lambda name: registry.manifest(name, "1.0")):
                with pytest.raises(BadAnswer) as raised:
                    ask(name)
                assert raised.value.code == "bad-reference"
        for reference in ("", "a/b", "..", "a+b", "x" * 129, "sha256:12", "a\r\n"):
            with pytest.raises(BadAnswer):
                registry.manifest("acme/a", reference)
        assert not site.log


def test_pg_14_a_repository_that_was_deleted_meanwhile() -> None:
    with filled(OciSite()) as site, reading(site) as registry:
        with pytest.raises(NotFound) as raised:
            registry.tags("acme/gone")
        assert raised.value.code == "no-repository"
        assert "acme/gone" in str(raised.value)


def test_a_long_list_ends_when_it_is_cancelled() -> None:
    token = CancelToken()
    with OciSite() as site:

        def endless(request: Request) -> Answer:
            if len(site.log) == 20:
                token.cancel()
            return page([f"acme/{len(site.log)}"], f'<?last={len(site.log)}>; rel="next"')

        site.put("/v2/_catalog", endless)
        with reading(site, cancel=token) as registry, pytest.raises(Cancelled):
            registry.catalog()
        assert len(site.log) < 25


def test_ht_23_a_web_page_in_place_of_a_list() -> None:
    with filled(OciSite()) as site:
        site.spoil("*", faults.html("Welcome to the hotel"))
        assert fails(site).code == "bad-list"
