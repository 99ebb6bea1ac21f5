"""What a name on the command line means: environments, tenants, registries, and where to add."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass

from desktop.app import App
from desktop.cli.shapes import Owners
from desktop.engine.drafts import Place
from desktop.engine.names import UnknownName
from desktop.store import catalog
from desktop.store.values import EnvironmentRow, RegistryRow, TenantRow
from registrykit.errors import BadConfig


@dataclass(frozen=True)
class View:
    """What `--env` and `--tenant` leave of the data; None where they were not given."""

    environment: EnvironmentRow | None
    tenant: TenantRow | None

    def registries(self, app: App, *, hidden: bool = False) -> list[RegistryRow]:
        return app.registries.visible(self.environment, self.tenant, hidden=hidden)

    def removed(self, app: App) -> list[RegistryRow]:
        """Return what was removed and can be restored, as far as it would be visible."""
        return [
            row
            for row in app.registries.removed()
            if (self.environment is None or row.environment_id == self.environment.id)
            and (self.tenant is None or row.tenant_id in (None, self.tenant.id))
        ]


def view(app: App, args: Namespace) -> View:
    """Return what the global options choose; raises UnknownName with the candidates."""
    environment = app.environments.find(args.env) if args.env else None
    if not args.tenant:
        return View(environment, None)
    if environment is not None:
        return View(environment, app.environments.find_tenant(environment, args.tenant))
    return View(*_tenant_anywhere(app, args.tenant))


def tenant(app: App, args: Namespace, name: str) -> tuple[EnvironmentRow, TenantRow]:
    """Return the tenant of that name, with its environment; raises UnknownName."""
    if not args.env:
        return _tenant_anywhere(app, name)
    environment = app.environments.find(args.env)
    return environment, app.environments.find_tenant(environment, name)


def kind(app: App, args: Namespace) -> str:
    """Return the kind of artifact that was asked for, empty for all; raises UnknownName."""
    asked: str = args.kind
    known = (
        {
            one.id
            for _, description in app.plugins.descriptions().values()
            for one in description.kinds
        }
        if asked
        else set()
    )
    if known and asked not in known and not catalog.has_kind(app.db, asked):
        raise UnknownName(
            f"There is no kind of artifact called {asked}.",
            cause=f"the kinds are {', '.join(sorted(known))}",
        )
    return asked


def _tenant_anywhere(app: App, name: str) -> tuple[EnvironmentRow, TenantRow]:
    pairs = [(env, row) for env in app.environments.all() for row in app.environments.tenants(env)]
    for same in (
        [pair for pair in pairs if name in (pair[1].id, pair[1].name)],
        [pair for pair in pairs if pair[1].name.casefold() == name.casefold()],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            raise UnknownName(
                f"There is a tenant called {name} in more than one environment.",
                cause=", ".join(f"{row.name} of {env.name} ({row.id})" for env, row in same),
                remedy="Say in which with --env, or use the id.",
                code="ambiguous-name",
            )
    raise UnknownName(
        f"There is no tenant called {name}.",
        cause="known: " + ", ".join(f"{row.name} of {env.name}" for env, row in pairs),
        remedy="See: tenant list",
    )


def find(app: App, name: str, rows: Sequence[RegistryRow]) -> RegistryRow:
    """Return the registry that an id, a name, `tenant/name` or `system/name` means.

    Raises UnknownName with the candidates, each with its id and its place.
    """
    owners = Owners(app)

    def spellings(row: RegistryRow) -> tuple[str, str]:
        return row.name, f"{owners.tenant(row) or 'system'}/{row.name}"

    folded = name.casefold()
    for same in (
        [row for row in rows if row.id == name],
        [row for row in rows if name in spellings(row)],
        [row for row in rows if folded in [text.casefold() for text in spellings(row)]],
    ):
        if len(same) == 1:
            return same[0]
        if same:
            raise UnknownName(
                f"{name} means more than one registry.",
                cause=", ".join(_candidate(row, owners) for row in same),
                remedy="Use the id, or say which with --env and --tenant.",
                code="ambiguous-name",
            )
    shown = [row.name for row in rows[:20]]
    raise UnknownName(
        f"There is no registry called {name}.",
        cause=f"known: {', '.join(shown)}" + (", …" if len(rows) > 20 else "")
        if rows
        else "there are none here",
        remedy="See: registry list --all",
    )


def _candidate(row: RegistryRow, owners: Owners) -> str:
    place = f"{owners.environment(row)}/{row.scope}"
    tenant = owners.tenant(row)
    removed = ", removed" if row.removed_at is not None else ""
    return f"{row.id} ({place}{'/' + tenant if tenant else ''}{removed})"


def registry(app: App, args: Namespace, name: str) -> RegistryRow:
    """Return the registry of that name, hidden ones too."""
    return find(app, name, view(app, args).registries(app, hidden=True))


def only_environment(app: App, args: Namespace) -> EnvironmentRow:
    """Return the environment to change something in; raises BadConfig if it must be named."""
    if args.env:
        return app.environments.find(args.env)
    environments = app.environments.all()
    if len(environments) == 1:
        return environments[0]
    raise BadConfig(
        "There is more than one environment.",
        cause=", ".join(f"{row.name} ({row.id})" for row in environments),
        remedy="Say in which with --env.",
        code="environment-needed",
    )


def place_for(app: App, args: Namespace, scope: str) -> Place:
    """Return where a new registry of this scope goes; raises BadConfig if it must be said."""
    if scope == "tenant" and args.tenant:
        return Place(*tenant(app, args, args.tenant))
    return place_in(app, args, scope, only_environment(app, args))


def place_in(app: App, args: Namespace, scope: str, environment: EnvironmentRow) -> Place:
    if scope == "system":
        if args.tenant:
            raise BadConfig(
                "A registry of the system console belongs to no tenant.",
                cause="--scope system and --tenant were both given",
                remedy="Leave out one of them.",
            )
        return Place(environment, None)
    tenants = app.environments.tenants(environment)
    if args.tenant:
        return Place(environment, app.environments.find_tenant(environment, args.tenant))
    if len(tenants) == 1:
        return Place(environment, tenants[0])
    raise BadConfig(
        f"{environment.name} has more than one tenant.",
        cause=", ".join(f"{row.name} ({row.id})" for row in tenants),
        remedy="Say for which with --tenant, or use --scope system where there is a console.",
        code="tenant-needed",
    )


def place_of(app: App, row: RegistryRow) -> Place:
    """Return where a registry is."""
    owners = Owners(app)
    tenant = owners.tenants[row.tenant_id] if row.tenant_id is not None else None
    return Place(owners.environments[row.environment_id], tenant)
