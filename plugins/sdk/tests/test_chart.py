"""Reading charts: what is found, and what of it is ignored."""

from __future__ import annotations

import gzip
import io
import socket
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from registrykit.artifacts import Dependency
from registrykit.errors import BadAnswer
from registrykit.formats.chart import ChartLimits, read_chart

CHART_YAML = """\
apiVersion: v2
name: demo
version: 1.10.0
appVersion: 1.10
dependencies:
- name: common
  version: 2.x.x
  repository: oci://charts.example.com/stable
"""
FILES = {
    "demo/Chart.yaml": CHART_YAML,
    "demo/values.yaml": "replicas: 2\n",
    "demo/values.schema.json": '{"$ref": "https://example.com/never-fetched"}',
    "demo/README.md": "# Demo\n",
    "demo/Chart.lock": "generated: x\n",
    "demo/templates/service.yaml": "{{ .Values.replicas }}",
    "demo/charts/common-2.1.0.tgz": "not opened",
    "demo/charts/other/Chart.yaml": "name: other\n",
}


def member(name: str, content: str | bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    data = content.encode() if isinstance(content, str) else content
    header = tarfile.TarInfo(name)
    header.size = len(data)
    for field, value in fields.items():
        setattr(header, field, value)
    return header, data


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], style: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=style) as archive:
        for header, content in members:
            archive.addfile(header, io.BytesIO(content))
    return made.getvalue()


def tgz(*more: tuple[tarfile.TarInfo, bytes], files: dict[str, str] | None = None) -> bytes:
    """Return a chart with `files` and, behind them, `more`."""
    chosen = FILES if files is None else files
    return gzip.compress(tar([*(member(*pair) for pair in chosen.items()), *more]), mtime=0)


def refused(source: bytes, limits: ChartLimits | None = None) -> BadAnswer:
    with pytest.raises(BadAnswer) as caught:
        read_chart(source, limits=limits)
    error = caught.value
    assert all((str(error), error.cause, error.remedy))
    return error


@pytest.mark.parametrize("style", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_a_chart_is_read(style: int) -> None:
    source = gzip.compress(tar([member(*pair) for pair in FILES.items()], style))
    chart = read_chart(source)
    assert (chart.name, chart.version) == ("demo", "1.10.0")
    assert chart.metadata["appVersion"] == "1.10"
    assert chart.chart_yaml == CHART_YAML
    assert chart.readme == "# Demo\n"
    assert chart.values == "replicas: 2\n"
    assert chart.schema == FILES["demo/values.schema.json"]
    assert chart.lock == "generated: x\n"
    assert chart.requirements == ""
    assert chart.dependencies == (
        Dependency("common", "2.x.x", "oci://charts.example.com/stable", "chart"),
    )
    assert chart.files == tuple((name, len(text)) for name, text in FILES.items())
    assert chart.problems == ()


def test_a_stream_is_read_in_small_bits_to_its_end() -> None:
    class Drip(io.RawIOBase):
        def __init__(self, content: bytes) -> None:
            self.left = content

        def read(self, size: int = -1) -> bytes:
            bit, self.left = self.left[:7], self.left[7:]
            return bit

    stream = Drip(tgz())
    assert read_chart(stream) == read_chart(tgz())  # type: ignore[arg-type]
    assert stream.left == b""


def test_a_chart_is_read_from_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as stream:
        theirs.sendall(tgz())
        theirs.shutdown(socket.SHUT_WR)
        assert read_chart(stream).name == "demo"


def test_what_is_missing_is_empty() -> None:
    chart = read_chart(tgz(files={"x/Chart.yaml": "name: x\nversion: 1.0.0\n"}))
    assert (chart.readme, chart.values, chart.schema, chart.lock) == ("", "", "", "")
    assert chart.dependencies == ()
    assert chart.problems == ()


def test_old_charts_list_dependencies_apart() -> None:
    chart = read_chart(
        tgz(
            files={
                "x/Chart.yaml": "name: x\nversion: 1.0.0\n",
                "x/requirements.yaml": "dependencies:\n- name: redis\n  version: ^1\n",
                "x/requirements.lock": "locked",
            }
        )
    )
    assert [one.name for one in chart.dependencies] == ["redis"]
    assert chart.lock == "locked"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["README.md", "readme.md"], "README.md"),
        (["readme.md", "README.md"], "README.md"),
        (["Readme.MD"], "Readme.MD"),
        (["readme.txt"], ""),
    ],
)
def test_the_readme_is_found_in_any_case(names: list[str], expected: str) -> None:
    files = {"x/Chart.yaml": "name: x\nversion: 1.0.0\n", **{f"x/{name}": name for name in names}}
    assert read_chart(tgz(files=files)).readme == expected


def test_encodings() -> None:
    source = tgz(
        member("x/Chart.yaml", b"\xef\xbb\xbfname: x\nversion: 1.0.0\n"),
        member("x/README.md", "hé".encode("utf-16")),
        member("x/values.yaml", b"a: caf\xe9\n"),
        files={},
    )
    chart = read_chart(source)
    assert (chart.name, chart.chart_yaml[:4], chart.readme) == ("x", "name", "hé")
    assert chart.values == "a: caf\ufffd\n"
    assert chart.problems == ("values.yaml has bytes that are not text",)


