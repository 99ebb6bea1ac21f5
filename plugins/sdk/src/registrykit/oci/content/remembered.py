"""What is remembered of a repository between two runs: its tags, and a row for each of them.

A row is what was read under a tag. It belongs to the digest of the manifest, so it serves every
tag that leads there, and nothing is asked for again but the manifest, under its validator.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from registrykit.artifacts import Version

MOST_REMEMBERED = 900 * 1024
"""Bytes; what may be remembered of one prefix is limited to 1 MiB."""

_LARGEST = 64 * 1024 * 1024
_encode = msgspec.msgpack.encode


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What was read under a tag; `manifest` and `etag` are those of its manifest.

    `version` is called what its content calls it. Without one it is not listed: because it is of
    a `kind` that is passed over, because there is nothing in it, or because of `gap`, which says
    what could not be read.
    """

    manifest: str = ""
    etag: str = ""
    kind: str = ""
    version: Version | None = None
    display_name: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    gap: str = ""


class Remembered(msgspec.Struct):
    """A repository as the last run found it.

    `source` says as what it was read, `tags` is a hash of the list of tags, `missing` are tags
    that could not be reached, `checked` is when every tag was last looked at, in seconds. `leads`
    says that other repositories lay below it.
    """

    source: str = ""
    tags: str = ""
    checked: float = 0.0
    missing: list[str] = []
    leads: bool = False
    rows: dict[str, Row] = {}

    def as_memory(self) -> dict[str, Any]:
        """Return it in bounds: rows that find no place are read again when they are needed.

        Rows are alike, so that packed they take a tenth of the space.
        """
        rows, missing = list(self.rows.items()), self.missing[:1000]
        room = MOST_REMEMBERED - len(_encode(missing))
        packed = zlib.compress(_encode(rows), 6)
        while len(packed) > room:
            rows = rows[: len(rows) * room // len(packed) * 9 // 10]
            packed = zlib.compress(_encode(rows), 6)
        return {
            "source": self.source,
            "tags": self.tags,
            "checked": self.checked,
            "missing": missing,
            "leads": self.leads,
            "rows": packed,
        }


def recall(memory: Mapping[str, Any], source: str) -> Remembered:
    """Return what is remembered of a repository that is read as `source`, nothing of another."""
    if memory.get("source") != source:
        return Remembered(source)
    try:
        unpacked = zlib.decompressobj().decompress(memory["rows"], _LARGEST)
        rows = msgspec.msgpack.decode(unpacked, type=list[tuple[str, Row]])
        return msgspec.convert({**memory, "rows": dict(rows)}, Remembered)
    except (KeyError, TypeError, zlib.error, msgspec.MsgspecError):
        return Remembered(source)


def hash_of(content: Iterable[Any]) -> str:
    """Return a hash of a list that does not depend on its order."""
    listed = sorted(_encode(one, order="deterministic") for one in content)
    return hashlib.blake2b(_encode(listed), digest_size=16).hexdigest()
