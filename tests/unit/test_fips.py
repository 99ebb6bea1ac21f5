"""FIPS in the engine: confirmations, what is declared of packs, and the switch of a tenant."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop.app import App, build
from desktop.engine import decisions, details, fips
from desktop.engine.drafts import Place
from desktop.store import catalog
from desktop.store import registries as stored
from desktop.store import search as searching
from desktop.store.values import ArtifactRow, EnvironmentRow, RegistryRow, TenantRow
from registrykit import Artifact, BadConfig, Complete, Found, Version
from registrykit.description import TypeDescription, describe
from registrykit.fips import evidence, merge
from registrykit.plugins import load_types
from tests.scripted import Bench, FakeClock

SENTENCE = "Packs from here are not FIPS compliant, as declared."
NON_FIPS = evidence("not_compliant", "registry_declared", "the Palette VerteX documentation")
FIPS = evidence("compliant", "publisher_annotation", "", {"annotations.fips": "yes"})

PLUGIN = f"""
from typing import Annotated, Literal
from registrykit import Complete, RegistryConfig, RegistryType, Ui, hookimpl


class Config(RegistryConfig):
    preset: Annotated[Literal["known", "custom"], Ui("Preset")] = "known"
    address: Annotated[str, Ui("Address", show_if={{"preset": "custom"}})] = ""


class Guarded(RegistryType[Config]):
    id = "guarded"
    title = "Guarded registry"
    confirmation = {SENTENCE!r}
    editions = frozenset({{"vertex", "vertex-airgap"}})
    Config = Config

    def endpoint(self, config):
        return "https://" + (config.address or "known.example")

    def sync(self, ctx):
        yield Complete("")


@hookimpl
def register_registry_types():
    return [Guarded()]
