"""A simulated Hyperliquid on a real port with a quiet market, and clients that sign for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp
from aiohttp import web

from exchanges.clock import Clock
from exchanges.hyperliquid.signing import address_of, parse_key, sign_action
from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind, Faults
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.front import HyperliquidFront
from exchanges.simulator.market import Market, Quote
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.venue_server import VenueServer
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import still_path

MAIN = "0x" + "ab" * 20
KEY = parse_key("01" * 32)
AGENT = address_of(KEY)
STRANGER = parse_key("02" * 32)
COIN = "BTC"
BID, MARK, ASK = Decimal(49_999), Decimal(50_000), Decimal(50_001)
SIZE = Decimal(2)
"""On each level; bids are one dollar apart, asks two."""
START_USDC = Decimal(100_000)
JSON = {"Content-Type": "application/json"}
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    json: Any
    """None where the body is no JSON."""
    text: str
    headers: Mapping[str, str]

    @property
    def statuses(self) -> list[Any]:
        """Of an action that was carried out."""
        assert self.json["status"] == "ok", self.json
        found: list[Any] = self.json["response"]["data"]["statuses"]
        return found

    @property
    def error(self) -> str:
        """Of the only order of a batch."""
        (status,) = self.statuses
        return str(status["error"])

    @property
    def oid(self) -> int:
        """Of the only order of a batch."""
        (status,) = self.statuses
        return int((status.get("resting") or status["filled"])["oid"])


def limit(side: str, price: str, size: str, tif: str = "Gtc", **more: Any) -> dict[str, Any]:
    """An order on the wire; ``r`` and ``c`` may be given."""
    wire = {"a": 0, "b": side == "buy", "p": price, "s": size, "r": more.pop("r", False)}
    return {**wire, "t": {"limit": {"tif": tif}}, **more}


def trigger(
    side: str, price: str, size: str, at: str, tpsl: str, *, market: bool = True, **more: Any
) -> dict[str, Any]:
    wire = {"a": 0, "b": side == "buy", "p": price, "s": size, "r": more.pop("r", False)}
    kind = {"trigger": {"isMarket": market, "triggerPx": at, "tpsl": tpsl}}
    return {**wire, "t": kind, **more}


def batch(*orders: dict[str, Any], grouping: str = "na") -> dict[str, Any]:
    return {"type": "order", "orders": list(orders), "grouping": grouping}


@dataclass(slots=True)
class Stream:
    """One WebSocket."""

    socket: aiohttp.ClientWebSocketResponse

    async def send(self, message: object) -> None:
        await self.socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def subscribe(self, kind: str, **fields: object) -> None:
        """And wait until it is confirmed."""
        subscription = {"type": kind, **fields}
        await self.send({"method": "subscribe", "subscription": subscription})
        await self.next("subscriptionResponse")

    async def receive(self) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.socket.receive_str())

    async def next(self, channel: str) -> Any:
        """The data of the next frame of a channel; frames of others are passed over."""
        while True:
            frame = await self.receive()
            if frame["channel"] == channel:
                return frame.get("data")

    async def nothing(self, channel: str, for_s: float = 0.3) -> bool:
        """Does no frame of the channel come within ``for_s``?"""
        try:
            async with asyncio.timeout(for_s):
                await self.next(channel)
        except TimeoutError:
            return True
        return False

    async def closed(self) -> aiohttp.WSMessage:
        """What ends the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self.socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    return message


