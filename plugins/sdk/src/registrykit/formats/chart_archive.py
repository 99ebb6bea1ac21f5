"""What people read of a chart archive, wherever it was downloaded, and the name of its file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from registrykit.artifacts import Artifact, Version
from registrykit.events import Document, Ref
from registrykit.formats.chart import read_chart

LARGEST = 100 * 1024 * 1024
"""Helm reads no chart that is larger than this when unpacked, so none is that is so packed."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._+-]+")


def chart_documents(archive: BinaryIO, ref: Ref) -> Iterator[Document]:
    """Yield the texts of the archive that are there: readme, values, schema, metadata."""
    chart = read_chart(archive)
    for name, text, media_type in (
        ("readme", chart.readme, "text/markdown"),
        ("values", chart.values, "text/yaml"),
        ("schema", chart.schema, "application/schema+json"),
        ("metadata", chart.chart_yaml, "text/yaml"),
    ):
        if text:
            yield Document(ref, name, text, media_type)


def chart_file_name(artifact: Artifact, version: Version) -> str:
    """Return a name that is safe on every system, made of the chart's name and version alone."""
    return file_stem(artifact.shown_name, version.version, "chart") + ".tgz"


def file_stem(name: str, version: str, spare: str) -> str:
    """Return `<name>-<version>`, in signs that are safe on every system; `spare` is for no name."""
    words = [
        _NOT_IN_NAMES.sub("_", text)[:100].strip("._-") or instead
        for text, instead in ((name, spare), (version, "0"))
    ]
    return "-".join(words)
