"""Endpoints as people type them, references, and the names that may stand in a URL."""

from __future__ import annotations

import subprocess
import sys

import pytest

from registrykit.errors import BadAnswer, BadConfig
from registrykit.oci import (
    Address,
    digest_of,
    is_digest,
    is_repository,
    is_tag,
    read_address,
    read_reference,
    repository_path,
)
from registrykit.urls import Origin

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("typed", "root", "base"),
    [
        ("registry.example.com", "https://registry.example.com", ""),
        ("  Registry.Example.COM/ ", "https://registry.example.com", ""),
        ("https://registry.example.com", "https://registry.example.com", ""),
        ("HTTPS://registry.example.com:443/", "https://registry.example.com", ""),
        ("http://registry.example.com:5000", "http://registry.example.com:5000", ""),
        ("registry.example.com:5000", "https://registry.example.com:5000", ""),
        ("https://registry.example.com/v2", "https://registry.example.com", ""),
        ("registry.example.com/v2/", "https://registry.example.com", ""),
        ("oci://registry.example.com/v2//", "https://registry.example.com", ""),
        ("oci://ghcr.io/acme/charts", "https://ghcr.io", "acme/charts"),
        ("OCI://ghcr.io/acme", "https://ghcr.io", "acme"),
        ("docker://ghcr.io/acme", "https://ghcr.io", "acme"),
        ("ghcr.io/acme/charts/", "https://ghcr.io", "acme/charts"),
        ("https://ghcr.io//acme//charts", "https://ghcr.io", "acme/charts"),
        ("localhost:5000", "http://localhost:5000", ""),
        ("oci://127.0.0.1:5000/acme", "http://127.0.0.1:5000", "acme"),
        ("[::1]:5000", "http://[::1]:5000", ""),
        ("https://localhost:5000", "https://localhost:5000", ""),
        ("10.0.0.7:5000", "https://10.0.0.7:5000", ""),
        ("docker.io/bitnamicharts", "https://registry-1.docker.io", "bitnamicharts"),
        ("https://index.docker.io/v2/", "https://registry-1.docker.io", ""),
        (
            "https://artifactory.example.com/artifactory/api/docker/Packs-Local",
            "https://artifactory.example.com/artifactory/api/docker/Packs-Local",
            "",
        ),
        (
            "artifactory.example.com/artifactory/api/docker/packs/v2/",
            "https://artifactory.example.com/artifactory/api/docker/packs",
            "",
        ),
        (
            "https://artifactory.example.com/artifactory/api/docker/packs/acme/dev",
            "https://artifactory.example.com/artifactory/api/docker/packs",
            "acme/dev",
        ),
        (
            "https://nexus.example.com/repository/Docker-Hosted/v2",
            "https://nexus.example.com/repository/Docker-Hosted",
            "",
        ),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/production",
            "https://123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "production",
        ),
    ],
)
def test_an_endpoint_is_read(typed: str, root: str, base: str) -> None:
    address = read_address(typed)
    assert (address.root, address.base) == (root, base)
    assert address.api == f"{root}/v2/"
    assert read_address(address.shown) == address


@pytest.mark.parametrize(
    ("suffix", "root"),
    [
        ("artifactory/api/docker/packs", "https://h.example.com/artifactory/api/docker/packs"),
        ("/some/Where/v2/", "https://h.example.com/some/Where"),
        ("/", "https://h.example.com"),
        ("  ", "https://h.example.com"),
    ],
)
def test_an_endpoint_suffix_leads_to_the_api(suffix: str, root: str) -> None:
    assert read_address("https://h.example.com/", suffix) == Address(root)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ftp://registry.example.com",
        "javascript:alert(1)",
        "https://",
        "https://user:secret@registry.example.com",
        "user:secret@registry.example.com",
        "https://registry.example.com/?token=secret",
        "https://registry.example.com/#top",
        "registry.example.com/Acme",
        "registry.example.com/a b",
        "registry.example.com/%2e%2e/x",
        "registry.example.com:99999",
        "registry.example.com/" + "a/" * 200,
        "http//a.example",
        "https:/a.example/acme",
    ],
)
def test_an_endpoint_that_names_no_registry_is_refused(typed: str) -> None:
    with pytest.raises(BadConfig) as refused:
        read_address(typed)
    assert refused.value.remedy
    assert "secret" not in f"{refused.value} {refused.value.cause} {refused.value.remedy}"


def test_credentials_go_to_the_registry_and_its_well_known_token_server() -> None:
    own = Origin.of("https://registry.example.com")
    assert read_address("registry.example.com/acme").origins == {own}
    hub = read_address("docker.io/bitnami")
    assert {str(origin) for origin in hub.origins} == {
        "https://registry-1.docker.io",
        "https://auth.docker.io",
    }
    # Neither without encryption nor by the ending of a name.
    assert len(read_address("http://registry.gitlab.com").origins) == 1
    assert len(read_address("registry.gitlab.com.evil.example").origins) == 1


