"""Clauses of the contract on what a synchronization yields."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from registrykit.artifacts import lies_under
from registrykit.events import Complete, Found, Skip, SyncEvent, Unchanged
from registrykit.registry import RegistryType
from registrykit.testing.judging import broken, judge, unjudged
from registrykit.testing.observing import Served, Synced

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_OTHER_DIGEST = re.compile(r"(?!sha)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


class ListingClauses:
    """What holds for the events of a synchronization; part of `RegistryTypeContract`."""

    registry_type: ClassVar[type[RegistryType[Any]]]
    conditional: ClassVar[bool] = True
    uses_http: ClassVar[bool] = True

    def test_sync_finishes(self, synced: Synced) -> None:
        """A synchronization of a healthy registry ends in time, without an error."""
        judge(
            synced,
            "test_sync_finishes",
            "Let sync() return after its last event, and let only RegistryError leave it.",
        )

    def test_sync_yields_events_only(self, synced: Synced) -> None:
        """`sync` yields events whose fields have the declared types."""
        judge(
            synced,
            "test_sync_yields_events_only",
            "Yield Found, Unchanged, Skip, Complete, Document, Progress or Note, and give every "
            "field the type that its class declares.",
        )

    def test_events_are_small(self, synced: Synced) -> None:
        """No event is larger than what fits into a frame (8 MiB)."""
        judge(
            synced,
            "test_events_are_small",
            "Leave out or shorten what is that large; documents belong in details().",
        )

    def test_memory_is_small(self, synced: Synced) -> None:
        """What is remembered for a prefix is at most 1 MiB."""
        judge(
            synced,
            "test_memory_is_small",
            "Remember validators and hashes, not content; or split the registry into prefixes.",
        )

    def test_output_stays_off_the_wire(self, synced: Synced) -> None:
        """The plugin leaves the standard streams and the program's pipes alone."""
        remedy = "Use ctx.log instead of print(), and leave file descriptors alone."
        judge(synced, "test_output_stays_off_the_wire", remedy)
        if synced.first.stderr:
            shown = synced.first.stderr.strip()[:200]
            broken(f"The synchronization printed {shown!r}.", remedy)
        streams = [name for name in synced.state.get("changed", []) if name.startswith("standard ")]
        if streams:
            broken(f"The synchronization closed or replaced {', '.join(streams)}.", remedy)

    def test_sync_completes(self, synced: Synced) -> None:
        """Every version that is found lies under a completed prefix."""
        events = _events(synced)
        complete = [event.prefix for event in events if isinstance(event, Complete)]
        for event in events:
            if isinstance(event, Found) and not any(
                lies_under(event.artifact.path, prefix) for prefix in complete
            ):
                broken(
                    f"{event.artifact.path!r} was found, but no Complete covers it, so it is "
                    "never known to be whole, and nothing of it can ever be removed.",
                    'Yield Complete(prefix) after everything under prefix; Complete("") covers '
                    "the whole registry.",
                )
        if not complete:
            broken("A first synchronization yielded no Complete.", 'Yield Complete("") at its end.')

    def test_nothing_after_complete(self, synced: Synced) -> None:
        """Nothing more is said about a prefix once it is complete."""
        complete: list[str] = []
        for event in _events(synced):
            path = _path(event)
            if path is not None and any(lies_under(path, prefix) for prefix in complete):
                broken(
                    f"{type(event).__name__} for {path!r} came after the Complete that covers it.",
                    "Yield Complete(prefix) last: it says that everything there has been said.",
                )
            if isinstance(event, Complete):
                complete.append(event.prefix)

    def test_identity_is_unique(self, synced: Synced) -> None:
        """No version of an artifact is yielded twice."""
        seen: set[tuple[str, str, str, str]] = set()
        for found in _found(synced):
            artifact, version = found.artifact, found.version
            key = (artifact.kind, artifact.path, version.version, version.tag)
            if key in seen:
                broken(
                    f"{artifact.path} {version.version} was yielded twice.",
                    "Keep the first, and yield Skip(Ref(path, version), reason) for the other.",
                )
            seen.add(key)

    def test_kinds_are_declared(self, synced: Synced) -> None:
        """Every artifact is of a kind that the type declares."""
        kinds = {kind.id for kind in self.registry_type.kinds}
        for found in _found(synced):
            if found.artifact.kind not in kinds:
                broken(
                    f"{found.artifact.path!r} is of the kind {found.artifact.kind!r}, which "
                    f"{self.registry_type.__name__}.kinds does not declare.",
                    "Add an ArtifactKind with this id to kinds.",
                )

    def test_paths_are_clean(self, synced: Synced) -> None:
        """Paths and versions are text without empty segments, and not empty."""
        for found in _found(synced):
            path, version = found.artifact.path, found.version.version
            if not path or any(not part or part in (".", "..") for part in path.split("/")):
                broken(
                    f"The path {path!r} has an empty segment.",
                    "Join the segments with single slashes, and put none at either end.",
                )
            if not version or not (path + version).isprintable():
                broken(
                    f"{path!r} has a version {version!r}.",
                    "Yield Skip for an entry without a usable name and version.",
                )

    def test_digests_are_well_formed(self, synced: Synced) -> None:
        """A digest is `algorithm:hex`, or empty."""
        for found in _found(synced):
            digest = found.version.digest
            if digest and not is_digest(digest):
                broken(
                    f"{found.artifact.path} has the digest {digest[:80]!r}.",
                    'Write "sha256:" and 64 hexadecimal digits in lower case, or leave it empty.',
                )

    def test_times_are_rfc3339(self, synced: Synced) -> None:
        """Times are RFC 3339 in UTC, or empty."""
        events = _events(synced)
        times = [found.version.created for found in _found(synced)]
        times += [event.as_of for event in events if isinstance(event, Complete)]
        for text in times:
            if text and not _TIME.fullmatch(text):
                broken(
                    f"The time {text[:60]!r} cannot be compared with others.",
                    "Write times as 2026-01-31T12:00:00Z, or leave them empty.",
                )

    def test_facts_are_plain(self, synced: Synced) -> None:
        """Facts are text, whole numbers, truth values, and lists and maps of those."""
        for found in _found(synced):
            for name, value in found.version.facts.items():
                if not _is_plain(value):
                    broken(
                        f"The fact {name!r} of {found.artifact.path} is {value!r:.80}.",
                        "Keep text, int, bool, and lists and maps of those; write others as text.",
                    )

    def test_finds_what_is_served(self, registry: Served, synced: Synced) -> None:
        """The catalog after the first run is what the fixture said that it serves."""
        if registry.expect is None:
            unjudged("The fixture `registry` does not say what to expect.")
        found = {(f.artifact.path, f.version.version) for f in _found(synced)}
        wrong = sorted(found ^ set(registry.expect))
        if wrong:
            which = "is missing" if wrong[0] in registry.expect else "is not expected"
            broken(
                f"Of what is served, {len(wrong)} versions differ: {' '.join(wrong[0])} {which}.",
                "Yield Found once for every version, or correct `expect` in the fixture.",
            )

    def test_requests_go_through_the_context(self, synced: Synced) -> None:
        """The registry is read with `ctx.http`."""
        judge(synced)
        if self.uses_http and not synced.first.traffic.requests:
            broken(
                "The synchronization made no request through ctx.http.",
                "Use ctx.http: it knows the proxy, the certificates, the sign-in and cancelling. "
                "For a type that reads no network, set uses_http = False.",
            )

    def test_no_threads_left(self, synced: Synced) -> None:
        """Threads end with the synchronization."""
        judge(synced)
        if left := synced.state.get("threads", []):
            broken(
                f"After sync() these threads still run: {', '.join(left)}.",
                "Use ctx.map for work in parallel, or join your threads in a finally block.",
            )

    def test_process_is_left_alone(self, synced: Synced) -> None:
        """What belongs to the whole process is as it was."""
        judge(synced)
        changed = [
            name for name in synced.state.get("changed", []) if not name.startswith("standard ")
        ]
        if changed:
            broken(
                f"The plugin changed {', '.join(changed)}.",
                "Leave it: other parts of the process rely on it. Pass settings as arguments.",
            )

    def test_second_sync_is_unchanged(self, synced: Synced) -> None:
        """A second run over the same registry changes nothing; and says so if `conditional`."""
        judge(synced)
        second, changes = synced.second, synced.second_changes
        assert second is not None
        if second.end != "finished":
            broken(
                f"A second synchronization did not finish. {second.told}",
                "Let sync() work with what ctx.memory(prefix) gives, too.",
            )
        if not changes.nothing:
            key = (*changes.added, *changes.changed, *changes.removed)[0]
            broken(
                f"A second synchronization changed {key[1]} {key[2]}, though the registry did not.",
                "Yield the same values for the same content, and Unchanged(prefix) only for "
                "what the last run completed.",
            )
        said = any(isinstance(event, Unchanged) for event in second.events)
        repeated = sum(isinstance(event, Found) for event in second.events)
        if self.conditional and (repeated or not said):
            broken(
                f"A second synchronization yielded {repeated} versions again.",
                "Give Complete a memory (ETag, Last-Modified or a hash), send it as validator "
                "next time, and yield Unchanged(prefix); or set conditional = False.",
            )

    def test_change_is_noticed(self, synced: Synced) -> None:
        """After a change at the registry, the next run gives what a full run would."""
        judge(synced)
        third, fresh = synced.third, synced.fresh
        if third is None or fresh is None:
            unjudged("The fixture `registry` gives no `change`, or the second run failed.")
        if third.end != "finished":
            broken(
                f"The synchronization after a change did not finish. {third.told}",
                "Let sync() read a registry that has changed.",
            )
        if not synced.catalog.versions:
            unjudged("No version was stored: see test_sync_completes.")
        if synced.third_changes.nothing:
            broken(
                "The synchronization after a change noticed nothing.",
                "Yield Unchanged only where the registry confirms it, such as with status 304.",
            )
        apart = set(synced.catalog.versions) ^ set(fresh.versions)
        if apart:
            key = min(apart)
            broken(
                f"After a change, {key[1]} {key[2]} differs from what a full run gives.",
                "Complete only prefixes of which every version was yielded in this run.",
            )


def is_digest(text: str) -> bool:
    """Say whether the text is `algorithm:hex`."""
    return bool(_DIGEST.fullmatch(text) or _OTHER_DIGEST.fullmatch(text))


def _events(synced: Synced) -> list[SyncEvent]:
    judge(synced)
    return synced.first.events


def _found(synced: Synced) -> list[Found]:
    return [event for event in _events(synced) if isinstance(event, Found)]


def _path(event: SyncEvent) -> str | None:
    """Return the path that an event of the listing speaks of."""
    if isinstance(event, Found):
        return event.artifact.path
    if isinstance(event, (Unchanged, Complete)):
        return event.prefix
    return event.ref.path if isinstance(event, Skip) else None


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    return isinstance(value, (str, int))
