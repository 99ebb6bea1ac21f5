"""The demo estate: real servers on loopback, and a first visit to them.

No network, no account: the servers are those that plugins are tested with, the content lies in
`resources/demo`. Between two steps upstream changes, as it does in life.
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from desktop.app import App
from desktop.demo.content import Content
from desktop.demo.sites import Certificate, Served, serve
from desktop.engine.drafts import Draft, Place
from desktop.engine.words import counted
from desktop.paths import resource
from desktop.store import catalog
from desktop.store.database import FILE
from desktop.store.values import RegistryRow, RunRow
from registrykit.errors import BadConfig
from registrykit.urls import Basic

QUERY = "queue"

_AT_ONCE = 3  # connection checks; each has a process of its own


@dataclass(frozen=True)
class DemoEnvironment:
    """One environment of `estate.toml`, with its one tenant."""

    name: str
    edition: str
    tenant: str


@dataclass(frozen=True)
class DemoRegistry:
    """One registry of `estate.toml`."""

    name: str
    environment: str
    scope: str
    type: str
    content: str
    server: str
    secured: str = ""
    user: str = ""
    tokens: bool = False
    expires: bool = False
    unchecked: bool = False
    confirmed: bool = False
    whole: bool = False
    form: Mapping[str, Any] = field(default_factory=dict)


class Estate:
    """The servers of the demo; use it as a context manager."""

    def __init__(self) -> None:
        folder = resource("demo")
        found = tomllib.loads((folder / "estate.toml").read_text("utf-8"))
        self.environments = tuple(DemoEnvironment(**entry) for entry in found["environment"])
        self.registries = tuple(DemoRegistry(**entry) for entry in found["registry"])
        self._tls = folder / "tls"
        self._content = Content(folder)
        self._served: dict[str, Served] = {}
        self._passwords: dict[str, str] = {}

    def __enter__(self) -> Self:
        for entry in self.registries:
            password = secrets.token_urlsafe(9)
            served = serve(
                entry.server,
                self._content,
                entry.content,
                Basic(entry.user, password) if entry.user else None,
                self._certificate(entry.secured),
                tokens=entry.tokens,
            )
            served.site.start()
            self._served[entry.name], self._passwords[entry.name] = served, password
        self.publish(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for served in self._served.values():
            served.site.stop()

    def _certificate(self, secured: str) -> Certificate | None:
        stem = {"trusted": "healthy", "untrusted": "wrong-name"}.get(secured)
        return (self._tls / f"{stem}.crt", self._tls / f"{stem}.key") if stem else None

    def publish(self, step: int) -> None:
        """Serve the content of step 0 or 1; in step 1 a password has expired too."""
        for entry in self.registries:
            served = self._served[entry.name]
            served.publish(step)
            if entry.expires and step > 0:
                served.site.sign_in = Basic(entry.user, secrets.token_urlsafe(9))

    def form(self, entry: DemoRegistry) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what a person would enter for the registry: values, and secrets."""
        values: dict[str, Any] = {
            "endpoint": self._served[entry.name].site.endpoint,
            "description": self._content.description(entry.content),
            **entry.form,
        }
        given: dict[str, str] = {}
        if entry.secured == "trusted":
            values["ca_certificate"] = (self._tls / "authority.crt").read_text("utf-8")
        if entry.user:
            values |= {"auth": "basic", "username": entry.user}
            given["password"] = self._passwords[entry.name]
        return values, given


def require_fresh(data_dir: Path) -> None:
    """Raise BadConfig where the demo would mix with somebody's data."""
    if (data_dir / FILE).exists():
        raise BadConfig(
            f"{data_dir} holds data already.",
            cause="the demo never mixes with registries of your own",
            remedy="Choose an empty folder, or leave out --data-dir.",
            code="not-empty",
        )


def settle(app: App, estate: Estate) -> None:
    """Make the environments; the one that is there already becomes the first."""
    first, *others = estate.environments
    (environment,) = app.environments.all()
    environment = app.environments.edit(environment, name=first.name, edition=first.edition)
    made = {first: environment}
    for entry in others:
        made[entry] = app.environments.add(entry.name, entry.edition)
    for entry, environment in made.items():
        (tenant,) = app.environments.tenants(environment)
        app.environments.rename_tenant(environment, tenant, entry.tenant)


def first_visit(app: App, estate: Estate, say: Callable[[str], None]) -> list[RunRow]:
    """Add, check and synchronize everything twice, with upstream changing in between.

    The environments are there already. Returns the runs in the order of the registries.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        checked = pool.map(lambda entry: _checked(app, estate, entry), estate.registries)
        rows = [
            _add(app, entry, draft, stages, say)
            for entry, (draft, stages) in zip(estate.registries, checked, strict=True)
        ]
    runs: list[RunRow] = []
    for step, sentence in enumerate(("First synchronization", "Upstream has changed; once more")):
        say(f"{sentence}.")
        if step:
            estate.publish(step)
        jobs = [
            app.synchronize(row, full=step > 0 and entry.whole)
            for row, entry in zip(rows, estate.registries, strict=True)
        ]
        runs += [job.future.result() for job in jobs]
        for row, run in zip(rows, runs[-len(rows) :], strict=True):
            say(f"  {run.registry}: {_told(run, contents(app, row))}")
    return runs


def contents(app: App, row: RegistryRow) -> str:
    """Return what a registry holds now in the nouns of its kinds, such as `16 packs, 1 image`."""
    _, description = app.plugins.describe(row.type)
    counts = {
        kind: catalog.list_artifacts(app.db, row.id, kind=kind.id, limit=0)[0]
        for kind in description.kinds
    }
    told = [
        counted(count, _noun(kind.title), _noun(kind.plural))
        for kind, count in counts.items()
        if count
    ]
    return ", ".join(told) or "nothing"


def _noun(title: str) -> str:
    """Return the title of a kind inside of a sentence; one of two words begins with a name."""
    return title if " " in title else title.lower()


def _place(app: App, entry: DemoRegistry) -> Place:
    environment = app.environments.find(entry.environment)
    (tenant,) = app.environments.tenants(environment)
    return Place(environment, tenant if entry.scope == "tenant" else None)


def _checked(app: App, estate: Estate, entry: DemoRegistry) -> tuple[Draft, int]:
    """Return what was entered for a registry, and how many stages its check had, none unchecked."""
    draft = app.registries.draft(entry.type, *estate.form(entry))
    if entry.unchecked:
        return draft, 0
    checks = list(app.registries.check(draft))
    failed = next((check for check in checks if check.verdict == "failed"), None)
    if failed is not None:
        raise BadConfig(f"{entry.name}: {failed.message}", cause=failed.stage, remedy=failed.remedy)
    return draft, len(checks)


def _add(
    app: App, entry: DemoRegistry, draft: Draft, stages: int, say: Callable[[str], None]
) -> RegistryRow:
    row, _ = app.registries.add(entry.name, _place(app, entry), draft, confirmed=entry.confirmed)
    how = f"Checked and added {entry.name}: {stages} stages."
    say(how if stages else f"Added {entry.name} without a check.")
    return row


def _told(run: RunRow, held: str) -> str:
    if run.outcome in ("ok", "unchanged", "partial"):
        changes = f"{run.added} added, {run.changed} changed, {run.removed} removed"
        return f"{run.outcome}, {held}, {run.versions} versions ({changes})"
    return run.message if run.outcome == "held" else f"{run.outcome}: {run.message}"
