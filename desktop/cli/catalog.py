"""What was synchronized: `search`, `catalog list`, `show`, `document`, `save`."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from desktop.app import App
from desktop.cli import names, shapes, waiting
from desktop.cli.output import Output
from desktop.engine import details, fips, siblings, words
from desktop.engine.clock import rfc3339
from desktop.engine.jobs import Job
from desktop.store import catalog, columns
from desktop.store import search as searching
from desktop.store.values import ArtifactRow, DocumentRow, RegistryRow, VersionRow
from registrykit.errors import BadConfig, NotFound
from registrykit.fips import FACT
from registrykit.versions import is_prerelease


def search(app: App, args: Namespace, out: Output) -> int:
    """Search every visible registry, or one."""
    query = " ".join(args.query)
    if args.registry:
        rows = [names.registry(app, args, args.registry)]
    else:
        rows = names.view(app, args).registries(app)
    begun = time.perf_counter()
    found = searching.search(
        app.db, query, [row.id for row in rows], kind=names.kind(app, args), limit=args.limit
    )
    seconds = time.perf_counter() - begun
    as_of = oldest(rows)
    statuses = fips.statuses(app.db, found.hits)

    def tell() -> None:
        from desktop.cli import tables

        if found.hits:
            more = _columns(app, found.hits)
            out.print(tables.artifacts(found.hits, named=True, statuses=statuses, more=more))
        shown = f"{len(found.hits):,} of " if found.total > len(found.hits) else ""
        searched = found.readmes + found.readmes_missing
        out.note(
            f"{shown}{words.counted(found.total, 'hit')}{_age(app, as_of)},"
            f" {found.readmes:,} of {words.counted(searched, 'README')} searched"
        )

    out.show(shapes.search(query, found, seconds, as_of, statuses), tell)
    return 0


def _columns(app: App, rows: Sequence[ArtifactRow]) -> dict[str, dict[int, str]]:
    """Return the columns of the one kind that is listed, by title; none where there are several.

    What shows nothing is left out, and so is FIPS, which has a column of its own where it matters.
    """
    kinds = {row.kind for row in rows}
    if len(kinds) != 1:
        return {}
    values = columns.of_artifacts(app.db, (row.id for row in rows))
    found = {
        column.title: {
            artifact: ", ".join(shown[column.key])
            for artifact, shown in values.items()
            if column.key in shown
        }
        for column in columns.of_kinds(app.db).get(kinds.pop(), ())
        if column.key != FACT
    }
    return {title: shown for title, shown in found.items() if shown}


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
        app.db, registry.id, kind=names.kind(app, args), limit=args.limit, offset=args.offset
    )
    statuses = fips.statuses(app.db, rows)

    def tell() -> None:
        from desktop.cli import tables

        if rows:
            more = _columns(app, rows)
            out.print(tables.artifacts(rows, named=False, statuses=statuses, more=more))
        shown = f"{len(rows):,} of " if total > len(rows) else ""
        counted = words.counted(total, "artifact")
        out.note(f"{shown}{counted}{_age(app, registry.last_success)}")

    shape = {
        "total": total,
        "as_of": rfc3339(registry.last_success),
        "artifacts": [shapes.hit(row, statuses) for row in rows],
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
        view = names.view(app, args)
        if declared := fips.section(app.db, registry, artifact, version, view.tenant):
            sections.insert(1, declared)
        seen = {row.id for row in view.registries(app)}
        others = siblings.siblings(app.db, registry, artifact, version, visible=seen)
        if also := siblings.section(others):
            sections.append(also)
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
    from desktop.cli import facts, tables

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
    shown_columns = columns.of_kinds(app.db).get(artifact.kind, ())
    documents = [section for section in sections if section.kind in details.DOCUMENTS]
    others = [section for section in sections if section not in documents]
    titles = {one.title for one in sections if one in others or one.kind == details.LOGO}
    for section in others:
        out.print(facts.section(_unrepeated(section, artifact), shown_columns, titles))
    if documents:
        out.line()
    for section in documents:
        out.line(facts.document_line(section))
    out.line()
    shown = [row for row in versions if args.all or _is_current(row)] or list(versions)
    out.print(tables.heading("Versions"), tables.versions(shown, app.clock.now()))
    left_out = [row for row in versions if row not in shown]
    if left_out:
        out.note(f"Not shown: {_kinds_of(left_out)}. All of them: --all")
    out.note(f"{words.counted(artifact.versions, 'version')}{_age(app, registry.last_success)}")


def _unrepeated(section: details.Section, artifact: ArtifactRow) -> details.Section:
    """Return our own facts without what stands above them, and with a size for people."""
    if section.title != details.OVERVIEW:
        return section
    told = dict(section.content)
    if told.get("description") == artifact.description:
        told.pop("description", None)
    if "size" in told:
        told["size"] = words.size(told["size"])
    return replace(section, content=told)


def _is_current(row: VersionRow) -> bool:
    return row.state == "present" and row.stable and not row.deprecated


def _kinds_of(rows: Iterable[VersionRow]) -> str:
    """Return how many versions are left out and why; each is counted once."""
    gone = deprecated = previews = others = 0
    for row in rows:
        if row.state != "present":
            gone += 1
        elif row.deprecated:
            deprecated += 1
        elif is_prerelease(row.version):
            previews += 1
        else:
            others += 1
    said = (
        f"{gone:,} gone" if gone else "",
        f"{deprecated:,} deprecated" if deprecated else "",
        words.counted(previews, "pre-release") if previews else "",
        words.counted(others, "tag that is no version", "tags that are no versions")
        if others
        else "",
    )
    return ", ".join(part for part in said if part)


def document(app: App, args: Namespace, out: Output) -> int:
    """Print a document of a version; with `--fetch`, download it if it is not here."""
    registry, artifact, version = _version(app, args)
    try:
        row = details.document(app.db, registry, artifact, version, args.document)
    except NotFound:
        if not args.fetch:
            raise
        row = _fetched(app, args, out, registry, artifact, version)
    if row.name == details.LOGO and not out.as_json:
        raise BadConfig(
            f"The logo of {artifact.name} {version.version} is a picture ({row.media_type}).",
            cause="it cannot be printed as text",
            remedy="Use --json, which gives its bytes as base64.",
            code="not-a-text",
        )
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

    if folder.is_dir():  # else it ends before anything is asked for
        out.note(f"Downloading {artifact.name} {version.version}")
    saved = waiting.result(app, out, registry.id, work)
    listed = version.content_digest or version.digest
    checked = "the digest was not listed"
    if listed == saved.digest:
        checked = "the digest matches the listing"
    elif "+" in version.content_digest:
        checked = "put together from parts whose digests match the listing"
    out.show(
        shapes.saved(saved),
        lambda: out.line(f"{saved.path}  {words.size(saved.size)}, {saved.digest}; {checked}"),
    )
    return 0


def _version(app: App, args: Namespace) -> tuple[RegistryRow, ArtifactRow, VersionRow]:
    registry = names.registry(app, args, args.registry)
    artifact = details.find_artifact(app.db, registry, args.name, args.kind)
    return registry, artifact, details.find_version(app.db, artifact, args.version)