def test_repositories_lie_below_the_base() -> None:
    address = read_address("registry.example.com/acme")
    assert address.repository("spectro-packs", "archive", "nginx") == (
        "acme/spectro-packs/archive/nginx"
    )
    assert address.repository("/a//b/", "", " c ") == "acme/a/b/c"
    assert read_address("registry.example.com").repository() == ""
    assert address.url("acme/x/tags/list") == "https://registry.example.com/v2/acme/x/tags/list"


@pytest.mark.parametrize("part", ["../x", "A", "a b", "a//..", "ä", ".a", "a_", "x" * 300, "a\n"])
def test_a_path_that_breaks_the_grammar_is_refused(part: str) -> None:
    if part == "a\n":  # white space around a part is what people paste
        assert repository_path(part) == "a"
        return
    with pytest.raises(BadConfig) as refused:
        repository_path("acme", part)
    assert refused.value.code == "bad-repository"
    with pytest.raises(BadAnswer):
        repository_path(part, error=BadAnswer)


@pytest.mark.parametrize(
    ("text", "root", "repository", "tag", "digest"),
    [
        ("oci://ghcr.io/acme/nginx:1.0.0", "https://ghcr.io", "acme/nginx", "1.0.0", ""),
        ("ghcr.io/acme/nginx", "https://ghcr.io", "acme/nginx", "", ""),
        ("oci://h.test:5000/a:x_y", "https://h.test:5000", "a", "x_y", ""),
        ("oci://localhost:5000/a", "http://localhost:5000", "a", "", ""),
        ("https://h.test/a/v2:1", "https://h.test", "a/v2", "1", ""),
        (f"oci://h.test/a@{DIGEST}", "https://h.test", "a", "", DIGEST),
        (f"oci://h.test/a/b:1.0@{DIGEST}", "https://h.test", "a/b", "1.0", DIGEST),
        (
            "oci://h.test/artifactory/api/docker/Key/a/b:1",
            "https://h.test/artifactory/api/docker/Key",
            "a/b",
            "1",
            "",
        ),
        ("docker.io/library/nginx:1", "https://registry-1.docker.io", "library/nginx", "1", ""),
    ],
)
def test_a_reference_is_read(text: str, root: str, repository: str, tag: str, digest: str) -> None:
    found = read_reference(text)
    assert (found.address.root, found.repository) == (root, repository)
    assert (found.tag, found.digest) == (tag, digest)
    assert found.wanted == (digest or tag)


@pytest.mark.parametrize(
    "text",
    [
        "oci://h.test",
        "oci://h.test:5000",
        "oci://h.test/a:",
        "oci://h.test/a:1+2",
        "oci://h.test/A:1",
        "oci://h.test/a@sha256:12",
        "oci://h.test/a@",
        "oci://u:p@h.test/a:1",
        "file:///etc/passwd",
        "oci://h.test/a:1?x",
    ],
)
def test_a_reference_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        read_reference(text, BadAnswer)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (DIGEST, True),
        (f"sha512:{HEX}{HEX}", True),
        ("sha256:../../x", False),
        (DIGEST.upper(), False),
        (f"sha256:{HEX.upper()}", False),
        (DIGEST[:-1], False),
        (DIGEST + "0", False),
        (f"md5:{HEX[:32]}", False),
        (f"blake3:{HEX}", False),
        (f"{DIGEST}\n", False),
        (f" {DIGEST}", False),
        (f"sha256:{HEX}{HEX}", False),
        (f"sha256:{'٣' * 64}", False),
        ("", False),
    ],
)
def test_mf_01_a_digest_is_matched_as_a_whole(text: str, is_one: bool) -> None:
    assert is_digest(text) is is_one


def test_digests_are_of_the_kind_that_was_asked_for() -> None:
    assert digest_of(b"{}") == (
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )
    assert is_digest(digest_of(b"{}", "sha512:"))
    assert digest_of(b"{}", f"sha512:{HEX}{HEX}").startswith("sha512:27c74670")


def test_tags_and_repositories() -> None:
    assert all(map(is_tag, ("1.0.0", "_x", "v1.0_2", "A" * 128)))
    assert not any(map(is_tag, ("", "1.0+2", ".x", "-x", "a b", "A" * 129, "x\n", "é")))
    assert all(map(is_repository, ("a", "a/b", "a__b/c-----d", "a.b_c", "0")))
    assert not any(
        map(is_repository, ("", "/a", "a/", "a//b", "a..b", "a___b", "-a", "A", "a\n", "a" * 256))
    )


def test_addresses_are_read_without_any_http_library() -> None:
    program = (
        "import sys, registrykit.oci as oci; oci.read_address('a.example/b'); "
        "print([m for m in sys.modules if m in ('urllib3', 'msgspec', 'pydantic', 'ssl')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
