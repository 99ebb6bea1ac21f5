"""Manifests over the wire: the right bytes, no more than needed, and what indexes lead to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registrykit.errors import BadAnswer, NotFound, RegistryError, Unreachable
from registrykit.oci import OciLimits, digest_of
from registrykit.oci.media import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from registrykit.testing import faults
from registrykit.testing.oci import Layer, OciSite, reading
from registrykit.testing.servers import Answer

HEX = "0123456789abcdef" * 4
CONFIG: dict[str, Any] = {"mediaType": "a/b", "digest": f"sha256:{HEX}", "size": 2}


def image(**more: Any) -> dict[str, Any]:
    whole = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [CONFIG]}
    return {key: value for key, value in (whole | more).items() if value != "leave out"}


def index(**more: Any) -> dict[str, Any]:
    child = {**CONFIG, "mediaType": OCI_MANIFEST}
    return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child], **more}


def failing(site: OciSite, reference: str, **how: Any) -> RegistryError:
    with reading(site) as registry, pytest.raises(RegistryError) as raised:
        registry.manifest("acme/a", reference, **how)
    assert raised.value.remedy
    return raised.value


def test_a_manifest_by_tag_and_by_digest() -> None:
    with OciSite() as site, reading(site) as registry:
        digest = site.push_image("acme/a", "1.0", layers=[Layer(b"x")])
        by_tag, by_digest = registry.manifest("acme/a", "1.0"), registry.manifest("acme/a", digest)
        assert by_tag.digest == by_digest.digest == digest == digest_of(by_tag.content)
        assert by_tag.media_type == OCI_MANIFEST
        assert by_tag.size == len(by_tag.content)
        accepted = site.log[0].headers["accept"]
        for media_type in (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST):
            assert media_type in accepted


def test_one_that_has_not_changed_is_not_sent_again() -> None:
    with OciSite() as site, reading(site) as registry:
        site.push_image("acme/a", "1.0")
        first = registry.manifest("acme/a", "1.0")
        assert registry.changed_manifest("acme/a", "1.0", first.etag) is None
        site.push_image("acme/a", "1.0", layers=[Layer(b"new")])
        second = registry.changed_manifest("acme/a", "1.0", first.etag)
        assert second is not None
        assert second.digest != first.digest
        assert [one.status for one in site.log] == [200, 304, 200]


@pytest.mark.parametrize("status", [200, 400, 405, 501])
@pytest.mark.parametrize("told", [True, False])
def test_a_digest_costs_no_body_where_the_registry_tells_it(status: int, told: bool) -> None:
    with OciSite() as site, reading(site) as registry:
        digest = site.push_image("acme/a", "1.0")
        site.manners.head, site.manners.digests = status, told
        assert registry.digest("acme/a", "1.0") == digest
        methods = [one.method for one in site.log]
        assert methods == (["HEAD"] if status == 200 and told else ["HEAD", "GET"])
        with pytest.raises(NotFound) as raised:
            registry.digest("acme/a", "2.0")
        if status == 200:
            assert raised.value.code == "no-manifest"


def test_mf_02_other_bytes_than_asked_for() -> None:
    with OciSite() as site:
        digest = site.push_image("acme/a", "1.0")
        other = json.dumps(image()).encode()
        site.put(
            f"/v2/acme/a/manifests/{digest}",
            Answer(200, other, {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest}),
        )
        error = failing(site, digest)
        assert error.code == "digest-mismatch"
        assert digest in error.cause


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("", ""),
        ("nonsense", ""),
        (f"sha256:{HEX}", "digest-mismatch"),
        (f"sha512:{HEX}{HEX}", "digest-mismatch"),
        (f"md5:{HEX[:32]}", ""),
    ],
)
def test_mf_16_the_digest_that_a_registry_tells(told: str, code: str) -> None:
    content = json.dumps(image()).encode()
    headers = {"Content-Type": OCI_MANIFEST} | ({"Docker-Content-Digest": told} if told else {})
    with OciSite() as site:
        site.put("/v2/acme/a/manifests/1.0", Answer(200, content, headers))
        if code:
            assert failing(site, "1.0").code == code
            return
        with reading(site) as registry:
            assert registry.manifest("acme/a", "1.0").digest == digest_of(content)


def test_mf_16_another_algorithm_is_checked_by_itself() -> None:
    content = json.dumps(image()).encode()
    digest = digest_of(content, "sha512:")
    headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest}
    with OciSite() as site, reading(site) as registry:
        for reference in ("1.0", digest):
            site.put(f"/v2/acme/a/manifests/{reference}", Answer(200, content, headers))
            assert registry.manifest("acme/a", reference).digest == digest


def test_mf_06_a_manifest_that_is_too_large() -> None:
    big = json.dumps(image(annotations={"a": "x" * 5_000_000})).encode()
    for chunked in (False, True):
        with OciSite() as site:
            site.put(
                "/v2/acme/a/manifests/1.0",
                Answer(200, big, {"Content-Type": OCI_MANIFEST}, chunked=chunked),
            )
            assert failing(site, "1.0").code == "too-large"
    with OciSite() as site:
        site.push_image("acme/a", "1.0")
        site.spoil("/v2/acme/a/manifests/1.0", faults.endless(b" " * 65536))
        assert failing(site, "1.0").code == "too-large"


def test_mf_08_a_size_that_is_not_that_of_the_body() -> None:
    with OciSite() as site:
        digest = site.push_image("acme/a", "1.0")
        with reading(site) as registry:
            right = registry.manifest("acme/a", digest).size
            assert registry.manifest("acme/a", digest, size=right).digest == digest
        for wrong in (right - 1, right + 1, 0):
            assert failing(site, digest, size=wrong).code == "size-mismatch"


def test_mf_15_a_tag_that_moves_has_the_digest_of_what_was_read() -> None:
    with OciSite() as site, reading(site) as registry:
        first = site.push_image("acme/a", "latest")
        assert registry.digest("acme/a", "latest") == first
        second = site.push_image("acme/a", "latest", layers=[Layer(b"new")])
        assert registry.manifest("acme/a", "latest").digest == second


def test_mf_12_a_body_that_was_cut_is_no_manifest() -> None:
    with OciSite() as site:
        site.push_image("acme/a", "1.0")
        path = "/v2/acme/a/manifests/1.0"
        site.spoil(path, faults.cut(20))
        assert isinstance(failing(site, "1.0"), Unreachable)
        site.spoil(path, faults.cut_gzip(0.5))
        assert isinstance(failing(site, "1.0"), Unreachable)
        site.spoil(path, faults.html())
        # The digest that stands in the header is that of another page.
        assert failing(site, "1.0").code in ("bad-manifest", "digest-mismatch")


# Indexes


def test_an_index_leads_to_its_manifests() -> None:
    with OciSite() as site, reading(site) as registry:
        children = [
            site.push_image("acme/a", "", layers=[Layer(arch.encode())])
            for arch in ("amd64", "arm64")
        ]
        entries = [
            (digest, {"architecture": arch, "os": "multi"})
            for digest, arch in zip(children, ("amd64", "arm64"), strict=True)
        ]
        site.push_index("acme/a", "1.0", [*entries, entries[0]])
        found = list(registry.images(registry.manifest("acme/a", "1.0")))
        assert [manifest.digest for _, manifest in found] == children
        pointers = [pointer for pointer, _ in found if pointer and pointer.platform]
        assert [p.platform.architecture for p in pointers if p.platform] == ["amd64", "arm64"]
        alone = registry.manifest("acme/a", children[0])
        assert list(registry.images(alone)) == [(None, alone)]


def test_mf_09_nested_indexes() -> None:
    with OciSite() as site:
        digest = site.push_image("acme/a", "")
        nested = [digest]
        for depth in range(5):
            nested.append(site.push_index("acme/a", f"{depth}", [(nested[-1], {})]))
        with reading(site) as registry:
            for depth in range(3):
                found = list(registry.images(registry.manifest("acme/a", str(depth))))
                assert [manifest.digest for _, manifest in found] == [digest]
            with pytest.raises(BadAnswer) as raised:
                list(registry.images(registry.manifest("acme/a", "3")))
            assert raised.value.code == "index-nested"


def test_mf_09_very_many_children() -> None:
    with OciSite() as site:
        children = [site.push_image("acme/a", "", annotations={"n": str(n)}) for n in range(30)]
        site.push_index("acme/a", "1.0", [(digest, {}) for digest in children])
        with reading(site, limits=OciLimits(children=20)) as registry:
            with pytest.raises(BadAnswer) as raised:
                list(registry.images(registry.manifest("acme/a", "1.0")))
            assert raised.value.code == "index-too-long"
        assert len(site.log) <= 22


def test_mf_08_mf_20_children_that_are_not_there_or_not_as_said() -> None:
    with OciSite() as site, reading(site) as registry:
        digest = site.push_image("acme/a", "")
        child = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
        other = {"mediaType": "application/vnd.example+json", "digest": f"sha256:{HEX}", "size": 1}
        site.push("acme/a", "wrong", index(manifests=[child]), OCI_INDEX)
        site.push(
            "acme/a",
            "gone",
            index(manifests=[{**child, **CONFIG, "mediaType": OCI_MANIFEST}]),
            OCI_INDEX,
        )
        site.push("acme/a", "unknown", index(manifests=[other]), OCI_INDEX)
        for tag, code in (("wrong", "size-mismatch"), ("gone", "no-manifest")):
            with pytest.raises(RegistryError) as raised:
                list(registry.images(registry.manifest("acme/a", tag)))
            assert raised.value.code == code
        assert list(registry.images(registry.manifest("acme/a", "unknown"))) == []
