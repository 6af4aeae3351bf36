"""A world in which everything is well, and the one change that makes it not so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.book import Executable
from exchanges.instrument import Venue
from exchanges.rules import Rules, TickBand
from tasks.capital import Capital
from tasks.circuit_breaker import CircuitState
from tasks.gate_facts import Door, GateFacts, LegFacts, SignerFacts, Switches
from tasks.pair import LegName
from tasks.settings import Settings
from tasks.signal import Signal

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SETTINGS = Settings(symbols=("BTC",))

Change = Callable[[GateFacts], GateFacts]


def rules(step: str, min_quantity: str, min_notional: str) -> Rules:
    return Rules(
        symbol="BTC",
        tick_bands=(TickBand(Decimal(0), Decimal(1)),),
        quantity_step=Decimal(step),
        min_quantity=Decimal(min_quantity),
        max_market_quantity=Decimal(100),
        min_notional=Decimal(min_notional),
        maker_fee=Decimal(0),
        taker_fee=Decimal("0.0005"),
        is_trading=True,
    )


def leg_facts(venue: Venue, leg_rules: Rules, value: str) -> LegFacts:
    quantity = Decimal("0.01")
    return LegFacts(
        venue=venue,
        quote="KRW" if venue is Venue.UPBIT else "USDT",
        circuit=CircuitState.CLOSED,
        clock_offset_ms=5,
        clock_problem=None,
        book_age_ms=100,
        book_crossed=False,
        rules=leg_rules,
        executable=Executable(quantity, Decimal(value), Decimal(value) / quantity),
        order_room=1,
        touch=Decimal(value) / quantity,
    )


def signal(**fields: Any) -> Signal:
    return Signal.model_validate(
        {
            "id": "s-1",
            "action": "ENTER",
            "symbol": "BTC",
            "quantity": "0.01",
            "created_at": NOW - timedelta(milliseconds=100),
            "key_id": "alpha",
            "signature": "ab",
            **fields,
        }
    )


def leaving(**fields: Any) -> Signal:
    return signal(action="EXIT", quantity=None, **fields)


# Everything is well: 0.01 BTC for 1,400,000 KRW against 1,000 USDT.
GOOD = GateFacts(
    signal=signal(),
    door=Door.PREFECT,
    now=NOW,
    settings=SETTINGS,
    seen_before=False,
    signer=SignerFacts(is_trusted=True, signature_fits=True, is_operator=False),
    switches=Switches({"entry/live": False, "signal-intake/live": False}, 0.2),
    killed=None,
    lease_held=True,
    not_ready=None,
    legs={
        LegName.SPOT: leg_facts(Venue.UPBIT, rules("0.00000001", "0.00000001", "5000"), "1400000"),
        LegName.PERPETUAL: leg_facts(Venue.BINANCE, rules("0.001", "0.001", "100"), "1000"),
    },
    krw_per_usd=Decimal(1_390),
    fx_age_s=30.0,
    krw_per_usdt=Decimal(1_400),
    tether_age_s=1.0,
    quantity=Decimal("0.01"),
    premium_pct=Decimal("1.5"),
    capital=Capital(
        krw_spendable=Decimal(10_000_000),
        usdt_spendable=Decimal(10_000),
        free_coin=Decimal(1),
        total_krw=Decimal(30_000_000),
        open_notional_krw=Decimal(0),
        day_result_krw=Decimal(0),
    ),
    open_pairs=0,
    naked_pair_id=None,
)


def facts(**changes: Any) -> Change:
    return lambda good: replace(good, **changes)


def spot(**changes: Any) -> Change:
    return lambda good: _with_leg(good, LegName.SPOT, changes)


def perpetual(**changes: Any) -> Change:
    return lambda good: _with_leg(good, LegName.PERPETUAL, changes)


def _with_leg(good: GateFacts, name: LegName, changes: dict[str, Any]) -> GateFacts:
    return replace(good, legs={**good.legs, name: replace(good.legs[name], **changes)})


def capital(**changes: Any) -> Change:
    def change(good: GateFacts) -> GateFacts:
        assert good.capital is not None
        return replace(good, capital=replace(good.capital, **changes))

    return change


def settings(**changes: Any) -> Change:
    return facts(settings=SETTINGS.model_copy(update=changes))


def paused(name: str) -> Change:
    return facts(switches=Switches({name: True}, 0.2))


def sized(quantity: str, spot_value: str, perpetual_value: str) -> Change:
    def executable(value: str) -> Executable:
        return Executable(Decimal(quantity), Decimal(value), Decimal(1))

    def change(good: GateFacts) -> GateFacts:
        good = spot(executable=executable(spot_value), touch=Decimal(1))(good)
        good = perpetual(executable=executable(perpetual_value), touch=Decimal(1))(good)
        return replace(good, quantity=Decimal(quantity))

    return change


def signer(**changes: Any) -> Change:
    return facts(signer=replace(GOOD.signer, **changes))


SHORT = signal(direction="short_premium")
