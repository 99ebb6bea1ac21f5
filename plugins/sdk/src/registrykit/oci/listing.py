"""Lists that come in pages: every page once, in bounds, and all of them or an error."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

from registrykit.errors import BadAnswer
from registrykit.http.explain import clean
from registrykit.oci.limits import OciLimits
from registrykit.oci.links import next_page
from registrykit.urls import Url

if TYPE_CHECKING:
    from registrykit.http import Response

MOST_UNUSABLE = 100

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Listing:
    """A whole list, in the registry's order and without doubles.

    `unusable` are names that nothing could be asked for, as they may be shown; `odd` is how many
    there were.
    """

    names: tuple[str, ...]
    unusable: tuple[str, ...] = ()
    odd: int = 0
    pages: int = 1

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def read_listing(
    ask: Callable[[Url], Response],
    first: Url,
    key: str,
    usable: Callable[[str], bool],
    limits: OciLimits,
    *,
    judge: Callable[[dict[str, Any]], None] | None = None,
    wanted: Callable[[str], bool] | None = None,
    enough: int | None = None,
) -> Listing:
    """Read all pages of a list; raise `BadAnswer` if they have no end or make no sense.

    `first` is the first page with its query. Of the names, those that are `wanted` are kept; with
    `enough` of them the rest is not read.
    """

    def entries(body: bytes) -> list[str | float]:
        answer = _object(body)
        if judge is not None:
            judge(answer)
        # A list or a map is no name, however deep it is.
        return [name if isinstance(name, str | float | int) else "" for name in _names(answer, key)]

    names: dict[str, None] = {}
    unusable: list[str] = []
    odd = pages = 0
    for _, found in read_pages(ask, first, entries, limits):
        pages += 1
        for name in found:
            if not isinstance(name, str) or not usable(name):
                odd += 1
                if len(unusable) < MOST_UNUSABLE:
                    unusable.append(clean(str(name)[:400], 80))
            elif wanted is None or wanted(name):
                names[name] = None
        bound(len(names), limits)
        if enough is not None and len(names) >= enough:
            break
    return Listing(tuple(names), tuple(unusable), odd, pages)


def read_pages(
    ask: Callable[[Url], Response],
    first: Url,
    entries: Callable[[bytes], list[T]],
    limits: OciLimits,
) -> Iterator[tuple[Response, list[T]]]:
    """Yield each page with what `entries` finds in it; raise `BadAnswer` if they have no end.

    How many entries there are is for the caller to `bound`.
    """
    empty = pages = 0
    # By their hashes: there may be thousands, each as long as a page.
    seen: set[int] = set()
    ends: set[int] = set()
    until = time.monotonic() + limits.listing
    page: Url | None = first
    while page is not None:
        if hash(page) in seen:
            _endless("It repeats itself.")
        seen.add(hash(page))
        if pages >= limits.pages or time.monotonic() > until:
            _endless(f"It had no end after {pages:,} pages.")
        response = ask(page)
        pages += 1
        found = [] if response.not_modified else entries(response.body)
        page = next_page(first, page, response.headers.get("link", ""))
        yield response, found
        if found:
            empty = 0
            both = hash((found[0], found[-1]))
            if page is not None and both in ends:
                _endless("It repeats itself.")
            ends.add(both)
        elif page is not None and (empty := empty + 1) > limits.empty_pages:
            _endless(f"{empty} empty pages came, one after another.")


def bound(number: int, limits: OciLimits) -> None:
    """Raise `BadAnswer` if a list has more names than any has."""
    if number > limits.names:
        _endless(f"It holds more than {limits.names:,} names.")


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise BadAnswer(
            "The registry answered with something that is not a list.",
            cause="A JSON object was expected.",
            remedy="Check the endpoint and the proxy: another server may answer in its place.",
            code="bad-list",
        )
    return answer


def _names(answer: dict[str, Any], key: str) -> list[Any]:
    """Return the names of a page; null is how some registries spell an empty list."""
    if "nextToken" in answer or (key not in answer and answer.keys() - {"name"}):
        _odd_form(f"It has the keys {', '.join(sorted(answer))}"[:200] + ".")
    found = answer.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        _odd_form(f"{key} is not a list.")
    return found


def _odd_form(cause: str) -> NoReturn:
    raise BadAnswer(
        "The registry answered in a form that is not that of OCI registries.",
        cause=clean(cause),
        remedy="Tell the registry's owner.",
        code="bad-list",
    )


def _endless(cause: str) -> NoReturn:
    raise BadAnswer(
        "The registry's list of pages does not end.",
        cause=cause,
        remedy="Tell the registry's owner; a proxy before it may cut the addresses of pages.",
        code="endless-list",
    )
