"""What cannot work is refused where it is entered, for registries of every type."""

from __future__ import annotations

import json
from pathlib import Path

from tests.badinputs.oci_stage import CANARY
from tests.e2e.oci_worlds import outcomes
from tests.program import Program

VERTEX = "vertex-nonfips"
LONG = "x" * 10_000
ADDRESSES = ["", "   ", "a b", "ftp://h.example", "file:///etc/passwd", "javascript:alert(1)",
             f"https://robot:{CANARY}@h.example", "https://h.example:0", "https://h.example:65536",
             f"https://h.example/?token={CANARY}", "https://h.example/#x",
             "http://169.254.169.254", "http://[fd00:ec2::254]", f"https://{LONG}"]  # fmt: skip
WRONG: list[tuple[str, dict[str, str]]] = [
    *(("oci", {"endpoint": one}) for one in ADDRESSES),
    *(("legacy-pack", {"endpoint": one, "auth": "none"}) for one in ADDRESSES),
    *(
        ("oci", {"endpoint": "h.example", "base_content_path": one})
        for one in ("../x", "a//../b", "a b", "Ünï", "A", "https://h.example/a", "a?b", "a:b", LONG)
    ),
    *(
        (VERTEX, {"preset": "custom", "auth": "basic", "base_content_path": "a", "endpoint": one})
        for one in ADDRESSES
    ),
    (VERTEX, {"preset": "production", "endpoint": "h.example"}),
    (VERTEX, {"preset": "custom", "endpoint": "h.example", "secret_key": CANARY}),
    ("oci", {"endpoint": "h.example", "repositories": "a/b:tag"}),
    ("oci", {"endpoint": "h.example", "auth": "basic", "username": "a:b"}),
    ("oci", {"endpoint": "h.example", "auth": "ecr", "access_key": "AKIA1", "secret_key": CANARY}),
    (
        "oci",
        {
            "endpoint": "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example",
            "auth": "ecr",
            "access_key": "AKIA1",
            "secret_key": CANARY,
        },
    ),
    ("legacy-pack", {"endpoint": "https://h.example", "auth": "basic", "username": "a:b"}),
]


def test_ur_what_cannot_work_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    program.env["SECRET"] = CANARY
    # Only such an environment has all types.
    commands = [["env", "edit", "default", "--edition", "vertex"]]
    for kind, values in WRONG:
        words = ["registry", "add", kind, "--name", "x", "--no-check", "--confirm"]
        for key, value in values.items():
            secret = key == "secret_key"
            words += ["--secret", f"{key}=env:SECRET"] if secret else ["--set", f"{key}={value}"]
        commands.append(words)
    (code, _), *told = outcomes(program, [*commands, ["registry", "list"]])
    assert code == 0
    wrong = []
    for (kind, values), (code, answer) in zip(WRONG, told, strict=False):
        error = answer.get("error", {})
        text = json.dumps(answer)
        fine = code == 2 and error.get("message") and error.get("remedy")
        if not fine or CANARY in text or len(text) > 5000:
            wrong.append((kind, values, code, text[:500]))
    assert wrong == []
    assert [one for one in told[-1][1]["registries"] if not one["default"]] == []


def test_ur_07_the_same_registry_in_another_spelling_is_known(tmp_path: Path) -> None:
    program = Program(tmp_path / "data")
    for name, endpoint in (("one", "h.example"), ("two", "oci://H.example:443/v2/")):
        told = program.run(
            "registry", "add", "oci", "--no-check", "--name", name, "--set", f"endpoint={endpoint}"
        )
        assert told.code == 0
    assert "one is the same registry already" in told.err
