"""What goes over the wire of a legacy pack registry. All that is inferred stands in this file.

The protocol is described nowhere in public. Proven, by the vendor's documentation, its examples
of configurations and addresses in its pages:

* `GET /health` answers 200 with `{"status":"UP"}`, without a sign-in.
* `GET /v1/_catalog` answers 200 after a Basic sign-in.
* `GET /v1/<pack>/blobs/sha256:<hex>?type=image/png` gives the logo of a pack, which so is a blob
  of its own; `type` sets the media type of the answer.
* Packs are called `NAME:TAG` or `NAME@sha256:…`. A tag is `[group__]label`; for the label 14.4.3
  the server makes the tags 14.x and 14.4.x, relinks them and removes them by itself.
* The server has the configuration file, the environment variables, the command line and the
  password file of CNCF distribution.

Inferred from that: it is distribution with `/v1` in the place of `/v2`.

* The catalog is `{"repositories": […]}`, its next page in the header `Link`. Objects with `name`
  and `tags` in place of names are read as well.
* `GET /v1/<pack>/tags/list` answers `{"name": …, "tags": […]}`. Objects with a tag and a digest in
  place of tags are read as well.
* `GET /v1/<pack>/manifests/<tag or digest>` answers a manifest with `config` and `layers`, each
  with `mediaType`, `digest` and `size`. Its digest, of its own bytes, is that of the pack.
* A layer is one file of the pack, or a `.tar.gz` of the whole pack. It is known by the annotation
  with its title, else by its media type. `config` may be pack.json.

Where a manifest is not understood, the pack is listed by its name and tag all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote

import msgspec

from registrykit.errors import BadAnswer
from registrykit.formats.archive import path_fault
from registrykit.formats.entries import utc
from registrykit.formats.pack_archive import LOGO, PACK_JSON, README, VALUES
from registrykit.formats.text import shortened
from registrykit.oci.media import CREATED, DOCKER_MANIFEST, OCI_MANIFEST, TITLE, plain_type
from registrykit.oci.names import is_digest

PAGE_SIZE = 1000
LARGEST_MANIFEST = 4 * 1024 * 1024
ACCEPT = f"{DOCKER_MANIFEST}, {OCI_MANIFEST}, application/json"

_MOST_LAYERS = 10_000
_LONGEST_NAME = 255
_BETWEEN = "__"
_ARCHIVE = re.compile(r"[^/]+\.(?:tar\.gz|tgz)")
_EMPTY_CONFIG = 2  # bytes: "{}"


@dataclass(frozen=True)
class Tag:
    """A tag as it is listed; `digest` is that of its manifest, or empty."""

    tag: str
    digest: str = ""


@dataclass(frozen=True)
class Listed:
    """A repository as the catalog lists it; `tags` is None where the catalog says none."""

    name: str
    tags: tuple[Tag, ...] | None = None


@dataclass(frozen=True)
class Blob:
    """Content by its digest; `size` is in bytes, None where it is not told."""

    digest: str
    size: int | None = None
    media_type: str = ""


@dataclass(frozen=True)
class PackManifest:
    """What a pack is made of: an archive with everything in it, or its files one by one.

    Beside an archive there may be files too, above all pack.json and the logo.
    """

    files: Mapping[str, Blob]
    archive: Blob | None = None
    created: str = ""
    problems: tuple[str, ...] = ()

    @property
    def size(self) -> int | None:
        """The bytes of the pack as it is kept; None where they are not told."""
        blobs = [self.archive] if self.archive else list(self.files.values())
        sizes = [blob.size for blob in blobs if blob.size is not None]
        return sum(sizes) if len(sizes) == len(blobs) else None


# Addresses


def health_url(root: str) -> str:
    return f"{root}/health"


def catalog_url(root: str, page_size: int = PAGE_SIZE) -> str:
    """Return where the catalog begins; a `page_size` of 0 leaves the choice to the server."""
    return f"{root}/v1/_catalog" + (f"?n={page_size}" if page_size else "")


def tags_url(root: str, name: str, page_size: int = PAGE_SIZE) -> str:
    return f"{root}/v1/{quote(name)}/tags/list" + (f"?n={page_size}" if page_size else "")


def manifest_url(root: str, name: str, reference: str) -> str:
    """Return where the manifest is of a tag or digest."""
    return f"{root}/v1/{quote(name)}/manifests/{quote(reference, safe=':')}"


def blob_url(root: str, name: str, blob: Blob) -> str:
    kind = f"?type={quote(blob.media_type, safe='/+.')}" if blob.media_type else ""
    return f"{root}/v1/{quote(name)}/blobs/{blob.digest}{kind}"


# Lists


def is_up(body: bytes) -> bool:
    """Say whether this is what a healthy server answers."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and str(found.get("status")).upper() == "UP"


def read_catalog(body: bytes) -> list[Listed]:
    """Return what one page of the catalog lists; raises `BadAnswer` for another answer."""
    found = []
    for entry in _list(body, "repositories", "catalog"):
        if isinstance(entry, dict):
            tags = entry.get("tags")
            listed = None if tags is None else tuple(_tags(tags if type(tags) is list else ()))
            found.append(Listed(_text(entry, "name"), listed))
        else:
            found.append(Listed(entry if isinstance(entry, str) else ""))
    return found


def read_tags(body: bytes) -> list[Tag]:
    """Return what one page of tags lists; raises `BadAnswer` for another answer."""
    return list(_tags(_list(body, "tags", "list of tags")))


