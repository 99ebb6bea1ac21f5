"""A person's machine with secrets on it: what the program left there and printed is looked through.

Everything that the program could write to lies in one folder: data, home, temporary files.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from registrykit.testing.servers import HelmSite
from registrykit.testing.tls import Authority
from registrykit.urls import Basic, Bearer
from tests.e2e.canaries import Scanner
from tests.program import Program, Result

PLAIN = "canary-7c1d-plain-horse"
ODD = 'c4nary/&é% +"ö>-odd\\one'
TOKEN = "Y2FuYXJ5LXRva2VuLTkxZjM+/zQ4Yg=="
USER = "reader"
BASIC = ("--set", "auth=basic", "--set", f"username={USER}")

_READING = ("registry list", "registry types", "plugins list", "env list", "search app")

# Runs commands of the program one after another, as their own main function does.
_MANY = """
import json, sys
from desktop.cli.main import main
codes = [main(words) for words in json.loads(sys.argv[1])]
print("CODES " + json.dumps(codes), file=sys.stderr)
"""


@dataclass
class World:
    """One data directory, and all that the program printed so far."""

    folder: Path
    program: Program
    scanner: Scanner
    printed: list[str] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """The folder in which the program is started."""
        return self.folder / "work"

    def run(self, *words: str, code: int = 0, stdin: str = "") -> Result:
        ended = self.program.run(*words, stdin=stdin)
        self.printed += [ended.out, ended.err]
        assert ended.code == code, (ended.out, ended.err)
        assert "Traceback" not in ended.err
        return ended

    def add(self, name: str, endpoint: str, *given: str, stdin: str = "", code: int = 0) -> Result:
        words = ("registry", "add", "helm", "--name", name, "--set", f"endpoint={endpoint}")
        return self.run(*words, "--set", "documents=on-demand", *given, stdin=stdin, code=code)

    def remember(self, name: str, key: str, secret: str) -> None:
        """Let later commands find a secret, as a person does where there is no keyring."""
        self.program.env[f"REGISTRY_DESKTOP_SECRET_{name.upper()}_{key.upper()}"] = secret

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.program.command(*words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.work,
            env=self.program.environment,
        )

    def many(self, commands: Iterable[Sequence[str]], code: int = 0) -> str:
        """Run commands in one process, each of which has to end with `code`; returns all output."""
        start = self.program.command()
        given = [[*start[3:], *words] for words in commands]
        ended = subprocess.run(
            [start[0], "-c", _MANY, json.dumps(given)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.work,
            env=self.program.environment,
            check=False,
        )
        said = ended.stderr.rpartition("CODES ")
        assert json.loads(said[2]) == [code] * len(given), said[0]
        self.printed += [ended.stdout, said[0]]
        return ended.stdout + said[0]

    def read_everything(self, runs: Sequence[dict[str, object]]) -> None:
        """Run every command that shows something of the registries of `runs`, as text and JSON."""
        told = [tuple(words.split()) for words in _READING]
        for run in runs:
            name = str(run["registry"])
            told += [
                ("registry", "show", name),
                ("history", name),
                ("history", name, "--run", str(run["id"])),
                ("catalog", "list", "--registry", name),
            ]
        shown = self.many([[*form, *words] for words in told for form in ((), ("--json",))])
        assert shown.count('"registry": {') == len(runs)

    def require_clean(self) -> None:
        """Fail where a secret is in a file or was printed, or a temporary file was left."""
        found = [*self.scanner.files(self.folder), *self.scanner.content("\0".join(self.printed))]
        assert not found, "\n".join(found)
        assert list((self.folder / "tmp").iterdir()) == []


def make_world(folder: Path, *secrets: str) -> World:
    """Prepare a folder; `secrets` are looked for in it from now on."""
    program = Program(folder / "data")
    for name in ("home", "tmp", "work"):
        (folder / name).mkdir()
    program.env |= {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "REGISTRY_DESKTOP_LOG": "DEBUG",
    }
    return World(folder, program, Scanner(*secrets))


@dataclass(frozen=True)
class Signed:
    """A registry with a sign-in, and how its secret is entered."""

    name: str
    site: HelmSite
    key: str
    secret: str = field(repr=False)
    given: tuple[str, ...] = ()
    by_input: bool = False

    def enter(self, world: World, secret: str, *words: str, code: int = 0) -> None:
        """Run a command that is given this secret, in the registry's own way."""
        source = "-" if self.by_input else "env:ENTERED"
        world.program.env["ENTERED"] = secret
        world.run(
            *words,
            *("--set", f"endpoint={self.site.endpoint}", "--set", "documents=on-demand"),
            *self.given,
            *("--secret", f"{self.key}={source}"),
            code=code,
            stdin=f"{secret}\n" if self.by_input else "",
        )
        del world.program.env["ENTERED"]


@contextmanager
def signed_registries(
    world: World, index: str, charts: dict[str, bytes]
) -> Iterator[tuple[Signed, ...]]:
    """Serve four registries; together they take secrets of every form, in both ways."""
    authority = Authority()
    client = authority.issue("somebody")
    world.scanner.add(client.key)
    ca, certificate = world.folder / "ca.pem", world.folder / "client.pem"
    ca.write_text(authority.certificate)
    certificate.write_text(client.certificate)
    tls = ("--set", f"ca_certificate=@{ca}", "--set", f"client_certificate=@{certificate}")
    server = authority.issue("127.0.0.1").server_context(client_ca=authority.certificate)
    with ExitStack() as stack:
        plain, odd, token = (
            stack.enter_context(HelmSite(index, charts, base="/charts", sign_in=sign_in))
            for sign_in in (Basic(USER, PLAIN), Basic(USER, ODD), Bearer(TOKEN))
        )
        secure = stack.enter_context(HelmSite(index, charts, tls=server))
        yield (
            Signed("plain", plain, "password", PLAIN, BASIC),
            Signed("odd", odd, "password", ODD, BASIC, by_input=True),
            Signed("token", token, "token", TOKEN, ("--set", "auth=token")),
            Signed("secure", secure, "client_key", client.key, tls, by_input=True),
        )
