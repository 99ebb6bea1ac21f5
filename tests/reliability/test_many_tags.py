"""200 repositories with 50 tags: cancelled, resumed, unchanged, and with one tag more in each."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from registrykit.testing.oci import Layer, OciSite
from tests.program import Program

pytestmark = [pytest.mark.reliability, pytest.mark.e2e]

REPOSITORIES = 200
TAGS = 50
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@pytest.fixture
def site() -> Iterator[OciSite]:
    """Serve charts, each version with a manifest and a description of its own."""
    with OciSite() as made:
        for tag in range(TAGS):
            push_everywhere(made, f"1.{tag}.0")
        yield made


def push_everywhere(site: OciSite, version: str) -> None:
    for number in range(REPOSITORIES):
        name = f"chart-{number:03}"
        described = {"apiVersion": "v2", "name": name, "version": version}
        site.push_image(
            f"acme/{name}",
            version,
            layers=[Layer(f"{name} {version}".encode(), CHART_LAYER)],
            config=json.dumps(described).encode(),
            config_type=CHART_CONFIG,
        )


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process there")
def test_cancelled_resumed_and_read_again(site: OciSite, tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    program.json(
        "registry", "add", "oci", "--name", "many", "--no-check",
        "--set", f"endpoint={site.endpoint}", "--set", "documents=on-demand",
    )  # fmt: skip
    with program.start("sync", "many", "--json") as process:
        deadline = time.monotonic() + 60
        while sum("/tags/list" in one.path for one in site.log) < REPOSITORIES // 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        printed, said = process.communicate(timeout=30)
        # From Ctrl-C until the run is recorded as cancelled and the program is gone.
        assert time.monotonic() - begun < 2
    assert process.returncode == 130
    assert "Traceback" not in said
    (run,) = json.loads(printed)["runs"]
    assert (run["outcome"], run["removed"]) == ("cancelled", 0)

    had = program.json("catalog", "list", "--registry", "many", "--limit", "1000")["artifacts"]
    whole = {one["path"] for one in had if one["versions"] == TAGS}
    assert REPOSITORIES // 10 < len(whole) < REPOSITORIES
    first = asked(site)
    site.forget()
    (resumed,) = program.json("sync", "many")["runs"]
    second = asked(site)
    assert resumed["outcome"] == "ok"
    assert (resumed["artifacts"], resumed["versions"]) == (REPOSITORIES, REPOSITORIES * TAGS)
    # It is one run, gone on with. Nothing is asked for of a repository that was whole already.
    assert (resumed["id"], resumed["added"]) == (run["id"], REPOSITORIES * TAGS)
    assert not whole & {repository(path) for path in second}
    # What was under way or not stored yet when it was cancelled is asked for a second time.
    twice = {repository(path) for path in second if first[path] and of_content(path)}
    assert len(twice) <= 20
    assert max(second.values()) == 1

    site.forget()
    (unchanged,) = program.json("sync", "many")["runs"]
    assert unchanged["outcome"] == "unchanged"
    last = asked(site)
    assert catalogs(last) <= 1 + REPOSITORIES // 100
    assert last.total() - catalogs(last) <= REPOSITORIES
    assert not [path for path in last if of_content(path)]

    push_everywhere(site, f"1.{TAGS}.0")
    site.forget()
    (released,) = program.json("sync", "many")["runs"]
    assert (released["added"], released["changed"], released["removed"]) == (REPOSITORIES, 0, 0)
    last = asked(site)
    assert catalogs(last) <= 1 + REPOSITORIES // 100
    # A list for each repository; for each new tag its manifest, and the config that describes it.
    assert last.total() - catalogs(last) <= REPOSITORIES + 2 * REPOSITORIES
    assert {path.rpartition("/")[2] for path in last if "/manifests/" in path} == {f"1.{TAGS}.0"}


def asked(site: OciSite) -> Counter[str]:
    return Counter(one.path for one in site.log)


def catalogs(paths: Counter[str]) -> int:
    return sum(count for path, count in paths.items() if "/_catalog" in path)


def repository(path: str) -> str:
    """Return the repository that a path of the protocol belongs to, empty for the catalog."""
    return "/".join(path.partition("?")[0].split("/")[2:-2])


def of_content(path: str) -> bool:
    return "/manifests/" in path or "/blobs/" in path
