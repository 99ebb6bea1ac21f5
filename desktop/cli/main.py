"""The command line from arguments to exit code."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from desktop.cli import parser
from desktop.cli.output import Output
from desktop.cli.screen import has_screen

DONE, INTERNAL, INVALID, FAILED, IN_USE, CANCELLED = 0, 1, 2, 4, 5, 130
_INVALID_CODES = frozenset({"read-only", "unknown-plugin"})
"""Codes of errors that are about what was asked for, and not about something that failed."""
LOG = Path("logs", "registry-desktop.log")
Window = Callable[..., int]
"""Shows the window until it is closed and returns the exit code; whoever starts the program has it.

It takes the data directory and, by their names, demo, demo_dir, offline, proxy and safe_mode.
"""
_log = logging.getLogger(__name__)


def _none(*_wanted: object, **_options: object) -> int:
    raise ModuleNotFoundError(name="desktop.ui")


class _Sentence(Exception):
    """Something to tell in three parts that is no error of a registry."""

    def __init__(self, message: str, *, cause: str, remedy: str, code: str) -> None:
        super().__init__(message)
        self.cause, self.remedy, self.code = cause, remedy, code


def main(given: Sequence[str], window: Window = _none) -> int:
    """Run the command that the arguments name; returns the exit code, never raises.

    Without a command, and for the demo, that is the window, where there is a screen for it.
    """
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
    secrets: set[str] = set()
    try:
        if args.command == "demo":
            return _demo(args, out, window)
        return _run(args, out, secrets) if args.command else _window(args, out, window)
    except KeyboardInterrupt:
        return _cancelled(out)
    except Exception as error:
        return _failed(args, out, error, secrets)


def window_failed(error: BaseException) -> int:
    """Say why the window that was asked for without any argument did not come."""
    out = Output(as_json=False)
    if isinstance(error, Exception):
        return _failed(parser.parse([]), out, error, ())
    return _cancelled(out)


def _window(args: Namespace, out: Output, window: Window) -> int:
    """Show the window on the user's own registries."""
    wrong = _no_window(args)
    if wrong is not None:
        out.error(wrong)
        return INVALID
    return window(_data_dir(args), offline=args.offline, proxy=args.proxy, safe_mode=args.safe_mode)


def _no_window(args: Namespace) -> _Sentence | None:
    """Return what keeps the window from being shown with these arguments."""
    if args.json:
        message, cause = "A command is missing.", "--json asks for the answer of a command"
    elif args.env or args.tenant:
        message = "The window does not take --env or --tenant."
        cause = "it shows what was looked at last, and the choice is at its top"
    elif not has_screen(sys.platform, os.environ):
        message = "There is no screen for the window."
        cause = "neither DISPLAY nor WAYLAND_DISPLAY is set"
    else:
        return None
    remedy = f"Name a command; see: {parser.PROGRAM} --help"
    return _Sentence(message, cause=cause, remedy=remedy, code="usage")


def _demo(args: Namespace, out: Output, window: Window) -> int:
    """Show the demo in the window, or go through it without one."""
    from desktop.paths import default_data_dir

    if args.headless or args.json or not has_screen(sys.platform, os.environ):
        from desktop.cli.demo import demo

        return demo(args, out)
    return window(
        default_data_dir(),
        demo=True,
        demo_dir=Path(args.data_dir) if args.data_dir else None,
        offline=args.offline,
        proxy=args.proxy,
        safe_mode=args.safe_mode,
    )


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
        app.tidy()
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

    if isinstance(error, ImportError):
        wrong = _missing(error)
        if wrong is not None:
            out.error(wrong)
            return INVALID if wrong.code == "no-window" else FAILED
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


def _missing(error: ImportError) -> _Sentence | None:
    """Say what the window lacks; None where the error is about something else."""
    see = f"see: {parser.PROGRAM} --help"
    if error.name in ("desktop.ui", "desktop.ui.main"):
        return _Sentence(
            "This installation has no window.",
            cause="it holds the command line alone",
            remedy=f"Name a command; {see}",
            code="no-window",
        )
    lacking = f"{error.name} {error.path}"
    if "PySide6" not in lacking and "shiboken6" not in lacking:
        return None
    return _Sentence(
        "The window cannot be shown.",
        cause=str(error),
        remedy="Install what is named there, a library with your system's packages;"
        f" the commands work without a window, {see}",
        code="library-missing",
    )


def _cancelled(out: Output) -> int:
    remedy = "Start it again when you want to."
    out.error(_Sentence("Cancelled.", cause="", remedy=remedy, code="cancelled"))
    return CANCELLED


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
