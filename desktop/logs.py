"""The log file: small, for its owner alone, and without secrets."""

from __future__ import annotations

import logging
import logging.handlers
import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from registrykit.masking import Mask

_log = logging.getLogger(__name__)
MASK = "••••••"
_PATTERNS = (
    re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)?\s*)[^\s'\",]+"),
    re.compile(r"(?i)([?&](?:token|x-amz-[a-z-]+|signature|sig|key|password)=)[^&\s'\"]+"),
    re.compile(r"(://)[^/@\s]+(?=@)"),
)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return the text without the given secrets, in every spelling that travels, nor the like."""
    text = _mask(frozenset(secret for secret in secrets if len(secret) > 3))(text)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


@lru_cache(maxsize=4)
def _mask(secrets: frozenset[str]) -> Mask:
    return Mask(secrets, MASK)


class _Masking(logging.Formatter):
    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        text = masked(super().format(record), self._secrets())
        # One record, one line: what a server sent cannot forge another one.
        return "".join(c if c.isprintable() or c == "\n" else "�" for c in text).replace(
            "\n", "\n    "
        )


def write_down(error: Exception, what: str) -> None:
    """Log an error with its traceback, once, however many places report or show it."""
    if "written_down" not in vars(error):
        vars(error)["written_down"] = True
        _log.error(what, exc_info=error)


def start(data_dir: Path, secrets: Callable[[], Iterable[str]]) -> Callable[[], None]:
    """Log to `logs/registry-desktop.log` in the data directory; returns the way to stop."""
    folder = data_dir / "logs"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "registry-desktop.log"
    path.touch(mode=0o600)
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=1024 * 1024, backupCount=3, encoding="utf-8", errors="replace"
    )
    handler.setFormatter(_Masking(secrets))
    level = os.environ.get("REGISTRY_DESKTOP_LOG", "INFO").upper()
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level if level in logging.getLevelNamesMapping() else logging.INFO)

    def stop() -> None:
        root.removeHandler(handler)
        root.setLevel(before)
        handler.close()

    return stop