def _tags(entries: Iterable[Any]) -> Iterator[Tag]:
    for entry in entries:
        if isinstance(entry, str):
            yield Tag(entry)
        elif isinstance(entry, dict):
            digest = _text(entry, "digest")
            yield Tag(_text(entry, "tag", "name"), digest if is_digest(digest) else "")


def _list(body: bytes, key: str, what: str) -> list[Any]:
    """Return the list under `key`, or the list that the answer is; null stands for an empty one."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        found = None
    entries = found.get(key, found) if isinstance(found, dict) else found
    if entries is None and isinstance(found, dict):
        return []
    if not isinstance(entries, list):
        start = body[:64].lstrip().lower()
        page = start.startswith((b"<!doctype", b"<html"))
        raise BadAnswer(
            "This does not look like a pack registry.",
            cause=f"It answered the request for its {what} with "
            + ("a web page." if page else "something else."),
            remedy="Check the URL: it is that of the server, as in https://registry.example.com.",
            code="not-a-pack-registry",
        )
    return entries


def name_fault(name: str) -> str:
    """Return why this cannot be the name of a pack, or nothing."""
    if not name or len(name) > _LONGEST_NAME:
        return "its name is empty" if not name else "its name is too long"
    if not name.isprintable() or any(sign in name for sign in " ?#%\\"):
        return "its name has a character that no name has"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "its name has an empty part"
    return ""


# Tags


def split_tag(tag: str) -> tuple[str, str]:
    """Return the group, often empty, and the label."""
    group, between, label = tag.partition(_BETWEEN)
    return (group, label) if between and group and label else ("", tag)


def families(tags: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return each tag that somebody gave, with the parents that the server made for it.

    A tag such as 14.x that no other tag accounts for was given by somebody, too.
    """
    known = dict.fromkeys(tags)
    parents: dict[str, tuple[str, ...]] = {}
    for tag in known:
        group, label = split_tag(tag)
        parts = label.split(".")
        if parts[-1] == "x":
            parents[tag] = ()
            continue
        before = f"{group}{_BETWEEN}" if group else ""
        made = (f"{before}{'.'.join(parts[:count])}.x" for count in range(1, len(parts)))
        parents[tag] = tuple(one for one in made if one in known)
    generated = {parent for made in parents.values() for parent in made}
    return {tag: made for tag, made in parents.items() if tag not in generated}


# Manifests


def read_manifest(body: bytes) -> PackManifest:
    """Return what a manifest says; raises `BadAnswer` (`manifest-unknown`) if it is another."""
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, ValueError, RecursionError):
        _unknown("It is not a JSON object.")
    layers = found.get("layers")
    if not isinstance(layers, list) or len(layers) > _MOST_LAYERS:
        _unknown("It has no list of layers.")
    files: dict[str, Blob] = {}
    archives: dict[str, Blob] = {}
    problems: list[str] = []
    for layer in layers:
        described = layer if isinstance(layer, dict) else {}
        blob = _blob(described)
        name = _title(described) or _name_by_type(blob.media_type)
        if not is_digest(blob.digest):
            problems.append(f"{shortened(name or 'a layer')} has no digest: cannot be verified")
        elif name and (fault := path_fault(name, "pack")):
            problems.append(f"{shortened(name)} {fault} and was ignored")
        elif not name or _ARCHIVE.fullmatch(name):
            archives.setdefault(name, blob)
        else:
            files.setdefault(name.removeprefix("./"), blob)
    _take_config(found.get("config"), files)
    # Every pack has values.yaml: where it stands by itself, an archive is only a part of the pack.
    archive = next(iter(archives.values()), None) if VALUES not in files else None
    if archive is None:
        files |= {name: blob for name, blob in archives.items() if name}
    if archive is None and PACK_JSON not in files:
        _unknown("; ".join(problems) or "None of its layers is a pack.json or an archive.")
    annotations = found.get("annotations")
    created = utc(annotations.get(CREATED)) if isinstance(annotations, dict) else ""
    return PackManifest(files, archive, created, tuple(problems))


def _take_config(config: Any, files: dict[str, Blob]) -> None:
    if not isinstance(config, dict) or PACK_JSON in files:
        return
    blob = _blob(config)
    if is_digest(blob.digest) and (blob.size is None or blob.size > _EMPTY_CONFIG):
        files[PACK_JSON] = blob


def _blob(described: Mapping[str, Any]) -> Blob:
    size = described.get("size")
    told = size if type(size) is int and 0 <= size < 2**63 else None
    return Blob(_text(described, "digest"), told, plain_type(_text(described, "mediaType")))


def _title(described: Mapping[str, Any]) -> str:
    annotations = described.get("annotations")
    title = _text(annotations, TITLE) if isinstance(annotations, dict) else ""
    return title or _text(described, "name", "path", "title")


def _name_by_type(media_type: str) -> str:
    """Return the file of a pack that has this media type; nothing for an archive."""
    if media_type.startswith("image/"):
        return LOGO
    for part, name in (("markdown", README), ("yaml", VALUES), ("json", PACK_JSON)):
        if part in media_type:
            return name
    return ""


def _text(described: Mapping[str, Any], *keys: str) -> str:
    return next((text for key in keys if isinstance(text := described.get(key), str) and text), "")


def _unknown(cause: str) -> NoReturn:
    raise BadAnswer(
        "The manifest is not one that is understood here.",
        cause=cause,
        remedy="Read the pack with the vendor's own tool, or move it to an OCI registry.",
        code="manifest-unknown",
    ) from None
