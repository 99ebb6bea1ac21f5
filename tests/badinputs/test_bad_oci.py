"""OCI registries that misbehave, met by the real program: nothing is lost, and it says what to do.

The ids (AU-01 …) are those of the catalog of bad input.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from registrykit.testing import faults
from registrykit.testing.answers import Answer, Fault, Request
from registrykit.testing.oci import Manners, OciSite
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.urls import Basic
from tests.badinputs.oci_stage import (
    ACCOUNT,
    APP,
    CANARY,
    JSON,
    WEB,
    Spoil,
    Stage,
    add_to,
    filled,
    layer,
    manifest,
)
from tests.charts import archive
from tests.e2e.layouts import CHART_CONFIG, CHART_LAYER, push_chart, push_container_image
from tests.program import Program


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    program = Program(tmp_path_factory.mktemp("badoci") / "data")
    program.env["REGISTRY_DESKTOP_SECRET_CHARTS_PASSWORD"] = CANARY
    with filled(OciSite(sign_in=ACCOUNT)) as site:
        add_to(program, site)
        program.json("sync", "charts")
        stage = Stage(program, site)
        stage.before = stage.catalog()
        assert len(stage.before) == 2
        yield stage


@pytest.fixture
def stage(prepared: Stage) -> Iterator[Stage]:
    site = prepared.site
    yield prepared
    site.mend()
    site.manners, site.account = Manners(), ACCOUNT
    for path in ("/v2/_catalog", "/token", f"/v2/{WEB}/tags/list"):
        site.remove(path)
    for name in set(site._repositories) - {WEB, APP}:
        site.delete(name)


def challenge(text: str) -> Spoil:
    def spoil(stage: Stage) -> None:
        stage.site.manners.challenge = lambda scope, reason: text

    return spoil


def realm(url: str) -> Spoil:
    return challenge(f'Bearer realm="{url}",service="s"')


def token(answer: bytes) -> Spoil:
    """Let the registry's own token server answer something that is no token."""

    def spoil(stage: Stage) -> None:
        site = stage.site
        site.put("/token", answer)
        realm(f"{site.url}/token")(stage)

    return spoil


def account(stage: Stage) -> None:
    stage.site.account = Basic("robot", "another")


def ntlm(stage: Stage) -> None:
    account(stage)
    challenge("NTLM")(stage)


def manners(**changed: Any) -> Spoil:
    def spoil(stage: Stage) -> None:
        stage.site.manners = Manners(**changed)

    return spoil


def fault(path: str, *which: Fault) -> Spoil:
    return lambda stage: stage.site.spoil(path, *which)


def catalog(body: bytes, link: str = "") -> Spoil:
    """Let every page of the catalog be this one, with a link to the next."""

    def page(request: Request) -> Answer:
        headers = {**JSON, "Link": link.format(query=request.query)} if link else JSON
        return Answer(200, body, headers)

    return lambda stage: stage.site.put("/v2/_catalog", page)


def second_page(stage: Stage) -> None:
    stage.site.manners = Manners(page_size=1)

    def broken(answer: Answer, request: Request) -> Answer:
        return Answer(500) if "last=" in request.query else answer

    stage.site.spoil("/v2/_catalog", broken)


NAMES = b'{"repositories":["acme/app","acme/web"]}'

# What the server does: (how, code, words of the message)
KEEP: dict[str, tuple[Spoil, str, tuple[str, ...]]] = {
    "AU-01 realm elsewhere": (
        realm("http://evil.invalid/token"),
        "host-not-approved",
        ("evil.invalid",),
    ),
    "AU-03 realm of the cloud": (
        realm("http://169.254.169.254/x"),
        "link-local-address",
        ("169.254",),
    ),
    "AU-06 realm that is none": (realm("not a url"), "bad-realm", ()),
    "AU-09 realm with a user": (realm("http://127.0.0.1@evil.invalid/"), "bad-realm", ()),
    "AU-12 token null": (token(b'{"token":null}'), "no-token", ()),
    "AU-12 token in two lines": (token(b'{"token":"a\\nb"}'), "no-token", ()),
    "AU-14 wrong password": (account, "sign-in-failed", ("password",)),
    "AU-16 NTLM": (ntlm, "sign-in-unsupported", ("ntlm",)),
    "PG-12 403": (manners(catalog=403), "catalog-not-allowed", ("list repositories", "enter")),
    "PG-12 404": (manners(catalog=404), "no-catalog", ("enter the paths",)),
    "PG-12 405": (manners(catalog=405), "no-catalog", ()),
    "PG-01 page of itself": (
        catalog(NAMES, '</v2/_catalog?{query}>; rel="next"'),
        "endless-list",
        (),
    ),
    "PG-03 page elsewhere": (
        catalog(NAMES, '<http://evil.invalid/v2/_catalog?last=x>; rel="next"'),
        "foreign-link",
        ("evil.invalid",),
    ),
    "PG-04 a link that is none": (catalog(NAMES, "next"), "bad-link", ()),
    "PG-05 cursor ignored": (
        catalog(NAMES, '</v2/_catalog?{query}0>; rel="next"'),
        "endless-list",
        (),
    ),
    "PG-07 second page": (second_page, "server-error", ()),
    "PG-16 another form": (catalog(b'{"repositories":[],"nextToken":"x"}'), "bad-list", ()),
    "deep": (catalog(b'{"repositories":' + b"[" * 200_000), "bad-list", ()),
    "HT-23 a web page": (fault("*", faults.html()), "", ()),
    "too much": (fault("/v2/_catalog", faults.endless(b'{"repositories":["')), "too-large", ()),
    "429": (fault("*", faults.status(429, retry_after="3600")), "throttled", ()),
    "reset": (fault("*", faults.reset(20)), "", ()),
}


