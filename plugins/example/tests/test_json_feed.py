"""The example keeps the contract, and reads what its page promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from registrykit import BadAnswer, Bearer, Found, Skip
from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.running import MiniCatalog, collect, collect_bytes
from registrykit.testing.servers import Site
from registrykit_example import FeedRegistry

TOKEN = "feed-token-1234"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(sign_in=Bearer(TOKEN)) as serving:
        yield serving


def config(site: Site) -> dict[str, Any]:
    return {"endpoint": f"{site.url}/feed.json", "auth": "token", "token": TOKEN}


def publish(site: Site, *packages: tuple[str, str]) -> None:
    """Serve a feed of these (name, version) pairs, each with a file and notes."""
    feed: dict[str, list[dict[str, Any]]] = {}
    for name, version in packages:
        content, path = f"{name} {version}".encode(), f"files/{name}-{version}"
        site.put(f"/{path}.tgz", content)
        site.put(f"/{path}.md", f"# {name} {version}")
        feed.setdefault(name, []).append(
            {
                "version": version,
                "file": f"{path}.tgz",
                "notes": f"{path}.md",
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "released": "2026-01-31T12:00:00Z",
            }
        )
    packed = [{"name": name, "versions": rows} for name, rows in feed.items()]
    site.put("/feed.json", json.dumps({"packages": packed}))


class TestJsonFeed(RegistryTypeContract):
    registry_type = FeedRegistry
    has_documents = True
    can_save = True

    @pytest.fixture
    def registry(self, site: Site) -> Served:
        held = [("tools/hello", "1.0.0"), ("tools/hello", "1.1.0"), ("world", "2.0.0")]
        publish(site, *held)
        return Served(
            config(site),
            stop=site.stop,
            change=lambda: publish(site, ("tools/hello", "1.1.0"), ("world", "2.1.0")),
            expect=held,
        )


def test_a_broken_entry_costs_only_itself(site: Site) -> None:
    good = {"version": "1.0.0", "file": "a.tgz"}
    feed = {"packages": [{"name": "a", "versions": [good, {"version": 2}, "x"]}]}
    site.put("/feed.json", json.dumps(feed))
    run = collect(FeedRegistry(), config(site))
    assert [found.version.version for found in run.of(Found)] == ["1.0.0"]
    assert [skip.ref.path for skip in run.of(Skip)] == ["a", "a"]


def test_a_version_that_vanished_is_removed(site: Site) -> None:
    catalog = MiniCatalog()
    publish(site, ("a", "1.0.0"), ("a", "2.0.0"))
    catalog.apply(collect(FeedRegistry(), config(site)).events)
    publish(site, ("a", "2.0.0"))
    changes = catalog.apply(collect(FeedRegistry(), config(site), stored=catalog).events)
    assert [key[2] for key in changes.removed] == ["1.0.0"]
    assert not changes.added


def test_something_else_is_refused(site: Site) -> None:
    site.put("/feed.json", "<html>sign in</html>")
    with pytest.raises(BadAnswer, match="JSON feed"):
        collect(FeedRegistry(), config(site))


def test_bytes_with_another_digest_are_refused(site: Site) -> None:
    publish(site, ("a", "1.0.0"))
    found = collect(FeedRegistry(), config(site)).found[0]
    site.put("/files/a-1.0.0.tgz", "something else")
    with pytest.raises(BadAnswer, match="digest"):
        collect_bytes(FeedRegistry(), config(site), found.artifact, found.version)
