"""How many requests a second the simulated Upbit lets through."""

from __future__ import annotations

from tests.exchanges.simulator.running import Running

RESTING = {
    "market": "KRW-BTC", "side": "ask", "ord_type": "limit", "volume": "0.01", "price": "90000000",
}  # fmt: skip


async def test_orders_are_twelve_a_second(venues: Running) -> None:
    replies = [await venues.upbit.order(**RESTING) for _ in range(13)]

    assert [reply.status for reply in replies] == [201] * 12 + [429]
    assert replies[0].headers["remaining-req"] == "group=order; min=720; sec=11"
    assert replies[11].headers["remaining-req"].endswith("sec=0")


async def test_the_next_second_starts_anew(venues: Running) -> None:
    for _ in range(12):
        await venues.upbit.order(**RESTING)

    venues.clock.advance(1)

    assert (await venues.upbit.order(**RESTING)).status == 201


async def test_reads_and_cancels_are_thirty_a_second_beside_orders(venues: Running) -> None:
    await venues.upbit.order(**RESTING, identifier="r-1")
    reads = [await venues.upbit.get("/v1/accounts") for _ in range(29)]
    cancel = await venues.upbit.delete("/v1/order", ("identifier", "r-1"))
    one_more = await venues.upbit.get("/v1/accounts")

    assert {reply.status for reply in reads} == {200}
    assert cancel.headers["remaining-req"] == "group=default; min=1800; sec=0"
    assert one_more.status == 429


async def test_each_quotation_group_is_ten_a_second(venues: Running) -> None:
    book = ("/v1/orderbook", ("markets", "KRW-BTC"))
    books = [await venues.upbit.public(*book) for _ in range(11)]
    ticker = await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))

    assert [reply.status for reply in books] == [200] * 10 + [429]
    assert ticker.status == 200
