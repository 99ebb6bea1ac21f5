"""A certificate that nobody vouches for, and the decision to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.forms.certificate import CertificateCard, certificates_in
from desktop.ui.parts.buttons import button
from desktop.ui.parts.text import label

if TYPE_CHECKING:
    from registrykit.events import Check

_TRUST_HELPS = ("untrusted-certificate", "self-signed")
"""Codes of a certificate that is sound but for whoever signed it."""


def can_be_trusted(check: Check) -> bool:
    """Say whether the check shows a certificate that the user may decide about."""
    return bool(check.certificate) and bool(certificates_in(check.certificate))


class TrustCard(QWidget):
    """Shows the certificate; where trusting it would help, asks twice before it says so."""

    trusted = Signal(str)
    """The PEM text of a certificate that is trusted from now on."""
    grew = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._pem = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(26, 2, 0, 0)
        column.setSpacing(8)
        self._card = CertificateCard()
        self._question = label(
            self.tr(
                "Compare the SHA-256 fingerprint with one that the registry's owner gave you. Once "
                "trusted, this certificate is accepted for this registry until it is replaced."
            ),
            wrap=True,
        )
        self.ask = button(self.tr("Trust this certificate…"), self._asked)
        self.ask.setObjectName("trust-certificate")
        self.confirm = button(self.tr("It matches, trust it"), self._confirmed)
        self.confirm.setObjectName("confirm-trust")
        self._back = button(self.tr("Cancel"), self._rest, kind="link")
        line = QHBoxLayout()
        for part in (self.ask, self.confirm, self._back):
            line.addWidget(part)
        line.addStretch(1)
        column.addWidget(self._card)
        column.addWidget(self._question)
        column.addLayout(line)

    def show_check(self, check: Check) -> None:
        self._pem = check.certificate
        self._card.show_certificate(certificates_in(self._pem)[0])
        self._rest()
        self.ask.setVisible(check.code in _TRUST_HELPS)
        self.show()

    def _asked(self) -> None:
        self._show(asking=True)
        self.grew.emit()
        self.confirm.setFocus()

    def _rest(self) -> None:
        self._show(asking=False)

    def _show(self, *, asking: bool) -> None:
        self._question.setVisible(asking)
        self.confirm.setVisible(asking)
        self._back.setVisible(asking)
        self.ask.setVisible(not asking)

    def _confirmed(self) -> None:
        self.hide()
        self.trusted.emit(self._pem)
