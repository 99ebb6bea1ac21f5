"""Ports of this machine for servers that tests start, and whether one answers there yet."""

from __future__ import annotations

import socket
import subprocess
import time

_PAUSE = 0.02


def free_port() -> int:
    """Return a port that nobody has; another program may still take it first."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def answers(process: subprocess.Popen[bytes], port: int, *, tries: int) -> bool:
    """Wait until the process listens on the port; False where it ended or did not come to that."""
    for _ in range(tries):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(_PAUSE)
        else:
            return True
    return False
