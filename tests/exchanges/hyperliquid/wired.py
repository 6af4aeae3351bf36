"""A Hyperliquid adapter on a scripted wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.hyperliquid.adapter import HyperliquidPerpetual
from exchanges.hyperliquid.signing import Signature, recover_signer
from exchanges.order import Order, OrderType
from exchanges.side import Side
from exchanges.transport import Request, Response, TransportError
from exchanges.web_socket import NO_HEADERS, Connection, NotConnected
from tests.exchanges.hyperliquid import samples
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply

ACCOUNT = "0xAB01ab01ab01ab01ab01ab01ab01ab01ab01AB01"
CREDENTIALS = Credentials(
    ACCOUNT, "0x0123456789012345678901234567890123456789012345678901234567890123"
)
AGENT = "0x14791697260e4c9a71f18484c9f997b308e59325"
"""The address of the secret key."""
NOW_MS = 1793588645000
RULES = (reply(samples.META), reply(samples.FEES), reply(samples.RATE_LIMIT))
SELL = Order(samples.ID, "BTC", Side.SELL, OrderType.MARKET, Decimal("0.01"))

LIMIT = replace(SELL, type=OrderType.LIMIT, price=Decimal("50010"))


class NoConnector:
    """Nothing to connect to."""

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        raise NotConnected("nobody listens")

    async def aclose(self) -> None:
        """Nothing to close."""


def build(
    *answers: Response | TransportError,
    credentials: Credentials | None = CREDENTIALS,
    rest: str = "https://api.hyperliquid.xyz",
) -> tuple[HyperliquidPerpetual, ScriptedTransport, ManualClock]:
    wire, clock = ScriptedTransport(*answers), ManualClock()
    exchange = HyperliquidPerpetual(
        wire, NoConnector(), credentials, Endpoints(rest), clock, timeout_s=3
    )
    return exchange, wire, clock


async def build_ready(
    *answers: Response | TransportError, rest: str = "https://api.hyperliquid.xyz"
) -> tuple[HyperliquidPerpetual, ScriptedTransport, ManualClock]:
    exchange, wire, clock = build(*RULES, *answers, rest=rest)
    await exchange.rules("BTC")
    wire.requests.clear()
    return exchange, wire, clock


def body(request: Request) -> dict[str, Any]:
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    parsed: dict[str, Any] = json.loads(request.body)
    return parsed


def signer(request: Request, *, is_mainnet: bool = True) -> str:
    """Who signed an action, as the venue computes it."""
    sent = body(request)
    assert request.path == "/exchange"
    assert sent["vaultAddress"] is None
    return recover_signer(
        sent["action"],
        sent["nonce"],
        Signature.parse(**sent["signature"]),
        expires_after=sent["expiresAfter"],
        is_mainnet=is_mainnet,
    )
