"""A secret: masked, never shown again once it is stored, and revealed only while it is typed."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from desktop.engine import words
from desktop.ui.forms.fields import LONGEST, Field
from desktop.ui.forms.files import Unreadable, read_text
from desktop.ui.icons import icon
from desktop.ui.parts.buttons import button, icon_button
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled
from registrykit.forms import FieldSpec


class SecretField(Field):
    """A line that shows dots; of a stored secret only that there is one, and a way to replace it.

    `value` is what was typed here, empty where the stored one stays.
    """

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._stored = False
        self._dropped = False
        self.line = QLineEdit()
        self.line.setMaxLength(LONGEST)
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setPlaceholderText(spec.placeholder)
        self.line.setAccessibleName(spec.label)
        self.line.textChanged.connect(lambda _text: self._typed())
        self._eye = icon_button("eye", f"Show {spec.label}")
        self._eye.setCheckable(True)
        self._eye.toggled.connect(self._reveal)
        self._file = icon_button("file", f"Read {spec.label} from a file…", self._choose)
        self._keep = button(self.tr("Keep the stored one"), self._keep_stored, kind="link")
        self._entering = QWidget()
        line = QHBoxLayout(self._entering)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.line, 1)
        line.addWidget(self._eye)
        line.addWidget(self._file)
        self._said = label(kind="caption", wrap=True)
        self._kept = QWidget()
        line = QHBoxLayout(self._kept)
        line.setContentsMargins(0, 2, 0, 2)
        line.setSpacing(8)
        self._where = label("", "secondary")
        self.change = button(self.tr("Change"), self.ask_anew, kind="link")
        self.change.setAccessibleName(f"Change {spec.label}")
        line.addWidget(label("••••••"))
        line.addWidget(self._where)
        line.addWidget(self.change)
        line.addStretch(1)
        for part in (self._kept, self._entering, self._said):
            self._column.addWidget(part)
        self._column.addWidget(self._keep, 0, Qt.AlignmentFlag.AlignLeft)
        self._watch(self.line)
        self._show(entering=True)

    def value(self) -> Any:
        return self.line.text()

    def set_value(self, value: Any) -> None:
        """Take over what was typed in another form a moment ago."""
        self.line.setText("" if value is None else str(value))

    def set_stored(self, where: str = "") -> None:
        """Say that there is a secret, and how it is kept, such as `stored in the keyring`."""
        first = not self._stored
        self._stored = True
        self._where.setText(where or self.tr("stored"))
        if first:
            self._show(entering=bool(self.line.text()))

    def set_dropped(self, dropped: bool) -> None:
        """Say that the stored secret will not outlive what else was changed."""
        if dropped == self._dropped or not self._stored:
            return
        self._dropped = dropped
        self._show(entering=dropped or bool(self.line.text()))

    @property
    def is_stored(self) -> bool:
        """Whether a stored secret stays as it is."""
        return self._stored and not self._dropped and not self.line.text()

    @property
    def is_blank(self) -> bool:
        return not self.line.text() and not self.is_stored

    def summary(self) -> str:
        if self.line.text():
            return self.tr("entered")
        return self.tr("stored") if self.is_stored else ""

    def lock(self) -> None:
        self._entering.setEnabled(False)
        self.change.setEnabled(False)

    def _show(self, *, entering: bool) -> None:
        kept = self._stored and not self._dropped
        self._kept.setVisible(kept and not entering)
        self._entering.setVisible(entering or not kept)
        self._keep.setVisible(kept and entering)
        self.entry = self.change if kept and not entering else self.line
        self._tell()

    def _tell(self) -> None:
        lines = self.line.text().count("\n")
        said = ""
        if self._dropped and not self.line.text():
            said = self.tr("The stored one is dropped, since the address changes. Enter it again.")
        elif lines:
            count = words.counted(len(self.line.text().strip().splitlines()), "line")
            said = self.tr("{count} entered.").format(count=count)
        self._said.setText(said)
        self._said.setVisible(bool(said))
        styled(self._said, "attention" if self._dropped else "caption")
        self._eye.setEnabled(bool(self.line.text()))

    def _typed(self) -> None:
        if not self.line.text():
            # Whoever types the next one may not be alone any more.
            self._eye.setChecked(False)
        self._tell()
        self.changed.emit()

    def ask_anew(self) -> None:
        """Let another one be entered in the place of the stored one."""
        self._show(entering=True)
        self.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _keep_stored(self) -> None:
        self.line.clear()
        self._show(entering=False)
        self.change.setFocus(Qt.FocusReason.OtherFocusReason)

    def _reveal(self, shown: bool) -> None:
        echo = QLineEdit.EchoMode
        self.line.setEchoMode(echo.Normal if shown else echo.Password)
        name = f"Hide {self.spec.label}" if shown else f"Show {self.spec.label}"
        self._eye.setIcon(icon("eye-off" if shown else "eye"))
        self._eye.setAccessibleName(name)
        self._eye.setToolTip(name)

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.spec.label)
        if not path:
            return
        try:
            text = read_text(path)
        except Unreadable as error:
            self._said.setText(str(error))
            self._said.show()
            return
        # Editors end a file with a line's end; a password does not.
        self.line.setText(text.rstrip("\r\n") if text.count("\n") <= 1 else text)

    def set_wrong(self, wrong: bool) -> None:
        styled(self.line, "wrong" if wrong else "")

    def describe(self, said: str) -> None:
        self.line.setAccessibleDescription(said)
        self.change.setAccessibleDescription(said)
