"""The JSON objects of the command line: one function for each shape, nothing printed here.

Times are RFC 3339 in UTC, digests `algorithm:hex`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from desktop.engine import defaults, words
from desktop.engine.clock import rfc3339
from desktop.store.values import (
    ArtifactRow,
    ChangeRow,
    DocumentRow,
    EnvironmentRow,
    RegistryRow,
    RunRow,
    SearchResult,
    SkippedRow,
    TenantRow,
    VersionRow,
)

if TYPE_CHECKING:
    from desktop.app import App
    from desktop.engine import fips
    from desktop.engine.details import Saved, Section
    from desktop.engine.plugins import Plugin
    from registrykit.description import TypeDescription
    from registrykit.events import Check

Shape = dict[str, Any]


class Owners:
    """The names of environments and tenants, by id."""

    def __init__(self, app: App) -> None:
        self.environments = {row.id: row for row in app.environments.all()}
        self.tenants = {
            row.id: row
            for environment in self.environments.values()
            for row in app.environments.tenants(environment)
        }

    def environment(self, row: RegistryRow) -> str:
        return self.environments[row.environment_id].name

    def tenant(self, row: RegistryRow) -> str | None:
        return None if row.tenant_id is None else self.tenants[row.tenant_id].name

    def visible_to(self, row: RegistryRow) -> list[str]:
        """Return the names of the tenants that see the registry."""
        return [
            tenant.name
            for tenant in self.tenants.values()
            if tenant.environment_id == row.environment_id
            and (row.tenant_id is None or row.tenant_id == tenant.id)
        ]


def registry(app: App, row: RegistryRow, owners: Owners) -> Shape:
    return {
        "id": row.id,
        "name": row.name,
        "type": row.type,
        "environment": owners.environment(row),
        "scope": row.scope,
        "tenant": owners.tenant(row),
        "endpoint": row.endpoint,
        "default": row.default_id is not None,
        "editable": row.default_id is None,
        "activity": app.activity(row),
        "last_outcome": row.last_outcome,
        "conditions": app.conditions(row),
        "automatic": row.automatic,
        "last_success": rfc3339(row.last_success),
        "last_attempt": rfc3339(row.last_attempt),
        "next": rfc3339(app.next_run(row)),
        "message": row.message,
        "artifacts": row.artifacts,
        "versions": row.versions,
    }


def registry_in_full(
    app: App, row: RegistryRow, owners: Owners, declared: fips.Declared | None
) -> Shape:
    """Return a registry with its configuration; secrets are neither in it nor in the store."""
    return {
        **registry(app, row, owners),
        "description": str(row.config.get("description", "")),
        "visible_to": owners.visible_to(row),
        "config": row.config,
        "provenance": provenance(row),
        "fips": None if declared is None else declared_fips(declared),
    }


def declared_fips(found: fips.Declared) -> Shape:
    """Return what is declared of the packs of a registry, and who may use them."""
    return {
        "packs": dict(found.packs),
        "compliance": found.compliance,
        "tenants": [
            {"tenant": use.tenant.name, "not_usable": use.refused, "reason": use.reason}
            for use in found.uses
        ],
    }


def provenance(row: RegistryRow) -> Shape | None:
    """Return where the definition of a default comes from, None for the user's own registries."""
    default = defaults.by_key(row.default_id) if row.default_id else None
    if default is None:
        return None
    return {
        "key": default.key,
        "provider": default.provider,
        "deprecated": default.deprecated,
        "access": default.access,
        "access_note": default.access_note,
        "sources": list(default.provenance),
        "disagreements": list(default.disagreements),
    }


def registry_type(plugin: Plugin, description: TypeDescription) -> Shape:
    return {
        "id": description.id,
        "title": description.title,
        "plugin": plugin.distribution,
        "kinds": [kind.id for kind in description.kinds],
        "editions": list(description.editions),
        "confirmation": description.confirmation,
        "fields": [
            {
                "name": field.name,
                "kind": field.kind,
                "required": field.required,
                "secret": field.secret,
                "default": field.default,
                "choices": [choice.value for choice in field.choices],
                "help": field.help,
            }
            for field in description.form.fields
        ],
    }


def check(stage: Check) -> Shape:
    return {
        "stage": stage.stage,
        "verdict": stage.verdict,
        "code": stage.code,
        "message": stage.message,
        "remedy": stage.remedy,
        "seconds": round(stage.seconds, 3),
    }


