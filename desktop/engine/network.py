"""How jobs reach the network: proxy, approved hosts, offline. Decided here, obeyed in workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registrykit.sync import Settings


@dataclass(frozen=True)
class Network:
    """`proxy` is `system`, `none` or a URL; `proxies` are those of the system, by scheme."""

    offline: bool = False
    proxy: str = "system"
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    no_proxy: tuple[str, ...] = ()

    def settings(
        self,
        config: Mapping[str, Any],
        approved_hosts: tuple[str, ...] = (),
        *,
        full: bool = False,
        anywhere: bool = False,
    ) -> Settings:
        """Return what a worker is told for a registry with this config."""
        return Settings(
            documents=config.get("documents", "latest"),
            full=full,
            offline=self.offline,
            proxy="" if self.proxy == "system" else self.proxy,
            proxies=dict(self.proxies) if self.proxy == "system" else {},
            no_proxy=self.no_proxy,
            approved=approved_hosts,
            anywhere=anywhere,
        )


def system_network(environ: Mapping[str, str], *, offline: bool, proxy: str) -> Network:
    """Read the operating system's proxy settings once, so that nothing reads them unasked."""
    proxies: dict[str, str] = {}
    if proxy == "system":
        from urllib.request import getproxies

        found = getproxies()
        proxies = {scheme: found[scheme] for scheme in ("http", "https", "all") if scheme in found}
    no_proxy = environ.get("NO_PROXY", environ.get("no_proxy", ""))
    hosts = tuple(host.strip() for host in no_proxy.split(",") if host.strip())
    return Network(offline, proxy, proxies, hosts)
