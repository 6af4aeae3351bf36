"""A Upbit adapter on a scripted wire."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.transport import Request, Response, Transport, TransportError
from exchanges.upbit.adapter import UpbitSpot
from exchanges.web_socket import NO_HEADERS, Connection, Connector, NotConnected
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.upbit import samples

ACCESS = "Qm3TzXk8Wv5Yb1Nc7Rd2Fg9Hj4Lp6Sa0Ue"
SECRET = "Zx7Cv5Bn3Mq1Wl9Ek8Rj6Th4Yg2Uf0Id8Os"
CREDENTIALS = Credentials(ACCESS, SECRET)
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


class Dialer:
    """Answers each dial in turn: with a connection, or with a failure."""

    def __init__(self, *answers: Connection | NotConnected) -> None:
        self.answers = list(answers)
        self.dialled: list[tuple[str, Mapping[str, str]]] = []

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        self.dialled.append((url, headers))
        answer = self.answers.pop(0)
        if isinstance(answer, NotConnected):
            raise answer
        return answer

    async def aclose(self) -> None:
        """Nothing to close."""


def adapter(
    transport: Transport,
    clock: Clock,
    connector: Connector | None = None,
    credentials: Credentials | None = CREDENTIALS,
) -> UpbitSpot:
    endpoints = Endpoints("http://127.0.0.1:1")
    return UpbitSpot(transport, connector or Dialer(), credentials, endpoints, clock, timeout_s=3)


def build(*answers: Response | TransportError) -> tuple[UpbitSpot, ScriptedTransport, ManualClock]:
    wire, clock = ScriptedTransport(*answers), ManualClock()
    return adapter(wire, clock), wire, clock


async def build_ready(*answers: Response | TransportError) -> tuple[UpbitSpot, ScriptedTransport]:
    exchange, wire, _ = build(*RULES, *answers)
    await exchange.rules("BTC")
    wire.requests.clear()
    return exchange, wire


def claims(request: Request) -> dict[str, Any]:
    return claims_of(request.headers["authorization"])


def claims_of(authorization: str) -> dict[str, Any]:
    part = authorization.removeprefix("Bearer ").split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
