"""Where requests go, and what goes along: credentials never leave the registry's own origins."""

from __future__ import annotations

import itertools
import socket

import pytest

from registrykit.errors import BadAnswer, NotAllowed, RegistryError, SignInFailed
from registrykit.http import Basic, Bearer, Credentials, Http, Limits, Origin, Tls
from registrykit.testing import faults
from registrykit.testing.servers import Answer, Names, Request, Site
from registrykit.testing.tls import Authority

SECRET = Basic("ann", "hunter2")
QUICK = Limits(backoff=0.01, tries=1)


def client(site: Site, **settings: object) -> Http:
    return Http(origins=frozenset({site.origin}), limits=QUICK, **settings)  # type: ignore[arg-type]


def refusal(http: Http, url: str) -> RegistryError:
    with pytest.raises(RegistryError) as refused:
        http.get(url)
    assert refused.value.remedy
    return refused.value


def test_a_redirect_within_the_registry_keeps_the_sign_in() -> None:
    with Site({"/b": b"x"}, sign_in=SECRET) as site, client(site, credentials=SECRET) as http:
        for code in (301, 302, 303, 307, 308):
            site.spoil("/a", faults.redirect("b", code))
            response = http.get(site.url + "/a")
            assert (response.body, response.url) == (b"x", site.url + "/b")
        assert site.connections == 1


@pytest.mark.parametrize("credentials", [SECRET, Bearer("t0ken")])
def test_nothing_secret_follows_a_redirect_to_another_place(credentials: Credentials) -> None:
    with Site() as site, Site({"/b": b"x"}) as other:
        other_url = other.url.replace("127.0.0.1", "localhost")
        site.put("/a", Answer(302, b"", {"Location": other_url + "/b", "Set-Cookie": "s=1"}))
        with client(site, credentials=credentials, approved=frozenset({"localhost"})) as http:
            headers = {"X-Api-Key": "hunter2", "Authorization": "Bearer own"}
            for more in (None, headers):
                assert http.get(site.url + "/a", accept="text/yaml", headers=more).body == b"x"
            assert "authorization" in site.log[0].headers
            assert site.log[1].headers["authorization"] == "Bearer own"
            for asked in other.log:
                assert set(asked.headers) == {"host", "user-agent", "accept", "accept-encoding"}
                assert asked.headers["accept"] == "text/yaml"


def test_the_same_host_on_another_port_is_another_place() -> None:
    with Site() as site, Site({"/b": b"x"}, sign_in=SECRET) as other:
        site.put("/a", Answer(302, b"", {"Location": other.url + "/b"}))
        with client(site, credentials=SECRET) as http:
            error = refusal(http, site.url + "/a")
        assert isinstance(error, SignInFailed)
        assert error.code == "needs-sign-in"
        assert "not sent there" in error.cause
        assert "authorization" not in other.log[0].headers


def test_on_the_way_back_the_sign_in_is_there_again() -> None:
    with Site({"/c": b"x"}) as site, Site() as other:
        away = other.url.replace("127.0.0.1", "localhost")
        site.put("/a", Answer(302, b"", {"Location": away + "/b"}))
        other.put("/b", Answer(302, b"", {"Location": site.url + "/c"}))
        with client(site, credentials=SECRET, approved=frozenset({"localhost"})) as http:
            assert http.get(site.url + "/a").body == b"x"
        assert ["authorization" in asked.headers for asked in site.log] == [True, True]
        assert "authorization" not in other.log[0].headers


def test_a_place_that_nobody_approved_is_not_asked() -> None:
    with Site() as site, Site({"/b": b"x"}) as other:
        away = other.url.replace("127.0.0.1", "localhost")
        site.put("/a", Answer(302, b"", {"Location": away + "/b"}))
        with client(site, credentials=SECRET) as http:
            for url in (site.url + "/a", away + "/b"):
                error = refusal(http, url)
                assert isinstance(error, NotAllowed)
                assert error.code == "host-not-approved"
                assert f"localhost:{other.port}" in str(error)
        assert other.connections == 0
        with client(site, approved=frozenset({f"LOCALHOST:{other.port}"})) as http:
            assert http.get(site.url + "/a").body == b"x"
        with client(site, approved=frozenset({f"localhost:{other.port + 1}", "ocalhost"})) as http:
            assert refusal(http, site.url + "/a").code == "host-not-approved"


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[64:ff9b::169.254.169.254]",
    ],
)
def test_the_machines_own_surroundings_are_never_asked(host: str) -> None:
    calls: list[tuple[str, int]] = []

    def connect(name: str, port: int) -> socket.socket:
        calls.append((name, port))
        return socket.create_connection(("127.0.0.1", site.port))

    with Site({"/b": b"key"}) as site:
        site.put("/a", Answer(302, b"", {"Location": f"http://{host}/b"}))
        settings = {"anywhere": True, "approved": frozenset({host.strip("[]"), "169.254.169.254"})}
        with client(site, connect=connect, **settings) as http:
            error = refusal(http, site.url + "/a")
            assert isinstance(error, NotAllowed)
            assert error.code == "link-local-address"
            assert calls == [("127.0.0.1", site.port)]
        own = frozenset({Origin.of(f"http://{host}/")})
        with Http(origins=own, connect=connect) as http:  # the registry itself is there
            assert http.get(f"http://{host}/b").body == b"key"


