"""What the tests of contents in OCI registries share: things to push, and who reads them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from registrykit.artifacts import Artifact, Version
from registrykit.events import Document, Found, SyncEvent
from registrykit.oci.addresses import read_address
from registrykit.oci.content import KINDS, Provider, Source, documents, listing, save
from registrykit.registry import RegistryConfig, RegistryType
from registrykit.sync import Context, Settings
from registrykit.testing.catalog import Changes, MiniCatalog
from registrykit.testing.oci import OciSite
from registrykit.testing.pushing import Layer, Pushes
from registrykit.testing.running import Run, collect, collect_bytes, collect_documents
from registrykit.urls import Origin

CREATED = {"org.opencontainers.image.created": "2026-01-31T12:00:00Z"}
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
ZARF_CONFIG = "application/vnd.zarf.config.v1+json"
ZARF_LAYER = "application/vnd.zarf.layer.v1.blob"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
PACKS = "spectro-packs/archive"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 24


class Places(RegistryConfig):
    endpoint: str
    provider: Provider = "any"
    paths: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()


class OciContents(RegistryType[Places]):
    """An OCI registry with nobody signed in; `more` are further arguments of its source."""

    id = "contents"
    title = "Contents"
    Config = Places
    kinds = KINDS

    def __init__(self, **more: Any) -> None:
        self._more = more

    def endpoint(self, config: Places) -> str:
        return config.endpoint

    def origins(self, config: Places) -> frozenset[Origin]:
        return read_address(config.endpoint).origins

    def source(self, config: Places) -> Source:
        address = read_address(config.endpoint)
        return Source(address, config.provider, config.paths, config.repositories, **self._more)

    def sync(self, ctx: Context[Places]) -> Iterator[SyncEvent]:
        return listing(ctx, self.source(ctx.config))

    def details(
        self, ctx: Context[Places], artifact: Artifact, version: Version
    ) -> Iterable[Document]:
        return documents(ctx, self.source(ctx.config), artifact, version)

    def save(
        self, ctx: Context[Places], artifact: Artifact, version: Version, stream: BinaryIO
    ) -> str:
        return save(ctx, self.source(ctx.config), artifact, version, stream)


class Reader:
    """Somebody who synchronizes a registry again and again, and remembers what he saw."""

    def __init__(self, endpoint: str, **values: Any) -> None:
        more = {key: values.pop(key) for key in ("names", "declared") if key in values}
        self.type = OciContents(**more)
        self.values = {"endpoint": endpoint, **values}
        self.catalog = MiniCatalog()

    def sync(self, *, full: bool = False) -> tuple[Run, Changes]:
        run = collect(self.type, self.values, stored=self.catalog, settings=Settings(full=full))
        return run, self.catalog.apply(run.events)

    def texts(self, found: Found) -> dict[str, Document]:
        told = collect_documents(self.type, self.values, found.artifact, found.version)
        return {document.name: document for document in told}

    def saved(self, found: Found) -> tuple[str, bytes]:
        return collect_bytes(self.type, self.values, found.artifact, found.version)

    @property
    def versions(self) -> set[str]:
        return {f"{kind} {path} {version}" for kind, path, version, _ in self.catalog.versions}


def asked(site: OciSite) -> tuple[int, int, int]:
    """Return how many lists of tags, manifests and blobs were sent since `forget`."""
    lists, manifests = site.asked("/tags/list", 200), site.asked("/manifests/", 200)
    return len(lists), len(manifests), len(site.asked("/blobs/", 200))


def one(run: Run, path: str, version: str = "") -> Found:
    for found in run.found:
        if found.artifact.path == path and version in ("", found.version.version):
            return found
    raise AssertionError(f"{path} {version} is not among {[f.artifact.path for f in run.found]}")


def tgz(files: Mapping[str, bytes], folder: str = "") -> bytes:
    """Return files as an archive, the same for the same files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}" if folder else name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)


def pack_files(name: str, version: str, **fields: Any) -> dict[str, bytes]:
    described = {
        "name": name,
        "version": version,
        "displayName": name.title(),
        "layer": "addon",
        "cloudTypes": ["all"],
        "annotations": {"description": f"About {name}"},
        **fields,
    }
    values = f"pack:\n  namespace: {name}\n  content:\n    images:\n    - image: {name}:{version}\n"
    return {
        "pack.json": json.dumps(described).encode(),
        "values.yaml": values.encode(),
        "README.md": f"# {name} {version}\n".encode(),
        "logo.png": PNG,
    }


