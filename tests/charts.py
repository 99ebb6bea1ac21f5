"""A Helm repository in the making: real archives, and the index that lists them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any

README = """\
# {name}

Installs {name} with sensible defaults.

| Key | Default | Meaning |
| --- | --- | --- |
| `replicas` | 2 | how many run at once |

    helm install {name} {name}-{version}.tgz
"""


def archive(name: str, version: str, **files: str) -> bytes:
    """Return a chart archive with README and values; `files` are more, `__` stands for a dot."""
    members = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
        "README.md": README.format(name=name, version=version),
        "values.yaml": f"# How many run at once\nreplicas: 2\nimage: {name}:{version}\n",
    }
    members |= {member.replace("__", "."): text for member, text in files.items()}
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as packed:
        for member, text in members.items():
            header = tarfile.TarInfo(f"{name}/{member}")
            header.size = len(text.encode())
            packed.addfile(header, io.BytesIO(text.encode()))
    return gzip.compress(tar.getvalue(), mtime=0)


@dataclass
class Charts:
    """The charts of one repository by name, as their index lists them."""

    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """Archives by file name."""

    def add(self, name: str, *versions: str, **facts: Any) -> None:
        """List versions of a chart; `facts` are further keys of their entries."""
        for version in versions:
            path, content = f"{name}-{version}.tgz", archive(name, version)
            self.files[path] = content
            self.entries.setdefault(name, []).append(
                {
                    "apiVersion": "v2",
                    "name": name,
                    "version": version,
                    "appVersion": version,
                    "description": f"Installs {name}",
                    "digest": hashlib.sha256(content).hexdigest(),
                    "urls": [path],
                    "created": "2026-01-30T08:00:00Z",
                    **facts,
                }
            )

    @property
    def index(self) -> bytes:
        """The index as Helm writes it, every entry on lines of its own."""
        lines = ["apiVersion: v1", "entries:"]
        for name, entries in self.entries.items():
            lines.append(f"  {name}:")
            for entry in entries:
                keys = [f"{key}: {json.dumps(value)}" for key, value in sorted(entry.items())]
                lines.append("  - " + "\n    ".join(keys))
        return "\n".join([*lines, 'generated: "2026-01-31T12:00:00Z"', ""]).encode()
