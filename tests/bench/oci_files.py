"""An OCI registry as plain files that nginx serves, and charts and packs to fill it with.

A server that costs next to nothing shows what the client costs, and its log counts every request.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registrykit.oci.media import OCI_MANIFEST
from registrykit.oci.names import digest_of
from registrykit.testing.nginx import Nginx
from registrykit.testing.pushing import Layer, Pushes, encoded

ARCHIVE = "spectro-packs/archive"

_HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_SERVER = f"""location ~ /manifests/ {{ default_type {OCI_MANIFEST}; }}
    location ~ /(tags/list|_catalog)$ {{ default_type application/json; }}
    keepalive_requests 1000000;"""


class OciFiles(Pushes):
    """A registry in a folder, below which nginx finds `content`; only tags are manifests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = folder / "content" / "v2"
        self._tags: dict[str, list[str]] = {}

    def server(self) -> Nginx:
        """Return the server, still to be started."""
        return Nginx(self.folder, {}, server=_SERVER)

    def push_blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = digest_of(content)
        self._write(f"{repository}/blobs/{digest}", content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def push(
        self,
        repository: str,
        tag: str,
        manifest: Mapping[str, Any] | bytes,
        media_type: str = OCI_MANIFEST,
    ) -> str:
        content = encoded(manifest)
        self._write(f"{repository}/manifests/{tag}", content)
        tags = self._tags.setdefault(repository, [])
        tags += [] if tag in tags else [tag]
        return digest_of(content)

    def pushed(self, repository: str, digest: str) -> tuple[bytes, str]:
        raise NotImplementedError("files are kept by their tags alone")

    def list_all(self) -> None:
        """Write the lists of repositories and tags as they are now."""
        for repository, tags in self._tags.items():
            told = {"name": repository, "tags": tags}
            self._write(f"{repository}/tags/list", json.dumps(told).encode())
        self._write("_catalog", json.dumps({"repositories": [*self._tags]}).encode())

    def _write(self, path: str, content: bytes) -> None:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def push_chart(site: Pushes, repository: str, version: str) -> None:
    """Push what `helm push` makes of a chart of usual size; its archive is too short to unpack."""
    name = repository.rpartition("/")[2]
    chart = {
        "apiVersion": "v2",
        "name": name,
        "version": version,
        "appVersion": version,
        "description": f"Installs {name} with everything that it needs",
        "home": f"https://example.com/{name}",
        "icon": f"https://example.com/{name}/logo.svg",
        "keywords": ["gateway", "redis", "platform"],
        "maintainers": [{"name": f"team-{n}", "email": f"team-{n}@example.com"} for n in range(3)],
        "sources": [f"https://example.com/source/{name}"],
        "dependencies": [
            {
                "name": "redis",
                "version": "20.x.x",
                "repository": "oci://charts.example.com/redis",
                "condition": "redis.enabled",
            },
            {"name": "common", "version": "2.x.x", "repository": "oci://charts.example.com"},
        ],
        "annotations": {"category": "Infrastructure", "licenses": "Apache-2.0"},
        "type": "application",
    }
    site.push_image(
        repository,
        version,
        layers=[Layer(f"{name} {version}".encode(), _HELM_LAYER)],
        config=json.dumps(chart).encode(),
        config_type=_HELM_CONFIG,
        annotations={
            "org.opencontainers.image.created": "2026-01-30T08:00:00Z",
            "org.opencontainers.image.title": name,
            "org.opencontainers.image.version": version,
        },
    )


def push_pack(site: Pushes, repository: str, version: str) -> None:
    """Push a pack with the files that packs have."""
    name = repository.rpartition("/")[2]
    described = {
        "name": name,
        "version": version,
        "displayName": name.title(),
        "layer": "addon",
        "addonType": "logging",
        "cloudTypes": ["all"],
        "annotations": {"source": "community", "contributor": "platform"},
    }
    values = f"pack:\n  namespace: {name}\n  content:\n    images:\n    - image: {name}:{version}\n"
    values += "".join(f"setting{n}:\n  # what {n} is for\n  enabled: true\n" for n in range(60))
    files = {
        "pack.json": json.dumps(described),
        "values.yaml": values,
        "README.md": f"# {name} {version}\n" + "It does what it is for.\n" * 60,
    }
    layer = Layer(_tgz(files), title=f"{name}-{version}.tar.gz")
    site.push_image(repository, version, layers=[layer])


def versions(count: int) -> list[str]:
    return [f"{1 + n // 10}.{n % 10}.0" for n in range(count)]


def _tgz(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)
