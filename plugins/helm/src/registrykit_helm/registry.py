"""The registry type `helm`; what needs the network is imported when it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from registrykit.artifacts import Artifact, ArtifactKind, Command, Version
from registrykit.formats.kinds import CHART
from registrykit.forms import Problem
from registrykit.registry import RegistryType, SyncRule
from registrykit_helm import address
from registrykit_helm.config import HelmConfig, problems

if TYPE_CHECKING:
    from registrykit.elsewhere import KnownElsewhere
    from registrykit.events import Check, Document, SyncEvent
    from registrykit.sync import Context


class HelmRegistry(RegistryType[HelmConfig]):
    """A Helm repository: a web server with an `index.yaml` and the chart archives it names."""

    id: ClassVar[str] = "helm"
    title: ClassVar[str] = "Helm repository"
    summary: ClassVar[str] = "Charts that are listed in an index.yaml on a web server."
    icon: ClassVar[str] = "chart"
    Config = HelmConfig
    kinds: ClassVar[tuple[ArtifactKind, ...]] = (CHART,)
    environment: ClassVar[tuple[str, ...]] = (
        "HELM_REPOSITORY_CONFIG",
        "HELM_CONFIG_HOME",
        "XDG_CONFIG_HOME",
        "HOME",
        "APPDATA",
    )

    def validate(self, config: HelmConfig) -> Iterable[Problem]:
        return problems(config)

    def endpoint(self, config: HelmConfig) -> str:
        return address.normal(config.endpoint)

    def identity(self, config: HelmConfig) -> str:
        # A path may differ by case alone; the host is in lower case already.
        return address.normal(config.endpoint)

    def sync_rule(self, config: HelmConfig) -> SyncRule:
        return "optional"

    def guess(self, url: str) -> float:
        return address.likelihood(url)

    def commands(
        self, config: HelmConfig, artifact: Artifact, version: Version
    ) -> Iterable[Command]:
        username = config.username if config.auth == "basic" else ""
        return address.commands(config.endpoint, username, artifact, version)

    def elsewhere(self, environ: Mapping[str, str]) -> Iterable[KnownElsewhere]:
        from registrykit_helm.elsewhere import repositories

        return repositories(environ)

    def check(self, ctx: Context[HelmConfig]) -> Iterator[Check]:
        from registrykit_helm.checks import check

        return check(ctx)

    def sync(self, ctx: Context[HelmConfig]) -> Iterator[SyncEvent]:
        from registrykit_helm.listing import listing

        return listing(ctx)

    def details(
        self, ctx: Context[HelmConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        from registrykit_helm.archives import documents

        return documents(ctx, artifact, version)

    def save(
        self, ctx: Context[HelmConfig], artifact: Artifact, version: Version, stream: BinaryIO
    ) -> str:
        from registrykit_helm.archives import save

        return save(ctx, artifact, version, stream)
