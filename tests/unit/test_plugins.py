"""Which plugins there are: compatibility, what is remembered of them, and when it is forgotten."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from desktop.engine import plugins
from desktop.engine.calls import Job
from desktop.engine.plugins import Plugin, PluginMissing, Plugins
from desktop.engine.workers import Workers
from desktop.store.plugins import PluginRow


class CountingWorkers(Workers):
    """Real workers, counted."""

    def __init__(self, command: Iterable[str] | None = None) -> None:
        super().__init__(command)
        self.started = 0

    def start(self, plugin: str, job: Job | None = None):  # type: ignore[no-untyped-def]
        self.started += 1
        return super().start(plugin, job)


def distribution(folder: Path, *requires: str, editable: Path | None = None) -> Path:
    info = folder / "acme-1.0.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", "Name: acme", "Version: 1.0"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    (info / "RECORD").write_text("acme.py,sha256=x,1\n")
    if editable is not None:
        about = {"url": editable.as_uri(), "dir_info": {"editable": True}}
        (info / "direct_url.json").write_text(json.dumps(about))
    return info


def read(info: Path) -> Plugin:
    return plugins._read_metadata(importlib.metadata.PathDistribution(info))


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("registrykit>=0.1,<0.2", ""),
        ("registrykit", ""),
        ("registrykit>=2", "it needs registrykit>=2"),
        ("Registrykit<0.1", "it needs registrykit<0.1"),
        ("registrykit!!", "cannot be read"),
        ("other>=99", ""),
    ],
)
def test_compatibility_is_known_before_anything_is_imported(
    tmp_path: Path, requirement: str, reason: str
) -> None:
    plugin = read(distribution(tmp_path, requirement))
    assert plugin.state == ("incompatible" if reason else "found")
    assert reason in plugin.reason


def test_what_is_remembered_is_forgotten_when_the_files_change(tmp_path: Path) -> None:
    source = tmp_path / "source" / "src" / "acme.py"
    source.parent.mkdir(parents=True)
    source.write_text("one = 1\n")
    info = distribution(tmp_path / "site", editable=tmp_path / "source")
    first = read(info).record
    assert read(info).record == first
    source.write_text("two = 22\n")
    os.utime(source, (1, 1))
    assert read(info).record != first
    second = read(info).record
    (info / "RECORD").write_text("acme.py,sha256=y,1\n")
    assert read(info).record != second


def test_a_plugin_is_loaded_once_and_then_remembered() -> None:
    store: dict[str, PluginRow] = {}

    def remember(row: PluginRow) -> None:
        store[row.distribution] = row

    workers = CountingWorkers()
    first = Plugins(workers, lambda: store, remember)
    plugins = first.all()
    assert {plugin.state for plugin in plugins} == {"active"}
    assert workers.started == len(plugins)
    again = Plugins(workers, lambda: store, remember)
    assert again.all() == first.all()
    assert workers.started == len(plugins)
    again.reload()
    assert workers.started == 2 * len(plugins)
    types = list(again.descriptions())
    plugin, type_id = plugins[0], plugins[0].types[0].id
    again.set_enabled(plugin.distribution, False)
    assert type_id not in again.descriptions()
    with pytest.raises(PluginMissing, match="disabled"):
        again.describe(type_id)
    again.set_enabled(plugin.distribution, True)
    assert list(again.descriptions()) == types
    with pytest.raises(PluginMissing) as caught:
        again.set_enabled("nobody", True)
    assert caught.value.code == "unknown-plugin"


def test_safe_mode_loads_nothing() -> None:
    workers = CountingWorkers()
    found = Plugins(workers, dict, lambda row: None, safe_mode=True)
    assert {plugin.state for plugin in found.all()} == {"disabled"}
    assert workers.started == 0
