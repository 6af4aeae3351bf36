"""A whole desk and both simulated venues in one process, over memory, on any clock.

The desk is the one that trades: same decisions, orders, recovery and journal.
Backtests run it on virtual time through months of history.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.simulation import Simulation
from tasks.assembled_desk import AssembledDesk
from tasks.desk_assembly import assemble
from tasks.fx_source import FxSource
from tasks.key_store import KeyStore
from tasks.metrics import Metrics
from tasks.outcome import Outcome
from tasks.settings import Settings
from tasks.signal import Signal, parse_signal
from tasks.signing import PrivateKey, sign
from tasks.stop_reason import GivenReason
from tasks.switch_guard import EXIT_VALIDATION, STOPS_ENTRIES, SwitchNews
from tasks.venue_connections import Wire, connect
from warehouse import Journal, read

STRATEGY_KEY = "strategy"
_FX_URL = "http://memory/v1/forex/recent?codes=FRX.KRWUSD"
_SIGNER = "0x" + "42" * 32
"""Of the paper wallet, which has no money anywhere else."""
ACCOUNTS = {
    Venue.UPBIT: Credentials("paper-upbit", "paper-upbit-secret"),
    Venue.BINANCE: Credentials("paper-binance", "paper-binance-secret"),
    Venue.HYPERLIQUID: Credentials(address_of(parse_key(_SIGNER)), _SIGNER),
}


class MemorySwitches:
    """Switches that live in this process; all off at first."""

    def __init__(self) -> None:
        self.paused = dict.fromkeys((*STOPS_ENTRIES, EXIT_VALIDATION), False)
        self.notes: dict[str, str] = {}
        self.reasons: dict[str, GivenReason] = {}

    async def read(self) -> Mapping[str, bool]:
        return dict(self.paused)

    async def news(self) -> SwitchNews:
        return await asyncio.Future()  # polling hears of everything

    async def pause(self, names: Iterable[str], reason: str) -> None:
        self.paused.update(dict.fromkeys(names, True))
        self.notes.update(dict.fromkeys(names, reason))

    async def resume(self, names: Iterable[str]) -> None:
        self.paused.update(dict.fromkeys(names, False))

    async def note(self, name: str, text: str) -> None:
        self.notes[name] = text

    async def given(self, name: str) -> GivenReason | None:
        return self.reasons.get(name) if self.paused[name] else None


@dataclass(slots=True)
class PaperDesk:
    """A running desk, its venues, and a key that it trusts."""

    parts: AssembledDesk
    simulation: Simulation
    switches: MemorySwitches
    clock: Clock
    decided: list[tuple[Signal, Outcome, str]]
    _key: PrivateKey
    _numbers: count[int]

    def signal(self, **fields: Any) -> Signal:
        """A signed signal for BTC, made now; ``fields`` as in :class:`Signal`."""
        numbered = f"paper-{next(self._numbers)}-{self.clock.now():%Y%m%dT%H%M%S}"
        return sign(
            parse_signal(
                {
                    "id": numbered,
                    "symbol": "BTC",
                    "created_at": self.clock.now().isoformat(),
                    "key_id": STRATEGY_KEY,
                    **fields,
                }
            ),
            self._key,
        )

    async def submit(self, **fields: Any) -> Outcome:
        """Sign and decide one signal."""
        return await self.parts.desk.submit(self.signal(**fields), "fast")


def open_accounts(simulation: Simulation, *, krw: Decimal, dollars: Decimal) -> None:
    """Give all venues the account that :func:`paper_desk` trades on. Once per simulation."""
    upbit, binance = ACCOUNTS[Venue.UPBIT], ACCOUNTS[Venue.BINANCE]
    wallet = ACCOUNTS[Venue.HYPERLIQUID].access_key
    simulation.upbit.add_account(upbit.access_key, upbit.secret_key, {"KRW": krw})
    simulation.binance.add_account(binance.access_key, binance.secret_key, {"USDT": dollars})
    simulation.hyperliquid.add_account(wallet, wallet, {"USDC": dollars})


@asynccontextmanager
async def paper_desk(
    simulation: Simulation,
    settings: Settings,
    clock: Clock,
    *,
    wires: Mapping[Venue, Wire] | None = None,
    open_journal: Callable[[Path, Callable[[], datetime]], Journal] | None = None,
    recover: bool = True,
) -> AsyncIterator[PaperDesk]:
    """Start a desk on ``simulation`` with the journal in ``settings.home``; recovered, polled once.

    Its feeds do not run by themselves: whoever drives the time decides when they are read.

    Args:
        wires: Other wires to the venues than memory, e.g. ones that break with the desk's process.
        open_journal: How the journal is opened, given its folder and the time.
        recover: False for a desk that is then run, which recovers by itself.
    """
    keys = KeyStore(settings.keys_dir)
    if STRATEGY_KEY not in keys.trusted():
        keys.generate(STRATEGY_KEY)
    if wires is None:
        wires = {
            venue: (MemoryTransport(front), MemoryConnector(front, clock))
            for venue, front in simulation.fronts.items()
        }
    exchanges = connect(settings, ACCOUNTS, clock, wires)
    fx = FxSource(_FX_URL, MemoryTransport(simulation.fronts[Venue.UPBIT]), 1.0)
    switches = MemorySwitches()
    decided: list[tuple[Signal, Outcome, str]] = []
    journal = (open_journal or Journal.open)(settings.journal_dir, clock.now)
    try:
        parts = assemble(
            settings,
            exchanges,
            fx,
            switches,
            journal,
            clock,
            on_decided=lambda *decision: decided.append(decision),
            metrics=Metrics(),
        )
        parts.restore(read(settings.journal_dir))
        if recover:
            await parts.guard.look()
            await parts.recover()
        yield PaperDesk(
            parts, simulation, switches, clock, decided, keys.private_key(STRATEGY_KEY), count(1)
        )
        await parts.desk.finish(timedelta(seconds=30).total_seconds())
    finally:
        for exchange in exchanges.values():
            await exchange.aclose()
        await fx.aclose()
        journal.close()
