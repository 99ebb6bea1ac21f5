"""The columns of the catalog's table: what each shows, and by what a click on it sorts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from desktop.store.browse import Sort
from desktop.store.pages import VersionLine
from desktop.store.values import ArtifactRow
from desktop.ui.catalog.kinds import FIPS
from desktop.ui.catalog.versions import day, short_digest
from desktop.ui.parts.text import visible

if TYPE_CHECKING:
    from registrykit.artifacts import ArtifactKind

Row = ArtifactRow | VersionLine
MOST_CHARS, MOST_COLUMNS = 400, 8


@dataclass(frozen=True)
class CatalogColumn:
    """`width` is in pixels, 0 takes what is left; `fact` is the key of a fact of the version."""

    key: str
    title: str
    width: int
    text: Callable[[Any], str]
    sort: Sort | None = None
    number: bool = False
    quiet: bool = True
    fact: str = ""

    @property
    def rank(self) -> int:
        """How little a column is missed: where there is no room, a high rank goes first."""
        return _RANKS.get(self.key, 5 if self.fact else 0)

    @property
    def column(self) -> str:
        """The key by which the store sorts, where the order is that of a column of the kind."""
        return self.fact if self.sort == "column" else ""


_RANKS = {
    "description": 7,
    "state": 7,
    "digest": 6,
    "app": 5,
    "kind": 4,
    # A mark behind the name says it too.
    f"fact:{FIPS}": 6,
    "created": 3,
    "versions": 2,
}


def one_line(text: str) -> str:
    """Return the beginning of a text of strangers in one line, with nothing invisible in it."""
    if len(text) > MOST_CHARS:
        text = text[:MOST_CHARS]
    return text if text.isprintable() else visible(" ".join(text.split()))


def name_of(row: Row) -> str:
    return one_line(row.display_name or row.name)


def second_name(row: Row) -> str:
    """Return the name that tools use, where people know the artifact by another one."""
    shown, name = name_of(row), one_line(row.name)
    return "" if name.casefold() == shown.casefold() else name


def _latest(row: ArtifactRow) -> str:
    return one_line(row.latest) if row.latest_is_stable else f"{one_line(row.latest)} (newest)"


def _description(row: ArtifactRow) -> str:
    if not row.versions:
        return "Gone. " + one_line(row.description)
    return ("Deprecated. " if row.deprecated else "") + one_line(row.description)


def _state(row: VersionLine) -> str:
    if row.state != "present":
        return "gone"
    said = ["deprecated"] if row.deprecated else []
    return ", ".join([*said, "pre-release"] if row.prerelease else said)


_NAME = CatalogColumn("name", "Name", 230, name_of, "name", quiet=False)
_REGISTRY = CatalogColumn(
    "registry", "Registry", 160, lambda row: one_line(row.registry), "registry"
)


def _kind(titles: Mapping[str, str]) -> CatalogColumn:
    def said(row: Row) -> str:
        return titles.get(row.kind, one_line(row.kind).capitalize())

    return CatalogColumn("kind", "Kind", 72, said, "kind")


def of_artifacts(
    kind: ArtifactKind | None, titles: Mapping[str, str], *, with_kind: bool
) -> Sequence[CatalogColumn]:
    """Return the columns where each row is an artifact; `kind` is the one that was chosen."""
    return (
        _NAME,
        *((_kind(titles),) if with_kind else ()),
        CatalogColumn("latest", "Latest", 110, _latest, "version", quiet=False),
        CatalogColumn(
            "versions", "Versions", 72, lambda row: f"{row.versions:,}", "versions", True
        ),
        _REGISTRY,
        *_facts(kind),
        CatalogColumn("description", "Description", 0, _description),
    )


def of_versions(
    kind: ArtifactKind | None, titles: Mapping[str, str], *, with_kind: bool
) -> Sequence[CatalogColumn]:
    """Return the columns where each row is a version."""
    return (
        _NAME,
        *((_kind(titles),) if with_kind else ()),
        CatalogColumn(
            "version", "Version", 110, lambda row: one_line(row.version), "version", quiet=False
        ),
        CatalogColumn("created", "Created", 96, lambda row: day(row.created), "created"),
        CatalogColumn("app", "App version", 96, lambda row: one_line(row.app_version)),
        _REGISTRY,
        *_facts(kind),
        CatalogColumn("digest", "Digest", 104, lambda row: short_digest(row.digest)),
        CatalogColumn("state", "State", 0, _state),
    )


def _facts(kind: ArtifactKind | None) -> Sequence[CatalogColumn]:
    """Return the columns that a plugin gives to a kind, but for those that are there already."""
    if kind is None:
        return ()
    return tuple(
        CatalogColumn(
            f"fact:{column.key}", one_line(column.title)[:40], 104, str, "column", fact=column.key
        )
        for column in kind.columns[:MOST_COLUMNS]
    )
