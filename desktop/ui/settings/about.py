"""Settings: what this program is, under which licenses, and where it writes what went wrong."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

import desktop
from desktop.paths import resource
from desktop.ui.parts.buttons import button
from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import label
from desktop.ui.session import Session
from desktop.ui.settings.places import LOG, open_place
from desktop.ui.settings.section import Section

_SIGN = 48


@dataclass(frozen=True)
class Package:
    """A package that is shipped with the program."""

    name: str
    version: str
    license: str


class AboutSection(Section):
    """Needs nothing of the program behind the window."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, self.tr("About"))
        self.column.addSpacing(12)
        self.column.addLayout(self._head())
        self.column.addSpacing(12)
        self._facts = [
            Fact(self.tr("Version"), desktop.__version__),
            Fact("Python", platform.python_version()),
            Fact("Qt", qVersion() or ""),
            Fact(self.tr("System"), f"{platform.system()} {platform.release()}"),
        ]
        self.column.addWidget(Facts(self._facts))
        line = QHBoxLayout()
        line.setSpacing(8)
        for name, text, act in (
            ("keyboard", self.tr("Keyboard"), self._show_keys),
            ("open-log", self.tr("Open the log"), self._open_log),
            ("copy-version", self.tr("Copy for a report"), self._copy),
        ):
            made = button(text, act)
            made.setObjectName(name)
            line.addWidget(made)
        line.addStretch(1)
        self.column.addSpacing(8)
        self.column.addLayout(line)
        self.add_part(
            self.tr("Licenses"),
            self.tr(
                "Registry Desktop is under the Apache License 2.0. It is shipped with these "
                "packages, each under its own license."
            ),
        )
        table = Table(
            self.tr("Licenses of third-party packages"),
            [
                Column[Package](self.tr("Package"), lambda row: row.name, 152),
                Column[Package](self.tr("Version"), lambda row: row.version, 76),
                Column[Package](self.tr("License"), lambda row: row.license),
            ],
        )
        table.rows.show_rows(_packages())
        table.setMinimumHeight(240)
        self.column.addWidget(table, 1)

    def _head(self) -> QHBoxLayout:
        sign = QLabel()
        sign.setPixmap(QIcon(str(resource("app/registry-desktop-128.png"))).pixmap(_SIGN))
        sign.setFixedSize(_SIGN, _SIGN)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label("Registry Desktop", "section"))
        words.addWidget(
            label(self.tr("Kubernetes registries: OCI, Helm, packs"), "secondary", wrap=True)
        )
        line = QHBoxLayout()
        line.setSpacing(14)
        line.addWidget(sign)
        line.addLayout(words, 1)
        return line

    def _show_keys(self) -> None:
        from desktop.ui.keys import KeysDialog

        KeysDialog(self.window()).exec()

    def _open_log(self) -> None:
        open_place(self.session, self.session.data_dir / LOG)

    def _copy(self) -> None:
        lines = [f"{fact.name}: {fact.value}" for fact in self._facts]
        QGuiApplication.clipboard().setText("\n".join(("Registry Desktop", *lines)))
        self.session.tell(self.tr("Version and system were copied."))


def _packages() -> list[Package]:
    """Return what the shipped list of packages says; its lines are those of a table."""
    try:
        text = resource("licences/THIRD-PARTY.md").read_text("utf-8")
    except OSError:
        return []
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    # Above the packages stand the titles of the columns, and a line below them.
    return [Package(*cells) for cells in lines[2:] if len(cells) == 3]
