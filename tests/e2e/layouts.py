"""How tools lay out what they push: packs, charts and Zarf packages, written without our readers.

The sources of the shapes are oras 1.0 and its followers, Helm 3 (pkg/registry) and Zarf
(packager/layout, zoci).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import oras.client
import yaml

from registrykit.testing.docker_registry import DockerRegistry
from registrykit.testing.pushing import Layer, Pushes

CREATED = {"org.opencontainers.image.created": "2026-01-02T03:04:05Z"}
TITLE = "org.opencontainers.image.title"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
PROVENANCE_LAYER = "application/vnd.cncf.helm.chart.provenance.v1.prov"
ZARF_LAYER = "application/vnd.zarf.layer.v1.blob"
ZARF_CONFIG = "application/vnd.zarf.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def tar_gz(files: Mapping[str, bytes], folder: str = "") -> bytes:
    """Return a packed archive of files, the same bytes every time."""
    return gzip.compress(tar(files, folder), compresslevel=1, mtime=0)


def tar(files: Mapping[str, bytes], folder: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        if folder:
            begun = tarfile.TarInfo(folder)
            begun.type, begun.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(begun)
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}" if folder else name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


# Packs


def push_pack_by_oras(
    server: DockerRegistry, repository: str, tag: str, archive: bytes, folder: Path
) -> None:
    """Push a pack with the package oras, which lays it out as the program oras 1.0 does."""
    file = folder / f"{repository.rpartition('/')[2]}-{tag}.tar.gz"
    file.write_bytes(archive)
    host = server.url.partition("://")[2]
    client = oras.client.OrasClient(hostname=host, insecure=True)
    answer = client.push(
        target=f"{host}/{repository}:{tag}",
        files=[str(file)],
        disable_path_validation=True,
        manifest_annotations=CREATED,
        quiet=True,
    )
    assert answer.status_code == 201, answer.text
    file.unlink()


def push_base(registry: Pushes, path: str) -> None:
    """Push the empty artifact that the vendor's guide asks for above the packs."""
    registry.push_image(path, "latest", annotations=CREATED)


def push_pack_by_newer_oras(
    registry: Pushes, repository: str, tag: str, archive: bytes, title: str = ""
) -> str:
    """Push a pack as oras 1.1 and later do unless they are told to write the old form."""
    title = title or f"{repository.rpartition('/')[2]}-{tag}.tar.gz"
    return registry.push_image(
        repository,
        tag,
        layers=[Layer(archive, "application/vnd.oci.image.layer.v1.tar", title)],
        config_type=EMPTY,
        annotations=CREATED,
        artifactType="application/vnd.unknown.artifact.v1",
    )


# Charts


def push_chart(registry: Pushes, path: str, archive: bytes, provenance: bytes = b"") -> str:
    """Push a chart below `path` as `helm push` does; return its repository."""
    described = chart_yaml(archive)
    annotations = {
        **CREATED,
        TITLE: described["name"],
        "org.opencontainers.image.version": described["version"],
        "org.opencontainers.image.description": described.get("description"),
        "org.opencontainers.image.url": described.get("home"),
        "org.opencontainers.image.source": next(iter(described.get("sources", ())), None),
        **described.get("annotations", {}),
    }
    layers = [Layer(archive, CHART_LAYER)]
    if provenance:
        layers.append(Layer(provenance, PROVENANCE_LAYER))
    repository = f"{path}/{described['name']}"
    registry.push_image(
        repository,
        described["version"].replace("+", "_"),
        layers=layers,
        config=json.dumps(described).encode(),
        config_type=CHART_CONFIG,
        annotations={key: value for key, value in annotations.items() if value},
    )
    return repository


