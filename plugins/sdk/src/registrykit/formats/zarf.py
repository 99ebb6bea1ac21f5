"""Read zarf.yaml, the definition of a Zarf package, and check the list of its files.

Nothing of it is run, imported or filled in: `###ZARF_VAR_X###` stays as it stands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from registrykit.artifacts import Artifact, Version
from registrykit.errors import BadAnswer
from registrykit.events import Document, Ref
from registrykit.formats.entries import plain_text, printable, settle_facts, shorten
from registrykit.formats.kinds import ZARF
from registrykit.formats.text import Remarks, readable, shortened
from registrykit.formats.yaml import Limits, YamlReader

KINDS = ("ZarfPackageConfig", "ZarfInitConfig")
LARGEST = 4 * 1024 * 1024
"""Bytes of a zarf.yaml that are read, and of each other text that is kept."""
SIGNATURES = ("zarf.yaml.sig", "zarf.bundle.sig")

_LIMITS = Limits(size=LARGEST, depth=48, scalars=200_000)
_MOST_COMPONENTS = 1000
_MOST_IMAGES = 5000
_MAX_NAME = 255
_MAX_DESCRIPTION = 16 * 1024
_MAX_IMAGE = 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_CHECKSUM = re.compile(r"([0-9a-f]{64})[ \t]+\*?(\S.*)")
# Zarf writes its own files, and what they are signed with, into no list.
_UNLISTED = frozenset(("zarf.yaml", "checksums.txt", *SIGNATURES))
# What the reader finds out may not be said by the file itself.
_FOUND_OUT = frozenset(("metadata", "problems", "signed", "skeleton"))
_KNOWN = {
    "": "apiVersion kind metadata build components constants variables values documentation",
    "metadata": "name version description architecture url image uncompressed yolo authors "
    "documentation source vendor aggregateChecksum annotations allowNamespaceOverride",
    "components": "name description default required only group cosignKeyPath import manifests "
    "charts dataInjections files images imageArchives repos extensions scripts actions "
    "healthChecks",
}


@dataclass(frozen=True)
class ZarfPackage:
    """What zarf.yaml says; `facts` has all of it but name, version and description, by its keys.

    Added to those are `architectures`, `flavor` and `images` of all components; `metadata` and
    `build` stay maps of their own. `unknown` counts fields that this reader has never heard of;
    they are among the facts as well. `problems` are plain sentences without a full stop.
    """

    name: str
    version: str
    kind: str
    description: str = ""
    architectures: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    unknown: int = 0
    problems: tuple[str, ...] = ()

    def artifact(self, path: str) -> Artifact:
        """Return the artifact that lies at `path`; the place names it, not the file."""
        return Artifact(
            kind=ZARF.id, path=path, name=path.rpartition("/")[2], description=self.description
        )

    def listed(
        self,
        version: str = "",
        *,
        path: str = "",
        tag: str = "",
        digest: str = "",
        size: int | None = None,
        created: str = "",
        architectures: tuple[str, ...] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> Version:
        """Return the version that a registry lists; `architectures` are those of its index."""
        told: dict[str, Any] = {**self.facts, **(facts or {})}
        if path and self.name != path.rpartition("/")[2]:
            told["name"] = self.name
        if version and self.version and version != self.version:
            told["version"] = self.version
        if architectures:
            told["architectures"] = list(architectures)
        problems = list(self.problems)
        told = settle_facts(told, problems)
        if problems:
            told["problems"] = problems
        shown = version or self.version
        return Version(
            version=shown,
            tag="" if tag == shown else tag,
            digest=digest,
            size=size,
            created=created,
            description=self.description,
            facts=told,
        )


def read_zarf_yaml(content: bytes) -> ZarfPackage:
    """Return what a zarf.yaml says.

    The only error is `BadAnswer`: `zarf-yaml` for something that is no package, or a code that
    begins with `yaml-`.
    """
    remarks = Remarks()
    found = _document(content, remarks)
    if not isinstance(found, dict):
        _refuse("It does not hold a map.")
    metadata = found.get("metadata")
    if not isinstance(metadata, dict):
        _refuse("It has no metadata.")
    name = plain_text(metadata.get("name")).strip()
    if not name:
        _refuse("It has no name.")
    if not _NAME.fullmatch(name):
        remarks.add(f"the name is not one that Zarf allows: {shortened(name)}")
    kind = plain_text(found.get("kind")).strip()
    if kind not in KINDS:
        remarks.add(f"the kind is unknown: {shortened(kind)}" if kind else "it names no kind")
    facts = {key: value for key, value in found.items() if key not in _FOUND_OUT}
    facts["kind"] = kind
    own = ("name", "version", "description")
    facts["metadata"] = {key: value for key, value in metadata.items() if key not in own} or None
    components = _components(facts, remarks)
    build = found.get("build")
    said: Mapping[str, Any] = build if isinstance(build, dict) else {}
    architecture = plain_text(metadata.get("architecture")) or plain_text(said.get("architecture"))
    architectures = (architecture[:_MAX_NAME],) if architecture.strip() else _only(components)
    flavor = plain_text(said.get("flavor"))
    derived = {
        "architectures": list(architectures) or None,
        "flavor": flavor[:_MAX_NAME] or None,
        "images": _images(components) or None,
    }
    facts = {**facts, **{key: value for key, value in derived.items() if key not in facts}}
    unknown = _unknown(found, metadata, components)
    if unknown:
        remarks.add(f"fields that are not known here: {unknown:,}")
    told = list(remarks.all)
    settled = settle_facts(facts, told)
    return ZarfPackage(
        name=printable(name),
        version=printable(plain_text(metadata.get("version")).strip()),
        kind=kind[:_MAX_NAME],
        description=shorten(plain_text(metadata.get("description")).strip(), _MAX_DESCRIPTION),
        architectures=architectures,
        facts=settled,
        unknown=unknown,
        problems=tuple(told),
    )


def documents(
    ref: Ref, zarf_yaml: bytes, *, readme: bytes = b"", values: bytes = b"", schema: bytes = b""
) -> Iterator[Document]:
    """Yield the texts of a package that are there, within bounds."""
    remarks = Remarks()
    for name, content, file, media_type in (
        ("readme", readme, "README.md", "text/markdown"),
        ("values", values, "values.yaml", "text/yaml"),
        ("schema", schema, "values.schema.json", "application/schema+json"),
        ("metadata", zarf_yaml, "zarf.yaml", "text/yaml"),
    ):
        if content:
            yield Document(ref, name, readable(content, file, LARGEST, remarks), media_type)


def checksum_problems(checksums: bytes, files: Mapping[str, str], aggregate: str = "") -> list[str]:
    """Return what does not agree between checksums.txt and the files of a package.

    `files` maps names to `sha256:` digests, `aggregate` is `metadata.aggregateChecksum`. No
    problem means that every file is the one that was listed, and that the list is the one that
    zarf.yaml vouches for, if it vouches for any.
    """
    remarks = Remarks()
    if aggregate and hashlib.sha256(checksums).hexdigest() != aggregate.strip().lower():
        remarks.add("checksums.txt is not the list that zarf.yaml vouches for")
    listed: dict[str, str] = {}
    for line in checksums.decode("utf-8", "replace").splitlines():
        match = _CHECKSUM.fullmatch(line.strip())
        if match:
            listed[match[2]] = f"sha256:{match[1]}"
        elif line.strip():
            remarks.add("checksums.txt has a line that is no checksum")
    for name, digest in listed.items():
        if name not in files:
            remarks.add(f"{shortened(name)} is listed in checksums.txt and not there")
        elif files[name] != digest:
            remarks.add(f"{shortened(name)} is not the file that checksums.txt lists")
    for name in files:
        if name not in listed and name not in _UNLISTED:
            remarks.add(f"{shortened(name)} is not listed in checksums.txt")
    return list(remarks.all)


def _document(content: bytes, remarks: Remarks) -> Any:
    """Return the first document of the file; newer versions of Zarf write several."""
    reader = YamlReader(content, what="zarf.yaml", limits=_LIMITS)
    first = reader.start()
    found = None if first is None else reader.build(first)
    try:
        reader.end()
    except BadAnswer as error:
        if error.code != "yaml-documents":
            raise
        remarks.add("it holds more than one document, of which the first was read")
    for fault in reader.faults:
        remarks.add(fault.text)
    return found


def _components(facts: dict[str, Any], remarks: Remarks) -> list[dict[str, Any]]:
    """Return the components, and cut their list in `facts` where it is too long."""
    given = facts.get("components")
    if not isinstance(given, list):
        remarks.add("it has no list of components")
        return []
    if len(given) > _MOST_COMPONENTS:
        remarks.add(f"it has {len(given):,} components, of which {_MOST_COMPONENTS:,} are kept")
        facts["components"] = given = given[:_MOST_COMPONENTS]
    return [one for one in given if isinstance(one, dict)]


def _images(components: list[dict[str, Any]]) -> list[str]:
    kept: dict[str, None] = {}
    for component in components:
        images = component.get("images")
        for image in images if isinstance(images, list) else ():
            text = plain_text(image).strip()
            if text and len(text) <= _MAX_IMAGE and len(kept) < _MOST_IMAGES:
                kept[text] = None
    return list(kept)


def _only(components: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the architectures that components are limited to."""
    found: dict[str, None] = {}
    for component in components:
        only = component.get("only")
        cluster = only.get("cluster") if isinstance(only, dict) else None
        if isinstance(cluster, dict) and (text := plain_text(cluster.get("architecture")).strip()):
            found[text[:_MAX_NAME]] = None
    return tuple(found)


def _unknown(
    found: Mapping[str, Any], metadata: Mapping[str, Any], components: list[dict[str, Any]]
) -> int:
    """Return how many different fields no version of Zarf that is known here has."""
    fields = {("", key) for key in found} | {("metadata", key) for key in metadata}
    fields |= {("components", key) for component in components for key in component}
    return sum(key not in _KNOWN[place].split() for place, key in fields)


def _refuse(cause: str) -> NoReturn:
    raise BadAnswer(
        "The zarf.yaml cannot be read.",
        cause=cause,
        remedy="Ask the owner of the registry to publish the package again.",
        code="zarf-yaml",
    )
