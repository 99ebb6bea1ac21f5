"""What a synchronization stores, keeps, holds and says."""

from __future__ import annotations

import pytest

from desktop.engine import review
from desktop.engine.sync import Control
from desktop.store import catalog, runs, search
from desktop.store.commits import commit_prefix
from desktop.store.staging import stage
from registrykit import (
    Artifact,
    Complete,
    Document,
    Found,
    NotAllowed,
    Ref,
    Skip,
    Throttled,
    Unchanged,
    Unreachable,
    Version,
)
from registrykit.errors import Cancelled, RegistryError
from tests.scripted import Bench, digest_for, found


def changes(bench: Bench, run: int) -> set[tuple[str, str, str]]:
    return {(c.change, c.artifact, c.version) for c in runs.changes_of(bench.app.db, run=run)}


def names(bench: Bench, query: str) -> list[str]:
    hits = search.search(bench.app.db, query, [bench.registry_id]).hits
    return [hit.name for hit in hits]


def test_first_run_stores_everything_and_the_second_changes_nothing(bench: Bench) -> None:
    events = [*found("nginx", "1.0.0", "1.1.0"), *found("redis", "7.0.0"), Complete("")]
    first = bench.sync(*events)
    assert (first.outcome, first.added, first.artifacts, first.versions) == ("ok", 3, 2, 3)
    second = bench.sync(*events)
    assert (second.outcome, second.added, second.changed, second.removed) == ("unchanged", 0, 0, 0)
    assert bench.stored() == {
        "nginx": {"1.0.0": digest_for("1.0.0"), "1.1.0": digest_for("1.1.0")},
        "redis": {"7.0.0": digest_for("7.0.0")},
    }
    assert bench.registry.versions == 3


def test_latest_is_the_highest_stable_version(bench: Bench) -> None:
    bench.sync(*found("a", "1.9.0", "1.10.0", "2.0.0-rc.1", "nightly"), Complete(""))
    bench.sync(
        *found("a", "1.9.0", "1.10.0", "2.0.0-rc.1", "nightly"),
        *found("b", "edge", "2024-01"),
        Complete(""),
    )
    _, rows = catalog.list_artifacts(bench.app.db, bench.registry_id)
    assert [(r.path, r.latest, r.latest_is_stable) for r in rows] == [
        ("a", "1.10.0", True),
        ("b", rows[1].latest, False),
    ]


def test_each_kind_of_change_is_in_the_ledger(bench: Bench) -> None:
    many = [f"0.{n}.0" for n in range(12)]
    old = Version("1.1.0", digest=digest_for("x"), app_version="1")
    bench.sync(*found("a", *many, "1.0.0", old), *found("b", "1.0.0"), Complete(""))
    run = bench.sync(
        *found("a", *many, Version("1.0.0", digest=digest_for("other"))),
        *found("a", Version("1.1.0", digest=digest_for("x"), app_version="2"), "1.2.0"),
        Complete(""),
    )
    assert changes(bench, run.id) == {
        ("digest-moved", "a", "1.0.0"),
        ("metadata-changed", "a", "1.1.0"),
        ("added", "a", "1.2.0"),
        ("removed", "b", "1.0.0"),
    }
    assert (run.added, run.changed, run.removed) == (1, 2, 1)
    back = bench.sync(
        *found("a", *many, Version("1.0.0", digest=digest_for("other"))),
        *found("a", Version("1.1.0", digest=digest_for("x"), app_version="2"), "1.2.0"),
        *found("b", "1.0.0"),
        Complete(""),
    )
    assert changes(bench, back.id) == {("returned", "b", "1.0.0")}


def test_what_does_not_count_as_a_change(bench: Bench) -> None:
    one = Version("1.0.0", created="2024-01-01T00:00:00Z", facts={"a": "x  y", "b": "1"})
    bench.sync(*found("a", one), Complete(""))
    two = Version("1.0.0", created="2025-01-01T00:00:00Z", facts={"b": "1", "a": "x y\n"})
    assert bench.sync(*found("a", two), Complete("")).changed == 1  # a trailing line break is text
    three = Version("1.0.0", created="2026-01-01T00:00:00Z", facts={"b": "1", "a": "x\n\n y "})
    assert bench.sync(*found("a", three), Complete("")).outcome == "unchanged"


def test_gone_versions_are_kept_but_not_counted(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(12)]
    bench.sync(*found("a", *many), *found("b", "1.0.0"), Complete(""))
    run = bench.sync(*found("a", *many), Complete(""))
    assert (run.removed, run.artifacts, run.versions) == (1, 1, 12)
    (gone,) = catalog.find_artifacts(bench.app.db, bench.registry_id, "b")
    (version,) = catalog.versions_of(bench.app.db, gone.id)
    assert (gone.versions, version.state) == (0, "gone")
    assert names(bench, "b") == []


