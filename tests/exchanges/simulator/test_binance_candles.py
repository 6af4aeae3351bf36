"""Candles of the simulated Binance: made from the trades of the running market."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.simulator.binance.candles import INTERVALS, Candles, bar_end, bar_start
from tests.exchanges.simulator.binance_venue import SYMBOL, move_market, running_venue

MINUTE = 60_000
START = 1_793_588_640_000
"""A full minute."""

trades = st.lists(
    st.tuples(st.integers(0, 90_000), st.integers(1, 1_000), st.integers(1, 50), st.booleans()),
    min_size=1,
    max_size=40,
)
"""(milliseconds since the last one, price, quantity, buyer is maker)."""


@given(trades=trades, interval=st.sampled_from(INTERVALS))
def test_bars_hold_exactly_what_was_traded(
    trades: list[tuple[int, int, int, bool]], interval: str
) -> None:
    candles, time_ms = Candles(), START
    for gap, price, quantity, buyer_is_maker in trades:
        time_ms += gap
        candles.add(Decimal(price), Decimal(quantity), time_ms, buyer_is_maker=buyer_is_maker)

    bars = candles.bars(interval, time_ms)

    assert sum(bar.count for bar in bars) == len(trades)
    assert sum(bar.volume for bar in bars) == sum(quantity for _, _, quantity, _ in trades)
    assert sum(bar.value for bar in bars) == sum(price * qty for _, price, qty, _ in trades)
    assert sum(bar.bought for bar in bars) == sum(qty for _, _, qty, maker in trades if not maker)
    assert max(bar.high for bar in bars) == max(price for _, price, _, _ in trades)
    assert min(bar.low for bar in bars) == min(price for _, price, _, _ in trades)
    assert [bars[0].open, bars[-1].close] == [trades[0][1], trades[-1][1]]
    assert bars[-1].open_ms <= time_ms <= bar_end(interval, bars[-1].open_ms)
    for bar, following in pairwise(bars):
        assert bar_end(interval, bar.open_ms) + 1 == following.open_ms


@pytest.mark.parametrize(
    ("interval", "start"),
    [
        ("1m", "2026-11-19T13:47:00"),
        ("15m", "2026-11-19T13:45:00"),
        ("4h", "2026-11-19T12:00:00"),
        ("1d", "2026-11-19T00:00:00"),
        ("1w", "2026-11-16T00:00:00"),
        ("1M", "2026-11-01T00:00:00"),
    ],
)
def test_bars_begin_at_round_times(interval: str, start: str) -> None:
    moment = datetime(2026, 11, 19, 13, 47, 31, tzinfo=UTC)

    begun = bar_start(interval, int(moment.timestamp() * 1_000))

    assert datetime.fromtimestamp(begun / 1_000, UTC).isoformat() == f"{start}+00:00"


def test_a_minute_without_a_trade_stands_still() -> None:
    candles = Candles()
    candles.add(Decimal(7), Decimal(1), START, buyer_is_maker=False)

    bars = candles.bars("1m", START + 3 * MINUTE)

    assert [bar.open_ms for bar in bars] == [START + n * MINUTE for n in range(4)]
    assert {price for bar in bars for price in (bar.open, bar.high, bar.low, bar.close)} == {7}
    assert [bar.volume for bar in bars] == [1, 0, 0, 0]


async def test_klines_show_the_trades_of_the_market_and_of_the_account() -> None:
    async with running_venue() as venue:
        venue.clock.advance(60)
        move_market(venue.simulation, Decimal("50999.0"), Decimal("51001.0"))
        await venue.order(quantity="0.250")
        venue.clock.advance(60)

        rows = (await venue.get("/fapi/v1/klines", symbol=SYMBOL, interval="1m")).json
        last_two = await venue.get("/fapi/v1/klines", symbol=SYMBOL, interval="1m", limit=2)
        since = await venue.get(
            "/fapi/v1/klines", symbol=SYMBOL, interval="1m", startTime=rows[1][0], limit=1
        )
        same = await venue.get(
            "/fapi/v1/continuousKlines", pair=SYMBOL, contractType="PERPETUAL", interval="1m"
        )

        assert [len(row) for row in rows] == [12, 12, 12]
        traded = rows[1]
        assert traded[1:5] == ["51000.00", "51001.00", "51000.00", "51001.00"]
        assert (traded[5], traded[8], traded[9]) == ("0.251", 2, "0.251")
        assert traded[6] == traded[0] + MINUTE - 1
        assert last_two.json == rows[1:]
        assert since.json == [traded]
        assert same.json == rows


async def test_klines_of_mark_and_index_know_no_volume() -> None:
    async with running_venue() as venue:
        mark = await venue.get("/fapi/v1/markPriceKlines", symbol=SYMBOL, interval="1h")
        index = await venue.get("/fapi/v1/indexPriceKlines", pair=SYMBOL, interval="1h")

        (row,) = mark.json
        assert row[4] == "50000.00"
        assert [row[place] for place in (5, 7, 9, 10, 11)] == ["0"] * 5
        assert index.json == mark.json


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("klines", {"symbol": SYMBOL, "interval": "7m"}, -1120),
        ("klines", {"symbol": SYMBOL, "interval": "1m", "limit": 1501}, -1130),
        ("klines", {"symbol": "DOGEUSDT", "interval": "1m"}, -1121),
        ("continuousKlines", {"interval": "1m", "contractType": "PERPETUAL"}, -1102),
        (
            "continuousKlines",
            {"pair": SYMBOL, "interval": "1m", "contractType": "CURRENT_QUARTER"},
            -4104,
        ),
    ],
)
async def test_klines_that_do_not_exist_are_refused(
    path: str, params: dict[str, object], code: int
) -> None:
    async with running_venue() as venue:
        assert (await venue.get(f"/fapi/v1/{path}", **params)).code == code


@pytest.mark.parametrize(("limit", "weight"), [(99, "1"), (499, "2"), (1000, "5"), (1500, "10")])
async def test_klines_weigh_as_much_as_they_are_long(limit: int, weight: str) -> None:
    async with running_venue() as venue:
        reply = await venue.get("/fapi/v1/klines", symbol=SYMBOL, interval="1m", limit=limit)

        assert reply.headers["x-mbx-used-weight-1m"] == weight


async def test_old_trades_are_found_from_an_id_on_and_ask_for_a_key() -> None:
    async with running_venue() as venue:
        await venue.order()
        await venue.order()
        trades = (await venue.get("/fapi/v1/trades", symbol=SYMBOL)).json
        second = trades[-2]["id"]

        old = await venue.send(
            "GET", "/fapi/v1/historicalTrades", f"symbol={SYMBOL}&fromId={second}&limit=1"
        )
        without_key = await venue.get("/fapi/v1/historicalTrades", symbol=SYMBOL)

        assert old.json == trades[-2:-1]
        assert without_key.code == -2014


async def test_open_interest_is_what_is_held() -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="0.300")

        reply = await venue.get("/fapi/v1/openInterest", symbol=SYMBOL)

        assert reply.json == {
            "openInterest": "0.300",
            "symbol": SYMBOL,
            "time": venue.now_ms(),
        }