def run(row: RunRow) -> Shape:
    return {
        "id": row.id,
        "registry": row.registry,
        "outcome": row.outcome,
        "added": row.added,
        "changed": row.changed,
        "removed": row.removed,
        "skipped": row.skipped,
        "artifacts": row.artifacts,
        "versions": row.versions,
        "documents": row.documents,
        "documents_missing": row.documents_missing,
        "requests": row.requests,
        "document_requests": row.document_requests,
        "bytes": row.bytes,
        "started": rfc3339(row.started),
        "finished": rfc3339(row.finished),
        "seconds": None if row.seconds is None else round(row.seconds, 3),
        "code": row.code,
        "message": f"{row.message} {words.sentence(row.cause)}".strip(),
        "remedy": row.remedy,
    }


def change(row: ChangeRow) -> Shape:
    return {
        "change": row.change,
        "kind": row.kind,
        "artifact": row.artifact,
        "version": row.version,
        "old_digest": row.old_digest,
        "new_digest": row.new_digest,
    }


def skipped(row: SkippedRow) -> Shape:
    return {"artifact": row.path, "version": row.version, "reason": row.reason}


def hit(row: ArtifactRow, statuses: Mapping[int, str] | None = None) -> Shape:
    """Return an artifact in a list; with what is declared about FIPS where that matters."""
    return {
        "registry": row.registry,
        "kind": row.kind,
        "path": row.path,
        "name": row.name,
        "display_name": row.display_name,
        "latest": row.latest,
        "versions": row.versions,
        "description": row.description,
        "deprecated": row.deprecated,
        **({"fips": statuses[row.id]} if statuses and row.id in statuses else {}),
    }


def search(
    query: str,
    found: SearchResult,
    seconds: float,
    as_of: float | None,
    statuses: Mapping[int, str] | None = None,
) -> Shape:
    return {
        "query": query,
        "total": found.total,
        "seconds": round(seconds, 6),
        "as_of": rfc3339(as_of),
        "readmes": {"searched": found.readmes, "missing": found.readmes_missing},
        "hits": [hit(row, statuses) for row in found.hits],
    }


def artifact(row: ArtifactRow, versions: Iterable[VersionRow]) -> Shape:
    return {**hit(row), "versions": [version(one) for one in versions]}


def version(row: VersionRow) -> Shape:
    return {
        "version": row.version,
        "tag": row.tag,
        "digest": row.digest,
        "size": row.size,
        "created": row.created,
        "app_version": row.app_version,
        "state": row.state,
        "first_seen": rfc3339(row.first_seen),
        "extra": extra(row),
    }


def extra(row: VersionRow) -> Shape:
    """Return what else the source says of a version; what it does not say is left out."""
    said: Shape = {
        "deprecated": row.deprecated,
        "content_digest": row.content_digest,
        "description": row.body.get("description", ""),
        "urls": row.body.get("urls", []),
        "dependencies": row.body.get("dependencies", []),
    }
    return {**row.body.get("facts", {}), **{name: value for name, value in said.items() if value}}


def section(row: Section) -> Shape:
    return {"title": row.title, "kind": row.kind, "content": row.content}


def document(row: DocumentRow) -> Shape:
    return {
        "name": row.name,
        "media_type": row.media_type,
        "digest": row.digest,
        "fetched": rfc3339(row.fetched),
        "text": row.text,
    }


def saved(row: Saved) -> Shape:
    return {"path": str(row.path), "digest": row.digest, "size": row.size}


def environment(
    row: EnvironmentRow, tenants: Iterable[TenantRow], registries: int, *, console: bool
) -> Shape:
    return {
        "id": row.id,
        "name": row.name,
        "edition": row.edition,
        "console": console,
        "tenants": [tenant.name for tenant in tenants],
        "registries": registries,
    }


def tenant(row: TenantRow, environment: EnvironmentRow) -> Shape:
    return {
        "id": row.id,
        "name": row.name,
        "environment": environment.name,
        "allow_non_fips": row.allow_non_fips,
    }


def plugin(row: Plugin) -> Shape:
    return {
        "distribution": row.distribution,
        "version": row.version,
        "state": row.state,
        "types": [description.id for description in row.types],
        "reason": row.reason,
    }
