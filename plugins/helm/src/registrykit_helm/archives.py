"""Chart archives: where they are, what documents they hold, and saving them as they are."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer, NotFound
from registrykit.events import Document, Ref
from registrykit.formats.chart_archive import LARGEST, chart_documents, chart_file_name
from registrykit.urls import Url
from registrykit_helm import address

if TYPE_CHECKING:
    from registrykit.http import Download
    from registrykit.oci import Blob, Reference
    from registrykit.sync import Context
    from registrykit_helm.config import HelmConfig

IN_MEMORY = 8 * 1024 * 1024


def location(endpoint: str, artifact: Artifact, version: Version) -> Url | Reference:
    """Return where the archive is: the first of its addresses that is on a web server.

    Where there is none, the first that is in an OCI registry. What an index that came encrypted
    names on a server without encryption has to have a digest there, by which it can be checked.
    """
    urls = [url for text in version.urls if (url := address.chart_url(endpoint, text))]
    encrypted = address.index_url(endpoint).startswith("https:")
    for url in urls:
        if url.origin.scheme == "https" or version.digest or not encrypted:
            return url
    for reference in version.urls:
        if place := address.in_oci(reference):
            return place
    if urls:
        raise BadAnswer(
            f"The archive of {_named(artifact, version)} could be changed on its way.",
            cause=f"The index came encrypted, but {urls[0].shown} is not, and the index gives no "
            "digest by which the archive could be checked.",
            remedy="Tell the repository's owner: the index should name an https:// address.",
            code="not-encrypted",
        )
    raise NotFound(
        f"The archive of {_named(artifact, version)} cannot be downloaded.",
        cause="The index gives no address for it that can be used.",
        remedy="Tell the repository's owner.",
        code="no-url",
    )


def documents(ctx: Context[HelmConfig], artifact: Artifact, version: Version) -> Iterator[Document]:
    """Yield the texts of the archive that are there: readme, values, schema, metadata."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as archive:
        with closing(_pieces(ctx, artifact, version, LARGEST)) as pieces:
            for piece in pieces:
                archive.write(piece)
        archive.seek(0)
        ref = Ref(artifact.path, version.version, artifact.kind)
        yield from chart_documents(cast(BinaryIO, archive), ref)


def save(ctx: Context[HelmConfig], artifact: Artifact, version: Version, stream: BinaryIO) -> str:
    """Write the archive to `stream` and return the name of its file.

    Raises BadAnswer with the code `digest-mismatch` after the last byte was written: what has been
    written then is not the chart that the index lists.
    """
    with closing(_pieces(ctx, artifact, version, None)) as pieces:
        for piece in pieces:
            stream.write(piece)
    return chart_file_name(artifact, version)


@contextmanager
def opened(
    ctx: Context[HelmConfig],
    artifact: Artifact,
    version: Version,
    *,
    at_most: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Download | Blob]:
    """Give the archive as it comes; `at_most` is in bytes, `headers` are for a web server."""
    place = location(ctx.config.endpoint, artifact, version)
    found: AbstractContextManager[Download | Blob]
    if isinstance(place, Url):
        shown = place.shown
        found = ctx.http.stream(str(place), max_bytes=at_most, headers=headers)
    else:
        from registrykit_helm import in_oci

        shown = in_oci.shown(place, version)
        found = in_oci.opened(ctx.http, place, version, at_most)
    try:
        with found as archive:
            yield archive
    except NotFound as error:
        raise NotFound(
            f"The archive of {_named(artifact, version)} is not at {shown}.",
            cause=error.cause,
            remedy="The index lists it all the same: tell the repository's owner.",
            code="archive-missing",
        ) from None


def _pieces(
    ctx: Context[HelmConfig], artifact: Artifact, version: Version, at_most: int | None
) -> Generator[bytes]:
    """Yield the archive; raises at its end if it is not the one that the index lists."""
    digest = hashlib.sha256()
    with opened(ctx, artifact, version, at_most=at_most) as download:
        for piece in download:
            digest.update(piece)
            yield piece
    found = f"sha256:{digest.hexdigest()}"
    if version.digest and found != version.digest:
        raise BadAnswer(
            f"The archive of {_named(artifact, version)} is not the one that the index lists.",
            cause=f"The index says {version.digest}, the archive has {found}.",
            remedy="Synchronize and try again; if it stays, tell the repository's owner before "
            "you use the chart.",
            code="digest-mismatch",
        )


def _named(artifact: Artifact, version: Version) -> str:
    return f"{artifact.shown_name} {version.version}"
