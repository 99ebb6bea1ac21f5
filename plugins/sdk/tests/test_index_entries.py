"""What the entries of an index become, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from registrykit.artifacts import Dependency, Version
from registrykit.formats.entries import utc
from registrykit.formats.index import ChartListing, read_index

HEAD = b"apiVersion: v1\nentries:\n"
TAIL = b'generated: "2024-05-06T07:08:09.123456789Z"\n'
HEX = "0123456789abcdef" * 4


def index_of(text: str) -> bytes:
    """Return an index with these charts, indented as Helm does it."""
    return HEAD + text.encode() + TAIL


def listings(body: bytes, **more: Any) -> list[ChartListing]:
    return list(read_index(body, **more))


def chart(body: bytes) -> ChartListing:
    (listing,) = listings(body)
    return listing


def versions(listing: ChartListing) -> dict[str, Version]:
    return {version.version: version for _, version in listing.entries}


def test_every_field_finds_its_place() -> None:
    body = index_of(f"""\
  nginx:
  - annotations:
      licenses: Apache-2.0
    apiVersion: v2
    appVersion: 1.10
    condition: nginx.enabled
    created: "2024-01-02T03:04:05.678+02:00"
    dependencies:
    - condition: redis.enabled
      name: redis
      repository: oci://charts.example.com/stable
      version: 19.x.x
    - alias: shared
      name: common
      version: ^2
    deprecated: true
    description: A web server
    digest: {HEX.upper()}
    engine: gotpl
    home: https://example.com
    icon: https://example.com/icon.svg
    keywords:
    - web
    - proxy
    kubeVersion: '>=1.23.0-0'
    maintainers:
    - email: null
      name: Somebody
    name: nginx
    removed: true
    tillerVersion: ">2.0"
    type: application
    urls:
    - nginx-1.2.3.tgz
    - https://example.com/nginx-1.2.3.tgz
    - oci://example.com/nginx:1.2.3
    version: 1.2.3
