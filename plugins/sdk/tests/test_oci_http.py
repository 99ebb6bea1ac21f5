"""What the OCI client needs of HTTP: expected statuses, HEAD, POST, a sign-in for each request."""

from __future__ import annotations

import pytest

from registrykit.errors import BadAnswer, NotAllowed, RegistryError, SignInFailed
from registrykit.http import Basic, Http, Limits, Origin
from registrykit.testing import faults
from registrykit.testing.servers import Answer, Names, Request, Site

SECRET = Basic("ann", "hunter2")
OWN = "Basic YW5uOmh1bnRlcjI="
QUICK = Limits(backoff=0.01, tries=1)
FORM = "application/x-www-form-urlencoded"


def client(site: Site, **settings: object) -> Http:
    return Http(origins=frozenset({site.origin}), limits=QUICK, **settings)  # type: ignore[arg-type]


def test_an_expected_status_is_an_answer() -> None:
    challenge = 'Bearer realm="https://a.test/token"'
    body = b'{"errors":[{"code":"UNAUTHORIZED","message":"please sign in"}]}'
    headers = {"WWW-Authenticate": challenge, "Content-Type": "application/json"}
    with Site({"/a": Answer(401, body, headers)}) as site, client(site) as http:
        answer = http.get(site.url + "/a", expect=(401,))
        assert (answer.status, answer.body) == (401, body)
        assert answer.headers["www-authenticate"] == challenge
        error = http.refusal(answer, signed_in=False)
        assert isinstance(error, SignInFailed)
        assert "please sign in" in error.cause
        with pytest.raises(SignInFailed):
            http.get(site.url + "/a", expect=(403, 404))
        assert site.connections == 1


def test_of_an_expected_error_only_so_much_is_read() -> None:
    with Site({"/a": b"x"}) as site, client(site) as http:
        site.spoil("/a", faults.status(404, b"x" * 1_000_000))
        assert http.get(site.url + "/a", expect=(404,)).body == b""
        assert http.get(site.url + "/a", expect=(404,)).status == 404


def test_head_reads_no_body() -> None:
    with Site({"/a": b"x" * 1000, "/b": b"y"}) as site, client(site) as http:
        answer = http.head(site.url + "/a", accept="text/plain")
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["content-length"] == "1000"
        assert http.get(site.url + "/b").body == b"y"
        assert site.log[0].method == "HEAD"
        assert site.log[0].headers["accept"] == "text/plain"
        assert site.connections == 1
        site.spoil("/a", faults.redirect("/b"))
        assert http.head(site.url + "/a").headers["content-length"] == "1"
        assert [one.method for one in site.log[2:]] == ["HEAD", "HEAD"]


def test_a_server_that_sends_a_body_all_the_same_confuses_nobody() -> None:
    with Site({"/b": b"y"}) as site, client(site) as http:
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        site.spoil("/a", faults.raw(raw, end=None))
        assert http.head(site.url + "/a").body == b""
        assert http.get(site.url + "/b").body == b"y"
        assert site.connections == 2


class Echo(Site):
    """Answers with what was sent."""

    def _find(self, request: Request) -> Answer:
        return Answer(body=request.method.encode() + b" " + request.body)


