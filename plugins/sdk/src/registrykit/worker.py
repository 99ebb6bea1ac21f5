"""The worker process: loads one plugin and runs its methods, away from the user's program.

Started by the host as `python -I -m registrykit.worker`; speaks `registrykit.frames` over its
standard input and output. Network and untrusted bytes are met here only, so what goes wrong here
costs one job.
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from registrykit.artifacts import Artifact, Version
from registrykit.cancel import CancelToken
from registrykit.description import describe
from registrykit.elsewhere import known_elsewhere
from registrykit.errors import Cancelled, PluginFault, RegistryError, kind_of
from registrykit.events import (
    Check,
    Complete,
    Document,
    Known,
    Progress,
    SyncEvent,
    Unchanged,
)
from registrykit.frames import (
    CHUNK,
    MAX_EVENTS,
    PROTOCOL,
    WINDOW,
    Ack,
    AskKnown,
    AskMemory,
    Bytes,
    Call,
    Cancel,
    Checked,
    Described,
    Failed,
    Fetched,
    Finished,
    KnownRows,
    Logged,
    Missing,
    Ready,
    Remembered,
    Saved,
    ToHost,
    Traffic,
    batches,
    pack,
    read_to_worker,
)
from registrykit.sync import Context, open_context
from registrykit.yielded import check_document, check_event, closing_events

if TYPE_CHECKING:
    from registrykit.registry import RegistryType

MEMORY_LIMIT = 1024 * 1024 * 1024
_MOST_KEPT = 128 * 1024 * 1024
FLUSH_SECONDS = 0.05
_TIMELY = (Progress, Complete, Unchanged)


class Host:
    """The other side of the pipes, as seen from the worker."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._window = threading.Semaphore(WINDOW)
        self._answers: queue.SimpleQueue[KnownRows | Remembered] = queue.SimpleQueue()
        self.calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self.cancel = CancelToken()

    def listen(self) -> None:
        """Take frames until the host goes away; then the worker has no reason to live."""
        while (frame := read_to_worker(self._source)) is not None:
            if isinstance(frame, Ack):
                self._window.release()
            elif isinstance(frame, Cancel):
                self.cancel.cancel()
                self._window.release()
            elif isinstance(frame, Call):
                self.calls.put(frame)
            else:
                self._answers.put(frame)
        os._exit(0)

    def send(self, frame: ToHost) -> None:
        self.send_packed(pack(frame))

    def send_packed(self, packed: bytes) -> None:
        with self._lock:
            self._sink.write(packed)
            self._sink.flush()

    def send_in_window(self, packed: bytes) -> None:
        """Send what the host acknowledges; waits while it is behind."""
        self._window.acquire()
        self.cancel.check()
        self.send_packed(packed)

    def known(self, prefix: str) -> Iterator[Known]:
        with self._asking:
            self.send(AskKnown(prefix))
            rows: list[Known] = []
            while True:
                answer = self._answers.get()
                if not isinstance(answer, KnownRows):
                    raise PluginFault("The program answered something else.")
                rows.extend(answer.rows)
                if answer.last:
                    break
        yield from rows

    def memory(self, prefix: str) -> dict[str, Any] | None:
        with self._asking:
            self.send(AskMemory(prefix))
            answer = self._answers.get()
        if not isinstance(answer, Remembered):
            raise PluginFault("The program answered something else.")
        return answer.memory


