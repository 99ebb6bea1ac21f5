"""What the overview tells of a registry, collected from the store; no Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from desktop.app import App
from desktop.store import catalog, news, runs
from desktop.store.news import Line, RunNews, Wanted
from desktop.store.values import RegistryRow, RunRow

MOST_CHANGES = 5


@dataclass(frozen=True)
class Known:
    """`changes` are the newest lines of the ledger, `tenants` the names of those that see it.

    `only_tenant` says that the environment has no other tenants.
    """

    run: RunRow | None
    changes: tuple[tuple[RunNews, Line], ...]
    documents_missing: int
    tenants: tuple[str, ...]
    only_tenant: bool
    certificate: str


def collect(app: App, row: RegistryRow) -> Known:
    """Read it; not for the window's thread."""
    newest = runs.newest_runs(app.db, [row.id]).get(row.id)
    changed = news.news(app.db, Wanted((row.id,)), limit=MOST_CHANGES)
    lines = [(run, line) for run in changed for line in run.lines]
    tenants = app.environments.tenants(app.environments.find(row.environment_id))
    return Known(
        newest,
        tuple(lines[:MOST_CHANGES]),
        catalog.missing_count(app.db, row.id, str(row.config.get("documents", "latest"))),
        tuple(tenant.name for tenant in tenants if row.tenant_id in (None, tenant.id)),
        len(tenants) == 1,
        _certificate(row.config),
    )


def _certificate(config: dict[str, Any]) -> str:
    """Return what is known of a registry's own CA, on one line."""
    pem = str(config.get("ca_certificate", "")).strip()
    if not pem:
        return ""
    from registrykit.certificates import presented

    found = presented(pem)
    return found.described() if found else ""
