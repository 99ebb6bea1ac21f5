"""The main job by the command line: the real program, real workers, a real server.

Every JSON object is compared with the exact keys that the command line promises.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from registrykit.testing.servers import HelmSite
from tests.program import Program

pytestmark = pytest.mark.e2e

REGISTRY = set(
    "id name type environment scope tenant endpoint default editable activity last_outcome"
    " conditions automatic last_success last_attempt next message artifacts versions".split()
)
IN_FULL = REGISTRY | {"description", "visible_to", "config", "provenance", "fips"}
CHECK = set("stage verdict code message remedy seconds".split())
RUN = set(
    "id registry outcome added changed removed skipped artifacts versions documents"
    " documents_missing requests document_requests bytes started finished seconds code message"
    " remedy".split()
)
CHANGE = set("change kind artifact version old_digest new_digest".split())
SKIPPED = {"artifact", "version", "reason"}
HIT = set("registry kind path name display_name latest versions description deprecated".split())
VERSION = set("version tag digest size created app_version state first_seen extra".split())
TYPE = {"id", "title", "plugin", "kinds", "editions", "confirmation", "fields"}
FIELD = set("name kind required secret default choices help".split())
ERROR = {"code", "message", "cause", "remedy"}
DOCUMENT = {"name", "media_type", "digest", "fetched", "text"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def chart(name: str, version: str, **files: str) -> bytes:
    buffer = io.BytesIO()
    files = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", **files}
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


CHARTS = {
    ("loki", "1.0.0"): chart("loki", "1.0.0", **{"README.md": "# Old\n"}),
    ("loki", "1.1.0"): chart(
        "loki",
        "1.1.0",
        **{"README.md": "# Loki\n\nLogs, \x1b[31mred\x1b[0m.\n", "values.yaml": "a: 1\n"},
    ),
    ("loki", "2.0.0-rc.1"): chart("loki", "2.0.0-rc.1"),
    ("redis", "7.0.0"): chart("redis", "7.0.0", **{"README.md": "# Redis\n"}),
}


def index(without: str = "") -> str:
    lines = ["apiVersion: v1", "entries:"]
    for name in ("loki", "redis"):
        lines.append(f"  {name}:")
        for (chart_name, version), content in CHARTS.items():
            if chart_name == name and version != without:
                lines += [
                    f"  - name: {name}",
                    f"    version: {version}",
                    "    apiVersion: v2",
                    '    appVersion: "9"',
                    f"    description: The {name} chart",
                    f"    deprecated: {'true' if name == 'redis' else 'false'}",
                    "    created: '2026-01-02T03:04:05Z'",
                    f"    digest: {hashlib.sha256(content).hexdigest()}",
                    f"    urls: [{name}-{version}.tgz]",
                ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def site() -> Iterator[HelmSite]:
    files = {f"{name}-{version}.tgz": content for (name, version), content in CHARTS.items()}
    with HelmSite(index(), files, base="/charts") as made:
        yield made


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, site: HelmSite) -> Program:
    """The program with one registry, added and synchronized; tests only read."""
    made = Program(tmp_path_factory.mktemp("main-job") / "data")
    added = made.json(
        "registry", "add", "helm", "--name", "Team", "--set", f"endpoint={site.endpoint}/"
    )
    assert set(added) == {"registry", "checks"}
    assert set(added["registry"]) == REGISTRY
    assert added["checks"]
    assert all(set(check) == CHECK for check in added["checks"])
    assert all(check["verdict"] != "failed" for check in added["checks"])
    assert added["registry"]["last_outcome"] == "never"
    runs = made.json("sync")
    assert set(runs) == {"runs"}
    (run,) = runs["runs"]
    assert set(run) == RUN
    assert (run["registry"], run["outcome"]) == ("Team", "ok")
    assert (run["added"], run["artifacts"], run["versions"]) == (4, 2, 4)
    assert TIME.fullmatch(run["started"])
    assert TIME.fullmatch(run["finished"])
    assert run["seconds"] >= 0
    assert run["documents"] > 0
    return made


def test_types_say_what_to_enter(program: Program) -> None:
    shown = program.json("registry", "types")
    assert set(shown) == {"types"}
    kind = next(one for one in shown["types"] if one["id"] == "helm")
    assert set(kind) == TYPE
    assert kind["plugin"] == "registrykit-helm"
    assert kind["kinds"] == ["chart"]
    assert all(set(field) == FIELD for field in kind["fields"])
    fields = {field["name"]: field for field in kind["fields"]}
    assert fields["endpoint"]["required"]
    assert fields["auth"]["choices"] == ["none", "basic", "token"]
    assert fields["password"]["secret"]


def test_a_registry_is_listed_and_shown(program: Program, site: HelmSite) -> None:
    listed = program.json("registry", "list")
    assert set(listed) == {"registries"}
    (row,) = listed["registries"]
    assert set(row) == REGISTRY
    assert row["type"] == "helm"
    assert (row["environment"], row["scope"], row["tenant"]) == ("default", "tenant", "default")
    assert row["endpoint"] == site.endpoint
    assert (row["default"], row["editable"], row["automatic"]) == (False, True, True)
    assert (row["activity"], row["last_outcome"], row["conditions"]) == ("idle", "ok", [])
    assert (row["artifacts"], row["versions"]) == (2, 4)
    assert all(TIME.fullmatch(row[key]) for key in ("last_success", "last_attempt", "next"))
    assert row["last_success"] < row["next"]
    for name in ("Team", "team", "default/team", row["id"]):
        shown = program.json("registry", "show", name)
        assert set(shown) == {"registry"}
        assert set(shown["registry"]) == IN_FULL
        assert {key: shown["registry"][key] for key in REGISTRY} == row
    assert shown["registry"]["visible_to"] == ["default"]
    assert shown["registry"]["provenance"] is None
    assert shown["registry"]["config"]["auth"] == "none"
    assert "password" not in shown["registry"]["config"]


def test_a_stored_registry_and_a_new_one_can_be_checked(program: Program, site: HelmSite) -> None:
    for given in (["Team"], ["helm", "--set", f"endpoint={site.endpoint}"]):
        checked = program.json("registry", "check", *given)
        assert set(checked) == {"ok", "checks"}
        assert checked["ok"] is True
        assert all(set(check) == CHECK for check in checked["checks"])
    checked = program.json(
        "registry", "check", "helm", "--set", "endpoint=http://127.0.0.1:1", code=4
    )
    assert checked["ok"] is False
    assert "failed" in [check["verdict"] for check in checked["checks"]]


def test_what_is_not_due_is_not_synchronized(program: Program, site: HelmSite) -> None:
    before = site.count()
    ended = program.run("sync", "--json")
    assert ended.code == 0
    assert json.loads(ended.out) == {"runs": []}
    assert "Nothing is due. Next is Team, in 23 h." in ended.err
    assert site.count() == before


def test_the_history_of_a_registry(program: Program) -> None:
    history = program.json("history", "Team")
    assert set(history) == {"runs"}
    assert all(set(run) == RUN for run in history["runs"])
    first = history["runs"][-1]
    one = program.json("history", "Team", "--run", str(first["id"]))
    assert set(one) == {"runs", "changes", "skipped"}
    assert one["runs"] == [first]
    assert len(one["changes"]) == first["added"]
    assert all(set(change) == CHANGE for change in one["changes"])
    assert {change["change"] for change in one["changes"]} == {"added"}
    assert all(DIGEST.fullmatch(change["new_digest"]) for change in one["changes"])
    assert one["skipped"] == []
    refused = program.json("history", "Team", "--run", "999", code=2)
    assert refused["error"]["code"] == "unknown-run"


def test_search_finds_by_name_and_readme(program: Program) -> None:
    found = program.json("search", "LOGS")
    assert set(found) == {"query", "total", "seconds", "as_of", "readmes", "hits"}
    assert found["total"] == 1
    assert TIME.fullmatch(found["as_of"])
    assert set(found["readmes"]) == {"searched", "missing"}
    (hit,) = found["hits"]
    assert set(hit) == HIT
    assert (hit["registry"], hit["kind"], hit["path"], hit["latest"]) == (
        "Team",
        "chart",
        "loki",
        "1.1.0",
    )
    assert hit["versions"] == 3
    assert program.json("search", "the", "chart", "--limit", "1")["total"] == 2
    assert program.json("search", "chart", "--kind", "pack")["hits"] == []
    assert program.json("search", "chart", "--registry", "Team")["total"] == 2
    assert program.json("search", "chart", "--registry", "x", code=2)["error"]["code"] == (
        "unknown-name"
    )


def test_the_catalog_is_listed(program: Program) -> None:
    listed = program.json("catalog", "list", "--registry", "Team")
    assert set(listed) == {"total", "as_of", "artifacts"}
    assert all(set(artifact) == HIT for artifact in listed["artifacts"])
    assert [artifact["name"] for artifact in listed["artifacts"]] == ["loki", "redis"]
    page = program.json("catalog", "list", "--registry", "Team", "--limit", "1", "--offset", "1")
    assert (page["total"], [row["name"] for row in page["artifacts"]]) == (2, ["redis"])


def test_an_artifact_is_shown_with_its_versions(program: Program) -> None:
    shown = program.json("catalog", "show", "--registry", "Team", "LOKI")
    assert set(shown) == {"artifact", "sections"}
    artifact = shown["artifact"]
    assert set(artifact) == HIT
    assert [version["version"] for version in artifact["versions"]] == [
        "2.0.0-rc.1",
        "1.1.0",
        "1.0.0",
    ]
    for version in artifact["versions"]:
        assert set(version) == VERSION
        content = CHARTS["loki", version["version"]]
        assert version["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert (version["state"], version["app_version"]) == ("present", "9")
        assert TIME.fullmatch(version["first_seen"])
        assert version["extra"]["urls"] == [f"loki-{version['version']}.tgz"]
        assert version["extra"]["apiVersion"] == "v2"
    assert all(set(section) == {"title", "kind", "content"} for section in shown["sections"])
    assert "# Loki" in next(s["content"] for s in shown["sections"] if s["kind"] == "readme")
    of_old = program.json(
        "catalog", "show", "--registry", "Team", "loki", "1.0.0", "--kind", "chart"
    )
    assert "readme" not in [section["kind"] for section in of_old["sections"]]
    for wrong, code in ((["nginx"], "unknown-name"), (["loki", "9"], "unknown-version")):
        refused = program.json("catalog", "show", "--registry", "Team", *wrong, code=2)
        assert refused["error"]["code"] == code


def test_documents_are_read_and_fetched(program: Program) -> None:
    where = ("catalog", "document", "--registry", "Team", "loki")
    shown = program.json(*where, "1.1.0", "readme")
    assert set(shown) == {"document"}
    assert set(shown["document"]) == DOCUMENT
    assert DIGEST.fullmatch(shown["document"]["digest"])
    assert TIME.fullmatch(shown["document"]["fetched"])
    # What is not read on a terminal is exactly what came.
    printed = program.run(*where, "1.1.0", "readme")
    assert printed.out == shown["document"]["text"] == "# Loki\n\nLogs, \x1b[31mred\x1b[0m.\n"
    missing = program.json(*where, "1.0.0", "readme", code=4)
    assert set(missing) == {"error"}
    assert set(missing["error"]) == ERROR
    assert missing["error"]["code"] == "not-downloaded"
    assert "--fetch" in missing["error"]["remedy"]
    offline = program.json(*where, "1.0.0", "readme", "--fetch", "--offline", code=4)
    assert offline["error"]["code"] == "offline"
    assert program.json(*where, "1.0.0", "readme", "--fetch")["document"]["text"] == "# Old\n"
    assert program.run(*where, "1.0.0", "readme").out == "# Old\n"
    none = program.json(*where, "1.0.0", "schema", code=4)
    assert none["error"]["code"] == "no-such-document"


def test_an_artifact_is_saved_once(program: Program, tmp_path: Path) -> None:
    given = ("catalog", "save", "--registry", "Team", "redis", "7.0.0", "--to", str(tmp_path))
    saved = program.json(*given)
    content = CHARTS["redis", "7.0.0"]
    assert saved == {
        "path": str(tmp_path / "redis-7.0.0.tgz"),
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
    }
    assert Path(saved["path"]).read_bytes() == content
    assert program.json(*given, code=2)["error"]["code"] == "file-exists"
    assert program.json(*given[:-1], str(tmp_path / "x"), code=2)["error"]["code"] == "no-folder"
    assert [path.name for path in tmp_path.iterdir()] == ["redis-7.0.0.tgz"]


def test_people_read_tables(program: Program) -> None:
    listed = program.run("registry", "list")
    assert "Team" in listed.out
    assert "✓ synced" in listed.out
    assert "\x1b" not in listed.out
    found = program.run("search", "redis")
    assert "deprecated" in found.out
    assert "1 hit, as of" in found.err
    shown = program.run("catalog", "show", "--registry", "Team", "loki")
    assert "2.0.0-rc.1" not in shown.out
    assert "1 pre-release" in shown.err
    assert "2.0.0-rc.1" in program.run("catalog", "show", "--registry", "Team", "loki", "--all").out
    assert "added" in program.run("history", "Team", "--run", "1").out
    assert "Endpoint" in program.run("registry", "show", "Team").out
    assert "Meaning" in program.run("registry", "types").out


def test_reading_loads_no_database_layer_and_no_window(program: Program) -> None:
    ended = subprocess.run(
        program.command("registry", "list", "--json"),
        capture_output=True,
        text=True,
        timeout=60,
        env={**program.environment, "PYTHONPROFILEIMPORTTIME": "1"},
    )
    assert ended.returncode == 0
    loaded = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in ended.stderr.split("\n")
    }
    assert "desktop" in loaded
    assert not loaded & {"sqlalchemy", "sqlmodel", "rich", "PySide6", "yaml", "requests", "urllib3"}
