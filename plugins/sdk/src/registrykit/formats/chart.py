"""Read a chart archive: its texts and its list of files. Nothing is unpacked to disk or rendered.

Layout and limits are Helm's: one folder at the top that holds `Chart.yaml`, `values.yaml`,
`values.schema.json`, `README.md` and, of old, `requirements.yaml`; charts under `charts/` are
listed but not opened.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, BinaryIO

from registrykit.artifacts import Dependency
from registrykit.errors import BadAnswer
from registrykit.formats.archive import Archive, ArchiveLimits, Member, Refusal, path_fault
from registrykit.formats.entries import plain_text, read_dependencies
from registrykit.formats.text import Remarks, readable, shortened
from registrykit.formats.yaml import Limits, read_yaml

_README = "readme.md"
_WANTED = frozenset(
    (
        "Chart.yaml",
        "values.yaml",
        "values.schema.json",
        "Chart.lock",
        "requirements.yaml",
        "requirements.lock",
    )
)
_REFUSE = Refusal("chart")


@dataclass(frozen=True)
class ChartLimits(ArchiveLimits):
    """What a chart archive may hold; `text` is how many bytes of a text are kept."""

    text: int = 4 * 1024 * 1024


@dataclass(frozen=True)
class ChartContents:
    """What a chart archive holds; a text that is not there is empty.

    `metadata` is `Chart.yaml` as values, empty where that cannot be read. `lock` is `Chart.lock`
    or `requirements.lock`. `files` are names with sizes in bytes, in the archive's order.
    `problems` are plain sentences about what was ignored, shortened or looks wrong.
    """

    name: str
    version: str
    readme: str
    values: str
    schema: str
    chart_yaml: str
    metadata: dict[str, Any]
    dependencies: tuple[Dependency, ...]
    lock: str
    requirements: str
    files: tuple[tuple[str, int], ...]
    problems: tuple[str, ...]


def read_chart(source: bytes | BinaryIO, *, limits: ChartLimits | None = None) -> ChartContents:
    """Return what the chart archive in `source` holds; a stream is read to its end.

    The only error of its own is `BadAnswer`, with one of the codes `chart-not-archive`,
    `chart-cut-off`, `chart-broken`, `chart-too-large`, `chart-ambiguous`, `chart-incomplete`.
    """
    limits = limits or ChartLimits()
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    found = _Found()
    archive = Archive(stream, limits)
    for member in archive.members():
        parts = found.add(member)
        if member.kind == "file" and len(parts) == 2 and _is_wanted(parts[1]):
            found.texts.setdefault(parts[0], {})[parts[1]] = archive.content()
    for problem in archive.problems:
        found.remarks.add(problem)
    root = found.root()
    return _contents(found, found.texts[root], limits.text)


class _Found:
    """What has been seen of an archive so far."""

    def __init__(self) -> None:
        self.texts: dict[str, dict[str, bytes]] = {}
        self.files: dict[str, int] = {}
        self._tops: set[str] = set()
        self._wanted: set[tuple[str, str]] = set()
        self.remarks = Remarks()
        self._bare = False

    def add(self, member: Member) -> list[str]:
        """Note a member and return the parts of its path, none if it is not to be read."""
        fault = path_fault(member.name)
        if fault:
            self.remarks.add(f"{shortened(member.name)} {fault} and was ignored")
            return []
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if len(parts) > 1 or (parts and member.kind == "folder"):
            self._tops.add(parts[0])
        if member.kind == "folder" or not parts:
            return []
        if len(parts) == 2 and _is_wanted(parts[1]):
            if (parts[0], parts[1]) in self._wanted:
                _REFUSE.ambiguous(f"It holds {shortened('/'.join(parts))} more than once.")
            self._wanted.add((parts[0], parts[1]))
        if member.kind != "file":
            kinds = {"link": "a link", "device": "a device"}
            kind = kinds.get(member.kind, "no plain file")
            self.remarks.add(f"{shortened(member.name)} is {kind} and was ignored")
            return []
        self._bare = self._bare or parts == ["Chart.yaml"]
        path = "/".join(parts)
        if path in self.files:
            self.remarks.add(f"{shortened(path)} is there more than once")
        else:
            self.files[path] = member.size
        return parts

    def root(self) -> str:
        """Return the top folder that is the chart."""
        roots = [top for top, texts in self.texts.items() if "Chart.yaml" in texts]
        if len(roots) > 1:
            _REFUSE.ambiguous("It holds more than one folder with a Chart.yaml.")
        if not roots:
            _REFUSE.incomplete(
                "Its Chart.yaml does not lie in a folder."
                if self._bare
                else "It has no folder with a Chart.yaml in it."
            )
        if len(self._tops) > 1:
            self.remarks.add(f"it has {len(self._tops)} folders at the top, Helm expects one")
        return roots[0]


def _contents(found: _Found, texts: dict[str, bytes], limit: int) -> ChartContents:
    def text(name: str) -> str:
        return readable(texts.get(name, b""), name, limit, found.remarks)

    metadata = _read_mapping("Chart.yaml", texts, found)
    for key in ("name", "version"):
        if metadata and not plain_text(metadata.get(key)):
            found.remarks.add(f"Chart.yaml has no {key}")
    dependencies = metadata.get("dependencies")
    if dependencies is None and "requirements.yaml" in texts:
        dependencies = _read_mapping("requirements.yaml", texts, found).get("dependencies")
    readmes = [name for name in texts if name.lower() == _README]
    readme = "README.md" if "README.md" in readmes else min(readmes, default="README.md")
    chart_yaml = text("Chart.yaml")
    lock = text("Chart.lock") or text("requirements.lock")
    return ChartContents(
        name=plain_text(metadata.get("name")),
        version=plain_text(metadata.get("version")),
        readme=text(readme),
        values=text("values.yaml"),
        schema=text("values.schema.json"),
        chart_yaml=chart_yaml,
        metadata=metadata,
        dependencies=read_dependencies(dependencies, {}),
        lock=lock,
        requirements=text("requirements.yaml"),
        files=tuple(found.files.items()),
        problems=found.remarks.all,
    )


def _read_mapping(name: str, texts: dict[str, bytes], found: _Found) -> dict[str, Any]:
    """Return the mapping in a YAML text, empty where it cannot be read."""
    remarks: list[str] = []
    try:
        content = read_yaml(texts[name], what=name, limits=Limits(scalars=200_000), remarks=remarks)
    except BadAnswer as error:
        found.remarks.add(f"{name} cannot be read: {error.cause}")
        return {}
    for remark in remarks:
        found.remarks.add(f"{name}: {remark}")
    if not isinstance(content, dict):
        found.remarks.add(f"{name} is not a mapping")
        return {}
    return content


def _is_wanted(name: str) -> bool:
    return name in _WANTED or name.lower() == _README
