"""Reading one pack of the registry: its manifest, its facts, its documents."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from msgspec.structs import replace

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer, NotFound
from registrykit.events import LARGEST_LOGO, Document, Ref
from registrykit.formats.pack_archive import (
    LOGO,
    PACK_JSON,
    PRESETS,
    TEXTS,
    VALUES,
    PackContents,
    PackLimits,
    pack_contents,
    read_pack,
)
from registrykit.formats.text import Remarks
from registrykit.oci.content.download import filled
from registrykit.oci.content.look import PASSING
from registrykit.oci.names import hash_for, is_digest
from registrykit_legacy_pack import address, wire
from registrykit_legacy_pack.remembered import Row
from registrykit_legacy_pack.wire import Blob, PackManifest, Tag

if TYPE_CHECKING:
    from registrykit.http import Response
    from registrykit.sync import Context
    from registrykit_legacy_pack.config import LegacyPackConfig

LARGEST = PackLimits().unpacked
"""Bytes of a packed archive whose documents are read."""
SMALL = 1024 * 1024
"""Up to this size an archive is read for the listing even where pack.json lies beside it."""

_LARGEST_TEXT = 16 * 1024 * 1024
_MANIFEST = "manifest"
_OWNER = "Ask the owner of the registry to push the pack again."


@dataclass(frozen=True)
class WholePack:
    """All that a pack holds, with its manifest."""

    contents: PackContents
    manifest: bytes

    def documents(self, ref: Ref) -> Iterator[Document]:
        """Yield what is there of readme, values, schema, presets, metadata, logo and manifest."""
        yield from self.contents.documents(ref)
        yield Document(
            ref, "manifest", self.manifest.decode("utf-8", "replace"), "application/json"
        )


class Look:
    """One look at the packs of a registry."""

    def __init__(self, ctx: Context[LegacyPackConfig]) -> None:
        self._ctx = ctx
        self.root = address.root(ctx.config.endpoint)

    def read(self, name: str, tag: Tag, known: Row) -> tuple[Row, WholePack | None]:
        """Return what a tag is now, and all of its pack where that was read along the way.

        What cannot be read of its content is the row's `gap`; what did not come, or damaged, is
        raised.
        """
        answer, digest = self.manifest(name, tag.tag, known.etag)
        if answer.not_modified or digest == known.manifest:
            return replace(known, etag=answer.etag), None
        group, label = wire.split_tag(tag.tag)
        row = Row(digest, answer.etag)
        facts = {"tagGroup": group} if group else {}
        facts |= {_MANIFEST: digest}
        urls = (wire.manifest_url(self.root, name, digest),)
        try:
            manifest = wire.read_manifest(answer.body)
        except BadAnswer as error:
            # Its name and its version are known all the same.
            shown = "" if label == tag.tag else tag.tag
            bare = Version(label, shown, _of_manifest(digest), urls=urls, facts=facts)
            return replace(row, version=bare, gap=_reason(error)), None
        try:
            contents, is_whole = self.contents(name, manifest)
        except BadAnswer as error:
            if error.code in PASSING:
                raise
            return replace(row, gap=_reason(error)), None
        pack = contents.pack.plus({}, manifest.problems)
        version = pack.listed(
            label,
            path=name,
            tag=tag.tag,
            digest=manifest.archive.digest if manifest.archive else _of_manifest(digest),
            size=manifest.size,
            created=manifest.created,
            urls=urls,
            facts=facts,
        )
        row = replace(
            row,
            version=version,
            display_name=pack.display_name,
            description=pack.description,
        )
        return row, WholePack(contents, answer.body) if is_whole else None

    def manifest(self, name: str, reference: str, etag: str = "") -> tuple[Response, str]:
        """Return the answer for a manifest, and its digest; empty where it did not change."""
        url = wire.manifest_url(self.root, name, reference)
        answer = self._ctx.http.get(
            url, accept=wire.ACCEPT, etag=etag, max_bytes=wire.LARGEST_MANIFEST
        )
        if answer.not_modified:
            return answer, ""
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        told = answer.headers.get("docker-content-digest", "")
        expected = reference if is_digest(reference) else told
        if expected.startswith("sha256:") and expected != digest:
            raise BadAnswer(
                f"The manifest of {name} {reference} is not the one that the registry speaks of.",
                cause=f"It speaks of {expected[:80]}, and sent {digest}.",
                remedy=_OWNER,
                code="digest-mismatch",
            )
        return answer, digest

    def contents(self, name: str, manifest: PackManifest) -> tuple[PackContents, bool]:
        """Return what a pack holds, with as few requests as show its facts, and if that is all.

        Only from an archive is everything read; else pack.json, and values and presets where they
        are blobs of their own.
        """
        alone, archive = manifest.files.get(PACK_JSON), manifest.archive
        small = archive is not None and archive.size is not None and archive.size <= SMALL
        if alone is not None and not small:
            try:
                return self.files(name, manifest, (PACK_JSON, VALUES, PRESETS)), False
            except BadAnswer:
                if archive is None:
                    raise
        if archive is None:
            raise BadAnswer(
                f"The pack {name} has no pack.json.", remedy=_OWNER, code="pack-incomplete"
            )
        contents = self.unpacked(name, archive)
        return contents, LOGO in contents.files or LOGO not in manifest.files

    def unpacked(self, name: str, archive: Blob) -> PackContents:
        """Return what an archive holds."""
        with self._whole(name, archive, LARGEST) as stream:
            return read_pack(stream)

    def with_logo(self, name: str, manifest: PackManifest, contents: PackContents) -> PackContents:
        """Return a pack with the logo that is a blob of its own, where that is small enough."""
        logo = manifest.files.get(LOGO)
        if contents.logo or logo is None or logo.size is None or logo.size > LARGEST_LOGO:
            return contents
        try:
            with self._whole(name, logo, LARGEST_LOGO) as stream:
                picture = stream.read()
        except (BadAnswer, NotFound):
            return contents  # what people read is worth more than the picture beside it
        return dataclasses.replace(contents, logo=picture)

    def files(self, name: str, manifest: PackManifest, wanted: tuple[str, ...]) -> PackContents:
        """Return a pack from those of its single files that are wanted and there."""
        there = manifest.files
        texts = {}
        for file in wanted:
            if file in there:
                with self._whole(name, there[file], _LARGEST_TEXT) as stream:
                    texts[file] = stream.read()
        sizes = {file: blob.size for file, blob in there.items() if blob.size is not None}
        contents = pack_contents(texts, sizes, Remarks())
        if LOGO not in there:
            return contents
        # For its facts it need not be fetched: what the registry says of it is enough.
        logo = {"mediaType": there[LOGO].media_type, "size": sizes.get(LOGO, 0)}
        return dataclasses.replace(contents, pack=contents.pack.plus({"logo": logo}))

    def _whole(self, name: str, blob: Blob, at_most: int) -> AbstractContextManager[BinaryIO]:
        """Give a blob that was downloaded and checked, to be read from its beginning."""
        return filled(lambda file: file.writelines(self.pieces(name, blob, at_most)))

    def pieces(self, name: str, blob: Blob, at_most: int | None = None) -> Iterator[bytes]:
        """Yield a blob; raises at its end if it is not the one that its digest names."""
        hashed, size = hash_for(blob.digest), 0
        url = wire.blob_url(self.root, name, blob)
        with self._ctx.http.stream(url, max_bytes=at_most) as download:
            for piece in download:
                hashed.update(piece)
                size += len(piece)
                if blob.size is not None and size > blob.size:
                    break
                yield piece
        _check(name, blob, f"{hashed.name}:{hashed.hexdigest()}", size)

    def stored(self, artifact: Artifact, version: Version) -> tuple[bytes, PackManifest]:
        """Return the manifest of a version that was listed, by its digest."""
        known = version.facts.get(_MANIFEST)
        reference = known if isinstance(known, str) and is_digest(known) else version.wire_tag
        try:
            answer, _ = self.manifest(artifact.path, reference)
        except NotFound as error:
            raise NotFound(
                f"The registry no longer has {artifact.path} {version.version}.",
                cause=error.cause,
                remedy="Synchronize the registry.",
                code="pack-missing",
            ) from None
        return answer.body, wire.read_manifest(answer.body)


def documents(
    ctx: Context[LegacyPackConfig], artifact: Artifact, version: Version
) -> Iterator[Document]:
    """Yield the documents of a pack that are there."""
    look = Look(ctx)
    body, manifest = look.stored(artifact, version)
    if manifest.archive is not None:
        contents = look.unpacked(artifact.path, manifest.archive)
    else:
        contents = look.files(artifact.path, manifest, TEXTS)
    contents = look.with_logo(artifact.path, manifest, contents)
    ref = Ref(artifact.path, version.version, artifact.kind, version.wire_tag)
    yield from WholePack(contents, body).documents(ref)


def _check(name: str, blob: Blob, digest: str, size: int) -> None:
    """Raise `BadAnswer` if this is not the content that was asked for."""
    if digest != blob.digest:
        cause = f"It was asked for {blob.digest}, and sent {digest}."
    elif blob.size is not None and size != blob.size:
        cause = f"It was to have {blob.size:,} bytes, and has {size:,}."
    else:
        return
    raise BadAnswer(
        f"What the registry sent of {name} is not what its manifest lists.",
        cause=cause,
        remedy="Synchronize and try again; if it stays, tell the registry's owner before you use "
        "the pack.",
        code="digest-mismatch",
    )


def _of_manifest(digest: str) -> str:
    """Return a manifest's digest as one that no file can have.

    Where a pack is kept file by file, its manifest alone tells when it changes; but no bytes that
    are saved have this digest, so it must not look like theirs.
    """
    return f"manifest+{digest}"


def _reason(error: BadAnswer) -> str:
    return f"{error} {error.cause}".strip()
