"""How the tools that people know get a version out of an OCI registry."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from registrykit.artifacts import Artifact, Command, Version
from registrykit.formats.chart_archive import file_stem
from registrykit.formats.kinds import CHART, IMAGE, ZARF
from registrykit.formats.pack import PACK
from registrykit.oci.addresses import Address, read_reference
from registrykit.oci.names import is_digest, is_repository, is_tag
from registrykit.urls import parse

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]*")


def reference(address: Address, repository: str) -> str:
    """Return a repository as tools write it, `host/path`; empty where they have no way to."""
    root = parse(address.root)
    path = root.path.strip("/")
    name = f"{path.rpartition('/')[2]}/{repository}" if path else repository
    if path:
        # Behind JFrog tools leave out all of the path but the name of the repository key.
        whole = read_reference(f"oci://{root.origin.authority}/{path}/{repository}:x")
        if whole.address.root != address.root:
            return ""
    return f"{root.origin.authority}/{name}"


def commands(address: Address, artifact: Artifact, version: Version) -> Iterator[Command]:
    """Yield the commands that get one version."""
    path, tag = artifact.path, version.wire_tag
    if not is_repository(path) or not is_tag(tag):
        return
    place = reference(address, path)
    if not place:
        return
    plain = address.origin.scheme == "http"
    if artifact.kind == CHART.id:
        yield from _helm(place, path, version, plain)
    elif artifact.kind == ZARF.id:
        options = ["--plain-http"] if plain else []
        line = ["zarf", "package", "pull", f"oci://{place}:{tag}", *options]
        yield Command("Pull with Zarf", shlex.join(line))
        line = ["zarf", "package", "inspect", "definition", f"oci://{place}:{tag}", *options]
        yield Command("Inspect with Zarf", shlex.join(line))
    elif artifact.kind == IMAGE.id:
        yield Command("Pull with Docker", shlex.join(["docker", "pull", f"{place}:{tag}"]))
        yield _skopeo(place, path, version, plain)
    else:
        line = ["oras", "pull", f"{place}:{tag}", *(["--plain-http"] if plain else [])]
        yield Command("Pull with ORAS", shlex.join(line))
        if artifact.kind != PACK.id:
            yield _skopeo(place, path, version, plain)


def _helm(place: str, path: str, version: Version, plain: bool) -> Iterator[Command]:
    if not _VERSION.fullmatch(version.version):
        return
    options = [f"oci://{place}", "--version", version.version, *(["--plain-http"] if plain else [])]
    yield Command("Pull with Helm", shlex.join(["helm", "pull", *options]))
    release = re.sub("[^a-z0-9]+", "-", path.rpartition("/")[2]).strip("-")
    yield Command("Install with Helm", shlex.join(["helm", "install", release, *options]))


def _skopeo(place: str, path: str, version: Version, plain: bool) -> Command:
    which = f"@{version.digest}" if is_digest(version.digest) else f":{version.wire_tag}"
    file = file_stem(path.rpartition("/")[2], version.wire_tag, "image")
    options = ["--src-tls-verify=false"] if plain else []
    line = [
        "skopeo",
        "copy",
        "--all",
        *options,
        f"docker://{place}{which}",
        f"oci-archive:{file}.tar",
    ]
    return Command("Copy with skopeo", shlex.join(line))
