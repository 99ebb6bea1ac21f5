"""Read a pack: its pack.json and its texts, from one archive or from single files.

An archive has one folder at the top, whatever its name, or its files lie at the top themselves.
Charts, manifests and roles are listed, never opened; the logo is kept, but never decoded.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from registrykit.events import LARGEST_LOGO, Document, Ref
from registrykit.formats.archive import Archive, ArchiveLimits, Member, Refusal, path_fault
from registrykit.formats.pack import FILE_LISTS, Pack, read_pack_json
from registrykit.formats.pack_values import read_presets, values_facts
from registrykit.formats.text import Remarks, readable, shortened

PACK_JSON, VALUES, README, SCHEMA, PRESETS, LOGO = (
    "pack.json",
    "values.yaml",
    "README.md",
    "schema.yaml",
    "presets.yaml",
    "logo.png",
)
TEXTS = (PACK_JSON, VALUES, README, SCHEMA, PRESETS)
"""The files of a pack that are read as texts."""

_REFUSE = Refusal("pack")
_MIB = 1024 * 1024
_WANTED = frozenset((*TEXTS, LOGO))


@dataclass(frozen=True)
class PackLimits(ArchiveLimits):
    """What a pack's archive may hold, in bytes; `text` is how much of a text is kept.

    Until all of it was seen nobody knows which folder is the pack: so much are `texts` of all.
    """

    unpacked: int = 256 * _MIB
    file: int = 64 * _MIB
    text: int = 4 * _MIB
    texts: int = 32 * _MIB


@dataclass(frozen=True)
class PackContents:
    """What a pack holds; a text that is not there is empty, and so is a logo that is too large.

    `pack` has the facts of all its files: `images`, `namespace`, `presets`, and `logo` with
    `mediaType` (empty where it is no picture that can be shown) and `size`. `files` are names with
    sizes in bytes, without the folder at the top.
    """

    pack: Pack
    pack_json: str
    readme: str
    values: str
    schema: str
    presets: str
    files: Mapping[str, int]
    logo: bytes = b""

    def documents(self, ref: Ref) -> Iterator[Document]:
        """Yield what is there of readme, values, schema, presets, metadata and logo."""
        for name, text, media_type in (
            ("readme", self.readme, "text/markdown"),
            ("values", self.values, "text/yaml"),
            ("schema", self.schema, "text/yaml"),
            ("presets", self.presets, "text/yaml"),
            ("metadata", self.pack_json, "application/json"),
        ):
            if text:
                yield Document(ref, name, text, media_type)
        if shown_as := picture_type(self.logo):
            yield Document(ref, "logo", base64.b64encode(self.logo).decode(), shown_as)


def read_pack(source: bytes | BinaryIO, *, limits: PackLimits | None = None) -> PackContents:
    """Return what the archive of a pack holds; a stream is read to its end.

    The only error is `BadAnswer`, with one of the codes `pack-not-archive`, `pack-cut-off`,
    `pack-broken`, `pack-too-large`, `pack-ambiguous`, `pack-incomplete`, or with one of
    `read_pack_json`.
    """
    limits = limits or PackLimits()
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    found = _Found()
    archive = Archive(stream, limits, "pack")
    kept = 0
    for member in archive.members():
        place = found.add(member)
        if place is not None:
            # One byte more than is kept, so that it shows that there was more.
            at_most = (LARGEST_LOGO if place[1] == LOGO else limits.text) + 1
            found.contents[place] = archive.content(at_most)
            kept += len(found.contents[place])
            if kept > limits.texts:
                _REFUSE.too_large(f"The texts in its folders have more than {limits.texts:,} bytes")
    for problem in archive.problems:
        found.remarks.add(problem)
    root = found.root()
    texts = {name: content for (top, name), content in found.contents.items() if top == root}
    return pack_contents(texts, found.files_below(root), found.remarks, limits.text, whole=True)


def pack_contents(
    texts: Mapping[str, bytes],
    files: Mapping[str, int],
    remarks: Remarks,
    limit: int = PackLimits.text,
    *,
    whole: bool = False,
) -> PackContents:
    """Return what the files of a pack say; `texts` are those of `TEXTS` and `LOGO` that are known.

    With `whole`, `files` is everything that there is, so that what pack.json names can be missed.
    """
    pack = read_pack_json(texts[PACK_JSON])

    def text(name: str) -> str:
        return readable(texts.get(name, b""), name, limit, remarks, files.get(name))

    pack_json, readme, values, schema, presets = map(
        text, (PACK_JSON, README, VALUES, SCHEMA, PRESETS)
    )
    facts: dict[str, Any] = values_facts(values, remarks)
    if PRESETS in texts:
        facts["presets"] = read_presets(texts[PRESETS], remarks)
    if LOGO in texts:
        media_type = picture_type(texts[LOGO])
        facts["logo"] = {"mediaType": media_type, "size": files.get(LOGO, len(texts[LOGO]))}
        if not media_type:
            remarks.add("logo.png is no picture that can be shown")
    logo = texts.get(LOGO, b"")
    if whole:
        for key in FILE_LISTS:
            for place in pack.facts.get(key, ()):
                if not path_fault(place, "pack") and place.removeprefix("./") not in files:
                    remarks.add(f"{key} names {shortened(place)}, which is not there")
    return PackContents(
        pack=pack.plus(facts, remarks.all),
        pack_json=pack_json,
        readme=readme,
        values=values,
        schema=schema,
        presets=presets,
        files=files,
        logo=logo if len(logo) <= LARGEST_LOGO else b"",
    )


def picture_type(start: bytes) -> str:
    """Return the media type of a picture by its first bytes; nothing for all but these four."""
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "image/webp"
    return ""


class _Found:
    """What has been seen of an archive so far; a place is its folder at the top, and its name."""

    def __init__(self) -> None:
        self.contents: dict[tuple[str, str], bytes] = {}
        self.remarks = Remarks()
        self._files: dict[str, int] = {}
        self._seen: dict[tuple[str, str], str] = {}
        self._tops: set[str] = set()

    def add(self, member: Member) -> tuple[str, str] | None:
        """Note a member and return its place if its content is wanted."""
        if fault := path_fault(member.name, "pack"):
            self.remarks.add(f"{shortened(member.name)} {fault} and was ignored")
            return None
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if member.kind == "folder" or not parts:
            self._tops.update(parts[:1])
            return None
        if len(parts) > 1:
            self._tops.add(parts[0])
        path = "/".join(parts)
        name = parts[-1] if parts[-1] in _WANTED else ""
        if parts[-1].lower() == README.lower():
            name = README
        place = ("" if len(parts) == 1 else parts[0], name) if name and len(parts) < 3 else None
        if place and self._seen.get(place) == path:
            _REFUSE.ambiguous(f"It holds {shortened(path)} more than once.")
        chosen = place and self._seen.setdefault(place, path) == path
        if member.kind != "file":
            kinds = {"link": "a link", "device": "a device"}
            kind = kinds.get(member.kind, "no plain file")
            self.remarks.add(f"{shortened(member.name)} is {kind} and was ignored")
            return None
        if path in self._files:
            self.remarks.add(f"{shortened(path)} is there more than once")
            return None
        self._files[path] = member.size
        return place if chosen else None

    def root(self) -> str:
        """Return the folder that is the pack, empty where it is the archive itself."""
        roots = [top for top, name in self.contents if name == PACK_JSON]
        if "" in roots:
            return ""
        if len(roots) > 1:
            _REFUSE.ambiguous("It holds more than one folder with a pack.json.")
        if not roots:
            _REFUSE.incomplete("It has no pack.json, neither at its top nor in a folder there.")
        if len(self._tops) > 1:
            self.remarks.add(f"it has {len(self._tops)} folders at the top, one is expected")
        return roots[0]

    def files_below(self, root: str) -> dict[str, int]:
        """Return the files below the root, by their path there."""
        start = f"{root}/" if root else ""
        return {
            path.removeprefix(start): size
            for path, size in self._files.items()
            if path.startswith(start)
        }
