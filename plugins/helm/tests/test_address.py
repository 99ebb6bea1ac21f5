from __future__ import annotations

import pytest

from registrykit.errors import BadConfig
from registrykit_helm import address


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://charts.example.com", "https://charts.example.com"),
        ("https://charts.example.com/", "https://charts.example.com"),
        ("  HTTPS://Charts.Example.com:443/Stable//  ", "https://charts.example.com/Stable"),
        ("http://charts.example.com:80/a/index.yaml", "http://charts.example.com/a"),
        ("http://charts.example.com:8080/index.yaml/", "http://charts.example.com:8080"),
        ("https://charts.example.com/a/index.yaml?team=x", "https://charts.example.com/a?team=x"),
        ("https://charts.example.com/my-index.yaml", "https://charts.example.com/my-index.yaml"),
        ("charts.example.com/stable", "https://charts.example.com/stable"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC"),
        ("http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080"),
        ("not a url", "not a url"),
        ("oci://ghcr.io/acme", "oci://ghcr.io/acme"),
    ],
)
def test_an_endpoint_has_one_spelling(typed: str, shown: str) -> None:
    assert address.normal(typed) == shown
    assert address.normal(shown) == shown


@pytest.mark.parametrize(
    ("endpoint", "index"),
    [
        ("https://example.com", "https://example.com/index.yaml"),
        ("https://example.com/charts/", "https://example.com/charts/index.yaml"),
        ("https://example.com/charts/index.yaml", "https://example.com/charts/index.yaml"),
        ("https://example.com/charts?team=x", "https://example.com/charts/index.yaml?team=x"),
        ("https://example.com/?team=x&a=%2F", "https://example.com/index.yaml?team=x&a=%2F"),
    ],
)
def test_the_index_lies_below_the_endpoint_and_keeps_its_query(endpoint: str, index: str) -> None:
    assert address.index_url(endpoint) == index


def test_no_url_has_no_index() -> None:
    with pytest.raises(BadConfig):
        address.index_url("file:///etc")


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("a-1.0.0.tgz", "https://example.com/charts/a-1.0.0.tgz?team=x"),
        ("sub/a-1.0.0.tgz", "https://example.com/charts/sub/a-1.0.0.tgz?team=x"),
        ("/root/a-1.0.0.tgz", "https://example.com/root/a-1.0.0.tgz?team=x"),
        ("../a-1.0.0.tgz", "https://example.com/a-1.0.0.tgz?team=x"),
        ("a b+c.tgz", "https://example.com/charts/a%20b+c.tgz?team=x"),
        ("https://example.com/b.tgz", "https://example.com/b.tgz"),
        ("https://cdn.example.net/b.tgz?sig=1", "https://cdn.example.net/b.tgz?sig=1"),
        ("//cdn.example.net/b.tgz", "https://cdn.example.net/b.tgz"),
    ],
)
def test_archives_are_found_as_helm_finds_them(reference: str, found: str) -> None:
    assert str(address.chart_url("https://example.com/charts?team=x", reference)) == found


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "  ",
        "oci://ghcr.io/acme/a:1.0.0",
        "file:///etc/passwd",
        "ftp://example.com/a.tgz",
        "javascript:alert(1)",
        "https://user:secret@example.com/a.tgz",
        "https://",
        "https://example.com:99999/a.tgz",
        "a.tgz\r\nHost: evil.example",
        "a" * 5000,
    ],
)
def test_what_is_not_on_a_web_server_has_no_url(reference: str) -> None:
    assert address.chart_url("https://example.com/charts", reference) is None


@pytest.mark.parametrize(
    "typed",
    ["https://charts.example.com", "charts.example.com", "http://10.0.0.1:8080/a?sort_key=name"],
)
def test_usable_endpoints_have_no_trouble(typed: str) -> None:
    assert list(address.troubles(typed)) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("https://example.com/a b", "a space"),
        ("https://exam\nple.com/", "a line break"),
        ("https://example.com/" + "a" * 10_000, "longer than"),
        ("oci://ghcr.io/acme", "OCI registry"),
        ("docker://ghcr.io/acme", "https:// or http://"),
        ("file:///srv/charts", "https:// or http://"),
        ("ftp://example.com", "https:// or http://"),
        ("javascript:alert(1)", "https:// or http://"),
        ("data:text/yaml,a", "https:// or http://"),
        ("https://robot:secret@example.com", "user name or password"),
        ("https://example.com:0", "port 0"),
        ("https://example.com:65536", "port 65536"),
        ("https://example.com:0080", "port 0080"),
        ("https://[fe80::1%25eth0]/", "network interface"),
        ("https://%68ost/", "host name"),
        ("https://", "host name"),
        ("http://169.254.169.254/latest", "not that of a registry"),
        ("http://[fe80::1]/", "not that of a registry"),
        ("http://0.0.0.0/", "not that of a registry"),
        ("https://example.com/?token=abc", "secret: token"),
        ("https://example.com/?a=1&apiKey=abc", "secret: apiKey"),
        ("https://example.com/?X-Amz-Signature=abc", "secret: X-Amz-Signature"),
        ("https://example.com/#charts", "#"),
    ],
)
def test_unusable_endpoints_say_what_is_wrong_and_what_to_do(typed: str, said: str) -> None:
    message, remedy = next(iter(address.troubles(typed)))
    assert said in message
    assert remedy
    assert "secret@" not in message + remedy
    assert "abc" not in message + remedy


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("https://example.com/x/index.yaml", "https://acme.github.io/x"),
        ("https://acme.github.io/x", "https://example.com/x"),
        ("https://charts.example.com", "https://example.com"),
        ("https://example.com", "https://ghcr.io/acme"),
        ("https://example.com", "https://example.com/v2/"),
        ("https://ghcr.io/acme", "oci://ghcr.io/acme"),
    ],
)
def test_a_guess_goes_by_the_look_of_the_url(better: str, worse: str) -> None:
    assert 1.0 >= address.likelihood(better) > address.likelihood(worse) >= 0.0


def test_what_cannot_be_a_repository_is_not_guessed_to_be_one() -> None:
    assert address.likelihood("file:///srv/charts") == 0.0
    assert address.likelihood("") == 0.0