class _Forward(logging.Handler):
    """Send what the plugin logs to the host, which masks secrets and limits the rate."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, PluginFault):
            self._host.send(Logged(record.levelno, record.getMessage()[:2000]))


def serve(host: Host) -> None:
    """Run the calls of the host, one after the other, until it closes the pipe."""
    types: dict[str, RegistryType[Any]] = {}
    host.send(Ready(PROTOCOL))
    while (call := host.calls.get()) is not None:
        try:
            if not types:
                from registrykit.plugins import load_types

                types = {kind.id: kind for kind in load_types(call.distribution)}
                # Until here nearly everything that is made is kept: nothing to collect.
                gc.freeze()
                gc.enable()
            _run(call, types, host)
        except RegistryError as error:
            host.send(_failed(error))
        except MemoryError:
            host.send(
                _failed(
                    PluginFault(
                        "The worker ran out of memory.",
                        cause=f"its limit is {MEMORY_LIMIT // 1024 // 1024} MiB",
                        remedy="Something in the registry is too large: read less of it at once, "
                        "or report it to the author of the plugin.",
                        code="out-of-memory",
                    )
                )
            )
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit too: a plugin that calls exit() ends its call, not the worker's protocol.
            host.send(_failed(_fault(error)))
        else:
            host.send(Finished(_is_as_new(call)))


def _run(call: Call, types: dict[str, RegistryType[Any]], host: Host) -> None:
    if call.method == "describe":
        host.send(Described(tuple(describe(kind) for kind in types.values())))
        return
    registry_type = types.get(call.type_id)
    if registry_type is None:
        raise PluginFault(f"The plugin {call.distribution} has no type {call.type_id!r}.")
    log = logging.getLogger(f"registrykit.{call.type_id}")
    log.setLevel(logging.INFO)
    log.propagate = False
    log.handlers = [_Forward(host)]
    if call.method == "elsewhere":
        for known in known_elsewhere(registry_type, call.environ):
            host.send(known)
        return
    values = call.config
    if call.config_version < registry_type.config_version:
        values = registry_type.migrate(dict(values), call.config_version)
    with open_context(
        registry_type, values, settings=call.settings, stored=host, cancel=host.cancel, log=log
    ) as ctx:
        try:
            if call.method == "check":
                for check in registry_type.check(ctx):
                    if not isinstance(check, Check):
                        raise TypeError(f"check() yielded {type(check).__name__}, expected Check")
                    host.send(Checked(check))
            elif call.method == "sync":
                _send_events(registry_type.sync(ctx), host)
            elif call.method == "details":
                _send_documents(registry_type, ctx, call.items, host)
            elif call.method == "save":
                artifact, version = call.items[0]
                stream = _Stream(host)
                name = registry_type.save(ctx, artifact, version, stream)  # type: ignore[arg-type]
                stream.flush()
                host.send(Saved(str(name)))
            else:
                raise PluginFault(f"The worker knows no method {call.method!r}.")
            host.cancel.check()
        except RegistryError:
            # A socket that was shut down by cancel surfaces as whatever the plugin made of it.
            host.cancel.check()
            raise
        finally:
            stats = ctx.http.stats
            host.send(Traffic(stats.requests, stats.bytes))


def _send_events(events: Iterable[SyncEvent], host: Host) -> None:
    pending: list[SyncEvent] = []
    flushed = time.monotonic()
    with closing_events(events):
        try:
            for event in events:
                check_event(event)
                pending.append(event)
                host.cancel.check()
                late = time.monotonic() - flushed > FLUSH_SECONDS
                if len(pending) >= MAX_EVENTS or (late and isinstance(event, _TIMELY)):
                    _flush(pending, host)
                    flushed = time.monotonic()
        except Cancelled:
            raise  # a flush would wait for a host that no longer acknowledges
        except RegistryError:
            # What was complete before the error is stored, and spared by the resumed run.
            _flush(pending, host)
            raise
    _flush(pending, host)


def _flush(pending: list[SyncEvent], host: Host) -> None:
    if pending:
        for packed in batches(pending):
            host.send_in_window(packed)
        pending.clear()


def _send_documents(
    registry_type: RegistryType[Any],
    ctx: Context[Any],
    items: tuple[tuple[Artifact, Version], ...],
    host: Host,
) -> None:
    def fetch(place: int) -> list[Document] | RegistryError:
        artifact, version = items[place]
        try:
            return list(registry_type.details(ctx, artifact, version))
        except Cancelled:
            raise
        except RegistryError as error:
            return error

    for index, outcome in enumerate(ctx.map(fetch, range(len(items)), at_most=4)):
        if isinstance(outcome, RegistryError):
            reason = str(outcome) if not outcome.cause else f"{outcome} ({outcome.cause})"
            host.send(Missing(index, reason[:2000], outcome.code))
            continue
        for document in outcome:
            if not isinstance(document, Document):
                raise TypeError(f"details() yielded {type(document).__name__}, expected Document")
            check_document(document)
        for packed in batches(outcome) if outcome else ():
            host.send_in_window(packed)
        host.send(Fetched(index))


class _Stream:
    """A file-like sink whose content goes to the host in pieces."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._pending = bytearray()

    def write(self, content: bytes) -> int:
        self._pending += content
        while len(self._pending) >= CHUNK:
            self._send(bytes(self._pending[:CHUNK]))
            del self._pending[:CHUNK]
        return len(content)

    def flush(self) -> None:
        if self._pending:
            self._send(bytes(self._pending))
            self._pending.clear()

    def _send(self, content: bytes) -> None:
        self._host.send_in_window(pack(Bytes(content)))


def _failed(error: RegistryError) -> Failed:
    return Failed(
        kind_of(error),
        error.code,
        str(error)[:2000],
        error.cause[:2000],
        error.remedy[:2000],
        error.retry_after,
    )


def _fault(error: BaseException) -> PluginFault:
    """Say what the plugin did; never the arguments of its frames, which may hold secrets."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
        trace = trace.tb_next
    return PluginFault(
        f"The plugin failed with {type(error).__name__}.",
        cause=f"{_words_of(error)} (at {place})",
    )


def _words_of(error: BaseException) -> str:
    try:
        return str(error)[:500] or "no message"
    except Exception:
        return "its message cannot be read"


def _is_as_new(call: Call) -> bool:
    """Say whether the job left nothing behind that the next one would notice."""
    if call.method == "elsewhere" or threading.active_count() > 2:
        return False  # secrets of other tools; threads beside the main one and the host's
    if sys.platform != "linux":
        return True
    import resource

    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            kept = int(file.read().split()[5]) * resource.getpagesize()
    except OSError:
        return False  # no /proc here, or the plugin has left too many files open
    return kept < _MOST_KEPT


def _limit_resources() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # RLIMIT_AS would count thread stacks and mapped libraries too.
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))


def main() -> None:
    """Take over standard input and output for frames, so that a plugin's print() harms nothing."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    _limit_resources()
    gc.disable()
    host = Host(source, sink)
    threading.Thread(target=host.listen, name="host", daemon=True).start()
    serve(host)


if __name__ == "__main__":
    main()
