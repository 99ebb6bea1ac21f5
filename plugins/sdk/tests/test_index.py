"""What an index lists, chart by chart, and what is refused as a whole."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registrykit.artifacts import Version
from registrykit.errors import BadAnswer
from registrykit.formats.index import LISTED_TWICE, ChartListing, IndexLimits, read_index

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


def refused(body: bytes, limits: IndexLimits | None = None) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        list(read_index(body, limits=limits))
    error = caught.value
    assert str(error).endswith(".")
    assert error.cause
    assert error.remedy
    return error


@pytest.mark.parametrize("layout", ["pieces", "document"])
def test_a_version_that_is_listed_twice_counts_once(layout: str) -> None:
    other = "f" * 64
    text = (
        f"  a:\n  - version: 1.0.0\n    digest: {HEX}\n    urls: [first]\n"
        f"  - version: 1.0.0\n    digest: sha256:{HEX.upper()}\n    urls: [second]\n"
        f"  - version: 1.0.0\n    digest: {other}\n    urls: [third]\n"
        "  - version: 1.0.0\n    urls: [fourth]\n"
        "  - version: 2.0.0\n    urls: [x]\n"
        "  - version: 2.0.0\n    urls: [y]\n"
    )
    body = index_of(text if layout == "pieces" else text.replace("\n  ", "\n   ").replace(
        "  a:", "   a:", 1))  # fmt: skip
    assert read_index(body).layout == layout
    listing = chart(body)
    assert {v: one.urls for v, one in versions(listing).items()} == {
        "1.0.0": ("first",),
        "2.0.0": ("x",),
    }
    assert listing.skipped == [("1.0.0", LISTED_TWICE), ("1.0.0", LISTED_TWICE)]


def test_a_chart_that_is_listed_twice_is_one_chart() -> None:
    body = index_of(
        f"  a:\n  - version: 1.0.0\n    urls: [a]\n    digest: {HEX}\n"
        "  b:\n  - version: 7.0.0\n    urls: [b]\n"
        f"  a:\n  - version: 2.0.0\n    urls: [c]\n  - version: 1.0.0\n    digest: {'0' * 64}\n"
        "  a: nothing\n"
    )
    one, two = sorted(listings(body), key=lambda listing: listing.name)
    assert (one.name, list(versions(one))) == ("a", ["1.0.0", "2.0.0"])
    assert versions(one)["1.0.0"].urls == ("a",)
    assert one.skipped == [
        ("1.0.0", LISTED_TWICE),
        ("", "entry 4 cannot be read: the versions of the chart are not a list"),
    ]
    assert (two.name, list(versions(two))) == ("b", ["7.0.0"])


def test_names_of_charts() -> None:
    long = "x" * 256
    names = ['"../../x"', '"a/b"', '"."', '".."', f'"{long}"', '"a\\0b"', '"a\\nb"', '""',
             "CON", "été", '"' + "y" * 255 + '"', "a.b_c-1", "'1'", '"\\x9b31m"']  # fmt: skip
    body = index_of("".join(f"  {name}:\n  - version: 1.0.0\n    urls: [a]\n" for name in names))
    index = read_index(body)
    assert index.layout == "pieces"
    found = list(index)
    assert len(found) == len(names)
    assert [one.name for one in found if one.entries] == ["CON", "été", "y" * 255, "a.b_c-1", "1"]
    for one in found:
        assert bool(one.skipped) != bool(one.entries)
        assert one.name.isprintable()
    reasons = [one.skipped[0][1] for one in found if one.skipped]
    assert reasons == [
        "the name of the chart has a slash",
        "the name of the chart has a slash",
        "the name of the chart is a folder's",
        "the name of the chart is a folder's",
        "the name of the chart is longer than 255 bytes",
        "the name of the chart has a control character",
        "the name of the chart has a control character",
        "the name of the chart is empty",
        "the name of the chart has a control character",
    ]


def test_odd_charts() -> None:
    body = index_of(
        "  none:\n  empty: []\n  map: {}\n  text: x\n  good:\n  - {version: 1, urls: [a]}\n"
    )
    found = {listing.name: listing for listing in listings(body)}
    assert [name for name, one in found.items() if one.skipped] == ["map", "text"]
    assert found["map"].skipped == [("", "its versions are not a list")]
    assert list(versions(found["good"])) == ["1"]


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (b"", "empty-index", ""),
        (b" \n\t\n", "empty-index", ""),
        (b"\xef\xbb\xbf", "empty-index", ""),
        (b"null\n", "empty-index", ""),
        (b"---\n", "empty-index", ""),
        (b"{}", "empty-index", ""),
        (b"<!DOCTYPE html><html><body>Sign in", "not-an-index", "login or a proxy"),
        (b"\n  <html>", "not-an-index", "web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "not-an-index", "XML"),
        (b"404 page not found", "not-an-index", '"404 page not found"'),
        (b'{"errors":[{"code":"DENIED","message":"no access"}]}', "not-an-index", "no access"),
        (b'{"message":"Not Found"}', "not-an-index", "Not Found"),
        (b"error: boom\n", "not-an-index", "boom"),
        (b"- a\n- b\n", "not-an-index", "list"),
        (b"[]", "not-an-index", "list"),
        (b"name: chart\nversion: 1.0.0\n", "not-an-index", "neither apiVersion nor entries"),
        (b"\x1f\x8b\x08\x00\x00", "not-an-index", "compressed"),
        (b"entries: {}\n", "no-api-version", "apiVersion"),
        (b"entries:\n  a:\n  - version: 1\n", "no-api-version", "apiVersion"),
        (b"apiVersion: v1\n", "no-entries", "missing"),
        (b"apiVersion: v1\nentries:\n", "no-entries", "empty"),
        (b"apiVersion: v1\nentries: []\n", "no-entries", "list"),
        (b"apiVersion: v1\nentries:\n- a\n", "no-entries", "list"),
        (b"apiVersion: v1\nentries: a\n", "no-entries", "text"),
        (HEAD + b"  a: &x\n  - version: 1\n" + TAIL, "yaml-reference", "line 3"),
        (HEAD + b"  a:\n  - version: *x\n" + TAIL, "yaml-reference", "line 4"),
        (HEAD + b"  a:\n  - <<: {version: 1}\n" + TAIL, "yaml-reference", "line 4"),
        (HEAD + b"  a:\n  - version: !!str 1\n" + TAIL, "yaml-tag", "line 4"),
        (HEAD + b"  a: " + b"[" * 100_000, "yaml-nested", "line 3"),
        (b"[" * 100_000, "yaml-nested", ""),
        (b'{"a":' * 100_000, "yaml-nested", ""),
        (HEAD + b"  a:\n  - version: 1\n---\n" + HEAD, "yaml-documents", "line 5"),
        (HEAD + b"  a:\n\t- version: 1\n", "yaml-syntax", "Line 4 has a tab"),
        (HEAD + b"  a:\n  - version: \x01\n" + TAIL, "yaml-syntax", "Line 4 has a control"),
        (HEAD + b"  a:\n  - version: 1\n    x: caf\xe9\n", "yaml-encoding", "Byte 54 "),
        (HEAD + b"  a:\n  - x: " + b"y" * 1_100_000 + b"\n" + TAIL, "yaml-line", "Line 4"),
        (b'{"apiVersion":"v1","entries":{"a":[{"version":"1', "yaml-syntax", "JSON"),
        (b'{"apiVersion":"v1","entries":{}} trailing', "yaml-syntax", "JSON"),
    ],
)
def test_what_is_no_index(body: bytes, code: str, says: str) -> None:
    error = refused(body)
    assert (error.code, says in error.cause) == (code, True), error.cause


def test_an_index_without_charts_is_an_index() -> None:
    for body in (b"apiVersion: v1\nentries: {}\n", b'{"apiVersion":"v1","entries":{}}'):
        index = read_index(body)
        assert (list(index), index.charts) == ([], 0)


def test_limits() -> None:
    body = index_of("  a:\n" + "".join(f"  - version: {n}.0.0\n" for n in range(11)))
    assert len(chart(body).entries) == 11
    assert refused(body, IndexLimits(size=100)).code == "too-large"
    error = refused(body, IndexLimits(entries=10))
    assert error.code == "too-many-entries"
    assert "11" in error.cause
    wide = body.replace(b"\n  -", b"\n    -")
    assert refused(wide, IndexLimits(entries=10)).code == "too-many-entries"
    flow = b"apiVersion: v1\nentries: {a: [" + b"{version: 1}, " * 11 + b"]}\n"
    assert refused(flow, IndexLimits(entries=10)).code == "too-many-entries"


CUTTABLE = index_of(
    f"  a:\n  - version: 1.0.0\n    digest: {HEX}\n    description: \"two\n      lines\"\n"
    "    urls:\n    - a.tgz\n  b:\n  - version: 2.0.0\n    description: |\n      block\n"
    "    urls: [b.tgz]\n"
)  # fmt: skip


def test_no_place_to_cut_an_index_gives_more_or_other_than_it_said() -> None:
    """Cut anywhere: either an error, or only what stands before the cut, and a sign of it."""
    whole = {one.name: set(versions(one)) for one in listings(CUTTABLE)}
    errors = 0
    for end in range(len(CUTTABLE)):
        try:
            index = read_index(CUTTABLE[:end])
            found = {one.name: one for one in index}
        except BadAnswer:
            errors += 1
            continue
        assert index.generated != "2024-05-06T07:08:09.123456789Z" or end >= len(CUTTABLE) - 1
        assert index.ends_openly == (CUTTABLE[end - 1 : end] != b"\n")
        if not index.ends_openly:
            for name, one in found.items():
                assert set(versions(one)) <= whole[name]
    assert errors > len(CUTTABLE) // 3


def test_an_unchanged_chart_is_not_read_again() -> None:
    first = "  a:\n  - version: 1.0.0\n    urls: [a]\n"
    body = index_of(first + "  b:\n  - version: 2.0.0\n    urls: [b]\n")
    known = {one.name: one.hash for one in listings(body)}
    assert set(known) == {"a", "b"}
    assert all(known.values())
    changed = body.replace(b"version: 2.0.0", b"version: 2.0.1")
    one, two = listings(changed, known_hashes=known)
    assert (one.unchanged, one.entries, one.hash) == (True, [], known["a"])
    assert (two.unchanged, list(versions(two))) == (False, ["2.0.1"])
    moved = index_of("  b:\n  - version: 2.0.0\n    urls: [b]\n" + first)
    assert all(one.unchanged for one in listings(moved, known_hashes=known))


def test_hashes_work_in_every_layout() -> None:
    flow = b'{apiVersion: v1, entries: {a: [{version: 1.0, urls: [x]}]}}'  # fmt: skip
    json = b'{"apiVersion":"v1","entries":{"a":[{"version":1.0,"urls":["x"]}]}}'
    known = {one.name: one.hash for one in listings(flow)}
    assert known["a"]
    for body, layout in ((flow, "document"), (json, "json")):
        assert read_index(body).layout == layout
        (one,) = listings(body, known_hashes=known)
        assert (one.unchanged, one.entries) == (True, [])
    changed = flow.replace(b"1.0", b"1.1")
    assert [one.unchanged for one in listings(changed, known_hashes=known)] == [False]


def test_a_layout_that_deceives_the_cutting_is_read_right() -> None:
    """A quoted text may hold lines that look like charts."""
    text = (
        "  a:\n  - version: 1.0.0\n    urls: [a]\n    description: \"x\n  b:\n"
        "  - version: 6.6.6\"\n  c:\n  - version: 3.0.0\n    urls: [c]\n"
    )  # fmt: skip
    found = {one.name: list(versions(one)) for one in listings(index_of(text))}
    assert found == {"a": ["1.0.0"], "c": ["3.0.0"]}


def test_json_with_everything_odd() -> None:
    body = (
        b'\xef\xbb\xbf {"apiVersion": "v1", "generated": "2024-01-01T00:00:00Z", "entries":'
        b'{"a":[{"version":1.10,"urls":["x"],"description":"\\ud800 \\ud83d\\ude00","n":1e3},'
        b'{"version":"2","a":1,"a":2},7],"b":[],"a":[{"version":"3","urls":["y"]}]}}\n'
    )
    index = read_index(body)
    assert (index.layout, index.charts, index.generated) == ("json", 2, "2024-01-01T00:00:00Z")
    two, one = index
    assert (two.name, two.entries) == ("b", [])
    assert list(versions(one)) == ["1.10", "3"]
    assert versions(one)["1.10"].description == "\\ud800 \U0001f600"
    assert versions(one)["1.10"].facts == {"n": "1e3"}
    assert one.skipped == [
        ("2", 'entry 2 cannot be read: it gives "a" a second time'),
        ("", "entry 3 is text, not a mapping"),
    ]


def test_the_same_bytes_give_the_same_hash_and_others_another() -> None:
    def hashes(text: str) -> str:
        return chart(index_of(text)).hash

    first = "  a:\n  - version: 1.0.0\n    urls: [a]\n"
    assert hashes(first) == hashes(first) != hashes(first.replace("[a]", "[b]"))
    block = hashlib.blake2b(first.encode(), digest_size=16).hexdigest()
    assert hashes(first) == f"p:{block}"


def test_nothing_is_written_to_standard_error() -> None:
    """The fast parser reports errors on its own; nobody could read them there."""
    script = (
        "import sys\n"
        "from registrykit.formats.index import read_index\n"
        "body = b'apiVersion: v1\\nentries:\\n  a:\\n  - version: [1\\n  b:\\n  - x: \\'\\n'\n"
        "try:\n    list(read_index(body + b'generated: x\\n'))\n"
        "except Exception as error:\n    print(error.code)\n"
        "sys.stderr.write('still there')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout.strip() == "yaml-syntax"
    assert run.stderr == "still there"


REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "helm"


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_dir(), reason="the real index files are not beside the checkout")
def test_real_files_are_cut_into_pieces_and_lose_nothing() -> None:
    for path in sorted(REAL.glob("*.yaml.gz")):
        body = gzip.decompress(path.read_bytes())
        index = read_index(body)
        assert (index.layout, index.ends_openly) == ("pieces", False)
        assert index.generated
        for listing in index:
            assert listing.entries
            assert (listing.skipped, listing.remarks) == ([], [])
            assert all(version.digest and version.created for _, version in listing.entries)
