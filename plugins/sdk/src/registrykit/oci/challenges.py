"""Read how a server wants to be signed in to: the header WWW-Authenticate (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MOST_PARAMETERS = 100
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_GAP = re.compile(r"[ \t,]*")
_SCHEME = re.compile(rf"({_TOKEN})(?=[ \t,]|$)")
# What stands for parameters in schemes that are not for us, such as Negotiate.
_PACKED = re.compile(r"[ \t]+[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)")
# Values without quotes are read as far as they go: not all servers quote what they should.
_PARAMETER = re.compile(
    rf'({_TOKEN})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))[ \t]*(?=[\s,]|$)'
)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to sign in; the scheme and the names of parameters are in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_challenges(header: str) -> tuple[Challenge, ...]:
    """Return the challenges of a header, in order; what is not valid is left out.

    A challenge that names a parameter twice is not valid: which one counts, nobody could say.
    """
    found: list[Challenge] = []
    at = 0
    current: dict[str, str] | None = None
    spoilt = False

    def close() -> None:
        if spoilt and found:
            found.pop()

    while True:
        gap = _GAP.match(header, at)
        at = gap.end() if gap else at
        if at >= len(header):
            break
        if current is not None and (match := _PARAMETER.match(header, at)):
            name = match[1].lower()
            quoted = match[2]
            value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else match[3]
            spoilt = spoilt or name in current or len(current) >= _MOST_PARAMETERS
            current[name] = value
        elif match := _SCHEME.match(header, at):
            close()
            current, spoilt = {}, False
            found.append(Challenge(match[1].lower(), current))
            if packed := _PACKED.match(header, match.end()):
                at = packed.end()
                continue
        else:
            spoilt = True  # an open quote, or no sense at all: nothing after it can be told apart
            break
        at = match.end()
    close()
    return tuple(found)
