"""The contract of a registry type, with the plugin in worker processes of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic, Bearer
from registrykit_helm.registry import HelmRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugins.helm.tests.conftest import Repository


REPOSITORIES = """\
repositories:
- name: team
  url: https://robot:url-canary@charts.example.com/stable?token=query-canary
- name: other
  url: https://other.example.com
  username: robot
  password: password-canary
"""


def served(site: HelmSite, repository: Repository, folder: Path, **values: Any) -> Served:
    file = folder / "repositories.yaml"
    file.write_text(REPOSITORIES, "utf-8")

    def change() -> None:
        repository.add("vault", "0.1.0")
        del repository.charts["redis"]
        site.publish(repository.index, repository.archives)

    return Served(
        config={"endpoint": site.endpoint, **values},
        stop=site.stop,
        change=change,
        expect={("nginx", "1.1.0"), ("nginx", "1.0.0"), ("redis", "7.0.0-rc.1")},
        environ={"HELM_REPOSITORY_CONFIG": str(file)},
    )


class HelmContract(RegistryTypeContract):
    registry_type = HelmRegistry
    has_documents = True
    can_save = True


class TestWithPassword(HelmContract):
    @pytest.fixture
    def registry(
        self, repository: Repository, chart: Callable[..., bytes], tmp_path: Path
    ) -> Iterator[Served]:
        archive = chart("nginx", "1.1.0", README__md="# nginx\n", values__yaml="replicas: 1\n")
        repository.replace("nginx", "1.1.0", archive)
        with HelmSite(repository.index, repository.archives, base="/stable") as site:
            site.sign_in = Basic("robot", "password-canary")
            yield served(
                site,
                repository,
                tmp_path,
                auth="basic",
                username="robot",
                password="password-canary",
            )


class TestWithToken(HelmContract):
    @pytest.fixture
    def registry(self, repository: Repository, tmp_path: Path) -> Iterator[Served]:
        with HelmSite(repository.index, repository.archives) as site:
            site.sign_in = Bearer("token-canary")
            yield served(site, repository, tmp_path, auth="token", token="token-canary")
