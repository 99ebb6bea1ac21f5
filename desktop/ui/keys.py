"""The sheet of keyboard shortcuts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import label

KEYS = (
    ("Ctrl+K", "Search everything"),
    ("Ctrl+F", "Filter the list"),
    ("Ctrl+N", "Add a registry"),
    ("F5", "Synchronize what is selected"),
    ("Enter", "Open"),
    ("F2", "Edit the connection"),
    ("Delete", "Remove a registry"),
    ("Ctrl+Z", "Undo what the notice says"),
    ("Ctrl+1 … Ctrl+5", "Home, Registries, Catalog, Changes, Settings"),
    ("Ctrl+,", "Settings"),
    ("Alt+Left, Alt+Right", "Back and forward"),
    ("Ctrl+Tab", "Next tab of a registry or version"),
    ("Ctrl+Enter", "Check the connection, in a form"),
    ("Esc", "Clear the filter, close a form"),
    ("F1", "This sheet"),
)


class KeysDialog(QDialog):
    """Every key that does something, on one sheet."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label("Keyboard", "section"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        for line, (keys, what) in enumerate(KEYS):
            grid.addWidget(label(keys, "strong"), line, 0)
            grid.addWidget(label(what, "secondary"), line, 1)
        column.addLayout(grid)
        close = button("Close", self.accept, kind="primary")
        close.setDefault(True)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
