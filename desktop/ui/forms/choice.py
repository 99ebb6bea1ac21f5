"""One of a few choices: buttons side by side, below each other where they are long, or a menu."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QComboBox, QRadioButton

from desktop.ui.forms.fields import Field
from desktop.ui.parts.text import menu_text, tooltip
from desktop.ui.sheet import styled
from registrykit.forms import FieldSpec

MOST_BUTTONS = 4
WIDEST_SEGMENTS = 52  # characters of all labels together
WIDEST_MENU = 40


class ChoiceField(Field):
    """One of a few: buttons side by side, below each other where they are long, or a menu."""

    def __init__(self, spec: FieldSpec) -> None:
        super().__init__(spec)
        self._values = [choice.value for choice in spec.choices]
        self._buttons: list[QRadioButton] = []
        self._combo: _Combo | None = None
        self._segments: QBoxLayout | None = None
        if len(spec.choices) > MOST_BUTTONS:
            self._add_combo()
        else:
            self._add_buttons()

    def _add_combo(self) -> None:
        self._combo = _Combo()
        self._combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        longest = max(len(choice.label) for choice in self.spec.choices)
        self._combo.setMinimumContentsLength(min(longest + 2, WIDEST_MENU))
        for choice in self.spec.choices:
            self._combo.addItem(choice.label)
        self._combo.setCurrentIndex(-1)
        self._combo.setAccessibleName(self.spec.label)
        self._combo.activated.connect(lambda _index: self.changed.emit())
        self.entry = self._combo
        self._column.addWidget(self._combo, 0, Qt.AlignmentFlag.AlignLeft)
        self._watch(self._combo)

    def _add_buttons(self) -> None:
        wide = sum(len(choice.label) for choice in self.spec.choices) > WIDEST_SEGMENTS
        direction = QBoxLayout.Direction
        row = QBoxLayout(direction.TopToBottom if wide else direction.LeftToRight)
        row.setSpacing(2 if wide else 4)
        self._segments = None if wide else row
        self.setMinimumWidth(1)
        group = QButtonGroup(self)
        for choice in self.spec.choices:
            button = QRadioButton(menu_text(choice.label))
            button.setAccessibleName(f"{self.spec.label}: {choice.label}")
            if not wide:
                styled(button, "segment")
            button.clicked.connect(lambda _checked: self._chosen())
            group.addButton(button)
            row.addWidget(button)
            self._buttons.append(button)
        row.addStretch(1)
        if wide:
            self.label_drop = 3
        self.entry = self._buttons[0] if self._buttons else self
        self._column.addLayout(row)
        self._watch(*self._buttons)
        self._let_tab()

    def _chosen(self) -> None:
        self._let_tab()
        self.changed.emit()

    def _let_tab(self) -> None:
        """Let Tab stop once among the buttons; arrow keys go from one to the next."""
        chosen = next((b for b in self._buttons if b.isChecked()), self.entry)
        policy = Qt.FocusPolicy
        for button in self._buttons:
            button.setFocusPolicy(policy.StrongFocus if button is chosen else policy.ClickFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._segments is not None:
            needed = sum(button.sizeHint().width() + 4 for button in self._buttons)
            direction = QBoxLayout.Direction
            fits = needed <= self.width()
            self._segments.setDirection(direction.LeftToRight if fits else direction.TopToBottom)
        for button, choice in zip(self._buttons, self.spec.choices, strict=False):
            fitting = self.fontMetrics().elidedText(
                choice.label, Qt.TextElideMode.ElideRight, self.width() - 36
            )
            button.setText(menu_text(fitting))
            button.setToolTip("" if fitting == choice.label else tooltip(choice.label))

    def value(self) -> Any:
        place = -1
        if self._combo is not None:
            place = self._combo.currentIndex()
        else:
            place = next((i for i, b in enumerate(self._buttons) if b.isChecked()), -1)
        return self._values[place] if place >= 0 else None

    def set_value(self, value: Any) -> None:
        place = self._values.index(value) if value in self._values else -1
        if self._combo is not None:
            self._combo.setCurrentIndex(place)
        elif place >= 0:
            self._buttons[place].setChecked(True)
            self._let_tab()

    def _words(self) -> str:
        value = self.value()
        return next(choice.label for choice in self.spec.choices if choice.value == value)

    def describe(self, said: str) -> None:
        for entry in (*self._buttons, self.entry):
            entry.setAccessibleDescription(said)

    def set_wrong(self, wrong: bool) -> None:
        if self._combo is not None:
            super().set_wrong(wrong)

    def focus(self) -> None:
        chosen = next((button for button in self._buttons if button.isChecked()), self.entry)
        chosen.setFocus(Qt.FocusReason.OtherFocusReason)


class _Combo(QComboBox):
    """A menu that lets the form be scrolled past it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
