"""Without the network cable: what was read before is all there, and nothing tries to go out."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.program import Program

pytestmark = pytest.mark.e2e

NAME = "charts"
READING: tuple[tuple[str, ...], ...] = (
    ("registry", "list"),
    ("registry", "show", NAME),
    ("registry", "types"),
    ("catalog", "list", "--registry", NAME),
    ("catalog", "show", "--registry", NAME, "loki"),
    ("catalog", "show", "--registry", NAME, "loki", "1.0.0"),
    ("catalog", "document", "--registry", NAME, "loki", "1.1.0", "readme"),
    ("search", "logs"),
    ("search", "chart", "--registry", NAME),
    ("history", NAME),
    ("history", NAME, "--run", "1"),
    ("plugins", "list"),
    ("env", "list"),
    ("tenant", "list"),
)


def archive(name: str, version: str) -> bytes:
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
        "README.md": f"# {name}\n\nKeeps logs, since {version}.\n",
        "values.yaml": "replicas: 1\n",
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


ARCHIVES = {
    (name, version): archive(name, version)
    for name, version in (("loki", "1.0.0"), ("loki", "1.1.0"), ("redis", "7.0.0"))
}


def index() -> str:
    lines = ["apiVersion: v1", "entries:"]
    for name in sorted({name for name, _ in ARCHIVES}):
        lines.append(f"  {name}:")
        for (chart, version), content in ARCHIVES.items():
            if chart == name:
                lines += [
                    f"  - name: {name}",
                    f"    version: {version}",
                    f"    description: The {name} chart",
                    f"    digest: {hashlib.sha256(content).hexdigest()}",
                    f"    urls: [{name}-{version}.tgz]",
                ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Synchronized:
    """A registry as it was read once, and what the program showed of it then."""

    program: Program
    site: HelmSite
    shown: dict[tuple[str, ...], Any]


@pytest.fixture(scope="module")
def synchronized(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synchronized]:
    program = Program(tmp_path_factory.mktemp("offline") / "data")
    files = {f"{name}-{version}.tgz": content for (name, version), content in ARCHIVES.items()}
    with HelmSite(index(), files, sign_in=Basic("reader", "open sesame")) as site:
        program.env["REGISTRY_DESKTOP_SECRET_CHARTS_PASSWORD"] = "open sesame"
        program.json(
            *("registry", "add", "helm", "--name", NAME, "--set", f"endpoint={site.endpoint}"),
            *("--set", "auth=basic", "--set", "username=reader", "--secret", "password=-"),
            stdin="open sesame",
        )
        (run,) = program.json("sync", NAME)["runs"]
        assert (run["outcome"], run["versions"]) == ("ok", len(ARCHIVES))
        shown = {words: steady(program.json(*words)) for words in READING}
        yield Synchronized(program, site, shown)


def steady(shape: Any) -> Any:
    """Return a shape without the time that a search took."""
    return {key: value for key, value in shape.items() if key != "seconds"}


@pytest.fixture
def copy(synchronized: Synchronized, tmp_path: Path) -> Program:
    """Return the program on a copy of the data, which a test may change."""
    shutil.copytree(synchronized.program.data_dir, tmp_path / "data")
    made = Program(tmp_path / "data")
    made.env = dict(synchronized.program.env)
    return made


# With --offline


def test_everything_can_be_read_with_offline(synchronized: Synchronized) -> None:
    before = synchronized.site.connections
    for words, shown in synchronized.shown.items():
        assert steady(synchronized.program.json("--offline", *words)) == shown, words
    assert synchronized.site.connections == before


def test_a_synchronization_with_offline_says_so_and_keeps_everything(
    synchronized: Synchronized, copy: Program
) -> None:
    before = synchronized.site.connections
    asked = copy.json("--offline", "sync", NAME, code=4)
    (run,) = asked["runs"]
    assert (run["outcome"], run["code"], run["requests"]) == ("failed", "offline", 0)
    for key in ("message", "remedy"):
        assert run[key]
    assert asked["error"]["code"] == "offline"
    assert all(asked["error"][key] for key in ("message", "cause", "remedy"))
    said = copy.run("--offline", "sync", NAME)
    assert said.code == 4
    assert three_parts(said.err)
    fetch = ("catalog", "document", "--registry", NAME, "loki", "1.0.0", "readme", "--fetch")
    assert copy.json("--offline", *fetch, code=4)["error"]["code"] == "offline"
    checked = copy.json("--offline", "registry", "check", NAME, code=4)
    assert "offline" in json.dumps(checked)
    assert synchronized.site.connections == before
    require_the_same_catalog(synchronized, copy)
    (run,) = copy.json("sync", NAME)["runs"]
    assert run["outcome"] == "unchanged"


def three_parts(text: str) -> bool:
    return bool(re.search(r"^\S.*\n  Why: .+\n  What to do: .+", text, re.MULTILINE))


def require_the_same_catalog(synchronized: Synchronized, program: Program) -> None:
    for words, shown in synchronized.shown.items():
        if words[0] in ("catalog", "search"):
            assert steady(program.json(*words)) == shown, words


# Runs a command of the program and notes each socket that it opens and process that it starts.
WATCHED = """
import json, sys
noted = []
sys.addaudithook(
    lambda event, _: noted.append(event)
    if event.startswith(("socket.", "subprocess.", "os.posix_spawn", "os.fork"))
    else None
)
from desktop.cli.main import main
code = main(json.loads(sys.argv[1]))
print("NOTED " + json.dumps([event for event in noted if event != "socket.gethostname"]))
sys.exit(code)
"""


def test_offline_opens_no_socket_and_starts_no_worker(
    synchronized: Synchronized, copy: Program
) -> None:
    for words, code in ((("sync", NAME), 4), (("search", "logs"), 0), (("registry", "list"), 0)):
        given = json.dumps([*copy.command("--offline", *words, "--json")[3:]])
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, given],
            capture_output=True,
            text=True,
            env=copy.environment,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert json.loads(done.stdout.rpartition("NOTED ")[2]) == []
    # The control: with the network on, the same look sees the worker start.
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, json.dumps(copy.command("sync", NAME)[3:])],
        capture_output=True,
        text=True,
        env=copy.environment,
        check=False,
    )
    assert "subprocess.Popen" in done.stdout.rpartition("NOTED ")[2]


def test_offline_makes_no_system_call_for_a_connection(copy: Program, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    calls = tmp_path / "calls"
    trace = [strace, "-f", "-e", "trace=socket,connect,execve", "-o", str(calls), "--"]

    def traced(*words: str) -> str:
        subprocess.run([*trace, *copy.command(*words)], capture_output=True, env=copy.environment)
        return calls.read_text()

    probe = subprocess.run([*trace, "true"], capture_output=True)
    if probe.returncode:
        pytest.skip("strace may not trace here")
    online = traced("sync", NAME, "--full")
    assert "sa_family=AF_INET" in online
    assert "AF_INET" not in traced("--offline", "sync", NAME, "--full")
    fetch = ("catalog", "document", "--registry", NAME, "loki", "1.0.0", "readme", "--fetch")
    for words in (("registry", "check", NAME), fetch):
        offline = traced("--offline", *words)
        assert "registrykit.worker" in offline
        # What a worker loads may look whether the system knows IPv6.
        assert "sa_family=AF_INET" not in offline, words


# In a network namespace without any interface


@dataclass(frozen=True)
class Unplugged:
    """Runs the program where there is no network at all, not even loopback."""

    unshare: tuple[str, ...]

    def run(self, program: Program, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.unshare, *program.command(*words)],
            capture_output=True,
            text=True,
            timeout=120,
            env=program.environment,
            check=False,
        )


@pytest.fixture(scope="module")
def unplugged() -> Unplugged:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed")
    for options in (("-n",), ("-rn",)):
        command = (unshare, *options, "--")
        probe = subprocess.run([*command, "cat", "/proc/net/route"], capture_output=True, text=True)
        if probe.returncode == 0:
            # At most the heading of the list.
            assert len(probe.stdout.splitlines()) <= 1, "a way leads out"
            return Unplugged(command)
    pytest.skip("no network namespace can be made here")


def test_everything_can_be_read_without_a_network(
    synchronized: Synchronized, unplugged: Unplugged
) -> None:
    for words, shown in synchronized.shown.items():
        ended = unplugged.run(synchronized.program, "--json", *words)
        assert ended.returncode == 0, (words, ended.stderr)
        assert steady(json.loads(ended.stdout)) == shown, words


def test_a_synchronization_without_a_network_fails_and_keeps_everything(
    synchronized: Synchronized, copy: Program, unplugged: Unplugged
) -> None:
    before = synchronized.site.connections
    for words in (("sync", NAME), ("sync", NAME, "--full")):
        ended = unplugged.run(copy, "--json", *words)
        assert ended.returncode == 4, ended.stderr
        (run,) = json.loads(ended.stdout)["runs"]
        assert run["outcome"] == "failed"
        assert run["code"] != "plugin-fault"
        assert (run["versions"], run["removed"]) == (len(ARCHIVES), 0)
        assert run["message"]
        assert run["remedy"]
    said = unplugged.run(copy, "sync", NAME)
    assert "Traceback" not in said.stderr
    assert three_parts(said.stderr), said.stderr
    checked = unplugged.run(copy, "--json", "registry", "check", NAME)
    assert checked.returncode == 4
    failed = [
        stage for stage in json.loads(checked.stdout)["checks"] if stage["verdict"] == "failed"
    ]
    assert [stage["stage"] for stage in failed] == ["tcp"]
    assert failed[0]["remedy"]
    (row,) = copy.json("registry", "list")["registries"]
    assert "unreachable" in row["conditions"]
    assert (row["versions"], row["last_outcome"]) == (len(ARCHIVES), "failed")
    assert synchronized.site.connections == before
    require_the_same_catalog(synchronized, copy)
    (run,) = copy.json("sync", NAME)["runs"]
    assert run["outcome"] == "unchanged"


def test_a_name_that_nobody_can_look_up_is_said(copy: Program, unplugged: Unplugged) -> None:
    given = ("registry", "add", "helm", "--name", "far", "--set", "endpoint=https://a.example.com")
    ended = unplugged.run(copy, "--json", *given)
    assert ended.returncode == 4
    refused = json.loads(ended.stdout)
    assert refused["registry"] is None
    assert all(refused["error"][key] for key in ("message", "cause", "remedy"))
    stages = {check["stage"]: check["verdict"] for check in refused["checks"]}
    assert stages["dns"] == "failed"
