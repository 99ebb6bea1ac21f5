"""Servers that say a secret again: in the body of an error, in a page, in a field of the head.

What they say is what they received in the request, and nothing that a test told them.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

from registrykit.testing import faults
from registrykit.testing.answers import Answer, Fault, Request
from tests.e2e.canaries import lower_percent

Words = Callable[[str], str]


def received(request: Request) -> str:
    """Return the password or token that came with a request."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return base64.b64decode(given).decode().partition(":")[2] if scheme == "Basic" else given


def _packed(request: Request) -> str:
    return request.headers.get("authorization", "").rpartition(" ")[2]


def _body(status: int, media_type: str, words: Words, of: Callable[[Request], str]) -> Fault:
    def fault(answer: Answer, request: Request) -> Answer:
        return Answer(status, words(of(request)).encode(), {"Content-Type": media_type})

    return fault


def body(status: int, media_type: str, words: Words) -> Fault:
    """Answer with what `words` makes of the secret."""
    return _body(status, media_type, words, received)


def packed(words: Words) -> Fault:
    """Answer with what `words` makes of the sign-in as it was sent."""
    return _body(401, "text/plain", words, _packed)


def field(name: str, status: int, words: Words) -> Fault:
    """Answer with a field of the head that holds what `words` makes of the secret."""
    return lambda answer, request: Answer(
        status, answer.body, {**answer.headers, name: words(received(request))}
    )


def raw(words: Words) -> Fault:
    """Send what `words` makes of the secret in place of an answer."""
    return lambda answer, request: faults.raw(words(received(request)).encode())(answer, request)


def _quoted(secret: str) -> str:
    return quote(secret, safe="")


ECHOES: dict[str, Fault] = {
    # Errors in the forms that registries have.
    "JSON": body(401, "application/json", lambda s: json.dumps({"message": f"{s} is wrong"})),
    "errors of OCI": body(
        403, "application/json", lambda s: json.dumps({"errors": [{"message": f"no {s}"}]})
    ),
    "text": body(401, "text/plain", lambda s: f"wrong password {s}"),
    "page": body(403, "text/html", lambda s: f"<title>Not for {s}</title><p>{s}</p>"),
    # Other spellings.
    "JSON in text": body(500, "text/plain", lambda s: f"refused: {json.dumps(s)}"),
    "HTML": body(403, "text/html", lambda s: f"<title>Not for {html.escape(s)}</title>"),
    "URL": body(401, "text/plain", lambda s: f"see /login?was={_quoted(s)}"),
    "URL in lower case": body(
        401, "text/plain", lambda s: f"see /login?was={lower_percent(_quoted(s))}"
    ),
    "header": packed(lambda s: f"got {s}"),
    "base64 without its end": packed(lambda s: f"got {s.rstrip('=')}."),
    "base64 for URLs": body(
        401,
        "text/plain",
        lambda s: "got " + base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    ),
    "UTF-8 read as Latin-1": body(
        401, "application/json", lambda s: json.dumps({"error": s.encode().decode("latin-1")})
    ),
    "cut": body(401, "text/plain", lambda s: "x" * 190 + s),
    # Answers that look like a success.
    "page in place of the index": body(
        200, "text/html", lambda s: f"<!DOCTYPE html><title>{s}</title><body>{s}</body>"
    ),
    "JSON in place of the index": body(
        200, "application/json", lambda s: json.dumps({"error": f"no access with {s}"})
    ),
    "text in place of the index": body(200, "text/plain", lambda s: json.dumps(f"no {s}")),
    "broken index": body(
        200, "text/yaml", lambda s: f'apiVersion: v1\nentries:\n  app: "{s}\n  - {{{s}: [\n'
    ),
    # The head.
    "redirect": field("Location", 302, lambda s: f"http://127.0.0.1:9/?was={_quoted(s)}"),
    "redirect with a user": field("Location", 302, lambda s: f"http://u:{_quoted(s)}@127.0.0.1:9/"),
    "redirect to a path": field("Location", 302, lambda s: f"/login/{_quoted(s)}"),
    "packing": field("Content-Encoding", 200, lambda s: f"x-{_quoted(s)[-24:]}"),
    "realm": field("WWW-Authenticate", 401, lambda s: f'Basic realm="{_quoted(s)}"'),
    "reason": raw(lambda s: f"HTTP/1.1 401 not {s}\r\nContent-Length: 0\r\n\r\n"),
    "broken head": raw(lambda s: f"HTTP/1.1 200 OK\r\n{s}\r\n\r\n"),
    "no HTTP": raw(lambda s: f"{s}\r\n\r\n"),
}
