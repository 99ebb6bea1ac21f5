"""Reading Amazon ECR, against a fake that checks every signature (EC-01..EC-10)."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from registrykit.cancel import CancelToken
from registrykit.errors import (
    BadAnswer,
    BadConfig,
    Cancelled,
    NotAllowed,
    NotFound,
    Offline,
    RegistryError,
    SignInFailed,
    Throttled,
    Unreachable,
)
from registrykit.http import Basic, Http, Limits, Tls
from registrykit.oci import OciLimits, Registry, read_address
from registrykit.oci.ecr import AwsKeys, Ecr, EcrHost, ecr_host
from registrykit.testing.ecr import AwsUser, EcrSite
from registrykit.testing.pushing import Layer
from registrykit.testing.servers import Answer, Names

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
API = "api.ecr.us-east-1.amazonaws.com"
KEYS = AwsKeys("AKIAREADER", "canary+secret/7Qb0zPq1")
TEMPORARY = AwsKeys("ASIAREADER", "canary-temporary-91c", "canary//session+token==")
SECRETS = (KEYS.secret_key, TEMPORARY.secret_key, TEMPORARY.session_token)


@contextmanager
def reading(
    site: EcrSite,
    keys: AwsKeys | None = KEYS,
    *,
    names: Names | None = None,
    cancel: CancelToken | None = None,
    limits: OciLimits | None = None,
    offline: bool = False,
) -> Iterator[tuple[Registry, Ecr]]:
    with Http(
        origins=site.ecr.origins,
        tls=Tls(ca_certificate=site.ca_certificate),
        connect=names or Names(site.names),
        limits=Limits(backoff=0.01),
        cancel=cancel,
        offline=offline,
    ) as http:
        limits = limits or OciLimits(token_apart=0.05)
        ecr = Ecr(http, site.ecr, keys, limits=limits)
        address = read_address(site.ecr.host)
        yield Registry(http, address, ecr.sign_in, limits=limits), ecr


@pytest.fixture
def user() -> AwsUser:
    return AwsUser(KEYS)


@pytest.fixture
def site(user: AwsUser) -> Iterator[EcrSite]:
    with EcrSite(HOST, user, AwsUser(TEMPORARY, name="somebody")) as site:
        for name in ("production/a", "production/b", "production-fips/a", "other/a"):
            site.push_image(name, "1.0", layers=[Layer(b"content", title="a.tgz")])
        yield site


def refused(ecr: Ecr, operation: str = "sign_in") -> RegistryError:
    with pytest.raises(RegistryError) as raised:
        ecr.sign_in() if operation == "sign_in" else list(ecr.repositories())
    error = raised.value
    text = f"{error} {error.cause} {error.remedy} {error!r}"
    assert error.remedy
    assert not [secret for secret in SECRETS if secret in text]
    return error


@pytest.mark.parametrize("keys", [KEYS, TEMPORARY])
def test_a_private_registry_is_read_with_keys(site: EcrSite, keys: AwsKeys) -> None:
    with reading(site, keys) as (registry, ecr):
        assert list(ecr.repositories("production")) == ["production/a", "production/b"]
        for name in ecr.repositories():
            assert list(registry.tags(name)) == ["1.0"]
            manifest = registry.manifest(name, "1.0")
            (layer,) = manifest.document.layers  # type: ignore[union-attr]
            assert registry.read_blob(name, layer) == b"content"
    assert site.called("GetAuthorizationToken") == 1
    assert not site.asked("_catalog")
    hosts = {one.headers["host"] for one in site.log if "authorization" in one.headers}
    assert hosts == {HOST, API}  # and not the bucket, where the blobs came from
    assert site.asked("sha256:", 200)


def test_no_secret_is_sent_logged_or_shown(site: EcrSite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with reading(site, TEMPORARY) as (registry, ecr):
        list(registry.tags(next(ecr.repositories())))
        password = ecr.sign_in()
        assert isinstance(password, Basic)
    assert TEMPORARY.secret_key not in str([(one.path, one.headers) for one in site.log])
    shown = f"{caplog.text} {ecr.keys!r} {password!r} {site.calls!r}"
    assert not [secret for secret in (*SECRETS, password.password) if secret in shown]


# EC-01: the password runs out


def test_ec_01_a_password_that_ran_out_in_mid_run_is_renewed_once(site: EcrSite) -> None:
    with reading(site) as (registry, _):
        registry.tags("production/a")
        site.expire()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: registry.manifest("production/a", "1.0"), range(32)))
        assert site.called("GetAuthorizationToken") == 2
        site.expire()
        assert list(registry.tags("production/b")) == ["1.0"]
        assert site.called("GetAuthorizationToken") == 3


def test_ec_01_a_password_is_renewed_before_it_runs_out(
    site: EcrSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.conduct.ahead = 200  # it holds for 400 s by the server's clock, which counts, not for 600
    site.conduct.life = 400
    clock = time.monotonic
    with reading(site) as (registry, _):
        registry.tags("production/a")
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 300)
        registry.tags("production/a")
        assert site.called("GetAuthorizationToken") == 1
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 390)
        registry.tags("production/a")
        assert site.called("GetAuthorizationToken") == 2
    assert not site.asked("/v2/", 403)


def test_ec_01_passwords_that_never_hold_are_no_storm(site: EcrSite) -> None:
    limits = OciLimits(token_apart=0.2)
    with reading(site, limits=limits) as (registry, _):
        registry.tags("production/a")
        site.conduct.forgets = True
        site.expire()
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(SignInFailed):
                registry.tags("production/a")
        assert time.monotonic() - began >= 2 * 0.2
    assert site.called("GetAuthorizationToken") == 4


# EC-02: the clock


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(600, "about 10 minutes behind"), (-600, "about 10 minutes ahead"), (9000, "2 hours behind")],
)
def test_ec_02_a_clock_that_is_wrong(site: EcrSite, ahead: float, words: str) -> None:
    site.conduct.ahead = ahead
    with reading(site) as (_, ecr):
        error = refused(ecr)
    assert isinstance(error, SignInFailed)
    assert error.code == "clock-wrong"
    assert words in str(error)
    assert "clock" in error.remedy


def test_a_clock_that_is_off_a_little_is_not_to_blame(site: EcrSite, user: AwsUser) -> None:
    site.conduct.ahead = 200
    with reading(site) as (_, ecr):
        assert ecr.sign_in()
    user.keys = AwsKeys(KEYS.access_key, "another secret")
    with reading(site) as (_, ecr):
        assert refused(ecr).code == "wrong-secret-key"


# EC-03: what AWS refuses


def test_ec_03_a_wrong_secret_key_is_told_from_an_unknown_access_key(site: EcrSite) -> None:
    """The answer repeats what was signed, the session token too; none of that is shown."""
    wrong = AwsKeys(TEMPORARY.access_key, "wrong", TEMPORARY.session_token)
    with reading(site, wrong) as (_, ecr):
        assert refused(ecr).code == "wrong-secret-key"
    with reading(site, AwsKeys("AKIANOBODY", "wrong")) as (_, ecr):
        error = refused(ecr)
    assert (type(error), error.code) == (SignInFailed, "unknown-access-key")
    assert "us-east-1" in error.cause
    with reading(site, AwsKeys(TEMPORARY.access_key, TEMPORARY.secret_key)) as (_, ecr):
        assert refused(ecr).code == "session-token-missing"


def test_ec_03_an_expired_session(site: EcrSite) -> None:
    site.users[1].expired = True
    with reading(site, TEMPORARY) as (_, ecr):
        error = refused(ecr)
    assert (type(error), error.code) == (SignInFailed, "session-expired")


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize(
    ("operation", "permission"),
    [("sign_in", "ecr:GetAuthorizationToken"), ("repositories", "ecr:DescribeRepositories")],
)
def test_ec_03_a_missing_permission_is_named(
    site: EcrSite, user: AwsUser, operation: str, permission: str, explicit: bool
) -> None:
    user.denied, user.explicit = frozenset([permission]), explicit
    with reading(site) as (_, ecr):
        error = refused(ecr, operation)
    assert (type(error), error.code) == (NotAllowed, "aws-permission")
    assert permission in str(error)
    assert permission in error.remedy
    assert ("denies it explicitly" in error.cause) == explicit


def test_ec_03_a_permission_that_is_missing_in_the_registry(site: EcrSite, user: AwsUser) -> None:
    user.denied = frozenset(["ecr:BatchGetImage"])
    with reading(site) as (registry, _):
        assert list(registry.tags("production/a")) == ["1.0"]
        with pytest.raises(NotAllowed) as raised:
            registry.manifest("production/a", "1.0")
    assert "ecr:BatchGetImage" in raised.value.cause
    assert site.called("GetAuthorizationToken") == 1


def test_ec_03_keys_of_another_account(site: EcrSite, user: AwsUser) -> None:
    user.account = "999999999999"
    with reading(site) as (_, ecr):
        error = refused(ecr, "repositories")
    assert (type(error), error.code) == (NotAllowed, "aws-account")
    assert "999999999999" in error.cause
    assert "123456789012" in str(error)


def test_ec_03_a_region_that_does_not_exist(site: EcrSite) -> None:
    with reading(site, names=Names({HOST: site})) as (_, ecr):
        error = refused(ecr)
    assert (type(error), error.code) == (Unreachable, "dns")
    assert "us-east-1" in error.remedy


@pytest.mark.parametrize(
    ("kind", "wanted", "code"),
    [
        ("com.amazonaws.ecr#RepositoryNotFoundException", NotFound, "no-repository"),
        ("InvalidParameterException", BadAnswer, "aws-refused"),
        ("SignatureDoesNotMatch", SignInFailed, "wrong-secret-key"),
    ],
)
def test_ec_03_other_refusals(
    site: EcrSite, kind: str, wanted: type[RegistryError], code: str
) -> None:
    body = f'{{"__type":"{kind}","Message":"canary//session+token== is not it"}}'.encode()
    site.spoil("/", lambda *_: Answer(400, body))
    with reading(site, TEMPORARY) as (_, ecr):
        error = refused(ecr)
    assert (type(error), error.code) == (wanted, code)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>Sign in to the hotel's network</html>"),
        Answer(403, b"<html>Blocked</html>", {"Content-Type": "text/html"}),
        Answer(200, b"[]"),
        Answer(200, b"{}"),
        Answer(200, b'{"authorizationData":[{"authorizationToken":"not base64"}]}'),
        Answer(200, b'{"authorizationData":[{"authorizationToken":"QVdT"}]}'),
        Answer(200, b'{"authorizationData":[{"authorizationToken":"QVdTOmEKYg=="}]}'),
        Answer(302, headers={"Location": "https://evil.example/"}),
        Answer(400, b'{"__type":17}'),
    ],
)
def test_answers_that_are_not_those_of_aws(site: EcrSite, answer: Answer) -> None:
    site.spoil("/", lambda *_: answer)
    with reading(site) as (_, ecr):
        assert isinstance(refused(ecr), BadAnswer | NotAllowed)


# EC-04: too many calls


def test_ec_04_a_busy_api_is_asked_again(site: EcrSite) -> None:
    site.conduct.throttled = 4
    with reading(site) as (_, ecr):
        assert len(list(ecr.repositories())) == 4
    site.conduct.throttled = 1000
    site.forget()
    with reading(site) as (_, ecr):
        assert isinstance(refused(ecr, "repositories"), Throttled)
    assert len(site.log) == 6


def test_ec_04_the_pause_can_be_cancelled(site: EcrSite) -> None:
    site.conduct.throttled = 1000
    cancel = CancelToken()
    with reading(site, cancel=cancel) as (_, ecr):
        ecr.http.limits = Limits(backoff=60)
        threading.Timer(0.2, cancel.cancel).start()
        with pytest.raises(Cancelled):
            ecr.sign_in()


def test_offline_means_offline(site: EcrSite) -> None:
    with reading(site, offline=True) as (_, ecr), pytest.raises(Offline):
        ecr.sign_in()
    assert not site.log


# EC-05: keys go to ECR alone


def test_ec_05_keys_are_used_for_no_host_but_those_of_ecr(site: EcrSite) -> None:
    known = ecr_host(HOST)
    assert known is not None
    evil = EcrHost("registry.evil.example", known.account, known.region, False, False, known.api)
    elsewhere = EcrHost(HOST, known.account, known.region, False, False, "api.evil.example")
    with reading(site) as (_, ecr):
        for host in (evil, elsewhere):
            with pytest.raises(ValueError, match="not a registry"):
                Ecr(ecr.http, host, KEYS)
    with Http(connect=Names(site.names)) as http, pytest.raises(NotAllowed) as raised:
        Ecr(http, known, KEYS).sign_in()
    assert raised.value.code == "host-not-approved"
    assert not site.log


@pytest.mark.parametrize(
    "keys",
    [AwsKeys("AKIA READER", "x"), AwsKeys("", ""), AwsKeys("A", "b\n"), AwsKeys("A", "b", "é")],
)
def test_keys_that_cannot_be_ones_are_not_tried(site: EcrSite, keys: AwsKeys) -> None:
    with reading(site, keys) as (_, ecr):
        assert isinstance(refused(ecr), BadConfig)
    assert not site.log


# EC-06, EC-09: many repositories


def test_ec_09_many_repositories_come_page_by_page(site: EcrSite) -> None:
    for number in range(2500):
        site.push_image(f"{'base' if number % 5 == 0 else 'more'}/r{number:04}", "1")
    with reading(site) as (_, ecr):
        names = ecr.repositories("base")
        first = next(names)
        assert site.called("DescribeRepositories") == 1
        rest = list(names)
        assert len({first, *rest}) == 500
    assert [one.asked["maxResults"] for one in site.calls] == [1000] * 3
    assert {one.asked["registryId"] for one in site.calls} == {"123456789012"}
    assert len({one.asked.get("nextToken") for one in site.calls}) == 3


@pytest.mark.parametrize(
    "pages",
    [
        [b'{"repositories":[{"repositoryName":"a"}],"nextToken":"same"}'] * 9,
        [b'{"repositories":[],"nextToken":"%d"}' % n for n in range(9)],
        [b'{"repositories":[{"repositoryName":"a"}],"nextToken":{}}'],
        [b'{"repositories":{}}'],
    ],
)
def test_ec_06_lists_that_do_not_end_or_make_no_sense(site: EcrSite, pages: list[bytes]) -> None:
    waiting = iter(pages)
    site.spoil("/", lambda *_: Answer(200, next(waiting)))
    limits = OciLimits(empty_pages=3)
    with reading(site, limits=limits) as (_, ecr):
        assert isinstance(refused(ecr, "repositories"), BadAnswer)


def test_entries_that_are_no_repositories_are_passed_over(site: EcrSite) -> None:
    entries = b'[{"repositoryName":"../up"},{"repositoryName":3},{},7,{"repositoryName":"ok/a"}]'
    site.spoil("/", lambda *_: Answer(200, b'{"repositories":%b}' % entries))
    with reading(site) as (_, ecr):
        assert list(ecr.repositories()) == ["ok/a"]


# EC-07, EC-08: nothing comes from the surroundings


def test_ec_08_nothing_is_taken_from_the_environment(
    site: EcrSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    profile = tmp_path / "config"
    touch = f"{sys.executable} -c open(r'{run}','w')"
    profile.write_text(f"[profile work]\ncredential_process = {touch}\nregion = eu-west-1\n")
    for name, value in {
        "AWS_PROFILE": "work",
        "AWS_CONFIG_FILE": str(profile),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_CA_BUNDLE": str(tmp_path / "missing.pem"),
        "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "environment",
        "AWS_SESSION_TOKEN": "environment",
        "AWS_REGION": "eu-west-1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    names = Names(site.names)
    with reading(site, names=names) as (_, ecr):
        assert len(list(ecr.repositories())) == 4
        ecr.sign_in()
    assert {one.user.keys for one in site.calls} == {KEYS}
    assert set(names.asked) == {(API, 443)}
    assert not run.exists()
    with reading(site, None, names=names) as (_, ecr):
        error = refused(ecr)
    assert error.code == "needs-sign-in"
    assert set(names.asked) == {(API, 443)}


def test_without_botocore_the_extra_is_named(
    site: EcrSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with reading(site) as (_, ecr):
        error = refused(ecr)
    assert error.code == "botocore-missing"
    assert "registrykit[ecr]" in error.remedy


# The public gallery


@pytest.fixture
def gallery() -> Iterator[EcrSite]:
    with EcrSite("public.ecr.aws", AwsUser(KEYS, "123456789012", alias="acme")) as site:
        for name in ("acme/a", "acme/b", "other/a"):
            site.push_image(name, "1.0", layers=[Layer(b"content")])
        yield site


def test_the_public_gallery_is_read_without_keys(gallery: EcrSite) -> None:
    with reading(gallery, None) as (registry, ecr):
        assert list(registry.tags("other/a")) == ["1.0"]
        (layer,) = registry.manifest("acme/a", "1.0").document.layers  # type: ignore[union-attr]
        assert registry.read_blob("acme/a", layer) == b"content"
        error = refused(ecr, "repositories")
    assert (type(error), error.code) == (NotFound, "no-catalog")
    assert "repositories" in error.remedy
    assert not gallery.calls


def test_the_public_gallery_with_keys(gallery: EcrSite) -> None:
    with reading(gallery) as (registry, ecr):
        assert list(ecr.repositories()) == ["acme/a", "acme/b"]
        assert list(ecr.repositories("acme/b")) == ["acme/b"]
        assert list(registry.tags("other/a")) == ["1.0"]
        assert refused_list(ecr.repositories("other")).code == "no-catalog"
    signed_in = [one for one in gallery.log if one.path.startswith("/token/")]
    assert [one.headers["authorization"].split()[0] for one in signed_in] == ["Basic"] * len(
        signed_in
    )
    assert {one.user.keys for one in gallery.calls} == {KEYS}


def refused_list(names: Iterable[str]) -> RegistryError:
    with pytest.raises(RegistryError) as raised:
        list(names)
    return raised.value
