"""Saving a version to disk: where to, how far it is, and what came of it, beside its button."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.catalog.fetching import Errand
from desktop.ui.parts.buttons import button, icon_button
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.progress import ProgressLine
from desktop.ui.parts.text import Elided
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.engine.details import Saved

FOLDER = "catalog/folder"


class SavingBar(QWidget):
    """Asks where to save and shows what happens; hidden while nothing does."""

    save_asked = Signal(object)
    """A folder as `Path`."""
    cancel_asked = Signal()
    closed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 0, 16, 10)
        column.setSpacing(8)
        self._place = QFrame()
        line = QHBoxLayout(self._place)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self._folder = Elided("", "secondary")
        self.save = button(self.tr("Save here"), self._save, kind="primary")
        self.save.setObjectName("save-here")
        self.other = button(self.tr("Other folder…"), self._choose)
        self.other.setObjectName("other-folder")
        line.addWidget(self._folder, 1)
        line.addWidget(self.save)
        line.addWidget(self.other)
        line.addWidget(button(self.tr("Not now"), self.closed.emit))
        self._running = QFrame()
        run = QHBoxLayout(self._running)
        run.setContentsMargins(0, 0, 0, 0)
        run.setSpacing(8)
        self._said = Elided("", "secondary")
        self._bar = ProgressLine()
        self._bar.setAccessibleName(self.tr("Saving"))
        self._bar.setFixedWidth(160)
        run.addWidget(self._bar)
        run.addWidget(self._said, 1)
        run.addWidget(button(self.tr("Cancel"), self.cancel_asked.emit))
        self._card = ProblemCard()
        self._ended = QFrame()
        end = QHBoxLayout(self._ended)
        end.setContentsMargins(0, 0, 0, 0)
        end.setSpacing(8)
        self._outcome = Elided("", "good", Qt.TextElideMode.ElideMiddle)
        self.shown = button(self.tr("Show in folder"), self._show_file, symbol="folder")
        self.shown.setObjectName("show-in-folder")
        end.addWidget(self._outcome, 1)
        end.addWidget(self.shown)
        end.addWidget(icon_button("cancel", self.tr("Close"), self.closed.emit))
        self._parts = (self._place, self._running, self._ended, self._card)
        for part in self._parts:
            part.hide()
            column.addWidget(part)
        self._file = Path()
        self.hide()

    @property
    def folder(self) -> Path:
        """Where the user saved last; at first the downloads."""
        kept = str(self._session.prefs.value(FOLDER, ""))
        if kept and Path(kept).is_dir():
            return Path(kept)
        place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        return Path(place) if place and Path(place).is_dir() else Path.home()

    def ask(self) -> None:
        """Ask where to save: the place of the last time is one press away."""
        self._only(self._place)
        self._folder.setText(self.tr("Into {0}").format(self.folder))
        self._folder.update()
        self.save.setFocus()

    def show_errand(self, errand: Errand, size: int | None, *, listed: bool) -> None:
        """Show how far saving is, or how it ended.

        `size` is what was listed, in bytes; `listed` says whether the listing had a digest.
        """
        if errand.runs:
            self._only(self._running)
            share = min(errand.bytes / size, 1.0) if size else None
            self._bar.show_share(share)
            of = self.tr(" of {0}").format(words.size(size)) if size and errand.bytes else ""
            so_far = words.size(errand.bytes or None)
            self._said.setText(self.tr("Saving… {0}").format(so_far) + of)
            self._said.update()
        elif errand.error is not None:
            self._only(self._card)
            self._card.show_problem(
                Problem.of(errand.error),
                (
                    (self.tr("Try again"), self._save),
                    (self.tr("Other folder…"), self._choose),
                    (self.tr("Close"), self.closed.emit),
                ),
            )
        elif errand.saved is not None:
            self._only(self._ended)
            self._file = errand.saved.path
            self._outcome.setText(told(errand.saved, listed=listed))
            self._outcome.update()
        elif self._place.isHidden():
            self.hide()

    def _show_file(self) -> None:
        """Open the folder of the file in the system's own program."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._file.parent)))

    def hide_all(self) -> None:
        """Show nothing, whatever is being asked."""
        self._place.hide()
        self.hide()

    def _only(self, part: QWidget) -> None:
        for each in self._parts:
            each.setVisible(each is part)
        self.show()

    def _save(self) -> None:
        folder = self.folder
        self._session.prefs.setValue(FOLDER, str(folder))
        self.hide()
        self.save_asked.emit(folder)

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, self.tr("Save into"), str(self.folder), QFileDialog.Option.ShowDirsOnly
        )
        if chosen:
            self._session.prefs.setValue(FOLDER, chosen)
            self._save()


def told(saved: Saved, *, listed: bool) -> str:
    """Return in a sentence what was saved where, and whether its digest could be checked."""
    checked = "its digest is the listed one" if listed else "the listing has no digest of it"
    return f"Saved {saved.path}, {words.size(saved.size)}; {checked}."
