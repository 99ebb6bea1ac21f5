"""The process in which the contract runs a registry type: a real worker for one class.

Started by `WorkerProcess.of_class`. Beside the class it serves the type `registrykit-probe`, whose
`sync` reports in notes what the plugin did to the process and what its pure methods return.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import locale
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from types import ModuleType
from typing import Annotated, Any, ClassVar

import msgspec

from registrykit import plugins, sync, worker
from registrykit.artifacts import Artifact, Version
from registrykit.elsewhere import MOST_KNOWN, known_elsewhere, told
from registrykit.events import Note, SyncEvent
from registrykit.forms import Ui
from registrykit.registry import RegistryConfig, RegistryType
from registrykit.sync import Context

PROBE = "registrykit-probe"
STALLED = "registrykit-probe: a connection is stalled"
THREAD_GRACE = 1.0

# Slow to load, or no business of a plugin; the host process imports every plugin's module.
_ARTIFACT = Artifact("artifact", "acme/web")
HEAVY = frozenset(
    "PySide6 PyQt6 shiboken6 tkinter sqlalchemy sqlmodel keyring urllib3 requests httpx aiohttp "
    "yaml ryml truststore boto3 botocore numpy pandas".split()
)
_NETWORK = frozenset(
    "socket.connect socket.bind socket.sendto socket.getaddrinfo socket.gethostbyname "
    "subprocess.Popen os.system os.posix_spawn".split()
)


class ProbeConfig(RegistryConfig):
    """`values` and `environ` are JSON; without values only the state of the process is told."""

    values: Annotated[str, Ui("Values")] = ""
    environ: Annotated[str, Ui("Environment")] = "{}"


class Probe(RegistryType[ProbeConfig]):
    """Report on the process and on another type, as notes with JSON text."""

    id: ClassVar[str] = PROBE
    title: ClassVar[str] = "Probe"
    Config: ClassVar[type[RegistryConfig]] = ProbeConfig

    def __init__(
        self,
        judged: RegistryType[Any],
        imported: dict[str, Any],
        before: dict[str, Any],
        threads: set[int | None],
    ) -> None:
        self._judged = judged
        self._imported = imported
        self._before = before
        self._threads = threads

    def endpoint(self, config: ProbeConfig) -> str:
        return "http://127.0.0.1"

    def sync(self, ctx: Context[ProbeConfig]) -> Iterator[SyncEvent]:
        if ctx.config.values:
            yield Note("import", json.dumps(self._imported))
            yield Note("hook", json.dumps(_fault_of_hook(type(self._judged))))
            pure = _call_pure_methods(self._judged, json.loads(ctx.config.values))
            yield Note("pure", json.dumps(pure))
            known = _call_elsewhere(self._judged, json.loads(ctx.config.environ))
            yield Note("elsewhere", json.dumps(known))
        after = _state()
        changed = [name for name, value in self._before.items() if after[name] != value]
        yield Note("changed", json.dumps(changed))
        yield Note("threads", json.dumps(_threads_left(self._threads)))


def serve_class(arguments: list[str]) -> None:
    """Be the worker for the class `module`, `file`, `qualified name` [, `stalled`]."""
    module, file, name, *stalled = arguments

    def load_types(distribution_name: str) -> list[RegistryType[Any]]:
        before = _state()
        threads = {thread.ident for thread in threading.enumerate()}
        loaded = set(sys.modules)
        started = time.monotonic()
        registry_type = load_class(module, file, name)()
        imported = {
            "seconds": time.monotonic() - started,
            "heavy": sorted((set(sys.modules) - loaded) & HEAVY),
        }
        return [registry_type, Probe(registry_type, imported, before, threads)]

    plugins.load_types = load_types
    if stalled:
        setattr(worker, "open_context", _open_stalled_context)  # noqa: B010
    worker.main()


def load_class(module: str, file: str, name: str) -> type[RegistryType[Any]]:
    """Import the class by its module's name, or from its file where no import path leads there."""
    found: Any
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        unknown = error.name is not None and f"{module}.".startswith(f"{error.name}.")
        if not unknown or not file:
            raise
        found = _import_file(module, file)
    for step in name.split("."):
        found = getattr(found, step)
    return found  # type: ignore[no-any-return]


