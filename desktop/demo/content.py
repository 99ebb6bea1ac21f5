"""What the demo's registries hold at each step, read from `resources/demo/` when asked for.

The bytes are the same on every machine; the README there describes the source form.
"""

from __future__ import annotations

from pathlib import Path

from desktop.demo.charts import ChartFolder
from desktop.demo.packs import PackShelf
from desktop.demo.source import read_toml
from desktop.demo.uploads import Shelf


class Content:
    """The source of all registries; not for use by several threads at once.

    `folder` is `resources/demo`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._charts: dict[str, ChartFolder] = {}
        self._shelves: dict[str, Shelf] = {}
        self._packs = PackShelf(folder / "packs", self.charts)
        skeleton = folder / "skeleton"
        self._skeleton = {
            path.relative_to(skeleton).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(skeleton.rglob("*"))
            if path.is_file()
        }

    def charts(self, name: str) -> ChartFolder:
        """Return a Helm repository by the name of its folder."""
        if name not in self._charts:
            folder = self._folder / name
            self._charts[name] = ChartFolder(folder, self._skeleton, self._charts_at)
        return self._charts[name]

    def shelf(self, name: str) -> Shelf:
        """Return a registry of packs and more by the name of its folder."""
        if name not in self._shelves:
            self._shelves[name] = Shelf(self._folder / name, self._packs, self.charts)
        return self._shelves[name]

    def description(self, name: str) -> str:
        """Return what a person would write about the registry."""
        return str(read_toml(self._folder / name / "repository.toml")["description"])

    def _charts_at(self, url: str) -> ChartFolder:
        """Return the repository that charts name by `url`."""
        folders = (path.parent.name for path in sorted(self._folder.glob("*/repository.toml")))
        return next(
            self.charts(name) for name in folders if self.charts(name).about.get("url") == url
        )
