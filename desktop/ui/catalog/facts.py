"""What a version is, in facts, and how other tools get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.values import ArtifactRow, RegistryRow, VersionRow
from desktop.ui.catalog.kinds import FIPS, spelled_values
from desktop.ui.catalog.looking import MOST_FACTS, reference, spelled
from desktop.ui.catalog.versions import day, day_of
from desktop.ui.parts.buttons import CopyButton
from desktop.ui.parts.clearing import clear
from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.text import label, visible
from desktop.ui.sheet import styled
from registrykit.artifacts import column_values

if TYPE_CHECKING:
    from registrykit.artifacts import ArtifactKind

MOST_PROBLEMS = 20
PROBLEMS, IMAGES, PRESETS = "problems", "images", "presets"
_ELSEWHERE = frozenset((PROBLEMS, IMAGES, PRESETS, FIPS, "dependencies", "logo"))
"""Facts that have a place of their own."""
_UNITS = {"cpu": "millicores", "memory": "MiB", "diskSize": "GB"}


class FactsTab(QScrollArea):
    """What is not right, commands of other tools, our facts, and what else the source said."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Facts"))
        inside = styled(QFrame(), "panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(20, 16, 20, 20)
        column.setSpacing(10)
        self._problems_title = label(self.tr("What is not right about it"), "section")
        self._problems = label("", "attention", wrap=True, select=True)
        self._problems.setObjectName("version-problems")
        self._problems.setMinimumWidth(1)
        self._commands_title = label(self.tr("Get it"), "section")
        self._commands = QVBoxLayout()
        self._commands.setSpacing(8)
        self._ours = Facts()
        self._theirs_title = label(self.tr("From the source"), "section")
        self._theirs = Facts()
        self._more = label("", "caption")
        column.addWidget(self._problems_title)
        column.addWidget(self._problems)
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
        self,
        registry: RegistryRow | None,
        artifact: ArtifactRow,
        version: VersionRow,
        kind: ArtifactKind | None,
    ) -> None:
        """Show a version; `kind` names some of its facts, None where it is not known."""
        self._show_problems(version.body["facts"].get(PROBLEMS))
        self._ours.show_facts(self._own(registry, artifact, version))
        theirs = list(from_source(version.body["facts"], kind))
        self._theirs.show_facts(theirs[:MOST_FACTS])
        self._theirs_title.setVisible(bool(theirs))
        left = len(theirs) - MOST_FACTS
        self._more.setText(self.tr("and {0:,} more").format(left) if left > 0 else "")

    def _show_problems(self, found: object) -> None:
        told = [str(one) for one in found] if isinstance(found, list) else []
        shown = [f"{one}." for one in map(visible, told[:MOST_PROBLEMS]) if one]
        if len(told) > MOST_PROBLEMS:
            shown.append(self.tr("And {0:,} more.").format(len(told) - MOST_PROBLEMS))
        self._problems.setText("\n".join(shown))
        for part in (self._problems_title, self._problems):
            part.setVisible(bool(shown))

    def _own(
        self, registry: RegistryRow | None, artifact: ArtifactRow, version: VersionRow
    ) -> Iterator[Fact]:
        yield Fact(self.tr("Version"), visible(version.version), copy=True)
        yield Fact(self.tr("Tag"), visible(version.tag) if version.tag != version.version else "")
        yield Fact(self.tr("App version"), visible(version.app_version))
        yield Fact(self.tr("Created"), day(version.created))
        yield Fact(self.tr("Size"), words.size(version.size))
        yield Fact(self.tr("Digest"), visible(version.digest), copy=True)
        made = version.content_digest.startswith("manifest+")
        if version.content_digest != version.digest and not made:
            yield Fact(self.tr("Digest of the file"), visible(version.content_digest), copy=True)
        yield Fact(self.tr("First seen"), day_of(version.first_seen))
        state = self.tr("deprecated") if version.deprecated else ""
        if version.state != "present":
            state = self.tr("gone since {0}").format(day_of(version.gone_since or 0))
        yield Fact(self.tr("State"), state, level="attention")
        yield Fact(self.tr("Keywords"), visible(", ".join(artifact.keywords)))
        yield Fact(self.tr("Description"), visible(str(version.body["description"])))
        if registry is not None:
            said = visible(reference(registry, artifact, version))
            yield Fact(self.tr("Reference"), said, copy=True)

    def show_commands(self, commands: Sequence[tuple[str, str]]) -> None:
        clear(self._commands)
        self._commands_title.setVisible(bool(commands))
        for title, text in commands:
            self._commands.addWidget(_command(title, text))


def from_source(facts: Mapping[str, Any], kind: ArtifactKind | None) -> Iterator[Fact]:
    """Yield what the source said: first what the kind has a title for, then all the rest."""
    told: set[str] = set()
    for column in kind.columns if kind else ():
        fact = facts.get(column.key)
        if column.key not in _ELSEWHERE and (values := column_values(fact)):
            yield Fact(visible(column.title)[:60], visible(spelled_values(column.key, values)))
            if not (isinstance(fact, list) and any(isinstance(one, dict) for one in fact)):
                # Of maps the column shows no more than their names.
                told.add(column.key)
    for key in sorted(facts.keys() - told - _ELSEWHERE):
        said = resources(facts[key]) if key == "resources" else ""
        yield Fact(visible(str(key))[:60], said or visible(spelled(facts[key])))


def resources(value: object) -> str:
    """Return what a version needs of a machine, in words; empty for another shape."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return ""
    lines = []
    for one in value:
        kind, least = one.get("type"), one.get("minLimit")
        if not isinstance(kind, str) or not isinstance(least, int):
            return ""
        unit = _UNITS.get(kind, "")
        lines.append(f"{visible(kind)}: at least {least:,} {unit}".rstrip())
    return "\n".join(lines)


def _command(title: str, text: str) -> QWidget:
    frame = styled(QFrame(), "card-busy")
    line = QHBoxLayout(frame)
    line.setContentsMargins(12, 8, 8, 8)
    column = QVBoxLayout()
    column.setSpacing(2)
    column.addWidget(label(title, "caption"))
    shown = label(visible(text), "code", wrap=True, select=True)
    shown.setMinimumWidth(1)
    column.addWidget(shown)
    line.addLayout(column, 1)
    line.addWidget(CopyButton(f"command: {title}", lambda: text), 0, Qt.AlignmentFlag.AlignTop)
    return frame
