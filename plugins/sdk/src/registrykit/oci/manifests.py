"""Read manifests and indexes (image-spec 1.1 and Docker's schema 2): strictly, for they decide.

One byte string has one meaning here: a key that stands twice, a type that contradicts the header,
or a mixture of manifest and index is refused, since two readers could take it for two things.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec

from registrykit.errors import BadAnswer
from registrykit.http.explain import clean
from registrykit.oci.media import IMAGES, INDEXES, OLD, TITLE, plain_type
from registrykit.oci.names import is_digest

MOST_ANNOTATIONS = 1000
LONGEST_ANNOTATION = 64 * 1024
MOST_LAYERS = 10_000

_OF_IMAGES = frozenset(("config", "layers", "fsLayers"))
_OF_INDEXES = frozenset(("manifests", "fsLayers"))
_MAY_BE_LONE = re.compile(r"\\u[dD][89a-fA-F]")

Size = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
S = TypeVar("S", bound=msgspec.Struct)


class Platform(msgspec.Struct, frozen=True, rename={"os_version": "os.version"}):
    """What an image runs on; Zarf puts `multi` for the system."""

    architecture: str = ""
    os: str = ""
    os_version: str = ""
    variant: str = ""


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """Points to content by its digest; `size` is in bytes. URLs and embedded data are ignored."""

    media_type: str
    digest: str
    size: Size
    annotations: dict[str, str] = {}
    artifact_type: str = ""
    platform: Platform | None = None

    @property
    def title(self) -> str:
        """The name of the file that this is, or nothing."""
        return self.annotations.get(TITLE, "")


class Image(msgspec.Struct, frozen=True, rename="camel"):
    """A manifest: of an image, or of anything that is kept like one."""

    config: Descriptor
    layers: tuple[Descriptor, ...] = ()
    artifact_type: str = ""
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}

    def layer(self, title: str) -> Descriptor | None:
        """Return the first layer that is the file of this name."""
        return next((layer for layer in self.layers if layer.title == title), None)


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """A list of manifests, such as one for each architecture."""

    manifests: tuple[Descriptor, ...] = ()
    artifact_type: str = ""
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index as it came: `content` are its bytes, whose digest is `digest`.

    `reference` is the tag or digest that was asked for. `etag` is empty where there is none.
    """

    repository: str
    reference: str
    digest: str
    media_type: str
    content: bytes = field(repr=False)
    document: Image | Index = field(repr=False)
    etag: str = ""

    @property
    def size(self) -> int:
        return len(self.content)


def read_manifest(content: bytes, content_type: str) -> tuple[str, Image | Index]:
    """Return the media type and what `content` says; raise `BadAnswer` if that is not certain.

    `content_type` is the header, and may be empty.
    """
    said = plain_type(content_type)
    if said in OLD:
        _refuse_old()
    document = _parsed(content)
    if document.get("schemaVersion") == 1:
        _refuse_old()
    inside = document.get("mediaType", "")
    media_type = inside or said
    if not isinstance(inside, str) or (said and inside and said != inside):
        _refuse(
            f"Its header says {said[:100] or 'nothing'}, its content {str(inside)[:100]}.",
            "manifest-type",
        )
    if media_type not in IMAGES | INDEXES:
        _refuse(
            f"It is of the type {media_type[:100]}." if media_type else "Its type is not told.",
            "manifest-type",
        )
    is_index = media_type in INDEXES
    if document.get("schemaVersion") != 2:
        _refuse("It does not say that it is of version 2.", "bad-manifest")
    if not document.keys().isdisjoint(_OF_IMAGES if is_index else _OF_INDEXES):
        _refuse("It mixes what belongs to a manifest and to an index.", "manifest-mixed")
    if is_index:
        return media_type, _converted(document, Index, "manifests")
    return media_type, _converted(document, Image, "layers")


def _converted(document: dict[str, Any], kind: type[S], listed: str) -> S:
    children = document.get(listed)
    if isinstance(children, list) and len(children) > MOST_LAYERS:
        _refuse(f"It lists {len(children):,} {listed}.", "manifest-too-long")
    pointers = [document.get("config"), document.get("subject")]
    for part in [document, *pointers, *(children if isinstance(children, list) else ())]:
        if isinstance(part, dict) and "annotations" in part:
            part["annotations"] = _texts(part["annotations"])
    try:
        found = msgspec.convert(document, kind)
    except (msgspec.ValidationError, OverflowError) as error:
        _refuse(f"{error}.", "bad-manifest")
    for pointer in _descriptors(found):
        if not is_digest(pointer.digest):
            _refuse(f"It names an invalid digest, {pointer.digest[:80]!r}.", "bad-digest")
    return found


def _descriptors(document: msgspec.Struct) -> list[Descriptor]:
    if isinstance(document, Image):
        found = [document.config, *document.layers]
    elif isinstance(document, Index):
        found = list(document.manifests)
    else:
        found = []
    subject = getattr(document, "subject", None)
    return [*found, subject] if subject is not None else found


def _texts(annotations: Any) -> dict[str, str]:
    """Keep what is text, in bounds: annotations describe and decide nothing."""
    if not isinstance(annotations, dict):
        return {}
    kept: dict[str, str] = {}
    for key, value in annotations.items():
        if isinstance(value, str) and len(key) <= LONGEST_ANNOTATION:
            kept[key] = value[:LONGEST_ANNOTATION]
            if len(kept) >= MOST_ANNOTATIONS:
                break
    return kept


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        text = content.decode()
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
        if _MAY_BE_LONE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except _Twice as error:
        _refuse(f"The key {str(error)[:80]} stands in it twice.", "manifest-twice")
    except (ValueError, RecursionError):
        _refuse("It is not valid JSON.", "bad-manifest")
    if not isinstance(document, dict):
        _refuse("It is not a JSON object.", "bad-manifest")
    return document


class _Twice(Exception):
    """A key stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object without what is null, which says the same as nothing."""
    found = {key: value for key, value in pairs if value is not None}
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        if len(set(keys)) != len(keys):
            raise _Twice(next(key for key in keys if keys.count(key) > 1))
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_old() -> NoReturn:
    raise BadAnswer(
        "The manifest is of an old format that is not supported.",
        cause="It is Docker's schema 1, which was replaced in 2016.",
        remedy="Push the image again with a tool of today.",
        code="manifest-schema1",
    )


def _refuse(cause: str, code: str) -> NoReturn:
    raise BadAnswer(
        "The manifest cannot be read.",
        cause=clean(cause),
        remedy="Ask the owner of the registry to push it again.",
        code=code,
    ) from None
