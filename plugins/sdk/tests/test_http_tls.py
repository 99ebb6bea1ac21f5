"""TLS: who is trusted, and what is said of a certificate that is not."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registrykit import certificates
from registrykit.cancel import CancelToken
from registrykit.errors import BadConfig, Cancelled, RegistryError, UntrustedTls
from registrykit.http import Http, Limits, Origin, Tls
from registrykit.http.tls import client_context
from registrykit.testing import faults
from registrykit.testing.servers import Answer, Names, Site
from registrykit.testing.tls import Authority, KeyPair, self_signed

URL = "https://registry.test/a"
OWN = frozenset({Origin.of(URL)})


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@contextmanager
def served(pair: KeyPair, tls: Tls, **settings: object) -> Iterator[Http]:
    with (
        Site({"/a": b"x"}, tls=pair.server_context()) as site,
        Http(
            origins=OWN,
            tls=tls,
            connect=Names({"registry.test": site}),
            limits=Limits(tries=1),
            **settings,  # type: ignore[arg-type]
        ) as http,
    ):
        yield http


def refusal(http: Http, url: str = URL) -> RegistryError:
    with pytest.raises(RegistryError) as refused:
        http.get(url)
    return refused.value


def test_a_certificate_of_the_registrys_own_ca_is_trusted(authority: Authority) -> None:
    with served(authority.issue("registry.test"), Tls(authority.certificate)) as http:
        assert http.get(URL).body == b"x"


def test_each_fault_of_a_certificate_has_its_own_words(authority: Authority) -> None:
    trusting = Tls(authority.certificate)
    cases = [
        (authority.issue("registry.test"), Tls(), "untrusted-certificate"),
        (authority.issue("other.test"), trusting, "wrong-host"),
        (authority.expired("registry.test"), trusting, "expired-certificate"),
        (authority.not_yet_valid("registry.test"), trusting, "not-yet-valid"),
        (self_signed("registry.test"), trusting, "self-signed"),
    ]
    texts = set()
    for pair, tls, code in cases:
        with served(pair, tls) as http:
            error = refusal(http)
            assert isinstance(error, UntrustedTls)
            assert error.code == code
            assert "registry.test" in str(error)
            assert error.cause
            texts.add(str(error))
            if code == "not-yet-valid":
                assert f"{datetime.now():%Y-%m-%d}" in error.cause
    assert len(texts) == len(cases)


def test_a_server_that_leaves_out_the_middle_of_its_chain_is_told(authority: Authority) -> None:
    middle = authority.below()
    pair = middle.issue("registry.test")
    leaf = KeyPair(pair.certificate.split("-----END CERTIFICATE-----")[0], pair.key)
    leaf = KeyPair(leaf.certificate + "-----END CERTIFICATE-----\n", pair.key)
    with served(pair, Tls(authority.certificate)) as http:
        assert http.get(URL).body == b"x"
    with served(leaf, Tls(authority.certificate)) as http:
        assert "incomplete chain" in refusal(http).cause
    with served(leaf, Tls(middle.certificate)) as http:  # the middle itself is enough
        assert http.get(URL).body == b"x"


def test_a_self_signed_certificate_that_was_added_is_trusted() -> None:
    pair = self_signed("registry.test")
    with served(pair, Tls(pair.certificate)) as http:
        assert http.get(URL).body == b"x"


def test_without_verification_everything_is_accepted_from_the_registry_alone(
    authority: Authority,
) -> None:
    pair = self_signed("registry.test").server_context()
    with Site({"/a": b"x"}, tls=pair) as site, Site({"/b": b"x"}, tls=pair) as other:
        site.put("/r", Answer(302, b"", {"Location": "https://other.test/b"}))
        with Http(
            origins=OWN,
            tls=Tls(skip_verify=True),
            approved=frozenset({"other.test"}),
            connect=Names({"registry.test": site, "other.test": other}),
        ) as http:
            assert http.get(URL).body == b"x"
            assert refusal(http, "https://registry.test/r").code == "self-signed"
        assert other.count() == 0


def test_a_client_certificate_is_shown_to_the_registry_alone(authority: Authority) -> None:
    clients = Authority()
    server = authority.issue("registry.test", "other.test")
    mine = clients.issue("me.test")
    strict = server.server_context(client_ca=clients.certificate)
    with Site({"/a": b"x"}, tls=strict) as site, Site({"/a": b"x"}, tls=strict) as other:
        for tls, expected in (
            (Tls(authority.certificate, mine.certificate, mine.key), None),
            (Tls(authority.certificate), "client-certificate"),
        ):
            with Http(
                origins=OWN,
                tls=tls,
                approved=frozenset({"other.test"}),
                connect=Names({"registry.test": site, "other.test": other}),
                limits=Limits(backoff=0.01, tries=10),
            ) as http:
                if expected is None:
                    assert http.get(URL).body == b"x"
                else:
                    assert refusal(http).code == expected
                assert refusal(http, "https://other.test/a").code == "client-certificate"


def test_pem_texts_that_cannot_be_used_are_refused_before_anything_is_asked(
    authority: Authority,
) -> None:
    pair, other = authority.issue("a.test"), authority.issue("b.test")
    broken = authority.certificate.replace("M", "N")
    cases = {
        "bad-ca-certificate": [
            Tls(pair.key),
            Tls("<html>"),
            Tls(broken),
            Tls("-----BEGIN CERTIFICATE-----\n" + "A" * 2_000_000),
        ],
        "bad-client-certificate": [
            Tls(client_certificate=pair.certificate),
            Tls(client_key=pair.key),
            Tls(client_certificate=pair.certificate, client_key=other.key),
            Tls(client_certificate="nonsense", client_key="nonsense"),
            Tls(client_certificate=pair.certificate, client_key=encrypted(pair.key)),
        ],
    }
    for code, settings in cases.items():
        for tls in settings:
            with pytest.raises(BadConfig) as refused:
                client_context(tls)
            assert refused.value.code == code
            assert refused.value.cause or "one is missing" in str(refused.value)
            assert "PRIVATE KEY" not in f"{refused.value}{refused.value.cause}"


def encrypted(key: str) -> str:
    from cryptography.hazmat.primitives import serialization

    loaded = serialization.load_pem_private_key(key.encode(), None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    ).decode()


def test_a_private_key_leaves_no_file(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = authority.issue("me.test")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client_context(Tls("", pair.certificate, pair.key))
    monkeypatch.delattr("os.memfd_create", raising=False)
    client_context(Tls("", pair.certificate, pair.key))
    assert list(tmp_path.iterdir()) == []


def test_the_systems_store_is_used_and_old_versions_are_not() -> None:
    context = client_context(Tls())
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    unverified = client_context(Tls(skip_verify=True))
    assert unverified.verify_mode is ssl.CERT_NONE
    assert client_context(Tls(skip_verify=True), own=False).verify_mode is ssl.CERT_REQUIRED


@contextmanager
def speaking(reply: bytes, *, wait: float = 0) -> Iterator[Names]:
    """Serve raw bytes on a port, whatever is asked."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while not done.is_set():
                with suppress(OSError), listener.accept()[0] as sock:
                    if done.is_set():
                        return
                    sock.recv(4096)
                    sock.sendall(reply)
                    done.wait(wait)

        thread = threading.Thread(target=serve)
        thread.start()
        site = Site()
        site._listener = listener
        try:
            yield Names({"registry.test": site})
        finally:
            done.set()
            with socket.socket() as waker:
                waker.connect(listener.getsockname())
            thread.join()


