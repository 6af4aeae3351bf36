"""Where keys come from, which may be used for what, and that none of it is shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from exchanges.instrument import Venue
from tasks.errors import KeyRefused, SettingMissing, SettingsRefused
from tasks.executor import run_executor
from tasks.paper_desk import MemorySwitches
from tasks.settings import Mode, Settings
from tasks.settings_description import describe
from tasks.settings_loading import load_settings
from tasks.venue_keys.key_sources import desk_keys, key_file, key_source
from tasks.venue_keys.permission import Permission
from tasks.venue_settings import KeySourceName
from tests.tasks import executors as simulated
from tests.tasks.executors import executor_here, served_venues
from tests.tasks.venue_keys.fake_vault import running_fake_vault
from tests.tasks.venue_keys.fake_venues import RESTRICTIONS, FakeVenues, running_fake_venues
from tests.tasks.venue_keys.samples import (
    ACCESS,
    PASSPHRASE,
    SECRET,
    TOKEN,
    a_clock,
    a_key,
    assert_no_secret,
    hidden,
    logged,
)

DESK_VENUES = (Venue.UPBIT, Venue.BINANCE)
HERE = "http://127.0.0.1:1"
FILE = KeySourceName.FILE
READ, TRADE = Permission.READ, Permission.TRADE


@pytest.fixture
async def venues() -> AsyncIterator[FakeVenues]:
    async with running_fake_venues() as running:
        yield running


def settings_here(home: Path, **changes: Any) -> Settings:
    """Paper mode, the venues on this machine."""
    return Settings(home=home, upbit_url=HERE, binance_url=HERE, **changes)


def set_in_environment(**changes: str) -> dict[str, Any]:
    return {
        "upbit_access_key": hidden(ACCESS),
        "upbit_secret_key": hidden(SECRET),
        "binance_access_key": hidden(ACCESS),
        "binance_secret_key": hidden(SECRET),
        **changes,
    }


def store(settings: Settings, *permissions: str) -> None:
    """One key a venue of the desk for each of ``permissions``."""
    for declared in permissions:
        for venue in DESK_VENUES:
            key_file(settings, a_clock()).add(a_key(venue, declared[-1], declared))


def test_the_default_is_the_environment(tmp_path: Path) -> None:
    settings = settings_here(tmp_path, **set_in_environment())

    keys = desk_keys(settings, DESK_VENUES, TRADE, a_clock())

    assert [key.name for key in keys.values()] == ["environment", "environment"]
    assert keys[Venue.UPBIT].credentials == a_key().credentials
    assert_no_secret(keys, key_source(settings, a_clock()))


def test_a_key_that_is_not_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingMissing) as caught:
        desk_keys(settings_here(tmp_path), DESK_VENUES, READ, a_clock())

    assert str(caught.value) == (
        "upbit_access_key: expected a key, set KIMP_UPBIT_ACCESS_KEY and KIMP_UPBIT_SECRET_KEY"
    )


def test_the_file_is_a_source(tmp_path: Path) -> None:
    settings = settings_here(tmp_path, key_source=FILE, keys_passphrase=hidden(PASSPHRASE))
    with pytest.raises(KeyRefused, match="add it with `kimp keys add upbit`"):
        desk_keys(settings, DESK_VENUES, READ, a_clock())

    store(settings, "read,trade")

    assert desk_keys(settings, DESK_VENUES, TRADE, a_clock()) == {
        venue: a_key(venue, "e") for venue in DESK_VENUES
    }
    assert_no_secret(key_source(settings, a_clock()), key_file(settings, a_clock()))


def test_vault_is_a_source(tmp_path: Path) -> None:
    with running_fake_vault() as vault:
        for venue in DESK_VENUES:
            vault.secrets[f"kimp/{venue}"] = {
                "access_key": ACCESS,
                "secret_key": SECRET,
                "permissions": "read",
            }
        settings = settings_here(
            tmp_path,
            key_source=KeySourceName.VAULT,
            vault_url=vault.url,
            vault_token=hidden(TOKEN),
        )

        keys = desk_keys(settings, DESK_VENUES, READ, a_clock())

        assert {key.name for key in keys.values()} == {"vault"}
        with pytest.raises(KeyRefused, match=r"declared for reading only.*read,trade$"):
            desk_keys(settings, DESK_VENUES, TRADE, a_clock())


def test_a_key_declared_for_reading_is_never_handed_out_for_trading(tmp_path: Path) -> None:
    from_file = settings_here(tmp_path, key_source=FILE)
    store(from_file, "read")
    from_environment = settings_here(tmp_path, **set_in_environment(binance_key_permissions="read"))

    for settings in (from_file, from_environment):
        assert len(desk_keys(settings, DESK_VENUES, READ, a_clock())) == 2
        with pytest.raises(KeyRefused, match="declared for reading only") as caught:
            desk_keys(settings, DESK_VENUES, TRADE, a_clock())
        assert_no_secret(caught.value)


def test_a_look_is_taken_with_the_key_that_trades(tmp_path: Path) -> None:
    settings = settings_here(tmp_path, key_source=FILE)
    store(settings, "read", "read,trade")

    keys = desk_keys(settings, DESK_VENUES, READ, a_clock())

    assert all(key.may_trade for key in keys.values())


def test_a_stored_key_does_not_leave_the_machine_in_paper_mode(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, key_source=FILE)
    store(settings, "read,trade")

    with pytest.raises(KeyRefused, match="expected no venue key in paper mode"):
        desk_keys(settings, DESK_VENUES, READ, a_clock())


async def refused_start(settings: Settings) -> KeyRefused:
    """What an executor says that does not begin to trade."""
    with pytest.raises(KeyRefused) as caught:
        async with asyncio.timeout(20):
            await run_executor(
                settings,
                switches=MemorySwitches(),
                on_decided=lambda *_: None,
                stop=asyncio.Event(),
            )
    return caught.value


async def test_the_executor_does_not_start_with_a_key_for_reading(
    venues: FakeVenues, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = venues.settings(tmp_path, key_source=FILE)
    store(settings, "read")

    error = await refused_start(settings)

    assert str(error).endswith(
        "is declared for reading only, and the desk trades only with a key declared read,trade"
    )
    assert venues.asked == []
    assert_no_secret(error, logged(caplog))


async def test_the_executor_does_not_start_with_a_key_that_can_withdraw(
    venues: FakeVenues, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    venues.binance = 200, RESTRICTIONS | {"enableWithdrawals": True}

    error = await refused_start(venues.settings(tmp_path, **set_in_environment()))

    assert "can withdraw (Binance says enableWithdrawals true)" in str(error)
    assert_no_secret(error, logged(caplog))


async def test_the_executor_trades_with_keys_from_the_file(tmp_path: Path) -> None:
    unset = dict.fromkeys(
        f"{venue}_{part}_key" for venue in DESK_VENUES for part in ("access", "secret")
    )
    async with served_venues(tmp_path) as served:
        settings = served.settings.model_copy(
            update={
                **unset,
                "mode": Mode.LIVE,
                "key_source": FILE,
                "binance_spot_url": served.settings.binance_url,
                "allow_unchecked_keys": True,  # a simulator has nothing to withdraw
            }
        )
        for venue in DESK_VENUES:
            pair = {"access": simulated.KEY, "secret": simulated.SECRET}
            key_file(settings, a_clock()).add(a_key(venue, **pair))
        async with executor_here(settings) as client:
            outcome = await client.submit(
                served.signal(action="ENTER", quantity="0.01").to_json(), door="fast"
            )

    assert outcome.settled.status == "hedged"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("UPBIT_KEY_PERMISSIONS", "read,withdraw", "expected a key that cannot withdraw"),
        ("BINANCE_KEY_PERMISSIONS", "write", "expected read or read,trade, got 'write'"),
        ("KEY_SOURCE", "paper", "expected environment or file or vault, got 'paper'"),
        ("VAULT_URL", "http://vault.example:8200", "expected an address such as https://vault."),
    ],
)
def test_settings_of_keys_are_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    monkeypatch.setenv(f"KIMP_{name}", value)

    with pytest.raises(SettingsRefused) as caught:
        load_settings()

    assert str(caught.value).startswith(f"KIMP_{name}: ")
    assert sentence in str(caught.value)


def test_no_secret_setting_is_shown(tmp_path: Path) -> None:
    settings = settings_here(
        tmp_path,
        **set_in_environment(),
        hyperliquid_url=HERE,
        hyperliquid_access_key=hidden(ACCESS),
        hyperliquid_secret_key=hidden(SECRET),
        keys_passphrase=hidden(PASSPHRASE),
        vault_token=hidden(TOKEN),
    )

    assert_no_secret(
        settings, settings.model_dump_json(), settings.model_dump(), describe(settings)
    )


def test_a_refused_setting_does_not_show_the_others() -> None:
    with pytest.raises(ValidationError) as one:
        Settings(upbit_access_key=SECRET)
    with pytest.raises(ValidationError) as unknown:
        Settings(**set_in_environment(unheard_of="1"))

    assert_no_secret(one.value, unknown.value)
