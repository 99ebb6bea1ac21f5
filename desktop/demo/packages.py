"""Build Zarf packages as Zarf publishes them: one manifest for each architecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from desktop.demo.source import applying, moment
from desktop.demo.writing import sha256, tar, to_json, to_yaml
from registrykit.testing.pushing import Layer, Pushes

_CONFIG = "application/vnd.zarf.config.v1+json"
_LAYER = "application/vnd.zarf.layer.v1.blob"
_SKELETON = "skeleton"


def push_package(
    registry: Pushes, repository: str, tag: str, source: Mapping[str, Any], row: Mapping[str, Any]
) -> None:
    """Push one version: an index, or in the old form one manifest of one architecture."""
    name = repository.rpartition("/")[2]
    if "architecture" in row:
        _push_one(registry, repository, tag, _files(name, source, row, row["architecture"]))
        return
    children = []
    for architecture in source["architectures"]:
        files = _files(name, source, row, architecture)
        digest = _push_one(registry, repository, "", files)
        children.append((digest, {"architecture": architecture, "os": "multi"}))
    registry.push_index(repository, tag, children)


def _push_one(registry: Pushes, repository: str, tag: str, files: _Files) -> str:
    layers = [Layer(body, _LAYER, path) for path, body in files.bodies.items()]
    metadata = files.about["metadata"]
    return registry.push_image(
        repository,
        tag,
        layers=sorted(layers, key=lambda layer: sha256(layer.content)),
        config=to_json(files.about),
        config_type=_CONFIG,
        annotations={
            "org.opencontainers.image.title": metadata["name"],
            "org.opencontainers.image.description": metadata["description"],
            "org.opencontainers.image.created": files.created,
        },
    )


class _Files:
    """What one architecture of a package holds; zarf.yaml vouches for the list of the others."""

    def __init__(self, about: dict[str, Any], created: str, parts: Mapping[str, bytes]) -> None:
        listed = (f"{sha256(body)[7:]} {path}" for path, body in sorted(parts.items()))
        checksums = ("\n".join(listed) + "\n").encode()
        about["metadata"]["aggregateChecksum"] = sha256(checksums)[7:]
        self.about = about
        self.created = created
        self.bodies = {
            "zarf.yaml": to_yaml(about, ordered=False).encode(),
            "checksums.txt": checksums,
            **parts,
        }


def _files(
    name: str, source: Mapping[str, Any], row: Mapping[str, Any], architecture: str
) -> _Files:
    version, created = row["version"], moment(name, row)
    components = [
        {key: _with_version(value, version) for key, value in component.items()}
        for component in applying(source["components"], version)
    ]
    build = {
        "terminal": "slipway-7",
        "user": "slipway",
        "architecture": architecture,
        "timestamp": created,
        "version": source["zarf"],
        **({"flavor": row["flavor"]} if "flavor" in row else {}),
    }
    about = {
        "apiVersion": "zarf.dev/v1alpha1",
        "kind": source.get("kind", "ZarfPackageConfig"),
        "metadata": {
            "name": name,
            "version": version,
            **source["package"],
            "architecture": architecture,
        },
        "build": build,
        **{key: source[key] for key in ("constants", "variables") if key in source},
        "components": components,
    }
    parts = {
        f"components/{component['name']}.tar": _component(component) for component in components
    }
    if architecture != _SKELETON:
        parts |= _images(components, architecture)
        parts["sboms.tar"] = tar({"sbom-viewer.html": f"<title>{name} {version}</title>".encode()})
    return _Files(about, created, parts)


def _with_version(value: Any, version: str) -> Any:
    if isinstance(value, str):
        return value.replace("<<version>>", version)
    if isinstance(value, list):
        return [_with_version(one, version) for one in value]
    if isinstance(value, dict):
        return {key: _with_version(one, version) for key, one in value.items()}
    return value


def _component(component: Mapping[str, Any]) -> bytes:
    """Return the archive of a component: a file that stands for each chart and manifest of it."""
    named = [("charts", one["name"]) for one in component.get("charts", ())]
    named += [("manifests", one["name"]) for one in component.get("manifests", ())]
    return tar(
        {
            f"{component['name']}/{folder}/{name}.yaml": to_yaml({"name": name}).encode()
            for folder, name in named
        }
    )


def _images(components: Iterable[Mapping[str, Any]], architecture: str) -> dict[str, bytes]:
    """Return an OCI layout with the images of all components; each is a config and no layers."""
    names = sorted({image for component in components for image in component.get("images", ())})
    blobs, listed = {}, []
    for name in names:
        config = to_json({"architecture": architecture, "os": "linux", "created_by": name})
        digest = sha256(config)
        blobs[f"images/blobs/sha256/{digest[7:]}"] = config
        listed.append({"digest": digest, "size": len(config), "annotations": {"name": name}})
    if not names:
        return {}
    return {
        "images/oci-layout": to_json({"imageLayoutVersion": "1.0.0"}),
        "images/index.json": to_json({"schemaVersion": 2, "manifests": listed}),
        **blobs,
    }
