"""Documents of one version: what people read of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer, NotFound
from registrykit.events import Document, Ref
from registrykit.formats import zarf
from registrykit.formats.chart_archive import LARGEST, chart_documents
from registrykit.formats.kinds import CHART, IMAGE, ZARF
from registrykit.formats.pack import PACK
from registrykit.formats.pack_archive import PackContents
from registrykit.formats.text import Remarks, readable
from registrykit.oci.content.download import downloaded
from registrykit.oci.content.look import SMALL, Look
from registrykit.oci.content.shapes import ZARF_YAML, chart_layer, pack_layer, shape_of
from registrykit.oci.content.source import Source
from registrykit.oci.manifests import Image, Manifest
from registrykit.oci.names import is_digest

if TYPE_CHECKING:
    from registrykit.sync import Context

_JSON = "application/json"


def documents(
    ctx: Context[Any], source: Source, artifact: Artifact, version: Version
) -> Iterator[Document]:
    """Yield what is there of readme, values, schema and metadata, and the manifest."""
    look = Look(ctx.http, source)
    manifest = stored(look, artifact, version)
    ref = Ref(artifact.path, version.version, artifact.kind, version.wire_tag)
    if artifact.kind == PACK.id and isinstance(manifest.document, Image):
        yield from pack_documents(
            look.pack(artifact.path, pack_layer(manifest.document)), manifest, ref
        )
        return
    if artifact.kind == CHART.id and isinstance(manifest.document, Image):
        layer = chart_layer(manifest.document)
        with downloaded(look.registry, artifact.path, layer, LARGEST) as archive:
            yield from chart_documents(archive, ref)
    elif artifact.kind == ZARF.id:
        yield from _of_zarf(look, manifest, ref)
    elif artifact.kind == IMAGE.id and isinstance(manifest.document, Image):
        yield from _config(look, manifest, manifest.document, ref)
    yield _manifest(manifest, ref)


def pack_documents(contents: PackContents, manifest: Manifest, ref: Ref) -> Iterator[Document]:
    """Yield all documents of a pack that was read."""
    yield from contents.documents(ref)
    yield _manifest(manifest, ref)


def stored(look: Look, artifact: Artifact, version: Version) -> Manifest:
    """Return the manifest of a version that was listed: by its digest, so that it is that one."""
    reference = version.digest if is_digest(version.digest) else version.wire_tag
    try:
        return look.registry.manifest(artifact.path, reference)
    except NotFound as error:
        raise NotFound(
            f"The registry no longer has {artifact.path} {version.version} as it was listed.",
            cause=error.cause,
            remedy="Synchronize the registry.",
            code="version-missing",
        ) from None


def _of_zarf(look: Look, manifest: Manifest, ref: Ref) -> Iterator[Document]:
    leaf = shape_of(look, manifest).leaf
    if leaf is None or not isinstance(leaf.document, Image):
        return
    image = leaf.document

    def text(title: str) -> bytes:
        layer = image.layer(title)
        if layer is None or layer.size > SMALL:
            return b""
        return look.small(manifest.repository, layer)

    yield from zarf.documents(
        ref,
        text(ZARF_YAML),
        values=text("values.yaml"),
        schema=text("values.schema.json"),
    )


def _config(look: Look, manifest: Manifest, image: Image, ref: Ref) -> Iterator[Document]:
    try:
        content = look.small(manifest.repository, image.config)
    except (BadAnswer, NotFound):
        return  # the manifest can be read without it
    yield Document(ref, "metadata", readable(content, "the config", SMALL, Remarks()), _JSON)


def _manifest(manifest: Manifest, ref: Ref) -> Document:
    return Document(ref, "manifest", manifest.content.decode("utf-8", "replace"), _JSON)
