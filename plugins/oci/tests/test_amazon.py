"""Amazon ECR through the type: the API lists and signs in, and keys go nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.oci.tests.pushed import push_pack, push_zarf
from registrykit.errors import SignInFailed
from registrykit.oci.ecr import AwsKeys
from registrykit.testing.ecr import AwsUser, EcrSite
from registrykit.testing.oci import OciSite
from registrykit.testing.running import MiniCatalog, collect, collect_bytes, collect_checks
from registrykit.testing.servers import Names
from registrykit_oci.registry import OciRegistry

OCI = OciRegistry()
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
KEYS = AwsKeys("AKIAEXAMPLE", "secret-canary", "session-canary")
ENTERED = {
    "auth": "ecr",
    "access_key": KEYS.access_key,
    "secret_key": KEYS.secret_key,
    "session_token": KEYS.session_token,
}


@pytest.fixture
def amazon() -> Iterator[EcrSite]:
    with EcrSite(HOST, AwsUser(KEYS)) as site:
        push_pack(site, "production/spectro-packs/archive/ubuntu", "22.4.3")
        push_pack(site, "production/spectro-packs/archive/vault", "0.1.0")
        push_pack(site, "other/spectro-packs/archive/secret", "1.0.0")
        push_zarf(site, "zarf/init", "0.66.0")
        yield site


def values(site: EcrSite, **more: Any) -> dict[str, Any]:
    return {
        "endpoint": HOST,
        "provider_type": "pack",
        "base_content_path": ["production"],
        "ca_certificate": site.ca_certificate,
        **ENTERED,
        **more,
    }


def test_packs_are_read_with_keys_and_unchanged_the_second_time(amazon: EcrSite) -> None:
    catalog, given = MiniCatalog(), values(amazon)
    run = collect(OCI, given, connect=amazon.connect)
    assert {found.artifact.shown_name for found in run.found} == {"ubuntu", "vault"}
    catalog.apply(run.events)
    again = collect(OCI, given, connect=amazon.connect, stored=catalog)
    assert again.found == ()
    assert catalog.apply(again.events).nothing
    assert amazon.asked("_catalog") == []
    name, content = collect_bytes(
        OCI, given, run.found[0].artifact, run.found[0].version, connect=amazon.connect
    )
    assert (name, bool(content)) == ("ubuntu-22.4.3.tar.gz", True)


def test_the_check_counts_what_the_api_lists(amazon: EcrSite) -> None:
    stages = {c.stage: c for c in collect_checks(OCI, values(amazon), connect=amazon.connect)}
    assert stages["sign-in"].verdict == "ok"
    assert stages["listing"].message == "Packs: 2 under production/spectro-packs/archive."
    assert stages["content"].verdict == "ok"
    assert "canary" not in str(stages)


def test_zarf_packages_are_read_with_a_word_on_palette(amazon: EcrSite) -> None:
    """UR-11."""
    given = values(amazon, provider_type="zarf", base_content_path=["zarf"])
    *_, content = collect_checks(OCI, given, connect=amazon.connect)
    assert (content.verdict, content.code) == ("warning", "zarf-on-ecr")
    assert "is a Zarf package" in content.message


def test_without_keys_it_says_that_it_wants_some(amazon: EcrSite) -> None:
    """As the default registries come."""
    given = values(amazon, access_key="", secret_key=None, session_token=None)
    with pytest.raises(SignInFailed) as caught:
        collect(OCI, given, connect=amazon.connect)
    assert "access key" in caught.value.remedy


@pytest.mark.parametrize("host", [HOST, f"{HOST}.evil.example"])
def test_keys_go_to_no_other_origin(host: str) -> None:
    """EC-05; even where a config that the form refuses was stored."""
    with OciSite() as site:
        push_pack(site, "production/spectro-packs/archive/ubuntu", "22.4.3")
        names = Names({host: site})
        run = collect(OCI, {"endpoint": f"http://{host}", **ENTERED}, connect=names)
        assert run.found
        assert {asked for asked, _ in names.asked} == {host}
        for request in site.log:
            assert not {"authorization", "x-amz-security-token"} & set(request.headers)
