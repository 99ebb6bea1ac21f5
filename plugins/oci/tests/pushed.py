"""What is pushed in the tests of this plugin: charts, packs, Zarf packages, and images."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from registrykit.oci.content.shapes import HELM_CHARTS, HELM_CONFIG, ZARF_CONFIG
from registrykit.testing.pushing import Layer, Pushes

CREATED = {"org.opencontainers.image.created": "2026-01-02T03:04:05Z"}
TAR = "application/vnd.oci.image.layer.v1.tar"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
ZARF_LAYER = "application/vnd.zarf.layer.v1.blob"


def archive(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Return a packed tar with one folder, the same bytes for the same files."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as opened:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return gzip.compress(tar.getvalue(), mtime=0)


def push_chart(site: Pushes, path: str, version: str, **more: Any) -> bytes:
    """Push a chart into the repository `path` as Helm does; return its archive."""
    name = path.rpartition("/")[2]
    described = {"apiVersion": "v2", "name": name, "version": version, **more}
    packed = archive(
        name,
        {
            "Chart.yaml": json.dumps(described).encode(),
            "README.md": f"# {name} {version}\n".encode(),
            "values.yaml": b"replicas: 1\n",
        },
    )
    site.push_image(
        path,
        version.replace("+", "_"),
        layers=[Layer(packed, HELM_CHARTS[0])],
        config=json.dumps(described).encode(),
        config_type=HELM_CONFIG,
        annotations=CREATED,
    )
    return packed


def push_pack(site: Pushes, path: str, version: str, *, newer: bool = False, **more: Any) -> bytes:
    """Push a pack into the repository `path`, as old or newer programs do; return its archive."""
    name = path.rpartition("/")[2]
    described = {
        "name": name,
        "version": version,
        "displayName": name.title(),
        "layer": "addon",
        "addonType": "ingress",
        "cloudTypes": ["all"],
        **more,
    }
    files = {
        "pack.json": json.dumps(described).encode(),
        "values.yaml": b"pack:\n  content:\n    images:\n    - image: a:1\n",
        "README.md": f"# {name} {version}\n".encode(),
    }
    packed = archive(f"{name}-{version}", files)
    artifact_type: dict[str, Any] = {}
    if newer:
        artifact_type["artifactType"] = "application/vnd.unknown.artifact.v1"
    kind = (
        "application/vnd.oci.empty.v1+json" if newer else "application/vnd.unknown.config.v1+json"
    )
    site.push_image(
        path,
        version,
        layers=[Layer(packed, TAR, f"{name}-{version}.tar.gz")],
        config_type=kind,
        annotations=CREATED,
        **artifact_type,
    )
    return packed


def push_zarf(site: Pushes, path: str, version: str) -> None:
    """Publish a package for two architectures, as Zarf does."""
    name, built = path.rpartition("/")[2], []
    for architecture in ("amd64", "arm64"):
        component = f"component of {name} for {architecture}".encode()
        sums = f"{hashlib.sha256(component).hexdigest()} components/one.tar\n".encode()
        definition = {
            "kind": "ZarfPackageConfig",
            "metadata": {
                "name": name,
                "version": version,
                "description": f"About {name}",
                "architecture": architecture,
                "aggregateChecksum": hashlib.sha256(sums).hexdigest(),
            },
            "build": {"architecture": architecture, "version": "v0.66.0"},
            "components": [{"name": "one", "required": True, "images": ["a:1"]}],
        }
        files = {
            "zarf.yaml": json.dumps(definition).encode(),
            "checksums.txt": sums,
            "components/one.tar": component,
        }
        digest = site.push_image(
            path,
            "",
            layers=[Layer(content, ZARF_LAYER, title) for title, content in files.items()],
            config=files["zarf.yaml"],
            config_type=ZARF_CONFIG,
            annotations=CREATED,
        )
        built.append((digest, {"architecture": architecture, "os": "multi"}))
    site.push_index(path, version, built)


def push_container(site: Pushes, path: str, version: str) -> None:
    """Push an image that a container could be made of."""
    config = {"architecture": "amd64", "os": "linux", "config": {}}
    site.push_image(
        path,
        version,
        layers=[Layer(b"layer", f"{TAR}+gzip")],
        config=json.dumps(config).encode(),
        config_type=IMAGE_CONFIG,
    )


def fill(site: Pushes) -> None:
    """Push something of everything below `acme`."""
    push_chart(site, "acme/charts/nginx", "1.0.0")
    push_chart(site, "acme/charts/nginx", "1.1.0+1")
    site.push_image("acme/spectro-packs/archive", "latest")
    push_pack(site, "acme/spectro-packs/archive/ubuntu", "22.4.3")
    push_pack(site, "acme/spectro-packs/archive/vault", "0.1.0", newer=True)
    push_zarf(site, "acme/zarf/init", "0.66.0")
    push_zarf(site, "acme/zarf/podinfo", "6.4.0")
    push_container(site, "acme/app", "3.20")
    push_container(site, "acme/web", "1")


CHARTS = {("acme/charts/nginx", "1.0.0"), ("acme/charts/nginx", "1.1.0+1")}
PACKS = {
    ("acme/spectro-packs/archive/ubuntu", "22.4.3"),
    ("acme/spectro-packs/archive/vault", "0.1.0"),
}
ZARF = {("acme/zarf/init", "0.66.0"), ("acme/zarf/podinfo", "6.4.0")}
IMAGES = {("acme/app", "3.20"), ("acme/web", "1")}
