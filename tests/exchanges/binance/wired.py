"""A Binance adapter on a scripted wire."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal
from urllib.parse import parse_qsl

from exchanges.binance.adapter import BinancePerpetual
from exchanges.binance.signing import Signer
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.order import Order, OrderType
from exchanges.side import Side
from exchanges.transport import Request, Response, Transport, TransportError
from exchanges.web_socket import NO_HEADERS, Connection, Connector, NotConnected
from tests.exchanges.binance import samples
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply

CREDENTIALS = Credentials(
    "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83",
    "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
)
RULES = (reply(samples.EXCHANGE_INFO), reply(samples.COMMISSION), reply({"feeBurn": False}))
SELL = Order("kimp-p1-p001", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.010"))
NOW_MS = 1793588645000


class NoConnector:
    """For tests without streams."""

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        raise NotConnected("there are no streams in this test")

    async def aclose(self) -> None:
        """Nothing to close."""


def adapter(
    transport: Transport,
    credentials: Credentials | None,
    clock: Clock,
    connector: Connector | None = None,
    order_entry: Literal["rest", "websocket"] = "rest",
) -> BinancePerpetual:
    return BinancePerpetual(
        transport,
        connector or NoConnector(),
        credentials,
        Endpoints("http://127.0.0.1:1"),
        clock,
        timeout_s=3,
        order_entry=order_entry,
    )


def build(
    *answers: Response | TransportError,
) -> tuple[BinancePerpetual, ScriptedTransport, ManualClock]:
    wire, clock = ScriptedTransport(*answers), ManualClock()
    return adapter(wire, CREDENTIALS, clock), wire, clock


async def build_ready(
    *answers: Response | TransportError,
) -> tuple[BinancePerpetual, ScriptedTransport]:
    exchange, wire, _ = build(*RULES, *answers)
    await exchange.rules("BTC")
    wire.requests.clear()
    return exchange, wire


def parameters(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query, strict_parsing=True))


def is_signed(request: Request) -> bool:
    payload, _, signed = request.query.rpartition("&signature=")
    return (
        signed == Signer(CREDENTIALS).signature(payload)
        and request.headers["x-mbx-apikey"] == CREDENTIALS.access_key
    )
