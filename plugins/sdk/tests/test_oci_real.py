"""The real thing: Debian's docker-registry with every sign-in, and skopeo as a second reader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registrykit import checks
from registrykit.errors import NotAllowed, NotFound, SignInFailed
from registrykit.http import Basic, Http, Tls
from registrykit.oci import Image, Index, OciLimits, Registry, digest_of, read_address, stages
from registrykit.oci.media import DOCKER_MANIFEST, OCI_MANIFEST
from registrykit.oci.sign_in import pull
from registrykit.oci.tokens import Token
from registrykit.testing.docker_registry import ACCOUNT, DockerRegistry, find_docker_registry
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.pushing import Pushes
from registrykit.testing.tls import Authority
from registrykit.testing.tokens import Rules, Signer, TokenServer

pytestmark = pytest.mark.real

USERS = {ACCOUNT.username: ACCOUNT.password}
NAMES = [f"acme/charts/c{number}" for number in range(3)]
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
TAGS = ("1.0.0", "latest", "2.0.0_build.1")


@pytest.fixture(autouse=True, scope="module")
def installed() -> None:
    for name, found in (
        ("docker-registry", find_docker_registry()),
        ("skopeo", shutil.which("skopeo")),
    ):
        if found is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{name} is not installed, and CI runs every real part", pytrace=False)
            pytest.skip(f"{name} is not installed")


Served = tuple[DockerRegistry, TokenServer | None]


@pytest.fixture(scope="module")
def none(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with DockerRegistry(tmp_path_factory.mktemp("none")) as server:
        yield fill(server), None


@pytest.fixture(scope="module")
def password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with DockerRegistry(tmp_path_factory.mktemp("password"), sign_in=True) as server:
        yield fill(server), None


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with (
        TokenServer(USERS, signer=Signer()) as tokens,
        DockerRegistry(tmp_path_factory.mktemp("token"), tokens=tokens) as server,
    ):
        yield fill(server), tokens


@pytest.fixture(params=["none", "password", "token"])
def served(request: pytest.FixtureRequest) -> Served:
    found: Served = request.getfixturevalue(request.param)
    if found[1] is not None:
        found[1].forget()
    return found


@pytest.fixture
def tokens(token: Served) -> Iterator[TokenServer]:
    """Give the token server, whose rules a test may change."""
    _, found = token
    assert found is not None
    may, rules = found.may, found.rules
    found.rules = Rules()
    found.forget()
    yield found
    found.may, found.rules = may, rules


def fill(server: DockerRegistry) -> DockerRegistry:
    for name in NAMES:
        for tag in TAGS:
            push_chart(server, name, tag)
    return server


def push_chart(server: Pushes, name: str, tag: str) -> str:
    return server.push_image(
        name,
        tag,
        config=json.dumps({"name": name.rpartition("/")[2], "version": tag}).encode(),
        config_type="application/vnd.cncf.helm.config.v1+json",
        layers=[Layer(f"{name} {tag}".encode(), CHART)],
        annotations={"org.opencontainers.image.created": "2026-01-02T03:04:05Z"},
    )


def client(
    server: DockerRegistry,
    tokens: TokenServer | None = None,
    credentials: Basic | None = ACCOUNT,
    **settings: Any,
) -> tuple[Http, Registry]:
    address = read_address(server.url)
    approved = frozenset({tokens.origin.authority} if tokens else ())
    limits = settings.pop("limits", None)
    http = Http(origins=address.origins, credentials=credentials, approved=approved, **settings)
    return http, Registry(http, address, limits=limits)


def skopeo(*arguments: str) -> str:
    done = subprocess.run(
        ["skopeo", "--insecure-policy", *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_is_read(served: Served) -> None:
    server, tokens = served
    http, registry = client(server, tokens)
    with http:
        assert registry.catalog("acme").names == tuple(NAMES)
        for name in NAMES:
            assert sorted(registry.tags(name)) == sorted(TAGS)
            for tag in TAGS:
                manifest = registry.manifest(name, tag)
                assert manifest.media_type == OCI_MANIFEST
                assert isinstance(manifest.document, Image)
                assert registry.digest(name, tag) == manifest.digest
                assert registry.changed_manifest(name, tag, manifest.etag) is None
                again = registry.manifest(name, manifest.digest, size=manifest.size)
                assert again.content == manifest.content
                layer = manifest.document.layers[0]
                assert registry.read_blob(name, layer) == f"{name} {tag}".encode()
                with registry.blob(name, layer) as blob:
                    assert b"".join(blob) == f"{name} {tag}".encode()
                config = json.loads(registry.read_blob(name, manifest.document.config))
                assert config["version"] == tag
        with pytest.raises(NotFound) as raised:
            registry.manifest(NAMES[0], "3.0.0")
        assert raised.value.code == "no-manifest"
        with pytest.raises(NotFound) as raised:
            registry.tags("acme/none")
        assert raised.value.code == "no-repository"
    if tokens is not None:
        # One for the list, one for each repository, and one for the repository that is not there.
        assert tokens.given == 1 + len(NAMES) + 1


def test_lists_come_in_pages_of_any_size(none: Served) -> None:
    server, _ = none
    for size, pages in ((1, 3), (2, 2), (3, 1), (1000, 1), (5000, 1)):
        http, registry = client(server, credentials=None, limits=OciLimits(page_size=size))
        with http:
            listing = registry.catalog()
            assert listing.names == tuple(NAMES)
            # A page that is just full leads on to an empty one.
            assert listing.pages in (pages, pages + 1)
            requests = http.stats.requests
            assert requests == listing.pages + (size == 5000)
        assert f"GET /v2/_catalog?n={size if size < 5000 else 100} 200" in server.asked()


def test_a_token_that_ran_out_is_renewed(token: Served, tokens: TokenServer) -> None:
    http, registry = client(token[0], tokens)
    with http:
        registry.tags(NAMES[0])
        tokens.rules.life = -1000
        scope = f"repository:{NAMES[0]}:pull"
        old = Token(tokens.grant(ACCOUNT.username, scope), 0.0, 1e12, worked=True)
        registry.sign_in._tokens[scope] = old
        tokens.rules.life = 300
        assert sorted(registry.tags(NAMES[0])) == sorted(TAGS)
        assert tokens.given == 2
        # One that is given out too old already is no use, however often it is asked for.
        tokens.rules.life = -1000
        with pytest.raises(SignInFailed):
            registry.tags(NAMES[1])
        assert tokens.given == 3


def test_one_token_serves_several_repositories(token: Served, tokens: TokenServer) -> None:
    tokens.may = lambda user, scope: bool(user) and NAMES[1] not in scope
    http, registry = client(token[0], tokens)
    with http:
        registry.sign_in.expect(pull(name) for name in NAMES)
        registry.catalog()
        assert sorted(registry.tags(NAMES[0])) == sorted(registry.tags(NAMES[2])) == sorted(TAGS)
        assert tokens.given == 2
        with pytest.raises(NotAllowed):
            registry.tags(NAMES[1])
        assert tokens.given == 3


def test_what_an_account_may_not_read(token: Served, tokens: TokenServer) -> None:
    tokens.may = lambda user, scope: bool(user) and "c1" in scope
    http, registry = client(token[0], tokens)
    with http:
        with pytest.raises(NotAllowed) as raised:
            registry.catalog()
        assert raised.value.code == "catalog-not-allowed"
        with pytest.raises(NotAllowed) as raised:
            registry.tags(NAMES[0])
        assert NAMES[0] in str(raised.value)
        assert sorted(registry.tags(NAMES[1])) == sorted(TAGS)


def test_a_wrong_password(served: Served) -> None:
    server, tokens = served
    for credentials in (Basic(ACCOUNT.username, "wrong"), None):
        http, registry = client(server, tokens, credentials)
        with http:
            if tokens is None and not server.signs_in:
                assert registry.catalog().names == tuple(NAMES)
                continue
            with pytest.raises((SignInFailed, NotAllowed)) as raised:
                registry.catalog()
            wanted = "sign-in-failed" if credentials else ("needs-sign-in", "catalog-not-allowed")
            assert raised.value.code in wanted


def test_the_check(served: Served) -> None:
    server, tokens = served
    http, registry = client(server, tokens)
    with http:
        found = list(checks.run(http, registry.address.api, stages(registry)))
    assert [check.stage for check in found] == list(checks.STAGES)[: len(found)]
    assert found[-1].stage == "sign-in"
    assert not [check for check in found if check.verdict in ("failed", "warning")]


def test_over_tls_with_a_private_authority(tmp_path: Path) -> None:
    authority = Authority()
    pair = authority.issue("localhost")
    with DockerRegistry(tmp_path, sign_in=True, certificate=pair.certificate + pair.key) as server:
        push_chart(server, NAMES[0], "1.0.0")
        http, registry = client(server, tls=Tls(authority.certificate))
        with http:
            assert registry.catalog().names == (NAMES[0],)
            assert registry.tags(NAMES[0]).names == ("1.0.0",)


def test_skopeo_reads_the_same(served: Served) -> None:
    server, tokens = served
    place = f"docker://{server.url.partition('://')[2]}/{NAMES[0]}"
    account = ["--tls-verify=false", f"--creds={ACCOUNT.username}:{ACCOUNT.password}"]
    http, registry = client(server, tokens)
    with http:
        listed = json.loads(skopeo("list-tags", *account, place))["Tags"]
        assert sorted(listed) == sorted(registry.tags(NAMES[0]))
        raw = skopeo("inspect", "--raw", *account, f"{place}:1.0.0").encode()
        assert raw == registry.manifest(NAMES[0], "1.0.0").content


@pytest.mark.parametrize("kind", ["oci", "v2s2"])
def test_what_skopeo_pushes_is_read(tmp_path: Path, kind: str) -> None:
    """An image in a layout, as other tools write it, pushed in both formats."""
    layout = tmp_path / "layout"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    blobs = [json.dumps(config).encode()]
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(blobs[0]),
            "size": len(blobs[0]),
        },
        "layers": [],
    }
    blobs.append(json.dumps(manifest).encode())
    index = {
        "schemaVersion": 2,
        "manifests": [
            {"mediaType": OCI_MANIFEST, "digest": digest_of(blobs[1]), "size": len(blobs[1])}
        ],
    }
    (layout / "blobs" / "sha256").mkdir(parents=True)
    for content in blobs:
        (layout / "blobs" / "sha256" / digest_of(content)[7:]).write_bytes(content)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(json.dumps(index))
    with DockerRegistry(tmp_path / "registry") as server:
        place = server.url.partition("://")[2]
        skopeo(
            "copy",
            f"--format={kind}",
            "--dest-tls-verify=false",
            f"oci:{layout}",
            f"docker://{place}/images/a:1",
        )
        http, registry = client(server)
        with http:
            found = registry.manifest("images/a", "1")
            assert found.media_type == (OCI_MANIFEST if kind == "oci" else DOCKER_MANIFEST)
            assert isinstance(found.document, Image)
            read = json.loads(registry.read_blob("images/a", found.document.config))
            assert read["architecture"] == "amd64"


def test_an_index_over_both_registries(tmp_path: Path) -> None:
    with DockerRegistry(tmp_path) as server, OciSite() as site:
        found = []
        for pushes, url in ((server, server.url), (site, site.url)):
            assert isinstance(pushes, Pushes)
            children = [
                (push_chart(pushes, "acme/z", tag), {"architecture": arch, "os": "multi"})
                for tag, arch in (("a", "amd64"), ("b", "arm64"))
            ]
            pushes.push_index("acme/z", "1.0", children)
            address = read_address(url)
            with Http(origins=address.origins) as http:
                registry = Registry(http, address)
                top = registry.manifest("acme/z", "1.0")
                assert isinstance(top.document, Index)
                found.append(
                    [(manifest.digest, pointer) for pointer, manifest in registry.images(top)]
                )
        # The kit's own registry behaves like the real one.
        assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["none", "password", "token"])
def test_skopeo_takes_the_kits_registry_for_a_real_one(kind: str) -> None:
    with TokenServer(USERS) as tokens, OciSite() as site:
        site.manners.page_size = 2
        for tag in TAGS:
            push_chart(site, NAMES[0], tag)
        if kind == "password":
            site.account = ACCOUNT
        elif kind == "token":
            site.tokens = tokens
        place = f"docker://{site.origin.authority}/{NAMES[0]}"
        account = ["--tls-verify=false", f"--creds={ACCOUNT.username}:{ACCOUNT.password}"]
        assert sorted(json.loads(skopeo("list-tags", *account, place))["Tags"]) == sorted(TAGS)
        raw = skopeo("inspect", "--raw", *account, f"{place}:1.0.0").encode()
        assert site.pushed(NAMES[0], digest_of(raw))[0] == raw
