"""Where files lie: the path, a button that opens the folder, one that copies the path."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QGridLayout, QWidget

from desktop.ui.parts.buttons import CopyButton, icon_button
from desktop.ui.parts.text import Elided, label
from desktop.ui.session import Session

LOG = Path("logs", "registry-desktop.log")
"""Below the data directory."""


def open_place(session: Session, path: Path) -> None:
    """Open a file or a folder with what the system uses for it; says so where it cannot."""
    if not path.exists():
        text = QCoreApplication.translate("Settings", "There is no {path} yet.")
        session.tell(text.format(path=path))
    elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        QGuiApplication.clipboard().setText(str(path))
        session.tell(
            QCoreApplication.translate(
                "Settings", "Nothing here opens files. The path was copied instead."
            )
        )


class Places(QWidget):
    """A few files with their names, each opened by its folder."""

    def __init__(self, session: Session, places: list[tuple[str, Path]]) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(2)
        grid.setColumnMinimumWidth(0, 124)
        grid.setColumnStretch(1, 1)
        for line, (name, path) in enumerate(places):
            shown = Elided(str(path), mode=Qt.TextElideMode.ElideMiddle)
            shown.setAccessibleName(f"{name}: {path}")
            opening = icon_button(
                "folder",
                self.tr("Open the folder of: {name}").format(name=name),
                partial(open_place, session, path.parent),
            )
            opening.setObjectName(f"open-{line}")
            copy = CopyButton(self.tr("path of: {name}").format(name=name), partial(str, path))
            grid.addWidget(label(name, "secondary"), line, 0)
            grid.addWidget(shown, line, 1)
            grid.addWidget(opening, line, 2)
            grid.addWidget(copy, line, 3)
