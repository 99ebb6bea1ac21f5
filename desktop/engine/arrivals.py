"""What a plugin may say in a run: checked on arrival, before anything of it is stored."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from registrykit.errors import PluginFault
from registrykit.events import Document, Found, Progress, SyncEvent, Unchanged
from registrykit.frames import MAX_MEMORY
from registrykit.yielded import check_document

_DIGEST = re.compile(r"[a-z0-9]+([+._-][a-z0-9]+)*:[0-9a-f]+")
MOST_EVENTS = 2_000_000
"""A run with more than this, progress aside, is ended: no registry holds that many versions."""
MOST_WORDS = 2000
"""Characters that are kept of a reason or a message."""


class Arrivals:
    """The events of one run so far."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._count = 0

    def done(self, prefix: str) -> None:
        """From now on the plugin may not speak of what lies at or under `prefix`."""
        self._done.add(prefix)

    def check(self, event: SyncEvent) -> None:
        """Raise PluginFault for what breaks the contract."""
        if isinstance(event, Progress):
            return
        self._count += 1
        if self._count > MOST_EVENTS:
            raise PluginFault(
                f"The plugin yielded more than {MOST_EVENTS:,} events.",
                cause="no registry holds that many versions",
                code="too-many-events",
            )
        if isinstance(event, Found):
            _refuse_odd(event)
            self._refuse_late(event.artifact.path)
        elif isinstance(event, Document):
            check_document(event)
        elif isinstance(event, Unchanged):
            self._refuse_late(event.prefix.strip("/"))

    def _refuse_late(self, path: str) -> None:
        place = path
        while place not in self._done:
            if not place:
                return
            place = place.rpartition("/")[0]
        raise PluginFault(
            f"The plugin spoke of {path!r} after it had said that it was done with it.",
            code="found-after-complete",
        )


def _refuse_odd(event: Found) -> None:
    path, version = event.artifact.path, event.version.version
    if not path or not version or path != path.strip("/") or "//" in path:
        raise PluginFault(
            f"The plugin yielded a version that has no place: {path!r} {version!r}.",
            cause="paths have segments between slashes, and versions a text",
            code="garbage",
        )
    for digest in (event.version.digest, event.version.content_digest):
        if digest and not _DIGEST.fullmatch(digest):
            raise PluginFault(
                f"The plugin yielded a digest that is none: {digest[:100]!r}.",
                cause="digests are written algorithm:hex, such as sha256:…",
                code="garbage",
            )


def packed(memory: dict[str, Any] | None) -> bytes | None:
    """Return what a plugin wants to remember as bytes; raises PluginFault if it is too much."""
    if memory is None:
        return None
    found = msgspec.msgpack.encode(memory)
    if len(found) > MAX_MEMORY:
        raise PluginFault(
            f"The plugin wants to remember {len(found):,} bytes for one prefix.",
            cause=f"at most {MAX_MEMORY:,} bytes can be kept",
            code="memory-too-large",
        )
    return found
