"""Canary secrets: nothing that the program does with a secret leaves it anywhere.

They go through everything that takes one, past servers that echo them, a worker and a host that
are killed, and a plugin that talks. Afterwards no spelling of them may be found in a file, in what
was printed, or in a process; and no other server may have been given one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from registrykit.testing import faults
from registrykit.testing.answers import Route
from registrykit.testing.servers import HelmSite, Site
from registrykit.testing.tls import Authority
from registrykit.urls import Basic
from tests.e2e import talker
from tests.e2e.canaries import descendants, environment_of, spellings
from tests.e2e.echoes import ECHOES
from tests.e2e.session import ended
from tests.e2e.world import (
    BASIC,
    ODD,
    PLAIN,
    TOKEN,
    USER,
    Signed,
    World,
    make_world,
    signed_registries,
)
from tests.hostile.conftest import _settle as settle
from tests.program import Program

pytestmark = pytest.mark.e2e
needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")

ARCHIVE = b"no archive at all"
INDEX = f"""\
apiVersion: v1
entries:
  app:
  - name: app
    version: 1.0.0
    digest: {hashlib.sha256(ARCHIVE).hexdigest()}
    urls: [app-1.0.0.tgz]
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, PLAIN, ODD, TOKEN)


@pytest.fixture
def registries(world: World) -> Iterator[tuple[Signed, ...]]:
    with signed_registries(world, INDEX, {"app-1.0.0.tgz": ARCHIVE}) as made:
        yield made


def test_the_scanner_finds_what_was_planted(world: World) -> None:
    key = Authority().issue("somebody").key
    world.scanner.add(key)
    world.run("registry", "list")
    world.require_clean()
    for secret in (PLAIN, ODD, TOKEN, key):
        for how, spelling in spellings(secret).items():
            for content in (spelling, b"<<" + spelling + b">>"):
                assert world.scanner.content(content), how
    places = ("data/logs/registry-desktop.log", "data/registry-desktop.db-wal", "home/new", "tmp/x")
    for place in places:
        path = world.folder / place
        before = path.read_bytes() if path.exists() else None
        path.write_bytes((before or b"") + b"x" + PLAIN.encode("utf-16-le"))
        assert world.scanner.files(world.folder), place
        path.unlink()
        if before is not None:
            path.write_bytes(before)
    assert world.scanner.files(world.folder) == []
    world.printed.append(f"the password is {ODD}")
    with pytest.raises(AssertionError):
        world.require_clean()


def test_a_whole_life_leaves_no_secret_behind(world: World, registries: tuple[Signed, ...]) -> None:
    for one in registries:
        bad = wrong(one)
        world.scanner.add(bad)
        if one.by_input:
            one.enter(world, bad, "--json", "registry", "check", "helm", code=4)
        else:
            one.enter(world, bad, "registry", "add", "helm", "--name", one.name, code=4)
        one.enter(world, one.secret, "registry", "add", "helm", "--name", one.name)
        world.remember(one.name, one.key, one.secret)
    first = world.run("--json", "sync", "--all").json["runs"]
    assert {run["registry"]: run["outcome"] for run in first} == {
        one.name: "ok" for one in registries
    }
    for one in registries:
        # The server with certificates has nothing to echo; there the key itself is wrong.
        world.remember(one.name, one.key, wrong(one) if one.key == "client_key" else one.secret)
        one.site.spoil("*", ECHOES["JSON"])
    failed = world.run("sync", "--all", code=4)
    assert failed.out.count("failed") == len(registries)
    for one in registries:
        one.site.mend()
        one.enter(world, one.secret, "registry", "edit", one.name)
        world.remember(one.name, one.key, one.secret)
    world.run("sync", "--all")
    given = ("--registry", "token", "app", "1.0.0")
    world.run("catalog", "save", *given, "--to", str(world.work))
    assert (world.work / "app-1.0.0.tgz").read_bytes() == ARCHIVE
    world.run("catalog", "document", *given, "readme", "--fetch", code=4)
    world.read_everything(first)
    world.require_clean()


