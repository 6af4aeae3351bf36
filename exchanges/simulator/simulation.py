"""Both simulated venues on one market: what a server serves and a drill runs in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.bars import PricePath
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.front import BinanceFront
from exchanges.simulator.faults import Faults
from exchanges.simulator.front import Engine, Front
from exchanges.simulator.market import Market
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.front import UpbitFront

TICK_S = 0.02
"""How often prices move while nobody asks."""


class Simulation:
    """Wires market, faults and venues together; no I/O."""

    def __init__(self, path: PricePath, clock: Clock, *, speed: float = 1.0) -> None:
        self.market = Market(path, clock, speed=speed)
        self.faults = Faults()
        self.requests = RequestLog()
        self.upbit = UpbitEngine(self.market, clock)
        self.binance = BinanceEngine(self.market, clock)
        self.engines: Mapping[Venue, Engine] = {
            Venue.UPBIT: self.upbit,
            Venue.BINANCE: self.binance,
        }
        self.fronts: Mapping[Venue, Front] = {
            Venue.UPBIT: UpbitFront(self.upbit, self.faults, clock, self.requests),
            Venue.BINANCE: BinanceFront(self.binance, self.faults, clock, self.requests),
        }

    async def drive(self) -> None:
        """Keep the market moving until cancelled."""
        while True:
            self.market.tick()
            await asyncio.sleep(TICK_S)
