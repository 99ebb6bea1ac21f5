"""The connection check of an OCI registry: what a type gives to `registrykit.checks.run`.

def check(self, ctx):
    registry = Registry(ctx.http, address)
    yield from run(ctx.http, address.api, stages(registry, under=paths))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from registrykit.checks import Outcome, Step, not_needed, passed, warned
from registrykit.errors import BadAnswer, Cancelled, NotAllowed, NotFound, RegistryError
from registrykit.oci.manifests import Index
from registrykit.oci.tokens import fetch_token, read_realm
from registrykit.urls import Basic, Bearer

if TYPE_CHECKING:
    from registrykit.oci.registry import Registry

ENOUGH = 1000
"""How many repositories are counted; whether there are more, the synchronization will tell."""

_NO_LIST = frozenset(("no-catalog", "catalog-not-allowed"))


def without_list(error: RegistryError, *, entered: bool) -> Outcome:
    """Return the verdict on a registry that shows no list; raise any other error again.

    `entered` says that the user named repositories to read instead.
    """
    if error.code not in _NO_LIST:
        raise error
    message = f"{error} {error.cause}".strip()
    if entered:
        return not_needed(f"{message} The paths that were entered are read.")
    return warned(message, code=error.code, remedy=error.remedy)


def stages(
    registry: Registry, *, under: Sequence[str] = (), repositories: Sequence[str] = ()
) -> list[tuple[str, Step]]:
    """Return the stages protocol, sign-in, listing and content.

    `under` are the paths whose repositories are listed, none for all; `repositories` are names
    that the user entered, for a registry that shows no list.
    """
    look = _Look(registry, tuple(under) or ("",), tuple(repositories))
    return [
        ("protocol", look.protocol),
        ("sign-in", look.sign_in),
        ("listing", look.listing),
        ("content", look.content),
    ]


class _Look:
    """One look at a registry; each stage goes on with what the one before has found."""

    def __init__(
        self, registry: Registry, under: tuple[str, ...], repositories: tuple[str, ...]
    ) -> None:
        self._registry = registry
        self._under = under
        self._found = list(repositories)
        self._entered = len(repositories)

    def protocol(self) -> Outcome:
        registry = self._registry
        probe, host = registry.probe(), registry.address.origin.authority
        if probe.status == 403:
            raise NotAllowed(f"{host} does not allow reading {registry.address.api}.")
        if probe.status == 404 and not probe.speaks:
            raise NotFound(
                f"There is no OCI registry at {registry.address.api}.",
                cause="The server answers that there is nothing (404).",
                remedy="Check the endpoint. If the registry lies under a path, as with JFrog "
                "Artifactory, enter the whole path of its API.",
                code="no-registry",
            )
        if not probe.speaks:
            raise BadAnswer(
                f"{host} does not answer as an OCI registry does.",
                cause="It answers with a web page, or with something else.",
                remedy="Check the endpoint; a login page or a proxy may be in the way.",
                code="no-registry",
            )
        return f"{host} speaks the OCI distribution protocol."

    def sign_in(self) -> Outcome:
        registry, sign_in = self._registry, self._registry.sign_in
        host, credentials = registry.address.origin.authority, sign_in.credentials
        user = f"as {credentials.username}" if isinstance(credentials, Basic) else "with the token"
        offered = {challenge.scheme: challenge for challenge in registry.probe().challenges}
        if registry.probe().status != 401:
            if credentials is None:
                return not_needed("The registry did not ask for a login.")
            return passed(f"The registry did not ask for a login; requests are sent {user} anyway.")
        if (bearer := offered.get("bearer")) and not isinstance(credentials, Bearer):
            basic = credentials if isinstance(credentials, Basic) else None
            realm = read_realm(
                bearer, registry.address.origin, registry.http, signs_in=basic is not None
            )
            whose = realm.url.origin.authority
            if basic is None:
                return not_needed(f"Nobody is signed in; tokens come from {whose}.")
            fetch_token(registry.http, realm, "", basic, registry.limits)
            where = "" if whose == host else f" of {whose}"
            return f"The token server{where} accepts the sign-in {user}."
        registry.verify_sign_in()
        return f"The registry accepts the sign-in {user}."

    def listing(self) -> Outcome:
        counts = []
        try:
            for path in self._under:
                listed = self._registry.catalog(path, enough=ENOUGH)
                more = "at least " if len(listed) >= ENOUGH else ""
                where = f" under {path}" if path else ""
                counts.append(f"{more}{len(listed):,}{where}")
                self._found += listed.names
        except RegistryError as error:
            return without_list(error, entered=bool(self._entered))
        if not self._found:
            return warned(
                "There are no repositories"
                + (f" under {', '.join(self._under)}." if any(self._under) else "."),
                code="no-repositories",
                remedy="Check the path, and whether this account may see what is there.",
            )
        return f"Repositories: {', '.join(counts)}."

    def content(self) -> Outcome:
        """Read the tags and one manifest; what is wrong here does not stop synchronizing."""
        if not self._found:
            return not_needed("There is no repository to read.")
        name = self._found[0]
        try:
            tags = self._registry.tags(name)
            if not tags:
                return not_needed(f"{name} has no tags.")
            manifest = self._registry.manifest(name, tags.names[-1])
        except Cancelled:
            raise
        except RegistryError as error:
            message = f"{error} {error.cause}".strip()
            return warned(message, code=error.code, remedy=error.remedy)
        kind = "an index" if isinstance(manifest.document, Index) else "a manifest"
        tagged = "1 tag" if len(tags) == 1 else f"{len(tags):,} tags"
        return f"{name} has {tagged}; {manifest.reference} is {kind}."
