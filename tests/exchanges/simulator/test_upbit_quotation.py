"""Public data of the simulated Upbit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime

import pytest
from yarl import URL

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


async def test_whole_prices_of_the_tape_are_written_with_eight_decimals(venues: Running) -> None:
    set_btc(venues.simulation.market, "59000000", "59002000")
    written = {}
    for path in ("/v1/ticker?markets=", "/v1/candles/days?market=", "/v1/trades/ticks?market="):
        async with venues.session.get(f"{venues.upbit_url}{path}KRW-BTC") as response:
            written[path] = await response.text()

    for text in written.values():
        assert '"trade_price":59001000.00000000,' in text
        assert '"prev_closing_price":60000000.00000000,' in text
        assert '"change_price":' in text
    assert '"change_price":999000.00000000,' in written["/v1/ticker?markets="]
    async with venues.session.get(f"{venues.upbit_url}/v1/orderbook?markets=KRW-BTC") as response:
        assert '"ask_price":59002000,"bid_price":59000000,' in await response.text()


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


async def test_totals_are_of_the_whole_book_whatever_the_count(venues: Running) -> None:
    (book,) = (
        await venues.upbit.public("/v1/orderbook", ("markets", "KRW-BTC"), ("count", "1"))
    ).json

    assert (len(book["orderbook_units"]), book["total_ask_size"]) == (1, 15)
    assert set(book) == {
        "market", "timestamp", "total_ask_size", "total_bid_size", "orderbook_units", "level",
    }  # fmt: skip


async def test_a_level_groups_asks_upwards_and_bids_downwards(venues: Running) -> None:
    set_btc(venues.simulation.market, "60004000", "60006000")
    asked = ("markets", "KRW-BTC"), ("level", "10000"), ("count", "2")

    (book,) = (await venues.upbit.public("/v1/orderbook", *asked)).json

    first, second = book["orderbook_units"]
    assert (first["bid_price"], first["ask_price"]) == (60_000_000, 60_010_000)
    assert (second["bid_price"], second["ask_price"]) == (59_990_000, 60_020_000)
    assert book["level"] == 10_000
    assert first["ask_size"] % Decimal("0.5") == 0


async def test_a_level_that_a_market_does_not_support_leaves_it_out(venues: Running) -> None:
    asked = ("markets", "KRW-BTC,KRW-USDT"), ("level", "100")

    reply = await venues.upbit.public("/v1/orderbook", *asked)

    assert [row["market"] for row in reply.json] == ["KRW-USDT"]


async def test_instruments_show_the_levels_to_group_by(venues: Running) -> None:
    reply = await venues.upbit.public("/v1/orderbook/instruments", ("markets", "KRW-BTC"))

    assert reply.json == [
        {
            "market": "KRW-BTC",
            "quote_currency": "KRW",
            "tick_size": "1000",
            "supported_levels": ["0", "10000", "100000", "1000000", "10000000"],
        }
    ]


async def test_details_of_markets_come_when_asked_for(venues: Running) -> None:
    plain = (await venues.upbit.public("/v1/market/all")).json
    detailed = (await venues.upbit.public("/v1/market/all", ("is_details", "true"))).json

    assert set(plain[0]) == {"market", "korean_name", "english_name"}
    assert detailed[0]["market_event"]["warning"] is False
    assert set(detailed[0]["market_event"]["caution"].values()) == {False}


async def test_all_tickers_are_of_a_quote_currency(venues: Running) -> None:
    won = await venues.upbit.public("/v1/ticker/all", ("quote_currencies", "KRW,BTC"))
    coin = await venues.upbit.public("/v1/ticker/all", ("quote_currencies", "BTC"))
    unsaid = await venues.upbit.public("/v1/ticker/all")

    assert {"KRW-BTC", "KRW-USDT"} <= {row["market"] for row in won.json}
    assert (coin.json, unsaid.error) == ([], 400)
    assert set(won.json[0]) == {
        "market", "trade_date", "trade_time", "trade_date_kst", "trade_time_kst",
        "trade_timestamp", "opening_price", "high_price", "low_price", "trade_price",
        "prev_closing_price", "change", "change_price", "change_rate", "signed_change_price",
        "signed_change_rate", "trade_volume", "acc_trade_price", "acc_trade_price_24h",
        "acc_trade_volume", "acc_trade_volume_24h", "highest_52_week_price",
        "highest_52_week_date", "lowest_52_week_price", "lowest_52_week_date", "timestamp",
    }  # fmt: skip


async def trade_prices(venues: Running, *params: tuple[str, str]) -> list[int]:
    reply = await venues.upbit.public(
        "/v1/trades/ticks", ("market", "KRW-BTC"), ("count", "500"), *params
    )
    return [int(row["trade_price"]) for row in reply.json]


async def test_trades_are_paged_by_cursor_and_chosen_by_day_and_time(venues: Running) -> None:
    day = 86_400.0
    for bid, wait in (("61000000", day), ("62000000", 60.0)):
        venues.clock.advance(wait)
        set_btc(venues.simulation.market, bid, str(int(bid) + 2000))
    newest = (await venues.upbit.public("/v1/trades/ticks", ("market", "KRW-BTC"))).json[0]
    cursor = ("cursor", str(newest["sequential_id"]))
    now = newest["trade_time_utc"]

    everything = await trade_prices(venues)
    assert everything[0] == 62_001_000
    assert everything[1] == 61_001_000
    assert await trade_prices(venues, cursor) == everything[1:]
    assert await trade_prices(venues, ("to", now)) == [61_001_000]
    assert await trade_prices(venues, ("to", now.replace(":", ""))) == [61_001_000]
    assert await trade_prices(venues, ("days_ago", "1")) == everything[2:]
    assert await trade_prices(venues, ("days_ago", "7")) == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/trades/ticks", (("market", "KRW-BTC"), ("days_ago", "8"))),
        ("/v1/trades/ticks", (("market", "KRW-BTC"), ("days_ago", "0"))),
        ("/v1/trades/ticks", (("market", "KRW-BTC"), ("to", "25:00:00"))),
        ("/v1/trades/ticks", (("market", "KRW-BTC"), ("cursor", "x"))),
        ("/v1/trades/ticks", (("market", "KRW-BTC"), ("count", "501"))),
        ("/v1/orderbook", (("markets", "KRW-BTC"), ("level", "big"))),
        ("/v1/orderbook", (("markets", "KRW-BTC"), ("count", "31"))),
    ],
)
async def test_a_bad_parameter_is_named_by_number(
    venues: Running, path: str, params: tuple[tuple[str, str], ...]
) -> None:
    reply = await venues.upbit.public(path, *params)

    assert (reply.status, reply.error) == (400, 400)


async def test_a_colon_must_be_encoded(venues: Running) -> None:
    url = venues.upbit_url + "/v1/candles/days?market=KRW-BTC&to=2026-11-02T03:04:05Z"
    async with venues.session.get(URL(url, encoded=True)) as response:
        refused = await response.json()

    assert (response.status, refused["error"]["message"]) == (400, "Invalid parameter")


async def test_only_quotations_are_packed_and_only_when_asked(venues: Running) -> None:
    async def packed(path: str, headers: dict[str, str]) -> str | None:
        async with venues.session.get(venues.upbit_url + path, headers=headers) as response:
            await response.json()
            return response.headers.get("Content-Encoding")

    signed = {"Authorization": f"Bearer {venues.upbit.token(())}"}
    assert await packed("/v1/market/all", {"Accept-Encoding": "gzip, deflate"}) == "gzip"
    assert await packed("/v1/market/all", {"Accept-Encoding": "identity"}) is None
    assert await packed("/v1/accounts", signed | {"Accept-Encoding": "gzip"}) is None


async def test_replies_carry_the_headers_of_the_venue(venues: Running) -> None:
    first = await venues.upbit.public("/v1/market/all")
    second = await venues.upbit.get("/v1/accounts")

    assert first.headers["content-type"] == "application/json;charset=UTF-8"
    assert first.headers["limit-by-ip"] == "Yes"
    assert second.headers["content-type"] == "application/json; charset=utf-8"
    assert second.headers["vary"] == "Origin"
    for reply in (first, second):
        assert float(reply.headers["x-runtime"]) >= 0
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_a_trade_below_yesterdays_close_has_a_negative_change(venues: Running) -> None:
    set_btc(venues.simulation.market, "59000000", "59002000")

    (trade,) = (await venues.upbit.public("/v1/trades/ticks", ("market", "KRW-BTC"))).json
    (ticker,) = (await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))).json

    assert trade["change_price"] == trade["trade_price"] - trade["prev_closing_price"] < 0
    assert (ticker["change"], ticker["change_price"]) == ("FALL", -trade["change_price"])
    assert ticker["signed_change_price"] == trade["change_price"]
    assert ticker["signed_change_rate"] == -ticker["change_rate"] < 0


async def test_a_ticker_remembers_the_best_and_the_worst_day_of_the_year(venues: Running) -> None:
    days = []
    for bid in ("65000000", "55000000", "60000000"):
        venues.clock.advance(86_400.0)
        days.append(venues.clock.now().date().isoformat())
        set_btc(venues.simulation.market, bid, str(int(bid) + 2_000))

    (ticker,) = (await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))).json

    high, low = ticker["highest_52_week_price"], ticker["lowest_52_week_price"]
    assert (high, ticker["highest_52_week_date"]) == (65_001_000, days[0])
    assert (low, ticker["lowest_52_week_date"]) == (55_001_000, days[1])
