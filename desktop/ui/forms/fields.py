"""Fields of a form: a widget for each kind of `registrykit.forms.FieldSpec`, and for no other."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from desktop.engine import words
from desktop.ui.forms.lines import Lines
from desktop.ui.forms.reading import weakens
from desktop.ui.parts.text import menu_text
from desktop.ui.sheet import styled
from registrykit.forms import FieldSpec

LONGEST = 1024 * 1024
_WITHOUT_LEAVING = (
    Qt.FocusReason.ActiveWindowFocusReason,
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.MenuBarFocusReason,
)


class Field(QWidget):
    """One field: `entry` is what takes the focus, and what a label is the buddy of."""

    changed = Signal()
    """Somebody changed the value."""
    left = Signal()
    """The cursor went elsewhere."""

    label_drop = 6
    """How far below the top the first line of text stands, in pixels."""
    names_itself = False
    """The widget shows the field's label, so that no other has to."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__()
        self.spec = spec
        self.entry: QWidget = self
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def value(self) -> Any:
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value; says nothing of it by `changed`."""
        raise NotImplementedError

    def propose(self, value: Any) -> None:
        """Show a value where somebody may be about to enter another one."""
        if value != self.value():
            self.set_value(value)

    @property
    def is_blank(self) -> bool:
        return self.value() in (None, "", [])

    @property
    def warns(self) -> bool:
        """Whether the value weakens something, so that the help is a warning."""
        return False

    def summary(self) -> str:
        """Return the value in a few words, empty where it is that of a fresh form."""
        value = self.value()
        return "" if value == self.spec.default or self.is_blank else self._words()

    def _words(self) -> str:
        return str(self.value())

    def call(self, label: str, placeholder: str) -> None:
        """Take the words of another field; only what ever does needs it."""

    def describe(self, said: str) -> None:
        """Give screen readers the help and the problem of the field."""
        self.entry.setAccessibleDescription(said)

    def set_wrong(self, wrong: bool) -> None:
        """Mark the field; the words that belong to it stand below it."""
        styled(self.entry, "wrong" if wrong else "")

    def lock(self) -> None:
        """Let nobody change the value."""
        self.setEnabled(False)

    def focus(self) -> None:
        self.entry.setFocus(Qt.FocusReason.OtherFocusReason)

    def _watch(self, *entries: QWidget) -> None:
        for entry in entries:
            entry.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.FocusOut
            and isinstance(event, QFocusEvent)
            and event.reason() not in _WITHOUT_LEAVING
        ):
            self.left.emit()
        return False


class TextField(Field):
    """One line of text."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line = QLineEdit()
        self.line.setMaxLength(LONGEST)
        self.line.setPlaceholderText(spec.placeholder)
        self.line.setAccessibleName(spec.label)
        self.line.textChanged.connect(lambda _text: self._typed())
        self.entry = self.line
        self._quiet = False
        self._column.addWidget(self.line)
        self._watch(self.line)

    def _typed(self) -> None:
        if not self._quiet:
            self.changed.emit()

    def call(self, label: str, placeholder: str) -> None:
        self.line.setAccessibleName(label)
        self.line.setPlaceholderText(placeholder)

    def value(self) -> Any:
        return self.line.text()

    def set_value(self, value: Any) -> None:
        self._quiet = True
        self.line.setText("" if value is None else str(value))
        if not self.line.hasFocus():
            # Its beginning is shown; whoever is typing goes on at its end.
            self.line.setCursorPosition(0)
        self._quiet = False

    def propose(self, value: Any) -> None:
        if value != self.value():
            self.set_value(value)
            if self.line.hasFocus():
                self.line.selectAll()

    def lock(self) -> None:
        # Read-only text can still be selected and copied.
        self.line.setReadOnly(True)
        self.line.setPlaceholderText("")


class UrlField(TextField):
    """An address; what is pasted with it, such as spaces and a line's end, does not count."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line.setInputMethodHints(
            Qt.InputMethodHint.ImhUrlCharactersOnly | Qt.InputMethodHint.ImhNoAutoUppercase
        )

    def value(self) -> str:
        return self.line.text().strip()


class NumberField(TextField):
    """A whole number; Up and Down count."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.line.setMaximumWidth(140)
        self.line.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)

    def value(self) -> Any:
        text = self.line.text().strip()
        try:
            return int(text)
        except ValueError:
            # What is no number is told by whoever judges the form.
            return text or None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        value = self.value()
        if step is not None and isinstance(value, int) and not self.line.isReadOnly():
            self.line.setText(str(value + step))
        else:
            super().keyPressEvent(event)


class MultilineField(Field):
    """Text of several lines."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.lines = Lines(2, 8)
        self.lines.setPlaceholderText(spec.placeholder)
        self.lines.setAccessibleName(spec.label)
        self.lines.edited.connect(self.changed)
        self.entry = self.lines
        self._column.addWidget(self.lines)
        self._watch(self.lines)

    def value(self) -> Any:
        return self.lines.toPlainText()

    def set_value(self, value: Any) -> None:
        self.lines.show_text("" if value is None else str(value))

    def lock(self) -> None:
        self.lines.setReadOnly(True)
        self.lines.setPlaceholderText("")

    def set_wrong(self, wrong: bool) -> None:
        styled(self.lines, "wrong" if wrong else "locked" if self.lines.isReadOnly() else "")

    def _words(self) -> str:
        first, _, rest = str(self.value()).strip().partition("\n")
        return f"{first} …" if rest else first


class ListField(MultilineField):
    """A list of texts, one on a line; pasted lists with commas are taken apart."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.left.connect(self._tidy)

    def value(self) -> list[str]:
        parts = self.lines.toPlainText().replace(",", "\n").split("\n")
        return list(dict.fromkeys(text for part in parts if (text := part.strip())))

    def set_value(self, value: Any) -> None:
        self.lines.show_text("\n".join(value or ()))

    def _tidy(self) -> None:
        text = "\n".join(self.value())
        if text != self.lines.toPlainText():
            self.lines.show_text(text)

    def _words(self) -> str:
        found = self.value()
        return found[0] if len(found) == 1 else words.counted(len(found), "entry", "entries")


class FlagField(Field):
    """Yes or no; the label stands beside the box."""

    label_drop = 2
    names_itself = True

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self.box = QCheckBox(menu_text(spec.label))
        self.box.setAccessibleName(spec.label)
        self.box.clicked.connect(lambda _checked: self.changed.emit())
        self.entry = self.box
        self._column.addWidget(self.box, 0, Qt.AlignmentFlag.AlignLeft)
        self._watch(self.box)

    @property
    def warns(self) -> bool:
        return weakens(self.spec, self.value())

    def value(self) -> bool:
        return self.box.isChecked()

    def set_value(self, value: Any) -> None:
        self.box.setChecked(bool(value))

    def _words(self) -> str:
        return self.tr("on") if self.value() else self.tr("off")

    def summary(self) -> str:
        return "" if self.value() == bool(self.spec.default) else self._words()


def make_field(spec: FieldSpec) -> Field:
    """Return the widget for a field."""
    from desktop.ui.forms.choice import ChoiceField
    from desktop.ui.forms.pem import PemField
    from desktop.ui.forms.secret import SecretField

    kinds: dict[str, type[Field]] = {
        "text": TextField,
        "multiline": MultilineField,
        "url": UrlField,
        "secret": SecretField,
        "choice": ChoiceField,
        "flag": FlagField,
        "number": NumberField,
        "list": ListField,
        "pem": PemField,
    }
    return kinds[spec.kind](spec)
