"""URLs, origins, credentials and TLS settings: values only, from the standard library alone.

A URL is parsed once, strictly, and kept in one spelling: scheme and host in lower case, names in
their ASCII (punycode) form, addresses as four numbers or compressed IPv6, no default port, no
fragment. So two spellings of one place compare equal, and nothing is decided by comparing text.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin

from registrykit.errors import BadAnswer, BadConfig, RegistryError

LONGEST_URL = 2048
_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "Enter a URL such as https://registry.example.com/stable."

# The shape that nearly every URL has already; everything else takes the careful way below.
_USUAL = re.compile(
    r"(https?)://([a-z0-9_.-]+)(?::([1-9][0-9]{0,4}))?"
    r"(/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?((?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*))?"
)
_ANY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_LOGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#@:]+):([^/?#@]+)@([^@]+)", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# Also http//host and https:/host, which are no hosts called http.
_OTHER_SCHEME = re.compile(r"(?:javascript|data|mailto|file):|https?(?:[:;]/|//)", re.I)
_BAD_CHARACTER = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_DOT_SEGMENT = re.compile(r"(?:^|/)\.\.?(?:/|$)")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEPT = "!$&'()*+,;=:@/%~"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Cloud machines answer here with keys and passwords, outside the link-local ranges.
_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: scheme, host and port, compared exactly. Make it with `of`."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of `url`; raise `BadConfig` if it is not a usable URL."""
        return parse(url).origin

    @property
    def authority(self) -> str:
        """`host` or `host:port`, as it stands in a URL and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Url:
    """A parsed URL; `path` begins with `/`, `query` is without the question mark."""

    origin: Origin
    path: str
    query: str = ""

    @property
    def target(self) -> str:
        """What stands in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def shown(self) -> str:
        """The URL for messages: short, and without the query, which may hold a token."""
        text = f"{self.origin}{self.path}"
        return text if len(text) <= 200 else text[:199] + "…"

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


@dataclass(frozen=True, slots=True)
class Basic:
    """Sign in with a user name and a password, sent as UTF-8."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Sign in with a token."""

    token: str = field(repr=False)


Credentials = Basic | Bearer


@dataclass(frozen=True, slots=True)
class Tls:
    """How the registry's certificate is judged; certificates and key are PEM texts.

    `skip_verify` and the client certificate hold for the registry's own origins only.
    """

    ca_certificate: str = ""
    client_certificate: str = ""
    client_key: str = field(default="", repr=False)
    skip_verify: bool = False


class _Refusal(Exception):
    """What is wrong with a URL, before it is known whom to tell."""

    def __init__(self, message: str, remedy: str, code: str = "bad-url") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.code = code


def parse(url: str, error: type[RegistryError] = BadConfig) -> Url:
    """Return `url` in parts and in its one spelling, or raise `error` with what is wrong."""
    try:
        return _parse(url)
    except _Refusal as refusal:
        if issubclass(error, BadAnswer):
            raise _bad_link(str(refusal), refusal.code) from None
        raise error(str(refusal), remedy=refusal.remedy, code=refusal.code) from None


@lru_cache(maxsize=256)
def _parse(url: str) -> Url:
    usual = _USUAL.fullmatch(url) if len(url) <= LONGEST_URL else None
    if usual is None or int(usual[3] or 0) > 65535:
        return _parse_unusual(url)
    scheme, host, port, path, query = usual.groups()
    if path and "/." in path:
        path = _without_dots(path)
    origin = Origin(scheme, _host(host), int(port) if port else _PORTS[scheme])
    return Url(origin, path or "/", query or "")


def _parse_unusual(url: str) -> Url:
    if not url.strip():
        raise _Refusal("The URL is empty.", _EXAMPLE)
    if len(url) > LONGEST_URL:
        raise _Refusal(
            f"The URL is longer than {LONGEST_URL:,} characters.", "Enter a shorter URL."
        )
    if found := _BAD_CHARACTER.search(url):
        raise _Refusal(
            f"The URL contains a character that is not allowed: {_named(found.group())}.",
            "Remove the character, or write it as a percent code.",
        )
    match = _ANY.fullmatch(url)
    scheme = match[1].lower() if match else ""
    if match is None or scheme not in _PORTS:
        raise _Refusal(
            "The URL has to begin with https:// or http://.",
            _EXAMPLE,
            code="url-scheme",
        )
    _, authority, path, query = match.groups()
    if "@" in authority:
        raise _Refusal(
            "The URL contains a user name or password.",
            "Remove it from the URL and enter it in the fields for the sign-in.",
            code="url-userinfo",
        )
    host, port = _split_port(authority)
    path = quote(_BROKEN_PERCENT.sub("%25", path), safe=_KEPT) or "/"
    query = quote(_BROKEN_PERCENT.sub("%25", query or ""), safe=_KEPT + "?")
    if "/." in path:
        path = _without_dots(path)
    return Url(Origin(scheme, _host(host), port or _PORTS[scheme]), path, query)