def chart_yaml(archive: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            if member.name.count("/") == 1 and member.name.endswith("/Chart.yaml"):
                stream = opened.extractfile(member)
                assert stream is not None
                found: dict[str, Any] = yaml.safe_load(stream.read())
                return found
    raise AssertionError("there is no Chart.yaml")


# Zarf packages


@dataclass(frozen=True)
class ZarfBuild:
    """One build of a package: every file of it by its path, as it lies in its folder."""

    architecture: str
    definition: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def tag(self) -> str:
        flavor = self.definition["build"].get("flavor")
        version = str(self.definition["metadata"]["version"])
        return f"{version}-{flavor}" if flavor else version


def build_zarf(written: Mapping[str, Any], architecture: str, flavor: str = "") -> ZarfBuild:
    """Build a package from its definition; `skeleton` is an architecture that has no images.

    What is in its archives is made up, and small.
    """
    skeleton = architecture == "skeleton"
    components = [
        component
        for component in written["components"]
        if _is_for(component.get("only") or {}, architecture, flavor)
    ]
    files: dict[str, bytes] = {}
    blobs: list[bytes] = []
    for component in components:
        name = component["name"]
        files[f"components/{name}.tar"] = tar({"manifests/one.yaml": b"kind: List\n"}, name)
        blobs += [f"layer of {image}".encode() for image in component.get("images") or ()]
    if blobs and not skeleton:
        digests = [hashlib.sha256(content).hexdigest() for content in blobs]
        manifests = [{"digest": f"sha256:{digest}", "size": 1} for digest in digests]
        index = {"schemaVersion": 2, "manifests": manifests}
        files["images/index.json"] = json.dumps(index).encode()
        files["images/oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
        for digest, content in zip(digests, blobs, strict=True):
            files[f"images/blobs/sha256/{digest}"] = content
        files["sboms.tar"] = tar({"sbom-viewer.html": b"<html></html>"})
    if written.get("documentation"):
        texts = {name: f"# {name}\n".encode() for name in written["documentation"]}
        files["documentation.tar"] = tar(texts)
    if written.get("values"):
        files["values.yaml"] = b"replicas: 2\n"
    lines = [f"{hashlib.sha256(content).hexdigest()} {name}" for name, content in files.items()]
    files["checksums.txt"] = "".join(f"{line}\n" for line in sorted(lines)).encode()
    definition = {
        **written,
        "metadata": {
            **written["metadata"],
            "architecture": architecture,
            "aggregateChecksum": hashlib.sha256(files["checksums.txt"]).hexdigest(),
        },
        "build": {
            "terminal": "builder",
            "user": "ann",
            "architecture": architecture,
            "timestamp": "Fri, 02 Jan 2026 03:04:05 +0000",
            "version": "v0.66.0",
            "migrations": ["scripts-to-actions", "pluralize-set-variable"],
            **({"flavor": flavor} if flavor else {}),
        },
        "components": components,
    }
    files["zarf.yaml"] = yaml.safe_dump(definition, sort_keys=False).encode()
    return ZarfBuild(architecture, definition, files)


def _is_for(only: Mapping[str, Any], architecture: str, flavor: str) -> bool:
    wanted = (only.get("cluster") or {}).get("architecture") or architecture
    return architecture in (wanted, "skeleton") and only.get("flavor", flavor) == flavor


def push_zarf(registry: Pushes, path: str, builds: Iterable[ZarfBuild]) -> str:
    """Publish builds of one package below `path`, as `zarf package publish` does; return where."""
    children, repository, tag = [], "", ""
    for build in builds:
        metadata = build.definition["metadata"]
        repository, tag = f"{path}/{metadata['name']}", build.tag
        digest = _push_build(registry, repository, "", build)
        children.append((digest, {"architecture": build.architecture, "os": "multi"}))
    registry.push_index(repository, tag, children)
    return repository


def push_old_zarf(registry: Pushes, path: str, build: ZarfBuild) -> str:
    """Publish one build as Zarf did before it wrote an index: the tag names the architecture."""
    repository = f"{path}/{build.definition['metadata']['name']}"
    _push_build(registry, repository, f"{build.tag}-{build.architecture}", build)
    return repository


def _push_build(registry: Pushes, repository: str, tag: str, build: ZarfBuild) -> str:
    metadata = build.definition["metadata"]
    layers = [Layer(content, ZARF_LAYER, name) for name, content in build.files.items()]
    layers.sort(key=lambda layer: hashlib.sha256(layer.content).hexdigest())
    annotations = {
        **CREATED,
        TITLE: metadata["name"],
        "org.opencontainers.image.description": metadata.get("description"),
        "org.opencontainers.image.url": metadata.get("url"),
        **metadata.get("annotations", {}),
    }
    return registry.push_image(
        repository,
        tag,
        layers=layers,
        config=json.dumps(build.definition).encode(),
        config_type=ZARF_CONFIG,
        annotations={key: value for key, value in annotations.items() if value},
    )


# Everything else


def push_container_image(registry: Pushes, repository: str, tag: str, architecture: str) -> str:
    """Push an image that a container could be made of."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    return registry.push_image(
        repository,
        tag,
        layers=[Layer(tar_gz({"etc/motd": architecture.encode()}), IMAGE_LAYER)],
        config=json.dumps(config).encode(),
        config_type=IMAGE_CONFIG,
    )
