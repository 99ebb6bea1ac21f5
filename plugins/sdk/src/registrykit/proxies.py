"""Which proxy a request takes: said explicitly, never read from the environment on the quiet."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from registrykit.errors import BadConfig
from registrykit.urls import Origin, address_of

_SHAPE = re.compile(r"(?:([a-z][a-z0-9+.-]*)://)?(?:([^@/]*)@)?([^@/?#]+)/?", re.I)
_REMEDY = "Enter a proxy such as http://proxy.example.com:3128, or none."
_LOOPBACK = ("localhost", "127.0.0.0/8", "::1")


@dataclass(frozen=True, slots=True)
class ProxyServer:
    """One HTTP proxy; `authorization` is the value of its sign-in header, or empty."""

    origin: Origin
    authorization: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> ProxyServer:
        """Read `http://[user:password@]host[:port]`; raise `BadConfig` for anything else."""
        match = _SHAPE.fullmatch(url.strip())
        if match is None or not url.isprintable():
            raise BadConfig("The proxy is not a valid URL.", remedy=_REMEDY, code="bad-proxy")
        scheme, user, authority = (match[1] or "http").lower(), match[2], match[3]
        if scheme != "http":
            raise BadConfig(
                f"A proxy that is reached by {scheme}:// is not supported.",
                cause="Only HTTP proxies are; encrypted requests pass through them unopened.",
                remedy=_REMEDY,
                code="bad-proxy",
            )
        try:
            origin = Origin.of(f"http://{authority}")
        except BadConfig as error:
            raise BadConfig(
                "The proxy is not a valid URL.", cause=str(error), remedy=_REMEDY, code="bad-proxy"
            ) from None
        if not user:
            return cls(origin)
        pair = unquote(user) if ":" in user else unquote(user) + ":"
        return cls(origin, "Basic " + base64.b64encode(pair.encode()).decode())


class Proxy:
    """The proxies for http and https URLs, and the hosts that are reached without one.

    `setting` is `none`, or the URL of a proxy for everything, or empty for the system's: then
    `by_scheme` has URLs for `http`, `https` and `all`, and loopback is spared. A host is spared by
    its name, by a parent domain (`example.com` and `.example.com` mean the same), as `host:port`,
    as an address or a network (`10.0.0.0/8`); `*` spares every host. Raises `BadConfig` for a URL
    that is not that of an HTTP proxy.
    """

    def __init__(
        self,
        setting: str = "none",
        by_scheme: Mapping[str, str] | None = None,
        no_proxy: tuple[str, ...] = (),
    ) -> None:
        self.setting = setting.strip()
        self.by_scheme = dict(by_scheme or {})
        self.no_proxy = no_proxy
        self._spared = no_proxy if self.setting else (*no_proxy, *_LOOPBACK)
        urls = {}
        if self.setting.lower() != "none":
            found = self.by_scheme if not self.setting else {"all": self.setting}
            urls = {scheme: found.get(scheme) or found.get("all") for scheme in ("http", "https")}
        self._servers = {scheme: ProxyServer.of(url) for scheme, url in urls.items() if url}

    @property
    def servers(self) -> tuple[ProxyServer, ...]:
        return tuple(self._servers.values())

    def server_for(self, origin: Origin) -> ProxyServer | None:
        """Return the proxy on the way to `origin`, or None for the direct way."""
        server = self._servers.get(origin.scheme)
        if server is None or any(_spares(rule, origin) for rule in self._spared):
            return None
        return server

    def __repr__(self) -> str:
        named = {scheme: str(server.origin) for scheme, server in self._servers.items()}
        return f"Proxy({named}, no_proxy={self.no_proxy})"


def system_proxies(environ: Mapping[str, str]) -> Proxy:
    """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in lower case first.

    The program calls this once, and hands `by_scheme` and `no_proxy` of the result on.
    """

    def value(name: str) -> str:
        return (environ.get(name.lower()) or environ.get(name) or "").strip()

    # A web server hands a request's header "Proxy" to its scripts as HTTP_PROXY.
    script = "REQUEST_METHOD" in environ
    urls = {
        "http": environ.get("http_proxy", "") if script else value("HTTP_PROXY"),
        "https": value("HTTPS_PROXY"),
        "all": value("ALL_PROXY"),
    }
    rules = tuple(rule.strip().lower() for rule in value("NO_PROXY").split(",") if rule.strip())
    return Proxy("", {scheme: url for scheme, url in urls.items() if url}, rules)


def _spares(rule: str, origin: Origin) -> bool:
    rule = rule.lower().strip()
    if rule == "*":
        return True
    address = address_of(origin.host)
    if address is not None:
        try:
            return address in ipaddress.ip_network(rule.strip("[]"), strict=False)
        except ValueError:
            pass
    name, colon, port = rule.rpartition(":")
    if colon and port.isdigit() and not name.endswith(":"):
        if int(port) != origin.port:
            return False
        rule = name.strip("[]")
    rule = rule.removeprefix("*").removeprefix(".")
    return bool(rule) and (origin.host == rule or origin.host.endswith("." + rule))
