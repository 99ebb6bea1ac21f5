"""One version in detail: what the source said of it, its documents, its bytes on disk."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop.engine import documents, editing, words
from desktop.engine.calls import Job, Missing, Traffic
from desktop.engine.clock import Clock
from desktop.engine.names import UnknownName
from desktop.engine.plugins import Plugins
from desktop.engine.sync import Control
from desktop.engine.workers import Workers
from desktop.store import catalog
from desktop.store.database import Database
from desktop.store.values import ArtifactRow, DocumentRow, RegistryRow, VersionRow
from registrykit.errors import BadAnswer, BadConfig, NotFound, PluginFault
from registrykit.events import DOCUMENT_NAMES
from registrykit.sync import read_config

DOCUMENTS = DOCUMENT_NAMES
LOGO = "logo"
_BINARY = getattr(os, "O_BINARY", 0)
OVERVIEW = "Overview"
"""The title of the section with our own facts; the others are the source's."""


@dataclass(frozen=True)
class Section:
    """A part of what is shown of a version; `content` is text, a list, or a map."""

    title: str
    kind: str
    content: Any


@dataclass(frozen=True)
class Saved:
    path: Path
    digest: str
    size: int


def find_artifact(db: Database, registry: RegistryRow, name: str, kind: str = "") -> ArtifactRow:
    """Return the artifact that a path or name means; raises UnknownName with the candidates."""
    found = catalog.find_artifacts(db, registry.id, name, kind=kind)
    if len(found) == 1:
        return found[0]
    if found:
        raise UnknownName(
            f"{name} means more than one artifact of {registry.name}.",
            cause=", ".join(f"{row.kind} {row.path}" for row in found[:10]),
            remedy="Use the path, or say which with --kind.",
            code="ambiguous-name",
        )
    raise UnknownName(
        f"{registry.name} has no artifact called {name}.",
        cause=f"its catalog holds {words.counted(registry.artifacts, 'artifact')}"
        if registry.artifacts
        else "nothing was synchronized yet",
        remedy=f"See: catalog list --registry {registry.name}",
    )


def find_version(db: Database, artifact: ArtifactRow, version: str = "") -> VersionRow:
    """Return a version by version or tag, or the latest; raises UnknownName."""
    versions = catalog.versions_of(db, artifact.id)
    for row in versions:
        if version in (row.version, row.tag) if version else row.id == artifact.latest_id:
            return row
    raise UnknownName(
        f"{artifact.name} has no version {version}."
        if version
        else f"Every version of {artifact.name} is gone upstream.",
        cause="the newest are " + ", ".join(row.version for row in versions[:5]),
        remedy="Use one of them, or synchronize the registry.",
        code="unknown-version",
    )


def sections(db: Database, artifact: ArtifactRow, version: VersionRow) -> list[Section]:
    """Return everything that is known of a version here, documents included."""
    body = version.body
    saved = version.content_digest
    facts: dict[str, Any] = {
        "version": version.version,
        "tag": version.tag,
        "digest": version.digest,
        # What is put together while it is saved has none that anybody could compare.
        "content digest": "" if "+" in saved else saved,
        "size": version.size,
        "created": version.created,
        "app version": version.app_version,
        "deprecated": version.deprecated,
        "description": body["description"],
    }
    result = [Section(OVERVIEW, "facts", {k: v for k, v in facts.items() if v not in ("", None)})]
    if body["facts"]:
        result.append(Section("Facts", "facts", body["facts"]))
    if body["dependencies"]:
        rows = [
            {key: value for key, value in entry.items() if value not in ("", False)}
            for entry in body["dependencies"]
        ]
        result.append(Section("Dependencies", "dependencies", rows))
    if body["urls"]:
        result.append(Section("URLs", "urls", body["urls"]))
    for document in catalog.documents_of(db, version.id):
        content: Any = document.text
        if document.name == LOGO:
            # What a picture looks like is no text; whoever wants it asks for the document.
            content = {"media_type": document.media_type, "size": _decoded_size(document.text)}
        result.append(Section(document.name.capitalize(), document.name, content))
    return result


def _decoded_size(base64: str) -> int:
    return len(base64) * 3 // 4 - base64[-2:].count("=")


def document(
    db: Database, registry: RegistryRow, artifact: ArtifactRow, version: VersionRow, name: str
) -> DocumentRow:
    """Return a document that is here; raises NotFound saying whether it exists at all."""
    if name not in DOCUMENTS:
        raise BadConfig(
            f"There is no document called {name!r}.",
            cause=f"the documents are {', '.join(DOCUMENTS)}",
            remedy="Use one of them.",
        )
    for row in catalog.documents_of(db, version.id):
        if row.name == name:
            return row
    label = f"{artifact.name} {version.version}"
    state = catalog.document_state(db, version.id)
    if state is not None and state[0] == "fetched":
        raise NotFound(
            f"{label} has no {name}.",
            cause="its documents were downloaded, and this is not among them",
            remedy="See what there is: catalog show",
            code="no-such-document",
        )
    raise NotFound(
        f"The {name} of {label} is not downloaded.",
        cause=state[1] if state else f"{registry.name} downloads documents by its policy",
        remedy="Download it with --fetch.",
        code="not-downloaded",
    )


