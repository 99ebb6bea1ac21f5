"""The connection check of an OCI registry, as far as it does not matter what lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registrykit.checks import Outcome, Step, not_needed, passed, warned
from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError
from registrykit.oci.tokens import fetch_token, read_realm
from registrykit.urls import Basic, Bearer

if TYPE_CHECKING:
    from registrykit.oci.registry import Registry

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


def stages(registry: Registry) -> list[tuple[str, Step]]:
    """Return the stages protocol and sign-in; `oci.content` has those that follow."""
    look = _Look(registry)
    return [("protocol", look.protocol), ("sign-in", look.sign_in)]


class _Look:
    """One look at a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

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
