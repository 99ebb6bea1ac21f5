"""P7 and P8: what reading an OCI registry costs, against other clients and against its limits.

Debian's docker-registry says how much of a real server's speed is used; nginx, which costs next to
nothing, what the client costs. wrk is what a server gives to somebody who does nothing with it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.estates import KEPT
from tests.bench.measure import Line
from tests.bench.oci_files import ARCHIVE, OciFiles, push_chart, push_pack, versions

REPOSITORIES, TAGS = 200, 50
TOGETHER = 8
"""Connections at once: as many as a job has to one host."""
ROUNDS = 3
WRK_SECONDS = 3
SIGNED = 2000
"""Manifests that are read with a password, whose check takes the server a millisecond each."""
LATENCY, MANY = 0.025, 32

WRK = """
local paths, n = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
request = function()
  n = n % #paths + 1
  return wrk.format("GET", paths[n])
end
"""
# Answers every request with one manifest, a while later.
LATE = """
import asyncio, sys
answer = open(sys.argv[1], "rb").read()
class Late(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        asyncio.get_running_loop().call_later(float(sys.argv[2]), self.transport.write, answer)
async def serve():
    server = await asyncio.get_running_loop().create_server(Late, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(serve())
"""

Pair = tuple[str, str]


def measure() -> list[Line]:
    return [*_of_a_real_server(), *_with_latency(), *_of_the_whole_way()]


# What a real server gives


def _of_a_real_server() -> list[Line]:
    from registrykit.testing.docker_registry import ACCOUNT, DockerRegistry, find_docker_registry

    if find_docker_registry() is None or shutil.which("wrk") is None:
        print("Not measured without docker-registry and wrk: crawl of a real one", file=sys.stderr)
        return []
    from registrykit.http.fields import authorization_of

    folder = _charts_of_docker_registry()
    lines = []
    with DockerRegistry(folder) as server:
        pairs = [(name, tag) for name in _names() for tag in versions(TAGS)]
        others = {
            "wrk": lambda: _wrk(server.url, pairs),
            "urllib3": lambda: _urllib3(server.url, pairs),
        }
        for name, (ours, theirs) in _compared(lambda: _crawl(server.url), others).items():
            limit = 1 / 0.6 if name == "wrk" else 1.25
            lines.append(Line(f"P7 crawl of {len(pairs):,}, by {name}", ours, limit, "s", theirs))
    with DockerRegistry(folder, sign_in=True) as server:
        pairs = pairs[:SIGNED]
        headers = {"Authorization": authorization_of(ACCOUNT)}
        found = _compared(
            lambda: _crawl(server.url, ACCOUNT, pairs=pairs),
            {"wrk": lambda: _wrk(server.url, pairs, headers)},
        )
        ours, theirs = found["wrk"]
        lines.append(Line(f"P7 {SIGNED:,} with a password, by wrk", ours, 1 / 0.9, "s", theirs))
    return lines


def _charts_of_docker_registry() -> Path:
    """Return the folder of a registry with all charts; it is filled once and kept."""
    from registrykit.testing.docker_registry import DockerRegistry

    digest = hashlib.sha256(f"{REPOSITORIES} {TAGS}".encode())
    digest.update(Path(__file__).with_name("oci_files.py").read_bytes())
    folder = KEPT / f"charts-{digest.hexdigest()[:12]}"
    if not (folder / "complete").exists():
        for old in KEPT.glob("charts-*"):
            shutil.rmtree(old)
        count = f"{REPOSITORIES * TAGS:,}"
        print(f"Filling docker-registry with {count} charts …", file=sys.stderr)

        def fill(name: str) -> None:
            for version in versions(TAGS):
                push_chart(server, name, version)

        with DockerRegistry(folder) as server, ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(fill, _names()))
        (folder / "complete").touch()
    return folder


def _names() -> list[str]:
    return [f"charts/app-{number:03}" for number in range(REPOSITORIES)]


def _compared(
    ours: Callable[[], float], others: dict[str, Callable[[], float]]
) -> dict[str, tuple[float, float]]:
    """Return our time beside that of each other, of the round with the median ratio."""
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in others}
    for _ in range(ROUNDS):
        mine = ours()
        for name, theirs in others.items():
            rounds[name].append((mine, theirs()))
    return {
        name: sorted(pairs, key=lambda pair: pair[0] / pair[1])[ROUNDS // 2]
        for name, pairs in rounds.items()
    }


# The clients; each returns the seconds that it took


def _crawl(url: str, account: Any = None, *, pairs: list[Pair] | None = None) -> float:
    """Read lists and manifests, or the manifests of `pairs`, as the plugins do."""
    from registrykit.oci import Registry, read_address
    from registrykit.sync import open_context
    from registrykit_oci.registry import OciRegistry

    with open_context(OciRegistry(), {"endpoint": url}) as ctx:
        registry = Registry(ctx.http, read_address(url), account)
        begun = time.perf_counter()
        if pairs is None:
            names = list(registry.catalog())
            listed = zip(names, ctx.map(registry.tags, names), strict=True)
            found = [(name, tag) for name, tags in listed for tag in tags]
        else:
            found = pairs
        read = sum(1 for _ in ctx.map(lambda pair: registry.manifest(*pair), found))
        seconds = time.perf_counter() - begun
    assert read == (len(pairs) if pairs else REPOSITORIES * TAGS), read
    return seconds


def _urllib3(url: str, pairs: list[Pair]) -> float:
    """Read the same bytes with nothing but urllib3, and do nothing with them."""
    import urllib3

    from registrykit.oci.media import ACCEPTED

    with urllib3.PoolManager(maxsize=TOGETHER, headers={"Accept": ACCEPTED}) as pool:

        def get(path: str) -> int:
            return len(pool.request("GET", url + path).data)

        paths = _paths(pairs)
        begun = time.perf_counter()
        with ThreadPoolExecutor(TOGETHER) as threads:
            assert all(threads.map(get, paths))
        return time.perf_counter() - begun


def _wrk(url: str, pairs: list[Pair], headers: dict[str, str] | None = None) -> float:
    """Return how long wrk would take for the same requests."""
    from registrykit.oci.media import ACCEPTED

    with tempfile.TemporaryDirectory() as folder:
        script, paths = Path(folder, "crawl.lua"), Path(folder, "paths")
        script.write_text(WRK)
        paths.write_text("\n".join(_paths(pairs)))
        given = [
            f"{name}: {text}" for name, text in {"Accept": ACCEPTED, **(headers or {})}.items()
        ]
        options = ["-t1", f"-c{TOGETHER}", f"-d{WRK_SECONDS}s", "-s", str(script)]
        ended = subprocess.run(
            ["wrk", *options, *itertools.chain(*(("-H", line) for line in given)), url],
            env={"PATHS": str(paths)},
            capture_output=True,
            text=True,
            check=True,
        )
    rate = re.search(r"Requests/sec: +([0-9.]+)", ended.stdout)
    assert rate, ended.stdout
    assert "Non-2xx" not in ended.stdout, ended.stdout
    return len(pairs) / float(rate[1])


def _paths(pairs: list[Pair]) -> list[str]:
    return [f"/v2/{name}/manifests/{tag}" for name, tag in pairs]


# What latency leaves


def _with_latency() -> list[Line]:
    lines = []
    with _late_server() as url:
        for together in (TOGETHER, MANY):
            count = together * 50
            seconds, ideal = _manifests(url, together, count), count * LATENCY / together
            name = f"P7 {together} at once, 25 ms away"
            lines.append(Line(name, seconds, 1.25, "s", ideal, f"{count / seconds:.0f} a second"))
    return lines


def _manifests(url: str, together: int, count: int) -> float:
    from registrykit.http import Http
    from registrykit.oci import Registry, read_address

    address = read_address(url)
    with (
        Http(origins=address.origins, at_most_per_host=together) as http,
        ThreadPoolExecutor(together) as threads,
    ):
        registry = Registry(http, address)
        begun = time.perf_counter()
        list(threads.map(lambda number: registry.manifest("app", f"1.{number}"), range(count)))
        return time.perf_counter() - begun


@contextmanager
def _late_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        place = OciFiles(Path(folder))
        push_chart(place, "app", "1.0.0")
        body = Path(folder, "content/v2/app/manifests/1.0.0").read_bytes()
        media_type = json.loads(body)["mediaType"]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
        answer = Path(folder, "answer")
        answer.write_bytes(f"{head}\r\n".encode() + body)
        with subprocess.Popen(
            [sys.executable, "-c", LATE, str(answer), str(LATENCY)],
            stdout=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                assert server.stdout
                yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
            finally:
                server.terminate()


# The whole way: worker and store, charts and packs


def _of_the_whole_way() -> list[Line]:
    from registrykit.testing.nginx import find_nginx

    if find_nginx() is None:
        print("Not measured without nginx: synchronizing from files", file=sys.stderr)
        return []
    count = REPOSITORIES * TAGS
    charts = [f"charts/app-{number:03}" for number in range(REPOSITORIES // 2)]
    packs = [f"{ARCHIVE}/pack-{number:03}" for number in range(REPOSITORIES // 2)]
    with tempfile.TemporaryDirectory() as folder:
        site = OciFiles(Path(folder, "site"))
        for version in versions(TAGS):
            for name in charts:
                push_chart(site, name, version)
            for name in packs:
                push_pack(site, name, version)
        site.list_all()
        with site.server() as server:
            asked = _Asked(Path(folder, "site", "access.log"))
            crawls, runs = [], []
            for number in range(ROUNDS):
                crawls.append(_contents(server.url))
                with _program(server.url, Path(folder, f"data-{number}")) as synchronize:
                    runs.append(synchronize())
                    if number < ROUNDS - 1:
                        continue
                    asked.since()
                    again = synchronize()
                    same = asked.since()
                    changed = [*charts[:10], *packs[:10]]
                    for name in changed:
                        push = push_chart if name in charts else push_pack
                        push(site, name, "99.0.0")
                    site.list_all()
                    later = synchronize()
                    new = asked.since()
    assert all((run["outcome"], run["versions"]) == ("ok", count) for run in runs), runs
    assert again["outcome"] == "unchanged", again
    assert (later["outcome"], later["added"]) == ("ok", len(changed)), later
    best = sorted(zip(runs, crawls, strict=True), key=lambda pair: pair[0]["seconds"] / pair[1])
    run, bare = best[ROUNDS // 2]
    listed = REPOSITORIES + 1
    promised = listed + 2 * len(changed)  # a manifest, and what it describes
    memory = statistics.median(run["memory"] for run in runs)
    return [
        Line(f"P7 sync of {count:,}, by reading alone", run["seconds"], 3.0, "s", bare),
        Line("P7 memory of the worker", memory, 200.0, "MB"),
        Line("P8 requests, nothing changed", same, 1.0, "", listed, f"{again['seconds']:.1f} s"),
        Line(f"P8 requests, {len(changed)} tags added", new, 1.0, "", promised),
    ]


def _contents(url: str) -> float:
    """Read lists, manifests and what synchronizing needs of each, and make nothing of it."""
    from registrykit.oci import Image, Registry, read_address
    from registrykit.sync import open_context
    from registrykit_oci.registry import OciRegistry

    def read(pair: Pair) -> int:
        document = registry.manifest(*pair).document
        assert isinstance(document, Image)
        wanted = document.layers[0] if pair[0].startswith(ARCHIVE) else document.config
        return len(registry.read_blob(pair[0], wanted))

    with open_context(OciRegistry(), {"endpoint": url}) as ctx:
        registry = Registry(ctx.http, read_address(url))
        begun = time.perf_counter()
        names = list(registry.catalog())
        listed = zip(names, ctx.map(registry.tags, names), strict=True)
        assert all(ctx.map(read, ((name, tag) for name, tags in listed for tag in tags)))
        return time.perf_counter() - begun


@contextmanager
def _program(url: str, data_dir: Path) -> Iterator[Callable[[], dict[str, Any]]]:
    """Give what synchronizes a registry once more, in a program of its own."""
    module = "tests.bench.synchronizing"
    with subprocess.Popen(
        [sys.executable, "-m", module, url, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def synchronize() -> dict[str, Any]:
            assert process.stdin
            assert process.stdout
            print(file=process.stdin, flush=True)
            found: dict[str, Any] = json.loads(process.stdout.readline())
            return found

        yield synchronize
        assert process.stdin
        process.stdin.close()


class _Asked:
    """Counts what nginx wrote into its log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._seen = 0

    def since(self) -> int:
        """Return how many requests there were since the last call."""
        time.sleep(0.2)  # it writes a line behind the answer
        count = len(self._log.read_bytes().splitlines())
        new, self._seen = count - self._seen, count
        return new
