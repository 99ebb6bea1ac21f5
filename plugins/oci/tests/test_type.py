"""The registry type as the program sees it before any request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import registrykit_oci
from registrykit.artifacts import Artifact, Version
from registrykit.description import describe
from registrykit.plugins import types_of
from registrykit.urls import Basic, Origin
from registrykit_oci.config import OciConfig
from registrykit_oci.registry import OciRegistry

OCI = OciRegistry()
HOST = "registry.example.com"
ENDPOINT = f"https://{HOST}"
ECR = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
KEYS = {"auth": "ecr", "access_key": "AKIAEXAMPLE", "secret_key": "key-canary"}
JFROG = "https://repo.example.com/artifactory/api/docker/key"


def config(**values: Any) -> OciConfig:
    return OciConfig.model_validate({"endpoint": HOST, **values})


def fields(**values: Any) -> list[str]:
    """Return the fields that have a problem; no text repeats a secret."""
    found = list(OCI.validate(config(**values)))
    assert all(problem.message and problem.remedy for problem in found)
    assert "canary" not in repr(found)
    return [problem.field for problem in found]


def test_the_plugin_registers_one_type() -> None:
    (found,) = types_of(registrykit_oci, "oci")
    assert isinstance(found, OciRegistry)
    assert (found.id, found.title) == ("oci", "OCI registry")


def test_what_is_heavy_is_not_imported_until_it_is_needed() -> None:
    code = (
        "import json, sys, registrykit_oci;"
        "from registrykit.description import describe;"
        "(t,) = registrykit_oci.register_registry_types();"
        "describe(t);"
        "c = t.Config(endpoint='public.ecr.aws', auth='ecr', access_key='A', secret_key='s');"
        "[list(t.validate(c)), t.endpoint(c), t.identity(c), t.origins(c)];"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    source = str(Path(registrykit_oci.__file__).parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": source},
    )
    loaded = set(json.loads(answer.stdout))
    assert {"registrykit", "registrykit_oci", "pydantic"} <= loaded
    heavy = {"urllib3", "requests", "botocore", "yaml", "ryml", "PySide6", "ssl", "tarfile"}
    assert not loaded & heavy


def test_the_form_asks_for_the_keys_of_an_oci_registry_in_this_order() -> None:
    form = describe(OCI).form
    assert [spec.name for spec in form.fields] == [
        *("endpoint", "provider_type", "base_content_path", "repositories", "endpoint_suffix"),
        *("auth", "username", "password"),
        *("aws_credentials", "access_key", "secret_key", "session_token"),
        *("synchronization", "description", "documents", "ca_certificate", "client_certificate"),
        *("client_key", "insecure_skip_verify"),
    ]
    assert form.secrets == ("password", "secret_key", "session_token", "client_key")
    assert [spec.name for spec in form.fields if spec.required] == ["endpoint"]
    assert form.defaults["provider_type"] == "any"
    assert form.defaults["base_content_path"] == form.defaults["repositories"] == []
    choices = {spec.name: [choice.value for choice in spec.choices] for spec in form.fields}
    assert choices["auth"] == ["none", "basic", "ecr"]
    assert choices["provider_type"] == ["any", "helm", "zarf", "pack"]
    assert choices["aws_credentials"] == ["keys"]


def test_fields_show_where_they_apply() -> None:
    form = describe(OCI).form

    def shown(**values: Any) -> set[str]:
        entered = {**form.defaults, **values}
        return {spec.name for spec in form.fields if spec.applies(entered)}

    keys = {"access_key", "secret_key", "session_token", "aws_credentials"}
    assert shown() & {"username", "password", *keys} == set()
    assert shown(auth="basic") & {"username", *keys} == {"username"}
    assert shown(auth="ecr") & {"username", *keys} == keys
    assert "synchronization" in shown(provider_type="zarf")
    assert "synchronization" not in shown(provider_type="pack")


def test_synchronization_can_be_switched_off_where_palette_can() -> None:
    rules = [OCI.sync_rule(config(provider_type=one)) for one in ("any", "helm", "zarf", "pack")]
    assert rules == ["optional", "optional", "fixed-at-creation", "always"]


def test_unknown_values_are_refused() -> None:
    for values in ({"auth": "magic"}, {"provider_type": "npm"}, {"aws_credentials": "sts"}):
        with pytest.raises(ValidationError):
            config(**values)


@pytest.mark.parametrize(
    "endpoint",
    [
        HOST,
        f"https://{HOST}/",
        f"oci://{HOST}",
        f"docker://{HOST}",
        "https://REGISTRY.example.com:443/v2/",
        f"  {HOST}/v2 ",
    ],
)
def test_spellings_of_one_registry_are_one_identity(endpoint: str) -> None:
    one = config(endpoint=endpoint)
    assert OCI.identity(one) == OCI.endpoint(one) == ENDPOINT
    assert OCI.origins(one) == {Origin("https", HOST, 443)}
    assert fields(endpoint=endpoint) == []


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"endpoint": f"{HOST}/acme"}, f"{ENDPOINT}/acme"),
        ({"base_content_path": ["acme"]}, f"{ENDPOINT}/acme"),
        ({"base_content_path": ["acme", "team"]}, ENDPOINT),
        ({"provider_type": "pack"}, f"{ENDPOINT}/spectro-packs/archive"),
        (
            {"provider_type": "pack", "base_content_path": ["/acme/"]},
            f"{ENDPOINT}/acme/spectro-packs/archive",
        ),
        # As the appliance for closed networks has it.
        (
            {"provider_type": "pack", "base_content_path": ["spectro-packs"]},
            f"{ENDPOINT}/spectro-packs/spectro-packs/archive",
        ),
        ({"endpoint": JFROG, "provider_type": "pack"}, f"{JFROG}/spectro-packs/archive"),
        ({"endpoint": "repo.example.com", "endpoint_suffix": "artifactory/api/docker/key"}, JFROG),
        ({"repositories": ["acme/charts/nginx"]}, f"{ENDPOINT}/acme/charts/nginx"),
        ({"endpoint": "docker.io", "repositories": ["a/b", "a/c"]}, "https://registry-1.docker.io"),
        ({"base_content_path": ["../x"]}, ENDPOINT),
        ({"endpoint": "not a url"}, "not a url"),
    ],
)
def test_the_address_that_is_read_is_shown(values: dict[str, Any], shown: str) -> None:
    assert OCI.endpoint(config(**values)) == shown


def test_other_paths_or_contents_of_one_registry_are_another_one() -> None:
    views: list[dict[str, Any]] = [
        {},
        {"base_content_path": ["acme"]},
        {"base_content_path": ["acme"], "provider_type": "pack"},
        {"base_content_path": ["acme"], "provider_type": "zarf"},
        {"base_content_path": ["acme", "team"]},
        {"repositories": ["acme/a"]},
    ]
    assert len({OCI.identity(config(**values)) for values in views}) == len(views)
    one = OCI.identity(config(base_content_path=["acme", "team"]))
    assert one == OCI.identity(config(base_content_path=["/team/ ", "", "acme"]))
    assert OCI.identity(config(endpoint=f"{HOST}/acme")) == OCI.identity(config(**views[1]))


def test_the_chosen_sign_in_alone_is_used() -> None:
    given = {"username": "robot", "password": "pass-canary", **KEYS}
    assert OCI.credentials(config(**{**given, "auth": "none"})) is None
    assert OCI.credentials(config(**{**given, "auth": "ecr"})) is None
    assert OCI.credentials(config(**{**given, "auth": "basic"})) == Basic("robot", "pass-canary")
    # As Palette has it: a user name that was left empty means nobody.
    assert OCI.credentials(config(auth="basic")) is None
    assert fields(auth="basic") == []
    assert "canary" not in repr(config(**given))


def test_credentials_go_to_the_registry_and_where_it_is_known_to_send_them() -> None:
    def hosts(**values: Any) -> list[str]:
        return sorted(str(origin) for origin in OCI.origins(config(**values)))

    assert hosts(endpoint="docker.io") == ["https://auth.docker.io", "https://registry-1.docker.io"]
    assert hosts(endpoint=ECR, **KEYS) == [
        f"https://{ECR}",
        "https://api.ecr.us-east-1.amazonaws.com",
    ]
    assert hosts(endpoint=ECR) == [f"https://{ECR}"]


def test_problems_name_their_field() -> None:
    login = {"auth": "basic", "username": "robot", "password": "x"}
    assert fields() == fields(**login) == []
    for endpoint in (
        "",
        "ftp://h",
        "file:///etc",
        "http://169.254.169.254",
        "https://a:canary@h",
        f"{HOST}/?token=canary",
        f"{HOST}/#x",
        f"{HOST}/Big/Letters",
        f"{HOST}/charts/index.yaml",
        "https://repo.example.com/artifactory",
        "https://repo.example.com/artifactory/api/docker/",
        "h" * 10_000,
    ):
        assert fields(endpoint=endpoint) == ["endpoint"], endpoint
    assert fields(endpoint=JFROG) == fields(endpoint=f"{JFROG}/v2") == []
    assert fields(endpoint_suffix="a b\n") == ["endpoint_suffix"]
    assert fields(**{**login, "username": "a:canary"}) == ["username"]
    assert fields(**{**login, "username": ""}) == ["username"]
    assert fields(**{**login, "password": ""}) == ["password"]
    # With neither, nobody signs in.
    assert fields(auth="basic") == []
    assert fields(**{**login, "password": "canary\t"}) == ["password"]
    for path in ("../a", "A", "a b", "a:1.0", "a\u00e4", f"{HOST}/a", f"oci://{HOST}/a", "a" * 300):
        assert fields(base_content_path=["ok", path]) == ["base_content_path"], path
        assert fields(repositories=[path]) == ["repositories"], path
    # The appliance for closed networks has this one; what it means is said by the check.
    assert fields(provider_type="pack", base_content_path=["spectro-packs"]) == []
    assert fields(ca_certificate="x") == ["ca_certificate"]


def test_nothing_is_read_twice() -> None:
    for paths in (["a", "b", "a/"], ["a/b", "a"], ["a", "a/b"]):
        assert fields(base_content_path=paths) == ["base_content_path"], paths
    assert fields(base_content_path=["a", "ab", "b/a"]) == []
    # The places of packs do not lie in each other.
    assert fields(base_content_path=["a", "a/b"], provider_type="pack") == []
    assert fields(base_content_path=["a", "a"], provider_type="pack") == ["base_content_path"]


@pytest.mark.parametrize("host", ["ghcr.io", "oci://ghcr.io/acme", "docker.io", "index.docker.io"])
def test_registries_without_a_list_want_repositories(host: str) -> None:
    assert fields(endpoint=host) == ["repositories"]
    assert fields(endpoint=host, repositories=["acme/a"]) == []
    # Palette's recipe for them: not synchronized.
    assert fields(endpoint=host, synchronization=False) == []
    assert fields(endpoint=host, synchronization=False, provider_type="pack") == ["repositories"]


@pytest.mark.parametrize(
    "endpoint",
    [HOST, f"{ECR}.evil.example", f"http://{ECR}", f"{ECR}:8443", f"evil.example/{ECR}"],
)
def test_aws_keys_are_for_amazon_alone(endpoint: str) -> None:
    """EC-05."""
    one = config(endpoint=endpoint, **KEYS)
    (problem,) = OCI.validate(one)
    assert problem.field == "auth"
    assert "AWS keys are never used for it" in problem.message
    assert {origin.host for origin in OCI.origins(one)} <= {
        *(HOST, ECR, f"{ECR}.evil.example", "evil.example"),
        "api.ecr.us-east-1.amazonaws.com",
    }


def test_aws_keys_are_complete() -> None:
    assert fields(endpoint=ECR, **KEYS) == fields(endpoint="public.ecr.aws", **KEYS) == []
    assert fields(endpoint=ECR, auth="ecr") == ["access_key", "secret_key"]
    assert fields(endpoint="public.ecr.aws", auth="ecr") == []
    assert fields(endpoint=ECR, **{**KEYS, "access_key": "AKIA X"}) == ["access_key"]
    assert fields(endpoint=ECR, **{**KEYS, "secret_key": "canary\n"}) == ["secret_key"]
    assert fields(endpoint=ECR, **KEYS, session_token="a canary") == ["session_token"]


@pytest.mark.parametrize(
    ("url", "least", "most"),
    [
        ("oci://charts.example.com/stable", 1.0, 1.0),
        ("ghcr.io/acme", 0.9, 1.0),
        ("https://h.example.com/v2/", 0.9, 1.0),
        (JFROG, 0.9, 1.0),
        (ECR, 0.9, 1.0),
        ("acme.azurecr.io", 0.9, 1.0),
        ("harbor.example.com", 0.5, 0.8),
        ("localhost:5000", 0.5, 0.8),
        ("https://h.example.com", 0.1, 0.3),
        ("https://registry.spectrocloud.com", 0.0, 0.1),
        ("https://charts.example.com/stable/index.yaml", 0.0, 0.0),
        ("nonsense nonsense", 0.0, 0.0),
    ],
)
def test_urls_are_guessed_by_their_look(url: str, least: float, most: float) -> None:
    assert least <= OCI.guess(url) <= most


def test_commands_lead_to_the_registry() -> None:
    chart, version = Artifact("chart", "acme/charts/nginx", "nginx"), Version("1.0.0+1", "1.0.0_1")
    found = [command.text for command in OCI.commands(config(), chart, version)]
    assert any(text.startswith(f"helm pull oci://{HOST}/acme/charts/nginx") for text in found)
