"""The demo's repositories, read by other readers than ours: PyYAML, tarfile and OpenSSL."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import tarfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.demo.charts import Repository
from desktop.demo.content import Content
from desktop.demo.source import expand, precedence
from desktop.demo.writing import stored_gzip, to_yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "resources" / "demo"
TLS = FOLDER / "tls"
STEPS = (0, 1)
NAMES = ["archive", "community", "lab", "team", "vendor"]
READABLE = ["archive", "community", "team"]

Entries = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def steps() -> list[Mapping[str, Repository]]:
    content = Content(FOLDER)
    return [{name: content.charts(name).at(step) for name in NAMES} for step in STEPS]


def entries(repository: Repository) -> Entries:
    index = yaml.safe_load(repository.index_yaml)
    assert index["apiVersion"] == "v1"
    return {
        (name, entry["version"]): entry
        for name, versions in index["entries"].items()
        for entry in versions
    }


def members(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        texts = {}
        for member in tar:
            assert member.isfile()
            assert (member.uid, member.gid, member.mode) == (0, 0, 0o644)
            stream = tar.extractfile(member)
            assert stream is not None
            assert member.name not in texts
            texts[member.name] = stream.read().decode()
        assert list(texts) == sorted(texts)
        return texts


def documents(repository: Repository, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of one version by their path in the chart."""
    prefix = f"{entry['name']}/"
    texts = members(repository.files[entry["urls"][0]])
    assert all(path.startswith(prefix) and ".." not in path for path in texts)
    return {path.removeprefix(prefix): text for path, text in texts.items()}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", NAMES)
def test_index_and_archives_agree(
    steps: list[Mapping[str, Repository]], name: str, step: int
) -> None:
    repository = steps[step][name]
    listed = entries(repository)
    assert {entry["urls"][0] for entry in listed.values()} == set(repository.files)
    for (chart, version), entry in listed.items():
        (path,) = entry["urls"]
        assert path.endswith(f"{chart}-{version}.tgz")
        assert not path.startswith("/")
        assert "://" not in path
        assert entry["digest"] == hashlib.sha256(repository.files[path]).hexdigest()
        in_archive = yaml.safe_load(documents(repository, entry)["Chart.yaml"])
        marked_by_hand = (name, chart, version, step) == ("team", "stock-sync", "3.4.0", 1)
        of_the_index = {"created", "digest", "urls", *(["deprecated"] if marked_by_hand else [])}
        assert in_archive == {k: v for k, v in entry.items() if k not in of_the_index}


@pytest.mark.parametrize("name", NAMES)
def test_an_index_is_in_helms_order(steps: list[Mapping[str, Repository]], name: str) -> None:
    index = yaml.safe_load(steps[0][name].index_yaml)
    assert list(index) == ["apiVersion", "entries", "generated"]
    assert list(index["entries"]) == sorted(index["entries"])
    for versions in index["entries"].values():
        for higher, lower in pairwise(versions):
            assert precedence(higher["version"]) > precedence(lower["version"])
            assert list(lower) == sorted(lower)


@pytest.mark.parametrize("name", NAMES)
def test_every_version_has_its_documents(steps: list[Mapping[str, Repository]], name: str) -> None:
    repository = steps[0][name]
    for (chart, version), entry in entries(repository).items():
        texts = documents(repository, entry)
        readme = texts["README.md"]
        assert readme.startswith(f"# {chart}\n")
        assert len([part for part in readme.split("\n\n") if len(part) > 60]) >= 4
        assert "\n| `" in readme
        assert f"--version {version}\n" in readme or chart == "fenlib"
        assert not any(mark in "".join(texts.values()) for mark in ("%%", "<<", ">>"))
        yaml.safe_load(texts["values.yaml"])
        if "values.schema.json" in texts:
            assert json.loads(texts["values.schema.json"])["title"] == f"{chart} {version}"


def test_dependencies_are_bundled(steps: list[Mapping[str, Repository]]) -> None:
    community = entries(steps[0]["community"])
    found = 0
    for repository in steps[0].values():
        for entry in entries(repository).values():
            for needed in entry.get("dependencies", []):
                texts = documents(repository, entry)
                bundled = yaml.safe_load(texts[f"charts/{needed['name']}/Chart.yaml"])
                assert (bundled["name"], bundled["version"]) in community
                assert needed["repository"] == "https://charts.saltfen.example"
                major = needed["version"].lstrip("^~").split(".")[0]
                assert bundled["version"].split(".")[0] == major
                found += 1
    assert found >= 30


