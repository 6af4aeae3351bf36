"""The desk and a bare pair of requests by turns: signal over the executor's socket, then orders of
the same shape straight to the venues, so that both meet the same machine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from deployments.bench_rig import (
    PAUSE_S,
    QUANTITY,
    BenchFolder,
    Sent,
    Spread,
    bench_signal,
    spread,
    times_us,
)
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.venue_simulators import VenueSimulators
from tasks.client_order_id import client_order_id, pair_id_for
from tasks.executor_client import ExecutorClient
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.signing import PrivateKey


@dataclass(frozen=True, slots=True)
class BenchTurns:
    """Connections that stay open from turn to turn."""

    key: PrivateKey
    executor: ExecutorClient
    upbit: aiohttp.ClientSession
    binance: aiohttp.ClientSession
    simulators: VenueSimulators

    async def take(self, name: str) -> tuple[Sent, Sent]:
        """A turn of the desk and one of the bare pair. Raises CommandFailed when the desk does not
        trade."""
        sent = await self._signal(f"bench-{name}")
        beside = await self._bare_pair(f"raw-{name}")
        await asyncio.sleep(PAUSE_S)
        return sent, beside

    async def spread(self, sent: Sequence[Sent]) -> Spread:
        return spread(await times_us(self.simulators, sent))

    async def _signal(self, name: str) -> Sent:
        """Have the desk open a pair."""
        signal = bench_signal(name, self.key)
        asked_ns = time.time_ns()
        outcome = await self.executor.submit(signal, door="fast")
        if outcome.status is not OutcomeStatus.HEDGED:
            raise CommandFailed(f"the desk did not trade: {outcome.status}, {outcome.reason}")
        return Sent(pair_id_for(name), asked_ns)

    async def _bare_pair(self, name: str) -> Sent:
        """Orders of the same size and shape. Unsigned, so both venues refuse them on arrival."""
        pair_id, asked_ns = pair_id_for(name), time.time_ns()
        spot_id, perpetual_id = (client_order_id(pair_id, leg, 1) for leg in LegName)
        body = {
            "market": "KRW-BTC",
            "side": "bid",
            "ord_type": "limit",
            "volume": str(QUANTITY),
            "price": "72000000",
            "time_in_force": "ioc",
            "identifier": spot_id,
        }
        form = {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "MARKET",
            "quantity": str(QUANTITY),
            "newClientOrderId": perpetual_id,
            "timestamp": str(time.time_ns() // 1_000_000),
            "signature": "0" * 64,
        }
        await asyncio.gather(
            _post(self.upbit, "/v1/orders", body),
            _post(self.binance, f"/fapi/v1/order?{urlencode(form)}"),
        )
        return Sent(pair_id, asked_ns)


@asynccontextmanager
async def taking_turns(folder: BenchFolder, urls: Mapping[str, str]) -> AsyncIterator[BenchTurns]:
    """``urls`` by venue, and ``control`` among them."""
    async with (
        HttpJson("the simulators", urls["control"]) as control,
        ExecutorClient(folder.home / "run" / "executor.sock") as executor,
        aiohttp.ClientSession(urls["upbit"]) as upbit,
        aiohttp.ClientSession(urls["binance"]) as binance,
    ):
        yield BenchTurns(folder.key, executor, upbit, binance, VenueSimulators(control))


async def _post(session: aiohttp.ClientSession, path: str, data: object = None) -> None:
    async with session.post(path, json=data) as response:
        await response.read()
