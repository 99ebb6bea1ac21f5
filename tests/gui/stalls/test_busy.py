"""The window stays usable while a large index is read: 33 MB, 20,000 versions, real worker."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.app import App
from desktop.engine.drafts import Place
from desktop.store.values import RegistryRow
from desktop.ui.destination import Destination
from desktop.ui.session import Session
from desktop.ui.window import MainWindow
from tests.bench.stalls import CHARTS, SERVER, VERSIONS, Typist, make_index
from tests.gui.heartbeat import least_stall, let_run


@pytest.fixture
def large(app: App, tmp_path: Path) -> Iterator[RegistryRow]:
    """A registry with that index; its server is a process of its own."""
    index = tmp_path / "index.yaml"
    index.write_bytes(make_index())
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(index)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        assert server.stdin
        (environment,) = app.environments.all()
        place = Place(environment, app.environments.tenants(environment)[0])
        values = {"endpoint": server.stdout.readline().strip(), "documents": "on-demand"}
        row, _ = app.registries.add("Large", place, app.registries.draft("helm", values, {}))
        yield row
        server.stdin.close()


@pytest.fixture
def _frozen(large: RegistryRow) -> Iterator[None]:
    """Keep the collector from looking through every module, as the program does once it is open."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_frozen")
def test_the_window_answers_while_a_large_index_is_read(
    app: App,
    large: RegistryRow,
    open_session: Callable[..., Session],
    open_window: Callable[[Session], MainWindow],
) -> None:
    window = open_window(open_session(app))
    window.go(Destination("catalog"))
    let_run(1.0)
    typist = Typist(window.header.search)

    def synchronize() -> None:
        # Everything is read and stored anew, as the first time.
        job = app.synchronize(app.registries.get(large.id), full=True)
        while not job.future.done():
            typist.type()
            let_run(0.01)
        run = job.future.result()
        assert run.versions == CHARTS * VERSIONS
        let_run(0.3)

    worst, limit = least_stall(synchronize)
    assert worst <= limit
    assert len(typist.letters) > 10
    assert sorted(typist.letters)[len(typist.letters) // 2] <= limit / 2
