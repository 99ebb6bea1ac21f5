"""Media types of OCI and their Docker equivalents; those of content are for its readers."""

from __future__ import annotations

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
EMPTY = "application/vnd.oci.empty.v1+json"

IMAGES = frozenset((OCI_MANIFEST, DOCKER_MANIFEST))
INDEXES = frozenset((OCI_INDEX, DOCKER_LIST))
OLD = frozenset(
    f"application/vnd.docker.distribution.manifest.v1+{ending}" for ending in ("json", "prettyjws")
)
"""The format before 2016, which nobody reads any more."""

ACCEPTED = ", ".join((OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST))
"""What a request for a manifest accepts; a registry may answer 404 for want of the right one."""

TITLE = "org.opencontainers.image.title"
"""The annotation with the name of the file that a layer is."""
CREATED = "org.opencontainers.image.created"


def plain_type(content_type: str) -> str:
    """Return the media type of a Content-Type, without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()
