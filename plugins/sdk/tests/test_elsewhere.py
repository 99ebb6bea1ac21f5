"""Values and files for what other tools know."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from registrykit import RegistryConfig, RegistryType
from registrykit.elsewhere import KnownElsewhere, read_file, told


def test_secrets_are_not_printed() -> None:
    known = KnownElsewhere("Tool", "~/file", "n", {"user": "jane"}, {"password": "canary"}, ("a",))
    assert "canary" not in f"{known} {known!r} {[known]}"
    assert repr(known) == (
        "KnownElsewhere('Tool', '~/file', 'n', {'user': 'jane'}, "
        "secrets=['password'], notes=('a',))"
    )


def test_only_what_is_named_and_set_is_told() -> None:
    assert told(("HOME", "XDG"), {"HOME": "/h", "TOKEN": "canary"}) == {"HOME": "/h"}


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12\r\n")
    assert read_file(str(file), 4) == b"12\r\n"
    with pytest.raises(OSError, match="larger than 3 bytes"):
        read_file(str(file), 3)


def test_what_is_not_there_or_has_no_possible_name_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "missing"), 10)
    with pytest.raises(OSError, match="no file can have this name"):
        read_file("a\0b", 10)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes and devices")
def test_nothing_waits_for_a_pipe_a_device_or_a_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/dev/fd").iterdir()))
    for path in (str(tmp_path / "pipe"), "/dev/zero", str(tmp_path)):
        with pytest.raises(OSError, match="no ordinary file"):
            read_file(path, 10)
    assert len(list(Path("/dev/fd").iterdir())) == before


GUIDE = Path(__file__).parents[3] / "docs" / "plugins.md"


def test_the_guide_names_the_fields_of_what_is_known() -> None:
    fields = ", ".join(inspect.signature(KnownElsewhere).parameters)
    assert f"`KnownElsewhere({fields})`" in GUIDE.read_text("utf-8")


def test_the_example_of_the_guide_works(tmp_path: Path) -> None:
    section = GUIDE.read_text("utf-8").partition("### Registries that other tools know")[2]
    found = re.search(r"```python\n(.*?)\n```", section, re.DOTALL)
    assert found

    class Entry:
        url, user, name, password = "https://acme.example", "jane", "mine", "canary"

    names: dict[str, Any] = {
        "AcmeConfig": RegistryConfig,
        "Iterable": Iterable,
        "KnownElsewhere": KnownElsewhere,
        "Mapping": Mapping,
        "RegistryType": RegistryType,
        "read_acme": lambda content: [Entry] if content == b"known" else [],
        "read_file": read_file,
    }
    exec(found[1], names)
    kind = names["AcmeRegistry"]
    file = tmp_path / ".acme.json"
    environ = {"HOME": str(tmp_path)}
    assert environ.keys() <= set(kind.environment)
    assert list(kind.elsewhere(None, environ)) == []
    file.write_text("known", "utf-8")
    (known,) = kind.elsewhere(None, environ)
    assert (known.file, known.name, known.secrets) == (str(file), "mine", {"password": "canary"})
    (known,) = kind.elsewhere(None, {"ACME_CONFIG": str(tmp_path)})
    assert known.notes == ("It cannot be read: it is no ordinary file.",)
