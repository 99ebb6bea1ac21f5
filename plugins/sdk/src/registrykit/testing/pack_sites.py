"""A legacy pack registry on loopback: for tests, and for the demo.

    with LegacyPackSite(sign_in=Basic("robot", "secret")) as site:
        site.push("nginx", "1.27.0", {"pack.json": "{…}", "values.yaml": "", "logo.png": b"…"})

Nobody outside of the vendor knows what the real server sends; this one sends what is inferred of
it. So manifests come in several shapes, and a client has to read them all.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote

from registrykit.testing.answers import Answer, Request
from registrykit.testing.servers import Site
from registrykit.urls import Credentials
from registrykit.versions import sort_key

__all__ = ["Files", "LegacyPackSite", "Shape", "pack_archive"]

Shape = Literal["archive", "whole", "files"]
"""`archive`: pack.json as config, an archive of everything, and the logo; `whole`: the archive
alone, with an empty config; `files`: one layer for each file."""
Files = Mapping[str, bytes | str]

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_TITLE = "org.opencontainers.image.title"
_TYPES = {
    ".json": "application/json",
    ".yaml": "application/x-yaml",
    ".md": "text/markdown",
    ".png": "image/png",
    ".tgz": "application/gzip",
}


class LegacyPackSite(Site):
    """A server with `/health` and `/v1/`. Pages have `page_size` entries.

    With `list_etags` lists have validators, which the server that this one stands for may not have.
    """

    def __init__(
        self,
        *,
        sign_in: Credentials | None = None,
        tls: ssl.SSLContext | tuple[str | Path, str | Path] | None = None,
        shape: Shape = "archive",
        page_size: int = 100,
        list_etags: bool = False,
    ) -> None:
        super().__init__(sign_in=sign_in, tls=tls)
        self.shape = shape
        self.page_size = page_size
        self.list_etags = list_etags
        self._tags: dict[str, dict[str, str]] = {}
        self._blobs: dict[str, bytes] = {}

    @property
    def endpoint(self) -> str:
        return self.url

    # The content

    def push(self, name: str, tag: str, files: Files, *, shape: Shape | None = None) -> str:
        """Keep a pack under a tag, in place of what it was; return the digest of its manifest."""
        blobs = _layers(name, tag, files, shape or self.shape)
        config, *layers = [_described(*blob) for blob in blobs]
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers},
            separators=(",", ":"),
        ).encode()
        digest = _digest(manifest)
        with self._lock:
            self._blobs |= {_digest(content): content for _, _, content in blobs}
            self._blobs[digest] = manifest
            self._tags.setdefault(name, {})[tag] = digest
        return digest

    def tag(self, name: str, tag: str, label: str, group: str = "") -> None:
        """Give what has a tag another one."""
        with self._lock:
            tags = self._tags[name]
            tags[f"{group}__{label}" if group else label] = tags[tag]

    def delete(self, name: str, tag: str = "") -> None:
        """Forget a tag, or the whole pack; a pack without tags stays in the catalog."""
        with self._lock:
            if tag:
                del self._tags[name][tag]
            else:
                del self._tags[name]

    def publish(self, packs: Mapping[str, Mapping[str, Files]]) -> None:
        """Replace everything: files by tag by name."""
        with self._lock:
            self._tags.clear()
        for name, tags in packs.items():
            for tag, files in tags.items():
                self.push(name, tag, files)

    def tags(self, name: str) -> tuple[str, ...]:
        """Return the tags of a pack, with the parents that the server makes itself."""
        with self._lock:
            return tuple(_with_parents(self._tags.get(name, {})))

    # The server

    def _find(self, request: Request) -> Answer:
        if request.path == "/health":
            return _json({"status": "UP"})
        answer = super()._find(request)
        if answer.status != 404 or not request.path.startswith("/v1/"):
            return answer
        place = unquote(request.path.removeprefix("/v1/"))
        name, _, last = place.rpartition("/")
        with self._lock:
            if not place:
                return _json({})
            if place == "_catalog":
                return self._page(request, "repositories", self._tags)
            if place.endswith("/tags/list"):
                name = place.removesuffix("/tags/list")
                if name in self._tags:
                    return self._page(request, "tags", _with_parents(self._tags[name]), name)
            elif name.endswith("/manifests"):
                tags = _with_parents(self._tags.get(name.removesuffix("/manifests"), {}))
                return self._manifest(request, tags.get(last, last))
            elif name.endswith("/blobs") and last in self._blobs:
                kind = parse_qs(request.query).get("type", ["application/octet-stream"])[0]
                return Answer(body=self._blobs[last], headers={"Content-Type": kind})
        return _json({"errors": [{"code": "NAME_UNKNOWN", "message": "not known here"}]}, 404)

    def _page(self, request: Request, key: str, names: Iterable[str], pack: str = "") -> Answer:
        asked = parse_qs(request.query)
        last = asked.get("last", [""])[0]
        size = min(self.page_size, int(asked.get("n", [str(self.page_size)])[0]))
        left = [name for name in sorted(names) if name > last]
        listed: dict[str, object] = {"name": pack} if pack else {}
        answer = _json({**listed, key: left[:size] or None})
        headers = dict(answer.headers)
        if len(left) > size:
            headers["Link"] = f'<{request.path}?last={left[size - 1]}&n={size}>; rel="next"'
        if self.list_etags:
            assert isinstance(answer.body, bytes)
            headers["ETag"] = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Answer(304, headers=headers)
        return Answer(body=answer.body, headers=headers)

    def _manifest(self, request: Request, digest: str) -> Answer:
        if digest not in self._blobs:
            return _json({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "not here"}]}, 404)
        headers = {
            "Content-Type": _MANIFEST,
            "Docker-Content-Digest": digest,
            "ETag": f'"{digest}"',
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Answer(304, headers=headers)
        return Answer(body=self._blobs[digest], headers=headers)


def pack_archive(folder: str, files: Files) -> bytes:
    """Return a `.tar.gz` with the files in one folder; equal for equal files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in files.items():
            header = tarfile.TarInfo(f"{folder}/{name}")
            header.size = len(_bytes(content))
            archive.addfile(header, io.BytesIO(_bytes(content)))
    return gzip.compress(made.getvalue(), mtime=0)


