"""Registries: `registry types`, `list`, `show`, `edit`, `remove` and the like."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Sequence

from desktop.app import App
from desktop.cli import definitions, names, shapes
from desktop.cli.output import Output
from desktop.engine import fips, words
from desktop.engine.drafts import Place
from desktop.engine.vault import SERVICE
from desktop.store.values import RegistryRow
from registrykit.errors import BadConfig


def types(app: App, args: Namespace, out: Output) -> int:
    """Show the types that can be added, with their fields."""
    found = list(app.plugins.descriptions().values())

    def tell() -> None:
        from desktop.cli import tables

        if found:
            out.print(tables.registry_types(found))
        else:
            out.line("No plugin offers a type of registry. See: plugins doctor")

    out.show({"types": [shapes.registry_type(*pair) for pair in found]}, tell)
    return 0


def list_all(app: App, args: Namespace, out: Output) -> int:
    """Show the registries of the view, hidden ones with `--all`."""
    rows = names.view(app, args).registries(app, hidden=args.all)
    owners = shapes.Owners(app)
    out.show(
        {"registries": [shapes.registry(app, row, owners) for row in rows]},
        lambda: tell_list(app, out, rows, owners),
    )
    return 0


def tell_list(app: App, out: Output, rows: Sequence[RegistryRow], owners: shapes.Owners) -> None:
    from desktop.cli import tables

    if not rows:
        out.line("There are no registries yet. Add one with: registry add TYPE --name NAME")
        return
    types = app.plugins.descriptions()
    titles = {key: description.title for key, (_, description) in types.items()}
    states = app.states(rows)
    out.print(
        tables.registries(
            (
                (row.name, titles.get(row.type, row.type_title), _where(row, owners)),
                states[row.id],
                (row.artifacts, row.versions) if row.versions or row.last_success else None,
            )
            for row in rows
        )
    )


def _where(row: RegistryRow, owners: shapes.Owners) -> str:
    """Return the place of a registry as far as there is a choice, and what else is special."""
    parts = []
    if len(owners.environments) > 1:
        parts.append(owners.environment(row))
    if row.default_id is not None:
        parts.append("default registry")
    elif row.tenant_id is None:
        parts.append("system console")
    elif len(owners.tenants) > len(owners.environments):
        parts.append(owners.tenants[row.tenant_id].name)
    if row.hidden:
        parts.append("hidden")
    return ", ".join(parts)


def show(app: App, args: Namespace, out: Output) -> int:
    """Show everything about one registry."""
    row = names.registry(app, args, args.name)
    declared = fips.of_registry(app.db, row, names.view(app, args).tenant)
    shape = shapes.registry_in_full(app, row, shapes.Owners(app), declared)
    out.show({"registry": shape}, lambda: _tell_one(app, out, row, shape, declared))
    return 0


def _tell_one(
    app: App,
    out: Output,
    row: RegistryRow,
    shape: shapes.Shape,
    declared: fips.Declared | None,
) -> None:
    from desktop.cli import tables

    now = app.clock.now()
    state = app.state_of(row)
    coming = app.next_run(row)
    source = shape["provenance"] or {}
    place = shape["environment"] + (f", tenant {shape['tenant']}" if shape["tenant"] else "")
    out.print(
        tables.heading(row.name),
        tables.facts(
            (
                ("State", tables.mark(state.text, state.level)),
                ("Message", row.message),
                ("What to do", row.remedy),
                (
                    "Type",
                    f"{row.type_title} ({row.type})" if row.type_title != row.type else row.type,
                ),
                ("Endpoint", row.endpoint),
                ("Place", place),
                ("Visible to", ", ".join(shape["visible_to"])),
                ("Contents", _contents(row)),
                ("FIPS", fips.summary(declared) if declared else ""),
                ("Use", _use(declared, shape["environment"]) if declared else ""),
                ("Next", words.until(coming, now) if coming is not None else "when you ask"),
                ("Description", shape["description"]),
                ("Secrets", ", ".join(row.secrets)),
                ("Also from", ", ".join(row.approved_hosts)),
                ("Provider", source.get("provider", "")),
                ("Access", source.get("access_note", "")),
                ("Deprecated", "by its provider" if source.get("deprecated") else ""),
                ("Id", row.id),
            )
        ),
        tables.section(
            "Configuration",
            _applying(app, row),
        ),
        *(
            tables.section(title, content)
            for title, content in (
                ("What documents say", [entry["says"] for entry in source.get("sources", [])]),
                ("Where they disagree", source.get("disagreements", [])),
            )
            if content
        ),
    )


def _applying(app: App, row: RegistryRow) -> shapes.Shape:
    """Return what is configured, without what does not apply to it."""
    found = app.plugins.descriptions().get(row.type)
    fields = {} if found is None else {spec.name: spec for spec in found[1].form.fields}
    return {
        key: value
        for key, value in row.config.items()
        if value not in ("", None, []) and (key not in fields or fields[key].applies(row.config))
    }


def _use(declared: fips.Declared, environment: str) -> str:
    """Return who may use the packs, and how that is changed where they may not."""
    said = [fips.use_in_words(use, declared) for use in declared.uses]
    refused = [use.tenant.name for use in declared.uses if use.refused]
    if refused:
        words_of_it = ["tenant", "set", refused[0], "allow-non-fips=true", "--confirm"]
        said.append(f"to allow them: {shlex.join([*words_of_it, '--env', environment])}")
    return "; ".join(said)


def _contents(row: RegistryRow) -> str:
    if row.last_success is None:
        return "not read yet"
    artifacts, versions = (
        words.counted(row.artifacts, "artifact"),
        words.counted(row.versions, "version"),
    )
    return f"{artifacts}, {versions}"


def tell_change(app: App, out: Output, row: RegistryRow, said: str) -> int:
    """Show a registry after a change: as JSON, or as a sentence."""
    shape = shapes.registry(app, row, shapes.Owners(app))
    out.show({"registry": shape}, lambda: out.line(said))
    return 0


def edit(app: App, args: Namespace, out: Output) -> int:
    """Change a registry, or sign in to a default."""
    row = names.registry(app, args, args.name)
    filed = definitions.filed(args)
    _refuse_move(row, args.scope or filed.scope)
    if filed.type and filed.type != row.type:
        raise BadConfig(
            f"{row.name} cannot become a registry of another type.",
            cause=f"it has the type {row.type}, the file says {filed.type}",
            remedy="Add a new registry.",
        )
    entered = definitions.Entered({}, {})
    if args.set or args.secret or filed.values or filed.secrets:
        _, kind = app.plugins.describe(row.type)
        entered = definitions.entered(args, kind, filed)
    new_name = args.new_name if args.new_name is not None else filed.name or None
    if new_name is None and not entered.values and not entered.secrets and not args.allow_host:
        raise BadConfig(
            "There is nothing to change.",
            cause="neither a name nor a value was given",
            remedy="See: registry edit --help",
            code="usage",
        )
    changed, kept = app.registries.edit(
        row,
        name=new_name,
        values=entered.values,
        given=entered.secrets,
        approved_hosts=definitions.hosts(args.allow_host) if args.allow_host else None,
        place=names.place_of(app, row),
    )
    if not kept:
        definitions.tell_unkept(app, out, changed, entered.secrets)
    lost = sorted(set(row.secrets) - set(changed.secrets))
    if lost and changed.origins != row.origins:
        out.note(
            f"The address changed, so the stored {', '.join(lost)} was dropped. Enter it again: "
            f"registry edit {changed.name} --secret {lost[0]}=-"
        )
    return tell_change(app, out, changed, f"{changed.name} was changed.")


def _refuse_move(row: RegistryRow, scope: str) -> None:
    if scope and scope != row.scope:
        raise BadConfig(
            f"{row.name} cannot move to another scope.",
            cause=f"it was added with the scope {row.scope}",
            remedy="Copy it there: registry duplicate NAME --name NEW",
        )


def remove(app: App, args: Namespace, out: Output) -> int:
    """Remove a registry; with `--forget`, delete it for good, removed ones too."""
    if not args.forget:
        row = app.registries.remove(names.registry(app, args, args.name))
        days = words.counted(app.settings.read().kept_days, "day")
        said = f"{row.name} was removed. For {days}: registry restore {row.id}"
        return tell_change(app, out, row, said)
    view = names.view(app, args)
    row = names.find(app, args.name, [*view.registries(app, hidden=True), *view.removed(app)])
    shape = shapes.registry(app, row, shapes.Owners(app))
    if row.removed_at is None:
        row = app.registries.remove(row)
    for key in app.registries.forget(row):
        out.note(
            f"The {key} of {row.name} may still be in the keyring: {app.vault.trouble}. "
            f"Delete the entry {SERVICE}, {row.id}/{key} there."
        )
    out.show(
        {"registry": shape},
        lambda: out.line(f"{row.name} was deleted with its catalog and its secrets."),
    )
    return 0


def restore(app: App, args: Namespace, out: Output) -> int:
    """Bring a removed registry back."""
    row = names.find(app, args.name, names.view(app, args).removed(app))
    restored = app.registries.restore(row, names.place_of(app, row))
    return tell_change(app, out, restored, f"{restored.name} is back.")


def hide(app: App, args: Namespace, out: Output) -> int:
    """Take a registry out of view and out of the schedule."""
    row = app.registries.hide(names.registry(app, args, args.name), True)
    return tell_change(
        app, out, row, f"{row.name} is hidden and not synchronized. registry unhide shows it."
    )


def unhide(app: App, args: Namespace, out: Output) -> int:
    """Show a hidden registry again."""
    row = app.registries.hide(names.registry(app, args, args.name), False)
    return tell_change(app, out, row, f"{row.name} is shown again.")


def duplicate(app: App, args: Namespace, out: Output) -> int:
    """Copy a definition; a copy of a default belongs to a tenant."""
    row = names.registry(app, args, args.name)
    place = _place_of_copy(app, args, row)
    copy = app.registries.duplicate(row, args.new_name, place)
    if copy.secrets:
        out.note(
            f"Secrets are not copied. Enter them: registry edit {copy.name}"
            + "".join(f" --secret {key}=-" for key in copy.secrets)
        )
    return tell_change(app, out, copy, f"{copy.name} is a copy of {row.name}.")


def _place_of_copy(app: App, args: Namespace, row: RegistryRow) -> Place:
    own = names.place_of(app, row)
    if row.default_id is None and not args.tenant:
        return own
    return names.place_in(app, args, "tenant", own.environment)
