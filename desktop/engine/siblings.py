"""The same version elsewhere: in which other registries it lies, and whether it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from desktop.engine.details import Section
from desktop.store.database import Database
from desktop.store.siblings import VersionElsewhere, versions_elsewhere
from desktop.store.values import ArtifactRow, RegistryRow, VersionRow
from registrykit import fips

Bytes = Literal["same", "other", "unknown"]
_WORDS: dict[Bytes, str] = {
    "same": "the same bytes",
    "other": "other bytes",
    "unknown": "its bytes cannot be compared",
}
_OPPOSED = {"compliant", "not_compliant"}


@dataclass(frozen=True)
class Sibling:
    """A version of the same kind and name in another registry, or at another path of this one.

    `bytes` is `unknown` where one of them has no digest that can be compared. `fips` is the status
    that is declared there, empty where nothing is; a twin is declared the opposite of the other.
    """

    registry_id: str
    registry: str
    artifact_id: int
    path: str
    version_id: int
    version: str
    tag: str
    digest: str
    bytes: Bytes
    fips: str = ""
    is_twin: bool = False

    @property
    def words(self) -> str:
        """What is to be said of it, such as `other bytes, FIPS twin: not compliant`."""
        said = [_WORDS[self.bytes]]
        for status, words in fips.WORDS.items():
            if status == self.fips:
                said.append(f"{'FIPS twin' if self.is_twin else 'FIPS'}: {words}")
        return ", ".join(said)


def siblings(
    db: Database,
    registry: RegistryRow,
    artifact: ArtifactRow,
    version: VersionRow,
    *,
    visible: Collection[str] | None = None,
) -> list[Sibling]:
    """Return this version as other artifacts of the environment have it, by registry; cheap.

    With `visible`, only registries of these ids are looked in.
    """
    found = versions_elsewhere(db, registry.environment_id, artifact, version.version)
    status = _status(version.body["facts"])
    return [
        Sibling(
            one.registry_id,
            one.registry,
            one.artifact_id,
            one.path,
            one.version_id,
            one.version,
            one.tag,
            one.digest,
            _compared(version, one),
            _status(one.facts),
            {status, _status(one.facts)} == _OPPOSED,
        )
        for one in found
        if visible is None or one.registry_id in visible
    ]


def section(found: list[Sibling]) -> Section | None:
    """Return siblings as a part of what is shown of a version; None without any."""
    if not found:
        return None
    rows = [
        {
            "registry": one.registry,
            "path": one.path,
            "version": one.version,
            "tag": one.tag,
            "digest": one.digest,
            "bytes": one.bytes,
            "fips": one.fips or None,
            "twin": one.is_twin,
            "summary": one.words,
        }
        for one in found
    ]
    return Section("Also in your registries", "siblings", rows)


def _status(facts: Mapping[str, Any]) -> str:
    fact = facts.get(fips.FACT)
    return fips.status_of(fact) if fips.pieces_of(fact) else ""


def _compared(version: VersionRow, other: VersionElsewhere) -> Bytes:
    contents = (version.content_digest or version.digest, other.content_digest or other.digest)
    pulled = (version.digest, other.digest)
    if any(one and one == another for one, another in (contents, pulled)):
        return "same"
    # What is put together when it is saved has no digest of its own, only that of its manifest.
    made = [digest.startswith("manifest+") for digest in contents]
    return "other" if _differ(pulled if all(made) else contents) else "unknown"


def _differ(digests: tuple[str, str]) -> bool:
    """Say whether these are digests of one kind; of other kinds they say nothing."""
    kinds = {digest.partition(":")[0] for digest in digests}
    return len(kinds) == 1 and kinds <= hashlib.algorithms_available
