"""Reading: the vendor's registries under their real names, and what is declared of their packs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from registrykit.fips import said
from registrykit.oci.ecr import AwsKeys
from registrykit.testing.ecr import AwsUser, EcrSite
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.pack_sites import pack_archive
from registrykit.testing.pushing import Pushes
from registrykit.testing.running import collect
from registrykit_vertex_nonfips.places import VENDOR
from registrykit_vertex_nonfips.registry import VertexNonFipsRegistry

PACKS = VertexNonFipsRegistry()
SECRET = "secret-canary"
KEYS = {"access_key": "AKIAEXAMPLE", "secret_key": SECRET}
DOCUMENTED = "declared not compliant by the Palette VerteX documentation"


def push(site: Pushes, base: str, name: str, **annotations: str) -> None:
    described = {"name": name, "version": "1.0.0", "layer": "addon", "annotations": annotations}
    archive = pack_archive(f"{name}-1.0.0", {"pack.json": json.dumps(described).encode()})
    layer = Layer(archive, title=f"{name}-1.0.0.tar.gz")
    site.push_image(f"{base}/spectro-packs/archive/{name}", "1.0.0", layers=[layer])


def facts(site: OciSite, values: Mapping[str, Any], connect: Any = None) -> dict[str, Any]:
    """Return what is declared about FIPS of each pack that is listed."""
    found = collect(PACKS, values, connect=connect).found
    assert all(one.version.digest for one in found)
    return {one.artifact.path: one.version.facts.get("fips") for one in found}


@pytest.fixture
def vendor() -> Iterator[EcrSite]:
    """The vendor's account: three base paths, of which one is for FIPS packs."""
    with EcrSite(VENDOR, AwsUser(AwsKeys("AKIAEXAMPLE", SECRET))) as site:
        for base in ("production", "community", "production-fips"):
            push(site, base, "nginx")
        yield site


@pytest.mark.parametrize("preset", ["production", "community"])
def test_a_preset_reads_its_base_path_and_the_documentation_speaks_of_its_packs(
    vendor: EcrSite, preset: str
) -> None:
    values = {"preset": preset, "ca_certificate": vendor.ca_certificate, **KEYS}
    found = facts(vendor, values, vendor.connect)
    assert list(found) == [f"{preset}/spectro-packs/archive/nginx"]
    (fact,) = found.values()
    assert (fact["status"], fact["basis"]) == ("not_compliant", "registry_declared")
    assert said(fact) == DOCUMENTED
    assert fact["declared"]["base_content_path"] == preset
    assert SECRET not in str(vendor.log)


def test_another_registry_is_what_the_user_added_it_as() -> None:
    with OciSite() as site:
        push(site, "team", "plain")
        push(site, "team", "agrees", fips="no")
        push(site, "team", "objects", fips="yes")
        push(site, "elsewhere", "unread")
        place = {"endpoint": site.endpoint, "base_content_path": ["team"]}
        found = facts(site, {"preset": "custom", "auth": "basic", **place})
    by_name = {path.rpartition("/")[2]: fact for path, fact in found.items()}
    assert {name: fact["status"] for name, fact in by_name.items()} == {
        "agrees": "not_compliant",
        "objects": "conflicting",
        "plain": "not_compliant",
    }
    by_user = "declared not compliant by the user (added as a non-FIPS registry)"
    assert said(by_name["plain"]) == by_user
    assert said(by_name["objects"]) == (
        f"declared compliant by its publisher (annotations.fips: yes), {by_user}"
    )
