"""Every setting of the desk: name, unit, default, meaning.

Sources, strongest first: arguments, ``KIMP_…`` environment variables (``KIMP_MAX_OPEN_PAIRS=3``;
lists as JSON), the TOML file named by ``KIMP_SETTINGS_FILE`` (else ``$KIMP_HOME/settings.toml``
when it exists; ``max_open_pairs = 3``), the defaults below. Unknown names in the file are refused.
:func:`tasks.settings_loading.load_settings` turns whatever is wrong into one sentence.
"""

from __future__ import annotations

import os
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tasks.alert_settings import AlertSettings
from tasks.backup_settings import BackupSettings
from tasks.database_settings import DatabaseSettings
from tasks.door_settings import DoorSettings
from tasks.executor_settings import ExecutorSettings
from tasks.setting_types import (
    LOOPBACK,
    Bps,
    Coin,
    HttpAddress,
    Maintenance,
    Milliseconds,
    Percent,
    PositiveKrw,
    Seconds,
    SignedPercent,
)
from tasks.venue_settings import VenueSettings


class Mode(StrEnum):
    PAPER = "paper"
    LIVE = "live"


class Basis(StrEnum):
    """What one USDT is worth in KRW when money of both legs is added up."""

    TETHER = "tether"
    FX = "fx"


def settings_file() -> Path:
    """The TOML file that would be read; it need not exist."""
    named = os.environ.get("KIMP_SETTINGS_FILE")
    return Path(named) if named else Path(os.environ.get("KIMP_HOME", "var")) / "settings.toml"


# A value that is read less often than it goes stale would be stale for ever. The factor turns the
# first into the second's unit.
_SMALLER_THAN = (
    ("book_poll_ms", "max_book_age_ms", 1),
    ("fx_poll_s", "max_fx_age_s", 1),
    ("switch_poll_ms", "switch_silence_s", 0.001),
    ("settle_poll_ms", "settle_timeout_s", 0.001),
)


