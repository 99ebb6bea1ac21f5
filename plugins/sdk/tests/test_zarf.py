"""Reading zarf.yaml and checksums.txt. The ids (ZF-02 …) are those of the catalog of bad input."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from registrykit.errors import BadAnswer
from registrykit.events import Ref
from registrykit.formats.kinds import ZARF
from registrykit.formats.zarf import (
    ZarfPackage,
    checksum_problems,
    documents,
    read_zarf_yaml,
)

GAMES = """\
apiVersion: zarf.dev/v1alpha1
kind: ZarfPackageConfig
metadata:
  name: dos-games
  version: 1.10
  description: Simple games
  architecture: amd64
  authors: somebody
  annotations:
    own.example/key: kept
build:
  architecture: arm64
  flavor: upstream
  timestamp: Tue, 06 Jan 2026 10:00:00 +0000
variables:
- name: DOMAIN
  default: example.com
  sensitive: true
components:
- name: baseline
  required: true
  description: What it needs
  images:
  - ghcr.io/zarf/games:0.1
  - ghcr.io/zarf/games:0.1
  charts:
  - name: games
    version: 1.0.0
    url: oci://example.com/games
- name: extra
  default: true
  only:
    cluster:
      architecture: arm64
  images: ["extra:###ZARF_VAR_X###"]
