"""What the demo's pack registries and OCI registries hold; it is built when it is pushed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from desktop.demo.charts import ChartFolder, chart_yaml
from desktop.demo.images import push_artifact, push_image
from desktop.demo.packages import push_package
from desktop.demo.packs import Family, Pack, PackShelf
from desktop.demo.source import in_range, moment, precedence, read_folder, read_toml
from desktop.demo.writing import to_json
from registrykit.testing.pushing import Layer, Pushes

_ARCHIVE = "spectro-packs/archive"
_CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CREATED = "org.opencontainers.image.created"
_PUSHERS = {"packages": push_package, "images": push_image, "artifacts": push_artifact}


@dataclass(frozen=True)
class Upload:
    """One tag; `republished` tells apart the two contents that it can have."""

    repository: str
    tag: str
    republished: bool
    push: Callable[[Pushes], object] = field(repr=False)


class Shelf:
    """The content of one registry: `repository.toml`, and a folder for what only it has.

    Packs and charts lie elsewhere, since several registries share them.
    """

    def __init__(
        self, folder: Path, packs: PackShelf, charts: Callable[[str], ChartFolder]
    ) -> None:
        self._folder = folder
        self._packs = packs
        self._charts = charts

    @cached_property
    def about(self) -> dict[str, Any]:
        return read_toml(self._folder / "repository.toml")

    def packs(self, step: int) -> Iterator[tuple[Pack, bool]]:
        """Yield the packs of a step, and whether they were published again."""
        about = self.about
        family = Family(
            about.get("packs", {}),
            about.get("words", {}),
            about.get("annotations", {}),
            about.get("differs", {}),
        )
        for pack in self._packs.packs(family):
            place = f"{pack.name}:{pack.version}"
            if self._is_there(place, step):
                yield pack, self._is_republished(place, step)

    def uploads(self, step: int) -> Iterator[Upload]:
        """Yield every tag of a step, and the empty one at which packs begin."""
        base = self.about["base"]
        archive = f"{base}/{_ARCHIVE}"
        yield Upload(archive, "", False, lambda registry: registry.push_image(archive, ""))
        for pack, again in self.packs(step):
            yield _pack_upload(f"{archive}/{pack.name}", pack, again)
        for upload in (*self._chart_uploads(base), *self._own_uploads(base, step)):
            place = f"{upload.repository}:{upload.tag}".removeprefix(f"{base}/")
            if self._is_there(place, step):
                yield upload

    def _chart_uploads(self, base: str) -> Iterator[Upload]:
        for place, bounds in self.about.get("charts", {}).items():
            folder, _, name = place.partition("/")
            charts = self._charts(folder)
            for row in charts.charts[name]["versions"]:
                if in_range(precedence(row["version"]), bounds):
                    yield _chart_upload(f"{base}/charts/{name}", charts, name, row)

    def _own_uploads(self, base: str, step: int) -> Iterator[Upload]:
        for folder, push in _PUSHERS.items():
            for name, source in read_folder(self._folder / folder).items():
                for row in source["versions"]:
                    again = step > 0 and "republished" in row
                    now = {**row, **row["republished"]} if again else row
                    yield _own_upload(f"{base}/{folder}/{name}", push, source, now, again)

    def _is_there(self, place: str, step: int) -> bool:
        changes = self.about.get("changes", {})
        appears = step == 0 and place in changes.get("appears", ())
        return not appears and not (step > 0 and place in changes.get("vanishes", ()))

    def _is_republished(self, place: str, step: int) -> bool:
        return step > 0 and place in self.about.get("changes", {}).get("republished", ())


def _pack_upload(repository: str, pack: Pack, again: bool) -> Upload:
    def push(registry: Pushes) -> None:
        title = f"{pack.name}-{pack.version}.tar.gz"
        registry.push_image(
            repository,
            pack.version,
            layers=[Layer(pack.archive(again), title=title)],
            annotations={_CREATED: pack.created},
        )

    return Upload(repository, pack.version, again, push)


def _chart_upload(
    repository: str, charts: ChartFolder, name: str, row: Mapping[str, Any]
) -> Upload:
    version = row["version"]
    tag = version.replace("+", "_")

    def push(registry: Pushes) -> None:
        about = chart_yaml(name, charts.charts[name], row)
        registry.push_image(
            repository,
            tag,
            layers=[Layer(charts.archive(name, version), _CHART)],
            config=to_json(about),
            config_type=_CHART_CONFIG,
            annotations={
                "org.opencontainers.image.title": name,
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.description": about["description"],
                **({_CREATED: moment(name, row)} if "created" in row else {}),
            },
        )

    return Upload(repository, tag, False, push)


def _own_upload(
    repository: str,
    push: Callable[[Pushes, str, str, Mapping[str, Any], Mapping[str, Any]], None],
    source: Mapping[str, Any],
    row: Mapping[str, Any],
    again: bool,
) -> Upload:
    words = (row["version"], row.get("flavor"), row.get("architecture"))
    tag = "-".join(word for word in words if word)
    return Upload(
        repository, tag, again, lambda registry: push(registry, repository, tag, source, row)
    )
