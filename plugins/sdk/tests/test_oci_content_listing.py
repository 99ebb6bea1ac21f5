"""Synchronizing what lies in an OCI registry: what is found, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.sdk.tests.oci_contents import (
    PACKS,
    ZARF_YAML,
    Reader,
    asked,
    one,
    pack_files,
    push_chart,
    push_container,
    push_pack,
    push_zarf,
)
from registrykit.errors import NotAllowed, NotFound
from registrykit.events import Complete, Note, Skip, Unchanged
from registrykit.oci.content import repository as reading
from registrykit.testing import faults
from registrykit.testing.oci import Layer, OciSite
from registrykit.urls import Basic


@pytest.fixture
def site() -> Iterator[OciSite]:
    """Everything there is: packs under two bases, charts, a Zarf package, an image, a file."""
    with OciSite() as served:
        served.push_image(f"acme/{PACKS}", "0.0.0")
        push_pack(served, f"acme/{PACKS}/nginx", "1.26.0")
        push_pack(served, f"acme/{PACKS}/nginx", "1.27.0", today=True)
        push_pack(served, f"other/{PACKS}/nginx", "1.27.0", title="build/nginx-1.27.0.tar.gz")
        push_chart(served, "acme/charts/web", "1.0.0")
        push_chart(served, "acme/charts/web", "1.1.0+build.5")
        push_zarf(served, "acme/zarf/podinfo", "6.4.0", ZARF_YAML)
        push_container(served, "acme/images/app", "v1")
        served.push_image("acme/files/policy", "1", layers=[Layer(b"x", "text/plain", "a.rego")])
        yield served


def wait(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    later = reading.now() + seconds + 60
    monkeypatch.setattr(reading, "now", lambda: later)


EVERYTHING = {
    f"pack acme/{PACKS}/nginx 1.26.0",
    f"pack acme/{PACKS}/nginx 1.27.0",
    f"pack other/{PACKS}/nginx 1.27.0",
    "chart acme/charts/web 1.0.0",
    "chart acme/charts/web 1.1.0+build.5",
    "zarf acme/zarf/podinfo 6.4.0",
    "image acme/images/app v1",
    "artifact acme/files/policy 1",
}


def of_kind(kind: str) -> set[str]:
    return {version for version in EVERYTHING if version.startswith(kind)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, EVERYTHING),
        ({"provider": "helm"}, of_kind("chart")),
        ({"provider": "zarf"}, of_kind("zarf")),
        ({"provider": "pack", "paths": ["acme"]}, of_kind("pack acme")),
        ({"provider": "pack", "paths": ["acme", "other"]}, of_kind("pack")),
        ({"paths": ["acme/charts", "acme/zarf/"]}, of_kind("chart") | of_kind("zarf")),
        ({"provider": "helm", "paths": ["acme/charts/web"]}, of_kind("chart")),
        ({"repositories": ["acme/charts/web"]}, of_kind("chart")),
        ({"paths": ["acme/zarf"], "repositories": ["acme/zarf/podinfo"]}, of_kind("zarf")),
        ({"paths": ["nothing"]}, set()),
    ],
)
def test_what_is_listed(site: OciSite, values: dict[str, Any], expected: set[str]) -> None:
    reader = Reader(site.endpoint, **values)
    first, _ = reader.sync()
    assert reader.versions == expected
    assert not first.of(Skip)
    assert first.of(Complete)[-1].prefix == ""
    site.forget()
    again, changes = reader.sync()
    assert changes.nothing
    assert not again.found
    # One request for each repository, and one for the list of them.
    lists, manifests, blobs = asked(site)
    assert (manifests, blobs) == (0, 0)
    assert again.requests == lists + len(site.asked("_catalog"))


def test_the_base_of_an_endpoint_is_part_of_every_name(site: OciSite) -> None:
    reader = Reader(f"{site.endpoint}/acme", provider="pack")
    reader.sync()
    assert reader.versions == of_kind("pack acme")
    elsewhere = Reader(f"{site.endpoint}/acme", repositories=["charts/web"])
    elsewhere.sync()
    assert elsewhere.versions == of_kind("chart")


def test_the_same_bytes_are_fetched_once(site: OciSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for another tag, not for another repository, not for a manifest of another time."""
    push_pack(site, f"acme/{PACKS}/nginx", "latest", pack_files("nginx", "1.27.0"))
    files = pack_files("vault", "1.0.0")
    push_pack(site, f"acme/{PACKS}/vault", "1.0.0", files)
    push_pack(site, f"other/{PACKS}/vault", "1.0.0", files)
    reader = Reader(site.endpoint, provider="pack", paths=["acme", "other"])
    run, _ = reader.sync()
    archives = {found.version.content_digest for found in run.found}
    assert len(run.found) == 6
    assert sorted(path.rpartition("/")[2] for path in site.asked("/blobs/")) == sorted(archives)
    assert len({(d.ref.path, d.ref.tag) for d in run.documents if d.name == "readme"}) == 6
    site.forget()
    # Pushed once more with the same content, by another tool.
    push_pack(site, f"acme/{PACKS}/vault", "1.0.0", files, today=True)
    push_pack(site, f"acme/{PACKS}/vault", "1.0.1", files, folder="vault-1.0.0")
    wait(monkeypatch, reading.RECHECK)
    run, changes = reader.sync()
    assert asked(site)[1:] == (2, 0)
    assert [key[2] for key in changes.changed] == ["1.0.0"]
    moved = one(run, f"acme/{PACKS}/vault", "1.0.1").version
    assert moved.facts["version"] == "1.0.0"
    assert moved.facts["problems"] == ["its pack.json says that it is 1.0.0"]


