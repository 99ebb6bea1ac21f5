"""What the demo puts into its OCI registries, kept in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from desktop.demo.content import Content
from registrykit.oci.media import OCI_MANIFEST, TITLE
from registrykit.testing.pushing import Pushes, encoded


class Kept(Pushes):
    """A registry that is only a memory: blobs, and manifests by repository and tag."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.tags: dict[tuple[str, str], str] = {}

    def push_blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def push(
        self,
        repository: str,
        tag: str,
        manifest: Mapping[str, Any] | bytes,
        media_type: str = OCI_MANIFEST,
    ) -> str:
        content = encoded(manifest)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.manifests[repository, digest] = content
        if tag:
            assert (repository, tag) not in self.tags, "pushed twice"
            self.tags[repository, tag] = digest
        return digest

    def pushed(self, repository: str, digest: str) -> tuple[bytes, str]:
        return self.manifests[repository, digest], OCI_MANIFEST

    def manifest(self, repository: str, reference: str) -> dict[str, Any]:
        digest = self.tags.get((repository, reference), reference)
        found: dict[str, Any] = json.loads(self.manifests[repository, digest])
        return found

    def layers(self, manifest: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the layers of a manifest by their titles."""
        return {
            layer.get("annotations", {}).get(TITLE, ""): self.blobs[layer["digest"]]
            for layer in manifest["layers"]
        }


def uploaded(content: Content, name: str, step: int) -> Kept:
    kept = Kept()
    for upload in content.shelf(name).uploads(step):
        upload.push(kept)
    return kept
