"""What adding and editing share: a form that scrolls, its check below it, and the last line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.ui.forms.checking import CA_FIELD, CheckView
from desktop.ui.forms.footer import Footer
from desktop.ui.forms.form import FormView
from desktop.ui.parts.note import Note
from desktop.ui.parts.problem import Problem, ProblemCard
from desktop.ui.session import Session

if TYPE_CHECKING:
    from desktop.engine.jobs import Cancellable
    from registrykit.events import Check

WIDEST = 720
_SETTLE_MILLISECONDS = 40


class FormPanel(QWidget):
    """Enter takes the form, Ctrl+Enter checks the connection, Esc leaves."""

    def __init__(self, session: Session, footer: Footer) -> None:
        super().__init__()
        self.session = session
        self.form: FormView | None = None
        self.footer = footer
        self.check = CheckView(session)
        self.problem = ProblemCard()
        self.secrets_note = Note("attention")
        self.secrets_note.setObjectName("secrets-note")
        self._trouble = ""
        self._inner = QWidget()
        self._inner.setMaximumWidth(WIDEST)
        self.content = QVBoxLayout(self._inner)
        self.content.setContentsMargins(24, 16, 24, 24)
        self.content.setSpacing(14)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._inner)
        self._area.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.column.addWidget(self._area, 1)
        self.column.addWidget(footer)
        self.check.trusted.connect(self.trust)
        self.check.grew.connect(self._reveal)
        self.check.ended.connect(self.checked)
        footer.check_asked.connect(self.check_now)
        footer.taken.connect(self.submit)
        footer.left.connect(self.leave)
        shortcut = QShortcut(QKeySequence("Ctrl+Return"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.check_now)

    # What adding and editing do in their own way

    def judged(self, then: Callable[[], None]) -> None:
        """Judge what is in the form now, show what is wrong, and go on with `then`."""
        raise NotImplementedError

    def stages(self) -> Callable[[Cancellable], Iterator[Check]]:
        """Return the check of what is in the form; it is called on another thread."""
        raise NotImplementedError

    def submit(self) -> None:
        """Take what is in the form."""
        raise NotImplementedError

    def leave(self) -> None:
        """Give the form up."""
        raise NotImplementedError

    @property
    def is_changed(self) -> bool:
        raise NotImplementedError

    def is_right(self) -> bool:
        """Show what is wrong and go to the first of it; says whether nothing is."""
        return self.form is not None and self.form.submit()

    def checked(self) -> None:
        """A check has ended."""

    # What they share

    def ask_trouble(self) -> None:
        """Find out whether secrets can be kept; asking a keyring may take a while."""
        vault = self.session.app.vault
        self.session.tasks.run(self, lambda: vault.trouble, self._told_trouble)

    def _told_trouble(self, trouble: str) -> None:
        self._trouble = trouble
        self.show_secrets_note()

    def show_secrets_note(self) -> None:
        """Say before anything is kept that secrets cannot be, where one is asked for."""
        if self._trouble:
            why = self._trouble[:1].upper() + self._trouble[1:]
            text = self.tr("{why}, so secrets are kept only until the program ends.")
            self.secrets_note.say(text.format(why=why))
        asked = self.form is not None and self.form.asks_secrets()
        self.secrets_note.setVisible(bool(self._trouble) and asked)

    def check_now(self) -> None:
        """Check what is in the form, unless something in it is wrong."""
        if self.check.is_running or self.form is None:
            return

        def begin() -> None:
            if self.is_right():
                self.check.start(self.stages())

        self.judged(begin)

    def show_trouble(self, error: Exception) -> None:
        """Show why the form could not be taken."""
        self.footer.take.setEnabled(True)
        self.problem.show_problem(Problem.of(error))
        self._reveal(self.problem)

    def _reveal(self, widget: QWidget) -> None:
        """Scroll to a widget, to its beginning where it is higher than the place for it."""

        def reveal() -> None:
            top = widget.mapTo(self._inner, QPoint(0, 0)).y()
            bar, room = self._area.verticalScrollBar(), self._area.viewport().height()
            end = top + widget.height() + 24
            if widget.height() + 24 > room:
                bar.setValue(top - 8)
            elif end > bar.value() + room:
                bar.setValue(end - room)

        # What was just shown or has grown has no place yet.
        QTimer.singleShot(_SETTLE_MILLISECONDS, self, reveal)

    def trust(self, pem: str) -> None:
        """Put a certificate into the field for those that are trusted, and check again."""
        if self.form is None or not self.form.has(CA_FIELD):
            return
        before: Any = self.form.value(CA_FIELD) or ""
        self.form.set_value(CA_FIELD, f"{before.strip()}\n{pem}".lstrip())
        self.session.tell(self.tr("The certificate is trusted for this registry."))
        # The button that was pressed is gone.
        self.footer.take.setFocus()
        self.check_now()

    def ask_to_leave(self) -> None:
        """Leave, but ask first where something was entered."""
        if self.footer.asks:
            self.footer.rest()
        elif self.is_changed:
            self.footer.ask()
        else:
            self.leave()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys, focused = Qt.Key, QApplication.focusWidget()
        if event.key() == keys.Key_Escape:
            self.ask_to_leave()
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            pressed = isinstance(focused, QAbstractButton) and not isinstance(
                focused, (QCheckBox, QRadioButton)
            )
            if pressed and isinstance(focused, QAbstractButton):
                focused.click()
            else:
                self.submit()
        else:
            super().keyPressEvent(event)
