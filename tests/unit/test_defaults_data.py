"""The default registries: seven rows, complete, offered where the documentation says so."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

DEFAULTS = Path(__file__).parents[2] / "resources" / "defaults" / "defaults.toml"
ROWS: list[dict[str, Any]] = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))["registry"]
BY_KEY = {row["key"]: row for row in ROWS}

CONFIG_KEYS = {
    "helm": {"endpoint", "auth"},
    "legacy-pack": {"endpoint", "auth"},
    "oci": {"endpoint", "auth", "provider_type", "base_content_path"},
}
ECR_NOTE = (
    "Credentials come from Spectro Cloud support. Sign in, or read this registry through your "
    "Palette."
)


def test_the_seven_rows_are_there_in_the_order_of_the_documentation() -> None:
    assert [(row["name"], row["provider"], row["type"]) for row in ROWS] == [
        ("Bitnami", "Helm", "helm"),
        ("Public Spectro Helm Repo", "Helm", "helm"),
        ("Public Repo", "Legacy Packs", "legacy-pack"),
        ("Spectro Addon Repo", "Legacy Packs", "legacy-pack"),
        ("Palette Registry", "OCI", "oci"),
        ("Palette Registry FIPS", "OCI", "oci"),
        ("Palette Community Registry", "OCI", "oci"),
    ]
    assert len(BY_KEY) == 7


@pytest.mark.parametrize("row", ROWS, ids=[row["key"] for row in ROWS])
def test_a_row_is_complete(row: dict[str, Any]) -> None:
    assert set(row) == {
        *("key", "name", "provider", "description", "type", "editions", "deprecated"),
        *("access", "access_note", "config", "provenance", "disagreements"),
    }
    assert set(row["config"]) == CONFIG_KEYS[row["type"]]
    assert row["description"].endswith(".")
    assert all(sentence.endswith(".") for sentence in row["disagreements"])
    assert row["access"] in {"open", "credentials"}
    assert (row["config"]["auth"] == "none") == (row["access"] == "open")
    assert bool(row["access_note"]) == (row["access"] == "credentials")
    for source in row["provenance"]:
        assert set(source) == {"document", "newest", "read", "says"}
        assert source["document"]
        assert source["says"]


@pytest.mark.parametrize("row", ROWS, ids=[row["key"] for row in ROWS])
def test_the_values_are_those_of_the_newest_document(row: dict[str, Any]) -> None:
    table_row = next(source for source in row["provenance"] if source["newest"])
    name, provider, _, url, base, palette, vertex = table_row["says"].split(" | ")
    assert table_row["read"]
    assert name == row["name"]
    assert provider == row["provider"]
    assert url == row["config"]["endpoint"]
    assert base == ",".join(row["config"].get("base_content_path", ["-"]))
    assert (palette == "Palette: yes") == ("saas" in row["editions"])
    assert (palette == "Palette: yes") == ("self-hosted" in row["editions"])
    assert (vertex == "Palette VerteX: yes") == ("vertex" in row["editions"])


@pytest.mark.parametrize(
    ("edition", "count"),
    [("saas", 6), ("self-hosted", 6), ("vertex", 1), ("airgap", 0), ("vertex-airgap", 0)],
)
def test_each_edition_gets_its_defaults(edition: str, count: int) -> None:
    assert sum(edition in row["editions"] for row in ROWS) == count


def test_vertex_gets_the_fips_registry_only() -> None:
    assert [row["key"] for row in ROWS if "vertex" in row["editions"]] == ["palette-registry-fips"]


def test_what_is_known_to_be_disputed_is_said() -> None:
    fips = " ".join(BY_KEY["palette-registry-fips"]["disagreements"])
    assert "us-east-1" in fips
    assert "us-west-2" in fips
    assert "87fcc3f" in " ".join(BY_KEY["spectro-addon-repo"]["disagreements"])
    assert [row["key"] for row in ROWS if row["deprecated"]] == ["public-spectro-helm-repo"]


def test_the_ecr_registries_say_where_credentials_come_from() -> None:
    ecr = [row for row in ROWS if row["config"]["auth"] == "ecr"]
    assert len(ecr) == 3
    assert {row["access_note"] for row in ecr} == {ECR_NOTE}
    assert not any(row["config"]["endpoint"].startswith("https://") for row in ecr)
