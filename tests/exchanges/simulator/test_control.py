"""The control API over HTTP."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.instrument import Venue
from tests.exchanges.simulator.running import SECRET, Running


async def test_the_state_shows_accounts_orders_fills_and_the_market(venues: Running) -> None:
    await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="market", volume="0.5", identifier="s-1"
    )

    reply = await venues.control("GET", "/state")

    account = reply.json["upbit"]["accounts"]["access-1"]
    assert account["balances"]["KRW"] == {"total": "129985000", "locked": "0"}
    assert account["orders"][0] | {"venue_order_id": ""} == {
        "client_order_id": "s-1", "venue_order_id": "", "market": "KRW-BTC", "side": "sell",
        "type": "market", "price": None, "quantity": "0.5", "filled": "0.5", "status": "done",
    }  # fmt: skip
    assert account["fills"][0]["fee"] == "15000"
    market = reply.json["market"]
    assert (market["time"], market["ended"], market["speed"]) == (
        "2021-04-01T00:00:00Z", False, 1.0,
    )  # fmt: skip
    assert market["quotes"]["upbit"]["KRW-BTC"] == {
        "bid": "60000000", "ask": "60010000", "size": "0.5",
    }  # fmt: skip
    assert market["krw_per_usdt"] == "1150.5"
    assert "binance" in reply.json


async def test_the_state_holds_no_secret(venues: Running) -> None:
    async with venues.session.get(venues.control_url + "/state") as response:
        assert SECRET not in await response.text()


async def test_a_market_is_set_and_released(venues: Running) -> None:
    body = {
        "upbit": {"KRW-BTC": {"bid": "61000000", "ask": 61001000, "size": "2"}},
        "binance": {"BTCUSDT": {"spread_bps": "4", "size": "7"}},
        "krw_per_usd": "1200",
        "krw_per_usdt": "1210.5",
    }

    changed = await venues.control("PUT", "/market", body)
    released = await venues.control(
        "PUT", "/market", {"upbit": {"KRW-BTC": None}, "krw_per_usd": None}
    )

    assert changed.json["quotes"]["upbit"]["KRW-BTC"] == {
        "bid": "61000000", "ask": "61001000", "size": "2",
    }  # fmt: skip
    assert changed.json["quotes"]["binance"]["BTCUSDT"] == {
        "bid": "49990", "ask": "50010", "size": "7",
    }  # fmt: skip
    assert (changed.json["krw_per_usd"], changed.json["krw_per_usdt"]) == ("1200", "1210.5")
    assert released.json["quotes"]["upbit"]["KRW-BTC"]["bid"] == "59994000"
    assert (released.json["krw_per_usd"], released.json["krw_per_usdt"]) == ("1150.5", "1210.5")


async def test_a_market_with_one_bad_part_is_not_changed_at_all(venues: Running) -> None:
    body = {
        "upbit": {"KRW-BTC": {"bid": "61000000", "ask": "61001000"}},
        "binance": {"BTCUSDT": {"bid": "50000", "ask": "49999"}},
        "krw_per_usd": "1300",
    }

    reply = await venues.control("PUT", "/market", body)

    assert reply.status == 400
    assert venues.simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid == 60_000_000
    assert venues.simulation.market.krw_per_usd == Decimal("1150.5")


async def test_the_speed_is_set(venues: Running) -> None:
    await venues.control("PUT", "/speed", {"speed": 3600})
    venues.clock.advance(0.5)

    reply = await venues.control("GET", "/state")

    assert (reply.json["market"]["speed"], reply.json["market"]["time"]) == (
        3600.0, "2021-04-01T00:30:00Z",
    )  # fmt: skip


async def test_the_end_of_the_history_is_said(venues: Running) -> None:
    await venues.control("PUT", "/speed", {"speed": 3600})
    venues.clock.advance(2)

    assert (await venues.control("GET", "/state")).json["market"]["ended"] is True


async def test_requests_are_listed_with_their_arrival_and_nothing_secret(venues: Running) -> None:
    await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="market", volume="0.5", identifier="r-1"
    )
    await venues.upbit.get("/v1/order", ("identifier", "r-1"))

    seen = (await venues.control("GET", "/requests")).json

    assert [set(row) for row in seen] == [
        {"arrival_ns", "venue", "method", "path", "client_order_id"}
    ] * 2
    assert [(row["method"], row["path"], row["client_order_id"]) for row in seen] == [
        ("POST", "/v1/orders", "r-1"),
        ("GET", "/v1/order", "r-1"),
    ]
    assert seen[0]["arrival_ns"] < seen[1]["arrival_ns"]


async def test_faults_are_cleared(venues: Running) -> None:
    await venues.control("POST", "/faults", {"venue": "upbit", "kind": "http_500", "times": 9})

    await venues.control("DELETE", "/faults")

    assert (await venues.upbit.public("/v1/market/all")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("PUT", "/speed", {"speed": -1}, "speed: "),
        ("PUT", "/speed", {"speed": "fast"}, "speed: "),
        ("PUT", "/speed", {}, "speed: field required"),
        ("PUT", "/speed", b"{", "body: invalid JSON"),
        ("PUT", "/speed", b'{"speed": NaN}', "speed: "),
        ("PUT", "/market", {"upbit": {"KRW-ETH": {"bid": 1, "ask": 2}}}, "upbit has no market"),
        ("PUT", "/market", {"upbit": {"KRW-BTC": {"bid": 1}}}, "upbit.KRW-BTC: bid and ask"),
        ("PUT", "/market", {"upbit": {"KRW-BTC": {}}}, "upbit.KRW-BTC: bid and ask"),
        ("PUT", "/market", {"upbit": {"KRW-BTC": {"bid": "60000500", "ask": "60001000"}}},
         "KRW-BTC.bid: expected a positive multiple of 1000"),
        ("PUT", "/market", {"upbit": {"KRW-BTC": {"bid": "60001000", "ask": "60000000"}}},
         "KRW-BTC.ask: expected more than the bid"),
        ("PUT", "/market", {"krw_per_usd": 0}, "krw_per_usd: "),
        ("PUT", "/market", {"bithumb": {}}, "bithumb: extra inputs"),
        ("POST", "/faults", {"venue": "bithumb", "kind": "reject"}, "venue: "),
        ("POST", "/faults", {"venue": "upbit", "kind": "explode"},
         "kind: 'explode' is not supported, expected one of reject, insufficient, "),
        ("POST", "/faults", {"venue": "upbit", "kind": "banned", "args": {"seconds": 0}},
         "args.seconds: "),
        ("POST", "/faults", {"venue": "upbit", "kind": "stale_book", "times": 2},
         "times: stale_book holds until faults are cleared"),
        ("POST", "/faults", {"venue": "binance", "kind": "wallet_closed"}, "venue: wallet_closed"),
        ("POST", "/faults", {"venue": "hyperliquid", "kind": "reject", "args": {"code": "x"}},
         "args.code: hyperliquid has no codes"),
        ("POST", "/faults", {"venue": "upbit", "kind": "reject", "times": 0}, "times: "),
        ("POST", "/faults", {"venue": "upbit", "kind": "reject", "endpoint": ""}, "endpoint: "),
        ("POST", "/faults", {"venue": "upbit", "kind": "delay"}, "args.ms: "),
        ("POST", "/faults", {"venue": "upbit", "kind": "partial", "args": {"fraction": 2}},
         "args.fraction: "),
        ("POST", "/funding", {"rate": "much"}, "rate: "),
        ("POST", "/force_close", {"venue": "upbit", "account": "a", "symbol": "BTCUSDT",
                                  "quantity": "1", "reason": "ADL"}, "venue: "),
        ("POST", "/force_close", {"venue": "binance", "account": "a", "symbol": "BTCUSDT",
                                  "quantity": "1", "reason": "whim"}, "reason: "),
        ("POST", "/force_close", {"venue": "binance", "account": "nobody", "symbol": "BTCUSDT",
                                  "quantity": "1", "reason": "ADL"}, "account: "),
        ("POST", "/transfer", {"venue": "upbit", "account": "nobody", "currency": "KRW",
                               "amount": "1"}, "account: "),
        ("POST", "/transfer", {"venue": "upbit", "account": "access-1", "currency": "KRW",
                               "amount": "0"}, "amount: "),
        ("POST", "/transfer", {"venue": "upbit", "account": "access-1", "currency": "KRW",
                               "amount": "-1000000001"}, "amount: "),
        ("POST", "/transfer", {"venue": "binance", "account": "access-1", "currency": "BTC",
                               "amount": "1"}, "currency: "),
        ("POST", "/transfer", {"venue": "binance", "account": "access-1", "currency": "USDT",
                               "amount": "-1000000001"}, "amount: "),
        ("POST", "/clock", {"venue": "upbit", "offset_ms": "soon"}, "offset_ms: "),
    ],
)  # fmt: skip
async def test_a_bad_body_gets_one_sentence_that_names_the_field(
    venues: Running, method: str, path: str, body: object, sentence: str
) -> None:
    reply = await venues.control(method, path, body)

    assert reply.status == 400
    assert reply.json["error"].startswith(sentence)
    assert "\n" not in reply.json["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/market", 405)]
)
async def test_an_unknown_call_is_refused(
    venues: Running, method: str, path: str, status: int
) -> None:
    reply = await venues.control(method, path)

    assert reply.status == status
    assert reply.json["error"].startswith(f"{method} {path}: ")
