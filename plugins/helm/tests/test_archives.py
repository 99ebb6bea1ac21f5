"""Documents of a version, and saving its archive."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError, Unreachable
from registrykit.events import Document, Ref
from registrykit.formats.chart_archive import chart_file_name
from registrykit.sync import Settings
from registrykit.testing import faults
from registrykit.testing.running import collect_bytes, collect_documents
from registrykit.testing.servers import HelmSite, Names
from registrykit.testing.tls import Authority
from registrykit.urls import Basic
from registrykit_helm import archives
from registrykit_helm.registry import HelmRegistry

if TYPE_CHECKING:
    from plugins.helm.tests.conftest import Repository

    Chart = Callable[..., bytes]

HELM = HelmRegistry()
NGINX = Artifact("chart", "nginx", "nginx")


@pytest.fixture
def site(repository: Repository) -> Iterator[HelmSite]:
    with HelmSite(repository.index, repository.archives, base="/stable") as served:
        yield served


def version(*urls: str, digest: str = "", number: str = "1.1.0") -> Version:
    return Version(number, digest=digest, urls=urls)


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def documents(site: HelmSite, one: Version, **values: Any) -> dict[str, Document]:
    found = collect_documents(HELM, {"endpoint": site.endpoint, **values}, NGINX, one)
    assert all(document.ref == Ref("nginx", one.version, "chart") for document in found)
    assert len({document.name for document in found}) == len(found)
    return {document.name: document for document in found}


def both_fail(site: HelmSite, one: Version, **more: Any) -> RegistryError:
    """Ask for the documents and for the bytes; both end with the same error, which is returned."""
    values = {"endpoint": site.endpoint}
    with pytest.raises(RegistryError) as first:
        collect_documents(HELM, values, NGINX, one, **more)
    with pytest.raises(RegistryError) as second:
        collect_bytes(HELM, values, NGINX, one, **more)
    assert (first.value.code, str(first.value)) == (second.value.code, str(second.value))
    assert first.value.cause
    assert first.value.remedy
    return first.value


# Documents


def test_the_texts_of_an_archive_become_documents(site: HelmSite, chart: Chart) -> None:
    archive = chart(
        "nginx",
        "1.1.0",
        README__md="# nginx\n\nBÖFF\n",
        values__yaml="replicas: 1\n",
        values__schema__json='{"type": "object"}',
        **{"templates/a.yaml": "{{ .Values }}", "NOTES.txt": "no"},
    )
    site.put("/stable/a.tgz", archive)
    found = documents(site, version("a.tgz", digest=digest(archive)))
    assert {name: (one.text, one.media_type) for name, one in found.items()} == {
        "readme": ("# nginx\n\nBÖFF\n", "text/markdown"),
        "values": ("replicas: 1\n", "text/yaml"),
        "schema": ('{"type": "object"}', "application/schema+json"),
        "metadata": ("apiVersion: v2\nname: nginx\nversion: 1.1.0\n", "text/yaml"),
    }
    assert site.count() == 1


def test_what_is_not_there_is_not_yielded(site: HelmSite) -> None:
    assert set(documents(site, version("nginx-1.1.0.tgz"))) == {"metadata"}


def test_nothing_is_left_on_disk(
    site: HelmSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(archives, "IN_MEMORY", 1)
    assert documents(site, version("nginx-1.1.0.tgz"))
    site.put("/stable/broken.tgz", b"\x1f\x8bbroken")
    with pytest.raises(BadAnswer):
        documents(site, version("broken.tgz"))
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_is_none_still_fits(site: HelmSite) -> None:
    import gzip
    import tarfile

    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as made:
        for name, content in (
            ("nginx/Chart.yaml", b"apiVersion: v2\nname: nginx\nversion: 1.1.0\n"),
            ("nginx/README.md", b"\xff" * 4_000_000),
        ):
            header = tarfile.TarInfo(name)
            header.size = len(content)
            made.addfile(header, io.BytesIO(content))
    site.put("/stable/a.tgz", gzip.compress(tar.getvalue()))
    readme = documents(site, version("a.tgz"))["readme"].text
    assert readme.endswith("[the beginning of 4,000,000 bytes]\n")
    assert len(readme.encode()) < 4_200_000


@pytest.mark.parametrize(
    "content", [b"<!doctype html><title>Sign in</title>", b"", b"\x1f\x8b\x08\x00junk"]
)
def test_what_is_no_archive_is_refused(site: HelmSite, content: bytes) -> None:
    site.put("/stable/a.tgz", content)
    with pytest.raises(BadAnswer) as caught:
        documents(site, version("a.tgz"))
    assert caught.value.code.startswith("chart-")
    assert caught.value.remedy


def test_an_archive_that_is_too_large_is_not_read_for_documents(
    site: HelmSite, chart: Chart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST", 100)
    with pytest.raises(BadAnswer) as caught:
        documents(site, version("nginx-1.1.0.tgz"))
    assert caught.value.code == "too-large"
    assert collect_bytes(HELM, {"endpoint": site.endpoint}, NGINX, version("nginx-1.1.0.tgz"))


# Addresses


def test_the_first_address_on_a_web_server_is_used(site: HelmSite) -> None:
    one = version("oci://ghcr.io/acme/nginx:1.1.0", "nginx-1.1.0.tgz", "nginx-1.0.0.tgz")
    assert documents(site, one)
    assert [request.path for request in site.log] == ["/stable/nginx-1.1.0.tgz"]


def test_relative_addresses_keep_the_query_of_the_endpoint(site: HelmSite) -> None:
    values = {"endpoint": f"{site.endpoint}/?team=x"}
    collect_bytes(HELM, values, NGINX, version("nginx-1.1.0.tgz"))
    collect_bytes(HELM, values, NGINX, version(f"{site.endpoint}/nginx-1.1.0.tgz"))
    assert [request.path for request in site.log] == [
        "/stable/nginx-1.1.0.tgz?team=x",
        "/stable/nginx-1.1.0.tgz",
    ]


def test_an_archive_without_an_address_says_so(site: HelmSite) -> None:
    assert both_fail(site, version()).code == "no-url"
    assert both_fail(site, version("file:///etc/passwd")).code == "no-url"
    assert both_fail(site, version("oci://ghcr.io/Acme:1")).code == "no-url"
    assert both_fail(site, version("https://robot:canary@example.com/a.tgz")).code == "no-url"
    assert site.count() == 0


def test_an_encrypted_index_vouches_by_digest_alone_for_what_comes_open(
    repository: Repository,
) -> None:
    content, authority = repository.archives["nginx-1.1.0.tgz"], Authority()
    context = authority.issue("127.0.0.1").server_context()
    login = Basic("robot", "right")
    with (
        HelmSite(b"", repository.archives, sign_in=login, tls=context) as own,
        HelmSite(b"", repository.archives) as open_,
    ):
        values = {
            **{"endpoint": own.url, "ca_certificate": authority.certificate},
            **{"auth": "basic", "username": "robot", "password": "right"},
        }
        address = f"{open_.url}/nginx-1.1.0.tgz"
        with pytest.raises(BadAnswer) as caught:
            collect_bytes(HELM, values, NGINX, version(address))
        assert caught.value.code == "not-encrypted"
        assert address in caught.value.cause
        assert open_.count() == 0
        # The same archive at an address that is encrypted is as good.
        safe = version(address, f"{own.url}/nginx-1.1.0.tgz")
        assert collect_bytes(HELM, values, NGINX, safe)[1] == content
        known = version(address, digest=digest(content))
        assert collect_bytes(HELM, values, NGINX, known)[1] == content
        (request,) = open_.log
        assert "authorization" not in request.headers
        with pytest.raises(BadAnswer) as caught:
            collect_bytes(HELM, values, NGINX, version(address, digest=digest(b"other")))
        assert caught.value.code == "digest-mismatch"


def test_another_host_is_asked_only_if_approved_and_without_credentials(
    site: HelmSite, repository: Repository
) -> None:
    site.sign_in = Basic("robot", "right")
    values = {"endpoint": site.endpoint, "auth": "basic", "username": "robot", "password": "right"}
    with HelmSite(b"", repository.archives) as other:
        names = Names({"127.0.0.1": site, "cdn.example.net": other})
        one = version(f"http://cdn.example.net:{other.port}/nginx-1.1.0.tgz")
        error = both_fail(site, one, connect=names)
        assert isinstance(error, NotAllowed)
        assert error.code == "host-not-approved"
        assert "cdn.example.net" in str(error)
        assert names.asked == []

        approved = Settings(approved=(f"cdn.example.net:{other.port}",))
        name, content = collect_bytes(HELM, values, NGINX, one, connect=names, settings=approved)
        assert (name, content) == ("nginx-1.1.0.tgz", repository.archives["nginx-1.1.0.tgz"])
        (asked,) = other.log
        assert "authorization" not in asked.headers


def test_an_archive_that_is_not_there_names_its_place(site: HelmSite) -> None:
    error = both_fail(site, version("gone.tgz"))
    assert isinstance(error, NotFound)
    assert error.code == "archive-missing"
    assert f"{site.endpoint}/gone.tgz" in str(error)
    assert "nginx 1.1.0" in str(error)


# Digests and bytes


def test_saving_gives_the_bytes_as_they_are(site: HelmSite, repository: Repository) -> None:
    archive = repository.archives["nginx-1.1.0.tgz"]
    one = version("nginx-1.1.0.tgz", digest=digest(archive))
    name, content = collect_bytes(HELM, {"endpoint": site.endpoint}, NGINX, one)
    assert name == "nginx-1.1.0.tgz"
    assert content == archive


def test_another_digest_is_refused_and_both_are_named(
    site: HelmSite, repository: Repository
) -> None:
    wrong = "sha256:" + "0" * 64
    error = both_fail(site, version("nginx-1.1.0.tgz", digest=wrong))
    assert isinstance(error, BadAnswer)
    assert error.code == "digest-mismatch"
    assert wrong in error.cause
    assert digest(repository.archives["nginx-1.1.0.tgz"]) in error.cause


def test_without_a_digest_there_is_nothing_to_compare(site: HelmSite) -> None:
    assert documents(site, version("nginx-1.1.0.tgz"))
    assert collect_bytes(HELM, {"endpoint": site.endpoint}, NGINX, version("nginx-1.1.0.tgz"))[1]


def test_an_archive_that_breaks_off_is_an_error(site: HelmSite) -> None:
    for fault in (faults.cut(40), faults.reset(300)):
        site.spoil("/stable/nginx-1.1.0.tgz", fault)
        assert isinstance(both_fail(site, version("nginx-1.1.0.tgz")), Unreachable)


def test_a_full_disk_ends_the_download(site: HelmSite, repository: Repository) -> None:
    class Full(io.BytesIO):
        def write(self, content: object) -> int:
            raise OSError(28, "No space left on device")

    from registrykit.sync import open_context

    with open_context(HELM, {"endpoint": site.endpoint}) as ctx:
        with pytest.raises(OSError, match="No space left"):
            HELM.save(ctx, NGINX, version("nginx-1.1.0.tgz"), Full())
        # The connection is free again.
        assert HELM.save(ctx, NGINX, version("nginx-1.1.0.tgz"), io.BytesIO())


@pytest.mark.parametrize(
    ("name", "number", "file"),
    [
        ("nginx", "1.1.0+build.5", "nginx-1.1.0+build.5.tgz"),
        ("../../etc/passwd", "1.0.0", "etc_passwd-1.0.0.tgz"),
        ("..", "..", "chart-0.tgz"),
        ("-rf", "1.0.0", "rf-1.0.0.tgz"),
        ("a\x00\n\x1b[31mb", "1/2\\3", "a_31mb-1_2_3.tgz"),
        ("диаграмма", "1.0.0", "chart-1.0.0.tgz"),
        ("CON", "1.0.0", "CON-1.0.0.tgz"),
        ("n" * 500, "1" * 500, f"{'n' * 100}-{'1' * 100}.tgz"),
    ],
)
def test_file_names_are_made_of_name_and_version(name: str, number: str, file: str) -> None:
    assert chart_file_name(Artifact("chart", name, name), Version(number)) == file


@given(st.text(), st.text())
def test_file_names_are_safe_whatever_the_chart_is_called(name: str, number: str) -> None:
    made = chart_file_name(Artifact("chart", name), Version(number))
    assert re.fullmatch(r"[A-Za-z0-9+][A-Za-z0-9._+-]{0,204}\.tgz", made)
