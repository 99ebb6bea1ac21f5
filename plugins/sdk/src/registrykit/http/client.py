"""The HTTP client of every registry type: it reads only, trusts nothing, and always ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from registrykit.http.answer import Response
from registrykit.http.body import read_aside, read_body
from registrykit.http.call import Call
from registrykit.http.exchange import Exchange
from registrykit.http.fields import etag_of, last_modified_of, request_fields
from registrykit.http.opened import Download, Opened
from registrykit.http.sender import Sender
from registrykit.urls import parse


class Http(Sender):
    """Read from one registry.

    Credentials and the client certificate go to `origins` only. Requests and redirects may also
    lead to `approved` hosts (`host` or `host:port`) and, with `anywhere`, to every public host,
    but bare. Nothing is taken from the environment. Safe to use from several threads; close it.

    Every fault is a `RegistryError`; secrets are masked in its texts. What all requests know:
    `authorization` is sent in place of the credentials, to the origin of `url` alone, which has to
    be own or approved; empty for none. `expect` names statuses that are answers and no errors.
    With `elsewhere` a redirect may lead to every public host, bare.
    """

    def get(
        self,
        url: str,
        *,
        accept: str = "",
        etag: str = "",
        last_modified: str = "",
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        deadline: float | None = None,
        decode: bool = True,
        authorization: str | None = None,
        expect: Collection[int] = (),
        elsewhere: bool = False,
    ) -> Response:
        """Return the whole answer; `etag` and `last_modified` ask for it only if it changed.

        `deadline` is in seconds for everything, with redirects and repetitions. With `decode` the
        server may pack the body. `headers` are for the origin of `url`, whatever it redirects to.
        """
        fields = request_fields(accept, etag, last_modified, headers)
        fields["accept-encoding"] = "gzip" if decode else "identity"
        return self._whole(
            Call(
                "GET",
                parse(url),
                fields,
                deadline or self.limits.deadline,
                authorization,
                frozenset(expect),
                elsewhere,
            ),
            max_bytes,
            decode=decode,
        )

    def head(
        self,
        url: str,
        *,
        accept: str = "",
        authorization: str | None = None,
        expect: Collection[int] = (),
    ) -> Response:
        """Return the answer without its body."""
        fields = request_fields(accept, "", "", None)
        fields["accept-encoding"] = "identity"
        deadline = self.limits.deadline
        call = Call("HEAD", parse(url), fields, deadline, authorization, frozenset(expect))
        return self._whole(call, None, decode=False)

    def post(
        self,
        url: str,
        content: bytes,
        *,
        content_type: str,
        accept: str = "",
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        authorization: str | None = None,
        expect: Collection[int] = (),
        hidden: Iterable[str] = (),
    ) -> Response:
        """Ask a question that needs a body; it may be sent twice, so it must not change anything.

        `hidden` are the secrets in `content`. A redirect is an error: the body is for `url` alone.
        """
        fields = request_fields(accept, "", "", {**(headers or {}), "content-type": content_type})
        fields["accept-encoding"] = "gzip"
        call = Call(
            "POST",
            parse(url),
            fields,
            self.limits.deadline,
            authorization,
            frozenset(expect),
            content=content,
            hidden=tuple(hidden),
        )
        return self._whole(call, max_bytes, decode=True)

    def _whole(self, call: Call, max_bytes: int | None, *, decode: bool) -> Response:
        """Return the answer with its whole body, at most `max_bytes`; of an error what is there."""
        limit = self.limits.max_bytes if max_bytes is None else max_bytes

        def read(opened: Opened, exchange: Exchange) -> Response:
            answer = opened.answer
            if answer.status in call.expect:
                body = read_aside(answer, exchange)
            else:
                body = read_body(answer, exchange.host, limit, decode=decode)
            opened.finish()
            unchanged = answer.status == 304
            fields = call.fields
            return Response(
                answer.status,
                answer.headers,
                str(opened.url),
                body,
                etag_of(answer.headers) or (fields.get("if-none-match", "") if unchanged else ""),
                last_modified_of(answer.headers)
                or (fields.get("if-modified-since", "") if unchanged else ""),
                unchanged,
            )

        return self._call(call, read)

    @contextmanager
    def stream(
        self,
        url: str,
        *,
        accept: str = "",
        etag: str = "",
        last_modified: str = "",
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        deadline: float | None = None,
        progress: Callable[[int, int | None], None] | None = None,
        authorization: str | None = None,
        expect: Collection[int] = (),
        elsewhere: bool = False,
    ) -> Iterator[Download]:
        """Give the answer as a `Download`, to be read piece by piece inside the block.

        `progress` is told the bytes so far, and the length where it is known. What breaks off in
        the middle is not repeated: ask again with a `Range` header, or from the start.
        """
        limit = self.limits.max_download if max_bytes is None else max_bytes
        fields = request_fields(accept, etag, last_modified, headers)
        fields["accept-encoding"] = "identity"

        def hand_over(opened: Opened, exchange: Exchange) -> tuple[Opened, Download]:
            return opened, Download(opened, exchange, limit, progress, self.explained)

        deadline = deadline or self.limits.download_deadline
        place, statuses = parse(url), frozenset(expect)
        call = Call("GET", place, fields, deadline, authorization, statuses, elsewhere)
        opened, download = self._call(call, hand_over)
        try:
            yield download
        finally:
            opened.finish()
