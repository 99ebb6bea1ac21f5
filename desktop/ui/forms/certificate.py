"""A certificate in plain words: whom it is for, who signed it, how long it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop.engine import words
from desktop.ui.parts.buttons import CopyButton
from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.text import label
from desktop.ui.sheet import styled

if TYPE_CHECKING:
    from registrykit.certificates import Certificate

MOST_NAMES = 4
_SOON, _FAR = 14, 400  # days


@lru_cache(maxsize=16)
def certificates_in(pem: str) -> tuple[Certificate, ...]:
    """Return the certificates of a PEM text that can be read; at most 50."""
    from registrykit.certificates import presented

    begin = "-----BEGIN CERTIFICATE-----"
    found = (presented(begin + part) for part in pem.split(begin)[1:51])
    return tuple(one for one in found if one is not None)


def subject_of(found: Certificate) -> str:
    """Return whom a certificate is for."""
    names = found.names or ((found.subject,) if found.subject else ())
    if not names:
        return _tr("nobody")
    shown = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return _tr("{names} and {count} more").format(names=shown, count=more) if more > 0 else shown


def issuer_of(found: Certificate) -> str:
    return _tr("itself") if found.self_signed else found.issuer or _tr("nobody")


def validity_of(found: Certificate, now: datetime) -> tuple[str, str]:
    """Return until when it holds in words, and the `words.Level` of that."""
    day = f"{found.not_after:%Y-%m-%d}"
    if now < found.not_before:
        return _tr("not before {day}").format(day=f"{found.not_before:%Y-%m-%d}"), "bad"
    if now > found.not_after:
        return _tr("{day}, it has run out").format(day=day), "bad"
    left = found.days_left(now)
    if left > _FAR:
        return day, ""
    days = words.counted(left, "day")
    text = _tr("{day}, {days} left").format(day=day, days=days)
    return text, "attention" if left < _SOON else ""


def in_groups(fingerprint: str) -> str:
    """Return a fingerprint that can be compared and broken into lines: groups of four bytes."""
    pairs = fingerprint.split(":")
    return "  ".join(":".join(pairs[at : at + 4]) for at in range(0, len(pairs), 4))


def _tr(text: str) -> str:
    return QCoreApplication.translate("Certificate", text)


class CertificateCard(QFrame):
    """What one certificate says, with its fingerprint to compare."""

    def __init__(self) -> None:
        super().__init__()
        styled(self, "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        self._facts = Facts()
        column.addWidget(self._facts)
        self._fingerprint = ""
        self._print = label(kind="code", wrap=True)
        self._print.setMinimumWidth(1)
        line = QHBoxLayout()
        line.setSpacing(16)
        name = label(self.tr("SHA-256"), "secondary")
        name.setMinimumWidth(112)
        top = Qt.AlignmentFlag.AlignTop
        line.addWidget(name, 0, top)
        line.addWidget(self._print, 1)
        copy = CopyButton(self.tr("fingerprint"), lambda: self._fingerprint)
        line.addWidget(copy, 0, top)
        column.addLayout(line)

    def show_certificate(self, found: Certificate) -> None:
        until, level = validity_of(found, datetime.now(UTC))
        subject = subject_of(found)
        self.setAccessibleName(self.tr("Certificate for {subject}").format(subject=subject))
        self._facts.show_facts(
            [
                Fact(self.tr("Certificate for"), subject),
                Fact(self.tr("Signed by"), issuer_of(found)),
                Fact(self.tr("Valid until"), until, level=level),
            ]
        )
        self._fingerprint = found.sha256
        self._print.setText(in_groups(found.sha256))
        self._print.setAccessibleName(f"SHA-256 {found.sha256}")
