"""What was read by digest, each once: for all tags and repositories that lead to it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """Keeps what was read in this run, the newest, up to a total weight.

    Of several threads that want the same, one reads it and the others wait for it.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Future[Any], int]] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Return what `read` gave for `key`; errors belong to whoever asked."""
        mine: Future[Any] = Future()
        with self._lock:
            found, _ = self._kept.setdefault(key, (mine, 0))
            self._kept.move_to_end(key)
        if found is not mine:
            if found.exception() is None:
                result: T = found.result()
                return result
            # Another repository may refuse what this one gives.
            return read()
        try:
            result = read()
        except BaseException:
            with self._lock:
                del self._kept[key]
            # Not the error itself: what it was raised over, megabytes perhaps, would stay with it
            # until somebody looks for cycles.
            mine.set_exception(LookupError())
            raise
        mine.set_result(result)
        self._keep(key, mine, weigh(result))
        return result

    def _keep(self, key: Hashable, read: Future[Any], weight: int) -> None:
        with self._lock:
            self._kept[key] = read, weight
            self._room -= weight
            given_up = []
            for oldest, (future, weight) in self._kept.items():
                if self._room >= 0:
                    break
                if future.done():
                    self._room += weight
                    given_up.append(oldest)
            for oldest in given_up:
                del self._kept[oldest]
