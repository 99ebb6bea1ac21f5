"""The real program on a screen of its own, with eyes that see it and hands that work it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from registrykit.testing.servers import HelmSite
from registrykit.testing.tls import Authority
from registrykit.urls import Basic
from tests.charts import Charts
from tests.conftest import Needs
from tests.e2e.window.display import Display
from tests.e2e.window.hands import Hands
from tests.e2e.window.seeing import PATIENCE, Eyes, describe
from tests.program import Program

HERE = Path(__file__).parent
USER, PASSWORD = "reader", "open sesame"
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@dataclass
class Running:
    """The program as somebody sits before it."""

    process: subprocess.Popen[str]
    display: Display
    eyes: Eyes
    hands: Hands
    data_dir: Path
    started: float
    output: Path

    def close(self, code: int = 0) -> None:
        """Close the window as its title bar does, and see that the program ends well."""
        self.hands.close_window()
        self.ended(code)

    def ended(self, code: int = 0, seconds: float = PATIENCE) -> None:
        """Wait until the program has ended; fails where its exit code is another."""
        assert self.process.wait(seconds) == code, self.output.read_text()
        assert "Traceback" not in self.output.read_text()


@dataclass
class Starter:
    """Starts the program, each time on the same data directory unless told otherwise."""

    folder: Path
    xvfb: str
    xdotool: str
    environment: dict[str, str] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)

    def __call__(self, *words: str, data: str = "data", **variables: str) -> Running:
        number = len(self.running)
        program = Program(self.folder / data)
        folder = self.folder / f"screen{number}"
        display = Display(self.xvfb, folder).__enter__()
        # A socket's path may have only about a hundred characters.
        path = Path(os.path.relpath(self.folder / f"eyes{number}"))
        path = min(path, path.absolute(), key=lambda each: len(str(each)))
        output = self.folder / f"output{number}.txt"
        for name in ("home", "tmp", "runtime"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        environment = {
            **program.environment,
            "DISPLAY": display.name,
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_RUNTIME_DIR": str(self.folder / "runtime"),
            "REGISTRY_DESKTOP_DATA_DIR": str(program.data_dir),
            **self.environment,
            **variables,
        }
        started = time.perf_counter()
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, str(HERE / "eyes.py"), str(path), *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )

        def gone() -> str | None:
            code = process.poll()
            return None if code is None else f"exit code {code}\n{output.read_text()}"

        try:
            eyes = Eyes(path, gone)
        except BaseException:
            process.kill()
            process.wait()
            display.__exit__(None, None, None)
            raise
        hands = Hands(self.xdotool, display.name, eyes)
        made = Running(process, display, eyes, hands, program.data_dir, started, output)
        self.running.append(made)
        return made

    def end(self, *, failed: bool) -> None:
        """End what still runs; of a test that failed a picture is kept."""
        for number, running in enumerate(self.running):
            if failed:
                picture = running.display.picture(self.folder / f"failed{number}.png")
                print(f"The screen, when it failed: {picture}")
                print(running.output.read_text())
                if running.process.poll() is None:
                    print("\n".join(describe(running.eyes.windows())))
            running.eyes.close()
            if running.process.poll() is None:
                running.process.terminate()
                try:
                    running.process.wait(10)
                except subprocess.TimeoutExpired:
                    running.process.kill()
                    running.process.wait()
            running.display.__exit__(None, None, None)


@pytest.fixture
def start(
    tmp_path: Path, needs_program: Needs, request: pytest.FixtureRequest
) -> Iterator[Starter]:
    """Return a function that starts the program on a screen; it takes the program's arguments."""
    starter = Starter(tmp_path, needs_program("Xvfb"), needs_program("xdotool"))
    yield starter
    starter.end(failed=request.node.stash.get(FAILED, False))


@dataclass(frozen=True)
class Team:
    """A private Helm registry: its own authority, and a sign-in."""

    site: HelmSite
    ca_file: Path
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)

    @property
    def endpoint(self) -> str:
        return self.site.endpoint


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """Serve five charts behind a private certificate and a password."""
    authority = Authority()
    ca_file = tmp_path / "team-ca.pem"
    ca_file.write_text(authority.certificate)
    charts = Charts()
    for name in ("api-gateway", "billing", "cert-manager", "nginx", "worker"):
        charts.add(name, "2.0.0", "1.1.0", "1.0.0")
    with HelmSite(
        charts.index,
        charts.files,
        base="/charts",
        sign_in=Basic(USER, PASSWORD),
        tls=authority.issue("127.0.0.1", "localhost").server_context(),
    ) as site:
        yield Team(site, ca_file)


Start = Callable[..., Running]
