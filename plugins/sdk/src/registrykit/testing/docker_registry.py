"""Debian's docker-registry on loopback, for tests against the real thing.

with DockerRegistry(folder) as server:
    requests.get(server.url + "/v2/_catalog")
"""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from registrykit.oci.media import OCI_MANIFEST
from registrykit.oci.names import digest_of
from registrykit.testing.ports import answers, free_port
from registrykit.testing.pushing import Pushes, encoded
from registrykit.testing.tokens import TokenServer
from registrykit.urls import Basic

ACCOUNT = Basic("reader", "correct horse")
"""The one account of a registry with `sign_in`."""

# The registry knows bcrypt alone, which the standard library does not; this is ACCOUNT's.
_HTPASSWD = "$2b$05$lAh7GLNftHDdzswTzenwJOebCtoKB0WMkFPaUltOABqxWlEAyp72q"


def find_docker_registry() -> str | None:
    return shutil.which("docker-registry") or shutil.which("docker-registry", path="/usr/sbin")


class DockerRegistry(Pushes):
    """One registry that keeps everything in `folder`.

    With `sign_in` it asks for `ACCOUNT`, with `tokens` for signed tokens of that server, whose
    `signer` it trusts. `certificate` is PEM text of a certificate with its chain and its key, and
    makes it serve TLS.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sign_in: bool = False,
        tokens: TokenServer | None = None,
        certificate: str = "",
    ) -> None:
        self.folder = folder
        self.url = ""
        self.signs_in = sign_in
        self._tokens = tokens
        self._certificate = certificate
        self._manifests: dict[str, tuple[bytes, str]] = {}
        self._blobs: set[tuple[str, str]] = set()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> Self:
        """Start it; raises RuntimeError with its own words where that fails."""
        program = find_docker_registry()
        if program is None:
            raise RuntimeError("docker-registry is not installed")
        for _ in range(5):
            port = free_port()
            # JSON is YAML, and needs no library.
            (self.folder / "config.yml").write_text(json.dumps(self._configuration(port)), "utf-8")
            with (self.folder / "log").open("wb") as log:
                self._process = subprocess.Popen(
                    [program, "serve", "config.yml"],
                    cwd=self.folder,
                    env={"OTEL_TRACES_EXPORTER": "none"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            if answers(self._process, port, tries=250):
                self.url = f"{'https' if self._certificate else 'http'}://localhost:{port}"
                return self
            self.stop()
        raise RuntimeError((self.folder / "log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # The content

    def push_blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = digest_of(content)
        if (repository, digest) not in self._blobs:
            begun = self._send("POST", repository, f"/v2/{repository}/blobs/uploads/")
            place = begun.headers["Location"]
            place += ("&" if "?" in place else "?") + f"digest={digest}"
            self._send("PUT", repository, place, content, "application/octet-stream")
            self._blobs.add((repository, digest))
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def push(
        self,
        repository: str,
        tag: str,
        manifest: Mapping[str, Any] | bytes,
        media_type: str = OCI_MANIFEST,
    ) -> str:
        content = encoded(manifest)
        digest = digest_of(content)
        path = f"/v2/{repository}/manifests/{tag or digest}"
        self._send("PUT", repository, path, content, media_type)
        self._manifests[digest] = content, media_type
        return digest

    def pushed(self, repository: str, digest: str) -> tuple[bytes, str]:
        return self._manifests[digest]

    def _send(
        self, method: str, repository: str, place: str, content: bytes = b"", media_type: str = ""
    ) -> HTTPResponse:
        """Ask as `ACCOUNT`; raises OSError for what is refused."""
        url = place if "://" in place else self.url + place
        request = urllib.request.Request(url, content, method=method)
        if media_type:
            request.add_header("Content-Type", media_type)
        if self.signs_in:
            pair = f"{ACCOUNT.username}:{ACCOUNT.password}".encode()
            request.add_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        elif self._tokens is not None:
            token = self._tokens.grant(ACCOUNT.username, f"repository:{repository}:pull,push")
            request.add_header("Authorization", f"Bearer {token}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is our own
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=30) as answer:
            found: HTTPResponse = answer
            return found

    def asked(self) -> list[str]:
        """Return one line `METHOD PATH STATUS` for each request that was signed in."""
        lines = []
        for line in (self.folder / "log").read_text("utf-8", "replace").splitlines():
            if '"response completed' in line or '"msg":"response completed' in line:
                told = json.loads(line)
                method, uri = told["http.request.method"], told["http.request.uri"]
                lines.append(f"{method} {uri} {told['http.response.status']}")
        return lines

    def _configuration(self, port: int) -> dict[str, Any]:
        http: dict[str, Any] = {"addr": f"127.0.0.1:{port}", "secret": "of this test"}
        if self._certificate:
            (self.folder / "server.pem").write_text(self._certificate, "ascii")
            http["tls"] = {"certificate": "server.pem", "key": "server.pem"}
        found: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.folder / "content")},
                "delete": {"enabled": True},
            },
            "http": http,
        }
        if self.signs_in:
            (self.folder / "users").write_text(f"{ACCOUNT.username}:{_HTPASSWD}\n", "ascii")
            found["auth"] = {"htpasswd": {"realm": "registry", "path": "users"}}
        elif self._tokens is not None:
            signer = self._tokens.signer
            if signer is None:
                raise RuntimeError("docker-registry takes signed tokens only")
            (self.folder / "tokens.pem").write_text(signer.certificate, "ascii")
            found["auth"] = {
                "token": {
                    "realm": self._tokens.realm,
                    "service": self._tokens.service,
                    "issuer": signer.issuer,
                    "rootcertbundle": "tokens.pem",
                }
            }
        return found
