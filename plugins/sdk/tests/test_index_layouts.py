"""Three readings of the same index agree: in pieces, as one document, and by PyYAML itself."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registrykit.errors import BadAnswer
from registrykit.formats import index as index_module
from registrykit.formats import rapid
from registrykit.formats.entries import read_chart_entries
from registrykit.formats.index import ChartListing, Index, IndexLimits, read_index
from registrykit.formats.rapid import UNSURE, FastReader
from registrykit.formats.yaml import read_yaml

Reading: TypeAlias = dict[str, dict[str, str]]
Listings: TypeAlias = dict[str, ChartListing]

LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "helm"

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=30),
    st.sampled_from(
        ["1.10", "on", "null", "~", "true", "'", '"', "a: b", "- x", "# no", "x #1", "*", "&a", "!",
         "%", "@", "{", "[", "]", "|", ">", "a\nb", "a\n\nb\n", " lead", "trail ", "\ta", "a\tb",
         "é€\U0001f600", "0x1f", "1e3", ".5", "5.", "-0", "nan", ".inf", "1_0", "<<",
         "a" * 90 + " " + "b" * 90, "[x]: y", "2024-01-01", "\\", '\\": ', "---", "...", "? a"]
    ),
)  # fmt: skip
FACTS = st.recursive(
    st.one_of(TEXTS, st.integers(-(10**19), 10**19), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
NAMES = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?", fullmatch=True),
    st.sampled_from(["1", "1.10", "true", "null", "on", "été", "a b", "~", "-x", "a:b", "CON"]),
)
VERSIONS = st.one_of(
    st.tuples(*[st.integers(0, 20)] * 3).map(lambda t: "{}.{}.{}".format(*t)),
    st.sampled_from(["1.10", "1.0.0-rc.1+b", "latest", "010", "v1.2", "1e3", "on", "0x1"]),
)
ENTRIES = st.fixed_dictionaries(
    {"version": VERSIONS, "urls": st.lists(st.sampled_from(["a.tgz", "https://e.com/b.tgz"]))},
    optional={
        "digest": st.one_of(st.text("0123456789abcdef", min_size=64, max_size=64), TEXTS),
        "description": TEXTS,
        "appVersion": TEXTS,
        "annotations": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "keywords": st.lists(TEXTS, max_size=3),
        "created": st.just("2024-01-02T03:04:05Z"),
        "deprecated": st.booleans(),
        "extra": FACTS,
        "dependencies": st.lists(
            st.fixed_dictionaries({"name": NAMES, "version": TEXTS}), max_size=2
        ),
    },
)
CHARTS = st.dictionaries(
    NAMES, st.lists(ENTRIES, max_size=4, unique_by=lambda entry: entry["version"]), max_size=4
)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


@st.composite
def indexes(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    """Draw an index in one of many layouts, and what it was made from."""
    charts = draw(CHARTS)
    top: dict[str, Any] = {"apiVersion": "v1", "entries": charts}
    if draw(st.booleans()):
        top["generated"] = "2024-01-01T00:00:00Z"
    if draw(st.booleans()):
        top = {"serverInfo": {"a": "b"}, **top, "annotations": {}}
    if draw(st.integers(0, 5)) == 0:
        return json.dumps(top, indent=draw(st.sampled_from((None, 2)))).encode(), charts
    text = yaml.dump(
        top,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=draw(st.booleans()),
        width=draw(st.sampled_from((20, 80, 10_000))),
        indent=draw(st.sampled_from((2, 2, 2, 4))),
        default_flow_style=draw(st.sampled_from((False, False, False, None))),
        explicit_start=draw(st.booleans()),
    )
    if draw(st.booleans()):
        text = text.replace("entries:\n", "entries: # these\n# the charts\n\n", 1)
    newline = draw(st.sampled_from(("\n", "\n", "\r\n")))
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16")))
    return text.replace("\n", newline).encode(encoding), charts


def by_index(index: Index) -> Listings:
    """Return the listings by name, without the hashes, which tell the layouts apart."""
    listings = [replace(listing, hash="") for listing in index]
    assert len({listing.name for listing in listings}) == len(listings)
    return {listing.name: listing for listing in listings}


def as_document(body: bytes) -> Listings:
    """Return the listings as the slow way reads them, whatever the layout is."""
    content = index_module._checked_content(body)
    return by_index(index_module._read_yaml(content, {}, IndexLimits()))


def by_whole(body: bytes) -> Listings:
    """Return the listings of an index that is read into memory at once."""
    whole = read_yaml(body, limits=IndexLimits().yaml)
    assert isinstance(whole, dict)
    charts = whole["entries"]
    assert isinstance(charts, dict)
    return {name: replace(read_chart_entries(name, c, ""), hash="") for name, c in charts.items()}


def by_pyyaml(body: bytes) -> Reading:
    """Return charts, versions and digests as a reader of others finds them."""
    whole = json.loads(body) if body[:1] == b"{" else yaml.load(body, Loader=LOADER)
    return {
        name: {str(entry["version"]): _hex(entry.get("digest")) for entry in entries}
        for name, entries in (whole["entries"] or {}).items()
    }


def _hex(digest: object) -> str:
    text = str(digest).lower().removeprefix("sha256:")
    is_digest = len(text) == 64 and not set(text) - set("0123456789abcdef")
    return f"sha256:{text}" if is_digest else ""


def read(listings: Listings) -> Reading:
    return {
        name: {version.version: version.digest for _, version in listing.entries}
        for name, listing in listings.items()
    }


@settings(max_examples=150, deadline=None)
@given(indexes())
def test_generated_indexes_are_read_alike(drawn: tuple[bytes, dict[str, Any]]) -> None:
    body, charts = drawn
    listings = by_index(read_index(body))
    assert read(listings) == by_pyyaml(body)
    for name, entries in charts.items():
        assert not listings[name].skipped
        found = {version.version: version for _, version in listings[name].entries}
        assert list(found) == [entry["version"] for entry in entries]
        for entry in entries:
            version = found[entry["version"]]
            assert version.description == entry.get("description", "")
            assert version.facts.get("annotations") == entry.get("annotations")
            assert version.deprecated == entry.get("deprecated", False)
    if body[:1] != b"{":
        assert listings == as_document(body) == by_whole(body)


def test_the_usual_layout_is_read_in_pieces() -> None:
    """Else the tests of agreement would compare one way with itself."""
    charts = {"a": [{"version": "1.0.0", "urls": ["x"]}], "b.c": [], "1": [{"version": "2"}]}
    body = yaml.safe_dump({"apiVersion": "v1", "entries": charts}).encode()
    assert read_index(body).layout == "pieces"
    piece = b"  a:\n  - version: 1.10\n    text: |\n      x [1] & y # z\n"
    assert FastReader().read(piece) == {"a": [{"version": "1.10", "text": "x [1] & y # z\n"}]}


def test_without_the_fast_parser_everything_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = by_index(read_index(MUTABLE))
    assert sum(len(listing.entries) for listing in expected.values()) == 4
    monkeypatch.setattr(rapid, "_ryml", None)
    assert FastReader().read(b"  a: 1\n") is UNSURE
    assert by_index(read_index(MUTABLE)) == expected


SCALARS = r"""
1 -1 0 -0 00 010 +5 1.10 1. .5 -.5 1e3 1E+5 1.e5 12e03 1e400 0x1f 0o7 0b1 1_000 1:30 ~ null Null
NULL true True TRUE false on off yes y .inf -.inf .Inf .nan nan inf infinity NaN - -- -x ?x :x x:
x#y 'a' "a" 'a''b' "a\n" "\x41" "\u00e9" "\ud800" [] {} [a] [1,2] [a,'b'] {a:b} {"a":1} ] } , | >
|- >- & * ! & *a &a !a @a `a %a !!str << = 2024-01-01 99999999999999999999 123456789012345678
1234567890123456789 -1234567890123456789 \ \\": "a\\": 'b: a:b a: '' "" ''' " ' é "\x85" ... ---
""".split()


@pytest.mark.parametrize("scalar", SCALARS)
def test_the_fast_reader_agrees_or_is_unsure(scalar: str) -> None:
    for place in (
        "  k: %s\n",
        "  - %s\n",
        "  k: %s  # c\n",
        "  %s: 1\n",
        "  k:\n  - a\n  - %s x\n",
    ):
        piece = (place % scalar).encode()
        fast = FastReader().read(piece)
        try:
            remarks: list[str] = []
            slow = read_yaml(piece, remarks=remarks)
        except BadAnswer:
            assert fast is UNSURE, piece
            continue
        assert fast is UNSURE or (fast == slow and _types(fast) == _types(slow)), piece


@pytest.mark.parametrize(
    "piece",
    [
        "  a:\n  - b #c\n    d: 1\n",
        "  a:\n  - b\n  #c\n    d: 1\n",
        "  a:\n  - b\n\n  #c\n    d: 1\n",
        "  a:\n    ...\n  b: 1\n",
        "  a: |x\n    y\n",
        "  a: [b\n  #c\n  ]\n",
        "  a:\n    : b\n",
        "  a: b\n   c: d\n",
    ],
)
def test_the_fast_reader_leaves_what_is_doubtful(piece: str) -> None:
    assert FastReader().read(piece.encode()) is UNSURE


def _types(value: Any) -> object:
    if isinstance(value, dict):
        return [_types(child) for child in value.values()]
    return [_types(child) for child in value] if isinstance(value, list) else type(value)


MUTABLE = b"""\
apiVersion: v1
entries:
  first:
  - annotations:
      changes: |
        - kind: "fixed" # not a comment
          text: >= 1.2 [x]
      note: "quoted
        over \\"two\\" lines"
    appVersion: 1.10
    created: "2024-01-02T03:04:05Z"
    description: plain
      over two lines
    keywords: [a, b]
    maintainers:
    - email: a@example.com
      name: 'it''s me'
    urls:
    - https://example.com/first-1.0.0.tgz?a=b&c=d
    version: 1.0.0
  - version: 0.9.0-rc.1
    urls: []
  second:
  - {version: 2.0.0, urls: [b.tgz]}
  third:
    - version: 3.0.0
      urls:
        - c.tgz
generated: "2024-05-06T07:08:09Z"
"""
SIGNS = [
    b":", b": ", b"- ", b"\n", b"  ", b" ", b"'", b'"', b"[", b"]", b"{", b"}", b",", b" #",
    b"&a ", b"*a", b"!", b"|", b">-\n", b"? ", b"%", b"@", b"\\", b"~", b"-0", b".5", b"nan",
    b"\n\n", b"---\n", b"...\n", b"<<: ", b"\n- x\n", b"\xc3\xa9", b"\xe2\x80\xa8", b"\t", b"\r",
    b"\x00", b"\xff", b"1", b"  first:\n", b"version: 1\n    ", b"entries:\n",
]  # fmt: skip


def test_mutated_indexes_are_read_alike_or_refused_alike() -> None:
    chance = random.Random(11)
    outcomes = {"same": 0, "refused": 0}
    for _ in range(1800):
        body = bytearray(MUTABLE)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            at = chance.randrange(len(body))
            body[at : at + chance.choice((0, 0, 1, 2, 12))] = chance.choice(SIGNS)
        if chance.random() < 0.1:
            del body[chance.randrange(1, len(body)) :]
        fast, slow = _outcome(bytes(body), fast=True), _outcome(bytes(body), fast=False)
        assert fast == slow, bytes(body)
        outcomes["refused" if isinstance(fast, str) else "same"] += 1
    assert min(outcomes.values()) > 400, outcomes


def _outcome(body: bytes, *, fast: bool) -> Listings | str:
    """Return the listings, or the code and cause of the error; anything else is a failure."""
    try:
        return by_index(read_index(body)) if fast else as_document(body)
    except BadAnswer as error:
        return f"{error.code}: {error.cause}"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    for body in (content, b"apiVersion: v1\nentries:\n  a:\n  - version: 1\n" + content):
        _outcome(body, fast=True)


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_dir(), reason="the real index files are not beside the checkout")
@pytest.mark.parametrize("path", sorted(REAL.glob("*.yaml.gz")), ids=lambda path: path.name)
def test_real_indexes_are_read_alike(path: Path) -> None:
    body = gzip.decompress(path.read_bytes())
    listings = by_index(read_index(body))
    assert listings == as_document(body) == by_whole(body)
    found = read(listings)
    assert found == by_pyyaml(body)
    assert sum(map(len, found.values())) == body.count(b"\n    urls:\n")
