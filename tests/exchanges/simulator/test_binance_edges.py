"""Numbers that the simulated Binance keeps to: lives, pings, bans, histories, filters."""

from __future__ import annotations

import aiohttp
import pytest

from exchanges.simulator.binance.rate_limits import RateLimits
from exchanges.simulator.binance.refusal import Refused
from tests.exchanges.simulator.binance_streams import PATIENCE_S, connected
from tests.exchanges.simulator.binance_venue import SYMBOL, running_venue

ORDER = "/fapi/v1/order"
DAY_S = 86_400
GOING_AWAY, POLICY_VIOLATION = 1001, 1008


@pytest.mark.parametrize("path", ["/public/ws", "/private/ws?listenKey=x", "/ws-fapi/v1"])
async def test_a_connection_lives_a_day_and_not_less(path: str) -> None:
    async with running_venue() as venue, connected(venue, path) as client:
        venue.clock.advance(DAY_S - 1)
        still_open = await client.is_quiet()
        venue.clock.advance(1)

        assert still_open
        assert await client.close_code() == GOING_AWAY


async def test_the_venue_pings_every_three_minutes_and_waits_ten_for_an_answer() -> None:
    async with (
        running_venue() as venue,
        connected(venue, "/public/ws", autoping=False) as client,
    ):
        venue.clock.advance(179)
        too_early = not await client.is_quiet()
        venue.clock.advance(1)
        first = await client.socket.receive(PATIENCE_S)
        venue.clock.advance(599)
        second = await client.socket.receive(PATIENCE_S)
        still_open = await client.is_quiet()
        venue.clock.advance(1)

        assert not too_early
        assert first.type is second.type is aiohttp.WSMsgType.PING
        assert still_open
        assert await client.close_code() == POLICY_VIOLATION


def test_bans_grow_from_two_minutes_to_three_days_and_no_further() -> None:
    limits, now_ms = RateLimits(), 0
    bans: list[int] = []
    while len(bans) < 14:
        try:
            limits.check_ban(now_ms)
            limits.spend_weight(now_ms, 2_401)
        except Refused as refused:
            if refused.status == 418:
                bans.append(int(refused.headers["retry-after"]))
                now_ms += bans[-1] * 1_000

    assert bans[:3] == [120, 240, 480]
    assert bans == sorted(bans)
    assert bans[-2:] == [3 * DAY_S, 3 * DAY_S]


async def test_an_order_that_filled_can_be_read_for_ninety_days() -> None:
    async with running_venue() as venue:
        await venue.order(newClientOrderId="filled")
        venue.clock.advance(90 * DAY_S - 1)
        kept = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="filled")
        venue.clock.advance(2)
        gone = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="filled")

        assert kept.json["status"] == "FILLED"
        assert gone.code == -2013


async def test_two_hundred_conditional_orders_may_wait_and_no_more() -> None:
    stop = {
        "symbol": SYMBOL, "algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET",
        "quantity": "0.010", "triggerPrice": "40000.0",
    }  # fmt: skip
    async with running_venue() as venue:
        for _ in range(200):
            placed = await venue.signed("POST", "/fapi/v1/algoOrder", **stop)
            assert placed.status == 200

        refused = await venue.signed("POST", "/fapi/v1/algoOrder", **stop)

        assert (refused.status, refused.code) == (400, -4045)


async def test_exchange_info_has_these_limits_and_these_filters_and_no_others() -> None:
    async with running_venue() as venue:
        info = (await venue.get("/fapi/v1/exchangeInfo")).json

        limits = [tuple(one.values()) for one in info["rateLimits"]]
        (contract,) = info["symbols"]
        filters = {one.pop("filterType"): one for one in contract["filters"]}
        assert limits == [
            ("REQUEST_WEIGHT", "MINUTE", 1, 2400),
            ("ORDERS", "MINUTE", 1, 1200),
            ("ORDERS", "SECOND", 10, 300),
        ]
        assert filters == {
            "PRICE_FILTER": {"minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
            "LOT_SIZE": {"minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
            "MARKET_LOT_SIZE": {"minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
            "MAX_NUM_ORDERS": {"limit": 200},
            "MIN_NOTIONAL": {"notional": "50"},
            "PERCENT_PRICE": {
                "multiplierUp": "1.0500", "multiplierDown": "0.9500", "multiplierDecimal": "4",
            },
            "POSITION_RISK_CONTROL": {"positionControlSide": "NONE"},
        }  # fmt: skip
        assert contract["marketTakeBound"] == "0.05"


async def test_a_fee_is_what_the_commission_rate_says() -> None:
    async with running_venue() as venue:
        rates = (await venue.signed("GET", "/fapi/v1/commissionRate", symbol=SYMBOL)).json

        assert rates == {
            "symbol": SYMBOL, "makerCommissionRate": "0.0002", "takerCommissionRate": "0.0005",
            "rpiCommissionRate": "0.00005",
        }  # fmt: skip


async def test_income_is_the_latest_or_from_a_time_on_the_first() -> None:
    async with running_venue() as venue:
        since = venue.now_ms()
        for _ in range(3):
            await venue.order()
            venue.clock.advance(60)
        every = (await venue.signed("GET", "/fapi/v1/income", incomeType="COMMISSION")).json

        latest = await venue.signed("GET", "/fapi/v1/income", limit=2)
        first = await venue.signed("GET", "/fapi/v1/income", limit=2, startTime=since)
        later = await venue.signed("GET", "/fapi/v1/income", startTime=since + 60_000)

        assert len(every) == 3
        assert (latest.json, first.json, later.json) == (every[1:], every[:2], every[1:])


async def test_own_trades_are_the_latest_or_from_a_time_on_the_first() -> None:
    async with running_venue() as venue:
        since = venue.now_ms()
        for _ in range(3):
            await venue.order()
            venue.clock.advance(60)
        params = {"symbol": SYMBOL, "limit": 2}
        every = (await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).json

        latest = await venue.signed("GET", "/fapi/v1/userTrades", **params)
        first = await venue.signed("GET", "/fapi/v1/userTrades", **params, startTime=since)
        too_wide = await venue.signed(
            "GET", "/fapi/v1/userTrades", **params, startTime=since - 7 * DAY_S * 1_000 - 1,
            endTime=since,
        )  # fmt: skip

        assert len(every) == 3
        assert (latest.json, first.json) == (every[1:], every[:2])
        assert too_wide.code == -1127
