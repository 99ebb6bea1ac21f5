"""From a manifest to the row that stands for it, kind by kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from registrykit import fips
from registrykit.artifacts import Version
from registrykit.errors import BadAnswer
from registrykit.formats.entries import (
    keywords_of,
    plain_text,
    read_version,
    settle_facts,
    shorten,
    utc,
)
from registrykit.formats.json import JsonReader
from registrykit.formats.kinds import ARTIFACT, CHART, IMAGE, ZARF
from registrykit.formats.pack import PACK
from registrykit.formats.pack_archive import PackContents
from registrykit.formats.text import utf8
from registrykit.formats.zarf import SIGNATURES, checksum_problems, read_zarf_yaml
from registrykit.oci.content.look import PASSING, Look
from registrykit.oci.content.remembered import Row
from registrykit.oci.content.shapes import (
    CHECKSUMS,
    ZARF_YAML,
    Shape,
    architectures,
    chart_layer,
    content_size,
    only_file,
    pack_layer,
)
from registrykit.oci.manifests import Image, Index, Manifest, Platform
from registrykit.oci.media import CREATED
from registrykit.versions import is_semver

_DESCRIPTION = "org.opencontainers.image.description"
_ATTESTATION = "vnd.docker.reference.type"
_LONGEST = 16 * 1024
_MOST_FILES = 1000
_OF_CONFIGS = ("architecture", "os", "variant", "created", "config")


def read_row(
    look: Look, manifest: Manifest, shape: Shape, known: Callable[[str], Row | None]
) -> tuple[Row, PackContents | None]:
    """Return the row of what is listed, and all of a pack that was read for it.

    `known` gives what was read of a pack before, by the digest of its archive. The error for what
    cannot be read is `BadAnswer`, except for those that are `PASSING`; whatever else comes is about
    reaching it.
    """
    row = Row(manifest.digest, manifest.etag, shape.kind)
    if shape.kind == PACK.id:
        return _pack(look, manifest, row, known)
    rows = {CHART.id: _chart, ZARF.id: _zarf, IMAGE.id: _image, ARTIFACT.id: _artifact}
    return rows[shape.kind](look, manifest, shape, row), None


def labelled(row: Row, tag: str) -> Version:
    """Return the version of a row as the one that `tag` names.

    What its content calls it is a fact where that is something else.
    """
    version = row.version
    assert version is not None
    own, shown = version.version, tag
    if row.kind == CHART.id and "_" in tag:
        # A tag cannot have a plus sign; Helm puts an underscore in its place.
        meant = tag.replace("_", "+")
        if own.replace("+", "_") == tag:
            shown = own
        elif is_semver(meant):
            shown = meant
    facts = version.facts
    if own and own != shown:
        facts = {"version": own, **facts}
        if row.kind == PACK.id:
            problems = [*facts.get("problems", ()), f"its pack.json says that it is {own}"]
            facts["problems"] = problems
    # What is saved as an archive of many files has no digest before it is written.
    content = version.content_digest or f"manifest+{version.digest}"
    tag = "" if shown == tag else tag
    return replace(version, version=shown, tag=tag, facts=facts, content_digest=content)


def _chart(look: Look, manifest: Manifest, shape: Shape, row: Row) -> Row:
    image = _image_of(shape)
    layer = chart_layer(image)
    problems: list[str] = []
    config = look.small(manifest.repository, image.config)
    with look.unpacking:
        version = _described(config, problems)
    facts = dict(version.facts)
    if problems:
        facts["problems"] = problems
    version = replace(
        version,
        digest=manifest.digest,
        content_digest=layer.digest,
        size=layer.size,
        created=utc(image.annotations.get(CREATED)),
        urls=(),
        facts=facts,
    )
    return replace(
        row,
        version=version,
        description=version.description,
        keywords=keywords_of(version.facts.get("keywords")),
    )


def _described(config: bytes, problems: list[str]) -> Version:
    entry = _json(config, "The config of the chart", problems)
    # These describe a place in an index, where a chart does not say them of itself.
    for key in ("digest", "created", "urls"):
        entry.pop(key, None)
    own = plain_text(entry.get("version"))[:_LONGEST]
    return read_version(own, {**entry, "urls": ["x"]}, problems)


def _pack(
    look: Look, manifest: Manifest, row: Row, known: Callable[[str], Row | None]
) -> tuple[Row, PackContents | None]:
    assert isinstance(manifest.document, Image)
    layer = pack_layer(manifest.document)
    created = utc(manifest.document.annotations.get(CREATED))
    if (before := known(layer.digest)) and before.version:
        version = replace(before.version, digest=manifest.digest, created=created)
        return replace(before, manifest=row.manifest, etag=row.etag, version=version), None
    contents = look.pack(manifest.repository, layer)
    pack = contents.pack
    version = pack.listed(
        path=manifest.repository,
        digest=manifest.digest,
        content_digest=layer.digest,
        size=layer.size,
        created=created,
    )
    if look.source.declared is not None:
        facts = _with_declared(version.facts, look.source.declared(manifest.repository))
        version = replace(version, facts=facts)
    row = replace(
        row, version=version, display_name=pack.display_name, description=pack.description
    )
    return row, contents


def _zarf(look: Look, manifest: Manifest, shape: Shape, row: Row) -> Row:
    image = _image_of(shape)
    definition = image.layer(ZARF_YAML)
    if definition is None:
        raise BadAnswer(
            "This is not a Zarf package.",
            cause="It has no zarf.yaml, though its config says that it is one.",
            remedy="Publish it again with zarf package publish.",
            code="zarf-incomplete",
        )
    package = read_zarf_yaml(look.small(manifest.repository, definition))
    facts: dict[str, Any] = {}
    there: tuple[str, ...] = ()
    if isinstance(manifest.document, Index):
        there, skeleton = architectures(manifest.document)
        if skeleton:
            facts["skeleton"] = True
    if any(image.layer(name) for name in SIGNATURES):
        facts["signed"] = True
    if checksums := image.layer(CHECKSUMS):
        metadata = package.facts.get("metadata")
        aggregate = metadata.get("aggregateChecksum") if isinstance(metadata, dict) else ""
        files = {layer.title: layer.digest for layer in image.layers if layer.title}
        content = look.small(manifest.repository, checksums)
        told = checksum_problems(content, files, plain_text(aggregate))
        package = dataclasses.replace(package, problems=(*package.problems, *told))
    version = package.listed(
        path=manifest.repository,
        digest=manifest.digest,
        size=content_size(image),
        created=_created(manifest, image),
        architectures=there,
        facts=facts,
    )
    return replace(row, version=version, description=package.description)


def _image(look: Look, manifest: Manifest, shape: Shape, row: Row) -> Row:
    document = manifest.document
    facts: dict[str, Any] = {}
    notes = dict(document.annotations)
    created, size = notes.get(CREATED, ""), None
    if isinstance(document, Index):
        facts["platforms"] = _platforms(document)
    else:
        size = content_size(document)
        try:
            content = look.small(manifest.repository, document.config)
            with look.unpacking:
                told = _json(content, "The config", [])
                config = {key: told[key] for key in _OF_CONFIGS if key in told}
                del told
        except BadAnswer as error:
            if error.code in PASSING:
                raise
            config = {}  # what it adds is nothing that an image could not be listed without
        platform = Platform(*(plain_text(config.get(key)) for key in ("architecture", "os")))
        facts["platforms"] = [_platform(platform, plain_text(config.get("variant")))]
        created = created or plain_text(config.get("created"))
        inner = config.get("config")
        labels = inner.get("Labels") if isinstance(inner, dict) else None
        if isinstance(labels, dict):
            facts["labels"] = {key: text for key, text in labels.items() if isinstance(text, str)}
            notes = {**facts["labels"], **notes}
    facts["annotations"] = document.annotations
    return _plain(row, notes, facts, size, created)


def _artifact(look: Look, manifest: Manifest, shape: Shape, row: Row) -> Row:
    document = manifest.document
    notes = document.annotations
    facts: dict[str, Any] = {"artifactType": document.artifact_type, "annotations": notes}
    size, content = None, ""
    if isinstance(document, Image):
        size = content_size(document)
        facts["artifactType"] = document.artifact_type or document.config.media_type
        facts["files"] = [layer.title for layer in document.layers[:_MOST_FILES] if layer.title]
        if file := only_file(document):
            content = file.digest
    return _plain(row, notes, facts, size, notes.get(CREATED, ""), content)


def _plain(
    row: Row,
    notes: Mapping[str, str],
    facts: Mapping[str, Any],
    size: int | None,
    created: str,
    content_digest: str = "",
) -> Row:
    """Return the row of what has no format of its own."""
    description = shorten(notes.get(_DESCRIPTION, ""), _LONGEST)
    told = {key: value for key, value in facts.items() if value not in ("", [], {}, [""])}
    version = Version(
        version="",
        digest=row.manifest,
        content_digest=content_digest,
        size=size,
        created=utc(created),
        description=description,
        facts=settle_facts(told, []),
    )
    return replace(row, version=version, description=description)


def _with_declared(facts: dict[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**declared, **facts}
    if fips.FACT in declared:
        own = facts.get(fips.FACT)
        merged[fips.FACT] = fips.merge(declared[fips.FACT], own if isinstance(own, dict) else {})
    return merged


def _image_of(shape: Shape) -> Image:
    assert shape.leaf is not None
    assert isinstance(shape.leaf.document, Image)
    return shape.leaf.document


def _created(manifest: Manifest, image: Image) -> str:
    return utc(manifest.document.annotations.get(CREATED) or image.annotations.get(CREATED))


def _platforms(index: Index) -> list[str]:
    found = {
        _platform(one.platform, one.platform.variant): None
        for one in index.manifests
        if one.platform and _ATTESTATION not in one.annotations
    }
    return [text for text in found if text and not text.startswith("unknown")]


def _platform(platform: Platform, variant: str) -> str:
    parts = (platform.os, platform.architecture, variant)
    return "/".join(part for part in parts if part)


def _json(content: bytes, what: str, problems: list[str]) -> dict[str, Any]:
    reader = JsonReader(utf8(content, what=what).decode(), what=what)
    start = reader.start()
    found = None if start is None else reader.build(start)
    reader.end()
    if not isinstance(found, dict):
        raise BadAnswer(
            f"{what} cannot be read.",
            cause="It does not hold a JSON object.",
            remedy="Ask the owner of the registry to push it again.",
            code="bad-config-blob",
        )
    problems.extend(f"{fault.key} stands in its metadata twice" for fault in reader.faults)
    return found
