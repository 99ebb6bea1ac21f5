"""The real keyring: secrets are kept in it and nowhere else, and the program survives its moods."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from desktop.engine.vault import ANSWER_SECONDS, SERVICE
from registrykit.testing.servers import HelmSite
from registrykit.urls import Basic
from tests.conftest import Needs
from tests.e2e.canaries import Scanner
from tests.e2e.session import Session, State
from tests.program import Program, Result

pytestmark = [pytest.mark.e2e, pytest.mark.real]

FIRST, SECOND = "c4nary/&é%-first", "canary-2nd-horse"
USER = "reader"
INDEX = "apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: 1.0.0\n    urls: [a.tgz]\n"
BASIC = ("--set", "auth=basic", "--set", f"username={USER}")


class Home:
    """A person's home: sessions come and go, data and keyring stay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scanner = Scanner(FIRST, SECOND)
        self._printed: list[str] = []
        self.variables: dict[str, str] = {}

    def session(self, state: State = "unlocked") -> Session:
        return Session(self.folder, state)

    def program(self, session: Session) -> Program:
        made = Program(self.folder / "registries")
        made.env = {**session.environment, **self.variables, "REGISTRY_DESKTOP_LOG": "DEBUG"}
        return made

    def run(
        self, session: Session, *words: str, code: int = 0, stdin: str = "", seconds: float = 60
    ) -> Result:
        ended = self.program(session).run(*words, stdin=stdin, seconds=seconds)
        self._printed += [ended.out, ended.err]
        assert ended.code == code, (ended.out, ended.err)
        assert "Traceback" not in ended.err
        return ended

    def add(self, session: Session, site: HelmSite, secret: str) -> Result:
        given = ("--set", f"endpoint={site.endpoint}", "--set", "documents=on-demand", *BASIC)
        words = ("registry", "add", "helm", "--name", "Team", *given, "--secret", "password=-")
        return self.run(session, *words, "--json", stdin=secret)

    def outcome(self, session: Session, code: int = 0) -> tuple[str, str]:
        (run,) = self.run(session, "--json", "sync", "Team", code=code).json["runs"]
        return run["outcome"], run["code"]

    def require_clean(self) -> None:
        """Fail where a secret is in a file, the keyring's own included, or was printed."""
        printed = "\0".join(self._printed)
        found = [*self.scanner.files(self.folder), *self.scanner.content(printed)]
        assert not found, "\n".join(found)


@pytest.fixture
def home(tmp_path: Path, needs_program: Needs) -> Home:
    for name in ("dbus-run-session", "gnome-keyring-daemon"):
        needs_program(name)
    return Home(tmp_path / "person")


def test_a_password_lives_in_the_keyring(home: Home) -> None:
    with HelmSite(INDEX, sign_in=Basic(USER, FIRST)) as site:
        with home.session() as session:
            added = home.add(session, site, FIRST)
            assert "keyring" not in added.err
            user = f"{added.json['registry']['id']}/password"
            assert session.kept(SERVICE) == {user: FIRST}
            assert home.outcome(session) == ("ok", "")
        with home.session() as session:
            # Logged in anew, on another day.
            assert session.kept(SERVICE) == {user: FIRST}
            assert home.outcome(session) == ("unchanged", "")
            site.sign_in = Basic(USER, SECOND)
            assert home.outcome(session, code=4) == ("failed", "sign-in-failed")
            home.run(session, "registry", "edit", "Team", "--secret", "password=-", stdin=SECOND)
            assert session.kept(SERVICE) == {user: SECOND}
            assert home.outcome(session) == ("unchanged", "")
            # The keyring comes before the environment.
            home.variables["REGISTRY_DESKTOP_SECRET_TEAM_PASSWORD"] = FIRST
            assert home.outcome(session) == ("unchanged", "")
            del home.variables["REGISTRY_DESKTOP_SECRET_TEAM_PASSWORD"]
            home.run(session, "registry", "remove", "Team")
            assert session.kept(SERVICE) == {user: SECOND}
            home.run(session, "registry", "restore", "Team")
            assert home.outcome(session) == ("unchanged", "")
            home.run(session, "registry", "remove", "Team", "--forget")
            assert session.kept(SERVICE) == {}
    home.require_clean()


