"""Environments and tenants: `env` and `tenant`. Every command answers with the list afterwards."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter

from desktop.app import App
from desktop.cli import names, shapes
from desktop.cli.output import Output
from desktop.engine.environments import WITH_CONSOLE, WITH_FIPS
from desktop.store.values import EnvironmentRow
from registrykit.errors import BadConfig

_SETTING = "allow-non-fips"
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MEANING = {
    True: "Packs that are not FIPS compliant may then be used in what is made for the tenant.",
    False: "Packs that are not FIPS compliant are then refused in what is made for the tenant.",
}


def list_all(app: App, args: Namespace, out: Output) -> int:
    """Show the environments."""
    counts = Counter(row.environment_id for row in app.registries.visible(hidden=True))
    chosen = names.view(app, args).environment
    found = [
        shapes.environment(
            row,
            app.environments.tenants(row),
            counts[row.id],
            console=row.edition in WITH_CONSOLE,
        )
        for row in app.environments.all()
        if chosen is None or row.id == chosen.id
    ]

    def tell() -> None:
        from desktop.cli import tables

        out.print(tables.environments(found))

    out.show({"environments": found}, tell)
    return 0


def _all_again(app: App, args: Namespace, out: Output, said: str) -> int:
    out.note(said)
    args.env = args.tenant = None
    return list_all(app, args, out)


def add(app: App, args: Namespace, out: Output) -> int:
    """Add an environment, with one tenant and the defaults of its edition."""
    row = app.environments.add(args.name, args.edition)
    return _all_again(app, args, out, f"{row.name} was added.")


def edit(app: App, args: Namespace, out: Output) -> int:
    """Rename an environment or change its edition."""
    if args.new_name is None and args.edition is None:
        raise BadConfig(
            "There is nothing to change.",
            cause="neither --name nor --edition was given",
            remedy="See: env edit --help",
            code="usage",
        )
    row = app.environments.find(args.name)
    row = app.environments.edit(row, name=args.new_name, edition=args.edition)
    return _all_again(app, args, out, f"{row.name} was changed.")


def remove(app: App, args: Namespace, out: Output) -> int:
    """Remove an environment that has no registries of the user's."""
    row = app.environments.find(args.name)
    app.environments.remove(row)
    return _all_again(app, args, out, f"{row.name} was removed.")


# Tenants


def list_tenants(app: App, args: Namespace, out: Output) -> int:
    """Show the tenants of the view."""
    view = names.view(app, args)
    found = [
        shapes.tenant(row, environment)
        for environment in app.environments.all()
        if view.environment is None or environment.id == view.environment.id
        for row in app.environments.tenants(environment)
        if view.tenant is None or row.id == view.tenant.id
    ]

    def tell() -> None:
        from desktop.cli import tables

        out.print(tables.tenants(found))

    out.show({"tenants": found}, tell)
    return 0


def _tenants_again(
    app: App, args: Namespace, out: Output, environment: EnvironmentRow, said: str
) -> int:
    out.note(said)
    args.env, args.tenant = environment.id, None
    return list_tenants(app, args, out)


def add_tenant(app: App, args: Namespace, out: Output) -> int:
    """Add a tenant."""
    environment = names.only_environment(app, args)
    row = app.environments.add_tenant(environment, args.name)
    return _tenants_again(app, args, out, environment, f"{row.name} was added.")


def set_tenant(app: App, args: Namespace, out: Output) -> int:
    """Decide whether a tenant may use non-FIPS packs."""
    setting, equals, text = args.setting.partition("=")
    if setting != _SETTING or not equals or text.lower() not in _FLAGS:
        raise BadConfig(
            f"{args.setting!r} cannot be set.",
            cause=f"a tenant has one setting, {_SETTING}, which is true or false",
            remedy=f"Write: tenant set NAME {_SETTING}=true --confirm",
        )
    allow = _FLAGS[text.lower()]
    environment, row = names.tenant(app, args, args.name)
    if not args.confirm:
        raise BadConfig(
            f"Nothing was changed for {row.name}: this needs your confirmation.",
            cause=_MEANING[allow] + " The decision is recorded.",
            remedy="If that is what you want, repeat the command with --confirm.",
            code="not-confirmed",
        )
    row = app.environments.allow_non_fips(environment, row, allow)
    if environment.edition not in WITH_FIPS:
        out.note(
            f"{environment.name} has the edition {environment.edition},"
            " which does not tell FIPS packs apart; the setting has no effect there."
        )
    said = "allowed" if allow else "not allowed"
    return _tenants_again(app, args, out, environment, f"Non-FIPS packs are {said} in {row.name}.")


def remove_tenant(app: App, args: Namespace, out: Output) -> int:
    """Remove a tenant that has no registries."""
    environment, row = names.tenant(app, args, args.name)
    app.environments.remove_tenant(environment, row)
    return _tenants_again(app, args, out, environment, f"{row.name} was removed.")
