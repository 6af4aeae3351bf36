"""Keys from HashiCorp Vault, by its real client against a server that speaks its HTTP API."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.errors import DeskError, KeyRefused, SettingMissing
from tasks.settings import Settings
from tasks.venue_keys.vault_source import VaultSource
from tests.tasks.venue_keys.fake_vault import MOUNT, FakeVault, running_fake_vault
from tests.tasks.venue_keys.samples import ACCESS, SECRET, TOKEN, assert_no_secret, hidden, logged

STORED = {"access_key": ACCESS, "secret_key": SECRET, "permissions": "read,trade"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with running_fake_vault() as running:
        running.secrets["kimp/upbit"] = dict(STORED)
        yield running


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Vault of whoever runs the tests."""
    for name in ("VAULT_TOKEN", "VAULT_ADDR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def a_source(url: str, tmp_path: Path, **settings: Any) -> VaultSource:
    return VaultSource(
        Settings(home=tmp_path, vault_url=url, **({"vault_token": hidden(TOKEN)} | settings))
    )


def refused(act: Callable[[], object], caplog: pytest.LogCaptureFixture) -> str:
    """The one sentence; no secret is in the error, its traceback or the log."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(DeskError) as caught:
        act()
    assert_no_secret(caught.value, logged(caplog))
    return str(caught.value)


def test_a_key_is_read_from_the_path_of_its_venue(vault: FakeVault, tmp_path: Path) -> None:
    source = a_source(vault.url, tmp_path)

    [key] = source.keys(Venue.UPBIT)

    assert (key.credentials.access_key, key.credentials.secret_key) == (ACCESS, SECRET)
    assert (key.venue, key.name, key.declared) == (Venue.UPBIT, "vault", "read,trade")
    assert key.created_at == datetime(2026, 11, 2, 10, 11, 12, 123456, tzinfo=UTC)
    assert vault.asked == [f"{MOUNT}kimp/upbit"]
    assert_no_secret(source, key)


def test_mount_and_path_are_settings(vault: FakeVault, tmp_path: Path) -> None:
    source = a_source(vault.url, tmp_path, vault_mount="trading/kv", vault_path="desk/one")

    assert source.keys(Venue.BINANCE) == ()

    assert vault.asked == ["/v1/trading/kv/data/desk/one/binance"]


def test_the_token_may_stand_in_a_private_file(
    vault: FakeVault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    given = {"vault_token": None, "vault_token_file": file}

    assert len(a_source(vault.url, tmp_path, **given).keys(Venue.UPBIT)) == 1

    file.chmod(0o644)
    sentence = refused(lambda: a_source(vault.url, tmp_path, **given), caplog)
    assert f"run chmod 600 {file}" in sentence


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_told(
    tmp_path: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)

    sentence = refused(
        lambda: a_source("http://127.0.0.1:1", tmp_path, vault_token=None, vault_token_file=file),
        caplog,
    )

    assert sentence == f"{file}: expected a Vault token, there is none"


def test_settings_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing, match="KIMP_VAULT_URL"):
        VaultSource(Settings(home=tmp_path))
    with pytest.raises(SettingMissing, match="KIMP_VAULT_TOKEN or KIMP_VAULT_TOKEN_FILE"):
        VaultSource(Settings(home=tmp_path, vault_url="https://vault.example:8200"))


def test_a_token_of_somebody_else_is_never_sent(
    vault: FakeVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    (tmp_path / ".vault-token").write_text(TOKEN)

    with pytest.raises(KeyRefused, match="not allowed to read it"):
        a_source(vault.url, tmp_path, vault_token=hidden("hvs.other")).keys(Venue.UPBIT)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_secret_that_is_not_there_is_a_missing_key(
    vault: FakeVault, tmp_path: Path, is_deleted: bool
) -> None:
    vault.secrets.clear()
    if is_deleted:
        vault.deleted.add("kimp/upbit")
    source = a_source(vault.url, tmp_path)

    assert source.keys(Venue.UPBIT) == ()

    assert str(source.missing(Venue.UPBIT)) == (
        f"Vault at {vault.url}, secret/kimp/upbit: expected the key of upbit, there is no secret"
    )


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((403, JSON, b'{"errors":["permission denied"]}'), "not allowed to read it (403)"),
        ((401, JSON, b'{"errors":["%s"]}' % TOKEN.encode()), "the token was refused (401)"),
        ((503, JSON, b'{"errors":["Vault is sealed"]}'), "sealed or under maintenance (503)"),
        ((501, JSON, b'{"errors":[]}'), "not initialised (501)"),
        ((429, JSON, b'{"errors":[]}'), "asked too often (429)"),
        ((500, JSON, b'{"errors":["%s"]}' % SECRET.encode()), "failed (InternalServerError)"),
        ((412, {}, SECRET.encode()), "it failed (UnexpectedError)"),
        ((307, {"Location": "http://127.0.0.1:1/"}, b""), "not of the key-value engine"),
        ((200, {}, f"<html>{SECRET}".encode()), "not of the key-value engine, version 2"),
        ((200, JSON, b"[]"), "not of the key-value engine, version 2"),
        ((200, JSON, b'{"data":{"access_key":"%s"}}' % ACCESS.encode()), "key-value engine"),
    ],
)
def test_whatever_vault_answers_is_one_sentence_without_secrets(
    vault: FakeVault,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    answer: tuple[int, dict[str, str], bytes],
    problem: str,
) -> None:
    vault.answer = answer

    sentence = refused(lambda: a_source(vault.url, tmp_path).keys(Venue.UPBIT), caplog)

    assert sentence.startswith(f"Vault at {vault.url}, secret/kimp/upbit: ")
    assert problem in sentence


def test_a_vault_that_is_not_there_or_mute_is_one_sentence(
    vault: FakeVault, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = a_source("http://127.0.0.1:1", tmp_path)
    assert "cannot be reached (ConnectionError)" in refused(lambda: gone.keys(Venue.UPBIT), caplog)

    vault.silent = threading.Event()
    mute = a_source(vault.url, tmp_path, request_timeout_ms=100)
    assert "cannot be reached (ReadTimeout)" in refused(lambda: mute.keys(Venue.UPBIT), caplog)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"permissions": "read,withdraw"}, "permissions: expected a key that cannot withdraw"),
        ({"permissions": "everything"}, "permissions: expected read or read,trade"),
        ({"permissions": None}, "expected the text field permissions"),
        ({"secret_key": 5}, "expected the text field secret_key"),
        ({"access_key": None}, "expected the text field access_key"),
        ({"secret_key": f"{SECRET} "}, "upbit secret key: expected 1 to 512 printable"),
    ],
)
def test_a_secret_that_is_no_key_is_one_sentence(
    vault: FakeVault,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
    problem: str,
) -> None:
    vault.secrets["kimp/upbit"] = STORED | change

    assert problem in refused(lambda: a_source(vault.url, tmp_path).keys(Venue.UPBIT), caplog)
