"""Bad answers of a registry, met by the real program: three-part messages, old catalog intact."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registrykit.testing import faults
from registrykit.testing.answers import Fault
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.program import Program

GOOD = f"""\
apiVersion: v1
entries:
  alpha:
  - apiVersion: v2
    digest: {1:064x}
    name: alpha
    urls:
    - alpha-1.0.0.tgz
    version: 1.0.0
  beta:
  - apiVersion: v2
    digest: {2:064x}
    name: beta
    urls:
    - beta-2.0.0.tgz
    version: 2.0.0
generated: "2026-01-01T00:00:00Z"
""".encode()
HTML = b"<!DOCTYPE html><html><title>Sign in</title><body>Please sign in</body></html>"
BOMB = b"".join(
    [
        b"apiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n",
        *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n".encode() for n in range(1, 10)),
        b"entries: *a9\n",
    ]
)


@dataclass
class Stage:
    """A registry that was synchronized once, and its server."""

    program: Program
    site: HelmSite
    before: Any

    def serve(self, body: bytes) -> None:
        self.site.publish(body, {})

    def sync(self, code: int, *words: str) -> dict[str, Any]:
        (run,) = self.program.json("sync", "charts", *words, code=code)["runs"]
        assert isinstance(run, dict)
        return run

    def catalog(self) -> Any:
        return self.program.json("catalog", "list", "--registry", "charts")["artifacts"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    program = Program(tmp_path_factory.mktemp("badinputs") / "data")
    with HelmSite(GOOD) as site:
        program.json(
            "registry", "add", "helm", "--name", "charts",
            "--set", f"endpoint={site.endpoint}", "--set", "documents=on-demand",
        )  # fmt: skip
        program.json("sync", "charts")
        stage = Stage(program, site, None)
        stage.before = stage.catalog()
        yield stage


@pytest.fixture
def stage(prepared: Stage) -> Iterator[Stage]:
    prepared.site.mend()
    prepared.serve(GOOD)
    yield prepared
    prepared.site.mend()
    prepared.site.sign_in = None


def body(content: bytes) -> Callable[[Stage], None]:
    return lambda stage: stage.serve(content)


def fault(*which: Fault) -> Callable[[Stage], None]:
    def spoil(stage: Stage) -> None:
        stage.serve(GOOD.replace(b"1.0.0", b"1.0.1"))  # or it would be "not modified"
        stage.site.spoil(stage.site.index_path, *which)

    return spoil


def password(stage: Stage) -> None:
    stage.site.sign_in = Basic("reader", "another")


def cut_gzip(stage: Stage) -> None:
    stage.serve(GOOD * 1 + b"# " + b"x" * 50_000)
    stage.site.spoil(stage.site.index_path, faults.cut_gzip(0.5))


CASES: dict[str, tuple[Callable[[Stage], None], str, tuple[str, ...]]] = {
    # what the server does: (how, code, words of the message)
    "html": (body(HTML), "not-an-index", ("web page",)),
    "empty": (body(b""), "empty-index", ("empty",)),
    "null": (body(b"null\n"), "empty-index", ()),
    "list": (body(b"- a\n- b\n"), "not-an-index", ()),
    "no entries": (body(b"apiVersion: v1\n"), "no-entries", ()),
    "no api version": (body(b"entries: {}\n"), "no-api-version", ()),
    "entries are text": (body(b"apiVersion: v1\nentries: nothing\n"), "no-entries", ()),
    "nested brackets": (
        body(b"apiVersion: v1\nentries: " + b"[" * 100_000),
        "yaml-nested",
        ("nested",),
    ),
    "nested maps": (
        body(b"apiVersion: v1\nentries:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 300))),
        "yaml-nested",
        ("nested",),
    ),
    "alias bomb": (body(BOMB), "yaml-reference", ("references",)),
    "python tag": (
        body(b"apiVersion: v1\nentries: !!python/object/apply:os.system ['false']\n"),
        "yaml-tag",
        (),
    ),
    "two documents": (body(GOOD + b"---\n" + GOOD), "yaml-documents", ()),
    "cut in a line": (body(GOOD[: len(GOOD) // 2 - 3] + b'"'), "", ()),
    "latin-1": (body(GOOD.replace(b"alpha", b"caf\xe9")), "yaml-encoding", ()),
    "404": (fault(faults.status(404)), "not-found", ("index.yaml",)),
    "403": (fault(faults.status(403)), "not-allowed", ()),
    "500": (fault(faults.status(500)), "", ()),
    "429": (fault(faults.status(429, retry_after="3600")), "throttled", ()),
    "wrong password": (password, "needs-sign-in", ("sign",)),
    "cut body": (fault(faults.cut(100)), "truncated", ("100",)),
    "cut gzip": (cut_gzip, "truncated", ()),
    "reset": (fault(faults.reset(50)), "", ()),
    "redirect loop": (fault(faults.redirect_loop()), "", ("redirect",)),
    "wrong length": (fault(faults.wrong_length(-5)), "", ()),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_answer_keeps_the_catalog_and_says_what_to_do(case: str, stage: Stage) -> None:
    spoil, code, words = CASES[case]
    spoil(stage)
    run = stage.sync(4)
    assert (run["outcome"], run["versions"], run["removed"]) == ("failed", 2, 0)
    assert run["code"]
    assert not code or run["code"] == code, run
    assert run["message"][0].isupper() or run["message"][0].isdigit()
    assert run["remedy"]
    for word in words:
        assert word in (run["message"] + run["remedy"]).lower()
    shown = stage.program.run("history", "charts")
    assert "Traceback" not in shown.err
    text = stage.program.run("sync", "charts")
    assert text.code == 4
    assert "Traceback" not in text.out + text.err
    assert run["remedy"].split(".")[0] in " ".join(text.err.split()), "the remedy is not shown"
    assert stage.catalog() == stage.before


def test_one_broken_entry_costs_that_entry(stage: Stage) -> None:
    broken = GOOD.replace(b"entries:\n", b"entries:\n  omega:\n  - just text\n  - name: omega\n")
    stage.serve(broken)
    run = stage.sync(3)
    assert (run["outcome"], run["versions"], run["skipped"]) == ("partial", 2, 2)
    history = stage.program.json("history", "charts", "--run", str(run["id"]))
    assert [s["artifact"] for s in history["skipped"]] == ["omega", "omega"]
    assert all(s["reason"] for s in history["skipped"])
    again = stage.sync(0)
    assert (again["outcome"], again["skipped"]) == ("unchanged", 2)
    assert stage.catalog() == stage.before


@pytest.mark.parametrize(
    ("endpoint", "code", "stage_name"),
    [
        ("http://127.0.0.1:1", "refused", "tcp"),
        ("http://no-such-host.invalid", "dns", "dns"),
    ],
)
def test_an_address_that_does_not_answer_is_not_added(
    tmp_path: Path, endpoint: str, code: str, stage_name: str
) -> None:
    program = Program(tmp_path / "data")
    answer = program.json(
        "registry", "add", "helm", "--name", "x", "--set", f"endpoint={endpoint}", code=4
    )
    assert answer["registry"] is None
    failed = [check for check in answer["checks"] if check["verdict"] == "failed"]
    assert [(check["stage"], check["code"]) for check in failed] == [(stage_name, code)]
    assert answer["error"]["message"]
    assert answer["error"]["remedy"]
    assert program.json("registry", "list")["registries"] == []


@pytest.mark.parametrize(
    "endpoint",
    ["", "ftp://x.example", "file:///etc/passwd", "javascript:alert(1)", "https://u:p@x.example",
     "https://x.example/\x00", "https://x.example:99999", "not a url"],
)  # fmt: skip
def test_an_address_that_cannot_work_is_refused(tmp_path: Path, endpoint: str) -> None:
    program = Program(tmp_path / "data")
    if "\0" in endpoint:
        endpoint = endpoint.replace("\0", "\x01")
    result = program.run(
        "--json", "registry", "add", "helm", "--name", "x", "--set", f"endpoint={endpoint}"
    )
    assert result.code == 2, result
    assert result.error["message"]
    assert result.error["remedy"]


def test_a_port_that_accepts_and_says_nothing(tmp_path: Path) -> None:
    """The connection is refused in good time; how long is the HTTP client's own test."""
    program = Program(tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.listen()
        port = listener.getsockname()[1]
        listener.close()
        answer = program.json(
            "registry", "check", "helm", "--set", f"endpoint=https://127.0.0.1:{port}", code=4
        )
    assert answer["ok"] is False


def test_a_body_that_was_packed_twice_is_no_index(stage: Stage) -> None:
    stage.serve(gzip.compress(GOOD))
    run = stage.sync(4)
    assert run["outcome"] == "failed"
    assert stage.catalog() == stage.before
