"""What can be done with registries, the same from every button, menu and key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.engine import words
from desktop.store.values import RegistryRow
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.engine.drafts import Place


class RegistryActions(QObject):
    """Starts things and tells what came of them; every method returns at once."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    def sync(self, rows: Sequence[RegistryRow], *, full: bool = False) -> None:
        """Synchronize registries; those that are busy with it are left alone."""
        self._for_each(rows, lambda row: self._start(row, full=full))

    def restart(self, rows: Sequence[RegistryRow], *, full: bool = False) -> None:
        """End what runs and begin again."""
        self._for_each(rows, lambda row: self._start(row, full=full, restart=True))

    def cancel(self, rows: Sequence[RegistryRow]) -> None:
        """End what runs; what was stored stays."""
        self._for_each(rows, lambda row: self._session.app.jobs.cancel(row.id))

    def hide(self, rows: Sequence[RegistryRow], hidden: bool = True) -> None:
        """Take registries out of the lists, or bring them back into them."""
        app = self._session.app
        said = "was hidden" if hidden else "is shown again"
        many = "were hidden" if hidden else "are shown again"
        self._change(
            rows,
            lambda row: app.registries.hide(row, hidden),
            _sentence(rows, said, many),
            lambda: self.hide(rows, not hidden),
        )

    def remove(self, rows: Sequence[RegistryRow]) -> None:
        """Remove registries of the user's, with a way back; defaults are left."""
        own = [row for row in rows if row.default_id is None]
        if not own:
            return

        def remove(row: RegistryRow) -> RegistryRow:
            self._session.app.jobs.cancel(row.id)
            return self._session.app.registries.remove(row)

        sentence = _sentence(own, "was removed", "were removed")
        self._change(own, remove, sentence, lambda: self.restore(own))

    def restore(self, rows: Sequence[RegistryRow]) -> None:
        """Bring removed registries back."""

        def restore(row: RegistryRow) -> RegistryRow:
            registries = self._session.app.registries
            return registries.restore(registries.get(row.id), self.place_of(row))

        self._change(rows, restore, _sentence(rows, "is back", "are back"), None)

    def forget(self, row: RegistryRow, done: Callable[[], None]) -> None:
        """Delete a removed registry for good, with its catalog and its secrets."""

        def told(left: list[str]) -> None:
            said = f"{row.name} was deleted."
            if left:
                said += f" The keyring may still hold its {', '.join(left)}."
            self._session.tell(said)
            done()

        self._session.tasks.run(self, lambda: self._session.app.registries.forget(row), told)

    def decide(self, row: RegistryRow, *, accept: bool, done: Callable[[], None]) -> None:
        """Accept or discard what a held run would remove; `done` is called either way."""
        app = self._session.app

        def told(_run: object) -> None:
            said = "accepted" if accept else "discarded; what vanished upstream is kept here"
            self._session.tell(f"{row.name}: removals {said}.")
            done()

        def failed(error: Exception) -> None:
            self._session.report(error)
            done()

        work = app.accept if accept else app.discard
        self._session.tasks.run(self, lambda: work(row), told, failed)

    def duplicate(self, row: RegistryRow, done: Callable[[str], object]) -> None:
        """Copy a definition as one of the user's own; `done` gets the id of the copy."""
        app = self._session.app
        place = self._own_place(row)

        def copy() -> RegistryRow:
            taken = {
                other.name.casefold()
                for other in app.registries.visible(place.environment, hidden=True)
                if other.id == row.id or other.default_id is None
            }
            names = (
                f"{row.name} copy{number}" for number in ("", *map(" {}".format, range(2, 99)))
            )
            name = next(name for name in names if name.casefold() not in taken)
            return app.registries.duplicate(row, name, place)

        def copied(new: RegistryRow) -> None:
            said = f"{new.name} was added; sign in to it where that is needed."
            self._session.tell(said if row.secrets else f"{new.name} was added.")
            done(new.id)

        self._session.tasks.run(self, copy, copied)

    def _own_place(self, row: RegistryRow) -> Place:
        """Return where a copy of the user's own belongs: beside it, or with the tenant."""
        from desktop.engine.drafts import Place

        place = self.place_of(row)
        if place.tenant is not None or row.default_id is None:
            return place
        tenants = self._session.app.environments.tenants(place.environment)
        return Place(place.environment, self._session.tenant or tenants[0])

    def place_of(self, row: RegistryRow) -> Place:
        """Return where a registry belongs."""
        from desktop.engine.drafts import Place

        environments = self._session.app.environments
        environment = environments.find(row.environment_id)
        tenant = environments.find_tenant(environment, row.tenant_id) if row.tenant_id else None
        return Place(environment, tenant)

    # How

    def _start(self, row: RegistryRow, *, full: bool, restart: bool = False) -> None:
        app = self._session.app
        if restart or not app.jobs.busy(row.id):
            app.synchronize(row, full=full, restart=restart)

    def _for_each(self, rows: Sequence[RegistryRow], act: Callable[[RegistryRow], object]) -> None:
        # A worker that does not listen keeps `cancel` for up to two seconds.
        self._session.tasks.run(self, lambda: [act(row) for row in rows])

    def _change(
        self,
        rows: Sequence[RegistryRow],
        act: Callable[[RegistryRow], object],
        sentence: str,
        undo: Callable[[], object] | None,
    ) -> None:
        def told(_done: object) -> None:
            if undo is None:
                self._session.tell(sentence)
            else:
                self._session.offer_undo(sentence, undo)

        self._session.tasks.run(self, lambda: [act(row) for row in rows], told)


def _sentence(rows: Sequence[RegistryRow], one: str, many: str) -> str:
    if len(rows) == 1:
        return f"{rows[0].name} {one}."
    return f"{words.counted(len(rows), 'registry', 'registries')} {many}."
