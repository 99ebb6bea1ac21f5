"""The tables. Table models check nothing: what is written here has been checked before.

Times are seconds since the epoch in UTC. Text that is content of a registry is kept as it came.
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel


class Environment(SQLModel, table=True):
    id: str = Field(primary_key=True)
    name: str
    edition: str
    created: float


class Tenant(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("environment_id", "name"),)
    id: str = Field(primary_key=True)
    environment_id: str = Field(foreign_key="environment.id", index=True)
    name: str
    allow_non_fips: bool = False
    created: float


class Registry(SQLModel, table=True):
    """A registry of the user's, or one that came with the edition (`default_id`)."""

    id: str = Field(primary_key=True)
    environment_id: str = Field(foreign_key="environment.id", index=True)
    scope: str
    tenant_id: str | None = Field(default=None, foreign_key="tenant.id")
    name: str
    type: str
    type_title: str
    plugin: str = ""
    plugin_version: str = ""
    config: str = "{}"
    config_version: int = 1
    secrets: str = "[]"
    endpoint: str = ""
    origins: str = "[]"
    identity: str = ""
    approved_hosts: str = "[]"
    automatic: bool = True
    default_id: str | None = None
    hidden: bool = False
    created: float
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


class SyncRun(SQLModel, table=True):
    """One synchronization; `outcome` is empty while it runs or after the program was killed.

    `worked_from` is `started`, later by as long as the run paused before it was gone on with.
    `source` changes whenever the registry is read from elsewhere or as somebody else.
    """

    __tablename__ = "sync_run"
    id: int | None = Field(default=None, primary_key=True)
    registry_id: str = Field(foreign_key="registry.id", index=True)
    started: float
    finished: float | None = None
    outcome: str = ""
    full: bool = False
    added: int = 0
    changed: int = 0
    removed: int = 0
    skipped: int = 0
    artifacts: int = 0
    versions: int = 0
    before: int = 0
    documents: int = 0
    documents_missing: int = 0
    requests: int = 0
    document_requests: int = 0
    bytes: int = 0
    code: str = ""
    message: str = ""
    cause: str = ""
    remedy: str = ""
    source: str = ""
    plugin_version: str = ""
    worked_from: float


class RunPrefix(SQLModel, table=True):
    """A prefix that a run has stored; `memory` waits here until the run ends well."""

    __tablename__ = "run_prefix"
    run_id: int = Field(foreign_key="sync_run.id", primary_key=True)
    prefix: str = Field(primary_key=True)
    memory: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    as_of: str = ""
    before: int = 0
    lost: int = 0


class Removal(SQLModel, table=True):
    """A version that a run no longer saw; applied at its end, or held for the user."""

    run_id: int = Field(foreign_key="sync_run.id", primary_key=True)
    version_id: int = Field(foreign_key="version.id", primary_key=True)


class Skipped(SQLModel, table=True):
    """Something that a run could not read."""

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="sync_run.id", index=True)
    kind: str = ""
    path: str
    version: str = ""
    reason: str
    is_new: bool = True


class Artifact(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("registry_id", "path", "kind"),)
    id: int | None = Field(default=None, primary_key=True)
    registry_id: str = Field(foreign_key="registry.id")
    kind: str
    path: str
    name: str
    display_name: str = ""
    description: str = ""
    keywords: str = "[]"
    latest: str = ""
    latest_id: int | None = None
    latest_is_stable: bool = True
    versions: int = 0
    deprecated: bool = False


class Version(SQLModel, table=True):
    """`body` is JSON: description, urls, dependencies, and the facts of the source."""

    __table_args__ = (UniqueConstraint("artifact_id", "version", "tag"),)
    id: int | None = Field(default=None, primary_key=True)
    artifact_id: int = Field(foreign_key="artifact.id")
    version: str
    tag: str
    digest: str = ""
    content_digest: str = ""
    size: int | None = None
    created: str = ""
    app_version: str = ""
    deprecated: bool = False
    stable: bool = True
    sort_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    state: str = "present"
    first_seen: float
    gone_since: float | None = None


class ArtifactFacet(SQLModel, table=True):
    """What the columns of its kind show of the latest version of an artifact, value by value.

    The last columns are those of the artifact, so that values are counted without reading it.
    """

    __tablename__ = "artifact_facet"
    __table_args__ = {"sqlite_with_rowid": False}
    artifact_id: int = Field(primary_key=True)
    key: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    value: str
    registry_id: str
    kind: str
    deprecated: bool
    versions: int


class KindColumn(SQLModel, table=True):
    """A column that a plugin gives to a kind; by a `facet` the catalog is filtered as well."""

    __tablename__ = "kind_column"
    distribution: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    place: int
    title: str
    facet: bool = False


class Change(SQLModel, table=True):
    """The ledger: what changed upstream, as we saw it. Only ever appended to."""

    id: int | None = Field(default=None, primary_key=True)
    registry_id: str = Field(foreign_key="registry.id", index=True)
    run_id: int = Field(foreign_key="sync_run.id", index=True)
    at: float
    change: str
    kind: str
    artifact: str
    version: str
    old_digest: str = ""
    new_digest: str = ""


class Document(SQLModel, table=True):
    """A text of a version; the text itself stands once for each digest."""

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    name: str = Field(primary_key=True)
    media_type: str
    digest: str = Field(foreign_key="content.digest", index=True)
    fetched: float


class Content(SQLModel, table=True):
    digest: str = Field(primary_key=True)
    text: str


class DocumentState(SQLModel, table=True):
    """Whether the documents of a version were fetched, and why not."""

    __tablename__ = "document_state"
    version_id: int = Field(foreign_key="version.id", primary_key=True)
    state: str
    reason: str = ""
    code: str = ""
    at: float


class Memory(SQLModel, table=True):
    """What a plugin remembers of a prefix; vouches for what is stored there."""

    registry_id: str = Field(foreign_key="registry.id", primary_key=True)
    prefix: str = Field(primary_key=True)
    memory: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    as_of: str = ""


class Audit(SQLModel, table=True):
    """Decisions of the user that somebody may ask about later."""

    id: int | None = Field(default=None, primary_key=True)
    at: float
    action: str
    subject: str
    detail: str = ""


class Setting(SQLModel, table=True):
    key: str = Field(primary_key=True)
    value: str


class PluginState(SQLModel, table=True):
    """What is known of a plugin without importing it; `types` is a JSON list."""

    __tablename__ = "plugin_state"
    distribution: str = Field(primary_key=True)
    version: str
    record: str
    enabled: bool = True
    state: str = "found"
    reason: str = ""
    types: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SearchText(SQLModel, table=True):
    """What is searched, one row for each artifact that is there; the FTS index points here.

    `readme_state` is `here`, or `none` where the documents are here without one or the kind never
    has one, or `unknown`.
    """

    __tablename__ = "search_text"
    artifact_id: int = Field(primary_key=True)
    readme_state: str
    name: str
    display_name: str = ""
    description: str = ""
    keywords: str = ""
    readme: str = ""
    images: str = ""