def test_prefixes_hold_whole_segments(bench: Bench) -> None:
    bench.sync(*found("team/app", "1.0.0"), *found("team2/app", "1.0.0"), Complete(""))
    run = bench.sync(*found("team/app", "1.0.0"), Complete("team"))
    assert (run.outcome, run.removed) == ("unchanged", 0)
    assert set(bench.stored()) == {"team/app", "team2/app"}


def test_without_complete_nothing_is_removed_and_the_run_is_partial(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0"), *found("b", "1.0.0"), Complete(""))
    run = bench.sync(*found("a", "1.0.0", "2.0.0"))
    assert (run.outcome, run.added, run.removed) == ("partial", 1, 0)
    assert set(bench.stored()) == {"a", "b"}


def test_unchanged_prefixes_count_as_seen(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0"), *found("b", "1.0.0"), Complete("", memory={"etag": "1"}))
    run = bench.sync(Unchanged("a"), *found("b", "1.0.0", "1.1.0"), Complete(""))
    assert (run.outcome, run.added, run.removed) == ("ok", 1, 0)
    assert set(bench.stored()) == {"a", "b"}
    assert bench.sync(Unchanged("")).outcome == "unchanged"


def test_skips_keep_what_is_stored_and_are_reported_once_as_new(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0", "1.1.0"), Complete(""))
    skip = Skip(Ref("a", "1.1.0"), "version is not text")
    first = bench.sync(*found("a", "1.0.0"), skip, Complete(""))
    assert (first.outcome, first.skipped, first.removed) == ("partial", 1, 0)
    again = bench.sync(*found("a", "1.0.0"), skip, Complete(""))
    assert (again.outcome, again.skipped) == ("unchanged", 1)
    not_modified = bench.sync(Unchanged(""))
    assert (not_modified.outcome, not_modified.skipped) == ("unchanged", 1)
    (row,) = runs.skipped_of(bench.app.db, not_modified.id)
    assert (row.path, row.version, row.reason) == ("a", "1.1.0", "version is not text")
    assert bench.stored()["a"].keys() == {"1.0.0", "1.1.0"}


def test_a_version_that_is_listed_twice_counts_once(bench: Bench) -> None:
    artifact = Artifact("chart", "a")
    run = bench.sync(
        Found(artifact, Version("1.0.0", digest=digest_for("first"))),
        Found(artifact, Version("1.0.0", digest=digest_for("second"))),
        Complete(""),
    )
    assert (run.versions, run.skipped) == (1, 1)
    assert bench.stored()["a"]["1.0.0"] == digest_for("first")
    assert [s.reason for s in runs.skipped_of(bench.app.db, run.id)] == ["listed-twice"]


def test_a_shrunken_listing_is_held_and_can_be_accepted(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(50)]
    bench.sync(*found("a", *many), Complete("", memory={"etag": "old"}))
    held = bench.sync(*found("a", *many[:20], "9.0.0"), Complete("", memory={"etag": "new"}))
    assert (held.outcome, held.removed, held.added) == ("held", 0, 1)
    assert held.message == "held: 30 versions would vanish"
    assert len(bench.stored()["a"]) == 51
    # What was remembered vouched for rows that have changed; the new memory waits with the run.
    assert runs.memory(bench.app.db, bench.registry_id, "") is None
    assert len(review.what_would_vanish(bench.app.db, bench.registry)) == 30
    accepted = bench.app.accept(bench.registry)
    assert (accepted.outcome, accepted.removed) == ("ok", 30)
    assert len(bench.stored()["a"]) == 21
    assert runs.memory(bench.app.db, bench.registry_id, "") == {"etag": "new"}
    with pytest.raises(RegistryError, match="Nothing of Scripted is held"):
        bench.app.accept(bench.registry)


def test_a_held_run_can_be_discarded_and_then_everything_is_read_anew(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(50)]
    bench.sync(*found("a", *many), Complete("", memory={"etag": "old"}))
    bench.sync(*found("a", "1.0.0"), Complete(""))
    assert bench.app.discard(bench.registry).outcome == "partial"
    assert len(bench.stored()["a"]) == 50
    assert runs.memory(bench.app.db, bench.registry_id, "") is None


def test_a_held_run_survives_a_restart_and_is_replaced_by_the_next(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(50)]
    bench.sync(*found("a", *many), Complete(""))
    bench.sync(*found("a", *many[:5]), Complete(""))
    bench.app.db.close()
    bench.app.db.open()
    assert len(review.what_would_vanish(bench.app.db, bench.registry)) == 45
    bench.sync(*found("a", *many[:6]), Complete(""))
    assert len(review.what_would_vanish(bench.app.db, bench.registry)) == 44
    assert bench.sync(*found("a", *many), Complete("")).outcome == "unchanged"
    with pytest.raises(RegistryError):
        review.held(bench.app.db, bench.registry)


def test_accepting_in_advance(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(50)]
    bench.sync(*found("a", *many), Complete(""))
    run = bench.sync(*found("a", "1.0.0"), Complete(""), accept_held=True)
    assert (run.outcome, run.removed) == ("ok", 49)


def test_a_source_that_goes_back_in_time_removes_nothing_unasked(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(50)]
    new, old = "2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"
    bench.sync(*found("a", *many), Complete("", memory={}, as_of=new))
    run = bench.sync(*found("a", *many[:49]), Complete("", memory={}, as_of=old))
    assert (run.outcome, run.removed) == ("held", 0)
    assert "back in time" in run.message


def test_a_time_in_the_far_future_is_no_reference(bench: Bench) -> None:
    many = [f"1.{n}.0" for n in range(50)]
    bench.sync(*found("a", *many), Complete("", memory={}, as_of="2099-01-01T00:00:00Z"))
    run = bench.sync(*found("a", *many[:49]), Complete("", memory={}, as_of="2027-01-01T00:00:00Z"))
    assert (run.outcome, run.removed) == ("ok", 1)


def test_a_failure_keeps_the_catalog_and_says_why(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0"), Complete("", memory={"etag": "1"}))
    error = Unreachable("No answer.", cause="refused", remedy="Check the network.", code="refused")
    run = bench.sync(*found("b", "1.0.0"), error)
    assert (run.outcome, run.code, run.message) == ("failed", "refused", "No answer.")
    assert (run.cause, run.remedy) == ("refused", "Check the network.")
    assert set(bench.stored()) == {"a"}
    assert (bench.registry.failures, bench.registry.last_outcome) == (1, "failed")
    assert bench.sync(*found("a", "1.0.0"), Complete("")).outcome == "unchanged"
    assert bench.registry.failures == 0


def test_prefixes_that_were_complete_stay_when_a_later_one_fails(bench: Bench) -> None:
    bench.sync(*found("one/a", "1.0.0"), *found("two/a", "1.0.0"), Complete(""))
    run = bench.sync(
        *found("one/a", "1.0.0", "2.0.0"),
        Complete("one"),
        *found("two/a", "3.0.0"),
        NotAllowed("This account may not read two."),
    )
    assert (run.outcome, run.added) == ("failed", 1)
    assert bench.stored()["one/a"].keys() == {"1.0.0", "2.0.0"}
    assert bench.stored()["two/a"].keys() == {"1.0.0"}


def test_throttling_waits_as_long_as_the_server_said(bench: Bench) -> None:
    bench.sync(Throttled("Too many requests.", retry_after=900.0))
    assert bench.registry.retry_at == bench.clock.now() + 900


def test_a_cancelled_run_goes_on_under_its_number(bench: Bench) -> None:
    first = bench.sync(*found("one/a", "1.0.0"), Complete("one"), Cancelled("Cancelled."))
    assert (first.outcome, set(bench.stored())) == ("cancelled", {"one/a"})
    second = bench.sync(*found("two/a", "1.0.0"), Complete("two"))
    assert (second.id, second.outcome, second.added) == (first.id, "ok", 2)
    (job, _), *_ = bench.workers.started[-1].calls
    assert job.settings.completed == ("one",)
    assert set(bench.stored()) == {"one/a", "two/a"}


def test_how_long_a_run_worked_is_told_without_its_pauses(bench: Bench) -> None:
    db, registry = bench.app.db, bench.registry_id

    def begin(now: float) -> runs.Begun:
        with db.write() as tx:
            begun = runs.begin(tx, registry, now, full=False, source="", plugin_version="1")
            commit_prefix(tx, begun.id, registry, "one", now, complete=True, memory=b"{}", as_of="")
        return begun

    def end(run: runs.Begun, outcome: str, now: float) -> tuple[int, float, float | None]:
        with db.write() as tx:
            if outcome == "interrupted":
                runs.mark_interrupted(tx, now)
            else:
                runs.end(tx, run.id, registry, outcome, now)
        row, *_ = runs.runs_of(db, registry)
        return row.id, row.started, row.seconds

    first = begin(100.0)
    assert end(first, "cancelled", 107.0) == (first.id, 100.0, 7.0)
    again = begin(5_000.0)
    assert end(again, "ok", 5_003.0) == (first.id, 100.0, 10.0)
    # Of a program that was killed, nobody knows when.
    other = begin(9_000.0)
    assert end(other, "interrupted", 20_000.0) == (other.id, 9_000.0, None)
    assert end(begin(20_100.0), "ok", 20_102.0) == (other.id, 9_000.0, 2.0)


def test_a_run_without_a_network_does_not_end_what_can_be_gone_on_with(bench: Bench) -> None:
    first = bench.sync(*found("one/a", "1.0.0"), Complete("one"), Cancelled("Cancelled."))
    assert bench.sync(offline=True).code == "offline"
    third = bench.sync(*found("two/a", "1.0.0"), Complete("two"))
    assert (third.id, third.outcome) == (first.id, "ok")
    assert set(bench.stored()) == {"one/a", "two/a"}


def test_a_full_run_and_another_plugin_version_begin_anew(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0"), Complete("", memory={"etag": "1"}))
    assert runs.memory(bench.app.db, bench.registry_id, "") == {"etag": "1"}
    bench.sync(*found("a", "1.0.0"), Complete(""), plugin_version="1.1")
    assert runs.memory(bench.app.db, bench.registry_id, "") is None


def test_listing_after_complete_is_the_plugins_fault(bench: Bench) -> None:
    run = bench.sync(*found("a/b", "1.0.0"), Complete("a"), *found("a/c", "1.0.0"))
    assert (run.outcome, run.code) == ("failed", "found-after-complete")


def test_a_flood_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.engine.arrivals.MOST_EVENTS", 3)
    run = bench.sync(*found("a", "1.0.0", "2.0.0", "3.0.0", "4.0.0"), Complete(""))
    assert (run.outcome, run.code) == ("failed", "too-many-events")
    assert bench.stored() == {}


def test_documents_in_the_listing_are_kept_and_searched(bench: Bench) -> None:
    run = bench.sync(
        *found("a", "1.0.0"),
        Document(Ref("a", "1.0.0", "chart"), "readme", "Pours zephyr into buckets."),
        Complete(""),
    )
    assert run.outcome == "ok"
    assert names(bench, "zephyr") == ["a"]


def test_documents_follow_the_policy_and_never_decide_the_outcome(bench: Bench) -> None:
    with bench.app.db.write() as tx:
        tx.sql('UPDATE registry SET config = \'{"documents": "latest"}\'')
    readme = Document(Ref("a", "2.0.0", "chart"), "readme", "All about kestrels.")
    bench.workers.documents = {"a@2.0.0": [readme], "b@1.0.0": "the host does not answer"}
    events = [*found("a", "1.0.0", "2.0.0"), *found("b", "1.0.0"), Complete("")]
    run = bench.sync(*events)
    assert (run.outcome, run.documents, run.documents_missing) == ("ok", 1, 1)
    assert (run.requests, run.document_requests) == (1, 2)
    assert names(bench, "kestrels") == ["a"]
    again = bench.sync(*events)
    assert (again.outcome, again.documents, again.document_requests) == ("unchanged", 0, 0)
    assert again.documents_missing == 1
    bench.workers.documents["b@1.0.0"] = []
    healed = bench.sync(*events, *found("c", "1.0.0"), Complete("c"), full=False)
    assert healed.code == "found-after-complete"
    changed = bench.sync(*events[:-1], *found("c", "1.0.0"), Complete(""))
    assert (changed.outcome, changed.documents_missing) == ("ok", 1)  # c is not there yet


def test_other_bytes_mean_other_documents(bench: Bench) -> None:
    text = Document(Ref("a", "1.0.0", "chart"), "readme", "Old words about ospreys.")
    bench.sync(*found("a", "1.0.0"), text, Complete(""))
    bench.sync(*found("a", Version("1.0.0", digest=digest_for("moved"))), Complete(""))
    assert names(bench, "ospreys") == []


def test_runs_that_change_nothing_do_not_pile_up(bench: Bench) -> None:
    for _ in range(30):
        bench.clock.time += 86_400
        bench.sync(*found("a", "1.0.0"), Complete(""))
    kept = runs.runs_of(bench.app.db, bench.registry_id)
    assert len(kept) == 6
    assert [run.outcome for run in kept][-1] == "ok"


def test_nothing_is_left_in_the_scratch_tables(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0"), Skip(Ref("b"), "no"), Unchanged("c"), Complete(""))
    bench.sync(*found("a", "2.0.0"), Unreachable("No answer."))
    with bench.app.db.scratch() as tx:
        for table in ("stage", "stage_kept", "stage_skip", "stage_document"):
            assert tx.one(f"SELECT count(*) FROM {table}") == 0


def test_a_transaction_that_fails_changes_nothing(bench: Bench) -> None:
    bench.sync(*found("a", "1.0.0"), Complete(""))
    before = bench.stored()

    def half() -> None:
        with bench.app.db.write() as tx:
            run = runs.begin(tx, bench.registry_id, 1, full=False, source="", plugin_version="")
            stage(tx, run.id, found("a", "2.0.0"))
            commit_prefix(tx, run.id, bench.registry_id, "", 1.0, complete=True)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        half()
    assert bench.stored() == before


def test_control_is_what_jobs_implement() -> None:
    from desktop.engine.jobs import Job

    control: Control = Job("r", lambda job: None)
    assert control is not None
