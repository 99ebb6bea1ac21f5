"""P6: the window's thread while an index of 33 MB with 20,000 versions synchronizes.

The server is a process of its own, as is the worker. Somebody types into the search meanwhile.
"""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHARTS, VERSIONS, SIZE = 400, 50, 33_000_000
LIMIT, PART = 50.0, 0.999
WORDS = ("redis", "gateway", "cert-manager", "billing worker", "queue")
TYPED_EVERY = 0.12
"""Seconds between two letters of somebody who types fast."""

SERVER = """
import pathlib, sys
from registrykit.testing.servers import HelmSite
with HelmSite(pathlib.Path(sys.argv[1]).read_bytes()) as site:
    print(site.endpoint, flush=True)
    sys.stdin.read()
"""


def measure() -> list[Any]:
    from desktop.engine.drafts import Place
    from desktop.ui.destination import Destination
    from tests.bench.estates import estate
    from tests.bench.measure import Line
    from tests.bench.window import open_window
    from tests.gui.heartbeat import Heartbeat, let_run

    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index.yaml")
        index.write_bytes(make_index())
        with (
            subprocess.Popen(
                [sys.executable, "-c", SERVER, str(index)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as server,
            open_window(estate()) as window,
        ):
            assert server.stdout
            endpoint = server.stdout.readline().strip()
            app = window.session.app
            environment = app.environments.all()[0]
            place = Place(environment, app.environments.tenants(environment)[0])
            values = {"endpoint": endpoint, "documents": "on-demand"}
            row, _ = app.registries.add("Bench", place, app.registries.draft("helm", values, {}))
            try:
                window.go(Destination("catalog"))
                let_run(2.0)
                with Heartbeat() as idle:
                    let_run(2.0)
                job = app.synchronize(row)
                typist = Typist(window.header.search)
                with Heartbeat() as beat:
                    begun = time.perf_counter()
                    while not job.future.done():
                        typist.type()
                        let_run(0.01)
                    let_run(0.5)
                    seconds = time.perf_counter() - begun
                run = job.future.result()
                assert (run.outcome, run.versions) == ("ok", CHARTS * VERSIONS), run
            finally:
                app.registries.remove(row)
                app.registries.forget(app.registries.get(row.id))
                assert server.stdin
                server.stdin.close()
    rest = idle.share(PART) * 1e3
    said = f"worst {beat.worst * 1e3:.0f} ms in {seconds:.0f} s; at rest {rest:.0f} ms"
    typed = f"{len(typist.letters)} letters"
    limit = max(LIMIT, 3 * rest)
    return [
        Line("P6 the window's thread, p99.9", beat.share(PART) * 1e3, limit, note=said),
        Line("P6 a letter in the search, worst", max(typist.letters) * 1e3, limit, note=typed),
    ]


class Typist:
    """Types words into a field, a letter now and then; keeps how long each took to be there."""

    def __init__(self, field: Any) -> None:
        self._field = field
        self._left = ""
        self._words = itertools.cycle(WORDS)
        self._next = 0.0
        self.letters: list[float] = []

    def type(self) -> None:
        from PySide6.QtTest import QTest

        if time.perf_counter() < self._next:
            return
        if not self._left:
            self._left = next(self._words)
            self._field.clear()
        letter, self._left = self._left[0], self._left[1:]
        begun = time.perf_counter()
        QTest.keyClicks(self._field, letter)
        self._field.repaint()
        self.letters.append(time.perf_counter() - begun)
        self._next = begun + TYPED_EVERY


def make_index() -> bytes:
    """Return an index as large companies have them, as Helm writes it."""
    filler = "x" * (SIZE // (CHARTS * VERSIONS) - 480)
    lines = ["apiVersion: v1", "entries:"]
    for chart in range(CHARTS):
        name = f"chart-{chart:04}"
        lines.append(f"  {name}:")
        for version in range(VERSIONS):
            number = f"{1 + version // 10}.{version % 10}.0"
            digest = hashlib.sha256(f"{name}-{number}".encode()).hexdigest()
            lines += [
                "  - annotations:",
                f"      filler: {filler}",
                "    apiVersion: v2",
                f"    appVersion: {number}",
                '    created: "2026-01-30T08:00:00.000000000Z"',
                f"    description: Installs {name} with everything that it needs",
                f"    digest: {digest}",
                f"    home: https://example.com/{name}",
                "    keywords:",
                "    - gateway",
                "    - redis",
                "    maintainers:",
                "    - email: team@example.com",
                "      name: team",
                f"    name: {name}",
                "    type: application",
                "    urls:",
                f"    - {name}-{number}.tgz",
                f"    version: {number}",
            ]
    return "\n".join([*lines, 'generated: "2026-01-31T12:00:00Z"', ""]).encode()
