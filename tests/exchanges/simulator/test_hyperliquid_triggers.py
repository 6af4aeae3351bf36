"""Orders that wait for something, and orders that end by themselves, at the simulated
Hyperliquid."""

from __future__ import annotations

from decimal import Decimal

from tests.exchanges.simulator.hyperliquid_venue import MAIN, limit, running_venue, trigger


async def test_a_stop_loss_closes_the_position_when_the_mark_price_falls_to_it() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        placed = await venue.order(trigger("sell", "45000", "1", "49000", "sl", r=True))
        (row,) = await venue.info("frontendOpenOrders", user=MAIN)

        venue.move("48990", "49010")

        record = await venue.status(placed.oid)
        assert (row["isTrigger"], row["triggerPx"], row["orderType"], row["triggerCondition"]) == (
            True,
            "49000.0",
            "Stop Market",
            "Price below 49000",
        )
        assert record["status"] == "filled"
        assert await venue.position() is None
        (last, _) = await venue.info("userFills", user=MAIN)
        assert (last["dir"], last["px"], last["closedPnl"]) == ("Close Long", "48990.0", "-1011.0")


async def test_a_take_profit_limit_rests_in_the_book_once_it_is_triggered() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        placed = await venue.order(
            trigger("sell", "51500", "1", "51000", "tp", market=False, r=True)
        )

        venue.move("50999", "51001")
        triggered = await venue.status(placed.oid)
        venue.move("51501", "51503")
        filled = await venue.status(placed.oid)

        assert triggered["status"] == "triggered"
        assert filled["status"] == "filled"
        assert await venue.position() is None


async def test_an_entry_with_its_exits_waits_fills_and_cancels_the_sibling() -> None:
    async with running_venue() as venue:
        entry = await venue.order(
            limit("buy", "49500", "1"),
            trigger("sell", "55000", "1", "52000", "tp", r=True),
            trigger("sell", "40000", "1", "48000", "sl", r=True),
            grouping="normalTpsl",
        )
        parent, *_ = await venue.info("frontendOpenOrders", user=MAIN)

        venue.move("47900", "47902")
        venue.move("47900", "47902")

        statuses = {
            one["order"]["orderType"]: one["status"]
            for one in await venue.info("historicalOrders", user=MAIN)
        }
        assert entry.statuses[1:] == ["waitingForFill", "waitingForFill"]
        assert [child["orderType"] for child in parent["children"]] == [
            "Take Profit Market",
            "Stop Market",
        ]
        assert statuses == {
            "Limit": "filled",
            "Stop Market": "filled",
            "Take Profit Market": "siblingFilledCanceled",
        }
        assert await venue.position() is None


async def test_exits_go_with_an_entry_that_is_cancelled() -> None:
    async with running_venue() as venue:
        entry = await venue.order(
            limit("buy", "49500", "1"),
            trigger("sell", "40000", "1", "48000", "sl", r=True),
            grouping="normalTpsl",
        )
        oid = entry.statuses[0]["resting"]["oid"]

        await venue.act({"type": "cancel", "cancels": [{"a": 0, "o": oid}]})

        assert await venue.info("openOrders", user=MAIN) == []


async def test_a_position_s_own_stop_closes_whatever_is_held() -> None:
    async with running_venue() as venue:
        await venue.sell("0.5")
        placed = await venue.order(
            trigger("buy", "60000", "0", "51000", "sl", r=True), grouping="positionTpsl"
        )
        await venue.sell("0.7")

        venue.move("50999", "51001")

        assert placed.statuses == ["waitingForTrigger"]
        assert await venue.position() is None


async def test_a_position_s_stop_must_lie_ahead_and_ends_with_the_position() -> None:
    async with running_venue() as venue:
        await venue.sell("0.5")
        behind = await venue.order(
            trigger("buy", "60000", "0", "49500", "sl", r=True), grouping="positionTpsl"
        )
        await venue.order(
            trigger("buy", "60000", "0", "51000", "sl", r=True), grouping="positionTpsl"
        )
        await venue.buy("0.5")

        assert behind.error == "Invalid TP/SL price. asset=0"
        assert await venue.info("openOrders", user=MAIN) == []


async def test_exits_of_a_refused_entry_are_refused_with_it() -> None:
    async with running_venue() as venue:
        reply = await venue.order(
            limit("buy", "49500", "1000"),
            trigger("sell", "40000", "1000", "48000", "sl", r=True),
            grouping="normalTpsl",
        )

        assert [status["error"] for status in reply.statuses] == [
            "Insufficient margin to place order. asset=0"
        ] * 2


async def test_reduce_only_orders_end_with_the_position() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        placed = await venue.order(limit("sell", "51000", "1", r=True))

        await venue.sell("1")

        assert (await venue.status(placed.oid))["status"] == "reduceOnlyCanceled"


async def test_a_reduce_only_order_never_trades_more_than_is_held() -> None:
    async with running_venue() as venue:
        await venue.buy("0.4")

        reply = await venue.order(limit("sell", "48000", "1", "Ioc", r=True))

        assert reply.statuses[0]["filled"]["totalSz"] == "0.4"
        assert await venue.position() is None


async def test_a_small_rest_may_always_be_closed() -> None:
    async with running_venue() as venue:
        await venue.buy("0.001")
        await venue.sell("0.0009")

        reply = await venue.order(limit("sell", "48000", "0.0001", "Ioc", r=True))

        assert reply.statuses[0]["filled"]["totalSz"] == "0.0001"


async def test_the_scheduled_cancel_ends_all_orders_on_the_venue_s_clock() -> None:
    async with running_venue() as venue:
        placed = await venue.order(limit("buy", "49000", "0.1"))
        too_soon = await venue.act({"type": "scheduleCancel", "time": venue.now_ms() + 4_000})
        at_ten = await venue.act({"type": "scheduleCancel", "time": venue.now_ms() + 10_000})

        venue.advance(9)
        before = await venue.status(placed.oid)
        venue.advance(1)
        after = await venue.status(placed.oid)

        assert too_soon.json["status"] == "err"
        assert at_ten.json == {"status": "ok", "response": {"type": "default"}}
        assert before["status"] == "open"
        assert after["status"] == "scheduledCancel"


async def test_a_schedule_can_be_taken_back_and_needs_volume_first() -> None:
    async with running_venue(schedule_cancel_volume=Decimal(1_000)) as venue:
        placed = await venue.order(limit("buy", "49000", "0.1"))
        early = await venue.act({"type": "scheduleCancel", "time": venue.now_ms() + 10_000})
        await venue.buy("0.1")
        await venue.act({"type": "scheduleCancel", "time": venue.now_ms() + 10_000})
        await venue.act({"type": "scheduleCancel"})

        venue.advance(11)

        assert early.json["response"] == (
            "Cannot set scheduled cancel time until enough volume traded. "
            "Required: $1000. Traded: $0."
        )
        assert (await venue.status(placed.oid))["status"] == "open"
