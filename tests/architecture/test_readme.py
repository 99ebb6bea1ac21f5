"""The pages for users hold: their commands are run, their files are used, their outputs come.

A `console` block is typed into a shell, command by command, in a folder that looks like a checkout
after its set-up. Servers on loopback stand for the hosts that a page names: what is typed and what
comes is translated, and nothing else. What a page shows under a command has to come in this order
and without gaps; `…` stands for what may differ, alone on a line for any number of lines. Days and
lengths of time are not compared.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import io
import os
import re
import signal
import site as site_of_python
import socket
import ssl
import subprocess
import sys
import sysconfig
import tarfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trustme

import registrykit
from desktop.demo.writing import stored_gzip, to_yaml
from registrykit import errors
from registrykit.artifacts import Artifact, Version
from registrykit.http import Http, Response
from registrykit.registry import RegistryType
from registrykit.testing.contract import RegistryTypeContract, Served
from registrykit.testing.servers import HelmSite, Site
from registrykit.urls import Basic

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="the pages show a POSIX shell"),
]

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-password-for-the-pages"
ORDERS = "Takes orders and passes them on to the warehouse"
PAYMENTS = "Charges cards and writes receipts"
CHARTS = (
    ("orders", "2.3.1", "3.1", ORDERS),
    ("orders", "2.3.0", "3.1", ORDERS),
    ("orders", "2.2.0", "3.0", ORDERS),
    ("payments", "1.4.0", "1.9", PAYMENTS),
    ("payments", "1.3.2", "1.8", PAYMENTS),
)
# What comes only where nobody watches, or where there is no keyring.
_ASIDE = re.compile(
    r"[\w -]+: (?:synchronizing|ok|unchanged|partial|held|failed)|There is no keyring, .*"
)
_LASTS = re.compile(r"\b\d+(?:\.\d+)? (?:s|min|h|days)\b")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


# Reading a page


@dataclass(frozen=True)
class Command:
    """What is typed, over one line or several, and the lines that the page shows under it."""

    typed: str
    shown: tuple[str, ...]

    @property
    def code(self) -> int:
        """The exit code that what is shown means."""
        shown = "\n".join(self.shown)
        return 3 if "! held  " in shown else 4 if "✗ failed  " in shown else 0


@dataclass(frozen=True)
class Block:
    """A fenced block with its heading, its language, and the paragraph before it."""

    section: str
    language: str
    text: str
    before: str

    @property
    def file(self) -> str:
        """The file that the block is, where the paragraph before it begins with its name."""
        named = re.match(r"\*\*`([^`]+)`\*\*", self.before)
        return named[1] if named else ""

    @property
    def commands(self) -> Iterator[Command]:
        typed, shown = "", list[str]()
        for line in self.text.splitlines():
            if typed.endswith("\\") and not shown:
                typed += "\n" + line
            elif line.startswith("$ "):
                if typed:
                    yield Command(typed, tuple(shown))
                typed, shown = line[2:], []
            else:
                shown.append(line)
        yield Command(typed, tuple(shown))


def blocks(page: str) -> list[Block]:
    found, section, paragraph, open_paragraph = [], "", "", False
    lines = iter((ROOT / page).read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith("```"):
            inside = "\n".join(iter(lambda: next(lines), "```"))
            found.append(Block(section, line[3:], inside, paragraph))
            paragraph = ""
        elif line.startswith("#"):
            section = line.lstrip("# ")
        else:
            if line.strip():
                paragraph = f"{paragraph} {line}" if open_paragraph else line
            open_paragraph = bool(line.strip())
    return found


# Comparing what came with what is shown


def plain(line: str) -> str:
    """Return a line without what differs each time: columns' widths, days, lengths of time."""
    line = _DAY.sub("DAY", _LASTS.sub("TIME", line)).replace("just now", "TIME ago")
    return " ".join(line.split())


_STAGE_TIME = re.compile(r"^([✓·!✗] \w+  [a-z-]+: .*?)  [\d.]+ s$")


