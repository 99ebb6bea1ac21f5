"""How jobs reach the network: proxy, approved hosts, offline. Decided here, obeyed in workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registrykit.sync import Settings


@dataclass(frozen=True)
class Network:
    """`proxy` is `system`, `none` or a URL; `proxies` are those of the system, by scheme.

    `ca_certificate` is PEM text that is trusted besides what a registry has of its own.
    """

    offline: bool = False
    proxy: str = "system"
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    no_proxy: tuple[str, ...] = ()
    ca_certificate: str = field(default="", repr=False)

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
            ca_certificate=self.ca_certificate,
        )


def system_network(
    environ: Mapping[str, str],
    *,
    offline: bool,
    proxy: str,
    no_proxy: tuple[str, ...] = (),
    ca_certificate: str = "",
) -> Network:
    """Read the operating system's proxy settings once, so that nothing reads them unasked.

    `no_proxy` are hosts besides those that the environment names.
    """
    proxies: dict[str, str] = {}
    if proxy == "system":
        from urllib.request import getproxies

        found = getproxies()
        proxies = {scheme: found[scheme] for scheme in ("http", "https", "all") if scheme in found}
    named = environ.get("NO_PROXY", environ.get("no_proxy", ""))
    hosts = [host.strip() for host in named.split(",") if host.strip()]
    spared = tuple(dict.fromkeys((*hosts, *no_proxy)))
    return Network(offline, proxy, proxies, spared, ca_certificate)
