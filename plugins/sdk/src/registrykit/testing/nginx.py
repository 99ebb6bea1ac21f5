"""A real nginx on loopback, for tests of registries that are plain files on a web server.

with Nginx(folder, {"index.yaml": body}, basic=("reader", "secret")) as server:
    http.get(server.url + "/index.yaml")
assert server.log() == ["GET /index.yaml 200"]
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from registrykit.testing.ports import answers, free_port


def find_nginx() -> str | None:
    """Return the path of the program, which Debian keeps where users do not look."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Nginx:
    """One server that serves `files` by their paths; everything it writes stays in `folder`.

    `certificate` is PEM text of a certificate with its chain and its key, and makes it serve
    TLS; `client_ca` asks clients for a certificate of that authority. `basic` is a user name and
    a password, `token` a bearer token. `server` are further lines of the server's block.
    """

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, bytes],
        *,
        basic: tuple[str, str] | None = None,
        token: str = "",
        certificate: str = "",
        client_ca: str = "",
        server: str = "",
    ) -> None:
        self.folder = folder
        self.root = folder / "content"
        self.root.mkdir(parents=True, exist_ok=True)
        self.url = ""
        self._tls = bool(certificate)
        self._process: subprocess.Popen[bytes] | None = None
        lines = [server]
        if certificate:
            self._keep("server.pem", certificate)
            lines += ["ssl_certificate server.pem;", "ssl_certificate_key server.pem;"]
        if client_ca:
            self._keep("client-ca.pem", client_ca)
            lines += ["ssl_client_certificate client-ca.pem;", "ssl_verify_client on;"]
        if basic is not None:
            user, password = basic
            # The one scheme of nginx's that needs no further program; it protects nothing here.
            hashed = base64.b64encode(
                hashlib.sha1(password.encode(), usedforsecurity=False).digest()
            ).decode()
            self._keep("users", f"{user}:{{SHA}}{hashed}\n")
            lines += ['auth_basic "charts";', "auth_basic_user_file users;"]
        if token:
            lines += [f'if ($http_authorization != "Bearer {token}") {{ return 401; }}']
        self._lines = "\n    ".join(lines)
        for path, content in files.items():
            self.write(path, content)

    def write(self, path: str, content: bytes) -> None:
        """Serve `content` under `path` from now on."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def start(self) -> Self:
        """Start it; raises RuntimeError with nginx's own words where that fails."""
        program = find_nginx()
        if program is None:
            raise RuntimeError("nginx is not installed")
        for _ in range(5):
            port = free_port()
            self._keep("nginx.conf", self._configuration(port))
            self._process = subprocess.Popen(
                [program, "-p", self.folder, "-c", "nginx.conf", "-e", "error.log"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if answers(self._process, port, tries=200):
                self.url = f"{'https' if self._tls else 'http'}://localhost:{port}"
                return self
            self.stop()
        raise RuntimeError((self.folder / "error.log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        """End it after the requests that are under way, so that its log is complete."""
        if self._process is not None:
            self._process.send_signal(getattr(signal, "SIGQUIT", signal.SIGTERM))
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

    def log(self) -> list[str]:
        """Stop and return one line `METHOD PATH STATUS` for each request that was made."""
        self.stop()
        return (self.folder / "access.log").read_text("utf-8").splitlines()

    def _keep(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def _configuration(self, port: int) -> str:
        temporary = "".join(
            f"  {name}_temp_path {name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
        return f"""
daemon off;
worker_processes 1;
pid nginx.pid;
{user}
events {{ worker_connections 64; }}
http {{
{temporary}
  default_type application/octet-stream;
  log_format short '$request_method $request_uri $status';
  access_log access.log short;
  server {{
    listen 127.0.0.1:{port}{" ssl" if self._tls else ""};
    server_name localhost;
    root content;
    {self._lines}
  }}
}}
"""
