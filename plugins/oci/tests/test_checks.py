"""The connection check: what lies where it is read, and what is wrong with where that is."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.oci.tests import pushed
from registrykit.checks import STAGES
from registrykit.events import Check, Note
from registrykit.http import Http
from registrykit.oci import read_address
from registrykit.oci.content import Source, content_stages
from registrykit.testing import faults
from registrykit.testing.oci import Layer, OciSite
from registrykit.testing.running import collect, collect_checks
from registrykit.urls import Basic
from registrykit_oci.registry import OciRegistry

OCI = OciRegistry()
ROBOT = Basic("robot", "pass-canary")
LOGIN: dict[str, Any] = {"auth": "basic", "username": "robot", "password": "pass-canary"}


def look(site: OciSite, *paths: str, **values: Any) -> dict[str, Check]:
    """Check, and return the stages, of which every one is there, once, and in its order."""
    values = {"endpoint": site.endpoint, "base_content_path": list(paths), **values}
    stages = collect_checks(OCI, values)
    assert tuple(check.stage for check in stages) == STAGES
    for check in stages:
        assert check.message
        assert "canary" not in f"{check}"
        assert check.verdict in ("ok", "skipped") or (check.code and check.remedy)
    return {check.stage: check for check in stages}


@pytest.mark.parametrize(
    ("values", "listing", "content"),
    [
        ({}, "Repositories: 8.", "acme/app has 1 tag; 3.20 is an image."),
        (
            {"base_content_path": ["acme/charts", "acme/zarf"]},
            "Repositories: 1 under acme/charts, 2 under acme/zarf.",
            "acme/charts/nginx has 2 tags; 1.1.0_1 is a chart.",
        ),
        (
            {"base_content_path": ["acme"], "provider_type": "pack"},
            "Packs: 2 under acme/spectro-packs/archive.",
            "acme/spectro-packs/archive/ubuntu has 1 tag; 22.4.3 is a pack.",
        ),
        (
            {"base_content_path": ["acme"], "provider_type": "zarf"},
            "Repositories: 8 under acme.",
            "acme/zarf/init has 1 tag; 0.66.0 is a Zarf package.",
        ),
        (
            {"repositories": ["acme/zarf/podinfo"]},
            "1 repository will be read.",
            "acme/zarf/podinfo has 1 tag; 6.4.0 is a Zarf package.",
        ),
    ],
)
def test_what_is_there_is_counted_and_called_by_its_name(
    site: OciSite, values: dict[str, Any], listing: str, content: str
) -> None:
    stages = look(site, **values)
    assert (stages["listing"].message, stages["content"].message) == (listing, content)
    assert stages["content"].verdict == "ok"


def test_what_is_of_another_kind_is_told(site: OciSite) -> None:
    content = look(site, "acme/zarf", provider_type="helm")["content"]
    assert (content.verdict, content.code) == ("warning", "other-contents")
    assert content.message.startswith(
        "There are no charts at first sight. acme/zarf/init has 1 tag"
    )
    assert "a Zarf package" in content.message


@pytest.mark.parametrize(
    ("path", "read", "cure"),
    [
        ("acme/spectro-packs", "…/spectro-packs/spectro-packs/archive", "Use `acme`."),
        (
            "acme/spectro-packs/archive",
            "…/spectro-packs/archive/spectro-packs/archive",
            "Use `acme`.",
        ),
        ("team", "team/spectro-packs/archive", "Use `acme`."),
        ("", "spectro-packs/archive", "Use `acme`."),
    ],
)
def test_a_wrong_base_content_path_is_named_with_its_cure(
    site: OciSite, path: str, read: str, cure: str
) -> None:
    stages = look(site, *filter(None, [path]), provider_type="pack")
    listing = stages["listing"]
    assert (listing.verdict, listing.code, listing.remedy) == ("warning", "no-packs", cure)
    assert read in listing.message
    assert stages["content"].verdict == "skipped"
    if "spectro-packs" in path:
        assert f"the base content path ends in `{path.removeprefix('acme/')}`" in listing.message


def test_the_appliance_whose_base_is_spectro_packs_is_in_order() -> None:
    with OciSite() as site:
        pushed.push_pack(site, "spectro-packs/spectro-packs/archive/ubuntu", "22.4.3")
        listing = look(site, "spectro-packs", provider_type="pack")["listing"]
        assert listing.verdict == "ok"
        assert listing.message == "Packs: 1 under spectro-packs/spectro-packs/archive."
        listing = look(site, provider_type="pack")["listing"]
        assert (listing.code, listing.remedy) == ("no-packs", "Use `spectro-packs`.")


def test_packs_without_the_segment_are_recognized() -> None:
    with OciSite() as site:
        # What the list still names and is no longer there says nothing about the others.
        pushed.push_chart(site, "acme/aaa", "1.0.0")
        site._of("acme/aaa").manifests.clear()
        pushed.push_chart(site, "acme/chart", "1.0.0")
        pushed.push_pack(site, "acme/ubuntu", "22.4.3")
        listing = look(site, "acme", provider_type="pack")["listing"]
        assert listing.code == "no-packs"
        assert "acme/ubuntu looks like one" in listing.message
        assert "acme/spectro-packs/archive/NAME:VERSION" in listing.remedy


def test_one_of_several_paths_that_is_empty_is_named(site: OciSite) -> None:
    listing = look(site, "acme", "none", provider_type="pack")["listing"]
    assert listing.verdict == "warning"
    assert listing.message.endswith(
        "Packs: 2 under acme/spectro-packs/archive, 0 under none/spectro-packs/archive."
    )
    listing = look(site, "acme", "none")["listing"]
    assert (listing.code, "none" in listing.message) == ("no-repositories", True)


def test_a_path_that_is_read_already_is_not_recommended(site: OciSite) -> None:
    listing = look(site, "acme", "acme/spectro-packs", provider_type="pack")["listing"]
    assert listing.remedy == "Leave it out: `acme` is read already."
    listing = look(site, "acme", "none", provider_type="pack")["listing"]
    assert "`acme`" not in f"{listing.message} {listing.remedy}"
    assert listing.remedy.startswith("Check the path")


@pytest.mark.parametrize("entered", [["acme/ap"], ["acme/app", "acme/zarf/podinfo", "acme/ap"]])
def test_an_entered_repository_that_is_not_there_is_to_be_corrected(
    site: OciSite, entered: list[str]
) -> None:
    content = look(site, repositories=entered)["content"]
    assert (content.verdict, content.code) == ("warning", "no-repository")
    assert content.message.startswith("There is no repository acme/ap.")
    assert content.remedy.startswith("Correct the path")
    assert "ynchronize" not in content.remedy


@pytest.mark.parametrize("status", [401, 403])
def test_an_account_that_may_not_list_is_told_what_to_do(status: int) -> None:
    """AU-15 and PG-12, as Harbor has it."""
    with OciSite(sign_in=ROBOT) as site:
        pushed.fill(site)
        site.manners.catalog = status
        stages = look(site, "acme", **LOGIN)
        assert stages["sign-in"].verdict == "ok"
        assert stages["listing"].verdict == "warning"
        assert stages["listing"].message.startswith(
            "Signed in, but this account may not list repositories."
        )
        assert stages["listing"].remedy == "Enter repository paths, or use a Harbor system robot."
        stages = look(site, repositories=["acme/app"], **LOGIN)
        assert stages["content"].message == "acme/app has 1 tag; 3.20 is an image."
        listing = look(site, "acme", repositories=["acme/app"], **LOGIN)["listing"]
        assert listing.verdict == "skipped"


def test_a_list_that_is_closed_to_strangers_is_no_wrong_password() -> None:
    with OciSite() as site:
        pushed.fill(site)
        site.manners.catalog = 401
        listing = look(site)["listing"]
        assert (listing.verdict, listing.code) == ("warning", "catalog-not-allowed")
        assert listing.remedy.startswith("Enter repository paths, or sign in")
        # Nobody has looked at this password yet, so that it may be a wrong one.
        assert look(site, **LOGIN)["listing"].code == "sign-in-failed"


def test_a_registry_without_a_list_wants_repositories() -> None:
    with OciSite() as site:
        pushed.fill(site)
        site.manners.catalog = 404
        listing = look(site)["listing"]
        assert (listing.verdict, listing.code) == ("warning", "no-catalog")
        assert "paths of the repositories" in listing.remedy


def test_what_cannot_be_read_is_a_warning_of_the_content(site: OciSite) -> None:
    site.spoil("/v2/acme/app/tags/list", faults.status(500))
    content = look(site, repositories=["acme/app"])["content"]
    assert (content.verdict, content.code) == ("warning", "server-error")
    site.push_image(
        "acme/spectro-packs/archive/two", "1", layers=[Layer(b"a", title="a"), Layer(b"b")]
    )
    two = ["acme/spectro-packs/archive/two"]
    assert look(site, provider_type="pack", repositories=two)["content"].code == "pack-incomplete"
    assert look(site, repositories=["acme/spectro-packs/archive"])["content"].verdict == "skipped"


def test_a_repository_without_tags_is_passed_over() -> None:
    with OciSite() as site:
        site.push_image("acme/a-marker", "")
        site.spoil("/v2/acme/a-marker/tags/list", faults.status(404))
        assert look(site)["content"].verdict == "warning"
        site.push_image("acme/b-app", "1.0.0")
        content = look(site)["content"]
        assert content.verdict == "ok"
        assert content.message.startswith("acme/b-app has 1 tag")


def test_names_of_the_registrys_own_are_counted(site: OciSite) -> None:
    """As Amazon ECR lists them."""
    asked: list[str] = []

    def names(under: str) -> list[str]:
        asked.append(under)
        return ["acme/spectro-packs/archive/ubuntu"]

    source = Source(read_address(site.endpoint), "pack", ("acme",), names=names)
    with Http(origins=source.address.origins) as http:
        stages = dict(content_stages(http, source))
        assert stages["listing"]() == "Packs: 1 under acme/spectro-packs/archive."
    assert asked == ["acme/spectro-packs/archive"]
    assert site.asked("_catalog") == []


def test_the_check_and_the_synchronization_agree(site: OciSite) -> None:
    """Both say 0 packs, and name the same cure."""
    values = {"provider_type": "pack", "base_content_path": ["acme/spectro-packs"]}
    run = collect(OCI, {"endpoint": site.endpoint, **values})
    assert run.found == ()
    (note,) = [note for note in run.of(Note) if note.code == "no-packs"]
    assert note.message == (
        "Synchronized, 0 packs: the base content path ends in `spectro-packs`, so "
        "`…/spectro-packs/spectro-packs/archive` was read. Use `acme`."
    )


def test_a_registry_that_is_gone_fails_before_the_protocol(site: OciSite) -> None:
    endpoint = site.endpoint
    site.stop()
    stages = {check.stage: check.verdict for check in collect_checks(OCI, {"endpoint": endpoint})}
    assert stages["tcp"] == "failed"
    assert [stages[name] for name in STAGES[-4:]] == ["skipped"] * 4
