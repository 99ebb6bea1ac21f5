"""Saving a pack as one archive, in the form in which an OCI registry takes it.

An archive is written as the registry keeps it. A pack that is kept file by file is put together:
one folder `<name>-<version>` with its files in the order of the manifest, and nothing that depends
on when or where that is done.
"""

from __future__ import annotations

import tarfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer
from registrykit.formats.chart_archive import file_stem
from registrykit_legacy_pack.packs import Look

if TYPE_CHECKING:
    from registrykit.sync import Context
    from registrykit_legacy_pack.config import LegacyPackConfig
    from registrykit_legacy_pack.wire import Blob


def save(
    ctx: Context[LegacyPackConfig], artifact: Artifact, version: Version, stream: BinaryIO
) -> str:
    """Write the pack to `stream` and return the name of its file.

    Raises BadAnswer with the code `digest-mismatch` where what came is not what the manifest
    lists: what has been written then is not the pack.
    """
    look = Look(ctx)
    _, manifest = look.stored(artifact, version)
    stem = file_stem(artifact.shown_name, version.wire_tag, artifact.kind)
    if manifest.archive is not None:
        for piece in look.pieces(artifact.path, manifest.archive):
            stream.write(piece)
    else:
        packer = _Packer(stream)
        for name, blob in manifest.files.items():
            packer.begin(f"{stem}/{name}", _size(name, blob))
            for piece in look.pieces(artifact.path, blob):
                packer.write(piece)
        packer.end()
    return f"{stem}.tar.gz"


def _size(name: str, blob: Blob) -> int:
    if blob.size is None:
        raise BadAnswer(
            "The pack cannot be put together.",
            cause=f"The manifest does not tell the size of {name}.",
            remedy="Download it with the vendor's own tool.",
            code="size-missing",
        )
    return blob.size


class _Packer:
    """A gzip of a tar in the making; each file has to get as many bytes as it began with."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._gzip = zlib.compressobj(9, zlib.DEFLATED, 31)
        self._padding = 0

    def begin(self, name: str, size: int) -> None:
        header = tarfile.TarInfo(name)
        header.size = size
        self.write(bytes(self._padding) + header.tobuf(tarfile.PAX_FORMAT))
        self._padding = -size % tarfile.BLOCKSIZE

    def write(self, content: bytes) -> None:
        self._stream.write(self._gzip.compress(content))

    def end(self) -> None:
        self.write(bytes(self._padding + 2 * tarfile.BLOCKSIZE))
        self._stream.write(self._gzip.flush())
