"""Links of strangers: said in full before anything is opened, and only web addresses are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from desktop.ui.parts.buttons import button, icon_button
from desktop.ui.parts.text import label, visible
from desktop.ui.sheet import styled


@dataclass(frozen=True)
class Link:
    """Where a link leads; `address` is exactly what would be opened, host in ASCII."""

    kind: Literal["web", "anchor", "relative", "refused"]
    address: str
    sentence: str


def judged(url: QUrl) -> Link:
    """Say what a link is, by its look alone."""
    address = visible(bytes(url.toEncoded().data()).decode("ascii", "replace"))
    scheme = url.scheme().lower()
    if not scheme and not url.host() and url.hasFragment() and not url.path():
        return Link("anchor", url.fragment(), "")
    if not scheme and not url.host():
        return Link(
            "relative",
            address,
            "A link to another file of the place where this text was written; it is not part of "
            "what the registry holds.",
        )
    if scheme not in ("http", "https") or not url.isValid() or not url.host():
        said = f"A link that begins with “{scheme}:”" if scheme else "A link without http or https"
        return Link("refused", address, f"{said} is not opened from here.")
    host = url.host(QUrl.ComponentFormattingOption.FullyEncoded)
    if url.userInfo():
        sentence = f"Leads to {host}, whatever stands before the @."
    elif host.startswith("xn--") or ".xn--" in host:
        sentence = f"Leads to {host}, a name with letters of another script."
    else:
        sentence = f"Leads to {host}."
    return Link("web", address, sentence)


class LinkBar(QFrame):
    """A link that was chosen, with what can be done about it; Esc closes it."""

    def __init__(self) -> None:
        super().__init__()
        styled(self, "card-busy")
        self._url = QUrl()
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 8, 8, 8)
        line.setSpacing(8)
        column = QVBoxLayout()
        column.setSpacing(2)
        self._address = label(kind="strong", wrap=True, select=True)
        self._sentence = label(kind="secondary", wrap=True)
        column.addWidget(self._address)
        column.addWidget(self._sentence)
        line.addLayout(column, 1)
        self.open = button("Open in browser", self._open, symbol="external")
        self.open.setObjectName("open-link")
        self.copy = button("Copy", self._copy, symbol="copy")
        self.copy.setObjectName("copy-link")
        line.addWidget(self.open)
        line.addWidget(self.copy)
        line.addWidget(icon_button("cancel", "Close", self.hide))
        self.hide()

    def show_link(self, url: QUrl) -> None:
        link = judged(url)
        self._url = url
        # Long addresses wrap only where they may: after every slash and sign.
        self._address.setText(link.address)
        self._sentence.setText(link.sentence)
        self.setAccessibleName(f"{link.address}. {link.sentence}")
        self.open.setVisible(link.kind == "web")
        self.show()
        (self.open if link.kind == "web" else self.copy).setFocus()

    def _open(self) -> None:
        QDesktopServices.openUrl(self._url)
        self.hide()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._address.text())
        self.hide()
