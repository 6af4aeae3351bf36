"""What is a string, a whole number or true and false in the simulated Binance's answers.

Binance docs, USDⓈ-M endpoints and user data streams: amounts and rates are strings; ids, times and
leverage are whole numbers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_streams import connected, listen_key
from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    RunningVenue,
    move_market,
    running_venue,
)

NAMES: dict[type, str] = {
    int: "orderId updateTime goodTillDate time id tranId adl leverage fundingTime nextFundingTime "
    "lastUpdateId E T serverTime feeTier tradeGroupId code",
    bool: "reduceOnly closePosition priceProtect buyer maker marginAvailable canTrade canDeposit "
    "canWithdraw dualSidePosition multiAssetsMargin isAutoAddMargin",
    list: "assets positions bids asks",
}
TYPES = {name: type_ for type_, names in NAMES.items() for name in names.split()}
"""All others are strings."""


def check_types(row: dict[str, Any]) -> None:
    for name, value in row.items():
        assert type(value) is TYPES.get(name, str), (name, value)
        for inner in value if isinstance(value, list) else ():
            if isinstance(inner, dict):
                check_types(inner)
            else:
                assert [type(part) for part in inner] == [str, str], (name, inner)


async def in_use(venue: RunningVenue) -> None:
    """A position, a resting order, trades, income and a funding rate."""
    await venue.order(quantity="0.100")
    await venue.limit("48000.0", newClientOrderId="resting")
    venue.simulation.binance.settle_funding(venue.simulation.binance.funding.rate(SYMBOL))


@pytest.mark.parametrize(
    "path",
    [
        "v1/openOrders", "v1/allOrders", "v1/userTrades", "v1/income", "v3/positionRisk",
        "v3/balance", "v3/account", "v1/accountConfig", "v1/symbolConfig", "v1/commissionRate",
        "v1/premiumIndex", "v1/fundingRate", "v1/ticker/bookTicker", "v1/depth", "v1/time",
    ],
)  # fmt: skip
async def test_a_read_has_the_types_of_the_venue(path: str) -> None:
    async with running_venue() as venue:
        await in_use(venue)

        answer = (await venue.signed("GET", f"/fapi/{path}", symbol=SYMBOL)).json

        rows = answer if isinstance(answer, list) else [answer]
        assert rows
        for row in rows:
            check_types(row)


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("POST", "order", {"side": "BUY", "type": "MARKET", "quantity": "0.010"}),
        ("POST", "order/test", {"side": "BUY", "type": "MARKET", "quantity": "0.010"}),
        ("GET", "order", {"origClientOrderId": "resting"}),
        ("DELETE", "order", {"origClientOrderId": "resting"}),
        ("DELETE", "allOpenOrders", {}),
        ("POST", "leverage", {"leverage": 7}),
        ("POST", "countdownCancelAll", {"countdownTime": 60_000}),
        ("POST", "order", {"side": "BUY"}),
    ],
)
async def test_what_is_done_is_answered_in_the_types_of_the_venue(
    method: str, path: str, params: dict[str, Any]
) -> None:
    async with running_venue() as venue:
        await in_use(venue)

        check_types((await venue.signed(method, f"/fapi/v1/{path}", symbol=SYMBOL, **params)).json)


async def test_an_answer_about_maintenance_has_the_types_of_an_error() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.MAINTENANCE, "*")

        check_types((await venue.order()).json)


EVENTS: dict[str, tuple[str, str]] = {
    "ORDER_TRADE_UPDATE": ("E T i t si ss gtd", "m R cp pP"),
    "TRADE_LITE": ("E T t i", "m"),
    "ACCOUNT_UPDATE": ("E T", ""),
    "ACCOUNT_CONFIG_UPDATE": ("E T l", ""),
    "bookTicker": ("E T u st", ""),
    "depthUpdate": ("E T U u pu st", ""),
    "aggTrade": ("E T a f l st", "m"),
    "markPriceUpdate": ("E T st", ""),
}
"""Whole numbers and truths of each event; all else is a string."""


def check_event(event: dict[str, Any]) -> None:
    whole, truths = (names.split() for names in EVENTS[event["e"]])
    parts = [event, *(event[part] for part in ("o", "ac") if part in event)]
    if "a" in event and isinstance(event["a"], dict):
        parts += [event["a"], *event["a"]["B"], *event["a"].get("P", ())]
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict | list):
                continue
            wanted = int if name in whole else bool if name in truths else str
            assert type(value) is wanted, (event["e"], name, value)
    for level in (*event.get("b", ()), *event.get("a", ())) if event["e"] == "depthUpdate" else ():
        assert [type(part) for part in level] == [str, str]


async def test_user_events_have_the_types_of_the_venue() -> None:
    async with running_venue() as venue:
        path = f"/private/ws?listenKey={await listen_key(venue)}"
        async with connected(venue, path) as client:
            await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7)
            await in_use(venue)
            seen = set()
            for _ in range(7):  # the last is the balance after funding
                event = await client.next()
                check_event(event)
                seen.add(event["e"])

    assert seen == {
        "ACCOUNT_CONFIG_UPDATE", "ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/public/ws/btcusdt@bookTicker", "bookTicker"),
        ("/public/ws/btcusdt@depth@100ms", "depthUpdate"),
        ("/market/ws/btcusdt@aggTrade", "aggTrade"),
        ("/market/ws/btcusdt@markPrice@1s", "markPriceUpdate"),
    ],
)
async def test_market_events_have_the_types_of_the_venue(path: str, name: str) -> None:
    async with running_venue() as venue, connected(venue, path) as client:
        await client.ask("LIST_SUBSCRIPTIONS")
        await venue.order(quantity="0.100")
        move_market(venue.simulation, Decimal("49000.0"), Decimal("49000.1"))

        check_event(await client.event(name))
