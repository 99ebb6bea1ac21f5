"""Saving a version: a chart, a pack or a single file as it is, all else as an OCI archive.

Such an archive is the image layout of the image-spec in one tar file, which skopeo, podman and oras
read. Nothing in it depends on when or where it is written.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from registrykit.artifacts import Artifact, Version
from registrykit.formats.chart_archive import chart_file_name, file_stem
from registrykit.formats.kinds import ARTIFACT, CHART
from registrykit.formats.pack import PACK
from registrykit.oci.content.look import Look
from registrykit.oci.content.shapes import chart_layer, only_file, pack_layer
from registrykit.oci.content.source import Source
from registrykit.oci.content.texts import stored
from registrykit.oci.manifests import Descriptor, Image, Index, Manifest
from registrykit.oci.media import IMAGES, INDEXES, OCI_INDEX
from registrykit.oci.registry import too_many_children

if TYPE_CHECKING:
    from registrykit.oci.blobs import Blob
    from registrykit.sync import Context

_TAG = "org.opencontainers.image.ref.name"
# What Windows takes for a device, whatever follows behind a dot.
_DEVICES = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10)))
)


def save(
    ctx: Context[Any], source: Source, artifact: Artifact, version: Version, stream: BinaryIO
) -> str:
    """Write the content to `stream` and return the name of its file.

    Raises `BadAnswer`, `digest-mismatch` or `size-mismatch`, where what came is not what the
    manifest lists: what has been written then is not the version.
    """
    look = Look(ctx.http, source)
    manifest = stored(look, artifact, version)
    document = manifest.document
    if isinstance(document, Image):
        if artifact.kind == CHART.id:
            _write(look, manifest, chart_layer(document), stream)
            return chart_file_name(artifact, version)
        stem = file_stem(artifact.shown_name, version.wire_tag, artifact.kind)
        if artifact.kind == PACK.id:
            _write(look, manifest, pack_layer(document), stream)
            return f"{stem}.tar.gz"
        file = only_file(document) if artifact.kind == ARTIFACT.id else None
        if file is not None:
            _write(look, manifest, file, stream)
            return _own_name(file) or stem
    _write_layout(look, manifest, version, stream)
    return f"{file_stem(artifact.shown_name, version.wire_tag, artifact.kind)}.oci.tar"


def _write(look: Look, manifest: Manifest, layer: Descriptor, stream: BinaryIO) -> None:
    with look.registry.blob(manifest.repository, layer) as pieces:
        for piece in pieces:
            stream.write(piece)


def _own_name(file: Descriptor) -> str:
    """Return the name that a file was pushed under, if it is a plain one on every system."""
    name = file.title.replace("\\", "/").rpartition("/")[2]
    if name.partition(".")[0].upper() in _DEVICES:
        return ""
    return name if file_stem(name, "0", "") == f"{name}-0" else ""


def _write_layout(look: Look, manifest: Manifest, version: Version, stream: BinaryIO) -> None:
    top = {
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": manifest.size,
        "annotations": {_TAG: version.wire_tag},
    }
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [top]}
    written: set[str] = set()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(tar, "index.json", json.dumps(index).encode())
        for one in _manifests(look, manifest):
            _add(tar, _place(one.digest), one.content)
            if not isinstance(one.document, Image):
                continue
            for part in (one.document.config, *one.document.layers):
                if part.digest not in written:
                    written.add(part.digest)
                    _add_blob(tar, look, one, part)


def _manifests(look: Look, manifest: Manifest) -> Iterator[Manifest]:
    """Yield a manifest or index, and once each all that it leads to; raise if that is too much."""
    seen = {manifest.digest}
    waiting: deque[Descriptor] = deque()
    found = manifest
    while True:
        yield found
        for child in found.document.manifests if isinstance(found.document, Index) else ():
            if child.digest not in seen and child.media_type in IMAGES | INDEXES:
                seen.add(child.digest)
                waiting.append(child)
        if len(seen) > look.registry.limits.children:
            raise too_many_children(manifest, look.registry.limits)
        if not waiting:
            return
        found = look.child(manifest.repository, waiting.popleft())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _add_blob(tar: tarfile.TarFile, look: Look, manifest: Manifest, part: Descriptor) -> None:
    member = tarfile.TarInfo(_place(part.digest))
    member.size = part.size
    with look.registry.blob(manifest.repository, part) as blob:
        reader = _Reader(blob)
        tar.addfile(member, reader)  # type: ignore[arg-type]
        reader.read(1)  # only behind its last byte a blob says whether it is the right one


def _place(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


class _Reader:
    """A blob as a file that is read from its beginning to its end."""

    def __init__(self, blob: Blob) -> None:
        self._pieces = iter(blob)
        self._ready = b""

    def read(self, size: int) -> bytes:
        while len(self._ready) < size and (piece := next(self._pieces, b"")):
            self._ready += piece
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken
