"""Archives of charts that the index refers to in an OCI registry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from registrykit.artifacts import Version
from registrykit.errors import BadAnswer
from registrykit.http.explain import size
from registrykit.oci import Image, Reference, Registry
from registrykit.oci.content import Source
from registrykit.oci.content.shapes import chart_layer

if TYPE_CHECKING:
    from registrykit.http import Http
    from registrykit.oci import Blob
    from registrykit.urls import Credentials


@contextmanager
def opened(
    http: Http, reference: Reference, version: Version, at_most: int | None
) -> Iterator[Blob]:
    """Give the archive as it comes; `at_most` is in bytes.

    Without a tag or digest in the reference the version is its tag. Raises `NotFound` if it is not
    there, `BadAnswer` if no chart is, and `NotAllowed` for a host that the user has not approved.
    """
    registry = _registry(http, reference)
    manifest = registry.manifest(reference.repository, _wanted(reference, version))
    image = manifest.document
    if not isinstance(image, Image):
        raise BadAnswer(
            f"What is at {shown(reference, version)} is not a chart.",
            cause="It is a list of manifests, which Helm does not make of charts.",
            remedy="Tell the repository's owner: the index refers to it.",
            code="not-a-chart",
        )
    layer = chart_layer(image)
    if at_most is not None and layer.size > at_most:
        raise BadAnswer(
            f"The archive has {size(layer.size)}.",
            cause=f"At most {size(at_most)} are read for documents.",
            remedy="Save it to disk, and unpack it there.",
            code="too-large",
        )
    with registry.blob(reference.repository, layer) as blob:
        yield blob


def shown(reference: Reference, version: Version) -> str:
    """Return the reference as people write it, with the tag or digest that is asked for."""
    wanted = _wanted(reference, version)
    sign = "@" if reference.digest else ":"
    return f"oci://{reference.address.origin.authority}/{reference.repository}{sign}{wanted}"


def _wanted(reference: Reference, version: Version) -> str:
    return reference.wanted or version.version.replace("+", "_")


def _registry(http: Http, reference: Reference) -> Registry:
    """Return the registry: signed in where the repository itself is, elsewhere as nobody."""
    own = reference.address.origin in http.reach.origins
    return Source(reference.address, credentials=None if own else _nobody).registry(http)


def _nobody(_refused: Credentials | None) -> None:
    return None
