"""Changing a registry that is stored: what its form shows, what may change, what that drops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from desktop.engine import defaults
from desktop.engine.drafts import Draft, make_draft
from desktop.engine.plugins import Plugins
from desktop.engine.vault import Vault
from desktop.store.values import RegistryRow
from registrykit.errors import BadConfig, NotAllowed, RegistryError
from registrykit.sync import read_config
from registrykit.urls import Origin

_SWITCH = "synchronization"


@dataclass(frozen=True)
class Editing:
    """What an edit form begins with.

    `values` has every field but the secrets, which are never shown again: `secrets_present` says
    which of them there are. `locked` names the fields that cannot change.
    """

    values: dict[str, Any]
    secrets_present: tuple[str, ...]
    locked: frozenset[str]


def editable(plugins: Plugins, row: RegistryRow) -> Editing:
    """Return what the form of a stored registry shows; raises PluginMissing without its plugin."""
    form = plugins.describe(row.type)[1].form
    values = {**form.defaults, **migrated(plugins, row)}
    values = {spec.name: values[spec.name] for spec in form.fields if not spec.secret}
    locked: set[str] = set()
    if row.default_id is not None:
        locked = values.keys() - defaults.USERS_OWN
    elif _SWITCH in values and _is_fixed(plugins, row):
        locked = {_SWITCH}
    return Editing(values, row.secrets, frozenset(locked))


def _is_fixed(plugins: Plugins, row: RegistryRow) -> bool:
    """Say whether the switch for synchronization cannot be moved any more."""
    plugin, kind = plugins.registry_type(row.type)
    absent = dict.fromkeys(row.secrets, "not at hand")
    try:
        config = read_config(kind, {**migrated(plugins, row), **absent})
        return bool(plugins.call(plugin, lambda: kind.sync_rule(config)) == "fixed-at-creation")
    except RegistryError:
        # What is stored does not fit the plugin of today; saving will say so.
        return False


def dropped_by(plugins: Plugins, row: RegistryRow, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the stored secrets that saving `values` would drop, unless they are entered anew.

    The keyring is not asked. Values that are not valid drop nothing, since they cannot be saved.
    """
    try:
        draft = make_draft(plugins, row.type, _merged(plugins, row, values), {}, row.secrets)
    except RegistryError:
        return ()
    return () if _keeps_secrets(draft, row) else row.secrets


def changed(
    plugins: Plugins,
    vault: Vault,
    row: RegistryRow,
    values: Mapping[str, Any],
    given: Mapping[str, str],
) -> tuple[Draft | None, set[str]]:
    """Return the draft of the changed registry, and which secrets it has from now on.

    None where nothing was entered. Raises BadConfig for what is not valid or may not change.
    """
    if not values and not given:
        return None, set(row.secrets)
    merged = _merged(plugins, row, values)
    found = {key: vault.get(row, key) for key in row.secrets if key not in given}
    at_hand = {key: value for key, value in found.items() if value is not None}
    draft = make_draft(
        plugins, row.type, merged, {**at_hand, **given}, found.keys() - at_hand.keys()
    )
    secret_names = {*row.secrets, *given}
    if not _keeps_secrets(draft, row):
        # A password was entered for one host, and no other shall see it.
        draft = make_draft(plugins, row.type, merged, given, found.keys())
        secret_names = set(given)
    if draft.automatic != row.automatic and row.default_id is None:
        config = read_config(draft.type, draft.config)
        rule = plugins.call(draft.plugin, lambda: draft.type.sync_rule(config))
        if rule == "fixed-at-creation":
            raise BadConfig(
                f"Synchronization of {row.name} cannot be switched.",
                cause="it is fixed when a registry of this type is added",
                remedy="Remove the registry and add it again.",
            )
    return draft, secret_names


def migrated(plugins: Plugins, row: RegistryRow) -> dict[str, Any]:
    """Return the stored values in the shape that the plugin has today."""
    plugin, kind = plugins.registry_type(row.type)
    if row.config_version > kind.config_version:
        raise BadConfig(
            f"{row.name} was written by a newer version of its plugin.",
            cause=f"its configuration has the version {row.config_version}, "
            f"{plugin.distribution} {plugin.version} knows {kind.config_version}",
            remedy="Update the plugin.",
        )
    if row.config_version == kind.config_version:
        return dict(row.config)
    values: dict[str, Any] = plugins.call(
        plugin, lambda: kind.migrate(dict(row.config), row.config_version)
    )
    return values


def _merged(plugins: Plugins, row: RegistryRow, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored values with what was entered.

    What a field holds that no longer applies, and that nobody entered now, goes back to its
    default: a form does not show it, so that it could not be corrected there.
    """
    form = plugins.describe(row.type)[1].form
    stored = migrated(plugins, row)
    merged = {**stored, **values}
    before, after = {**form.defaults, **stored}, {**form.defaults, **merged}
    for spec in form.fields:
        left = spec.applies(before) and not spec.applies(after)
        if left and not spec.required and spec.name not in values:
            merged.pop(spec.name, None)
    return merged


def with_draft(row: RegistryRow, draft: Draft) -> RegistryRow:
    """Return the row with what the draft says of it."""
    return replace(
        row,
        plugin=draft.plugin.distribution,
        plugin_version=draft.plugin.version,
        config=draft.values,
        config_version=draft.type.config_version,
        secrets=tuple(sorted(draft.secrets)),
        endpoint=draft.endpoint,
        origins=tuple(sorted(str(origin) for origin in draft.origins)),
        identity=draft.identity,
        automatic=draft.automatic,
    )


def _keeps_secrets(draft: Draft, row: RegistryRow) -> bool:
    return not row.origins or stays(draft.origins, set(map(Origin.of, row.origins)))


def stays(now: frozenset[Origin], before: set[Origin]) -> bool:
    """Say whether credentials go where they went before, or there by a safer way."""
    return all(
        origin in before
        or any(
            (origin.scheme, old.scheme, origin.host) == ("https", "http", old.host)
            for old in before
        )
        for origin in now
    )


def refuse_default_edit(
    plugins: Plugins, row: RegistryRow, name: str | None, values: Mapping[str, Any]
) -> None:
    """Raise NotAllowed where something else than the sign-in to a default would change."""
    found = plugins.descriptions().get(row.type)
    now = {**(found[1].form.defaults if found else {}), **row.config}
    fixed = [
        key
        for key, value in values.items()
        if key not in defaults.USERS_OWN and (key not in now or now[key] != value)
    ]
    if fixed or (name is not None and name != row.name):
        default = defaults.by_key(row.default_id or "")
        raise NotAllowed(
            f"{row.name} is a default registry; its definition cannot be changed.",
            cause=f"it is kept by {default.provider if default else 'the edition'}",
            remedy="Copy it under a name of your own (registry duplicate NAME --name NEW).",
            code="read-only",
        )
