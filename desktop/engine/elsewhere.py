"""Registries that other tools on this machine know, offered to be taken over.

Each type that knows of other tools looks in a worker of its own, which is told the environment
variables that the type names. Nothing is stored, and no network is used, until `take`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from desktop.engine.drafts import Place
from desktop.engine.names import LONGEST
from desktop.engine.plugins import Plugin, Plugins
from desktop.engine.registries import Registries
from desktop.engine.vault import VARIABLE, Vault
from desktop.engine.workers import Workers
from desktop.store.values import RegistryRow
from registrykit.description import TypeDescription
from registrykit.elsewhere import KnownElsewhere, told
from registrykit.errors import BadConfig, Cancelled, PluginFault, RegistryError
from registrykit.forms import Problem
from registrykit.masking import Mask
from registrykit.sync import read_config
from registrykit.urls import Basic

if TYPE_CHECKING:
    from desktop.engine.sync import Control

LOOK_SECONDS = 20.0
_LONGEST_NOTE = 1000
_MOST_NOTES = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """A registry that another tool knows, as the user decides about it.

    `tool` and `file` say where it was found, `name` what it is called there; `user` is who signs
    in, and `secret_labels` are the labels of the secrets that come along. `same_as` is a registry
    of the place that is this one already, `repeats` the name of an earlier candidate that is.
    Without a name the notes are on the whole file.
    """

    type_id: str
    title: str
    tool: str
    file: str
    name: str
    endpoint: str = ""
    user: str = ""
    secret_labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    same_as: RegistryRow | None = None
    repeats: str = ""
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def can_be_taken(self) -> bool:
        return bool(self.values) and not self.problems


@dataclass(frozen=True)
class Trouble:
    """Why the registries of one type that other tools know could not be listed to the end."""

    type_id: str
    title: str
    error: RegistryError


class Elsewhere:
    """What other tools on this machine know, and taking it over."""

    def __init__(
        self,
        plugins: Plugins,
        workers: Workers,
        registries: Registries,
        vault: Vault,
        environ: Mapping[str, str],
    ) -> None:
        self._plugins = plugins
        self._workers = workers
        self._registries = registries
        self._vault = vault
        self._environ = environ

    def find(self, place: Place, control: Control | None = None) -> Iterator[Candidate | Trouble]:
        """Yield what other tools know as it is found; a type that fails costs only its own.

        `place` is where the candidates would be taken to. `control` is given each worker, so that
        another thread can end the search; that raises Cancelled here.
        """
        there = self._there(place)
        earlier: dict[tuple[str, str], str] = {}
        for plugin, description in self._plugins.descriptions().values():
            # Passwords in variables are for this program alone, whatever a type asks for.
            names = [name for name in description.environment if not name.startswith(VARIABLE)]
            environ = told(names, self._environ)
            if not environ:
                continue
            try:
                for known in self._look(plugin, description, environ, control):
                    yield self._candidate(plugin, description, known, there, earlier)
            except Cancelled:
                raise
            except RegistryError as error:
                _log.warning("looking for registries elsewhere: %s %s", error, error.cause)
                yield Trouble(description.id, description.title, error)

    def take(self, candidate: Candidate, place: Place, name: str = "") -> tuple[RegistryRow, bool]:
        """Add a candidate as if it had been entered; says too whether its secrets are kept.

        Without a `name` it keeps its own, with a number behind it where that is taken. Raises
        BadConfig where it cannot be added.
        """
        if not candidate.values:
            raise BadConfig(
                f"{candidate.name or candidate.file} cannot be taken over.",
                cause=" ".join(candidate.notes),
                remedy="Add it by hand.",
            )
        draft = self._registries.draft(candidate.type_id, candidate.values, candidate.secrets)
        name = name or self._free_name(candidate.name or candidate.title, place)
        return self._registries.add(name, place, draft)

    def _free_name(self, wanted: str, place: Place) -> str:
        name, number = wanted, 1
        while True:
            try:
                self._registries.check_place(name, place)
            except BadConfig as error:
                if error.code != "name-taken":
                    raise
            else:
                return name
            number += 1
            name = f"{wanted} {number}"

    def _look(
        self,
        plugin: Plugin,
        description: TypeDescription,
        environ: Mapping[str, str],
        control: Control | None,
    ) -> Iterator[KnownElsewhere]:
        with self._workers.start(f"{plugin.distribution} {plugin.version}") as worker:
            if control is not None:
                control.attach(worker)
            for known in worker.elsewhere(
                plugin.distribution, description.id, environ, seconds=LOOK_SECONDS
            ):
                self._vault.mask(known.secrets.values())
                _refuse_misplaced(plugin, description, known)
                yield known

    def _candidate(
        self,
        plugin: Plugin,
        description: TypeDescription,
        known: KnownElsewhere,
        there: Mapping[tuple[str, str], RegistryRow],
        earlier: dict[tuple[str, str], str],
    ) -> Candidate:
        mask = Mask(known.secrets.values())
        found = Candidate(
            type_id=description.id,
            title=description.title,
            tool=_shown(known.tool),
            file=_shown(known.file),
            name=_shown(known.name)[: LONGEST - 10].strip(),
            notes=tuple(_shown(mask(note)) for note in known.notes[:_MOST_NOTES]),
        )
        if not known.values:
            return found
        judged = self._registries.judge(description.id, known.values, known.secrets)
        key = (description.id, judged.identity)
        name = found.name or description.title
        return replace(
            found,
            name=name,
            endpoint=judged.endpoint,
            user="" if judged.problems else self._user(description, known),
            secret_labels=tuple(
                spec.label for spec in description.form.fields if known.secrets.get(spec.name)
            ),
            problems=tuple(
                Problem(problem.field, mask(problem.message), mask(problem.remedy))
                for problem in judged.problems
            ),
            same_as=there.get(key),
            repeats=_repeated(key, name, earlier),
            values=known.values,
            secrets=known.secrets,
        )

    def _user(self, description: TypeDescription, known: KnownElsewhere) -> str:
        """Return who signs in, as the type itself sees it."""
        plugin, kind = self._plugins.registry_type(description.id)

        def user() -> str:
            config = read_config(kind, {**known.values, **known.secrets})
            credentials = kind.credentials(config)
            return str(credentials.username) if isinstance(credentials, Basic) else ""

        found: str = self._plugins.call(plugin, user)
        return found

    def _there(self, place: Place) -> dict[tuple[str, str], RegistryRow]:
        """Return what is visible at the place, by type and identity; defaults among it."""
        there: dict[tuple[str, str], RegistryRow] = {}
        for row in self._registries.visible(place.environment, place.tenant):
            # A default is stored without its identity.
            identity = (
                row.identity
                or self._registries.judge(row.type, row.config, {}, row.secrets).identity
            )
            if identity:
                there.setdefault((row.type, identity), row)
        return there


def _repeated(key: tuple[str, str], name: str, earlier: dict[tuple[str, str], str]) -> str:
    """Return the name of the earlier candidate that is this one, if there is any."""
    if not key[1]:
        return ""
    if key in earlier:
        return earlier[key]
    earlier[key] = name
    return ""


def _refuse_misplaced(plugin: Plugin, description: TypeDescription, known: KnownElsewhere) -> None:
    """Raise PluginFault for fields that the form does not have, and for secrets in the open."""
    secret = set(description.form.secrets)
    plain = {spec.name for spec in description.form.fields} - secret
    misplaced = sorted({*(known.values.keys() - plain), *(known.secrets.keys() - secret)})
    if misplaced:
        raise PluginFault(
            f"{plugin.distribution} {plugin.version}: The plugin found a registry, but gave its "
            f"field {misplaced[0]!r} in the wrong place.",
            cause="it is not in the form, or a secret is not given as one",
        )


def _shown(text: str) -> str:
    """Return a text from elsewhere without what cannot be seen, and not too long."""
    return "".join(c if c.isprintable() else "�" for c in text[:_LONGEST_NOTE])