"""


class Here:
    """Plays workers that describe plugins: a real one does not look into the folder of a test."""

    def start(self, _plugin: str, _job: object = None) -> Here:
        return self

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def describe(self, distribution: str, *, seconds: float) -> tuple[TypeDescription, ...]:
        return tuple(describe(kind) for kind in load_types(distribution))

    def close(self) -> None:
        return None


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A program with a plugin that wants a confirmation, in the edition vertex."""
    site = tmp_path / "site"
    info = site / "acme_guarded-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "acme_guarded.py").write_text(textwrap.dedent(PLUGIN), "utf-8")
    metadata = "Metadata-Version: 2.1\nName: acme-guarded\nVersion: 1.0\n"
    (info / "METADATA").write_text(f"{metadata}Requires-Dist: registrykit\n", "utf-8")
    (info / "RECORD").write_text("acme_guarded.py,sha256=x,1\n", "utf-8")
    (info / "entry_points.txt").write_text("[registrykit]\nguarded = acme_guarded\n", "utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("LOGNAME", "anna")
    monkeypatch.delitem(sys.modules, "acme_guarded", raising=False)
    no_keyring = {"REGISTRY_DESKTOP_KEYRING": "none"}
    made = build(
        tmp_path / "data",
        writable=True,
        clock=FakeClock(),
        environ=no_keyring,
        workers=Here(),  # type: ignore[arg-type]
    )
    made.environments.edit(made.environments.all()[0], edition="vertex")
    yield made
    made.close()


def place(app: App) -> Place:
    environment = app.environments.all()[0]
    return Place(environment, app.environments.tenants(environment)[0])


def said(app: App) -> list[str]:
    return [decisions.said(row) for row in stored.audit(app.db)]


def add(app: App, name: str, *, confirmed: bool = True, **values: Any) -> RegistryRow:
    draft = app.registries.draft("guarded", values, {})
    return app.registries.add(name, place(app), draft, confirmed=confirmed)[0]


# Adding


def test_a_type_can_want_a_confirmation_before_it_is_added(app: App) -> None:
    assert app.plugins.describe("guarded")[1].confirmation == SENTENCE
    before = said(app)
    with pytest.raises(BadConfig) as caught:
        add(app, "Packs", confirmed=False)
    assert caught.value.code == "confirmation-needed"
    assert caught.value.cause.startswith(SENTENCE)
    assert (stored.registries(app.db, place(app).environment.id)[1:], said(app)) == ([], before)
    add(app, "Packs")
    assert said(app)[:2] == [
        f"Packs was added after a confirmation by anna: {SENTENCE}",
        "Packs was added.",
    ]


def test_what_wants_none_records_none(app: App) -> None:
    (type_id,) = [one for one in app.plugins.descriptions() if one == "helm"]
    draft = app.registries.draft(type_id, {"endpoint": "https://charts.example"}, {})
    app.registries.add("Charts", place(app), draft, confirmed=True)
    assert said(app)[0] == "Charts was added."


def test_changing_copying_and_restoring_do_not_ask_again(app: App) -> None:
    row = add(app, "Packs", preset="custom", address="own.example")
    row, _ = app.registries.edit(row, values={"preset": "known"}, place=place(app))
    # What the form no longer shows could not be corrected there.
    assert (row.config["address"], row.endpoint) == ("", "https://known.example")
    app.registries.duplicate(row, "Copy", place(app))
    app.registries.restore(app.registries.remove(row), place(app))
    assert [row.name for row in app.registries.visible() if row.type == "guarded"] == [
        "Copy",
        "Packs",
    ]
    assert sum("confirmation" in sentence for sentence in said(app)) == 1


def test_a_type_is_offered_in_its_editions_alone(app: App) -> None:
    assert "guarded" not in [kind.id for kind in app.plugins.types_for("saas")]
    assert "guarded" in [kind.id for kind in app.plugins.types_for("vertex-airgap")]
    app.environments.edit(place(app).environment, edition="saas")
    with pytest.raises(BadConfig) as caught:
        add(app, "Packs")
    assert caught.value.code == "not-in-edition"


# What is declared


class Site:
    """An environment of the edition vertex whose one registry holds packs of every status."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.db = bench, bench.app.db
        bench.app.environments.edit(bench.app.environments.all()[0], edition="vertex")
        self.publish(nginx=NON_FIPS, vault=FIPS, consul=None, both=merge(NON_FIPS, FIPS))
        chart = Version("1.0.0", facts={"fips": FIPS})
        self.events.append(Found(Artifact("chart", "chart"), chart))
        self.sync()

    def publish(self, **packs: dict[str, Any] | None) -> None:
        self.events: list[Any] = [
            Found(
                Artifact("pack", name),
                Version(
                    "1.0.0", digest=f"sha256:{number:064x}", facts={"fips": fact} if fact else {}
                ),
            )
            for number, (name, fact) in enumerate(packs.items())
        ]

    def sync(self) -> None:
        run = self.bench.sync(*self.events, Complete(""))
        assert run.outcome in ("ok", "unchanged"), run

    @property
    def registry(self) -> RegistryRow:
        return self.bench.registry

    @property
    def environment(self) -> EnvironmentRow:
        return self.bench.app.environments.all()[0]

    @property
    def tenant(self) -> TenantRow:
        return self.bench.app.environments.tenants(self.environment)[0]

    def allow(self, allow: bool) -> None:
        self.bench.app.environments.allow_non_fips(self.environment, self.tenant, allow)

    def artifact(self, name: str) -> ArtifactRow:
        return details.find_artifact(self.db, self.registry, name)

    def section(self, name: str) -> Any:
        artifact = self.artifact(name)
        version = details.find_version(self.db, artifact)
        found = fips.section(self.db, self.registry, artifact, version)
        return None if found is None else found.content

    def read(self) -> Any:
        """Everything that can be read of the registry."""
        artifacts = catalog.list_artifacts(self.db, self.registry.id)
        versions = [catalog.versions_of(self.db, one.id) for one in artifacts[1]]
        hits = searching.search(self.db, "nginx", [self.registry.id], kind="", limit=50)
        return artifacts, versions, hits


@pytest.fixture
def site(bench: Bench) -> Site:
    return Site(bench)


def test_a_version_says_what_is_declared_by_whom_and_where_it_is_usable(site: Site) -> None:
    assert site.section("nginx") == {
        "status": "not compliant",
        "declared": "declared not compliant by the Palette VerteX documentation",
        "of": f"sha256:{0:064x}",
        "use": ["not usable in tenant default: non-FIPS packs are not allowed"],
    }
    assert site.section("vault")["status"] == "compliant"
    assert site.section("vault")["use"] == ["usable in tenant default"]
    assert site.section("consul")["declared"] == "nothing is declared that can be read"
    assert site.section("consul")["use"] == ["usable in tenant default"]
    conflict = site.section("both")
    assert conflict["status"] == "conflicting"
    assert "its publisher (annotations.fips: yes), declared not" in conflict["declared"]
    assert conflict["use"] == site.section("nginx")["use"]
    # What a chart's author writes under that name is a fact like any.
    assert site.section("chart") is None


def test_the_switch_changes_the_words_and_never_the_reading(site: Site) -> None:
    before = site.read()
    site.allow(True)
    assert site.section("nginx")["use"] == ["usable in tenant default"]
    assert site.section("nginx")["status"] == "not compliant"
    site.sync()
    assert site.read() == before
    site.allow(False)
    assert "not usable" in site.section("nginx")["use"][0]
    site.sync()
    assert site.read() == before
    assert len(before[2].hits) == 1


def test_a_registry_counts_what_is_declared_of_its_packs(site: Site) -> None:
    found = fips.of_registry(site.db, site.registry)
    assert found is not None
    assert fips.summary(found) == "4 packs: 1 compliant, 1 not compliant, 1 conflicting, 1 unknown"
    assert found.compliance == "partial"
    assert [fips.use_in_words(use, found) for use in found.uses] == [
        "2 packs not usable in tenant default: non-FIPS packs are not allowed"
    ]
    site.publish(nginx=NON_FIPS)
    site.bench.sync(*site.events, Complete(""), accept_held=True)
    found = fips.of_registry(site.db, site.registry)
    assert found is not None
    assert (fips.summary(found), found.compliance) == ("1 pack: 1 not compliant", "none")
    assert [fips.use_in_words(use, found) for use in found.uses] == [
        "not usable in tenant default: non-FIPS packs are not allowed"
    ]


def test_the_status_is_that_of_the_digest(site: Site) -> None:
    moved = Version("1.0.0", digest=f"sha256:{9:064x}", facts={"fips": FIPS})
    site.events[0] = Found(Artifact("pack", "nginx"), moved)
    site.sync()
    found = site.section("nginx")
    assert (found["status"], found["of"]) == ("compliant", moved.digest)


def test_lists_have_the_status_of_packs_where_fips_matters(site: Site) -> None:
    rows = catalog.list_artifacts(site.db, site.registry.id)[1]
    by_name = {row.name: fips.statuses(site.db, rows).get(row.id) for row in rows}
    assert by_name == {
        "both": "conflicting",
        "chart": None,
        "consul": "unknown",
        "nginx": "not_compliant",
        "vault": "compliant",
    }
    site.bench.app.environments.edit(site.environment, edition="self-hosted")
    assert fips.statuses(site.db, rows) == {}
    assert site.section("nginx") is None
    assert fips.of_registry(site.db, site.registry) is None


def test_tenants_are_told_apart(site: Site) -> None:
    app = site.bench.app
    other = app.environments.add_tenant(site.environment, "acme")
    app.environments.allow_non_fips(site.environment, other, True)
    assert len(site.section("nginx")["use"]) == 1
    with app.db.write() as tx:
        stored.update_registry(tx, site.registry.id, scope="system", tenant_id=None)
    assert site.section("nginx")["use"] == [
        "usable in tenant acme",
        "not usable in tenant default: non-FIPS packs are not allowed",
    ]
    only = fips.of_registry(site.db, site.registry, replace(other, allow_non_fips=True))
    assert only is not None
    assert [use.tenant.name for use in only.uses] == ["acme"]
    assert json.dumps(dict(only.packs))
