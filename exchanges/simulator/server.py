"""Simulated venues and their control API on real ports."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from exchanges.instrument import Venue
from exchanges.simulator.control import control_app
from exchanges.simulator.simulation import Simulation
from exchanges.simulator.venue_server import VenueServer

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
    hyperliquid: Address | None = None
    """None: not served."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers really listen."""

    upbit: str
    binance: str
    control: str
    hyperliquid: str | None = None


async def serve(simulation: Simulation, addresses: Addresses, stack: AsyncExitStack) -> Urls:
    """Listen until ``stack`` is closed; each venue's REST and WebSockets on one port.

    Raises CannotListen.
    """
    control = web.AppRunner(control_app(simulation), access_log=None, shutdown_timeout=SHUTDOWN_S)

    async def venue(which: Venue, address: Address) -> str:
        server = VenueServer(which, simulation.fronts[which], simulation.faults, simulation.clock)
        url = await _listen(which.value, server.runner, address, stack)
        server.watch_refusals(address.host, int(url.rpartition(":")[2]))
        stack.push_async_callback(server.stop_watching)
        stack.callback(server.close_conversations)
        return url

    wanted = addresses.hyperliquid
    return Urls(
        upbit=await venue(Venue.UPBIT, addresses.upbit),
        binance=await venue(Venue.BINANCE, addresses.binance),
        hyperliquid=None if wanted is None else await venue(Venue.HYPERLIQUID, wanted),
        control=await _listen("control", control, addresses.control, stack),
    )


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
