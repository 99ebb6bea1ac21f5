"""Blobs: bytes that are what their descriptor says, or an error."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from registrykit.errors import BadAnswer, Unreachable
from registrykit.http.explain import size
from registrykit.oci.manifests import Descriptor
from registrykit.oci.names import digest_of, hash_for, same_digest

if TYPE_CHECKING:
    from registrykit.http import Download, Response

SLACK = 1024
"""How much longer than its content an answer may be, that somebody on the way has packed."""

_MISMATCHES = frozenset(("digest-mismatch", "size-mismatch"))
_GZIP = 31


class Blob:
    """A blob on its way: iterate once, inside the `with` block that gave it.

    `length` is its size in bytes, as the descriptor says.
    """

    def __init__(self, download: Download, descriptor: Descriptor) -> None:
        self.length = descriptor.size
        self.digest = descriptor.digest
        self.url = download.url
        self._download = download
        self._descriptor = descriptor

    def __iter__(self) -> Iterator[bytes]:
        hashed, received = hash_for(self.digest), 0
        pieces = self._pieces()
        while (piece := self._next(pieces)) is not None:
            received += len(piece)
            if received > self.length:
                raise size_mismatch(self._descriptor, None)
            hashed.update(piece)
            yield piece
        if received != self.length:
            raise size_mismatch(self._descriptor, received)
        found = f"{hashed.name}:{hashed.hexdigest()}"
        if not same_digest(found, self.digest):
            raise digest_mismatch("The blob", self.digest, found)

    def _next(self, pieces: Iterator[bytes]) -> bytes | None:
        try:
            return next(pieces, None)
        except BadAnswer as error:
            if error.code != "too-large":
                raise
        raise size_mismatch(self._descriptor, None)

    def _pieces(self) -> Iterator[bytes]:
        download = self._download
        if not _is_packed(download.headers.get("content-encoding", "")):
            if download.length not in (None, self.length):
                raise size_mismatch(self._descriptor, download.length)
            return iter(download)
        # The server, or somebody on the way, has packed what must not be packed: unless it was
        # pushed like that, and is what the digest speaks of.
        return iter(download) if download.length == self.length else _unpacked(download)


def whole_blob(ask: Callable[[], Response], descriptor: Descriptor, limit: int) -> bytes:
    """Return the content of a blob; ask once more if it comes damaged or not whole."""
    if descriptor.size > limit:
        raise BadAnswer(
            f"The blob {descriptor.digest[:19]}… is too large.",
            cause=f"At most {size(limit)} are read, it has {size(descriptor.size)}.",
            remedy="Use the registry's own tool to download it.",
            code="too-large",
        )
    try:
        return _checked(ask(), descriptor)
    except (BadAnswer, Unreachable) as error:
        if error.code not in _MISMATCHES | {"truncated", "too-large"}:
            raise
    try:
        return _checked(ask(), descriptor)
    except BadAnswer as error:
        if error.code != "too-large":
            raise
    raise size_mismatch(descriptor, None)


def _checked(response: Response, descriptor: Descriptor) -> bytes:
    content = response.body
    if len(content) != descriptor.size and _is_packed(response.headers.get("content-encoding", "")):
        pieces, content = _unpacked([content]), b""
        for piece in pieces:
            content += piece
            if len(content) > descriptor.size:
                break
    if len(content) != descriptor.size:
        raise size_mismatch(descriptor, len(content))
    found = digest_of(content, descriptor.digest)
    if not same_digest(found, descriptor.digest):
        raise digest_mismatch("The blob", descriptor.digest, found)
    return content


def _is_packed(encoding: str) -> bool:
    return encoding.lower() in ("gzip", "x-gzip")


def _unpacked(pieces: Download | list[bytes]) -> Iterator[bytes]:
    """Yield what gzip holds, in pieces of a bounded size."""
    unpacker = zlib.decompressobj(_GZIP)
    try:
        for piece in pieces:
            waiting = piece
            while waiting:
                yield unpacker.decompress(waiting, 256 * 1024)
                waiting = unpacker.unconsumed_tail
        yield unpacker.flush()
    except zlib.error:
        return  # it ends too early then, and is refused for its size


def digest_mismatch(what: str, wanted: str, found: str) -> BadAnswer:
    """Return the error for bytes that are others than those that were asked for."""
    return BadAnswer(
        f"{what} does not match its digest.",
        cause=f"Asked for was {wanted}, what came has {found}. It was damaged or changed.",
        remedy="Try again; if it stays, do not use it, and tell the registry's owner.",
        code="digest-mismatch",
    )


def size_mismatch(descriptor: Descriptor, found: int | None) -> BadAnswer:
    """Return the error for a size other than the descriptor's; None stands for a larger one."""
    came = "more came" if found is None else f"{found:,} came"
    return BadAnswer(
        "The content does not have the size that its descriptor says.",
        cause=f"It should have {descriptor.size:,} bytes, {came}.",
        remedy="Try again; if it stays, do not use it, and tell the registry's owner.",
        code="size-mismatch",
    )
