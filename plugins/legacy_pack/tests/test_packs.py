"""Documents and bytes of one version, and packs in every shape that a manifest may have."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.artifacts import Artifact
from registrykit.errors import BadAnswer, NotFound
from registrykit.events import LARGEST_LOGO, Document, Found, Ref, Skip
from registrykit.formats.chart_archive import file_stem
from registrykit.formats.pack_archive import read_pack
from registrykit.testing import faults
from registrykit.testing.answers import Answer, Request
from registrykit.testing.pack_sites import LegacyPackSite, Shape, pack_archive
from registrykit.testing.running import collect, collect_bytes, collect_documents
from registrykit_legacy_pack import packs, wire
from registrykit_legacy_pack.registry import LegacyPackRegistry

if TYPE_CHECKING:
    from plugins.legacy_pack.tests.conftest import MakePack

PACKS = LegacyPackRegistry()
SHAPES: tuple[Shape, ...] = ("archive", "whole", "files")


def config(site: LegacyPackSite) -> dict[str, Any]:
    return {"endpoint": site.endpoint, "auth": "none"}


def found(site: LegacyPackSite, name: str = "nginx", tag: str = "1.27.0") -> Found:
    for one in collect(PACKS, config(site)).found:
        if (one.artifact.path, one.version.wire_tag) == (name, tag):
            return one
    raise AssertionError(f"{name} {tag} is not listed")


def every_document(site: LegacyPackSite, one: Found) -> list[Document]:
    told = collect_documents(PACKS, config(site), one.artifact, one.version)
    version = one.version
    assert {d.ref for d in told} == {
        Ref(one.artifact.path, version.version, "pack", version.wire_tag)
    }
    return list(told)


def documents(site: LegacyPackSite, one: Found) -> dict[str, str]:
    return {document.name: document.text for document in every_document(site, one)}


def saved(site: LegacyPackSite, one: Found) -> tuple[str, bytes]:
    return collect_bytes(PACKS, config(site), one.artifact, one.version)


@pytest.mark.parametrize("shape", SHAPES)
def test_documents_of_every_shape(held: dict[str, Any], shape: Shape) -> None:
    with LegacyPackSite(shape=shape) as site:
        site.publish(held)
        one = found(site)
        site.forget()
        told = documents(site, one)
        assert list(told) == ["readme", "values", "presets", "metadata", "logo", "manifest"]
        assert told["readme"] == "# nginx 1.27.0\n"
        assert json.loads(told["metadata"])["name"] == "nginx"
        assert len(json.loads(told["manifest"])["layers"]) >= 1
        # By its digest, so that it is the version that was listed, wherever its tag points now.
        assert "/manifests/sha256:" in site.log[0].path


def test_documents_are_those_of_the_version_that_was_listed(
    site: LegacyPackSite, pack: MakePack
) -> None:
    one = found(site)
    site.push("nginx", "1.27.0", pack("nginx", "1.27.0", text="moved"))
    assert documents(site, one)["readme"] == "# nginx 1.27.0\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_logo_is_a_document_and_no_part_of_the_listing(
    held: dict[str, Any], shape: Shape
) -> None:
    picture = held["nginx"]["1.27.0"]["logo.png"]
    with LegacyPackSite(shape=shape) as site:
        site.publish(held)
        one = found(site)
        assert not [asked.path for asked in site.log if "image/png" in asked.path]
        (logo,) = [d for d in every_document(site, one) if d.name == "logo"]
        assert (logo.media_type, base64.b64decode(logo.text)) == ("image/png", picture)


def test_a_logo_that_is_too_large_costs_nothing_but_itself(pack: MakePack) -> None:
    files = pack("nginx", "1.27.0")
    with LegacyPackSite(shape="files") as site:
        site.push("nginx", "1.27.0", {**files, "logo.png": files["logo.png"] * LARGEST_LOGO})
        told = documents(site, found(site))
        assert "readme" in told
        assert "logo" not in told


def test_a_large_archive_is_left_alone_where_pack_json_lies_beside_it(
    site: LegacyPackSite, pack: MakePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "SMALL", 10)
    one = found(site)
    assert not [asked.path for asked in site.log if "gzip" in asked.path]
    assert one.version.facts["layer"] == "addon"
    assert "images" not in one.version.facts
    assert one.version.digest.startswith("sha256:")
    assert documents(site, one)["readme"]
    # A config that is no pack.json is no fault where there is an archive.
    site.push("odd", "1.0", {**pack("odd", "1.0"), "pack.json": b"[]"})
    gaps = collect(PACKS, config(site)).of(Skip)
    assert [gap.ref.path for gap in gaps] == ["odd"]


def test_a_config_that_is_something_else_does_not_matter(
    site: LegacyPackSite, pack: MakePack, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack_archive("odd-1.0", pack("odd", "1.0"))
    digest = f"sha256:{hashlib.sha256(archive).hexdigest()}"
    other = b'{"architecture": "amd64"}'
    beside = f"sha256:{hashlib.sha256(other).hexdigest()}"
    site.push("odd", "1.0", pack("odd", "1.0"))
    site.put(f"/v1/odd/blobs/{digest}", archive)
    site.put(f"/v1/odd/blobs/{beside}", other)
    layer = {"mediaType": "application/octet-stream", "digest": digest, "size": len(archive)}
    manifest = {"config": {"digest": beside, "size": len(other)}, "layers": [layer]}
    site.put("/v1/odd/manifests/1.0", Answer(body=json.dumps(manifest).encode()))
    for small in (packs.SMALL, 10):
        monkeypatch.setattr(packs, "SMALL", small)
        one = found(site, "odd", "1.0")
        assert one.version.facts["images"] == ["odd:1.0"]
        assert one.version.digest == digest


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pack_is_saved_as_one_archive(held: dict[str, Any], shape: Shape) -> None:
    with LegacyPackSite(shape=shape) as site:
        site.publish(held)
        one = found(site, "ubuntu", "lts__22.4.3")
        name, content = saved(site, one)
        assert name == "ubuntu-lts__22.4.3.tar.gz"
        assert read_pack(content).pack.version == "22.4.3"
        if shape != "files":
            assert one.version.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
            return
        # Another reader takes it apart, and again it is the same archive.
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            files = held["ubuntu"]["lts__22.4.3"]
            stem = "ubuntu-lts__22.4.3"
            assert archive.getnames() == [f"{stem}/{file}" for file in files]
            for file, text in files.items():
                member = archive.extractfile(f"{stem}/{file}")
                assert member is not None
                assert member.read() == text
        assert saved(site, one) == (name, content)


def test_long_names_are_put_together_too(pack: MakePack) -> None:
    files = {**pack("deep", "1.0"), f"charts/{'x' * 150}/ä.tgz": b"\0" * 1024, "empty": b""}
    with LegacyPackSite(shape="files") as site:
        site.push("deep", "1.0", files)
        _, content = saved(site, found(site, "deep", "1.0"))
    assert read_pack(content).files[f"charts/{'x' * 150}/ä.tgz"] == 1024


@pytest.mark.parametrize("shape", SHAPES)
def test_bytes_that_are_others_are_refused(held: dict[str, Any], shape: Shape) -> None:
    with LegacyPackSite(shape=shape) as site:
        site.publish(held)
        one = found(site)

        def other(answer: Answer, request: Request) -> Answer:
            if "/blobs/" not in request.path or not isinstance(answer.body, bytes):
                return answer
            return Answer(body=answer.body[::-1], headers=answer.headers)

        site.spoil("*", other)
        with pytest.raises(BadAnswer) as caught:
            saved(site, one)
        assert caught.value.code == "digest-mismatch"
        with pytest.raises(BadAnswer):
            documents(site, one)


def test_a_pack_that_is_gone_says_so(site: LegacyPackSite) -> None:
    one = found(site)
    site.spoil("*", faults.status(404))
    for ask in (saved, documents):
        with pytest.raises(NotFound) as caught:
            ask(site, one)
        assert caught.value.code == "pack-missing"
        assert "Synchronize" in caught.value.remedy


def test_a_file_without_a_size_cannot_be_put_together(pack: MakePack) -> None:
    content = pack("a", "1")["pack.json"]
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with LegacyPackSite() as site:
        site.push("a", "1", pack("a", "1"))
        layer = {"digest": digest, "mediaType": "application/json"}
        manifest = json.dumps({"layers": [layer]}).encode()
        by_digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        for reference in ("1", by_digest):
            site.put(f"/v1/a/manifests/{reference}", Answer(body=manifest))
        with pytest.raises(BadAnswer) as caught:
            saved(site, found(site, "a", "1"))
        assert caught.value.code == "size-missing"


@pytest.mark.parametrize(
    ("path", "version", "stem"),
    [
        ("team/nginx", "1.0+x", "nginx-1.0+x"),
        ("../..", "../../etc", "pack-etc"),
        ("a b", "1/2", "a_b-1_2"),
        ("", "", "pack-0"),
        ("x" * 300, "1", "x" * 100 + "-1"),
    ],
)
def test_file_names_are_safe_everywhere(path: str, version: str, stem: str) -> None:
    assert file_stem(Artifact("pack", path).shown_name, version, "pack") == stem


# Manifests


def layer(title: str = "", media_type: str = "", digest: str = "0", **more: Any) -> dict[str, Any]:
    annotations = {"org.opencontainers.image.title": title} if title else {}
    return {
        "mediaType": media_type,
        "digest": f"sha256:{digest * 64}",
        "size": 7,
        "annotations": annotations,
        **more,
    }


def read(*layers: dict[str, Any], **manifest: Any) -> wire.PackManifest:
    return wire.read_manifest(json.dumps({"layers": layers, **manifest}).encode())


def test_a_layer_is_known_by_its_title_or_its_type() -> None:
    found = read(
        layer("pack.json", "application/octet-stream"),
        layer("./values.yaml", digest="1"),
        layer("charts/a.tgz", "application/gzip", digest="2"),
        layer("charts.tar.gz", "application/gzip", digest="3"),
    )
    assert list(found.files) == ["pack.json", "values.yaml", "charts/a.tgz", "charts.tar.gz"]
    assert found.archive is None
    assert found.size == 28
    typed = read(
        layer(media_type="application/json"),
        layer(media_type="text/x-yaml"),
        layer(media_type="text/markdown"),
        layer(media_type="image/svg+xml"),
    )
    assert list(typed.files) == ["pack.json", "values.yaml", "README.md", "logo.png"]


def test_one_archive_is_the_pack() -> None:
    for one in (
        layer("nginx-1.0.tar.gz", "application/vnd.oci.image.layer.v1.tar"),
        layer("nginx.tgz"),
        layer(media_type="application/vnd.docker.image.rootfs.diff.tar.gzip"),
        layer(name="pack.tgz"),
    ):
        found = read(one, layer(media_type="image/png", digest="1"))
        assert found.archive is not None
        assert found.archive.digest == "sha256:" + "0" * 64
        assert found.size == 7


def test_the_config_may_be_pack_json() -> None:
    archive = layer("a.tgz")
    config = {"digest": "sha256:" + "5" * 64, "size": 90}
    assert read(archive, config=config).files["pack.json"].digest == config["digest"]
    assert not read(archive, config={**config, "size": 2}).files
    assert not read(archive, config={**config, "digest": "sha256:x"}).files
    own = read(archive, layer("pack.json", digest="1"), config=config)
    assert own.files["pack.json"].digest == "sha256:" + "1" * 64


def test_titles_that_lead_out_are_ignored_and_told() -> None:
    found = read(layer("a.tgz"), layer("../../etc/passwd", digest="1"), layer("/x", digest="2"))
    assert not found.files
    assert [problem.partition(" ")[0] for problem in found.problems] == [
        '"../../etc/passwd"',
        '"/x"',
    ]


def test_sizes_and_times_are_taken_if_they_make_sense() -> None:
    created = {"org.opencontainers.image.created": "2026-01-31T12:00:00+01:00"}
    found = read(layer("a.tgz", size=-1), annotations=created)
    assert found.size is None
    assert found.created == "2026-01-31T11:00:00Z"
    assert read(layer("a.tgz"), annotations={"org.opencontainers.image.created": "x"}).created == ""


# Tags


def test_tags_have_groups_and_generated_parents() -> None:
    assert wire.split_tag("lts__14.4.3") == ("lts", "14.4.3")
    assert wire.split_tag("14.4.3") == ("", "14.4.3")
    assert wire.split_tag("__14") == ("", "__14")
    assert wire.split_tag("lts__") == ("", "lts__")
    tags = ["14.4.3", "14.4.x", "14.x", "lts__14.4.3", "lts__14.x", "stable", "9.x", "v1.2", "v1.x"]
    assert wire.families(tags) == {
        "14.4.3": ("14.x", "14.4.x"),
        "lts__14.4.3": ("lts__14.x",),
        "stable": (),
        "9.x": (),
        "v1.2": ("v1.x",),
    }


def test_the_server_of_the_tests_makes_parents_as_the_real_one_is_said_to() -> None:
    with LegacyPackSite() as site:
        for tag in ("lts__14.4.3", "14.4.3", "14.10.1", "latest"):
            site.push("ubuntu", tag, {"pack.json": "{}"})
        assert set(site.tags("ubuntu")) == {
            *("lts__14.4.3", "lts__14.x", "lts__14.4.x", "latest"),
            *("14.4.3", "14.10.1", "14.x", "14.4.x", "14.10.x"),
        }
        site.delete("ubuntu", "lts__14.4.3")
        assert not [tag for tag in site.tags("ubuntu") if tag.startswith("lts")]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"repositories": ["a", "b"]}', ["a", "b"]),
        (b'["a", {"name": "b", "tags": ["1"]}]', ["a", "b"]),
        (b'{"repositories": null}', []),
        (b'{"repositories": [7, null, {}]}', ["", "", ""]),
    ],
)
def test_catalogs_may_look_different(body: bytes, names: list[str]) -> None:
    assert [one.name for one in wire.read_catalog(body)] == names


@pytest.mark.parametrize("body", [b"", b"7", b'"a"', b"{}", b'{"repositories": {}}', b"[" * 10_000])
def test_something_else_is_no_catalog(body: bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        wire.read_catalog(body)
    assert caught.value.code == "not-a-pack-registry"


def test_addresses_are_quoted() -> None:
    blob = wire.Blob("sha256:" + "0" * 64, media_type="image/png")
    assert wire.blob_url("https://h", "a", blob).endswith(
        f"/v1/a/blobs/{blob.digest}?type=image/png"
    )
    assert wire.tags_url("https://h/x", "team/ä b") == (
        "https://h/x/v1/team/%C3%A4%20b/tags/list?n=1000"
    )
    assert wire.manifest_url("https://h", "a", "1.0+b").endswith("/manifests/1.0%2Bb")
