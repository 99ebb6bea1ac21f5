"""Work on one version that takes a while: fetch its documents, save its bytes to disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.store.values import ArtifactRow, VersionRow
from desktop.ui.session import Session
from registrykit.errors import Cancelled

if TYPE_CHECKING:
    from desktop.engine.details import Saved
    from desktop.engine.jobs import Cancellable


@dataclass
class Errand:
    """What is being done for a version and how far it is, or how that ended."""

    control: Cancellable | None = None
    bytes: int = 0
    error: Exception | None = None
    saved: Saved | None = None

    @property
    def runs(self) -> bool:
        return self.control is not None


class Errands(QObject):
    """What was asked for, by version; goes on when somebody looks at another version."""

    changed = Signal(int)
    """Something about the version of this id is another thing to show."""
    fetched = Signal(int)
    """The documents of this version were asked for, and what there is is here."""
    saved = Signal(int, object)
    """A version was written to disk: a `Saved`."""
    _counted = Signal(int, int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._fetches: dict[int, Errand] = {}
        self._saves: dict[int, Errand] = {}
        self._counted.connect(self._show_bytes)

    def fetching(self, version: int) -> Errand:
        return self._fetches.get(version, Errand())

    def saving(self, version: int) -> Errand:
        return self._saves.get(version, Errand())

    def fetch(self, artifact: ArtifactRow, version: VersionRow) -> None:
        """Download the documents of a version; what is asked for may come from any host."""
        from desktop.engine.jobs import Cancellable

        app = self._session.app
        control = Cancellable()
        self._fetches[version.id] = Errand(control)

        def work() -> None:
            job = app.registries.job(app.registries.get(artifact.registry_id), anywhere=True)
            app.details.fetch(job, artifact, version, control)

        def done(_nothing: None) -> None:
            del self._fetches[version.id]
            self.fetched.emit(version.id)
            self.changed.emit(version.id)

        def failed(error: Exception) -> None:
            self._end(self._fetches, version.id, error)
            self.fetched.emit(version.id)

        self._session.tasks.run(self, work, done, failed)
        self.changed.emit(version.id)

    def save(self, artifact: ArtifactRow, version: VersionRow, folder: Path) -> None:
        """Write the bytes of a version into a folder; their digest is checked."""
        from desktop.engine.jobs import Cancellable

        app = self._session.app
        control = Cancellable()
        self._saves[version.id] = Errand(control)

        def work() -> Saved:
            job = app.registries.job(app.registries.get(artifact.registry_id), anywhere=True)
            return app.details.save(
                job,
                artifact,
                version,
                folder,
                control,
                progress=lambda size: self._counted.emit(version.id, size),
            )

        def done(saved: Saved) -> None:
            self._saves[version.id] = Errand(saved=saved)
            self.changed.emit(version.id)
            self.saved.emit(version.id, saved)

        self._session.tasks.run(
            self, work, done, lambda error: self._end(self._saves, version.id, error)
        )
        self.changed.emit(version.id)

    def cancel(self, version: int) -> None:
        """End what is being done for a version."""
        for errands in (self._fetches, self._saves):
            control = errands.get(version, Errand()).control
            if control is not None:
                # A worker that does not listen keeps `cancel` for up to two seconds.
                self._session.tasks.run(self, control.cancel)

    def forget(self, version: int) -> None:
        """Show no longer how something ended."""
        self._fetches.pop(version, None)
        self._saves.pop(version, None)
        self.changed.emit(version)

    def _end(self, errands: dict[int, Errand], version: int, error: Exception) -> None:
        if isinstance(error, Cancelled):
            del errands[version]
        else:
            errands[version] = Errand(error=error)
        self.changed.emit(version)

    def _show_bytes(self, version: int, size: int) -> None:
        errand = self._saves.get(version)
        if errand is not None and errand.runs:
            errand.bytes = size
            self.changed.emit(version)
