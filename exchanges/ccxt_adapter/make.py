"""Which dialect serves which venue."""

from __future__ import annotations

from pathlib import Path

from exchanges.ccxt_adapter.adapter import CcxtExchange
from exchanges.ccxt_adapter.binance import Binance
from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.hyperliquid import Hyperliquid
from exchanges.ccxt_adapter.upbit import Upbit
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.instrument import Venue


def make_ccxt_exchange(
    venue: Venue,
    credentials: Credentials | None,
    endpoints: Endpoints,
    clock: Clock,
    *,
    timeout_s: float,
    limits_file: Path | None,
) -> CcxtExchange:
    """One account at ``venue``. Raises as :class:`CcxtExchange` does."""
    dialects: dict[Venue, type[Dialect]] = {
        Venue.UPBIT: Upbit,
        Venue.BINANCE: Binance,
        Venue.HYPERLIQUID: Hyperliquid,
    }
    return CcxtExchange(
        dialects[venue](),
        credentials,
        endpoints,
        clock,
        timeout_s=timeout_s,
        limits_file=limits_file,
    )
