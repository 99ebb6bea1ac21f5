"""The last line of a form: what to do with it, or the question whether to give it up."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.parts.buttons import button
from desktop.ui.parts.consent import Consent
from desktop.ui.parts.text import hairline, label
from desktop.ui.sheet import styled


class Footer(QFrame):
    """Check, keep, leave; leaving asks here, not in a dialog."""

    check_asked = Signal()
    taken = Signal()
    """The main button was pressed."""
    left = Signal()
    """Somebody wants to leave, and has confirmed it where that was asked."""

    def __init__(self, take: str, question: str, leave: str = "") -> None:
        super().__init__()
        self.check = button(self.tr("Check connection"), self.check_asked.emit)
        self.check.setObjectName("check-connection")
        self.check.setToolTip(self.tr("Ctrl+Enter"))
        self.take = button(take, self.taken.emit, kind="primary")
        self._main = QWidget()
        line = self._line(self._main)
        line.addWidget(self.check)
        line.addStretch(1)
        if leave:
            line.addWidget(button(leave, self.left.emit))
        line.addWidget(self.take)
        self._sure = QWidget()
        line = self._line(self._sure)
        self._discard = styled(button(self.tr("Discard"), self.left.emit), "danger")
        self._discard.setObjectName("discard")
        keep = button(self.tr("Keep editing"), self.rest)
        line.addWidget(label(question, "strong", wrap=True), 1)
        line.addWidget(self._discard)
        line.addWidget(keep)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(hairline())
        column.addWidget(self._main)
        column.addWidget(self._sure)
        self._sure.hide()

    def _line(self, holder: QWidget) -> QHBoxLayout:
        line = QHBoxLayout(holder)
        line.setContentsMargins(24, 10, 24, 10)
        line.setSpacing(8)
        return line

    def advise(self, *, check: bool) -> None:
        """Make one of the two buttons the main one: the check, or taking what was checked."""
        styled(self.check, "primary" if check else "")
        styled(self.take, "" if check else "primary")

    @property
    def asks(self) -> bool:
        """Whether the question is shown."""
        return not self._sure.isHidden()

    def ask(self) -> None:
        """Ask whether what was entered may be given up."""
        self._main.hide()
        self._sure.show()
        self._discard.setFocus()

    def rest(self) -> None:
        self._sure.hide()
        self._main.show()


class AddFooter(Footer):
    """The last line of a form for something new; its button waits for what has to be confirmed."""

    def __init__(self) -> None:
        super().__init__(_tr("Add"), _tr("Discard what you entered?"))
        self.take.setObjectName("finish-adding")
        self.consent = Consent()
        self._column.insertWidget(1, self.consent)

    def show_state(self, verdict: str, why_not: str, *, chosen: bool, adding: bool) -> None:
        """Name the button by the `verdict` of the check; `why_not` says why nothing is added."""
        agreed = self.consent.is_given
        if not why_not and chosen and not agreed:
            why_not = self.tr("Tick the box above first.")
        self.take.setEnabled(chosen and not adding and not why_not)
        self.take.setToolTip(why_not)
        self.advise(check=verdict != "ok")
        texts = {"": self.tr("Add without a check"), "ok": self.tr("Add")}
        text = texts.get(verdict, self.tr("Add anyway"))
        self.take.setText(self.tr("Adding…") if adding else text)


def _tr(text: str) -> str:
    return QCoreApplication.translate("AddFooter", text)
