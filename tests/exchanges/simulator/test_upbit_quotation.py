"""Public data of the simulated Upbit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime

import pytest

from exchanges.rules import tick_at
from exchanges.simulator.ticks import UPBIT_KRW_TICKS
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.still_market import set_btc


async def test_a_book_is_on_tick_sorted_and_in_numbers(venues: Running) -> None:
    reply = await venues.upbit.public("/v1/orderbook", ("markets", "KRW-BTC,KRW-USDT"))

    btc, usdt = reply.json
    units = btc["orderbook_units"]
    assert (units[0]["bid_price"], units[0]["ask_price"]) == (60_000_000, 60_010_000)
    assert units[0]["ask_size"] == Decimal("0.5")
    assert len(units) == 30
    asks, bids = [u["ask_price"] for u in units], [u["bid_price"] for u in units]
    assert asks == sorted(set(asks))
    assert bids == sorted(set(bids), reverse=True)
    assert all(price % 1000 == 0 for price in asks + bids)
    assert btc["total_ask_size"] == 15
    assert (usdt["orderbook_units"][0]["bid_price"], usdt["orderbook_units"][0]["ask_price"]) == (
        1150, 1151,
    )  # fmt: skip


async def test_count_bounds_the_levels(venues: Running) -> None:
    reply = await venues.upbit.public("/v1/orderbook", ("markets", "KRW-BTC"), ("count", "3"))

    assert len(reply.json[0]["orderbook_units"]) == 3


async def test_the_ticker_follows_the_market(venues: Running) -> None:
    set_btc(venues.simulation.market, "61000000", "61002000")
    set_btc(venues.simulation.market, "59000000", "59002000")

    ticker = (await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))).json[0]

    assert ticker["trade_price"] == 59_001_000
    assert (ticker["high_price"], ticker["low_price"]) == (61_001_000, 59_001_000)
    assert ticker["change"] == "FALL"
    assert ticker["signed_change_price"] == ticker["trade_price"] - ticker["opening_price"]


async def test_own_trades_show_on_the_tape_and_in_candles(venues: Running) -> None:
    await venues.upbit.order(market="KRW-BTC", side="ask", ord_type="market", volume="0.25")
    venues.clock.advance(120)
    set_btc(venues.simulation.market, "61000000", "61002000")

    trades = await venues.upbit.public("/v1/trades/ticks", ("market", "KRW-BTC"), ("count", "500"))
    candles = await venues.upbit.public(
        "/v1/candles/minutes/1", ("market", "KRW-BTC"), ("count", "200")
    )
    five = await venues.upbit.public("/v1/candles/minutes/5", ("market", "KRW-BTC"))

    own = trades.json[1]
    assert (own["trade_price"], own["trade_volume"]) == (60_000_000, Decimal("0.25"))
    assert own["ask_bid"] == "ASK"
    numbers = [row["sequential_id"] for row in trades.json]
    assert numbers == sorted(set(numbers), reverse=True)
    newest, oldest = candles.json
    assert newest["candle_date_time_utc"] > oldest["candle_date_time_utc"]
    assert oldest["trade_price"] == 60_000_000
    assert five.json[0]["trade_price"] == newest["trade_price"] == 61_001_000


async def test_instruments_show_the_tick_in_force(venues: Running) -> None:
    reply = await venues.upbit.public("/v1/orderbook/instruments", ("markets", "KRW-BTC,KRW-USDT"))

    assert [row["tick_size"] for row in reply.json] == ["1000", "1"]


async def test_markets_are_listed(venues: Running) -> None:
    reply = await venues.upbit.public("/v1/market/all")

    assert {"KRW-BTC", "KRW-USDT", "KRW-USDC"} <= {row["market"] for row in reply.json}


async def test_the_bank_rate_is_served_in_its_own_shape(venues: Running) -> None:
    reply = await venues.upbit.public("/v1/forex/recent", ("codes", "FRX.KRWUSD"))

    assert reply.json[0]["basePrice"] == Decimal("1150.5")
    assert reply.json[0]["timestamp"] == int(venues.clock.now().timestamp() * 1000)


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/v1/orderbook", (("markets", "KRW-NOPE"),), 404),
        ("/v1/orderbook", (), 400),
        ("/v1/orderbook", (("markets", "KRW-BTC"), ("count", "x")), 400),
        ("/v1/trades/ticks", (("market", "BTC"),), 404),
        ("/v1/trades/ticks", (), 400),
        ("/v1/forex/recent", (("codes", "FRX.KRWJPY"),), 400),
        ("/v1/nothing", (), 404),
    ],
)
async def test_quotation_errors_are_named_by_number(
    venues: Running, path: str, params: tuple[tuple[str, str], ...], status: int
) -> None:
    reply = await venues.upbit.public(path, *params)

    assert (reply.status, reply.error) == (status, status)


async def test_the_date_header_is_the_venues_clock(venues: Running) -> None:
    await venues.control("POST", "/clock", {"venue": "upbit", "offset_ms": -90_000})

    reply = await venues.upbit.public("/v1/market/all")

    shown = parsedate_to_datetime(reply.headers["date"])
    expected = venues.clock.now() - timedelta(seconds=90)
    assert abs(shown - expected) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        ("2000000", "1000"), ("1000000", "1000"), ("999999", "500"), ("500000", "500"),
        ("100000", "100"), ("50000", "50"), ("10000", "10"), ("5000", "5"), ("4999", "1"),
        ("1000", "1"), ("100", "1"), ("99.9", "0.1"), ("9.99", "0.01"), ("0.5", "0.001"),
    ],
)  # fmt: skip
def test_ticks_are_those_of_the_published_table(price: str, tick: str) -> None:
    assert tick_at(UPBIT_KRW_TICKS, Decimal(price)) == Decimal(tick)