def _layers(name: str, tag: str, files: Files, shape: Shape) -> list[tuple[str, str, bytes]]:
    """Return title, media type and content of the config and of each layer."""
    empty = ("", "application/octet-stream", b"{}")
    if shape == "files":
        return [empty, *((file, _type(file), _bytes(content)) for file, content in files.items())]
    label = tag.rpartition("__")[2]
    archive = (
        f"{name.rpartition('/')[2]}-{label}.tar.gz",
        "application/x-gzip",
        pack_archive(f"{name.rpartition('/')[2]}-{label}", files),
    )
    if shape == "whole":
        return [empty, archive]
    layers = [("", "application/json", _bytes(files["pack.json"])), archive]
    if "logo.png" in files:
        layers.append(("", "image/png", _bytes(files["logo.png"])))
    return layers


def _described(title: str, media_type: str, content: bytes) -> dict[str, object]:
    described: dict[str, object] = {
        "mediaType": media_type,
        "size": len(content),
        "digest": _digest(content),
    }
    return {**described, "annotations": {_TITLE: title}} if title else described


def _with_parents(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags with 14.x and 14.4.x for 14.4.3, each linked to its newest child."""
    found = dict(tags)
    for tag in sorted(tags, key=lambda tag: sort_key(tag.rpartition("__")[2])):
        group, between, label = tag.rpartition("__")
        parts = label.split(".")
        if parts[-1].isdigit():
            for count in range(1, len(parts)):
                found[f"{group}{between}{'.'.join(parts[:count])}.x"] = tags[tag]
    return found


def _type(file: str) -> str:
    return _TYPES.get(Path(file).suffix.lower(), "application/octet-stream")


def _bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(found: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(found).encode(), {"Content-Type": "application/json"})
