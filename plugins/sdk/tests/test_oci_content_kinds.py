"""Charts, packs, Zarf packages, images and files in an OCI registry: facts, documents, bytes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from plugins.sdk.tests.oci_contents import (
    HELM_CONFIG,
    PACKS,
    PNG,
    ZARF_CONFIG,
    ZARF_LAYER,
    ZARF_YAML,
    Reader,
    chart_files,
    one,
    pack_files,
    push_chart,
    push_container,
    push_pack,
    push_zarf,
    tgz,
)
from registrykit.artifacts import Artifact, Version
from registrykit.errors import NotFound
from registrykit.events import Found, Note, Skip
from registrykit.formats.index import read_index
from registrykit.oci import read_address, read_manifest
from registrykit.oci.content import commands
from registrykit.testing.oci import Layer, OciSite

DEPENDENCIES = [
    {"name": "common", "version": "2.x.x", "repository": "oci://charts.example.com/stable"},
    {"name": "redis", "version": "^18", "repository": "", "condition": "redis.enabled"},
]


@pytest.fixture
def site() -> Iterator[OciSite]:
    with OciSite() as served:
        yield served


def found_in(site: OciSite, path: str, version: str = "", **values: Any) -> Found:
    run, _ = Reader(site.endpoint, **values).sync()
    assert not run.of(Skip)
    return one(run, path, version)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "dependencies": DEPENDENCIES,
            "maintainers": [{"name": "Ann", "email": "ann@example.com"}],
            "annotations": {"artifacthub.io/changes": "- one\n- two\n", "count": "3"},
            "deprecated": True,
            "home": "https://example.com",
            "sources": ["https://example.com/source"],
            "icon": "https://example.com/icon.png",
        },
        {
            "appVersion": 1.10,
            "kubeVersion": None,
            "type": "library",
            "unknown": {"deep": [1, True]},
        },
    ],
)
def test_a_chart_has_the_facts_that_a_helm_index_gives(
    site: OciSite, fields: dict[str, Any]
) -> None:
    chart, archive = chart_files("web", "1.1.0+build.5", **fields)
    push_chart(site, "acme/web", "1.1.0+build.5", **fields)
    entry = {
        **chart,
        "created": "2026-01-31T12:00:00Z",
        "digest": hashlib.sha256(archive).hexdigest(),
        "urls": ["web-1.1.0+build.5.tgz"],
    }
    index = {"apiVersion": "v1", "entries": {"web": [entry]}}
    ((artifact, listed),) = next(iter(read_index(json.dumps(index).encode()))).entries
    found = found_in(site, "acme/web")
    version = found.version
    assert version.facts == listed.facts
    for name in ("version", "created", "app_version", "description", "deprecated", "dependencies"):
        assert getattr(version, name) == getattr(listed, name), name
    assert (found.artifact.description, found.artifact.keywords) == (
        artifact.description,
        artifact.keywords,
    )
    # The same bytes, by whichever way they came.
    assert version.content_digest == listed.digest
    assert version.tag == "1.1.0_build.5"
    assert version.size == len(archive)
    reader = Reader(site.endpoint)
    assert reader.saved(found) == ("web-1.1.0_build.5.tgz".replace("_", "+"), archive)
    texts = reader.texts(found)
    assert list(texts) == ["readme", "values", "schema", "metadata", "manifest"]
    assert texts["readme"].text == "# web 1.1.0+build.5\n"
    assert {text.ref.tag for text in texts.values()} == {"1.1.0_build.5"}
    assert sha256(texts["manifest"].text.encode()) == version.digest


def test_the_tag_names_a_chart_whatever_its_config_says(site: OciSite) -> None:
    push_chart(site, "acme/web", "1.0.0", "latest")
    push_chart(site, "acme/web", "1.0.0", "2.0.0_other")
    run, _ = Reader(site.endpoint).sync()
    rows = {found.version.version: found.version for found in run.found}
    assert {version: row.wire_tag for version, row in rows.items()} == {
        "latest": "latest",
        "2.0.0+other": "2.0.0_other",
    }
    assert {row.facts["version"] for row in rows.values()} == {"1.0.0"}


def test_a_pack_comes_with_all_its_documents(site: OciSite) -> None:
    files = pack_files("nginx", "1.27.0", addonType="ingress", annotations={"system_state": "x"})
    push_pack(site, f"acme/{PACKS}/nginx", "1.27.0", files)
    run, _ = Reader(site.endpoint).sync()
    (found,) = run.found
    facts = found.version.facts
    assert (facts["layer"], facts["addonType"], facts["state"]) == ("addon", "ingress", "x")
    assert facts["images"] == ["nginx:1.27.0"]
    assert found.artifact.display_name == "Nginx"
    texts = {document.name: document for document in run.documents}
    assert list(texts) == ["readme", "values", "metadata", "logo", "manifest"]
    assert base64.b64decode(texts["logo"].text) == PNG
    assert sha256(texts["manifest"].text.encode()) == found.version.digest
    reader = Reader(site.endpoint)
    assert reader.texts(found) == texts
    name, content = reader.saved(found)
    assert (name, sha256(content)) == ("nginx-1.27.0.tar.gz", found.version.content_digest)


def test_a_pack_beside_other_files(site: OciSite) -> None:
    """Only one archive makes a pack; what lies elsewhere is a file like any other."""
    pack = Layer(tgz(pack_files("a", "1")), title="a-1.tar.gz")
    readme = Layer(b"# A", "text/markdown", "README.md")
    site.push_image(f"{PACKS}/a", "1", layers=[readme, pack])
    site.push_image("elsewhere/a", "1", layers=[pack])
    site.push_image(f"{PACKS}/b", "1", layers=[pack, Layer(b"2", title="b-1.tar.gz")])
    run, _ = Reader(site.endpoint).sync()
    assert {(f.artifact.kind, f.artifact.path) for f in run.found} == {
        ("pack", f"{PACKS}/a"),
        ("artifact", "elsewhere/a"),
    }
    assert [(skip.ref.path, skip.ref.version) for skip in run.of(Skip)] == [(f"{PACKS}/b", "1")]
    named, _ = Reader(site.endpoint, provider="pack", repositories=["elsewhere/a"]).sync()
    assert [found.artifact.kind for found in named.found] == ["pack"]


def test_a_zarf_package_is_read_through_its_small_files(site: OciSite) -> None:
    push_zarf(site, "acme/podinfo", "6.4.0", ZARF_YAML)
    found = found_in(site, "acme/podinfo")
    facts = found.version.facts
    assert facts["architectures"] == ["amd64", "arm64"]
    assert facts["skeleton"] is True
    assert [component["name"] for component in facts["components"]] == ["flux"]
    assert facts["components"][0]["somethingNew"] == "kept"
    assert facts["images"] == ["ghcr.io/stefanprodan/podinfo:6.4.0"]
    assert facts["problems"] == ["fields that are not known here: 1"]
    assert found.artifact.description == "A small web application"
    assert found.version.size is not None
    assert found.version.size > 2048
    assert len(site.asked("/blobs/")) == 2
    assert len(site.asked("/manifests/")) == 2
    texts = Reader(site.endpoint).texts(found)
    assert texts["metadata"].text == ZARF_YAML.decode()
    assert json.loads(texts["manifest"].text)["manifests"]


def test_zarf_packages_of_every_age(site: OciSite) -> None:
    plain = [Layer(ZARF_YAML, ZARF_LAYER, "zarf.yaml"), Layer(b"x", ZARF_LAYER, "zarf.yaml.sig")]
    old = "application/vnd.unknown.config.v1+json"
    site.push_image("acme/old", "6.4.0-arm64", layers=plain, config_type=old)
    site.push_image(
        "acme/bare", "1", layers=[Layer(ZARF_YAML, ZARF_LAYER)], config_type=ZARF_CONFIG
    )
    push_zarf(site, "acme/odd", "7.0.0-upstream", ZARF_YAML, checksums=b"0 x\n" + b"0" * 64 + b" y")
    run, _ = Reader(site.endpoint, provider="zarf").sync()
    old_one, odd = one(run, "acme/old").version, one(run, "acme/odd").version
    assert (old_one.version, old_one.facts["version"], old_one.facts["signed"]) == (
        "6.4.0-arm64",
        "6.4.0",
        True,
    )
    assert '"y" is listed in checksums.txt and not there' in odd.facts["problems"]
    (skip,) = run.of(Skip)
    assert (skip.ref.path, skip.reason.startswith("This is not a Zarf package.")) == (
        "acme/bare",
        True,
    )


def test_images(site: OciSite) -> None:
    amd64 = push_container(site, "acme/app", "v1")
    attestation = site.push_image("acme/app", "", annotations={"x": "y"})
    site.push_index(
        "acme/app",
        "v2",
        [
            (amd64, {"os": "linux", "architecture": "amd64"}),
            (amd64, {"os": "linux", "architecture": "arm", "variant": "v7"}),
            (attestation, {"os": "unknown", "architecture": "unknown"}),
        ],
    )
    site.push_index("acme/app", "v3", [(amd64, {})])
    run, _ = Reader(site.endpoint).sync()
    v1, v2 = one(run, "acme/app", "v1"), one(run, "acme/app", "v2")
    assert {found.artifact.kind for found in run.found} == {"image"}
    assert v1.version.facts["platforms"] == ["linux/amd64"]
    assert (v1.version.created, v1.version.description) == ("2026-01-31T12:00:00Z", "An image")
    assert v2.version.facts["platforms"] == ["linux/amd64", "linux/arm/v7"]
    reader = Reader(site.endpoint)
    assert json.loads(reader.texts(v1)["metadata"].text)["os"] == "linux"
    assert list(reader.texts(v2)) == ["manifest"]


@pytest.mark.parametrize("tag", ["v1", "v2"])
def test_an_image_is_saved_as_a_whole(site: OciSite, tag: str) -> None:
    digest = push_container(site, "acme/app", "v1")
    site.push_index("acme/app", "v2", [(digest, {"os": "linux", "architecture": "amd64"})] * 2)
    run, _ = Reader(site.endpoint).sync()
    found = one(run, "acme/app", tag)
    name, content = Reader(site.endpoint).saved(found)
    assert name == f"app-{tag}.oci.tar"
    assert Reader(site.endpoint).saved(found) == (name, content)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        read = {name: stream.read() for name, stream in files.items() if stream}
    assert len(read) == len(files) == (5 if tag == "v1" else 6)
    for place, blob in read.items():
        if place.startswith("blobs/"):
            assert sha256(blob) == place.removeprefix("blobs/").replace("/", ":")
    (top,) = json.loads(read["index.json"])["manifests"]
    assert top["digest"] == found.version.digest
    assert read_manifest(read[f"blobs/{top['digest'].replace(':', '/')}"], top["mediaType"])


@pytest.mark.parametrize(
    ("title", "file"),
    [
        ("a.rego", "a.rego"),
        ("in/a folder/b.rego", "b.rego"),
        ("../.x", "policy-1"),
        ("..", "policy-1"),
    ],
)
def test_a_single_file_is_saved_as_it_is(site: OciSite, title: str, file: str) -> None:
    layer = Layer(b"package x", "text/plain", title)
    site.push_image("acme/policy", "1", layers=[layer], artifactType="application/x.policy")
    found = found_in(site, "acme/policy")
    assert found.version.facts["artifactType"] == "application/x.policy"
    assert found.version.facts["files"] == [title]
    assert found.version.content_digest == sha256(b"package x")
    assert Reader(site.endpoint).saved(found) == (file, b"package x")


def test_several_kinds_in_one_repository(site: OciSite) -> None:
    push_chart(site, "acme/app", "1.0.0")
    push_container(site, "acme/app", "v1")
    reader = Reader(site.endpoint)
    reader.sync()
    assert reader.versions == {"chart acme/app 1.0.0", "image acme/app v1"}
    site.delete("acme/app", "v1")
    _, changes = reader.sync()
    assert [key[0] for key in changes.removed] == ["image"]
    only = Reader(site.endpoint, provider="zarf")
    run, _ = only.sync()
    assert [note.message for note in run.of(Note)] == [
        "Zarf packages alone are listed here. Passed over: Charts (1)."
    ]


def test_what_was_replaced_is_no_longer_there(site: OciSite) -> None:
    digest = push_chart(site, "acme/web", "1.0.0")
    found = found_in(site, "acme/web")
    del site._repositories["acme/web"].manifests[digest]
    with pytest.raises(NotFound) as raised:
        Reader(site.endpoint).texts(found)
    assert raised.value.code == "version-missing"
    assert raised.value.remedy == "Synchronize the registry."


@pytest.mark.parametrize(
    ("endpoint", "kind", "path", "tag", "expected"),
    [
        (
            "registry.example.com",
            "chart",
            "acme/web",
            "1.0.0_b",
            [
                "helm pull oci://registry.example.com/acme/web --version 1.0.0+b",
                "helm install web oci://registry.example.com/acme/web --version 1.0.0+b",
            ],
        ),
        (
            "http://localhost:5000",
            "pack",
            f"{PACKS}/nginx",
            "1",
            [f"oras pull localhost:5000/{PACKS}/nginx:1 --plain-http"],
        ),
        (
            "ghcr.io/acme",
            "zarf",
            "acme/podinfo",
            "6.4.0",
            [
                "zarf package pull oci://ghcr.io/acme/podinfo:6.4.0",
                "zarf package inspect definition oci://ghcr.io/acme/podinfo:6.4.0",
            ],
        ),
        (
            "https://jfrog.example.com/artifactory/api/docker/team",
            "image",
            "app",
            "v1",
            [
                "docker pull jfrog.example.com/team/app:v1",
                "skopeo copy --all docker://jfrog.example.com/team/app:v1 oci-archive:app-v1.tar",
            ],
        ),
        ("https://example.com/somewhere/else/v2", "pack", "a/b", "1", []),
        ("registry.example.com", "pack", "a b; rm", "1", []),
        ("registry.example.com", "pack", "a/b", "--x", []),
    ],
)
def test_how_other_tools_get_it(
    endpoint: str, kind: str, path: str, tag: str, expected: list[str]
) -> None:
    version = Version(tag.replace("_", "+"), tag if "_" in tag else "")
    found = commands(read_address(endpoint), Artifact(kind, path), version)
    assert [command.text for command in found] == expected


def test_a_config_that_is_none_of_helm_makes_no_chart(site: OciSite) -> None:
    _, archive = chart_files("web", "1.0.0")
    layer = Layer(archive, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    site.push_image("acme/web", "1.0.0", layers=[layer], config_type="application/x.other")
    site.push_image("acme/empty", "1.0.0", config=b"{}", config_type=HELM_CONFIG)
    run, _ = Reader(site.endpoint).sync()
    assert [found.artifact.kind for found in run.found] == ["artifact"]
    assert [skip.reason for skip in run.of(Skip)] == [
        "The chart has no archive. None of its layers is of a type that Helm gives to charts."
    ]