def wrong(one: Signed) -> str:
    """Return a secret of the same form that the registry does not accept."""
    if one.key == "client_key":
        return Authority().issue("another").key
    return f"wr0ng-{one.secret}"


# What servers say


@pytest.fixture(scope="module")
def echoed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, dict[str, str]]]:
    """Give a world in which every server has echoed the secret, and the runs that say so."""
    world = make_world(tmp_path_factory.mktemp("echoes"), ODD)
    world.program.env["ENTERED"] = ODD
    names = {how: f"echo-{number}" for number, how in enumerate(ECHOES)}
    with Site(sign_in=Basic(USER, ODD)) as site:
        for how, name in names.items():
            site.spoil(f"/{name}/index.yaml", ECHOES[how])
            world.remember(name.replace("-", "_"), "password", ODD)
        given = (*BASIC, "--secret", "password=env:ENTERED", "--no-check")
        world.many(
            (
                *"registry add helm --name".split(),
                name,
                *given,
                *("--set", f"endpoint={site.url}/{name}"),
            )
            for name in names.values()
        )
        found = world.run("--json", "sync", "--all", code=4).json["runs"]
        runs = {run["registry"]: json.dumps(run, ensure_ascii=False) for run in found}
        assert all(site.count(f"/{name}/index.yaml") for name in names.values())
        yield world, {how: runs[name] for how, name in names.items()}


@pytest.mark.parametrize("how", ECHOES)
def test_what_a_server_echoes_is_masked(how: str, echoed: tuple[World, dict[str, str]]) -> None:
    world, runs = echoed
    assert '"failed"' in runs[how]
    assert world.scanner.content(runs[how]) == [], runs[how]


def test_what_servers_echoed_is_nowhere_else(echoed: tuple[World, dict[str, str]]) -> None:
    world, runs = echoed
    if any(world.scanner.content(run) for run in runs.values()):
        pytest.fail("what a run says is stored, and a run has said a secret", pytrace=False)
    world.require_clean()


# What a plugin says


def test_what_a_plugin_says_of_a_secret_is_masked(world: World) -> None:
    world.program = talking(world)
    world.program.env["ENTERED"] = ODD
    given = ("--set", "endpoint=http://127.0.0.1:1", "--secret", "token=env:ENTERED")
    for act in talker.ACTS:
        world.remember(act, "token", ODD)
    world.many(
        ("registry", "add", "talker", "--name", act, "--set", f"act={act}", *given, "--no-check")
        for act in talker.ACTS
    )
    found = world.run("--json", "sync", "--all", code=3).json["runs"]
    outcomes = {run["registry"]: (run["outcome"], run["code"]) for run in found}
    assert outcomes == dict.fromkeys(talker.ACTS, ("ok", "")) | {
        "skips": ("partial", "partial"),
        "raises": ("failed", "plugin-fault"),
        "fails": ("failed", "sign-in-failed"),
        "dies": ("failed", "worker-died"),
    }
    log = (world.program.data_dir / "logs" / "registry-desktop.log").read_text("utf-8")
    assert "signed in with " in log
    world.run("registry", "check", "talker", *given, code=4)
    world.run("registry", "check", "logs", code=4)
    world.run("registry", "add", "talker", "--name", "new", *given, code=4)
    world.many([("history", run["registry"], "--run", str(run["id"])) for run in found])
    world.require_clean()


def talking(world: World) -> Program:
    """Return the program in an environment that has the plugin that talks, on the same data."""
    home = settle(world.folder.with_name(f"{world.folder.name}-environment"), ())
    shutil.copy(talker.__file__, home.site_packages)
    metadata = home.site_packages / "talker-1.0.dist-info"
    metadata.mkdir()
    named = "Metadata-Version: 2.1\nName: talker\nVersion: 1.0\nRequires-Dist: registrykit\n"
    (metadata / "METADATA").write_text(named)
    (metadata / "entry_points.txt").write_text("[registrykit]\ntalker = talker\n")
    made = Program(world.program.data_dir, python=home.python)
    made.env = world.program.env
    return made


