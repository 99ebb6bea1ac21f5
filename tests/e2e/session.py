"""A session of a desktop on Linux: a bus of its own, and GNOME's keyring on it.

Everything lies in one folder, as a person's home does, and outlives the session.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

State = Literal["unlocked", "locked", "absent"]

_SERVICE = "org.freedesktop.secrets"
_COMMANDS = {
    "unlocked": "printf %s log-in | gnome-keyring-daemon --unlock --components=secrets",
    "locked": "gnome-keyring-daemon --start --components=secrets",
    "absent": "true",
}
# The bus of a system on which no service is installed that it could start.
_BARE_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


class Session:
    """The session, from the beginning to the end of the `with` block.

    A keyring that is `locked` opens for nobody, as there is no screen to ask for its password on.
    """

    def __init__(self, folder: Path, state: State = "unlocked") -> None:
        self._folder = folder
        self._state = state
        self._process: subprocess.Popen[str] | None = None
        self.keyring = 0
        """The id of the process that answers for the keyring."""
        self.bus = ""
        for name in ("home", "run", "data", "config"):
            (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a program in this session finds in its environment."""
        folders = {
            "HOME": "home",
            "XDG_RUNTIME_DIR": "run",
            "XDG_DATA_HOME": "data",
            "XDG_CONFIG_HOME": "config",
        }
        found = {name: str(self._folder / place) for name, place in folders.items()}
        return found | ({"DBUS_SESSION_BUS_ADDRESS": self.bus} if self.bus else {})

    def __enter__(self) -> Self:
        command = ["dbus-run-session"]
        if self._state == "absent":
            (self._folder / "bus.conf").write_text(_BARE_BUS)
            command.append(f"--config-file={self._folder / 'bus.conf'}")
        keyring = f"{_COMMANDS[self._state]} > /dev/null"
        script = f'{keyring} && echo "$DBUS_SESSION_BUS_ADDRESS" && exec cat'
        self._process = subprocess.Popen(
            [*command, "--", "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", **self.environment},
        )
        assert self._process.stdout is not None
        self.bus = self._process.stdout.readline().strip()
        try:
            if not self.bus:
                raise RuntimeError("the session did not begin")
            if self._state != "absent":
                self.keyring = self._wait_for_keyring()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _wait_for_keyring(self) -> int:
        """Return the process that has the keyring's name; asked too early, the bus starts one."""
        for _ in range(500):
            (taken,) = self._ask_bus("NameHasOwner")
            if taken:
                (pid,) = self._ask_bus("GetConnectionUnixProcessID")
                return int(pid)
            time.sleep(0.02)
        raise RuntimeError("the keyring did not begin")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the shell; the bus ends with it, and the keyring with the bus."""
        assert self._process is not None
        self._process.communicate(timeout=20)
        if self.keyring and not ended(self.keyring):
            os.kill(self.keyring, signal.SIGKILL)

    def kept(self, service: str) -> dict[str, str]:
        """Return the secrets of a service by their users, read by another library."""
        import secretstorage

        with self._connection() as connection:
            return {
                item.get_attributes()["username"]: item.get_secret().decode()
                for item in secretstorage.search_items(connection, {"service": service})
            }

    def keep(self, service: str, user: str, secret: str) -> None:
        """Put a secret into the keyring, as another program does."""
        import secretstorage

        with self._connection() as connection:
            keyring = secretstorage.get_default_collection(connection)
            keyring.create_item(user, {"service": service, "username": user}, secret.encode())

    def _ask_bus(self, question: str) -> tuple[Any, ...]:
        """Ask the bus itself about the keyring's name, which starts no service."""
        from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]

        name = "org.freedesktop.DBus"
        bus = DBusAddress("/org/freedesktop/DBus", name, name)
        asked = new_method_call(bus, question, "s", (_SERVICE,))
        with self._connection() as connection:
            answer: tuple[Any, ...] = connection.send_and_get_reply(asked).body
            return answer

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

        connection = open_dbus_connection(bus=self.bus)
        try:
            yield connection
        finally:
            connection.close()


def ended(pid: int, seconds: float = 5.0) -> bool:
    """Wait for a process that is nobody's child here; a zombie has ended too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False
