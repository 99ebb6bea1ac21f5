"""A catalog in memory that takes the events of runs by the rules of the program.

It is small enough to read and serves as the model in tests: what is added, kept and removed when
prefixes are complete, unchanged or skipped, and what a resumed run may leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from registrykit.artifacts import Artifact, Version, lies_under
from registrykit.events import (
    Complete,
    Document,
    Found,
    Known,
    Note,
    Ref,
    Skip,
    SyncEvent,
    Unchanged,
)

Key = tuple[str, str, str, str]
"""What a version is known by: kind, path, version, tag."""


@dataclass(frozen=True)
class Changes:
    """What a run did to the catalog."""

    added: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    removed: tuple[Key, ...] = ()
    skipped: tuple[Skip, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the catalog is as it was."""
        return not (self.added or self.changed or self.removed)


@dataclass
class _Run:
    """What one run has said so far; survives an interruption."""

    staged: dict[Key, tuple[Artifact, Version]] = field(default_factory=dict)
    seen: set[Key] = field(default_factory=set)
    kept: list[Ref] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skip] = field(default_factory=list)


class MiniCatalog:
    """The versions, documents and memory of one registry.

    Give it to `collect` as `stored`, and give what `collect` returns to `apply`.
    """

    def __init__(self) -> None:
        self.artifacts: dict[tuple[str, str], Artifact] = {}
        self.versions: dict[Key, Version] = {}
        self.documents: dict[tuple[Ref, str], str] = {}
        self.memories: dict[str, dict[str, Any]] = {}
        self._run: _Run | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that hold versions, sorted."""
        return tuple(sorted({path for _, path, _, _ in self.versions}))

    @property
    def completed(self) -> tuple[str, ...]:
        """The prefixes that an interrupted run has stored, for `Settings.completed`."""
        return tuple(self._run.completed) if self._run else ()

    def known(self, prefix: str) -> Iterator[Known]:
        for (_, path, version, tag), stored in list(self.versions.items()):
            if lies_under(path, prefix):
                yield Known(path, version, tag, stored.digest)

    def memory(self, prefix: str) -> dict[str, Any] | None:
        return self.memories.get(prefix)

    def apply(self, events: Iterable[SyncEvent], *, finished: bool = True) -> Changes:
        """Take the events of a run, and remove what it says is gone.

        With `finished=False` the run was interrupted: completed prefixes are stored, nothing is
        removed, and the next call goes on with the same run.
        """
        run = self._run = self._run or _Run()
        added: list[Key] = []
        changed: list[Key] = []
        notes: list[Note] = []
        for event in events:
            if isinstance(event, Found):
                self._stage(run, event)
            elif isinstance(event, Skip):
                run.kept.append(event.ref)
                run.skipped.append(event)
            elif isinstance(event, Unchanged):
                run.unchanged.append(event.prefix)
                run.completed.append(event.prefix)
                if event.memory is not None:
                    self.memories[event.prefix] = event.memory
            elif isinstance(event, Complete):
                self._commit(run, event, added, changed)
            elif isinstance(event, Document):
                self.documents[event.ref, event.name] = event.text
            elif isinstance(event, Note):
                notes.append(event)
        removed: list[Key] = []
        if finished:
            removed = self._remove(run)
            self._run = None
        else:
            # What belongs to no completed prefix comes again when the run is resumed.
            run.seen.difference_update(run.staged)
            run.staged.clear()
        skipped = tuple(dict.fromkeys(run.skipped))
        return Changes(tuple(added), tuple(changed), tuple(removed), skipped, tuple(notes))

    def abandon(self) -> None:
        """Forget an interrupted run, so that the next one starts anew."""
        self._run = None

    def _stage(self, run: _Run, event: Found) -> None:
        artifact, version = event.artifact, event.version
        key = (artifact.kind, artifact.path, version.version, version.tag)
        if key not in run.seen:
            run.seen.add(key)
            run.staged[key] = (artifact, version)
        elif version.digest != run.staged.get(key, (artifact, version))[1].digest:
            ref = Ref(artifact.path, version.version, artifact.kind)
            run.skipped.append(Skip(ref, "listed-twice"))

    def _commit(self, run: _Run, event: Complete, added: list[Key], changed: list[Key]) -> None:
        for key in [key for key in run.staged if lies_under(key[1], event.prefix)]:
            artifact, version = run.staged.pop(key)
            stored = self.versions.get(key)
            if stored is None:
                added.append(key)
            elif _essence(stored) != _essence(version):
                changed.append(key)
            self.artifacts[key[:2]] = artifact
            self.versions[key] = version
        if event.memory is None:
            self.memories.pop(event.prefix, None)
        else:
            self.memories[event.prefix] = event.memory
        run.completed.append(event.prefix)

    def _remove(self, run: _Run) -> list[Key]:
        complete = [prefix for prefix in run.completed if prefix not in run.unchanged]
        gone = [
            key
            for key in self.versions
            if key not in run.seen
            and any(lies_under(key[1], prefix) for prefix in complete)
            and not any(lies_under(key[1], prefix) for prefix in run.unchanged)
            and not any(_covers(ref, key) for ref in run.kept)
        ]
        for key in gone:
            del self.versions[key]
        paths = {key[1] for key in self.versions}
        for prefix in [p for p in self.memories if p not in run.completed]:
            # What is remembered vouches for rows; without them it would hide their return.
            if any(lies_under(prefix, done) for done in complete) and not any(
                lies_under(path, prefix) for path in paths
            ):
                del self.memories[prefix]
        return gone


def _covers(ref: Ref, key: Key) -> bool:
    kind, path, version, tag = key
    return (
        lies_under(path, ref.path) and ref.kind in ("", kind) and ref.version in ("", version, tag)
    )


def _essence(version: Version) -> tuple[Any, ...]:
    """Return what counts as a change; times and the order of lists do not."""
    return (
        version.digest,
        version.app_version,
        version.deprecated,
        version.description.split(),
        sorted(version.urls),
        sorted(repr(dependency) for dependency in version.dependencies),
        version.facts,
    )
