"""Whole blobs on disk, checked before anybody reads them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from registrykit.errors import BadAnswer, Unreachable
from registrykit.http.explain import size
from registrykit.oci.manifests import Descriptor
from registrykit.oci.registry import Registry

IN_MEMORY = 2 * 1024 * 1024
AT_ONCE = 512 * 1024
"""Bytes of a blob that is not worth being read piece by piece."""

_WORTH_ANOTHER_TRY = frozenset(("digest-mismatch", "size-mismatch", "truncated"))


@contextmanager
def downloaded(
    registry: Registry, repository: str, descriptor: Descriptor, at_most: int
) -> Iterator[BinaryIO]:
    """Give a blob to be read from its beginning; if it comes damaged it is asked for once more."""
    if descriptor.size > at_most:
        raise BadAnswer(
            f"The blob {descriptor.digest[:19]}… of {repository} is too large.",
            cause=f"At most {size(at_most)} are read, it has {size(descriptor.size)}.",
            remedy="Use the registry's own tool to download it.",
            code="too-large",
        )
    if descriptor.size <= AT_ONCE:
        yield io.BytesIO(registry.read_blob(repository, descriptor))
        return

    def fill(file: IO[bytes]) -> None:
        with registry.blob(repository, descriptor) as pieces:
            file.writelines(pieces)

    with filled(fill) as file:
        yield file


@contextmanager
def filled(fill: Callable[[IO[bytes]], None]) -> Iterator[BinaryIO]:
    """Give what `fill` writes, to be read from its beginning; damaged, it is asked for once more.

    `fill` raises for what is damaged: `digest-mismatch`, `size-mismatch` or `truncated`.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            fill(file)
        except (BadAnswer, Unreachable) as error:
            if error.code not in _WORTH_ANOTHER_TRY:
                raise
            file.seek(0)
            file.truncate()
            fill(file)
        file.seek(0)
        yield cast(BinaryIO, file)
