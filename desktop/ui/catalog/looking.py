"""What is read of the store for one artifact and one of its versions, beside the window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from PySide6.QtGui import QImage

from desktop.engine import fips
from desktop.engine.siblings import Sibling, siblings
from desktop.store import catalog, pages, past
from desktop.store.database import Database
from desktop.store.pages import VersionLine
from desktop.store.values import (
    ArtifactRow,
    ChangeRow,
    DocumentRow,
    RegistryRow,
    TenantRow,
    VersionRow,
)
from desktop.ui.catalog.kinds import FIPS, spelled_values
from desktop.ui.catalog.logo import decode
from registrykit.artifacts import column_values

if TYPE_CHECKING:
    from registrykit.artifacts import ArtifactKind

MOST_FACTS, MOST_CHARS = 300, 4_000


@dataclass(frozen=True)
class Dependency:
    """What a version needs; `artifact` is the row of what is probably meant, 0 without one."""

    name: str
    version: str
    repository: str
    condition: str
    is_optional: bool
    artifact: int
    registry: str


@dataclass(frozen=True)
class Looked:
    """An artifact with its versions; `version` is the one that is looked at, None if none is."""

    artifact: ArtifactRow
    versions: Sequence[VersionLine]


@dataclass(frozen=True)
class LookedVersion:
    """A version with all that is here of it.

    `fips` is the content of `desktop.engine.fips.section`, None where FIPS does not matter.
    """

    version: VersionRow
    documents: Mapping[str, DocumentRow]
    state: tuple[str, str, str] | None
    dependencies: Sequence[Dependency]
    logo: QImage | None = None
    fips: Mapping[str, Any] | None = None
    siblings: Sequence[Sibling] = ()


def look(db: Database, artifact_id: int) -> Looked | None:
    """Return an artifact with its versions; None where it is no more."""
    artifact = pages.artifact(db, artifact_id)
    if artifact is None:
        return None
    return Looked(artifact, pages.version_summaries(db, artifact_id))


def look_at_version(
    db: Database,
    artifact: ArtifactRow,
    version_id: int,
    registries: Sequence[str],
    registry: RegistryRow | None,
    tenant: TenantRow | None,
) -> LookedVersion | None:
    """Return a version; its dependencies, and itself elsewhere, are looked for in `registries`.

    `registry` is where it lies, `tenant` the one that is looked at, None for all of them.
    """
    version = pages.version(db, version_id)
    if version is None:
        return None
    documents = {row.name: row for row in catalog.documents_of(db, version_id)}
    dependencies = [
        _dependency(db, artifact, entry, registries)
        for entry in version.body["dependencies"][:MOST_FACTS]
    ]
    state = catalog.document_state(db, version_id)
    logo = decode(documents["logo"].text) if "logo" in documents else None
    declared, found = None, []
    if registry is not None:
        section = fips.section(db, registry, artifact, version, tenant)
        declared = section.content if section is not None else None
        if declared is not None and FIPS not in version.body["facts"]:
            declared = {**declared, "declared": "nothing is declared"}
        found = siblings(db, registry, artifact, version, visible=registries)
    return LookedVersion(version, documents, state, dependencies, logo, declared, found)


def traits(kind: ArtifactKind | None, version: VersionRow) -> list[tuple[str, str]]:
    """Return what the columns of a kind show of a version: titles and values."""
    found = []
    for column in kind.columns if kind else ():
        values = column_values(version.body["facts"].get(column.key))
        if values and column.key != FIPS:
            found.append((column.title, spelled_values(column.key, values)))
    return found


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
        bool(entry.get("optional")),
        found.id if found else 0,
        found.registry if found else "",
    )


def reference(registry: RegistryRow, artifact: ArtifactRow, version: VersionRow) -> str:
    """Return the address of a version: that of its file, or its place as `host/path:tag`."""
    base = registry.endpoint.rstrip("/")
    for url in version.body["urls"]:
        return url if scheme_of(url) else f"{base}/{url.lstrip('/')}"
    folder = artifact.path
    while folder and not base.endswith(f"/{folder}"):
        folder = folder.rpartition("/")[0]
    # Where a part of a registry is read, its endpoint names that part, as the path does.
    base = base.removesuffix(f"/{folder}") if folder else base
    # Tools that pull by a tag take no scheme.
    place = base.partition("://")[2] or base
    return f"{place}/{artifact.path}:{version.tag or version.version}"


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
    webs = [pair for url, pair in unique.items() if scheme_of(url) in ("http", "https")]
    return webs[::-1][:4]


def scheme_of(url: str) -> str:
    """Return the scheme of what is perhaps a URL; empty where it has none or is none."""
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
