"""Where passwords and tokens arrive when registries of every type point elsewhere.

The real program and its workers read registries under real names through a proxy; every server
records what it was asked. The client's own matrix, of ways to spell an address, is the SDK's.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from registrykit.oci.media import OCI_MANIFEST
from registrykit.testing import faults
from registrykit.testing.answers import Logged
from registrykit.testing.oci import OciSite
from registrykit.testing.pack_sites import LegacyPackSite
from registrykit.testing.servers import Answer, Fault, HelmSite, Request, Site
from registrykit.testing.tls import Authority
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic
from tests.charts import archive
from tests.e2e.layouts import CREATED, TITLE, tar_gz
from tests.e2e.names_proxy import NamesProxy
from tests.e2e.oci_worlds import outcomes
from tests.program import Program

pytestmark = pytest.mark.e2e

PACK = {
    "pack.json": b'{"name": "app", "displayName": "App", "version": "1.0.0", "layer": "addon"}',
    "values.yaml": b"",
    "README.md": b"# App\n",
}
ARCHIVE = tar_gz(PACK, "app-1.0.0")
CHART = archive("app", "1.0.0")
REPOSITORY = "acme/spectro-packs/archive/app"
ALL = ("realm", "realm redirects", "catalog", "tags", "manifest", "blob", "link", "foreign url")
TARGETS = {
    "other port": "{scheme}://{name}:8443",
    "other host": "{scheme}://evil-{name}",
    "other scheme": "{other}://{name}",
    "user name that looks like it": "{scheme}://{name}@evil-{name}",
}


@dataclass(frozen=True)
class Cell:
    """One registry that points elsewhere in one way."""

    number: int
    type: str
    way: str
    scheme: str
    towards: str
    approved: bool = False

    @property
    def name(self) -> str:
        return f"r{self.number:02}"

    @property
    def host(self) -> str:
        return f"{self.name}.test"

    @property
    def account(self) -> Basic:
        return Basic(f"ann{self.number:02}", f"c4nary-{self.number:02}-password")

    @property
    def target(self) -> str:
        other = "http" if self.scheme == "https" else "https"
        return TARGETS[self.towards].format(scheme=self.scheme, other=other, name=self.host)

    @property
    def by_token(self) -> bool:
        return self.way.startswith("realm") or self.number % 2 == 0

    def __str__(self) -> str:
        approved = " approved" if self.approved else ""
        return f"{self.type}, {self.scheme}: {self.way} to {self.towards}{approved}"


def _cells() -> list[Cell]:
    https, host, two = ("https",), ("other host",), ("other host", "other scheme")
    three = ("other port", *two)
    plans = [
        *itertools.product(("oci",), ALL, https, three),
        *itertools.product(("oci",), ALL, ("http",), host),
        *itertools.product(("oci",), ("realm", "link"), https, ("user name that looks like it",)),
        *itertools.product(("vertex-nonfips",), ("realm", "manifest", "blob", "link"), https, two),
        *itertools.product(("legacy-pack",), ("catalog", "tags", "manifest", "link"), https, two),
        *itertools.product(("helm",), ("index", "chart", "foreign url"), https, two),
        *itertools.product(("helm",), ("oci url",), https, ("other port", "other host")),
    ]
    cells = [Cell(number, *plan) for number, plan in enumerate(plans)]
    for towards in two:
        cells.append(Cell(len(cells), "oci", "realm", "https", towards, approved=True))
    return cells


CELLS = _cells()


class Spy(Site):
    """Takes whatever it gets, and answers what would make it look right.

    Some of its many hosts ask for a password first, and so does whatever looks like an OCI registry
    itself.
    """

    def _find(self, request: Request) -> Answer:
        number = int("".join(filter(str.isdigit, request.headers["host"].partition(".")[0])))
        asks = request.path.startswith("/v2/") or (
            number % 3 == 0 and "/blobs/" not in request.path
        )
        if asks and "authorization" not in request.headers and request.path != "/token":
            return Answer(401, b"{}", {"WWW-Authenticate": 'Basic realm="registry"'})
        if request.path.endswith("/token"):
            return Answer(body=b'{"token":"from-elsewhere"}')
        if "tags" in request.path:
            return Answer(body=b'{"name":"app","tags":["1.0.0"]}')
        if "catalog" in request.path:
            return Answer(body=f'{{"repositories":["{REPOSITORY}"]}}'.encode())
        return Answer(body=CHART if request.path.endswith(".tgz") else ARCHIVE)


@dataclass
class World:
    """What was recorded by the registries themselves, by number, and by everybody else."""

    registries: dict[int, Site] = field(default_factory=dict)
    spies: list[Spy] = field(default_factory=list)
    runs: dict[str, Any] = field(default_factory=dict)

    def elsewhere(self, cell: Cell) -> list[dict[str, str]]:
        """Return the heads of the requests that arrived elsewhere because of a cell."""
        return [
            dict(one.headers) for one in self.recorded if cell.name in one.headers.get("host", "")
        ]

    @cached_property
    def recorded(self) -> list[Logged]:
        return [one for spy in self.spies for one in spy.log]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("credentials")
    authority = Authority()
    names = [name for cell in CELLS for name in (cell.host, f"evil-{cell.host}")]
    context = authority.issue(*names).server_context()
    (folder / "ca.pem").write_text(authority.certificate)
    program = Program(folder / "data")
    program.json("env", "add", "federal", "--edition", "vertex")
    made = World()
    with ExitStack() as stack:
        plain, secure = stack.enter_context(Spy()), stack.enter_context(Spy(tls=context))
        made.spies = [plain, secure]
        places: dict[str, Site] = {}
        adding = []
        for cell in CELLS:
            tls = context if cell.scheme == "https" else None
            site = stack.enter_context(registry(cell, tls))
            made.registries[cell.number] = site
            for host in (cell.host, f"evil-{cell.host}"):
                places |= {f"{host}:80": plain, f"{host}:443": secure}
                places |= {f"{host}:8443": secure if tls else plain}
            places[f"{cell.host}:{443 if tls else 80}"] = site
            adding.append(words_for(cell, program, folder / "ca.pem"))
        with NamesProxy(places) as proxy:
            for code, answer in outcomes(program, adding):
                assert code == 0, answer
            ended = program.run(
                *("--json", "--proxy", proxy.url, "--env", "federal", "sync", "--all"),
                seconds=300,
            )
            assert "Traceback" not in ended.err
            made.runs = {run["registry"]: run for run in ended.json["runs"]}
            where = ("--proxy", proxy.url, "--env", "federal", "catalog", "save", "--registry")
            saving = [
                (*where, cell.name, "app", "1.0.0", "--to", str(new_folder(folder / cell.name)))
                for cell in CELLS
                if cell.way in ("chart", "foreign url", "oci url")
                and made.runs[cell.name]["versions"]
            ]
            saved = [code for code, _ in outcomes(program, saving)]
            assert 0 in saved
        yield made


def new_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def words_for(cell: Cell, program: Program, certificate: Path) -> tuple[str, ...]:
    secret = f"REGISTRY_DESKTOP_SECRET_{cell.name.upper()}_PASSWORD"
    program.env[secret] = cell.account.password
    values = {
        "endpoint": f"{cell.scheme}://{cell.host}",
        "auth": "basic",
        "username": cell.account.username,
        "ca_certificate": f"@{certificate}",
    }
    if cell.type == "oci":
        values |= {"provider_type": "pack", "base_content_path": "acme"}
    elif cell.type == "vertex-nonfips":
        values |= {"preset": "custom", "base_content_path": "acme"}
    given = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
    if cell.approved:
        given += ["--allow-host", cell.target.partition("://")[2]]
    return (
        *("--env", "federal", "registry", "add", cell.type, "--name", cell.name, "--no-check"),
        *("--confirm", "--secret", f"password=env:{secret}", *given),
    )


def registry(cell: Cell, tls: Any) -> Site:
    """Return the registry of a cell, which asks to sign in and points elsewhere."""
    if cell.type == "helm":
        return helm_site(cell, tls)
    site: Site
    if cell.type == "legacy-pack":
        legacy = LegacyPackSite(sign_in=cell.account, tls=tls)
        legacy.push("app", "1.0.0", PACK)
        site, root, name = legacy, "/v1", "app"
    else:
        site, root, name = oci_site(cell, tls), "/v2", REPOSITORY
    path = {
        "realm redirects": "/token",
        "catalog": f"{root}/_catalog",
        "tags": f"{root}/{name}/tags/list",
        "manifest": f"{root}/{name}/manifests/1.0.0",
        "blob": f"{root}/{name}/blobs/sha256:{hashlib.sha256(ARCHIVE).hexdigest()}",
    }.get(cell.way)
    if path:
        site.spoil(path, redirect(cell, path))
    if cell.way == "link":
        site.spoil(f"{root}/_catalog", with_link(cell, f"{root}/_catalog"))
    return site


def redirect(cell: Cell, path: str) -> Fault:
    """Send whoever signed in elsewhere."""
    away = faults.redirect(f"{cell.target}/elsewhere{path}", 307)
    return lambda answer, request: answer if answer.status == 401 else away(answer, request)


def with_link(cell: Cell, path: str) -> Fault:
    """Say that the list goes on elsewhere, on its first page."""
    link = f'<{cell.target}{path}?last=app>; rel="next"'

    def fault(answer: Answer, request: Request) -> Answer:
        if answer.status != 200 or "last=" in request.query:
            return answer
        return Answer(answer.status, answer.body, {**answer.headers, "Link": link})

    return fault


def oci_site(cell: Cell, tls: Any) -> OciSite:
    own = f"{cell.scheme}://{cell.host}"
    # Not started: it answers through the registry, as many token servers do.
    tokens = TokenServer({cell.account.username: cell.account.password})
    site = OciSite(sign_in=cell.account, tokens=tokens if cell.by_token else None, tls=tls)
    realm = f"{cell.target}/token" if cell.way == "realm" else f"{own}/token"
    if cell.by_token:
        site.put("/token", tokens._find)
        site.manners.challenge = lambda scope, reason: f'Bearer realm="{realm}",scope="{scope}"'
    layer = site.push_blob(REPOSITORY, ARCHIVE, "application/vnd.oci.image.layer.v1.tar")
    layer["annotations"] = {TITLE: "app-1.0.0.tar.gz"}
    if cell.way == "foreign url":
        layer["urls"] = [f"{cell.target}/app-1.0.0.tar.gz"]
    config = site.push_blob(REPOSITORY, b"{}", "application/vnd.unknown.config.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": CREATED,
    }
    site.push(REPOSITORY, "1.0.0", manifest)
    return site


def helm_site(cell: Cell, tls: Any) -> HelmSite:
    file = {
        "foreign url": f"{cell.target}/app-1.0.0.tgz",
        "oci url": f"oci://{cell.target.partition('://')[2]}/acme/app:1.0.0",
    }.get(cell.way, "app-1.0.0.tgz")
    lines = (
        "apiVersion: v1",
        "entries:",
        "  app:",
        "  - name: app",
        "    version: 1.0.0",
        f"    digest: {hashlib.sha256(CHART).hexdigest()}",
        f"    urls: ['{file}']",
        "",
    )
    site = HelmSite("\n".join(lines), {"app-1.0.0.tgz": CHART}, sign_in=cell.account, tls=tls)
    path = {"index": "/index.yaml", "chart": "/app-1.0.0.tgz"}.get(cell.way)
    if path:
        site.spoil(path, redirect(cell, path))
    return site


def test_nothing_arrives_elsewhere(world: World) -> None:
    # One test for all: between several processes, each would have to read the registries anew.
    found = [f"{cell}: {problem}" for cell in CELLS for problem in problems(world, cell)]
    assert found == []


def problems(world: World, cell: Cell) -> Iterator[str]:
    """Yield what is wrong with what was recorded because of a cell."""
    account = cell.account
    packed = base64.b64encode(f"{account.username}:{account.password}".encode()).decode()
    elsewhere = world.elsewhere(cell)
    carried = [head["authorization"] for head in elsewhere if "authorization" in head]
    if cell.approved and cell.towards == "other host":
        # The one place besides the registry where a password belongs: it was approved.
        if not carried or any(packed not in sent for sent in carried):
            yield "the approved token server was not signed in to"
    elif carried or any(packed in str(head) for head in elsewhere):
        yield "something to sign in with arrived elsewhere"
    if any(account.password in f"{one.path} {one.headers}" for one in world.recorded):
        yield "the password arrived somewhere in plain text"
    # Some places are not asked at all. What an index names may be fetched without a sign-in.
    downgrade = cell.scheme == "https" and cell.target.startswith("http:")
    refused = "@" in cell.target or cell.way == "link"
    if elsewhere and (refused or (downgrade and cell.way != "foreign url")):
        yield "a place was asked that must not be"
    own = world.registries[cell.number].log
    if not any(pointed(cell, one) for one in own):
        yield "the registry did not come to point elsewhere"
    signed_in = any(packed in one.headers.get("authorization", "") for one in own)
    if not signed_in and not cell.way.startswith("realm"):
        yield "the registry itself was not signed in to"


def pointed(cell: Cell, one: Logged) -> bool:
    """Say whether the answer to a request was one that points elsewhere."""
    if cell.way == "realm":
        return one.status == 401
    if cell.way == "link":
        return "_catalog" in one.path and one.status == 200
    if cell.way in ("foreign url", "oci url"):
        return one.path.endswith(("/manifests/1.0.0", "/index.yaml")) and one.status == 200
    return one.status == 307


def test_a_chart_in_another_registry_is_asked_for_with_nothing(world: World) -> None:
    cells = [cell for cell in CELLS if cell.way == "oci url"]
    assert cells
    for cell in cells:
        assert world.elsewhere(cell)


def test_a_blob_may_come_from_elsewhere_without_them(world: World) -> None:
    """The redirects that registries do use for storage still work."""
    cells = [
        cell
        for cell in CELLS
        if cell.way == "blob" and cell.scheme == "https" and cell.towards == "other host"
    ]
    assert {cell.type for cell in cells} == {"oci", "vertex-nonfips"}
    for cell in cells:
        assert world.runs[cell.name]["versions"] == 1
        assert world.elsewhere(cell)


def test_the_matrix_is_large_enough() -> None:
    assert len(CELLS) >= 20
    assert {cell.type for cell in CELLS} == {"oci", "vertex-nonfips", "legacy-pack", "helm"}
