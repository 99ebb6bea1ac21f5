"""FIPS: what is declared about packs, by whom, and what it adds up to. Nothing is verified here.

What one source declares is a piece of evidence, the fact `fips` of a version:

    {"status": "not_compliant", "basis": "registry_declared", "source": "the … documentation",
     "declared": {"fips": "no"}}

`declared` holds the raw values by field. It belongs to the version's digest: facts are read anew
when the digest moves. A name that ends in -fips says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, get_args

from registrykit.oci.ecr.hosts import ecr_host

FACT: Final = "fips"
"""The key under which the facts of a version hold it."""

FipsStatus = Literal["compliant", "not_compliant", "conflicting", "unknown"]
Basis = Literal["registry_declared", "publisher_annotation", "user_asserted"]
Compliance = Literal["full", "partial", "none", "unknown"]
"""What many packs have together."""

STATUSES: tuple[FipsStatus, ...] = get_args(FipsStatus)
WORDS: Mapping[FipsStatus, str] = {
    "compliant": "compliant",
    "not_compliant": "not compliant",
    "conflicting": "conflicting",
    "unknown": "unknown",
}

# What counts more comes first: it is named first, and gives a merged fact its basis.
_BASES: tuple[Basis, ...] = ("publisher_annotation", "registry_declared", "user_asserted")
_SAID = {"conflicting": "both compliant and not compliant"}
_SOURCES = {"publisher_annotation": "its publisher", "user_asserted": "the user"}
_LONGEST = 200
_MOST_PIECES = 8

# What the vendor's documentation says of its own registries, by account, region and base content
# path: status, document, and its words. An older page has production-fips in us-east-1.
_ACCOUNT = "415789037893"
_PALETTE = "the Palette documentation"
_VERTEX = "the Palette VerteX documentation"
_VENDOR: Mapping[tuple[str, str], tuple[FipsStatus, str, str]] = {
    ("us-west-2", "production-fips"): ("compliant", _PALETTE, "Registries: FIPS packs"),
    ("us-east-1", "production-fips"): ("compliant", _PALETTE, "Registries, older: FIPS packs"),
    ("us-east-1", "production"): ("not_compliant", _VERTEX, "Use non-FIPS Packs: FIPS no"),
    ("us-east-1", "community"): ("not_compliant", _VERTEX, "Use non-FIPS Packs: FIPS no"),
}


def evidence(
    status: FipsStatus, basis: Basis, source: str, declared: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what one source declares, as a fact."""
    return {"status": status, "basis": basis, "source": source, "declared": dict(declared or {})}


def declared(host: str, path: str) -> dict[str, Any]:
    """Return the facts that the vendor's documentation declares of what lies at `path`.

    `path` is a base content path or a repository below one. Empty for every place but the
    vendor's own.
    """
    registry = ecr_host(host.lower())
    base = path.strip("/").partition("/")[0]
    if registry is None or registry.account != _ACCOUNT:
        return {}
    found = _VENDOR.get((registry.region, base))
    if found is None:
        return {}
    status, source, says = found
    place = {"endpoint": registry.host, "base_content_path": base, "document": says}
    return {FACT: evidence(status, "registry_declared", source, place)}


def merge(*found: Mapping[str, Any]) -> dict[str, Any]:
    """Return several pieces of evidence as one fact; {} without any.

    The order does not matter. Where two of them say something else the status is `conflicting`;
    `unknown` says nothing. `evidence` then holds every piece, the one that counts most first.
    """
    pieces = {repr(piece): piece for fact in found for piece in pieces_of(fact)}
    ordered = sorted(pieces.values(), key=_weight)[:_MOST_PIECES]
    if len(ordered) < 2:
        return dict(ordered[0]) if ordered else {}
    said = {piece["status"] for piece in ordered} - {"unknown"}
    status = said.pop() if len(said) == 1 else "conflicting" if said else "unknown"
    return {**ordered[0], "status": status, "evidence": ordered}


def pieces_of(fact: object) -> list[dict[str, Any]]:
    """Return the pieces of evidence in a fact; what is not of their form is left out."""
    if not isinstance(fact, Mapping):
        return []
    listed = fact.get("evidence")
    given = listed[:_MOST_PIECES] if isinstance(listed, list) else [fact]
    return [piece for one in given if (piece := _piece(one)) is not None]


def status_of(fact: object) -> FipsStatus:
    """Return the status that a fact comes to; `unknown` for what is not of its form.

    It is found anew from the evidence: a fact cannot claim more than that says.
    """
    found: FipsStatus = merge(*pieces_of(fact)).get("status", "unknown")
    return found


def said(fact: object) -> str:
    """Return a fact in words, such as `declared compliant by the … documentation`."""
    parts = [
        f"declared {_SAID.get(piece['status'], WORDS[piece['status']])} by {_by(piece)}"
        for piece in sorted(pieces_of(fact), key=_weight)
        if piece["status"] != "unknown"
    ]
    return ", ".join(parts) or "nothing is declared that can be read"


def roll_up(statuses: Iterable[FipsStatus]) -> Compliance:
    """Return what packs of these statuses have together; `conflicting` counts as not compliant."""
    found = set(statuses)
    if "compliant" in found:
        return "full" if found == {"compliant"} else "partial"
    return "none" if found - {"unknown"} else "unknown"


def _piece(given: object) -> dict[str, Any] | None:
    if not isinstance(given, Mapping):
        return None
    status, basis, raw = given.get("status"), given.get("basis"), given.get("declared")
    if status not in STATUSES or basis not in _BASES:
        return None
    source = given.get("source")
    return {
        "status": status,
        "basis": basis,
        "source": source[:_LONGEST] if isinstance(source, str) else "",
        "declared": dict(raw) if isinstance(raw, Mapping) else {},
    }


def _weight(piece: Mapping[str, Any]) -> tuple[bool, int, str]:
    """Return what sorts evidence: what says nothing comes last."""
    return piece["status"] == "unknown", _BASES.index(piece["basis"]), repr(piece)


def _by(piece: Mapping[str, Any]) -> str:
    """Return who declared it; only a registry's own words are a name."""
    by = _SOURCES.get(piece["basis"]) or piece["source"] or "its registry"
    fields = ", ".join(f"{key}: {value}" for key, value in piece["declared"].items())
    if piece["basis"] == "publisher_annotation" and fields:
        return f"{by} ({fields[:_LONGEST]})"
    if piece["basis"] == "user_asserted" and piece["source"]:
        return f"{by} ({piece['source']})"
    return str(by)
