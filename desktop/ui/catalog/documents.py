"""A document of a version: shown, or why it is not here with the button that fetches it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.store.values import DocumentRow
from desktop.ui.catalog.code import CodeView
from desktop.ui.catalog.fetching import Errand
from desktop.ui.catalog.readme import ReadmeView
from desktop.ui.catalog.schema import RulesTable, rules
from desktop.ui.parts.buttons import CopyButton, button
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.parts.progress import ProgressLine
from desktop.ui.parts.text import label, visible

TITLES = {
    "readme": "README",
    "values": "Values",
    "schema": "Schema",
    "manifest": "Manifest",
    "metadata": "Metadata",
}
"""Those that have a tab; what others hold is shown in its own way."""


class Absent(QWidget):
    """In the place of a document that is not here."""

    fetch_asked = Signal()
    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addStretch(1)
        self._title = label("", "section", wrap=True)
        self._text = label("", "secondary", wrap=True)
        for part in (self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        self.fetch = button(
            self.tr("Fetch"), self.fetch_asked.emit, kind="primary", symbol="download"
        )
        self.fetch.setObjectName("fetch-documents")
        column.addWidget(self.fetch, 0, Qt.AlignmentFlag.AlignCenter)
        self._bar = ProgressLine()
        self._bar.setFixedWidth(200)
        self._bar.setAccessibleName(self.tr("Fetching"))
        column.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignCenter)
        self._cancel = button(self.tr("Cancel"), self.cancel_asked.emit)
        column.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignCenter)
        self._card = ProblemCard()
        column.addWidget(self._card)
        column.addStretch(2)

    def show_absence(
        self, name: str, state: tuple[str, str, str] | None, errand: Errand, size: int | None
    ) -> None:
        """Say what there is instead of the document `name`; `state` as the store keeps it.

        `size` is how much is to be downloaded for it, in bytes, where that is known.
        """
        fetch = self.tr("Fetch ({0})").format(words.size(size)) if size else self.tr("Fetch")
        self.fetch.setText(fetch)
        has_none = state is not None and state[0] == "fetched"
        self._bar.setVisible(errand.runs)
        self._cancel.setVisible(errand.runs)
        self.fetch.setVisible(not errand.runs and not has_none and errand.error is None)
        self._card.setVisible(False)
        if errand.runs:
            self._title.setText(self.tr("Fetching the documents…"))
            self._text.setText("")
        elif has_none:
            self._title.setText(self.tr("No {0}").format(name))
            self._text.setText(self.tr("This version was published without one."))
        else:
            self._title.setText(self.tr("Not downloaded"))
            self._text.setText(_reason(state))
            if errand.error is not None:
                self._card.show_problem(
                    Problem.of(errand.error), ((self.tr("Try again"), self.fetch_asked.emit),)
                )
        self._text.setVisible(bool(self._text.text()))

    def set_enabled(self, why_not: str) -> None:
        """Allow to fetch, or say why it cannot be done."""
        self.fetch.setEnabled(not why_not)
        self.fetch.setToolTip(why_not)


def _reason(state: tuple[str, str, str] | None) -> str:
    if state is not None and state[1]:
        return f"The last attempt failed: {state[1]}"
    return (
        "By the registry's setting the documents of this version are fetched only when they are "
        "asked for. Nothing is contacted before."
    )


class DocumentTab(QWidget):
    """One kind of document of the version that is looked at."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.title = TITLES.get(name, name.capitalize())
        self._document: DocumentRow | None = None
        self.absent = Absent()
        self._layers = QStackedLayout(self)
        self._layers.setContentsMargins(0, 0, 0, 0)
        self._layers.addWidget(self.absent)
        self._view: ReadmeView | CodeView | None = None
        self._said: QLabel | None = None
        self._as_text = False

    def show_document(
        self,
        document: DocumentRow | None,
        state: tuple[str, str, str] | None,
        errand: Errand,
        version: tuple[str, int | None],
    ) -> None:
        """Show a document, or why it is not here; `version` is its name and size in bytes."""
        self._document = document
        if document is None:
            self.absent.show_absence(self.title, state, errand, version[1])
            self._layers.setCurrentWidget(self.absent)
            return
        view, said = self._made()
        view.show_text(document.text, f"{self.title}: {version[0]}")
        self._layers.setCurrentIndex(1)
        size = words.size(len(document.text.encode("utf-8", "replace")))
        lines = words.counted(document.text.count("\n") + 1, "line")
        found = rules(document.text) if self.name == "schema" else []
        below = visible(self._rules.show_rules(found))[:80]
        where = self.tr(" · values below {0}").format(below) if below else ""
        said.setText(f"{size} · {lines}{where}")
        self._arrange()

    def _turn(self) -> None:
        self._as_text = not self._as_text
        self._arrange()

    def _arrange(self) -> None:
        """Show rules as a table, where the text is made of them, or else the text."""
        has_rules = bool(self._rules.rows.rows)
        as_table = has_rules and not self._as_text
        self._rules.setVisible(as_table)
        if self._view is not None:
            self._view.setVisible(not as_table)
        self._find.setVisible(not as_table)
        self._switch.setVisible(has_rules)
        self._switch.setText(self.tr("As text") if as_table else self.tr("As a table"))

    def open_find(self) -> bool:
        """Open the field that searches in the text; False where there is none."""
        if self._view is None or self._layers.currentIndex() == 0:
            return False
        self._as_text = True
        self._arrange()
        self._view.finder.open_bar()
        return True

    def _made(self) -> tuple[ReadmeView | CodeView, QLabel]:
        if self._view is None or self._said is None:
            self._view = ReadmeView() if self.name == "readme" else CodeView()
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            top = QHBoxLayout()
            top.setContentsMargins(16, 4, 8, 4)
            self._said = label("", "caption")
            top.addWidget(self._said)
            top.addStretch(1)
            self._rules = RulesTable()
            self._switch = button("", self._turn, kind="link")
            self._switch.setObjectName("as-text")
            self._find = button(self.tr("Find"), self._view.finder.open_bar, kind="link")
            self._find.setToolTip(self.tr("Find in this text (Ctrl+F)"))
            top.addWidget(self._switch)
            top.addSpacing(8)
            top.addWidget(self._find)
            top.addWidget(
                CopyButton(self.title, lambda: self._document.text if self._document else "")
            )
            column.addLayout(top)
            column.addWidget(self._rules, 1)
            column.addWidget(self._view, 1)
            self._layers.addWidget(holder)
        return self._view, self._said
