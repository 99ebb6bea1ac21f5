"""Secrets: in the operating system's keyring, else from the environment, else in memory only.

No file, ever. The keyring's own choice of a backend is not asked: it obeys environment variables
and configuration files, and third-party backends may write plain text.
"""

from __future__ import annotations

import importlib
import logging
import queue
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

from desktop.store.values import RegistryRow
from registrykit.errors import RegistryError

SERVICE = "registry-desktop"
VARIABLE = "REGISTRY_DESKTOP_SECRET_"
ANSWER_SECONDS = 20.0
_BACKENDS = (
    ("keyring.backends.macOS", "Keyring"),
    ("keyring.backends.Windows", "WinVaultKeyring"),
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
)
_SILENT = "does not answer"
_WORDS = {_SILENT: _SILENT, "KeyringLocked": "is locked"}
_log = logging.getLogger(__name__)


class Keyring(Protocol):
    """The part of a keyring backend that is used here."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class SecretMissing(RegistryError):
    """A secret that the registry needs is nowhere to be found."""

    default_code = "secret-missing"


def system_keyring() -> Keyring | None:
    """Return the operating system's keyring, or None where there is none that can be trusted."""
    for module, name in _BACKENDS:
        try:
            backend: Any = getattr(importlib.import_module(module), name)
            if backend.viable:
                found: Keyring = backend()
                return found
        except Exception as error:
            _log.debug("keyring backend %s cannot be used: %s", module, error)
    return None


