"""Contents in Debian's docker-registry, pushed by oras, and what was saved read by skopeo."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.sdk.tests.oci_contents import (
    PACKS,
    ZARF_YAML,
    Reader,
    one,
    pack_files,
    push_chart,
    push_container,
    push_pack,
    push_zarf,
    tgz,
)
from registrykit.events import Skip, Unchanged
from registrykit.testing.docker_registry import DockerRegistry, find_docker_registry

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    for name, found in (
        ("docker-registry", find_docker_registry()),
        ("skopeo", shutil.which("skopeo")),
    ):
        if found is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{name} is not installed, and CI runs every real part", pytrace=False)
            pytest.skip(f"{name} is not installed")
    with DockerRegistry(tmp_path_factory.mktemp("server")) as served:
        served.push_image(f"acme/{PACKS}", "0.0.0")
        push_pack(served, f"acme/{PACKS}/nginx", "1.27.0")
        push_chart(served, "acme/charts/web", "1.1.0+build.5")
        push_zarf(served, "acme/zarf/podinfo", "6.4.0", ZARF_YAML)
        digest = push_container(served, "acme/images/app", "v1")
        served.push_index("acme/images/app", "v2", [(digest, {"os": "linux", "architecture": "x"})])
        yield served


def test_everything_is_listed_and_nothing_fetched_twice(server: DockerRegistry) -> None:
    reader = Reader(server.url)
    first, _ = reader.sync()
    assert reader.versions == {
        f"pack acme/{PACKS}/nginx 1.27.0",
        "chart acme/charts/web 1.1.0+build.5",
        "zarf acme/zarf/podinfo 6.4.0",
        "image acme/images/app v1",
        "image acme/images/app v2",
    }
    assert not first.of(Skip)
    again, changes = reader.sync()
    assert changes.nothing
    assert again.requests == 6  # five repositories, one of them without content, and the list
    assert len(again.of(Unchanged)) == 4
    server.push_image("acme/images/app", "v3", annotations={"new": "one"})
    _, changes = reader.sync()
    assert [key[2] for key in changes.added] == ["v3"]
    assert not changes.changed


@pytest.mark.parametrize("tag", ["v1", "v2"])
def test_skopeo_reads_what_was_saved(server: DockerRegistry, tmp_path: Path, tag: str) -> None:
    reader = Reader(server.url, paths=["acme/images"])
    found = one(reader.sync()[0], "acme/images/app", tag)
    name, content = reader.saved(found)
    file = tmp_path / name
    file.write_bytes(content)
    done = subprocess.run(
        ["skopeo", "inspect", "--raw", f"oci-archive:{file}"],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert reader.texts(found)["manifest"].text.encode() == done.stdout
    copied = tmp_path / "copied"
    copied.mkdir()
    done = subprocess.run(
        [
            *("skopeo", "--insecure-policy", "copy", "--all"),
            *(f"oci-archive:{file}", f"dir:{copied}"),
        ],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((copied / "manifest.json").read_bytes())


def test_a_pack_that_oras_pushed_is_read(
    server: DockerRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import oras.client

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("vault-1.0.0.tar.gz").write_bytes(tgz(pack_files("vault", "1.0.0"), "vault-1.0.0"))
    host = server.url.removeprefix("http://")
    client = oras.client.OrasClient(hostname=host, insecure=True)
    target = f"{host}/team/{PACKS}/vault:1.0.0"
    client.push(target=target, files=["vault-1.0.0.tar.gz"], quiet=True)
    client.session.close()
    reader = Reader(server.url, provider="pack", paths=["team"])
    run, _ = reader.sync()
    (found,) = run.found
    assert (found.artifact.path, found.version.version) == (f"team/{PACKS}/vault", "1.0.0")
    assert found.version.facts["images"] == ["vault:1.0.0"]
    assert reader.saved(found)[1] == Path("vault-1.0.0.tar.gz").read_bytes()
