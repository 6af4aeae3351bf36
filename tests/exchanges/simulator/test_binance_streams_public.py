"""Streams of books and trades: payloads, paths, and the procedure for a local book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.binance_streams import connected
from tests.exchanges.simulator.binance_venue import SYMBOL, RunningVenue, move_market, running_venue

DEPTH = "/public/ws/btcusdt@depth@100ms"


@pytest.mark.parametrize("speed", ["depth", "depth@250ms", "depth@500ms", "rpiDepth@500ms"])
async def test_differences_come_at_every_speed(speed: str) -> None:
    async with running_venue() as venue, connected(venue, f"/public/ws/btcusdt@{speed}") as client:
        await client.ask("LIST_SUBSCRIPTIONS")

        move_market(venue.simulation, Decimal("49998.0"), Decimal("50001.0"))

        assert ["49999.00", "0.000"] in (await client.event("depthUpdate"))["b"]


async def test_a_difference_names_every_changed_level_and_zero_for_those_that_are_gone() -> None:
    async with running_venue() as venue, connected(venue, DEPTH) as client:
        await client.ask("LIST_SUBSCRIPTIONS")

        move_market(venue.simulation, Decimal("49998.0"), Decimal("50001.0"))
        diff = await client.event("depthUpdate")

        assert ["49999.00", "0.000"] in diff["b"]
        assert diff["a"] == []
        assert (diff["s"], diff["ps"], diff["st"]) == (SYMBOL, SYMBOL, 1)
        assert diff["pu"] < diff["U"] <= diff["u"]
        assert (diff["E"], diff["T"]) == (venue.now_ms(), venue.now_ms())


async def test_each_difference_continues_the_one_before_and_ids_have_holes() -> None:
    async with running_venue() as venue, connected(venue, DEPTH) as client:
        await client.ask("LIST_SUBSCRIPTIONS")
        diffs = []
        for bid in ("49998.0", "49997.0", "49996.0"):
            move_market(venue.simulation, Decimal(bid), Decimal("50001.0"))
            diffs.append(await client.event("depthUpdate"))

        assert [later["pu"] for later in diffs[1:]] == [earlier["u"] for earlier in diffs[:-1]]
        assert all(diff["U"] > diff["pu"] + 1 for diff in diffs)


async def test_the_documented_procedure_gives_the_venues_book() -> None:
    async with running_venue() as venue, connected(venue, DEPTH) as client:
        await client.ask("LIST_SUBSCRIPTIONS")
        move_market(venue.simulation, Decimal("49998.0"), Decimal("50002.0"))
        move_market(venue.simulation, Decimal("49990.0"), Decimal("49991.0"), Decimal("1.5"))
        snapshot = await depth(venue)
        move_market(venue.simulation, Decimal("49998.0"), Decimal("50002.0"))
        first = await client.event("depthUpdate")
        move_market(venue.simulation, Decimal("50005.0"), Decimal("50009.0"), Decimal("0.25"))
        second = await client.event("depthUpdate")
        now = await depth(venue)

        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        assert first["U"] <= snapshot["lastUpdateId"] <= first["u"]
        assert second["pu"] == first["u"]
        for diff in (first, second):
            apply(book, diff)
        assert now["lastUpdateId"] == second["u"]
        assert book == {side: dict(now[side]) for side in ("bids", "asks")}


async def depth(venue: RunningVenue) -> Any:
    return (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit="1000")).json


def apply(book: dict[str, dict[str, str]], diff: Any) -> None:
    for side, key in (("bids", "b"), ("asks", "a")):
        for price, quantity in diff[key]:
            if Decimal(quantity):
                book[side][price] = quantity
            else:
                book[side].pop(price, None)


async def test_what_changed_and_changed_back_between_two_differences_is_told() -> None:
    async with running_venue() as venue, connected(venue, DEPTH) as client:
        await client.ask("LIST_SUBSCRIPTIONS")
        move_market(venue.simulation, Decimal("49999.0"), Decimal("50001.0"), Decimal(3))
        snapshot = await depth(venue)
        move_market(venue.simulation, Decimal("49999.0"), Decimal("50001.0"), Decimal(2))

        diff = await client.event("depthUpdate")

        assert ["49999.00", "3.000"] in snapshot["bids"]
        assert diff["U"] <= snapshot["lastUpdateId"] <= diff["u"]
        assert ["49999.00", "2.000"] in diff["b"]


@pytest.mark.parametrize("levels", [5, 10, 20])
async def test_a_partial_book_is_the_best_levels_as_they_are(levels: int) -> None:
    async with (
        running_venue() as venue,
        connected(venue, f"/public/ws/btcusdt@depth{levels}@100ms") as client,
    ):
        partial = await client.event("depthUpdate")
        book = await depth(venue)

        assert partial["b"] == book["bids"][:levels]
        assert partial["a"] == book["asks"][:levels]
        assert partial["u"] == book["lastUpdateId"]


async def test_the_touch_comes_at_once_with_the_number_of_the_book() -> None:
    async with (
        running_venue() as venue,
        connected(venue, "/public/ws/btcusdt@bookTicker") as client,
    ):
        await client.ask("LIST_SUBSCRIPTIONS")

        move_market(venue.simulation, Decimal("49990.0"), Decimal("49992.0"), Decimal("0.5"))
        ticker = await client.event("bookTicker")
        rest = (await venue.get("/fapi/v1/ticker/bookTicker", symbol=SYMBOL)).json

        assert (ticker["b"], ticker["B"]) == ("49990.00", "0.500")
        assert (ticker["a"], ticker["A"]) == ("49992.00", "0.500")
        assert (ticker["b"], ticker["a"]) == (rest["bidPrice"], rest["askPrice"])
        assert ticker["u"] == (await depth(venue))["lastUpdateId"]
        assert set(ticker) == {"e", "u", "E", "T", "s", "ps", "b", "B", "a", "A", "st"}


async def test_all_touches_come_on_one_stream() -> None:
    async with running_venue() as venue, connected(venue, "/public/ws/!bookTicker") as client:
        ticker = await client.event("bookTicker")

        assert ticker["s"] == SYMBOL


async def test_a_trade_is_shown_as_it_happens() -> None:
    async with running_venue() as venue, connected(venue, "/public/ws/btcusdt@trade") as client:
        await client.ask("LIST_SUBSCRIPTIONS")

        await venue.order(side="SELL", quantity="0.010")
        trade = await client.event("trade")

        assert (trade["p"], trade["q"], trade["m"]) == ("49999.00", "0.010", True)
        fills = (await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).json
        assert trade["t"] == fills[0]["id"]


async def test_combined_streams_come_wrapped_with_their_names() -> None:
    path = "/public/stream?streams=btcusdt@depth5@100ms/btcusdt@bookTicker"
    async with running_venue() as venue, connected(venue, path) as client:
        wrapped = await client.next()

        assert set(wrapped) == {"stream", "data"}
        assert wrapped["stream"] == "btcusdt@depth5@100ms"
        assert wrapped["data"]["e"] == "depthUpdate"


@pytest.mark.parametrize(
    "path",
    [
        "/market/ws/btcusdt@depth5@100ms",
        "/private/ws/btcusdt@depth5@100ms",
        "/public/ws/btcusdt@markPrice@1s",
        "/ws/btcusdt@markPrice@1s",
        "/stream?streams=btcusdt@ticker",
        "/public/ws/BTCUSDT@depth5@100ms",
        "/public/ws/dogeusdt@depth5@100ms",
        "/public/ws/nonsense",
        "/market/ws/btcusdt@kline_7m",
    ],
)
async def test_what_is_asked_for_in_the_wrong_place_is_accepted_and_stays_silent(
    path: str,
) -> None:
    async with running_venue() as venue, connected(venue, path) as client:
        listed = await client.ask("LIST_SUBSCRIPTIONS")

        assert len(listed["result"]) == 1
        assert await client.is_quiet()


async def test_the_old_paths_still_show_what_is_public() -> None:
    async with running_venue() as venue, connected(venue, "/ws/btcusdt@depth5@100ms") as client:
        assert (await client.event("depthUpdate"))["s"] == SYMBOL


async def test_subscriptions_come_go_and_are_listed() -> None:
    async with running_venue() as venue, connected(venue, "/public/ws") as client:
        subscribed = await client.ask("SUBSCRIBE", "btcusdt@depth5@100ms", "btcusdt@bookTicker")
        await client.event("depthUpdate")
        gone = await client.ask("UNSUBSCRIBE", "btcusdt@depth5@100ms")
        listed = await client.ask("LIST_SUBSCRIPTIONS")
        move_market(venue.simulation, Decimal("49998.0"), Decimal("50001.0"))

        assert subscribed == {"result": None, "id": 1}
        assert gone == {"result": None, "id": 2}
        assert listed == {"result": ["btcusdt@bookTicker"], "id": 3}
        assert (await client.next())["e"] == "bookTicker"
        assert await client.is_quiet()


async def test_the_wrapping_is_a_property_of_the_connection() -> None:
    async with running_venue() as venue, connected(venue, "/public/ws") as client:
        before = await client.ask("GET_PROPERTY", "combined")
        changed = await client.ask("SET_PROPERTY", "combined", True)
        await client.ask("SUBSCRIBE", "btcusdt@depth5@100ms")

        assert (before["result"], changed["result"]) == (False, None)
        assert (await client.next())["stream"] == "btcusdt@depth5@100ms"


@pytest.mark.parametrize(
    ("sent", "code", "request_id"),
    [
        ('{"method": "SHOUT", "params": [], "id": 7}', 2, 7),
        ('{"method": "SUBSCRIBE", "params": ["btcusdt@depth"]}', 2, None),
        ('{"method": "SUBSCRIBE", "params": ["btcusdt@depth"], "id": -1}', 2, None),
        ('{"method": "SUBSCRIBE", "params": [1], "id": 7}', 2, 7),
        ('{"method": "SUBSCRIBE", "params": "btcusdt@depth", "id": 7}', 2, 7),
        ('{"method": "SET_PROPERTY", "params": ["colour", true], "id": 7}', 0, 7),
        ('{"method": "SET_PROPERTY", "params": ["combined", 1], "id": 7}', 1, 7),
        ('{"method": "GET_PROPERTY", "params": [], "id": 7}', 0, 7),
        ("[]", 2, None),
        ("{", 3, None),
    ],
)
async def test_a_bad_frame_is_answered_with_an_error_and_the_connection_goes_on(
    sent: str, code: int, request_id: int | None
) -> None:
    async with running_venue() as venue, connected(venue, "/public/ws") as client:
        await client.socket.send_str(sent)
        refused = await client.next()
        afterwards = await client.ask("LIST_SUBSCRIPTIONS")

        assert refused["error"]["code"] == code
        assert refused["error"]["msg"]
        assert refused["id"] == request_id
        assert afterwards["result"] == []


async def test_more_streams_than_the_venue_bears_are_refused() -> None:
    async with running_venue() as venue, connected(venue, "/public/ws") as client:
        full = await client.ask("SUBSCRIBE", *(f"coin{number}@depth" for number in range(1_024)))
        refused = await client.ask("SUBSCRIBE", "btcusdt@depth")

        assert full["result"] is None
        assert refused["error"]["code"] == 2
