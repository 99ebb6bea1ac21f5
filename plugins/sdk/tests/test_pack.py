"""Reading pack.json and what values.yaml and presets.yaml say: what people wrote, and worse.

The ids in the names (PK-01 …) are those of the catalog of bad input.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrykit.errors import BadAnswer
from registrykit.formats.pack import LARGEST, PACK, Pack, publisher_fips, read_pack_json
from registrykit.formats.pack_values import pack_block, read_presets, values_facts
from registrykit.formats.text import Remarks

NGINX: dict[str, Any] = {
    "name": "nginx",
    "displayName": "Nginx",
    "version": "1.27.0",
    "layer": "addon",
    "addonType": "ingress",
    "addonSubType": "",
    "cloudTypes": ["aws", "azure"],
    "group": " ",
    "eol": "2027-01-31",
    "charts": ["charts/nginx-1.27.0.tgz"],
    "kubeManifests": ["manifests/issuer.yaml"],
    "annotations": {"source": "community", "description": "A web server", "upstreamVersion": "1.9"},
    "constraints": {
        "dependencies": [
            {
                "packName": "kubernetes",
                "layer": "k8s",
                "type": "required",
                "minVersion": "1.28",
                "maxVersion": "1.31",
            },
            {"packName": "cert-manager", "layer": "addon", "type": "optional"},
            {"packName": "nginx", "layer": "addon", "type": "upgrade", "maxVersion": "1.26.0"},
        ],
        "resources": [{"type": "cpu", "minLimit": 100, "components": []}],
    },
    "kubeVersion": ">=1.28",
}


def read(**changes: Any) -> Pack:
    """Read the pack.json of nginx with these fields changed; None takes one away."""
    fields = {**NGINX, **changes}
    content = json.dumps({key: value for key, value in fields.items() if value is not None})
    return read_pack_json(content.encode())


def refused(content: bytes) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        read_pack_json(content)
    assert all((str(caught.value), caught.value.cause, caught.value.remedy))
    return caught.value


def test_every_field_has_its_place() -> None:
    pack = read()
    assert (pack.name, pack.version, pack.display_name) == ("nginx", "1.27.0", "Nginx")
    assert (pack.description, pack.app_version) == ("A web server", "1.9")
    assert [(one.name, one.version, one.optional, one.condition) for one in pack.dependencies] == [
        ("kubernetes", ">=1.28 <=1.31", False, ""),
        ("cert-manager", "", True, ""),
        ("nginx", "<=1.26.0", False, "upgrade"),
    ]
    assert pack.facts["layer"] == "addon"
    assert pack.facts["addonType"] == "ingress"
    assert pack.facts["cloudTypes"] == ["aws", "azure"]
    assert pack.facts["eol"] == "2027-01-31"
    assert pack.facts["charts"] == ["charts/nginx-1.27.0.tgz"]
    assert pack.facts["dependencies"][0]["layer"] == "k8s"
    assert pack.facts["resources"] == [{"type": "cpu", "minLimit": 100, "components": []}]
    assert pack.facts["kubeVersion"] == ">=1.28"
    assert not {"group", "addonSubType", "constraints", "state", "name"} & pack.facts.keys()
    assert not pack.problems
    assert not pack.deprecated


def test_the_columns_are_facts() -> None:
    assert [column.key for column in PACK.columns] == [
        *["layer", "addonType", "cloudTypes", "state", "eol", "fips"]
    ]
    assert [column.key for column in PACK.columns if not column.facet] == ["eol"]
    assert {column.key for column in PACK.columns} - read().facts.keys() == {"state", "fips"}


@pytest.mark.parametrize(
    ("annotations", "state", "deprecated"),
    [
        ({"system_state": "deprecated"}, "deprecated", True),
        ({"system_state": " Deleted "}, "deleted", True),
        ({"disabled": "true"}, "disabled", True),
        ({"disabled": True}, "disabled", True),
        ({"disabled": "false"}, None, False),
        ({"system_state": "active"}, None, False),
        ({"system_state": "retired"}, "retired", False),
        ({}, None, False),
    ],
)
def test_the_state_is_read_from_the_annotations(
    annotations: dict[str, Any], state: str | None, deprecated: bool
) -> None:
    pack = read(annotations=annotations)
    assert pack.facts.get("state") == state
    assert pack.deprecated is deprecated
    assert pack.listed().deprecated is deprecated


def test_an_older_single_cloud_counts() -> None:
    assert read(cloudTypes=None, cloudType="vsphere").facts["cloudTypes"] == ["vsphere"]


def test_a_version_is_listed_under_its_tag() -> None:
    pack = read()
    version = pack.listed("1.27.0", path="acme/nginx", tag="1.27.0", digest="sha256:" + "0" * 64)
    assert (version.version, version.tag, version.wire_tag) == ("1.27.0", "", "1.27.0")
    assert "name" not in version.facts
    assert "version" not in version.facts
    other = pack.listed("stable", path="acme/web", tag="lts__stable", facts={"tagGroup": "lts"})
    assert (other.version, other.tag) == ("stable", "lts__stable")
    assert (other.facts["name"], other.facts["version"]) == ("nginx", "1.27.0")
    assert other.facts["tagGroup"] == "lts"
    artifact = pack.artifact("acme/web")
    assert (artifact.kind, artifact.name, artifact.display_name) == ("pack", "web", "Nginx")


@pytest.mark.parametrize("problems", [5, True, "abc", ["none"]])
def test_pack_json_does_not_say_what_is_found_out(problems: object) -> None:
    pack = read(problems=problems, state="deprecated", manifest="sha256:x", tagGroup=["own"])
    assert not pack.deprecated
    assert not {"problems", "state"} & pack.facts.keys()
    version = pack.listed("1.0", facts={"manifest": "sha256:y", "tagGroup": "lts"})
    assert (version.facts["manifest"], version.facts["tagGroup"]) == ("sha256:y", "lts")


def test_what_other_files_say_never_takes_the_place_of_a_field() -> None:
    pack = read(images="own").plus({"images": ["a"], "namespace": "web", "presets": []}, ["x"])
    assert pack.facts["images"] == "own"
    assert pack.facts["namespace"] == "web"
    assert "presets" not in pack.facts
    assert pack.problems == ("x",)


def test_constraints_stay_whole_where_their_place_is_taken() -> None:
    pack = read(resources="own", constraints={"resources": [{"type": "cpu"}], "other": 1})
    assert pack.facts["resources"] == "own"
    assert pack.facts["constraints"] == {"resources": [{"type": "cpu"}], "other": 1}


# PK-01 … PK-03: what is no pack.json


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"name": "a", // x\n "version": "1"}', "Line 1"),
        (b'{\n"name": "a",\n"version": "1",\n}', "Line 4"),
        (b'{"name": "a", "version": "1"', "end of it is missing"),
        (b"", "end of it is missing"),
        (b"[]", "JSON object"),
        (b"1.5", "JSON object"),
        (b"[" * 200_000, "nested"),
        (b'{"version": "1"}', "no name"),
        (b'{"name": "a"}', "no version"),
        (b'{"name": "a", "version": null}', "no version"),
        (b'{"name": true, "version": "1"}', "no name"),
        (b'{"name": ["a"], "version": "1"}', "no name"),
        (b'{"name": "a\\u0000b", "version": "1"}', "cannot be shown"),
        (b'{"name": "a", "version": "' + b"1" * 300 + b'"}', "300 letters"),
        (b'{"name": "a", "version": "\xff"}', "Byte 26"),
        (b" " * (LARGEST + 1), "1,048,577 bytes"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_pk_01_02_03_other_files_are_refused_with_their_place(content: bytes, says: str) -> None:
    assert says in refused(content).cause


def test_pk_01_a_byte_order_mark_is_no_fault() -> None:
    plain = json.dumps(NGINX)
    assert read_pack_json(b"\xef\xbb\xbf" + plain.encode()) == read()
    assert read_pack_json(plain.encode("utf-16")) == read()


def test_pk_03_numbers_keep_their_spelling() -> None:
    pack = read_pack_json(b'{"name": 7, "version": 1.10, "layer": "os", "x": 1.50, "y": 1e99}')
    assert (pack.name, pack.version) == ("7", "1.10")
    assert (pack.facts["x"], pack.facts["y"]) == ("1.50", "1e99")
    huge = read(cost=10**30, low=-(10**30), port=8080, list=[2**63])
    assert huge.facts["cost"] == "1" + "0" * 30
    assert huge.facts["low"] == "-1" + "0" * 30
    assert huge.facts["port"] == 8080
    msgspec.msgpack.encode(huge.listed())


@pytest.mark.parametrize("version", ["v1.2.3", "1.5", "1.2.3-a.b+c", "1.2.3.4", "2024-01-31"])
def test_pk_05_versions_need_not_be_semver(version: str) -> None:
    pack = read(version=version)
    assert pack.version == version
    assert not pack.problems


@pytest.mark.parametrize(
    ("layer", "kept", "problem"),
    [
        ("foo", "foo", 'the layer is unknown: "foo"'),
        ("ADDON", "addon", ""),
        (["os"], ["os"], "the layer is unknown: something that is no text"),
        (None, None, "it names no layer"),
    ],
)
def test_pk_06_an_unknown_layer_is_kept(layer: Any, kept: Any, problem: str) -> None:
    pack = read(layer=layer)
    assert pack.facts.get("layer") == kept
    assert "".join(pack.problems) == problem


@pytest.mark.parametrize(
    ("clouds", "kept", "problem"),
    [
        ("aws", ["aws"], False),
        (["aws", None, "gcp"], ["aws", "gcp"], True),
        ([], None, False),
        ({"aws": True}, None, True),
        ([["aws"]], None, True),
        (["aws"] * 5000, ["aws"] * 1000, True),
    ],
)
def test_pk_07_clouds_become_a_list_of_texts(clouds: Any, kept: Any, problem: bool) -> None:
    pack = read(cloudTypes=clouds)
    assert (pack.facts.get("cloudTypes") or None) == kept
    assert bool(pack.problems) is problem


@pytest.mark.parametrize(
    ("written", "shown", "problem"),
    [
        ("N" * 1_000_000, "N" * 199 + "…", "was shortened"),
        ("\u202egnp.exe", "gnp.exe", "cannot be seen"),
        ("\u200b\u200d\ufeff", "", "cannot be seen"),
        ("", "", ""),
        (None, "", ""),
        ("Nginx\n\tIngress", "Nginx Ingress", ""),
        ("日本 🚀", "日本 🚀", ""),
        (["x"], "", ""),
    ],
)
def test_pk_08_display_names_are_short_and_visible(written: Any, shown: str, problem: str) -> None:
    pack = read(displayName=written)
    assert pack.display_name == shown
    assert problem in "".join(pack.problems)
    assert bool(pack.problems) is bool(problem)
    assert pack.artifact("a/nginx").shown_name == "nginx"


def test_pk_20_what_looks_like_a_secret_is_kept_and_never_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    pack = read(annotations={"sshPassword": "canary"})
    assert pack.facts["annotations"]["sshPassword"] == "canary"
    assert "canary" not in caplog.text
    assert "canary" not in "".join(pack.problems)


@pytest.mark.parametrize(
    ("dependencies", "kept", "problem"),
    [
        ([{"packName": "a", "type": "required"}] * 10_000, 1000, "10,000 dependencies"),
        ([{"packName": "a", "minVersion": "2.0", "maxVersion": "1.10"}], 1, 'at least "2.0"'),
        ([{"packName": "a", "minVersion": "1.9", "maxVersion": "1.10"}], 1, ""),
        ([{"packName": "nginx"}], 1, ""),
        ([{"layer": "k8s"}, "x", None], 0, "names no pack"),
        ("x", 0, "not a list"),
        ([], 0, ""),
    ],
    ids=["10,000", "min above max", "natural order", "itself", "nameless", "no list", "none"],
)
def test_pk_23_dependencies_are_bounded(dependencies: Any, kept: int, problem: str) -> None:
    pack = read(constraints={"dependencies": dependencies})
    assert len(pack.dependencies) == kept
    assert problem in "".join(pack.problems)
    assert bool(pack.problems) is bool(problem)


@pytest.mark.parametrize("constraints", ["x", 7, ["a"]])
def test_pk_23_constraints_of_another_kind_are_kept(constraints: Any) -> None:
    pack = read(constraints=constraints)
    assert pack.facts["constraints"] == constraints
    assert pack.problems == ("the constraints are not a map",)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, ""),
        ({"annotations": {"fips": "yes"}}, "compliant"),
        ({"annotations": {"isFips": "false"}}, "not_compliant"),
        ({"annotations": {"fips": "yes", "fipsCompliant": "no"}}, "conflicting"),
        ({"fips": True, "annotations": {"fips": "false"}}, "conflicting"),
        ({"annotations": {"fips": "140-2"}}, "unknown"),
        ({"annotations": {"fips": "yes", "fipsLevel": "140-2"}}, "unknown"),
        ({"fips": {"status": "compliant", "basis": "registry_declared"}}, "unknown"),
        ({"fips": ["yes"], "annotations": {"fips": "yes"}}, "unknown"),
        ({"name": "nginx-fips"}, ""),
        ({"annotations": ["fips"]}, ""),
    ],
)
def test_pk_24_fips_is_what_the_publisher_declares(fields: dict[str, Any], status: str) -> None:
    found = publisher_fips(fields)
    assert found.get("status", "") == status
    if status:
        assert found["basis"] == "publisher_annotation"
        assert read(**{**fields, "name": "nginx"}).facts["fips"] == found


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("../../x.tgz", "points out of the pack"),
        ("/etc/x.tgz", "absolute"),
        ("C:\\x.tgz", "absolute"),
        ("charts\\x.tgz", "backslash"),
        ("charts/a.tgz", ""),
    ],
)
def test_pk_25_paths_out_of_the_pack_are_problems(place: str, fault: str) -> None:
    pack = read(charts=[place])
    assert pack.facts["charts"] == [place]
    assert fault in "".join(pack.problems)
    assert bool(pack.problems) is bool(fault)
    assert pack.listed().facts.get("problems", []) == list(pack.problems)


@pytest.mark.parametrize("eol", ["2019-01-01", "soon", "31/12/2027"])
def test_pk_26_the_end_of_life_is_text(eol: str) -> None:
    assert read(eol=f" {eol}").facts["eol"] == eol


def test_pk_27_long_annotations_are_shortened() -> None:
    pack = read(annotations={"blob": "A" * 900_000, "source": "community"})
    assert len(pack.facts["annotations"]["blob"]) < 70_000
    assert pack.facts["annotations"]["source"] == "community"
    assert "too long" in "".join(pack.problems)
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep}
    assert "nested too deeply" in "".join(read(annotations=deep).problems)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(NGINX)) | st.text(), _JSON, max_size=8))
def test_whatever_the_fields_hold_it_is_listed_or_refused(fields: dict[str, Any]) -> None:
    with suppress(BadAnswer):
        version = read_pack_json(
            json.dumps({"name": "a", "version": "1", **fields}).encode()
        ).listed()
        packed = msgspec.msgpack.encode(version)
        assert msgspec.msgpack.decode(packed, type=type(version)) == version
        assert "float" not in {type(value).__name__ for value in version.facts.values()}


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_the_only_error_is_ours(content: bytes) -> None:
    with suppress(BadAnswer):
        read_pack_json(content)


# values.yaml and presets.yaml


def images(text: str) -> tuple[list[str], tuple[str, ...]]:
    remarks = Remarks()
    return values_facts(text, remarks).get("images", []), remarks.all


def test_images_and_namespace_are_read_from_the_part_pack_alone() -> None:
    remarks = Remarks()
    text = """\
