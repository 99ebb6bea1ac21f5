"""Set up, run, test and check Registry Desktop. Needs nothing but Python 3.11 or newer.

    python3 dev.py run [ARGUMENT…]           set up, then start the window; with arguments, or
                                             without a screen, the demo
    python3 dev.py test [GROUP…] [-- …]      set up, then every check and test; or only the groups
    python3 dev.py check [--fix]             format, lint, types, import contracts; --fix repairs
    python3 dev.py bench [NAME…]             measure what must be fast
    python3 dev.py shots [DIR]               photograph every screen into dist/shots, or DIR
    python3 dev.py lock                      resolve the dependencies anew into requirements.lock

A GROUP is a folder of tests/ (unit, architecture, …), `plugins`, `window` (the real program on a
screen of its own), or a marker (real, shared); a marker narrows the folders named with it. What
stands after `--` goes to pytest.
The set-up lives in .venv beside this file and is repeated only when the lock, a pyproject.toml,
the Python or the place of the checkout changed. Written portably, tested on Linux.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "set-up.stamp"
UNFINISHED = VENV / "set-up.unfinished"
LOG = VENV / "set-up.log"
MARKERS = ("real", "shared")
# How dev.py shots photographs; tests/shots/take.py says what these are.
SHOTS = ("light", "dark", "200", "narrow")
# Groups that need a pytest of their own: their folders, arguments and environment. Qt stays out of
# every other one.
APART = {
    "gui": (
        ["tests/gui"],
        ["-p", "pytestqt.plugin", "--ignore=tests/gui/stalls"],
        {"QT_QPA_PLATFORM": "offscreen"},
    ),
    # Measures stalls, so nothing else may run beside it.
    "stalls": (
        ["tests/gui/stalls"],
        ["-n0", "-p", "pytestqt.plugin"],
        {"QT_QPA_PLATFORM": "offscreen"},
    ),
    "window": (["tests/e2e/window"], ["-n0"], {}),
}

# Debian's packages with the libraries that the window needs.
QT_LIBRARIES = (
    "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libglib2.0-0 libfontconfig1 libxcb-cursor0 "
    "libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0 libxcb-shape0"
).split()
# Programs that tests start, with Debian's packages that bring them. dbus-x11 is here because the
# keyring would bring a whole service manager for the same purpose otherwise.
TEST_PROGRAMS = {
    "Xvfb": ["xvfb"],
    "docker-registry": ["docker-registry"],
    "skopeo": ["skopeo"],
    "dbus-run-session": ["dbus"],
    "gnome-keyring-daemon": ["gnome-keyring", "dbus-x11"],
    "nginx": ["nginx-light"],
    "openssl": ["openssl"],
    "xdotool": ["xdotool"],
}
# What benchmarks compare with, besides; a name that is not above is a package of Debian's.
BENCH_PROGRAMS = ("docker-registry", "nginx", "wrk")
AGAIN = "then run the same command again."


class Problem(Exception):
    """What stops a command, in three texts: what happened, why, what to do."""


def say(text: str) -> None:
    """Tell the user what goes on; standard output belongs to the program that is started."""
    print(text, file=sys.stderr, flush=True)


def program(name: str, venv: Path = VENV) -> str:
    """Return where a virtual environment keeps a program."""
    return str(venv / "Scripts" / f"{name}.exe" if os.name == "nt" else venv / "bin" / name)


def projects(root: Path) -> list[Path]:
    """Return the folders of the workspace's projects, the application last."""
    import tomllib

    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    workspace = settings["tool"]["uv"]["workspace"]
    members, excluded = (
        {found.parent for each in patterns for found in root.glob(f"{each}/pyproject.toml")}
        for patterns in (workspace["members"], workspace.get("exclude", ()))
    )
    return [*sorted(members - excluded), root]


