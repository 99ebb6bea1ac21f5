"""Which hosts a request may go to, and to which of them credentials go along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registrykit.errors import NotAllowed
from registrykit.urls import Address, Origin, address_of, is_link_local, is_public


@dataclass(frozen=True)
class Reach:
    """The registry's own origins, hosts that the user approved, and whether others are allowed.

    Names are compared whole, never by their ending. `approved` holds `host` or `host:port`.
    """

    origins: frozenset[Origin]
    approved: frozenset[str] = frozenset()
    anywhere: bool = False

    def permit(self, origin: Origin, *, anywhere: bool = False) -> bool:
        """Say whether credentials go to `origin`; raise `NotAllowed` if nothing may go there.

        `anywhere` allows every public host this once.
        """
        if origin in self.origins:
            return True
        anywhere = anywhere or self.anywhere
        address = address_of(origin.host)
        if address is not None and is_link_local(address):
            raise _link_local(origin)
        public = is_public(address) if address else not _is_this_computer(origin.host)
        if self._is_named(origin) or (anywhere and public):
            return False
        raise not_approved(origin, private=anywhere)

    def trusts(self, origin: Origin) -> bool:
        """Say whether a sign-in may be sent to `origin`: it is own, or the user approved it."""
        return (
            origin in self.origins
            or origin.host in self.approved
            or origin.authority in self.approved
        )

    def vet(self, origin: Origin, addresses: Iterable[Address]) -> None:
        """Raise `NotAllowed` if what the name of `origin` stands for is out of bounds."""
        if origin in self.origins:
            return
        for address in addresses:
            if is_link_local(address):
                raise _link_local(origin)
            if not self._is_named(origin) and not is_public(address):
                raise not_approved(origin, private=True)

    def _is_named(self, origin: Origin) -> bool:
        return self.trusts(origin) or any(origin.host == own.host for own in self.origins)


def _is_this_computer(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def not_approved(origin: Origin, *, private: bool = False) -> NotAllowed:
    """Return the error for a host that is neither own nor approved."""
    cause = (
        "It lies inside your network, which only approved hosts may."
        if private
        else "Links and redirects are followed to the registry itself and to approved hosts only."
    )
    return NotAllowed(
        f"The registry points to {origin.authority}, which is not approved.",
        cause=cause,
        remedy=f"If you trust {origin.host}, approve it for this registry.",
        code="host-not-approved",
    )


def _link_local(origin: Origin) -> NotAllowed:
    return NotAllowed(
        f"The registry points to {origin.authority}, which is never followed.",
        cause="Addresses of this kind belong to the machine's own surroundings: "
        "cloud machines give out their keys there.",
        remedy="Tell the registry's owner.",
        code="link-local-address",
    )
