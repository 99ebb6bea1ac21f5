"""Where a new registry can belong: the system console of the environment, or one of its tenants."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.engine.drafts import Place
from desktop.engine.environments import WITH_CONSOLE
from desktop.ui.forms.row import FieldRow
from desktop.ui.session import Session
from registrykit.forms import Choice, FieldSpec


def places(session: Session) -> list[Place]:
    """Return the places of the environment that is looked at, the one to propose first."""
    environment = session.environment
    if environment is None:
        return []
    tenants = session.app.environments.tenants(environment)
    first = [tenant for tenant in tenants if tenant == session.tenant]
    others = [tenant for tenant in tenants if tenant not in first]
    found = [Place(environment, tenant) for tenant in (*first, *others)]
    if environment.edition in WITH_CONSOLE:
        found.append(Place(environment, None))
    return found


class PlaceChoice(QWidget):
    """Asks where a registry belongs; hidden where there is one place only."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Place] = []
        self._row: FieldRow | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.hide()

    @property
    def place(self) -> Place:
        return self._found[int(self._row.field.value()) if self._row is not None else 0]

    def show_places(self, found: list[Place]) -> None:
        """Offer these places, the first of them chosen."""
        self._found = found
        if self._row is not None:
            self._row.hide()
            self._row.deleteLater()
            self._row = None
        if len(found) > 1:
            self._row = FieldRow(place_spec(found))
            self._row.field.set_value("0")
            self._row.changed.connect(self.changed)
            self._column.addWidget(self._row)
        self.setVisible(len(found) > 1)


def place_spec(found: list[Place]) -> FieldSpec:
    """Return the choice among places as a field of a form; values are their numbers."""

    def said(place: Place) -> str:
        if place.tenant is None:
            return _tr("System console: every tenant sees it")
        if sum(other.tenant is not None for other in found) == 1:
            return _tr("Only the tenant {name}").format(name=place.tenant.name)
        return _tr("Tenant {name}").format(name=place.tenant.name)

    choices = tuple(Choice(str(number), said(place)) for number, place in enumerate(found))
    return FieldSpec("place", "choice", _tr("Belongs to"), choices=choices, default="0")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Places", text)
