"""Synchronizing: `sync`, `history`, `review`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from desktop.app import App
from desktop.cli import names, shapes, waiting
from desktop.cli.output import Output, error_shape
from desktop.engine import review as reviewing
from desktop.engine import words
from desktop.engine.names import UnknownName
from desktop.store import runs
from desktop.store.values import RegistryRow, RunRow
from registrykit.errors import BadConfig, Offline

DONE, INVALID, PARTLY, FAILED, CANCELLED = 0, 2, 3, 4, 130


def sync(app: App, args: Namespace, out: Output) -> int:
    """Synchronize what was named, everything of the user's, or what is due."""
    registries = _chosen(app, args)
    ended = waiting.synchronize(app, out, registries, full=args.full, accept_held=args.accept_held)
    shape: shapes.Shape = {"runs": [shapes.run(row) for row in ended.runs]}
    code = _exit_code(ended)
    error = _error(args, ended)
    if error is not None:
        shape["error"] = error_shape(error)
        code = INVALID if isinstance(error, BadConfig) else FAILED
    if not registries and error is None:
        said = nothing_due(app, args) if not args.all else "There is nothing to synchronize."
        out.show(shape, lambda: out.line(said))
        if out.as_json:
            out.note(said)
        return code
    out.show(shape, lambda: _tell(out, ended.runs))
    if not out.as_json and error is not None and not ended.runs:
        out.error(error)
    return code


def _chosen(app: App, args: Namespace) -> list[RegistryRow]:
    if args.names and args.all:
        raise BadConfig(
            "--all and names cannot be given together.",
            cause="--all means every registry of yours",
            remedy="Leave out one of them.",
            code="usage",
        )
    view = names.view(app, args)
    if args.names:
        rows = view.registries(app, hidden=True)
        found = [names.find(app, name, rows) for name in args.names]
        return list({row.id: row for row in found}.values())
    visible = view.registries(app)
    if args.all:
        return [row for row in visible if row.default_id is None or row.last_success is not None]
    return [row for row in visible if app.due(row)]


def _exit_code(ended: waiting.Ended) -> int:
    outcomes = [row.outcome for row in ended.runs]
    if ended.cancelled:
        return CANCELLED
    if all(outcome in ("ok", "unchanged") for outcome in outcomes):
        return DONE
    if all(outcome == "failed" for outcome in outcomes):
        return FAILED
    return CANCELLED if "cancelled" in outcomes else PARTLY


def _error(args: Namespace, ended: waiting.Ended) -> Exception | None:
    """Return what was wrong with the command itself, and not with a registry."""
    if args.offline:
        return Offline("Nothing was synchronized.", cause="the network is off (--offline)")
    for row in ended.runs:
        if row.code == "ambiguous-secret":
            return BadConfig(
                f"{row.registry}: {row.message}", cause=row.cause, remedy=row.remedy, code=row.code
            )
    return None


def nothing_due(app: App, args: Namespace) -> str:
    """Return a sentence that says when the next synchronization is due."""
    coming = [
        (moment, row.name)
        for row in names.view(app, args).registries(app)
        if (moment := app.next_run(row)) is not None
    ]
    if not coming:
        return "Nothing is due, and nothing is scheduled. To synchronize anyway: sync NAME"
    moment, name = min(coming)
    return f"Nothing is due. Next is {name}, {words.until(moment, app.clock.now())}."


def tell_trouble(out: Output, row: RunRow) -> None:
    """Say on standard error what a run that is not ok means; the registry is named."""
    if row.outcome in ("ok", "unchanged"):
        if row.message:
            out.note(f"{row.registry}: {row.message}")
        return
    message = row.message or f"The synchronization ended with: {row.outcome}."
    named = message.startswith(f"{row.registry} ")
    out.trouble(message if named else f"{row.registry}: {message}", row.cause, row.remedy)


def _tell(out: Output, found: Sequence[RunRow]) -> None:
    from desktop.cli import tables

    if found:
        out.print(tables.runs(found))
    for row in found:
        tell_trouble(out, row)


def history(app: App, args: Namespace, out: Output) -> int:
    """Show the runs of a registry, or one with what it changed and skipped."""
    registry = names.registry(app, args, args.name)
    if args.run is not None:
        return _one_run(app, out, _run(app, registry, args.run))
    found = _ended(app, registry, runs.runs_of(app.db, registry.id))

    def tell() -> None:
        from desktop.cli import tables

        if found:
            out.print(tables.runs(found, now=app.clock.now()))
        else:
            out.line(f"{registry.name} was never synchronized.")

    out.show({"runs": [shapes.run(row) for row in found]}, tell)
    return DONE


def _one_run(app: App, out: Output, row: RunRow) -> int:
    changes = runs.changes_of(app.db, run=row.id)
    skips = runs.skipped_of(app.db, row.id)

    def tell() -> None:
        from desktop.cli import tables

        out.print(tables.runs([row]))
        if row.message:
            out.line(row.message)
        if changes:
            out.print(tables.changes("Changes", changes))
        if skips:
            out.print(tables.skips(skips))
        vanishing = runs.held_removals(app.db, row.id)
        if vanishing:
            out.print(tables.changes("Held: would be removed", vanishing))

    shape = {
        "runs": [shapes.run(row)],
        "changes": [shapes.change(one) for one in changes],
        "skipped": [shapes.skipped(one) for one in skips],
    }
    out.show(shape, tell)
    return DONE


def _ended(app: App, registry: RegistryRow, found: Sequence[RunRow]) -> list[RunRow]:
    """Leave out the run that goes on; one whose program was killed was interrupted."""
    going_on = app.activity(registry) == "syncing"
    return [
        row if row.outcome else replace(row, outcome="interrupted")
        for row in found
        if row.outcome or not going_on
    ]


def _run(app: App, registry: RegistryRow, run_id: int) -> RunRow:
    found = [row for row in runs.runs_by_id(app.db, [run_id]) if row.registry_id == registry.id]
    if found:
        return next(iter(_ended(app, registry, found)), found[0])
    newest = ", ".join(str(row.id) for row in runs.runs_of(app.db, registry.id, limit=10))
    raise UnknownName(
        f"{registry.name} has no run {run_id}.",
        cause=f"its newest are {newest}" if newest else "it was never synchronized",
        remedy=f"See: history {registry.name}",
        code="unknown-run",
    )


def review(app: App, args: Namespace, out: Output) -> int:
    """Decide about the removals that a run held."""
    registry = names.registry(app, args, args.name)
    vanishing = reviewing.what_would_vanish(app.db, registry)
    row = app.accept(registry) if args.accept else app.discard(registry)

    def tell() -> None:
        from desktop.cli import tables

        title = "Removed" if args.accept else "Kept although they vanished"
        out.print(tables.changes(title, vanishing), tables.runs([row]))

    out.show({"runs": [shapes.run(row)]}, tell)
    return DONE