def test_the_estate_is_large_enough(steps: list[Mapping[str, Repository]]) -> None:
    for names, charts, versions in ((NAMES, 28, 170), (READABLE, 25, 150)):
        listed = [key for name in names for key in entries(steps[0][name])]
        assert len({chart for chart, _ in listed}) >= charts
        assert len(listed) >= versions


def test_the_estate_shows_what_charts_can_be(
    steps: list[Mapping[str, Repository]],
) -> None:
    listed = [entry for name in NAMES for entry in entries(steps[0][name]).values()]
    assert sum("-" in entry["version"] for entry in listed) >= 5
    assert sum("+" in entry["version"] for entry in listed) == 1
    assert len({entry["name"] for entry in listed if entry.get("deprecated")}) >= 3
    assert {entry["name"] for entry in listed if entry.get("type") == "library"} == {"fenlib"}
    assert any("created" in entry for entry in listed)
    assert any("created" not in entry for entry in listed)
    fields = ("kubeVersion", "annotations", "icon", "sources", "home", "keywords", "maintainers")
    for field in fields:
        assert any(field in entry for entry in listed)
    assert {entry["apiVersion"] for entry in listed} == {"v1", "v2"}


def test_values_change_between_versions(steps: list[Mapping[str, Repository]]) -> None:
    community = steps[0]["community"]
    old, new = (
        documents(community, entries(community)["gullwire", version])["values.yaml"]
        for version in ("2.7.1", "3.2.1")
    )
    assert "storage" in yaml.safe_load(old)
    assert "persistence" in yaml.safe_load(new)


def test_four_things_change_in_the_team_repository(
    steps: list[Mapping[str, Repository]],
) -> None:
    before, after = (entries(step["team"]) for step in steps)
    assert before.keys() - after.keys() == {("parcel-tracker", "1.10.0")}
    assert after.keys() - before.keys() == {("storefront", "5.3.0")}
    both = before.keys() & after.keys()
    assert {key for key in both if before[key]["digest"] != after[key]["digest"]} == {
        ("checkout-api", "2.8.1")
    }
    changed = {
        key: {field for field in after[key] if after[key][field] != before[key].get(field)}
        for key in both
        if before[key] != after[key]
    }
    assert changed == {
        ("checkout-api", "2.8.1"): {"digest"},
        ("stock-sync", "3.4.0"): {"deprecated"},
    }
    assert after["stock-sync", "3.4.0"]["deprecated"] is True


def test_the_archive_loses_more_than_half(steps: list[Mapping[str, Repository]]) -> None:
    before, after = (entries(step["archive"]) for step in steps)
    assert len(before) > 40
    assert after.items() <= before.items()
    assert len(before) - len(after) > max(20, len(before) / 2)
    # It is held for what it lost, not because its listing went back in time.
    first, second = (yaml.safe_load(step["archive"].index_yaml)["generated"] for step in steps)
    assert first < second


@pytest.mark.parametrize("name", ["community", "lab", "vendor"])
def test_the_others_do_not_change(steps: list[Mapping[str, Repository]], name: str) -> None:
    assert steps[0][name] == steps[1][name]


def test_a_repository_is_built_when_it_is_asked_for(tmp_path: Path) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "repository.toml").write_text(
            'description = "d"\nalias = "a"\nurl = "https://a.example"\n'
            'directory = ""\ngenerated = ["2026-01-01T00:00:00Z"]\n',
            encoding="utf-8",
        )
    (tmp_path / "bad" / "chart.toml").write_text("not toml", encoding="utf-8")
    (tmp_path / "good" / "chart.toml").write_text(
        'versions = [{ version = "1.0.0" }]\nreadme = "# chart"\n[chart]\ndescription = "d"\n',
        encoding="utf-8",
    )
    content = Content(tmp_path)
    assert list(content.charts("good").at(0).files) == ["chart-1.0.0.tgz"]
    with pytest.raises(ValueError, match="Expected"):
        content.charts("bad").at(0)


