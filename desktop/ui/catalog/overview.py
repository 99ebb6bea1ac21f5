"""What a version is, in facts; how other tools get it; what it needs; what changed about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.values import ArtifactRow, ChangeRow, RegistryRow, VersionRow
from desktop.ui.catalog.looking import MOST_FACTS, Dependency, reference, spelled
from desktop.ui.catalog.versions import day, day_of, short_digest
from desktop.ui.parts.buttons import CopyButton
from desktop.ui.parts.changes import CHANGE_ICONS, CHANGE_WORDS
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import label, visible
from desktop.ui.sheet import styled


class FactsTab(QScrollArea):
    """Commands of other tools, our own facts, and everything else that the source said."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Facts"))
        inside = styled(QFrame(), "panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(20, 16, 20, 20)
        column.setSpacing(10)
        self._commands_title = label(self.tr("Get it"), "section")
        self._commands = QVBoxLayout()
        self._commands.setSpacing(8)
        self._ours = Facts()
        self._theirs_title = label(self.tr("From the source"), "section")
        self._theirs = Facts()
        self._more = label("", "caption")
        column.addWidget(self._commands_title)
        column.addLayout(self._commands)
        column.addSpacing(6)
        column.addWidget(label(self.tr("Version"), "section"))
        column.addWidget(self._ours)
        column.addSpacing(6)
        column.addWidget(self._theirs_title)
        column.addWidget(self._theirs)
        column.addWidget(self._more)
        column.addStretch(1)
        self.setWidget(inside)

    def show_version(
        self, registry: RegistryRow | None, artifact: ArtifactRow, version: VersionRow
    ) -> None:
        facts = [
            Fact(self.tr("Version"), visible(version.version), copy=True),
            Fact(self.tr("Tag"), visible(version.tag) if version.tag != version.version else ""),
            Fact(self.tr("App version"), visible(version.app_version)),
            Fact(self.tr("Created"), day(version.created)),
            Fact(self.tr("Size"), words.size(version.size)),
            Fact(self.tr("Digest"), visible(version.digest), copy=True),
            Fact(self.tr("First seen"), day_of(version.first_seen)),
            Fact(
                self.tr("State"),
                self.tr("gone since {0}").format(day_of(version.gone_since or 0))
                if version.state != "present"
                else self.tr("deprecated")
                if version.deprecated
                else "",
                level="attention",
            ),
            Fact(self.tr("Keywords"), visible(", ".join(artifact.keywords))),
            Fact(self.tr("Description"), visible(str(version.body["description"]))),
        ]
        if registry is not None:
            facts.append(
                Fact(
                    self.tr("Reference"), visible(reference(registry, artifact, version)), copy=True
                )
            )
        self._ours.show_facts(facts)
        theirs: Mapping[str, Any] = version.body["facts"]
        shown = sorted(theirs.items())[:MOST_FACTS]
        self._theirs.show_facts(
            Fact(visible(str(key))[:60], visible(spelled(value))) for key, value in shown
        )
        self._theirs_title.setVisible(bool(shown))
        left = len(theirs) - len(shown)
        self._more.setText(self.tr("and {0:,} more").format(left) if left else "")

    def show_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        clear(self._commands)
        self._commands_title.setVisible(bool(commands))
        for title, text in commands:
            self._commands.addWidget(_command(title, text))


def _command(title: str, text: str) -> QWidget:
    frame = styled(QFrame(), "card-busy")
    line = QHBoxLayout(frame)
    line.setContentsMargins(12, 8, 8, 8)
    column = QVBoxLayout()
    column.setSpacing(2)
    column.addWidget(label(title, "caption"))
    shown = label(visible(text), "code", wrap=True, select=True)
    column.addWidget(shown)
    line.addLayout(column, 1)
    line.addWidget(CopyButton(f"command: {title}", lambda: text), 0, Qt.AlignmentFlag.AlignTop)
    return frame


class DependenciesTab(Table[Dependency]):
    """What a version needs; Enter goes to what is in the catalog."""

    asked = Signal(int)
    """The artifact of this id is to be shown."""

    def __init__(self) -> None:
        super().__init__(
            "Dependencies",
            [
                Column("Name", lambda row: visible(row.name), 170),
                Column("Version", lambda row: visible(row.version), 110),
                Column(
                    "In the catalog",
                    lambda row: row.registry if row.artifact else "not here",
                    130,
                    level=lambda row: "busy" if row.artifact else "quiet",
                ),
                Column("Repository", lambda row: visible(row.repository), 0),
                Column("Condition", lambda row: visible(row.condition), 120),
            ],
        )
        self.activated.connect(lambda _index: self._ask())

    def _ask(self) -> None:
        row = self.chosen
        if row is not None and row.artifact:
            self.asked.emit(row.artifact)


class HistoryTab(Table[ChangeRow]):
    """What the ledger says of an artifact."""

    def __init__(self) -> None:
        def digests(row: ChangeRow) -> str:
            if row.change != "digest-moved":
                return short_digest(row.new_digest or row.old_digest)
            return f"{short_digest(row.old_digest)} → {short_digest(row.new_digest)}"

        super().__init__(
            "History",
            [
                Column("Seen", lambda row: day_of(row.at), 104),
                Column(
                    "Change",
                    lambda row: CHANGE_WORDS.get(row.change, row.change),
                    140,
                    level=lambda row: CHANGE_ICONS.get(row.change, ("changed", "quiet"))[1],
                    symbol=lambda row: CHANGE_ICONS.get(row.change, ("changed", "quiet"))[0],
                ),
                Column("Version", lambda row: visible(row.version), 130),
                Column("Digest", digests, 0),
            ],
        )
