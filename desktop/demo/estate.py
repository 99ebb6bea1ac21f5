"""The demo estate: real servers on loopback, and a first visit to them.

No network, no account: the servers are those that plugins are tested with, the content lies in
`resources/demo`. Between two steps upstream changes, as it does in life.
"""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from desktop.app import App
from desktop.demo.content import Estate as Content
from desktop.engine.drafts import Place
from desktop.paths import resource
from desktop.store.database import FILE
from desktop.store.values import RegistryRow, RunRow
from registrykit.errors import BadConfig
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic

QUERY = "queue"


@dataclass(frozen=True)
class DemoRegistry:
    """One entry of `estate.toml`."""

    name: str
    repository: str
    type: str
    serve: str
    user: str = ""
    expires: bool = False
    unchecked: bool = False


class Estate:
    """The servers of the demo; use it as a context manager."""

    def __init__(self) -> None:
        folder = resource("demo")
        entries = tomllib.loads((folder / "estate.toml").read_text("utf-8"))["registry"]
        self.registries = tuple(DemoRegistry(**entry) for entry in entries)
        self._tls = folder / "tls"
        self._content = Content(folder)
        self._sites: dict[str, HelmSite] = {}
        self._passwords: dict[str, str] = {}

    def __enter__(self) -> Self:
        for entry in self.registries:
            password = secrets.token_urlsafe(9)
            self._passwords[entry.name] = password
            site = HelmSite(
                base="/charts",
                sign_in=Basic(entry.user, password) if entry.user else None,
                tls=self._certificate(entry.serve),
            )
            self._sites[entry.name] = site.start()
        self.publish(0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for site in self._sites.values():
            site.stop()

    def _certificate(self, serve: str) -> tuple[Path, Path] | None:
        names = {"secure": "healthy", "untrusted": "wrong-name"}
        if serve not in names:
            return None
        stem = names[serve]
        return self._tls / f"{stem}.crt", self._tls / f"{stem}.key"

    def publish(self, step: int) -> None:
        """Serve the content of step 0 or 1; in step 1 a password has expired too."""
        repositories = self._content.at(step)
        for entry in self.registries:
            repository = repositories[entry.repository]
            site = self._sites[entry.name]
            site.publish(repository.index_yaml, repository.files)
            if entry.expires and step > 0:
                site.sign_in = Basic(entry.user, secrets.token_urlsafe(9))

    def form(self, entry: DemoRegistry) -> tuple[dict[str, Any], dict[str, str]]:
        """Return what a person would enter for the registry: values, and secrets."""
        values: dict[str, Any] = {
            "endpoint": self._sites[entry.name].endpoint,
            "description": self._content.at(0)[entry.repository].description,
        }
        given: dict[str, str] = {}
        if entry.serve == "secure":
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


def first_visit(app: App, estate: Estate, say: Callable[[str], None]) -> list[RunRow]:
    """Add, check and synchronize everything twice, with upstream changing in between.

    Returns the runs in the order in which they ended.
    """
    (environment,) = app.environments.all()
    (tenant,) = app.environments.tenants(environment)
    place = Place(environment, tenant)
    rows = [_add(app, estate, entry, place, say) for entry in estate.registries]
    runs: list[RunRow] = []
    for step, sentence in enumerate(("First synchronization", "Upstream has changed; once more")):
        say(f"{sentence}.")
        if step:
            estate.publish(step)
        jobs = [app.synchronize(row) for row in rows]
        runs += [job.future.result() for job in jobs]
        for run in runs[-len(rows) :]:
            say(f"  {run.registry}: {_told(run)}")
    return runs


def _add(
    app: App, estate: Estate, entry: DemoRegistry, place: Place, say: Callable[[str], None]
) -> RegistryRow:
    values, given = estate.form(entry)
    draft = app.registries.draft(entry.type, values, given)
    if entry.unchecked:
        say(f"Added {entry.name} without a check.")
    else:
        checks = list(app.registries.check(draft))
        failed = next((check for check in checks if check.verdict == "failed"), None)
        if failed is not None:
            raise BadConfig(
                f"{entry.name}: {failed.message}", cause=failed.stage, remedy=failed.remedy
            )
        say(f"Checked and added {entry.name}: {len(checks)} stages.")
    row, _ = app.registries.add(entry.name, place, draft)
    return row


def _told(run: RunRow) -> str:
    if run.outcome in ("ok", "unchanged", "partial"):
        changes = f"{run.added} added, {run.changed} changed, {run.removed} removed"
        return f"{run.outcome}, {run.artifacts} charts, {run.versions} versions ({changes})"
    return run.message if run.outcome == "held" else f"{run.outcome}: {run.message}"
