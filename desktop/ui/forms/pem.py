"""A certificate as PEM text: chosen as a file, dropped or pasted, and then said in plain words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.forms.certificate import certificates_in, issuer_of, subject_of, validity_of
from desktop.ui.forms.fields import Field
from desktop.ui.forms.files import Unreadable, read_text
from desktop.ui.forms.lines import Lines
from desktop.ui.parts.buttons import button
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import Elided, label
from desktop.ui.sheet import styled
from registrykit.forms import FieldSpec


class PemField(Field):
    """Text to paste into; once it can be read, what it says takes the place of the text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._locked = False
        self.lines = _PemLines(self._take)
        self.lines.setAccessibleName(spec.label)
        self.lines.setPlaceholderText(
            spec.placeholder or self.tr("Paste PEM text here, or drop a file")
        )
        self.lines.edited.connect(self._edited)
        self.entry = self.lines
        self._picture = Picture("certificate", 20)
        self._subject = Elided(kind="strong")
        self._signed = label(kind="secondary", wrap=True)
        self._print = Elided(kind="caption")
        self._read = QWidget()
        line = QHBoxLayout(self._read)
        line.setContentsMargins(0, 4, 0, 2)
        line.setSpacing(10)
        line.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        for part in (self._subject, self._signed, self._print):
            column.addWidget(part)
        line.addLayout(column, 1)
        self.choose = button(self.tr("Choose file…"), self._choose)
        self.choose.setAccessibleName(f"{spec.label}: choose a file")
        self._text = button(self.tr("Show text"), self._show_text, kind="link")
        self._text.setAccessibleName(f"{spec.label}: show the text")
        self._clear = button(self.tr("Remove"), self._remove, kind="link")
        self._clear.setAccessibleName(f"{spec.label}: remove it")
        self._said = label(kind="attention", wrap=True)
        self._said.hide()
        row = QHBoxLayout()
        row.setSpacing(4)
        for choice in (self.choose, self._text, self._clear):
            row.addWidget(choice)
        row.addStretch(1)
        for widget in (self._read, self.lines, self._said):
            self._column.addWidget(widget)
        self._column.addLayout(row)
        self._watch(self.lines)
        self._arrange()

    def value(self) -> Any:
        return self.lines.toPlainText()

    def set_value(self, value: Any) -> None:
        self.lines.show_text("" if value is None else str(value))
        self._arrange()

    def lock(self) -> None:
        self._locked = True
        self.lines.setReadOnly(True)
        self.lines.setPlaceholderText("")
        self._arrange()

    def focus(self) -> None:
        self._show_text()

    def set_wrong(self, wrong: bool) -> None:
        styled(self.lines, "wrong" if wrong else "locked" if self._locked else "code")

    def _words(self) -> str:
        found = certificates_in(self.value())
        return subject_of(found[0]) if found else self.tr("entered")

    def _arrange(self, *, text: bool = False) -> None:
        """Show what the certificate says, or the text where there is none or it is asked for."""
        pem = self.value()
        found = certificates_in(pem)
        if found:
            first = found[0]
            until, level = validity_of(first, datetime.now(UTC))
            self._subject.setText(subject_of(first))
            signed = self.tr("Signed by {issuer}, valid until {until}.").format(
                issuer=issuer_of(first), until=until
            )
            if len(found) > 1:
                more = words.counted(len(found) - 1, "more certificate")
                signed = f"{signed} {self.tr('And {more}.').format(more=more)}"
            self._signed.setText(signed)
            styled(self._signed, level or "secondary")
            self._print.setText(f"SHA-256 {first.sha256}")
            self._read.setAccessibleName(f"{self.spec.label}: {subject_of(first)}. {signed}")
        self._read.setVisible(bool(found))
        self.lines.setVisible(text or not found)
        self._text.setVisible(bool(found) and self.lines.isHidden())
        self._clear.setVisible(bool(pem.strip()) and not self._locked)
        self.choose.setVisible(not self._locked)
        self.entry = self.choose if self.lines.isHidden() else self.lines

    def _edited(self) -> None:
        self._said.hide()
        self._arrange(text=not certificates_in(self.value()))
        self.changed.emit()

    def _show_text(self) -> None:
        self._arrange(text=True)
        self.lines.setFocus(Qt.FocusReason.OtherFocusReason)

    def _remove(self) -> None:
        self.lines.show_text("")
        self._edited()
        self.choose.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self) -> None:
        kinds = self.tr("Certificates (*.pem *.crt *.cer *.der *.ca-bundle);;All files (*)")
        path, _ = QFileDialog.getOpenFileName(self, self.spec.label, "", kinds)
        if path:
            self._take(path)

    def _take(self, path: str) -> None:
        try:
            text = read_text(path)
        except Unreadable as error:
            self._said.setText(str(error))
            self._said.show()
            return
        self.lines.show_text(text)
        self._edited()


class _PemLines(Lines):
    """Takes a dropped file as its content, not as its address."""

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__(2, 6)
        self._take = take
        styled(self, "code")

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasUrls() or source.hasText()

    def insertFromMimeData(self, source: QMimeData) -> None:
        urls = [url for url in source.urls() if url.isLocalFile()]
        if urls:
            self._take(urls[0].toLocalFile())
        else:
            super().insertFromMimeData(source)
