"""Environments, tenants, registries and defaults: what can be done with them, and what cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.app import App, build
from desktop.engine import defaults
from desktop.engine.drafts import Place
from desktop.engine.lock import DataInUse
from desktop.store import registries as stored
from desktop.store import runs
from desktop.store.database import FILE, StoreFailed
from desktop.store.schema import WrongData
from registrykit import BadConfig, NotAllowed, RegistryError
from registrykit.testing.servers import HelmSite
from tests.scripted import FakeClock

INDEX = b"""\
apiVersion: v1
entries:
  a:
  - apiVersion: v2
    name: a
    urls:
    - a-1.0.0.tgz
    version: 1.0.0
"""
NO_KEYRING = {"REGISTRY_DESKTOP_KEYRING": "none"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build(tmp_path / "data", writable=True, clock=FakeClock(), environ=NO_KEYRING)
    yield made
    made.close()


def place(app: App, *, system: bool = False) -> Place:
    environment = app.environments.all()[0]
    return Place(environment, None if system else app.environments.tenants(environment)[0])


def add(app: App, name: str, where: Place | None = None, **values: object):  # type: ignore[no-untyped-def]
    (type_id, *_) = app.plugins.descriptions()
    draft = app.registries.draft(
        type_id,
        {"endpoint": "https://charts.example", **values},
        {"password": "s3cret-word"} if values.get("auth") == "basic" else {},
    )
    return app.registries.add(name, where or place(app), draft)[0]


def test_a_fresh_data_directory_has_one_environment_and_one_tenant(app: App) -> None:
    (environment,) = app.environments.all()
    (tenant,) = app.environments.tenants(environment)
    assert (environment.edition, tenant.allow_non_fips) == ("none", False)
    assert app.registries.visible() == []


def test_editions_bring_their_defaults(app: App) -> None:
    counts = {}
    for edition in ("saas", "self-hosted", "airgap", "vertex", "vertex-airgap"):
        environment = app.environments.add(edition, edition)
        rows = app.registries.visible(environment)
        counts[edition] = len(rows)
        assert all(row.default_id and row.scope == "system" for row in rows)
    assert counts == {"saas": 6, "self-hosted": 6, "airgap": 0, "vertex": 1, "vertex-airgap": 0}
    assert len(defaults.shipped()) == 7


def test_a_changed_edition_changes_the_defaults_but_keeps_what_was_read(app: App) -> None:
    environment = app.environments.add("prod", "saas")
    first = app.registries.visible(environment)[0]
    with app.db.write() as tx:
        stored.update_registry(tx, first.id, last_success=1.0)
    environment = app.environments.edit(environment, edition="airgap")
    assert [row.id for row in app.registries.visible(environment)] == [first.id]
    app.environments.edit(environment, edition="saas")
    assert len(app.registries.visible(environment)) == 6


def test_defaults_are_read_only_but_can_be_hidden_and_duplicated_and_signed_in_to(app: App) -> None:
    environment = app.environments.add("prod", "saas")
    where = Place(environment, app.environments.tenants(environment)[0])
    row = next(r for r in app.registries.visible(environment) if r.default_id == "bitnami")
    with pytest.raises(NotAllowed, match="cannot be changed") as caught:
        app.registries.edit(row, values={"endpoint": "https://other.example"}, place=where)
    assert caught.value.code == "read-only"
    with pytest.raises(NotAllowed):
        app.registries.remove(row)
    app.registries.hide(row, True)
    assert row.id not in [r.id for r in app.registries.visible(environment)]
    assert row.id in [r.id for r in app.registries.visible(environment, hidden=True)]
    copy = app.registries.duplicate(row, "my bitnami", where)
    assert (copy.default_id, copy.endpoint) == (None, row.endpoint)
    signed, _ = app.registries.edit(
        row,
        values={"auth": "basic", "username": "me"},
        given={"password": "pass-word"},
        place=where,
    )
    assert signed.secrets == ("password",)
    assert signed.config["username"] == "me"


def test_defaults_without_a_plugin_say_so(app: App) -> None:
    environment = app.environments.add("prod", "saas")
    known = set(app.plugins.descriptions())
    for row in app.registries.visible(environment):
        assert ("plugin-missing" in app.conditions(row)) is (row.type not in known)
        assert "read-only" in app.conditions(row)


def test_the_system_console_exists_only_where_the_edition_has_one(app: App) -> None:
    with pytest.raises(BadConfig, match="no system console"):
        add(app, "x", place(app, system=True))
    environment = app.environments.add("site", "self-hosted")
    other = app.environments.add_tenant(environment, "beta")
    row = add(app, "shared", Place(environment, None))
    first = app.environments.find_tenant(environment, "default")
    own = add(app, "own", Place(environment, first))
    assert row.id in [r.id for r in app.registries.visible(environment, other)]
    assert own.id not in [r.id for r in app.registries.visible(environment, other)]


def test_names_are_unique_in_their_place_only(app: App) -> None:
    add(app, "Charts")
    with pytest.raises(BadConfig, match="already a registry called"):
        add(app, "charts")
    environment = app.environments.add("other", "saas")
    add(app, "Charts", Place(environment, app.environments.tenants(environment)[0]))


@pytest.mark.parametrize("name", ["", " x", "x\n", "a" * 201, "evil\u202ename"])
def test_names_that_cannot_be_shown_are_refused(app: App, name: str) -> None:
    with pytest.raises(BadConfig):
        add(app, name)


def test_a_removed_registry_can_be_restored_for_30_days(app: App) -> None:
    row = add(app, "Charts", auth="basic", username="me")
    app.registries.remove(row)
    assert app.registries.visible() == []
    taken = add(app, "Charts")
    (removed,) = app.registries.removed()
    with pytest.raises(BadConfig, match="already"):
        app.registries.restore(removed, place(app))
    app.registries.forget(taken)
    restored = app.registries.restore(removed, place(app))
    assert replace(restored, removed_at=None) == row
    app.registries.remove(restored)
    assert app.registries.purge() == 0
    app.clock.time += 30 * 24 * 3600 + 1  # type: ignore[attr-defined]
    assert app.registries.purge() == 1
    assert app.vault.get(row, "password") is None
    assert app.registries.removed() == []


def test_another_host_drops_the_stored_password(app: App) -> None:
    row = add(app, "Charts", auth="basic", username="me")
    same, _ = app.registries.edit(
        row, values={"endpoint": "https://charts.example/stable"}, place=place(app)
    )
    assert same.secrets == ("password",)
    try:
        other, _ = app.registries.edit(
            same, values={"endpoint": "https://evil.example"}, place=place(app)
        )
    except BadConfig:
        other = same  # refused until a password is entered: as good
    else:
        assert other.secrets == ()
        assert app.vault.get(row, "password") is None


def test_an_edit_without_the_password_at_hand_does_not_forget_that_there_is_one(
    app: App,
) -> None:
    row = add(app, "Charts", auth="basic", username="me")
    app.vault.forget(row.id, ["password"])
    edited, _ = app.registries.edit(row, values={"description": "mine"}, place=place(app))
    assert (edited.secrets, edited.config["description"]) == (("password",), "mine")


def test_switching_the_network_off_is_not_the_registrys_fault(tmp_path: Path) -> None:
    offline = build(tmp_path / "data", writable=True, offline=True, environ=NO_KEYRING)
    other = add(offline, "Charts")
    run = offline.synchronize(other).future.result(30)
    other = offline.registries.get(other.id)
    offline.close()
    assert (run.outcome, run.code) == ("failed", "offline")
    assert (other.failures, other.last_outcome) == (0, "never")


def test_a_full_disk_is_said_in_three_parts_and_loses_nothing(app: App) -> None:
    row = add(app, "Charts")
    with app.db.write() as tx:
        pages = tx.one("PRAGMA page_count")
        tx.sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFailed) as caught:
        app.registries.edit(row, values={"description": "x" * 500_000}, place=place(app))
    assert "full" in caught.value.cause
    assert caught.value.remedy
    with app.db.write() as tx:
        tx.sql("PRAGMA max_page_count = 1000000")
    assert app.registries.get(row.id) == row
    app.registries.edit(row, values={"description": "short"}, place=place(app))


def test_secrets_are_not_in_the_database(app: App) -> None:
    row = add(app, "Charts", auth="basic", username="me")
    assert "password" not in row.config
    for path in app.data_dir.rglob("*"):
        if path.is_file():
            assert b"s3cret-word" not in path.read_bytes()


def test_unknown_fields_and_open_secrets_are_refused(app: App) -> None:
    (type_id, *_) = app.plugins.descriptions()
    with pytest.raises(BadConfig, match="no field"):
        app.registries.draft(type_id, {"endpoint": "https://x.example", "nope": 1}, {})
    with pytest.raises(BadConfig, match="secret") as caught:
        app.registries.draft(type_id, {"endpoint": "https://x.example", "password": "hunter22"}, {})
    assert "hunter22" not in str(caught.value) + caught.value.cause + caught.value.remedy


def test_environments_and_tenants_with_registries_stay(app: App) -> None:
    (first,) = app.environments.all()
    with pytest.raises(BadConfig, match="only one"):
        app.environments.remove(first)
    second = app.environments.add("second", "saas")
    row = add(app, "Charts", Place(second, app.environments.tenants(second)[0]))
    with pytest.raises(BadConfig, match="still has registries"):
        app.environments.remove(second)
    app.registries.forget(row)
    app.environments.remove(second)
    assert [e.id for e in app.environments.all()] == [first.id]


def test_the_non_fips_switch_is_recorded(app: App) -> None:
    environment = app.environments.add("site", "vertex")
    (tenant,) = app.environments.tenants(environment)
    changed = app.environments.allow_non_fips(environment, tenant, True)
    assert changed.allow_non_fips
    assert stored.audit(app.db)[0].action == "allow-non-fips"


def test_only_one_program_writes(app: App) -> None:
    with pytest.raises(DataInUse) as caught:
        build(app.data_dir, writable=True, environ=NO_KEYRING)
    assert "process" in caught.value.cause
    reading = build(app.data_dir, writable=False, environ=NO_KEYRING)
    assert reading.environments.all() == app.environments.all()
    with pytest.raises(RuntimeError):
        reading.environments.add("x", "saas")
    reading.close()


def test_a_real_registry_from_add_to_forget(app: App) -> None:
    with HelmSite(INDEX) as site:
        row = add(app, "Charts", endpoint=site.endpoint, documents="on-demand")
        assert app.due(row)
        run = app.synchronize(row).future.result(30)
        assert (run.outcome, run.versions, run.requests) == ("ok", 1, 1)
        again = app.synchronize(row).future.result(30)
        assert (again.outcome, again.requests, site.log[-1].status) == ("unchanged", 1, 304)
        full = app.synchronize(row, full=True).future.result(30)
        assert (full.outcome, site.log[-1].status) == ("unchanged", 200)
    failed = app.synchronize(row).future.result(30)
    assert (failed.outcome, failed.versions) == ("failed", 1)
    row = app.registries.get(row.id)
    assert "unreachable" in app.conditions(row)
    app.registries.forget(row)
    with pytest.raises(RegistryError):
        app.registries.get(row.id)
    assert app.db.rows("SELECT count(*) FROM version")[0][0] == 0


def test_a_killed_run_is_named_at_the_next_start(app: App) -> None:
    row = add(app, "Charts")
    with app.db.write() as tx:
        runs.begin(tx, row.id, 1.0, full=False, source="", plugin_version="")
    app.close()
    again = build(app.data_dir, writable=True, environ=NO_KEYRING)
    assert again.registries.get(row.id).last_outcome == "interrupted"
    assert runs.runs_of(again.db, row.id)[0].outcome == "interrupted"
    again.close()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"not a database, but long enough to look like a file of some program" * 20, "wrong-data"),
        ("user_version = 99", "data-too-new"),
        ("user_version = 0", "data-too-old"),
        ("application_id = 7", "wrong-data"),
    ],
)
def test_data_that_is_not_ours_is_not_touched(
    tmp_path: Path, content: bytes | str, code: str
) -> None:
    import sqlite3

    folder = tmp_path / "data"
    build(folder, writable=True, environ=NO_KEYRING).close()
    path = folder / FILE
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA {content}")
        connection.close()
    before = path.read_bytes()
    for writable in (True, False):
        with pytest.raises(WrongData) as caught:
            build(folder, writable=writable, environ=NO_KEYRING)
        assert caught.value.code == code
        assert caught.value.remedy
    assert path.read_bytes() == before
    build(tmp_path / "other", writable=True, environ=NO_KEYRING).close()
