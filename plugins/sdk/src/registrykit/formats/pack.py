"""Read pack.json, which says what a pack is: tolerantly, since people write it by hand.

Fields and values are those of the vendor's documentation and of public packs. Whatever else stands
in the file is kept as a fact under its own key; only a file without name and version is refused.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msgspec

from registrykit.artifacts import Artifact, ArtifactKind, Column, Dependency, Version
from registrykit.errors import BadAnswer
from registrykit.formats.archive import path_fault
from registrykit.formats.entries import plain_text, printable, settle_facts, shorten
from registrykit.formats.text import Remarks, shortened, utf8
from registrykit.versions import sort_key

PACK = ArtifactKind(
    id="pack",
    title="Pack",
    plural="Packs",
    columns=(
        Column("layer", "Layer", facet=True),
        Column("addonType", "Add-on type", facet=True),
        Column("cloudTypes", "Clouds", facet=True),
        Column("state", "State", facet=True),
        Column("eol", "End of life"),
        Column("fips", "FIPS", facet=True),
    ),
)
LAYERS = ("kernel", "os", "k8s", "cni", "csi", "addon")
LARGEST = 1024 * 1024
"""Bytes of a pack.json that are read."""
FILE_LISTS = ("charts", "kubeManifests")
"""Fields that name files of the pack."""

_FOUND_OUT = frozenset(("state", "problems"))
_DEPRECATED = frozenset(("deprecated", "disabled", "deleted"))
_LISTS = (*FILE_LISTS, "ansibleRoles", "cloudTypes")
_MAX_NAME = 255
_MAX_WORDS = 200
_MAX_DESCRIPTION = 16 * 1024
_MAX_LIST = 1000
_LONG_NUMBER = re.compile(rb"[0-9]{19}")
_AT_BYTE = re.compile(r" ?\(byte ([0-9]+)\)")
_YES = frozenset(("true", "yes", "full", "compliant"))
_NO = frozenset(("false", "no", "none", "noncompliant", "notcompliant"))

# Numbers that are not whole keep their spelling: the version 1.10 is not 1.1.
_decode = msgspec.json.Decoder(float_hook=str).decode


@dataclass(frozen=True)
class Pack:
    """What pack.json says; what has no field of its own is in `facts` under the file's own keys.

    Beside those, `facts` may hold `state` (`deprecated`, `disabled`, `deleted`; nothing for an
    active pack), `fips` (`publisher_fips`), and what `plus` adds from other files of the pack.
    `problems` are plain sentences without a full stop.
    """

    name: str
    version: str
    display_name: str = ""
    description: str = ""
    app_version: str = ""
    deprecated: bool = False
    dependencies: tuple[Dependency, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def plus(self, facts: Mapping[str, Any], problems: Iterable[str] = ()) -> Pack:
        """Return the pack with what other files say of it; the facts of pack.json stand."""
        more = {key: value for key, value in facts.items() if value not in ("", None, [], {})}
        return dataclasses.replace(
            self,
            facts={**self.facts, **more, **self.facts},
            problems=tuple(dict.fromkeys((*self.problems, *problems))),
        )

    def artifact(self, path: str) -> Artifact:
        """Return the artifact that lies at `path`; the place names it, not the file."""
        return Artifact(
            kind=PACK.id,
            path=path,
            name=path.rpartition("/")[2],
            display_name=self.display_name,
            description=self.description,
        )

    def listed(
        self,
        version: str = "",
        *,
        path: str = "",
        tag: str = "",
        digest: str = "",
        content_digest: str = "",
        size: int | None = None,
        created: str = "",
        urls: tuple[str, ...] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> Version:
        """Return the version of the pack that a registry lists under `version` and `tag`.

        The tag names the row: where pack.json has another name (than the end of `path`) or
        version, that is kept as a fact. `facts` are the registry's; pack.json cannot unsay them.
        """
        told: dict[str, Any] = {**self.facts, **(facts or {})}
        if path and self.name != path.rpartition("/")[2]:
            told.setdefault("name", self.name)
        if version and version != self.version:
            told.setdefault("version", self.version)
        problems = list(self.problems)
        told = settle_facts(told, problems)
        if problems:
            told["problems"] = problems
        return Version(
            version=version or self.version,
            tag="" if tag == (version or self.version) else tag,
            digest=digest,
            size=size,
            created=created,
            app_version=self.app_version,
            description=self.description,
            deprecated=self.deprecated,
            urls=urls,
            dependencies=self.dependencies,
            facts=told,
            content_digest=content_digest,
        )


def read_pack_json(content: bytes) -> Pack:
    """Return what a pack.json says.

    The only error is `BadAnswer`, with the code `pack-json` or that of an encoding that cannot be
    read; its cause names the line.
    """
    found = _mapping(content)
    remarks = Remarks()
    name = _line(found.pop("name", None), "name")
    version = _line(found.pop("version", None), "version")
    # What the reader finds out may not be said by the file itself.
    facts = {key: value for key, value in found.items() if key not in _FOUND_OUT}
    display_name = _words(facts.pop("displayName", None), remarks)
    for key in _LISTS:
        if key in facts:
            facts[key] = _texts(facts[key], key, remarks)
    if "cloudTypes" not in facts and (cloud := plain_text(facts.get("cloudType")).strip()):
        facts["cloudTypes"] = [cloud]
    _settle_layer(facts, remarks)
    for key in ("eol", "group", "addonType", "addonSubType"):
        # A blank stands for nothing in many a public pack.
        if isinstance(facts.get(key), str) and not (text := facts[key].strip()):
            del facts[key]
        elif isinstance(facts.get(key), str):
            facts[key] = text
    annotations = facts.get("annotations")
    if annotations is not None and not isinstance(annotations, dict):
        remarks.add("the annotations are not a map")
    said: Mapping[str, Any] = annotations if isinstance(annotations, dict) else {}
    if state := _state(said):
        facts["state"] = state
    if fips := publisher_fips(found):
        facts["fips"] = fips
    dependencies = _take_constraints(facts, remarks)
    for key in FILE_LISTS:
        for place in facts.get(key, ()):
            if fault := path_fault(place, "pack"):
                remarks.add(f"{key} names {shortened(place)}, which {fault}")
    told = list(remarks.all)
    settled = settle_facts(facts, told)
    return Pack(
        name=name,
        version=version,
        display_name=display_name,
        description=shorten(plain_text(said.get("description")), _MAX_DESCRIPTION),
        app_version=plain_text(said.get("upstreamVersion"))[:_MAX_NAME],
        deprecated=state in _DEPRECATED,
        dependencies=dependencies,
        facts=settled,
        problems=tuple(told),
    )


def publisher_fips(pack_json: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the publisher declares about FIPS, nothing where no field says a word.

    `status` is `compliant`, `not_compliant`, `conflicting` or `unknown`, `basis` is
    `publisher_annotation`, and `declared` holds the raw values by field. No document names such a
    field, so every one whose name has `fips` in it counts; the name of a pack never does.
    """
    annotations = pack_json.get("annotations")
    places = [("", pack_json)]
    if isinstance(annotations, dict):
        places.append(("annotations.", annotations))
    declared = {
        # A list or a map says nothing that can be read, but may not stand for what others declare.
        place + key: shorten(plain_text(value), _MAX_WORDS)
        for place, fields in places
        for key, value in fields.items()
        if "fips" in key.lower()
    }
    if not declared:
        return {}
    kinds = {_compliance(value) for value in declared.values()}
    if kinds >= {"compliant", "not_compliant"}:
        status = "conflicting"
    else:
        status = kinds.pop() if len(kinds) == 1 else "unknown"
    return {"status": status, "basis": "publisher_annotation", "declared": declared}


