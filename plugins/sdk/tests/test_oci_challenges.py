"""The headers that lead on: WWW-Authenticate to a sign-in, Link to the next page."""

from __future__ import annotations

import time

import pytest

from registrykit.errors import BadAnswer
from registrykit.oci.challenges import read_challenges
from registrykit.oci.links import next_link, next_page
from registrykit.urls import parse

BEARER = {"realm": "https://a.test/token", "service": "s"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ('Basic realm="r"', [("basic", {"realm": "r"})]),
        ("basic Realm=r", [("basic", {"realm": "r"})]),
        ("Basic", [("basic", {})]),
        (
            'Bearer realm="https://a.test/token",service="s"',
            [("bearer", BEARER)],
        ),
        (
            'bearer\trealm = "https://a.test/token" ,\tservice= "s"',
            [("bearer", BEARER)],
        ),
        (
            'Bearer realm="r",scope="repository:a:pull,push repository:b:pull"',
            [("bearer", {"realm": "r", "scope": "repository:a:pull,push repository:b:pull"})],
        ),
        (
            'Bearer realm="a \\"quoted\\" one, with \\\\"',
            [("bearer", {"realm": 'a "quoted" one, with \\'})],
        ),
        (
            'Basic realm="r", Bearer realm="t",service="s"',
            [("basic", {"realm": "r"}), ("bearer", {"realm": "t", "service": "s"})],
        ),
        (
            'Negotiate, Bearer realm="t", NTLM',
            [("negotiate", {}), ("bearer", {"realm": "t"}), ("ntlm", {})],
        ),
        (
            'Negotiate oRQwEqADCgEAoQsGCSqGSIL3EgECAg==, Basic realm="r"',
            [("negotiate", {}), ("basic", {"realm": "r"})],
        ),
        ("Bearer realm=https://a.test/token", [("bearer", {"realm": "https://a.test/token"})]),
        (',, Basic realm="r" ,,', [("basic", {"realm": "r"})]),
        ('Bearer realm=""', [("bearer", {"realm": ""})]),
        # What is not valid is left out, whatever stands beside it stays.
        ('Bearer realm="open', []),
        ('Basic realm="r", Bearer realm="open', [("basic", {"realm": "r"})]),
        ('Bearer realm="a",realm="b"', []),
        ('Bearer realm="a",realm="b", Basic realm="r"', [("basic", {"realm": "r"})]),
        ('realm="r"', []),
        ('Bearer realm="a" ; service="s"', []),
        ("=,=", []),
    ],
)
def test_au_11_challenges_are_read(header: str, expected: list[tuple[str, object]]) -> None:
    assert [(one.scheme, one.parameters) for one in read_challenges(header)] == expected


def test_au_11_no_header_takes_long() -> None:
    began = time.monotonic()
    many = ",".join(f'p{number}="x"' for number in range(10_000))
    assert read_challenges(f"Bearer {many}") == ()
    for header in ("," * 65_000, "Basic " * 10_000, 'a="' * 20_000, "B " + "\\" * 65_000):
        read_challenges(header)
        read_challenges(f'Bearer realm="{header}')
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ('</v2/_catalog?n=2&last=b>; rel="next"', "/v2/_catalog?n=2&last=b"),
        ("<a>; rel=next", "a"),
        ("<a>;rel=next", "a"),
        ('<a> ; REL="NEXT"', "a"),
        ('<a>; rel="prev next"', "a"),
        ('<a>; title="x, <b>; rel=next"; rel="next"', "a"),
        ('<p>; rel="prev", <n?last=a,b>; rel="next"', "n?last=a,b"),
        ('<p>; rel="prev"', None),
        ("<p>", None),
        ('<a>; rel="next"; rel="prev"', "a"),
        ("<>; rel=next", ""),
    ],
)
def test_pg_04_links_are_read(header: str, expected: str | None) -> None:
    assert next_link(header) == expected


@pytest.mark.parametrize(
    "header",
    ['/v2/_catalog?last=b; rel="next"', "next", '<a; rel="next"', '<a> rel="next"', '<a>; rel="n'],
)
def test_pg_04_a_link_that_cannot_be_read_is_no_end(header: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        next_link(header)
    assert refused.value.code == "bad-link"


LISTING = parse("https://r.test/api/docker/key/v2/_catalog?n=2")


@pytest.mark.parametrize(
    ("target", "query"),
    [
        ("/api/docker/key/v2/_catalog?last=b&n=2", "last=b&n=2"),
        ("/v2/_catalog?last=b", "last=b"),
        ("_catalog?last=b", "last=b"),
        ("?last=b", "last=b"),
        ("https://R.test:443/v2/_catalog?last=b", "last=b"),
        ("?last=a b", "last=a%20b"),
        ("?last=a,b", "last=a,b"),
    ],
)
def test_pg_04_only_the_query_of_a_link_is_followed(target: str, query: str) -> None:
    page = next_page(LISTING, LISTING, f'<{target}>; rel="next"')
    assert str(page) == f"https://r.test/api/docker/key/v2/_catalog?{query}"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("https://evil.test/v2/_catalog?last=b", "foreign-link"),
        ("//evil.test/v2/_catalog?last=b", "foreign-link"),
        ("http://r.test/v2/_catalog?last=b", "foreign-link"),
        ("https://r.test:444/v2/_catalog?last=b", "foreign-link"),
        ("https://r.test.evil.test/v2/_catalog", "foreign-link"),
        ("https://u:p@r.test/v2/_catalog?last=b", "bad-link"),
        ("ftp://r.test/v2/_catalog", "bad-link"),
        ("javascript:alert(1)", "bad-link"),
        ("/v2/acme/tags/list?last=b", "bad-link"),
        ("/", "bad-link"),
        ("catalog?last=b", "bad-link"),
        ("?last=" + "b" * 64_000, "bad-link"),
    ],
)
def test_pg_03_a_link_never_leads_to_another_place(target: str, code: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        next_page(LISTING, LISTING, f'<{target}>; rel="next"')
    assert refused.value.code == code
    assert refused.value.remedy
