"""An answer whose body is still on the wire, and the download that it becomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from registrykit.http.answer import Headers
from registrykit.http.body import read_aside
from registrykit.http.exchange import Exchange
from registrykit.http.fields import etag_of, last_modified_of
from registrykit.http.pool import Connection, Lane
from registrykit.http.wire import Answer
from registrykit.urls import Url


class Opened:
    """An answer with its connection; `finish` has to be called, once it was read or not."""

    def __init__(self, url: Url, answer: Answer, connection: Connection, lane: Lane) -> None:
        self.url = url
        self.answer = answer
        self._connection = connection
        self._lane: Lane | None = lane

    def finish(self) -> None:
        """Give the connection and the place in the queue back."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.give_back(self._connection, self.answer)
            lane.leave()


class Download:
    """A body that comes piece by piece: iterate inside the `with` block of `stream`.

    `length` is what the server announces, None where it does not. The bytes are those on the wire,
    never unpacked. With `not_modified` there are none.
    """

    def __init__(
        self,
        opened: Opened,
        exchange: Exchange,
        limit: int,
        progress: Callable[[int, int | None], None] | None,
        explain: Callable[[Exception, Exchange], Exception],
    ) -> None:
        answer = opened.answer
        self.status = answer.status
        self.headers: Headers = answer.headers
        self.url = str(opened.url)
        self.length = answer.length
        self.not_modified = answer.status == 304
        self.etag = etag_of(answer.headers)
        self.last_modified = last_modified_of(answer.headers)
        self._opened = opened
        self._exchange = exchange
        self._limit = limit
        self._progress = progress
        self._explain = explain
        self._pieces = self._read()

    @property
    def received(self) -> int:
        return self._opened.answer.received

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def aside(self) -> bytes:
        """Return the body of an answer that is not what was asked for, if that is quickly done."""
        return read_aside(self._opened.answer, self._exchange)

    def _read(self) -> Iterator[bytes]:
        try:
            for piece in self._opened.answer.pieces(self._limit):
                self._exchange.cancel.check()
                if self._progress is not None:
                    self._progress(self.received, self.length)
                yield piece
            return
        except Exception as error:
            fault = self._explain(error, self._exchange)
        raise fault
