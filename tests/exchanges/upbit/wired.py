"""A Upbit adapter on a scripted wire."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

from exchanges.credentials import Credentials
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.transport import Request, Response, TransportError
from exchanges.upbit.adapter import UpbitSpot
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.upbit import samples

ACCESS = "Qm3TzXk8Wv5Yb1Nc7Rd2Fg9Hj4Lp6Sa0Ue"
SECRET = "Zx7Cv5Bn3Mq1Wl9Ek8Rj6Th4Yg2Uf0Id8Os"
RULES = (reply(samples.CHANCE), reply(samples.INSTRUMENTS), reply(samples.ORDERBOOK))
BUY = Order(
    "kimp-p1-s001",
    "BTC",
    Side.BUY,
    OrderType.LIMIT,
    Decimal("0.010"),
    Decimal("61501000"),
    TimeInForce.IOC,
)


def build(*answers: Response | TransportError) -> tuple[UpbitSpot, ScriptedTransport, ManualClock]:
    wire, clock = ScriptedTransport(*answers), ManualClock()
    exchange = UpbitSpot(wire, Credentials(ACCESS, SECRET), clock, timeout_s=3)
    return exchange, wire, clock


async def build_ready(*answers: Response | TransportError) -> tuple[UpbitSpot, ScriptedTransport]:
    exchange, wire, _ = build(*RULES, *answers)
    await exchange.rules("BTC")
    wire.requests.clear()
    return exchange, wire


def claims(request: Request) -> dict[str, Any]:
    part = request.headers["authorization"].removeprefix("Bearer ").split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
