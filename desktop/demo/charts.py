"""Build the demo's Helm repositories: index files and chart archives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from desktop.demo.source import applying, expand, moment, precedence, read_folder, read_toml
from desktop.demo.writing import sha256, stored_gzip, tar, to_yaml

_NEVER = 2
# What a version's row says about the demo itself; everything else in it is Chart.yaml's.
_ROW_KEYS = frozenset({"created", "appears", "vanishes", "republished", "deprecated_from"})


@dataclass(frozen=True)
class Repository:
    """One Helm repository at one step; `files` maps paths below its root to archives."""

    index_yaml: bytes
    files: Mapping[str, bytes]


class ChartFolder:
    """One repository's folder: `repository.toml` and one TOML file for each chart.

    `skeleton` are the templates that charts share, `at_url` finds the folder of a dependency.
    """

    def __init__(
        self, folder: Path, skeleton: Mapping[str, str], at_url: Callable[[str], ChartFolder]
    ) -> None:
        self._folder = folder
        self._skeleton = skeleton
        self._at_url = at_url
        self._built: dict[int, Repository] = {}
        self._archives: dict[tuple[str, str, bool], bytes] = {}

    @cached_property
    def about(self) -> dict[str, Any]:
        return read_toml(self._folder / "repository.toml")

    @cached_property
    def charts(self) -> dict[str, dict[str, Any]]:
        return read_folder(self._folder)

    def at(self, step: int) -> Repository:
        if step not in self._built:
            self._built[step] = self._build(step)
        return self._built[step]

    def _build(self, step: int) -> Repository:
        files: dict[str, bytes] = {}
        entries: dict[str, list[dict[str, Any]]] = {}
        for name, chart in self.charts.items():
            for row in self._listed(chart, step):
                path = f"{self.about['directory']}{name}-{row['version']}.tgz"
                files[path] = self._archive(name, row, row.get("republished", _NEVER) <= step)
                entry = chart_yaml(name, chart, row)
                if row.get("deprecated_from", _NEVER) <= step:
                    # The index is marked by hand; the archive stays as it was published.
                    entry["deprecated"] = True
                entry["digest"] = sha256(files[path]).removeprefix("sha256:")
                entry["urls"] = [path]
                if "created" in row:
                    entry["created"] = moment(name, row)
                entries.setdefault(name, []).append(entry)
        generated = self.about["generated"]
        index = {
            "apiVersion": "v1",
            "entries": entries,
            "generated": generated[min(step, len(generated) - 1)],
        }
        return Repository(to_yaml(index).encode(), files)

    def _listed(self, chart: Mapping[str, Any], step: int) -> list[dict[str, Any]]:
        rows = [
            row
            for row in chart["versions"]
            if row.get("appears", 0) <= step and step < row.get("vanishes", _NEVER)
        ]
        rows.sort(key=lambda row: precedence(row["version"]), reverse=True)
        return rows[: self.about["keep_newest"]] if step and "keep_newest" in self.about else rows

    def row(self, name: str, version: str) -> dict[str, Any]:
        """Return what the source says of one version of a chart."""
        rows: list[dict[str, Any]] = self.charts[name]["versions"]
        return next(row for row in rows if row["version"] == version)

    def archive(self, name: str, version: str) -> bytes:
        """Return the archive of a chart as it was published first."""
        return self._archive(name, self.row(name, version), False)

    def _archive(self, name: str, row: Mapping[str, Any], republished: bool) -> bytes:
        key = (name, row["version"], republished)
        if key not in self._archives:
            members = self.members(name, row, republished)
            files = {f"{name}/{path}": text.encode() for path, text in members.items()}
            self._archives[key] = stored_gzip(tar(files))
        return self._archives[key]

    def members(self, name: str, row: Mapping[str, Any], republished: bool) -> dict[str, str]:
        """Return the files of one chart version, dependencies unpacked under `charts/`."""
        chart = self.charts[name]
        version = row["version"]
        about = self.about
        words = {
            "name": name,
            "version": version,
            "app": row.get("appVersion", version),
            "alias": about["alias"],
            "url": about["url"],
        }
        values = expand(chart.get("values", ""), words, republished)
        members = {"Chart.yaml": to_yaml(chart_yaml(name, chart, row)), "values.yaml": values}
        members["README.md"] = expand(chart["readme"], words, republished, values)
        if "schema" in chart:
            members["values.schema.json"] = expand(chart["schema"], words, republished)
        for path in chart.get("skeleton", []):
            members[f"templates/{path}"] = expand(self._skeleton[path], words, republished)
        for path, text in chart.get("files", {}).items():
            members[path] = expand(text, words, republished)
        for needed in _dependencies(chart, version):
            source = self._at_url(needed["repository"])
            locked = source.row(needed["name"], needed["locked"])
            for path, text in source.members(needed["name"], locked, False).items():
                members[f"charts/{needed['name']}/{path}"] = text
        return members


def chart_yaml(name: str, chart: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Chart.yaml for one version."""
    fields = {"apiVersion": "v2", "name": name, **chart["chart"]}
    fields |= {key: value for key, value in row.items() if key not in _ROW_KEYS}
    needs = [
        {key: value for key, value in needed.items() if key != "locked"}
        for needed in _dependencies(chart, row["version"])
    ]
    return fields | {"dependencies": needs} if needs else fields


def _dependencies(chart: Mapping[str, Any], version: str) -> list[dict[str, Any]]:
    return applying(chart.get("dependencies", []), version)
