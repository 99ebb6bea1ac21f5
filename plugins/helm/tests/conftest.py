"""What the tests of this plugin share: charts, an index, and Debian's nginx."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme

from registrykit.testing.nginx import Nginx, find_nginx


def make_chart(name: str, version: str, **files: str) -> bytes:
    """Return a chart archive; `files` are further members, `__` in a name stands for a dot."""
    members = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n"}
    members |= {member.replace("__", "."): text for member, text in files.items()}
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for member, text in members.items():
            header = tarfile.TarInfo(f"{name}/{member}")
            header.size = len(text.encode())
            archive.addfile(header, io.BytesIO(text.encode()))
    return gzip.compress(tar.getvalue(), mtime=0)


@dataclass
class Repository:
    """The files of a Helm repository in the making; `index.yaml` is written by `files`."""

    charts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    archives: dict[str, bytes] = field(default_factory=dict)
    generated: str = "2026-01-31T12:00:00Z"

    def add(self, name: str, version: str, archive: bytes | None = None, **entry: Any) -> bytes:
        """List a chart and keep its archive, which is made if none is given; return the archive."""
        content = make_chart(name, version) if archive is None else archive
        path = f"{name}-{version}.tgz"
        self.archives[path] = content
        self.charts.setdefault(name, []).append(
            {
                "apiVersion": "v2",
                "name": name,
                "version": version,
                "digest": hashlib.sha256(content).hexdigest(),
                "urls": [path],
                "created": "2026-01-30T08:00:00Z",
                **entry,
            }
        )
        return content

    def replace(self, name: str, version: str, archive: bytes) -> None:
        """List another archive for a version."""
        for entry in self.charts[name]:
            if entry["version"] == version:
                entry["digest"] = hashlib.sha256(archive).hexdigest()
                self.archives[f"{name}-{version}.tgz"] = archive

    @property
    def index(self) -> bytes:
        # JSON that is broken into lines as Helm does it, so that it is cut into charts as well.
        lines = ["apiVersion: v1", "entries:"]
        for name, entries in self.charts.items():
            lines.append(f"  {name}:")
            for entry in entries:
                keys = [f"{key}: {json.dumps(value)}" for key, value in sorted(entry.items())]
                lines.append("  - " + "\n    ".join(keys))
        return "\n".join([*lines, f'generated: "{self.generated}"', ""]).encode()

    @property
    def files(self) -> dict[str, bytes]:
        return {"index.yaml": self.index, **self.archives}


@pytest.fixture
def chart() -> Callable[..., bytes]:
    return make_chart


@pytest.fixture
def repository() -> Repository:
    """A repository with two charts and three versions."""
    made = Repository()
    made.add("nginx", "1.1.0", appVersion="1.27.0", description="A web server", type="application")
    made.add("nginx", "1.0.0", appVersion="1.26.0", description="A web server")
    made.add("redis", "7.0.0-rc.1", kubeVersion=">=1.25.0-0", deprecated=True)
    return made


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


Serve = Callable[..., Nginx]


@pytest.fixture
def nginx(tmp_path: Path, authority: trustme.CA) -> Iterator[Serve]:
    """Start nginx: `nginx(files, basic=, token=, tls=, client_ca=, server=)`."""
    if find_nginx() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is not installed, and CI runs every real part", pytrace=False)
        pytest.skip("nginx is not installed")
    started: list[Nginx] = []

    def serve(
        files: Mapping[str, bytes],
        *,
        basic: tuple[str, str] | None = None,
        token: str = "",
        tls: bool = False,
        client_ca: trustme.CA | None = None,
        server: str = "",
    ) -> Nginx:
        folder = tmp_path / f"nginx{len(started)}"
        folder.mkdir()
        certificate = authority.issue_cert("localhost").private_key_and_cert_chain_pem
        one = Nginx(
            folder,
            files,
            basic=basic,
            token=token,
            certificate=certificate.bytes().decode() if tls else "",
            client_ca=client_ca.cert_pem.bytes().decode() if client_ca else "",
            server=server,
        )
        started.append(one)
        return one.start()

    yield serve
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def ca_pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


@pytest.fixture(scope="session")
def client(authority: trustme.CA) -> tuple[str, str]:
    """A client certificate and its key, as PEM texts."""
    issued = authority.issue_cert("robot.example.com")
    certificate = b"".join(blob.bytes() for blob in issued.cert_chain_pems).decode()
    return certificate, issued.private_key_pem.bytes().decode()
