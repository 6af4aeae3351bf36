"""What every benchmark of the desk stands on: simulated venues, an executor's settings, signed
signals, and a bare pair of requests to compare with.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from deployments.desk_environment import key_environment
from deployments.desk_startup import READY, STARTUP_S
from deployments.failure import CommandFailed
from deployments.paper_accounts import PaperAccounts
from deployments.supervisor import Supervisor
from deployments.venue_simulators import VenueSimulators
from exchanges.instrument import Venue
from tasks.client_order_id import client_order_id, pair_id_for
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.signal import Signal, SignalAction
from tasks.signing import PrivateKey, sign

QUANTITY = Decimal("0.002")
LIMITS = {
    "KIMP_MAX_OPEN_PAIRS": "100",
    "KIMP_AUTO_EXIT_PROFIT_BPS": "1000",
}
PAUSE_S = 0.3
"""Between turns: Upbit takes eight orders a second, and each turn brings two."""
WARM_UP = 3
"""Turns that are not counted: connections open, code warms."""


@dataclass(frozen=True, slots=True)
class Spread:
    p50_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Sent:
    """Orders on their way to both venues."""

    pair_id: str
    asked_ns: int
    """``time.time_ns()`` when the signal was handed in, or the bare requests were made."""


async def start_simulators(supervisor: Supervisor, accounts: PaperAccounts) -> dict[str, str]:
    """The simulated venues on free ports; name → address, ``control`` among them."""
    child = await supervisor.start(
        "simulators",
        (
            *("-m", "exchanges.simulator", "--accounts-file", str(accounts.file)),
            *("--hyperliquid", "127.0.0.1:0", "--speed", "1"),
        ),
        os.environ,
    )

    async def ready() -> re.Match[str] | None:
        return READY.search(child.log_file.read_text("utf-8"))

    found = await supervisor.ready("the simulators", ready, STARTUP_S)
    return found.groupdict()


def executor_variables(
    home: Path, accounts: PaperAccounts, urls: Mapping[str, str]
) -> dict[str, str]:
    """The environment of an executor that trades there."""
    return {
        **os.environ,
        **LIMITS,
        "KIMP_HOME": str(home),
        "KIMP_MODE": "paper",
        "KIMP_UPBIT_URL": urls["upbit"],
        "KIMP_BINANCE_URL": urls["binance"],
        "KIMP_HYPERLIQUID_URL": urls["hyperliquid"],
        "KIMP_FX_URL": f"{urls['upbit']}/v1/forex/recent?codes=FRX.KRWUSD",
        **key_environment(accounts.credentials),
    }


async def executor_accepts(supervisor: Supervisor, home: Path) -> None:
    """Wait until the executor of ``home`` takes entries."""

    async def accepts() -> bool | None:
        try:
            async with ExecutorClient(home / "run" / "executor.sock") as executor:
                state = await executor.state()
        except ExecutorGone:
            return None
        return True if state["accepting_entries"] and state["premium"].get("BTC") else None

    await supervisor.ready("the executor", accepts, STARTUP_S)


def bench_signal(name: str, key: PrivateKey, *, ttl_ms: int = 3_000) -> dict[str, object]:
    """A signed ENTER with the id ``name``."""
    signal = Signal(
        id=name,
        action=SignalAction.ENTER,
        symbol="BTC",
        quantity=QUANTITY,
        created_at=datetime.now(UTC),
        ttl_ms=ttl_ms,
        strategy="bench",
    )
    return sign(signal, key).to_json()


async def send_signal(executor: ExecutorClient, name: str, key: PrivateKey) -> Sent:
    """Have the desk open a pair."""
    signal = bench_signal(name, key)
    asked_ns = time.time_ns()
    outcome = await executor.submit(signal, door="fast")
    if outcome.status is not OutcomeStatus.HEDGED:
        raise CommandFailed(f"the desk did not trade: {outcome.status}, {outcome.reason}")
    return Sent(pair_id_for(name), asked_ns)


async def send_raw_pair(
    upbit: aiohttp.ClientSession, binance: aiohttp.ClientSession, name: str
) -> Sent:
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

    async def post(session: aiohttp.ClientSession, path: str, data: object = None) -> None:
        async with session.post(path, json=data) as response:
            await response.read()

    await asyncio.gather(
        post(upbit, "/v1/orders", body), post(binance, f"/fapi/v1/order?{urlencode(form)}")
    )
    return Sent(pair_id, asked_ns)


async def times_us(simulators: VenueSimulators, sent: Sequence[Sent]) -> list[float]:
    """From the question to the arrival of the later order, microseconds."""
    took = []
    for item in sent:
        arrivals = await simulators.order_arrivals(item.pair_id)
        if {arrival.venue for arrival in arrivals} != {Venue.UPBIT, Venue.BINANCE}:
            raise CommandFailed(f"the orders of {item.pair_id} did not reach both venues")
        took.append((max(arrival.arrival_ns for arrival in arrivals) - item.asked_ns) / 1_000)
    return took


def spread(values: list[float]) -> Spread:
    ordered = sorted(values)
    return Spread(
        p50_us=ordered[len(ordered) // 2],
        p99_us=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
    )
