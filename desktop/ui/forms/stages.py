"""The stages of a connection check in words, and one of them as a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.parts.picture import Picture
from desktop.ui.parts.text import label

if TYPE_CHECKING:
    from registrykit.events import Check

MOST_STAGES = 40
"""More than these are a plugin's own fault, and are left out."""
TITLE_WIDTH = 76

# Of `registrykit.checks.STAGES`; a plugin may have stages of its own besides.
_TITLES = {
    "name": "Address",
    "proxy": "Proxy",
    "dns": "DNS",
    "tcp": "TCP",
    "tls": "TLS",
    "protocol": "Protocol",
    "sign-in": "Sign-in",
    "listing": "Listing",
    "content": "Content",
}
_NEXT = {
    "": "Reading the URL…",
    "name": "Looking for a proxy…",
    "proxy": "Looking the name up…",
    "dns": "Connecting…",
    "tcp": "Agreeing on encryption…",
}
_LOOKS = {
    "ok": ("circle-check", "good", "passed"),
    "warning": ("warning", "attention", "warning"),
    "failed": ("circle-alert", "bad", "failed"),
    "skipped": ("minus", "faint", "skipped"),
}


def stage_title(stage: str) -> str:
    """Return what people call a stage."""
    plain = stage.replace("-", " ").replace("_", " ").strip()
    known = _TITLES.get(stage, plain[:1].upper() + plain[1:40])
    return QCoreApplication.translate("Stages", known)


def next_words(ended: Sequence[str]) -> str:
    """Return what is being done now, after these stages."""
    last = ended[-1] if ended else ""
    return QCoreApplication.translate("Stages", _NEXT.get(last, "Asking the registry…"))


def took(seconds: float) -> str:
    """Return how long a stage took."""
    if seconds < 1:
        return f"{max(round(seconds * 1000), 1)} ms"
    return words.duration(seconds)


class StageRow(QWidget):
    """One stage that has ended: icon, name, what was found, how long it took, what to do."""

    def __init__(self, check: Check) -> None:
        super().__init__()
        symbol, level, said = _LOOKS[check.verdict]
        title = stage_title(check.stage)
        self.setAccessibleName(f"{title}: {said}. {check.message} {check.remedy}".strip())
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        picture = Picture(symbol, 18, level)
        skipped = check.verdict == "skipped"
        name = label(title, "secondary" if skipped else "strong")
        name.setMinimumWidth(TITLE_WIDTH)
        column = QVBoxLayout()
        column.setSpacing(2)
        kinds = {"ok": "", "skipped": "secondary"}
        texts = [label(check.message, kinds.get(check.verdict, level), wrap=True, select=True)]
        texts += [label(check.remedy, wrap=True, select=True)] if check.remedy else []
        for text in texts:
            # A word without end, such as a digest, must not make the window wider.
            text.setMinimumWidth(1)
            column.addWidget(text)
        top = Qt.AlignmentFlag.AlignTop
        line.addWidget(picture, 0, top)
        line.addWidget(name, 0, top)
        line.addLayout(column, 1)
        if not skipped:
            line.addWidget(label(took(check.seconds), "caption"), 0, top)