class Details:
    """Fetch what is not here, one version at a time."""

    def __init__(self, db: Database, clock: Clock, workers: Workers, plugins: Plugins) -> None:
        self._db = db
        self._clock = clock
        self._workers = workers
        self._plugins = plugins

    def commands(
        self, registry: RegistryRow, artifact: ArtifactRow, version: VersionRow
    ) -> list[tuple[str, str]]:
        """Return command lines by which other tools get a version: a title and the line of each.

        Imports the plugin. Raises PluginMissing.
        """
        plugin, registry_type = self._plugins.registry_type(registry.type)
        # A line that is copied into a shell has no business with a secret.
        absent = dict.fromkeys(registry.secrets, "not at hand")
        values = {**editing.migrated(self._plugins, registry), **absent}
        config = read_config(registry_type, values)
        told = catalog.as_events(artifact, version)

        def ask() -> list[tuple[str, str]]:
            found = registry_type.commands(config, *told)
            return [(command.title, command.text) for command in found]

        found: list[tuple[str, str]] = self._plugins.call(plugin, ask)
        return [pair for pair in found if "\n" not in pair[1]]

    def fetch(self, job: Job, artifact: ArtifactRow, version: VersionRow, control: Control) -> None:
        """Download the documents of a version; raises why it cannot be done."""
        items = [catalog.as_events(artifact, version)]
        with self._workers.start(job.plugin, job) as worker:
            control.attach(worker)
            for _, found in documents.read(worker, job, items, Traffic()):
                documents.store(self._db, self._clock, version.id, found)
                if isinstance(found, Missing):
                    raise NotFound(
                        f"The documents of {artifact.name} {version.version} could not be "
                        "downloaded.",
                        cause=found.reason,
                        remedy="Check the connection of the registry, then try again.",
                        code=found.code,
                    )

    def save(
        self,
        job: Job,
        artifact: ArtifactRow,
        version: VersionRow,
        folder: Path,
        control: Control,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> Saved:
        """Write the artifact's bytes into `folder`; a file of that name is never overwritten.

        `progress` is told how many bytes are there, from the calling thread.
        The digest is checked here again, over the bytes that were written. Nothing stays under
        the final name unless all of it is there.
        """
        if not folder.is_dir():
            raise BadConfig(
                f"There is no folder {folder}.",
                cause="artifacts are saved into an existing folder",
                remedy="Create it first.",
                code="no-folder",
            )
        # Unlike temporary files, what the user saves is for whom their own settings say (umask).
        scratch = folder / f".registry-desktop-{secrets.token_hex(8)}"
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        name, size, digest = "", 0, hashlib.sha256()
        try:
            with os.fdopen(handle, "wb") as file, self._workers.start(job.plugin, job) as worker:
                control.attach(worker)
                for part in worker.save(job, *catalog.as_events(artifact, version)):
                    if isinstance(part, str):
                        name = part
                        continue
                    file.write(part)
                    digest.update(part)
                    size += len(part)
                    if progress is not None:
                        progress(size)
                file.flush()
                os.fsync(file.fileno())
            found = "sha256:" + digest.hexdigest()
            listed = version.content_digest or version.digest
            if listed.startswith("sha256:") and listed != found:
                raise BadAnswer(
                    f"What {artifact.name} {version.version} downloads is not what was listed.",
                    cause=f"listed {listed}, received {found}",
                    remedy="Synchronize the registry; if it stays so, tell its owner.",
                    code="digest-mismatch",
                )
            target = folder / _file_name(name, artifact, version)
            _move(scratch, target)
        finally:
            scratch.unlink(missing_ok=True)
        return Saved(target, found, size)


def _file_name(proposed: str, artifact: ArtifactRow, version: VersionRow) -> str:
    """Return a file name without anything that means something to a file system."""
    name = re.sub(r"[^A-Za-z0-9._+-]+", "-", proposed or f"{artifact.name}-{version.version}")
    name = name.lstrip(".-")[:200]
    if not name:
        raise PluginFault("The plugin gave no usable file name.")
    return name


def _move(scratch: Path, target: Path) -> None:
    try:
        os.link(scratch, target)
    except FileExistsError:
        raise BadConfig(
            f"There is already a file {target}.",
            cause="saved artifacts never replace a file",
            remedy="Remove it, or choose another folder.",
            code="file-exists",
        ) from None
    except OSError:
        # File systems without hard links.
        if target.exists():
            raise BadConfig(f"There is already a file {target}.", code="file-exists") from None
        scratch.rename(target)
