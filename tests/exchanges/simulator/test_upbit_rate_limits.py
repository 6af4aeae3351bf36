"""How many requests the simulated Upbit lets through."""

from __future__ import annotations

import aiohttp
import pytest

from exchanges.simulator.upbit.rate_limits import Group, RateLimits
from exchanges.simulator.upbit.refusal import Refusal
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.upbit_stream import private_stream, public_stream

RESTING = {
    "market": "KRW-BTC", "side": "ask", "ord_type": "limit", "volume": "0.01", "price": "90000000",
}  # fmt: skip
BOOK = ("/v1/orderbook", ("markets", "KRW-BTC"))


async def test_orders_are_twelve_a_second(venues: Running) -> None:
    replies = [await venues.upbit.order(**RESTING) for _ in range(13)]

    assert [reply.status for reply in replies] == [201] * 12 + [429]
    assert replies[0].headers["remaining-req"] == "group=order; min=720; sec=11"
    assert replies[11].headers["remaining-req"].endswith("sec=0")
    assert replies[12].headers["remaining-req"].endswith("sec=0")
    assert replies[12].error == "too_many_requests"


async def test_the_next_second_starts_anew(venues: Running) -> None:
    for _ in range(12):
        await venues.upbit.order(**RESTING)

    venues.clock.advance(1)

    assert (await venues.upbit.order(**RESTING)).status == 201


async def test_a_reorder_counts_as_an_order(venues: Running) -> None:
    for _ in range(12):
        await venues.upbit.order(**RESTING)
    body = (("prev_order_identifier", "x"), ("new_ord_type", "limit"))

    reply = await venues.upbit.send(
        "POST", "/v1/orders/cancel_and_new", body, venues.upbit.token(body)
    )

    assert reply.status == 429


async def test_rehearsals_are_eight_a_second(venues: Running) -> None:
    body = tuple(RESTING.items())
    statuses = [
        (await venues.upbit.send("POST", "/v1/orders/test", body, venues.upbit.token(body))).status
        for _ in range(9)
    ]

    assert statuses == [201] * 8 + [429]


async def test_reads_and_cancels_are_thirty_a_second_beside_orders(venues: Running) -> None:
    await venues.upbit.order(**RESTING, identifier="r-1")
    reads = [await venues.upbit.get("/v1/accounts") for _ in range(29)]
    cancel = await venues.upbit.delete("/v1/order", ("identifier", "r-1"))
    one_more = await venues.upbit.get("/v1/accounts")

    assert {reply.status for reply in reads} == {200}
    assert cancel.headers["remaining-req"] == "group=default; min=1800; sec=0"
    assert one_more.status == 429


async def test_each_quotation_group_is_ten_a_second(venues: Running) -> None:
    books = [await venues.upbit.public(*BOOK) for _ in range(11)]
    ticker = await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))

    assert [reply.status for reply in books] == [200] * 10 + [429]
    assert books[10].error == 429
    assert ticker.status == 200


async def test_an_origin_is_let_through_once_in_ten_seconds(venues: Running) -> None:
    async def asked() -> tuple[int, str, str | None]:
        url = venues.upbit_url + "/v1/ticker?markets=KRW-BTC"
        async with venues.session.get(url, headers={"Origin": "https://x.example"}) as response:
            headers = response.headers
            return response.status, headers["Remaining-Req"], headers.get("Retry-After")

    first = await asked()
    venues.clock.advance(2.5)
    second = await asked()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with public_stream(venues, {"Origin": "https://x.example"}):
            pass
    venues.clock.advance(7.5)
    third = await asked()
    plain = await venues.upbit.public(*BOOK)

    assert first == (200, "group=origin; min=60; sec=0", None)
    assert second == (429, "group=origin; min=60; sec=0", "8")
    assert (third[0], refused.value.status) == (200, 429)
    assert plain.headers["remaining-req"].startswith("group=orderbook;")


async def test_five_streams_may_be_opened_a_second(venues: Running) -> None:
    for _ in range(5):
        async with public_stream(venues):
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with public_stream(venues):
            pass
    async with private_stream(venues) as counted_by_account:
        await counted_by_account.synchronise()
    venues.clock.advance(1)
    async with public_stream(venues) as later:
        await later.synchronise()

    assert refused.value.status == 429


async def test_who_goes_on_through_429s_is_banned(venues: Running) -> None:
    replies = [await venues.upbit.public(*BOOK) for _ in range(21)]
    other_group = await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))
    signed = await venues.upbit.get("/v1/accounts")
    venues.clock.advance(60)
    later = await venues.upbit.public(*BOOK)

    assert [reply.status for reply in replies] == [200] * 10 + [429] * 9 + [418] * 2
    assert replies[-1].error == 418
    assert "60초" in replies[-2].json["error"]["message"]
    assert replies[-2].headers["retry-after"] == "60"
    assert (other_group.status, signed.status, later.status) == (418, 200, 200)


def test_each_ban_is_longer_than_the_one_before() -> None:
    clock = ManualClock()
    limits = RateLimits(clock)
    bans = []

    for _ in range(3):
        refused = None
        while refused is None or refused.status == 429:
            try:
                limits.take(Group.TICKER, "everyone")
            except Refusal as refusal:
                refused = refusal
        seconds = int(refused.headers["retry-after"])
        bans.append(seconds)
        clock.advance(seconds)

    assert bans == [60, 120, 240]


def test_a_refusal_now_and_then_is_no_offence() -> None:
    clock = ManualClock()
    limits = RateLimits(clock)
    statuses = set()

    for _ in range(40):
        clock.advance(10)
        for _ in range(11):
            try:
                limits.take(Group.TICKER, "everyone")
            except Refusal as refusal:
                statuses.add(refusal.status)

    assert statuses == {429}
