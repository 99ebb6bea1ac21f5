"""One process of P4: start what is measured, and say when it was painted.

    python painted.py empty|list|home|registries

It prints the moment (CLOCK_MONOTONIC, in nanoseconds), the processor time that the process had
used until then (in seconds), and the names of modules that should have come later. Nothing is
imported here that what is measured would import too, or would not.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

LATER = ("sqlmodel", "sqlalchemy", "pydantic", "requests", "urllib3", "keyring", "pluggy", "rich")
"""What the first picture does not wait for; plugins neither."""


def report() -> None:
    painted, busy = time.monotonic_ns(), time.process_time()
    loaded = {name.split(".")[0] for name in list(sys.modules)}
    early = sorted(name for name in loaded if name in LATER or name.startswith("registrykit_"))
    print(painted, busy, *early, flush=True)
    os._exit(0)


def empty() -> None:
    """Show an empty window, as PySide6 is made for it."""
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Window(QMainWindow):
        def paintEvent(self, event: QPaintEvent) -> None:
            super().paintEvent(event)
            QTimer.singleShot(0, report)

    application = QApplication([])
    window = Window()
    window.setWindowTitle("Empty")
    window.resize(1180, 760)
    window.show()
    application.exec()


def plain_list() -> None:
    """Show a list of Qt's own with as many rows as there are registries, painted in Python."""
    from PySide6.QtCore import QAbstractListModel, QRect, QSize, Qt, QTimer
    from PySide6.QtGui import QColor
    from PySide6.QtWidgets import QApplication, QListView, QMainWindow, QStyledItemDelegate

    class Rows(QAbstractListModel):
        def rowCount(self, parent: object = None) -> int:
            return 100

        def data(self, index: object, role: int = 0) -> object:
            return None

    class Painter(QStyledItemDelegate):
        def sizeHint(self, option: object, index: object) -> QSize:
            return QSize(100, 44)

        def paint(self, painter: object, option: object, index: object) -> None:
            painter.setPen(QColor("black"))  # type: ignore[attr-defined]
            rect: QRect = option.rect  # type: ignore[attr-defined]
            for side in (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight):
                painter.drawText(rect, side, "synced 12 min ago")  # type: ignore[attr-defined]
            if waiting:
                QTimer.singleShot(0, waiting.pop())

    waiting = [report]
    application = QApplication(["list", "-style", "fusion"])
    window, rows, view = QMainWindow(), Rows(), QListView()
    view.setModel(rows)
    painter = Painter(view)
    view.setItemDelegate(painter)
    window.setCentralWidget(view)
    window.resize(1180, 760)
    window.show()
    application.exec()


def program() -> None:
    """Start the program as its command does, and report when its first picture is painted."""
    sys.meta_path.insert(0, _Late())
    sys.argv = ["registry-desktop"]
    from desktop.__main__ import main

    sys.exit(main())


class _Late:
    """Changes one module when the program imports it, and nothing before."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "desktop.ui.start":
            return None
        sys.meta_path.remove(self)
        spec = sys.meta_path[-1].find_spec(name, path, None)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def and_change(module: object) -> None:
            execute(module)  # type: ignore[arg-type]
            # What follows the first picture is what is reported here, with the rows painted.
            module.Start._begin = lambda self: report()  # type: ignore[attr-defined]

        spec.loader.exec_module = and_change  # type: ignore[method-assign]
        return spec


if __name__ == "__main__":
    what = sys.argv[1]
    if what == "empty":
        empty()
    elif what == "list":
        plain_list()
    else:
        program()
