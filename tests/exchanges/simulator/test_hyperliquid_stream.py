"""The simulated Hyperliquid over its WebSocket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.hyperliquid_venue import (
    MAIN,
    batch,
    limit,
    running_venue,
)

CLOID = "0x000000000000000000000000000000ab"


async def test_a_ping_is_answered_and_subscriptions_are_confirmed_once() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send({"method": "ping"})
        pong = await stream.receive()
        wanted = {"type": "l2Book", "coin": "BTC"}
        await stream.send({"method": "subscribe", "subscription": wanted})
        confirmed = await stream.receive()
        await stream.send({"method": "subscribe", "subscription": wanted})
        twice = await stream.next("error")
        await stream.send({"method": "unsubscribe", "subscription": wanted})
        ended = await stream.next("subscriptionResponse")
        await stream.send({"method": "unsubscribe", "subscription": wanted})
        again = await stream.next("error")

        echoed = {**wanted, "nSigFigs": None, "mantissa": None}
        assert pong == {"channel": "pong"}
        assert confirmed == {
            "channel": "subscriptionResponse",
            "data": {"method": "subscribe", "subscription": echoed},
        }
        assert twice == 'Already subscribed: {"type":"l2Book","coin":"BTC"}'
        assert ended == {"method": "unsubscribe", "subscription": echoed}
        assert again.startswith("Already unsubscribed: ")


@pytest.mark.parametrize(
    "message",
    [
        "nonsense",
        '{"method": "subscribe", "xsubscription": {}}',
        '{"method": "subscribe", "subscription": {"type": "webData2", "user": "0x1"}}',
        '{"method": "subscribe", "subscription": {"type": "orderUpdates"}}',
        '{"method": "subscribe", "subscription": {"type": "candle", "coin": "BTC"}}',
        '{"method": "post", "id": "1", "request": {"type": "info", "payload": {}}}',
        "[]",
    ],
)
async def test_what_is_no_request_comes_back_on_the_error_channel(message: str) -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send(message)

        assert await stream.receive() == {
            "channel": "error",
            "data": f"Error parsing JSON into valid websocket request: {message}",
        }


async def test_a_coin_that_is_not_listed_is_no_subscription() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send(
            {"method": "subscribe", "subscription": {"type": "trades", "coin": "DOGE"}}
        )

        assert (await stream.next("error")).startswith("Invalid subscription ")


async def test_the_book_is_sent_at_once_when_it_moves_and_when_it_does_not() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send(
            {"method": "subscribe", "subscription": {"type": "l2Book", "coin": "BTC"}}
        )
        first = await stream.next("l2Book")
        venue.advance(1)
        still = await stream.next("l2Book")
        venue.move("50099", "50101")
        venue.advance(1)
        moved = await stream.next("l2Book")

        assert first["coin"] == "BTC"
        assert first["levels"][0][0] == {"px": "49999.0", "sz": "2.0", "n": 1}
        assert [len(side) for side in first["levels"]] == [20, 20]
        assert (still["levels"], still["time"]) == (first["levels"], first["time"] + 1000)
        assert moved["levels"][0][0]["px"] == "50099.0"


async def test_what_may_be_traded_is_told_when_it_changes() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("activeAssetData", user=MAIN, coin="BTC")
        first = await stream.next("activeAssetData")
        await venue.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 10})
        venue.move("50009", "50011")
        second = await stream.next("activeAssetData")

        assert (first["user"], first["coin"], first["markPx"]) == (MAIN, "BTC", "50000.0")
        assert first["maxTradeSzs"] == ["40.0", "40.0"]
        assert second["leverage"] == {"type": "cross", "value": 10}
        assert second["markPx"] == "50010.0"


async def test_the_touch_mids_contexts_and_candles_are_sent_when_they_change() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        for kind, fields in (
            ("bbo", {"coin": "BTC"}),
            ("allMids", {}),
            ("activeAssetCtx", {"coin": "BTC"}),
            ("candle", {"coin": "BTC", "interval": "1m"}),
        ):
            await stream.subscribe(kind, **fields)
        firsts = [await stream.receive() for _ in range(1)]
        nothing_new = await stream.nothing("allMids")
        venue.move("50099", "50101")
        found: dict[str, Any] = {}
        while len(found) < 4:
            frame = await stream.receive()
            found[frame["channel"]] = frame["data"]

        assert firsts[0]["channel"] == "candle"
        assert nothing_new
        assert found["bbo"]["bbo"] == [
            {"px": "50099.0", "sz": "2.0", "n": 1},
            {"px": "50101.0", "sz": "2.0", "n": 1},
        ]
        assert found["allMids"] == {"mids": {"BTC": "50100.0"}}
        assert found["activeAssetCtx"]["ctx"]["markPx"] == "50100.0"
        assert (found["candle"]["c"], found["candle"]["i"], found["candle"]["s"]) == (
            "50100.0",
            "1m",
            "BTC",
        )


async def test_own_orders_fills_and_public_trades_come_as_they_happen() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("trades", coin="BTC")
        await stream.subscribe("orderUpdates", user=MAIN.upper().replace("X", "x"))
        await stream.subscribe("userFills", user=MAIN)
        snapshot = await stream.next("userFills")
        placed = await venue.order(limit("buy", "50002", "3", c=CLOID))
        (trades, updates, fills) = (
            await stream.next("trades"),
            await stream.next("orderUpdates"),
            await stream.next("userFills"),
        )
        await venue.act({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
        (cancelled,) = await stream.next("orderUpdates")

        assert snapshot == {"isSnapshot": True, "user": MAIN, "fills": []}
        assert [trade["px"] for trade in trades] == ["50001.0"]
        assert [(one["status"], one["order"]["sz"]) for one in updates] == [("open", "1.0")]
        assert (updates[0]["order"]["oid"], updates[0]["order"]["cloid"]) == (placed.oid, CLOID)
        assert fills["user"] == MAIN
        assert [(one["oid"], one["sz"]) for one in fills["fills"]] == [(placed.oid, "2.0")]
        assert cancelled["status"] == "canceled"


async def test_refused_orders_that_stay_on_record_are_told_too() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("orderUpdates", user=MAIN)
        await venue.order(limit("buy", "50000", "1", "Ioc"))

        (update,) = await stream.next("orderUpdates")

        assert update["status"] == "iocCancelRejected"


async def test_funding_and_fills_come_as_events_and_after_a_gap_as_a_snapshot() -> None:
    async with running_venue() as venue:
        async with venue.stream() as stream:
            await stream.subscribe("userEvents", user=MAIN)
            await stream.subscribe("userFundings", user=MAIN)
            await stream.next("userFundings")
            await venue.buy("1")
            fills = await stream.next("user")
            venue.engine.settle_funding(Decimal("0.0001"))
            event = await stream.next("user")
            payment = await stream.next("userFundings")
        async with venue.stream() as stream:
            await stream.subscribe("userFills", user=MAIN)
            seen_fills = await stream.next("userFills")
            await stream.subscribe("userFundings", user=MAIN)
            seen_payments = await stream.next("userFundings")

        row = {
            "time": venue.now_ms(),
            "coin": "BTC",
            "usdc": "-5.0",
            "szi": "1.0",
            "fundingRate": "0.0001",
            "nSamples": None,
        }
        assert [fill["sz"] for fill in fills["fills"]] == ["1.0"]
        assert event == {"funding": row}
        assert payment == {"user": MAIN, "fundings": [row]}
        assert (seen_fills["isSnapshot"], seen_fills["fills"]) == (True, fills["fills"])
        assert (seen_payments["isSnapshot"], seen_payments["fundings"]) == (True, [row])


async def test_the_account_s_state_is_sent_when_it_changes() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("clearinghouseState", user=MAIN)
        first = await stream.next("clearinghouseState")
        await venue.buy("1")
        changed = await stream.next("clearinghouseState")

        assert first["clearinghouseState"]["assetPositions"] == []
        (held,) = changed["clearinghouseState"]["assetPositions"]
        assert held["position"]["szi"] == "1.0"


async def test_requests_are_answered_over_the_socket() -> None:
    async with running_venue() as venue, venue.stream() as stream:

        async def post(number: int, kind: str, payload: Any) -> Any:
            request = {"type": kind, "payload": payload}
            await stream.send({"method": "post", "id": number, "request": request})
            return await stream.next("post")

        info = await post(1, "info", {"type": "allMids"})
        placed = await post(2, "action", venue.signed(batch(limit("buy", "49000", "0.1"))))
        refused = await post(3, "action", venue.signed({"type": "noop"}, nonce=1))
        garbage = await post(4, "info", {"type": "what"})

        assert info == {
            "id": 1,
            "response": {
                "type": "info",
                "payload": {"type": "allMids", "data": {"BTC": "50000.0"}},
            },
        }
        assert placed["response"]["type"] == "action"
        (status,) = placed["response"]["payload"]["response"]["data"]["statuses"]
        assert list(status) == ["resting"]
        assert refused["response"]["payload"]["status"] == "err"
        assert garbage["response"] == {
            "type": "error",
            "payload": "422 Failed to deserialize the JSON body into the target type",
        }
        assert [seen.path for seen in venue.requests.requests()].count("/exchange") == 2