def difference(shown: Sequence[str], came: str) -> str:
    """Return the first shown line that did not come, or an empty text."""
    # A stage of the check says how long it took where that was long, as on a busy machine.
    quick = [_STAGE_TIME.sub(r"\1", line) for line in came.splitlines() if line.strip()]
    lines = [plain(line) for line in quick]
    lines = [line for line in lines if not _ASIDE.fullmatch(line)]
    at, gap = 0, False
    for line in (line for line in shown if line.strip() and line != "password:"):
        if line == "…":
            gap = True
            continue
        wanted = re.compile(".*".join(map(re.escape, plain(line).split("…"))))
        until = len(lines) if gap else at + 1
        place = next(
            (n for n in range(at, until) if n < len(lines) and wanted.fullmatch(lines[n])), -1
        )
        if place < 0:
            return line
        at, gap = place + 1, False
    return "" if gap or not shown or at == len(lines) else f"(nothing more after) {lines[at]}"


# What a page talks to


def archive(name: str, version: str, app: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file, content in (
            ("Chart.yaml", f"apiVersion: v2\nname: {name}\nversion: {version}\n"),
            ("README.md", f"# {name}\n\n{text}\n"),
            ("values.yaml", f"replicas: 2\nimage: {name}:{app}\n"),
        ):
            member = tarfile.TarInfo(f"{name}/{file}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    return stored_gzip(buffer.getvalue())


def publish(site: HelmSite, charts: Sequence[tuple[str, str, str, str]], day: int) -> None:
    files, entries = {}, dict[str, list[dict[str, Any]]]()
    for name, version, app, text in charts:
        file = f"{name}-{version}.tgz"
        files[file] = archive(name, version, app, text)
        entries.setdefault(name, []).append(
            {
                "apiVersion": "v2",
                "appVersion": app,
                "created": "2026-10-01T08:00:00Z",
                "description": text,
                "digest": hashlib.sha256(files[file]).hexdigest(),
                "name": name,
                "urls": [file],
                "version": version,
            }
        )
    index = {"apiVersion": "v1", "entries": entries, "generated": f"2026-11-{day:02}T06:00:00Z"}
    site.publish(to_yaml(index).encode(), files)


@dataclass
class Newcomer:
    """Somebody with a fresh checkout, a company repository and a shell."""

    folder: Path
    site: HelmSite
    port: int = 0
    background: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.upstream = self.site.port
        for name in ("checkout", "home"):
            (self.folder / name).mkdir()
        (self.folder / "secret").write_text(PASSWORD, "utf-8")
        _make_environment(self.checkout / ".venv")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.folder / "home"),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "REGISTRY_DESKTOP_DATA_DIR": str(self.folder / "data"),
            "REGISTRY_DESKTOP_KEYRING": "none",
            "REGISTRY_DESKTOP_SECRET_TEAM_PASSWORD": PASSWORD,
        }

    def enter(self, section: str) -> None:
        """Let upstream be as the section says."""
        if section in ("When much vanishes at once", "Held runs"):
            publish(self.site, (CHARTS[0], CHARTS[3]), day=2)
        elif section == "Offline":
            self.site.stop()
        elif section == "Where secrets are kept":
            self.site.start(self.upstream)

    def translated(self, text: str) -> str:
        """Return a text of the page with what is there in place of what it names."""
        text = text.replace("charts.example.com", f"localhost:{self.upstream}")
        text = text.replace("/run/secrets/team", str(self.folder / "secret"))
        return text.replace("8765", str(self.port))

    def type(self, command: Command) -> tuple[int, str]:
        """Run a command; return its exit code and what came on both streams."""
        typed = self.translated(command.typed)
        if typed.endswith("&"):
            self._leave_running(["bash", "-c", "exec " + typed.rstrip("& ")])
            return 0, ""
        ended = subprocess.run(
            ["bash", "-c", typed],
            cwd=self.checkout,
            env=self.environment,
            input=PASSWORD if "password:" in command.shown else "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        came = ended.stdout.replace(f"localhost:{self.upstream}", "charts.example.com")
        came = came.replace(f"Port {self.upstream} ", "Port 443 ")
        came = came.replace("localhost", "charts.example.com").replace(str(self.port), "8765")
        return ended.returncode, came.replace(str(self.folder / "home"), "/home/you")

    def _leave_running(self, command: list[str]) -> None:
        self.background.append(
            subprocess.Popen(
                command,
                cwd=self.checkout,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        pytest.fail(f"nothing listens after: {command[-1]}")

    def leave(self) -> None:
        for process in self.background:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _make_environment(folder: Path) -> None:
    """Make a .venv that sees what is installed here, and takes what is installed into it."""
    venv.EnvBuilder(symlinks=True).create(folder)
    places = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", scheme="venv", vars=places))
    # A line that begins with "import" is run at start: so the .pth files over there count, too.
    lines = [f"import site; site.addsitedir({p!r})\n" for p in site_of_python.getsitepackages()]
    (packages / "shared.pth").write_text("".join(lines), "utf-8")
    script = folder / "bin" / "registry-desktop"
    script.write_text(
        f"#!{folder}/bin/python\nimport sys\nfrom desktop.__main__ import main\nsys.exit(main())\n",
        "utf-8",
    )
    script.chmod(0o755)


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    authority = trustme.CA(organization_name="Example Company")
    soon = datetime.now(UTC) + timedelta(days=400)
    issued = authority.issue_cert("localhost", not_after=soon)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    with HelmSite(base="/stable", sign_in=Basic("reader", PASSWORD), tls=context) as site:
        publish(site, CHARTS, day=1)
        somebody = Newcomer(tmp_path, site)
        authority.cert_pem.write_to_path(somebody.checkout / "company-ca.pem")
        try:
            yield somebody
        finally:
            somebody.leave()


# The tests


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_a_newcomer_can_follow_the_page(page: str, newcomer: Newcomer) -> None:
    section, wrong = "", list[str]()
    for block in blocks(page):
        if block.section != section:
            section = block.section
            newcomer.enter(section)
        if block.file:
            folder = newcomer.folder / "registrykit-shelf"
            place = folder if folder.exists() else newcomer.checkout
            (place / block.file).write_text(newcomer.translated(block.text) + "\n", "utf-8")
        if block.language != "console" or section == "Two commands":
            continue
        for command in block.commands:
            code, came = newcomer.type(command)
            if missing := difference(command.shown, came):
                wrong.append(f"{section}: not as shown: {missing}\n$ {command.typed}\n{came}")
            elif code != command.code:
                wrong.append(f"{section}: exit code {code}\n$ {command.typed}\n{came}")
    assert not wrong, "\n".join(wrong)


def test_the_two_commands_are_those_of_dev_py(dev: ModuleType, tmp_path: Path) -> None:
    """The first is run. The second is what runs this test, so only its place is looked at."""
    (block,) = [block for block in blocks("README.md") if block.section == "Two commands"]
    run, test = (command.typed.split() for command in block.commands)
    assert (run, test) == (["python3", "dev.py", "run"], ["python3", "dev.py", "test"])
    assert (ROOT / ".ci" / "run").read_text("utf-8").endswith("exec python3 dev.py test\n")
    if not dev.is_current():
        pytest.skip("the set-up is not current, and a test does not change it")
    screens = ("DISPLAY", "WAYLAND_DISPLAY")
    env = {name: value for name, value in os.environ.items() if name not in screens}
    ended = subprocess.run(
        [sys.executable, *run[1:]],
        cwd=ROOT,
        env=env | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    for promised in ("certificate is self-signed", "needs sign-in", "versions would vanish"):
        assert promised in ended.stdout


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dev_of_the_readme", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_plugin_of_the_readme_is_formatted_as_its_author_would() -> None:
    files = {block.file: block.text for block in blocks("README.md") if block.language == "python"}
    assert len(files) == 2
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--diff"]
    for name, text in files.items():
        done = subprocess.run(
            [*ruff, "--stdin-filename", name, "-"],
            input=text + "\n",
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def reference() -> str:
    page = (ROOT / "README.md").read_text("utf-8")
    return page[page.index("### What a plugin is made of") : page.index("## Where things are")]


def test_the_reference_lists_every_method_of_a_type() -> None:
    for name, method in inspect.getmembers(RegistryType, inspect.isfunction):
        if not name.startswith("_"):
            assert f"`{name}({', '.join(inspect.signature(method).parameters)})`" in reference()


def fields_of(kind: Any) -> list[str]:
    return list(inspect.signature(kind).parameters)


@pytest.mark.parametrize(
    "kind",
    [
        *(Artifact, Version, registrykit.Ref, registrykit.Problem, Served),
        *(registrykit.Found, registrykit.Complete, registrykit.Unchanged, registrykit.Skip),
        *(registrykit.Document, registrykit.Progress, registrykit.Note),
    ],
)
def test_the_reference_has_the_fields_of_what_a_plugin_makes(kind: Any) -> None:
    text = " ".join(reference().split())
    assert f"{kind.__name__}({', '.join(fields_of(kind))})" in text


def test_the_reference_has_the_words_of_a_field() -> None:
    text = " ".join(reference().split())
    assert (
        f"Ui({', '.join(name for name in fields_of(registrykit.Ui) if name != 'secret')})" in text
    )


def test_the_reference_has_what_a_request_takes_and_gives() -> None:
    text = " ".join(reference().split())
    assert f"ctx.http.get({', '.join(fields_of(Http.get)[1:])})" in text
    for name in fields_of(Response):
        assert f"`{name}`" in text
    assert "ctx.http.stream(url, …)" in text
    assert fields_of(Http.stream)[1] == "url"
    for name in ("known", "memory", "completed", "map"):
        assert (
            f"`ctx.{name}({', '.join(fields_of(getattr(registrykit.Context, name))[1:])})`" in text
        )


def test_the_reference_names_every_error_that_a_plugin_meets() -> None:
    for error in errors.RegistryError.__subclasses__():
        if error.__module__ == errors.__name__ and error.__name__ not in ("Offline", "PluginFault"):
            assert f"`{error.__name__}`" in reference()


def test_the_reference_names_what_the_tests_offer() -> None:
    for name in ("put", "remove", "url", "sign_in", "count", "spoil"):
        assert f"`{name}" in reference()
        assert hasattr(Site, name) or name in fields_of(Site)
    for flag in ("conditional", "has_documents", "can_save", "uses_http"):
        assert f"`{flag}" in reference()
        assert hasattr(RegistryTypeContract, flag)


def test_the_house_is_drawn_as_it_stands() -> None:
    (block,) = [block for block in blocks("README.md") if block.section == "Where things are"]
    folder, drawn = ROOT, set[str]()
    for line in block.text.splitlines():
        name = line.split()[0]
        inside = line.startswith(" ")
        folder = folder if inside else ROOT / name
        path = folder / name if inside else folder
        assert path.exists(), path
        drawn.add(path.relative_to(ROOT).as_posix())
    members = {f"desktop/{path.parent.name}" for path in ROOT.glob("desktop/*/__init__.py")}
    members |= {f"plugins/{path.parent.name}" for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert members <= drawn


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")])


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_links_to_what_is_there_and_does_not_shout(path: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        assert "://" in target or (path.parent / target.partition("#")[0]).exists(), target
    assert "!" not in prose.replace("![", "[")  # what stands before a picture is no shout


@pytest.mark.parametrize(
    ("shown", "came"),
    [
        (["a"], "b"),
        (["a"], "a\nb"),
        (["a", "b"], "a"),
        (["a", "c"], "a\nb\nc"),
        (["a", "…", "b", "c"], "a\nx\nb\nx\nc"),
        (["…", "a"], "a\nb"),
        (["sha256:12…"], "sha256:21"),
        (["team  ✓ ok  5  0.4 s"], "team  ✓ ok  6  0.4 s"),
    ],
)
def test_a_difference_is_noticed(shown: list[str], came: str) -> None:
    assert difference(shown, came)


def test_what_differs_each_time_is_no_difference() -> None:
    came = "team: synchronizing\nteam   ✓ ok   5   1.9 s\n\nuntil 2031-05-06.\nx\ny\nsha256:12ab\n"
    came += "synced 2 min ago\n"
    shown = ["team  ✓ ok  5  0.4 s", "until 2027-06-30.", "…", "sha256:1…", "synced just now"]
    assert difference(shown, came) == ""