""")
    index = read_index(body)
    assert (index.api_version, index.generated) == ("v1", "2024-05-06T07:08:09.123456789Z")
    assert (index.charts, index.layout, index.ends_openly) == (1, "pieces", False)
    (listing,) = index
    ((artifact, version),) = listing.entries
    assert (artifact.kind, artifact.path, artifact.name) == ("chart", "nginx", "nginx")
    assert artifact.description == "A web server"
    assert artifact.keywords == ("web", "proxy")
    assert version == Version(
        version="1.2.3",
        digest=f"sha256:{HEX}",
        created="2024-01-02T01:04:05.678Z",
        app_version="1.10",
        description="A web server",
        deprecated=True,
        urls=(
            "nginx-1.2.3.tgz",
            "https://example.com/nginx-1.2.3.tgz",
            "oci://example.com/nginx:1.2.3",
        ),
        dependencies=(
            Dependency(
                name="redis",
                version="19.x.x",
                repository="oci://charts.example.com/stable",
                kind="chart",
                optional=True,
                condition="redis.enabled",
            ),
            Dependency(name="common", version="^2", kind="chart", alias="shared"),
        ),
        facts={
            "annotations": {"licenses": "Apache-2.0"},
            "apiVersion": "v2",
            "condition": "nginx.enabled",
            "engine": "gotpl",
            "home": "https://example.com",
            "icon": "https://example.com/icon.svg",
            "keywords": ["web", "proxy"],
            "kubeVersion": ">=1.23.0-0",
            "maintainers": [{"name": "Somebody"}],
            "name": "nginx",
            "removed": True,
            "tillerVersion": ">2.0",
            "type": "application",
        },
    )
    assert (listing.skipped, listing.remarks, listing.unchanged) == ([], [], False)


def test_versions_keep_their_spelling() -> None:
    spelled = ["1.10", "1.0", "010", "2024-01-01", "on", "true", "1e3", "7", "latest", "v1.2",
               "1.5", "9" * 5000, "0x10", ".5", "1.", "-0", "nan", "1_0"]  # fmt: skip
    body = index_of("  odd:\n" + "".join(f"  - version: {one}\n    urls: [a]\n" for one in spelled))
    listing = chart(body)
    assert list(versions(listing)) == spelled
    assert not listing.skipped


def test_the_artifact_is_that_of_the_newest_stable_version_and_shared() -> None:
    body = index_of(
        "  a:\n"
        "  - {version: 1.9.0, description: old, keywords: [x], urls: [a]}\n"
        "  - {version: 1.10.0, description: stable, keywords: [y, 7, {}], urls: [a]}\n"
        "  - {version: 2.0.0-rc.1, description: coming, urls: [a]}\n"
    )
    listing = chart(body)
    artifacts = {id(artifact) for artifact, _ in listing.entries}
    assert len(artifacts) == 1
    artifact = listing.entries[0][0]
    assert (artifact.description, artifact.keywords) == ("stable", ("y", "7"))


def test_a_broken_entry_is_skipped_and_told_and_the_others_are_kept() -> None:
    body = index_of(
        "  a:\n"
        "  - just text\n"
        "  - version: null\n    name: x\n"
        "  - name: x\n"
        "  - - 1\n"
        "  -\n"
        "  - version: [1]\n"
        '  - version: "1\\n2"\n'
        "  - version: 1.0.0\n    urls: [a]\n    name: a\n    name: b\n"
        "  - version: 1.0.1\n    version: 1.0.2\n"
        "  - version: 2.0.0\n    ? [k]\n    : v\n"
        "  - version: 3.0.0\n    urls: [a]\n"
    )
    listing = chart(body)
    assert list(versions(listing)) == ["3.0.0"]
    assert listing.skipped == [
        ("", "entry 1 is text, not a mapping"),
        ("", "entry 2 has no version"),
        ("", "entry 3 has no version"),
        ("", "entry 4 is a list, not a mapping"),
        ("", "entry 5 is empty"),
        ("", "entry 6 has no version"),
        ("1\\x0a2", "the version has a control character"),
        ("1.0.0", 'entry 8 cannot be read: line 15 gives "name" a second time'),
        ("", 'entry 9 cannot be read: line 17 gives "version" a second time'),
        ("2.0.0", "entry 10 cannot be read: line 19 has a key that is not text"),
    ]
    assert listing.hash == "", "what was skipped must be told again the next time"


@pytest.mark.parametrize(
    ("digest", "expected", "raw"),
    [
        (HEX, f"sha256:{HEX}", None),
        (f"sha256:{HEX}", f"sha256:{HEX}", None),
        (HEX.upper(), f"sha256:{HEX}", None),
        (HEX[:-1], "", HEX[:-1]),
        (f"sha512:{HEX}", "", f"sha512:{HEX}"),
        ("d41d8cd98f00b204e9800998ecf8427e", "", "d41d8cd98f00b204e9800998ecf8427e"),
        ("12345", "", 12345),
        ("[1]", "", [1]),
        ("", "", None),
        ("null", "", None),
    ],
)
def test_digests(digest: str, expected: str, raw: object) -> None:
    body = index_of(f"  a:\n  - version: 1.0.0\n    urls: [a]\n    digest: {digest}\n")
    version = versions(chart(body))["1.0.0"]
    assert (version.digest, version.facts.get("digest")) == (expected, raw)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("2024-01-02t03:04:05.5z", "2024-01-02T03:04:05.5Z"),
        ("2024-01-02T03:04:05.123456789-03:30", "2024-01-02T06:34:05.123456789Z"),
        ("2024-01-02 03:04:05+00:00", "2024-01-02T03:04:05Z"),
        ("2099-12-31T23:59:59Z", "2099-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", ""),
        ("0001-01-01T00:00:00+02:00", ""),
        ("9999-12-31T23:59:59-01:00", ""),
        ("2024-13-45T00:00:00Z", ""),
        ("9999-99-99", ""),
        ("2024-01-02", ""),
        ("2024-01-02T03:04:05", ""),
        ("2024-01-02T03:04:0599Z", ""),
        ("٢٠٢٤-01-02T03:04:05Z", ""),
        (7, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_times(written: object, expected: str) -> None:
    assert utc(written) == expected


def test_an_unknown_time_costs_only_that_time() -> None:
    body = index_of("  a:\n  - version: 1.0.0\n    urls: [a]\n    created: 2024-13-45\n")
    listing = chart(body)
    version = versions(listing)["1.0.0"]
    assert (version.created, version.facts) == ("", {"created": "2024-13-45"})
    assert not listing.skipped
    assert not listing.remarks


@pytest.mark.parametrize(
    ("urls", "kept", "remark"),
    [
        ("[a.tgz, ../b.tgz, //cdn.example.com/c.tgz]",
         ("a.tgz", "../b.tgz", "//cdn.example.com/c.tgz"), ""),
        ('["https://e.com/a?b=c#d", "HTTP://e.com/a", "oci://e.com/a"]',
         ("https://e.com/a?b=c#d", "HTTP://e.com/a", "oci://e.com/a"), ""),
        ('["file:///etc/passwd", "a.tgz"]', ("a.tgz",), "was left out"),
        ('["file:///etc/passwd"]', (), "not downloadable: no URL"),
        ('["ftp://e.com/a", "javascript:alert(1)", "data:x"]', (), "not downloadable"),
        ('["C:\\\\x.tgz", "\\\\\\\\host\\\\share", "https:///x", "http://"]', (), "not download"),
        ('["a.tgz\\r\\nHost: x", "https://e.com/\\0"]', (), "not downloadable"),
        ("[7, {}, null]", (), "not downloadable"),
        ("[]", (), "not downloadable: it has no URL"),
        ("null", (), "not downloadable: it has no URL"),
        ("{}", (), "not downloadable"),
        ("a.tgz", ("a.tgz",), ""),
    ],
)  # fmt: skip
def test_urls(urls: str, kept: tuple[str, ...], remark: str) -> None:
    listing = chart(index_of(f"  a:\n  - version: 1.0.0\n    urls: {urls}\n"))
    assert versions(listing)["1.0.0"].urls == kept
    assert not listing.skipped, "the version stays in the list"
    assert [version for version, _ in listing.remarks] == (["1.0.0"] if remark else [])
    assert not remark or remark in listing.remarks[0][1]
    assert bool(listing.hash) == (not remark)


def test_what_is_too_long_is_shortened_with_a_mark() -> None:
    lines = "      hello world\n" * 300_000
    body = index_of(
        f"  a:\n  - version: 1.0.0\n    urls: [a]\n    description: >\n{lines}"
        f"    notes: |\n{lines}    home: x\n"
    )
    listing = chart(body)
    version = versions(listing)["1.0.0"]
    assert 16 * 1024 < len(version.description.encode()) < 16 * 1024 + 40
    assert version.description.endswith("… (shortened)")
    assert len(version.facts["notes"].encode()) < 64 * 1024 + 40
    assert version.facts["home"] == "x"
    assert [remark for _, remark in listing.remarks] == [
        "the description of 3,600,000 letters was shortened",
        "part of its metadata is too long or nested too deeply, and was left out",
    ]


def test_metadata_without_end_is_left_out() -> None:
    lines = "".join(f'      k{n}: "{"x" * 1000}"\n' for n in range(3000))
    listing = chart(index_of(f"  a:\n  - version: 1.0.0\n    urls: [a]\n    annotations:\n{lines}"))
    kept = versions(listing)["1.0.0"].facts["annotations"]
    assert 900 < len(kept) < 1100
    assert len(listing.remarks) == 1


def test_control_characters_that_are_escaped_are_kept_as_they_are() -> None:
    body = index_of('  a:\n  - version: 1\n    urls: [a]\n    description: "a\\0b\\x9b\\u202e"\n')
    assert versions(chart(body))["1"].description == "a\0b\x9b\u202e"


def test_facts_are_what_messages_can_carry() -> None:
    body = index_of(
        "  a:\n  - version: 1\n    urls: [a]\n    big: 123456789012345678901\n"
        "    float: 1.10\n    none: ~\n    list: [1, ~, {x: ~, y: 0.5}]\n    flag: false\n"
        "    deprecated: no\n"
    )
    assert versions(chart(body))["1"].facts == {
        "big": "123456789012345678901",
        "float": "1.10",
        "list": [1, {"y": "0.5"}],
        "flag": False,
        "deprecated": "no",
    }


def test_dependencies_that_do_not_fit_stay_facts() -> None:
    body = index_of(
        "  a:\n  - version: 1\n    urls: [a]\n    dependencies:\n"
        "    - name: one\n      tags: [x]\n    - just text\n"
        "  - version: 2\n    urls: [a]\n    dependencies: {}\n"
        "  - version: 3\n    urls: [a]\n    dependencies:\n"
    )
    found = versions(chart(body))
    assert found["1"].dependencies == (Dependency(name="one", kind="chart", optional=True),)
    assert found["1"].facts["dependencies"] == [{"name": "one", "tags": ["x"]}, "just text"]
    assert (found["2"].dependencies, found["2"].facts) == ((), {"dependencies": {}})
    assert (found["3"].dependencies, found["3"].facts) == ((), {})
