"""The registry type `legacy-pack`; what needs the network is imported when it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from registrykit.artifacts import Artifact, ArtifactKind, Command, Version
from registrykit.formats.pack import PACK
from registrykit.forms import Problem
from registrykit.registry import RegistryType
from registrykit.urls import Credentials
from registrykit_legacy_pack import address
from registrykit_legacy_pack.config import LegacyPackConfig, problems

if TYPE_CHECKING:
    from registrykit.elsewhere import KnownElsewhere
    from registrykit.events import Check, Document, SyncEvent
    from registrykit.sync import Context


class LegacyPackRegistry(RegistryType[LegacyPackConfig]):
    """A legacy pack registry: a server that keeps packs by name and tag."""

    id: ClassVar[str] = "legacy-pack"
    title: ClassVar[str] = "Legacy pack registry"
    summary: ClassVar[str] = (
        "Packs on a server of the vendor's own kind. New packs belong in an OCI registry."
    )
    icon: ClassVar[str] = "pack"
    Config = LegacyPackConfig
    kinds: ClassVar[tuple[ArtifactKind, ...]] = (PACK,)
    environment: ClassVar[tuple[str, ...]] = ("HOME",)

    def validate(self, config: LegacyPackConfig) -> Iterable[Problem]:
        return problems(config)

    def endpoint(self, config: LegacyPackConfig) -> str:
        return address.root(config.endpoint)

    def identity(self, config: LegacyPackConfig) -> str:
        # A path may differ by case alone; the host is in lower case already.
        return address.root(config.endpoint)

    def guess(self, url: str) -> float:
        return address.likelihood(url)

    def credentials(self, config: LegacyPackConfig) -> Credentials | None:
        # A default registry has a sign-in that nobody has filled in yet: it is asked bare, and
        # says itself that it wants one.
        if config.auth == "basic" and not config.username:
            return None
        return super().credentials(config)

    def commands(
        self, config: LegacyPackConfig, artifact: Artifact, version: Version
    ) -> Iterable[Command]:
        return address.commands(config.endpoint, artifact, version)

    def elsewhere(self, environ: Mapping[str, str]) -> Iterable[KnownElsewhere]:
        from registrykit_legacy_pack.elsewhere import registries

        return registries(environ)

    def check(self, ctx: Context[LegacyPackConfig]) -> Iterator[Check]:
        from registrykit_legacy_pack.checks import check

        return check(ctx)

    def sync(self, ctx: Context[LegacyPackConfig]) -> Iterator[SyncEvent]:
        from registrykit_legacy_pack.listing import listing

        return listing(ctx)

    def details(
        self, ctx: Context[LegacyPackConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        from registrykit_legacy_pack.packs import documents

        return documents(ctx, artifact, version)

    def save(
        self, ctx: Context[LegacyPackConfig], artifact: Artifact, version: Version, stream: BinaryIO
    ) -> str:
        from registrykit_legacy_pack.saving import save

        return save(ctx, artifact, version, stream)
