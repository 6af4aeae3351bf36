"""How long from a signal's bytes to both orders at the venues, beside the least it could take.

Both sides run by turns against the same simulators: the desk (signal over its Unix socket,
signature check, gate, journal, both orders) and a bare pair of aiohttp requests that carry the
same kind of bytes and nothing else. Arrival is what the venues note first thing.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from deployments.desk_environment import PROJECT, key_environment
from deployments.desk_startup import READY, STARTUP_S
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.paper_accounts import PaperAccounts, paper_accounts
from deployments.progress import Progress
from deployments.supervisor import Supervisor
from deployments.venue_simulators import VenueSimulators
from exchanges.instrument import Venue
from tasks.client_order_id import client_order_id, pair_id_for
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
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
class BenchResult:
    pairs: int
    desk: Spread
    raw: Spread


async def bench(pairs: int, progress: Progress) -> BenchResult:
    """Start simulators and an executor of their own in a throw-away folder, and measure.

    Raises CommandFailed when something of it does not work.
    """
    with tempfile.TemporaryDirectory(prefix="kimp-bench-") as folder:
        home = Path(folder)
        accounts = paper_accounts(home / "keys")
        keys = KeyStore(home / "keys")
        keys.generate("bench")
        async with Supervisor(home / "logs", PROJECT) as supervisor:
            with progress.waiting("simulators and executor"):
                urls = await _simulators(supervisor, accounts)
                await _executor(supervisor, home, accounts, urls)
            with progress.waiting("measuring"):
                return await supervisor.guarded(
                    _measure(home, urls, keys.private_key("bench"), pairs)
                )


async def _simulators(supervisor: Supervisor, accounts: PaperAccounts) -> dict[str, str]:
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


async def _executor(
    supervisor: Supervisor, home: Path, accounts: PaperAccounts, urls: dict[str, str]
) -> None:
    environment = {
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
    await supervisor.start("executor", ("-m", "deployments.bench_executor"), environment)

    async def accepts() -> bool | None:
        try:
            async with ExecutorClient(home / "run" / "executor.sock") as executor:
                state = await executor.state()
        except ExecutorGone:
            return None
        return True if state["accepting_entries"] and state["premium"].get("BTC") else None

    await supervisor.ready("the executor", accepts, STARTUP_S)


async def _measure(home: Path, urls: dict[str, str], key: PrivateKey, pairs: int) -> BenchResult:
    async with (
        HttpJson("the simulators", urls["control"]) as control,
        ExecutorClient(home / "run" / "executor.sock") as executor,
        aiohttp.ClientSession(urls["upbit"]) as upbit,
        aiohttp.ClientSession(urls["binance"]) as binance,
    ):
        sent: list[tuple[str, str, int]] = []
        for turn in range(WARM_UP + pairs):
            name = f"bench-{turn}"
            signal = _signal(name, key)
            asked_ns = time.time_ns()
            outcome = await executor.submit(signal, door="fast")
            if outcome.status is not OutcomeStatus.HEDGED:
                raise CommandFailed(f"the desk did not trade: {outcome.status}, {outcome.reason}")
            sent.append(("desk", pair_id_for(name), asked_ns))
            raw_id = pair_id_for(f"raw-{turn}")
            asked_ns = time.time_ns()
            await _raw_pair(upbit, binance, raw_id)
            sent.append(("raw", raw_id, asked_ns))
            await asyncio.sleep(PAUSE_S)
        simulators = VenueSimulators(control)
        took: dict[str, list[float]] = {"desk": [], "raw": []}
        for side, pair_id, asked_ns in sent[2 * WARM_UP :]:
            arrivals = await simulators.order_arrivals(pair_id)
            if {arrival.venue for arrival in arrivals} != {Venue.UPBIT, Venue.BINANCE}:
                raise CommandFailed(f"the orders of {pair_id} did not reach both venues")
            took[side].append((max(a.arrival_ns for a in arrivals) - asked_ns) / 1_000)
    return BenchResult(pairs, _spread(took["desk"]), _spread(took["raw"]))


async def _raw_pair(
    upbit: aiohttp.ClientSession, binance: aiohttp.ClientSession, pair_id: str
) -> None:
    """Orders of the same size and shape. Unsigned, so both venues refuse them on arrival."""
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


def _signal(name: str, key: PrivateKey) -> dict[str, object]:
    signal = Signal(
        id=name,
        action=SignalAction.ENTER,
        symbol="BTC",
        quantity=QUANTITY,
        created_at=datetime.now(UTC),
        strategy="bench",
    )
    return sign(signal, key).to_json()


def _spread(values: list[float]) -> Spread:
    ordered = sorted(values)
    return Spread(
        p50_us=ordered[len(ordered) // 2],
        p99_us=ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
    )