@dataclass(slots=True)
class RunningVenue:
    """The venue and a client of one account."""

    market: Market
    engine: HyperliquidEngine
    faults: Faults
    requests: RequestLog
    clock: Clock
    url: str
    session: aiohttp.ClientSession
    last_nonce: int = field(default=0)

    def now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def nonce(self) -> int:
        """The venue's time, and never twice."""
        self.last_nonce = max(self.last_nonce + 1, self.now_ms())
        return self.last_nonce

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due happens at the next request."""
        assert isinstance(self.clock, ManualClock)
        self.clock.advance(seconds)

    def move(self, bid: str, ask: str, size: Decimal = SIZE) -> None:
        quote = Quote(Decimal(bid), Decimal(ask), size)
        self.market.set_quote(Venue.HYPERLIQUID, COIN, quote)

    async def send(
        self, path: str, body: bytes, headers: Mapping[str, str] = JSON, method: str = "POST"
    ) -> Reply:
        """Exactly these bytes."""
        async with self.session.request(
            method, self.url + path, data=body, headers=headers
        ) as reply:
            text = (await reply.read()).decode()
            names = {name.lower(): value for name, value in reply.headers.items()}
            is_json = names.get("content-type") == "application/json"
            return Reply(reply.status, json.loads(text) if is_json else None, text, names)

    async def info(self, kind: str, **fields: object) -> Any:
        reply = await self.send("/info", json.dumps({"type": kind, **fields}).encode())
        assert reply.status == 200, reply.text
        return reply.json

    def signed(self, action: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """The body of an action, signed by the API wallet; ``nonce``, ``key`` and ``expiresAfter``
        may be given."""
        nonce, key = fields.pop("nonce", None) or self.nonce(), fields.pop("key", KEY)
        expires = fields.get("expiresAfter")
        signature = sign_action(action, nonce, key, expires_after=expires, is_mainnet=True)
        body = {"action": action, "nonce": nonce, "signature": signature.wire()}
        return {**body, "vaultAddress": None, "expiresAfter": None, **fields}

    async def act(self, action: dict[str, Any], **fields: Any) -> Reply:
        return await self.send("/exchange", json.dumps(self.signed(action, **fields)).encode())

    async def order(self, *orders: dict[str, Any], grouping: str = "na") -> Reply:
        return await self.act(batch(*orders, grouping=grouping))

    async def buy(self, size: str = "0.1") -> Reply:
        """At once, from the touch."""
        return await self.order(limit("buy", "52000", size, "Ioc"))

    async def sell(self, size: str = "0.1") -> Reply:
        return await self.order(limit("sell", "48000", size, "Ioc"))

    async def state(self) -> Any:
        return await self.info("clearinghouseState", user=MAIN)

    async def position(self) -> Any:
        """None when flat."""
        rows = (await self.state())["assetPositions"]
        return rows[0]["position"] if rows else None

    async def status(self, order_id: int | str) -> Any:
        """``{"order": …, "status": …}``."""
        return (await self.info("orderStatus", user=MAIN, oid=order_id))["order"]

    def fault(self, kind: FaultKind, endpoint: str = "*", **args: object) -> None:
        self.faults.add(Fault(Venue.HYPERLIQUID, endpoint, kind, 1, args))

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[Stream]:
        async with self.session.ws_connect(self.url + "/ws") as socket:
            yield Stream(socket)


@asynccontextmanager
async def running_venue(
    usdc: Decimal = START_USDC,
    *,
    clock: Clock | None = None,
    schedule_cancel_volume: Decimal = Decimal(0),
    is_mainnet: bool = True,
) -> AsyncIterator[RunningVenue]:
    """A market that stands still at 49,999 / 50,001 and one account with an API wallet."""
    clock = clock or ManualClock()
    market = Market(still_path(), clock)
    engine = HyperliquidEngine(market, clock, schedule_cancel_volume=schedule_cancel_volume)
    engine.add_account(MAIN, AGENT, {"USDC": usdc})
    market.set_quote(Venue.HYPERLIQUID, COIN, Quote(BID, ASK, SIZE))
    faults, requests = Faults(), RequestLog()
    front = HyperliquidFront(engine, faults, clock, requests, is_mainnet=is_mainnet)
    server = VenueServer(Venue.HYPERLIQUID, front, faults, clock)
    async with AsyncExitStack() as stack:
        await server.runner.setup()
        stack.push_async_callback(server.runner.cleanup)
        await web.TCPSite(server.runner, "127.0.0.1", 0).start()
        port = server.runner.addresses[0][1]
        server.watch_refusals("127.0.0.1", port)
        stack.push_async_callback(server.stop_watching)
        stack.callback(server.close_conversations)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        url = f"http://127.0.0.1:{port}"
        yield RunningVenue(market, engine, faults, requests, clock, url, session)