@pytest.mark.parametrize("case", KEEP)
def test_a_registry_in_trouble_keeps_its_catalog(case: str, stage: Stage) -> None:
    spoil, code, words = KEEP[case]
    stage.site.forget()
    spoil(stage)
    run = stage.sync(4)
    assert (run["outcome"], run["removed"]) == ("failed", 0)
    assert run["code"]
    assert run["code"] == code or not code, run
    assert run["message"][:1].isupper() or run["message"][:1].isdigit()
    assert run["remedy"]
    for word in words:
        assert word in f"{run['message']} {run['remedy']}".lower()
    assert stage.catalog() == stage.before
    # A password is tried, and once it is refused it is left at that.
    assert sum("Basic" in one.headers.get("authorization", "") for one in stage.site.log) <= 20
    if code == "sign-in-failed":
        assert sum(one.status == 401 for one in stage.site.log) <= 3
        (row,) = stage.program.json("registry", "list")["registries"]
        assert "needs-sign-in" in row["conditions"]


def test_what_was_mended_is_as_it_was(stage: Stage) -> None:
    account(stage)
    stage.sync(4)
    stage.site.account = ACCOUNT
    assert stage.sync(0)["outcome"] == "unchanged"
    assert stage.catalog() == stage.before


def test_pg_15_a_list_that_is_suddenly_empty_is_held(stage: Stage) -> None:
    catalog(b'{"repositories":[]}')(stage)
    run = stage.sync(3)
    assert (run["outcome"], run["removed"]) == ("held", 0)
    assert stage.catalog() == stage.before


# Some of it in trouble


ODD: Mapping[str, tuple[bytes, str]] = {
    # what lies under a tag, and a word of the reason
    "mf-01": (manifest(layers=[layer(digest="sha256:../../x")]), "invalid digest"),
    "mf-03": (manifest(manifests=[]), "mixes"),
    "mf-04": (manifest(mediaType="text/html"), "text/html"),
    "mf-05": (b'{"schemaVersion": 1, "name": "x"}', "old format"),
    "mf-07": (manifest(layers=[layer(size=2**70)]), "size"),
    "mf-10": (manifest(annotations={"a": "x" * 5_000_000}), "too large"),
    "mf-11": (b'{"layers": [], "layers": []}', "twice"),
    "mf-11-escapes": (b'{"\x7f\xe2\x80\xae": [], "\x7f\xe2\x80\xae": []}', "twice"),
    "mf-12": (b'{"a":' * 100_000, "not valid json"),
}


def test_what_is_wrong_costs_itself_and_its_reason_is_told(stage: Stage) -> None:
    """MF, and PG-09, PG-11, PG-13: beside them everything is there, and new versions come."""
    site = stage.site
    for tag, (content, _) in ODD.items():
        site.push("acme/odd", tag, content)
    push_chart(site, "acme", archive("fresh", "1.0.0"))
    names = ["acme/web", "acme/app", "acme/odd", "acme/fresh", "acme/web", "../../etc/passwd",
             "acme/Big", "acme/%2e%2e", "acme/gone", "", 5]  # fmt: skip
    catalog(json.dumps({"repositories": names}).encode())(stage)
    tags = {"name": "other/web", "tags": ["9.9.9"]}
    site.put(f"/v2/{WEB}/tags/list", Answer(200, json.dumps(tags).encode(), JSON))
    run = stage.sync(3)
    reasons = stage.skipped(run)
    assert (run["outcome"], run["added"], run["removed"]) == ("partial", 1, 0)
    for tag, (_, words) in ODD.items():
        assert words in reasons[f"acme/odd {tag}"].lower()
    assert "those of another one" in reasons[WEB]
    assert len([reason for reason in reasons.values() if "none can have" in reason]) >= 3
    assert all(reason.isprintable() and CANARY not in reason for reason in reasons.values())
    assert {one["path"] for one in stage.catalog()} == {WEB, APP, "acme/fresh"}
    assert not [one for one in site.log if ".." in one.path or "%2e" in one.path]
    again = stage.sync(0)
    assert (again["outcome"], again["skipped"]) == ("unchanged", run["skipped"])


