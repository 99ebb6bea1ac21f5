"""Settings of the program: what they may be, that they are kept, and that they hold at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.app import App, build
from desktop.engine import settings
from desktop.engine.bus import Event, SettingsChanged
from desktop.engine.drafts import Place
from desktop.engine.settings import Settings
from desktop.store import registries as stored
from desktop.store.database import StoreFailed
from desktop.store.values import RegistryRow
from registrykit import BadConfig
from registrykit.testing.servers import HelmSite, Site
from registrykit.testing.tls import Authority
from tests.scripted import FakeClock

NO_KEYRING = {"REGISTRY_DESKTOP_KEYRING": "none"}
INDEX = b"apiVersion: v1\nentries: {}\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = build(tmp_path / "data", writable=True, clock=FakeClock(), environ=NO_KEYRING)
    yield made
    made.close()


def add(app: App, **values: Any) -> RegistryRow:
    (type_id, *_) = app.plugins.descriptions()
    environment = app.environments.all()[0]
    place = Place(environment, app.environments.tenants(environment)[0])
    draft = app.registries.draft(type_id, {"documents": "on-demand", **values}, {})
    return app.registries.add("Charts", place, draft)[0]


def test_settings_are_kept_and_told(app: App) -> None:
    heard: list[Event] = []
    app.bus.subscribe(heard.append)
    assert app.settings.read() == Settings()
    changed = app.settings.change(kept_days=7, proxy="http://Proxy.example:3128/", paused=False)
    assert changed == Settings(proxy="http://proxy.example:3128", kept_days=7)
    assert app.settings.read() == changed
    assert heard == [SettingsChanged(("kept_days", "proxy"))]
    assert app.settings.change(kept_days=7) == changed
    assert len(heard) == 1
    app.close()
    again = build(app.data_dir, writable=False, environ=NO_KEYRING)
    assert again.settings.read() == changed
    again.close()


@pytest.mark.parametrize(
    "values",
    [
        {"proxy": "socks5://proxy.example"},
        {"proxy": "http://"},
        {"proxy": "http://me:s3cret-word@proxy.example:3128"},
        {"no_proxy": ("https://x.example",)},
        {"no_proxy": ("two hosts",)},
        {"no_proxy": 5.5, "proxy": "nonsense proxy"},
        {"ca_certificate": "hello"},
        {"ca_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"},
        {"kept_days": 0},
        {"kept_days": True},
        {"kept_days": "30"},
        {"kept_days": 10**6},
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_all_others(
    app: App, values: dict[str, Any]
) -> None:
    with pytest.raises(BadConfig) as caught:
        app.settings.change(paused=True, **values)
    assert caught.value.remedy
    said = f"{caught.value} {caught.value.cause} {caught.value.remedy}"
    assert "s3cret-word" not in said
    assert app.settings.read() == Settings()
    assert stored.settings(app.db) == {}


def test_a_setting_that_this_version_does_not_know_does_not_stop_the_start(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    with app.db.write() as tx:
        stored.save_setting(tx, "proxy", "gopher://x")
        stored.save_setting(tx, "kept_days", 5)
        stored.save_setting(tx, "shine", True)
    with caplog.at_level(logging.WARNING):
        assert app.settings.read() == Settings(kept_days=5)
    assert "the setting proxy is not used" in caplog.text


def test_what_could_not_be_stored_is_not_believed(app: App) -> None:
    app.settings.read()
    with app.db.write() as tx:
        tx.sql(f"PRAGMA max_page_count = {tx.one('PRAGMA page_count')}")
    with pytest.raises(StoreFailed):
        app.settings.change(ca_certificate="\n".join(Authority().certificate for _ in range(200)))
    assert app.settings.read() == Settings()


def test_values_have_one_spelling() -> None:
    assert settings.check("no_proxy", ["A.example", " 10.0.0.0/8 ", "a.example", ""]) == (
        "a.example",
        "10.0.0.0/8",
    )
    assert settings.check("proxy", " NONE ") == "none"
    assert settings.check("ca_certificate", "  ") == ""


def test_another_certificate_authority_holds_for_the_next_job(app: App) -> None:
    authority = Authority()
    pair = authority.issue("localhost")
    with HelmSite(INDEX, tls=pair.server_context()) as site:
        row = add(app, endpoint=f"https://localhost:{site.port}/")
        assert app.synchronize(row).future.result(30).code == "untrusted-certificate"
        app.settings.change(ca_certificate=authority.certificate)
        assert app.synchronize(row).future.result(30).outcome in ("ok", "unchanged")
        app.settings.change(ca_certificate="")
        assert app.synchronize(row).future.result(30).outcome == "failed"
    assert "signed by" in app.audit()[1].detail


def test_another_proxy_holds_for_the_next_job(app: App) -> None:
    # A site that knows no such path is proxy enough: what counts is who is asked.
    with HelmSite(INDEX) as site, Site() as proxy:
        row = add(app, endpoint=site.endpoint)
        app.settings.change(proxy=f"http://127.0.0.1:{proxy.port}")
        assert app.synchronize(row).future.result(30).outcome == "failed"
        assert (proxy.count(), site.count()) == (1, 0)
        app.settings.change(no_proxy=["127.0.0.0/8"])
        assert app.synchronize(row).future.result(30).outcome in ("ok", "unchanged")
        assert (proxy.count(), site.count()) == (1, 1)


def test_removed_registries_are_kept_as_long_as_the_user_says(app: App) -> None:
    row = add(app, endpoint="https://charts.example")
    app.registries.remove(row)
    app.settings.change(kept_days=7)
    app.clock.time += 7 * 24 * 3600  # type: ignore[attr-defined]
    app.tidy()
    assert len(app.registries.removed()) == 1
    app.clock.time += 1  # type: ignore[attr-defined]
    app.tidy()
    assert app.registries.removed() == []
