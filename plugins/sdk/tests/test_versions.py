"""The order of versions, against a comparison that is written the slow and obvious way."""

from __future__ import annotations

from itertools import pairwise, zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registrykit.versions import is_exact, is_prerelease, is_semver, newest, sort_key

QUICK = settings(max_examples=150, deadline=None)

NUMBERS = st.integers(0, 10**25).map(str)
WORDS = st.text("0123456789abcXYZ-", min_size=1, max_size=6).filter(
    lambda text: not text.isdigit() or text == "0" or text[0] != "0"
)
BUILD = st.one_of(st.just(""), st.text("019az-", min_size=1, max_size=4).map(lambda t: "+" + t))


@st.composite
def semver(draw: st.DrawFn) -> str:
    core = ".".join(draw(st.lists(NUMBERS, min_size=3, max_size=3)))
    words = draw(st.one_of(st.just([]), st.lists(WORDS, min_size=1, max_size=4)))
    before = "-" + ".".join(words) if words else ""
    return draw(st.sampled_from(("", "v"))) + core + before + draw(BUILD)


def precedence(left: str, right: str) -> int:
    """Compare as the specification's paragraph 11 says, word by word."""

    def parts(version: str) -> tuple[list[int], list[str]]:
        core, _, before = version.removeprefix("v").partition("+")[0].partition("-")
        return [int(number) for number in core.split(".")], before.split(".") if before else []

    (left_core, left_before), (right_core, right_before) = parts(left), parts(right)
    if left_core != right_core:
        return 1 if left_core > right_core else -1
    if not left_before or not right_before:
        return bool(right_before) - bool(left_before)
    for one, other in zip_longest(left_before, right_before):
        if one == other:
            continue
        if one is None or other is None:
            return 1 if other is None else -1
        if one.isdigit() and other.isdigit():
            return 1 if int(one) > int(other) else -1
        if one.isdigit() != other.isdigit():
            return -1 if one.isdigit() else 1
        return 1 if one > other else -1
    return 0


@QUICK
@given(semver(), semver())
def test_the_order_of_bytes_is_the_precedence_of_semver(left: str, right: str) -> None:
    expected = precedence(left, right)
    one, other = sort_key(left), sort_key(right)
    if expected:
        assert (one > other) - (one < other) == expected
    else:
        assert (one == other) == (left == right)


@QUICK
@given(semver(), st.text(max_size=12))
def test_what_is_not_semver_sorts_below_all_that_is(version: str, other: str) -> None:
    if not is_semver(other):
        assert sort_key(other) < sort_key(version)


@QUICK
@given(st.text(max_size=12), st.text(max_size=12))
def test_two_texts_never_share_a_key(left: str, right: str) -> None:
    assert (sort_key(left) == sort_key(right)) == (left == right)


@QUICK
@given(st.text("abc-", max_size=4), st.integers(0, 10**30), st.integers(0, 10**30))
def test_tags_sort_by_the_value_of_their_numbers(word: str, left: int, right: int) -> None:
    one, other = f"{word}_{left}", f"{word}_{right}"
    assert (sort_key(one) < sort_key(other)) == (left < right)


def test_the_example_of_the_specification() -> None:
    ordered = [
        "build-9",
        "build-10",
        "latest",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.5",
        "v1.5.1",
        "2",
        "10.0.0",
    ]
    assert sorted(set(ordered), key=sort_key) == ordered
    assert all(sort_key(one) < sort_key(other) for one, other in pairwise(ordered))


@pytest.mark.parametrize(
    "version", ["1.2.3", "v1.2.3", "1.5", "7", "1.0.0-rc.1+b.7", "010", "1" * 5000, "1.0.0-0a"]
)
def test_is_semver(version: str) -> None:
    assert is_semver(version)


@pytest.mark.parametrize(
    "version",
    ["", "latest", "V1.2.3", "vv1", "1.2.3.4", "1.0.0-", "1.0.0-01", "1.0.0+", "1..2", "1.2.3 ",
     "\u0661.0.0", "1.0.0\n"],
)  # fmt: skip
def test_is_not_semver(version: str) -> None:
    assert not is_semver(version)
    assert not is_prerelease(version)


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2.3", "1.0.0-rc.1", "1.1.0_build.5", "2024.01.15"])
def test_is_exact(tag: str) -> None:
    assert is_exact(tag)


@pytest.mark.parametrize(
    "tag",
    ["", "latest", "1", "v1.2", "1.2-rc.1", "1-alpine3.19.1", "1.2.x", "1.2.3.4", "main-1.2.3"],
)
def test_is_not_exact(tag: str) -> None:
    assert not is_exact(tag)


def test_prereleases() -> None:
    assert is_prerelease("v1.0.0-rc.1")
    assert is_prerelease("1.5-beta")
    assert not is_prerelease("1.0.0+build-1")


def test_numbers_of_any_length_are_compared_without_becoming_numbers() -> None:
    long = "9" * 5000
    assert sort_key(f"1.{long}.0") < sort_key(f"1.1{'0' * 5000}.0")
    assert sort_key(f"1.0.0-{long}") < sort_key(f"1.0.0-1{'0' * 5000}") < sort_key("1.0.0-a")
    assert sort_key("1." + "0" * 5000 + "7") > sort_key("1.6")


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (["1.9.0", "1.10.0", "2.0.0-rc.1"], ("1.10.0", True)),
        (["2.0.0-rc.1", "2.0.0-rc.2"], ("2.0.0-rc.2", False)),
        (["latest", "edge"], ("latest", False)),
        (["latest", "1.0.0-a"], ("1.0.0-a", False)),
        ([], ("", False)),
    ],
)
def test_newest(versions: list[str], expected: tuple[str, bool]) -> None:
    assert newest(versions) == expected
    assert newest(iter(reversed(versions))) == expected
