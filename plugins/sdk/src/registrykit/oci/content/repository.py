"""One repository on its way from what is remembered of it to what it holds now.

Where its list of tags is the same, that one request is all. Where it has changed, the manifests of
the tags that are new are asked for. Such a list does not say whether a tag was moved: so then those
are asked for as well that people move by habit, and from time to time every one, under the
validator of what is known of it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from registrykit.artifacts import Artifact
from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError, Unreachable
from registrykit.events import Complete, Document, Found, Note, Ref, Skip, SyncEvent, Unchanged
from registrykit.formats.pack import PACK
from registrykit.oci.content.look import PASSING, Look
from registrykit.oci.content.remembered import Row, hash_of, recall
from registrykit.oci.content.rows import labelled, read_row
from registrykit.oci.content.shapes import is_attached, shape_of
from registrykit.oci.content.texts import pack_documents
from registrykit.oci.manifests import Manifest
from registrykit.oci.sign_in import pull
from registrykit.versions import is_exact, newest, sort_key

if TYPE_CHECKING:
    from registrykit.formats.pack_archive import PackContents
    from registrykit.oci.listing import Listing
    from registrykit.sync import Context

RECHECK = 7 * 24 * 3600.0
"""Seconds after which every tag is looked at again though the list of tags is the same."""

now = time.time

# Tags that a thread reads in one go: where there are many, for to change threads costs as much as
# half a request, but where there are few every one is read by a thread of its own.
_PARTS, _LARGEST_PART = 16, 8
# Faults of one answer; every other one is a fault of the registry, and ends the run.
_OF_ONE = frozenset(("server-error", "bad-gateway", "truncated"))
_NOT_FOR_US = frozenset((NotAllowed.default_code, "needs-sign-in"))
# Letters of documents that come with the listing and wait until their repository is complete.
_MOST_TEXT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """A repository that is read. `leads` and `nested` say that others lie below it, or it below.

    `entered` says that the user named it.
    """

    name: str
    leads: bool = False
    nested: bool = False
    entered: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of one repository; `passed` counts what is of kinds that are not listed."""

    events: list[SyncEvent] = field(default_factory=list)
    error: RegistryError | None = None
    passed: Counter[str] = field(default_factory=Counter)
    shown: bool = False