def test_another_host_is_not_given_the_password(home: Home) -> None:
    with HelmSite(INDEX, sign_in=Basic(USER, FIRST)) as site, home.session() as session:
        home.add(session, site, FIRST)
        assert len(session.kept(SERVICE)) == 1
        elsewhere = f"endpoint=http://localhost:{site.port}"
        edited = home.run(session, "registry", "edit", "Team", "--set", elsewhere)
        assert "password was dropped" in edited.err
        assert session.kept(SERVICE) == {}
        site.forget()
        outcome, code = home.outcome(session, code=4)
        assert outcome == "failed"
        assert code in ("secret-missing", "needs-sign-in", "sign-in-failed")
        assert home.scanner.content(repr(site.log)) == []
        (row,) = home.run(session, "--json", "registry", "list").json["registries"]
        assert "needs-sign-in" in row["conditions"]
        home.run(session, "registry", "edit", "Team", "--secret", "password=-", stdin=FIRST)
        assert list(session.kept(SERVICE).values()) == [FIRST]
        assert home.outcome(session) == ("ok", "")
    home.require_clean()


@pytest.mark.parametrize("state", ["locked", "absent"])
def test_without_a_keyring_nothing_is_written(home: Home, state: State) -> None:
    with HelmSite(INDEX, sign_in=Basic(USER, FIRST)) as site:
        if state == "locked":
            with home.session() as session:
                session.keep("mail", "me", "hunter2")
        with home.session(state) as session:
            added = home.add(session, site, FIRST)
            assert "the password is not kept" in added.err
            assert "REGISTRY_DESKTOP_SECRET_TEAM_PASSWORD" in added.err
            (run,) = home.run(session, "--json", "sync", "Team", code=4).json["runs"]
            assert (run["outcome"], run["code"]) == ("failed", "secret-missing")
            said = home.run(session, "sync", "Team", code=4).err
            assert "The password of Team is not known here." in said
            assert "  Why: " in said
            assert "  What to do: " in said
            (row,) = home.run(session, "--json", "registry", "list").json["registries"]
            assert row["conditions"] == ["needs-sign-in"]
            home.variables["REGISTRY_DESKTOP_SECRET_TEAM_PASSWORD"] = FIRST
            assert home.outcome(session) == ("ok", "")
            home.variables.clear()
        with home.session() as session:
            assert session.kept(SERVICE) == {}
    home.require_clean()


def test_a_secret_that_cannot_be_deleted_is_told(home: Home) -> None:
    with HelmSite(INDEX, sign_in=Basic(USER, FIRST)) as site:
        with home.session() as session:
            home.add(session, site, FIRST)
        with home.session("locked") as session:
            ended = home.run(session, "registry", "remove", "Team", "--forget")
            assert "keyring" in ended.err
        with home.session() as session:
            assert list(session.kept(SERVICE).values()) == [FIRST]
    home.require_clean()


def test_no_setting_of_the_keyring_library_leads_elsewhere(home: Home) -> None:
    """A backend named by a variable or a file could write secrets down as they are."""
    backends = home.folder / "config" / "python_keyring"
    with HelmSite(INDEX, sign_in=Basic(USER, FIRST)) as site, home.session() as session:
        backends.mkdir()
        (backends / "leaky.py").write_text(LEAKY)
        (backends / "keyringrc.cfg").write_text(
            f"[backend]\ndefault-keyring=leaky.Keyring\nkeyring-path={backends}\n"
        )
        probe = "import keyring; print(type(keyring.get_keyring()).__module__)"
        started = home.program(session)
        command = [started.command()[0], "-c", probe]
        # The control: the library itself obeys the file.
        told = subprocess.run(command, capture_output=True, text=True, env=started.environment)
        assert told.stdout.strip() == "leaky"
        home.add(session, site, FIRST)
        assert list(session.kept(SERVICE).values()) == [FIRST]
        for backend, secret in (
            ("keyring.backends.null.Keyring", SECOND),
            ("keyrings.alt.file.PlaintextKeyring", FIRST),
        ):
            home.variables["PYTHON_KEYRING_BACKEND"] = backend
            home.run(session, "registry", "edit", "Team", "--secret", "password=-", stdin=secret)
            assert list(session.kept(SERVICE).values()) == [secret]
        assert home.outcome(session) == ("ok", "")
    home.require_clean()


LEAKY = """\
from pathlib import Path
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 100

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        Path(__file__).with_name("leaked.txt").write_text(password)

    def delete_password(self, service, username):
        pass
"""


def test_a_keyring_that_never_answers_is_given_up(home: Home) -> None:
    with HelmSite(INDEX, sign_in=Basic(USER, FIRST)) as site, home.session() as session:
        home.add(session, site, FIRST)
        keyring = session.keyring
        os.kill(keyring, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            ended = home.run(session, "--json", "sync", "Team", code=4, seconds=2 * ANSWER_SECONDS)
            assert time.monotonic() - begun < 2 * ANSWER_SECONDS
        finally:
            os.kill(keyring, signal.SIGCONT)
        assert ended.json["runs"][0]["code"] == "secret-missing"
        assert home.outcome(session) == ("ok", "")
    home.require_clean()
