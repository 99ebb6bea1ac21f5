"""What is remembered of a repository between two runs: its tags, and a row for each of them.

A row is what was read of a tag: it is asked for again only if it has moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from registrykit.artifacts import Version
from registrykit_legacy_pack.wire import Tag

# What may be remembered of one prefix is limited to 1 MiB.
MOST_REMEMBERED = 900 * 1024

_encode = msgspec.msgpack.encode


class Row(msgspec.Struct, frozen=True):
    """What was read of a tag; `manifest` and `etag` are those of its manifest.

    Without `version` it could not be read at all. `gap` says why, or what of it could not be read.
    """

    manifest: str = ""
    etag: str = ""
    version: Version | None = None
    display_name: str = ""
    description: str = ""
    gap: str = ""


class Remembered(msgspec.Struct):
    """A repository as the last run found it.

    `tags` is a hash of the list of tags, `missing` are tags that could not be reached, `checked`
    is when every tag was last looked at, in seconds.
    """

    root: str = ""
    etag: str = ""
    last_modified: str = ""
    tags: str = ""
    checked: float = 0.0
    missing: list[str] = []
    rows: dict[str, Row] = {}

    def as_memory(self) -> dict[str, Any]:
        """Return it in bounds: rows that find no place are read again when they are needed."""
        room = MOST_REMEMBERED - len(_encode(self.missing))
        rows = {}
        for tag, row in self.rows.items():
            room -= len(_encode({tag: row}))
            if room < 0:
                break
            rows[tag] = row
        kept: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(self, rows=rows))
        return kept


def recall(memory: Mapping[str, Any], root: str) -> Remembered:
    """Return what is remembered of a repository at `root`; nothing of another one."""
    try:
        found = msgspec.convert(memory, Remembered)
    except msgspec.ValidationError:
        return Remembered(root=root)
    return found if found.root == root else Remembered(root=root)


def hash_of(tags: Iterable[Tag]) -> str:
    """Return a hash of a list of tags that does not depend on its order."""
    listed = sorted((tag.tag, tag.digest) for tag in tags)
    return hashlib.blake2b(_encode(listed), digest_size=16).hexdigest()
