"""The command line from arguments to exit code."""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path

from desktop.cli import parser
from desktop.cli.output import Output

DONE, INTERNAL, INVALID, FAILED, IN_USE, CANCELLED = 0, 1, 2, 4, 5, 130
_INVALID_CODES = frozenset({"read-only", "unknown-plugin"})
"""Codes of errors that are about what was asked for, and not about something that failed."""
LOG = Path("logs", "registry-desktop.log")
_log = logging.getLogger(__name__)


class _Sentence(Exception):
    """Something to tell in three parts that is no error of a registry."""

    def __init__(self, message: str, *, cause: str, remedy: str, code: str) -> None:
        super().__init__(message)
        self.cause, self.remedy, self.code = cause, remedy, code


def main(given: Sequence[str]) -> int:
    """Run the command that the arguments name; returns the exit code, never raises."""
    if not logging.getLogger().handlers:
        # Without this, warnings that nobody listens to would go to standard error.
        logging.getLogger().addHandler(logging.NullHandler())
    out = Output(as_json=parser.wants_json(given))
    try:
        args = parser.parse(given)
    except parser.Told as told:
        text = told.text
        out.show({told.name: text.rstrip()}, lambda: out.write(text))
        return DONE
    except parser.UsageError as error:
        out.error(error)
        return INVALID
    if not args.command:
        return _without_command(out)
    secrets: set[str] = set()
    try:
        return _demo(args, out) if args.command == "demo" else _run(args, out, secrets)
    except KeyboardInterrupt:
        remedy = "Start it again when you want to."
        out.error(_Sentence("Cancelled.", cause="", remedy=remedy, code="cancelled"))
        return CANCELLED
    except Exception as error:
        return _failed(args, out, error, secrets)


def _without_command(out: Output) -> int:
    if not out.as_json:
        out.note(parser.usage(), lines=True)
    out.error(
        _Sentence(
            "There is no window yet.",
            cause="it comes with a later version of Registry Desktop",
            remedy="Until then, name a command.",
            code="usage",
        )
    )
    return INVALID


def _demo(args: Namespace, out: Output) -> int:
    from desktop.cli.demo import demo

    return demo(args, out)


def _run(args: Namespace, out: Output, secrets: set[str]) -> int:
    """Answer a command; what the vault handed out is added to `secrets`, for the log."""
    from desktop import app as program
    from desktop.cli.commands import COMMANDS

    command = COMMANDS[args.command]
    app = program.build(
        _data_dir(args),
        writable=command.writes(args),
        offline=args.offline,
        proxy=args.proxy,
        safe_mode=args.safe_mode,
    )
    try:
        return command.answer(app, args, out)
    finally:
        secrets.update(app.vault.handed_out)
        app.close()


def _data_dir(args: Namespace) -> Path:
    from desktop.paths import default_data_dir

    return Path(args.data_dir) if args.data_dir else default_data_dir()


def _failed(args: Namespace, out: Output, error: Exception, secrets: Iterable[str]) -> int:
    """Say what went wrong and return the exit code for it."""
    from registrykit.errors import Cancelled, RegistryError

    if isinstance(error, RegistryError):
        out.error(error)
        return CANCELLED if isinstance(error, Cancelled) else exit_code(error)
    if isinstance(error, OSError) and error.filename is not None:
        out.error(
            _Sentence(
                f"{error.filename} cannot be used.",
                cause=error.strerror or type(error).__name__,
                remedy="Check the path and who may write there, or use --data-dir.",
                code="file-unusable",
            )
        )
        return FAILED
    log = _write_down(error, args, secrets)
    out.error(
        _Sentence(
            f"Something went wrong that was not foreseen; {log} tells more.",
            cause=type(error).__name__,
            remedy="Try again; if it happens again, report it with that file.",
            code="internal-error",
        )
    )
    return INTERNAL


def exit_code(error: Exception) -> int:
    """Return the exit code of a command that ends with this error of a registry."""
    from registrykit.errors import BadConfig

    code = getattr(error, "code", "")
    if code == "data-in-use":
        return IN_USE
    return INVALID if isinstance(error, BadConfig) or code in _INVALID_CODES else FAILED


def _write_down(error: Exception, args: Namespace, secrets: Iterable[str]) -> Path:
    """Write an error that nobody foresaw into the log; returns the log's path."""
    from desktop import logs

    folder = _data_dir(args)
    try:
        stop = logs.start(folder, lambda: secrets)
    except OSError:
        # Nothing can be written there, which may be what went wrong.
        return folder / LOG
    try:
        _log.error("the command %s failed", args.command, exc_info=error)
    finally:
        stop()
    return folder / LOG
