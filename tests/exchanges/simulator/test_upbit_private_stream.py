"""Own orders and balances at the simulated Upbit over WebSocket. KRW-BTC: 60.00 M / 60.01 M."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.running import Running, signed_token
from tests.exchanges.simulator.still_market import set_btc
from tests.exchanges.simulator.upbit_stream import Stream, private_stream, public_stream

MY_ORDER = {"type": "myOrder"}
RESTING = {
    "market": "KRW-BTC", "side": "bid", "ord_type": "limit", "volume": "0.1", "price": "59000000",
}  # fmt: skip
SIMPLE_ORDER = (
    "ty cd uid ab ot s tuid p ap v rv ev tc rsf rmf pf l ef tif tf im id smpt pv pl ttms otms tms "
    "st"
)


async def listening(stream: Stream, *entries: dict[str, Any], format: str | None = None) -> None:
    await stream.ask(*entries, format=format)
    await stream.synchronise()


async def test_a_market_buy_is_told_from_wait_to_its_end(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await listening(stream, MY_ORDER)
        created = await venues.upbit.order(
            market="KRW-BTC", side="bid", ord_type="price", price="100000", identifier="m-1"
        )
        wait, trade, end = await stream.several(3)

    now = int(venues.clock.now().timestamp() * 1000)
    volume = Decimal("0.00166638")  # 100,000 / 60,010,000 down to 8 decimals
    funds = volume * 60_010_000
    assert [event["state"] for event in (wait, trade, end)] == ["wait", "trade", "cancel"]
    assert wait == {
        "type": "myOrder",
        "code": "KRW-BTC",
        "uuid": created.json["uuid"],
        "ask_bid": "BID",
        "order_type": "price",
        "state": "wait",
        "trade_uuid": None,
        "price": 100_000,
        "avg_price": 0,
        "volume": None,
        "remaining_volume": None,
        "executed_volume": 0,
        "trades_count": 0,
        "reserved_fee": 50,
        "remaining_fee": 50,
        "paid_fee": 0,
        "locked": 100_050,
        "executed_funds": 0,
        "time_in_force": None,
        "trade_fee": None,
        "is_maker": None,
        "identifier": "m-1",
        "smp_type": "cancel_maker",
        "prevented_volume": 0,
        "prevented_locked": 0,
        "trade_timestamp": None,
        "order_timestamp": now,
        "timestamp": now,
        "stream_type": "REALTIME",
    }
    assert (trade["price"], trade["volume"]) == (60_010_000, volume)
    assert (trade["executed_funds"], trade["trade_fee"]) == (funds, funds * Decimal("0.0005"))
    assert (trade["is_maker"], trade["trades_count"]) == (False, 1)
    assert trade["trade_timestamp"] == now
    assert uuid.UUID(trade["trade_uuid"])
    assert (end["locked"], end["executed_volume"], end["trade_uuid"]) == (0, volume, None)


async def test_each_trade_is_an_event_of_its_own(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await listening(stream, MY_ORDER | {"codes": ["KRW-BTC"]})
        await venues.upbit.order(
            market="KRW-BTC", side="ask", ord_type="market", volume="1.2", identifier="m-2"
        )
        events = await stream.several(5)
        order = await venues.upbit.get("/v1/order", ("identifier", "m-2"))

    assert [event["state"] for event in events] == ["wait", "trade", "trade", "trade", "done"]
    told = [(event["trade_uuid"], event["price"], event["volume"]) for event in events[1:4]]
    read = [
        (row["uuid"], int(row["price"]), Decimal(row["volume"])) for row in order.json["trades"]
    ]
    assert told == read
    assert events[-1]["remaining_volume"] == 0


async def test_a_resting_order_is_a_maker_and_a_cancel_is_told(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await listening(stream, MY_ORDER)
        await venues.upbit.order(**RESTING, identifier="r-1")
        await venues.upbit.order(**RESTING, identifier="r-2")
        await venues.upbit.delete("/v1/order", ("identifier", "r-2"))
        waits = await stream.several(3)
        set_btc(venues.simulation.market, "58990000", "59000000")
        trade, done = await stream.several(2)

    assert [(event["identifier"], event["state"]) for event in waits] == [
        ("r-1", "wait"), ("r-2", "wait"), ("r-2", "cancel"),
    ]  # fmt: skip
    assert (trade["price"], trade["is_maker"], trade["locked"]) == (59_000_000, True, 0)
    assert (done["identifier"], done["state"]) == ("r-1", "done")


async def test_what_smp_takes_away_is_told_as_prevented(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await venues.upbit.order(
            market="KRW-BTC", side="ask", ord_type="limit", volume="0.1", price="60005000",
            identifier="maker",
        )  # fmt: skip
        await listening(stream, MY_ORDER)
        await venues.upbit.order(
            market="KRW-BTC", side="bid", ord_type="limit", volume="0.3", price="60005000",
            identifier="taker", smp_type="reduce",
        )  # fmt: skip
        wait, maker, taker = await stream.several(3)

    assert (wait["identifier"], wait["state"]) == ("taker", "wait")
    assert (maker["identifier"], maker["state"]) == ("maker", "cancel")
    assert (taker["identifier"], taker["state"]) == ("taker", "prevented")
    assert (taker["prevented_volume"], taker["prevented_locked"]) == (Decimal("0.1"), 6_000_500)
    assert taker["remaining_volume"] == Decimal("0.2")


async def test_balances_are_told_as_they_change(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await listening(stream, {"type": "myAsset"})
        await venues.upbit.order(**RESTING, identifier="a-1")
        locked = await stream.next()
        await venues.upbit.delete("/v1/order", ("identifier", "a-1"))
        freed = await stream.next()

    now = int(venues.clock.now().timestamp() * 1000)
    lock = Decimal("5902950")
    assert locked | {"asset_uuid": ""} == {
        "type": "myAsset",
        "asset_uuid": "",
        "assets": [{"currency": "KRW", "balance": 100_000_000 - lock, "locked": lock}],
        "asset_timestamp": now,
        "timestamp": now,
        "stream_type": "REALTIME",
    }
    assert freed["assets"] == [{"currency": "KRW", "balance": 100_000_000, "locked": 0}]
    assert freed["asset_uuid"] == locked["asset_uuid"]


async def test_both_types_share_a_connection_and_may_be_short(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await listening(stream, MY_ORDER, {"type": "myAsset"}, format="SIMPLE")
        await venues.upbit.order(**RESTING, identifier="s-1")
        order, assets = await stream.several(2)

    assert " ".join(sorted(order)) == " ".join(sorted(SIMPLE_ORDER.split()))
    assert " ".join(sorted(assets)) == "ast asttms astuid st tms ty"
    assert set(assets["ast"][0]) == {"cu", "b", "l"}


async def test_only_the_markets_asked_for_and_only_the_owner(venues: Running) -> None:
    venues.simulation.upbit.add_account("other", "other-secret", {})
    other = signed_token("other", "other-secret")
    async with private_stream(venues) as mine, private_stream(venues, other) as strangers:
        await listening(mine, MY_ORDER | {"codes": ["KRW-USDT"]})
        await listening(strangers, MY_ORDER)
        await venues.upbit.order(**RESTING)
        for stream in (mine, strangers):
            await stream.socket.send_str("PING")

        assert await mine.next() == {"status": "UP"}
        assert await strangers.next() == {"status": "UP"}


async def refusal_of(venues: Running, headers: dict[str, str]) -> tuple[int, Any]:
    """What an upgrade is answered with, read as an ordinary response."""
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    url = venues.upbit_url + "/websocket/v1/private"
    async with venues.session.get(url, headers=upgrade | headers) as response:
        return response.status, (await response.json())["error"]["name"]


async def test_a_private_stream_needs_a_token_of_its_own(venues: Running) -> None:
    token = venues.upbit.token(())
    async with private_stream(venues, token):
        used = await refusal_of(venues, {"Authorization": f"Bearer {token}"})

    wrong = signed_token(secret="guess")
    assert used == (401, "nonce_used")
    assert await refusal_of(venues, {}) == (401, "no_authorization_token")
    assert await refusal_of(venues, {"Authorization": f"Bearer {wrong}"}) == (
        401, "jwt_verification",
    )  # fmt: skip


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
async def test_a_handshake_is_signed_like_a_call_without_parameters(
    venues: Running, algorithm: str
) -> None:
    client = venues.upbit
    client.algorithm = algorithm
    async with private_stream(venues, client.token(())) as stream:
        await listening(stream, MY_ORDER)
        await stream.ask({"method": "LIST_SUBSCRIPTIONS"})

        assert (await stream.next())["result"] == [{"type": "myOrder"}]


async def test_private_types_are_not_for_the_public_stream(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(MY_ORDER)
        error = await stream.next()
        await stream.ask({"type": "ticker", "codes": ["KRW-BTC"]})
        ticker = await stream.next()

    assert error["error"]["name"] == "INVALID_AUTH"
    assert ticker["type"] == "ticker"  # the connection goes on