def split_login(url: str) -> tuple[str, str, str] | None:
    """Return a URL without the login that was pasted with it, the user name, and the password.

    None where it holds none, or something that may be a token.
    """
    match = _LOGIN.fullmatch(url.strip())
    return (match[1] + match[4], unquote(match[2]), unquote(match[3])) if match else None


def _split_port(authority: str) -> tuple[str, int]:
    """Return the host and the port, 0 where none is given."""
    host, colon, port = authority, "", ""
    if not authority.endswith("]"):
        host, colon, port = authority.rpartition(":")
        if not colon:
            host, port = authority, ""
    if not port:
        return host, 0
    if not (port.isascii() and port.isdigit() and port[0] != "0" and int(port) <= 65535):
        raise _Refusal(
            f"The port {port[:20]} does not exist.",
            "Enter a port from 1 to 65535, or leave it out.",
            code="url-port",
        )
    return host, int(port)


@lru_cache(maxsize=1024)
def _host(text: str) -> str:
    """Return the one spelling of a host; IPv6 comes without brackets."""
    remedy = "Check the host name in the URL."
    if text.startswith("["):
        if "%" in text:
            raise _Refusal(
                "The IPv6 address names a network interface (after %).", remedy, "url-host"
            )
        try:
            return ipaddress.IPv6Address(text[1:-1]).compressed
        except ValueError:
            raise _Refusal("The IPv6 address is not valid.", remedy, "url-host") from None
    host = text.lower().removesuffix(".")
    if not host.isascii() and len(host) <= 253:
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            raise _Refusal("The host name is not valid.", remedy, "url-host") from None
    labels = host.split(".")
    if not host or len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise _Refusal("The host name is not valid.", remedy, "url-host")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        number = _ipv4_number(labels)
        if number is None:
            raise _Refusal("The IPv4 address is not valid.", remedy, "url-host")
        return str(ipaddress.IPv4Address(number))
    return host


def _ipv4_number(parts: list[str]) -> int | None:
    """Read an IPv4 address as system libraries do: octal, hexadecimal, fewer than four parts."""
    try:
        numbers = [
            int(part, 16)
            if part.startswith("0x") and len(part) > 2
            else int(part, 8)
            if len(part) > 1 and part[0] == "0"
            else int(part)
            for part in parts
        ]
    except ValueError:
        return None
    *first, last = numbers
    if len(first) > 3 or any(n > 255 for n in first) or last >= 256 ** (4 - len(first)):
        return None
    return sum(n << (24 - 8 * i) for i, n in enumerate(first)) + last


def normalize(text: str, scheme: str = "https") -> str:
    """Return what a person typed as the URL's one spelling; `scheme` is used where none is given.

    Two texts that name the same place give the same result. Raises `BadConfig`.
    """
    text = text.strip()
    return str(parse(text if has_scheme(text) else f"{scheme}://{text}"))


def has_scheme(text: str) -> bool:
    """Say whether what a person typed begins with a scheme, or with what was meant as one."""
    return not text or "://" in text or _OTHER_SCHEME.match(text) is not None


def join(base: str, reference: str) -> str:
    """Resolve `reference` against `base` (RFC 3986); raise `BadAnswer` if it is not usable."""
    reference = reference.strip(" \t\r\n")
    if len(reference) > LONGEST_URL or _BAD_CHARACTER.search(reference.replace(" ", "")):
        raise _bad_link("It is too long, or contains control characters.", "bad-url")
    reference = reference.replace(" ", "%20")
    if _SCHEME.match(reference):
        return str(parse(reference, BadAnswer))
    return str(parse(urljoin(base, reference), BadAnswer))


def beneath(base: str, reference: str) -> str:
    """Resolve `reference` with `base` taken as a folder, whose query is kept.

    This is the rule of Helm for the URLs in an index.
    """
    folder = parse(base)
    path = folder.path if folder.path.endswith("/") else folder.path + "/"
    joined = join(f"{folder.origin}{path}", reference)
    if _SCHEME.match(reference.strip()) or reference.startswith("//") or not folder.query:
        return joined
    found = parse(joined)
    return str(Url(found.origin, found.path, folder.query))


@lru_cache(maxsize=1024)
def address_of(host: str) -> Address | None:
    """Return the address that `host` spells out, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_link_local(address: Address) -> bool:
    """Say whether the address is link-local or gives out a cloud machine's keys."""
    address = _embedded(address)
    return address.is_link_local or address in _METADATA


def is_public(address: Address) -> bool:
    """Say whether the address is one of the open internet."""
    address = _embedded(address)
    return address.is_global and not address.is_multicast and not is_link_local(address)


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _without_dots(path: str) -> str:
    if not _DOT_SEGMENT.search(path):
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _named(character: str) -> str:
    names = {" ": "a space", "\t": "a tab", "\n": "a line break", "\r": "a line break"}
    return names.get(character, "a backslash" if character == "\\" else f"U+{ord(character):04X}")


def _bad_link(cause: str, code: str) -> BadAnswer:
    return BadAnswer(
        "The registry gave a link that cannot be used.",
        cause=cause,
        remedy="Report this to the registry's owner.",
        code=code,
    )
