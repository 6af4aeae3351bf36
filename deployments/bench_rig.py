"""What every benchmark of the desk stands on: simulated venues, an executor's settings, signed
signals and the times of their orders.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from deployments.bench_home import bench_home
from deployments.desk_environment import key_environment
from deployments.desk_startup import READY, STARTUP_S
from deployments.failure import CommandFailed
from deployments.paper_accounts import PaperAccounts, paper_accounts
from deployments.supervisor import Supervisor
from deployments.venue_simulators import VenueSimulators
from exchanges.instrument import Venue
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
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


@dataclass(frozen=True, slots=True)
class BenchFolder:
    """A KIMP_HOME with paper accounts and a key that signs."""

    home: Path
    accounts: PaperAccounts
    key: PrivateKey


@contextmanager
def bench_folder() -> Iterator[BenchFolder]:
    """Thrown away at the end."""
    with bench_home() as home:
        keys = KeyStore(home / "keys")
        keys.generate("bench")
        yield BenchFolder(home, paper_accounts(home / "keys"), keys.private_key("bench"))


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


def executor_variables(folder: BenchFolder, urls: Mapping[str, str]) -> dict[str, str]:
    """The environment of an executor that trades there."""
    return {
        **os.environ,
        **LIMITS,
        "KIMP_HOME": str(folder.home),
        "KIMP_MODE": "paper",
        "KIMP_UPBIT_URL": urls["upbit"],
        "KIMP_BINANCE_URL": urls["binance"],
        "KIMP_HYPERLIQUID_URL": urls["hyperliquid"],
        "KIMP_FX_URL": f"{urls['upbit']}/v1/forex/recent?codes=FRX.KRWUSD",
        **key_environment(folder.accounts.credentials),
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
    return Spread(p50_us=percentile(ordered, 50), p99_us=percentile(ordered, 99))


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Of values in ascending order."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
