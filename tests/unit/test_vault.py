"""Where secrets are kept, in which order they are looked for, and what never happens to them."""

from __future__ import annotations

import pytest

from desktop.engine import vault as vaults
from desktop.engine.vault import SecretMissing, Vault, shout
from desktop.logs import MASK, masked
from desktop.store.values import RegistryRow
from registrykit import BadConfig

ROW = RegistryRow("0a1b2c", "e", "tenant", "t", "my charts", "x", "X", 1.0, secrets=("password",))


class DictKeyring:
    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


class BrokenKeyring(DictKeyring):
    def get_password(self, service: str, username: str) -> str | None:
        raise RuntimeError("locked; the password is hunter2")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("locked")


def make(environ: dict[str, str], keyring: object = None, rows: tuple[RegistryRow, ...] = (ROW,)):  # type: ignore[no-untyped-def]
    return Vault(environ, lambda: rows, lambda: keyring)  # type: ignore[arg-type,return-value]


def test_the_keyring_comes_before_the_environment() -> None:
    keyring = DictKeyring()
    vault = make({"REGISTRY_DESKTOP_SECRET_MY_CHARTS_PASSWORD": "from-environment"}, keyring)
    assert vault.get(ROW, "password") == "from-environment"
    assert vault.put(ROW.id, {"password": "from-keyring"})
    assert vault.get(ROW, "password") == "from-keyring"
    assert keyring.held == {("registry-desktop", "0a1b2c/password"): "from-keyring"}
    vault.forget(ROW.id, ["password", "token"])
    assert keyring.held == {}


def test_without_a_keyring_it_says_so_and_remembers_until_the_end() -> None:
    vault = make({})
    assert vault.put(ROW.id, {"password": "p4ss"}) is False
    assert vault.get(ROW, "password") == "p4ss"
    assert "no keyring" in vault.place
    with pytest.raises(SecretMissing) as caught:
        make({}).secrets_of(ROW)
    assert caught.value.cause.startswith("there is no keyring, and the variable REGISTRY_DESKTOP_")
    assert "Set REGISTRY_DESKTOP_SECRET_MY_CHARTS_PASSWORD" in caught.value.remedy
    assert "registry edit" not in caught.value.remedy
    with pytest.raises(SecretMissing, match="not known here") as caught:
        make({}, DictKeyring()).secrets_of(ROW)
    assert caught.value.cause.startswith("it is not in the keyring, and the variable ")
    assert caught.value.remedy.startswith("Enter it again (registry edit my charts --secret")


def test_a_variable_with_the_id_wins_over_one_with_the_name() -> None:
    names = {"REGISTRY_DESKTOP_SECRET_MY_CHARTS_PASSWORD": "by-name"}
    assert make(names).get(ROW, "password") == "by-name"
    names["REGISTRY_DESKTOP_SECRET_0A1B2C_PASSWORD"] = "by-id"
    assert make(names).get(ROW, "password") == "by-id"


def test_two_registries_that_map_to_one_variable_are_refused() -> None:
    twin = RegistryRow(
        "ffff", "e", "tenant", "t", "my-charts", "x", "X", 1.0, secrets=("password",)
    )
    vault = make({"REGISTRY_DESKTOP_SECRET_MY_CHARTS_PASSWORD": "x"}, None, (ROW, twin))
    with pytest.raises(BadConfig) as caught:
        vault.get(ROW, "password")
    assert "my charts (0a1b2c)" in caught.value.cause
    assert "my-charts (ffff)" in caught.value.cause


def test_none_means_that_the_keyring_is_not_even_looked_for() -> None:
    def find() -> None:
        raise AssertionError("the keyring was asked")

    vault = Vault({"REGISTRY_DESKTOP_KEYRING": "none"}, lambda: (), find)
    assert vault.keyring is None


def test_a_keyring_that_breaks_is_as_good_as_none(caplog: pytest.LogCaptureFixture) -> None:
    vault = make({}, BrokenKeyring())
    assert vault.put(ROW.id, {"password": "p4ss"}) is False
    assert vault.get(ROW, "password") == "p4ss"
    assert "hunter2" not in caplog.text


def test_only_backends_that_encrypt_are_on_the_list() -> None:
    modules = {module for module, _ in vaults._BACKENDS}
    assert modules == {
        "keyring.backends.macOS",
        "keyring.backends.Windows",
        "keyring.backends.SecretService",
        "keyring.backends.kwallet",
    }


def test_every_secret_that_was_seen_is_masked_in_every_spelling() -> None:
    vault = make({})
    vault.put(ROW.id, {"password": "s3cret/&é"})
    text = "raw s3cret/&é, url s3cret%2F%26%C3%A9, basic czNjcmV0LybDqQ=="
    assert masked(text, vault.handed_out) == f"raw {MASK}, url {MASK}, basic {MASK}"
    assert MASK in masked("Authorization: Bearer abc.def", ())
    assert "abc1" not in masked("GET https://h/x?token=abc1&y=1", ())
    assert "pw" not in masked("https://user:pw@host/", ())


def test_shout() -> None:
    assert shout("my charts-2.é") == "MY_CHARTS_2__"
