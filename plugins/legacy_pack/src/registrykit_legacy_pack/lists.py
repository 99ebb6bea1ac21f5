"""The two lists of a registry, page by page: its catalog, and the tags of one repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from registrykit.errors import BadAnswer, NotFound
from registrykit.oci.links import next_link
from registrykit.urls import join, parse
from registrykit_legacy_pack import wire
from registrykit_legacy_pack.wire import Listed, Tag

if TYPE_CHECKING:
    from registrykit.http import Http, Response

MOST_PAGES = 10_000
MOST_NAMES = 1_000_000


def repositories(http: Http, root: str) -> tuple[list[Listed], int]:
    """Return the catalog by name, each name once, and how many entries repeat a name."""
    found: dict[str, Listed] = {}
    total = 0
    try:
        for answer in _pages(http, partial(wire.catalog_url, root)):
            for one in wire.read_catalog(answer.body):
                total += 1
                found.setdefault(one.name, one)
            _bound(total)
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
    for answer in _pages(http, partial(wire.tags_url, root, name), etag, last_modified):
        if answer.not_modified:
            return TagList(not_modified=True)
        pages += 1
        for tag in wire.read_tags(answer.body):
            found.setdefault(tag.tag, tag)
        _bound(len(found))
    tags = tuple(found.values())
    # The validator of one page says nothing of the others.
    return TagList(tags, answer.etag, answer.last_modified) if pages == 1 else TagList(tags)


def _pages(
    http: Http, url_for: Callable[[int], str], etag: str = "", last_modified: str = ""
) -> Iterator[Response]:
    """Yield one page after another; of a link to the next one only the query is taken over."""

    def page(url: str, etag: str = "", last_modified: str = "") -> Response:
        return http.get(
            url,
            accept="application/json",
            etag=etag,
            last_modified=last_modified,
            max_bytes=wire.LARGEST_PAGE,
        )

    try:
        answer = page(url_for(wire.PAGE_SIZE), etag, last_modified)
    except BadAnswer as error:
        if error.code != "unexpected-status":
            raise
        # Some servers refuse to give that much at once; without a number they choose one.
        answer = page(url_for(0), etag, last_modified)
    first = parse(url_for(0))
    seen: set[str] = set()
    while True:
        yield answer
        link = next_link(answer.headers.get("link", ""))
        if link is None or answer.not_modified:
            return
        target = parse(join(answer.url, link), BadAnswer)
        if target.origin != first.origin:
            raise BadAnswer(
                f"The next page of a list of {first.origin.authority} is said to be at "
                f"{target.origin}, which is not the registry itself.",
                cause="Such links are not followed: the sign-in would go there.",
                remedy="Tell the registry's owner; a proxy before it may not know its own address.",
                code="foreign-link",
            )
        if target.query in seen or len(seen) >= MOST_PAGES:
            raise BadAnswer(
                f"A list of {first.origin.authority} does not end.",
                cause=f"Page {len(seen) + 2:,} was given before, or there are too many.",
                remedy="Tell the registry's owner.",
                code="endless-list",
            )
        seen.add(target.query)
        answer = page(f"{first.origin}{first.path}?{target.query}")


def _bound(number: int) -> None:
    if number > MOST_NAMES:
        raise BadAnswer(
            f"A list of the registry has more than {MOST_NAMES:,} entries.",
            cause="No registry of packs has that many.",
            remedy="Check the URL; if it is right, tell the registry's owner.",
            code="too-large",
        )