class Settings(
    AlertSettings,
    BackupSettings,
    DatabaseSettings,
    DoorSettings,
    ExecutorSettings,
    VenueSettings,
    BaseSettings,
):
    """Frozen; built once per process and handed down."""

    model_config = SettingsConfigDict(
        env_prefix="KIMP_",
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        hide_input_in_errors=True,  # the input holds the keys
    )

    home: Path = Field(Path("var"), description="Folder of all state: journal, books, keys, logs.")
    mode: Mode = Field(Mode.PAPER, description="paper: simulated venues. live: real ones.")
    symbols: tuple[str, ...] = Field(("BTC",), description="Coins the desk may trade.")
    maintenance_windows: tuple[Maintenance, ...] = Field(
        (),
        description="Announced maintenance: no entries from one hour before its start to its end. "
        'Each as "upbit 2026-12-01T01:00+09:00/2026-12-01T05:00+09:00".',
    )

    fx_url: HttpAddress = Field(
        "https://crix-api-cdn.upbit.com/v1/forex/recent?codes=FRX.KRWUSD",
        description="Bank rate, KRW per USD, in Upbit CRIX shape.",
    )
    operator_may_trade: bool | None = Field(
        None, description="May the desk's own operator key trade? Unset: paper yes, live no."
    )
    basis: Basis = Field(Basis.TETHER, description="What decides profit and premium: tether or fx.")
    min_net_profit_krw: Decimal = Field(
        Decimal(0), ge=0, description="A pair closes only above this net profit, KRW."
    )
    auto_exit_profit_bps: Bps = Field(
        100, description="Automatic exit at this net profit, basis points of the entry value."
    )
    default_slippage_bps: Bps = Field(
        20, description="Bound on each leg's price when a signal names none, basis points."
    )
    reserve_pct: Percent = Field(
        Decimal(5), description="Share of each venue's capital kept out of entries, percent."
    )
    max_open_pairs: int = Field(5, ge=1, le=100, description="Pairs open at once.")
    max_pair_notional_krw: PositiveKrw = Field(
        Decimal(50_000_000), description="Largest spot value of one pair, KRW."
    )
    max_total_notional_krw: PositiveKrw = Field(
        Decimal(200_000_000), description="Largest spot value of all open pairs, KRW."
    )
    daily_loss_limit_pct: Percent = Field(
        Decimal(3), description="Loss of a KST day that stops entries, percent of capital."
    )
    perpetual_leverage: int = Field(
        1, ge=1, le=20, description="Margin an entry must find free: value divided by this."
    )

    max_book_age_ms: Milliseconds = Field(1_500, description="An older book is stale.")
    max_book_skew_ms: Milliseconds = Field(
        1_000, description="Largest difference in age between both books."
    )
    max_fx_age_s: Seconds = Field(300, description="An older bank rate is stale.")
    max_rates_apart_pct: Percent = Field(
        Decimal(10),
        description="A dollar coin further than this from the bank's dollar is no rate, percent.",
    )
    max_clock_offset_ms: Milliseconds = Field(
        1_000, description="Largest distance of our clock from a venue's."
    )
    max_signal_lead_ms: Milliseconds = Field(
        1_000, description="A signal dated further in the future is refused."
    )
    book_poll_ms: Milliseconds = Field(250, description="How often each book is read.")
    balance_poll_s: Seconds = Field(5, description="How often balances are read.")
    fx_poll_s: Seconds = Field(60, description="How often the bank rate is read.")
    rules_poll_s: Seconds = Field(
        60, description="How often trading rules and market states are read again."
    )
    request_timeout_ms: Milliseconds = Field(3_000, description="A venue's time to answer.")
    settle_poll_ms: Milliseconds = Field(
        50, description="First pause between two looks at an order that is not final."
    )
    settle_timeout_s: Seconds = Field(
        10, description="How long an order may stay undecided before it counts as unknown."
    )
    unknown_grace_s: Seconds = Field(
        3, description="How long 'no such order' may still mean 'not visible yet'."
    )
    recovery_delays_s: tuple[Seconds, ...] = Field(
        (1.0, 2.0, 4.0), description="Pauses before each retry of a missing leg."
    )
    max_recovery_cost_bps: Bps = Field(
        100,
        description="A retried leg may cost this much against its decided price, fee included, "
        "and never more than undoing the other leg.",
    )
    forced_close_floor_pct: SignedPercent = Field(
        Decimal(-1),
        description="After a forced close coin is not sold below this premium, percent.",
    )
    forced_close_ceiling_pct: SignedPercent = Field(
        Decimal(10), description="Nor bought back above this premium after one, percent."
    )
    margin_warning_pct: Percent = Field(
        Decimal(30), description="Warn when a liquidation price is this near its mark, percent."
    )
    margin_critical_pct: Percent = Field(
        Decimal(15), description="So near, isolated margin is added from the reserve, percent."
    )
    circuit_failures: int = Field(5, ge=1, description="Failures in a row that open a circuit.")
    circuit_reset_s: Seconds = Field(30, description="Until an open circuit lets one probe pass.")
    switch_poll_ms: Milliseconds = Field(250, description="How often Prefect's switches are read.")
    switch_silence_s: Seconds = Field(5, description="No word from Prefect this long: no entries.")
    position_tolerance: Coin = Field(
        Decimal("0.0001"), description="Positions agree below this difference, coin."
    )

    @field_validator("symbols")
    @classmethod
    def _symbols_are_coins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or any(not coin.isalnum() or coin != coin.upper() for coin in value):
            raise ValueError('expected upper-case coin names such as ["BTC"]')
        return value

    @model_validator(mode="after")
    def _pairs_of_fields_fit(self) -> Self:
        """Two settings that are each right can be wrong together; each sentence names both."""
        for venue in ("upbit", "binance", "hyperliquid"):
            access, secret = f"{venue}_access_key", f"{venue}_secret_key"
            if (getattr(self, access) is None) != (getattr(self, secret) is None):
                raise ValueError(f"{access} and {secret}: expected both or neither, got one")
            address = getattr(self, f"{venue}_url")
            is_real = urlsplit(address).hostname not in LOOPBACK
            if self.mode is Mode.PAPER and is_real and getattr(self, access) is not None:
                raise ValueError(
                    f"mode and {access}: expected no venue key in paper mode unless {venue}_url is "
                    "a simulator on this machine, got one for a real venue"
                )
        if self.binance_adapter != "direct" and self.binance_order_entry != "rest":
            raise ValueError(
                "binance_adapter and binance_order_entry: expected rest unless the adapter is "
                f"direct, got {self.binance_adapter} and {self.binance_order_entry}"
            )
        for smaller, larger, factor in _SMALLER_THAN:
            if getattr(self, smaller) * factor >= getattr(self, larger):
                raise ValueError(
                    f"{smaller} and {larger}: expected the first to be the shorter time, "
                    f"got {getattr(self, smaller)} and {getattr(self, larger)}"
                )
        if self.margin_critical_pct >= self.margin_warning_pct:
            raise ValueError(
                "margin_critical_pct and margin_warning_pct: expected the first to be the smaller, "
                f"got {self.margin_critical_pct} and {self.margin_warning_pct}"
            )
        if self.max_pair_notional_krw > self.max_total_notional_krw:
            raise ValueError(
                "max_pair_notional_krw and max_total_notional_krw: expected one pair to be at most "
                f"the total, got {self.max_pair_notional_krw} and {self.max_total_notional_krw}"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=settings_file()),
        )

    @property
    def operator_trades(self) -> bool:
        """The effective value of ``operator_may_trade``."""
        if self.operator_may_trade is None:
            return self.mode is Mode.PAPER
        return self.operator_may_trade

    @property
    def journal_dir(self) -> Path:
        return self.home / "journal"

    @property
    def warehouse_file(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @property
    def password_file(self) -> Path:
        """The Prefect server's ``USER:PASSWORD``."""
        return self.prefect_auth_file or self.keys_dir / "prefect-auth"

    @property
    def socket_file(self) -> Path:
        return self.home / "run" / "executor.sock"

    @property
    def limits_dir(self) -> Path:
        """What every process of this home has used of the venues' rate limits, a file a venue."""
        return self.home / "run" / "limits"

    @property
    def executor_runs_dir(self) -> Path:
        """Which process each run of the executor lives in, a file a run."""
        return self.home / "run" / "executors"

    @property
    def logs_dir(self) -> Path:
        return self.home / "logs"

    @property
    def backups_dir(self) -> Path:
        """The effective value of ``backup_dir``."""
        return self.backup_dir or self.home / "backups"

    @property
    def prefect_dir(self) -> Path:
        return self.home / "prefect"