def test_a_port_without_encryption_is_recognized() -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with speaking(answer) as names, Http(origins=OWN, connect=names) as http:
        assert refusal(http).code == "plain-http-on-https"


def test_a_handshake_that_breaks_off_or_stalls_ends_in_time() -> None:
    token = CancelToken()
    with speaking(b"") as names, Http(origins=OWN, connect=names, limits=Limits(tries=1)) as http:
        error = refusal(http)
        assert error.code == "broken-off"
        assert "encryption" in error.cause
    with (
        speaking(b"", wait=30) as names,
        Http(origins=OWN, connect=names, limits=Limits(connect=0.3), cancel=token) as http,
    ):
        began = time.monotonic()
        assert refusal(http).code == "timeout"
        assert time.monotonic() - began < 0.6
    with speaking(b"", wait=30) as names, Http(origins=OWN, connect=names, cancel=token) as http:
        threading.Timer(0.1, token.cancel).start()
        began = time.monotonic()
        assert isinstance(refusal(http), Cancelled)
        assert time.monotonic() - began < 0.5


def test_cancelling_ends_a_blocked_read_over_tls(authority: Authority) -> None:
    token = CancelToken()
    context = authority.issue("registry.test").server_context()
    with Site({"/a": b"x" * 1000}, tls=context, packs=False) as site:
        site.spoil("/a", faults.stall(20, at=100))
        with Http(
            origins=OWN,
            tls=Tls(authority.certificate),
            connect=Names({"registry.test": site}),
            cancel=token,
        ) as http:
            threading.Timer(0.3, token.cancel).start()
            began = time.monotonic()
            assert isinstance(refusal(http), Cancelled)
            assert time.monotonic() - began < 0.8


