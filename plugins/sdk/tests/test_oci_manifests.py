"""Manifests and indexes: one byte string, one meaning, and the digest that it has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registrykit.errors import BadAnswer
from registrykit.oci import Image, Index, read_manifest
from registrykit.oci.media import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

HEX = "0123456789abcdef" * 4
CONFIG: dict[str, Any] = {"mediaType": "a/b", "digest": f"sha256:{HEX}", "size": 2}


def image(**more: Any) -> dict[str, Any]:
    whole = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [CONFIG]}
    return {key: value for key, value in (whole | more).items() if value != "leave out"}


def index(**more: Any) -> dict[str, Any]:
    child = {**CONFIG, "mediaType": OCI_MANIFEST}
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child], **more}


def read(document: object, content_type: str = "") -> Image | Index:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_manifest(content, content_type)[1]


def refusal(document: object, content_type: str = "") -> str:
    with pytest.raises(BadAnswer) as raised:
        read(document, content_type)
    assert raised.value.remedy
    assert raised.value.cause
    return raised.value.code


def test_what_is_used_is_read_and_the_rest_passed_over() -> None:
    found = read(
        image(
            layers=[{**CONFIG, "annotations": {"org.opencontainers.image.title": "a.tgz"}}],
            annotations={"created": "2026"},
            artifactType="x/y",
            subject={**CONFIG, "mediaType": OCI_MANIFEST},
            future={"a": [1]},
        ),
        f"{OCI_MANIFEST}; charset=utf-8",
    )
    assert isinstance(found, Image)
    assert found.layers[0].title == "a.tgz"
    assert found.layer("a.tgz") is found.layers[0]
    assert found.layer("b.tgz") is None
    assert found.subject is not None
    assert (found.artifact_type, found.annotations) == ("x/y", {"created": "2026"})
    assert found.config.size == 2


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (image(mediaType=DOCKER_MANIFEST), Image),
        (image(layers="leave out"), Image),
        (image(layers=None), Image),
        (image(layers=[]), Image),
        (index(mediaType=DOCKER_LIST), Index),
        (index(manifests=[]), Index),
        (index(manifests=None), Index),
    ],
)
def test_every_kind_is_read(document: dict[str, Any], kind: type) -> None:
    assert type(read(document)) is kind
    media_type = document.pop("mediaType")
    assert type(read(document, media_type)) is kind


@pytest.mark.parametrize(
    ("inside", "said", "code"),
    [
        (OCI_MANIFEST, OCI_MANIFEST.upper(), ""),
        (OCI_MANIFEST, f"{OCI_MANIFEST} ;charset=utf-8", ""),
        (OCI_MANIFEST, "", ""),
        ("leave out", OCI_MANIFEST, ""),
        (None, OCI_MANIFEST, ""),
        (OCI_MANIFEST, DOCKER_MANIFEST, "manifest-type"),
        (OCI_MANIFEST, OCI_INDEX, "manifest-type"),
        (OCI_MANIFEST, "text/html", "manifest-type"),
        (OCI_MANIFEST, "application/json", "manifest-type"),
        ("leave out", "", "manifest-type"),
        ("leave out", "text/html", "manifest-type"),
        ("application/vnd.example+json", "application/vnd.example+json", "manifest-type"),
        (17, OCI_MANIFEST, "manifest-type"),
        (["a"], OCI_MANIFEST, "manifest-type"),
    ],
)
def test_mf_04_header_and_content_say_the_same(inside: object, said: str, code: str) -> None:
    document = image(mediaType=inside)
    if code:
        assert refusal(document, said) == code
    else:
        assert isinstance(read(document, said), Image)


def doubled(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode().replace(b'{"schema', b'{"layers":[],"schema', 1)


@pytest.mark.parametrize(
    ("case", "document", "code"),
    [
        ("MF-03", image(manifests=[]), "manifest-mixed"),
        ("MF-03", index(layers=[]), "manifest-mixed"),
        ("MF-03", index(config=CONFIG), "manifest-mixed"),
        ("MF-03", image(fsLayers=[]), "manifest-mixed"),
        ("MF-05", {"schemaVersion": 1, "name": "a", "fsLayers": []}, "manifest-schema1"),
        ("MF-10", image(layers=[CONFIG] * 20_000), "manifest-too-long"),
        ("MF-09", index(manifests=[CONFIG] * 20_000), "manifest-too-long"),
        ("MF-11", doubled(image()), "manifest-twice"),
        ("MF-11", doubled(image(layers=None)), "manifest-twice"),
        ("MF-12", b"[" * 100_000, "bad-manifest"),
        ("MF-12", b'{"a":' * 100_000, "bad-manifest"),
        ("MF-12", b"\xef\xbb\xbf" + json.dumps(image()).encode(), "bad-manifest"),
        ("MF-12", json.dumps(image()).encode() + b"x", "bad-manifest"),
        ("MF-12", json.dumps(image()).encode("utf-16"), "bad-manifest"),
        ("MF-12", json.dumps(image(future=float("nan"))).encode(), "bad-manifest"),
        ("MF-12", json.dumps(image(annotations={"a": "\ud800"})).encode(), "bad-manifest"),
        ("MF-12", b"", "bad-manifest"),
        ("MF-12", b"null", "bad-manifest"),
        ("MF-12", b"[]", "bad-manifest"),
        ("", image(schemaVersion=3), "bad-manifest"),
        ("", image(schemaVersion="leave out"), "bad-manifest"),
        ("", image(config="leave out"), "bad-manifest"),
        ("", image(config=[]), "bad-manifest"),
        ("", image(layers={}), "bad-manifest"),
        ("", image(layers=[7]), "bad-manifest"),
    ],
)
def test_manifests_that_are_refused(case: str, document: object, code: str) -> None:
    said = OCI_MANIFEST if isinstance(document, bytes) else ""
    assert refusal(document, said) == code, case


@pytest.mark.parametrize("kind", ["json", "prettyjws"])
def test_mf_05_the_format_of_the_past_is_named(kind: str) -> None:
    said = f"application/vnd.docker.distribution.manifest.v1+{kind}"
    assert refusal(b"{}", said) == "manifest-schema1"


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:../../x",
        f"sha256:{HEX.upper()}",
        f"sha256:{HEX[1:]}",
        f"sha256:{HEX}0",
        f"md5:{HEX[:32]}",
        f"sha256:{HEX}\n",
        "",
        None,
        7,
    ],
)
def test_mf_01_digests_in_descriptors(digest: object) -> None:
    wrong = {**CONFIG, "digest": digest}
    for document in (
        image(config=wrong),
        image(layers=[CONFIG, wrong]),
        image(subject=wrong),
        index(manifests=[wrong]),
    ):
        assert refusal(document) in ("bad-digest", "bad-manifest")
    assert read(image(config={**CONFIG, "digest": f"sha512:{HEX}{HEX}"}))


@pytest.mark.parametrize(
    "size", [-1, 2**63, 2**70, -(2**70), 1.5, 2.0, "10", True, None, [], 1e400]
)
def test_mf_07_sizes(size: object) -> None:
    content = json.dumps(image(layers=[{**CONFIG, "size": size}])).replace("Infinity", "1e400")
    assert refusal(content.encode(), OCI_MANIFEST) == "bad-manifest"
    assert read(image(layers=[{**CONFIG, "size": 2**63 - 1}]))
    assert read(image(layers=[{**CONFIG, "size": 0}]))


def test_mf_10_annotations_describe_and_decide_nothing() -> None:
    odd: dict[str, Any] = {"number": 7, "list": ["x"], "none": None, "text": "ok"}
    found = read(image(annotations=odd | {f"a{n}": "x" for n in range(5000)}))
    assert isinstance(found, Image)
    assert found.annotations["text"] == "ok"
    assert "number" not in found.annotations
    assert len(found.annotations) == 1000
    long = read(image(annotations={"long": "x" * 1_000_000}))
    assert len(long.annotations["long"]) == 64 * 1024
    for wrong in ("text", ["list"], 7):
        assert read(image(annotations=wrong)).annotations == {}


def test_mf_14_mf_17_urls_and_embedded_content_are_not_used() -> None:
    layer = {**CONFIG, "urls": ["http://169.254.169.254/"], "data": "AAAA"}
    found = read(image(layers=[layer]))
    assert isinstance(found, Image)
    assert not hasattr(found.layers[0], "urls")
    assert not hasattr(found.layers[0], "data")


def test_mf_18_platforms_of_every_kind() -> None:
    platforms: list[dict[str, Any]] = [
        {"architecture": "amd64", "os": "linux", "os.version": None, "variant": None},
        {"architecture": "skeleton", "os": "multi", "os.features": ["x"] * 1000},
        {"architecture": "x" * 1000, "os": "", "os.version": "10.0"},
        {},
    ]
    children = [{**CONFIG, "platform": platform} for platform in platforms]
    found = read(index(manifests=[*children, {**CONFIG, "platform": None}]))
    assert isinstance(found, Index)
    seen = [child.platform and child.platform.architecture for child in found.manifests]
    assert seen == ["amd64", "skeleton", "x" * 1000, "", None]
    assert found.manifests[2].platform is not None
    assert found.manifests[2].platform.os_version == "10.0"
