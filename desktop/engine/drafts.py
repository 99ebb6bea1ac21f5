"""What a person entered for a registry, checked by its type, on its way into the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desktop.engine.plugins import Plugin, Plugins
from desktop.store.values import EnvironmentRow, TenantRow
from registrykit.errors import BadConfig
from registrykit.sync import read_config
from registrykit.urls import Origin

if TYPE_CHECKING:
    from registrykit.registry import RegistryType


_ABSENT = "not at hand"


@dataclass(frozen=True)
class Place:
    """Where a registry belongs: the system console of an environment, or one of its tenants."""

    environment: EnvironmentRow
    tenant: TenantRow | None

    @property
    def scope(self) -> str:
        return "tenant" if self.tenant else "system"


@dataclass(frozen=True)
class Draft:
    """A configuration that was entered and is valid, on its way into the store."""

    plugin: Plugin
    type: RegistryType[Any] = field(repr=False)
    values: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    endpoint: str
    origins: frozenset[Origin]
    identity: str
    automatic: bool

    @property
    def config(self) -> dict[str, Any]:
        """The values with their secrets, as a worker needs them; never stored or logged."""
        return {**self.values, **self.secrets}


def make_draft(
    plugins: Plugins,
    type_id: str,
    values: Mapping[str, Any],
    given: Mapping[str, str],
    elsewhere: Collection[str] = (),
) -> Draft:
    """Check what was entered; `given` holds the secrets. Raises BadConfig naming the fields.

    `elsewhere` names secrets that the registry has but that are not at hand now.
    """
    plugin, kind = plugins.registry_type(type_id)
    _, description = plugins.describe(type_id)
    secret_names = set(description.form.secrets)
    unknown = [name for name in (*values, *given) if not description.form.field(name)]
    if unknown:
        raise BadConfig(
            f"{kind.title} has no field {unknown[0]!r}.",
            cause="its fields are " + ", ".join(f.name for f in description.form.fields),
            remedy="See: registry types",
        )
    open_secrets = [name for name in values if name in secret_names and values[name]]
    if open_secrets:
        raise BadConfig(
            f"{open_secrets[0]} is a secret and may not be given in the open.",
            cause="a command line can be read by others on this machine",
            remedy=f"Use --secret {open_secrets[0]}=env:VARIABLE or --secret {open_secrets[0]}=-",
        )
    absent = dict.fromkeys(elsewhere, _ABSENT)
    config = read_config(kind, {**values, **absent, **given})
    call = plugins.call
    found = call(plugin, lambda: list(kind.validate(config)))
    problems = [problem for problem in found if problem.field not in absent]
    if problems:
        first = problems[0]
        raise BadConfig(
            f"{first.field}: {first.message}" if first.field else first.message,
            cause="; ".join(
                f"{p.field}: {p.message}" if p.field else p.message for p in problems[1:]
            ),
            remedy=first.remedy or "Correct the value and try again.",
        )
    plain = {
        name: value
        for name, value in config.model_dump(mode="json").items()
        if name not in secret_names
    }
    rule = call(plugin, lambda: kind.sync_rule(config))
    return Draft(
        plugin=plugin,
        type=kind,
        values=plain,
        secrets={name: value for name, value in given.items() if value},
        endpoint=call(plugin, lambda: kind.endpoint(config)),
        origins=call(plugin, lambda: kind.origins(config)),
        identity=call(plugin, lambda: kind.identity(config)),
        automatic=rule == "always" or plain.get("synchronization", True) is not False,
    )