def test_a_name_that_stands_for_such_an_address_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look_up(host: str, port: int, **_: object) -> list[object]:
        address = {"metadata.test": "169.254.169.254", "inside.test": "10.1.2.3"}[host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    approved = frozenset({"metadata.test"})
    with Site() as site, client(site, anywhere=True, approved=approved) as http:
        assert refusal(http, "http://metadata.test/").code == "link-local-address"
        for inside in ("inside.test", "localhost", "a.localhost", "10.0.0.1", "[::1]", "0.0.0.0"):
            assert refusal(http, f"http://{inside}/").code == "host-not-approved"


def test_every_public_host_is_asked_bare_where_that_is_wanted() -> None:
    with Site({"/b": b"x"}) as site:
        names = Names({"charts.test": site, "files.test": site})
        own = frozenset({Origin.of("http://charts.test")})
        with Http(origins=own, credentials=SECRET, anywhere=True, connect=names) as http:
            assert http.get("http://files.test/b").body == b"x"
            assert "authorization" not in site.log[0].headers
        with Http(origins=own, credentials=SECRET, connect=names) as http:
            assert refusal(http, "http://files.test/b").code == "host-not-approved"


def test_redirects_that_cannot_be_followed_are_told() -> None:
    locations = {
        "": "bad-redirect",
        "file:///etc/passwd": "bad-redirect",
        "gopher://x/": "bad-redirect",
        "http://u:p@127.0.0.1/": "bad-redirect",
        "http://127.0.0.1:99999/": "bad-redirect",
        "http://[::1%25lo]/": "bad-redirect",
        "/" + "a" * 4000: "bad-redirect",
        "/a": "too-many-redirects",
    }
    with Site() as site, client(site) as http:
        for location, code in locations.items():
            site.put("/a", Answer(302, b"", {"Location": location} if location else {}))
            error = refusal(http, site.url + "/a")
            assert isinstance(error, BadAnswer)
            assert error.code == code, location
        site.forget()
        for n in range(6):
            site.put(f"/{n}", Answer(302, b"", {"Location": f"/{n + 1}"}))
        site.put("/6", b"x")
        assert http.get(site.url + "/1").body == b"x"
        assert refusal(http, site.url + "/0").code == "too-many-redirects"


def test_an_encrypted_connection_is_never_left_for_an_open_one() -> None:
    authority = Authority()
    context = authority.issue("127.0.0.1").server_context()
    with Site(tls=context) as site, Site({"/a": b"x"}) as plain:
        site.spoil("/a", faults.downgrade(f"127.0.0.1:{plain.port}"))
        origins = frozenset({site.origin, plain.origin})
        with Http(origins=origins, credentials=SECRET, tls=Tls(authority.certificate)) as http:
            assert refusal(http, site.url + "/a").code == "redirect-to-http"
        assert plain.connections == 0


def test_from_an_open_connection_to_an_encrypted_one_the_sign_in_stays_behind() -> None:
    authority = Authority()
    context = authority.issue("127.0.0.1").server_context()
    with Site() as plain, Site({"/a": b"x"}, tls=context) as site:
        plain.put("/a", Answer(301, b"", {"Location": site.url + "/a"}))
        with client(plain, credentials=SECRET, tls=Tls(authority.certificate)) as http:
            assert http.get(plain.url + "/a").body == b"x"
        assert "authorization" not in site.log[0].headers


def test_validators_follow_to_where_the_file_really_is() -> None:
    with Site() as site, Site({"/b": b"x"}) as files:
        away = files.url.replace("127.0.0.1", "localhost")
        site.put("/a", Answer(302, b"", {"Location": away + "/b"}))
        with client(site, approved=frozenset({"localhost"})) as http:
            first = http.get(site.url + "/a")
            assert http.get(site.url + "/a", etag=first.etag).not_modified


def test_credentials_go_to_the_registry_alone_whatever_leads_elsewhere() -> None:
    """A matrix of schemes, hosts and ports; every place records what it is sent."""
    authority = Authority()
    names = ("registry.test", "files.test")
    context = authority.issue(*names).server_context()
    sites = {
        (scheme, host, port): Site({"/b": b"x"}, tls=context if scheme == "https" else None)
        for scheme, host, port in itertools.product(("http", "https"), names, (0, 8443))
    }

    def number(scheme: str, port: int) -> int:
        return port + (scheme == "http") if port else {"http": 80, "https": 443}[scheme]

    table = {f"{host}:{number(scheme, port)}": site for (scheme, host, port), site in sites.items()}
    urls = {key: str(Origin(key[0], key[1], number(key[0], key[2]))) for key in sites}
    checked = 0
    for site in sites.values():
        site.start()
    try:
        for home, target in itertools.permutations(sites, 2):
            redirect = Answer(307, b"", {"Location": urls[target] + "/b"})
            sites[home].put("/a", redirect)
            for site in sites.values():
                site.forget()
            own = frozenset({Origin.of(urls[home])})
            with Http(
                origins=own,
                credentials=SECRET,
                tls=Tls(authority.certificate),
                approved=frozenset(names),
                connect=Names(table),
                limits=QUICK,
            ) as http:
                if home[0] == "https" and target[0] == "http":
                    assert refusal(http, urls[home] + "/a").code == "redirect-to-http"
                else:
                    assert http.get(urls[home] + "/a").body == b"x"
                    assert sites[target].count("/b") == 1
                assert http.get(urls[target] + "/b").body == b"x"
            for key, site in sites.items():
                for asked in site.log:
                    assert ("authorization" in asked.headers) is (key == home)
                    checked += 1
    finally:
        for site in sites.values():
            site.stop()
    assert checked >= 56 * 2


def test_a_caller_cannot_send_a_token_elsewhere_by_accident() -> None:
    seen: list[Request] = []

    def remember(request: Request) -> bytes:
        seen.append(request)
        return b"x"

    with Site() as site, Site({"/b": remember}) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        with client(site, approved=frozenset({"localhost"})) as http:
            http.get(url + "/b", headers={"Authorization": "Bearer t0ken"})
        assert "authorization" not in seen[0].headers
