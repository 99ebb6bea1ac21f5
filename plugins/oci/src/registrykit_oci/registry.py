"""The registry type `oci`; what needs the network is imported when it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from registrykit import fips
from registrykit.artifacts import Artifact, ArtifactKind, Command, Version
from registrykit.errors import BadConfig
from registrykit.forms import Problem
from registrykit.oci import config as signing
from registrykit.oci.addresses import Address, read_address
from registrykit.oci.content import KINDS, Source
from registrykit.oci.entered import read
from registrykit.registry import RegistryType, SyncRule
from registrykit.urls import Credentials, Origin
from registrykit_oci import address
from registrykit_oci.config import OciConfig, problems

if TYPE_CHECKING:
    from registrykit.elsewhere import KnownElsewhere
    from registrykit.events import Check, Document, SyncEvent
    from registrykit.sync import Context


class OciRegistry(RegistryType[OciConfig]):
    """An OCI registry: charts, Zarf packages, packs and images, by repository and tag."""

    id: ClassVar[str] = "oci"
    title: ClassVar[str] = "OCI registry"
    summary: ClassVar[str] = (
        "Charts, packs, Zarf packages and images, as Harbor, Amazon ECR, ghcr.io and others keep "
        "them."
    )
    icon: ClassVar[str] = "oci"
    Config = OciConfig
    kinds: ClassVar[tuple[ArtifactKind, ...]] = KINDS
    environment: ClassVar[tuple[str, ...]] = (
        "DOCKER_CONFIG",
        "REGISTRY_AUTH_FILE",
        "XDG_RUNTIME_DIR",
        "HELM_REGISTRY_CONFIG",
        "HELM_REPOSITORY_CONFIG",
        "HELM_CONFIG_HOME",
        "XDG_CONFIG_HOME",
        "HOME",
        "USERPROFILE",
        "APPDATA",
    )

    def validate(self, config: OciConfig) -> Iterable[Problem]:
        return problems(config)

    def endpoint(self, config: OciConfig) -> str:
        place, names = _place(config)
        return address.shown(place, names) if place else config.endpoint.strip()

    def origins(self, config: OciConfig) -> frozenset[Origin]:
        return signing.origins(config, read_address(config.endpoint, config.endpoint_suffix))

    def identity(self, config: OciConfig) -> str:
        # Two views of one registry are two registries: of other paths, or of other contents.
        place, names = _place(config)
        if place is None:
            return config.endpoint.strip()
        kind = [] if config.provider_type == "any" else [config.provider_type]
        return " ".join([place.root, *sorted(filter(None, names)), *kind])

    def sync_rule(self, config: OciConfig) -> SyncRule:
        rules: dict[str, SyncRule] = {"pack": "always", "zarf": "fixed-at-creation"}
        return rules.get(config.provider_type, "optional")

    def guess(self, url: str) -> float:
        return address.likelihood(url)

    def credentials(self, config: OciConfig) -> Credentials | None:
        return signing.login(config)

    def commands(
        self, config: OciConfig, artifact: Artifact, version: Version
    ) -> Iterable[Command]:
        from registrykit.oci.content import commands

        return commands(read_address(config.endpoint, config.endpoint_suffix), artifact, version)

    def elsewhere(self, environ: Mapping[str, str]) -> Iterable[KnownElsewhere]:
        from registrykit_oci.elsewhere import registries

        return registries(environ)

    def check(self, ctx: Context[OciConfig]) -> Iterator[Check]:
        from registrykit_oci.checks import check

        return check(ctx, source_of(ctx.config, ctx))

    def sync(self, ctx: Context[OciConfig]) -> Iterator[SyncEvent]:
        from registrykit.oci.content import listing

        return listing(ctx, source_of(ctx.config, ctx))

    def details(
        self, ctx: Context[OciConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        from registrykit.oci.content import documents

        return documents(ctx, source_of(ctx.config, ctx), artifact, version)

    def save(
        self, ctx: Context[OciConfig], artifact: Artifact, version: Version, stream: BinaryIO
    ) -> str:
        from registrykit.oci.content import save

        return save(ctx, source_of(ctx.config, ctx), artifact, version, stream)


def source_of(config: OciConfig, ctx: Context[OciConfig] | None = None) -> Source:
    """Return what is read of a registry, signed in with `ctx`; raises BadConfig."""
    place = read_address(config.endpoint, config.endpoint_suffix)
    credentials, names = signing.sign_in(config, place, ctx.http) if ctx else (None, None)
    return Source(
        address=place,
        provider=config.provider_type,
        paths=_entered(config.base_content_path),
        repositories=_entered(config.repositories),
        credentials=credentials,
        names=names,
        declared=partial(fips.declared, place.origin.host),
    )


def _entered(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(path for path in paths if path.strip())


def _place(config: OciConfig) -> tuple[Address | None, tuple[str, ...]]:
    """Return where the registry is and which names are read, as far as that can be made out."""
    place, _ = read(config.endpoint, config.endpoint_suffix)
    if place is None:
        return None, ()
    try:
        source = source_of(config)
        return place, (*source.prefixes(), *source.entered())
    except BadConfig:
        return place, ()
