"""Every fault that concerns the simulated Hyperliquid's requests, and its limits, as a client sees
them. Those of streams are in ``test_hyperliquid_stream_faults``."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import aiohttp
import pytest

from exchanges.simulator.faults import LONGEST_MS, FaultKind
from exchanges.simulator.hyperliquid.address_budget import INITIAL
from exchanges.simulator.hyperliquid.weights import info_weight
from tests.exchanges.simulator.hyperliquid_venue import (
    MAIN,
    RunningVenue,
    batch,
    limit,
    running_venue,
)

ORDER = "POST /exchange"
CLOID = "0x000000000000000000000000000000ab"
MINE = limit("buy", "50001", "0.1", "Ioc", c=CLOID)
UNKNOWN = {"status": "unknownOid"}


async def test_a_told_rejection_is_the_venue_s_no_to_each_order_and_is_used_up() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REJECT, ORDER, message="Order price too far from oracle")

        rejected = await venue.order(MINE, limit("buy", "49000", "0.1"))
        afterwards = await venue.info("orderStatus", user=MAIN, oid=CLOID)
        accepted = await venue.order(MINE)

        assert (rejected.status, rejected.statuses) == (
            200,
            [{"error": "Order price too far from oracle"}] * 2,
        )
        assert afterwards == UNKNOWN
        assert "filled" in accepted.statuses[0]


@pytest.mark.parametrize(
    "action",
    [
        {"type": "cancel", "cancels": [{"a": 0, "o": 1}]},
        {"type": "modify", "oid": 1, "order": MINE},
        {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 3},
        {"type": "noop"},
    ],
)
async def test_other_actions_are_rejected_whole(action: dict[str, object]) -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REJECT, ORDER, message="No {such} thing.")

        reply = await venue.act(action)

        assert (reply.status, reply.json) == (
            200,
            {"status": "err", "response": "No {such} thing."},
        )


async def test_money_that_is_told_to_be_missing_is_refused_as_margin() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.INSUFFICIENT)
        await venue.info("l2Book", coin="BTC")

        reply = await venue.order(MINE)

        assert reply.error == "Insufficient margin to place order. asset=0"
        assert await venue.info("orderStatus", user=MAIN, oid=CLOID) == UNKNOWN


@pytest.mark.parametrize(
    ("tif", "size", "filled", "status"),
    [
        ("Ioc", "1", "0.4", "filled"),
        ("Gtc", "1", "0.4", "canceled"),
        ("Ioc", "0.00003", "0.00001", "filled"),
    ],
)
async def test_a_partial_fill_is_a_share_of_the_order_and_its_rest_ends(
    tif: str, size: str, filled: str, status: str
) -> None:
    async with running_venue() as venue:
        venue.move("999990", "1000000")
        venue.fault(FaultKind.PARTIAL, ORDER, fraction="0.4")

        reply = await venue.order(limit("buy", "1000000", size, tif, c=CLOID))

        record = await venue.status(CLOID)
        assert reply.statuses[0]["filled"]["totalSz"] == filled
        assert record["status"] == status
        assert Decimal(record["order"]["sz"]) == Decimal(size) - Decimal(filled)
        assert (await venue.position())["szi"] == filled


async def test_a_share_of_nothing_fills_nothing_and_lets_other_orders_rest() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.PARTIAL, ORDER, fraction="0")
        crossing = await venue.order(MINE)
        venue.fault(FaultKind.PARTIAL, ORDER, fraction="0")
        passive = await venue.order(limit("buy", "49000", "0.1"))

        assert (await venue.status(crossing.oid))["status"] == "canceled"
        assert (await venue.status(passive.oid))["status"] == "open"
        assert await venue.position() is None


async def test_a_lost_reply_hides_an_order_that_was_carried_out() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.LOSE_REPLY, ORDER)

        with pytest.raises(aiohttp.ClientError):
            await venue.order(MINE)

        assert (await venue.status(CLOID))["status"] == "filled"


async def test_a_lost_request_was_never_carried_out() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.LOSE_REQUEST, ORDER)

        with pytest.raises(aiohttp.ClientError):
            await venue.order(MINE)

        assert await venue.info("orderStatus", user=MAIN, oid=CLOID) == UNKNOWN


async def test_nobody_listens_for_a_while() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REFUSE_CONNECTION, ms=LONGEST_MS)

        assert await _answers_until(venue, False)
        venue.faults.clear()
        assert await _answers_until(venue, True)


async def _answers_until(venue: RunningVenue, wanted: bool) -> bool:
    """Ask until the venue is there, or is not."""
    async with asyncio.timeout(30):
        for _ in range(500):
            try:
                await venue.info("exchangeStatus")
                is_there = True
            except aiohttp.ClientConnectionError:
                is_there = False
            if is_there is wanted:
                return True
            await asyncio.sleep(0.01)
    return False


async def test_an_answer_may_be_late() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.DELAY, ORDER, ms=1)

        assert "filled" in (await venue.order(MINE)).statuses[0]


async def test_server_errors_do_not_say_what_became_of_the_order() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.HTTP_500, ORDER)
        never = await venue.order(MINE)
        unknown = await venue.info("orderStatus", user=MAIN, oid=CLOID)
        venue.fault(FaultKind.HTTP_503_UNKNOWN, ORDER)
        maybe = await venue.order(MINE)

        assert (never.status, never.json) == (500, None)
        assert unknown == UNKNOWN
        assert maybe.status == 503
        assert "<html>" in maybe.text
        assert (await venue.status(CLOID))["status"] == "filled"


async def test_too_many_requests_and_a_closed_door() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.RATE_LIMITED, ORDER, seconds=7)
        limited = await venue.order(MINE)
        venue.fault(FaultKind.BANNED, ORDER)
        banned = await venue.order(MINE)

        assert (limited.status, limited.text, limited.headers["retry-after"]) == (429, "null", "7")
        assert banned.status == 403
        assert await venue.info("orderStatus", user=MAIN, oid=CLOID) == UNKNOWN


async def test_a_halted_market_takes_no_order_fills_none_and_is_shown_as_delisted() -> None:
    async with running_venue() as venue:
        resting = await venue.order(limit("buy", "49000", "0.1"))
        venue.fault(FaultKind.HALT_MARKET, market="BTC")
        refused = await venue.order(MINE)
        venue.move("48000", "48002")
        (universe,) = (await venue.info("meta"))["universe"]
        still_open = await venue.status(resting.oid)
        cancelled = await venue.act({"type": "cancel", "cancels": [{"a": 0, "o": resting.oid}]})
        venue.faults.clear()

        assert refused.error == "Trading is halted. asset=0"
        assert universe["isDelisted"] is True
        assert still_open["status"] == "open"
        assert cancelled.statuses == ["success"]
        assert "isDelisted" not in (await venue.info("meta"))["universe"][0]


async def test_maintenance_answers_nothing_but_a_proxy_s_page() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.MAINTENANCE)

        order, info = await venue.order(MINE), await venue.send("/info", b"{}")

        assert (order.status, info.status) == (502, 502)
        assert "Bad Gateway" in order.text


async def test_the_request_log_names_the_order_and_nothing_secret() -> None:
    async with running_venue() as venue:
        await venue.order(MINE)

        (seen,) = venue.requests.requests()

        assert (seen.method, seen.path, seen.client_order_id) == ("POST", "/exchange", CLOID)


# ---- limits


async def test_the_weight_of_a_minute_is_1200_whoever_asks() -> None:
    async with running_venue() as venue:
        for _ in range(20):
            await venue.info("userRole", user=MAIN)

        refused = await venue.send("/info", b'{"type": "l2Book", "coin": "BTC"}')
        order = await venue.act({"type": "noop"})
        venue.advance(60)
        later = await venue.send("/info", b'{"type": "l2Book", "coin": "BTC"}')

        assert (refused.status, refused.text) == (429, "null")
        assert refused.headers["retry-after"] == "55"  # the clock stands at second 5
        assert order.status == 429
        assert later.status == 200


@pytest.mark.parametrize(
    ("query", "weight"),
    [
        (b'{"type": "l2Book", "coin": "BTC"}', 2),
        (b'{"type": "allMids"}', 2),
        (b'{"type": "meta"}', 20),
        (b'{"type": "unheard of"}', 20),
        (b'{"type": "userRole", "user": "0x%s"}' % (b"0" * 40), 60),
    ],
)
async def test_each_question_has_its_weight(query: bytes, weight: int) -> None:
    async with running_venue() as venue:
        answered = 0
        while (await venue.send("/info", query)).status != 429:
            answered += 1

        assert answered == 1_200 // weight


def test_questions_about_the_book_an_account_and_an_order_are_the_light_ones() -> None:
    light = ("l2Book", "allMids", "clearinghouseState", "orderStatus")

    assert [info_weight(kind) for kind in light] == [2] * 4
    assert [info_weight(kind) for kind in ("openOrders", "userFills", "userRateLimit")] == [20] * 3


async def test_long_answers_and_large_batches_weigh_more() -> None:
    async with running_venue() as venue:
        for _ in range(2):
            await venue.order(*[limit("buy", "50001", "0.001", "Ioc")] * 40)  # 2 each
        await venue.info("userFills", user=MAIN)  # 20, and 4 for 80 rows
        for _ in range(58):
            await venue.info("meta")  # 1,160

        last = [await venue.send("/info", b'{"type": "allMids"}') for _ in range(7)]  # 2 each

        assert [reply.status for reply in last] == [200] * 6 + [429]


async def test_the_address_has_its_own_budget_which_trading_refills() -> None:
    async with running_venue() as venue:
        account = venue.engine.account(MAIN)
        assert account is not None
        account.requests, account.last_request_ms = INITIAL, venue.now_ms()
        cancel = {"type": "cancel", "cancels": [{"a": 0, "o": 1}]}

        refused = await venue.order(MINE)
        still_cancels = await venue.act(cancel)
        venue.advance(9.9)
        too_soon = await venue.order(MINE)
        venue.advance(0.1)
        one = await venue.order(MINE)
        limits = await venue.info("userRateLimit", user=MAIN)
        another = await venue.order(MINE)

        assert refused.json == {
            "status": "err",
            "response": (
                "Too many cumulative requests sent (10001 > 10000) for cumulative volume "
                "traded $0. Place taker orders to free up 1 request per USDC traded."
            ),
        }
        assert "never placed" in still_cancels.error
        assert too_soon.json["status"] == "err"
        assert "filled" in one.statuses[0]
        assert limits == {
            "cumVlm": "5000.1",
            "nRequestsUsed": 10_002,
            "nRequestsCap": 15_000,
            "nRequestsSurplus": 0,
        }
        assert "filled" in another.statuses[0]


async def test_a_batch_counts_against_the_address_as_what_it_holds() -> None:
    async with running_venue() as venue:
        await venue.act(batch(*[limit("buy", "49000", "0.01")] * 3))
        await venue.act({"type": "cancel", "cancels": [{"a": 0, "o": 1}, {"a": 0, "o": 2}]})
        await venue.act({"type": "noop"})

        assert (await venue.info("userRateLimit", user=MAIN))["nRequestsUsed"] == 6
