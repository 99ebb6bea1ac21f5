"""The registry type as the program sees it before any request."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

import registrykit_helm
from registrykit.artifacts import Artifact, Version
from registrykit.description import describe
from registrykit.plugins import types_of
from registrykit.urls import Basic, Bearer, Origin
from registrykit_helm.config import HelmConfig
from registrykit_helm.registry import HelmRegistry

HELM = HelmRegistry()
ENDPOINT = "https://charts.example.com"


@pytest.fixture(scope="module")
def certificate() -> str:
    return trustme.CA().cert_pem.bytes().decode()


@pytest.fixture(scope="module")
def key() -> str:
    return trustme.CA().issue_cert("client.example").private_key_pem.bytes().decode()


def config(**values: Any) -> HelmConfig:
    return HelmConfig.model_validate({"endpoint": ENDPOINT, **values})


def problems(**values: Any) -> list[tuple[str, str]]:
    found = list(HELM.validate(config(**values)))
    assert all(problem.message and problem.remedy for problem in found)
    return [(problem.field, problem.message) for problem in found]


def test_the_plugin_registers_one_type() -> None:
    (found,) = types_of(registrykit_helm, "helm")
    assert isinstance(found, HelmRegistry)
    assert (found.id, found.title) == ("helm", "Helm repository")


def test_what_is_heavy_is_not_imported_until_it_is_needed() -> None:
    code = (
        "import json, sys, registrykit_helm, registrykit_helm.registry;"
        "from registrykit.description import describe;"
        "[describe(t) for t in registrykit_helm.register_registry_types()];"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(answer.stdout))
    assert {"registrykit", "registrykit_helm", "pydantic"} <= loaded
    assert not loaded & {"urllib3", "requests", "yaml", "ryml", "PySide6", "ssl", "tarfile"}


def test_the_form_asks_for_the_keys_of_a_helm_repository_in_this_order() -> None:
    form = describe(HELM).form
    assert [spec.name for spec in form.fields] == [
        "endpoint",
        "auth",
        "username",
        "password",
        "token",
        "synchronization",
        "description",
        "documents",
        "ca_certificate",
        "client_certificate",
        "client_key",
        "insecure_skip_verify",
    ]
    assert form.secrets == ("password", "token", "client_key")
    assert [spec.name for spec in form.fields if spec.required] == ["endpoint"]
    assert form.defaults["auth"] == "none"
    assert form.defaults["synchronization"] is True
    assert all(spec.label for spec in form.fields)


@pytest.mark.parametrize(
    ("auth", "shown"),
    [("none", set()), ("basic", {"username", "password"}), ("token", {"token"})],
)
def test_only_the_fields_of_the_chosen_sign_in_are_shown(auth: str, shown: set[str]) -> None:
    form = describe(HELM).form
    names = {"username", "password", "token"}
    assert {s.name for s in form.fields if s.name in names and s.applies({"auth": auth})} == shown


def test_charts_have_their_columns() -> None:
    (kind,) = describe(HELM).kinds
    assert (kind.id, kind.plural) == ("chart", "Charts")
    assert [column.key for column in kind.columns] == ["app_version", "kubeVersion", "type"]


def test_unknown_values_are_refused() -> None:
    with pytest.raises(ValidationError):
        config(auth="magic")
    with pytest.raises(ValidationError):
        config(password_file="x")


def test_spellings_of_one_repository_are_one_identity() -> None:
    spellings = [
        "https://charts.example.com/stable",
        "https://CHARTS.example.com:443/stable/",
        "charts.example.com/stable/index.yaml",
    ]
    assert {HELM.identity(config(endpoint=text)) for text in spellings} == {spellings[0]}
    other = "https://charts.example.com/Stable"
    assert HELM.identity(config(endpoint=other)) == other


def test_credentials_go_to_the_endpoint_only() -> None:
    one = config(endpoint="https://Charts.example.com:8443/a/index.yaml")
    assert HELM.origins(one) == {Origin("https", "charts.example.com", 8443)}
    assert HELM.sync_rule(one) == "optional"


def test_the_chosen_sign_in_alone_is_used() -> None:
    given = {"username": "robot", "password": "pass-canary", "token": "token-canary"}
    assert HELM.credentials(config(**given)) is None
    basic = HELM.credentials(config(auth="basic", **given))
    assert basic == Basic("robot", "pass-canary")
    token = HELM.credentials(config(auth="token", **given))
    assert token == Bearer("token-canary")
    assert "canary" not in repr(config(**given))


def test_a_good_config_has_no_problem(certificate: str, key: str) -> None:
    assert problems() == []
    assert problems(auth="basic", username="robot", password="x") == []
    assert problems(auth="token", token="abc.def_123-=") == []
    assert problems(ca_certificate=certificate * 3, insecure_skip_verify=True) == []
    assert problems(ca_certificate="# our CA\r\n" + certificate.replace("\n", "\r\n")) == []
    assert problems(client_certificate=certificate, client_key=key) == []


def test_fields_of_another_sign_in_are_not_judged() -> None:
    assert problems(auth="none", username="a:b", token="a b") == []


def test_problems_name_their_field(certificate: str, key: str) -> None:
    def fields(**values: Any) -> list[str]:
        return [field for field, _ in problems(**values)]

    assert fields(endpoint="ftp://example.com") == ["endpoint"]
    assert fields(auth="basic") == ["username", "password"]
    assert fields(auth="basic", username="a") == ["password"]
    assert fields(auth="basic", username="a:b", password="x") == ["username"]
    assert fields(auth="basic", username="a\nb", password="x") == ["username"]
    assert fields(auth="basic", username="a", password="x\n") == ["password"]
    assert fields(auth="token") == ["token"]
    assert fields(auth="token", token="abc\n") == ["token"]
    assert fields(auth="token", token="Bearer abc") == ["token"]
    assert fields(client_certificate=certificate) == ["client_key"]
    assert fields(client_key=key) == ["client_certificate"]
    assert fields(client_certificate=certificate, client_key=certificate) == ["client_key"]
    assert fields(ca_certificate=key) == ["ca_certificate"]
    assert fields(ca_certificate=certificate + key) == ["ca_certificate"]
    assert fields(client_certificate=certificate + key, client_key=key) == ["client_certificate"]
    assert fields(auth="token", ca_certificate="x") == ["token", "ca_certificate"]


@pytest.mark.parametrize(
    "pem",
    [
        "/etc/ssl/certs/ca.pem",
        "<html><body>Sign in</body></html>",
        "\x30\x82\x03\x1a",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nMIIB",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 40_000,
    ],
)
def test_what_is_no_certificate_is_refused(pem: str) -> None:
    assert [field for field, _ in problems(ca_certificate=pem)] == ["ca_certificate"]


def test_a_key_with_a_passphrase_is_refused(certificate: str, key: str) -> None:
    for pem in (
        key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIB\n"
        "-----END RSA PRIVATE KEY-----",
    ):
        ((field, message),) = problems(client_certificate=certificate, client_key=pem)
        assert field == "client_key"
        assert "passphrase" in message


def test_no_secret_stands_in_a_problem(certificate: str) -> None:
    told = problems(auth="token", token="canary 1", client_key="canary 2") + problems(
        auth="basic", username="robot:canary", client_certificate=certificate
    )
    assert len(told) >= 4
    assert "canary" not in repr(told)


@pytest.mark.parametrize("filling", ["\n", " ", "A", "-----BEGIN CERTIFICATE-----\n"])
def test_a_certificate_without_an_end_is_looked_through_once(filling: str) -> None:
    text = "-----BEGIN CERTIFICATE-----" + filling * (500_000 // len(filling))
    ((field, _),) = problems(ca_certificate=text)
    assert field == "ca_certificate"


def test_commands_are_one_line_that_a_shell_takes_apart_again() -> None:
    basic = config(auth="basic", username="o'brien", password="never shown")
    found = list(HELM.commands(basic, Artifact("chart", "web"), Version("1.2.0+b; id")))
    assert [command.title for command in found] == ["Pull with Helm", "Install with Helm"]
    assert shlex.split(found[0].text) == [
        *["helm", "pull", "web", "--repo", ENDPOINT, "--version", "1.2.0+b; id"],
        *["--username", "o'brien"],
    ]
    assert "never shown" not in found[0].text


@pytest.mark.parametrize("path", ["--post-renderer", "a b", "../web", "web;id"])
def test_names_that_helm_would_take_for_something_else_have_no_command(path: str) -> None:
    assert list(HELM.commands(config(), Artifact("chart", path), Version("1.0.0"))) == []
