"""The control API: look into the simulated venues and make them misbehave.

JSON in and out. A body that cannot be used is answered with 400 and
``{"error": "<field>: <what was expected>"}``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import ValidationError

from exchanges.decimal_json import plain
from exchanges.instrument import Venue
from exchanges.simulator.control_bodies import (
    Body,
    ClockBody,
    FaultBody,
    ForceCloseBody,
    FundingBody,
    MarketBody,
    SpeedBody,
    TransferBody,
    first_error,
)
from exchanges.simulator.faults import Fault
from exchanges.simulator.market import Quote, UnknownMarket
from exchanges.simulator.simulation import Simulation

B = TypeVar("B", bound=Body)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def control_app(simulation: Simulation) -> web.Application:
    """The aiohttp application over ``simulation``."""
    control = _Control(simulation)
    app = web.Application(middlewares=[_one_sentence])
    app.add_routes(
        [
            web.get("/state", control.state),
            web.put("/market", control.put_market),
            web.put("/speed", control.put_speed),
            web.post("/faults", control.add_fault),
            web.delete("/faults", control.clear_faults),
            web.get("/requests", control.requests),
            web.post("/funding", control.settle_funding),
            web.post("/force_close", control.force_close),
            web.post("/transfer", control.transfer),
            web.post("/clock", control.shift_clock),
        ]
    )
    return app


@web.middleware
async def _one_sentence(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal as ``{"error": …}``."""
    try:
        return await handler(request)
    except (UnknownMarket, ValueError) as error:
        return _json({"error": str(error)}, status=400)
    except web.HTTPException as error:
        sentence = f"{request.method} {request.path}: {error.reason.lower()}"
        return _json({"error": sentence}, status=error.status)


class _Control:
    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._market = simulation.market

    async def state(self, request: web.Request) -> web.Response:
        self._market.tick()
        return _json(
            {
                "market": self._market_state(),
                "faults": [_fault_json(fault) for fault in self._simulation.faults.pending()],
                **{
                    venue.value: engine.state()
                    for venue, engine in self._simulation.engines.items()
                },
            }
        )

    async def put_market(self, request: web.Request) -> web.Response:
        body = await _body(request, MarketBody)
        changes = [
            (venue, native, entry)
            for venue, entries in (
                (Venue.UPBIT, body.upbit),
                (Venue.BINANCE, body.binance),
                (Venue.HYPERLIQUID, body.hyperliquid),
            )
            for native, entry in entries.items()
        ]
        quotes: dict[tuple[Venue, str], Quote | None] = {}
        for venue, native, entry in changes:
            listing = self._market.listing(venue, native)
            if entry is None:
                quotes[venue, native] = None
            elif entry.bid is not None and entry.ask is not None:
                quote = Quote(entry.bid, entry.ask, entry.size or listing.size)
                self._market.check_quote(venue, native, quote)
                quotes[venue, native] = quote
        # All of it is good: only now is anything changed.
        for (venue, native), fixed in quotes.items():
            self._market.set_quote(venue, native, fixed)
        for venue, native, entry in changes:
            if entry is not None and entry.bid is None:
                self._market.set_shape(venue, native, spread_bps=entry.spread_bps, size=entry.size)
        if "krw_per_usd" in body.model_fields_set:
            self._market.set_krw_per_usd(body.krw_per_usd)
        if "krw_per_usdt" in body.model_fields_set:
            self._market.set_krw_per_usdt(body.krw_per_usdt)
        return _json(self._market_state())

    async def put_speed(self, request: web.Request) -> web.Response:
        body = await _body(request, SpeedBody)
        self._market.set_speed(body.speed)
        return _json({"speed": self._market.speed})

    async def add_fault(self, request: web.Request) -> web.Response:
        body = await _body(request, FaultBody)
        fault = Fault(body.venue, body.endpoint, body.kind, body.times, body.args)
        self._simulation.faults.add(fault)
        return _json(_fault_json(fault), status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._simulation.faults.clear()
        return _json({"faults": []})

    async def requests(self, request: web.Request) -> web.Response:
        return _json(
            [
                {
                    "arrival_ns": seen.arrival_ns,
                    "venue": seen.venue.value,
                    "method": seen.method,
                    "path": seen.path,
                    "client_order_id": seen.client_order_id,
                }
                for seen in self._simulation.requests.requests()
            ]
        )

    async def settle_funding(self, request: web.Request) -> web.Response:
        body = await _body(request, FundingBody)
        self._simulation.perpetuals[body.venue].settle_funding(body.rate)
        return _json({"venue": body.venue.value, "rate": plain(body.rate)})

    async def force_close(self, request: web.Request) -> web.Response:
        body = await _body(request, ForceCloseBody)
        engine = self._simulation.perpetuals[body.venue]
        engine.force_close(body.account, body.symbol, body.quantity, body.reason)
        return _json(engine.state())

    async def transfer(self, request: web.Request) -> web.Response:
        body = await _body(request, TransferBody)
        engine = self._simulation.engines[body.venue]
        engine.transfer(body.account, body.currency, body.amount)
        return _json(engine.state())

    async def shift_clock(self, request: web.Request) -> web.Response:
        body = await _body(request, ClockBody)
        self._simulation.engines[body.venue].set_clock_offset(body.offset_ms)
        return _json({"venue": body.venue.value, "offset_ms": body.offset_ms})

    def _market_state(self) -> dict[str, Any]:
        market = self._market
        return {
            "time": market.now().isoformat().replace("+00:00", "Z"),
            "ended": market.ended,
            "speed": market.speed,
            "krw_per_usd": plain(market.krw_per_usd),
            "krw_per_usdt": plain(market.krw_per_usdt),
            "quotes": {
                venue.value: {
                    listing.native: _quote_json(market.quote(venue, listing.native))
                    for listing in market.listings(venue)
                }
                for venue in self._simulation.engines
            },
        }


async def _body(request: web.Request, kind: type[B]) -> B:
    """The request's body as ``kind``; raises ValueError with one sentence."""
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        raise ValueError(first_error(error)) from None


def _json(content: object, *, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


def _quote_json(quote: Quote) -> dict[str, str]:
    return {"bid": plain(quote.bid), "ask": plain(quote.ask), "size": plain(quote.size)}


def _fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "venue": fault.venue.value,
        "endpoint": fault.endpoint,
        "kind": fault.kind.value,
        "times": fault.times,
        "args": dict(fault.args),
    }
