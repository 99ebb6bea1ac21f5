"""The first picture's rows: names in the order of lists, and never an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from desktop.store import registries as stored
from desktop.store.glance import FILE, glance
from tests.scripted import Bench


def test_names_come_in_the_order_of_lists_without_what_is_hidden(bench: Bench) -> None:
    row = bench.registry
    with bench.app.db.write() as tx:
        for name in ("beta", "Alpha", "hidden", "removed"):
            stored.save_registry(tx, replace(row, id=name, name=name))
        stored.update_registry(tx, "hidden", hidden=True)
        stored.update_registry(tx, "removed", removed_at=1.0)
    folder = bench.app.data_dir
    assert glance(folder) == [("Alpha", "Scripted"), ("beta", "Scripted"), ("Scripted", "Scripted")]
    assert len(glance(folder, row.environment_id)) == 3
    assert glance(folder, "another environment") == []


def test_data_that_cannot_be_read_has_no_names(tmp_path: Path) -> None:
    assert glance(tmp_path) == []
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to look like one" * 40)
    assert glance(tmp_path) == []
