"""Debian's nginx on loopback: TLS from a private CA, sign-in, client certificates, gzip, 304."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.errors import BadAnswer, NotFound, RegistryError, SignInFailed, UntrustedTls
from registrykit.events import Unchanged
from registrykit.testing.catalog import MiniCatalog
from registrykit.testing.running import (
    Run,
    collect,
    collect_bytes,
    collect_checks,
    collect_documents,
)
from registrykit_helm.registry import HelmRegistry

if TYPE_CHECKING:
    from plugins.helm.tests.conftest import Repository, Serve
    from registrykit.testing.nginx import Nginx

pytestmark = pytest.mark.real

HELM = HelmRegistry()


def run(server: Nginx, catalog: MiniCatalog | None = None, **values: Any) -> Run:
    return collect(HELM, {"endpoint": server.url, **values}, stored=catalog)


def failure(server: Nginx, **values: Any) -> RegistryError:
    stopped = collect(HELM, {"endpoint": server.url, **values}, raises=False)
    assert stopped.error is not None
    assert not stopped.found
    assert stopped.error.remedy
    return stopped.error


def test_without_sign_in(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files)
    found = run(server)
    assert [event.version.version for event in found.found] == ["1.1.0", "1.0.0", "7.0.0-rc.1"]
    assert server.log() == ["GET /index.yaml 200"]


def test_a_second_run_costs_exactly_one_conditional_request(
    nginx: Serve, repository: Repository
) -> None:
    server = nginx(repository.files)
    catalog = MiniCatalog()
    catalog.apply(run(server, catalog).events)
    second = run(server, catalog)
    assert second.events == (Unchanged("", None),)
    assert catalog.apply(second.events).nothing
    assert server.log() == ["GET /index.yaml 200", "GET /index.yaml 304"]


def test_gzip(nginx: Serve, repository: Repository) -> None:
    for number in range(50):
        repository.add("nginx", f"2.0.{number}", b"x", description="Again and again " * 20)
    server = nginx(
        {"index.yaml": repository.index},
        server="gzip on; gzip_types application/octet-stream; gzip_min_length 1;",
    )
    catalog = MiniCatalog()
    first = run(server, catalog)
    assert len(first.found) == 53
    assert first.bytes < len(repository.index) / 4
    catalog.apply(first.events)
    # nginx makes the ETag weak for what it packs, and knows it again.
    assert run(server, catalog).events == (Unchanged("", None),)
    assert server.log()[-1] == "GET /index.yaml 304"


def test_user_name_and_password(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files, basic=("robot", "pässword"))
    found = run(server, auth="basic", username="robot", password="pässword")
    assert len(found.found) == 3
    assert server.log() == ["GET /index.yaml 200"]


def test_wrong_password(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files, basic=("robot", "right"))
    error = failure(server, auth="basic", username="robot", password="wrong-canary")
    assert isinstance(error, SignInFailed)
    assert error.code == "sign-in-failed"
    assert "canary" not in f"{error} {error.cause} {error.remedy}"
    missing = failure(server)
    assert isinstance(missing, SignInFailed)
    assert missing.code == "needs-sign-in"
    assert server.log() == ["GET /index.yaml 401", "GET /index.yaml 401"]


def test_token(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files, token="t0ken.abc-1")
    assert len(run(server, auth="token", token="t0ken.abc-1").found) == 3
    assert isinstance(failure(server, auth="token", token="another"), SignInFailed)


def test_private_ca(nginx: Serve, repository: Repository, ca_pem: str) -> None:
    server = nginx(repository.files, tls=True)
    error = failure(server)
    assert isinstance(error, UntrustedTls)
    assert "CA certificate" in error.remedy
    assert len(run(server, ca_certificate=ca_pem).found) == 3
    assert server.log() == ["GET /index.yaml 200"]


def test_skip_verify(nginx: Serve, repository: Repository, ca_pem: str) -> None:
    server = nginx(repository.files, tls=True)
    assert len(run(server, insecure_skip_verify=True).found) == 3
    assert len(run(server, insecure_skip_verify=True, ca_certificate=ca_pem).found) == 3


def test_another_ca_does_not_help(nginx: Serve, repository: Repository) -> None:
    import trustme

    server = nginx(repository.files, tls=True)
    other = trustme.CA().cert_pem.bytes().decode()
    assert isinstance(failure(server, ca_certificate=other), UntrustedTls)


def test_the_certificate_is_for_another_host(
    nginx: Serve, repository: Repository, ca_pem: str
) -> None:
    server = nginx(repository.files, tls=True)
    server.url = server.url.replace("localhost", "127.0.0.1")
    error = failure(server, ca_certificate=ca_pem)
    assert isinstance(error, UntrustedTls)
    assert error.code == "wrong-host"


def test_client_certificate(
    nginx: Serve, repository: Repository, authority: Any, ca_pem: str, client: tuple[str, str]
) -> None:
    server = nginx(repository.files, tls=True, client_ca=authority)
    certificate, key = client
    found = run(server, ca_certificate=ca_pem, client_certificate=certificate, client_key=key)
    assert len(found.found) == 3
    # nginx answers those who come without one with an error page, "400 No required SSL
    # certificate was sent", after an orderly handshake.
    error = failure(server, ca_certificate=ca_pem)
    assert isinstance(error, (BadAnswer, UntrustedTls))
    assert "certificate" in f"{error} {error.cause}".lower()


def test_everything_at_once(
    nginx: Serve, repository: Repository, authority: Any, ca_pem: str, client: tuple[str, str]
) -> None:
    server = nginx(
        repository.files, tls=True, basic=("robot", "right"), client_ca=authority, server="gzip on;"
    )
    certificate, key = client
    values: dict[str, Any] = {
        "auth": "basic",
        "username": "robot",
        "password": "right",
        "ca_certificate": ca_pem,
        "client_certificate": certificate,
        "client_key": key,
    }
    found = run(server, **values)
    assert len(found.found) == 3
    newest = found.found[0]
    name, content = collect_bytes(
        HELM, {"endpoint": server.url, **values}, newest.artifact, newest.version
    )
    assert name == "nginx-1.1.0.tgz"
    assert content == repository.archives[name]
    assert f"sha256:{hashlib.sha256(content).hexdigest()}" == newest.version.digest


def test_wrong_url(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files)
    server.url += "/nowhere"
    error = failure(server)
    assert isinstance(error, NotFound)
    assert str(error) == f"No index.yaml at {server.url}/index.yaml."
    assert server.log() == ["GET /nowhere/index.yaml 404"]


def test_a_web_page(nginx: Serve) -> None:
    server = nginx({"index.yaml": b"<!doctype html>\n<title>Sign in</title>"})
    error = failure(server)
    assert isinstance(error, BadAnswer)
    assert "web page" in error.cause


def test_plain_http_on_the_port_of_https(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files, tls=True)
    server.url = server.url.replace("https:", "http:")
    error = failure(server)
    assert error.code == "https-on-http"
    assert "https://" in error.remedy


def test_https_on_the_port_of_plain_http(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files)
    server.url = server.url.replace("http:", "https:")
    assert failure(server).code == "plain-http-on-https"


def test_documents_of_a_chart(
    nginx: Serve, repository: Repository, chart: Callable[..., bytes]
) -> None:
    archive = chart("web", "1.0.0", README__md="# Web\n", values__yaml="port: 80\n")
    repository.add("web", "1.0.0", archive)
    server = nginx(repository.files, basic=("robot", "right"))
    values: dict[str, Any] = {"auth": "basic", "username": "robot", "password": "right"}
    found = run(server, **values).found[-1]
    documents = collect_documents(
        HELM, {"endpoint": server.url, **values}, found.artifact, found.version
    )
    assert {document.name: document.text for document in documents} == {
        "readme": "# Web\n",
        "values": "port: 80\n",
        "metadata": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    }


def test_the_check_of_a_healthy_repository(
    nginx: Serve, repository: Repository, ca_pem: str
) -> None:
    server = nginx(repository.files, tls=True, basic=("robot", "right"))
    values: dict[str, Any] = {
        "auth": "basic",
        "username": "robot",
        "password": "right",
        "ca_certificate": ca_pem,
    }
    checks = collect_checks(HELM, {"endpoint": server.url, **values})
    verdicts = {check.stage: check.verdict for check in checks}
    assert set(verdicts.values()) <= {"ok", "skipped"}
    assert [stage for stage in verdicts if verdicts[stage] == "ok"] == [
        *("name", "dns", "tcp", "tls", "protocol", "sign-in", "listing", "content")
    ]
    asked = [line for line in server.log() if line.startswith("GET")]
    assert asked == ["GET /index.yaml 200", "GET /nginx-1.1.0.tgz 206"]


def test_the_check_of_a_wrong_certificate(nginx: Serve, repository: Repository) -> None:
    server = nginx(repository.files, tls=True)
    checks = {check.stage: check for check in collect_checks(HELM, {"endpoint": server.url})}
    assert checks["tls"].verdict == "failed"
    assert checks["tls"].remedy
    assert checks["tcp"].verdict == "ok"
    assert checks["listing"].verdict == "skipped"
    assert server.log() == []
