"""What a registry holds: artifacts, their versions, and the kinds with their columns.

These values travel between processes as msgpack; `msgspec` checks every type on arrival.
"""

from __future__ import annotations

from typing import Any

import msgspec

IMAGES = "images"
"""The fact that lists the container images which a version needs, as texts; it is searched."""
MOST_VALUES = 50
"""Values that a column shows of one version, each of at most `LONGEST_VALUE` letters."""
LONGEST_VALUE = 200


class Column(msgspec.Struct, frozen=True):
    """A column that a kind adds to lists; `key` names a fact of the version, or `app_version`.

    `column_values` says what it shows of a fact. By a `facet` the catalog is filtered as well: it
    should have few different values.
    """

    key: str
    title: str
    facet: bool = False


class ArtifactKind(msgspec.Struct, frozen=True):
    """A kind of artifact: `chart`, `pack`, `zarf`, `image`, `artifact`, or a plugin's own.

    Of a kind without `readme` no README is ever found, so that none is missed.
    """

    id: str
    title: str
    plural: str
    columns: tuple[Column, ...] = ()
    readme: bool = True


class Artifact(msgspec.Struct, frozen=True):
    """What is listed under one name; identity is (registry, kind, path).

    `path` is the place in the registry (OCI repository, chart name), `/` separates segments;
    `name` is what people call it and defaults to the last segment of the path.
    """

    kind: str
    path: str
    name: str = ""
    display_name: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        return self.name or self.path.rsplit("/", 1)[-1]


class Dependency(msgspec.Struct, frozen=True):
    """What a version needs; `version` is a range as the source spells it."""

    name: str
    version: str = ""
    repository: str = ""
    kind: str = ""
    optional: bool = False
    alias: str = ""
    condition: str = ""


class Version(msgspec.Struct, frozen=True):
    """One version of an artifact; unique by (artifact, version, tag).

    `digest` is `algorithm:hex` or empty where the source gives none. It names what one pulls;
    where that are not the bytes that `save` writes, `content_digest` is the digest of those, so
    that the same bytes are recognized wherever they are listed. What is put together only when it
    is saved has `manifest+` and the digest of its manifest there. `size` is in bytes.
    `created` is RFC 3339 in UTC, or empty. `facts` holds everything else that the source said,
    under the source's own keys: text, whole numbers, truth values, lists and maps of those.
    """

    version: str
    tag: str = ""
    digest: str = ""
    size: int | None = None
    created: str = ""
    app_version: str = ""
    description: str = ""
    deprecated: bool = False
    urls: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    facts: dict[str, Any] = {}
    content_digest: str = ""

    @property
    def wire_tag(self) -> str:
        """The spelling on the wire; only differs where a registry cannot spell the version."""
        return self.tag or self.version


class Command(msgspec.Struct, frozen=True):
    """A command line of another tool, for one version; `text` is one line for a POSIX shell."""

    title: str
    text: str


def column_values(fact: Any) -> tuple[str, ...]:
    """Return what a column shows of a fact, each value once, in order and in bounds.

    A list gives a value for each of its entries. A map stands for its `status`, else its `name`.
    """
    found: dict[str, None] = {}
    for entry in fact if isinstance(fact, (list, tuple)) else (fact,):
        value = entry.get("status", entry.get("name")) if isinstance(entry, dict) else entry
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if isinstance(value, (str, int, float)) and (text := " ".join(str(value).split())):
            found[text[:LONGEST_VALUE]] = None
        if len(found) == MOST_VALUES:
            break
    return tuple(found)


def lies_under(path: str, prefix: str) -> bool:
    """Say whether `path` is `prefix` or lies under it, by whole segments; empty is all."""
    return not prefix or path == prefix or path.startswith(prefix + "/")
