"""The seven default registries, under their real names: signed in to, synchronized, read back.

Servers of their kind stand in for them on loopback; the program's command line and its worker
processes are the real ones.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import pytest

from desktop.app import build
from registrykit.oci.ecr import AwsKeys
from registrykit.testing.ecr import AwsUser, EcrSite
from registrykit.testing.pack_sites import LegacyPackSite, pack_archive
from registrykit.testing.pushing import Layer
from registrykit.testing.servers import HelmSite, Site
from registrykit.testing.tls import Authority
from registrykit.urls import Basic
from tests.charts import Charts
from tests.conftest import ROOT
from tests.program import Program

pytestmark = pytest.mark.e2e

ACCOUNT = "415789037893"
EAST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
WEST = f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com"
KEYS = AwsKeys("AKIASUPPORT", "canary+east/keys")
FIPS_KEYS = AwsKeys("AKIAVERTEX", "canary+west/keys")
ROBOT = Basic("robot", "canary-robot")
ARCHIVE = "spectro-packs/archive"

HELD: dict[str, dict[str, list[str]]] = {
    "Bitnami": {"nginx": ["18.1.0", "18.2.0"], "redis": ["20.0.1"]},
    "Public Spectro Helm Repo": {"spectro-agent": ["1.0.0"]},
    "Public Repo": {"ubuntu-maas": ["22.4.3"], "kubernetes": ["1.31.2"]},
    "Spectro Addon Repo": {"argo-cd": ["7.6.0"]},
    "Palette Registry": {"cni-calico": ["3.28.0", "3.29.1"], "kubernetes": ["1.31.2"]},
    "Palette Registry FIPS": {"kubernetes": ["1.31.2"]},
    "Palette Community Registry": {"hello-universe": ["1.2.0"]},
}
SHIPPED: dict[str, dict[str, Any]] = {
    one["name"]: one
    for one in tomllib.loads(
        (ROOT / "resources" / "defaults" / "defaults.toml").read_text("utf-8")
    )["registry"]
}
ENVIRONMENTS = {name: "vertex" if name.endswith("FIPS") else "saas" for name in HELD}
BASES = {
    "Palette Registry": "production",
    "Palette Registry FIPS": "production-fips",
    "Palette Community Registry": "community",
}


class NamedProgram(Program):
    """The program on a computer whose names lead to loopback."""

    ports: dict[str, int]

    def command(self, *words: str) -> list[str]:
        python, _, _, *rest = super().command(*words)
        return [python, "-m", "tests.e2e.real_names", json.dumps(self.ports), *rest]


@dataclass
class World:
    program: NamedProgram
    sites: dict[str, Site]
    """By the name of the host."""
    east: EcrSite
    west: EcrSite
    unasked: int = 0
    """Requests before the user asked for any."""
    bare: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Runs before anybody signed in, by the name of the registry; then the first and the next."""
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    again: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return sum(site.count() for site in {id(one): one for one in self.sites.values()}.values())

    def show(self, name: str) -> dict[str, Any]:
        words = ("--env", ENVIRONMENTS[name], "registry", "show", name)
        found: dict[str, Any] = self.program.json(*words)["registry"]
        return found

    def sync(self, environment: str, *names: str, code: int = 0) -> dict[str, dict[str, Any]]:
        told = self.program.json("--env", environment, "sync", *names, code=code)
        return {run["registry"]: run for run in told["runs"]}

    def catalog(self, name: str) -> dict[str, dict[str, str]]:
        """Return digests by version, by the name of what has them."""
        words = ("--env", ENVIRONMENTS[name], "catalog")
        place = ("--registry", name)
        found = {}
        for listed in self.program.json(*words, "list", *place)["artifacts"]:
            artifact = self.program.json(*words, "show", *place, listed["path"])["artifact"]
            versions = {one["version"]: one["digest"] for one in artifact["versions"]}
            found[artifact["path"].rpartition("/")[2]] = versions
        return found

    def sign_in(self, name: str) -> None:
        """Sign in by the command line; the secret is left where later runs find it."""
        if name in BASES:
            keys = FIPS_KEYS if ENVIRONMENTS[name] == "vertex" else KEYS
            entered, key, secret = f"access_key={keys.access_key}", "secret_key", keys.secret_key
        else:
            entered, key, secret = f"username={ROBOT.username}", "password", ROBOT.password
        variable = f"REGISTRY_DESKTOP_SECRET_{name}_{key}".upper().replace(" ", "_")
        self.program.env[variable] = self.program.env["ENTERED"] = secret
        given = ("--set", entered, "--secret", f"{key}=env:ENTERED")
        self.program.json("--env", ENVIRONMENTS[name], "registry", "edit", name, *given)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    authority = Authority()
    east = EcrSite(EAST, AwsUser(KEYS), authority=authority)
    west = EcrSite(WEST, AwsUser(FIPS_KEYS), authority=authority)
    sites = {
        "charts.bitnami.com": _charts("Bitnami", "/bitnami", authority),
        "spectrocloud.github.io": _charts("Public Spectro Helm Repo", "/helm-charts", authority),
        "registry.spectrocloud.com": _packs("Public Repo", authority),
        "registry-addon.spectrocloud.com": _packs("Spectro Addon Repo", authority),
        **east.names,
        **west.names,
    }
    for name, base in BASES.items():
        _push(west if base == "production-fips" else east, base, HELD[name])
    program = NamedProgram(tmp_path_factory.mktemp("defaults") / "data")
    with closing(build(program.data_dir, writable=True, environ=program.env)) as app:
        app.settings.change(ca_certificate=authority.certificate, proxy="none")
    with ExitStack() as running:
        for site in {id(site): site for site in sites.values()}.values():
            running.enter_context(site)
        program.ports = {host: site.port for host, site in sites.items()}
        for edition in ("saas", "vertex"):
            program.json("env", "add", edition, "--edition", edition)
        yield _told(World(program, sites, east, west))


