"""Plugins: which are installed, what they offer, and why one cannot be used.

A plugin is first loaded in a worker process, which tells what it offers; only what came through
that alive is ever imported here, and then only its pure methods run. What a plugin offers is kept
for its version, so that most starts load no plugin at all.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

import registrykit
from desktop.engine.calls import Job
from desktop.engine.workers import Workers
from desktop.store.plugins import PluginRow
from registrykit.description import TypeDescription
from registrykit.errors import PluginFault, RegistryError
from registrykit.hooks import GROUP

if TYPE_CHECKING:
    from registrykit.registry import RegistryType

FIRST_PARTY = (
    "registrykit-oci",
    "registrykit-helm",
    "registrykit-legacy-pack",
    "registrykit-vertex-nonfips",
)
LOAD_SECONDS = 15.0
_LOADED_AT_ONCE = 4
_log = logging.getLogger(__name__)


class PluginMissing(RegistryError):
    """The type of a registry has no plugin that can be used."""

    default_code = "plugin-missing"
    default_remedy = "Install the plugin; what was synchronized before stays readable."


@dataclass(frozen=True)
class Plugin:
    """An installed plugin. `state` is found, incompatible, failed, active or disabled."""

    distribution: str
    version: str
    record: str
    state: str = "found"
    reason: str = ""
    types: tuple[TypeDescription, ...] = ()


class Plugins:
    """The plugins of this installation, loaded on first use."""

    def __init__(
        self,
        workers: Workers,
        cached: Callable[[], Mapping[str, PluginRow]],
        remember: Callable[[PluginRow], None],
        *,
        safe_mode: bool = False,
    ) -> None:
        """`cached` and `remember` are the store's; `safe_mode` loads no plugin code at all."""
        self._workers = workers
        self._cached = cached
        self._remember = remember
        self._safe_mode = safe_mode
        self._plugins: dict[str, Plugin] | None = None
        self._objects: dict[str, dict[str, RegistryType[Any]]] = {}
        self._lock = threading.RLock()

    @property
    def safe_mode(self) -> bool:
        return self._safe_mode

    def all(self) -> list[Plugin]:
        """Return every installed plugin, those of this project first.

        The first call looks for them, and may start workers: not for the window's thread.
        """
        found = self._plugins
        if found is None:
            with self._lock:
                if self._plugins is None:
                    self._plugins = self._discover()
                found = self._plugins
        return list(found.values())

    def reload(self) -> list[Plugin]:
        """Look again, trusting nothing that was remembered."""
        with self._lock:
            self._plugins = self._discover(fresh=True)
            return list(self._plugins.values())

    def type_states(self) -> dict[str, str] | None:
        """Return the state of the plugin of every known type, by the type's id; cheap.

        Before `all` was called once, this is what was remembered of the last start, and None
        where nothing was.
        """
        known: Iterable[Plugin | PluginRow]
        if self._plugins is not None:
            known = self._plugins.values()
        elif self._safe_mode or not (rows := self._cached()):
            return None
        else:
            known = [
                row if row.enabled else replace(row, state="disabled") for row in rows.values()
            ]
        states: dict[str, str] = {}
        for plugin in known:
            for description in plugin.types:
                if states.get(description.id) != "active":
                    states[description.id] = plugin.state
        return states

    def descriptions(self) -> dict[str, tuple[Plugin, TypeDescription]]:
        """Return the types that can be used, by id."""
        return {
            description.id: (plugin, description)
            for plugin in self.all()
            if plugin.state == "active"
            for description in plugin.types
        }

    def describe(self, type_id: str) -> tuple[Plugin, TypeDescription]:
        """Return a type and its plugin; raises PluginMissing with the reason."""
        found = self.descriptions().get(type_id)
        if found:
            return found
        for plugin in self.all():
            if any(description.id == type_id for description in plugin.types):
                raise PluginMissing(
                    f"The plugin {plugin.distribution} {plugin.version} is {plugin.state}.",
                    cause=plugin.reason,
                )
        known = ", ".join(sorted(self.descriptions())) or "none"
        failed = [p for p in self.all() if p.state in ("failed", "incompatible")]
        if failed:
            raise PluginMissing(
                f"No plugin that works offers registries of the type {type_id!r}.",
                cause=f"known types: {known}; "
                + "; ".join(f"{p.distribution} {p.version} is {p.state}" for p in failed),
                remedy="Read why in the list of plugins. Once that is mended, let the program "
                "look again (plugins doctor).",
            )
        raise PluginMissing(
            f"No plugin for registries of the type {type_id!r} is installed.",
            cause=f"known types: {known}",
        )

    def types_for(self, edition: str) -> tuple[TypeDescription, ...]:
        """Return the types that can be used and that are offered in an edition."""
        return tuple(
            description
            for _, description in self.descriptions().values()
            if edition in description.editions
        )

    def guesses(self, url: str, edition: str) -> tuple[tuple[str, float], ...]:
        """Return how likely the URL is one of each type offered in the edition, best first.

        Types that say 0.0 are left out, and so are those whose plugin fails, which is logged.
        """
        found: list[tuple[str, float]] = []
        for description in self.types_for(edition):
            try:
                likely = self._guess(description.id, url)
            except RegistryError as error:
                _log.warning("no guess about a URL: %s %s", error, error.cause)
                continue
            if likely > 0.0:
                found.append((description.id, likely))
        return tuple(sorted(found, key=lambda entry: -entry[1]))

    def _guess(self, type_id: str, url: str) -> float:
        plugin, kind = self.registry_type(type_id)
        return float(self.call(plugin, lambda: min(float(kind.guess(url)), 1.0)))

    def registry_type(self, type_id: str) -> tuple[Plugin, RegistryType[Any]]:
        """Return the object of a type, importing its plugin here if that was not done yet."""
        plugin, _ = self.describe(type_id)
        with self._lock:
            if plugin.distribution not in self._objects:
                self._objects[plugin.distribution] = _load_here(plugin)
        try:
            return plugin, self._objects[plugin.distribution][type_id]
        except KeyError:
            raise PluginFault(
                f"{plugin.distribution} {plugin.version} no longer offers {type_id!r}."
            ) from None

    def call(self, plugin: Plugin, method: Callable[[], Any]) -> Any:
        """Run a pure method of a plugin; whatever it raises becomes a PluginFault with its name."""
        try:
            return method()
        except (RegistryError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise _fault(plugin, error) from None

    def set_enabled(self, distribution: str, enabled: bool) -> Plugin:
        """Switch a plugin on or off; raises PluginMissing if it is not installed."""
        plugin = next((p for p in self.all() if p.distribution == distribution), None)
        if plugin is None:
            raise PluginMissing(
                f"The plugin {distribution} is not installed.",
                cause="installed: " + (", ".join(p.distribution for p in self.all()) or "none"),
                code="unknown-plugin",
            )
        with self._lock:
            self._remember(_row(plugin, enabled=enabled))
            self._plugins = None
            return next(p for p in self.all() if p.distribution == distribution)

    # Discovery

    def _discover(self, *, fresh: bool = False) -> dict[str, Plugin]:
        # What rests may have loaded what was another plugin then.
        self._workers.close()
        cached = dict(self._cached())
        known: set[str] = set()
        judged: list[Plugin] = []
        for plugin in _installed():
            row = cached.get(plugin.distribution)
            if (
                row is not None
                and not fresh
                and row.state in ("active", "failed")
                and (row.version, row.record) == (plugin.version, plugin.record)
            ):
                known.add(plugin.distribution)
            if self._safe_mode:
                plugin = replace(plugin, state="disabled", reason="safe mode loads no plugins")
            elif row is not None and not row.enabled:
                plugin = replace(
                    plugin, state="disabled", reason="switched off by you", types=row.types
                )
            elif plugin.state == "found" and plugin.distribution in known and row is not None:
                # One that failed is not tried again with every command, but with `plugins doctor`.
                plugin = replace(plugin, state=row.state, reason=row.reason, types=row.types)
            judged.append(plugin)
        found: dict[str, Plugin] = {}
        owners: dict[str, str] = {}
        with ThreadPoolExecutor(_LOADED_AT_ONCE) as pool:
            loaded = list(pool.map(lambda p: self._load(p) if p.state == "found" else p, judged))
        for plugin in loaded:
            if plugin.distribution not in known and not self._safe_mode:
                row = cached.get(plugin.distribution)
                self._remember(_row(plugin, enabled=row is None or row.enabled))
            plugin = _without_taken(plugin, owners)
            found[plugin.distribution] = plugin
        return found

    def _load(self, plugin: Plugin) -> Plugin:
        """Load the plugin in a worker, so that whatever it does happens there."""
        try:
            job = Job(plugin.distribution, plugin.version, "", {})
            with self._workers.start(job.plugin, job) as worker:
                types = worker.describe(plugin.distribution, seconds=LOAD_SECONDS)
        except RegistryError as error:
            reason = f"{error} {error.cause}".strip()
            _log.warning("plugin %s failed: %s", plugin.distribution, reason)
            return replace(plugin, state="failed", reason=reason)
        if not types:
            return replace(plugin, state="failed", reason="it registers no registry types")
        return replace(plugin, state="active", types=types)


def _load_here(plugin: Plugin) -> dict[str, RegistryType[Any]]:
    from registrykit.plugins import load_types

    try:
        types = load_types(plugin.distribution)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _fault(plugin, error) from None
    return {kind.id: kind for kind in types}


def _installed() -> list[Plugin]:
    """Return the installed plugins without importing any of them."""
    found: dict[str, Plugin] = {}
    for entry_point in importlib.metadata.entry_points(group=GROUP):
        dist = entry_point.dist
        if dist is None:
            continue
        try:
            plugin = _read_metadata(dist)
        except Exception as error:
            # Metadata is written by strangers too.
            _log.warning("a plugin's metadata cannot be read: %s", error)
            continue
        found.setdefault(plugin.distribution, plugin)
    return sorted(found.values(), key=lambda p: (p.distribution not in FIRST_PARTY, p.distribution))


def _read_metadata(dist: importlib.metadata.Distribution) -> Plugin:
    plugin = Plugin(dist.metadata["Name"], dist.version, _record(dist))
    reason = _incompatibility(dist.requires or [])
    return replace(plugin, state="incompatible", reason=reason) if reason else plugin


def _record(dist: importlib.metadata.Distribution) -> str:
    """Return a hash that changes with the plugin's files, and with what reads its form."""
    parts = [registrykit.__version__, dist.read_text("RECORD") or ""]
    parts += _stamps(Path(registrykit.__file__).parent.glob("*.py"))
    direct = json.loads(dist.read_text("direct_url.json") or "{}")
    if direct.get("dir_info", {}).get("editable"):
        from urllib.request import url2pathname

        # Its author changes it where it lies, and no installer is told.
        folder = Path(url2pathname(urlsplit(direct["url"]).path))
        parts += _stamps(_sources(folder))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] not in "._"]
        yield from (Path(place, name) for name in files if name.endswith(".py"))


