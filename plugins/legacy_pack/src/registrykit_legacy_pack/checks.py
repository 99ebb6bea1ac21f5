"""The connection check: health, sign-in, catalog, and one pack."""

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
from registrykit.events import Check
from registrykit_legacy_pack import lists, wire
from registrykit_legacy_pack.listing import ADVICE
from registrykit_legacy_pack.packs import Look
from registrykit_legacy_pack.remembered import Row
from registrykit_legacy_pack.wire import Listed, Tag

if TYPE_CHECKING:
    from registrykit.sync import Context
    from registrykit_legacy_pack.config import LegacyPackConfig

MOVE = (
    "To move a pack, save it here, push it with oras to spectro-packs/archive/NAME:VERSION of an "
    "OCI registry, and add that registry."
)
_SMALL = 64 * 1024
_MOST_TRIED = 5


def check(ctx: Context[LegacyPackConfig]) -> Iterator[Check]:
    """Yield name, proxy, dns, tcp, tls, protocol, sign-in, listing and content."""
    look = _Check(ctx)
    yield from run(
        ctx.http,
        look.root + "/",
        [
            ("protocol", look.protocol),
            ("sign-in", look.sign_in),
            ("listing", look.listing),
            ("content", look.content),
        ],
    )


class _Check:
    """One look at a registry; each stage goes on with what the one before has found."""

    def __init__(self, ctx: Context[LegacyPackConfig]) -> None:
        self._ctx = ctx
        self._look = Look(ctx)
        self._refused: RegistryError | None = None
        self._listed: list[Listed] = []

    @property
    def root(self) -> str:
        return self._look.root

    def protocol(self) -> Outcome:
        healthy = self._is_up()
        try:
            self._listed, _ = lists.repositories(self._ctx.http, self.root)
        except SignInFailed as error:
            self._refused = error
        except NotAllowed as error:
            if error.code != NotAllowed.default_code:
                raise
            self._refused = error
        except (NotFound, BadAnswer) as error:
            if healthy or not self._speaks_oci():
                raise
            raise NotFound(
                "This is an OCI registry, not a legacy pack registry. Add as OCI?",
                cause=error.cause,
                remedy="Add it as an OCI registry.",
                code="oci-registry",
            ) from None
        said = "The server says that it is up." if healthy else "The server has a catalog."
        return warned(f"{said} {ADVICE}", code="legacy-format", remedy=MOVE)

    def sign_in(self) -> Outcome:
        if self._refused is not None:
            raise self._refused
        config = self._ctx.config
        if config.auth == "basic" and config.username:
            return f"The catalog was read as {config.username}."
        if config.auth == "token":
            return "The catalog was read with the token."
        return not_needed("The server did not ask for a login.")

    def listing(self) -> Outcome:
        if not self._listed:
            return warned(
                "The catalog lists no packs.",
                code="no-packs",
                remedy="Check the URL, if you expected some, and whether this account may see "
                "them.",
            )
        number = len(self._listed)
        return f"{number:,} {'pack' if number == 1 else 'packs'}."

    def content(self) -> Outcome:
        """Read one version of a pack; what is wrong here does not stop synchronizing."""
        if not self._listed:
            return not_needed("There is no pack to read.")
        try:
            found = self._first()
            if found is None:
                return warned(
                    "The first packs of the catalog have no tags.",
                    code="no-tags",
                    remedy="Their versions may have been deleted; synchronizing shows the others.",
                )
            name, tag = found
            row, _ = self._look.read(name, tag, Row())
        except Cancelled:
            raise
        except RegistryError as error:
            message = f"{error} {error.cause}".strip()
            return warned(message, code=error.code, remedy=error.remedy)
        if row.gap:
            return warned(
                f"{name} {tag.tag} cannot be read: {row.gap}",
                code="unreadable-pack",
                remedy="Names and versions are listed all the same where they are known; the "
                "result of a synchronization lists what could not be read.",
            )
        return f"{name} {tag.tag} can be read."

    def _first(self) -> tuple[str, Tag] | None:
        """Return a tag of one of the first packs that have any."""
        for listed in self._listed[:_MOST_TRIED]:
            if wire.name_fault(listed.name):
                continue
            tags = listed.tags
            if tags is None:
                tags = lists.tags_of(self._ctx.http, self.root, listed.name).tags
            given = wire.families([tag.tag for tag in tags])
            for tag in tags:
                if tag.tag in given and not wire.name_fault(tag.tag):
                    return listed.name, tag
        return None

    def _is_up(self) -> bool:
        try:
            answer = self._ctx.http.get(wire.health_url(self.root), max_bytes=_SMALL, deadline=20)
        except (NotFound, NotAllowed, SignInFailed, BadAnswer):
            return False
        return wire.is_up(answer.body)

    def _speaks_oci(self) -> bool:
        """Say whether the server answers as the OCI distribution protocol begins."""
        try:
            answer = self._ctx.http.get(f"{self.root}/v2/", max_bytes=_SMALL, deadline=20)
        except Cancelled:
            raise
        except SignInFailed:
            # It wants a login there, and wanted none for the catalog.
            return True
        except RegistryError:
            return False
        return "docker-distribution-api-version" in answer.headers or answer.body.strip() == b"{}"
