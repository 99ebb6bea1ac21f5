"""The demo: what `resources/demo` promises is what a person sees, and nothing is left running."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from desktop.demo.content import Content
from desktop.paths import resource
from desktop.store.database import FILE
from tests.program import Program
from tests.uploads import Kept, uploaded

pytestmark = pytest.mark.e2e

COMMUNITY, TEAM, ARCHIVE, VENDOR, LAB = (
    "Saltfen Community",
    "Tarnhollow Platform",
    "Oxbarrow Archive",
    "Brasswick Customers",
    "Quillfen Edge Lab",
)
REGISTRY, LEGACY, FIPS, OPEN = (
    "Tarnhollow Registry",
    "Quernmill Packs",
    "Greywether FIPS Packs",
    "Saltfen Open Packs",
)
CHARTS = {COMMUNITY: "community", TEAM: "team", ARCHIVE: "archive", VENDOR: "vendor", LAB: "lab"}
UPLOADED = {REGISTRY: "registry", FIPS: "fips", OPEN: "open"}
FOLDERS = {**CHARTS, **UPLOADED, LEGACY: "legacy"}
TYPES = {
    **dict.fromkeys(CHARTS, "helm"),
    **dict.fromkeys((REGISTRY, FIPS), "oci"),
    LEGACY: "legacy-pack",
    OPEN: "vertex-nonfips",
}
KINDS = {
    "chart": "flagpost",
    "pack": "mossgate",
    "zarf": "pump-house",
    "image": "storefront-base",
    "artifact": "landing-rules",
}
DIFFERENT = {"id", "endpoint", "message", "seconds"} | {
    *("last_success", "last_attempt", "next", "started", "finished"),
    # Threads that need the same token at the same moment may each ask for it.
    *("requests", "document_requests", "bytes"),
}
Digests = Mapping[tuple[str, str], str]
"""Digests by path and version."""

# Runs a command of the program, then tells which threads, sockets and processes are left of it.
LEFTOVER = """
import json, os, sys, threading
from pathlib import Path
from desktop.cli.main import main
code = main(json.loads(sys.argv[1]))
threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
open_files = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
children = Path("/proc/self/task", str(os.getpid()), "children").read_text().split()
left = {
    "threads": threads,
    "sockets": [name for name in open_files if name.startswith("socket:")],
    "processes": children,
}
print("LEFT " + json.dumps(left), file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Demo:
    """A demo that has ended: its data, and what it printed."""

    program: Program
    out: str
    err: str

    @property
    def shape(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def run_demo(program: Program, *words: str) -> Demo:
    ended = program.run("demo", "--headless", *words)
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err
    return Demo(program, ended.out, ended.err)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run_demo(Program(tmp_path_factory.mktemp("demo") / "first"), "--json")


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run_demo(Program(tmp_path_factory.mktemp("demo") / "second"), "--json")


@pytest.fixture(scope="module")
def promised() -> list[dict[str, Digests]]:
    """Return what each registry lists at each step, read by another reader; legacy packs aside."""
    content = Content(resource("demo"))
    return [
        {
            name: listed(content.charts(folder).at(step).index_yaml)
            for name, folder in CHARTS.items()
        }
        | {name: tagged(uploaded(content, folder, step)) for name, folder in UPLOADED.items()}
        for step in (0, 1)
    ]


def listed(index: bytes) -> Digests:
    return {
        (chart, entry["version"]): f"sha256:{entry['digest']}"
        for chart, entries in yaml.safe_load(index)["entries"].items()
        for entry in entries
    }


def tagged(kept: Kept) -> Digests:
    """Return the tags of a registry; those of signatures are no versions."""
    return {
        (repository, tag.replace("_", "+") if "/charts/" in repository else tag): digest
        for (repository, tag), digest in kept.tags.items()
        if not tag.endswith(".sig")
    }


def stored(data_dir: Path, registry: str, state: str = "present") -> Digests:
    """Return the digests that lie in the data directory, read without the program."""
    question = (
        "SELECT a.path, v.version, v.digest FROM version v JOIN artifact a ON a.id = v.artifact_id"
        " JOIN registry r ON r.id = a.registry_id WHERE r.name = ? AND v.state = ?"
    )
    with closing(sqlite3.connect(f"file:{data_dir / FILE}?mode=ro", uri=True)) as connection:
        rows = connection.execute(question, (registry, state)).fetchall()
    found = {(path, version): digest for path, version, digest in rows}
    assert len(found) == len(rows)
    return found


def own(demo: Demo) -> dict[str, dict[str, Any]]:
    """Return the registries that the demo added, without the defaults of its environments."""
    return {row["name"]: row for row in demo.shape["registries"] if not row["default"]}


def test_every_registry_ends_as_promised(first: Demo) -> None:
    rows = own(first)
    assert {name: (row["last_outcome"], row["conditions"]) for name, row in rows.items()} == {
        COMMUNITY: ("unchanged", []),
        TEAM: ("ok", []),
        ARCHIVE: ("held", []),
        VENDOR: ("failed", ["needs-sign-in"]),
        LAB: ("failed", []),
        REGISTRY: ("ok", []),
        LEGACY: ("unchanged", []),
        FIPS: ("unchanged", []),
        OPEN: ("ok", []),
    }
    assert all(row["activity"] == "idle" for row in rows.values())
    assert {name: row["type"] for name, row in rows.items()} == TYPES
    assert "certificate" in rows[LAB]["message"]
    assert rows[LAB]["last_success"] is None
    assert rows[VENDOR]["last_success"] is not None
    assert rows[VENDOR]["next"] is None
    places = {(row["environment"], row["scope"], row["tenant"]) for row in rows.values()}
    assert places == {
        ("Tarnhollow", "tenant", "Shop"),
        ("Tarnhollow", "system", None),
        ("Greywether Yard", "tenant", "Sluice Control"),
        ("Greywether Yard", "system", None),
    }


def test_defaults_are_there_and_nobody_asked_them(first: Demo) -> None:
    defaults = [row for row in first.shape["registries"] if row["default"]]
    assert len(defaults) == 7
    assert all(row["last_attempt"] is None for row in defaults)


def test_every_run_ends_as_promised(first: Demo) -> None:
    runs = first.shape["runs"]
    assert len(runs) == 2 * len(FOLDERS)
    before, after = (
        {run["registry"]: run for run in half}
        for half in (runs[: len(FOLDERS)], runs[len(FOLDERS) :])
    )
    assert {name: (run["outcome"], run["code"]) for name, run in before.items()} == {
        **dict.fromkeys(FOLDERS, ("ok", "")),
        LAB: ("failed", "self-signed"),
    }
    assert {name: (run["outcome"], run["code"]) for name, run in after.items()} == {
        COMMUNITY: ("unchanged", ""),
        TEAM: ("ok", ""),
        ARCHIVE: ("held", "held"),
        VENDOR: ("failed", "sign-in-failed"),
        LAB: ("failed", "self-signed"),
        REGISTRY: ("ok", ""),
        LEGACY: ("unchanged", ""),
        FIPS: ("unchanged", ""),
        OPEN: ("ok", ""),
    }
    for run in runs:
        assert run["skipped"] == run["documents_missing"] == 0
        assert bool(run["remedy"]) == (run["outcome"] in ("failed", "held"))
    assert after[COMMUNITY]["requests"] == 1
    assert after[COMMUNITY]["bytes"] == 0


def test_the_catalog_is_that_of_the_servers(
    first: Demo, promised: list[dict[str, Digests]]
) -> None:
    rows = own(first)
    before, after = promised
    expected = {
        **after,
        # Held: what would vanish is all there.
        ARCHIVE: {**before[ARCHIVE], **after[ARCHIVE]},
        VENDOR: before[VENDOR],
        LAB: {},
    }
    for name, digests in expected.items():
        assert stored(first.program.data_dir, name) == digests
        assert rows[name]["versions"] == len(digests)
        assert rows[name]["artifacts"] == len({path for path, _ in digests})
    packs = Content(resource("demo")).shelf("legacy").packs(1)
    assert stored(first.program.data_dir, LEGACY).keys() == {
        (pack.name, pack.version) for pack, _ in packs
    }
    assert sum(row["artifacts"] for row in rows.values()) >= 90
    assert sum(row["versions"] for row in rows.values()) >= 400


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_found(first: Demo, kind: str) -> None:
    name = KINDS[kind]
    hits = first.program.json("search", name, "--kind", kind)["hits"]
    assert (REGISTRY, name) in {(hit["registry"], hit["name"]) for hit in hits}
    assert all(hit["kind"] == kind and hit["description"] for hit in hits)


def test_six_things_change_in_the_oci_registry(
    first: Demo, promised: list[dict[str, Digests]]
) -> None:
    _, last = (run["id"] for run in first.shape["runs"] if run["registry"] == REGISTRY)
    told = first.program.json("history", REGISTRY, "--run", str(last))["changes"]
    assert {(row["change"], row["kind"], row["artifact"], row["version"]) for row in told} == {
        ("digest-moved", "pack", "tarnhollow/spectro-packs/archive/ternlog", "1.1.0"),
        ("added", "pack", "tarnhollow/spectro-packs/archive/ternlog", "1.2.0"),
        ("added", "pack", "tarnhollow/spectro-packs/archive/wickergate", "2.2.1"),
        ("removed", "pack", "tarnhollow/spectro-packs/archive/dunlin-backup", "2.0.0"),
        ("added", "chart", "tarnhollow/charts/flagpost", "1.2.0-beta.2"),
        ("digest-moved", "image", "tarnhollow/images/storefront-base", "stable"),
    }
    gone = ("tarnhollow/spectro-packs/archive/dunlin-backup", "2.0.0")
    expected = {gone: promised[0][REGISTRY][gone]}
    assert stored(first.program.data_dir, REGISTRY, "gone") == expected


def test_twins_are_told_apart_and_may_not_be_used(first: Demo) -> None:
    shown = first.program.json("catalog", "show", "--registry", OPEN, "mossgate", "6.2.0")
    sections = {section["title"]: section["content"] for section in shown["sections"]}
    assert sections["FIPS"]["use"] == [
        "not usable in tenant Sluice Control: non-FIPS packs are not allowed"
    ]
    (twin,) = sections["Also in your registries"]
    assert (twin["registry"], twin["bytes"], twin["twin"]) == (FIPS, "other", True)
    with closing(sqlite3.connect(first.program.data_dir / FILE)) as connection:
        question = "SELECT count(*) FROM audit WHERE action = 'registry-confirmed'"
        assert connection.execute(question).fetchone() == (1,)


def test_a_chart_in_both_places_is_the_same(first: Demo) -> None:
    shown = first.program.json("catalog", "show", "--registry", REGISTRY, "flagpost", "1.1.0")
    sections = {section["title"]: section["content"] for section in shown["sections"]}
    (other,) = sections["Also in your registries"]
    assert (other["registry"], other["bytes"]) == (TEAM, "same")


def test_four_things_change_in_the_team_repository(
    first: Demo, promised: list[dict[str, Digests]]
) -> None:
    before, after = (step[TEAM] for step in promised)
    _, last = (run["id"] for run in first.shape["runs"] if run["registry"] == TEAM)
    told = first.program.json("history", TEAM, "--run", str(last))
    moved, gone = ("checkout-api", "2.8.1"), ("parcel-tracker", "1.10.0")
    new, deprecated = ("storefront", "5.3.0"), ("stock-sync", "3.4.0")
    assert {(row["change"], row["artifact"], row["version"]) for row in told["changes"]} == {
        ("digest-moved", *moved),
        ("removed", *gone),
        ("added", *new),
        ("metadata-changed", *deprecated),
    }
    (change,) = (row for row in told["changes"] if row["change"] == "digest-moved")
    assert (change["old_digest"], change["new_digest"]) == (before[moved], after[moved])
    assert change["old_digest"] != change["new_digest"]
    assert stored(first.program.data_dir, TEAM, "gone") == {gone: before[gone]}
    shown = first.program.json("catalog", "show", "--registry", TEAM, "stock-sync")
    assert shown["artifact"]["deprecated"] is True


def test_what_is_held_can_be_reviewed(first: Demo, promised: list[dict[str, Digests]]) -> None:
    vanishing = len(promised[0][ARCHIVE].keys() - promised[1][ARCHIVE].keys())
    assert own(first)[ARCHIVE]["message"] == f"held: {vanishing} versions would vanish"
    _, last = (run["id"] for run in first.shape["runs"] if run["registry"] == ARCHIVE)
    said = first.program.run("history", ARCHIVE, "--run", str(last)).out
    assert "Held: would be removed" in said


def test_charts_have_their_documents(first: Demo) -> None:
    readmes = first.shape["search"]["readmes"]
    assert readmes["searched"] >= 90
    assert first.shape["search"]["hits"]
    files = Content(resource("demo")).charts("community").at(0).files
    artifacts = first.program.json("catalog", "list", "--registry", COMMUNITY)["artifacts"]
    assert any(artifact["deprecated"] for artifact in artifacts)
    chosen = next(artifact for artifact in artifacts if artifact["name"] == "gullwire")
    given = ("--registry", COMMUNITY, "gullwire", chosen["latest"])
    (archive,) = (files[path] for path in files if path.endswith(f"gullwire-{given[-1]}.tgz"))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for document, path in (("readme", "README.md"), ("values", "values.yaml")):
            member = tar.extractfile(f"gullwire/{path}")
            assert member is not None
            text = first.program.json("catalog", "document", *given, document)["document"]["text"]
            assert text == member.read().decode()
    shown = first.program.json("catalog", "show", *given[:3])
    found = {version["version"]: version["digest"] for version in shown["artifact"]["versions"]}
    assert found[chosen["latest"]] == f"sha256:{hashlib.sha256(archive).hexdigest()}"


def test_what_was_printed_is_what_the_data_says(first: Demo) -> None:
    shape = first.shape
    assert set(shape) == {"registries", "runs", "search"}
    assert first.program.json("registry", "list") == {"registries": shape["registries"]}
    runs = [run for name in FOLDERS for run in first.program.json("history", name)["runs"]]
    by_id = {run["id"]: run for run in runs}
    assert len(by_id) == len(runs)
    assert by_id == {run["id"]: run for run in shape["runs"]}
    found = first.program.json("search", shape["search"]["query"])
    assert {**found, "seconds": 0} == {**shape["search"], "seconds": 0}


def test_both_demos_are_alike(first: Demo, second: Demo) -> None:
    for name in FOLDERS:
        for state in ("present", "gone"):
            digests = stored(first.program.data_dir, name, state)
            assert stored(second.program.data_dir, name, state) == digests
    # Ports and moments differ, and so do the numbers of runs that went on beside each other.
    for part in ("registries", "runs"):
        one, other = (
            [{key: row[key] for key in row.keys() - DIFFERENT} for row in demo.shape[part]]
            for demo in (first, second)
        )
        assert one == other
    found, again = ({**demo.shape["search"], "seconds": 0, "as_of": ""} for demo in (first, second))
    assert found == again


def test_without_a_data_directory_a_temporary_one_is_used_and_named(
    tmp_path: Path, first: Demo
) -> None:
    own = tmp_path / "my registries"
    program = Program(own)
    (tmp_path / "tmp").mkdir()
    program.env |= {"TMPDIR": str(tmp_path / "tmp"), "REGISTRY_DESKTOP_DATA_DIR": str(own)}
    command = [word for word in program.command("demo") if word not in ("--data-dir", str(own))]
    # Without a screen it is headless by itself.
    ended = subprocess.run(command, capture_output=True, text=True, env=program.environment)
    assert ended.returncode == 0, ended.stderr
    assert not own.exists()
    (folder,) = (tmp_path / "tmp").iterdir()
    assert str(folder) in ended.stderr
    assert folder.stat().st_mode & 0o077 == 0
    for name in FOLDERS:
        assert name in ended.stdout
        assert stored(folder, name) == stored(first.program.data_dir, name)
    assert "Traceback" not in ended.stderr
    # The commands that it names do what it says.
    (line,) = re.findall(r"registry-desktop (--data-dir .* registry list)$", ended.stderr, re.M)
    again = subprocess.run(
        [*command[:3], *line.split()], capture_output=True, text=True, env=program.environment
    )
    assert "held: 34 versions would vanish" in again.stdout


def test_a_directory_with_data_is_refused_untouched(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    program.json("tenant", "add", "mine")
    before = {path: path.read_bytes() for path in program.data_dir.rglob("*") if path.is_file()}
    refused = program.json("demo", "--headless", code=2)
    assert refused["error"]["code"] == "not-empty"
    assert all(refused["error"][key] for key in ("message", "cause", "remedy"))
    after = {path: path.read_bytes() for path in program.data_dir.rglob("*") if path.is_file()}
    assert after == before


def test_loopback_is_all_it_needs(tmp_path: Path) -> None:
    unshare, ip = shutil.which("unshare"), shutil.which("ip") or "/usr/sbin/ip"
    if unshare is None or not Path(ip).exists():
        pytest.skip("unshare or ip is not installed")
    alone = [unshare, "-rn", "--", "sh", "-c", f'{ip} link set lo up && exec "$@"', "sh"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    program = Program(tmp_path / "data")
    ended = subprocess.run(
        [*alone, *program.command("demo", "--headless", "--json")],
        capture_output=True,
        text=True,
        timeout=120,
        env=program.environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = own(Demo(program, ended.stdout, ended.stderr))
    assert {name: row["last_outcome"] for name, row in found.items()} == {
        COMMUNITY: "unchanged",
        TEAM: "ok",
        ARCHIVE: "held",
        VENDOR: "failed",
        LAB: "failed",
        REGISTRY: "ok",
        LEGACY: "unchanged",
        FIPS: "unchanged",
        OPEN: "ok",
    }


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_nothing_is_left_over(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    given = json.dumps(program.command("demo", "--headless", "--json")[3:])
    with subprocess.Popen(
        [sys.executable, "-c", LEFTOVER, given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=program.environment,
        start_new_session=True,
    ) as process:
        printed, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert json.loads(printed)["runs"]
    left = json.loads(said.rpartition("LEFT ")[2])
    assert left == {"threads": [], "sockets": [], "processes": []}
    assert of_session(process.pid) == []


def of_session(session: int) -> list[str]:
    """Return the processes of a session that are alive, wherever their parents have gone."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] not in "ZX" and int(fields[3]) == session:
            found.append(entry.name)
    return found