# While it runs, and when it is killed


@needs_proc
def test_processes_hold_no_secret_and_a_kill_leaves_none(
    world: World, registries: tuple[Signed, ...]
) -> None:
    for one in registries:
        one.enter(world, one.secret, "registry", "add", "helm", "--name", one.name, "--no-check")
        world.remember(one.name, one.key, one.secret)
        one.site.spoil("*", faults.stall(60))
    for victim in ("workers", "host"):
        for one in registries:
            one.site.forget()
        with world.start("--json", "sync", "--all") as host:
            workers = wait_for_requests(host, registries)
            # The user put them into the host's own environment, where the look finds them.
            assert world.scanner.processes([host.pid])
            assert not any(
                "REGISTRY_DESKTOP" in name for w in workers for name in environment_of(w)
            )
            assert world.scanner.processes(workers) == []
            assert world.scanner.content(Path(f"/proc/{host.pid}/cmdline").read_bytes()) == []
            assert world.scanner.files(world.folder) == []
            for pid in workers if victim == "workers" else [host.pid]:
                os.kill(pid, signal.SIGABRT)
            printed, said = host.communicate(timeout=60)
        world.printed += [printed, said]
        if victim == "workers":
            codes = [run["code"] for run in json.loads(printed)["runs"]]
            assert codes == ["worker-died"] * len(registries)
        assert all(ended(pid) for pid in workers), "a worker outlived its host"
        assert list(world.work.iterdir()) == [], "a dump of a process's memory"
    world.run("--json", "history", "odd")
    world.require_clean()


def wait_for_requests(host: subprocess.Popen[str], registries: Sequence[Signed]) -> list[int]:
    """Wait until every registry was asked; returns the workers."""
    deadline = time.monotonic() + 30
    while not all(one.site.count() for one in registries):
        assert time.monotonic() < deadline, "not every registry was asked"
        assert host.poll() is None, "the program ended early"
        time.sleep(0.02)
    workers = descendants(host.pid)
    assert len(workers) == len(registries)
    return workers


# Other servers


def test_no_other_server_is_given_a_secret(world: World) -> None:
    authority = Authority()
    client = authority.issue("somebody")
    world.scanner.add(client.key)
    for name, text in (("client", client.certificate), ("ca", authority.certificate)):
        (world.folder / f"{name}.pem").write_text(text)
    pair = authority.issue("127.0.0.1", "localhost")
    files: dict[str, Route] = {"/index.yaml": INDEX, "/app-1.0.0.tgz": ARCHIVE}
    with ExitStack() as stack:
        own = HelmSite(sign_in=Basic(USER, ODD), tls=pair.server_context())
        mirror = Site(files, tls=pair.server_context())
        # Nobody gets in here without a certificate, so an entry in its log would tell.
        strict = Site(files, tls=pair.server_context(client_ca=authority.certificate))
        for site in (own, mirror, strict):
            stack.enter_context(site)
        elsewhere = f"https://localhost:{mirror.port}"
        own.publish(INDEX.replace("[app-1", f"[{elsewhere}/app-1"), {})
        world.program.env["KEY"] = client.key
        world.add(
            "odd",
            own.endpoint,
            *BASIC,
            *("--set", f"ca_certificate=@{world.folder / 'ca.pem'}"),
            *("--set", f"client_certificate=@{world.folder / 'client.pem'}"),
            *("--secret", "password=-", "--secret", "client_key=env:KEY"),
            stdin=ODD,
        )
        world.remember("odd", "password", ODD)
        world.remember("odd", "client_key", client.key)
        world.run("sync", "odd")
        assert not mirror.count()

        own.spoil(own.index_path, faults.redirect(f"{elsewhere}/index.yaml"))
        refused = world.run("--json", "sync", "odd", "--full", code=4).json["runs"]
        assert refused[0]["code"] == "host-not-approved"
        assert not mirror.count()
        world.run("registry", "edit", "odd", "--allow-host", f"localhost:{mirror.port}")
        world.run("catalog", "save", "--registry", "odd", "app", "1.0.0", "--to", str(world.work))
        world.run("sync", "odd", "--full")
        assert [request.path for request in mirror.log] == ["/app-1.0.0.tgz", "/index.yaml"]

        own.spoil(own.index_path, faults.redirect(f"{strict.url}/index.yaml"))
        world.run("sync", "odd", "--full", code=4)
        assert strict.connections
        assert not strict.count()
        assert own.count(status=401) == 0
    for request in mirror.log:
        assert not {"authorization", "cookie", "proxy-authorization"} & set(request.headers)
        assert world.scanner.content(repr(request)) == []
    assert world.scanner.content(repr(own.log)), "its own server has to be given the password"
    world.require_clean()


