"""Synchronizing: the catalog, then the tags of every repository, then what has changed of them.

An unchanged repository costs one request, for its tags; none where the catalog lists them itself.
Where that list has changed, the tags that are new are read. It does not say whether one was moved:
so then those are asked for as well that people move by habit, and from time to time every one,
under the validator of what is known of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError, Unreachable
from registrykit.events import (
    Complete,
    Document,
    Found,
    Note,
    Progress,
    Ref,
    Skip,
    SyncEvent,
    Unchanged,
)
from registrykit.formats.entries import printable
from registrykit.formats.pack import PACK
from registrykit.versions import is_exact, newest
from registrykit_legacy_pack import lists, wire
from registrykit_legacy_pack.packs import Look, WholePack
from registrykit_legacy_pack.remembered import Remembered, Row, hash_of, recall
from registrykit_legacy_pack.wire import Listed, Tag

if TYPE_CHECKING:
    from registrykit.sync import Context
    from registrykit_legacy_pack.config import LegacyPackConfig

ADVICE = (
    "This is a legacy pack registry, a format that is being replaced: new packs belong in an OCI "
    "registry, as spectro-packs/archive/NAME:VERSION."
)
RECHECK = 7 * 24 * 3600.0
"""Seconds after which every tag is looked at again though the list of tags is the same."""

_NO_NAME = "(no name)"
# Faults of one answer; every other one is a fault of the registry, and ends the run.
_OF_ONE = frozenset(("server-error", "bad-gateway", "truncated"))
# Letters of documents that come with the listing and wait until their repository is complete.
_MOST_TEXT = 4 * 1024 * 1024

now = time.time


def listing(ctx: Context[LegacyPackConfig]) -> Iterator[SyncEvent]:
    """Yield what the registry holds now."""
    if ctx.completed(""):
        return
    look = Look(ctx)
    listed, doubles = lists.repositories(ctx.http, look.root)
    if not ctx.memory("").get("advised"):
        yield Note("legacy-format", ADVICE)
    if doubles:
        yield Note("listed-twice", f"The catalog repeats {doubles:,} names.")
    yield Progress(0, len(listed), "packs")
    step = max(1, len(listed) // 100)
    refused: list[RegistryError] = []
    for done, outcome in enumerate(ctx.map(partial(_outcome, ctx, look), listed), start=1):
        yield from outcome.events
        refused += [outcome.error] if outcome.error else []
        if done % step == 0:
            yield Progress(done, len(listed), "packs")
    if refused and len(refused) == len(listed):
        raise refused[0]
    yield Complete("", {"advised": True})


@dataclass
class _Outcome:
    """What came of one repository."""

    events: list[SyncEvent] = field(default_factory=list)
    error: RegistryError | None = None


def _outcome(ctx: Context[LegacyPackConfig], look: Look, listed: Listed) -> _Outcome:
    """Return the events of one repository; runs in a thread of `ctx.map`."""
    name = listed.name
    if fault := wire.name_fault(name):
        return _Outcome([Skip(Ref(printable(name).strip("/") or _NO_NAME, "", PACK.id), fault)])
    if ctx.completed(name):
        return _Outcome()
    try:
        return _Outcome(_Repository(ctx, look, name).events(listed))
    except (NotAllowed, NotFound, BadAnswer, Unreachable) as error:
        if not _is_of_one(error):
            raise
        # Its traceback would hold on to all that is known of the repository.
        told = Skip(Ref(name, "", PACK.id), _reason(error))
        return _Outcome([told], error.with_traceback(None))


class _Repository:
    """One repository on its way from what is remembered of it to what it holds now."""

    def __init__(self, ctx: Context[LegacyPackConfig], look: Look, name: str) -> None:
        self._ctx = ctx
        self._look = look
        self._name = name
        self._known = recall(ctx.memory(name), look.root)
        self._due = not 0 <= now() - self._known.checked < RECHECK
        self._rows: dict[str, Row] = {}
        self._missing: dict[str, Row | None] = {}
        self._gaps: list[SyncEvent] = []
        self._texts: list[Document] = []
        self._room = _MOST_TEXT

    def events(self, listed: Listed) -> list[SyncEvent]:
        known = self._known
        try:
            tags, fresh = self._tags(listed)
        except NotFound:
            return []  # emptied since it was listed, or long ago
        if tags is None:
            return [Unchanged(self._name)]
        told = hash_of(tags)
        same = told == known.tags
        if same and not (self._due or known.missing):
            return [Unchanged(self._name, _memory(fresh, known))]
        families = wire.families([tag.tag for tag in tags])
        for tag in tags:
            if tag.tag in families:
                self._ctx.cancel.check()
                self._take(tag, same=same)
        fresh = replace(
            fresh,
            tags=told,
            checked=now() if self._due else known.checked,
            missing=[*self._missing],
            rows=self._rows | {tag: row for tag, row in self._missing.items() if row is not None},
        )
        if same and all(_is_same(row, known.rows.get(tag)) for tag, row in self._rows.items()):
            return [*self._gaps, Unchanged(self._name, _memory(fresh, known))]
        found = self._found(families)
        if not found and not self._gaps:
            return []
        return [*found, *self._gaps, Complete(self._name, fresh.as_memory())]

    def _tags(self, listed: Listed) -> tuple[tuple[Tag, ...] | None, Remembered]:
        """Return the tags, None where the registry says that they did not change."""
        known = self._known
        if listed.tags is not None:
            return listed.tags, known
        # Where every tag is to be looked at, the list itself is needed.
        ask = known if not (self._due or known.missing) else Remembered()
        found = lists.tags_of(
            self._ctx.http, self._look.root, self._name, ask.etag, ask.last_modified
        )
        if found.not_modified:
            return None, known
        fresh = replace(known, etag=found.etag, last_modified=found.last_modified)
        return found.tags, fresh

    def _take(self, tag: Tag, *, same: bool) -> None:
        """Take over what is known of a tag, or read it; `same` says that the list is."""
        if fault := wire.name_fault(tag.tag):
            ref = Ref(self._name, printable(tag.tag) or _NO_NAME, PACK.id)
            self._gaps.append(Skip(ref, fault.replace("its name", "a tag")))
            return
        row = self._known.rows.get(tag.tag)
        if row is None or not self._is_believed(tag, row, same=same):
            try:
                row, whole = self._look.read(self._name, tag, row or Row())
            except (NotAllowed, NotFound, BadAnswer, Unreachable) as error:
                if not _is_of_one(error):
                    raise
                # What is stored of it stays, and it is asked for again the next time.
                self._missing[tag.tag] = row
                self._gaps.append(Skip(Ref(self._name, tag.tag, PACK.id), _reason(error)))
                return
            if whole is not None and row.version is not None:
                self._keep_texts(row.version, whole)
        self._rows[tag.tag] = row
        if row.gap:
            self._gaps.append(Skip(Ref(self._name, tag.tag, PACK.id), row.gap))

    def _is_believed(self, tag: Tag, row: Row, *, same: bool) -> bool:
        """Say whether what is known of a tag is taken for true without asking."""
        if tag.tag in self._known.missing:
            return False
        if tag.digest and tag.digest == row.manifest:
            return True
        # A listed digest says itself what was moved; what could not be read may have been mended.
        exact = not tag.digest and not row.gap and is_exact(wire.split_tag(tag.tag)[1])
        return not self._due and (same or exact)

    def _found(self, families: dict[str, tuple[str, ...]]) -> list[SyncEvent]:
        rows = {tag: row for tag, row in self._rows.items() if row.version is not None}
        by_version = {row.version.version: row for row in rows.values() if row.version}
        best = by_version.get(newest(by_version)[0], Row())
        artifact = Artifact(
            kind=PACK.id,
            path=self._name,
            name=self._name.rpartition("/")[2],
            display_name=best.display_name,
            description=best.description,
        )
        events: list[SyncEvent] = []
        for tag, row in rows.items():
            version = row.version
            assert version is not None
            if families[tag]:
                version = replace(version, facts={**version.facts, "parentTags": [*families[tag]]})
            events.append(Found(artifact, version))
        return [*events, *self._texts]

    def _keep_texts(self, version: Version, whole: WholePack) -> None:
        """Keep the documents that came along: all of a version, or none where room is short."""
        ref = Ref(self._name, version.version, PACK.id, version.wire_tag)
        texts = list(whole.documents(ref))
        self._room -= sum(len(document.text) for document in texts)
        if self._room >= 0:
            self._texts += texts


def _memory(fresh: Remembered, known: Remembered) -> dict[str, object] | None:
    return None if fresh == known else fresh.as_memory()


def _is_same(row: Row, known: Row | None) -> bool:
    return known is not None and row.version == known.version and row.gap == known.gap


def _is_of_one(error: RegistryError) -> bool:
    """Say whether an error is about what was asked for, and not about the registry."""
    if isinstance(error, Unreachable):
        return error.code in _OF_ONE
    return not isinstance(error, NotAllowed) or error.code == NotAllowed.default_code


def _reason(error: RegistryError) -> str:
    return f"{error} {error.cause}".strip()