def stamp(root: Path) -> str:
    """Return what an environment is made from: lock, projects, its Python, its place."""
    digest = hashlib.sha256()
    for path in (root / LOCK.name, *(folder / "pyproject.toml" for folder in projects(root))):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    python = Path(program("python", root / VENV.name)).resolve()
    return f"{digest.hexdigest()}\n{python}\n{root}\n"


def is_current() -> bool:
    """Say whether the environment was made, completely, from what lies here now."""
    if not STAMP.is_file() or UNFINISHED.exists() or not Path(program("python")).exists():
        return False
    return STAMP.read_text("utf-8") == stamp(ROOT)


def is_usable(venv: Path) -> bool:
    """Say whether the environment can be installed into: it runs, has pip and was made here."""
    python, pip = program("python", venv), Path(program("pip", venv))
    if not Path(python).exists() or not pip.is_file() or os.fsencode(venv) not in pip.read_bytes():
        return False
    probe = f"import pip, sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    return subprocess.run([python, "-I", "-c", probe], capture_output=True).returncode == 0


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two set-ups of one checkout wait for each other."""
    with path.open("a") as file:
        if sys.platform == "win32":
            import msvcrt

            while True:  # LK_LOCK gives up after ten seconds
                with contextlib.suppress(OSError):
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
                    break
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def set_up() -> None:
    """Make .venv and install everything into it, unless that is how it is already."""
    if is_current():
        return
    with alone(ROOT / ".dev.lock"):
        if is_current():
            return
        started = time.monotonic()
        if UNFINISHED.exists() or not is_usable(VENV):
            make_environment()
        UNFINISHED.touch()
        STAMP.unlink(missing_ok=True)
        LOG.unlink(missing_ok=True)
        say(f"Setting up: installing the packages of {LOCK.name} into {VENV.name} …")
        install("--require-hashes", "--requirement", str(LOCK))
        say("Setting up: installing the checkout itself …")
        editable = [part for folder in projects(ROOT) for part in ("--editable", str(folder))]
        install("--no-index", "--no-deps", "--no-build-isolation", *editable)
        STAMP.write_text(stamp(ROOT), "utf-8")
        UNFINISHED.unlink()
        say(f"Setting up: done in {time.monotonic() - started:.0f} s")


def make_environment() -> None:
    """Make an empty .venv; what a killed set-up left there is removed."""
    if not importlib.util.find_spec("ensurepip"):
        # Debian keeps this part of Python in a package of its own.
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not apt_install([package]):
            cause = "This Python comes without the module ensurepip."
            remedy = f"Install it, {AGAIN} To install: {apt_text([package])}"
            raise Problem("A virtual environment cannot be made.", cause, remedy)
    say(f"Setting up: making {VENV.name} …")
    # Not the Python of a .venv that is about to be cleared.
    python = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run([python, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        cause = (made.stdout + made.stderr).strip() or f"It ended with code {made.returncode}."
        remedy = f"Correct that or remove {VENV}, {AGAIN}"
        raise Problem("A virtual environment cannot be made.", cause, remedy)


def install(*arguments: str) -> None:
    """Run pip in the environment; its words go to a log, of which the reason is shown."""
    command = [program("python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command += ["install", "--progress-bar=off", *arguments]
    with LOG.open("a", encoding="utf-8") as log:
        code = subprocess.call(command, stdout=log, stderr=subprocess.STDOUT)
    if code:
        if code > 0:  # pip ended by itself and has rolled back what it began
            UNFINISHED.unlink(missing_ok=True)
        cause, remedy = explain(LOG.read_text("utf-8", "replace"))
        remedy = f"{remedy} The whole log: {LOG}"
        raise Problem("The packages could not be installed.", cause, remedy)


def explain(log: str) -> tuple[str, str]:
    """Return cause and remedy for what pip said."""
    if re.search(r"Retrying \(|NewConnection|NameResolution|ConnectTimeout|ProxyError", log):
        cause = "The package index did not answer: no network, or pip needs a proxy or certificate."
        return cause, f"Connect to the network or configure pip, {AGAIN}"
    if "DO NOT MATCH THE HASHES" in log:
        cause = "A downloaded package is not the one that requirements.lock names."
        return cause, f"Do not install it; clear pip's cache (pip cache purge), {AGAIN}"
    errors = re.findall(r"^(?:ERROR| *\w+Error): (.+)", log, re.MULTILINE)
    return (errors or ["pip gave no reason."])[-1], f"Correct that, {AGAIN}"


def installed_names(listing: str) -> frozenset[str]:
    """Return the names in dpkg's lines of status, package and provided names, tab-separated."""
    names = set()
    for line in listing.splitlines():
        status, package, provided = line.split("\t", 2)
        if status == "installed":
            names.add(package)
            names.update(part.split("(")[0].strip() for part in provided.split(",") if part)
    return frozenset(names)


