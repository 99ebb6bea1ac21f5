"""What is said of many registries at once: states, what needs the user, what comes next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.app import App, build
from desktop.engine import decisions, review, words
from desktop.engine.attention import Attention, Coming
from desktop.engine.bus import JobChanged, PrefixStored, RunEnded, RunProgressed, RunStarted
from desktop.engine.jobs import Job
from desktop.engine.progress import Progresses
from desktop.store import registries as stored
from desktop.store.values import RegistryRow
from registrykit import Complete
from registrykit.errors import PluginFault, SignInFailed, Unreachable, UntrustedTls
from tests.scripted import Bench, FakeClock, found


class NoKeyring:
    """Says so loudly when somebody looks for the keyring."""

    def __call__(self) -> None:
        raise AssertionError("the keyring was asked")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    clock = FakeClock()
    made = build(
        tmp_path / "data", writable=True, clock=clock, environ={}, find_keyring=NoKeyring()
    )
    yield made
    made.close()


def put(app: App, name: str, **columns: Any) -> RegistryRow:
    """Store a registry of the real type, as it might be after some time."""
    environment = app.environments.all()[0]
    (type_id, *_) = app.plugins.descriptions()
    known: dict[str, Any] = {"type": type_id, "type_title": "Type", **columns}
    row = RegistryRow(
        id=f"id-{name}",
        environment_id=environment.id,
        scope="tenant",
        tenant_id=app.environments.tenants(environment)[0].id,
        name=name,
        created=app.clock.now(),
        endpoint=f"https://{name}.example",
        **known,
    )
    with app.db.write() as tx:
        stored.save_registry(tx, row)
    return row


def one(app: App, row: RegistryRow) -> Attention:
    (entry,) = app.attention([row])
    return entry


def test_a_healthy_or_untouched_registry_needs_nothing(app: App) -> None:
    now = app.clock.now()
    rows = [
        put(app, "new"),
        put(app, "good", last_outcome="ok", last_success=now - 60, last_attempt=now - 60),
        put(app, "same", last_outcome="unchanged", last_success=now - 60, last_attempt=now - 60),
    ]
    assert app.attention(rows) == []


def test_the_worst_comes_first(app: App) -> None:
    now = app.clock.now()
    synced = {"last_success": now - 3600, "last_attempt": now - 60, "remedy": "Try it."}
    rows = [
        put(app, "cancelled", last_outcome="cancelled", **synced),
        put(app, "old", last_outcome="ok", last_success=now - 3 * 24 * 3600.0),
        put(app, "partly", last_outcome="partial", code="partial", **synced),
        put(app, "held", last_outcome="held", message="held: 140 versions would vanish", **synced),
        put(app, "typeless", type="no-such-type"),
        put(app, "locked", last_outcome="failed", code="sign-in-failed", message="No.", **synced),
        put(app, "gone", last_outcome="failed", code="refused", message="Refused.", **synced),
        put(app, "cut", last_outcome="interrupted", **synced),
    ]
    found = app.attention(rows)
    assert [(entry.name, entry.action) for entry in found] == [
        ("gone", "check"),
        ("locked", "sign-in"),
        ("typeless", "plugins"),
        ("held", "review"),
        ("partly", "sync"),
        ("old", "sync"),
        ("cut", "sync"),
        ("cancelled", "sync"),
    ]
    assert all(entry.what.endswith(".") and entry.remedy.endswith(".") for entry in found)
    by_name = {entry.name: entry for entry in found}
    assert by_name["held"].what == "140 versions would vanish."
    assert by_name["old"].what == "It was not synchronized for 3 days."
    assert by_name["old"].why == "The program was not open when it was due."


def test_a_default_that_nobody_asked_for_needs_nothing_yet(app: App) -> None:
    environment = app.environments.add("prod", "saas")
    rows = app.registries.visible(environment)
    app.plugins.set_enabled("registrykit-legacy-pack", False)
    assert {state.text for state in app.states(rows).values()} >= {"plugin is switched off"}
    assert app.attention(rows) == []
    tried = next(row for row in rows if "needs-sign-in" not in app.conditions(row))
    with app.db.write() as tx:
        stored.update_registry(tx, tried.id, last_outcome="failed", code="timeout", message="No.")
    (entry,) = app.attention(app.registries.visible(environment))
    assert entry.registry_id == tried.id


def test_a_failure_is_told_in_three_parts_with_what_helps(bench: Bench) -> None:
    app = bench.app
    for error, action in (
        (Unreachable("It is down.", cause="Nobody answers.", code="timeout"), "check"),
        (UntrustedTls("It is odd.", cause="Self-signed.", code="self-signed"), "check"),
        (SignInFailed("Wrong password.", cause="It said 401."), "sign-in"),
        (PluginFault("It broke.", cause="ZeroDivisionError"), "plugins"),
    ):
        bench.sync(error)
        # Safe mode loads no plugin, and that would be said before anything else.
        app.plugins.type_states = lambda: {"scripted": "active"}  # type: ignore[method-assign]
        entry = one(app, bench.registry)
        assert entry.action == action
        if action == "sign-in":
            assert entry.why == "Wrong password. It said 401."
        else:
            assert (entry.what, entry.why) == (str(error), f"{error.cause.rstrip('.')}.")
        assert entry.remedy == error.remedy


def test_gaps_are_counted_in_one_pass(bench: Bench) -> None:
    from registrykit import Ref, Skip

    app = bench.app
    app.plugins.type_states = lambda: {"scripted": "active"}  # type: ignore[method-assign]
    skips = [Skip(Ref(name, "", "chart"), "odd") for name in ("x", "y")]
    bench.sync(*found("a", "1.0.0"), *skips, Complete(""))
    row = bench.registry
    assert app.states([row])[row.id].text == "synced with 2 gaps"
    entry = one(app, row)
    assert (entry.what, entry.action) == ("2 entries could not be read.", "none")


def test_what_would_stay_of_a_held_run_is_counted(bench: Bench) -> None:
    app = bench.app
    versions = [f"1.{minor}.0" for minor in range(30)]
    bench.sync(*found("a", *versions), *found("b", "1.0.0"), *found("c", "1.0.0"), Complete(""))
    bench.sync(*found("a", "1.0.0"), *found("b", "1.0.0", "2.0.0"), Complete(""))
    rows = review.what_would_stay(app.db, bench.registry)
    assert [(row.kind, row.path, row.name, row.before, row.after) for row in rows] == [
        ("chart", "a", "a", 30, 1),
        ("chart", "c", "c", 1, 0),
    ]
    vanishing = review.what_would_vanish(app.db, bench.registry)
    assert sum(row.before - row.after for row in rows) == len(vanishing) == 30


def test_what_comes_next_is_told_soonest_first(app: App) -> None:
    now = app.clock.now()
    rows = [
        put(app, "late", last_outcome="ok", last_success=now - 3600),
        put(app, "soon", last_outcome="ok", last_success=now - 20 * 3600),
        put(app, "new"),
        put(app, "manual", automatic=False),
    ]
    found = app.coming(rows)
    assert [entry.name for entry in found] == ["new", "soon", "late"]
    assert found[0] == Coming("id-new", "new", now)
    assert [entry.at for entry in found] == sorted(entry.at for entry in found)
    assert app.coming(rows, limit=1) == found[:1]
    app.settings.change(paused=True)
    assert app.coming(rows) == []
    assert app.next_run(rows[0]) is None
    assert app.scheduler().tick(now + 3600) == []


def test_nothing_that_lists_need_asks_plugins_or_the_keyring(tmp_path: Path) -> None:
    """The keyring of this program fails the test when it is looked for."""
    folder, row_of = tmp_path / "data", dict[str, RegistryRow]()
    first = build(folder, writable=True, environ={}, find_keyring=NoKeyring())
    row_of["a"] = put(first, "a", secrets=("password",), last_outcome="failed", code="refused")
    row_of["b"] = put(first, "b", secrets=("password",), removed_at=1.0)
    first.close()
    again = build(folder, writable=True, environ={}, find_keyring=NoKeyring())
    try:
        again.plugins._discover = None  # type: ignore[assignment]
        rows = [row_of["a"], put_in(again, row_of["a"], type="other")]
        assert again.all_conditions(rows)["id-a"] == ["unreachable"]
        assert again.all_conditions(rows)["id-other"] == ["plugin-missing", "unreachable"]
        assert again.states(rows)["id-a"].text == "connection refused"
        assert len(again.attention(rows)) == 2
        assert len(again.coming(rows)) == 2
        assert [row.id for row in again.registries.removed()] == ["id-b"]
        # Forgetting asks the keyring, which is why it is not part of the start.
        with pytest.raises(AssertionError, match="the keyring was asked"):
            again.tidy()
    finally:
        again.close()


def put_in(app: App, like: RegistryRow, **columns: Any) -> RegistryRow:
    row = replace(like, id="id-other", name="other", **columns)
    with app.db.write() as tx:
        stored.save_registry(tx, row)
    return row


def test_before_plugins_were_ever_looked_for_nothing_is_said_of_them(tmp_path: Path) -> None:
    made = build(tmp_path / "data", writable=True, environ={}, find_keyring=NoKeyring())
    environment = made.environments.add("prod", "saas")
    row = next(row for row in made.registries.visible(environment) if "oci" in row.type)
    rows = [replace(row, type="gone")]
    assert not any("plugin-missing" in found for found in made.all_conditions(rows).values())
    made.plugins.all()
    assert any("plugin-missing" in found for found in made.all_conditions(rows).values())
    made.close()


def test_the_state_of_one_is_that_of_many(app: App) -> None:
    now = app.clock.now()
    row = put(app, "good", last_outcome="ok", last_success=now - 720)
    assert app.state_of(row) == app.states([row])[row.id]
    assert app.state_of(row).text == "synced 12 min ago"


def test_a_running_synchronization_says_how_far_it_is() -> None:
    clock = FakeClock()
    progress = Progresses(clock)
    row = RegistryRow("a", "e", "tenant", "t", "n", "x", "X", 0.0)

    def said() -> words.State:
        known = progress.all().get("a")
        return words.state(row, "syncing", (), clock.now(), progress=known)

    assert said().text == "synchronizing"
    progress(RunStarted("a", 1))
    assert said() == words.State("synchronizing", "busy")
    progress(RunProgressed("a", "listing", 120, 300, "charts"))
    assert said() == words.State("syncing 120 of 300 charts", "busy", 0.4)
    progress(RunProgressed("a", "listing", 1_200_000, 33_000_000, "bytes"))
    assert said().text == "syncing 1.2 MB of 33 MB"
    progress(RunProgressed("a", "listing", 1204, None, "charts"))
    assert said() == words.State("syncing 1,204 charts", "busy")
    progress(RunProgressed("a", "documents", 0, 12, ""))
    assert said() == words.State("syncing 0 of 12 documents", "busy", 0.0)
    clock.time += 59
    assert said().text == "syncing 0 of 12 documents"
    clock.time += 16
    assert said().text == "no answer for 75 s"
    progress(PrefixStored("a", ""))
    assert said().text == "syncing 0 of 12 documents"
    progress(JobChanged("a", "cancelling"))
    assert progress.all()
    progress(RunEnded("a", 1, "ok"))
    assert progress.all() == {}
    progress(RunStarted("a", 2))
    progress(JobChanged("a", "idle"))
    assert progress.all() == {}


def test_what_runs_and_what_waits_is_told_with_its_beginning(app: App) -> None:
    gate, begun = threading.Event(), threading.Event()

    def work(job: Job[None]) -> None:
        begun.set()
        gate.wait(10)

    jobs = [app.jobs.submit("a", work), app.jobs.submit("a", work)]
    assert begun.wait(10)
    assert app.jobs.active() == (("a", "syncing", app.clock.now()),)
    assert app.activities() == {"a": "syncing"}
    jobs += [app.jobs.submit(name, work) for name in "bcdef"]
    app.jobs.cancel("a")
    active = {entry.registry_id: entry for entry in app.jobs.active()}
    assert active["a"].activity == "cancelling"
    assert [active["f"].activity, active["f"].started] == ["queued", None]
    gate.set()
    for job in jobs:
        if not job.future.cancelled():
            job.future.result(10)


def test_the_last_look_is_remembered(app: App) -> None:
    assert app.looked() is None
    app.mark_looked(1234.5)
    reading = build(app.data_dir, writable=False, environ={}, find_keyring=NoKeyring())
    assert reading.looked() == 1234.5
    reading.mark_looked(2000.0)
    reading.close()
    assert app.looked() == 1234.5


def test_decisions_can_be_read_as_sentences(app: App) -> None:
    row = put(app, "charts", approved_hosts=("cdn.example", "other.example:8443"))
    revoked = app.registries.revoke(row, "cdn.example")
    assert app.registries.get(row.id).approved_hosts == ("other.example:8443",)
    app.registries.remove(revoked)
    app.settings.change(kept_days=1)
    app.environments.add("prod", "none")
    assert [decisions.said(entry) for entry in app.audit()] == [
        "The environment prod was added.",
        "The number of days that removed registries are kept was changed: 1.",
        "charts was removed.",
        "charts may no longer ask cdn.example.",
    ]
    assert len(app.audit(limit=1)) == 1
