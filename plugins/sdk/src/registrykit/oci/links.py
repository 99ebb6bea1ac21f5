"""Find the next page of a list: the header Link (RFC 8288)."""

from __future__ import annotations

import re
from dataclasses import replace

from registrykit.errors import BadAnswer
from registrykit.urls import Url, join, parse

_GAP = re.compile(r"[ \t,]*")
_TARGET = re.compile(r"<([^<>]*)>")
_PARAMETER = re.compile(
    r'[ \t]*;[ \t]*([A-Za-z0-9!#$&+.^_`|~*-]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?'
)
_END = re.compile(r"[ \t;]*(?=,|$)")


def next_link(header: str) -> str | None:
    """Return the target of the link to the next page, or None; raise `BadAnswer` for nonsense.

    What cannot be read could be a next page, and a list that ends too early looks like a list of
    which the rest was deleted.
    """
    at = 0
    while True:
        gap = _GAP.match(header, at)
        at = gap.end() if gap else at
        if at >= len(header):
            return None
        target = _TARGET.match(header, at)
        if target is None:
            raise _unreadable("It does not stand in angle brackets.")
        at = target.end()
        relations = ""
        while parameter := _PARAMETER.match(header, at):
            at = parameter.end()
            if parameter[1].lower() == "rel" and not relations:
                relations = parameter[2] or parameter[3] or ""
        end = _END.match(header, at)
        if end is None:
            raise _unreadable("What follows it makes no sense.")
        at = end.end()
        if "next" in relations.lower().split():
            return target[1]


def next_page(listing: Url, current: Url, header: str) -> Url | None:
    """Return the page that `header` leads to from `current`, or None at the end.

    Of the link only the query is taken over, onto the address of the `listing` itself: it can lead
    to another page, but never to another list or another server. Raises `BadAnswer` if it tries.
    """
    link = next_link(header)
    if link is None:
        return None
    try:
        target = parse(join(str(current), link), BadAnswer)
    except BadAnswer as error:
        raise _unreadable(error.cause) from None
    if target.origin != listing.origin:
        raise BadAnswer(
            f"The next page of the list of {listing.origin.authority} is said to be at "
            f"{target.origin}, which is not the registry itself.",
            cause="Such links are not followed: the sign-in would go there.",
            remedy="Tell the registry's owner; a proxy before it may not know its own address.",
            code="foreign-link",
        )
    # Behind a proxy, registries leave out the part of the path that they do not know of.
    begins = any(version in target.path for version in ("/v1/", "/v2/"))
    if not (begins and listing.path.endswith(target.path)):
        raise _unreadable(f"It leads to another list, {target.shown}.")
    return replace(listing, query=target.query)


def _unreadable(cause: str) -> BadAnswer:
    return BadAnswer(
        "The link to the next page of a list cannot be used.",
        cause=cause,
        remedy="Tell the registry's owner.",
        code="bad-link",
    )
