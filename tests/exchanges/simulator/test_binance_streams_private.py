"""The user data stream: who hears what, and how it is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.binance_streams import StreamClient, connected, listen_key
from tests.exchanges.simulator.binance_venue import (
    KEY,
    SYMBOL,
    RunningVenue,
    move_market,
    running_venue,
)

ORDER_FIELDS = {
    *("s", "c", "S", "o", "f", "q", "p", "ap", "sp", "x", "X", "i", "l", "z", "L", "T", "t"),
    *("b", "a", "m", "R", "wt", "ot", "ps", "cp", "rp", "pP", "si", "ss", "V", "pm", "gtd", "er"),
}


async def private_path(venue: RunningVenue, extra: str = "") -> str:
    return f"/private/ws?listenKey={await listen_key(venue)}{extra}"


async def order_events(client: StreamClient, count: int) -> list[Any]:
    return [(await client.event("ORDER_TRADE_UPDATE"))["o"] for _ in range(count)]


async def test_a_market_order_is_new_and_then_trades() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        placed = (await venue.order(newClientOrderId="mine", quantity="0.010")).json
        names, events = [], []
        for _ in range(4):
            event = await client.next()
            names.append(event["e"])
            events.append(event)

        assert names == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
        new, filled = events[0]["o"], events[3]["o"]
        assert set(new) == ORDER_FIELDS
        assert set(filled) == ORDER_FIELDS | {"n", "N"}
        assert (new["x"], new["X"], new["z"], new["ap"], new["t"]) == (
            "NEW",
            "NEW",
            "0.000",
            "0",
            0,
        )
        assert (filled["x"], filled["X"]) == ("TRADE", "FILLED")
        assert (filled["i"], filled["c"]) == (placed["orderId"], "mine")
        assert (filled["l"], filled["z"], filled["L"]) == ("0.010", "0.010", "50001.00")
        assert filled["ap"] == "50001.00000"
        assert (filled["n"], filled["N"], filled["m"]) == ("0.25000500", "USDT", False)
        trade = (await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).json[0]
        assert filled["t"] == trade["id"]
        lite = events[1]
        assert set(lite) == {"e", "E", "T", "s", "q", "p", "m", "c", "S", "L", "l", "t", "i"}
        assert (lite["t"], lite["l"], lite["L"]) == (filled["t"], filled["l"], filled["L"])


async def test_a_taker_that_meets_several_levels_hears_of_each_execution() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.order(quantity="3.000")

        events = await order_events(client, 3)

        assert [one["X"] for one in events] == ["NEW", "PARTIALLY_FILLED", "FILLED"]
        assert [one["l"] for one in events] == ["0", "2.000", "1.000"]
        assert [one["z"] for one in events] == ["0.000", "2.000", "3.000"]


async def test_money_and_position_are_told_with_each_execution() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.order(side="SELL", quantity="0.100")
        opened = (await client.event("ACCOUNT_UPDATE"))["a"]
        await venue.order(side="BUY", quantity="0.100", reduceOnly="true")
        closed = (await client.event("ACCOUNT_UPDATE"))["a"]

        assert opened["m"] == "ORDER"
        (balance,), (position,) = opened["B"], opened["P"]
        assert set(balance) == {"a", "wb", "cw", "bc"}
        assert (balance["a"], balance["bc"]) == ("USDT", "0")
        assert set(position) == {"s", "pa", "ep", "bep", "cr", "up", "mt", "iw", "ps"}
        assert (position["s"], position["pa"], position["ps"]) == (SYMBOL, "-0.100", "BOTH")
        assert (position["mt"], position["iw"], position["cr"]) == ("cross", "0", "0")
        assert (closed["P"][0]["pa"], closed["P"][0]["up"]) == ("0", "0")
        assert Decimal(closed["P"][0]["cr"]) == Decimal("-0.2")
        assert Decimal(closed["B"][0]["wb"]) == await venue.wallet()


async def test_a_resting_order_is_amended_filled_as_maker_or_cancelled() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.limit("49000.0", quantity="0.100", newClientOrderId="first")
        await venue.signed(
            "PUT",
            "/fapi/v1/order",
            symbol=SYMBOL,
            origClientOrderId="first",
            side="BUY",
            quantity="0.200",
            price="49100.0",
            modifyId=77,
        )
        await venue.limit("48000.0", quantity="0.100", newClientOrderId="second")
        await venue.signed("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="second")
        move_market(venue.simulation, Decimal("49090.0"), Decimal("49100.0"))

        events = await order_events(client, 5)

        assert [(one["c"], one["x"], one["X"]) for one in events] == [
            ("first", "NEW", "NEW"),
            ("first", "AMENDMENT", "NEW"),
            ("second", "NEW", "NEW"),
            ("second", "CANCELED", "CANCELED"),
            ("first", "TRADE", "FILLED"),
        ]
        assert (events[0]["b"], events[0]["a"]) == ("4900.00000000", "0")
        assert (events[1]["q"], events[1]["p"]) == ("0.200", "49100.00")
        assert [one.get("M") for one in events] == [None, "77", None, None, None]
        assert (events[4]["m"], events[4]["L"]) == (True, "49100.00")


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"type": "LIMIT", "price": "50001.0", "timeInForce": "IOC", "quantity": "3.000"}, "2"),
        ({"quantity": "100.000"}, "9"),
    ],
)
async def test_what_cannot_be_filled_expires_with_its_reason(
    params: dict[str, object], reason: str
) -> None:
    async with (
        running_venue(Decimal(10_000_000)) as venue,
        connected(venue, await private_path(venue)) as client,
    ):
        await venue.order(**params)

        ended = await client.until(
            lambda event: event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "EXPIRED"
        )

        assert (ended["o"]["X"], ended["o"]["er"], ended["o"]["l"]) == ("EXPIRED", reason, "0")
        assert Decimal(ended["o"]["z"]) > 0


async def test_self_trade_prevention_expires_in_match() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.limit("50000.5", quantity="0.100", newClientOrderId="resting")
        await venue.limit("50000.5", "IOC", side="SELL", quantity="0.100", newClientOrderId="other")

        ended = await client.until(
            lambda event: event["e"] == "ORDER_TRADE_UPDATE" and event["o"]["x"] == "EXPIRED"
        )

        assert (ended["o"]["c"], ended["o"]["X"], ended["o"]["er"]) == (
            "resting",
            "EXPIRED_IN_MATCH",
            "1",
        )


async def test_a_refused_order_says_nothing() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        refused = await venue.limit("50001.0", "GTX", quantity="0.100")

        assert refused.code == -5022
        assert await client.is_quiet()


@pytest.mark.parametrize(
    ("reason", "prefix"), [("liquidation", "autoclose-"), ("ADL", "adl_autoclose")]
)
async def test_the_venues_own_closing_is_calculated(reason: str, prefix: str) -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.order(side="SELL", quantity="0.500")
        await order_events(client, 2)

        venue.simulation.binance.force_close(KEY, SYMBOL, Decimal("0.200"), reason)
        begun, done = await order_events(client, 2)

        assert (begun["x"], begun["X"]) == ("NEW", "NEW")
        assert (done["x"], done["X"], done["S"]) == ("CALCULATED", "FILLED", "BUY")
        assert done["c"].startswith(prefix)
        assert (done["l"], done["z"]) == ("0.200", "0.200")


async def test_funding_of_a_crossed_position_carries_the_balance_alone() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.order(side="SELL", quantity="0.100")
        await client.event("ACCOUNT_UPDATE")

        venue.simulation.binance.settle_funding(Decimal("0.0001"))
        funded = (await client.event("ACCOUNT_UPDATE"))["a"]

        assert (funded["m"], funded["S"]) == ("FUNDING_FEE", SYMBOL)
        assert Decimal(funded["B"][0]["bc"]) == Decimal("0.5")
        assert "P" not in funded


async def test_funding_of_an_isolated_position_names_it() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.signed("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
        await venue.order(side="SELL", quantity="0.100")
        await client.until(lambda event: event["e"] == "ACCOUNT_UPDATE" and event["a"].get("P"))

        venue.simulation.binance.settle_funding(Decimal("0.0001"))
        funded = (await client.event("ACCOUNT_UPDATE"))["a"]

        (position,) = funded["P"]
        assert (position["mt"], position["pa"]) == ("isolated", "-0.100")
        assert Decimal(position["iw"]) > 0
        balance = funded["B"][0]
        assert Decimal(balance["cw"]) == Decimal(balance["wb"]) - Decimal(position["iw"])


async def test_a_change_of_leverage_is_told() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7)

        changed = await client.event("ACCOUNT_CONFIG_UPDATE")

        assert changed["ac"] == {"s": SYMBOL, "l": 7}


async def test_margin_is_called_once_when_it_runs_out() -> None:
    async with (
        running_venue(Decimal(600)) as venue,
        connected(venue, await private_path(venue, "&events=MARGIN_CALL")) as client,
    ):
        await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=100)
        await venue.order(side="SELL", quantity="0.200")
        move_market(venue.simulation, Decimal("52730.0"), Decimal("52732.0"))

        called = await client.event("MARGIN_CALL")

        (position,) = called["p"]
        assert (position["s"], position["pa"], position["mt"]) == (SYMBOL, "-0.200", "CROSSED")
        assert set(position) == {"s", "ps", "pa", "mt", "iw", "mp", "up", "mm"}
        assert await client.is_quiet()


async def test_conditional_orders_have_an_event_of_their_own() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.signed(
            "POST",
            "/fapi/v1/algoOrder",
            algoType="CONDITIONAL",
            symbol=SYMBOL,
            side="SELL",
            type="STOP_MARKET",
            quantity="0.100",
            triggerPrice="49000.0",
            clientAlgoId="stop-1",
        )

        told = await client.event("ALGO_UPDATE")

        assert (told["o"]["caid"], told["o"]["X"], told["o"]["tp"]) == ("stop-1", "NEW", "49000.00")


async def test_only_the_wanted_events_pass() -> None:
    async with (
        running_venue() as venue,
        connected(
            venue, await private_path(venue, "&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE")
        ) as client,
    ):
        await venue.order(quantity="0.010")

        names = [(await client.next())["e"] for _ in range(3)]

        assert names == ["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]


@pytest.mark.parametrize(
    "form",
    ["/private/ws/{}", "/private/stream?streams={}", "/private/stream?listenKey={}", "/private/ws"],
)
async def test_a_key_is_taken_in_every_form(form: str) -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        async with connected(venue, form.format(key)) as client:
            if form == "/private/ws":
                await client.ask("SUBSCRIBE", key)
            else:
                await client.ask("LIST_SUBSCRIPTIONS")
            await venue.order(quantity="0.010")
            message = await client.next()

            wrapped = form.startswith("/private/stream")
            assert message.get("stream") == (key if wrapped else None)
            assert (message["data"] if wrapped else message)["e"] == "ORDER_TRADE_UPDATE"


@pytest.mark.parametrize("path", ["/ws/{}", "/public/ws/{}", "/private/ws?listenKey=nobodys"])
async def test_a_key_in_the_wrong_place_and_a_wrong_key_open_and_stay_silent(path: str) -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        async with connected(venue, path.format(key)) as client:
            await client.ask("LIST_SUBSCRIPTIONS")
            await venue.order(quantity="0.010")

            assert await client.is_quiet()


async def test_nobody_hears_of_anothers_orders() -> None:
    async with running_venue() as venue:
        venue.simulation.binance.add_account("other", "secret", {"USDT": Decimal(1_000)})
        stranger = venue.simulation.binance.listen_keys.start("other")
        async with connected(venue, f"/private/ws/{stranger}") as client:
            await client.ask("LIST_SUBSCRIPTIONS")
            await venue.order(quantity="0.010")

            assert await client.is_quiet()


async def test_a_change_of_the_margin_type_is_told() -> None:
    async with running_venue() as venue, connected(venue, await private_path(venue)) as client:
        await venue.signed("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")

        changed = (await client.event("ACCOUNT_UPDATE"))["a"]

        assert (changed["m"], changed["P"][0]["mt"]) == ("MARGIN_TYPE_CHANGE", "isolated")
