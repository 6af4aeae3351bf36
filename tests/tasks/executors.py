"""An executor on simulators that are served over HTTP."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from exchanges.simulator.binance.records import IncomeType
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tasks.errors import ExecutorGone
from tasks.executor import run_executor
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.paper_desk import MemorySwitches
from tasks.settings import Settings
from tasks.signal import Signal, parse_signal
from tasks.signing import PrivateKey, sign
from tests.child_process import child_process
from tests.exchanges.simulated_desk import CREDENTIALS, known_secret
from tests.exchanges.simulator.still_market import still_path
from tests.tasks.cash_flows import Accounts

ROOT = Path(__file__).parents[2]
KEY, SECRET = "access-1", "secret-1"
HYPERLIQUID = CREDENTIALS[Venue.HYPERLIQUID]
KRW, DOLLARS = Decimal(100_000_000), Decimal(100_000)
_numbers = count(1)


@dataclass(slots=True)
class Served:
    """The venues over HTTP, and settings for an executor on them."""

    simulation: Simulation
    settings: Settings
    key: PrivateKey

    @property
    def environment(self) -> dict[str, str]:
        """For an executor in a process of its own."""
        settings = self.settings
        return {
            **os.environ,
            "KIMP_HOME": str(settings.home),
            "KIMP_UPBIT_URL": settings.upbit_url,
            "KIMP_BINANCE_URL": settings.binance_url,
            "KIMP_FX_URL": settings.fx_url,
            **{
                f"KIMP_{venue}_{name}_KEY": value
                for venue in ("UPBIT", "BINANCE")
                for name, value in (("ACCESS", KEY), ("SECRET", SECRET))
            },
        }

    def signal(self, **fields: Any) -> Signal:
        """A signed signal for BTC, made now."""
        made = {
            "id": f"signal-{next(_numbers)}",
            "symbol": "BTC",
            "created_at": datetime.now(UTC).isoformat(),
            "key_id": "strategy",
            **fields,
        }
        return sign(parse_signal(made), self.key)

    def accounts(self) -> Accounts:
        """What both accounts hold now, but for funding: a venue pays it by its clock, whatever the
        desk does."""
        upbit = self.simulation.upbit.account(KEY)
        assert upbit is not None
        if self.settings.perpetual_venue is Venue.HYPERLIQUID:
            wallet = self.simulation.hyperliquid.account(HYPERLIQUID.access_key)
            assert wallet is not None
            cash, costs = wallet.cash, [held.cost for _, held in wallet.held()]
            funding = [payment.amount for payment in wallet.funding]
        else:
            account = self.simulation.binance.account(KEY)
            cash, costs = account.usdt, [held.cost for _, _, held in account.held()]
            funding = [it.amount for it in account.income if it.type is IncomeType.FUNDING_FEE]
        krw = upbit.ledger.total("KRW")
        traded = cash - sum([*costs, *funding], Decimal(0))
        return Accounts(krw, self.coin(), self.position(), traded)

    def coin(self) -> Decimal:
        account = self.simulation.upbit.account(KEY)
        assert account is not None
        return account.ledger.total("BTC")

    def position(self) -> Decimal:
        if self.settings.perpetual_venue is Venue.HYPERLIQUID:
            account = self.simulation.hyperliquid.account(HYPERLIQUID.access_key)
            assert account is not None
            return sum((position.size for _, position in account.held()), Decimal(0))
        held = self.simulation.binance.account(KEY).held()
        return sum((position.quantity for _, _, position in held), Decimal(0))


@asynccontextmanager
async def served_venues(home: Path, **settings: Any) -> AsyncIterator[Served]:
    """Markets that stand still: 60 M KRW against 50,000 dollars at 1,150 KRW."""
    simulation = Simulation(still_path(krw_per_usd="1150"), SystemClock())
    simulation.upbit.add_account(KEY, SECRET, {"KRW": KRW})
    simulation.binance.add_account(KEY, SECRET, {"USDT": DOLLARS})
    simulation.hyperliquid.add_account(
        HYPERLIQUID.access_key,
        known_secret(Venue.HYPERLIQUID, HYPERLIQUID),
        {"USDC": DOLLARS},
    )
    free = Address("127.0.0.1", 0)
    async with AsyncExitStack() as stack:
        urls = await serve(simulation, Addresses(free, free, free, free), stack)
        made = Settings(
            home=home,
            upbit_url=urls.upbit,
            binance_url=urls.binance,
            fx_url=f"{urls.upbit}/v1/forex/recent?codes=FRX.KRWUSD",
            upbit_access_key=KEY,
            upbit_secret_key=SECRET,
            binance_access_key=KEY,
            binance_secret_key=SECRET,
            hyperliquid_url=urls.hyperliquid,
            hyperliquid_access_key=HYPERLIQUID.access_key,
            hyperliquid_secret_key=HYPERLIQUID.secret_key,
            **settings,
        )
        keys = KeyStore(made.keys_dir)
        keys.generate("strategy")
        yield Served(simulation, made, keys.private_key("strategy"))


@asynccontextmanager
async def executor_here(
    settings: Settings, switches: MemorySwitches | None = None
) -> AsyncIterator[ExecutorClient]:
    """An executor in this process that takes entries; told to stop at the end."""
    stop = asyncio.Event()
    heard = switches or MemorySwitches()
    running = asyncio.create_task(
        run_executor(settings, switches=heard, on_decided=lambda *_: None, stop=stop)
    )
    try:
        async with ExecutorClient(settings.socket_file) as client:
            await until_accepting(client)
            yield client
    finally:
        stop.set()
        await running


def executor_process(
    served: Served, *arguments: str, module: str = "executor_child"
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """An executor of its own."""
    program = (sys.executable, "-m", f"tests.tasks.{module}", *arguments)
    return child_process(*program, env=served.environment, stderr=asyncio.subprocess.PIPE)


async def until_accepting(client: ExecutorClient) -> None:
    """Wait until the executor answers and nothing stands against entries."""
    async with asyncio.timeout(30):
        while not await _accepting(client):  # noqa: ASYNC110 - it lives elsewhere
            await asyncio.sleep(0.05)


async def _accepting(client: ExecutorClient) -> bool:
    try:
        return bool((await client.state())["accepting_entries"])
    except ExecutorGone:
        return False
