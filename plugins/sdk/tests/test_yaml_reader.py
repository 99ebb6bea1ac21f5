"""Reading untrusted YAML: what is kept, what is refused, and that nothing else ever happens."""

from __future__ import annotations

import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registrykit.errors import BadAnswer
from registrykit.formats import yaml as reader
from registrykit.formats.yaml import Limits, YamlReader, YamlValue, read_yaml

SAMPLE = b"""\
# a comment
name: nginx
version: 1.10
on: on
created: 2024-01-01
nested:
  - {a: 1, b: [x, 'y', "z\\x41"]}
  - |
    block text
      indented
  - >-
    folded
    text
  - plain
    text
? complex key
: value
empty:
"""


@pytest.fixture(params=["libyaml", "pure"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with libyaml and with the parser for machines without it."""
    if request.param == "pure":
        monkeypatch.setattr(reader, "_CParser", None)
    elif reader._CParser is None:
        pytest.skip("PyYAML was built without libyaml")
    return str(request.param)


def refused(content: bytes, limits: Limits | None = None) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        read_yaml(content, what="the text", limits=limits)
    error = caught.value
    assert str(error) == "The text cannot be read."
    assert error.cause
    assert error.cause.endswith((".", "proxy."))
    assert error.remedy
    return error


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.10", "1.10"), ("1.0", "1.0"), ("010", "010"), ("2024-01-01", "2024-01-01"),
        ("on", "on"), ("yes", "yes"), ("1e3", "1e3"), ("0x10", "0x10"), ("1:30", "1:30"),
        ("+5", "+5"), ("-0", "-0"), (".5", ".5"), (".inf", ".inf"), ("1_000", "1_000"),
        ("True", "True"), ("Null", "Null"), ("'true'", "true"), ('"1"', "1"), ("''", ""),
        ("true", True), ("false", False), ("null", None), ("~", None), ("", None),
        ("0", 0), ("-7", -7), ("123456789012345678", 123456789012345678),
        ("1234567890123456789", "1234567890123456789"), ("9" * 5000, "9" * 5000),
        ("|-\n  a\n  b", "a\nb"), ("[1, x, {}]", [1, "x", {}]),
    ],
)  # fmt: skip
def test_scalars_keep_their_text(written: str, meant: YamlValue) -> None:
    value = read_yaml(f"key: {written}\n".encode())
    assert value == {"key": meant}
    assert isinstance(value, dict)
    assert type(value["key"]) is type(meant)


@pytest.mark.usefixtures("parser")
def test_a_document_of_every_shape() -> None:
    assert read_yaml(SAMPLE) == {
        "name": "nginx",
        "version": "1.10",
        "on": "on",
        "created": "2024-01-01",
        "nested": [
            {"a": 1, "b": ["x", "y", "zA"]},
            "block text\n  indented\n",
            "folded text",
            "plain text",
        ],
        "complex key": "value",
        "empty": None,
    }


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("content", [b"", b"\n", b"---\n", b"# only a comment\n", b"null", b"~\n"])
def test_nothing_is_none(content: bytes) -> None:
    assert read_yaml(content) is None


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"a: &x 1\n", "yaml-reference", "line 1"),
        (b"a: 1\nb: *x\n", "yaml-reference", "line 2"),
        (b"a: &a [*a]\n", "yaml-reference", "line 1"),
        (b"a:\n  <<: {b: 1}\n", "yaml-reference", "line 2"),
        (b"&a k: 1\n", "yaml-reference", "line 1"),
        (b"a: !!python/object/apply:os.system [ls]\n", "yaml-tag", "line 1"),
        (b"a: 1\nb: !!str x\n", "yaml-tag", "line 2"),
        (b"a: ! x\n", "yaml-tag", "line 1"),
        (b"a: 1\n---\nb: 2\n", "yaml-documents", "line 2"),
        (b"a: 1\n... \nb: 2\n", "yaml-syntax", ""),
        (b"a: 1\na: 2\n", "yaml-key", 'Line 2 gives "a" a second time'),
        (b"b:\n  ? [x]\n  : 1\n", "yaml-key", "Line 2 has a key that is not text"),
        (b"a: b: c\n", "yaml-syntax", "Line 1 is not valid YAML"),
        (b"a:\n\t- b\n", "yaml-syntax", "Line 2 has a tab"),
        (b"a: 'never closed\n", "yaml-syntax", "cut off on the way"),
        (b"a: [1,\nb: 2\n", "yaml-syntax", ""),
        (b"a: x\nb: y\x01\n", "yaml-syntax", "Line 2 has a control character"),
        (b"a: \x00\n", "yaml-syntax", "Line 1 has a control character"),
        (b'a: "\\ud800"\n', "yaml-syntax", "Line 1"),
        (b"[" * 100_000, "yaml-nested", "line 1"),
        (b"{a: " * 100_000, "yaml-nested", "line 1"),
        (b"- " * 100_000, "yaml-nested", "line 1"),
        (b"".join(b" " * n + b"a:\n" for n in range(200)), "yaml-nested", "line 65"),
    ],
)
def test_what_is_refused(content: bytes, code: str, says: str) -> None:
    error = refused(content)
    assert (error.code, says in error.cause) == (code, True), error.cause


def test_the_bombs_cost_nothing() -> None:
    alias = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%b]\n" % (new, new, b",".join([b"*%c" % old] * 9))
        for old, new in zip(b"abcdefgh", b"bcdefghi", strict=True)
    )
    assert refused(alias).code == "yaml-reference"


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(size=10), "yaml-size"),
        (Limits(line=9), "yaml-line"),
        (Limits(depth=1), "yaml-nested"),
        (Limits(scalars=3), "yaml-values"),
    ],
)
def test_limits_hold(limits: Limits, code: str) -> None:
    content = b"a: b\nc:\n  d: 0123456789\n"
    assert read_yaml(content) == {"a": "b", "c": {"d": "0123456789"}}
    assert refused(content, limits).code == code


def test_a_long_line_is_named_by_its_number() -> None:
    assert "Line 3 " in refused(b"a: 1\nb: 2\nc: " + b"x" * 100, Limits(line=64)).cause
    assert read_yaml(b"a: " + b"x" * 61, limits=Limits(line=64)) == {"a": "x" * 61}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_newlines(encoding: str, newline: str) -> None:
    text = newline.join(["a: é€\U0001f600", "b: |", "  x", "  y", ""])
    assert read_yaml(text.encode(encoding)) == {"a": "é€\U0001f600", "b": "x\ny\n"}


def test_wrong_bytes_are_named_by_their_position() -> None:
    error = refused("name: café\n".encode("latin-1"))
    assert error.code == "yaml-encoding"
    assert "Byte 9 " in error.cause
    assert "0xe9" in error.cause
    assert refused("a: 1".encode("utf-16")[:-1]).code == "yaml-encoding"


def test_remarks_are_collected_instead_of_refused() -> None:
    remarks: list[str] = []
    content = b"a: 1\nb: {c: 1, c: 2}\na: 3\n? {}\n: 4\n"
    assert read_yaml(content, remarks=remarks) == {"a": 1, "b": {"c": 1}}
    assert remarks == [
        'line 2 gives "c" a second time',
        'line 3 gives "a" a second time',
        "line 4 has a key that is not text",
    ]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read_yaml(b"1: a\ntrue: b\nnull: c\n1.10: d\n") == {
        "1": "a", "true": "b", "null": "c", "1.10": "d",
    }  # fmt: skip


def test_walking_builds_only_what_is_asked_for() -> None:
    walker = YamlReader(b"a: [1, 2, {b: c}]\nd: {e: f, e: g}\nh: i\n", line=10)
    first = walker.start()
    seen: dict[str, object] = {}
    for key, event in walker.entries(first):
        if walker.kind(event) == "sequence":
            seen[key] = [walker.kind(one) for one in _skipping(walker, event)]
        elif key == "d":
            seen[key] = [(name, walker.build(value)) for name, value in walker.entries(event)]
        else:
            seen[key] = (walker.line_of(event), walker.build(event))
    walker.end()
    assert seen == {
        "a": ["scalar", "scalar", "mapping"],
        "d": [("e", "f"), ("e", "g")],
        "h": (12, "i"),
    }


def _skipping(walker: YamlReader, event: object) -> list[object]:
    places = []
    for element in walker.elements(event):
        places.append(element)
        walker.skip(element)
    return places


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    _read_or_refuse(content)


def test_no_mutation_raises_anything_else(parser: str) -> None:
    chance = random.Random(4)
    signs = [b":", b"- ", b"\n", b"[", b"}", b'"', b"'", b"&a", b"*a", b"!", b"|", b"\t", b"\xff",
             b"\x00", b"%", b"? ", b"---\n", b"\\x", b"\xc2\x85", b"<<: ", b"  "]  # fmt: skip
    read = 0
    for _ in range(3000 if parser == "libyaml" else 600):
        content = bytearray(SAMPLE)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(content))
            content[at : at + chance.randint(0, 3)] = chance.choice(signs)
        read += _read_or_refuse(bytes(content[: chance.choice((-1, len(content) // 2, 10**6))]))
    assert read > 50


def _read_or_refuse(content: bytes) -> bool:
    """Say whether `content` can be read; anything but the one error is a failure."""
    try:
        read_yaml(content)
    except BadAnswer as caught:
        error = caught
    else:
        return True
    assert error.code.startswith("yaml-")
    assert all((str(error), error.cause, error.remedy))
    return False


# What both readers can be asked: text that has no special meaning in YAML 1.1 either.
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=12)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-(10**17), 10**17), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.booleans())
def test_what_pyyaml_writes_is_read_back(value: YamlValue, flow: bool) -> None:
    written = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    assert read_yaml(written.encode()) == value
