"""Documents that come with a listing, and the digest of content beside the one that is pulled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.engine import documents
from desktop.store import catalog, runs, search
from desktop.store.plugins import PluginRow, save_plugin
from registrykit import Artifact, Complete, Document, Found, Ref, Version
from registrykit.description import TypeDescription
from registrykit.events import LARGEST_LOGO
from registrykit.formats.kinds import CHART, IMAGE, ZARF
from registrykit.forms import FormSpec
from tests.scripted import Bench, digest_for, found, open_bench

PACK = Artifact("chart", "acme/nginx", "nginx")


def listed(text: str, version: str = "1.0.0", tag: str = "", name: str = "readme") -> Document:
    return Document(Ref(PACK.path, version, "chart", tag), name, text)


def texts(bench: Bench) -> dict[str, dict[str, str]]:
    """Return the documents that are stored, by tag and name."""
    (artifact,) = catalog.find_artifacts(bench.app.db, bench.registry_id, PACK.path)
    return {
        version.tag: {one.name: one.text for one in catalog.documents_of(bench.app.db, version.id)}
        for version in catalog.versions_of(bench.app.db, artifact.id)
    }


@pytest.fixture
def eager(tmp_path: Path) -> Iterator[Bench]:
    """A registry whose policy wants the documents of all versions."""
    made = open_bench(tmp_path / "data", config={"documents": "all"})
    yield made
    made.app.close()


def test_what_came_with_the_listing_is_not_fetched_again(eager: Bench) -> None:
    events = [*found(PACK.path, "1.0.0", "2.0.0"), listed("# One"), Complete("")]
    eager.workers.documents = {f"{PACK.path}@2.0.0": [listed("# Two", "2.0.0")]}
    run = eager.sync(*events)
    assert (run.documents, run.documents_missing, run.document_requests) == (2, 0, 1)
    assert texts(eager) == {"1.0.0": {"readme": "# One"}, "2.0.0": {"readme": "# Two"}}
    again = eager.sync(*events)
    assert (again.outcome, again.document_requests) == ("unchanged", 0)


def test_two_tags_with_one_version_keep_their_own_documents(bench: Bench) -> None:
    one = Version("1.0.0", "1.0.0", digest_for("one"))
    other = Version("1.0.0", "lts__1.0.0", digest_for("other"))
    bench.sync(
        Found(PACK, one),
        Found(PACK, other),
        listed("# One", tag="1.0.0"),
        listed("# Other", tag="lts__1.0.0"),
        Complete(""),
    )
    assert texts(bench) == {"1.0.0": {"readme": "# One"}, "lts__1.0.0": {"readme": "# Other"}}


def test_documents_of_other_bytes_are_dropped_and_new_ones_replace_all(bench: Bench) -> None:
    bench.sync(
        *found(PACK.path, "1.0.0"), listed("# Old"), listed("a", name="presets"), Complete("")
    )
    moved = Version("1.0.0", digest=digest_for("moved"))
    bench.sync(*found(PACK.path, moved), Complete(""))
    assert texts(bench) == {"1.0.0": {}}
    (artifact,) = catalog.find_artifacts(bench.app.db, bench.registry_id, PACK.path)
    assert catalog.document_state(bench.app.db, artifact.latest_id or 0) is None
    bench.sync(*found(PACK.path, moved), listed("a", name="presets"), Complete(""))
    bench.sync(*found(PACK.path, moved), listed("# New"), Complete(""))
    assert texts(bench) == {"1.0.0": {"readme": "# New"}}
    assert search.search(bench.app.db, "new", [bench.registry_id]).total == 1


def test_a_readme_is_missed_only_where_there_may_be_one(eager: Bench) -> None:
    eager.workers.documents = {"acme/app@1.0.0": []}  # fetched, and without a README
    others = [*found("acme/app", "1.0.0"), *found("acme/lost", "1.0.0")]
    eager.sync(*found(PACK.path, "1.0.0"), listed("# One"), *others, Complete(""))
    result = search.search(eager.app.db, "one", [eager.registry_id])
    assert (result.readmes, result.readmes_missing) == (1, 1)


def test_no_readme_is_missed_of_a_kind_that_has_none(bench: Bench) -> None:
    """As with documents on demand, where nothing but the listing is here."""
    form = FormSpec(())
    offered = TypeDescription("x", "X", "", "", "", (), 1, (CHART, IMAGE, ZARF), form)
    with bench.app.db.write() as tx:
        save_plugin(tx, PluginRow("registrykit-x", "1.0", "", True, "active", "", (offered,)))
    listing = [
        Found(Artifact(kind, name), Version("1.0.0"))
        for kind, name in (("chart", "web"), ("image", "web-image"), ("zarf", "web-package"))
    ]
    bench.sync(*listing, Complete(""))
    result = search.search(bench.app.db, "web", [bench.registry_id])
    assert (result.total, result.readmes, result.readmes_missing) == (3, 0, 1)


def test_documents_beyond_the_space_for_them_are_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "BUDGET", 10)
    run = bench.sync(
        *found(PACK.path, "1.0.0", "2.0.0"),
        listed("12345678"),
        listed("12345678", "2.0.0"),
        Complete(""),
    )
    assert (run.outcome, run.documents) == ("ok", 1)
    assert texts(bench) == {"1.0.0": {"readme": "12345678"}, "2.0.0": {}}


A, B, C = (digest_for(letter) for letter in "abc")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ((A, B), (A, B), None),
        ((A, ""), (A, B), None),
        # What one pulls is the same: that names the content as well.
        ((A, B), (A, C), None),
        ((A, B), (C, B), ("digest-moved", A, C)),
        (("", A), ("", B), ("digest-moved", A, B)),
        (("", A), (B, A), ("metadata-changed", "", B)),
        ((A, ""), ("", B), ("metadata-changed", A, "")),
    ],
)
def test_the_digest_that_is_pulled_decides_whether_a_version_moved(
    bench: Bench,
    before: tuple[str, str],
    after: tuple[str, str],
    change: tuple[str, str, str] | None,
) -> None:
    for digest, content in (before, after):
        version = Version("1.0.0", digest=digest, content_digest=content)
        run = bench.sync(Found(PACK, version), Complete(""))
    told = [
        (one.change, one.old_digest, one.new_digest)
        for one in runs.changes_of(bench.app.db, run=run.id)
    ]
    assert told == ([] if change is None else [change])
    assert (run.outcome, run.changed) == (("unchanged", 0) if change is None else ("ok", 1))
    (artifact,) = catalog.find_artifacts(bench.app.db, bench.registry_id, PACK.path)
    (stored,) = catalog.versions_of(bench.app.db, artifact.id)
    assert (stored.digest, stored.content_digest) == after


@pytest.mark.parametrize(
    ("name", "media_type", "size"),
    [
        ("logo", "text/plain", 10),
        ("logo", "image/png", LARGEST_LOGO // 3 * 4 + 5),
        ("licence", "text/plain", 10),
    ],
)
def test_documents_that_nobody_could_show_are_refused(
    bench: Bench, name: str, media_type: str, size: int
) -> None:
    odd = Document(Ref(PACK.path, "1.0.0"), name, "A" * size, media_type)
    run = bench.sync(*found(PACK.path, "1.0.0"), odd, Complete(""))
    assert run.outcome == "failed"
    good = Document(Ref(PACK.path, "1.0.0"), "logo", "A" * 400, "image/png")
    assert bench.sync(*found(PACK.path, "1.0.0"), good, Complete("")).outcome == "ok"


def test_a_content_digest_that_is_none_is_refused(bench: Bench) -> None:
    run = bench.sync(Found(PACK, Version("1.0.0", content_digest="none")), Complete(""))
    assert (run.outcome, run.code) == ("failed", "garbage")


def test_images_of_the_latest_version_are_searched(bench: Bench) -> None:
    old = Version("1.0.0", facts={"images": ["quay.io/acme/proxy:1.0", {"not": "a text"}]})
    new = Version("2.0.0", facts={"images": ["quay.io/acme/router:2.0", "ghcr.io/acme/sidecar:7"]})

    def hits(query: str) -> int:
        return search.search(bench.app.db, query, [bench.registry_id]).total

    bench.sync(Found(PACK, old), Complete(""))
    assert (hits("acme/proxy:1"), hits("router")) == (1, 0)
    bench.sync(Found(PACK, old), Found(PACK, new), Complete(""))
    assert (hits("acme/proxy:1"), hits("router sidecar"), hits("2.0 quay.io")) == (0, 1, 1)