def test_post_sends_a_body() -> None:
    with Echo() as site, client(site, credentials=SECRET) as http:
        answer = http.post(site.url + "/q", b"a=1&b=2", content_type=FORM, headers={"X-Own": "1"})
        assert answer.body == b"POST a=1&b=2"
        sent = site.log[0].headers
        assert (sent["content-type"], sent["content-length"]) == (FORM, "7")
        assert (sent["authorization"], sent["x-own"]) == (OWN, "1")
        assert http.post(site.url + "/q", b"", content_type=FORM).body == b"POST "
        with pytest.raises(ValueError, match="content-length"):
            http.post(site.url, b"", content_type=FORM, headers={"Content-Length": "3"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_ht_18_a_post_is_carried_nowhere_else(status: int) -> None:
    with Site({"/b": b"x"}) as site, client(site, credentials=SECRET) as http:
        site.spoil("/a", faults.redirect("/b", status))
        with pytest.raises(BadAnswer) as refused:
            http.post(site.url + "/a", b"password=hunter2", content_type=FORM)
        assert refused.value.code == "post-redirected"
        assert site.count("/b") == 0


def test_secrets_in_a_body_are_hidden() -> None:
    body = b'{"message":"no such user with s3cret%20pass"}'
    answer = Answer(400, body, {"Content-Type": "application/json"})
    with Site() as site, client(site) as http:
        site.spoil("/a", lambda _, request: answer)
        with pytest.raises(BadAnswer) as refused:
            http.post(site.url + "/a", b"x", content_type=FORM, hidden=["s3cret pass"])
        assert "s3cret" not in refused.value.cause


def test_a_request_can_bring_its_own_sign_in_or_none() -> None:
    with Site({"/a": b"x"}) as site, client(site, credentials=SECRET) as http:
        http.get(site.url + "/a")
        http.get(site.url + "/a", authorization="")
        http.get(site.url + "/a", authorization="Bearer t0ken")
        http.head(site.url + "/a", authorization="Bearer t0ken")
        with http.stream(site.url + "/a", authorization="") as download:
            assert b"".join(download) == b"x"
        sent = [one.headers.get("authorization") for one in site.log]
        assert sent == [OWN, None, "Bearer t0ken", "Bearer t0ken", None]


def test_a_sign_in_goes_to_own_and_approved_places_only() -> None:
    with Site() as site, Site({"/t": b"x"}) as other:
        url = other.url.replace("127.0.0.1", "localhost")
        for approved, same_host in ((frozenset[str](), url), (frozenset[str](), other.url)):
            with client(site, approved=approved) as http:
                with pytest.raises(NotAllowed) as refused:
                    http.get(same_host + "/t", authorization=OWN)
                assert refused.value.code == "host-not-approved"
                assert "hunter2" not in str(refused.value)
        assert other.connections == 0
        for approved in (frozenset({"localhost"}), frozenset({f"localhost:{other.port}"})):
            with client(site, approved=approved) as http:
                assert http.get(url + "/t", authorization=OWN).body == b"x"
                assert other.log[-1].headers["authorization"] == OWN


def test_a_requests_own_sign_in_stays_behind_on_the_way_and_back() -> None:
    with Site({"/c": b"x"}) as site, Site() as other:
        site.put("/a", Answer(302, b"", {"Location": other.url + "/b"}))
        other.put("/b", Answer(302, b"", {"Location": site.url + "/c"}))
        with client(site, credentials=SECRET) as http:
            http.get(site.url + "/a", authorization="Bearer t", headers={"X-Api-Key": "k"})
        assert site.log[0].headers["authorization"] == "Bearer t"
        for one in (*other.log, site.log[1]):
            assert "authorization" not in one.headers
            assert "x-api-key" not in one.headers


def test_a_redirect_may_lead_elsewhere_where_that_is_allowed() -> None:
    with Site({"/blob": b"x"}) as site:
        names = Names({"registry.test": site, "storage.test": site, "10.1.2.3": site})
        own = frozenset({Origin.of("http://registry.test")})
        with Http(origins=own, credentials=SECRET, connect=names, limits=QUICK) as http:
            site.put("/a", Answer(307, b"", {"Location": "http://storage.test/blob"}))
            for read in (_whole, _streamed):
                with pytest.raises(NotAllowed):
                    read(http, "http://registry.test/a", False)
                assert read(http, "http://registry.test/a", True) == b"x"
                assert "authorization" not in site.log[-1].headers
            # Only as a redirect, only to public places, never to a machine's surroundings.
            with pytest.raises(NotAllowed):
                http.get("http://storage.test/blob", elsewhere=True)
            for host in ("10.1.2.3", "localhost", "169.254.169.254", "[fd00:ec2::254]"):
                site.put("/a", Answer(307, b"", {"Location": f"http://{host}/blob"}))
                with pytest.raises(NotAllowed):
                    http.get("http://registry.test/a", elsewhere=True)


def _whole(http: Http, url: str, elsewhere: bool) -> bytes:
    return http.get(url, elsewhere=elsewhere).body


def _streamed(http: Http, url: str, elsewhere: bool) -> bytes:
    with http.stream(url, elsewhere=elsewhere) as download:
        return b"".join(download)


def test_the_password_is_hidden_that_only_one_request_knows() -> None:
    body = b"the password hunter2 and the token YW5uOmh1bnRlcjI= are wrong"
    with Site() as site, client(site) as http:
        site.put("/a", Answer(403, body, {"Content-Type": "text/plain"}))
        with pytest.raises(RegistryError) as refused:
            http.get(site.url + "/a", authorization=OWN)
        assert "are wrong" in refused.value.cause
        assert "hunter2" not in refused.value.cause
        assert "YW5u" not in refused.value.cause
