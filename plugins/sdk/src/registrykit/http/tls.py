"""TLS: contexts made from PEM texts, and in words why a handshake failed."""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registrykit.certificates import load_ca
from registrykit.errors import BadConfig, UntrustedTls
from registrykit.http.explain import clean
from registrykit.urls import Tls

_LARGEST_PEM = 1024 * 1024
_ADD_CA = "Add the CA certificate that signed the server's certificate to the registry."
_OWNER = "Ask the registry's owner to renew the certificate."

# Where distributions keep their CAs, for a Python that was built to look elsewhere.
_CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def client_context(tls: Tls, *, own: bool = True) -> ssl.SSLContext:
    """Return the context for a registry's own origins, or with `own=False` for other hosts.

    Other hosts are always verified, and never see the client certificate. Raises `BadConfig` for
    PEM texts that cannot be used.
    """
    if sys.platform == "linux":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _load_system_store(context)
    else:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if tls.ca_certificate.strip():
        load_ca(context, tls.ca_certificate)
    if own and (tls.client_certificate.strip() or tls.client_key.strip()):
        load_key_pair(context, tls.client_certificate, tls.client_key)
    if own and tls.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def looking_context() -> ssl.SSLContext:
    """Return a context that accepts every certificate, to look at one; never send data by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def load_key_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load a certificate with its key from PEM texts; the key reaches no disk where Linux can.

    Raises `BadConfig` if they cannot be used or do not belong together.
    """
    remedy = "Give the certificate and its own unencrypted key, both as PEM text."
    if not (certificate.strip() and (key.strip() or "PRIVATE KEY-----" in certificate)):
        raise BadConfig(
            "The client certificate and its key belong together, but one is missing.",
            remedy=remedy,
            code="bad-client-certificate",
        )
    if max(len(certificate), len(key)) > _LARGEST_PEM:
        raise BadConfig(
            "The client certificate is too large.", remedy=remedy, code="bad-client-certificate"
        )
    with _readable(f"{key.strip()}\n{certificate.strip()}\n") as path:
        try:
            context.load_cert_chain(path, password=_no_password)
        except (ssl.SSLError, ValueError, TypeError) as error:
            reason = getattr(error, "reason", None) or str(error)
            cause = {
                "KEY_VALUES_MISMATCH": "The key belongs to another certificate.",
                "PASSWORD": "The key is protected by a passphrase.",
            }.get(reason, "They are not valid PEM text.")
            raise BadConfig(
                "The client certificate and its key cannot be used.",
                cause=cause,
                remedy=remedy,
                code="bad-client-certificate",
            ) from None


def _no_password() -> str:
    # Without this, OpenSSL asks for the passphrase on the terminal.
    raise ValueError("PASSWORD")


@contextmanager
def _readable(text: str) -> Iterator[str]:
    """Give a path under which OpenSSL can read `text`, for the time of the block."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(text.encode())
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    descriptor, name = tempfile.mkstemp()  # 0600 from the first moment
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        yield name
    finally:
        with suppress(OSError):
            Path(name).unlink()


def _load_system_store(context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    if paths.cafile or (folder is not None and any(folder.glob("*.0"))):
        context.load_default_certs()
        return
    for file in _CA_FILES:
        if Path(file).is_file():
            context.load_verify_locations(cafile=file)
            return


# X509_V_ERR_* of OpenSSL, which Python hands on as `verify_code`.
_CERTIFICATES = {
    9: ("not-yet-valid", "not valid yet", "Check this computer's clock."),
    10: ("expired-certificate", "expired", _OWNER),
    18: ("self-signed", "self-signed", "If you trust it, add it as the registry's CA certificate."),
    23: ("revoked-certificate", "revoked", _OWNER),
    62: ("wrong-host", "made out to another host name", "Check the host name in the URL."),
    64: ("wrong-host", "made out to another address", "Use the name in the certificate."),
    66: ("weak-certificate", "too weak: its key is too short", _OWNER),
    67: ("weak-certificate", "too weak: its CA's key is too short", _OWNER),
    68: ("weak-certificate", "too weak: it is signed with an outdated method", _OWNER),
}


def untrusted(error: ssl.SSLCertVerificationError, host: str) -> UntrustedTls:
    """Say why the certificate of `host` is not accepted."""
    code, what, remedy = _CERTIFICATES.get(
        error.verify_code, ("untrusted-certificate", "not signed by a CA that is trusted", _ADD_CA)
    )
    reasons = {
        9: f"This computer's clock says {time.strftime('%Y-%m-%d %H:%M')}.",
        19: "The chain ends in a CA that this computer does not know; "
        "a company's proxy that opens encrypted connections looks the same.",
        20: "Its CA is not known, or the server sends an incomplete chain.",
        21: "Its CA is not known, or the server sends an incomplete chain.",
    }
    reason = reasons.get(error.verify_code, f"TLS says: {clean(str(error.verify_message))}.")
    return UntrustedTls(
        f"The certificate of {host} is {what}.", cause=reason, remedy=remedy, code=code
    )


def tls_failed(error: ssl.SSLError, host: str) -> UntrustedTls:
    """Say why TLS with `host` could not be agreed on."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return untrusted(error, host)
    if found := tls_alert(error, host):
        return found
    reason = error.reason or ""
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"):
        return UntrustedTls(
            f"{host} does not encrypt on this port.",
            cause="The URL begins with https://, but the answer is not TLS.",
            remedy="Check the port, or begin the URL with http:// if you accept that.",
            code="plain-http-on-https",
        )
    if reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        return UntrustedTls(
            f"{host} broke off while encryption was being agreed on.",
            cause="It may want a client certificate, or offer outdated encryption only.",
            remedy="Ask the registry's owner which of the two it is.",
            code="tls-failed",
        )
    if "PROTOCOL" in reason or "NO_CIPHER" in reason or reason == "NO_SHARED_CIPHER":
        return UntrustedTls(
            f"{host} offers only outdated encryption.",
            cause="TLS 1.2 or newer is needed.",
            remedy="Ask the registry's owner to switch on TLS 1.2 or newer.",
            code="old-tls",
        )
    if "TOO_SMALL" in reason or "MD_TOO_WEAK" in reason:
        return UntrustedTls(
            f"The certificate of {host} is too weak.",
            cause=f"TLS says: {clean(reason.replace('_', ' ').lower())}.",
            remedy=_OWNER,
            code="weak-certificate",
        )
    return UntrustedTls(
        f"No encrypted connection with {host} came about.",
        cause=f"TLS says: {clean(reason.replace('_', ' ').lower() or str(error))}.",
        remedy="Check the URL and the proxy.",
        code="tls-failed",
    )


def tls_alert(error: ssl.SSLError, host: str) -> UntrustedTls | None:
    """Return what an alert of the server means, if it is about the client's certificate."""
    reason = error.reason or ""
    if "ALERT" not in reason or not ("CERTIFICATE" in reason or reason.endswith("UNKNOWN_CA")):
        return None
    return UntrustedTls(
        f"{host} did not accept this computer's certificate.",
        cause="It wants a client certificate that it knows.",
        remedy="Add the client certificate and its key to the registry.",
        code="client-certificate",
    )
