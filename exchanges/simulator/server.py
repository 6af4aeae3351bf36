"""Simulated venues and their control API on real ports."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from exchanges.instrument import Venue
from exchanges.simulator.control import control_app
from exchanges.simulator.faults import Vanish
from exchanges.simulator.front import Front
from exchanges.simulator.simulation import Simulation
from exchanges.transport import Request

log = logging.getLogger(__name__)

SHUTDOWN_S = 1.0
"""How long requests that are being answered may still take at the end."""


class CannotListen(Exception):
    """A port is taken or may not be used; ``str()`` is one sentence."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Addresses:
    upbit: Address
    binance: Address
    control: Address


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers really listen."""

    upbit: str
    binance: str
    control: str


async def serve(simulation: Simulation, addresses: Addresses, stack: AsyncExitStack) -> Urls:
    """Listen until ``stack`` is closed. Raises CannotListen."""
    control = web.AppRunner(control_app(simulation), access_log=None, shutdown_timeout=SHUTDOWN_S)
    return Urls(
        upbit=await _listen("upbit", _venue(simulation, Venue.UPBIT), addresses.upbit, stack),
        binance=await _listen(
            "binance", _venue(simulation, Venue.BINANCE), addresses.binance, stack
        ),
        control=await _listen("control", control, addresses.control, stack),
    )


def _venue(simulation: Simulation, venue: Venue) -> web.BaseRunner:
    handler = venue_handler(simulation.fronts[venue])
    return web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=SHUTDOWN_S)


def venue_handler(
    front: Front,
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """An aiohttp handler over ``front``; where no answer is to come, the connection drops."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        try:
            response = await front.handle(Request(request.method, path, query, headers, body))
        except Vanish:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # goes nowhere
        return web.Response(status=response.status, headers=response.headers, body=response.body)

    return handle


async def _listen(
    name: str, runner: web.BaseRunner, address: Address, stack: AsyncExitStack
) -> str:
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    try:
        await web.TCPSite(runner, address.host, address.port).start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"{name}: cannot listen on {address}: {reason}") from None
    host, port = runner.addresses[0][:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
