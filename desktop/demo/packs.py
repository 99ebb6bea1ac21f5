"""Build packs: their files, and the archive that an OCI registry keeps of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import Any

from desktop.demo.charts import ChartFolder
from desktop.demo.logos import png
from desktop.demo.source import applying, expand, in_range, moment, precedence, read_folder
from desktop.demo.writing import stored_gzip, tar

_TEXTS = ("values.yaml", "schema.yaml", "presets.yaml")


@dataclass(frozen=True)
class Family:
    """What the packs of one registry have in common.

    `packs` maps names to the versions that are there, as `since A before B`, empty for all;
    `words` are replaced in their texts. `annotations` are added to every pack.json, those of
    `differs` to one pack's; an empty text takes one away.
    """

    packs: Mapping[str, str]
    words: Mapping[str, str]
    annotations: Mapping[str, str]
    differs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def annotations_of(self, name: str) -> dict[str, str]:
        every = {**self.annotations, **self.differs.get(name, {})}
        return {key: text for key, text in every.items() if text}


@dataclass(frozen=True)
class Pack:
    """One version of a pack in one registry."""

    name: str
    version: str
    created: str
    build: Callable[[bool], Mapping[str, bytes]] = field(repr=False)

    def files(self, republished: bool = False) -> Mapping[str, bytes]:
        """Return the files of the pack by their paths."""
        return self.build(republished)

    def archive(self, republished: bool = False) -> bytes:
        """Return the pack as a `.tar.gz` with one folder at its top."""
        folder = f"{self.name}-{self.version}"
        files = self.files(republished)
        return stored_gzip(tar({f"{folder}/{path}": body for path, body in files.items()}))


class PackShelf:
    """The packs of all registries: one TOML file for each.

    `charts` returns the folder with the charts that packs bring.
    """

    def __init__(self, folder: Path, charts: Callable[[str], ChartFolder]) -> None:
        self._folder = folder
        self._charts = charts
        self._logos: dict[str, bytes] = {}

    @cached_property
    def sources(self) -> dict[str, dict[str, Any]]:
        return read_folder(self._folder)

    def packs(self, family: Family) -> Iterator[Pack]:
        """Yield what a registry has; nothing of it is built yet."""
        for name, bounds in family.packs.items():
            for row in self.sources[name]["versions"]:
                if in_range(precedence(row["version"]), bounds):
                    yield self._pack(family, name, row)

    def _pack(self, family: Family, name: str, row: Mapping[str, Any]) -> Pack:
        def build(republished: bool) -> Mapping[str, bytes]:
            return self._files(family, name, row, republished)

        return Pack(name, row["version"], moment(name, row), build)

    def _files(
        self, family: Family, name: str, row: Mapping[str, Any], republished: bool
    ) -> dict[str, bytes]:
        source, version = self.sources[name], row["version"]
        words = {
            **family.words,
            "name": name,
            "version": version,
            "app": row.get("upstream", version),
            "chart": row.get("chart", ""),
        }
        texts = {
            file: expand(source[key], words, republished)
            for file in _TEXTS
            if (key := file.partition(".")[0]) in source
        }
        files: dict[str, bytes] = {}
        if "chart" in row:
            folder, _, chart = source["chart"].partition("/")
            charts = self._charts(folder)
            files[f"charts/{chart}-{row['chart']}.tgz"] = charts.archive(chart, row["chart"])
            texts["values.yaml"] += _values_of(charts, chart, row["chart"])
        texts["README.md"] = expand(source["readme"], words, republished, texts["values.yaml"])
        for path, text in source.get("files", {}).items():
            texts[path] = expand(text, words, republished)
        files |= {path: text.encode() for path, text in texts.items()}
        files["logo.png"] = self._logo(name)
        about = pack_json(name, source, row, family.annotations_of(name))
        files["pack.json"] = (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode()
        return files

    def _logo(self, name: str) -> bytes:
        if name not in self._logos:
            self._logos[name] = png(**self.sources[name]["logo"])
        return self._logos[name]


def _values_of(charts: ChartFolder, name: str, version: str) -> str:
    """Return the part of values.yaml in which a pack sets the values of its chart."""
    values = charts.members(name, charts.row(name, version), False)["values.yaml"]
    return f"\ncharts:\n  {name}:\n{indent(values.strip(), '    ')}\n"


def pack_json(
    name: str, source: Mapping[str, Any], row: Mapping[str, Any], annotations: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields of pack.json for one version."""
    version = row["version"]
    about = {key: value for key, value in source["pack"].items() if key != "annotations"}
    fields = {"name": name, "version": version, **about}
    if "eol" in row:
        fields["eol"] = row["eol"]
    if "chart" in row:
        fields["charts"] = [f"charts/{source['chart'].partition('/')[2]}-{row['chart']}.tgz"]
    if manifests := [path for path in source.get("files", {}) if path.startswith("manifests/")]:
        fields["kubeManifests"] = manifests
    said = {**source["pack"].get("annotations", {}), **annotations}
    said |= {key: row[key] for key in ("system_state",) if key in row}
    said |= {"upstreamVersion": row["upstream"]} if "upstream" in row else {}
    constraints = {
        key: found
        for key in ("dependencies", "resources")
        if (found := applying(source.get(key, []), version))
    }
    return {
        **fields,
        **({"annotations": said} if said else {}),
        **({"constraints": constraints} if constraints else {}),
    }
