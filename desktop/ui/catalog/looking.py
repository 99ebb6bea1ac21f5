"""What is read of the store for one artifact and one of its versions, beside the window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from desktop.store import catalog, pages, past
from desktop.store.database import Database
from desktop.store.pages import VersionLine
from desktop.store.values import (
    ArtifactRow,
    ChangeRow,
    DocumentRow,
    RegistryRow,
    VersionRow,
)

MOST_FACTS, MOST_CHARS = 300, 4_000


@dataclass(frozen=True)
class Dependency:
    """What a version needs; `artifact` is the row of what is probably meant, 0 without one."""

    name: str
    version: str
    repository: str
    condition: str
    artifact: int
    registry: str


@dataclass(frozen=True)
class Looked:
    """An artifact with its versions; `version` is the one that is looked at, None if none is."""

    artifact: ArtifactRow
    versions: Sequence[VersionLine]


@dataclass(frozen=True)
class LookedVersion:
    """A version with all that is here of it."""

    version: VersionRow
    documents: Mapping[str, DocumentRow]
    state: tuple[str, str, str] | None
    dependencies: Sequence[Dependency]


def look(db: Database, artifact_id: int) -> Looked | None:
    """Return an artifact with its versions; None where it is no more."""
    artifact = pages.artifact(db, artifact_id)
    if artifact is None:
        return None
    return Looked(artifact, pages.version_summaries(db, artifact_id))


def look_at_version(
    db: Database, artifact: ArtifactRow, version_id: int, registries: Sequence[str]
) -> LookedVersion | None:
    """Return a version; its dependencies are looked for in `registries`."""
    version = pages.version(db, version_id)
    if version is None:
        return None
    documents = {row.name: row for row in catalog.documents_of(db, version_id)}
    dependencies = [
        _dependency(db, artifact, entry, registries)
        for entry in version.body["dependencies"][:MOST_FACTS]
    ]
    state = catalog.document_state(db, version_id)
    return LookedVersion(version, documents, state, dependencies)


def look_back(db: Database, artifact: ArtifactRow) -> list[ChangeRow]:
    return past.changes_to(db, artifact)


def _dependency(
    db: Database, artifact: ArtifactRow, entry: Mapping[str, Any], registries: Sequence[str]
) -> Dependency:
    """Find the artifact that a dependency names: in the same registry before all others."""
    name = str(entry.get("name", ""))
    found: ArtifactRow | None = None
    for registry in (artifact.registry_id, *registries):
        rows = [row for row in catalog.find_artifacts(db, registry, name) if row.versions]
        same = [row for row in rows if row.kind == (entry.get("kind") or artifact.kind)]
        if same:
            found = same[0]
            break
    return Dependency(
        name,
        str(entry.get("version", "")),
        str(entry.get("repository", "")),
        str(entry.get("condition", "")),
        found.id if found else 0,
        found.registry if found else "",
    )


def reference(registry: RegistryRow, artifact: ArtifactRow, version: VersionRow) -> str:
    """Return the address of a version: that of its file, or its place in the registry."""
    base = registry.endpoint.rstrip("/")
    for url in version.body["urls"]:
        return url if urlsplit(url).scheme else f"{base}/{url.lstrip('/')}"
    return f"{base}/{artifact.path}:{version.tag or version.version}"


def reference_of(db: Database, registry: RegistryRow, artifact_id: int, version_id: int) -> str:
    """Return the address of a version, or with 0 of the latest; empty where there is none."""
    artifact = pages.artifact(db, artifact_id)
    if artifact is None:
        return ""
    version = pages.version(db, version_id or artifact.latest_id or 0)
    return reference(registry, artifact, version) if version is not None else ""


def homes(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return where people read more of an artifact, as its source says: a word and a URL."""
    found: list[tuple[str, str]] = []
    if isinstance(facts.get("home"), str):
        found.append(("Home", facts["home"]))
    sources = facts.get("sources")
    if isinstance(sources, list):
        found += [("Source", url) for url in sources if isinstance(url, str)]
    unique = {url: (word, url) for word, url in reversed(found)}
    webs = [pair for url, pair in unique.items() if urlsplit_safe(url) in ("http", "https")]
    return webs[::-1][:4]


def urlsplit_safe(url: str) -> str:
    """Return the scheme of what is perhaps a URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def spelled(value: Any) -> str:
    """Return a fact of any shape as a few lines of text."""
    return "\n".join(_lines(value))[:MOST_CHARS]


def _lines(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        plain = all(not isinstance(each, (Mapping, list)) for each in value.values())
        if plain and len(value) <= 3:
            return [", ".join(f"{key}: {_word(each)}" for key, each in value.items())]
        return [line for key, each in value.items() for line in _under(str(key), each)]
    if isinstance(value, list):
        return [line for each in value[:MOST_FACTS] for line in _lines(each)]
    return [_word(value)]


def _under(key: str, value: Any) -> list[str]:
    if not isinstance(value, (Mapping, list)):
        return [f"{key}: {_word(value)}"]
    return [f"{key}:", *(f"    {line}" for line in _lines(value))]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
