"""All simulated venues on one market: what a server serves and a drill runs in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.bars import PricePath
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.front import BinanceFront
from exchanges.simulator.binance.snapshot import BinanceSnapshot
from exchanges.simulator.faults import Faults
from exchanges.simulator.front import Engine, Front, PerpetualEngine
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.front import HyperliquidFront
from exchanges.simulator.hyperliquid.snapshot import HyperliquidSnapshot
from exchanges.simulator.market import Market
from exchanges.simulator.market_snapshot import MarketSnapshot
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.snapshot_json import Snapshot
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.front import UpbitFront
from exchanges.simulator.upbit.snapshot import UpbitSnapshot

TICK_S = 0.02
"""How often prices move while nobody asks."""


class SimulationSnapshot(Snapshot):
    """What the venues remember over a restart; faults, shifted clocks and the pace are not."""

    market: MarketSnapshot
    upbit: UpbitSnapshot
    binance: BinanceSnapshot
    hyperliquid: HyperliquidSnapshot | None = None
    """None: remembered before there was such a venue."""


class Simulation:
    """Wires market, faults and venues together; no I/O."""

    def __init__(
        self,
        path: PricePath,
        clock: Clock,
        *,
        speed: float = 1.0,
        remembered: SimulationSnapshot | None = None,
        chance: Random | None = None,
    ) -> None:
        """Goes on where ``remembered``, if any, was taken on the same path. ``chance``: where the
        ids of Upbit come from; None: they never come again.

        Raises ValueError and UnknownMarket when that cannot be.
        """
        self.clock = clock
        self.market = Market(path, clock, speed=speed)
        if remembered is not None:
            self.market.restore(remembered.market)
        self.faults = Faults()
        self.requests = RequestLog()
        self.upbit = UpbitEngine(self.market, clock, chance)
        self.binance = BinanceEngine(self.market, clock)
        self.hyperliquid = HyperliquidEngine(self.market, clock)
        if remembered is not None:
            self.upbit.restore(remembered.upbit)
            self.binance.restore(remembered.binance)
            if remembered.hyperliquid is not None:
                self.hyperliquid.restore(remembered.hyperliquid)
        self.perpetuals: Mapping[Venue, PerpetualEngine] = {
            Venue.BINANCE: self.binance,
            Venue.HYPERLIQUID: self.hyperliquid,
        }
        self.engines: Mapping[Venue, Engine] = {Venue.UPBIT: self.upbit, **self.perpetuals}
        self.fronts: Mapping[Venue, Front] = {
            Venue.UPBIT: UpbitFront(self.upbit, self.faults, clock, self.requests),
            Venue.BINANCE: BinanceFront(self.binance, self.faults, clock, self.requests),
            Venue.HYPERLIQUID: HyperliquidFront(
                self.hyperliquid, self.faults, clock, self.requests
            ),
        }

    @property
    def changes(self) -> int:
        """Rises with everything worth remembering but the passing of time."""
        return self.market.overrides + sum(engine.changes for engine in self.engines.values())

    def snapshot(self) -> dict[str, Any]:
        """What :class:`SimulationSnapshot` reads, for ``snapshot_json.to_json``."""
        return {
            "market": self.market.snapshot().model_dump(mode="json"),
            **{venue.value: engine.snapshot() for venue, engine in self.engines.items()},
        }

    async def drive(self) -> None:
        """Keep the market moving until cancelled."""
        while True:
            self.market.tick()
            await asyncio.sleep(TICK_S)
