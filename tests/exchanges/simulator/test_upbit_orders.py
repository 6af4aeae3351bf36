"""Each type of order at the simulated Upbit, over HTTP. KRW-BTC stands at 60.00 M / 60.01 M."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.exchanges.simulator.running import Reply, Running
from tests.exchanges.simulator.still_market import set_btc

FEE = Decimal("0.0005")


NOTHING = Decimal(0)
UNTOUCHED = {"KRW": (Decimal(100_000_000), NOTHING), "BTC": (Decimal(2), NOTHING)}


async def balances(venues: Running) -> dict[str, tuple[Decimal, Decimal]]:
    """(free, locked) by currency."""
    reply = await venues.upbit.get("/v1/accounts")
    return {
        row["currency"]: (Decimal(row["balance"]), Decimal(row["locked"])) for row in reply.json
    }


async def read(venues: Running, created: Reply) -> Reply:
    assert created.status == 201, created.json
    return await venues.upbit.get("/v1/order", ("uuid", created.json["uuid"]))


async def test_the_first_reply_only_acknowledges(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.1", price="60010000",
        time_in_force="ioc", identifier="a-1",
    )  # fmt: skip
    final = await venues.upbit.get("/v1/order", ("identifier", "a-1"))

    assert created.json["state"] == "wait"
    assert (created.json["executed_volume"], created.json["trades_count"]) == ("0", 0)
    assert created.json["locked"] == "6004000.5"
    assert final.json["uuid"] == created.json["uuid"]
    assert (final.json["state"], final.json["executed_volume"]) == ("done", "0.1")
    assert final.json["trades"][0] | {"uuid": "", "created_at": ""} == {
        "market": "KRW-BTC",
        "uuid": "",
        "price": "60010000",
        "volume": "0.1",
        "funds": "6001000",
        "trend": "up",
        "created_at": "",
        "side": "bid",
    }


async def test_every_number_of_the_exchange_api_is_a_string(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="market", volume="0.1"
    )
    final = await read(venues, created)

    integers = {name for name, value in final.json.items() if isinstance(value, int)}
    assert integers == {"trades_count"}
    assert "price" not in final.json


async def test_a_buy_walks_the_book_and_frees_what_it_did_not_need(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.7", price="61000000",
        time_in_force="ioc",
    )  # fmt: skip
    final = await read(venues, created)

    prices = [trade["price"] for trade in final.json["trades"]]
    funds = 60_010_000 * Decimal("0.5") + Decimal(prices[1]) * Decimal("0.2")
    assert prices[0] == "60010000"
    assert Decimal(prices[1]) > 60_010_000
    assert Decimal(final.json["paid_fee"]) == funds * FEE
    assert await balances(venues) == {
        "KRW": (Decimal(100_000_000) - funds * (1 + FEE), NOTHING),
        "BTC": (Decimal("2.7"), NOTHING),
    }


async def test_what_an_ioc_cannot_have_is_cancelled(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.7", price="60010000",
        time_in_force="ioc",
    )  # fmt: skip
    final = await read(venues, created)

    assert (final.json["state"], final.json["executed_volume"]) == ("cancel", "0.5")
    assert (final.json["remaining_volume"], final.json["locked"]) == ("0.2", "0")


@pytest.mark.parametrize(
    ("volume", "state", "executed"), [("0.5", "done", "0.5"), ("0.50000001", "cancel", "0")]
)
async def test_fok_trades_all_or_nothing(
    venues: Running, volume: str, state: str, executed: str
) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume=volume, price="60010000",
        time_in_force="fok",
    )  # fmt: skip
    final = await read(venues, created)

    assert (final.json["state"], final.json["executed_volume"]) == (state, executed)


async def test_post_only_rests_or_is_cancelled(venues: Running) -> None:
    resting = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="limit", volume="0.5", price="60010000",
        time_in_force="post_only",
    )  # fmt: skip
    taking = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="limit", volume="0.5", price="60000000",
        time_in_force="post_only",
    )  # fmt: skip

    assert (await read(venues, resting)).json["state"] == "wait"
    assert (await read(venues, taking)).json["state"] == "cancel"
    assert (await read(venues, taking)).json["executed_volume"] == "0"


async def test_a_market_buy_spends_a_krw_total_and_refunds_the_crumbs(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="price", price="100000"
    )
    final = await read(venues, created)

    volume = Decimal("0.00166638")  # 100,000 / 60,010,000 down to 8 decimals
    assert created.json["volume"] is None
    assert (created.json["reserved_fee"], created.json["locked"]) == ("50", "100050")
    assert (final.json["state"], final.json["executed_volume"]) == ("cancel", str(volume))
    krw, locked = (await balances(venues))["KRW"]
    assert krw == 100_000_000 - volume * 60_010_000 * (1 + FEE)
    assert locked == 0


async def test_a_market_buy_that_comes_out_even_is_done(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="price", price="6001000"
    )

    assert (await read(venues, created)).json["state"] == "done"


async def test_a_market_sell_gets_the_bids_less_the_fee(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="market", volume="0.5"
    )
    final = await read(venues, created)

    assert (final.json["state"], final.json["paid_fee"]) == ("done", "15000")
    assert await balances(venues) == {
        "KRW": (Decimal(129_985_000), NOTHING),
        "BTC": (Decimal("1.5"), NOTHING),
    }


@pytest.mark.parametrize(
    ("size", "tif", "state", "executed"),
    [
        ({"side": "ask", "volume": "0.8"}, "ioc", "cancel", "0.5"),
        ({"side": "ask", "volume": "0.8"}, "fok", "cancel", "0"),
        ({"side": "ask", "volume": "0.4"}, "fok", "done", "0.4"),
        ({"side": "bid", "price": "6001000"}, "fok", "done", "0.1"),
        ({"side": "bid", "price": "60010000"}, "fok", "cancel", "0"),
        ({"side": "bid", "price": "60010000"}, "ioc", "cancel", "0.5"),
    ],
)
async def test_best_trades_at_the_touch_only(
    venues: Running, size: dict[str, str], tif: str, state: str, executed: str
) -> None:
    created = await venues.upbit.order(market="KRW-BTC", ord_type="best", time_in_force=tif, **size)
    final = await read(venues, created)

    assert (final.json["state"], final.json["executed_volume"]) == (state, executed)


async def test_a_resting_buy_trades_at_its_own_price_when_the_market_comes(
    venues: Running,
) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.1", price="59000000"
    )
    waiting = await read(venues, created)
    locked = (await balances(venues))["KRW"][1]

    set_btc(venues.simulation.market, "58990000", "59000000")
    final = await read(venues, created)

    assert (waiting.json["state"], waiting.json["trades"]) == ("wait", [])
    assert locked == 5_900_000 * (1 + FEE)
    (trade,) = final.json["trades"]
    assert (final.json["state"], trade["price"]) == ("done", "59000000")
    assert (trade["side"], trade["trend"]) == ("bid", "down")  # whoever sold took
    assert (await balances(venues))["KRW"] == (100_000_000 - locked, NOTHING)


async def test_a_resting_buy_gets_no_more_than_is_offered(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.7", price="59000000"
    )

    set_btc(venues.simulation.market, "58990000", "59000000")
    waiting = await read(venues, created)

    assert (waiting.json["state"], waiting.json["executed_volume"]) == ("wait", "0.5")


async def test_all_that_is_held_can_be_sold(venues: Running) -> None:
    created = await venues.upbit.order(market="KRW-BTC", side="ask", ord_type="market", volume="2")

    assert created.status == 201
    assert "BTC" not in await balances(venues)


async def test_a_buy_that_rests_after_a_better_price_keeps_just_its_rest_locked(
    venues: Running,
) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume="0.7", price="60012000"
    )
    resting = await read(venues, created)

    rest = Decimal("0.2") * 60_012_000 * (1 + FEE)
    paid = Decimal("0.5") * 60_010_000 * (1 + FEE)
    assert (resting.json["state"], resting.json["executed_volume"]) == ("wait", "0.5")
    assert Decimal(resting.json["locked"]) == rest
    assert Decimal(resting.json["remaining_fee"]) == Decimal("0.2") * 60_012_000 * FEE
    assert (await balances(venues))["KRW"] == (100_000_000 - paid - rest, rest)


async def test_a_cancel_is_acknowledged_as_waiting_and_frees_the_lock(venues: Running) -> None:
    created = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="limit", volume="0.1", price="70000000",
        identifier="c-1",
    )  # fmt: skip
    cancelled = await venues.upbit.delete("/v1/order", ("identifier", "c-1"))
    final = await read(venues, created)
    again = await venues.upbit.delete("/v1/order", ("identifier", "c-1"))

    assert (cancelled.status, cancelled.json["state"]) == (200, "wait")
    assert final.json["state"] == "cancel"
    assert (await balances(venues))["BTC"] == UNTOUCHED["BTC"]
    assert (again.status, again.error) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("validation_error", {"ord_type": "limit", "volume": "1", "price": "60000000"}),
        ("validation_error", {"side": "bid", "ord_type": "stop"}),
        ("create_bid_error", {"side": "bid", "ord_type": "price", "price": "9000", "volume": "1"}),
        ("create_bid_error", {"side": "bid", "ord_type": "market", "volume": "1"}),
        ("create_ask_error", {"side": "ask", "ord_type": "price", "price": "9000"}),
        ("create_ask_error", {"side": "ask", "ord_type": "market", "volume": "1", "price": "9"}),
        ("create_bid_error", {"side": "bid", "ord_type": "best", "price": "9000"}),
        ("create_bid_error", {"side": "bid", "ord_type": "limit", "price": "60000000"}),
        ("validation_error", {"market": "KRW-NOPE", "side": "bid", "ord_type": "price"}),
        ("under_min_total_market_bid", {"side": "bid", "ord_type": "price", "price": "4999"}),
        (
            "under_min_total_market_ask",
            {"side": "ask", "ord_type": "market", "volume": "0.00008333"},
        ),
        (
            "under_min_total_bid",
            {"side": "bid", "ord_type": "best", "price": "4999", "time_in_force": "ioc"},
        ),
        ("over_max_total_market_ask", {"side": "ask", "ord_type": "market", "volume": "17"}),
        ("over_max_total_market_bid", {"side": "bid", "ord_type": "price", "price": "1000000001"}),
        (
            "over_max_total_ask",
            {"side": "ask", "ord_type": "limit", "volume": "17", "price": "60000000"},
        ),
        (
            "under_min_total_bid",
            {"side": "bid", "ord_type": "limit", "volume": "0.0000833", "price": "60000000"},
        ),
        (
            "invalid_price_bid",
            {"side": "bid", "ord_type": "limit", "volume": "1", "price": "60000500"},
        ),
        (
            "invalid_price_ask",
            {"side": "ask", "ord_type": "limit", "volume": "1", "price": "60000001"},
        ),
        (
            "validation_error",
            {"side": "ask", "ord_type": "limit", "volume": "0.000000001", "price": "60000000"},
        ),
        ("validation_error", {"side": "ask", "ord_type": "market", "volume": "NaN"}),
        ("validation_error", {"side": "ask", "ord_type": "market", "volume": "-1"}),
        (
            "insufficient_funds_bid",
            {"side": "bid", "ord_type": "limit", "volume": "2", "price": "60000000"},
        ),
        ("insufficient_funds_bid", {"side": "bid", "ord_type": "price", "price": "100000000"}),
        ("insufficient_funds_ask", {"side": "ask", "ord_type": "market", "volume": "2.00000001"}),
    ],
)
async def test_a_bad_order_is_refused_by_name_and_changes_nothing(
    venues: Running, name: str, body: dict[str, str]
) -> None:
    reply = await venues.upbit.order(**{"market": "KRW-BTC"} | body)

    assert (reply.status, reply.error) == (400, name)
    assert await balances(venues) == UNTOUCHED


async def test_an_identifier_is_good_for_one_attempt_for_ever(venues: Running) -> None:
    order = {"market": "KRW-BTC", "side": "ask", "ord_type": "market"}
    too_much = await venues.upbit.order(**order, volume="5", identifier="once")
    refused = await venues.upbit.order(**order, volume="0.1", identifier="once")
    done = await venues.upbit.order(**order, volume="0.1", identifier="twice")
    duplicate = await venues.upbit.order(**order, volume="0.1", identifier="twice")
    unknown = await venues.upbit.get("/v1/order", ("identifier", "once"))

    assert too_much.error == "insufficient_funds_ask"
    assert (refused.status, refused.error) == (400, "validation_error")
    assert done.status == 201
    assert (duplicate.status, duplicate.error) == (400, "validation_error")
    assert (unknown.status, unknown.error) == (404, "order_not_found")
    assert (await balances(venues))["BTC"] == (Decimal("1.9"), NOTHING)


async def test_lists_show_open_and_closed_orders(venues: Running) -> None:
    client = venues.upbit
    resting = {"market": "KRW-BTC", "side": "ask", "ord_type": "limit", "volume": "0.1"}
    first = await client.order(**resting, price="70000000", identifier="l-1")
    second = await client.order(**resting, price="71000000", identifier="l-2")
    done = await client.order(**resting, price="60000000", identifier="l-3")

    open_orders = await client.get("/v1/orders/open", ("market", "KRW-BTC"))
    one = await client.get("/v1/orders/open", ("limit", "1"), ("page", "2"), ("order_by", "asc"))
    closed = await client.get("/v1/orders/closed", ("states[]", "done"), ("states[]", "cancel"))
    cancelled = await client.get("/v1/orders/closed", ("state", "cancel"))
    some = await client.get("/v1/orders/uuids", ("identifiers[]", "l-1"), ("identifiers[]", "no"))

    assert [row["uuid"] for row in open_orders.json] == [second.json["uuid"], first.json["uuid"]]
    assert [row["uuid"] for row in one.json] == [second.json["uuid"]]
    assert [row["uuid"] for row in closed.json] == [done.json["uuid"]]
    assert closed.json[0]["executed_funds"] == "6000000"
    assert "trades" not in closed.json[0]
    assert cancelled.json == []
    assert [row["identifier"] for row in some.json] == ["l-1"]


async def test_closed_orders_are_listed_for_seven_days_at_most(venues: Running) -> None:
    client = venues.upbit
    await client.order(market="KRW-BTC", side="ask", ord_type="market", volume="0.1")
    day = 86_400_000
    now = int(venues.clock.now().timestamp() * 1000)

    earlier = await client.get("/v1/orders/closed", ("end_time", str(now - day)))
    around = await client.get("/v1/orders/closed", ("start_time", "2026-11-02T12:00:00+09:00"))
    too_long = await client.get(
        "/v1/orders/closed", ("start_time", str(now - 8 * day)), ("end_time", str(now))
    )

    assert earlier.json == []
    assert [row["ord_type"] for row in around.json] == ["market"]
    assert (too_long.status, too_long.error) == (400, "validation_error")


async def test_a_rehearsed_order_leaves_no_trace(venues: Running) -> None:
    body = (("market", "KRW-BTC"), ("side", "ask"), ("ord_type", "market"), ("volume", "0.1"))
    client = venues.upbit

    reply = await client.send("POST", "/v1/orders/test", body, client.token(body))
    found = await client.get("/v1/order", ("uuid", reply.json["uuid"]))

    assert reply.status == 201
    assert found.status == 404
    assert (await balances(venues))["BTC"] == UNTOUCHED["BTC"]


async def test_the_chance_tells_fees_limits_and_balances(venues: Running) -> None:
    reply = await venues.upbit.get("/v1/orders/chance", ("market", "KRW-BTC"))

    assert reply.json["bid_fee"] == reply.json["ask_fee"] == "0.0005"
    assert reply.json["market"]["bid"] == {"currency": "KRW", "min_total": "5000"}
    assert reply.json["ask_account"]["balance"] == "2"


async def test_another_accounts_order_is_not_found(venues: Running) -> None:
    venues.simulation.upbit.add_account("other", "other-secret", {})
    created = await venues.upbit.order(
        market="KRW-BTC", side="ask", ord_type="market", volume="0.1", identifier="mine"
    )
    stranger = venues.upbit
    stranger.key, stranger.secret = "other", "other-secret"

    by_uuid = await stranger.get("/v1/order", ("uuid", created.json["uuid"]))
    by_identifier = await stranger.get("/v1/order", ("identifier", "mine"))

    assert (by_uuid.status, by_identifier.status) == (404, 404)
