"""The container images that a version needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.engine import words
from desktop.ui.parts.buttons import CopyButton
from desktop.ui.parts.table import Column, Table
from desktop.ui.parts.text import label, visible


@dataclass(frozen=True)
class Image:
    """The reference of an image and its parts; `host` is empty where none is named."""

    reference: str
    host: str
    path: str
    tag: str


def image(reference: str) -> Image:
    """Take a reference apart, by its look alone."""
    place, at, digest = reference.partition("@")
    head, _, last = place.rpartition("/")
    name, _, tag = last.partition(":")
    path = f"{head}/{name}" if head else name
    host, slash, rest = path.partition("/")
    if slash and ("." in host or ":" in host or host == "localhost"):
        path = rest
    else:
        host = ""
    return Image(reference, host, path, tag or f"{at}{digest[:19]}")


class ImageTable(Table[Image]):
    """Ctrl+C copies the reference of the chosen image."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self.chosen is not None:
            QGuiApplication.clipboard().setText(self.chosen.reference)
        else:
            super().keyPressEvent(event)


class ImagesTab(QWidget):
    """A table of images; a button copies all of them, one on a line."""

    def __init__(self) -> None:
        super().__init__()
        self._said = label("", "caption")
        self.table = ImageTable(
            self.tr("Images"),
            [
                Column(
                    self.tr("Image"), lambda row: visible(row.path), 0, tip=lambda r: r.reference
                ),
                Column(self.tr("Tag"), lambda row: visible(row.tag), 130),
                Column(self.tr("From"), lambda row: visible(row.host), 150),
            ],
        )
        self.table.setObjectName("images")
        top = QHBoxLayout()
        top.setContentsMargins(16, 4, 8, 4)
        top.addWidget(self._said)
        top.addStretch(1)
        self.copy = CopyButton(self.tr("all images"), self._all)
        top.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self.setFocusProxy(self.table)

    def _all(self) -> str:
        return "\n".join(row.reference for row in self.table.rows.rows)

    def show_images(self, references: Sequence[str]) -> None:
        if references != [row.reference for row in self.table.rows.rows]:
            self.table.rows.show_rows([image(reference) for reference in references])
        counted = words.counted(len(references), "image")
        self._said.setText(self.tr("{0} · Ctrl+C copies the chosen one").format(counted))