def _stamps(paths: Iterable[Path]) -> list[str]:
    found = ((path, path.stat()) for path in paths)
    return sorted(f"{path} {stat.st_mtime_ns} {stat.st_size}" for path, stat in found)


def _incompatibility(requirements: Iterable[str]) -> str:
    ours = Version(registrykit.__version__)
    for text in requirements:
        try:
            requirement = Requirement(text)
        except (InvalidRequirement, InvalidVersion):
            return f"its requirement {text!r} cannot be read"
        if requirement.name.lower() != "registrykit" or requirement.marker:
            continue
        if not requirement.specifier.contains(ours, prereleases=True):
            return f"it needs registrykit{requirement.specifier}, this program has {ours}"
    return ""


def _without_taken(plugin: Plugin, owners: dict[str, str]) -> Plugin:
    """Refuse a plugin that wants a type id which another one has already."""
    if plugin.state != "active":
        return plugin
    for description in plugin.types:
        owner = owners.get(description.id)
        if owner is not None:
            return replace(
                plugin,
                state="failed",
                reason=f"its type id {description.id!r} belongs to {owner}",
            )
    owners.update((description.id, plugin.distribution) for description in plugin.types)
    return plugin


def _row(plugin: Plugin, *, enabled: bool) -> PluginRow:
    return PluginRow(
        plugin.distribution,
        plugin.version,
        plugin.record,
        enabled,
        plugin.state,
        plugin.reason,
        plugin.types,
    )


def _fault(plugin: Plugin, error: BaseException) -> PluginFault:
    return PluginFault(
        f"{plugin.distribution} {plugin.version}: the plugin failed with {type(error).__name__}.",
        cause=_words_of(error),
    )


def _words_of(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception:
        return "its message cannot be read"
