"""Whose keys the programs of a desk trade with, and which of them have any."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.desk_environment import KEY_VARIABLES, desk_environment, executor_environment
from deployments.up_lock import RunningDesk
from exchanges.credentials import Credentials
from exchanges.instrument import Venue
from tasks.settings import Settings
from tasks.venue_keys.key_sources import desk_keys
from tasks.venue_keys.permission import Permission
from tasks.venue_settings import KeySourceName
from tests.tasks.venue_keys.samples import a_clock

HERE = "http://127.0.0.1:1"
DESK = RunningDesk(1, "paper", HERE, upbit_url=HERE, binance_url=HERE, fx_url=HERE)


KEYS = {
    **{f"KIMP_{venue.upper()}_ACCESS_KEY": f"{venue}-access" for venue in Venue},
    **{f"KIMP_{venue.upper()}_SECRET_KEY": f"{venue}-secret" for venue in Venue},
    "KIMP_KEYS_PASSPHRASE": "a long passphrase",
    "KIMP_VAULT_TOKEN": "a-token",
}
"""Every variable that holds a venue key, or opens the place of one."""


def test_simulated_accounts_come_before_whatever_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_KEY_SOURCE", "file")
    monkeypatch.setenv("KIMP_UPBIT_KEY_PERMISSIONS", "read")
    venues = (Venue.UPBIT, Venue.BINANCE)
    made = {venue: Credentials(f"{venue}-access", "secret") for venue in venues}

    for name, value in executor_environment(Settings(home=tmp_path), DESK, made).items():
        monkeypatch.setenv(name, value)

    keys = desk_keys(Settings(), venues, Permission.TRADE, a_clock())
    assert {venue: key.credentials for venue, key in keys.items()} == made


def test_without_simulated_accounts_the_source_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMP_KEY_SOURCE", "file")
    monkeypatch.setenv("KIMP_KEYS_PASSPHRASE", "a long passphrase")
    monkeypatch.chdir(tmp_path)

    environment = executor_environment(
        Settings(home=tmp_path, vault_token_file=Path("token")), DESK, {}
    )

    assert environment["KIMP_KEY_SOURCE"] == KeySourceName.FILE
    assert environment["KIMP_KEYS_PASSPHRASE"] == "a long passphrase"
    assert environment["KIMP_VAULT_TOKEN_FILE"] == str(tmp_path / "token")
    assert "KIMP_UPBIT_ACCESS_KEY" not in environment


def test_only_the_executor_gets_the_keys_that_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    for name, value in {**KEYS, "kimp_upbit_secret_key": "in small letters"}.items():
        monkeypatch.setenv(name, value)

    executor = executor_environment(settings, DESK, {})
    others = desk_environment(settings, DESK)

    assert set(KEYS) == KEY_VARIABLES
    assert executor.items() >= KEYS.items()
    assert not {*KEYS.values(), "in small letters"} & set(others.values())
