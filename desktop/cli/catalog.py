"""What was synchronized: `search`, `catalog list`, `show`, `document`, `save`."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from desktop.app import App
from desktop.cli import names, shapes, waiting
from desktop.cli.output import Output
from desktop.engine import details, words
from desktop.engine.clock import rfc3339
from desktop.engine.jobs import Job
from desktop.store import catalog
from desktop.store import search as searching
from desktop.store.values import ArtifactRow, DocumentRow, RegistryRow, VersionRow
from registrykit.errors import NotFound


def search(app: App, args: Namespace, out: Output) -> int:
    """Search every visible registry, or one."""
    query = " ".join(args.query)
    if args.registry:
        rows = [names.registry(app, args, args.registry)]
    else:
        rows = names.view(app, args).registries(app)
    begun = time.perf_counter()
    found = searching.search(
        app.db, query, [row.id for row in rows], kind=args.kind, limit=args.limit
    )
    seconds = time.perf_counter() - begun
    as_of = oldest(rows)

    def tell() -> None:
        from desktop.cli import tables

        if found.hits:
            out.print(tables.artifacts(found.hits, named=True))
        shown = f"{len(found.hits):,} of " if found.total > len(found.hits) else ""
        searched = found.readmes + found.readmes_missing
        out.note(
            f"{shown}{words.counted(found.total, 'hit')}{_age(app, as_of)},"
            f" {found.readmes:,} of {words.counted(searched, 'README')} searched"
        )

    out.show(shapes.search(query, found, seconds, as_of), tell)
    return 0


def oldest(rows: Iterable[RegistryRow]) -> float | None:
    """Return when the registry that was synchronized longest ago was synchronized."""
    return min((row.last_success for row in rows if row.last_success is not None), default=None)


def _age(app: App, as_of: float | None) -> str:
    if as_of is None:
        return ", nothing was synchronized yet"
    return f", as of {words.ago(as_of, app.clock.now())}"


def list_all(app: App, args: Namespace, out: Output) -> int:
    """List what a registry holds now."""
    registry = names.registry(app, args, args.registry)
    total, rows = catalog.list_artifacts(
        app.db, registry.id, kind=args.kind, limit=args.limit, offset=args.offset
    )

    def tell() -> None:
        from desktop.cli import tables

        if rows:
            out.print(tables.artifacts(rows, named=False))
        shown = f"{len(rows):,} of " if total > len(rows) else ""
        counted = words.counted(total, "artifact")
        out.note(f"{shown}{counted}{_age(app, registry.last_success)}")

    shape = {
        "total": total,
        "as_of": rfc3339(registry.last_success),
        "artifacts": [shapes.hit(row) for row in rows],
    }
    out.show(shape, tell)
    return 0


def show(app: App, args: Namespace, out: Output) -> int:
    """Show an artifact with its versions, and everything that is known of one of them."""
    registry = names.registry(app, args, args.registry)
    artifact = details.find_artifact(app.db, registry, args.name, args.kind)
    versions = catalog.versions_of(app.db, artifact.id)
    sections: list[details.Section] = []
    if args.version or artifact.latest_id is not None:
        version = details.find_version(app.db, artifact, args.version)
        sections = details.sections(app.db, artifact, version)
    shape = {
        "artifact": shapes.artifact(artifact, versions),
        "sections": [shapes.section(section) for section in sections],
    }
    out.show(shape, lambda: _tell(app, args, out, registry, artifact, versions, sections))
    return 0


def _tell(
    app: App,
    args: Namespace,
    out: Output,
    registry: RegistryRow,
    artifact: ArtifactRow,
    versions: Sequence[VersionRow],
    sections: Sequence[details.Section],
) -> None:
    from desktop.cli import tables

    newest = artifact.latest if artifact.latest_is_stable else f"{artifact.latest} (newest)"
    out.print(tables.heading(artifact.display_name or artifact.name))
    out.print(
        tables.facts(
            (
                ("Kind", artifact.kind),
                ("Registry", registry.name),
                ("Path", artifact.path if artifact.path != artifact.name else ""),
                ("Latest", newest),
                ("Description", artifact.description),
                ("Keywords", ", ".join(artifact.keywords)),
            )
        )
    )
    for section in sections:
        if section.kind in details.DOCUMENTS:
            length = words.size(len(str(section.content).encode()))
            out.line(f"{section.title}: {length}, shown by catalog document … {section.kind}")
        else:
            out.print(tables.section(section.title, section.content))
    out.line()
    shown = [row for row in versions if args.all or _is_current(row)] or list(versions)
    out.print(tables.heading("Versions"), tables.versions(shown, app.clock.now()))
    left_out = [row for row in versions if row not in shown]
    if left_out:
        out.note(f"Not shown: {_kinds_of(left_out)}. All of them: --all")
    out.note(f"{words.counted(artifact.versions, 'version')}{_age(app, registry.last_success)}")


def _is_current(row: VersionRow) -> bool:
    return row.state == "present" and row.stable and not row.deprecated


def _kinds_of(rows: Iterable[VersionRow]) -> str:
    """Return how many versions are left out and why; each is counted once."""
    counts = {"gone": 0, "deprecated": 0, "pre-release": 0}
    for row in rows:
        if row.state != "present":
            counts["gone"] += 1
        elif row.deprecated:
            counts["deprecated"] += 1
        else:
            counts["pre-release"] += 1
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def document(app: App, args: Namespace, out: Output) -> int:
    """Print a document of a version; with `--fetch`, download it if it is not here."""
    registry, artifact, version = _version(app, args)
    try:
        row = details.document(app.db, registry, artifact, version, args.document)
    except NotFound:
        if not args.fetch:
            raise
        row = _fetched(app, args, out, registry, artifact, version)
    out.show({"document": shapes.document(row)}, lambda: out.document(row.text))
    return 0


def _fetched(
    app: App,
    args: Namespace,
    out: Output,
    registry: RegistryRow,
    artifact: ArtifactRow,
    version: VersionRow,
) -> DocumentRow:
    """Download the documents of a version: what the user asks for may come from any host."""
    out.note(f"Downloading the documents of {artifact.name} {version.version}")
    described = app.registries.job(registry, anywhere=True)

    def work(job: Job[None]) -> None:
        app.details.fetch(described, artifact, version, job)

    waiting.result(app, out, registry.id, work)
    return details.document(app.db, registry, artifact, version, args.document)


def save(app: App, args: Namespace, out: Output) -> int:
    """Download an artifact into a folder; its digest is checked."""
    registry, artifact, version = _version(app, args)
    described = app.registries.job(registry, anywhere=True)
    folder = Path(args.to).absolute()

    def work(job: Job[details.Saved]) -> details.Saved:
        return app.details.save(described, artifact, version, folder, job)

    out.note(f"Downloading {artifact.name} {version.version}")
    saved = waiting.result(app, out, registry.id, work)
    digest = "matches the listing" if version.digest else "was not listed"
    out.show(
        shapes.saved(saved),
        lambda: out.line(
            f"{saved.path}  {words.size(saved.size)}, {saved.digest}; the digest {digest}"
        ),
    )
    return 0


def _version(app: App, args: Namespace) -> tuple[RegistryRow, ArtifactRow, VersionRow]:
    registry = names.registry(app, args, args.registry)
    artifact = details.find_artifact(app.db, registry, args.name, args.kind)
    return registry, artifact, details.find_version(app.db, artifact, args.version)
