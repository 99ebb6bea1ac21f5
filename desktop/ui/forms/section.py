"""A section of a form that is folded away until somebody wants it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop.ui.forms.row import FieldRow
from desktop.ui.icons import icon
from desktop.ui.parts.text import Elided, hairline, menu_text
from desktop.ui.sheet import styled


class Section(QWidget):
    """Rows below a quiet header that says what is set in them; without a title always open."""

    def __init__(self, title: str, rows: list[FieldRow]) -> None:
        super().__init__()
        self._title = title
        self.rows = rows
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._header = QToolButton(self)
        self._summary = Elided(kind="caption")
        self._summary.setParent(self)
        if title:
            column.addWidget(hairline())
            column.addLayout(self._head())
        self._header.setVisible(bool(title))
        self._summary.setVisible(bool(title))
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 8 if title else 0)
        body.setSpacing(14)
        for row in rows:
            body.addWidget(row)
        column.addWidget(self._body)
        # What has to be entered may not be hidden.
        self._body.setVisible(not title or any(row.spec.required for row in rows))
        self._turn()

    def _head(self) -> QHBoxLayout:
        styled(self._header, "fold")
        self._header.setText(menu_text(self._title))
        self._header.setIconSize(QSize(14, 14))
        self._header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._header.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._header.setObjectName(f"section-{self._title.lower()}")
        self._header.clicked.connect(lambda: self.open(not self.is_open))
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._header)
        line.addWidget(self._summary, 1)
        return line

    @property
    def is_open(self) -> bool:
        return not self._body.isHidden()

    def open(self, shown: bool = True) -> None:
        self._body.setVisible(shown)
        self._turn()

    def show_rows(self, applying: set[str]) -> None:
        """Show the rows of these fields; without any the section is gone."""
        for row in self.rows:
            row.setVisible(row.spec.name in applying)
        self.setVisible(any(row.spec.name in applying for row in self.rows))
        self._turn()

    def _turn(self) -> None:
        """Say in the header what is below it, and whether that is shown."""
        self._header.setIcon(icon("chevron-down" if self.is_open else "chevron-right"))
        shown = [row for row in self.rows if not row.isHidden()]
        found = [
            f"{row.spec.label}: {said}" for row in shown if (said := row.field.summary().strip())
        ]
        text = " · ".join(found) or ", ".join(row.spec.label for row in shown)
        self._summary.setText("" if self.is_open else text)
        self._summary.update()
        warns = any(row.field.warns for row in shown)
        styled(self._summary, "attention" if warns else "secondary" if found else "caption")
        state = self.tr("shown") if self.is_open else self.tr("folded")
        self._header.setAccessibleName(f"{self._title}, {state}")
        self._header.setAccessibleDescription(text)
