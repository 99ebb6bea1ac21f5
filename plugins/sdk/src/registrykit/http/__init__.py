"""The HTTP client that every registry type uses, built on the connection pools of urllib3."""

from registrykit.http.answer import Headers, Limits, Response, Stats
from registrykit.http.client import Http
from registrykit.http.opened import Download
from registrykit.proxies import Proxy, ProxyServer, system_proxies
from registrykit.urls import Basic, Bearer, Credentials, Origin, Tls, Url, beneath, join, normalize

__all__ = [
    "Basic",
    "Bearer",
    "Credentials",
    "Download",
    "Headers",
    "Http",
    "Limits",
    "Origin",
    "Proxy",
    "ProxyServer",
    "Response",
    "Stats",
    "Tls",
    "Url",
    "beneath",
    "join",
    "normalize",
    "system_proxies",
]