"""


def read(text: str = GAMES) -> ZarfPackage:
    return read_zarf_yaml(text.encode())


def refused(content: str | bytes) -> BadAnswer:
    content = content.encode() if isinstance(content, str) else content
    with pytest.raises(BadAnswer) as caught:
        read_zarf_yaml(content)
    assert all((str(caught.value), caught.value.cause, caught.value.remedy))
    return caught.value


def test_every_field_has_its_place() -> None:
    package = read()
    assert (package.name, package.version, package.kind) == (
        *("dos-games", "1.10", "ZarfPackageConfig"),
    )
    assert package.description == "Simple games"
    assert package.architectures == ("amd64",)
    assert package.facts["images"] == ["ghcr.io/zarf/games:0.1", "extra:###ZARF_VAR_X###"]
    assert package.facts["flavor"] == "upstream"
    assert package.facts["metadata"]["annotations"] == {"own.example/key": "kept"}
    assert package.facts["variables"] == [
        {"name": "DOMAIN", "default": "example.com", "sensitive": True}
    ]
    baseline, extra = package.facts["components"]
    assert baseline["required"] is True
    assert baseline["charts"][0]["url"] == "oci://example.com/games"
    assert extra["default"] is True
    assert not package.problems
    assert {column.key for column in ZARF.columns} <= package.facts.keys()


def test_a_version_is_listed_under_its_tag() -> None:
    version = read().listed(
        "1.10-upstream",
        path="acme/dos-games",
        tag="1.10-upstream",
        architectures=("amd64", "arm64"),
        facts={"index": "sha256:x"},
    )
    assert (version.version, version.tag) == ("1.10-upstream", "")
    assert version.facts["version"] == "1.10"
    assert version.facts["architectures"] == ["amd64", "arm64"]
    assert version.facts["index"] == "sha256:x"
    assert "name" not in version.facts
    assert read().artifact("acme/dos-games").kind == "zarf"
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(version), type=type(version)) == version


def test_a_package_does_not_say_that_it_is_signed() -> None:
    facts = read(f"{GAMES}\nsigned: true\nskeleton: yes\nproblems: none\n").listed("1").facts
    assert not {"signed", "skeleton"} & facts.keys()
    assert "none" not in facts["problems"]
    assert read().listed("1", facts={"signed": True}).facts["signed"] is True


@pytest.mark.parametrize(
    ("lines", "architectures"),
    [
        ("metadata: {name: a, architecture: arm64}\nbuild: {architecture: amd64}", ("arm64",)),
        ("metadata: {name: a}\nbuild: {architecture: amd64}", ("amd64",)),
        ("metadata: {name: a}", ("riscv",)),
    ],
)
def test_the_architecture_is_that_of_the_nearest_word(
    lines: str, architectures: tuple[str, ...]
) -> None:
    components = "components: [{name: x, only: {cluster: {architecture: riscv}}}]\n"
    assert read(f"kind: ZarfInitConfig\n{lines}\n{components}").architectures == architectures


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("ZarfPackageConfig", ""),
        ("ZarfInitConfig", ""),
        ("ZarfOther", 'the kind is unknown: "ZarfOther"'),
        ("''", "it names no kind"),
    ],
)
def test_zf_02_the_kind_is_shown_as_it_is(kind: str, problem: str) -> None:
    package = read(GAMES.replace("ZarfPackageConfig", kind))
    assert package.facts.get("kind", "") == kind.strip("'")
    assert "".join(package.problems) == problem


@pytest.mark.parametrize("name", ["../../etc", "Games", "a/b", "'a\\nb'"])
def test_zf_03_a_name_that_leads_elsewhere_is_shown_and_told(name: str) -> None:
    package = read(GAMES.replace("name: dos-games", f"name: {name}"))
    assert "not one that Zarf allows" in "".join(package.problems)
    assert package.name.isprintable()
    # The place in the registry names the artifact, never the file.
    assert package.artifact("acme/games").path == "acme/games"
    assert package.listed("1.10", path="acme/games").facts["name"] == package.name


def test_zf_05_components_are_bounded() -> None:
    many = "".join(f"- name: c{number}\n" for number in range(5000))
    package = read(GAMES.partition("components:")[0] + "components:\n" + many)
    assert len(package.facts["components"]) == 1000
    assert "5,000 components" in "".join(package.problems)
    odd = read("kind: ZarfInitConfig\nmetadata: {name: a}\ncomponents: [x, {only: {cluster: 7}}]\n")
    assert odd.facts["components"] == ["x", {"only": {"cluster": 7}}]
    assert "no list of components" in "".join(read("metadata: {name: a}\n").problems)


FILES = {"components/baseline.tar": b"tar", "images/index.json": b"{}", "sboms.tar": b""}


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def checked(checksums: str, aggregate: str | None = None, **changed: str) -> str:
    files = {name: digest(content) for name, content in FILES.items()}
    files |= {"zarf.yaml": digest(b"x"), "checksums.txt": digest(checksums.encode())}
    if aggregate is None:
        aggregate = hashlib.sha256(checksums.encode()).hexdigest()
    return "; ".join(checksum_problems(checksums.encode(), {**files, **changed}, aggregate))


LISTED = "".join(f"{digest(content)[7:]} {name}\n" for name, content in FILES.items())


def test_zf_06_07_checksums_that_agree_and_those_that_do_not() -> None:
    assert checked(LISTED) == ""
    assert checked(LISTED, aggregate="") == ""
    assert "vouches for" in checked(LISTED, aggregate="0" * 64)
    moved = checked(LISTED, **{"sboms.tar": digest(b"other")})
    assert moved == '"sboms.tar" is not the file that checksums.txt lists'
    assert '"x.tar" is not listed' in checked(LISTED, **{"x.tar": digest(b"")})
    assert '"gone.tar" is listed' in checked(f"{LISTED}{'0' * 64} gone.tar\n")
    assert "no checksum" in checked(f"{LISTED}something else\n")
    assert "no checksum" in checked(LISTED + "\xff\n" * 5)


def test_zf_08_signatures_are_in_no_list() -> None:
    assert checked(LISTED, **{"zarf.yaml.sig": digest(b"s"), "zarf.bundle.sig": digest(b"s")}) == ""


def test_zf_11_marks_stay_as_they_are() -> None:
    text = GAMES.replace("Simple games", "'###ZARF_VAR_X### [[ x ]]'")
    assert read(text).description == "###ZARF_VAR_X### [[ x ]]"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "zarf-yaml"),
        ("[]", "zarf-yaml"),
        ("kind: ZarfPackageConfig", "zarf-yaml"),
        ("metadata: x", "zarf-yaml"),
        ("metadata: {version: 1}", "zarf-yaml"),
        ("a: &a [x]\nmetadata: *a", "yaml-reference"),
        ("metadata: !!python/name:os.system {}", "yaml-tag"),
        ("a: " + "[" * 60, "yaml-nested"),
        ("a:\n\t- b", "yaml-syntax"),
        (b"\xff\xfe\xfd", "yaml-encoding"),
        ("a: " + "x" * 5_000_000, "yaml-size"),
        ("metadata: {name: a}\nx: [" + "1," * 210_000 + "]", "yaml-values"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_zf_13_bombs_and_other_files_are_refused(content: str | bytes, code: str) -> None:
    assert refused(content).code == code


def test_zf_14_unknown_fields_are_kept_and_counted() -> None:
    package = read(GAMES.replace("  authors:", "  future: 1\n  authors:") + "newest: {a: b}\n")
    assert package.unknown == 2
    assert package.facts["newest"] == {"a": "b"}
    assert package.facts["metadata"]["future"] == 1
    assert "fields that are not known here: 2" in package.problems
    assert package.listed().facts["problems"] == list(package.problems)


def test_several_documents_are_told() -> None:
    package = read(GAMES + "---\nkind: Other\n")
    assert package.name == "dos-games"
    assert "more than one document" in "".join(package.problems)


def test_texts_become_documents_in_bounds() -> None:
    ref = Ref("acme/games", "1.10", "zarf")
    found = {
        document.name: document
        for document in documents(ref, GAMES.encode(), readme=b"#" * 5_000_000, values=b"a: 1\n")
    }
    assert list(found) == ["readme", "values", "metadata"]
    assert found["metadata"].text == GAMES
    assert len(found["readme"].text) < 4 * 1024 * 1024 + 100
    large: Any = found["readme"]
    assert large.ref == ref
