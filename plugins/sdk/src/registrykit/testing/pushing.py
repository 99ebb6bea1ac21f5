"""Pushing to a registry, real or not, in the shapes that tools leave behind."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from registrykit.oci.media import OCI_INDEX, OCI_MANIFEST, TITLE

EMPTY_CONFIG = "application/vnd.unknown.config.v1+json"


class Layer(NamedTuple):
    """One file of an image; `title` is the name it was pushed under."""

    content: bytes
    media_type: str = "application/vnd.oci.image.layer.v1.tar"
    title: str = ""


class Pushes(ABC):
    """A registry that content can be pushed to."""

    @abstractmethod
    def push_blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        """Keep a blob and return its descriptor."""

    @abstractmethod
    def push(
        self,
        repository: str,
        tag: str,
        manifest: Mapping[str, Any] | bytes,
        media_type: str = OCI_MANIFEST,
    ) -> str:
        """Keep a manifest as it is, under a tag unless that is empty; return its digest."""

    @abstractmethod
    def pushed(self, repository: str, digest: str) -> tuple[bytes, str]:
        """Return a manifest that was pushed, and its media type."""

    def push_image(
        self,
        repository: str,
        tag: str,
        *,
        layers: Iterable[Layer] = (),
        config: bytes = b"{}",
        config_type: str = EMPTY_CONFIG,
        annotations: Mapping[str, str] | None = None,
        **more: Any,
    ) -> str:
        """Push blobs and a manifest over them; `more` are further keys of the manifest."""
        listed = []
        for layer in layers:
            descriptor = self.push_blob(repository, layer.content, layer.media_type)
            if layer.title:
                descriptor["annotations"] = {TITLE: layer.title}
            listed.append(descriptor)
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": self.push_blob(repository, config, config_type),
            "layers": listed,
            **({"annotations": dict(annotations)} if annotations else {}),
            **more,
        }
        return self.push(repository, tag, manifest)

    def push_index(
        self,
        repository: str,
        tag: str,
        children: Iterable[tuple[str, Mapping[str, str]]],
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> str:
        """Push an index over manifests that are there, each with its platform (may be empty)."""
        listed = []
        for digest, platform in children:
            content, media_type = self.pushed(repository, digest)
            entry = {"mediaType": media_type, "digest": digest, "size": len(content)}
            listed.append(entry | ({"platform": dict(platform)} if platform else {}))
        index = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": listed,
            **({"annotations": dict(annotations)} if annotations else {}),
        }
        return self.push(repository, tag, index, OCI_INDEX)


def encoded(manifest: Mapping[str, Any] | bytes) -> bytes:
    """Return the bytes of a manifest."""
    return manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