@dataclass(slots=True)
class _Taken:
    """What came of one tag: a row, or why it could not be reached."""

    tag: str
    row: Row | None = None
    texts: list[Document] = field(default_factory=list)
    gap: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some tags of a repository that are read; `last` says that no others of it follow."""

    repository: _Repository
    tags: list[str]
    last: bool


def outcomes(ctx: Context[Any], look: Look, found: Iterable[Place]) -> Iterator[Outcome]:
    """Yield what each repository holds, in the order of `found`.

    Some threads ask for lists of tags, and others read what the tags lead to, of one repository or
    of many: so one with thousands of tags is read by as many as a thousand with a few.
    """
    found = list(found)
    names = (place.name for place in found if not ctx.completed(place.name))
    look.registry.sign_in.expect(pull(name) for name in names)
    for part, taken in ctx.map(_read, _parts(ctx, look, found)):
        part.repository.take(taken)
        if part.last:
            yield part.repository.outcome()


def _parts(ctx: Context[Any], look: Look, found: Iterable[Place]) -> Iterator[_Part]:
    for repository in ctx.map(partial(_asked, ctx, look), found):
        wanted = repository.wanted
        size = min(1 + len(wanted) // _PARTS, _LARGEST_PART)
        for start in range(0, len(wanted) or 1, size):
            end = start + size
            yield _Part(repository, wanted[start:end], end >= len(wanted))


def _asked(ctx: Context[Any], look: Look, place: Place) -> _Repository:
    repository = _Repository(ctx, look, place)
    repository.ask()
    return repository


def _read(part: _Part) -> tuple[_Part, list[_Taken]]:
    return part, [part.repository.read(tag) for tag in part.tags]


class _Repository:
    """First `ask`, then `read` what is `wanted` and `take` it; `outcome` is what came of it.

    `ask` and `read` run in threads.
    """

    def __init__(self, ctx: Context[Any], look: Look, place: Place) -> None:
        self._ctx = ctx
        self._look = look
        self._place = place
        self._name = place.name
        source = look.source
        declared = source.declared(place.name) if source.declared else {}
        mark = (look.registry.address.root, source.provider, place.entered, declared)
        self._known = recall(ctx.memory(place.name), hash_of(mark))
        self._due = not 0 <= now() - self._known.checked < RECHECK
        self._by_manifest = {row.manifest: row for row in self._known.rows.values() if row.manifest}
        self._by_archive = {
            row.version.content_digest: row
            for row in self._known.rows.values()
            if row.kind == PACK.id and row.version
        }
        self.wanted: list[str] = []
        self._tags = ""
        self._same = False
        self._ended: Outcome | RegistryError | None = None
        self._rows: dict[str, Row] = {}
        self._missing: dict[str, Row | None] = {}
        self._gaps: list[SyncEvent] = []
        self._texts: list[Document] = []
        self._stored: dict[str, str] | None = None
        self._room = _MOST_TEXT
        self._lock = threading.Lock()

    def ask(self) -> None:
        """Ask for the tags, and find out which of them have to be read."""
        if self._ctx.completed(self._name):
            self._ended = Outcome(shown=True)
            return
        try:
            self._ended = self._compare(self._look.registry.tags(self._name))
        except NotFound as error:
            # It may have been deleted since it was listed.
            entered = self._place.entered
            told = [Note(error.code, str(error))]
            self._ended = Outcome([*told], error.with_traceback(None)) if entered else Outcome()
        except RegistryError as error:
            # Its traceback would hold on to all that is known of the repository.
            self._ended = error.with_traceback(None)
            if _is_of_one(error):
                self._ended = Outcome([Skip(Ref(self._name), _reason(error))], error)

    def _compare(self, listed: Listing) -> Outcome | None:
        """Compare the tags with those that are known; return what that means if it is enough."""
        known = self._known
        self._tags = hash_of((*listed.names, listed.odd))
        self._same = self._tags == known.tags
        if self._same and not (self._due or known.missing or self._place.leads or known.leads):
            memory = known.as_memory() if self._place.nested else None
            return self._outcome([Unchanged(self._name, memory)])
        self._refuse_unusable(listed)
        for tag in sorted((t for t in listed if not is_attached(t)), key=sort_key, reverse=True):
            row = known.rows.get(tag)
            if row is not None and self._is_believed(tag, row):
                self._keep(tag, row)
            else:
                self.wanted.append(tag)
        return None

    def _is_believed(self, tag: str, row: Row) -> bool:
        """Say whether what is known of a tag is taken for true without asking."""
        if self._due or tag in self._known.missing:
            return False
        # What could not be read may have been pushed once more.
        return self._same or (is_exact(tag) and not row.gap)

    def outcome(self) -> Outcome:
        """Return what came of it; raise what was wrong with the registry when this was asked."""
        if isinstance(self._ended, RegistryError):
            raise self._ended
        if self._ended is not None:
            return self._ended
        known, name, same = self._known, self._name, self._same
        fresh = replace(
            known,
            tags=self._tags,
            checked=now() if self._due else known.checked,
            missing=[*self._missing],
            leads=self._place.leads,
            rows=self._rows | {tag: row for tag, row in self._missing.items() if row is not None},
        )
        leads = self._place.leads or known.leads
        if (
            same
            and not leads
            and all(_is_same(row, known.rows.get(t)) for t, row in self._rows.items())
        ):
            moved = fresh != known or self._place.nested
            return self._outcome(
                [*self._gaps, Unchanged(name, fresh.as_memory() if moved else None)]
            )
        complete = Complete(name, fresh.as_memory())
        return self._outcome([*self._found(), *self._texts, *self._gaps, complete])

    def _outcome(self, events: list[SyncEvent]) -> Outcome:
        rows = (self._rows or self._known.rows).values()
        passed = Counter(
            row.kind for row in rows if row.version is None and row.kind and not row.gap
        )
        return Outcome(events, passed=passed, shown=any(row.version for row in rows))

    def _refuse_unusable(self, listed: Listing) -> None:
        for tag in listed.unusable:
            reason = "the registry lists a tag that no tag can be called"
            self._gaps.append(Skip(Ref(self._name, tag or "(no name)"), reason))

    def take(self, taken: Iterable[_Taken]) -> None:
        """Take over what was read of some tags."""
        for one in taken:
            if one.row is None:
                # What is stored of it stays, and it is asked for again the next time.
                row = self._missing[one.tag] = self._known.rows.get(one.tag)
                self._gaps.append(Skip(self._ref(one.tag, row), one.gap))
                continue
            self._keep(one.tag, one.row)
            self._texts += one.texts

    def read(self, tag: str) -> _Taken:
        """Read what a tag leads to."""
        self._ctx.cancel.check()
        try:
            return self._taken(tag, self._known.rows.get(tag) or Row())
        except RegistryError as error:
            if not _is_of_one(error):
                raise
            if isinstance(error, BadAnswer) and error.code not in PASSING:
                return _Taken(tag, Row(gap=_reason(error)))
            return _Taken(tag, gap=_reason(error))

    def _taken(self, tag: str, known: Row) -> _Taken:
        look, name = self._look, self._name
        if known.etag:
            changed = look.registry.changed_manifest(name, tag, known.etag)
            if changed is None:
                return _Taken(tag, known)
            manifest = changed
        else:
            manifest = look.registry.manifest(name, tag)
        if before := self._by_manifest.get(manifest.digest):
            return _Taken(tag, replace(before, etag=manifest.etag))
        shape = shape_of(look, manifest)
        row = Row(manifest.digest, manifest.etag, shape.kind)
        if not shape.kind or not look.source.shows(shape.kind):
            return _Taken(tag, row)
        try:
            row, contents = read_row(look, manifest, shape, self._by_archive.get)
        except BadAnswer as error:
            if error.code in PASSING:
                raise
            return _Taken(tag, replace(row, gap=_reason(error)))
        return _Taken(tag, row, self._texts_of(tag, row, contents, manifest))

    def _keep(self, tag: str, row: Row) -> None:
        self._rows[tag] = row
        if row.gap:
            self._gaps.append(Skip(self._ref(tag, row), row.gap))

    def _ref(self, tag: str, row: Row | None) -> Ref:
        """Return what a tag is stored as, which may be spelled otherwise."""
        if row is not None and row.version is not None:
            return Ref(self._name, labelled(row, tag).version, row.kind, tag)
        if self._stored is None:
            stored = self._ctx.known(self._name)
            self._stored = {one.tag: one.version for one in stored if one.path == self._name}
        return Ref(self._name, self._stored.get(tag, tag), row.kind if row else "", tag)

    def _texts_of(
        self, tag: str, row: Row, contents: PackContents | None, manifest: Manifest
    ) -> list[Document]:
        """Return the documents that came along: all of a version, or none where room is short."""
        if contents is None or row.version is None:
            return []
        shown = labelled(row, tag)
        ref = Ref(self._name, shown.version, row.kind, tag)
        texts = list(pack_documents(contents, manifest, ref))
        # Here and not where they are collected: what waits for its turn there takes room as well.
        with self._lock:
            self._room -= sum(len(document.text) for document in texts)
            return texts if self._room >= 0 else []

    def _found(self) -> Iterator[SyncEvent]:
        """Yield the versions, those of each kind as one artifact."""
        by_kind: dict[str, dict[str, Row]] = {}
        for tag, row in self._rows.items():
            if row.version is not None:
                by_kind.setdefault(row.kind, {})[tag] = row
        for kind, rows in by_kind.items():
            versions = {tag: labelled(row, tag) for tag, row in rows.items()}
            by_name = {version.version: rows[tag] for tag, version in versions.items()}
            best = by_name[newest(by_name)[0]]
            artifact = Artifact(
                kind=kind,
                path=self._name,
                name=self._name.rpartition("/")[2],
                display_name=best.display_name,
                description=best.description,
                keywords=best.keywords,
            )
            for version in versions.values():
                yield Found(artifact, version)


def places(names: Iterable[str], entered: Iterable[str], unseen: Iterable[str] = ()) -> list[Place]:
    """Return the repositories in the order in which they are read: what lies below comes first.

    A prefix vouches for all that lies below it, so it is complete when that is; also for what is
    `unseen`, of which nothing tells whether it is there.
    """
    by_hand = set(entered)
    every = {*names, *by_hand}
    leading = {above for name in {*every, *unseen} for above in _above(name)}
    found = [
        Place(name, name in leading, not every.isdisjoint(_above(name)), name in by_hand)
        for name in every
    ]
    # The sign after all letters of a name comes last below each of them.
    return sorted(found, key=lambda place: f"{place.name}/~")


def _above(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def _is_same(row: Row, known: Row | None) -> bool:
    if known is None:
        return False
    return (row.version, row.gap, row.kind) == (known.version, known.gap, known.kind)


def _is_of_one(error: RegistryError) -> bool:
    """Say whether an error is about what was asked for, and not about the registry."""
    if isinstance(error, Unreachable):
        return error.code in _OF_ONE
    if isinstance(error, NotAllowed):
        return error.code in _NOT_FOR_US
    return isinstance(error, NotFound | BadAnswer)


def _reason(error: RegistryError) -> str:
    return f"{error} {error.cause}".strip()