def test_only_what_is_new_of_a_repository_is_asked_for(site: OciSite) -> None:
    reader = Reader(site.endpoint)
    reader.sync()
    site.forget()
    push_chart(site, "acme/charts/web", "2.0.0")
    push_chart(site, "acme/charts/web", "2.1.0+build.6")
    site.delete("acme/charts/web", "1.0.0")
    run, changes = reader.sync()
    assert {key[2] for key in changes.added} == {"2.0.0", "2.1.0+build.6"}
    assert {key[2] for key in changes.removed} == {"1.0.0"}
    assert not changes.changed
    lists, manifests, blobs = asked(site)
    # Of a chart the manifest and what describes it.
    assert (manifests, blobs) == (2, 2)
    assert run.requests == len(site.asked("_catalog")) + lists + manifests + blobs


def test_tags_that_people_move_are_asked_for_with_a_changed_list(site: OciSite) -> None:
    moved, stays = ["latest", "1", "1.2", "stable-1.2.3"], ["1.0.1", "v1.0.2-rc.1"]
    for tag in (*moved, *stays):
        push_chart(site, "acme/charts/web", "1.0.0", tag)
    reader = Reader(site.endpoint, paths=["acme/charts"])
    reader.sync()
    for tag in (*moved, *stays):
        push_chart(site, "acme/charts/web", "1.0.0", tag, description="moved")
    assert reader.sync()[1].nothing
    push_chart(site, "acme/charts/web", "2.0.0")
    _, changes = reader.sync()
    assert {key[2] for key in changes.changed} == set(moved)
    _, changes = reader.sync(full=True)
    assert {key[2] for key in changes.changed} == set(stays)


def test_what_could_not_be_read_is_asked_for_with_a_changed_list(site: OciSite) -> None:
    site.push("acme/charts/web", "2.0.0", b"[]")
    reader = Reader(site.endpoint, paths=["acme/charts"])
    run, _ = reader.sync()
    assert [skip.ref.version for skip in run.of(Skip)] == ["2.0.0"]
    push_chart(site, "acme/charts/web", "2.0.0")
    push_chart(site, "acme/charts/web", "2.0.1")
    run, changes = reader.sync()
    assert {key[2] for key in changes.added} == {"2.0.0", "2.0.1"}
    assert not run.of(Skip)