def has_program(name: str) -> bool:
    """Say whether a program can be started; servers often lie outside a user's PATH."""
    places = (os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin")
    return shutil.which(name, path=os.pathsep.join(places)) is not None


def missing_packages(needed: Iterable[str], installed: Collection[str]) -> list[str]:
    """Return Debian's packages for the libraries and test programs that are not there."""
    absent = [name for name in needed if name not in TEST_PROGRAMS or not has_program(name)]
    packages = [package for name in absent for package in TEST_PROGRAMS.get(name, [name])]
    return [package for package in packages if package not in installed]


def provide(needed: Iterable[str], *, otherwise: str) -> None:
    """Install what is missing where that may be done, else show the command and go on."""
    if not shutil.which("dpkg-query"):
        return
    form = "${db:Status-Status}\t${Package}\t${Provides}\n"
    listing = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True)
    missing = missing_packages(needed, installed_names(listing.stdout))
    if missing and not apt_install(missing):
        say(f"Not installed: {' '.join(missing)}\n  {otherwise}\n  To install: {apt_text(missing)}")


def apt_text(packages: Sequence[str]) -> str:
    """Return the command that a person types to install packages."""
    if not shutil.which("apt-get"):
        return f"your system's packages like Debian's {' '.join(packages)}"
    sudo = "" if os.geteuid() == 0 else "sudo "
    add = f"{sudo}apt-get install --no-install-recommends {' '.join(packages)}"
    return f"{sudo}apt-get update && {add}"


