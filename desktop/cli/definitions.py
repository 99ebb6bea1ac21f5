"""Adding and checking: what was entered becomes a draft, is checked, and is stored."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from desktop.app import App
from desktop.cli import names, shapes, sync, values, waiting
from desktop.cli.output import Output, error_shape
from desktop.cli.values import Definition
from desktop.engine import words
from desktop.engine.names import UnknownName
from desktop.engine.vault import VARIABLE, shout
from desktop.store.values import RegistryRow
from registrykit.description import TypeDescription
from registrykit.errors import BadConfig, RegistryError
from registrykit.events import Check

FAILED, PARTLY = 4, 3
UNCHECKED = "Correct it, or add the registry unchecked with --no-check."


@dataclass(frozen=True)
class Entered:
    """Values and secrets as a draft takes them."""

    values: dict[str, Any]
    secrets: dict[str, str]


class CheckFailed(RegistryError):
    """The connection check found something that keeps the registry from working."""

    default_code = "check-failed"


def filed(args: Namespace) -> Definition:
    """Return what the file of `--from-file` says."""
    return values.definition(args)


def describe(app: App, type_id: str) -> TypeDescription:
    """Return a type; raises UnknownName for one of which nothing is known here."""
    known = {kind.id for plugin in app.plugins.all() for kind in plugin.types}
    if type_id not in known:
        raise UnknownName(
            f"There is no type of registry called {type_id}.",
            cause="known: " + (", ".join(sorted(known)) or "none"),
            remedy="See: registry types, and plugins doctor.",
            code="unknown-type",
        )
    return app.plugins.describe(type_id)[1]


def entered(args: Namespace, kind: TypeDescription, file: Definition) -> Entered:
    """Return what `--set`, `--secret` and the file give for a type; raises BadConfig."""
    found = values.values(kind.form, kind.title, args.set, file.values)
    given = values.secrets(args.secret, file.secrets)
    open_fields = [name for name in given if name not in kind.form.secrets]
    if open_fields:
        known = ", ".join(kind.form.secrets) or "none"
        raise BadConfig(
            f"{kind.title} has no secret {open_fields[0]!r}.",
            cause=f"its secrets are {known}",
            remedy="Give everything else with --set.",
            code="unknown-field",
        )
    return Entered(found, given)


def hosts(given: Sequence[str]) -> tuple[str, ...]:
    """Return hosts as `host` or `host:port`; raises BadConfig for anything else."""
    for host in given:
        if not host or any(c in host for c in "/@?#*") or any(c.isspace() for c in host):
            raise BadConfig(
                f"{host!r} is not the name of a host.",
                cause="it needs the form charts.example.com or charts.example.com:8443",
                remedy="Leave out https:// and the path.",
                code="bad-host",
            )
    return tuple(dict.fromkeys(host.lower() for host in given))


def tell_unkept(app: App, out: Output, row: RegistryRow, given: Iterable[str]) -> None:
    """Say which variables later commands read, where no keyring keeps the secrets."""
    why = app.vault.trouble or "the keyring refused"
    for key in sorted(given):
        variable = f"{VARIABLE}{shout(row.name)}_{shout(key)}"
        out.note(
            f"{why[:1].upper()}{why[1:]}, so the {key} is not kept. Later commands read {variable}"
        )


def add(app: App, args: Namespace, out: Output) -> int:
    """Add a registry after its connection check."""
    file = filed(args)
    type_id, name = args.type or file.type, args.new_name or file.name
    _require(type_id, "type", "Write it after registry add, or into the file.")
    _require(name, "name", "Give one with --name.")
    place = names.place_for(app, args, args.scope or file.scope or "tenant")
    given = entered(args, describe(app, type_id), file)
    draft = app.registries.draft(type_id, given.values, given.secrets)
    app.registries.check_place(name, place)
    app.registries.check_offer(type_id, place, confirmed=args.confirm)
    approved = hosts(args.allow_host)
    same = app.registries.same_registry(draft, place)
    if same is not None:
        out.note(f"{same.name} is the same registry already; {name} will be another one.")
    stages: list[Check] = []
    if not args.no_check:
        failed = _check(out, name, app.registries.check(draft, approved), stages)
        if failed is not None:
            shape = {
                "registry": None,
                "checks": [shapes.check(stage) for stage in stages],
                "error": error_shape(failed),
            }
            out.show(shape, lambda: _tell_failed(out, failed))
            return FAILED
    row, kept = app.registries.add(name, place, draft, approved, confirmed=args.confirm)
    if not kept:
        tell_unkept(app, out, row, draft.secrets)
    code = 0
    if not row.automatic:
        code = _read_once(app, args, out, row)
        row = app.registries.get(row.id)
    added = shapes.registry(app, row, shapes.Owners(app))
    hint = f" To read it: sync {row.name}" if row.last_success is None else ""
    out.show(
        {"registry": added, "checks": [shapes.check(stage) for stage in stages]},
        lambda: out.line(f"{row.name} was added.{hint}"),
    )
    return code


def _require(value: str, what: str, remedy: str) -> None:
    if not value:
        raise BadConfig(
            f"The {what} of the registry is missing.",
            cause="neither the command nor a file gives it",
            remedy=remedy,
            code="usage",
        )


def _read_once(app: App, args: Namespace, out: Output, row: RegistryRow) -> int:
    """Read a registry that will not be read by itself."""
    if args.offline:
        out.note(f"{row.name} was not read, since the network is off. Later: sync {row.name}")
        return 0
    ended = waiting.synchronize(app, out, [row])
    for one in ended.runs:
        sync.tell_trouble(out, one)
    if ended.cancelled:
        return sync.CANCELLED
    return 0 if all(one.outcome in ("ok", "unchanged") for one in ended.runs) else PARTLY


def _check(
    out: Output, name: str, stages: Iterable[Check], seen: list[Check]
) -> RegistryError | None:
    """Show the stages as they end, on standard error; returns what failed."""
    console = None if out.as_json else out.console(errors=True)
    try:
        _tell_stages(stages, seen, console.print if console is not None else None)
    except RegistryError as error:
        return error
    failed = next((stage for stage in seen if stage.verdict == "failed"), None)
    if failed is None:
        return None
    remedy = failed.remedy or UNCHECKED
    if failed.code == "host-not-approved":
        remedy = f"{remedy} That is --allow-host HOST."
    return CheckFailed(
        f"{name} was not added: the connection check failed at {failed.stage}.",
        cause=failed.message,
        remedy=remedy,
        code=failed.code,
    )


def _tell_failed(out: Output, error: RegistryError) -> None:
    """Say what failed; what the stages have said already is not said again."""
    if not isinstance(error, CheckFailed):
        out.error(error)
    else:
        approve = error.code == "host-not-approved"
        out.trouble(str(error), "", error.remedy if approve else UNCHECKED)


def _tell_stages(
    stages: Iterable[Check], seen: list[Check], show: Callable[[Any], None] | None
) -> None:
    """Show the stages as they end; those that were not tried after a failure in one line."""
    from desktop.cli import tables

    untried: list[str] = []
    for stage in stages:
        failed = any(before.verdict == "failed" for before in seen)
        seen.append(stage)
        if failed and stage.verdict == "skipped":
            untried.append(stage.stage)
        elif show is not None:
            show(tables.check_line(stage))
    if untried and show is not None:
        show(tables.untried(untried))


def check(app: App, args: Namespace, out: Output) -> int:
    """Check a registry that is there, or one that could be added."""
    seen: list[Check] = []
    _tell_stages(_stages(app, args), seen, None if out.as_json else out.print)
    ok = all(stage.verdict != "failed" for stage in seen)
    warnings = sum(stage.verdict == "warning" for stage in seen)
    shape = {"ok": ok, "checks": [shapes.check(stage) for stage in seen]}
    said = f"It can be used, with {words.counted(warnings, 'warning')}."
    if not warnings:
        said = "It can be used."
    out.show(shape, lambda: out.line(said if ok else "It cannot be used like this."))
    return 0 if ok else FAILED


def _stages(app: App, args: Namespace) -> Iterator[Check]:
    file = filed(args)
    if args.set or args.secret or args.from_file:
        type_id = args.what or file.type
        _require(type_id, "type", "Write it after registry check, or into the file.")
        given = entered(args, describe(app, type_id), file)
        draft = app.registries.draft(type_id, given.values, given.secrets)
        yield from app.registries.check(draft, hosts(args.allow_host))
        return
    _require(args.what or "", "name", "Write it after registry check.")
    row = names.registry(app, args, args.what)
    yield from app.registries.check_stored(row)
