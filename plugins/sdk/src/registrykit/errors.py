"""Errors, sorted by what the user can do about them.

Every error has three parts that people read: `str(error)` says what happened, `cause` why (as far
as known), `remedy` what to do. `code` is stable and meant for scripts.
"""

from __future__ import annotations

from typing import ClassVar


class RegistryError(Exception):
    """Base of every error that a person can act on."""

    default_code: ClassVar[str] = "error"
    default_remedy: ClassVar[str] = "Try again; if it happens again, look at the connection check."

    def __init__(
        self,
        message: str,
        *,
        cause: str = "",
        remedy: str = "",
        code: str = "",
        retry_after: float | None = None,
    ) -> None:
        """`retry_after` is in seconds, as asked for by the server."""
        super().__init__(message)
        self.cause = cause
        self.remedy = remedy or self.default_remedy
        self.code = code or self.default_code
        self.retry_after = retry_after


class SignInFailed(RegistryError):
    """The registry did not accept the user name, password or token."""

    default_code = "sign-in-failed"
    default_remedy = "Enter the user name and the password or token again."


class NotAllowed(RegistryError):
    """Signed in, but this account may not do it; or a host that the user has not approved."""

    default_code = "not-allowed"
    default_remedy = "Ask the registry's owner for read access."


class NotFound(RegistryError):
    """The registry answered that the address does not exist."""

    default_code = "not-found"
    default_remedy = "Check the URL."


class Unreachable(RegistryError):
    """No answer: name resolution, connection, time-out, or a connection that broke off."""

    default_code = "unreachable"
    default_remedy = "Check the URL, the network and the proxy, then try again."


class Throttled(RegistryError):
    """The registry asked to slow down (429) or is overloaded (503)."""

    default_code = "throttled"
    default_remedy = "Wait; the next synchronization is planned later."


class UntrustedTls(RegistryError):
    """The server's certificate cannot be trusted, or TLS could not be agreed on."""

    default_code = "untrusted-tls"
    default_remedy = "Add the CA certificate of the server to the registry."


class BadAnswer(RegistryError):
    """The registry answered with something that this type of registry does not send."""

    default_code = "bad-answer"
    default_remedy = "Check that the URL is that of a registry of this type."


class BadConfig(RegistryError):
    """What the user entered cannot work."""

    default_code = "bad-config"
    default_remedy = "Correct the value and try again."


class Offline(RegistryError):
    """The network was switched off by the user."""

    default_code = "offline"
    default_remedy = "Leave out --offline to use the network."


class Cancelled(RegistryError):
    """The user cancelled, or the program is ending."""

    default_code = "cancelled"
    default_remedy = "Start it again when you want to."


class PluginFault(RegistryError):
    """A plugin broke its contract; the message names the plugin and its version."""

    default_code = "plugin-fault"
    default_remedy = "Update the plugin, or report the fault to its author."


_BY_CODE: dict[str, type[RegistryError]] = {
    kind.default_code: kind
    for kind in (
        RegistryError,
        SignInFailed,
        NotAllowed,
        NotFound,
        Unreachable,
        Throttled,
        UntrustedTls,
        BadAnswer,
        BadConfig,
        Offline,
        Cancelled,
        PluginFault,
    )
}


def kind_of(error: RegistryError) -> str:
    """Return the code of the error's class, which survives a specific `code`."""
    return type(error).default_code


def rebuild(
    kind: str, code: str, message: str, cause: str, remedy: str, retry_after: float | None
) -> RegistryError:
    """Return the error that another process described; an unknown kind becomes the base class."""
    return _BY_CODE.get(kind, RegistryError)(
        message, cause=cause, remedy=remedy, code=code, retry_after=retry_after
    )
