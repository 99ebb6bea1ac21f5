"""Read the source form of the demo's content; `resources/demo/README.md` describes it."""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?\Z")
_BOUNDS = frozenset({"since", "before"})


def read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_folder(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the TOML files of a folder by their stems; `repository.toml` is none of them."""
    return {
        path.stem: read_toml(path)
        for path in sorted(folder.glob("*.toml"))
        if path.name != "repository.toml"
    }


def applying(entries: Iterable[Mapping[str, Any]], version: str) -> list[dict[str, Any]]:
    """Return those entries, without their keys `since` and `before`, that a version has."""
    own = precedence(version)
    return [
        {key: value for key, value in entry.items() if key not in _BOUNDS}
        for entry in entries
        if ("since" not in entry or own >= precedence(entry["since"]))
        and ("before" not in entry or own < precedence(entry["before"]))
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


def moment(name: str, row: Mapping[str, Any]) -> str:
    """Return the row's day with a time of day that is the same in every build."""
    second = zlib.crc32(f"{name} {row['version']}".encode()) % 36000 + 7 * 3600
    hour, rest = divmod(second, 3600)
    return f"{row['created']}T{hour:02}:{rest // 60:02}:{rest % 60:02}Z"


# Text


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
            keep = in_range(own, line[3:])
        elif order == "republished":
            keep = republished
        elif order == "original":
            keep = not republished
        elif order == "end":
            keep = True
        elif order == "values":
            lines += ["| Key | Meaning | Default |", "| --- | --- | --- |", *values_table(values)]
        elif order == "install":
            lines += _install(words["url"]).splitlines()
        else:
            raise ValueError(f"Unknown line {line!r} in the source of {words['name']}.")
    expanded = "\n".join(lines) + "\n"
    for word, value in words.items():
        expanded = expanded.replace(f"<<{word}>>", value)
    return expanded


def in_range(own: tuple[Any, ...], bounds: str) -> bool:
    """Say whether a version lies in `since A`, `before B` or `since A before B`."""
    words = bounds.split()
    return all(
        own >= precedence(bound) if word == "since" else own < precedence(bound)
        for word, bound in zip(words[::2], words[1::2], strict=True)
    )


def _install(url: str) -> str:
    """Return the commands that install a chart; in an OCI registry it has no repository to add."""
    install = "helm install my-<<name>>"
    commands = (
        [f"{install} <<url>>/<<name>> --version <<version>>"]
        if url.startswith("oci://")
        else [
            "helm repo add <<alias>> <<url>>",
            "helm repo update <<alias>>",
            f"{install} <<alias>>/<<name>> --version <<version>>",
        ]
    )
    return "\n".join(["```console", *commands, "```"])


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
