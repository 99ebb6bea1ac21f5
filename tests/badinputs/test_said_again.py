"""A registry that says the password again, wherever words of its own get into a message."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from registrykit.testing.answers import Answer, Request
from registrykit.testing.oci import OciSite
from tests.badinputs.oci_stage import (
    ACCOUNT,
    CANARY,
    JSON,
    WEB,
    Spoil,
    Stage,
    add_to,
    filled,
    layer,
    manifest,
)
from tests.e2e.layouts import push_container_image
from tests.program import Program


def said_again(request: Request) -> str:
    """Return the password that came with a request."""
    _, _, given = request.headers.get("authorization", "").partition(" ")
    return base64.b64decode(given).decode().partition(":")[2]


def answered(words: Callable[[str], Any], **headers: str) -> Spoil:
    """Let the catalog be what `words` makes of the password; `{}` in `headers` stands for it."""

    def page(request: Request) -> Answer:
        secret = said_again(request)
        told = {name.replace("_", "-"): text.format(secret) for name, text in headers.items()}
        return Answer(200, json.dumps(words(secret)).encode(), {**JSON, **told})

    return lambda stage: stage.site.put("/v2/_catalog", page)


def tags_of_web(words: Callable[[str], Any]) -> Spoil:
    def page(request: Request) -> Answer:
        return Answer(200, json.dumps(words(said_again(request))).encode(), JSON)

    return lambda stage: stage.site.put(f"/v2/{WEB}/tags/list", page)


def manifest_of_web(words: Callable[[str], Answer]) -> Spoil:
    def spoil(stage: Stage) -> None:
        push_container_image(stage.site, WEB, "v9", "amd64")
        stage.site.put(f"/v2/{WEB}/manifests/v9", lambda request: words(said_again(request)))

    return spoil


def challenged(words: str) -> Spoil:
    """Refuse the password, and ask for a login in words that have it in them."""

    def refuse(answer: Answer, request: Request) -> Answer:
        return Answer(401, b"", {"WWW-Authenticate": words.format(said_again(request) or "x")})

    return lambda stage: stage.site.spoil("*", refuse)


KINDS_OF_ECHO: dict[str, Spoil] = {
    "a key of the catalog": answered(lambda secret: {secret: []}),
    "a link": answered(lambda _: {"repositories": [WEB]}, Link="<http://{}.invalid/x>; rel=next"),
    "a link elsewhere": answered(
        lambda _: {"repositories": [WEB]}, Link="</v2/{}/tags/list>; rel=next"
    ),
    "a name": tags_of_web(lambda secret: {"name": secret, "tags": []}),
    "a key": tags_of_web(lambda secret: {secret: []}),
    "a type": manifest_of_web(
        lambda secret: Answer(200, b'{"schemaVersion":2}', {"Content-Type": secret})
    ),
    "a type inside": manifest_of_web(
        lambda secret: Answer(200, json.dumps({"schemaVersion": 2, "mediaType": secret}).encode())
    ),
    "a key that is there twice": manifest_of_web(
        lambda secret: Answer(200, f'{{"{secret}":1,"{secret}":2}}'.encode())
    ),
    "a digest": manifest_of_web(
        lambda secret: Answer(200, manifest(layers=[layer(digest=secret)]))
    ),
    "a realm": challenged('Bearer realm="http://{}.invalid/token",service="s"'),
    "a realm that is none": challenged('Bearer realm="{}"'),
    "a way to sign in": challenged("{}"),
    "a redirect": lambda stage: stage.site.spoil(
        "/v2/_catalog",
        lambda answer, request: Answer(
            307, b"", {"Location": f"http://h.invalid/{said_again(request)}"}
        ),
    ),
}


def test_a_password_that_a_registry_says_again_is_shown_and_kept_nowhere(
    tmp_path: Path,
) -> None:
    program = Program(tmp_path / "data")
    program.env["REGISTRY_DESKTOP_SECRET_CHARTS_PASSWORD"] = CANARY
    shown = {}
    with filled(OciSite(sign_in=ACCOUNT)) as site:
        add_to(program, site)
        program.json("sync", "charts")
        stage = Stage(program, site)
        for way, spoil in KINDS_OF_ECHO.items():
            spoil(stage)
            result = program.run("sync", "charts")
            told = program.run("history", "charts")
            shown[way] = f"{result.out} {result.err} {told.out} {told.err}"
            site.mend()
            for path in ("_catalog", f"{WEB}/tags/list", f"{WEB}/manifests/v9"):
                site.remove(f"/v2/{path}")
    assert [way for way, text in shown.items() if CANARY in text.lower()] == []
    files = [file for file in program.data_dir.rglob("*") if file.is_file()]
    assert [file for file in files if CANARY.encode() in file.read_bytes().lower()] == []
