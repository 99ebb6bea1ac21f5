"""Editing what is stored, and checking it: what a form shows, what it may change, how it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.app import App, build
from desktop.engine import defaults, editing
from desktop.engine.drafts import Place
from desktop.engine.jobs import Cancellable
from desktop.store.values import RegistryRow
from registrykit import NotAllowed
from registrykit.certificates import presented
from registrykit.errors import Cancelled
from registrykit.events import Check
from registrykit.testing import faults
from registrykit.testing.servers import HelmSite
from registrykit.testing.tls import Authority, self_signed

NO_KEYRING = {"REGISTRY_DESKTOP_KEYRING": "none"}
INDEX = b"apiVersion: v1\nentries: {}\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build(tmp_path / "data", writable=True, environ=NO_KEYRING)
    yield made
    made.close()


def place(app: App) -> Place:
    environment = app.environments.all()[0]
    return Place(environment, app.environments.tenants(environment)[0])


URL = "https://charts.example"


def add(app: App, **values: Any) -> RegistryRow:
    (type_id, *_) = app.plugins.descriptions()
    entered = {"endpoint": URL, "auth": "basic", "username": "me", **values}
    draft = app.registries.draft(type_id, entered, {"password": "s3cret-word"})
    return app.registries.add("Charts", place(app), draft)[0]


def test_a_form_begins_with_everything_but_the_secrets(app: App) -> None:
    row = add(app, description="mine")
    form = app.plugins.describe(row.type)[1].form
    found = app.registries.editable(row)
    assert set(found.values) == {spec.name for spec in form.fields} - set(form.secrets)
    assert found.values["description"] == "mine"
    assert (found.secrets_present, found.locked) == (("password",), frozenset())
    assert "s3cret-word" not in repr(found)
    # What the form shows can be judged and saved as it is.
    kept = found.secrets_present
    judged = app.registries.judge(
        row.type, found.values, {}, kept, place=place(app), besides=row.id
    )
    assert (judged.problems, judged.same_as) == ((), None)
    saved, _ = app.registries.edit(row, values=found.values, place=place(app))
    assert replace(saved, message=row.message) == row


def test_of_a_default_only_the_sign_in_can_change(app: App) -> None:
    environment = app.environments.add("prod", "saas")
    where = Place(environment, app.environments.tenants(environment)[0])
    types = app.plugins.descriptions()
    row = next(row for row in app.registries.visible(environment) if row.type in types)
    found = app.registries.editable(row)
    assert found.locked == found.values.keys() - defaults.USERS_OWN
    assert "endpoint" in found.locked
    # A form hands everything back, what is locked as it was.
    values = {**found.values, "auth": "basic", "username": "me"}
    signed, _ = app.registries.edit(row, values=values, given={"password": "x-pass"}, place=where)
    assert (signed.config["username"], signed.secrets) == ("me", ("password",))
    with pytest.raises(NotAllowed):
        app.registries.edit(
            row, values={**values, "endpoint": "https://elsewhere.example"}, place=where
        )


def test_synchronization_is_locked_where_it_was_fixed_at_creation(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = add(app)
    _, kind = app.plugins.registry_type(row.type)
    monkeypatch.setattr(type(kind), "sync_rule", lambda self, config: "fixed-at-creation")
    assert app.registries.editable(row).locked == {"synchronization"}


def test_an_address_that_drops_secrets_says_so_before(app: App) -> None:
    row = add(app)
    # Neither the password nor a keyring is needed to know.
    app.vault.get = None  # type: ignore[method-assign, assignment]
    dropped_by = app.registries.dropped_by
    assert dropped_by(row, {"endpoint": "https://charts.example/stable"}) == ()
    assert dropped_by(row, {"username": "you"}) == ()
    assert dropped_by(row, {"endpoint": "https://evil.example"}) == ("password",)
    assert dropped_by(row, {"endpoint": "http://charts.example"}) == ("password",)
    assert dropped_by(row, {"endpoint": "no url at all"}) == ()


def test_what_is_said_to_be_dropped_is_dropped(app: App) -> None:
    row = add(app)
    values = {"endpoint": "https://evil.example"}
    assert app.registries.dropped_by(row, values) == row.secrets
    other, _ = app.registries.edit(row, values=values, place=place(app))
    assert other.secrets == ()


def test_what_is_read_from_elsewhere_is_due_at_once(app: App) -> None:
    row = replace(add(app), last_outcome="ok", last_success=1.0, last_attempt=1.0)
    told, _ = app.registries.edit(row, values={"description": "ours"}, place=place(app))
    moved, _ = app.registries.edit(row, values={"endpoint": f"{URL}/b"}, place=place(app))
    assert told.retry_at is None
    assert moved.retry_at is not None


def test_a_config_of_a_newer_plugin_is_no_reason_to_fail_while_asking(app: App) -> None:
    row = replace(add(app), config_version=99)
    assert app.registries.dropped_by(row, {"endpoint": "https://evil.example"}) == ()
    assert editing.stays(frozenset(), set())


# The connection check


def stages(
    app: App, endpoint: str, control: Cancellable | None = None, **values: Any
) -> list[Check]:
    (type_id, *_) = app.plugins.descriptions()
    draft = app.registries.draft(type_id, {"endpoint": endpoint, **values}, {})
    return list(app.registries.check(draft, control=control))


def test_the_check_shows_the_certificate_whether_trusted_or_not(app: App) -> None:
    authority = Authority()
    pair = authority.issue("localhost")
    with HelmSite(INDEX, tls=pair.server_context()) as site:
        url = f"https://localhost:{site.port}"
        refused = {check.stage: check for check in stages(app, url)}
        good = {
            check.stage: check for check in stages(app, url, ca_certificate=authority.certificate)
        }
    assert (refused["tls"].verdict, good["tls"].verdict) == ("failed", "ok")
    assert refused["tls"].certificate == good["tls"].certificate
    found = presented(refused["tls"].certificate)
    assert found is not None
    assert found.names == ("localhost",)
    assert found.sha256 == presented(pair.certificate).sha256  # type: ignore[union-attr]
    assert {check.certificate for stage, check in good.items() if stage != "tls"} == {""}


def test_a_certificate_that_was_shown_can_be_trusted(app: App) -> None:
    pair = self_signed("localhost")
    with HelmSite(INDEX, tls=pair.server_context()) as site:
        url = f"https://localhost:{site.port}"
        shown = next(check for check in stages(app, url) if check.stage == "tls")
        assert shown.code == "self-signed"
        again = stages(app, url, ca_certificate=shown.certificate)
    assert [check.stage for check in again if check.verdict == "failed"] == []


def ending(app: App, endpoint: str, control: Cancellable, into: list[str]) -> threading.Thread:
    """Check the connection on another thread, and write down how that ends."""

    def look() -> None:
        try:
            stages(app, endpoint, control)
            into.append("done")
        except BaseException as error:
            into.append(type(error).__name__)

    thread = threading.Thread(target=look)
    thread.start()
    return thread


def test_a_check_that_hangs_can_be_cancelled(app: App) -> None:
    with HelmSite(INDEX) as site:
        site.spoil("*", faults.stall())
        control, ended = Cancellable(), list[str]()
        thread = ending(app, site.endpoint, control, ended)
        while site.connections < 2:
            time.sleep(0.01)  # the probe of the check, and the request that hangs
        began = time.monotonic()
        control.cancel()
        thread.join(20)
        assert time.monotonic() - began < 4  # twice what a worker is given
    assert ended == [Cancelled.__name__]


def test_a_check_that_was_cancelled_before_it_began_ends_too(app: App) -> None:
    with HelmSite(INDEX) as site:
        control, ended = Cancellable(), list[str]()
        control.cancel()
        ending(app, site.endpoint, control, ended).join(20)
        assert site.count() == 0
    assert (ended, control.cancelled) == ([Cancelled.__name__], True)


def test_the_check_of_a_stored_registry_can_be_cancelled_too(app: App) -> None:
    with HelmSite(INDEX) as site:
        row = add(app, endpoint=site.endpoint)
        control = Cancellable()
        checks = app.registries.check_stored(row, control)
        assert next(checks).stage == "name"
        control.cancel()
        with pytest.raises(Cancelled):
            list(checks)
