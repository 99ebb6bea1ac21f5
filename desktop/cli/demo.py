"""The demo without a window."""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from desktop.app import App, build
from desktop.cli import shapes
from desktop.cli.catalog import oldest
from desktop.cli.output import Output
from desktop.demo.estate import QUERY, Estate, first_visit, require_fresh, settle
from desktop.engine import fips
from desktop.store import runs as stored_runs
from desktop.store import search as searching

# The estate's passwords are made up anew each time; they have no business in anybody's keyring.
_ENVIRONMENT = {"REGISTRY_DESKTOP_KEYRING": "none"}


def demo(args: Namespace, out: Output) -> int:
    """Start the estate, go through the main job, and show what the data directory holds then."""
    folder = _folder(args)
    require_fresh(folder)
    app = build(folder, writable=True, environ=_ENVIRONMENT)
    try:
        with Estate() as estate:
            settle(app, estate)
            ids = [run.id for run in first_visit(app, estate, out.note)]
    finally:
        app.close()
    # What is shown is what anybody reads back from the data directory, not what was just done.
    app = build(folder, writable=False, environ=_ENVIRONMENT)
    try:
        return _summary(app, ids, out)
    finally:
        app.close()


def _folder(args: Namespace) -> Path:
    if args.data_dir:
        return Path(args.data_dir)
    return Path(tempfile.mkdtemp(prefix="registry-desktop-demo-"))


def _program() -> str:
    """Return how the program was called, from where the user stands."""
    path = Path(sys.argv[0])
    if path.name != "registry-desktop":
        return "registry-desktop"
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _summary(app: App, ids: Sequence[int], out: Output) -> int:
    rows = app.registries.visible()
    runs = stored_runs.runs_by_id(app.db, ids)
    begun = time.perf_counter()
    found = searching.search(app.db, QUERY, [row.id for row in rows])
    seconds = time.perf_counter() - begun
    statuses = fips.statuses(app.db, found.hits)
    owners = shapes.Owners(app)

    def tell() -> None:
        from desktop.cli import tables
        from desktop.cli.registries import tell_list

        out.print("", tables.heading("Registries"))
        tell_list(app, out, rows, owners)
        out.print("", tables.heading("Runs"), tables.runs(runs))
        hits = tables.artifacts(found.hits, named=True, statuses=statuses)
        out.print("", tables.heading(f"Search for {QUERY}"), hits)
        out.note("")
        out.note(f"The data is in {app.data_dir}, where it stays readable without the servers:")
        for words in (f"search {QUERY}", "registry list"):
            out.note(f"  {_program()} --data-dir {app.data_dir} {words}")

    shape = {
        "registries": [shapes.registry(app, row, owners) for row in rows],
        "runs": [shapes.run(run) for run in runs],
        "search": shapes.search(QUERY, found, seconds, oldest(rows), statuses),
    }
    out.show(shape, tell)
    return 0