# pack: nothing here
pack:
  namespace: "nginx"

# a remark at the left
  content:
    images:
      - image: docker.io/nginx:1.27
      - image: quay.io/{{ .x }}/app:1
      - docker.io/plain:2
      - image: docker.io/nginx:1.27
charts:
  nginx: {{.spectro.macro}}
  pack:
    namespace: other
"""
    facts = values_facts(text, remarks)
    assert facts == {
        "namespace": "nginx",
        "images": ["docker.io/nginx:1.27", "quay.io/{{ .x }}/app:1", "docker.io/plain:2"],
    }
    assert not remarks.all
    assert pack_block(text).endswith("nginx:1.27\n")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("charts:\n  a: 1\n", []),
        ("pack:\n", []),
        ("pack: text\n", []),
        ("pack:\n  content: []\n", []),
        ("pack: {content: {images: [{image: a}]}}\n", ["a"]),
        ('"pack":\n  content:\n    images:\n    - image: a\n', ["a"]),
        ("pack:\r\n  content:\r\n    images:\r\n    - image: a\r\n", ["a"]),
        ("pack:\n  content:\n    images:\n    - image:\n    - other: b\n    - 7\n", ["7"]),
    ],
)
def test_images_are_optional(text: str, found: list[str]) -> None:
    assert images(text) == (found, ())


@pytest.mark.parametrize(
    "text",
    [
        "pack:\n  a: {{.spectro.system.x}}: b\n  content:\n    images:\n    - image: 'a:1'\n",
        "pack:\n  a: &x 1\n  b: *x\n  content:\n    images:\n    - image: a:1\n",
        "pack:\n\tbroken\n  content:\n    images:\n      -  image: a:1 # why\n",
    ],
    ids=["macro", "references", "tab"],
)
def test_images_are_found_where_the_part_is_no_yaml(text: str) -> None:
    found, problems = images(text)
    assert found == ["a:1"]
    assert "no plain YAML" in problems[0]


def test_images_are_bounded() -> None:
    entries = "".join(f"    - image: a:{number}\n" for number in range(3000))
    found, _ = images(f"pack:\n  content:\n    images:\n    - image: {'x' * 2000}\n{entries}")
    assert len(found) == 2000
    assert found[0] == "a:0"
    assert images("pack:\n  content:\n    images: x\n") == (
        [],
        ("pack.content.images of values.yaml is not a list",),
    )


def test_presets_keep_their_keys() -> None:
    remarks = Remarks()
    presets = read_presets(
        b"presets:\n- name: on\n  displayName: Enable\n  group: Ingress\n"
        b"  remove: [a.b]\n  add: |\n    a: 1\n  own: kept\n- text\n",
        remarks,
    )
    assert presets == [
        {
            "name": "on",
            "displayName": "Enable",
            "group": "Ingress",
            "remove": ["a.b"],
            "add": "a: 1\n",
            "own": "kept",
        }
    ]
    assert not remarks.all


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"presets: x\n", "not hold a list"),
        (b"a: &x 1\nb: *x\n", "cannot be read"),
        (b"presets:\n- name: a\n  name: b\n", "a second time"),
        (b"presets:\n" + b"- name: a\n" * 600, "600 presets"),
    ],
)
def test_presets_that_cannot_be_read_are_a_problem(content: bytes, says: str) -> None:
    remarks = Remarks()
    assert len(read_presets(content, remarks)) <= 500
    assert says in "".join(remarks.all)