def _compliance(value: str) -> str:
    word = re.sub(r"[^a-z]", "", value.lower())
    return "compliant" if word in _YES else "not_compliant" if word in _NO else "unknown"


def _mapping(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST:
        _refuse(f"It has {len(content):,} bytes; {LARGEST:,} are read.")
    text = utf8(content, what="pack.json")
    try:
        found = _decode(text)
        found = _without_huge(found) if _LONG_NUMBER.search(text) else found
    except (msgspec.DecodeError, ValueError) as error:
        _refuse(_cause(text, str(error)))
    except RecursionError:
        _refuse("It is nested too deeply.")
    if not isinstance(found, dict):
        _refuse("It does not hold a JSON object.")
    return found


def _cause(text: bytes, said: str) -> str:
    """Return what the decoder says with the line in place of the byte."""
    at = _AT_BYTE.search(said)
    if at is None:
        return "The end of it is missing, or it has half a character."
    line = text.count(b"\n", 0, int(at[1])) + 1
    reason = _AT_BYTE.sub("", said).removeprefix("JSON is malformed: ")
    return f"Line {line} is not valid JSON: {reason}."


def _without_huge(value: Any) -> Any:
    """Return `value` with whole numbers that no program can keep as text."""
    if isinstance(value, dict):
        return {key: _without_huge(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_without_huge(child) for child in value]
    return str(value) if type(value) is int and not -(2**63) <= value < 2**63 else value


def _line(value: Any, key: str) -> str:
    """Return a text that has to be there: not empty, short, printable."""
    text = "" if isinstance(value, bool) else plain_text(value).strip()
    if not text:
        _refuse(f"It has no {key}.")
    if len(text) > _MAX_NAME:
        _refuse(f"Its {key} has {len(text):,} letters.")
    if not text.isprintable():
        _refuse(f"Its {key} has a character that cannot be shown: {shortened(printable(text))}.")
    return text


def _words(value: Any, remarks: Remarks) -> str:
    """Return a display name: short, on one line, and without signs that nobody sees."""
    text = plain_text(value)
    if len(text) > _MAX_WORDS:
        remarks.add(f"the display name of {len(text):,} letters was shortened")
        text = text[: _MAX_WORDS - 1] + "…"
    shown = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cs", "Co"))
    if shown != text:
        remarks.add("the display name has signs that cannot be seen, which were left out")
    shown = "".join(sign if sign.isprintable() else " " for sign in shown)
    return " ".join(shown.split())


def _texts(value: Any, key: str, remarks: Remarks) -> list[str]:
    """Return a list of texts, whatever was written in its place."""
    given = value if isinstance(value, list) else [] if value is None else [value]
    kept = [text for one in given[:_MAX_LIST] if (text := plain_text(one).strip())]
    if len(given) > _MAX_LIST:
        remarks.add(f"{key} has {len(given):,} entries, of which {_MAX_LIST:,} are kept")
    elif len(kept) < len(given):
        remarks.add(f"{key} has an entry that is empty or no text")
    return kept


def _settle_layer(facts: dict[str, Any], remarks: Remarks) -> None:
    layer = facts.get("layer")
    if isinstance(layer, str) and layer.strip().lower() in LAYERS:
        facts["layer"] = layer.strip().lower()
    elif layer is None:
        remarks.add("it names no layer")
    else:
        shown = shortened(layer) if isinstance(layer, str) else "something that is no text"
        remarks.add(f"the layer is unknown: {shown}")


def _state(annotations: Mapping[str, Any]) -> str:
    """Return the state in the life of the pack, nothing for an active one."""
    state = plain_text(annotations.get("system_state")).strip().lower()
    if not state and plain_text(annotations.get("disabled")).strip().lower() == "true":
        state = "disabled"
    return "" if state == "active" else shorten(state, _MAX_WORDS)


def _take_constraints(facts: dict[str, Any], remarks: Remarks) -> tuple[Dependency, ...]:
    """Move dependencies and resources out of the constraints, and return the dependencies."""
    constraints = facts.get("constraints")
    if not isinstance(constraints, dict):
        if constraints is not None:
            remarks.add("the constraints are not a map")
        return ()
    given: Any = constraints.get("dependencies")
    for key in ("dependencies", "resources"):
        if key in constraints and key not in facts:
            facts[key] = constraints[key]
            constraints = {name: value for name, value in constraints.items() if name != key}
    facts["constraints"] = constraints or None
    if given is None:
        return ()
    if not isinstance(given, list):
        remarks.add("the dependencies are not a list")
        return ()
    listed: list[Any] = given
    if len(listed) > _MAX_LIST:
        remarks.add(f"it has {len(listed):,} dependencies, of which {_MAX_LIST:,} are kept")
        if facts.get("dependencies") is given:
            facts["dependencies"] = listed[:_MAX_LIST]
    found = (_dependency(one, remarks) for one in listed[:_MAX_LIST])
    return tuple(one for one in found if one is not None)


def _dependency(given: Any, remarks: Remarks) -> Dependency | None:
    said: dict[str, Any] = given if isinstance(given, dict) else {}
    name = plain_text(said.get("packName")).strip()
    if not name:
        remarks.add("a dependency names no pack")
        return None
    low = plain_text(said.get("minVersion")).strip()
    high = plain_text(said.get("maxVersion")).strip()
    if low and high and sort_key(low) > sort_key(high):
        remarks.add(
            f"the dependency on {shortened(name)} wants at least {shortened(low)} and at most "
            f"{shortened(high)}"
        )
    bounds = [f">={low}"] if low else []
    bounds += [f"<={high}"] if high else []
    kind = plain_text(said.get("type")).strip()
    return Dependency(
        name=name[:_MAX_NAME],
        version=" ".join(bounds)[:_MAX_NAME],
        kind=PACK.id,
        optional=kind == "optional",
        condition="" if kind in ("required", "optional") else kind[:_MAX_NAME],
    )


def _refuse(cause: str) -> NoReturn:
    raise BadAnswer(
        "The pack.json cannot be read.",
        cause=cause,
        remedy="Ask the owner of the registry to repair the pack.",
        code="pack-json",
    ) from None
