"""What the user decided for the whole program: kept in the data directory, valid at once."""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from desktop.engine.bus import Bus, SettingsChanged
from desktop.engine.clock import Clock
from desktop.store import registries as stored
from desktop.store.database import Database
from registrykit.errors import BadConfig

MOST_DAYS = 3650
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """The settings of the program.

    `proxy` is `system`, `none` or the URL of an HTTP proxy; `no_proxy` are hosts, domains and
    networks that are reached without one, besides those that the system names. `ca_certificate` is
    PEM text that every registry's server may be signed by. `kept_days` is how long a removed
    registry can be restored. While `paused`, nothing is synchronized unasked.
    """

    proxy: str = "system"
    no_proxy: tuple[str, ...] = ()
    ca_certificate: str = field(default="", repr=False)
    kept_days: int = 30
    paused: bool = False


NAMES = tuple(column.name for column in fields(Settings))


class SettingsStore:
    """Read and change the settings of a data directory."""

    def __init__(self, db: Database, clock: Clock, bus: Bus) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._lock = threading.Lock()
        self._known: Settings | None = None

    def read(self) -> Settings:
        """Return the settings; cheap after the first time."""
        if self._known is None:
            with self._lock:
                if self._known is None:
                    self._known = _read(self._db)
        return self._known

    def change(self, **values: Any) -> Settings:
        """Change some settings, all or none of them; raises BadConfig for a value that cannot be.

        What works with them is told by `SettingsChanged`; the next job uses them already.
        """
        checked = {name: check(name, value) for name, value in values.items()}
        with self._lock:
            before = _read(self._db)
            after = replace(before, **checked)
            changed = [name for name in checked if getattr(before, name) != getattr(after, name)]
            with self._db.write() as tx:
                for name in changed:
                    stored.save_setting(tx, name, asdict(after)[name])
                    stored.record(
                        tx, self._clock.now(), "setting-changed", name, _shown(after, name)
                    )
            self._known = after
        if changed:
            self._bus.publish(SettingsChanged(tuple(changed)))
        return after


def _read(db: Database) -> Settings:
    kept = stored.settings(db)
    found: dict[str, Any] = {}
    for name in NAMES:
        if name not in kept:
            continue
        try:
            found[name] = check(name, kept[name])
        except BadConfig as error:
            # Another version's, or changed by hand: no reason not to start.
            _log.warning("the setting %s is not used: %s", name, error)
    return Settings(**found)


def _shown(settings: Settings, name: str) -> str:
    """Return a value for the record of decisions."""
    value = getattr(settings, name)
    if name == "ca_certificate":
        from registrykit.certificates import presented

        found = presented(value)
        return found.described() if found else "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) or "none" if isinstance(value, tuple) else str(value)


def check(name: str, value: Any) -> Any:
    """Return the value of a setting in its one spelling; raises BadConfig where it cannot be."""
    checks = {
        "proxy": _proxy,
        "no_proxy": _no_proxy,
        "ca_certificate": _ca_certificate,
        "kept_days": _kept_days,
        "paused": _paused,
    }
    return checks[name](value)


def _proxy(value: Any) -> str:
    from registrykit.proxies import ProxyServer

    text = str(value).strip()
    if text.lower() in ("system", "none"):
        return text.lower()
    server = ProxyServer.of(text)
    if server.authorization:
        raise BadConfig(
            "The address of the proxy holds a user name or password.",
            cause="settings are stored in the open",
            remedy="Choose the system's proxy and set HTTPS_PROXY with the password for it.",
            code="bad-proxy",
        )
    return str(server.origin)


def _no_proxy(value: Any) -> tuple[str, ...]:
    hosts = [str(host).strip().lower() for host in (value if _is_list(value) else [value])]
    for host in hosts:
        if "://" in host or "@" in host or any(c.isspace() or not c.isprintable() for c in host):
            raise BadConfig(
                f"{host[:80]!r} cannot be reached without a proxy.",
                cause="it is neither a host, a domain nor a network",
                remedy="Enter names such as example.com, or networks such as 10.0.0.0/8.",
                code="bad-no-proxy",
            )
    return tuple(dict.fromkeys(host for host in hosts if host))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _ca_certificate(value: Any) -> str:
    from registrykit.certificates import check_ca

    text = str(value).strip()
    if text:
        check_ca(text)
        text += "\n"
    return text


def _kept_days(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_DAYS:
        raise BadConfig(
            "Removed registries cannot be kept that long.",
            cause=f"the number of days is {value!r}",
            remedy=f"Enter a number of days from 1 to {MOST_DAYS:,}.",
            code="bad-days",
        )
    return value


def _paused(value: Any) -> bool:
    return value is True
