"""Order of versions: SemVer 2 precedence as plain bytes, so that SQL and Python sort alike.

The source of the rules is the SemVer 2 specification, read as leniently as Helm reads it: a
leading `v`, a missing minor or patch number and leading zeros of the three numbers are accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SEMVER = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
    r"(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_PIECES = re.compile(r"[0-9]+|[^0-9]+")

_NOT_SEMVER = b"\x00"
_IS_SEMVER = b"\x01"
_END = b"\x00"
_NUMBER = b"\x01"
_TEXT = b"\x02"
_RELEASE = b"\x03"
_LONG = 0xFF
_LENGTHS = tuple(bytes((length,)) for length in range(_LONG))


def sort_key(version: str) -> bytes:
    """Return bytes whose order is the order of versions, oldest first.

    Versions of equal precedence (other build metadata, another spelling) are told apart by their
    text, so two keys are equal only for equal texts. What is not SemVer sorts below all that is,
    in natural order: `build-9` before `build-10`.
    """
    match = _SEMVER.fullmatch(version)
    text = version.encode("utf-8", "surrogatepass")
    if match is None:
        return _NOT_SEMVER + _natural(version) + text
    major, minor, patch, before = match.groups()
    key = _IS_SEMVER + _number(major) + _number(minor or "") + _number(patch or "")
    if before is None:
        return key + _RELEASE + text
    return key + b"".join([_identifier(part) for part in before.split(".")]) + _END + text


def is_semver(version: str) -> bool:
    """Say whether `version` can be read as SemVer, as leniently as `sort_key` reads it."""
    return _SEMVER.fullmatch(version) is not None


def is_exact(tag: str) -> bool:
    """Say whether a tag names one version for good: `v1.2.3-rc.1_build`, but not `1.2` or `latest`.

    Tags cannot have a plus sign, an underscore stands in its place.
    """
    match = _SEMVER.fullmatch(tag.replace("_", "+"))
    return match is not None and match[3] is not None


def is_prerelease(version: str) -> bool:
    """Say whether `version` is SemVer and has a pre-release part."""
    match = _SEMVER.fullmatch(version)
    return match is not None and match[4] is not None


def newest(versions: Iterable[str]) -> tuple[str, bool]:
    """Return the highest stable SemVer version and True, else the newest tag and False.

    Without any version the answer is `("", False)`.
    """
    stable: list[str] = []
    others: list[str] = []
    for version in versions:
        match = _SEMVER.fullmatch(version)
        (stable if match is not None and match[4] is None else others).append(version)
    if stable:
        return max(stable, key=sort_key), True
    return max(others, key=sort_key, default=""), False


def _number(digits: str) -> bytes:
    """Return digits so that fewer sort before more; no length ever becomes a number."""
    significant = digits.lstrip("0").encode("ascii")
    length = len(significant)
    if length < _LONG:
        return _LENGTHS[length] + significant
    return b"\xff" + length.to_bytes(8, "big") + significant


def _identifier(part: str) -> bytes:
    if part.isdigit():
        return _NUMBER + _number(part)
    return _TEXT + part.encode("ascii") + _END


def _natural(text: str) -> bytes:
    """Return the pieces of `text` so that numbers sort by value and end before everything."""
    pieces = []
    for piece in _PIECES.findall(text):
        if "0" <= piece[0] <= "9":
            pieces.append(_NUMBER + _number(piece))
        else:
            # A NUL inside a tag must not be mistaken for the end of the piece.
            escaped = piece.encode("utf-8", "surrogatepass").replace(b"\x00", b"\x00\xff")
            pieces.append(_TEXT + escaped + b"\x00\x00")
    return b"".join(pieces) + _END