def _import_file(module: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(module, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    found = sys.modules[module] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def _fault_of_hook(judged: type[RegistryType[Any]]) -> str:
    """Return what is wrong with the hook of the plugin that the class belongs to, or nothing."""
    module = sys.modules[judged.__module__]
    if not hasattr(module, "register_registry_types"):
        module = importlib.import_module(judged.__module__.partition(".")[0])
    try:
        types = plugins.types_of(module, module.__name__)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    if not any(type(kind) is judged for kind in types):
        return f"{module.__name__} registers no object of {judged.__name__}"
    return ""


def _call_pure_methods(
    registry_type: RegistryType[Any], values: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Call every pure method with the network shut; returns what each gave, raised, or tried."""
    config = registry_type.Config.model_validate(values)
    calls: dict[str, Callable[[], Any]] = {
        "validate": lambda: [problem.message for problem in registry_type.validate(config)],
        "endpoint": lambda: registry_type.endpoint(config),
        "origins": lambda: _origins(registry_type.origins(config)),
        "identity": lambda: registry_type.identity(config),
        "sync_rule": lambda: registry_type.sync_rule(config),
        "guess": lambda: registry_type.guess("https://example.com/"),
        "credentials": lambda: repr(registry_type.credentials(config)),
        "commands": lambda: [
            (command.title, command.text)
            for command in registry_type.commands(config, _ARTIFACT, Version("1.0.0"))
        ],
    }
    report: dict[str, dict[str, Any]] = {"config": {"result": repr(config), "tried": []}}
    guard = _Guard()
    for name, call in calls.items():
        with guard.shut() as tried:
            outcome: dict[str, Any] = {}
            try:
                outcome["result"] = _as_json(call())
            except BaseException as error:
                outcome["error"] = f"{type(error).__name__}: {error}"
        report[name] = outcome | {"tried": sorted(tried)}
    return report


def _call_elsewhere(registry_type: RegistryType[Any], environ: dict[str, str]) -> dict[str, Any]:
    """Call `elsewhere` with the network shut; returns what it gave or raised, and what it tried."""
    given = told(registry_type.environment, environ)
    outcome: dict[str, Any] = {"environment": list(registry_type.environment), "told": list(given)}
    with _Guard().shut() as tried:
        try:
            known = known_elsewhere(registry_type, given) if given else iter(())
            found = list(islice(known, MOST_KNOWN + 1))
            outcome["result"] = _as_json(msgspec.to_builtins(found))
        except BaseException as error:
            outcome["error"] = f"{type(error).__name__}: {error}"
    return outcome | {"tried": sorted(tried)}


def _origins(origins: Any) -> Any:
    if isinstance(origins, frozenset):
        return sorted(f"{type(origin).__name__} {origin}" for origin in origins)
    return origins


def _as_json(value: Any) -> Any:
    """Return what JSON can hold; anything else as a map with the name of its type."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return {"type": type(value).__name__}
    return value


class _Guard:
    """Refuse the network and other programs while it is shut; Python never removes the hook."""

    def __init__(self) -> None:
        self._tried: set[str] | None = None
        sys.addaudithook(self._audit)

    @contextmanager
    def shut(self) -> Iterator[set[str]]:
        """Give the names of what is tried meanwhile."""
        tried: set[str] = set()
        self._tried = tried
        try:
            yield tried
        finally:
            self._tried = None

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._tried is not None and event in _NETWORK:
            self._tried.add(event)
            raise OSError(f"{event} is refused: pure methods use no network")


def _state() -> dict[str, Any]:
    """Return what belongs to the whole process and is no business of a plugin."""
    umask = os.umask(0o077)
    os.umask(umask)
    state: dict[str, Any] = {
        "the working directory": os.getcwd(),  # noqa: PTH109
        "the umask": umask,
        "the environment": dict(os.environ),
        "the locale": locale.setlocale(locale.LC_ALL),
        "sys.excepthook": sys.excepthook,
        "threading.excepthook": threading.excepthook,
        "the socket time-out": socket.getdefaulttimeout(),
        "socket.socket": socket.socket,
        "socket.getaddrinfo": socket.getaddrinfo,
        "ssl.SSLContext": ssl.SSLContext,
        "the handler of SIGTERM": signal.getsignal(signal.SIGTERM),
        "the handler of SIGINT": signal.getsignal(signal.SIGINT),
    }
    for number, stream in enumerate(("input", "output", "error")):
        place: tuple[int, int] | None = None
        with suppress(OSError):
            found = os.fstat(number)
            place = (found.st_dev, found.st_ino)
        state[f"standard {stream}"] = place
    return state


def _threads_left(before: set[int | None]) -> list[str]:
    deadline = time.monotonic() + THREAD_GRACE
    while True:
        left = [t.name for t in threading.enumerate() if t.ident not in before]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def _open_stalled_context(*arguments: Any, **named: Any) -> AbstractContextManager[Context[Any]]:
    """Open a context whose connections are accepted by the system and never answered."""
    log = named["log"]
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def connect(host: str, port: int) -> socket.socket:
        connection = socket.create_connection(listener.getsockname())
        log.info(STALLED)
        return connection

    return sync.open_context(*arguments, **named, connect=connect)