def test_versions_sort_by_the_rules_of_semver() -> None:
    rising = [
        *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"),
        *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"),
    ]
    for lower, higher in pairwise(rising):
        assert precedence(lower) < precedence(higher)


@pytest.mark.parametrize(
    ("order", "kept"),
    [
        ("since 1.0.0", ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"]),
        ("before 2.0.0", ["1.0.0", "1.1.0", "2.0.0-rc.1"]),
        ("since 1.1.0 before 2.0.0", ["1.1.0", "2.0.0-rc.1"]),
        ("since 2.0.0-0", ["2.0.0-rc.1", "2.0.0"]),
        ("republished", []),
        ("original", ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"]),
    ],
)
def test_lines_belong_to_versions(order: str, kept: list[str]) -> None:
    text = f"all <<version>>\n%% {order}\nsome\n%% end\nall"
    versions = ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0"]
    for version in versions:
        lines = expand(text, {"name": "c", "url": "", "version": version}, False).splitlines()
        some = ["some"] if version in kept else []
        assert lines == [f"all {version}", *some, "all"]


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown line"):
        expand("%% sine 1.0.0", {"name": "c", "url": "", "version": "1.0.0"}, False)


@pytest.mark.parametrize("size", [0, 1, 0xFFFF, 0x10000, 200_000])
def test_gzip_needs_no_compression_library(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    packed = stored_gzip(body[:size])
    assert gzip.decompress(packed) == body[:size]
    assert len(packed) == size + 18 + 5 * max(1, -(-size // 0xFFFF))


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126))
LINES = st.lists(st.from_regex(r"[a-z#:-][a-z #:'-]*[a-z]", fullmatch=True), min_size=1).map(
    lambda lines: "\n".join(lines) + "\n"
)
SCALARS = st.booleans() | st.integers(min_value=0) | PRINTABLE | LINES
MAPPINGS = st.dictionaries(PRINTABLE, SCALARS, min_size=1, max_size=3)
LISTS = st.lists(SCALARS | MAPPINGS, min_size=1, max_size=3)


@settings(deadline=None)
@given(st.dictionaries(PRINTABLE, SCALARS | MAPPINGS | LISTS, min_size=1, max_size=4))
def test_yaml_says_what_was_meant(fields: dict[str, Any]) -> None:
    assert yaml.safe_load(to_yaml(fields)) == fields


# Certificates


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict[str, Any]:
    """Return the server's certificate as the client saw it, after a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    waiting = list(sides)
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            certificate = sides[0].getpeercert()
            assert certificate is not None
            return dict(certificate)
    raise AssertionError("The handshake did not end.")


def serving(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.crt", TLS / f"{name}.key")
    return context


def trusting(name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(TLS / f"{name}.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_the_healthy_server_is_trusted_through_its_authority(host: str) -> None:
    seen = shake_hands(serving("healthy"), trusting("authority"), host)
    assert seen["notAfter"] == "Dec 31 23:59:59 2100 GMT"
    (authority,) = trusting("authority").get_ca_certs()
    assert isinstance(authority, dict)
    assert authority["notAfter"] == "Dec 31 23:59:59 2100 GMT"


def test_the_healthy_server_is_unknown_to_the_system() -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake_hands(serving("healthy"), ssl.create_default_context(), "localhost")


def test_the_wrong_certificate_is_not_trusted() -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate"):
        shake_hands(serving("wrong-name"), trusting("authority"), "127.0.0.1")


def test_the_wrong_certificate_names_another_host() -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        shake_hands(serving("wrong-name"), trusting("wrong-name"), "127.0.0.1")
    seen = shake_hands(serving("wrong-name"), trusting("wrong-name"), "wrong-name.demo.example")
    assert seen["notAfter"] == "Dec 31 23:59:59 2100 GMT"


def test_no_key_can_sign_for_the_authority() -> None:
    assert sorted(path.name for path in TLS.glob("*.key")) == ["healthy.key", "wrong-name.key"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for key in TLS.glob("*.key"):
        with pytest.raises(ssl.SSLError):
            context.load_cert_chain(TLS / "authority.crt", key)
