"""P4: the first paint with 100 registries and 1,000,000 versions, against an empty window.

Both are fresh processes that take turns, from the start of the process to the moment at which the
rows, or the empty window, have been painted.

    python tests/bench/first_paint.py floor|home|registries|…    one process, its moment as JSON
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PAGES = ("registries", "home")
PAIRS = 15
LIMIT = 1.5
LATER = ("sqlmodel", "sqlalchemy", "pydantic", "requests", "urllib3", "keyring", "pluggy", "rich")
"""What the first picture does not wait for; plugins neither."""


def measure() -> list[Any]:
    from tests.bench.estates import estate
    from tests.bench.measure import Line

    data_dir = estate()
    lines = []
    for page in PAGES:
        _remember(data_dir, page)
        moments: dict[str, list[float]] = {"floor": [], page: []}
        for pair in range(PAIRS + 1):
            for what, found in moments.items():
                painted = paint(what, data_dir)
                if pair:  # the first pair warms the disk
                    found.append(painted["milliseconds"])
        value, floor = (statistics.median(found) for found in (moments[page], moments["floor"]))
        note = "too early: " + ", ".join(painted["early"]) if painted["early"] else ""
        lines.append(Line(f"P4 first paint, {page}", value, LIMIT, floor=floor, note=note))
    return lines


def _remember(data_dir: Path, page: str) -> None:
    (data_dir / "window.ini").write_text(f"[General]\npage={page}\nwelcomed=true\n")


def paint(what: str, data_dir: Path) -> dict[str, Any]:
    """Start a process and return what it says, with the milliseconds from its start."""
    env = {
        **os.environ,
        "QT_QPA_PLATFORM": os.environ.get("P4_PLATFORM", "offscreen"),
        "DISPLAY": os.environ.get("DISPLAY", ":0"),
    }
    env |= {"REGISTRY_DESKTOP_DATA_DIR": str(data_dir), "REGISTRY_DESKTOP_KEYRING": "none"}
    # Of a process that was killed nothing may be seen in the next one.
    begun = time.monotonic_ns()
    ended = subprocess.run(
        [sys.executable, __file__, what],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return {**said, "milliseconds": (said["painted"] - begun) / 1e6}


def _report() -> None:
    painted, busy = time.monotonic_ns(), time.process_time() * 1e3
    loaded = {name.split(".")[0] for name in list(sys.modules)}
    early = sorted(name for name in loaded if name in LATER or name.startswith("registrykit_"))
    print(json.dumps({"painted": painted, "busy": busy, "early": early}), flush=True)
    os._exit(0)


def _floor() -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QApplication, QWidget

    class Window(QWidget):
        def paintEvent(self, _event: QPaintEvent) -> None:
            QTimer.singleShot(0, _report)

    application = QApplication([])
    window = Window()
    window.resize(1180, 760)
    window.show()
    application.exec()


def _program(page: str) -> None:
    from desktop.ui.main import Program

    started = Program.start

    def start(self: Program) -> None:
        started(self)
        _report_when_painted(self, rows=page != "home")

    Program.start = start  # type: ignore[method-assign]
    sys.argv = ["registry-desktop"]
    from desktop.__main__ import main

    sys.exit(main())


def _report_when_painted(program: Any, *, rows: bool) -> None:
    """Report once rows have been painted, or the window with whatever it shows."""
    from PySide6.QtCore import QTimer

    if not rows:
        program.window._after_painting.insert(0, _report)
        return
    delegate = sys.modules["desktop.ui.registries.delegate"].RegistryDelegate
    painted = delegate.paint
    waiting = [_report]

    def paint(self: Any, *given: Any) -> None:
        painted(self, *given)
        if waiting:
            QTimer.singleShot(0, waiting.pop())

    delegate.paint = paint


if __name__ == "__main__":
    _floor() if sys.argv[1] == "floor" else _program(sys.argv[1])
