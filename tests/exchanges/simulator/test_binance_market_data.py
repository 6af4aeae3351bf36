"""Public data of the simulated Binance."""

from __future__ import annotations

from decimal import Decimal

from tests.exchanges.simulator.binance_venue import SYMBOL, move_market, running_venue


async def test_exchange_info_carries_the_filters_of_the_real_contract() -> None:
    async with running_venue() as venue:
        info = (await venue.get("/fapi/v1/exchangeInfo")).json

        (symbol,) = info["symbols"]
        filters = {one["filterType"]: one for one in symbol["filters"]}
        assert (symbol["symbol"], symbol["contractType"]) == (SYMBOL, "PERPETUAL")
        assert filters["PRICE_FILTER"] == {
            "filterType": "PRICE_FILTER",
            "minPrice": "556.80",
            "maxPrice": "4529764",
            "tickSize": "0.10",
        }
        assert filters["LOT_SIZE"]["stepSize"] == "0.001"
        assert filters["LOT_SIZE"]["maxQty"] == "1000"
        assert filters["MARKET_LOT_SIZE"]["maxQty"] == "120"
        assert filters["MIN_NOTIONAL"] == {"filterType": "MIN_NOTIONAL", "notional": "50"}
        assert filters["PERCENT_PRICE"]["multiplierUp"] == "1.0500"
        assert {(r["interval"], r["limit"]) for r in info["rateLimits"]} == {
            ("MINUTE", 2400),
            ("MINUTE", 1200),
            ("SECOND", 300),
        }


async def test_the_book_is_sorted_and_of_the_depth_asked_for() -> None:
    async with running_venue() as venue:
        book = (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit=5)).json

        bids = [Decimal(price) for price, _ in book["bids"]]
        asks = [Decimal(price) for price, _ in book["asks"]]
        assert (len(bids), len(asks)) == (5, 5)
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert (book["bids"][0], book["asks"][0]) == (["49999.00", "2.000"], ["50001.00", "2.000"])
        assert book["T"] == venue.now_ms()


async def test_liquidity_comes_in_whole_steps() -> None:
    async with running_venue() as venue:
        move_market(venue.simulation, Decimal("49999.0"), Decimal("50001.0"), Decimal("0.0019"))

        book = (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit=5)).json
        touch = (await venue.get("/fapi/v1/ticker/bookTicker", symbol=SYMBOL)).json
        order = (await venue.limit("50001.0", "IOC", quantity="0.002")).json

        assert book["asks"][0] == ["50001.00", "0.001"]
        assert touch["askQty"] == "0.001"
        assert order["executedQty"] == "0.001"


async def test_a_depth_that_the_venue_does_not_offer_is_refused() -> None:
    async with running_venue() as venue:
        assert (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit=7)).code == -1130
        assert (await venue.get("/fapi/v1/depth", symbol="NOPE")).code == -1121
        assert (await venue.get("/fapi/v1/depth")).code == -1102


async def test_tickers_follow_the_market() -> None:
    async with running_venue() as venue:
        move_market(venue.simulation, Decimal("50999.0"), Decimal("51001.0"))

        touch = (await venue.get("/fapi/v1/ticker/bookTicker", symbol=SYMBOL)).json
        last = (await venue.get("/fapi/v1/ticker/price", symbol=SYMBOL)).json
        day = (await venue.get("/fapi/v1/ticker/24hr", symbol=SYMBOL)).json
        index = (await venue.get("/fapi/v1/premiumIndex")).json

        assert (touch["bidPrice"], touch["askPrice"]) == ("50999.00", "51001.00")
        assert last["price"] == "51000.00"
        assert (day["lowPrice"], day["highPrice"]) == ("50000.00", "51000.00")
        assert (day["priceChange"], day["priceChangePercent"]) == ("1000.00", "2.000")
        assert [Decimal(row["markPrice"]) for row in index] == [Decimal(51_000)]
        assert index[0]["nextFundingTime"] % (8 * 3_600_000) == 0


async def test_public_trades_include_our_own() -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="0.123")

        trades = (await venue.get("/fapi/v1/trades", symbol=SYMBOL, limit=1)).json
        aggregated = (await venue.get("/fapi/v1/aggTrades", symbol=SYMBOL)).json

        assert (trades[0]["price"], trades[0]["qty"]) == ("49999.00", "0.123")
        assert trades[0]["isBuyerMaker"] is True
        assert aggregated[-1]["a"] == trades[0]["id"]


async def test_liveness_and_funding_details() -> None:
    async with running_venue() as venue:
        assert (await venue.get("/fapi/v1/ping")).json == {}
        assert (await venue.get("/fapi/v1/time")).json == {"serverTime": venue.now_ms()}
        assert (await venue.get("/fapi/v1/fundingInfo")).json == []


async def test_a_path_that_does_not_exist_is_answered_as_the_venue_does() -> None:
    async with running_venue() as venue:
        reply = await venue.get("/fapi/v1/nothing")

        assert reply.status == 404
        assert reply.json == {"code": -5000, "msg": "Path /fapi/v1/nothing, Method GET is invalid"}
