"""What is loaded where: the host stays light, and the worker is another process without Qt."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from registrykit.testing import faults
from registrykit.testing.servers import HelmSite
from tests.program import Program
from tests.unit.test_registries import INDEX

pytestmark = pytest.mark.e2e

FORBIDDEN = ("PySide6", "shiboken6", "yaml", "ryml", "ruamel", "requests", "urllib3")

# Runs a command of the program in this process and then says what is loaded.
SPY = """
import json, sys
from desktop.__main__ import main
code = 0
try:
    main()
except SystemExit as ended:
    code = ended.code
print("LOADED " + json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
sys.exit(code)
"""


def add(program: Program, site: HelmSite) -> None:
    program.json(
        "registry", "add", "helm", "--name", "charts", "--set", f"endpoint={site.endpoint}"
    )


def test_a_synchronization_loads_neither_qt_nor_yaml_nor_http_in_the_host(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    with HelmSite(INDEX) as site:
        add(program, site)
        done = subprocess.run(
            [sys.executable, "-c", SPY, *program.command("sync", "charts", "--json")[3:]],
            capture_output=True,
            text=True,
            env=program.environment,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"][0]["outcome"] in ("ok", "partial")
    loaded = json.loads(done.stderr.rsplit("LOADED ", 1)[1])
    assert "desktop" in loaded
    assert not set(FORBIDDEN) & set(loaded)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_the_worker_is_another_process_without_qt(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    with HelmSite(INDEX) as site:
        add(program, site)
        site.spoil(site.index_path, faults.stall(60))
        process = program.start("sync", "charts", "--json")
        try:
            (worker,) = wait_for_child(process.pid)
            while not site.log[-1:] or site.log[-1].method != "GET":
                time.sleep(0.01)
            maps = {pid: Path(f"/proc/{pid}/maps").read_text() for pid in (process.pid, worker)}
            words = Path(f"/proc/{worker}/cmdline").read_text().split("\0")
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert words[1:4] == ["-I", "-m", "registrykit.worker"]
    for text in maps.values():
        assert "python" in text
        assert "PySide6" not in text
        assert "libQt6" not in text


def wait_for_child(pid: int) -> list[int]:
    for _ in range(1000):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children = (task / "children").read_text().split()
            if children:
                return [int(child) for child in children]
        time.sleep(0.01)
    raise AssertionError("no worker was started")


def test_cancel_ends_within_two_seconds_and_removes_nothing(tmp_path: Path) -> None:
    from desktop.app import build
    from desktop.engine.drafts import Place

    app = build(tmp_path / "data", writable=True, environ={"REGISTRY_DESKTOP_KEYRING": "none"})
    (environment,) = app.environments.all()
    (tenant,) = app.environments.tenants(environment)
    try:
        with HelmSite(INDEX) as site:
            (type_id, *_) = app.plugins.descriptions()
            draft = app.registries.draft(type_id, {"endpoint": site.endpoint}, {})
            row, _ = app.registries.add("charts", Place(environment, tenant), draft)
            assert app.synchronize(row).future.result(30).versions == 1
            site.spoil(site.index_path, faults.stall(60))
            before = len(site.log)
            job = app.synchronize(row)
            while len(site.log) == before:
                threading.Event().wait(0.01)
            started = time.monotonic()
            app.jobs.cancel(row.id)
            run = job.future.result(30)
            assert time.monotonic() - started < 2 * 2
            assert (run.outcome, run.versions, run.removed) == ("cancelled", 1, 0)
            site.mend()
            assert app.synchronize(row).future.result(30).outcome == "unchanged"
    finally:
        app.close()
