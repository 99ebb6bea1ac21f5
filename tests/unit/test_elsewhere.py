"""Registries that other tools know: found by the real plugins in real workers, and taken over."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop.app import App, build
from desktop.engine.drafts import Place
from desktop.engine.elsewhere import Candidate, Elsewhere, Trouble
from desktop.engine.vault import VARIABLE
from desktop.engine.workers import Worker, Workers
from registrykit import BadConfig
from registrykit.elsewhere import MOST_KNOWN, KnownElsewhere
from registrykit.errors import Cancelled, PluginFault
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.scripted import FakeClock
from tests.unit.test_registries import INDEX

URL = "https://charts.example.com"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def app(tmp_path: Path, home: Path) -> Iterator[App]:
    made = build(
        tmp_path / "data",
        writable=True,
        clock=FakeClock(),
        environ={"HOME": str(home), "REGISTRY_DESKTOP_KEYRING": "none"},
    )
    yield made
    made.close()


def write(home: Path, *repositories: dict[str, Any]) -> None:
    """Let Helm know these repositories; JSON is YAML as well."""
    file = home / ".config" / "helm" / "repositories.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"apiVersion": "", "repositories": repositories}), "utf-8")


def place(app: App) -> Place:
    (environment,) = app.environments.all()
    return Place(environment, app.environments.tenants(environment)[0])


def find(app: App) -> list[Candidate]:
    found = list(app.elsewhere.find(place(app)))
    assert all(isinstance(one, Candidate) for one in found), found
    return [one for one in found if isinstance(one, Candidate)]


# Finding


def test_where_no_tool_was_used_there_is_nothing(app: App) -> None:
    assert find(app) == []


def test_what_helm_knows_is_found_with_what_the_user_decides_by(app: App, home: Path) -> None:
    write(
        home,
        {"name": "open", "url": f"{URL}/open/"},
        {"name": "team", "url": f"{URL}/team", "username": "jane", "password": "pass-canary"},
        {"name": "oci", "url": "oci://registry.example/charts"},
        {"name": "bucket", "url": "s3://key:secret-canary@bucket/charts"},
    )
    found = {one.name: one for one in find(app)}
    opened, team, oci, bucket = (found[name] for name in ("open", "team", "oci", "bucket"))
    assert (opened.tool, opened.file) == ("Helm", "~/.config/helm/repositories.yaml")
    assert (opened.name, opened.title, opened.endpoint) == (
        "open",
        "Helm repository",
        f"{URL}/open",
    )
    assert (opened.user, opened.secret_labels, opened.can_be_taken) == ("", (), True)
    assert (team.user, team.secret_labels, team.can_be_taken) == ("jane", ("Password",), True)
    assert (oci.title, oci.endpoint) == ("OCI registry", "https://registry.example/charts")
    assert oci.can_be_taken
    assert [problem.field for problem in bucket.problems] == ["endpoint"]
    assert not bucket.can_be_taken
    assert "canary" not in repr([opened, team, oci, bucket])


def test_secrets_are_masked_as_soon_as_they_are_found(app: App, home: Path) -> None:
    write(home, {"name": "a", "url": URL, "username": "jane", "password": "pass-canary"})
    find(app)
    assert "pass-canary" in app.vault.handed_out
    logging.getLogger("desktop").warning("it said pass-canary")
    written = (app.data_dir / "logs" / "registry-desktop.log").read_text("utf-8")
    assert "it said" in written
    assert "canary" not in written


def test_what_is_there_already_is_named(app: App, home: Path) -> None:
    draft = app.registries.draft("helm", {"endpoint": f"{URL}/index.yaml"}, {})
    row, _ = app.registries.add("mine", place(app), draft)
    write(home, {"name": "a", "url": f"{URL}/"}, {"name": "b", "url": f"{URL}/b"})
    first, second = find(app)
    assert (first.same_as, second.same_as) == (row, None)
    assert first.can_be_taken


def test_a_default_is_there_already_too(app: App, home: Path) -> None:
    environment = app.environments.add("prod", "saas")
    where = Place(environment, app.environments.tenants(environment)[0])
    write(home, {"name": "bitnami", "url": "https://charts.bitnami.com/bitnami/"})
    (found,) = app.elsewhere.find(where)
    assert isinstance(found, Candidate)
    assert found.same_as is not None
    assert found.same_as.default_id == "bitnami"


def test_the_same_registry_twice_is_said_of_the_later(app: App, home: Path) -> None:
    write(home, *({"name": name, "url": f"{URL}{end}"} for name, end in (("a", "/"), ("b", ""))))
    first, second = find(app)
    assert (first.repeats, second.repeats) == ("", "a")


def test_a_switched_off_plugin_is_not_asked(app: App, home: Path) -> None:
    write(home, {"name": "a", "url": URL})
    app.plugins.set_enabled("registrykit-helm", False)
    assert find(app) == []


# Taking over


def test_what_is_taken_over_is_added_with_its_login_and_synchronizes(app: App, home: Path) -> None:
    with HelmSite(INDEX, sign_in=Basic("jane", "pass-canary")) as site:
        write(
            home,
            {"name": "t", "url": site.endpoint, "username": "jane", "password": "pass-canary"},
        )
        (found,) = find(app)
        row, kept = app.elsewhere.take(found, place(app))
        run = app.synchronize(row).future.result(60)
        assert row.endpoint == site.endpoint.rstrip("/")
    assert run.outcome == "ok"
    assert not kept, "there is no keyring in this test"
    assert (row.name, row.secrets, row.config["username"]) == ("t", ("password",), "jane")
    assert app.vault.get(row, "password") == "pass-canary"
    for file in app.data_dir.rglob("*"):
        assert not file.is_file() or b"canary" not in file.read_bytes(), file


def test_a_taken_name_gets_a_number(app: App, home: Path) -> None:
    write(home, *({"name": name, "url": f"{URL}/{name}"} for name in ("team", "Team")))
    rows = [app.elsewhere.take(found, place(app))[0] for found in find(app)]
    rows.append(app.elsewhere.take(find(app)[0], place(app))[0])
    assert [row.name for row in rows] == ["team", "Team 2", "team 3"]
    assert app.elsewhere.take(find(app)[0], place(app), "my own")[0].name == "my own"
    with pytest.raises(BadConfig, match="already a registry called"):
        app.elsewhere.take(find(app)[0], place(app), "my own")


def test_what_cannot_work_is_not_taken(app: App, home: Path) -> None:
    write(
        home,
        {"name": "blank", "url": " "},
        {"name": "bucket", "url": "s3://bucket/charts"},
    )
    for found, why in zip(find(app), ("blank cannot be taken over", "https://"), strict=True):
        with pytest.raises(BadConfig, match=why) as caught:
            app.elsewhere.take(found, place(app))
        assert caught.value.cause or caught.value.remedy
    assert app.registries.visible() == []


# What a plugin may say


class Told:
    """Plays a worker: of one type it knows what a test wrote down, of the others nothing.

    It remembers what that type was told.
    """

    def __init__(self, *known: KnownElsewhere) -> None:
        self.known = known
        self.environ: dict[str, str] = {}

    def start(self, _plugin: str) -> Told:
        return self

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_exc: object) -> None:
        return None

    def elsewhere(
        self, _distribution: str, type_id: str, environ: dict[str, str], *, seconds: float
    ) -> Iterator[KnownElsewhere]:
        if type_id == "helm":
            self.environ = environ
            yield from self.known


def hear(app: App, told: Told, **environ: str) -> list[Candidate | Trouble]:
    elsewhere = Elsewhere(
        app.plugins,
        told,  # type: ignore[arg-type]
        app.registries,
        app.vault,
        environ,
    )
    return list(elsewhere.find(place(app)))


def known(name: str = "n", **words: Any) -> KnownElsewhere:
    return KnownElsewhere("T", "~/f", name, **{"values": {"endpoint": URL}, **words})


def test_a_type_is_told_the_variables_that_it_names_and_no_others(app: App) -> None:
    told = Told(known())
    hear(app, told, HOME="/h", PATH="/bin", HELM_CONFIG_HOME="/own")
    assert told.environ == {"HOME": "/h", "HELM_CONFIG_HOME": "/own"}


def test_a_type_is_never_told_our_own_secrets(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    found = app.plugins.descriptions()
    plugin, description = found["helm"]
    curious = msgspec.structs.replace(description, environment=("HOME", f"{VARIABLE}A_TOKEN"))
    monkeypatch.setattr(app.plugins, "descriptions", lambda: {"helm": (plugin, curious)})
    told = Told()
    hear(app, told, **{"HOME": "/h", f"{VARIABLE}A_TOKEN": "canary"})
    assert told.environ == {"HOME": "/h"}


def test_a_type_that_is_told_nothing_is_not_asked(app: App) -> None:
    assert hear(app, Told(known()), PATH="/bin") == []


@pytest.mark.parametrize(
    "wrong",
    [
        known(values={"endpoint": URL, "password": "canary"}),
        known(values={"endpoint": URL, "color": "canary"}),
        known(secrets={"username": "canary"}),
        known(secrets={"pin": "canary"}),
    ],
)
def test_a_field_in_the_wrong_place_is_a_fault_of_the_plugin(
    app: App, wrong: KnownElsewhere
) -> None:
    first, trouble = hear(app, Told(known(), wrong, known()), HOME="/h")
    assert isinstance(first, Candidate)
    assert isinstance(trouble, Trouble)
    assert trouble.title == "Helm repository"
    assert "registrykit-helm" in str(trouble.error)
    assert "canary" not in f"{trouble.error} {trouble.error.cause}"


def test_texts_from_elsewhere_are_made_fit_to_be_shown(app: App) -> None:
    odd = known(
        "a\u202e\nb" + "x" * 500,
        secrets={"password": "pass-canary"},
        notes=("its password is pass-canary\x1b[31m", *["more"] * 100),
    )
    (found,) = hear(app, Told(msgspec.structs.replace(odd, tool="T\u200b")), HOME="/h")
    assert isinstance(found, Candidate)
    assert found.name.startswith("a��bxx")
    assert found.tool == "T�"
    assert found.notes[0] == "its password is ***�[31m"
    assert len(found.notes) == 20
    row, _ = app.elsewhere.take(found, place(app))
    again, _ = app.elsewhere.take(found, place(app))
    assert again.name == f"{row.name} 2"


def test_a_problem_does_not_repeat_a_secret(app: App) -> None:
    odd = known(
        values={"endpoint": URL, "auth": "pass-canary"}, secrets={"password": "pass-canary"}
    )
    (found,) = hear(app, Told(odd), HOME="/h")
    assert isinstance(found, Candidate)
    assert found.problems
    assert "canary" not in str(found.problems)


def test_a_nameless_registry_is_called_like_its_type(app: App) -> None:
    (found,) = hear(app, Told(known("")), HOME="/h")
    assert isinstance(found, Candidate)
    assert found.name == "Helm repository"
    assert app.elsewhere.take(replace(found, name=""), place(app))[0].name == "Helm repository"


# A worker that does not keep to it

SCRIPT = """
import sys, time
from registrykit.elsewhere import KnownElsewhere
from registrykit.frames import Finished, Logged, Ready, pack
def send(frame):
    sys.stdout.buffer.write(pack(frame))
    sys.stdout.buffer.flush()
