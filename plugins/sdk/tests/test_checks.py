"""The connection check: each stage has a verdict, and the first that fails is the last tried."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from registrykit.cancel import CancelToken
from registrykit.certificates import presented
from registrykit.checks import (
    STAGES,
    connection,
    in_turn,
    not_needed,
    passed,
    run,
    stage,
    warned,
)
from registrykit.errors import Cancelled, NotFound
from registrykit.events import Check
from registrykit.http import Http, Limits, Origin, Tls
from registrykit.testing.servers import Names, Site
from registrykit.testing.tls import Authority, KeyPair, self_signed

URL = "https://registry.test/charts"
FIRST = STAGES[:5]


def verdicts(checks: Iterable[Check]) -> dict[str, str]:
    return {check.stage: check.verdict for check in checks}


def test_a_server_that_is_there_passes_every_stage() -> None:
    with Site() as site, Http(origins=frozenset({site.origin})) as http:
        checks = list(connection(http, site.url))
        assert tuple(check.stage for check in checks) == FIRST
        assert verdicts(checks) == {
            "name": "ok",
            "proxy": "skipped",
            "dns": "skipped",
            "tcp": "ok",
            "tls": "skipped",
        }
        assert all(check.message.endswith(".") for check in checks)
        assert all(0 <= check.seconds < 5 for check in checks)
        assert site.count() == 0


def test_names_are_looked_up_and_open_connections_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Site() as site:
        place = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [place])
        origin = Origin("http", "registry.test", site.port)
        with Http(origins=frozenset({origin})) as http:
            checks = {check.stage: check for check in connection(http, str(origin))}
    assert checks["dns"].message == "registry.test is 127.0.0.1."
    assert (checks["tls"].verdict, checks["tls"].code) == ("warning", "not-encrypted")
    assert checks["tls"].remedy


def test_after_the_first_failure_the_rest_is_skipped() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    unknown = "http://does-not-exist.invalid/"
    origins = frozenset({Origin.of(url), Origin.of(unknown)})
    with Http(origins=origins) as http:
        checks = list(run(http, url, [("protocol", lambda: "never asked")]))
        assert [check.verdict for check in checks] == [
            "ok",
            "skipped",
            "skipped",
            "failed",
            "skipped",
            "skipped",
        ]
        assert checks[3].code == "refused"
        assert checks[3].remedy
        failed = [check for check in connection(http, unknown) if check.verdict == "failed"]
        assert [(check.stage, check.code) for check in failed] == [("dns", "dns")]
        assert next(connection(http, "ftp://x")).code == "url-scheme"
        assert next(connection(http, "http://elsewhere.test/")).code == "host-not-approved"


def test_offline_is_told_and_nothing_is_asked() -> None:
    with Site() as site, Http(origins=frozenset({site.origin}), offline=True) as http:
        checks = list(connection(http, site.url))
        assert [check.code for check in checks if check.verdict == "failed"] == ["offline"]
        assert site.connections == 0


def check_tls(pair: KeyPair, tls: Tls) -> Check:
    """Check the connection; whatever comes of it, the certificate that was presented is shown."""
    with Site(tls=pair.server_context()) as site:
        names = Names({"registry.test": site})
        with Http(origins=frozenset({Origin.of(URL)}), tls=tls, connect=names) as http:
            checks = {check.stage: check for check in connection(http, URL)}
            assert site.count() == 0
    assert checks["dns"].verdict == "skipped"
    assert [name for name, check in checks.items() if check.certificate] == ["tls"]
    assert presented(checks["tls"].certificate) == presented(pair.certificate)
    return checks["tls"]


def test_where_nothing_is_encrypted_there_is_no_certificate() -> None:
    with Site() as site, Http(origins=frozenset({site.origin})) as http:
        assert {check.certificate for check in connection(http, site.url)} == {""}


def test_the_certificate_is_described() -> None:
    authority = Authority()
    trusting = Tls(authority.certificate)
    good = check_tls(authority.issue("registry.test"), trusting)
    assert good.verdict == "ok"
    assert "TLSv1" in good.message
    assert "valid until" in good.message

    soon = authority.issue(
        "registry.test", not_after=datetime.now(UTC) + timedelta(days=5, hours=1)
    )
    warning = check_tls(soon, trusting)
    assert (warning.verdict, warning.code) == ("warning", "expires-soon")
    assert "5 days" in warning.message

    skipping = check_tls(self_signed("registry.test"), Tls(skip_verify=True))
    assert (skipping.verdict, skipping.code) == ("warning", "not-verified")
    assert "signed by itself" in skipping.message


def test_a_certificate_that_is_not_accepted_is_described_too() -> None:
    authority = Authority()
    failed = check_tls(self_signed("registry.test"), Tls())
    assert (failed.verdict, failed.code) == ("failed", "self-signed")
    assert "Certificate for registry.test, signed by itself, valid until" in failed.message
    assert failed.remedy
    expired = check_tls(authority.expired("registry.test"), Tls(authority.certificate))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert expired.code == "expired-certificate"
    assert f"valid until {yesterday:%Y-%m-%d}" in expired.message


def test_a_step_says_what_it_found_in_its_own_way() -> None:
    def fail() -> str:
        raise NotFound("There is no index.", cause="404.", code="no-index")

    assert stage("a", lambda: "Fine.").verdict == "ok"
    assert stage("a", lambda: None).verdict == "ok"
    assert stage("a", lambda: passed("Fine.")).message == "Fine."
    assert stage("a", lambda: not_needed("No.")).verdict == "skipped"
    warning = stage("a", lambda: warned("Old.", code="old", remedy="Renew it."))
    assert (warning.stage, warning.verdict, warning.code) == ("a", "warning", "old")
    failed = stage("listing", fail)
    assert (failed.stage, failed.verdict, failed.code) == ("listing", "failed", "no-index")
    assert failed.message == "There is no index. 404."
    assert failed.remedy == NotFound.default_remedy
    assert [check.verdict for check in in_turn([("a", fail), ("b", lambda: "x")])] == [
        "failed",
        "skipped",
    ]


def test_mistakes_and_cancelling_are_no_verdicts() -> None:
    with pytest.raises(ZeroDivisionError):
        stage("a", lambda: str(1 // 0))
    token = CancelToken()
    token.cancel()
    with (
        Site() as site,
        Http(origins=frozenset({site.origin}), cancel=token) as http,
        pytest.raises(Cancelled),
    ):
        list(connection(http, site.url))


def test_a_type_adds_stages_of_its_own() -> None:
    with Site({"/a": b"x"}) as site:
        with Http(origins=frozenset({site.origin}), limits=Limits(tries=1)) as http:
            steps = [
                ("protocol", lambda: http.get(site.url + "/a").body.decode()),
                ("listing", lambda: http.get(site.url + "/b").body.decode()),
                ("content", lambda: "never asked"),
            ]
            checks = list(run(http, site.url, steps))
        assert [check.stage for check in checks] == [*FIRST, "protocol", "listing", "content"]
        assert [check.verdict for check in checks[5:]] == ["ok", "failed", "skipped"]
        assert checks[6].code == "not-found"
