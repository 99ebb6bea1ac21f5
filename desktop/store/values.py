"""Rows of the store as frozen values; what the engine and the front ends work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EnvironmentRow:
    id: str
    name: str
    edition: str
    created: float


@dataclass(frozen=True)
class TenantRow:
    id: str
    environment_id: str
    name: str
    allow_non_fips: bool
    created: float


@dataclass(frozen=True)
class RegistryRow:
    """A registry as stored; `secrets` names the secrets it has, never their values."""

    id: str
    environment_id: str
    scope: str
    tenant_id: str | None
    name: str
    type: str
    type_title: str
    created: float
    plugin: str = ""
    plugin_version: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    config_version: int = 1
    secrets: tuple[str, ...] = ()
    endpoint: str = ""
    origins: tuple[str, ...] = ()
    identity: str = ""
    approved_hosts: tuple[str, ...] = ()
    automatic: bool = True
    default_id: str | None = None
    hidden: bool = False
    removed_at: float | None = None
    last_outcome: str = "never"
    last_success: float | None = None
    last_attempt: float | None = None
    failures: int = 0
    retry_at: float | None = None
    code: str = ""
    message: str = ""
    remedy: str = ""
    artifacts: int = 0
    versions: int = 0


@dataclass(frozen=True)
class RunRow:
    """A synchronization; times are seconds since the epoch."""

    id: int
    registry_id: str
    registry: str
    started: float
    finished: float | None
    outcome: str
    added: int
    changed: int
    removed: int
    skipped: int
    artifacts: int
    versions: int
    documents: int
    documents_missing: int
    requests: int
    document_requests: int
    bytes: int
    code: str
    message: str
    cause: str
    remedy: str
    full: bool
    worked_from: float

    @property
    def seconds(self) -> float | None:
        """How long it worked, without pauses; None while it runs, and where nobody knows."""
        if self.finished is None or self.outcome == "interrupted":
            return None
        return self.finished - self.worked_from


@dataclass(frozen=True)
class ChangeRow:
    change: str
    kind: str
    artifact: str
    version: str
    old_digest: str
    new_digest: str
    at: float
    registry_id: str


@dataclass(frozen=True)
class HeldRow:
    """An artifact of which a held run would remove versions: how many there are, and would be."""

    kind: str
    path: str
    name: str
    before: int
    after: int


@dataclass(frozen=True)
class SkippedRow:
    kind: str
    path: str
    version: str
    reason: str


@dataclass(frozen=True)
class ArtifactRow:
    """An artifact in a list or among the hits of a search; `versions` counts those there now."""

    id: int
    registry_id: str
    registry: str
    kind: str
    path: str
    name: str
    display_name: str
    description: str
    keywords: tuple[str, ...]
    latest: str
    latest_id: int | None
    latest_is_stable: bool
    versions: int
    deprecated: bool


@dataclass(frozen=True)
class VersionRow:
    id: int
    version: str
    tag: str
    digest: str
    size: int | None
    created: str
    app_version: str
    deprecated: bool
    stable: bool
    state: str
    first_seen: float
    gone_since: float | None
    body: dict[str, Any]
    content_digest: str = ""


@dataclass(frozen=True)
class DocumentRow:
    name: str
    media_type: str
    digest: str
    fetched: float
    text: str


@dataclass(frozen=True)
class SearchResult:
    """The answer to a search; `total` counts beyond the limit."""

    total: int
    hits: tuple[ArtifactRow, ...]
    readmes: int
    readmes_missing: int


@dataclass(frozen=True)
class AuditRow:
    at: float
    action: str
    subject: str
    detail: str
