"""What lies under a tag, by the look of its manifest: a chart, a pack, a Zarf package, an image."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from registrykit.errors import BadAnswer
from registrykit.formats.kinds import ARTIFACT, CHART, IMAGE, ZARF
from registrykit.formats.pack import PACK
from registrykit.oci.content.look import Look
from registrykit.oci.content.source import ARCHIVE
from registrykit.oci.manifests import Descriptor, Image, Index, Manifest
from registrykit.oci.media import EMPTY, INDEXES

HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHARTS = (
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    "application/tar+gzip",
)
ZARF_CONFIG = "application/vnd.zarf.config.v1+json"
ZARF_YAML, CHECKSUMS = "zarf.yaml", "checksums.txt"
IMAGE_CONFIGS = frozenset(
    (
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    )
)
# How tools of different ages say that they have nothing to say.
_NO_CONFIGS = frozenset(
    (
        EMPTY,
        "",
        "application/json",
        "application/octet-stream",
        "application/vnd.unknown.config.v1+json",
        "application/vnd.unknown.artifact.v1",
    )
)
_ATTACHED = re.compile(r"sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:[.-].*)?")
_ARCHIVES = (".tar.gz", ".tgz")
_MULTI = "multi"
_UNKNOWN = frozenset(("", "unknown"))
_SKELETON = "skeleton"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a manifest leads to: `kind` is empty for what is nothing by itself.

    `leaf` is the manifest that holds its content, where that was needed to tell.
    """

    kind: str
    leaf: Manifest | None = None


def is_attached(tag: str) -> bool:
    """Say whether a tag leads from a digest to its signatures: it is no version of anything."""
    return _ATTACHED.fullmatch(tag) is not None


def shape_of(look: Look, manifest: Manifest) -> Shape:
    """Say what a manifest is; of an index, one of the manifests that it lists is asked for."""
    document = manifest.document
    if isinstance(document, Image):
        return Shape(_kind_of(look, manifest.repository, document), manifest)
    if child := architecture(document.manifests):
        if not look.source.shows(ZARF.id):
            return Shape(ZARF.id)
        leaf = look.child(manifest.repository, child)
        if isinstance(leaf.document, Image) and _is_zarf(leaf.document):
            return Shape(ZARF.id, leaf)
        return Shape(ARTIFACT.id)
    if any(one.platform and one.platform.os not in _UNKNOWN for one in document.manifests):
        return Shape(IMAGE.id)
    if document.artifact_type or not document.manifests or not look.source.shows(IMAGE.id):
        return Shape(ARTIFACT.id)
    leaf = _first(look, manifest)
    if isinstance(leaf.document, Image) and leaf.document.config.media_type in IMAGE_CONFIGS:
        return Shape(IMAGE.id)
    return Shape(ARTIFACT.id)


def architecture(listed: Iterable[Descriptor]) -> Descriptor | None:
    """Return the entry of a Zarf package's index that is read: the most common that is complete."""
    entries = [one for one in listed if one.platform and one.platform.os == _MULTI]
    order = {"amd64": 0, "arm64": 1, _SKELETON: 3}
    return min(
        entries,
        key=lambda one: (order.get(_architecture(one), 2), _architecture(one)),
        default=None,
    )


def architectures(index: Index) -> tuple[tuple[str, ...], bool]:
    """Return the architectures of a Zarf package, and whether there is a skeleton to build on."""
    found = {_architecture(one) for one in index.manifests if one.platform}
    return tuple(sorted(found - {_SKELETON, ""})), _SKELETON in found


def looks_like_pack(image: Image) -> bool:
    """Say whether a manifest could be that of a pack, wherever it lies."""
    if image.config.media_type not in _NO_CONFIGS or _is_zarf(image):
        return False
    return any(layer.title.lower().endswith(_ARCHIVES) for layer in image.layers)


def chart_layer(image: Image) -> Descriptor:
    """Return the layer with the archive of a chart."""
    for layer in image.layers:
        if layer.media_type in HELM_CHARTS:
            return layer
    raise BadAnswer(
        "The chart has no archive.",
        cause="None of its layers is of a type that Helm gives to charts.",
        remedy="Push it again with helm push.",
        code="chart-incomplete",
    )


def pack_layer(image: Image) -> Descriptor:
    """Return the one layer with the archive of a pack."""
    layers = image.layers
    found = [one for one in layers if one.title.lower().endswith(_ARCHIVES)] or list(layers)
    if len(found) == 1:
        return found[0]
    raise BadAnswer(
        "This is no pack." if not layers else "It is not clear which file is the pack.",
        cause=f"A pack has one layer with its archive; this has {len(found)}.",
        remedy="Push it again as one archive, NAME-VERSION.tar.gz.",
        code="pack-incomplete",
    )


def only_file(image: Image) -> Descriptor | None:
    """Return the file that an artifact is, where it is one alone."""
    return image.layers[0] if len(image.layers) == 1 and image.layers[0].title else None


def content_size(image: Image) -> int:
    """Return how many bytes config and layers have."""
    return image.config.size + sum(layer.size for layer in image.layers)


def _kind_of(look: Look, repository: str, image: Image) -> str:
    config = image.config.media_type
    if config == HELM_CONFIG:
        return CHART.id
    if _is_zarf(image):
        return ZARF.id
    if config in _NO_CONFIGS and look.has_packs(repository):
        return PACK.id
    if config in IMAGE_CONFIGS and not image.artifact_type:
        return IMAGE.id
    if not image.layers and f"/{repository}".endswith(f"/{ARCHIVE}"):
        return ""  # what the vendor's guide has people push before the first pack
    return ARTIFACT.id


def _is_zarf(image: Image) -> bool:
    return image.config.media_type == ZARF_CONFIG or image.layer(ZARF_YAML) is not None


def _architecture(entry: Descriptor) -> str:
    return entry.platform.architecture if entry.platform else ""


def _first(look: Look, manifest: Manifest) -> Manifest:
    """Return the first manifest that an index leads to, or the index that leads nowhere."""
    for _ in range(look.registry.limits.depth):
        document = manifest.document
        if not isinstance(document, Index) or not document.manifests:
            break
        # One that is an index itself is of no more use than one that is a manifest.
        plain = [one for one in document.manifests if one.media_type not in INDEXES]
        manifest = look.child(manifest.repository, (plain or document.manifests)[0])
    return manifest