def _told(world: World) -> World:
    """Do what a person does: look, try without a sign-in, sign in, synchronize, and once more."""
    for environment in ("saas", "vertex"):
        assert world.sync(environment) == {}
        world.program.json("--env", environment, "registry", "list")
    world.unasked = world.requests
    closed = [name for name, one in SHIPPED.items() if one["access"] == "credentials"]
    for environment in ("saas", "vertex"):
        names = [name for name in HELD if ENVIRONMENTS[name] == environment]
        bare = [name for name in names if name in closed]
        world.bare |= world.sync(environment, *bare, code=4)
        for name in bare:
            assert "needs-sign-in" in world.show(name)["conditions"]
            world.sign_in(name)
        world.first |= world.sync(environment, *names)
        world.again |= world.sync(environment, *names)
    return world


def _charts(name: str, base: str, authority: Authority) -> HelmSite:
    charts = Charts()
    for chart, versions in HELD[name].items():
        charts.add(chart, *versions)
    tls = authority.issue(_host(name)).server_context()
    return HelmSite(charts.index, charts.files, base=base, tls=tls)


def _packs(name: str, authority: Authority) -> LegacyPackSite:
    tls = authority.issue(_host(name)).server_context()
    site = LegacyPackSite(sign_in=ROBOT, tls=tls)
    for pack, versions in HELD[name].items():
        for version in versions:
            site.push(pack, version, _files(pack, version))
    return site


def _push(site: EcrSite, base: str, packs: dict[str, list[str]]) -> None:
    """Lay packs out as the vendor's guide for ECR does, with the empty artifact above them."""
    site.push_image(f"{base}/{ARCHIVE}", "latest")
    for pack, versions in packs.items():
        for version in versions:
            folder = f"{pack}-{version}"
            content = pack_archive(folder, _files(pack, version, base))
            layer = Layer(content, title=f"{folder}.tar.gz")
            site.push_image(f"{base}/{ARCHIVE}/{pack}", version, layers=[layer])


def _files(pack: str, version: str, base: str = "") -> dict[str, str]:
    described = {"name": pack, "version": version, "displayName": pack.title(), "layer": "addon"}
    return {
        "pack.json": json.dumps({**described, "annotations": {"base": base}}),
        "values.yaml": f"pack:\n  namespace: {pack}\n",
        "README.md": f"# {pack} {version}\n",
    }


def _host(name: str) -> str:
    endpoint = str(SHIPPED[name]["config"]["endpoint"])
    return endpoint.rpartition("://")[2].partition("/")[0]


def test_every_default_that_is_shipped_is_played_here(world: World) -> None:
    assert SHIPPED.keys() == HELD.keys()
    assert {_host(name) for name in HELD} <= world.sites.keys()
    for environment in ("saas", "vertex"):
        listed = world.program.json("--env", environment, "registry", "list")["registries"]
        offered = [name for name in HELD if ENVIRONMENTS[name] == environment]
        assert sorted(one["name"] for one in listed) == sorted(offered)


def test_nothing_is_asked_before_the_user_asks(world: World) -> None:
    assert world.unasked == 0


def test_a_default_that_wants_a_sign_in_says_so(world: World) -> None:
    assert world.bare.keys() == {"Public Repo", "Spectro Addon Repo", *BASES}
    for run in world.bare.values():
        assert run["code"] in ("needs-sign-in", "secret-missing"), run
        assert run["remedy"]


@pytest.mark.parametrize("name", sorted(HELD))
def test_a_default_is_synchronized_and_read_back(world: World, name: str) -> None:
    run = world.first[name]
    assert (run["outcome"], run["skipped"]) == ("ok", 0), run
    found = world.catalog(name)
    assert {path: sorted(versions) for path, versions in found.items()} == HELD[name]
    conditions = world.show(name)["conditions"]
    assert "needs-sign-in" not in conditions
    assert "read-only" in conditions


@pytest.mark.parametrize("name", sorted(HELD))
def test_the_second_run_of_a_default_finds_nothing_new(world: World, name: str) -> None:
    run = world.again[name]
    assert run["outcome"] == "unchanged", run
    # The list, the sign-in where there is one, and one request for each repository.
    assert run["requests"] <= 4 + len(HELD[name])
    assert run["bytes"] < world.first[name]["bytes"]


def test_keys_and_passwords_went_to_their_own_hosts_alone(world: World) -> None:
    assert {one.user.keys for one in world.east.calls} == {KEYS}
    assert {one.user.keys for one in world.west.calls} == {FIPS_KEYS}
    for host, site in world.sites.items():
        names = {name for name, other in world.sites.items() if other is site}
        for one in site.log:
            assert one.headers["host"] in names, host
            sent = f"{one.path} {one.headers}"
            assert not [keys for keys in (KEYS, FIPS_KEYS) if keys.secret_key in sent]
            if isinstance(site, HelmSite) or "starport" in one.headers["host"]:
                assert "authorization" not in one.headers


def test_one_account_holds_builds_that_differ_under_one_name(world: World) -> None:
    """The FIPS build lies in another region and under another path; it is another pack."""
    digests = [
        world.catalog(name)["kubernetes"]["1.31.2"]
        for name in ("Palette Registry", "Palette Registry FIPS")
    ]
    assert len(set(digests)) == 2