@needs_proc
def test_the_password_of_a_proxy_stays_with_the_proxy(world: World) -> None:
    with HelmSite(INDEX) as server:
        # It takes every request for the registry's own, as a proxy does.
        server.put("http://charts.example.test/index.yaml", INDEX)
        place = f"http://{USER}:{PLAIN}@127.0.0.1:{server.port}"
        world.program.env |= {"http_proxy": place, "HTTP_PROXY": place}
        given = (*BASIC, "--secret", "password=-", "--no-check")
        world.add("odd", "http://charts.example.test", *given, stdin=ODD)
        world.remember("odd", "password", ODD)
        world.run("sync", "odd")
        assert world.scanner.content(server.log[-1].headers["proxy-authorization"])
        server.spoil("*", faults.status(407, f"not {PLAIN}".encode()))
        failed = world.run("--json", "sync", "odd", "--full", code=4).json["runs"]
        assert failed[0]["code"] == "proxy-sign-in"
        server.spoil("*", ECHOES["JSON"])
        world.run("sync", "odd", "--full", code=4)
        server.forget()
        server.spoil("*", faults.stall(60))
        with world.start("sync", "odd", "--full") as host:
            while not server.count():
                assert host.poll() is None
                time.sleep(0.02)
            assert world.scanner.processes(descendants(host.pid)) == []
            host.send_signal(signal.SIGINT)
            world.printed += host.communicate(timeout=30)
    world.require_clean()


# What is refused


def test_a_secret_in_the_open_is_refused_and_not_repeated(world: World) -> None:
    base = ("registry", "add", "helm", "--name", "x", "--set", "endpoint=http://127.0.0.1:1")
    commands = [
        (*base, "--secret", f"password={PLAIN}"),
        (*base, "--set", f"password={PLAIN}"),
        (*base, "--password", PLAIN),
        (*base, f"--password={PLAIN}"),
        (*base[:-1], f"endpoint=https://{USER}:{PLAIN}@charts.example.test"),
        (*base[:-1], f"endpoint=https://charts.example.test/?token={PLAIN}"),
        ("registry", "check", "helm", "--set", f"endpoint={PLAIN}@charts.example.test"),
    ]
    for number, text in enumerate(('password = "{}"', "password = {}")):
        listing = world.work / f"listing-{number}.toml"
        listing.write_text("[secrets]\n" + text.format(PLAIN))
        commands.append((*base, "--from-file", str(listing)))
    said = world.many([(*form, *words) for words in commands for form in ((), ("--json",))], 2)
    assert said.count('"error"') == len(commands)
    ended = world.program.run(*base, "--proxy", f"http://{USER}:{PLAIN}@proxy.example.test:99999")
    assert ended.code
    world.printed += [ended.out, ended.err]
    for listing in world.work.iterdir():
        listing.unlink()
    world.require_clean()
