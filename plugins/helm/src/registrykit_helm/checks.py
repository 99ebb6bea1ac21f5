"""The connection check: the index is fetched once, and the beginning of one archive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from registrykit.checks import Outcome, not_needed, run, warned
from registrykit.errors import (
    BadAnswer,
    Cancelled,
    NotAllowed,
    NotFound,
    RegistryError,
    SignInFailed,
)
from registrykit.events import Check, Found, Skip
from registrykit.formats.index import Index, read_index
from registrykit.urls import parse
from registrykit_helm import address
from registrykit_helm.archives import opened
from registrykit_helm.listing import chart_events, fetch_index

if TYPE_CHECKING:
    from registrykit.sync import Context
    from registrykit_helm.config import HelmConfig

_GZIP = b"\x1f\x8b"
_BEGINNING = {"Range": "bytes=0-1023"}


def check(ctx: Context[HelmConfig]) -> Iterator[Check]:
    """Yield name, proxy, dns, tcp, tls, protocol, sign-in, listing and content."""
    look = _Look(ctx)
    yield from run(
        ctx.http,
        address.index_url(ctx.config.endpoint),
        [
            ("protocol", look.protocol),
            ("sign-in", look.sign_in),
            ("listing", look.listing),
            ("content", look.content),
        ],
    )


class _Look:
    """One look at a repository; each stage goes on with what the one before has found."""

    def __init__(self, ctx: Context[HelmConfig]) -> None:
        self._ctx = ctx
        self._refused: RegistryError | None = None
        self._index: Index | None = None
        self._newest: Found | None = None

    def protocol(self) -> Outcome:
        try:
            self._index = read_index(fetch_index(self._ctx).body)
        except SignInFailed as error:
            self._refused = error
        except NotAllowed as error:
            if error.code != NotAllowed.default_code:
                raise
            self._refused = error
        except (NotFound, BadAnswer) as error:
            if not self._speaks_oci():
                raise
            raise NotFound(
                "No index.yaml here, but this is an OCI registry. Add as OCI?",
                cause=error.cause,
                remedy="Add it as an OCI registry.",
                code="oci-registry",
            ) from None
        if self._index is None:
            return not_needed("The server shows nothing without a sign-in.")
        return f"There is an index.yaml, of version {self._index.api_version}."

    def sign_in(self) -> Outcome:
        if self._refused is not None:
            raise self._refused
        config = self._ctx.config
        if config.auth == "basic":
            return f"The index was read as {config.username}."
        if config.auth == "token":
            return "The index was read with the token."
        return not_needed("The server did not ask for a login.")

    def listing(self) -> Outcome:
        assert self._index is not None
        charts = versions = gaps = 0
        for chart in self._index:
            charts += bool(chart.entries)
            for event in chart_events(chart):
                gaps += isinstance(event, Skip)
                if isinstance(event, Found):
                    versions += 1
                    newest = self._newest
                    if newest is None or event.version.created > newest.version.created:
                        self._newest = event
        counted = f"{_some(charts, 'chart')}, {_some(versions, 'version')}."
        if gaps:
            return warned(
                f"{counted} {_some(gaps, 'entry', 'entries')} could not be read, or not whole.",
                code="unreadable-entries",
                remedy="The others are not affected; the result of a synchronization lists them.",
            )
        if not versions:
            return warned(
                "The index lists no charts.",
                code="no-charts",
                remedy="Check the URL, if you expected some.",
            )
        return counted

    def content(self) -> Outcome:
        """Fetch the beginning of an archive; what is wrong here does not stop synchronizing."""
        if self._newest is None:
            return not_needed("There is no archive to fetch.")
        artifact, version = self._newest.artifact, self._newest.version
        try:
            # A server that knows no ranges sends everything; the connection is closed then.
            with opened(self._ctx, artifact, version, headers=_BEGINNING) as archive:
                beginning = next(iter(archive), b"")
        except Cancelled:
            raise
        except RegistryError as error:
            message = f"{error} {error.cause}".strip()
            return warned(message, code=error.code, remedy=error.remedy)
        if not beginning.startswith(_GZIP):
            return warned(
                f"What is at {parse(archive.url).shown} is not a chart archive.",
                code="not-an-archive",
                remedy="Open the address in a browser: a login or a proxy may be in the way.",
            )
        return f"The archive of {artifact.shown_name} {version.version} can be fetched."

    def _speaks_oci(self) -> bool:
        """Say whether the server answers as the OCI distribution protocol begins."""
        url = f"{parse(address.index_url(self._ctx.config.endpoint)).origin}/v2/"
        try:
            response = self._ctx.http.get(url, max_bytes=64 * 1024, deadline=20)
        except Cancelled:
            raise
        except SignInFailed:
            # It wants a login there, and wanted none where the index would be.
            return True
        except RegistryError:
            return False
        return (
            "docker-distribution-api-version" in response.headers or response.body.strip() == b"{}"
        )


def _some(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
