"""What is a string, a whole number or true and false in the simulated Binance's answers.

Binance docs, USDⓈ-M endpoints and user data streams: amounts and rates are strings; ids, times and
leverage are whole numbers.
"""

from __future__ import annotations

from typing import Any

import pytest

from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_venue import SYMBOL, RunningVenue, running_venue

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
