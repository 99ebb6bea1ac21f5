"""Archives that the index refers to in an OCI registry: where they come from, and who signs in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from registrykit.artifacts import Artifact, Version
from registrykit.errors import RegistryError
from registrykit.oci.content.shapes import HELM_CHARTS, HELM_CONFIG
from registrykit.sync import Settings
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.running import collect_bytes, collect_documents
from registrykit.testing.servers import HelmSite, Names, Site
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic
from registrykit_helm.registry import HelmRegistry

HELM = HelmRegistry()
NGINX = Artifact("chart", "nginx", "nginx")
ROBOT = Basic("robot", "pass-canary")
LOGIN = {"auth": "basic", "username": "robot", "password": "pass-canary"}


@pytest.fixture
def archive(chart: Callable[..., bytes]) -> bytes:
    return chart("nginx", "1.1.0+1", README__md="# nginx\n")


@pytest.fixture
def registry(archive: bytes) -> Iterator[OciSite]:
    with OciSite() as site:
        push(site, archive)
        yield site


def push(site: OciSite, archive: bytes, layer: str = HELM_CHARTS[0]) -> None:
    layers = [Layer(b"provenance", "application/vnd.cncf.helm.chart.provenance.v1.prov")]
    layers.append(Layer(archive, layer))
    site.push_image("acme/nginx", "1.1.0_1", layers=layers, config_type=HELM_CONFIG)


def version(site: OciSite, end: str = "", content: bytes = b"", host: str = "") -> Version:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}" if content else ""
    url = f"oci://{host or site.origin.authority}/acme/nginx{end}"
    return Version("1.1.0+1", digest=digest, urls=("s3://nowhere/x.tgz", url))


def save(one: Version, *approved: Site, endpoint: str = "", **values: Any) -> tuple[str, bytes]:
    settings = Settings(approved=tuple(site.origin.authority for site in approved))
    values = {"endpoint": endpoint or "https://charts.example.com", **values}
    return collect_bytes(HELM, values, NGINX, one, settings=settings)


def refused(one: Version, *approved: Site, **values: Any) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        save(one, *approved, **values)
    error = caught.value
    assert "canary" not in f"{error} {error.cause} {error.remedy}"
    return error


def asked_with(site: Site) -> list[str]:
    return [one.headers["authorization"] for one in site.log if "authorization" in one.headers]


@pytest.mark.parametrize("end", [":1.1.0_1", ""])
def test_the_archive_is_saved_and_read(registry: OciSite, archive: bytes, end: str) -> None:
    one = version(registry, end, archive)
    assert save(one, registry, **LOGIN) == ("nginx-1.1.0+1.tgz", archive)
    found = collect_documents(
        HELM,
        {"endpoint": "https://charts.example.com"},
        NGINX,
        one,
        settings=Settings(approved=(registry.origin.authority,)),
    )
    assert {document.name: document.text for document in found}["readme"] == "# nginx\n"
    assert {document.ref.path for document in found} == {"nginx"}
    assert asked_with(registry) == []


def test_another_host_is_asked_only_if_it_is_approved(registry: OciSite) -> None:
    error = refused(version(registry), **LOGIN)
    assert error.code == "host-not-approved"
    assert registry.origin.authority in str(error)
    assert not registry.log


def test_no_password_goes_to_another_host_though_it_is_approved(archive: bytes) -> None:
    with OciSite(sign_in=ROBOT) as site, TokenServer({"robot": "pass-canary"}) as tokens:
        push(site, archive)
        assert refused(version(site), site, **LOGIN).code == "needs-sign-in"
        site.tokens = tokens
        assert refused(version(site), site, **LOGIN).code == "host-not-approved"
        assert refused(version(site), site, tokens, **LOGIN).code == "needs-sign-in"
        tokens.users = {}
        assert save(version(site), site, tokens, **LOGIN)[1] == archive
        assert asked_with(tokens) == []
        assert not any("Basic" in sent for sent in asked_with(site))


def test_the_repositorys_own_host_is_signed_in_to(archive: bytes) -> None:
    with OciSite(sign_in=ROBOT) as site:
        push(site, archive)
        one = version(site, ":1.1.0_1", archive)
        assert save(one, endpoint=f"{site.url}/charts", **LOGIN)[1] == archive
        assert refused(one, endpoint=f"{site.url}/charts").code == "needs-sign-in"


def test_blobs_that_lie_elsewhere_come_without_a_sign_in(archive: bytes) -> None:
    with OciSite(sign_in=ROBOT) as site, HelmSite(b"") as storage:
        push(site, archive)
        site.manners.storage = storage
        one = version(site, ":1.1.0_1", archive)
        assert save(one, endpoint=f"{site.url}/charts", **LOGIN)[1] == archive
        assert storage.log
        assert asked_with(storage) == []


def test_what_is_not_the_listed_archive_is_refused(registry: OciSite, archive: bytes) -> None:
    assert refused(version(registry, "", b"other"), registry).code == "digest-mismatch"
    error = refused(version(registry, ":9.9.9"), registry)
    assert error.code == "archive-missing"
    assert f"oci://{registry.origin.authority}/acme/nginx:9.9.9" in str(error)
    push(registry, archive, "application/vnd.oci.image.layer.v1.tar")
    assert refused(version(registry), registry).code == "chart-incomplete"
    digest = registry.push_image("acme/nginx", "")
    registry.push_index("acme/nginx", "1.1.0_1", [(digest, {})])
    assert refused(version(registry), registry).code == "not-a-chart"


def test_docker_hub_goes_by_the_name_that_it_answers_to(registry: OciSite) -> None:
    names = Names({"registry-1.docker.io": registry})
    one = version(registry, host="docker.io")
    with pytest.raises(RegistryError) as caught:
        collect_bytes(HELM, {"endpoint": "https://c.example"}, NGINX, one, connect=names)
    assert caught.value.code == "host-not-approved"
    assert "registry-1.docker.io" in str(caught.value)
    assert names.asked == []
