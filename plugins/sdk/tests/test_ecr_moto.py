"""The shapes of ECR's API, as moto has them: it was written by others, from AWS's own models."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest

from registrykit.errors import RegistryError
from registrykit.http import Basic, Http, Tls
from registrykit.oci.ecr import AwsKeys, Ecr, ecr_host
from registrykit.testing.answers import Answer, Request
from registrykit.testing.servers import Names, Site
from registrykit.testing.tls import Authority

ACCOUNT = "123456789012"  # the one that moto gives to everybody
KEYS = AwsKeys("AKIAEXAMPLE", "anything")
HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"


class _Front(Site):
    """Speaks TLS for a server that does not."""

    def __init__(self, behind: tuple[str, int], **words: Any) -> None:
        super().__init__(**words)
        self._behind = behind

    def _find(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(*self._behind, timeout=30)
        try:
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            kept = ("content-type", "x-amzn-errortype")
            headers = {name: value for name, value in answer.headers.items() if name in kept}
            return Answer(answer.status, answer.read(), headers)
        finally:
            connection.close()


@pytest.fixture(scope="module")
def moto() -> Iterator[tuple[str, int]]:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    yield running.get_host_and_port()
    running.stop()


@pytest.fixture
def ecr(moto: tuple[str, int]) -> Iterator[Ecr]:
    host = ecr_host(HOST)
    assert host is not None
    authority = Authority()
    tls = Tls(ca_certificate=authority.certificate)
    with _Front(moto, tls=authority.issue(host.api).server_context()) as front:
        names = Names({host.api: front})
        with Http(origins=host.origins, tls=tls, connect=names) as client:
            yield Ecr(client, host, KEYS)


def test_moto_gives_a_password(ecr: Ecr) -> None:
    given = ecr.sign_in()
    assert isinstance(given, Basic)
    assert (given.username, given.password) == ("AWS", f"{ACCOUNT}-auth-token")


def test_moto_lists_repositories(ecr: Ecr) -> None:
    from moto.backends import get_backend

    backend = get_backend("ecr")[ACCOUNT]["us-east-1"]
    names = [f"production/spectro-packs/archive/p{n:03}" for n in range(120)]
    for name in (*names, "other/x"):
        backend.create_repository(name, ACCOUNT, {}, {}, "MUTABLE", [])
    assert sorted(ecr.repositories("production")) == names
    assert list(ecr.repositories("none")) == []


def test_a_refusal_of_moto_is_understood(ecr: Ecr) -> None:
    with pytest.raises(RegistryError) as raised:
        ecr._call("DescribeRepositories", {"repositoryNames": ["missing"]}, KEYS, 10_000)
    assert raised.value.code == "no-repository"
    assert "missing" in raised.value.cause