def apt_install(packages: Sequence[str]) -> bool:
    """Install packages as root with apt-get; False where that may not or cannot be done."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    say(f"Setting up: installing {' '.join(packages)} …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
    add = [*wait, "install", "--yes", "--no-install-recommends", *packages]
    with no_services_started():
        for command in ([*wait, "update"], add):
            ended = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
            )
    if ended.returncode:
        say("\n".join((ended.stdout + ended.stderr).strip().splitlines()[-3:]))
    return ended.returncode == 0


@contextlib.contextmanager
def no_services_started() -> Iterator[None]:
    """Keep Debian from starting a server just because a test needs its program."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    # 101 forbids to start. Should this process be killed, the file that stays allows all.
    policy.write_text(f"#!/bin/sh\nkill -0 {os.getpid()} 2>/dev/null && exit 101\nexit 0\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)


def run_command(given: Sequence[str], platform: str, env: Mapping[str, str]) -> list[str]:
    """Return the command that `dev.py run` starts: the window, or with arguments the demo.

    Without a screen it is the demo too, without its window.
    """
    screen = bool(env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"))
    screen = screen or not platform.startswith("linux")
    if screen and not given:
        return [program("registry-desktop")]
    headless = not screen and "--headless" not in given
    return [program("registry-desktop"), "demo", *(["--headless"] if headless else []), *given]


def run(arguments: Sequence[str]) -> int:
    set_up()
    provide(QT_LIBRARIES, otherwise="Only the window needs them.")
    return hand_over(run_command(arguments, sys.platform, os.environ))


def hand_over(command: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Become the command, so that signals and the exit code are the command's own."""
    env = {**os.environ, **(environment or {})}
    if os.name == "posix":
        os.execve(command[0], command, env)
    return subprocess.call(command, env=env)


def groups_of_tests(root: Path) -> dict[str, list[str]]:
    """Return the folders of each group of tests, relative to the checkout."""
    folders = sorted((root / "tests").iterdir())
    groups = {path.name: [f"tests/{path.name}"] for path in folders if any(path.rglob("test_*.py"))}
    plugins = [f"plugins/{path.parent.name}/tests" for path in root.glob("plugins/*/tests")]
    apart = {name: folders for name, (folders, _, _) in APART.items()}
    return {**groups, **apart, "plugins": sorted(plugins)}


class Call(NamedTuple):
    """One run of pytest: its arguments, and what it needs in the environment."""

    arguments: list[str]
    environment: Mapping[str, str] = {}


def pytest_calls(arguments: Sequence[str], groups: Mapping[str, Sequence[str]]) -> list[Call]:
    """Return the runs of pytest for `GROUP… [-- …]`; no group is everything."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    named = arguments[:split]
    for name in named:
        if name not in groups and name not in MARKERS:
            cause = f"The groups are {', '.join([*groups, *MARKERS])}."
            remedy = "Name one of these; arguments for pytest follow after --."
            raise Problem(f"There is no group of tests named {name!r}.", cause, remedy)
    markers = " or ".join(name for name in named if name in MARKERS)
    rest = [*(["-m", markers] if markers else []), *arguments[split + 1 :]]
    folders = [name for name in named if name in groups]
    together = [folder for name in folders if name not in APART for folder in groups[name]]
    calls = []
    if together or not folders:
        elsewhere = [f"--ignore={folder}" for places, _, _ in APART.values() for folder in places]
        calls.append(Call([*elsewhere, *together, *rest]))
    for name, (places, options, environment) in APART.items():
        if name in folders or not folders:
            calls.append(Call([*options, *places, *rest], environment))
    return calls


def test(arguments: Sequence[str]) -> int:
    calls = pytest_calls(arguments, groups_of_tests(ROOT))
    set_up()
    provide([*QT_LIBRARIES, *TEST_PROGRAMS], otherwise="Tests that need them are skipped.")
    if not arguments or arguments[0] == "--":
        failed = check_parts(fix=False)
        if failed:
            say(f"Not tested, because these failed: {', '.join(failed)}")
            return 1
    os.chdir(ROOT)
    # Tests wait for servers and workers most of the time; `-- -n0` takes one process again.
    at_once = str(min(os.cpu_count() or 1, 4))
    pytest = [program("python"), "-m", "pytest", "-n", at_once, "--dist", "worksteal"]
    if len(calls) == 1:
        return hand_over([*pytest, *calls[0].arguments], calls[0].environment)
    codes = [
        subprocess.call([*pytest, *call.arguments], env={**os.environ, **call.environment})
        for call in calls
    ]
    return worst_code(codes)


def worst_code(codes: Sequence[int]) -> int:
    """Return the code of several runs of pytest, of which some may have selected no test."""
    nothing = 5
    return next((code for code in codes if code not in (0, nothing)), min(codes))


def shots(arguments: Sequence[str]) -> int:
    """Photograph every screen of the real program in every variant, two at a time."""
    folder = Path(arguments[0] if arguments else ROOT / "dist" / "shots").absolute()
    set_up()
    provide([*QT_LIBRARIES, "fonts-inter"], otherwise="The pictures show another font.")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    command = [program("python"), "-m", "tests.shots.take"]
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    waiting, running, codes = list(SHOTS), list[subprocess.Popen[bytes]](), list[int]()
    while waiting or running:
        while waiting and len(running) < 2:
            variant = waiting.pop(0)
            running.append(subprocess.Popen([*command, variant, str(folder)], cwd=ROOT, env=env))
        codes.append(running.pop(0).wait())
    say(f"{len(list(folder.glob('*.png')))} pictures lie in {folder}")
    return max(codes)


def bench(arguments: Sequence[str]) -> int:
    set_up()
    provide([*QT_LIBRARIES, *BENCH_PROGRAMS], otherwise="What needs them is not measured.")
    os.chdir(ROOT)
    return hand_over([program("python"), "-m", "tests.bench.run", *arguments])


def check(arguments: Sequence[str]) -> int:
    set_up()
    return 1 if check_parts(fix=bool(arguments)) else 0


def check_parts(*, fix: bool) -> list[str]:
    """Run every check, show what failed and each one's time; return the names of the failed."""
    python = program("python")
    parts = {
        "format": [python, "-m", "ruff", "format", "--quiet" if fix else "--check", "."],
        "lint": [python, "-m", "ruff", "check", *(["--fix"] if fix else []), "."],
        "types": [python, "-m", "mypy"],
        "import contracts": [program("lint-imports"), "--no-logo"],
    }
    failed = []
    for name, command in parts.items():
        started = time.monotonic()
        # The one package that is checked but not installed.
        env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins" / "example" / "src")}
        ended = subprocess.run(
            command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if ended.returncode:
            failed.append(name)
            say(ended.stdout.decode("utf-8", "replace").rstrip())
        verdict = "failed" if ended.returncode else "ok"
        say(f"check: {name:<18}{verdict:<8}{time.monotonic() - started:6.1f} s")
    return failed


def lock(_: Sequence[str]) -> int:
    """Write requirements.lock: the newest versions that every pyproject.toml allows, hashed."""
    uv = program("uv") if Path(program("uv")).exists() else shutil.which("uv")
    if not uv:
        cause = "uv is neither in .venv nor on the PATH."
        raise Problem("The dependencies are not locked.", cause, f"Run dev.py check, {AGAIN}")
    exported = LOCK.with_suffix(".new")
    form = "--format=requirements.txt --all-packages --all-extras --all-groups --no-emit-workspace"
    export = ["export", "--frozen", "--quiet", "--no-header", *form.split(), "-o", str(exported)]
    for command in (["lock", "--upgrade"], export):
        if subprocess.call([uv, *command, "--no-python-downloads"], cwd=ROOT):
            remedy = f"Correct pyproject.toml or the network, {AGAIN}"
            raise Problem("The dependencies are not locked.", "uv says why, above.", remedy)
    text = exported.read_text("utf-8")
    exported.unlink()
    if "://" in text or str(ROOT) in text:
        cause = "It would name an address or a folder of this machine."
        remedy = "Take direct references and index settings out of the dependencies."
        raise Problem("The lock was not written.", cause, remedy)
    LOCK.write_text(f"# Written by: python3 dev.py lock\n{text}", "utf-8", newline="\n")
    set_up()
    return subprocess.call([program("python"), str(ROOT / "packaging/build.py"), "licences"])


def main(arguments: Sequence[str]) -> int:
    commands = {
        **{"run": run, "test": test, "check": check},
        **{"bench": bench, "shots": shots, "lock": lock},
    }
    options: dict[str, set[str]] = {"check": {"--fix"}, "lock": set()}
    if sys.version_info < OLDEST_PYTHON:
        say("This Python is too old.\n  Why: Registry Desktop needs Python 3.11 or newer.")
        say("  What to do: start dev.py with a newer one, such as: python3.11 dev.py run")
        return 1
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name not in commands or (name in options and set(rest) - options[name]):
        asked = name in ("-h", "--help", "help")
        print((__doc__ or "").strip(), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        return commands[name](rest)
    except Problem as problem:
        say("{}\n  Why: {}\n  What to do: {}".format(*problem.args))
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
