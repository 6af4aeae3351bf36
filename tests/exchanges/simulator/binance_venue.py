"""A simulated Binance on a real port with a quiet market, and a client that signs for it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from exchanges.instrument import Venue
from exchanges.simulator.bars import Bar, Ohlc, PricePath
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tests.exchanges.manual_clock import ManualClock

KEY = "binance-key"
SECRET = "binance-secret"
SYMBOL = "BTCUSDT"
BID, MARK, ASK = Decimal("49999.0"), Decimal("50000.0"), Decimal("50001.0")
SIZE = Decimal(2)
"""On each level; levels are one dollar apart."""
START_USDT = Decimal(100_000)

_LOCAL = Address("127.0.0.1", 0)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> int:
        """The venue's error code."""
        return int(self.json["code"])


def quiet_simulation(clock: ManualClock, usdt: Decimal = START_USDT) -> Simulation:
    """Both venues with a market that stands still, and one Binance account."""
    flat = Ohlc(MARK, MARK, MARK, MARK)
    won = Decimal(60_000_000)
    bar = Bar(
        datetime(2021, 4, 1, tzinfo=UTC),
        timedelta(days=3650),
        Ohlc(won, won, won, won),
        flat,
        Decimal(1_130),
    )
    simulation = Simulation(PricePath(iter([bar])), clock)
    simulation.binance.add_account(KEY, SECRET, {"USDT": usdt})
    simulation.market.set_quote(Venue.BINANCE, SYMBOL, Quote(BID, ASK, SIZE))
    return simulation


def move_market(simulation: Simulation, bid: Decimal, ask: Decimal, size: Decimal = SIZE) -> None:
    simulation.market.set_quote(Venue.BINANCE, SYMBOL, Quote(bid, ask, size))


@dataclass(frozen=True, slots=True)
class RunningVenue:
    """The venue and a client of one account."""

    simulation: Simulation
    clock: ManualClock
    url: str
    session: aiohttp.ClientSession

    def now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    async def send(
        self,
        method: str,
        path: str,
        query: str = "",
        *,
        body: bytes = b"",
        key: str | None = KEY,
    ) -> Reply:
        """Exactly these bytes."""
        headers = {} if key is None else {"X-MBX-APIKEY": key}
        url = URL(f"{self.url}{path}" + (f"?{query}" if query else ""), encoded=True)
        async with self.session.request(method, url, data=body or None, headers=headers) as reply:
            names = {name.lower(): value for name, value in reply.headers.items()}
            return Reply(reply.status, await reply.json(), names)

    async def get(self, path: str, **params: object) -> Reply:
        """A public endpoint."""
        return await self.send("GET", path, urlencode(params), key=None)

    async def signed(self, method: str, path: str, **params: object) -> Reply:
        """Everything in the query, as our own adapter does."""
        return await self.send(method, path, sign({"timestamp": self.now_ms(), **params}))

    async def order(self, **params: object) -> Reply:
        """POST /fapi/v1/order, RESULT, on top of a market buy of 0.010."""
        defaults: dict[str, object] = {
            "symbol": SYMBOL,
            "side": "BUY",
            "type": "MARKET",
            "quantity": "0.010",
            "newOrderRespType": "RESULT",
        }
        wanted = {k: v for k, v in (defaults | params).items() if v is not None}
        return await self.signed("POST", "/fapi/v1/order", **wanted)

    async def limit(self, price: str, tif: str = "GTC", **params: object) -> Reply:
        return await self.order(type="LIMIT", price=price, timeInForce=tif, **params)

    async def position(self) -> dict[str, Any] | None:
        """The one-way position row; None when flat."""
        rows = (await self.signed("GET", "/fapi/v3/positionRisk", symbol=SYMBOL)).json
        return rows[0] if rows else None

    async def wallet(self) -> Decimal:
        rows = (await self.signed("GET", "/fapi/v3/balance")).json
        return Decimal(next(row["balance"] for row in rows if row["asset"] == "USDT"))

    def fault(self, kind: FaultKind, endpoint: str, **args: object) -> None:
        self.simulation.faults.add(Fault(Venue.BINANCE, endpoint, kind, 1, args))


def sign(params: Mapping[str, object], secret: str = SECRET) -> str:
    """Query with the signature last."""
    query = urlencode(params)
    return (
        f"{query}&signature={hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()}"
    )


@asynccontextmanager
async def running_venue(usdt: Decimal = START_USDT) -> AsyncIterator[RunningVenue]:
    clock = ManualClock()
    simulation = quiet_simulation(clock, usdt)
    async with AsyncExitStack() as stack:
        urls = await serve(simulation, Addresses(_LOCAL, _LOCAL, _LOCAL), stack)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield RunningVenue(simulation, clock, urls.binance, session)
