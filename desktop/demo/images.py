"""Build container images, and what else people keep in an OCI registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop.demo.source import moment
from desktop.demo.writing import sha256, stored_gzip, tar, to_json
from registrykit.testing.pushing import Layer, Pushes

_IMAGE = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_EMPTY = "application/vnd.oci.empty.v1+json"
_SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
_CREATED = "org.opencontainers.image.created"
_DESCRIPTION = "org.opencontainers.image.description"


def push_image(
    registry: Pushes, repository: str, tag: str, source: Mapping[str, Any], row: Mapping[str, Any]
) -> None:
    """Push one version of an image; an index where it has several platforms."""
    created = moment(repository.rpartition("/")[2], row)
    version = row.get("is", tag)
    notes = {_CREATED: created, _DESCRIPTION: source["description"]}
    children = []
    alone = len(source["platforms"]) == 1
    for platform in source["platforms"]:
        os, _, architecture = platform.partition("/")
        content = tar({"app/version": f"{version} {platform}\n".encode()})
        layer = stored_gzip(content)
        config = {
            "created": created,
            "architecture": architecture,
            "os": os,
            "config": {
                "Entrypoint": source["entrypoint"],
                "Labels": {_DESCRIPTION: source["description"]},
            },
            "rootfs": {"type": "layers", "diff_ids": [sha256(content)]},
            "history": [{"created": created, "created_by": "COPY app /app"}],
        }
        digest = registry.push_image(
            repository,
            tag if alone else "",
            layers=[Layer(layer, _LAYER)],
            config=to_json(config),
            config_type=_IMAGE,
            annotations=notes,
        )
        children.append((digest, {"architecture": architecture, "os": os}))
    if len(children) > 1:
        digest = registry.push_index(repository, tag, children, annotations=notes)
    if source.get("signed"):
        _sign(registry, repository, digest)


def push_artifact(
    registry: Pushes, repository: str, tag: str, source: Mapping[str, Any], row: Mapping[str, Any]
) -> None:
    """Push one version of something that is neither an image nor a chart."""
    content = source["content"].replace("<<version>>", tag).encode()
    registry.push_image(
        repository,
        tag,
        layers=[Layer(content, source["mediaType"], source["file"])],
        config_type=_EMPTY,
        annotations={
            _CREATED: moment(repository.rpartition("/")[2], row),
            _DESCRIPTION: source["description"],
        },
        artifactType=source["artifactType"],
    )


def _sign(registry: Pushes, repository: str, digest: str) -> None:
    """Put a signature beside an image, under the tag at which it is looked for."""
    claim = {"critical": {"image": {"docker-manifest-digest": digest}, "type": "cosign"}}
    registry.push_image(
        repository,
        digest.replace(":", "-") + ".sig",
        layers=[Layer(to_json(claim), _SIGNATURE)],
    )