def test_long_texts_are_shortened_with_a_mark() -> None:
    source = tgz(member("demo/readme.md", "x" * 100), files=FILES)
    assert read_chart(source).readme == "# Demo\n"
    files = {**FILES, "demo/values.yaml": "é" * 2_500_000}
    chart = read_chart(tgz(files=files))
    assert chart.values.startswith("é" * (2 * 1024 * 1024))
    assert chart.values.endswith("[shortened: 4,194,304 of 5,000,000 bytes]\n")
    assert chart.problems == ("values.yaml of 5,000,000 bytes was shortened",)
    odd = read_chart(tgz(files={**FILES, "demo/README.md": "éé"}), limits=ChartLimits(text=3))
    assert odd.readme == "é\n\n[shortened: 3 of 4 bytes]\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\nb: *x\n", "Chart.yaml cannot be read: It uses YAML references"),
        ("name: [\n", "Chart.yaml cannot be read: Line"),
        ("- a\n", "Chart.yaml is not a mapping"),
        ("", "Chart.yaml is not a mapping"),
        ("version: 1.0.0\n", "Chart.yaml has no name"),
        ("name: x\nversion: ~\n", "Chart.yaml has no version"),
        ("name: x\nname: y\nversion: 1.0.0\n", 'Chart.yaml: line 2 gives "name" a second time'),
    ],
)
def test_an_unreadable_chart_yaml_costs_only_the_metadata(text: str, problem: str) -> None:
    chart = read_chart(tgz(files={**FILES, "demo/Chart.yaml": text}))
    assert chart.readme == "# Demo\n"
    assert chart.chart_yaml == text
    assert len(chart.problems) == 1
    assert chart.problems[0].startswith(problem)


BAD_NAMES = [
    "/etc/cron.d/x", "C:\\x", "C:/x", "\\\\host\\share", "../x", "demo/../../x", "..\\x",
    "demo/..\\..\\x", "demo/%2e%2e/x", "demo%2f..%2fx", "demo/... /x", "demo/.. /Chart.yaml",
    "demo/a\\b", "demo/a\nb", "demo/a\x1b[31m", "..",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_members_that_point_elsewhere_are_ignored_and_told(name: str) -> None:
    chart = read_chart(tgz(member(name, "evil")))
    assert chart.files == tuple((path, len(text)) for path, text in FILES.items())
    assert len(chart.problems) == 1
    assert chart.problems[0].endswith("and was ignored")
    assert chart.problems[0].isprintable()


def test_a_dot_in_front_is_no_reason_to_ignore() -> None:
    files = {f"./{name}": text for name, text in FILES.items()}
    source = gzip.compress(
        tar([member("./", type=tarfile.DIRTYPE), *(member(*pair) for pair in files.items())])
    )
    assert read_chart(source) == read_chart(tgz())


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, ""),
        (tarfile.SYMTYPE, "../" * 2000 + "etc/passwd"),
        (tarfile.LNKTYPE, "demo/Chart.yaml"),
        (tarfile.LNKTYPE, "../../outside"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (b"V", ""),
    ],
)
def test_links_and_devices_are_told_and_never_made(
    kind: bytes, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = member("demo/odd", type=kind, linkname=target, mode=0o6777)
    through = member("demo/odd/passwd", "x")
    chart = read_chart(tgz(odd, through))
    assert [problem for problem in chart.problems if '"demo/odd"' in problem]
    assert ("demo/odd", 0) not in chart.files
    assert ("demo/odd/passwd", 1) in chart.files
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_place_of_a_wanted_file() -> None:
    files = {name: text for name, text in FILES.items() if name != "demo/Chart.lock"}
    link = member("demo/Chart.lock", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    assert read_chart(tgz(link, files=files)).lock == ""
    del files["demo/Chart.yaml"]
    link = member("demo/Chart.yaml", type=tarfile.SYMTYPE, linkname="values.yaml")
    assert refused(tgz(link, files=files)).code == "chart-incomplete"


@pytest.mark.parametrize("name", ["Chart.yaml", "values.yaml", "README.md", "Chart.lock"])
def test_a_wanted_file_twice_is_ambiguous(name: str) -> None:
    error = refused(tgz(member(f"demo/{name}", "other")))
    assert error.code == "chart-ambiguous"
    assert "ambiguous archive" in str(error)
    assert refused(tgz(member(f"./demo//{name}", "other"))).code == "chart-ambiguous"
    link = member(f"demo/{name}", type=tarfile.SYMTYPE, linkname="x")
    assert refused(tgz(link)).code == "chart-ambiguous"


def test_another_file_twice_is_told() -> None:
    chart = read_chart(tgz(member("demo/templates/service.yaml", "other")))
    assert chart.problems == ('"demo/templates/service.yaml" is there more than once',)


def test_folders_at_the_top() -> None:
    two = read_chart(tgz(member("other/values.yaml", "evil: true\n")))
    assert two.values == "replicas: 2\n"
    assert two.problems == ("it has 2 folders at the top, Helm expects one",)
    error = refused(tgz(member("other/Chart.yaml", "name: other\n")))
    assert error.code == "chart-ambiguous"
    error = refused(tgz(files={"Chart.yaml": CHART_YAML, "values.yaml": ""}))
    assert (error.code, "does not lie in a folder" in error.cause) == ("chart-incomplete", True)
    assert refused(tgz(files={"demo/values.yaml": ""})).code == "chart-incomplete"
    assert refused(tgz(files={})).code == "chart-incomplete"


def test_problems_do_not_pile_up() -> None:
    odd = [member(f"../{number}", "x") for number in range(150)]
    chart = read_chart(tgz(*odd))
    assert len(chart.problems) == 101
    assert chart.problems[-1] == "there are 50 more problems"


def test_archives_in_archives_are_not_opened() -> None:
    inner = tgz()
    for _ in range(10):
        inner = gzip.compress(inner)
    chart = read_chart(tgz(member("demo/charts/inner.tgz", inner)))
    assert ("demo/charts/inner.tgz", len(inner)) in chart.files
