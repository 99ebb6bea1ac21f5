"""One look at a registry: what is read of it by digest is read once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from registrykit.formats.pack_archive import PackContents, PackLimits, read_pack
from registrykit.http import explain
from registrykit.oci.content.download import downloaded
from registrykit.oci.content.once import Once
from registrykit.oci.content.source import Source, is_pack_place
from registrykit.oci.manifests import Descriptor, Manifest

if TYPE_CHECKING:
    from registrykit.http import Http

LARGEST_PACK = PackLimits().unpacked
"""Bytes of a packed archive that are read."""
SMALL = 4 * 1024 * 1024
"""Bytes of a config, or of a single text."""

PASSING = explain.PASSING | frozenset(
    (
        "bad-challenge",
        "bad-realm",
        "digest-mismatch",
        "no-token",
        "size-mismatch",
        "token-redirected",
    )
)
"""Codes of `BadAnswer` for how content came here, or did not, and not for the content itself."""

_KEPT = 32 * 1024 * 1024
_AT_ONCE = 2

T = TypeVar("T")


class Look:
    """What a job reads of one registry; safe to use from several threads."""

    def __init__(self, http: Http, source: Source) -> None:
        self.source = source
        self.registry = source.registry(http)
        self._entered = frozenset(source.entered())
        self._once = Once(_KEPT)
        # As many threads download as there are; what they make of it has to fit into the memory.
        self.unpacking = threading.Semaphore(_AT_ONCE)

    def has_packs(self, repository: str) -> bool:
        """Say whether what lies in a repository is a pack where it looks like nothing else."""
        if self.source.provider == "pack" and repository in self._entered:
            return True
        return is_pack_place(repository)

    def child(self, repository: str, entry: Descriptor) -> Manifest:
        """Return a manifest that an index lists."""
        return self._read(
            entry.digest,
            lambda: self.registry.manifest(repository, entry.digest, size=entry.size),
            lambda manifest: manifest.size,
        )

    def small(self, repository: str, descriptor: Descriptor) -> bytes:
        """Return a blob that is no larger than `SMALL`."""
        return self._read(
            descriptor.digest,
            lambda: self.registry.read_blob(repository, descriptor, SMALL),
            len,
        )

    def pack(self, repository: str, layer: Descriptor) -> PackContents:
        """Return what the archive of a pack holds."""

        def read() -> PackContents:
            content = downloaded(self.registry, repository, layer, LARGEST_PACK)
            with content as archive, self.unpacking:
                return read_pack(archive)

        return self._read((layer.digest, "pack"), read, _weight)

    def _read(self, key: object, read: Callable[[], T], weigh: Callable[[T], int]) -> T:
        return self._once.get(key, read, weigh)


def _weight(contents: PackContents) -> int:
    texts = (contents.readme, contents.values, contents.schema, contents.presets)
    # A name or a field takes far more than its letters.
    names = sum(len(name) + 128 for name in contents.files)
    return sum(map(len, texts)) + 16 * len(contents.pack_json) + len(contents.logo) + names