def test_tags_that_differ_in_case_are_two_versions(stage: Stage) -> None:
    for tag in ("v1-Rc", "v1-rc", "V1-RC"):
        push_container_image(stage.site, "acme/cased", tag, "amd64")
    stage.sync(0)
    where = ("--registry", "charts", "acme/cased")
    shown = stage.program.json("catalog", "show", *where)["artifact"]
    assert sorted(one["version"] for one in shown["versions"]) == ["V1-RC", "v1-Rc", "v1-rc"]
    assert stage.sync(0)["outcome"] == "unchanged"


def test_a_repository_of_two_kinds_is_asked_for_by_kind(stage: Stage) -> None:
    repository = push_chart(stage.site, "acme", archive("both", "1.0.0"))
    push_container_image(stage.site, repository, "v1", "amd64")
    stage.sync(0)
    where = ("catalog", "show", "--registry", "charts", repository)
    refused = stage.program.json(*where, code=2)["error"]
    assert refused["code"] == "ambiguous-name"
    assert "chart" in refused["cause"]
    assert "image" in refused["cause"]
    for kind, version in (("chart", "1.0.0"), ("image", "v1")):
        shown = stage.program.json(*where, "--kind", kind)["artifact"]
        assert [one["version"] for one in shown["versions"]] == [version]


@pytest.mark.parametrize("part", ["config", "layer"])
def test_bl_01_an_image_of_other_bytes_is_not_saved(
    part: str, stage: Stage, tmp_path: Path
) -> None:
    blobs = stage.site._repositories[APP].blobs
    sizes = sorted(blobs, key=lambda digest: blobs[digest].startswith(b"{"))
    digest = sizes[-1] if part == "config" else sizes[0]
    good = blobs[digest]
    where = ("catalog", "save", "--registry", "charts", APP, "v1", "--to", str(tmp_path))
    blobs[digest] = good[:-1] + bytes([good[-1] ^ 1])
    try:
        error = stage.program.json(*where, code=4)["error"]
    finally:
        blobs[digest] = good
    assert error["code"] == "digest-mismatch"
    assert error["remedy"]
    assert not list(tmp_path.iterdir())
    stage.program.json(*where)
    assert [file.name for file in tmp_path.iterdir()] == ["app-v1.oci.tar"]


def test_mf_01_a_chart_may_have_digests_of_another_kind(stage: Stage, tmp_path: Path) -> None:
    content = archive("long", "1.0.0")
    listed = []
    for part, kind in (
        (b'{"name":"long","version":"1.0.0"}', CHART_CONFIG),
        (content, CHART_LAYER),
    ):
        digest = f"sha512:{hashlib.sha512(part).hexdigest()}"
        stage.site.push_blob("acme/long", part, kind)
        stage.site._repositories["acme/long"].blobs[digest] = part
        listed.append({"mediaType": kind, "digest": digest, "size": len(part)})
    stage.site.push("acme/long", "1.0.0", manifest(config=listed[0], layers=listed[1:]))
    stage.sync(0)
    where = ("--registry", "charts", "acme/long", "1.0.0")
    readme = stage.program.json("catalog", "document", *where, "readme", "--fetch")
    assert readme["document"]["text"].startswith("# long")
    stage.program.json("catalog", "save", *where, "--to", str(tmp_path))
    assert (tmp_path / "long-1.0.0.tgz").read_bytes() == content


def test_neighbors_of_a_bad_registry_are_synchronized(stage: Stage, tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    with OciSite() as bad, filled(OciSite()) as good, LegacyPackSite() as packs:
        bad.spoil("*", faults.html())
        packs.push("nginx", "1.0.0", {"pack.json": b'{"name":"nginx","version":"1.0.0"}'})
        for kind, name, site in (("oci", "bad", bad), ("oci", "good", good),
                                 ("legacy-pack", "packs", packs)):  # fmt: skip
            program.json(
                "registry", "add", kind, "--name", name, "--no-check", "--set", "auth=none",
                "--set", f"endpoint={site.endpoint}",
            )  # fmt: skip
        runs = program.json("sync", "bad", "good", "packs", code=3)["runs"]
    found = {one["registry"]: (one["outcome"], one["versions"]) for one in runs}
    assert found == {"bad": ("failed", 0), "good": ("ok", 3), "packs": ("ok", 1)}
