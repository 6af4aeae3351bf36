"""Which limit each call of the simulated Upbit counts against (Upbit docs, rate limits)."""

from __future__ import annotations

import pytest

from tests.exchanges.simulator.running import Reply, Running

CALLS = [
    ("GET", "/v1/accounts", "default", 30),
    ("GET", "/v1/orders/chance", "default", 30),
    ("GET", "/v1/order", "default", 30),
    ("GET", "/v1/orders/uuids", "default", 30),
    ("GET", "/v1/orders/open", "default", 30),
    ("GET", "/v1/orders/closed", "default", 30),
    ("GET", "/v1/api_keys", "default", 30),
    ("GET", "/v1/pockets", "default", 30),
    ("GET", "/v1/status/wallet", "default", 30),
    ("DELETE", "/v1/order", "default", 30),
    ("DELETE", "/v1/orders/uuids", "default", 30),
    ("DELETE", "/v1/orders/open", "order-cancel-all", 1),
    ("POST", "/v1/orders", "order", 12),
    ("POST", "/v1/orders/cancel_and_new", "order", 12),
    ("POST", "/v1/orders/test", "order-test", 8),
]
QUOTATIONS = [
    ("/v1/market/all", "market"),
    ("/v1/ticker", "ticker"),
    ("/v1/ticker/all", "ticker"),
    ("/v1/orderbook", "orderbook"),
    ("/v1/orderbook/instruments", "orderbook"),
    ("/v1/trades/ticks", "crix-trades"),
    *(
        (f"/v1/candles/{period}", "candles")
        for period in (
            "seconds", "days", "weeks", "months", "years",
            *(f"minutes/{unit}" for unit in (1, 3, 5, 10, 15, 30, 60, 240)),
        )
    ),
]  # fmt: skip


async def spent(venues: Running, method: str, path: str) -> Reply:
    """Without a parameter most are refused, and count all the same."""
    return await venues.upbit.send(method, path, (), venues.upbit.token(()))


@pytest.mark.parametrize(("method", "path", "group", "most"), CALLS)
async def test_a_signed_call_counts_in_its_group(
    venues: Running, method: str, path: str, group: str, most: int
) -> None:
    replies = [await spent(venues, method, path) for _ in range(most + 1)]

    counted = [reply.headers["remaining-req"] for reply in replies]
    left = [*range(most - 1, -1, -1), 0]
    seconds = 2 if group == "order-cancel-all" else 1
    assert [header.split("; ")[0] for header in counted] == [f"group={group}"] * (most + 1)
    assert [header.split("; ")[2] for header in counted] == [f"sec={number}" for number in left]
    assert 429 not in {reply.status for reply in replies[:-1]}
    assert (replies[-1].status, replies[-1].error) == (429, "too_many_requests")
    venues.clock.advance(seconds - 0.1)
    assert (await spent(venues, method, path)).status == 429
    venues.clock.advance(0.1)
    assert (await spent(venues, method, path)).status != 429


@pytest.mark.parametrize(("path", "group"), QUOTATIONS)
async def test_a_quotation_counts_in_its_group(venues: Running, path: str, group: str) -> None:
    replies = [await venues.upbit.public(path) for _ in range(11)]

    assert [reply.headers["remaining-req"] for reply in replies] == [
        f"group={group}; min=600; sec={left}" for left in (*range(9, -1, -1), 0)
    ]
    assert 429 not in {reply.status for reply in replies[:-1]}
    assert (replies[-1].status, replies[-1].error) == (429, 429)