@pytest.mark.parametrize("days", [0, 1])
def test_a_moved_tag_is_noticed_after_a_while(
    site: OciSite, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Whether the list of tags stays the same all the time, or changes every day."""
    reader = Reader(site.endpoint, paths=["acme/charts"])
    reader.sync()
    push_chart(site, "acme/charts/web", "1.0.0", description="moved")
    for day in range(6 * days):
        wait(monkeypatch, 24 * 3600)
        push_chart(site, "acme/charts/web", f"2.{day}.0")
        assert not reader.sync()[1].changed
    assert reader.sync()[1].nothing
    wait(monkeypatch, reading.RECHECK if not days else 24 * 3600)
    site.forget()
    _, changes = reader.sync()
    assert [key[2] for key in changes.changed] == ["1.0.0"]
    assert len(site.asked("/manifests/", 304)) == 1 + 6 * days
    assert len(site.asked("/manifests/", 200)) == 1
    assert len(site.asked("/blobs/")) == 1
    assert reader.sync()[1].nothing


def test_a_full_run_reads_everything_again(site: OciSite) -> None:
    reader = Reader(site.endpoint)
    first, _ = reader.sync()
    again, changes = reader.sync(full=True)
    assert changes.nothing
    assert again.requests == first.requests
    assert len(again.found) == len(EVERYTHING)


def test_a_repository_that_vanished_is_no_error(site: OciSite) -> None:
    reader = Reader(site.endpoint)
    reader.sync()
    site.spoil("/v2/acme/images/app/tags/list", faults.status(404))
    run, changes = reader.sync()
    assert [key[:2] for key in changes.removed] == [("image", "acme/images/app")]
    assert not run.of(Skip)
    site.mend()
    site.delete("acme/files/policy")
    _, changes = reader.sync()
    assert [key[:2] for key in changes.removed] == [("artifact", "acme/files/policy")]
    assert [key[:2] for key in changes.added] == [("image", "acme/images/app")]


def test_repositories_below_others_are_apart(site: OciSite) -> None:
    """A prefix vouches for all below it; what is above must not hide what vanished there."""
    push_chart(site, "acme/charts", "1.0.0")
    push_chart(site, "acme/charts/web/ui", "1.0.0")
    reader = Reader(site.endpoint, paths=["acme/charts"])
    reader.sync()
    assert {text.split()[1] for text in reader.versions} == {
        "acme/charts",
        "acme/charts/web",
        "acme/charts/web/ui",
    }
    site.forget()
    assert reader.sync()[1].nothing
    assert asked(site) == (3, 0, 0)
    site.delete("acme/charts/web/ui")
    _, changes = reader.sync()
    assert [key[1] for key in changes.removed] == ["acme/charts/web/ui"]
    site.delete("acme/charts/web", "1.0.0")
    _, changes = reader.sync()
    assert [key[1:3] for key in changes.removed] == [("acme/charts/web", "1.0.0")]
    assert reader.sync()[1].nothing


def test_tags_that_are_no_versions(site: OciSite) -> None:
    digest = push_container(site, "acme/images/app", "v2")
    attached = digest.replace(":", "-")
    for tag in (attached, f"{attached}.sig", f"{attached}.att"):
        site.push_image("acme/images/app", tag)
    reader = Reader(site.endpoint, paths=["acme/images"])
    reader.sync()
    assert reader.versions == {"image acme/images/app v1", "image acme/images/app v2"}
    assert not site.asked(attached)


def test_what_is_of_another_kind_is_counted(site: OciSite) -> None:
    run, _ = Reader(site.endpoint, provider="helm").sync()
    (note,) = run.of(Note)
    assert note.code == "passed-over"
    assert note.message == (
        "Charts alone are listed here. "
        "Passed over: Packs (3), Zarf packages (1), Images (1), Artifacts (1)."
    )
    # Of a chart its config is read, and of what is passed over nothing.
    assert len(site.asked("/blobs/")) == len(run.found) == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"paths": ["acme/spectro-packs"]},
            "Synchronized, 0 packs: the base content path ends in `spectro-packs`, so "
            "`…/spectro-packs/spectro-packs/archive` was read. Use `acme`.",
        ),
        (
            {"paths": [f"acme/{PACKS}"]},
            "Synchronized, 0 packs: the base content path ends in `spectro-packs/archive`, so "
            "`…/spectro-packs/archive/spectro-packs/archive` was read. Use `acme`.",
        ),
        (
            {},
            "Synchronized, 0 packs: there is no `spectro-packs/archive`, but there are packs "
            "elsewhere. Use `acme` or `other`.",
        ),
        ({"paths": ["acme"]}, None),
    ],
)
def test_a_base_path_without_packs_says_which_is_right(
    site: OciSite, values: dict[str, Any], said: str | None
) -> None:
    run, _ = Reader(site.endpoint, provider="pack", **values).sync()
    assert [note.message for note in run.of(Note)] == ([said] if said else [])


@pytest.mark.parametrize("status", [401, 403])
def test_a_list_that_is_not_for_this_account(status: int) -> None:
    with OciSite(sign_in=Basic("ann", "hunter2")) as site:
        site.manners.catalog = status
        push_chart(site, "acme/web", "1.0.0")
        reader = Reader(site.endpoint)
        reader.type._more["credentials"] = Basic("ann", "hunter2")
        with pytest.raises(NotAllowed) as raised:
            reader.sync()
        assert str(raised.value) == "Signed in, but this account may not list repositories."
        assert raised.value.remedy == "Enter repository paths, or use a Harbor system robot."
        assert raised.value.code == "catalog-not-allowed"
        named = Reader(site.endpoint, paths=["acme"], repositories=["acme/web", "acme/gone"])
        named.type._more["credentials"] = Basic("ann", "hunter2")
        run, _ = named.sync()
        assert named.versions == {"chart acme/web 1.0.0"}
        assert [note.code for note in run.of(Note)] == ["catalog-not-allowed", "no-repository"]
        # What lies under the path and was not entered may be there all the same.
        assert [complete.prefix for complete in run.of(Complete)] == ["acme/web"]


def test_what_lies_below_is_kept_where_there_is_no_list_any_more() -> None:
    with OciSite() as site:
        for name in ("acme/web", "acme/web/sub", "acme/zzz"):
            push_chart(site, name, "1.0.0")
        reader = Reader(site.endpoint, paths=["acme"], repositories=["acme/web"])
        reader.sync()
        site.manners.catalog = 403
        push_chart(site, "acme/web", "1.1.0")
        run, changes = reader.sync()
        assert not changes.removed
        assert [key[1:3] for key in changes.added] == [("acme/web", "1.1.0")]
        # Told before the prefix is complete, for what it vouches for is judged with it.
        told = [event for event in run.events if isinstance(event, Skip | Complete)]
        assert [type(event) for event in told] == [Skip, Complete]
        assert [skip.ref.path for skip in run.of(Skip)] == ["acme/web/sub"]
        # A list says that it is gone.
        site.manners.catalog = 200
        site._repositories.pop("acme/web/sub")
        _, changes = reader.sync()
        assert [key[1] for key in changes.removed] == ["acme/web/sub"]


def test_a_registry_without_a_list(site: OciSite) -> None:
    site.manners.catalog = 404
    with pytest.raises(NotFound) as raised:
        Reader(site.endpoint).sync()
    assert raised.value.code == "no-catalog"
    assert "Enter the paths" in raised.value.remedy
    reader = Reader(site.endpoint, repositories=["acme/charts/web", "acme/images/app"])
    reader.sync()
    assert reader.versions == of_kind("chart") | of_kind("image")
    assert not site.asked("_catalog")[1:]
    # What is no longer entered is gone.
    reader.values["repositories"] = ["acme/images/app"]
    _, changes = reader.sync()
    assert {key[0] for key in changes.removed} == {"chart"}


def test_nothing_of_what_was_entered_is_there(site: OciSite) -> None:
    with pytest.raises(NotFound) as raised:
        Reader(site.endpoint, repositories=["acme/typo"]).sync()
    assert str(raised.value) == "There is no repository acme/typo."


def test_names_may_come_from_an_interface_of_the_registry_own(site: OciSite) -> None:
    seen: list[str] = []

    def names(prefix: str) -> Iterator[str]:
        seen.append(prefix)
        yield from (f"acme/{PACKS}/nginx", f"{PACKS}/nginx", "acme/Charts/../x")

    reader = Reader(site.endpoint, provider="pack", paths=["acme"], names=names)
    reader.sync()
    assert seen == [f"acme/{PACKS}"]
    assert reader.versions == of_kind("pack acme")
    assert not site.asked("_catalog")


def test_what_a_registry_declares_is_a_fact_of_its_packs(site: OciSite) -> None:
    said = {"status": "not_compliant", "basis": "registry_declared", "source": "the vendor"}

    def declared(repository: str) -> dict[str, Any]:
        return {"fips": said, "layer": "other"} if repository.startswith("other/") else {}

    push_pack(site, f"other/{PACKS}/own", "1.0.0", pack_files("own", "1.0.0", fips="true"))
    reader = Reader(site.endpoint, declared=declared)
    run, _ = reader.sync()
    plain = one(run, f"acme/{PACKS}/nginx", "1.27.0").version.facts
    nginx = one(run, f"other/{PACKS}/nginx").version.facts
    own = one(run, f"other/{PACKS}/own").version.facts
    assert "fips" not in plain
    assert (nginx["fips"]["status"], nginx["fips"]["source"]) == ("not_compliant", "the vendor")
    assert nginx["layer"] == "addon"  # what the pack says of itself stands
    assert own["fips"]["status"] == "conflicting"
    assert not run.of(Skip)
    assert "fips" not in one(run, "acme/charts/web").version.facts
    # What is declared is part of what was read: with another declaration nothing is as it was.
    said["status"] = "compliant"
    site.forget()
    _, changes = reader.sync()
    assert {key[1].partition("/")[0] for key in changes.changed} == {"other"}
    assert len(reader.sync()[0].of(Unchanged)) >= 5
