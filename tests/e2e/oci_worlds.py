"""Registries with real content, and what an independent reader finds in them.

Nothing in here reads with the project's own readers: archives are opened with tarfile, YAML with
PyYAML, and registries are read by skopeo and by the package oras.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import oras.client
import yaml

from registrykit.testing.docker_registry import ACCOUNT, DockerRegistry
from registrykit.testing.tokens import Signer, TokenServer
from tests.e2e.layouts import tar_gz
from tests.program import Program

Door = Literal["open", "password", "token"]
DOORS: tuple[Door, ...] = ("open", "password", "token")

# Runs commands of the program one after another, and prints what each of them printed.
_MANY = """
import contextlib, io, json, sys
from desktop.cli.main import main
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as told:
        code = main(words)
    print(json.dumps([code, told.getvalue()]))
"""


@dataclass(frozen=True)
class PublicPack:
    """One of the real packs, as its own files say."""

    described: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)
    archive: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.described["name"])

    @property
    def version(self) -> str:
        return str(self.described["version"])

    def text(self, file: str) -> str:
        return self.files[file].decode("utf-8-sig")


def public_packs(shared_data: Path) -> list[PublicPack]:
    """Return the packs, each with the archive that one would push."""
    folders: dict[str, dict[str, bytes]] = {}
    with tarfile.open(shared_data / "packs" / "packs.tar.gz") as opened:
        for member in opened:
            if member.isfile():
                folder, _, name = member.name.removeprefix("./").partition("/")
                stream = opened.extractfile(member)
                assert stream is not None
                folders.setdefault(folder, {})[name] = stream.read()
    packs = []
    for folder in sorted(folders):
        files = folders[folder]
        described = json.loads(files["pack.json"].decode("utf-8-sig"))
        packs.append(PublicPack(described, files, tar_gz(files, folder)))
    return packs


def zarf_definitions(shared_data: Path) -> list[dict[str, Any]]:
    """Return the definitions, each with a version, without which Zarf publishes nothing."""
    found = []
    for file in sorted((shared_data / "zarf").glob("*.zarf.yaml")):
        written = yaml.safe_load(file.read_text("utf-8"))
        metadata = {"version": "0.0.1", **written["metadata"]}
        found.append({**written, "metadata": metadata})
    return found


@dataclass(frozen=True)
class Served:
    """A registry with its door, and what one enters to come in."""

    door: Door
    server: DockerRegistry
    tokens: TokenServer | None

    @property
    def host(self) -> str:
        return self.server.url.partition("://")[2]

    def sign_in(self, program: Program, name: str) -> tuple[str, ...]:
        """Return what to give to `registry add`; the password is left for later runs as well."""
        if self.door == "open":
            return ()
        program.env[f"REGISTRY_DESKTOP_SECRET_{name.upper()}_PASSWORD"] = ACCOUNT.password
        program.env["ENTERED"] = ACCOUNT.password
        allowed = ("--allow-host", self.tokens.origin.authority) if self.tokens else ()
        username = f"username={ACCOUNT.username}"
        secret = ("--secret", "password=env:ENTERED")
        return ("--set", "auth=basic", "--set", username, *secret, *allowed)

    def requests_since(self, before: int) -> list[str]:
        return self.server.asked()[before:]


@contextmanager
def doors(filled: DockerRegistry, folder: Path) -> Iterator[dict[Door, Served]]:
    """Serve what a registry holds behind every kind of sign-in."""
    users = {ACCOUNT.username: ACCOUNT.password}
    for name in ("password", "token"):
        (folder / name).mkdir()
        (folder / name / "content").symlink_to(filled.folder / "content")
    with (
        TokenServer(users, signer=Signer()) as tokens,
        DockerRegistry(folder / "password", sign_in=True) as behind_password,
        DockerRegistry(folder / "token", tokens=tokens) as behind_token,
    ):
        yield {
            "open": Served("open", filled, None),
            "password": Served("password", behind_password, None),
            "token": Served("token", behind_token, tokens),
        }


# The program


def add_oci(program: Program, name: str, endpoint: str, *given: str, code: int = 0) -> Any:
    """Add a registry of type oci by the command line; `given` are further words."""
    words = ("registry", "add", "oci", "--name", name, "--set", f"endpoint={endpoint}")
    return program.json(*words, *given, code=code)


def synchronized(program: Program, name: str) -> dict[str, Any]:
    (run,) = program.json("sync", name)["runs"]
    found: dict[str, Any] = run
    return found


def answers(program: Program, commands: Iterable[Sequence[str]]) -> list[Any]:
    """Run commands with --json in one process, which all have to succeed; return the objects."""
    given = list(commands)
    told = outcomes(program, given)
    for words, (code, answer) in zip(given, told, strict=True):
        assert code == 0, (words, answer)
    return [answer for _, answer in told]


def outcomes(
    program: Program, commands: Iterable[Sequence[str]], seconds: float = 300
) -> list[tuple[int, Any]]:
    """Run commands with --json in one process; return their exit codes and objects."""
    start = program.command()
    given = [[*start[3:], "--json", *words] for words in commands]
    done = subprocess.run(
        [sys.executable, "-c", _MANY],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=seconds,
        env=program.environment,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(given), done.stderr[-2000:]
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    return [(code, json.loads(text)) for code, text in told]


def listed(program: Program, name: str, *given: str) -> list[dict[str, Any]]:
    """Return the whole catalog of a registry."""
    found = program.json("catalog", "list", "--registry", name, "--limit", "1000", *given)
    assert found["total"] == len(found["artifacts"])
    artifacts: list[dict[str, Any]] = found["artifacts"]
    return artifacts


# Independent readers


def skopeo(*words: str, door: Door = "open") -> bytes:
    command, *rest = words
    account = () if door == "open" else (f"--creds={ACCOUNT.username}:{ACCOUNT.password}",)
    done = subprocess.run(
        ["skopeo", "--insecure-policy", command, "--tls-verify=false", *account, *rest],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def manifest_by_skopeo(served: Served, reference: str) -> tuple[str, dict[str, Any]]:
    """Return the digest of what a tag names, and the manifest, as skopeo sees them."""
    raw = skopeo("inspect", "--raw", f"docker://{served.host}/{reference}", door=served.door)
    return f"sha256:{hashlib.sha256(raw).hexdigest()}", json.loads(raw)


def files_by_oras(server: DockerRegistry, reference: str, folder: Path) -> dict[str, bytes]:
    """Pull with the package oras; return the files by their names, and remove them."""
    host = server.url.partition("://")[2]
    client = oras.client.OrasClient(hostname=host, insecure=True)
    pulled = client.pull(target=f"{host}/{reference}", outdir=str(folder))
    found = {}
    for path in map(Path, pulled):
        found[str(path.relative_to(folder))] = path.read_bytes()
        path.unlink()
    return found