def test_only_outdated_encryption_is_told(authority: Authority) -> None:
    pair = authority.issue("registry.test")
    context = pair.server_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with (
        Site({"/a": b"x"}, tls=context) as site,
        Http(
            origins=OWN, tls=Tls(authority.certificate), connect=Names({"registry.test": site})
        ) as http,
    ):
        http.dialer.context_for(Origin.of(URL)).maximum_version = ssl.TLSVersion.TLSv1_2
        assert refusal(http).code == "old-tls"


def test_a_certificate_is_read_for_people(authority: Authority) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=40)
    pair = authority.issue("registry.test", "www.registry.test", not_after=ends)
    found = certificates.presented(pair.certificate)
    assert found is not None
    assert found.names == ("registry.test", "www.registry.test")
    assert found.not_after == ends
    assert found.days_left(datetime.now(UTC)) == 39
    assert not found.self_signed
    assert found.described().startswith(
        f"Certificate for registry.test, www.registry.test, signed by {found.issuer}, valid"
    )
    own = certificates.presented(self_signed("self.test").certificate)
    assert own is not None
    assert own.described().startswith("Certificate for self.test, signed by itself, valid until 2")
    assert own.sha256 != found.sha256


def test_a_fingerprint_is_spelled_as_other_tools_spell_it(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    pem = self_signed("self.test").certificate
    found = certificates.presented(f"some words before\n{pem}\nand after\n{pem}")
    assert found is not None
    expected = x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256())
    assert found.sha256.split(":") == [f"{byte:02X}" for byte in expected]


def test_bytes_that_are_no_certificate_are_not_read() -> None:
    pem = self_signed("self.test").certificate
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert certificates.read(b"") is None
    assert certificates.read(b"\x30\x84\xff\xff\xff\xff") is None
    for at in range(0, len(der), 7):
        certificates.read(der[:at])
        certificates.read(der[:at] + b"\xff" + der[at + 1 :])
    for text in ("", "hello", pem.replace("END", "OOPS"), pem[:40] + "\u20ac" + pem[41:]):
        assert certificates.presented(text) is None


def test_a_fixed_pair_is_read_from_files(authority: Authority, tmp_path: Path) -> None:
    pair = authority.issue("registry.test")
    (tmp_path / "cert.pem").write_text(pair.certificate)
    (tmp_path / "key.pem").write_text(pair.key)
    assert KeyPair.load(tmp_path / "cert.pem", tmp_path / "key.pem") == pair
    assert pair.key not in repr(pair)
    with Site({"/a": b"x"}, tls=(tmp_path / "cert.pem", tmp_path / "key.pem")) as site:
        names = Names({"registry.test": site})
        with Http(origins=OWN, tls=Tls(authority.certificate), connect=names) as http:
            assert http.get(URL).body == b"x"