send(Ready(1))
"""


def worker(script: str) -> Worker:
    return Workers([sys.executable, "-c", SCRIPT + script]).start("acme 1.0")


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("for n in range(2000): send(KnownElsewhere('t', 'f', str(n)))", "too-much-at-once"),
        (
            "for n in range(20): send(KnownElsewhere('t', 'f', secrets={'a': 'x' * 7000000}))",
            "too-much-at-once",
        ),
        ("while True: send(Logged(10, 'still here')); time.sleep(0.05)", "no-answer"),
        ("time.sleep(60)", "no-answer"),
        ("sys.exit(3)", "worker-died"),
        ("send(KnownElsewhere('t', 'f', values={'a': 0.5}))", "garbage"),
    ],
)
def test_a_worker_that_breaks_the_rules_is_ended(script: str, code: str) -> None:
    with worker(script) as process:
        found = process.elsewhere("acme", "acme", {}, seconds=2.0)
        with pytest.raises(PluginFault, match=r"acme 1\.0") as caught:
            list(zip(range(MOST_KNOWN + 1), found, strict=True))
        assert caught.value.code == code
        assert code != "no-answer" or "within 2 seconds" in str(caught.value)
    assert process._process.returncode is not None


def test_a_search_that_is_cancelled_ends_as_cancelled(app: App, home: Path) -> None:
    write(home, {"name": "a", "url": URL}, {"name": "b", "url": f"{URL}/b"})

    class AtOnce:
        def attach(self, worker: Worker) -> None:
            worker.cancel()

    with pytest.raises(Cancelled):
        list(app.elsewhere.find(place(app), AtOnce()))
