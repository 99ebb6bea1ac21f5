"""Read what values.yaml and presets.yaml of a pack say of it: images, namespace, presets.

values.yaml may hold macros (`{{.spectro.system.…}}`) that no YAML reader accepts. So only its part
`pack:` is read, and where even that is no YAML, the lines that name images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from registrykit.errors import BadAnswer
from registrykit.formats.entries import plain_text
from registrykit.formats.text import Remarks
from registrykit.formats.yaml import Limits, read_yaml

_PACK = re.compile(r"^(?:pack|\"pack\"|'pack')[ \t]*:", re.MULTILINE)
_NEXT_KEY = re.compile(r"^[^\s#]", re.MULTILINE)
_IMAGE = re.compile(r"^[ \t]*-[ \t]+image[ \t]*:[ \t]*([\"']?)([^\s\"'#]+)\1", re.MULTILINE)
_LIMITS = Limits(size=1024 * 1024, depth=32, scalars=50_000)
_MAX_IMAGES = 2000
_MAX_IMAGE = 1024
_MAX_PRESETS = 500


def values_facts(text: str, remarks: Remarks) -> dict[str, Any]:
    """Return `images` (of `pack.content.images`) and `namespace`, as far as the text names them."""
    block = pack_block(text)
    if not block:
        return {}
    told: list[str] = []
    try:
        found = read_yaml(block.encode(), what="values.yaml", limits=_LIMITS, remarks=told)
    except BadAnswer as error:
        remarks.add(f"the part pack of values.yaml is no plain YAML ({error.cause.rstrip('.')})")
        return {"images": _unique(match[2] for match in _IMAGE.finditer(block))}
    pack = found.get("pack") if isinstance(found, dict) else None
    if not isinstance(pack, dict):
        return {}
    content = pack.get("content")
    images = content.get("images") if isinstance(content, dict) else None
    if images is not None and not isinstance(images, list):
        remarks.add("pack.content.images of values.yaml is not a list")
    facts: dict[str, Any] = {"images": _unique(_image(one) for one in _listed(images))}
    if namespace := plain_text(pack.get("namespace")).strip():
        facts["namespace"] = namespace[:_MAX_IMAGE]
    return facts


def pack_block(text: str) -> str:
    """Return the lines of the top-level key `pack`, nothing where there is none."""
    start = _PACK.search(text)
    if start is None:
        return ""
    end = _NEXT_KEY.search(text, start.end())
    return text[start.start() : end.start() if end else len(text)]


def read_presets(content: bytes, remarks: Remarks) -> list[dict[str, Any]]:
    """Return the presets of a presets.yaml, each as a map with its own keys."""
    told: list[str] = []
    try:
        found = read_yaml(content, what="presets.yaml", limits=_LIMITS, remarks=told)
    except BadAnswer as error:
        remarks.add(f"presets.yaml cannot be read: {error.cause.rstrip('.')}")
        return []
    for remark in told:
        remarks.add(f"presets.yaml: {remark}")
    presets = found.get("presets") if isinstance(found, dict) else found
    if presets is not None and not isinstance(presets, list):
        remarks.add("presets.yaml does not hold a list of presets")
    kept = [one for one in _listed(presets) if isinstance(one, dict)]
    if len(kept) > _MAX_PRESETS:
        remarks.add(f"presets.yaml has {len(kept):,} presets, of which {_MAX_PRESETS:,} are kept")
    return kept[:_MAX_PRESETS]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _image(entry: Any) -> str:
    return plain_text(entry.get("image") if isinstance(entry, dict) else entry).strip()


def _unique(images: Iterator[str]) -> list[str]:
    """Return each image once, in order, in bounds."""
    kept: dict[str, None] = {}
    for image in images:
        if image and len(image) <= _MAX_IMAGE:
            kept[image] = None
        if len(kept) == _MAX_IMAGES:
            break
    return list(kept)
