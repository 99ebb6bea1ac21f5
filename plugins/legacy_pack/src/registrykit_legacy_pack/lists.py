"""The two lists of a registry, page by page: its catalog, and the tags of one repository."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from registrykit.errors import BadAnswer, NotFound
from registrykit.oci.limits import OciLimits
from registrykit.oci.listing import bound, read_pages
from registrykit.urls import Url, parse
from registrykit_legacy_pack import wire
from registrykit_legacy_pack.wire import Listed, Tag

if TYPE_CHECKING:
    from registrykit.http import Http, Response

LIMITS = OciLimits()

T = TypeVar("T", bound=Hashable)


def repositories(http: Http, root: str) -> tuple[list[Listed], int]:
    """Return the catalog by name, each name once, and how many entries repeat a name."""
    found: dict[str, Listed] = {}
    total = tags = 0
    try:
        for _, page in _pages(http, partial(wire.catalog_url, root), wire.read_catalog):
            total += len(page)
            tags += sum(len(one.tags or ()) for one in page)
            bound(total + tags, LIMITS)
            for one in page:
                found.setdefault(one.name, one)
    except NotFound as error:
        raise NotFound(
            "This does not look like a pack registry.",
            cause=error.cause,
            remedy="Check the URL: it is that of the server, as in https://registry.example.com.",
            code="not-a-pack-registry",
        ) from None
    return [found[name] for name in sorted(found)], total - len(found)


@dataclass(frozen=True)
class TagList:
    """The tags of a repository, with the validators of their list where it has one for all."""

    tags: tuple[Tag, ...] = ()
    etag: str = ""
    last_modified: str = ""
    not_modified: bool = False


def tags_of(http: Http, root: str, name: str, etag: str = "", last_modified: str = "") -> TagList:
    """Return the tags of a repository; none where the validators still hold."""
    found: dict[str, Tag] = {}
    pages = 0
    url_for = partial(wire.tags_url, root, name)
    for answer, page in _pages(http, url_for, wire.read_tags, etag, last_modified):
        if answer.not_modified:
            return TagList(not_modified=True)
        pages += 1
        for tag in page:
            found.setdefault(tag.tag, tag)
        bound(len(found), LIMITS)
    tags = tuple(found.values())
    # The validator of one page says nothing of the others.
    return TagList(tags, answer.etag, answer.last_modified) if pages == 1 else TagList(tags)


def _pages(
    http: Http,
    url_for: Callable[[int], str],
    read: Callable[[bytes], list[T]],
    etag: str = "",
    last_modified: str = "",
) -> Iterator[tuple[Response, list[T]]]:
    """Yield one page after another with what it lists; the validators are for the first."""
    first = parse(url_for(wire.PAGE_SIZE))

    def get(url: str, *, begins: bool) -> Response:
        return http.get(
            url,
            accept="application/json",
            etag=etag if begins else "",
            last_modified=last_modified if begins else "",
            max_bytes=LIMITS.page,
        )

    def ask(page: Url) -> Response:
        begins = page == first
        try:
            return get(str(page), begins=begins)
        except BadAnswer as error:
            if not begins or error.code != "unexpected-status":
                raise
        # Some servers refuse to give that much at once; without a number they choose one.
        return get(url_for(0), begins=True)

    return read_pages(ask, first, read, LIMITS)
