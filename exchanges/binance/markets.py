"""The markets that the desk trades at Binance: USDT-margined perpetuals."""

from __future__ import annotations

from exchanges.instrument import Instrument, InstrumentKind, Venue

_QUOTE = "USDT"


def perpetual(symbol: str) -> Instrument:
    """The perpetual of a coin."""
    native = f"{symbol}{_QUOTE}"
    return Instrument(Venue.BINANCE, InstrumentKind.PERPETUAL, symbol, _QUOTE, native)


def perpetual_named(native: str) -> Instrument | None:
    """The perpetual by the venue's own name; None for a market of another kind. Dated futures
    have an underscore in theirs (``BTCUSDT_261225``)."""
    symbol = native.removesuffix(_QUOTE)
    return perpetual(symbol) if symbol and symbol != native else None
