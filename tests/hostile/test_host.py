"""What a misbehaving plugin costs the real program: that plugin or that job, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registrykit.testing import faults
from registrykit.testing.servers import HelmSite
from tests.hostile.conftest import Install
from tests.program import Program
from tests.unit.test_registries import INDEX

BAD_AT_LOADING = {
    "raises_on_import": "RuntimeError",
    "exits_on_import": "SystemExit",
    "dies_on_import": "exit code 3",
    "segfaults_on_import": "SIGSEGV",
    "misses_a_module": "ModuleNotFoundError",
    "syntax_error": "SyntaxError",
    "raises_in_hook": "failed with",
    "returns_text": "TypeError",
    "unknown_hook": "PluginValidationError",
    "unknown_field": "'ratio'",
    "takes_an_id": "belongs to registrykit-helm",
}
BAD_AT_WORK = {
    # what the run says: its code
    "exits_in_sync": {"plugin-fault"},
    "raises_in_sync": {"plugin-fault"},
    "dies_in_sync": {"worker-died"},
    "segfaults_in_sync": {"worker-died"},
    "yields_dict": {"plugin-fault"},
    "wrong_fields": {"garbage"},
    "writes_to_the_pipe": {"garbage", "worker-died"},
    "giant_event": {"too-much-at-once"},
    "eats_memory": {"out-of-memory"},
    "remembers_everything": {"memory-too-large"},
    "raises_after_complete": {"plugin-fault"},
    "unsendable_fact": {"plugin-fault"},
}
Made = Callable[..., Program]


@pytest.fixture
def program(hostile: Install, tmp_path: Path) -> Iterator[Made]:
    """Give the program in an environment with the named specimens, one good registry added."""
    with HelmSite(INDEX) as good:

        def make(*names: str) -> Program:
            made = Program(tmp_path / "data", python=hostile(*names).python)
            made.json(
                "registry", "add", "helm", "--name", "good", "--set", f"endpoint={good.endpoint}"
            )
            return made

        yield make


def add(program: Program, name: str, site: Any) -> None:
    program.env["SPECIMEN_TOKEN"] = site.config["token"]
    program.env[f"REGISTRY_DESKTOP_SECRET_{name.upper()}_TOKEN"] = site.config["token"]
    program.json(
        "registry", "add", f"hostile-{name.replace('_', '-')}", "--name", name, "--no-check",
        "--set", f"endpoint={site.config['endpoint']}", "--set", "auth=token",
        "--secret", "token=env:SPECIMEN_TOKEN",
    )  # fmt: skip


def test_plugins_that_cannot_be_loaded_cost_only_themselves(program: Made) -> None:
    made = program(*BAD_AT_LOADING)
    listed = {p["distribution"]: p for p in made.json("plugins", "list")["plugins"]}
    for name, reason in BAD_AT_LOADING.items():
        plugin = listed[f"hostile-{name.replace('_', '-')}"]
        assert plugin["state"] == "failed", plugin
        assert reason in plugin["reason"], plugin
    assert listed["registrykit-helm"]["state"] == "active"
    types = {t["id"] for t in made.json("registry", "types")["types"]}
    assert types == {"oci", "helm", "legacy-pack", "vertex-nonfips"}
    assert made.json("sync", "good")["runs"][0]["outcome"] == "ok"
    doctor = made.run("--json", "plugins", "doctor")
    assert doctor.code == 4
    assert "Traceback" not in doctor.err


def test_an_import_that_hangs_is_given_up(program: Made) -> None:
    made = program("hangs_on_import")
    listed = {p["distribution"]: p for p in made.json("plugins", "list")["plugins"]}
    assert listed["hostile-hangs-on-import"]["state"] == "failed"
    assert "did not answer" in listed["hostile-hangs-on-import"]["reason"]
    started = time.monotonic()
    assert made.json("registry", "list")["registries"][0]["name"] == "good"
    assert time.monotonic() - started < 10, "a plugin that failed is tried again and again"


def test_plugins_that_misbehave_at_work_cost_only_their_job(program: Made, site: Any) -> None:
    made = program(*BAD_AT_WORK)
    for name in BAD_AT_WORK:
        add(made, name, site)
    result = made.run("--json", "sync", "--all")
    assert result.code == 3, result.err
    assert "Traceback" not in result.err
    runs = {run["registry"]: run for run in result.json["runs"]}
    assert runs.pop("good")["outcome"] == "ok"
    for name, run in runs.items():
        assert run["outcome"] == "failed", (name, run)
        assert run["code"] in BAD_AT_WORK[name], (name, run)
        assert f"hostile-{name.replace('_', '-')} 1.0" in run["message"], run
        assert run["remedy"]
    assert made.json("catalog", "list", "--registry", "good")["total"] == 1


@pytest.mark.parametrize("name", ["hangs_in_sync", "spins_in_sync", "floods", "swallows_cancel"])
def test_what_never_ends_is_cancelled_within_two_seconds(
    name: str, program: Made, site: Any
) -> None:
    made = program(name)
    add(made, name, site)
    if name == "swallows_cancel":
        site.spoil("*", faults.stall(60))
    process = made.start("--json", "sync", name, "good")
    time.sleep(4)
    assert process.poll() is None
    started = time.monotonic()
    process.send_signal(2)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 2 * 2
    assert process.returncode in (3, 130), (out, err)
    assert "Traceback" not in err
    rows = {row["name"]: row for row in made.json("registry", "list")["registries"]}
    assert (rows[name]["last_outcome"], rows[name]["versions"]) == ("cancelled", 0)
    assert rows["good"]["last_outcome"] == "ok"


def test_without_its_plugin_a_registry_stays_readable(program: Made) -> None:
    made = program()
    made.json("sync", "good")
    site_packages = next(Path(made.command()[0]).parents[1].glob("lib/python*/site-packages"))
    # The environment sees the tests' one; this takes the plugin's metadata out of its sight.
    (site_packages / "hides_a_plugin.py").write_text(
        "import importlib.metadata as metadata\n"
        "found = metadata.entry_points\n"
        "def entry_points(**asked):\n"
        "    return [e for e in found(**asked) if e.dist.name != 'registrykit-helm']\n"
        "metadata.entry_points = entry_points\n"
    )
    uninstalled = site_packages / "uninstalled.pth"
    uninstalled.write_text("import hides_a_plugin\n")
    try:
        (row,) = made.json("registry", "list")["registries"]
        assert "plugin-missing" in row["conditions"]
        assert row["versions"] == 1
        listed = {plugin["distribution"] for plugin in made.json("plugins", "list")["plugins"]}
        assert "registrykit-oci" in listed
        assert "registrykit-helm" not in listed
        assert made.json("catalog", "show", "--registry", "good", "a")["artifact"]["name"] == "a"
        assert made.json("search", "a")["total"] == 1
        (run,) = made.json("sync", "good", code=4)["runs"]
        assert run["code"] == "plugin-missing"
        assert run["message"]
        assert run["remedy"]
        text = made.run("registry", "list")
        assert "plugin" in text.out
    finally:
        uninstalled.unlink()
