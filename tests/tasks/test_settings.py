"""Every setting is explained, a wrong one gets one sentence, and no secret is ever shown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tasks.errors import SettingsRefused
from tasks.settings import Mode, Settings
from tasks.settings_description import MASK, describe
from tasks.settings_loading import load_settings


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own and no setting from outside."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KIMP_{name.upper()}", raising=False)
    monkeypatch.delenv("KIMP_SETTINGS_FILE", raising=False)
    monkeypatch.setenv("KIMP_HOME", str(tmp_path))
    return tmp_path


def refusal() -> str:
    with pytest.raises(SettingsRefused) as caught:
        load_settings()
    return str(caught.value)


def test_without_any_source_the_defaults_hold(own_home: Path) -> None:
    settings = load_settings()

    assert settings.mode is Mode.PAPER
    assert settings.home == own_home
    assert settings.reserve_pct == Decimal(5)


def test_the_environment_is_stronger_than_the_file(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / "settings.toml").write_text('max_open_pairs = 3\nmin_net_profit_krw = "1000.5"\n')
    monkeypatch.setenv("KIMP_MAX_OPEN_PAIRS", "2")

    settings = load_settings()

    assert settings.max_open_pairs == 2
    assert settings.min_net_profit_krw == Decimal("1000.5")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "KIMP_MAX_OPEN_PAIRS",
            "many",
            "KIMP_MAX_OPEN_PAIRS: expected a whole number from 1 to 100, got 'many'",
        ),
        (
            "KIMP_MAX_PAIR_NOTIONAL_KRW",
            "-5",
            "KIMP_MAX_PAIR_NOTIONAL_KRW: expected a number above 0, got '-5'",
        ),
        ("KIMP_MODE", "demo", "KIMP_MODE: expected paper or live, got 'demo'"),
        (
            "KIMP_OPERATOR_MAY_TRADE",
            "maybe",
            "KIMP_OPERATOR_MAY_TRADE: expected true or false, got 'maybe'",
        ),
        (
            "KIMP_UPBIT_URL",
            "api.upbit.com",
            "KIMP_UPBIT_URL: expected an address such as https://api.upbit.com, "
            "got 'api.upbit.com'",
        ),
        (
            "KIMP_FAST_DOOR",
            "8700",
            "KIMP_FAST_DOOR: expected HOST:PORT such as 127.0.0.1:8700, got '8700'",
        ),
        (
            "KIMP_SYMBOLS",
            '["btc"]',
            "KIMP_SYMBOLS: expected upper-case coin names such as [\"BTC\"], got ['btc']",
        ),
        (
            "KIMP_SYMBOLS",
            "BTC",
            "KIMP_SYMBOLS: expected a list such as [\"BTC\"] in JSON, got 'BTC'",
        ),
        (
            "KIMP_SETTINGS_FILE",
            "/nowhere/desk.toml",
            "KIMP_SETTINGS_FILE: expected an existing file, got /nowhere/desk.toml",
        ),
    ],
)
def test_a_wrong_variable_gets_one_sentence(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    assert refusal() == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_opn_pairs = 3", "max_opn_pairs in {file}: there is no such setting"),
        (
            "reserve_pct = 101",
            "reserve_pct in {file}: expected a number from 0 to 100, got 101",
        ),
        ("reserve_pct = ", "{file}: expected TOML: Invalid value (at end of document)"),
        (
            "max_fx_age_s = 30",
            "fx_poll_s and max_fx_age_s: expected the first to be the shorter time, "
            "got 60.0 and 30.0",
        ),
        (
            "max_pair_notional_krw = 300000000",
            "max_pair_notional_krw and max_total_notional_krw: expected one pair to be at most "
            "the total, got 300000000 and 200000000",
        ),
        (
            'binance_adapter = "ccxt"\nbinance_order_entry = "websocket"',
            "binance_adapter and binance_order_entry: expected rest unless the adapter is direct, "
            "got ccxt and websocket",
        ),
        (
            'upbit_access_key = "abc"',
            "upbit_access_key and upbit_secret_key: expected both or neither, got one",
        ),
    ],
)
def test_a_wrong_line_of_the_file_gets_one_sentence(
    text: str, sentence: str, own_home: Path
) -> None:
    file = own_home / "settings.toml"
    file.write_text(text)

    assert refusal() == sentence.format(file=file)


def test_a_contradiction_made_in_the_environment_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KIMP_BOOK_POLL_MS", "5000")

    assert refusal() == (
        "KIMP_BOOK_POLL_MS and max_book_age_ms: expected the first to be the shorter time, "
        "got 5000 and 1500"
    )


def test_paper_mode_never_takes_real_keys_to_a_real_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIMP_BINANCE_ACCESS_KEY", "k-very-secret")
    monkeypatch.setenv("KIMP_BINANCE_SECRET_KEY", "s-very-secret")

    sentence = refusal()

    assert "expected no venue key in paper mode" in sentence
    assert "very-secret" not in sentence


def test_a_wrong_secret_is_refused_without_being_shown(own_home: Path) -> None:
    (own_home / "settings.toml").write_text("upbit_secret_key = 12345678")

    sentence = refusal()

    assert sentence.startswith("upbit_secret_key in ")
    assert "12345678" not in sentence


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_description_masks_secrets_and_names_each_source(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_home / "settings.toml").write_text("max_open_pairs = 3")
    monkeypatch.setenv("KIMP_UPBIT_ACCESS_KEY", "k-very-secret")
    monkeypatch.setenv("KIMP_UPBIT_SECRET_KEY", "s-very-secret")
    monkeypatch.setenv("KIMP_UPBIT_URL", "http://127.0.0.1:9")

    lines = {line.name: line for line in describe(load_settings())}

    assert lines["upbit_access_key"].value == lines["upbit_secret_key"].value == MASK
    assert "very-secret" not in repr(lines)
    assert lines["binance_access_key"].value == "-"
    assert lines["max_open_pairs"].source == "settings.toml"
    assert lines["upbit_url"].source == "KIMP_UPBIT_URL"
    assert lines["reserve_pct"].source == "default"


def test_the_operator_key_may_trade_in_paper_and_not_in_live_unless_told() -> None:
    assert load_settings().operator_trades
    assert not load_settings(mode="live").operator_trades
    assert load_settings(mode="live", operator_may_trade=True).operator_trades


def test_a_settings_file_that_is_no_text_is_told_in_one_sentence(own_home: Path) -> None:
    (own_home / "settings.toml").write_bytes(b"max_open_pairs = \xff3")

    with pytest.raises(SettingsRefused, match="expected UTF-8 text"):
        load_settings()
