"""Hide secrets in text, in every spelling in which they travel."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from registrykit.errors import RegistryError

SHORTEST = 3
_SHORTEST_PACKED = 8
_BASE64 = "[A-Za-z0-9+/_-]"


class Mask:
    """Replaces secrets by a sign: as they are, and as URLs, JSON, HTML and base64 write them."""

    def __init__(self, secrets: Iterable[str], sign: str = "***") -> None:
        patterns: dict[str, None] = {}
        for secret in secrets:
            # Of a text of several lines, such as a key, each line is secret.
            for line in {secret, *secret.splitlines()}:
                if len(line) >= SHORTEST and not line.startswith("-----"):
                    patterns |= dict.fromkeys(_patterns(line))
        longest_first = sorted(patterns, key=len, reverse=True)
        self._pattern = re.compile("|".join(longest_first), re.I) if longest_first else None
        self._sign = sign

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda _: self._sign, text) if self._pattern else text

    def error(self, error: RegistryError) -> RegistryError:
        """Return `error`, or one like it without the secrets that its text holds."""
        texts = (str(error), error.cause, error.remedy)
        hidden = tuple(map(self, texts))
        if hidden == texts:
            return error
        return type(error)(
            hidden[0],
            cause=hidden[1],
            remedy=hidden[2],
            code=error.code,
            retry_after=error.retry_after,
        )


def _patterns(secret: str) -> Iterator[str]:
    as_json = json.dumps(secret)[1:-1]
    as_html = html.escape(secret)
    for text in (
        secret,
        as_json,
        json.dumps(as_json)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        as_html,
        html.escape(secret, quote=False),
        as_html.encode("ascii", "xmlcharrefreplace").decode("ascii"),
        repr(secret.encode("utf-8", "surrogatepass"))[2:-1],
        secret.encode("utf-8", "surrogatepass").decode("latin-1"),
        quote(secret, safe="", errors="surrogatepass"),
        quote(secret, errors="surrogatepass"),
        quote_plus(secret, errors="surrogatepass"),
    ):
        yield re.escape(text)
    content = secret.encode("utf-8", "surrogatepass")
    yield re.escape(base64.b64encode(content).decode("ascii"))
    # Where it stands in something longer, such as a user name and a password packed together, what
    # is before it decides which of three spellings it has; and the end may be left out.
    for before, first in ((0, 0), (1, 2), (2, 3)):
        packed = base64.b64encode(bytes(before) + content)
        certain = packed[first : (before + len(content)) // 3 * 4].decode("ascii")
        if len(certain) >= _SHORTEST_PACKED:
            for spelling in {certain, certain.translate({43: "-", 47: "_"})}:
                yield f"{re.escape(spelling)}{_BASE64}{{0,3}}={{0,2}}"
