"""P4: the first paint with 100 registries and 1,000,000 versions, against an empty window.

Both are fresh processes that take turns, from the start of the process to the moment at which the
rows, or the empty window, have been painted.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.estates import estate
from tests.bench.measure import Line

PAGES = ("home", "registries")
PAIRS = 15
LIMIT = 1.5


@dataclass(frozen=True)
class Painted:
    """When a process had painted, in milliseconds since it was started, and at what price."""

    milliseconds: float
    busy: float
    """Milliseconds of processor time, which says more where other programs run too."""
    early: tuple[str, ...]


def measure() -> list[Line]:
    data_dir = estate()
    return [measure_page(data_dir, page, PAIRS) for page in PAGES]


def measure_page(data_dir: Path, page: str, pairs: int) -> Line:
    (data_dir / "window.ini").write_text(f"[General]\npage={page}\nwelcomed=true\n")
    found: dict[str, list[Painted]] = {"empty": [], "list": [], page: []}
    for pair in range(pairs + 1):
        for what, painted in found.items():
            once = paint(what, data_dir)
            if pair:  # the first pair warms the disk
                painted.append(once)
    value, floor, plain = (
        statistics.median(once.milliseconds for once in painted)
        for painted in (found[page], found["empty"], found["list"])
    )
    busy, rest = (statistics.median(once.busy for once in found[w]) for w in (page, "empty"))
    note = (
        f"processor time {busy:.0f} / {rest:.0f} ms = {busy / rest:.2f};"
        f" a plain list of Qt's: {plain:.0f} ms"
    )
    if found[page][0].early:
        note += "; too early: " + ", ".join(found[page][0].early)
    return Line(f"P4 first paint, {page}", value, LIMIT, floor=floor, note=note)


def paint(what: str, data_dir: Path) -> Painted:
    """Start a process and return what it says."""
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":0"}
    env |= {"REGISTRY_DESKTOP_DATA_DIR": str(data_dir), "REGISTRY_DESKTOP_KEYRING": "none"}
    begun = time.monotonic_ns()
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("painted.py")), what],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    moment, busy, *early = ended.stdout.split()
    return Painted((int(moment) - begun) / 1e6, float(busy) * 1e3, tuple(early))