class Vault:
    """Keep and hand out the secrets of registries."""

    def __init__(
        self,
        environ: Mapping[str, str],
        names: Callable[[], Iterable[RegistryRow]],
        find_keyring: Callable[[], Keyring | None] = system_keyring,
    ) -> None:
        """`names` lists all registries: two of one name must not read one variable."""
        self._environ = environ
        self._names = names
        self._find = find_keyring
        self._asked = environ.get("REGISTRY_DESKTOP_KEYRING", "").lower() == "none"
        self._keyring: Keyring | None = None
        self._memory: dict[tuple[str, str], str] = {}
        self._handed_out: set[str] = set()
        self._lock = threading.Lock()
        self._trouble = ""
        self._turn = threading.Lock()

    @property
    def keyring(self) -> Keyring | None:
        """The keyring in use; looked for when first needed, since that takes a while."""
        with self._lock:
            if not self._asked:
                self._asked = True
                self._keyring = self._find()
            return self._keyring

    @property
    def place(self) -> str:
        """Where secrets are kept, in words; may look for the keyring, which takes a while."""
        keyring = self.keyring
        if keyring is None:
            return "no keyring: the environment, or memory until the program ends"
        if self._trouble:
            return f"the keyring {self._trouble}"
        return f"keyring ({type(keyring).__module__.rsplit('.', 1)[-1]})"

    @property
    def trouble(self) -> str:
        """Why secrets cannot be kept, as a clause; empty where nothing is wrong.

        May look for the keyring, which takes a while.
        """
        if self.keyring is None:
            return "there is no keyring"
        return f"the keyring {self._trouble}" if self._trouble else ""

    @property
    def handed_out(self) -> frozenset[str]:
        """Every secret that has left the vault; logs mask them."""
        return frozenset(self._handed_out)

    def mask(self, secrets: Iterable[str]) -> None:
        """Let logs mask these, which somebody entered but which are not kept yet."""
        self._handed_out.update(secrets)

    def put(self, registry_id: str, secrets: Mapping[str, str]) -> bool:
        """Keep secrets; says whether they will survive the end of the program."""
        kept = True
        for key, value in secrets.items():
            self._handed_out.add(value)
            self._memory[registry_id, key] = value
            user = f"{registry_id}/{key}"
            kept &= self._ask(partial(_set, user=user, value=value)) is True
        return kept

    def get(self, registry: RegistryRow, key: str) -> str | None:
        """Return a secret; the keyring comes before the environment, and that before memory.

        Raises BadConfig where the variable that would be read belongs to two registries.
        """
        user = f"{registry.id}/{key}"
        value: str | None = self._ask(lambda keyring: keyring.get_password(SERVICE, user))
        if value is None:
            value = self._from_environment(registry, key)
        if value is None:
            value = self._memory.get((registry.id, key))
        if value is not None:
            self._handed_out.add(value)
        return value

    def secrets_of(self, registry: RegistryRow) -> dict[str, str]:
        """Return all secrets that the registry has; raises SecretMissing naming the first gap."""
        found: dict[str, str] = {}
        for key in registry.secrets:
            value = self.get(registry, key)
            if value is None:
                variable = f"{VARIABLE}{shout(registry.name)}_{shout(key)}"
                again = f"Enter it again (registry edit {registry.name} --secret {key}=-), or set "
                raise SecretMissing(
                    f"The {key.replace('_', ' ')} of {registry.name} is not known here.",
                    cause=f"{self.trouble or 'it is not in the keyring'}, "
                    f"and the variable {variable} is not set",
                    remedy=f"Set {variable}; what is entered is forgotten when the program ends."
                    if self.trouble
                    else f"{again}{variable}.",
                )
            found[key] = value
        return found

    def forget(self, registry_id: str, keys: Iterable[str]) -> list[str]:
        """Remove secrets from the keyring and from memory; a missing one is no error.

        Returns those that may still be in the keyring, because it cannot be used.
        """
        left = []
        for key in keys:
            self._memory.pop((registry_id, key), None)
            user = f"{registry_id}/{key}"
            if not self._ask(partial(_delete, user=user)) and self.keyring is not None:
                left.append(key)
        return left

    def _from_environment(self, registry: RegistryRow, key: str) -> str | None:
        by_id = self._environ.get(f"{VARIABLE}{shout(registry.id)}_{shout(key)}")
        if by_id is not None:
            return by_id
        variable = f"{VARIABLE}{shout(registry.name)}_{shout(key)}"
        value = self._environ.get(variable)
        if value is None:
            return None
        same = [
            other
            for other in self._names()
            if any(f"{VARIABLE}{shout(other.name)}_{shout(k)}" == variable for k in other.secrets)
        ]
        if len({other.id for other in same} | {registry.id}) > 1:
            from registrykit.errors import BadConfig

            named = " and ".join(sorted(f"{other.name} ({other.id})" for other in same))
            raise BadConfig(
                f"The variable {variable} could mean more than one registry.",
                cause=f"{named} map to it",
                remedy=f"Use {VARIABLE}{shout(registry.id)}_{shout(key)} instead.",
                code="ambiguous-secret",
            )
        return value

    def _ask(self, question: Callable[[Keyring], Any]) -> Any:
        """Ask the keyring; one that is locked, broken or silent is as good as none."""
        keyring = self.keyring
        if keyring is None:
            return None
        with self._turn:
            if self._trouble == _SILENT:
                return None
            answer: queue.SimpleQueue[tuple[Any, str]] = queue.SimpleQueue()
            # A thread that nobody waits for: a silent keyring must not keep the program alive.
            threading.Thread(
                target=_answer, args=(question, keyring, answer), name="keyring", daemon=True
            ).start()
            try:
                found, trouble = answer.get(timeout=ANSWER_SECONDS)
            except queue.Empty:
                found, trouble = None, _SILENT
            self._trouble = _WORDS.get(trouble, "cannot be used") if trouble else ""
        if trouble:
            # Never the exception's text: a backend may quote what it was given.
            _log.warning("the keyring did not answer: %s", trouble)
        return found


def _answer(
    question: Callable[[Keyring], Any],
    keyring: Keyring,
    answer: queue.SimpleQueue[tuple[Any, str]],
) -> None:
    try:
        answer.put((question(keyring), ""))
    except Exception as error:
        answer.put((None, type(error).__name__))


def _set(keyring: Keyring, user: str, value: str) -> bool:
    keyring.set_password(SERVICE, user, value)
    return True


def _delete(keyring: Keyring, user: str) -> bool:
    if keyring.get_password(SERVICE, user) is not None:
        keyring.delete_password(SERVICE, user)
    return True


def shout(text: str) -> str:
    """Return the text as part of a variable's name: upper case, everything else an underscore."""
    return re.sub(r"[^A-Z0-9]", "_", text.upper())
