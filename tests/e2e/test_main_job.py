"""The main job on real input: five public index files, served by nginx, read by the program.

What is counted here is counted by another reader too: requests fetches, PyYAML reads.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import yaml

from registrykit.testing.nginx import Nginx
from tests.conftest import Needs
from tests.program import Program

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.shared]

NAMES = ("argoproj", "cilium", "kedacore", "longhorn", "spectrocloud")


@pytest.mark.parametrize("name", NAMES)
def test_the_main_job(name: str, tmp_path: Path, shared_data: Path, needs_program: Needs) -> None:
    needs_program("nginx")
    body = gzip.decompress((shared_data / "helm" / f"{name}-index.yaml.gz").read_bytes())
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    certificate = authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes().decode()
    program = Program(tmp_path / "data")
    server = Nginx(
        tmp_path / "nginx",
        {"charts/index.yaml": body},
        certificate=certificate,
        basic=("reader", "open sesame"),
        server="gzip on; gzip_types *;",
    )
    with server:
        expected = independent(f"{server.url}/charts", str(ca_file))
        program.env["CHARTS_PASSWORD"] = "open sesame"
        sign_in = ("--set", "auth=basic", "--set", "username=reader")
        added = program.json(
            "registry", "add", "helm", "--name", name,
            "--set", f"endpoint={server.url}/charts",
            "--set", "documents=on-demand",
            "--set", f"ca_certificate=@{ca_file}",
            *sign_in, "--secret", "password=env:CHARTS_PASSWORD",
        )  # fmt: skip
        verdicts = {check["stage"]: check["verdict"] for check in added["checks"]}
        assert verdicts["tls"] == verdicts["sign-in"] == "ok"
        assert "failed" not in verdicts.values()
        program.env[f"REGISTRY_DESKTOP_SECRET_{name.upper()}_PASSWORD"] = "open sesame"
        assert program.json("registry", "check", name)["ok"] is True
        (first,) = program.json("sync", name)["runs"]
        (second,) = program.json("sync", name)["runs"]
        asked = server.log()

    assert (first["outcome"], first["code"]) in (("ok", ""), ("partial", "partial"))
    assert first["artifacts"] == len(expected)
    assert first["versions"] == first["added"] == sum(map(len, expected.values()))
    assert (first["documents"], first["document_requests"]) == (0, 0)
    assert (second["outcome"], second["requests"]) == ("unchanged", 1)
    assert (second["artifacts"], second["versions"]) == (first["artifacts"], first["versions"])
    assert asked[-1] == "GET /charts/index.yaml 304"

    # From here on there is no server.
    listed = program.json("--offline", "catalog", "list", "--registry", name)
    assert listed["total"] == len(expected)
    assert {a["name"]: a["versions"] for a in listed["artifacts"]} == {
        chart: len(versions) for chart, versions in expected.items()
    }
    with sqlite3.connect(program.data_dir / "registry-desktop.db") as connection:
        stored: dict[str, dict[str, str]] = {}
        for chart, version, digest in connection.execute(
            "SELECT a.name, v.version, v.digest FROM artifact a"
            " JOIN version v ON v.artifact_id = a.id"
        ):
            stored.setdefault(chart, {})[version] = digest
    connection.close()
    assert stored == expected
    for chart in sorted(expected)[:3]:
        shown = program.json("--offline", "catalog", "show", "--registry", name, chart)
        found = {v["version"]: v["digest"] for v in shown["artifact"]["versions"]}
        assert found == expected[chart]
        assert shown["sections"]
    some = max(expected, key=lambda chart: len(expected[chart]))
    hits = program.json("--offline", "search", some)["hits"]
    assert some in [hit["name"] for hit in hits]
    assert program.json("--offline", "sync", name, code=4)["runs"][0]["code"] == "offline"


def independent(url: str, ca_file: str) -> dict[str, dict[str, str]]:
    """Return digests by chart and version, as another client and another parser see them."""
    answer = requests.get(
        f"{url}/index.yaml", auth=("reader", "open sesame"), verify=ca_file, timeout=30
    )
    answer.raise_for_status()
    content: Any = yaml.load(answer.content, Loader=yaml.CBaseLoader)
    found: dict[str, dict[str, str]] = {}
    for chart, entries in content["entries"].items():
        for entry in entries:
            digest = entry.get("digest", "")
            digest = f"sha256:{digest.removeprefix('sha256:')}" if digest else ""
            found.setdefault(chart, {}).setdefault(entry["version"], digest)
    assert Counter(map(len, found.values()))
    return found
