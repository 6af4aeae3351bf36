"""Volumes out of candles, wallets out of networks, and replies that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.binance import market_state as binance
from exchanges.errors import BadReply
from exchanges.hyperliquid import market_state as hyperliquid
from exchanges.instrument import Venue
from exchanges.market_state import MarketState, VolumeBar, market_state
from exchanges.reply import Fields
from exchanges.upbit import market_state as upbit

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 0, 10**30, 1.5, "", "x", "NaN", "Infinity", "-1", "1e999999999", [], {}, [[]]]
)


def bar(minutes_ago: int, volume: str = "1") -> VolumeBar:
    return VolumeBar(NOW - minutes_ago * MINUTE, Decimal(volume))


def volumes(*bars: VolumeBar) -> tuple[Decimal | None, Decimal]:
    state = market_state("BTC", bars, NOW, is_trading=True)
    return state.volume_24h, state.volume_recent


def upbit_state(wallets: list[dict[str, Any]], candle: dict[str, Any]) -> MarketState:
    def read(row: dict[str, Any]) -> Fields:
        return Fields(Venue.UPBIT, "row", row)

    market = read({"state": "active"})
    return upbit.parse_state(
        "BTC", "KRW-BTC", market, [read(row) for row in wallets], [read(candle)], NOW
    )


CANDLE = {
    "market": "KRW-BTC",
    "candle_date_time_utc": "2026-01-31T09:20:00",
    "candle_acc_trade_volume": Decimal("1.5"),
}


def test_candle_of_the_last_twenty_minutes_is_recent_in_any_order() -> None:
    assert volumes(bar(0, "1"), bar(21, "4"), bar(20, "2"))[1] == 3


def test_day_is_whole_with_a_candle_from_its_first_hour_or_before() -> None:
    assert volumes(bar(23 * 60 - 1), bar(5))[0] is None
    assert volumes(bar(23 * 60), bar(5))[0] == 2
    assert volumes(bar(30 * 60), bar(5))[0] == 1


def test_market_without_candles_has_traded_nothing() -> None:
    assert volumes() == (None, Decimal(0))


@pytest.mark.parametrize(
    ("states", "is_open"),
    [
        (["working"], True),
        (["paused", "working"], True),
        (["withdraw_only", "deposit_only"], False),
        (["unsupported"], False),
        ([], None),
    ],
)
def test_one_network_that_works_both_ways_is_enough(
    states: list[str], is_open: bool | None
) -> None:
    others = {"currency": "ETH", "wallet_state": "working"}
    rows = [{"currency": "BTC", "wallet_state": state} for state in states]

    assert upbit_state([others, *rows], CANDLE).wallet_open is is_open


@pytest.mark.parametrize("name", list(CANDLE))
@given(odd=ODD)
def test_candle_of_nonsense_is_no_answer_of_upbit(name: str, odd: object) -> None:
    try:
        state = upbit_state([], {**CANDLE, name: odd})
    except BadReply:
        return
    assert name == "candle_acc_trade_volume"
    assert state.volume_recent >= 0


@given(row=st.one_of(ODD, st.lists(ODD, min_size=6, max_size=6)))
def test_candle_of_nonsense_is_no_answer_of_binance(row: object) -> None:
    info = Fields(Venue.BINANCE, "info", {"symbols": [{"symbol": "BTCUSDT", "status": "TRADING"}]})
    try:
        state = binance.parse_state("BTC", "BTCUSDT", info, [row], NOW)
    except BadReply:
        return
    assert state.volume_recent >= 0


@given(start=ODD, volume=ODD, coin=ODD)
def test_candle_of_nonsense_is_no_answer_of_hyperliquid(
    start: object, volume: object, coin: object
) -> None:
    row = Fields(Venue.HYPERLIQUID, "row", {"t": start, "v": volume, "s": coin, "i": "5m"})

    with pytest.raises(BadReply):
        hyperliquid.parse_state("BTC", "BTC", True, [row], NOW)
