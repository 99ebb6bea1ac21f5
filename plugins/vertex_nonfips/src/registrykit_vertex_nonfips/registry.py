"""The registry type `vertex-nonfips`; what needs the network is imported when it is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from registrykit import fips
from registrykit.artifacts import Artifact, ArtifactKind, Command, Version
from registrykit.errors import BadConfig
from registrykit.formats.pack import PACK
from registrykit.forms import Problem
from registrykit.oci import config as signing
from registrykit.oci.addresses import Address
from registrykit.oci.content import Source
from registrykit.registry import RegistryType
from registrykit.urls import Credentials, Origin
from registrykit_vertex_nonfips import places
from registrykit_vertex_nonfips.config import VertexNonFipsConfig, problems
from registrykit_vertex_nonfips.places import Place

if TYPE_CHECKING:
    from registrykit.events import Check, Document, SyncEvent
    from registrykit.sync import Context

_ASSERTED = fips.evidence("not_compliant", "user_asserted", "added as a non-FIPS registry")


class VertexNonFipsRegistry(RegistryType[VertexNonFipsConfig]):
    """A registry of packs that are declared not FIPS compliant, as VerteX has them added."""

    id: ClassVar[str] = "vertex-nonfips"
    title: ClassVar[str] = "VerteX non-FIPS pack registry"
    summary: ClassVar[str] = (
        "Packs that are not FIPS compliant. A tenant uses them only where it is allowed."
    )
    icon: ClassVar[str] = "shield"
    confirmation: ClassVar[str] = (
        "Packs from this registry are not FIPS compliant, as declared. They can be used only "
        "where a tenant allows non-FIPS packs."
    )
    editions: ClassVar[frozenset[str]] = frozenset({"vertex", "vertex-airgap"})
    Config = VertexNonFipsConfig
    kinds: ClassVar[tuple[ArtifactKind, ...]] = (PACK,)

    def validate(self, config: VertexNonFipsConfig) -> Iterable[Problem]:
        return problems(config)

    def endpoint(self, config: VertexNonFipsConfig) -> str:
        place = _place(config)
        if place is None:
            return config.endpoint.strip()
        if len(place.paths) != 1:
            return place.address.shown
        return f"{Address(place.address.root).shown}/{'/'.join(_bases(place))}"

    def origins(self, config: VertexNonFipsConfig) -> frozenset[Origin]:
        return signing.origins(config, _known(config).address)

    def identity(self, config: VertexNonFipsConfig) -> str:
        place = _place(config)
        if place is None:
            return config.endpoint.strip()
        return " ".join([place.address.root, *sorted(_bases(place))])

    def credentials(self, config: VertexNonFipsConfig) -> Credentials | None:
        return signing.login(config)

    def commands(
        self, config: VertexNonFipsConfig, artifact: Artifact, version: Version
    ) -> Iterable[Command]:
        from registrykit.oci.content import commands

        return commands(_known(config).address, artifact, version)

    def check(self, ctx: Context[VertexNonFipsConfig]) -> Iterator[Check]:
        from registrykit.checks import run
        from registrykit.oci.content import content_stages

        source = source_of(ctx)
        return run(ctx.http, source.address.api, content_stages(ctx.http, source))

    def sync(self, ctx: Context[VertexNonFipsConfig]) -> Iterator[SyncEvent]:
        from registrykit.oci.content import listing

        return listing(ctx, source_of(ctx))

    def details(
        self, ctx: Context[VertexNonFipsConfig], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        from registrykit.oci.content import documents

        return documents(ctx, source_of(ctx), artifact, version)

    def save(
        self,
        ctx: Context[VertexNonFipsConfig],
        artifact: Artifact,
        version: Version,
        stream: BinaryIO,
    ) -> str:
        from registrykit.oci.content import save

        return save(ctx, source_of(ctx), artifact, version, stream)


def source_of(ctx: Context[VertexNonFipsConfig]) -> Source:
    """Return what is read of a registry, signed in; raises BadConfig."""
    place = _known(ctx.config)
    credentials, names = signing.sign_in(ctx.config, place.address, ctx.http)
    return Source(
        place.address,
        "pack",
        place.paths,
        credentials=credentials,
        names=names,
        declared=partial(declared, ctx.config.preset, place.address.origin.host),
    )


def declared(preset: str, host: str, repository: str) -> dict[str, Any]:
    """Return the facts that are declared of the packs in a repository.

    Of the vendor's own registries it is the documentation that says so, of another one it is the
    user who added it as one of this type; where both have spoken, both count.
    """
    documented = fips.declared(host, repository)
    if preset != "custom":
        return documented
    return {fips.FACT: fips.merge(_ASSERTED, documented.get(fips.FACT, {}))}


def _place(config: VertexNonFipsConfig) -> Place | None:
    return places.where(config.preset, config.endpoint, config.base_content_path)


def _known(config: VertexNonFipsConfig) -> Place:
    """Return the place; raises BadConfig where the endpoint is not one."""
    place = _place(config)
    if place is None:
        raise BadConfig(
            "The endpoint is not that of a registry.",
            cause=f"it is {config.endpoint.strip()!r}",
            remedy="Enter the host of the registry.",
        )
    return place


def _bases(place: Place) -> list[str]:
    """Return the base content paths with that of the endpoint before them, as far as valid."""
    try:
        return [place.address.repository(path) for path in place.paths]
    except BadConfig:
        return list(place.paths)
