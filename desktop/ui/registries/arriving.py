"""A new registry on its way into the store, and what is said of it once it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication

from desktop.engine.drafts import Place
from desktop.store.values import RegistryRow

if TYPE_CHECKING:
    from desktop.app import App


@dataclass(frozen=True)
class Arrival:
    """A registry that was added; `kept` says whether its secrets survive the program's end."""

    row: RegistryRow
    kept: bool
    offline: bool

    def told(self) -> str:
        said = _tr("{name} was added and is being read.")
        if self.offline:
            said = _tr("{name} was added. It is read once the network is on.")
        said = said.format(name=self.row.name)
        return (
            said if self.kept else f"{said} {_tr('Its secrets are kept until the program ends.')}"
        )


def add(
    app: App,
    type_id: str,
    values: Mapping[str, Any],
    given: Mapping[str, str],
    name: str,
    place: Place,
    *,
    confirmed: bool,
) -> Arrival:
    """Add a registry and read it for the first time; not for the window's thread."""
    draft = app.registries.draft(type_id, values, given)
    row, kept = app.registries.add(name, place, draft, confirmed=confirmed)
    offline = app.network().offline
    if not offline:
        app.synchronize(row)
    return Arrival(row, kept, offline)


def _tr(text: str) -> str:
    return QCoreApplication.translate("AddPanel", text)
