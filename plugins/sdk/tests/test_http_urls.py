"""URLs: one spelling for one place, and nothing that could be read in two ways."""

from __future__ import annotations

import subprocess
import sys

import pytest

from registrykit.errors import BadAnswer, BadConfig
from registrykit.http import Basic, Bearer, Http, Origin, Tls, beneath, join, normalize
from registrykit.urls import address_of, is_link_local, is_public, parse, split_login


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("https://Charts.Example.COM/a", "https://charts.example.com/a"),
        ("https://charts.example.com:443", "https://charts.example.com/"),
        ("http://charts.example.com:80/x?y=1#z", "http://charts.example.com/x?y=1"),
        ("HTTP://charts.example.com:8080/", "http://charts.example.com:8080/"),
        ("https://charts.example.com./a", "https://charts.example.com/a"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://charts.example.com/a/../b/./c", "https://charts.example.com/b/c"),
        ("https://charts.example.com/../../x/..", "https://charts.example.com/"),
        ("http://[::1]:5000/v2", "http://[::1]:5000/v2"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://0251.0376.0251.0376/", "http://169.254.169.254/"),
        ("https://charts.example.com/a%zz", "https://charts.example.com/a%25zz"),
        ('https://charts.example.com/a"<b>', "https://charts.example.com/a%22%3Cb%3E"),
        ("https://my_registry.internal/", "https://my_registry.internal/"),
    ],
)
def test_every_spelling_of_a_place_becomes_one(text: str, spelling: str) -> None:
    assert str(parse(text)) == spelling
    assert str(parse(spelling)) == spelling


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-url"),
        ("   ", "bad-url"),
        ("https://a b.example/", "bad-url"),
        ("https://charts.example.com/a\nb", "bad-url"),
        ("https://charts.example.com/\x00", "bad-url"),
        ("https://charts.example.com\\@evil.example/", "bad-url"),
        ("https://charts.example.com/" + "a" * 2048, "bad-url"),
        ("ftp://charts.example.com/", "url-scheme"),
        ("file:///etc/passwd", "url-scheme"),
        ("javascript:alert(1)", "url-scheme"),
        ("charts.example.com", "url-scheme"),
        ("https://user:secret@charts.example.com/", "url-userinfo"),
        ("https://charts.example.com@evil.example/", "url-userinfo"),
        ("https://charts.example.com:0/", "url-port"),
        ("https://charts.example.com:65536/", "url-port"),
        ("https://charts.example.com:0080/", "url-port"),
        ("https://charts.example.com:x/", "url-port"),
        ("http://[fe80::1%25eth0]/", "url-host"),
        ("http://[::g]/", "url-host"),
        ("http://%68ost/", "url-host"),
        ("http://1.2.3.4.5/", "url-host"),
        ("http://256.1.1.1/", "url-host"),
        ("http://a..b/", "url-host"),
        ("http:///path", "url-host"),
        ("http://" + "a" * 64 + ".example/", "url-host"),
    ],
)
def test_what_cannot_be_a_registry_is_refused_with_a_remedy(text: str, code: str) -> None:
    with pytest.raises(BadConfig) as refused:
        parse(text)
    assert refused.value.code == code
    assert refused.value.remedy
    assert "secret" not in str(refused.value) + refused.value.cause


@pytest.mark.parametrize(
    ("typed", "spelling"),
    [
        ("charts.example.com/stable", "https://charts.example.com/stable"),
        (" https://charts.example.com/stable ", "https://charts.example.com/stable"),
        ("localhost:8080", "https://localhost:8080/"),
    ],
)
def test_what_people_type_gets_a_scheme(typed: str, spelling: str) -> None:
    assert normalize(typed) == spelling


@pytest.mark.parametrize("typed", ["http//a.example", "https:/a.example", "HTTPS;//a.example"])
def test_a_scheme_with_a_slip_is_no_host(typed: str) -> None:
    with pytest.raises(BadConfig) as caught:
        normalize(typed)
    assert caught.value.code == "url-scheme"


def test_references_are_resolved_as_helm_does() -> None:
    assert beneath("https://h.example/charts", "a-1.tgz") == "https://h.example/charts/a-1.tgz"
    assert beneath("https://h.example/c/?t=1", "a.tgz") == "https://h.example/c/a.tgz?t=1"
    assert beneath("https://h.example/c?t=1", "https://o.example/a") == "https://o.example/a"
    assert beneath("https://h.example/c", "/a.tgz") == "https://h.example/a.tgz"
    assert join("https://h.example/a/b", "../c d.tgz") == "https://h.example/c%20d.tgz"
    assert join("https://h.example/a", "//o.example/c") == "https://o.example/c"


@pytest.mark.parametrize(
    "reference", ["file:///etc/passwd", "https://u:p@h/", "a\r\nb", "a" * 3000]
)
def test_a_link_that_cannot_be_used_is_the_registrys_fault(reference: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        join("https://h.example/", reference)
    assert refused.value.remedy


def test_an_origin_is_compared_exactly() -> None:
    assert Origin.of("https://H.example") == Origin("https", "h.example", 443)
    assert Origin.of("https://h.example:8443") != Origin.of("https://h.example")
    assert str(Origin.of("http://[::1]:81/x")) == "http://[::1]:81"
    assert Origin.of("https://h.example").authority == "h.example"


@pytest.mark.parametrize(
    "host",
    "169.254.169.254 fe80::1 fd00:ec2::254 100.100.100.200 ::ffff:169.254.169.254 "
    "64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1".split(),
)
def test_addresses_of_the_machines_surroundings_are_known_in_every_form(host: str) -> None:
    address = address_of(host)
    assert address is not None
    assert is_link_local(address)
    assert not is_public(address)


def test_public_addresses_are_told_from_private_ones() -> None:
    public = {"9.9.9.9": True, "10.0.0.1": False, "127.0.0.1": False, "224.0.0.1": False}
    for host, expected in public.items():
        address = address_of(host)
        assert address is not None
        assert is_public(address) is expected


def test_secrets_are_not_shown() -> None:
    shown = repr([Basic("ann", "hunter2"), Bearer("hunter2"), Tls(client_key="hunter2")])
    assert "hunter2" not in shown
    assert "ann" in shown


@pytest.mark.parametrize(
    "credentials", [Basic("a:b", "c"), Basic("a", "b\nc"), Bearer("a b"), Bearer("a\n"), Bearer("")]
)
def test_credentials_that_cannot_be_sent_are_refused_at_once(credentials: Basic | Bearer) -> None:
    with pytest.raises(BadConfig) as refused:
        Http(credentials=credentials)
    assert refused.value.code == "bad-credentials"


def test_the_values_are_there_without_an_http_library() -> None:
    code = (
        "import sys, importlib.util, pathlib; import registrykit.urls, registrykit.proxies;"
        "print('urllib3' in sys.modules or 'requests' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://ada:pa%20ss@host/charts", ("https://host/charts", "ada", "pa ss")),
        (" HTTP://ada:p:w@host:81/ ", ("HTTP://host:81/", "ada", "p:w")),
        ("https://token@host/charts", None),
        ("https://:secret@host/charts", None),
        ("https://host/a:b@c", None),
        ("https://ada:one@two@host/", None),
        ("ada:secret@host", None),
    ],
)
def test_a_login_is_split_off_only_where_it_is_certain(
    url: str, found: tuple[str, str, str] | None
) -> None:
    assert split_login(url) == found
