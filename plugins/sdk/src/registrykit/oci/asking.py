"""Ask a registry for things in it: with names that were checked, signed in, page after page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError
from registrykit.http import Response
from registrykit.oci.addresses import Address
from registrykit.oci.limits import OciLimits
from registrykit.oci.listing import Listing, read_listing
from registrykit.oci.names import is_digest, is_repository, is_tag
from registrykit.oci.sign_in import Renewable, SignIn
from registrykit.oci.turns import Turn
from registrykit.urls import Credentials, Url, parse

if TYPE_CHECKING:
    from registrykit.http import Download, Http

_UNKNOWN = frozenset((401,))
_MAY_HAVE_EXPIRED = frozenset((401, 403))
# What registries answer that cannot give pages of the size asked for.
_OTHER_SIZE = frozenset((400, 405))
_SMALLER = 100


class NoList(Exception):
    """A status says that there is no such list; `cause` is for people."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Asker:
    """The lower half of `Registry`: what every request goes through."""

    def __init__(
        self,
        http: Http,
        address: Address,
        credentials: Credentials | Renewable | None,
        limits: OciLimits,
    ) -> None:
        self.http = http
        self.address = address
        self.limits = limits
        self.sign_in = SignIn(http, address, credentials or http.credentials, limits)
        self._page_size = limits.page_size

    def url(self, repository: str, kind: str, reference: str) -> str:
        """Return the URL of something in a repository; nothing unchecked gets into it."""
        if not is_repository(repository):
            raise _no_name(f"{repository[:200]!r} cannot be the name of a repository.")
        if not (is_digest(reference) or (kind != "blobs" and is_tag(reference))):
            raise _no_name(f"{reference[:200]!r} can be neither a tag nor a digest.")
        return self.address.url(f"{repository}/{kind}/{reference}")

    @property
    def expected(self) -> frozenset[int]:
        """The statuses that may mean that the sign-in is missing, or is no longer good."""
        return _MAY_HAVE_EXPIRED if self.sign_in.renewable else _UNKNOWN

    def signed(self, scope: str, send: Callable[[str], Response]) -> Response:
        """Send a request with what the registry wants to see, renewed where that has run out."""
        turn = Turn(self.sign_in, scope)
        again = True
        while again:
            with turn:
                response = send(turn.authorization)
                again = turn.again(response)
        if response.status == 403:
            raise self.http.refusal(response, signed_in=True)
        return response

    @contextmanager
    def stream(self, scope: str, url: str, max_bytes: int) -> Iterator[Download]:
        """Give an answer that may come from another public host, piece by piece."""
        turn = Turn(self.sign_in, scope)
        with ExitStack() as stack:
            again = True
            while again:
                stack.close()
                with turn:
                    download = stack.enter_context(
                        self.http.stream(
                            url,
                            authorization=turn.authorization,
                            expect=self.expected,
                            elsewhere=True,
                            max_bytes=max_bytes,
                        )
                    )
                    said = download.aside() if download.status in self.expected else b""
                    answer = Response(download.status, download.headers, download.url, said)
                    again = turn.again(answer)
            if answer.status == 403:
                raise self.http.refusal(answer, signed_in=True)
            yield download

    def listing(
        self,
        url: str,
        key: str,
        scope: str,
        usable: Callable[[str], bool],
        *,
        judge: Callable[[dict[str, Any]], None] | None = None,
        wanted: Callable[[str], bool] | None = None,
        enough: int | None = None,
        none: frozenset[int] = frozenset(),
    ) -> Listing:
        """Read a list in pages of the size that the registry can give; `none` raises `NoList`."""
        size = self._page_size
        while True:
            first = replace(parse(url), query=f"n={size}" if size else "")
            try:
                found = read_listing(
                    self._pages(first, scope, _OTHER_SIZE if size else frozenset(), none),
                    first,
                    key,
                    usable,
                    self.limits,
                    judge=judge,
                    wanted=wanted,
                    enough=enough,
                )
            except _OtherSize:
                size = _SMALLER if size > _SMALLER else 0
            else:
                self._page_size = size
                return found

    def _pages(
        self, first: Url, scope: str, other_size: frozenset[int], none: frozenset[int]
    ) -> Callable[[Url], Response]:
        def ask(page: Url) -> Response:
            begins = page == first
            expect = self.expected | none | (other_size if begins else frozenset())

            def send(authorization: str) -> Response:
                return self.http.get(
                    str(page),
                    accept="application/json",
                    authorization=authorization,
                    expect=expect,
                    max_bytes=self.limits.page,
                )

            response = self.signed(scope, send)
            if begins and response.status in other_size:
                raise _OtherSize
            if response.status in none:
                raise NoList(self.http.refusal(response, signed_in=True).cause)
            return response

        return ask


class _OtherSize(Exception):
    """The registry does not give pages of this size."""


def _no_name(cause: str) -> BadAnswer:
    return BadAnswer(
        "The registry cannot be asked for this.",
        cause=cause,
        remedy="Check the path; if it comes from the registry, tell its owner.",
        code="bad-reference",
    )


def told(error: RegistryError, what: str, reference: str, repository: str) -> RegistryError:
    """Return an error that names the repository, for those that are about what is in it."""
    if isinstance(error, NotFound):
        return NotFound(
            f"There is no {what} {reference} in {repository}."
            if reference
            else f"There is no repository {repository}.",
            cause=error.cause,
            remedy="It may have been deleted; synchronize again, or check the path.",
            code=f"no-{what}",
        )
    if isinstance(error, NotAllowed) and error.code in (NotAllowed.default_code, "needs-sign-in"):
        return NotAllowed(
            f"{repository} may not be read.",
            cause=error.cause or str(error),
            remedy=error.remedy,
            code=error.code,
        )
    return error