def push_pack(
    site: Pushes,
    repository: str,
    tag: str,
    files: Mapping[str, bytes] | None = None,
    *,
    title: str = "",
    folder: str = "",
    today: bool = False,
) -> str:
    """Push a pack as ORAS 1.0 does, or as that of today."""
    name = repository.rpartition("/")[2]
    content = tgz(files or pack_files(name, tag), folder or f"{name}-{tag}")
    layer = Layer(content, title=title or f"{name}-{tag}.tar.gz")
    if not today:
        return site.push_image(repository, tag, layers=[layer], annotations=CREATED)
    return site.push_image(
        repository,
        tag,
        layers=[layer],
        config_type="application/vnd.oci.empty.v1+json",
        annotations=CREATED,
        artifactType="application/vnd.unknown.artifact.v1",
    )


def chart_files(name: str, version: str, **fields: Any) -> tuple[dict[str, Any], bytes]:
    """Return what Chart.yaml says, and the archive of the chart."""
    chart = {
        "apiVersion": "v2",
        "name": name,
        "version": version,
        "appVersion": "1.10",
        "description": f"The chart {name}",
        "keywords": ["web", "proxy"],
        "kubeVersion": ">=1.25.0-0",
        "type": "application",
        **fields,
    }
    archive = tgz(
        {
            # JSON is YAML.
            "Chart.yaml": json.dumps(chart).encode(),
            "values.yaml": b"replicas: 2\n",
            "values.schema.json": b'{"type": "object"}',
            "README.md": f"# {name} {version}\n".encode(),
        },
        name,
    )
    return chart, archive


def push_chart(site: Pushes, repository: str, version: str, tag: str = "", **fields: Any) -> str:
    chart, archive = chart_files(repository.rpartition("/")[2], version, **fields)
    return site.push_image(
        repository,
        tag or version.replace("+", "_"),
        layers=[Layer(archive, HELM_LAYER)],
        config=json.dumps(chart).encode(),
        config_type=HELM_CONFIG,
        annotations=CREATED,
    )


def push_zarf(
    site: Pushes, repository: str, tag: str, definition: bytes, *, checksums: bytes = b""
) -> str:
    """Push a package as Zarf lays it out: an index over an architecture and a skeleton."""
    parts = {"components/a.tar": b"\0" * 2048, "images/index.json": b"{}", "sboms.tar": b"s" * 512}
    listed = "".join(
        f"{hashlib.sha256(content).hexdigest()} {name}\n" for name, content in parts.items()
    )
    files = {"zarf.yaml": definition, "checksums.txt": checksums or listed.encode(), **parts}
    layers = [Layer(content, ZARF_LAYER, name) for name, content in sorted(files.items())]
    whole = site.push_image(
        repository, "", layers=layers, config_type=ZARF_CONFIG, annotations=CREATED
    )
    bare = site.push_image(
        repository, "", layers=[Layer(definition, ZARF_LAYER, "zarf.yaml")], config_type=ZARF_CONFIG
    )
    return site.push_index(
        repository,
        tag,
        [
            (bare, {"os": "multi", "architecture": "skeleton"}),
            (whole, {"os": "multi", "architecture": "arm64"}),
            (whole, {"os": "multi", "architecture": "amd64"}),
        ],
    )


def push_container(site: Pushes, repository: str, tag: str) -> str:
    config = {"architecture": "amd64", "os": "linux", "created": "2026-01-31T12:00:00Z"}
    labels = {"org.opencontainers.image.description": "An image"}
    return site.push_image(
        repository,
        tag,
        layers=[Layer(b"\0" * 100, "application/vnd.oci.image.layer.v1.tar+gzip")],
        config=json.dumps({**config, "config": {"Labels": labels}}).encode(),
        config_type=OCI_CONFIG,
    )


ZARF_YAML = b"""\
kind: ZarfPackageConfig
metadata:
  name: podinfo
  version: 6.4.0
  description: A small web application
components:
  - name: flux
    required: true
    images: [ghcr.io/stefanprodan/podinfo:6.4.0]
    somethingNew: kept
"""
