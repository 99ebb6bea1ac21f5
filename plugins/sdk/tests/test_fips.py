"""FIPS: what several sources declare about a pack, in one fact, in words, and over many packs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrykit import fips
from registrykit.fips import evidence, merge, roll_up, said, status_of
from registrykit.formats.pack import publisher_fips

VENDOR = "415789037893.dkr.ecr.us-east-1.amazonaws.com"
BY_REGISTRY = evidence("compliant", "registry_declared", "the Palette documentation")
BY_USER = evidence("not_compliant", "user_asserted", "added as a non-FIPS registry")

statuses = st.sampled_from(fips.STATUSES)
many = st.lists(statuses, max_size=6)
pieces = st.builds(
    evidence,
    statuses,
    st.sampled_from(["registry_declared", "publisher_annotation", "user_asserted"]),
    st.sampled_from(["", "a", "b"]),
)


def by_publisher(**annotations: str) -> dict[str, Any]:
    return publisher_fips({"annotations": annotations})


@pytest.mark.parametrize(
    ("given_statuses", "together"),
    [
        ([], "unknown"),
        (["unknown"], "unknown"),
        (["compliant"], "full"),
        (["compliant", "unknown"], "partial"),
        (["compliant", "conflicting"], "partial"),
        (["not_compliant", "unknown"], "none"),
        (["conflicting"], "none"),
    ],
)
def test_many_packs_have_one_compliance(given_statuses: Any, together: str) -> None:
    assert roll_up(given_statuses) == together


_ORDER = {"none": 0, "unknown": 1, "partial": 2, "full": 3}


@given(many, st.randoms())
def test_the_roll_up_does_not_depend_on_the_order(found: Any, random: Any) -> None:
    shuffled = [*found]
    random.shuffle(shuffled)
    assert roll_up(shuffled) == roll_up([*found, *found]) == roll_up(found)


@given(many)
def test_an_unknown_never_raises_the_roll_up(found: Any) -> None:
    assert _ORDER[roll_up([*found, "unknown"])] <= _ORDER[roll_up(found)]


@given(many)
def test_a_compliant_never_lowers_the_roll_up(found: Any) -> None:
    before, after = roll_up(found), roll_up([*found, "compliant"])
    assert _ORDER[after] >= _ORDER[before]
    assert after == before or (before, after) in {
        ("none", "partial"),
        ("unknown", "partial"),
        ("unknown", "full"),
    }


@given(st.lists(pieces, max_size=4), st.randoms())
def test_evidence_adds_up_in_any_order_and_grouping(found: Any, random: Any) -> None:
    shuffled = [*found]
    random.shuffle(shuffled)
    whole = merge(*found)
    assert merge(*shuffled) == whole
    assert merge(merge(*found[:2]), merge(*found[2:])) == whole
    assert merge(whole, whole) == whole
    assert status_of(whole) == whole.get("status", "unknown")


@given(pieces, pieces)
def test_two_that_disagree_are_a_conflict_with_both_in_sight(one: Any, other: Any) -> None:
    found = merge(one, other)
    known = {one["status"], other["status"]} - {"unknown"}
    if len(known) == 2:
        assert found["status"] == "conflicting"
    elif known:
        assert {found["status"]} == known
    if one != other:
        assert sorted(map(repr, found["evidence"])) == sorted(map(repr, (one, other)))


def test_a_publisher_counts_more_than_the_registry_and_the_registry_more_than_the_user() -> None:
    publisher = by_publisher(fips="yes")
    found = merge(BY_USER, BY_REGISTRY, publisher)
    assert [piece["basis"] for piece in found["evidence"]] == [
        *["publisher_annotation", "registry_declared", "user_asserted"]
    ]
    assert (found["status"], found["basis"]) == ("conflicting", "publisher_annotation")
    # One that says nothing does not stand before one that does.
    assert merge(by_publisher(fips="140-2"), BY_REGISTRY)["basis"] == "registry_declared"
    assert merge() == merge({}) == {}


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (BY_REGISTRY, "declared compliant by the Palette documentation"),
        (BY_USER, "declared not compliant by the user (added as a non-FIPS registry)"),
        (
            by_publisher(isFips="no"),
            "declared not compliant by its publisher (annotations.isFips: no)",
        ),
        (
            merge(by_publisher(fips="no"), BY_REGISTRY),
            "declared not compliant by its publisher (annotations.fips: no), "
            "declared compliant by the Palette documentation",
        ),
        (
            by_publisher(fips="yes", isFips="no"),
            "declared both compliant and not compliant by its publisher "
            "(annotations.fips: yes, annotations.isFips: no)",
        ),
        (by_publisher(fips="140-2"), "nothing is declared that can be read"),
        (None, "nothing is declared that can be read"),
    ],
)
def test_the_words_say_who_declared_it_and_never_verified(fact: Any, words: str) -> None:
    assert said(fact) == words


@pytest.mark.parametrize(
    "fact",
    [
        True,
        "compliant",
        ["compliant"],
        {"status": "compliant"},
        {"status": "compliant", "basis": "verified"},
        {"status": ["compliant"], "basis": "user_asserted"},
        {"status": "compliant", "evidence": []},
        {"status": "compliant", "evidence": [{"status": "verified"}, None]},
    ],
)
def test_what_is_no_evidence_is_unknown(fact: Any) -> None:
    assert status_of(fact) == "unknown"
    assert said(fact) == "nothing is declared that can be read"


def test_a_fact_cannot_claim_more_than_its_evidence() -> None:
    claimed = {**BY_REGISTRY, "evidence": [BY_USER, {**BY_USER, "source": "x"}]}
    assert status_of(claimed) == "not_compliant"


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        (VENDOR, "production", "not_compliant"),
        (VENDOR, "/community/", "not_compliant"),
        (VENDOR.upper(), "community/spectro-packs/archive/nginx", "not_compliant"),
        (VENDOR.replace("east-1", "west-2"), "production-fips", "compliant"),
        ("415789037893.dkr.ecr-fips.us-west-2.amazonaws.com", "production-fips", "compliant"),
        (VENDOR.replace("east-1", "west-2"), "production", ""),
        (VENDOR, "production-other", ""),
        (VENDOR, "", ""),
        (VENDOR.replace("415", "416"), "production", ""),
        (f"{VENDOR}.example.com", "production", ""),
        ("registry.example.com", "production", ""),
    ],
)
def test_the_documentation_speaks_of_the_vendors_own_registries_alone(
    host: str, path: str, status: str
) -> None:
    found = fips.declared(host, path).get("fips", {})
    assert found.get("status", "") == status
    if status:
        assert found["basis"] == "registry_declared"
        assert said(found).startswith(f"declared {fips.WORDS[status]} by the Palette ")  # type: ignore[index]
