"""Build the demo's Helm repositories from `resources/demo/`; its README describes the source form.

The bytes are the same on every machine: tar headers are written here with fixed owners, modes and
times, and gzip frames hold stored blocks, because the output of zlib's compression differs between
its versions and forks.
"""

from __future__ import annotations

import hashlib
import re
import struct
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

STEPS = (0, 1)

_NEVER = len(STEPS)
_MTIME = 1735689600  # 2025-01-01T00:00:00Z, for every member of every archive
_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?\Z")
# What a version's row says about the demo itself; everything else in it is Chart.yaml's.
_ROW_KEYS = frozenset({"created", "appears", "vanishes", "republished", "deprecated_from"})
_DEPENDENCY_KEYS = frozenset({"locked", "since", "before"})


@dataclass(frozen=True)
class Repository:
    """One Helm repository at one step; `files` maps paths below its root to archives."""

    name: str
    title: str
    description: str
    index_yaml: bytes
    files: Mapping[str, bytes]


def estate(folder: Path, step: int) -> Mapping[str, Repository]:
    """Return the demo's repositories by name, as they stand at `step` (0 or 1).

    `folder` is `resources/demo`. A repository is built when it is first asked for.
    """
    return Estate(folder).at(step)


class Estate:
    """The demo's source, read once for both steps; not for use by several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._sources = {
            path.parent.name: _Source(path.parent, self)
            for path in sorted(folder.glob("*/repository.toml"))
        }
        self._skeleton = folder / "skeleton"

    def at(self, step: int) -> Mapping[str, Repository]:
        """Return the repositories at `step`."""
        if step not in STEPS:
            raise ValueError(f"The demo has the steps 0 and 1, not {step}.")
        return _AtStep(self._sources, step)

    @cached_property
    def skeleton(self) -> dict[str, str]:
        return {
            path.relative_to(self._skeleton).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(self._skeleton.rglob("*"))
            if path.is_file()
        }

    def source_at(self, url: str) -> _Source:
        """Return the repository that charts name by `url`."""
        return next(source for source in self._sources.values() if source.about["url"] == url)


class _AtStep(Mapping[str, Repository]):
    def __init__(self, sources: Mapping[str, _Source], step: int) -> None:
        self._sources = sources
        self._step = step

    def __getitem__(self, name: str) -> Repository:
        return self._sources[name].at(self._step)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


class _Source:
    """One repository's folder: `repository.toml` and one TOML file for each chart."""

    def __init__(self, folder: Path, estate: Estate) -> None:
        self._folder = folder
        self._estate = estate
        self._built: dict[int, Repository] = {}
        self._archives: dict[tuple[str, str, bool], bytes] = {}

    @cached_property
    def about(self) -> dict[str, Any]:
        return tomllib.loads((self._folder / "repository.toml").read_text(encoding="utf-8"))

    @cached_property
    def charts(self) -> dict[str, dict[str, Any]]:
        return {
            path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
            for path in sorted(self._folder.glob("*.toml"))
            if path.name != "repository.toml"
        }

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
                entry["digest"] = hashlib.sha256(files[path]).hexdigest()
                entry["urls"] = [path]
                if "created" in row:
                    entry["created"] = _moment(name, row)
                entries.setdefault(name, []).append(entry)
        generated = self.about["generated"]
        index = {
            "apiVersion": "v1",
            "entries": entries,
            "generated": generated[min(step, len(generated) - 1)],
        }
        return Repository(
            name=self._folder.name,
            title=self.about["title"],
            description=self.about["description"],
            index_yaml=to_yaml(index).encode(),
            files=files,
        )

    def _listed(self, chart: Mapping[str, Any], step: int) -> list[dict[str, Any]]:
        rows = [
            row
            for row in chart["versions"]
            if row.get("appears", 0) <= step and step < row.get("vanishes", _NEVER)
        ]
        rows.sort(key=lambda row: precedence(row["version"]), reverse=True)
        return rows[: self.about["keep_newest"]] if step and "keep_newest" in self.about else rows

    def _archive(self, name: str, row: Mapping[str, Any], republished: bool) -> bytes:
        key = (name, row["version"], republished)
        if key not in self._archives:
            members = self.members(name, row, republished)
            tar = b"".join(
                _tar_member(f"{name}/{path}", text.encode())
                for path, text in sorted(members.items())
            )
            self._archives[key] = stored_gzip(tar + bytes(1024))
        return self._archives[key]

    def members(self, name: str, row: Mapping[str, Any], republished: bool) -> dict[str, str]:
        """Return the files of one chart version, dependencies unpacked under `charts/`."""
        chart = self.charts[name]
        version = row["version"]
        about = self.about
        words = {
            "chart": name,
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
            members[f"templates/{path}"] = expand(self._estate.skeleton[path], words, republished)
        for path, text in chart.get("files", {}).items():
            members[path] = expand(text, words, republished)
        for needed in _dependencies(chart, version):
            source = self._estate.source_at(needed["repository"])
            versions = source.charts[needed["name"]]["versions"]
            locked = next(row for row in versions if row["version"] == needed["locked"])
            for path, text in source.members(needed["name"], locked, False).items():
                members[f"charts/{needed['name']}/{path}"] = text
        return members


def chart_yaml(name: str, chart: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of Chart.yaml for one version."""
    fields = {"apiVersion": "v2", "name": name, **chart["chart"]}
    fields |= {key: value for key, value in row.items() if key not in _ROW_KEYS}
    needs = [
        {key: value for key, value in needed.items() if key not in _DEPENDENCY_KEYS}
        for needed in _dependencies(chart, row["version"])
    ]
    return fields | {"dependencies": needs} if needs else fields


def _dependencies(chart: Mapping[str, Any], version: str) -> list[dict[str, Any]]:
    return [
        needed
        for needed in chart.get("dependencies", [])
        if ("since" not in needed or precedence(version) >= precedence(needed["since"]))
        and ("before" not in needed or precedence(version) < precedence(needed["before"]))
    ]


def precedence(version: str) -> tuple[Any, ...]:
    """Return a key that sorts versions by SemVer's rules; build metadata breaks ties."""
    match = _SEMVER.match(version)
    if match is None:
        raise ValueError(f"{version!r} is not a SemVer version.")
    major, minor, patch, pre, build = match.groups()
    parts = [
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in (pre.split(".") if pre else [])
    ]
    return int(major), int(minor), int(patch), pre is None, parts, build or ""


def _moment(name: str, row: Mapping[str, Any]) -> str:
    """Return the row's day with a time of day that is the same in every build."""
    second = zlib.crc32(f"{name} {row['version']}".encode()) % 36000 + 7 * 3600
    hour, rest = divmod(second, 3600)
    return f"{row['created']}T{hour:02}:{rest // 60:02}:{rest % 60:02}Z"


# Templates of the source form


def expand(text: str, words: Mapping[str, str], republished: bool, values: str = "") -> str:
    """Return `text` for one version: `<<word>>` replaced, `%%` lines obeyed."""
    lines: list[str] = []
    keep = True
    own = precedence(words["version"])
    for line in text.splitlines():
        if not line.startswith("%% "):
            if keep:
                lines.append(line)
            continue
        order = line[3:].split()[0]
        if order in {"since", "before"}:
            keep = _in_range(own, line[3:])
        elif order == "republished":
            keep = republished
        elif order == "original":
            keep = not republished
        elif order == "end":
            keep = True
        elif order == "values":
            lines += ["| Key | Meaning | Default |", "| --- | --- | --- |", *values_table(values)]
        elif order == "install":
            lines += _INSTALL.splitlines()
        else:
            raise ValueError(f"Unknown line {line!r} in the source of {words['chart']}.")
    expanded = "\n".join(lines) + "\n"
    for word, value in words.items():
        expanded = expanded.replace(f"<<{word}>>", value)
    return expanded


def _in_range(own: tuple[Any, ...], bounds: str) -> bool:
    """Say whether a version lies in `since A`, `before B` or `since A before B`."""
    words = bounds.split()
    return all(
        own >= precedence(bound) if word == "since" else own < precedence(bound)
        for word, bound in zip(words[::2], words[1::2], strict=True)
    )


_INSTALL = """\
```console
helm repo add <<alias>> <<url>>
helm repo update <<alias>>
helm install my-<<chart>> <<alias>>/<<chart>> --version <<version>>
```"""


def values_table(values: str) -> Iterator[str]:
    """Yield a Markdown row for each key of values.yaml that a `# --` comment describes."""
    above: list[tuple[int, str]] = []
    words = ""
    for line in values.splitlines():
        bare = line.strip()
        if bare.startswith("# -- "):
            words = bare[5:]
        elif bare.startswith("# ") and words:
            words += " " + bare[2:]
        elif bare.startswith(("#", "-")) or ":" not in bare:
            words = ""
        else:
            depth = len(line) - len(line.lstrip())
            key, _, default = bare.partition(":")
            above = [*(pair for pair in above if pair[0] < depth), (depth, key)]
            if words:
                path = ".".join(part for _, part in above)
                shown = f"`{default.strip()}`" if default.strip() else "see values.yaml"
                yield f"| `{path}` | {words} | {shown} |"
            words = ""


# Formats


def _tar_member(path: str, body: bytes) -> bytes:
    """Return one file as POSIX ustar: root's, mode 0644, fixed time."""
    name = path.encode("ascii")
    if len(name) > 100:
        raise ValueError(f"{path} does not fit the header of ustar.")
    header = struct.pack(
        "100s8s8s8s12s12s8s1s100s6s2s32s32s8s8s155s12x",
        *(name, b"0000644\0", b"0000000\0", b"0000000\0"),
        *(b"%011o\0" % len(body), b"%011o\0" % _MTIME, b" " * 8, b"0", b"", b"ustar\0", b"00"),
        *(b"root", b"root", b"0000000\0", b"0000000\0", b""),
    )
    checksum = b"%06o\0 " % sum(header)
    return header[:148] + checksum + header[156:] + body + bytes(-len(body) % 512)


def stored_gzip(body: bytes) -> bytes:
    """Return `body` as a gzip file of stored blocks (RFC 1951, 3.2.4) without name or time."""
    blocks = [body[start : start + 0xFFFF] for start in range(0, len(body), 0xFFFF)] or [b""]
    framed = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block
        for block in blocks
    )
    trailer = struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + framed + trailer


def to_yaml(fields: Mapping[str, Any]) -> str:
    """Return YAML as Helm lays it out: sorted keys, two spaces, lists at their key's depth."""
    return "\n".join(_mapping_lines(fields)) + "\n"


def _mapping_lines(fields: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(fields):
        value = fields[key]
        if isinstance(value, Mapping) and value:
            yield f"{_scalar(key)}:"
            yield from ("  " + line for line in _mapping_lines(value))
        elif isinstance(value, list) and value:
            yield f"{_scalar(key)}:"
            yield from _list_lines(value)
        elif isinstance(value, str) and value.endswith("\n"):
            yield f"{_scalar(key)}: |"
            yield from ("  " + line for line in value.splitlines())
        else:
            yield f"{_scalar(key)}: {_scalar(value)}"


def _list_lines(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        lines = list(_mapping_lines(value)) if isinstance(value, Mapping) else [_scalar(value)]
        yield f"- {lines[0]}"
        yield from ("  " + line for line in lines[1:])


_PLAIN = re.compile(r"[A-Za-z0-9/^~](?:[A-Za-z0-9 _./@+(),;'=^-]|:(?! |\Z))*(?<! )")
# Text that YAML 1.1 would take for a number or a time.
_NUMBER_LIKE = re.compile(
    r"\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|0[xbo][\da-fA-F_]+|\d+(?::[0-5]?\d)+(?:\.\d*)?"
    r"|\d{4}-\d\d?-\d\d?(?:[Tt ].*)?"
)
_NOT_TEXT = {"~", "y", "n", "yes", "no", "true", "false", "on", "off", "null"}


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        number = _NUMBER_LIKE.fullmatch(value) or value.lower() in _NOT_TEXT
        if _PLAIN.fullmatch(value) and not number:
            return value
        if value.isprintable() and not number:
            return "'" + value.replace("'", "''") + "'"
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in Chart.yaml or index.yaml.")
